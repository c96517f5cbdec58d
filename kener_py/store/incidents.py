"""Rows of what people are told: alert, incident, delivery."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlite_utils import Database

from kener_py.model import (
    Alert,
    AlertStatus,
    Delivery,
    DeliveryStatus,
    Gap,
    Incident,
    IncidentState,
    IncidentUpdate,
    Instant,
    Notice,
    Severity,
    Status,
)

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


def _incident(db: Database, row: Sequence[Any]) -> Incident:
    affected = db.execute(
        "select monitor from incident_monitor where incident = ? order by monitor", [row[0]]
    )
    updates = db.execute(
        "select id, incident, state, text, created from incident_update where incident = ?"
        " order by created desc, id desc",
        [row[0]],
    )
    return Incident(
        id=row[0],
        title=row[1],
        state=IncidentState(row[2]),
        severity=Severity(row[3]),
        started=row[4],
        created=row[5],
        resolved=row[6],
        opened_for=row[7],
        is_public=bool(row[8]),
        publish_at=row[9],
        monitors=tuple(tag for (tag,) in affected),
        updates=tuple(IncidentUpdate(u[0], u[1], IncidentState(u[2]), u[3], u[4]) for u in updates),
    )


def incident(db: Database, number: int) -> Incident | None:
    row = db.execute(f"select {_INCIDENT} from incident where id = ?", [number]).fetchone()
    return None if row is None else _incident(db, row)


def open_incident_for(db: Database, tag: str) -> Incident | None:
    """The open incident that was made for this monitor by an alert; there is at most one."""
    row = db.execute(
        f"select {_INCIDENT} from incident where opened_for = ? and resolved is null", [tag]
    ).fetchone()
    return None if row is None else _incident(db, row)


def incidents(db: Database, since: Instant, tag: str | None = None) -> tuple[Incident, ...]:
    """Incidents that are open or were at any time since `since`, newest first; of one monitor if named."""
    where = "(resolved is null or resolved >= ?)"
    values: list[object] = [since]
    if tag is not None:
        where += " and id in (select incident from incident_monitor where monitor = ?)"
        values.append(tag)
    rows = db.execute(
        f"select {_INCIDENT} from incident where {where} order by started desc, id desc", values
    ).fetchall()
    return tuple(_incident(db, row) for row in rows)


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


# ---- deliveries ------------------------------------------------------------------------------

_DELIVERY = "id, notifier, target, status, created, due, attempts, lease_until, finished, error"


def _notice(fields: dict[str, Any]) -> Notice:
    away = fields.pop("away")
    return Notice(
        **{
            **fields,
            "kind": AlertStatus(fields["kind"]),
            "status": Status(fields["status"]),
            "severity": Severity(fields["severity"]),
            "away": None if away is None else Gap(**away),
            "diagnosis": tuple(fields.get("diagnosis", ())),
        }
    )


def _delivery(db: Database, row: Sequence[Any]) -> Delivery:
    said = db.execute("select notice from delivery_notice where delivery = ? order by number", [row[0]])
    return Delivery(
        id=row[0],
        notifier=row[1],
        target=row[2],
        status=DeliveryStatus(row[3]),
        created=row[4],
        due=row[5],
        notices=tuple(_notice(json.loads(text)) for (text,) in said),
        attempts=row[6],
        lease_until=row[7],
        finished=row[8],
        error=row[9],
    )


def add_delivery(db: Database, new: Delivery) -> None:
    """Owe a message. Messages about one monitor to one URL leave in their order."""
    _insert_delivery(db, new, new.notices[0].monitor if new.notices else "")


_BATCH = "*"  # the thread of batches: they leave in their order, too


def batch_delivery(db: Database, new: Delivery) -> None:
    """Owe a message that leaves at its due time with all others to its target until then."""
    row = db.execute(
        "select id from delivery where status = 'WAITING' and target = ? and thread = ?"
        " and attempts = 0 and due > ? and due <= ?"
        " and number = (select max(number) from delivery where target = ?)",
        [new.target, _BATCH, new.created, new.due, new.target],
    ).fetchone()
    if row is None:
        _insert_delivery(db, new, _BATCH)
    else:
        _add_notices(db, row[0], new.notices)


def _add_notices(db: Database, id: str, notices: Sequence[Notice]) -> None:
    for notice in notices:
        db.execute(
            "insert into delivery_notice (delivery, number, notice) values (:id, (select count(*)"
            " from delivery_notice where delivery = :id), :notice)",
            {"id": id, "notice": json.dumps(asdict(notice))},
        )


def _insert_delivery(db: Database, new: Delivery, thread: str) -> None:
    db.execute(
        f"insert into delivery ({_DELIVERY}, thread) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            new.id,
            new.notifier,
            new.target,
            new.status,
            new.created,
            new.due,
            new.attempts,
            new.lease_until,
            new.finished,
            new.error,
            thread,
        ],
    )
    _add_notices(db, new.id, new.notices)


# The oldest of its thread: messages about one monitor reach one URL in their order.
_FIRST = (
    "d.status = 'WAITING' and not exists (select 1 from delivery e where e.status = 'WAITING'"
    " and e.target = d.target and e.thread = d.thread and e.number < d.number)"
)
# One from the future was written by a clock that was ahead; it is due at once.
_DUE = "case when d.created > ? then 0 else max(d.due, coalesce(d.lease_until, 0)) end"


def claim_deliveries(
    db: Database, at: Instant, lease_until: Instant, busy: Collection[str], most: int
) -> tuple[Delivery, ...]:
    """Take what is due, at most one per target, none for a `busy` target; each counts an attempt."""
    marks = ", ".join("?" * len(busy))
    rows = db.execute(
        f"select {_DELIVERY} from delivery where number in ("
        f" select min(d.number) from delivery d where {_FIRST} and {_DUE} <= ?"
        f" and d.target not in ({marks}) group by d.target order by 1 limit ?)",
        [at, at, *busy, most],
    ).fetchall()
    for row in rows:
        db.execute(
            "update delivery set lease_until = ?, attempts = attempts + 1, created = min(created, ?)"
            " where id = ?",
            [lease_until, at, row[0]],
        )
    return tuple(
        replace(
            each,
            attempts=each.attempts + 1,
            lease_until=lease_until,
            created=min(each.created, at),
        )
        for each in [_delivery(db, row) for row in rows]
    )


def finish_delivery(
    db: Database, id: str, status: DeliveryStatus, at: Instant, due: Instant, error: str
) -> None:
    """Record how an attempt ended. WAITING means: again at `due`. What is final stays final."""
    finished = None if status is DeliveryStatus.WAITING else at
    db.execute(
        "update delivery set status = ?, due = ?, finished = ?, error = ?, lease_until = null"
        " where id = ? and status = 'WAITING'",
        [status, due, finished, error, id],
    )


def release_leases(db: Database) -> None:
    """At the start of a process: whoever held these leases is gone."""
    db.execute("update delivery set lease_until = null where status = 'WAITING'")


def next_delivery_due(db: Database, at: Instant, busy: Collection[str]) -> Instant | None:
    """When something can be claimed for a target that is not `busy`; None if nothing waits."""
    marks = ", ".join("?" * len(busy))
    row = db.execute(
        f"select min({_DUE}) from delivery d where {_FIRST} and d.target not in ({marks})", [at, *busy]
    ).fetchone()
    return None if row is None else row[0]


def deliveries(db: Database, most: int) -> tuple[Delivery, ...]:
    """The newest deliveries, newest first."""
    rows = db.execute(f"select {_DELIVERY} from delivery order by number desc limit ?", [most]).fetchall()
    return tuple(_delivery(db, row) for row in rows)


def forget_old(db: Database, before: Instant) -> None:
    """Delete alerts, incidents and deliveries that ended before `before`."""
    db.execute(
        "delete from delivery_notice where delivery in (select id from delivery where finished < ?)", [before]
    )
    db.execute("delete from delivery where finished < ?", [before])
    db.execute("delete from alert where resolved < ?", [before])
    for table in ("incident_monitor", "incident_update"):
        db.execute(
            f"delete from {table} where incident in (select id from incident where resolved < ?)",
            [before],
        )
    db.execute("delete from incident where resolved < ?", [before])
