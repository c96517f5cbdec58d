"""Rows of the messages that are owed: delivery, and what each says."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import fields
from typing import Any

from sqlite_utils import Database

from kener_py.model import (
    AlertStatus,
    Delivery,
    DeliveryStatus,
    Gap,
    Instant,
    Notice,
    Severity,
    Status,
    reader,
)
from kener_py.store.steps import in_few_steps

_DELIVERY = "id, notifier, target, status, created, due, attempts, lease_until, finished, error"
_DEFAULTS = {field.name: field.default for field in fields(Notice)}


def _said(notice: Notice) -> str:
    """What differs from the defaults, as JSON."""
    names, read = reader(Notice)
    said = {
        name: value for name, value in zip(names, read(notice), strict=True) if value is not _DEFAULTS[name]
    }
    if notice.away is not None:
        said["away"] = {"started": notice.away.started, "ended": notice.away.ended}
    return json.dumps(said)


def _notice(fields: dict[str, Any]) -> Notice:
    away = fields.pop("away", None)
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


def add_deliveries(db: Database, new: Sequence[Delivery]) -> None:
    """Owe messages. Those about one monitor to one URL leave in their order."""
    _insert(db, [(each, each.notices[0].monitor if each.notices else "") for each in new])


_BATCH = "*"  # the thread of batches: they leave in their order, too


def batch_delivery(db: Database, new: Delivery) -> None:
    """Owe a message that leaves at its due time with all others to its target until then."""
    row = db.execute(
        "select id, (select max(number) + 1 from delivery_notice where delivery = id) from delivery"
        " where status = 'WAITING' and target = ? and thread = ? and attempts = 0 and due > ? and due <= ?"
        " and number = (select max(number) from delivery where target = ?)",
        [new.target, _BATCH, new.created, new.due, new.target],
    ).fetchone()
    if row is None:
        _insert(db, [(new, _BATCH)])
    else:
        _insert_notices(
            db, [(row[0], number, notice) for number, notice in enumerate(new.notices, row[1] or 0)]
        )


def _insert(db: Database, new: Sequence[tuple[Delivery, str]]) -> None:
    """Insert deliveries, each with its thread."""
    in_few_steps(
        db,
        f"insert into delivery ({_DELIVERY}, thread) values {{rows}}",
        [
            (
                each.id,
                each.notifier,
                each.target,
                str(each.status),
                each.created,
                each.due,
                each.attempts,
                each.lease_until,
                each.finished,
                each.error,
                thread,
            )
            for each, thread in new
        ],
    )
    _insert_notices(
        db, [(each.id, number, notice) for each, _ in new for number, notice in enumerate(each.notices)]
    )


def _insert_notices(db: Database, new: Sequence[tuple[str, int, Notice]]) -> None:
    """Insert what deliveries say: (the delivery's id, its place, the notice)."""
    in_few_steps(
        db,
        "insert into delivery_notice (delivery, number, notice) values {rows}",
        [(id, number, _said(notice)) for id, number, notice in new],
    )


# The oldest of its thread: messages about one monitor reach one URL in their order.
_FIRST = (
    "d.status = 'WAITING' and not exists (select 1 from delivery e where e.status = 'WAITING'"
    " and e.target = d.target and e.thread = d.thread and e.number < d.number)"
)
# One from the future was written by a clock that was ahead; it is due at once.
_DUE = "case when d.created > ? then 0 else max(d.due, coalesce(d.lease_until, 0)) end"


def _waiting_targets(db: Database, busy: Collection[str]) -> list[str]:
    """The targets of what waits, without `busy` ones: from one to the next, past all that waits for it."""
    rows = db.execute(
        "with recursive found (target) as (select min(target) from delivery where status = 'WAITING'"
        " union all select (select min(target) from delivery where status = 'WAITING'"
        " and target > found.target) from found where target is not null)"
        " select target from found where target is not null"
    )
    return [target for (target,) in rows if target not in busy]


def _claimable(db: Database, target: str, at: Instant) -> int | None:
    """The number of what can leave first for this target, None if nothing can at `at`.

    The first query reads one entry of an index, however many messages wait.
    """
    row = db.execute(
        f"select number from delivery d where {_FIRST} and target = ? and due <= ?"
        " and coalesce(lease_until, 0) <= ? order by due, created, number limit 1",
        [target, at, at],
    ).fetchone()
    if row is None:
        row = db.execute(
            f"select number from delivery d where {_FIRST} and target = ? and created > ?"
            " order by number limit 1",
            [target, at],
        ).fetchone()
    return None if row is None else row[0]


def claim_deliveries(
    db: Database, at: Instant, lease_until: Instant, busy: Collection[str], most: int
) -> tuple[Delivery, ...]:
    """Take what is due, at most one per target, none for a `busy` target; each counts an attempt."""
    found = (_claimable(db, target, at) for target in _waiting_targets(db, busy))
    numbers = json.dumps(sorted(number for number in found if number is not None)[:most])
    db.execute(
        "update delivery set lease_until = ?, attempts = attempts + 1, created = min(created, ?)"
        " where number in (select value from json_each(?))",
        [lease_until, at, numbers],
    )
    rows = db.execute(
        f"select {_DELIVERY} from delivery where number in (select value from json_each(?)) order by number",
        [numbers],
    ).fetchall()
    return tuple(_delivery(db, row) for row in rows)


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
    """When something can be claimed for a target that is not `busy`: `at` is now. None if nothing waits."""
    targets = _waiting_targets(db, busy)
    if any(_claimable(db, target, at) is not None for target in targets):
        return at
    row = db.execute(
        f"select min({_DUE}) from delivery d where {_FIRST} and target in (select value from json_each(?))",
        [at, json.dumps(targets)],
    ).fetchone()
    return None if row is None else row[0]


def owed(db: Database) -> tuple[int, Instant | None]:
    """How many deliveries wait, and since when the oldest does."""
    row = db.execute("select count(*), min(created) from delivery where status = 'WAITING'").fetchone()
    return row[0], row[1]


def deliveries(db: Database, most: int) -> tuple[Delivery, ...]:
    """The newest deliveries, newest first."""
    rows = db.execute(f"select {_DELIVERY} from delivery order by number desc limit ?", [most]).fetchall()
    return tuple(_delivery(db, row) for row in rows)
