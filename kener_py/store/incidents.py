"""Rows of what people are told was wrong: alert, incident, update."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlite_utils import Database

from kener_py.model import (
    Alert,
    AlertStatus,
    Incident,
    IncidentState,
    IncidentUpdate,
    Instant,
    Severity,
    Status,
    replace,
)

_STATE = {each.value: each for each in IncidentState}
_SEVERITY = {each.value: each for each in Severity}
_ALERT = (
    "id, rule, monitor, status, started, severity, failures, successes, triggered, recovered,"
    " resolved, incident, told, silent_until, said, reminded, acknowledged"
)


def _alert(row: Sequence[Any]) -> Alert:
    return Alert(
        id=row[0],
        rule=row[1],
        monitor=row[2],
        status=AlertStatus(row[3]),
        started=row[4],
        severity=Severity(row[5]),
        failures=row[6],
        successes=row[7],
        triggered=row[8],
        recovered=row[9],
        resolved=row[10],
        incident=row[11],
        told=tuple(json.loads(row[12])),
        silent_until=row[13],
        said=None if row[14] is None else Status(row[14]),
        reminded=row[15],
        acknowledged=row[16],
    )


def standing_alerts(db: Database, tag: str) -> dict[str, Alert]:
    """The PENDING and TRIGGERED alerts of a monitor, by rule."""
    rows = db.execute(f"select {_ALERT} from alert where monitor = ? and status <> 'RESOLVED'", [tag])
    return {row[1]: _alert(row) for row in rows}


def alarmed(db: Database, tags: Sequence[str]) -> set[str]:
    """Those of these monitors that have an alert or an incident of their own that is not resolved."""
    marks = ", ".join("?" * len(tags))
    rows = db.execute(
        f"select monitor from alert where status <> 'RESOLVED' and monitor in ({marks})"
        f" union select opened_for from incident where resolved is null and opened_for in ({marks})",
        [*tags, *tags],
    )
    return {row[0] for row in rows}


def last_resolved_alerts(db: Database, tag: str) -> dict[str, Alert]:
    """The last alert of a monitor that resolved, by rule; its incident only if that is still there."""
    rows = db.execute(
        f"select {_ALERT} from alert where monitor = ? and status = 'RESOLVED' order by resolved", [tag]
    ).fetchall()
    found = {row[1]: _alert(row) for row in rows}
    for rule, alert in found.items():
        if alert.incident is not None and incident(db, alert.incident) is None:
            found[rule] = replace(alert, incident=None)
    return found


def all_standing_alerts(db: Database) -> tuple[Alert, ...]:
    rows = db.execute(f"select {_ALERT} from alert where status <> 'RESOLVED' order by id")
    return tuple(_alert(row) for row in rows)


def save_alert(db: Database, alert: Alert) -> int | None:
    """Insert it, or update it if it has an id; its id."""
    cursor = db.execute(
        f"insert into alert ({_ALERT}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " on conflict (id) do update set status = excluded.status, failures = excluded.failures,"
        " successes = excluded.successes, triggered = excluded.triggered,"
        " recovered = excluded.recovered, resolved = excluded.resolved, incident = excluded.incident,"
        " told = excluded.told, silent_until = excluded.silent_until, said = excluded.said,"
        " reminded = excluded.reminded, acknowledged = excluded.acknowledged",
        [
            alert.id,
            alert.rule,
            alert.monitor,
            alert.status,
            alert.started,
            alert.severity,
            alert.failures,
            alert.successes,
            alert.triggered,
            alert.recovered,
            alert.resolved,
            alert.incident,
            json.dumps(alert.told),
            alert.silent_until,
            alert.said,
            alert.reminded,
            alert.acknowledged,
        ],
    )
    return cursor.lastrowid if alert.id is None else alert.id


def alert(db: Database, number: int) -> Alert | None:
    row = db.execute(f"select {_ALERT} from alert where id = ?", [number]).fetchone()
    return None if row is None else _alert(row)


def drop_alert(db: Database, alert: Alert) -> None:
    db.execute("delete from alert where id = ?", [alert.id])


# ---- incidents -------------------------------------------------------------------------------

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


def open_incident_for(db: Database, tag: str) -> Incident | None:
    """The open incident that was made for this monitor by an alert; there is at most one."""
    row = db.execute(
        f"select {_INCIDENT} from incident where opened_for = ? and resolved is null", [tag]
    ).fetchone()
    return None if row is None else _incident(db, row)


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


def add_incident(db: Database, new: Incident, text: str) -> int:
    """Insert it with its first update; its id, which is never given again."""
    cursor = db.execute(
        "insert into incident (title, state, severity, started, created, resolved, opened_for, is_public,"
        " publish_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            new.title,
            new.state,
            new.severity,
            new.started,
            new.created,
            new.resolved,
            new.opened_for,
            new.is_public,
            new.publish_at,
        ],
    )
    number = cursor.lastrowid
    assert number is not None
    for tag in new.monitors:
        db.execute("insert into incident_monitor (incident, monitor) values (?, ?)", [number, tag])
    _add_update(db, number, new.state, text, new.created)
    return number


def _add_update(db: Database, number: int, state: IncidentState, text: str, at: Instant) -> None:
    db.execute(
        "insert into incident_update (incident, state, text, created) values (?, ?, ?, ?)",
        [number, state, text, at],
    )


def hide_incidents(db: Database, tag: str) -> None:
    """Make the incidents that were opened for this monitor visible to nobody."""
    db.execute("update incident set is_public = 0 where opened_for = ? and is_public", [tag])


def worsen_incident(db: Database, worse: Incident, text: str, at: Instant) -> None:
    """Give an open incident its new title and severity, and say why."""
    assert worse.id is not None
    db.execute(
        "update incident set title = ?, severity = ? where id = ?", [worse.title, worse.severity, worse.id]
    )
    _add_update(db, worse.id, worse.state, text, at)


def resolve_incident(db: Database, number: int, resolved: Instant, text: str, at: Instant) -> None:
    db.execute(
        "update incident set state = 'RESOLVED', resolved = :resolved,"
        " publish_at = case when publish_at > :at then null else publish_at end"  # nobody saw the draft
        " where id = :id and resolved is null",
        {"id": number, "resolved": resolved, "at": at},
    )
    _add_update(db, number, IncidentState.RESOLVED, text, at)


def reopen_incident(db: Database, number: int, text: str, at: Instant) -> None:
    """The same trouble again: the incident goes on."""
    db.execute("update incident set state = 'INVESTIGATING', resolved = null where id = ?", [number])
    _add_update(db, number, IncidentState.INVESTIGATING, text, at)


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
