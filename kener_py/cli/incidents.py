"""`kener-py incident …`: written into the database beside a running server, or without one."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from kener_py.cli import _fail, _load, beside, complete, options

if TYPE_CHECKING:
    from kener_py.model import Config, Incident, Instant
    from kener_py.store import Database

F = TypeVar("F", bound=Callable[..., object])
T = TypeVar("T")

_number = click.argument(
    "number", metavar="ID", type=click.IntRange(1, 2**63 - 1), shell_complete=complete.incidents
)
_state = click.option(
    "--state",
    type=click.Choice(["INVESTIGATING", "IDENTIFIED", "MONITORING", "RESOLVED"], case_sensitive=False),
)
_severity = click.option(
    "--severity", type=click.Choice(["minor", "major", "critical"], case_sensitive=False)
)
_monitors = click.option(
    "--monitor",
    "monitors",
    metavar="TAG",
    multiple=True,
    help="Repeat for several.",
    shell_complete=complete.tags,
)
_started = click.option("--started", metavar="TIME", help="When it began, if not now.")
_resolved = click.option("--resolved", metavar="TIME", help="When it ended, if not now.")


def _text_option(what: str) -> Callable[[F], F]:
    return click.option("--text", metavar="TEXT", help=f"{what}, in Markdown; '-' reads it from stdin.")


def _said(text: str | None) -> str | None:
    """The text of an update: as given, or from stdin."""
    if text != "-":
        return text
    return sys.stdin.buffer.read(1_000_000).decode("utf-8-sig", "replace")


def _moment(config: Config, option: str, written: str | None) -> Instant | None:
    return None if written is None else beside.moment(written, config.site.timezone, beside.now(), option)


@contextmanager
def _told() -> Iterator[None]:
    """What cannot be becomes one line on stderr and an exit code."""
    from kener_py.service.incidents import Refused, Unknown

    try:
        yield
    except Unknown as error:
        _fail(error)
    except Refused as error:
        _fail(error, 2)


def _change(config: Config, job: Callable[[Database, Instant], T]) -> T:
    with _told(), beside.database(config.server.database, is_written=True) as db:
        return job(db, beside.now())


def _read(config: Config, job: Callable[[Database, Instant], T]) -> T:
    with _told(), beside.database(config.server.database) as db:
        return job(db, beside.now())


# ---- what is printed -------------------------------------------------------------------------


def _as_text(found: object) -> str:
    return json.dumps(found, indent=2)


def _fields(incident: Incident) -> dict[str, object]:
    from kener_py.web.incidents import all_fields

    return all_fields(incident, beside.now())


def _who(incident: Incident) -> str:
    """Who may see it."""
    from kener_py.service import incidents

    if not incident.is_public:
        return "hidden"
    return "draft" if incidents.is_draft(incident, beside.now()) else "public"


def _line(incident: Incident, zone: str) -> str:
    from kener_py import messages

    parts = [
        f"{incident.id}".rjust(4),
        incident.state.ljust(len("INVESTIGATING")),
        incident.severity.ljust(len("critical")),
        _who(incident).ljust(len("public")),
        messages.moment(incident.started, zone),
        incident.title,
    ]
    return "  ".join(parts)


def _lines(incident: Incident, zone: str) -> Iterator[str]:
    from kener_py import messages

    yield f"Incident {incident.id}: {incident.title}"
    yield f"State: {incident.state}, {incident.severity}, {_who(incident)}"
    yield f"Started: {messages.moment(incident.started, zone)}"
    if incident.resolved is not None:
        lasted = messages.length(incident.resolved - incident.started)
        yield f"Resolved: {messages.moment(incident.resolved, zone)}, after {lasted}"
    yield f"Monitors: {', '.join(incident.monitors) or 'none'}"
    if incident.opened_for is not None:
        yield f"Opened by an alert of: {incident.opened_for}"
    for update in incident.updates:
        yield ""
        yield f"{messages.moment(update.created, zone)}  {update.state}"
        yield from (f"  {line}" for line in update.text.splitlines())


def _report(config: Config, incident: Incident) -> None:
    """One line about an incident that was changed."""
    site, who = config.site.url, _who(incident)
    where = f", {site}/incidents/{incident.id}" if site and who == "public" else ""
    click.echo(f"incident {incident.id}: {incident.state}, {who}{where}")


# ---- the commands ----------------------------------------------------------------------------


@click.group()
def incident() -> None:
    """List, open, update, publish, resolve and delete incidents, while a server runs or without one."""


@incident.command("list")
@options.config
@click.option("--open", "only_open", is_flag=True, help="Only those that are not resolved.")
@click.option("--drafts", "only_drafts", is_flag=True, help="Only those that are not published.")
@options.as_json
def list_(path: Path, only_open: bool, only_drafts: bool, as_json: bool) -> None:
    """Print every incident, drafts too, newest first."""
    from kener_py.service import incidents

    config = _load(path)
    found = _read(
        config,
        lambda db, at: incidents.listed(db, at, only_open=only_open, only_drafts=only_drafts),
    )
    if as_json:
        click.echo(_as_text([_fields(each) for each in found]))
        return
    for each in found:
        click.echo(_line(each, config.site.timezone))
    if not found:
        click.echo("no incidents", err=True)


@incident.command()
@options.config
@_number
@options.as_json
def show(path: Path, number: int, as_json: bool) -> None:
    """Print one incident with its updates, newest first."""
    from kener_py.service import incidents

    config = _load(path)
    found = _read(config, lambda db, at: incidents.found(db, number))
    click.echo(_as_text(_fields(found)) if as_json else "\n".join(_lines(found, config.site.timezone)))


@incident.command()
@options.config
@click.argument("title")
@_text_option("The first update")
@_state
@_severity
@_monitors
@_started
@_resolved
@click.option("--draft", "is_draft", is_flag=True, help="Show it to nobody until it is published.")
@options.as_json
def create(
    path: Path,
    title: str,
    text: str | None,
    state: str | None,
    severity: str | None,
    monitors: tuple[str, ...],
    started: str | None,
    resolved: str | None,
    is_draft: bool,
    as_json: bool,
) -> None:
    """Open an incident called TITLE; with --state resolved, record one that is over."""
    from kener_py.model import IncidentState, Severity
    from kener_py.service import incidents

    config = _load(path)
    said = _said(text)
    if said is None:
        _fail("--text: say what is wrong, or give '-' and write it to stdin", 2)
    first = _moment(config, "--started", started)
    last = _moment(config, "--resolved", resolved)
    made = _change(
        config,
        lambda db, at: incidents.create(
            db,
            config,
            title,
            said,
            at,
            state=IncidentState((state or "investigating").upper()),
            severity=Severity((severity or "minor").lower()),
            monitors=monitors,
            started=first,
            resolved=last,
            is_draft=is_draft,
        ),
    )
    if as_json:
        click.echo(_as_text(_fields(made)))
    else:
        _report(config, made)


@incident.command()
@options.config
@_number
@_text_option("What is new")
@_state
@click.option("--at", "created", metavar="TIME", help="When it was so, if not now.")
@click.option("--title", help="A new title.")
@_severity
@_monitors
@_started
def update(
    path: Path,
    number: int,
    text: str | None,
    state: str | None,
    created: str | None,
    title: str | None,
    severity: str | None,
    monitors: tuple[str, ...],
    started: str | None,
) -> None:
    """Add an update with --text, or correct title, severity, monitors (all of them) and start."""
    from kener_py.model import IncidentState, Severity
    from kener_py.service import incidents

    config = _load(path)
    said = _said(text)
    is_edit = bool(title is not None or severity or monitors or started)
    if said is None and (state or created or not is_edit):
        _fail("--text: say what is new, or give '-' and write it to stdin", 2)
    first = _moment(config, "--started", started)
    moment = _moment(config, "--at", created)

    def job(db: Database, at: Instant) -> Incident:
        after = incidents.edit(
            db,
            config,
            number,
            at,
            title=title,
            severity=Severity(severity.lower()) if severity else None,
            monitors=monitors or None,
            started=first,
        )
        if said is not None:
            new = IncidentState(state.upper()) if state else None
            after = incidents.update(db, number, said, at, state=new, created=moment)
        return after

    _report(config, _change(config, job))


@incident.command()
@options.config
@_number
def publish(path: Path, number: int) -> None:
    """Show a draft to everybody from now on."""
    from kener_py.service import incidents

    config = _load(path)
    _report(config, _change(config, lambda db, at: incidents.publish(db, number, at)))


@incident.command()
@options.config
@_number
@_text_option("What ended it")
@_resolved
def resolve(path: Path, number: int, text: str | None, resolved: str | None) -> None:
    """Say that it is over."""
    from kener_py.service import incidents

    config = _load(path)
    said = _said(text)
    last = _moment(config, "--resolved", resolved)
    text = incidents.RESOLVED_TEXT if said is None else said
    _report(config, _change(config, lambda db, at: incidents.resolve(db, number, at, text, resolved=last)))


@incident.command()
@options.config
@_number
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
def delete(path: Path, number: int, is_sure: bool) -> None:
    """Forget an incident and all that was said about it."""
    from kener_py.service import incidents

    config = _load(path)
    found = _read(config, lambda db, at: incidents.found(db, number))
    if not is_sure and not click.confirm(f"Delete incident {number}, '{found.title}'?", err=True):
        sys.exit(1)
    _change(config, lambda db, at: incidents.delete(db, number))
    click.echo(f"incident {number}: deleted")
