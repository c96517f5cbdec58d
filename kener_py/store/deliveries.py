"""Rows of the messages that are owed: delivery, and what each says."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
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
    replace,
)

_DELIVERY = "id, notifier, target, status, created, due, attempts, lease_until, finished, error"


def _said(notice: Notice) -> str:
    """All of it as JSON, in the order of its fields."""
    names, read = reader(Notice)
    fields = dict(zip(names, read(notice), strict=True))
    if notice.away is not None:
        fields["away"] = {"started": notice.away.started, "ended": notice.away.ended}
    return json.dumps(fields)


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
            {"id": id, "notice": _said(notice)},
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


def owed(db: Database) -> tuple[int, Instant | None]:
    """How many deliveries wait, and since when the oldest does."""
    row = db.execute("select count(*), min(created) from delivery where status = 'WAITING'").fetchone()
    return row[0], row[1]


def deliveries(db: Database, most: int) -> tuple[Delivery, ...]:
    """The newest deliveries, newest first."""
    rows = db.execute(f"select {_DELIVERY} from delivery order by number desc limit ?", [most]).fetchall()
    return tuple(_delivery(db, row) for row in rows)
