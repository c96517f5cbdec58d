"""Rows of alerts: one rule's view of one monitor."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from sqlite_utils import Database

from kener_py.model import Alert, AlertStatus, Severity, Status
from kener_py.store.steps import in_few_steps, next_number

_STATUS = {each.value: each for each in AlertStatus}
_SEVERITY = {each.value: each for each in Severity}
_SAID = {None: None} | {each.value: each for each in Status}
_ALERT = (
    "id, rule, monitor, status, started, severity, failures, successes, triggered, recovered,"
    " resolved, incident, told, silent_until, said, reminded, acknowledged"
)
_LINKED = _ALERT.replace("incident", "(select id from incident where incident.id = alert.incident)")


@lru_cache(maxsize=256)  # most alerts tell the same addresses
def _said_to(told: tuple[str, ...]) -> str:
    return json.dumps(told)


@lru_cache(maxsize=256)
def _told(said_to: str) -> tuple[str, ...]:
    return tuple(json.loads(said_to))


def _alert(row: Sequence[Any]) -> Alert:
    return Alert(
        id=row[0],
        rule=row[1],
        monitor=row[2],
        status=_STATUS[row[3]],
        started=row[4],
        severity=_SEVERITY[row[5]],
        failures=row[6],
        successes=row[7],
        triggered=row[8],
        recovered=row[9],
        resolved=row[10],
        incident=row[11],
        told=_told(row[12]),
        silent_until=row[13],
        said=_SAID[row[14]],
        reminded=row[15],
        acknowledged=row[16],
    )


def standing_alerts(db: Database, tags: Sequence[str]) -> dict[str, dict[str, Alert]]:
    """The PENDING and TRIGGERED alerts of these monitors by tag, then by rule; no entry without any."""
    rows = db.execute(
        f"select {_ALERT} from alert where status <> 'RESOLVED'"
        " and monitor in (select value from json_each(?))",
        [json.dumps(tags)],
    )
    return _by_tag_and_rule(rows)


def last_resolved_alerts(db: Database, tags: Sequence[str]) -> dict[str, dict[str, Alert]]:
    """The last RESOLVED alert of each rule in the same way; its incident only if that is still there."""
    rows = db.execute(
        f"select {_LINKED} from alert where status = 'RESOLVED'"
        " and monitor in (select value from json_each(?)) order by resolved, id",
        [json.dumps(tags)],
    )
    return _by_tag_and_rule(rows)


def _by_tag_and_rule(rows: Iterable[Sequence[Any]]) -> dict[str, dict[str, Alert]]:
    found: dict[str, dict[str, Alert]] = {}
    for row in rows:
        found.setdefault(row[2], {})[row[1]] = _alert(row)
    return found


def all_standing_alerts(db: Database) -> tuple[Alert, ...]:
    rows = db.execute(f"select {_ALERT} from alert where status <> 'RESOLVED' order by id")
    return tuple(_alert(row) for row in rows)


def alert(db: Database, number: int) -> Alert | None:
    row = db.execute(f"select {_ALERT} from alert where id = ?", [number]).fetchone()
    return None if row is None else _alert(row)


def next_alert(db: Database) -> int:
    """The id of the next alert; no earlier one had it."""
    return next_number(db, "alert")


def save_alerts(db: Database, alerts: Sequence[Alert]) -> None:
    """Update those whose id is known, insert the others."""
    in_few_steps(
        db,
        f"insert into alert ({_ALERT}) values {{rows}}"
        " on conflict (id) do update set status = excluded.status, failures = excluded.failures,"
        " successes = excluded.successes, triggered = excluded.triggered,"
        " recovered = excluded.recovered, resolved = excluded.resolved, incident = excluded.incident,"
        " told = excluded.told, silent_until = excluded.silent_until, said = excluded.said,"
        " reminded = excluded.reminded, acknowledged = excluded.acknowledged",
        [
            (
                each.id,
                each.rule,
                each.monitor,
                str(each.status),
                each.started,
                str(each.severity),
                each.failures,
                each.successes,
                each.triggered,
                each.recovered,
                each.resolved,
                each.incident,
                _said_to(each.told),
                each.silent_until,
                None if each.said is None else str(each.said),
                each.reminded,
                each.acknowledged,
            )
            for each in alerts
        ],
    )


def drop_alerts(db: Database, alerts: Sequence[Alert]) -> None:
    db.execute(
        "delete from alert where id in (select value from json_each(?))",
        [json.dumps([each.id for each in alerts])],
    )
