"""`kener-py maintenance`: windows listed, made and cancelled in the database, beside a running server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kener_py.cli import _fail, _load, beside, complete, options

if TYPE_CHECKING:
    from kener_py.model import Instant, Maintenance


@click.group()
def maintenance() -> None:
    """List, make and cancel maintenance windows. Works while a server runs, and without one."""


def _fields(window: Maintenance, at: Instant) -> dict[str, object]:
    from kener_py import maintenance
    from kener_py.web.api import rfc3339

    return {
        "id": str(window.id),
        "title": window.title,
        "description": window.description,
        "state": maintenance.state(window, at),
        "start": rfc3339(window.start),
        "end": rfc3339(window.end),
        "cancelled": rfc3339(window.cancelled),
        "monitors": list(window.monitors),
        "is_planned_in_file": window.plan is not None,
    }


def _line(window: Maintenance, at: Instant, zone: str) -> str:
    from kener_py import maintenance, messages

    period = f"{messages.moment(window.start, zone)} to {messages.moment(window.end, zone)}"
    state = maintenance.state(window, at).ljust(len("COMPLETED"))
    return f"{str(window.id).rjust(4)}  {state}  {period}  {window.title}"


@maintenance.command("list")
@options.config
@options.as_json
def list_(path: Path, as_json: bool) -> None:
    """Print the windows that run, those of the next 60 days and those of the last 90."""
    from kener_py import store
    from kener_py.service.maintenance import PAST, UPCOMING

    config, at = _load(path), beside.now()
    with beside.database(config.server.database) as db:
        found = store.maintenances(db, at - PAST, at + UPCOMING)
    if as_json:
        click.echo(json.dumps([_fields(window, at) for window in found], indent=2))
    for window in () if as_json else found:
        click.echo(_line(window, at, config.site.timezone))


@maintenance.command()
@options.config
@options.as_json
@click.argument("number", metavar="ID", type=click.IntRange(1), shell_complete=complete.windows)
def show(path: Path, number: int, as_json: bool) -> None:
    """Print one window."""
    from kener_py import store

    config, at = _load(path), beside.now()
    with beside.database(config.server.database) as db:
        window = store.maintenance(db, number)
    if window is None:
        _fail(f"there is no maintenance {number}")
    if as_json:
        click.echo(json.dumps(_fields(window, at), indent=2))
        return
    click.echo(_line(window, at, config.site.timezone))
    click.echo(f"      monitors: {', '.join(window.monitors) or 'none'}")
    if window.plan is not None:
        click.echo("      planned in the configuration file")
    if window.description:
        click.echo(window.description)


@maintenance.command()
@options.config
@click.option("--title", required=True, help="Its name on the page.")
@click.option("--start", default="now", show_default=True, help="'2026-12-01 22:00', RFC 3339, or now.")
@click.option("--end", help="The same.")
@click.option("--duration", help="How long it lasts, instead of the end: 2h, 90m.")
@click.option(
    "--monitor",
    "tags",
    multiple=True,
    metavar="TAG",
    help="May be repeated; all by default.",
    shell_complete=complete.tags,
)
@click.option("--description", default="", help="What is done; Markdown.")
def create(
    path: Path,
    title: str,
    start: str,
    end: str | None,
    duration: str | None,
    tags: tuple[str, ...],
    description: str,
) -> None:
    """Make a window, and print its id. Times without an offset are in the site's zone."""
    from kener_py.service import maintenance

    if (end is None) == (duration is None):
        _fail("give either --end or --duration", 2)
    config, at = _load(path), beside.now()
    zone = config.site.timezone
    begins = beside.moment(start, zone, at, "--start")
    ends = (
        begins + beside.length(duration, "--duration")
        if duration is not None
        else beside.moment(end or "", zone, at, "--end")
    )
    try:
        with beside.database(config.server.database, is_written=True) as db:
            window = maintenance.create(
                db,
                config,
                at,
                title=title,
                start=begins,
                end=ends,
                monitors=tags or None,
                description=description,
            )
    except maintenance.Invalid as problem:
        _fail(f"--{problem.field.removesuffix('s')}: {problem.problem}", 2)
    click.echo(window.id)


@maintenance.command()
@options.config
@click.argument("number", metavar="ID", type=click.IntRange(1), shell_complete=complete.windows)
def cancel(path: Path, number: int) -> None:
    """End a window that runs, or call off one to come."""
    from kener_py.service import maintenance

    config = _load(path)
    try:
        with beside.database(config.server.database, is_written=True) as db:
            window = maintenance.cancel(db, number, beside.now())
    except maintenance.Refused as refused:
        _fail(refused)
    if window is None:
        _fail(f"there is no maintenance {number}")
    click.echo(f"maintenance {number} is cancelled")
