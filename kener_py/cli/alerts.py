"""`kener-py ack`, `snooze` and `deliveries`: what an operator does and sees while an alert is open."""

from __future__ import annotations

import json
from pathlib import Path

import click

from kener_py.cli import _fail, _load, beside, complete, options


@click.command()
@options.config
@click.argument("tag", shell_complete=complete.tags)
def ack(path: Path, tag: str) -> None:
    """Say that somebody is on it: no more reminders about TAG's open alerts."""
    from kener_py.service import evaluate

    config = _load(path)
    if tag not in config.monitors:
        _fail(f"no monitor has the tag '{tag}'", 2)
    with beside.database(config.server.database, is_written=True) as db:
        count = evaluate.acknowledge(db, tag, beside.now())
    if not count:
        _fail(f"{tag}: no alert is open")
    click.echo(f"{tag}: acknowledged; no reminders until it is over")


@click.command()
@options.config
@click.argument("tag", shell_complete=complete.tags)
@click.argument("length", metavar="DURATION", shell_complete=complete.lengths)
def snooze(path: Path, tag: str, length: str) -> None:
    """Say nothing of trouble with TAG for DURATION (30m, 4h, 1d), or until it recovers."""
    from kener_py import messages
    from kener_py.service import evaluate

    config = _load(path)
    if tag not in config.monitors:
        _fail(f"no monitor has the tag '{tag}'", 2)
    until = beside.now() + beside.length(length, "DURATION")
    with beside.database(config.server.database, is_written=True) as db:
        if not evaluate.snooze(db, tag, until):
            _fail(f"{tag}: the server has not seen this monitor yet")
    click.echo(f"{tag}: snoozed until {messages.moment(until, config.site.timezone)}")


@click.command()
@options.config
@options.as_json
@click.option("--most", default=50, show_default=True, type=click.IntRange(1, 10_000))
@click.option(
    "--failed", is_flag=True, help="Only those that failed, wait for another try or were cancelled."
)
def deliveries(path: Path, as_json: bool, most: int, failed: bool) -> None:
    """Print the newest messages, newest first: where to, how often tried, how it ended."""
    from kener_py import messages, store
    from kener_py.model import DeliveryStatus
    from kener_py.web.api import rfc3339

    config = _load(path)
    with beside.database(config.server.database) as db:
        found = store.deliveries(db, most)
    if failed:
        found = tuple(each for each in found if each.status is not DeliveryStatus.SENT)
    if as_json:
        fields = [
            {
                "id": each.id,
                "notifier": each.notifier,
                "status": each.status,
                "created": rfc3339(each.created),
                "finished": rfc3339(each.finished),
                "next_try": rfc3339(each.due) if each.status is DeliveryStatus.WAITING else None,
                "attempts": each.attempts,
                "error": each.error,
                "about": [messages.subject(notice) for notice in each.notices],
            }
            for each in found
        ]
        click.echo(json.dumps(fields, indent=2))
        return
    for each in found:
        when = messages.moment(each.created, config.site.timezone)
        about = messages.title(each.notices) if each.notices else ""
        tried = f"{each.attempts} attempt{'' if each.attempts == 1 else 's'}"
        error = f"  {each.error}" if each.error else ""
        click.echo(f"{when}  {each.status.ljust(9)}  {each.notifier}  {tried}  {about}{error}")
