"""Rows of what people are told was wrong: incident, update."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlite_utils import Database

from kener_py.model import (
    Incident,
    IncidentState,
    IncidentUpdate,
    Instant,
    Severity,
    replace,
)
from kener_py.store.steps import in_few_steps, next_number

_STATE = {each.value: each for each in IncidentState}
_SEVERITY = {each.value: each for each in Severity}
_INCIDENT = "id, title, state, severity, started, created, resolved, opened_for, is_public, publish_at"


def _incidents(db: Database, rows: Sequence[Sequence[Any]]) -> tuple[Incident, ...]:
    """With what belongs to them, which takes two queries whatever their number."""
    numbers = json.dumps([row[0] for row in rows])
    affected: dict[int, list[str]] = {row[0]: [] for row in rows}
    updates: dict[int, list[IncidentUpdate]] = {row[0]: [] for row in rows}
    for number, tag in db.execute(
        "select incident, monitor from json_each(?) cross join incident_monitor on incident = value",
        [numbers],
    ):
        affected[number].append(tag)
    for u in db.execute(
        "select u.id, incident, state, text, created from json_each(?) cross join incident_update u"
        " on incident = value",
        [numbers],
    ):
        updates[u[1]].append(IncidentUpdate(u[0], u[1], _STATE[u[2]], u[3], u[4]))
    return tuple(
        Incident(
            id=row[0],
            title=row[1],
            state=_STATE[row[2]],
            severity=_SEVERITY[row[3]],
            started=row[4],
            created=row[5],
            resolved=row[6],
            opened_for=row[7],
            is_public=bool(row[8]),
            publish_at=row[9],
            monitors=tuple(sorted(affected[row[0]])),
            updates=tuple(sorted(updates[row[0]], key=_age, reverse=True)),
        )
        for row in rows
    )


def _age(update: IncidentUpdate) -> tuple[Instant, int]:
    return update.created, update.id or 0


def _incident(db: Database, row: Sequence[Any]) -> Incident:
    return _incidents(db, (row,))[0]


def incident(db: Database, number: int) -> Incident | None:
    row = db.execute(f"select {_INCIDENT} from incident where id = ?", [number]).fetchone()
    return None if row is None else _incident(db, row)


def open_incidents_for(db: Database, tags: Sequence[str]) -> dict[str, Incident]:
    """The open incidents that alerts made for these monitors, by tag; there is at most one for each."""
    rows = db.execute(
        f"select {_INCIDENT} from incident indexed by incident_open_for"  # few of all that are open
        " where resolved is null and opened_for in (select value from json_each(?))",
        [json.dumps(tags)],
    ).fetchall()
    return {row[7]: each for row, each in zip(rows, _incidents(db, rows), strict=True)} if rows else {}


def incidents(
    db: Database, since: Instant, tag: str | None = None, until: Instant | None = None
) -> tuple[Incident, ...]:
    """Incidents that are open or were at any time since `since`, newest first; of one monitor if named.

    With `until`, only those that began before it.
    """
    where = "(resolved is null or resolved >= ?)"
    values: list[object] = [since]
    if until is not None:
        where += " and started < ?"
        values.append(until)
    if tag is not None:
        where += " and id in (select incident from incident_monitor where monitor = ?)"
        values.append(tag)
    rows = db.execute(
        f"select {_INCIDENT} from incident where {where} order by started desc, id desc", values
    ).fetchall()
    return _incidents(db, rows)


def latest_incidents(db: Database, at: Instant, tag: str | None = None) -> Iterator[Incident]:
    """Incidents that are no drafts at `at`, the one with the newest update first; of one monitor if named.

    A reader takes as many as it needs.
    """
    where = "is_public and publish_at <= ?"
    values: list[object] = [at]
    if tag is not None:
        where += " and id in (select incident from incident_monitor where monitor = ?)"
        values.append(tag)
    rows = db.execute(
        f"select {_INCIDENT} from incident where {where} order by max(publish_at, coalesce((select"
        " max(u.created) from incident_update u where u.incident = incident.id), started)) desc, id desc",
        values,
    ).fetchall()
    return (_incident(db, row) for row in rows)


def published_incidents(db: Database, at: Instant) -> Iterator[Incident]:
    """Those that are no draft at `at`, the one that began first first; read one by one."""
    rows = db.execute(
        f"select {_INCIDENT} from incident where is_public and publish_at <= ? order by started, id", [at]
    )
    for row in rows:
        yield _incident(db, row)


def incidents_before(db: Database, started: Instant, number: int) -> Iterator[Incident]:
    """Incidents that began before this one, whoever may see them, the nearest first; read as needed."""
    rows = db.execute(
        f"select {_INCIDENT} from incident where (started, id) < (?, ?) order by started desc, id desc",
        [started, number],
    )
    return (_incident(db, row) for row in rows)


def incidents_after(db: Database, started: Instant, number: int) -> Iterator[Incident]:
    """Incidents that began after this one, whoever may see them, the nearest first; read as needed."""
    rows = db.execute(
        f"select {_INCIDENT} from incident where (started, id) > (?, ?) order by started, id",
        [started, number],
    )
    return (_incident(db, row) for row in rows)


def next_incident(db: Database) -> int:
    """The id of the next incident; no earlier one had it."""
    return next_number(db, "incident")


def add_incident(db: Database, new: Incident, text: str) -> int:
    """Insert it with its first update; its id."""
    number = next_incident(db)
    add_incidents(db, [replace(new, id=number)])
    add_updates(db, [IncidentUpdate(None, number, new.state, text, new.created)])
    return number


def add_incidents(db: Database, new: Sequence[Incident]) -> None:
    """Insert them with the ids that they have, from `next_incident` on."""
    in_few_steps(
        db,
        f"insert into incident ({_INCIDENT}) values {{rows}}",
        [
            (
                each.id,
                each.title,
                str(each.state),
                str(each.severity),
                each.started,
                each.created,
                each.resolved,
                each.opened_for,
                int(each.is_public),
                each.publish_at,
            )
            for each in new
        ],
    )
    in_few_steps(
        db,
        "insert into incident_monitor (incident, monitor) values {rows}",
        [(each.id, tag) for each in new for tag in each.monitors],
    )


def add_updates(db: Database, new: Sequence[IncidentUpdate]) -> None:
    in_few_steps(
        db,
        "insert into incident_update (incident, state, text, created) values {rows}",
        [(each.incident, str(each.state), each.text, each.created) for each in new],
    )


def hide_incidents(db: Database, tag: str) -> None:
    """Make the incidents that were opened for this monitor visible to nobody."""
    db.execute("update incident set is_public = 0 where opened_for = ? and is_public", [tag])


def worsen_incidents(db: Database, worse: Sequence[Incident]) -> None:
    """Give open incidents their new title and severity."""
    in_few_steps(
        db,
        "with worse (id, title, severity) as (values {rows})"
        " update incident set title = worse.title, severity = worse.severity"
        " from worse where incident.id = worse.id",
        [(each.id, each.title, str(each.severity)) for each in worse],
    )


def resolve_incidents(db: Database, ended: Sequence[tuple[int, Instant]], at: Instant) -> None:
    """Incidents by id are over, each since its own instant; one that is resolved already stays as it is."""
    in_few_steps(
        db,
        "with ended (id, resolved, at) as (values {rows})"
        " update incident set state = 'RESOLVED', resolved = ended.resolved,"
        " publish_at = case when publish_at > ended.at then null else publish_at end"  # a draft nobody saw
        " from ended where incident.id = ended.id and incident.resolved is null",
        [(number, resolved, at) for number, resolved in ended],
    )


def resolve_incident(db: Database, number: int, resolved: Instant, text: str, at: Instant) -> None:
    """One of them, with its last update."""
    resolve_incidents(db, [(number, resolved)], at)
    add_updates(db, [IncidentUpdate(None, number, IncidentState.RESOLVED, text, at)])


def reopen_incidents(db: Database, numbers: Sequence[int]) -> None:
    """The same trouble again: these incidents go on."""
    db.execute(
        "update incident set state = 'INVESTIGATING', resolved = null"
        " where id in (select value from json_each(?))",
        [json.dumps(numbers)],
    )


_OLD_DELIVERIES = "select id from delivery where finished < :before order by number limit :most"
_OLD_INCIDENTS = "select id from incident where resolved < :before order by id limit :most"


def forget_old(db: Database, before: Instant, most: int = 200) -> int:
    """Delete up to `most` each of alerts, incidents and deliveries that ended before `before`; how many."""
    given = {"before": before, "most": most}
    db.execute(f"delete from delivery_notice where delivery in ({_OLD_DELIVERIES})", given)
    for table in ("incident_monitor", "incident_update"):
        db.execute(f"delete from {table} where incident in ({_OLD_INCIDENTS})", given)
    cursors = [
        db.execute(f"delete from delivery where id in ({_OLD_DELIVERIES})", given),
        db.execute(f"delete from incident where id in ({_OLD_INCIDENTS})", given),
        db.execute(
            "delete from alert where id in (select id from alert where resolved < :before limit :most)", given
        ),
    ]
    return sum(cursor.rowcount for cursor in cursors)
