"""How large a database is, and what makes it grow."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlite_utils import Database

from kener_py.model import DAY, Instant
from kener_py.store.opening import applied, beside

_LATELY = 30  # days
# When the oldest row and the newest one are from.
_AGES = {
    "alert": "select min(started), max(started) from alert",
    "alive": "select min(started), max(ended) from alive",
    "change": "select min(started), max(started) from change",
    "delivery": "select min(created), max(created) from delivery",
    "heartbeat": "select min(received), max(received) from heartbeat",
    "incident": "select min(started), max(started) from incident",
    "incident_update": "select min(created), max(created) from incident_update",
    "maintenance": "select min(start), max(start) from maintenance",
    "rejection": "select min(last), max(last) from rejection",
}


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    rows: int
    size: int | None  # bytes with its indexes; None if this SQLite cannot tell
    oldest: Instant | None
    newest: Instant | None


@dataclass(frozen=True, slots=True)
class Share:
    """What one monitor keeps in the file."""

    monitor: str
    heartbeats: int  # in the log
    logged: int  # bytes of what they said
    changes: int
    changes_per_day: float  # of the last 30 days


@dataclass(frozen=True, slots=True)
class Sizes:
    size: int  # bytes of the file
    log_size: int  # bytes of the write-ahead log
    unused: int  # bytes in the file that wait for new rows
    schema: str  # the newest migration
    tables: tuple[Table, ...]  # the largest first
    monitors: tuple[Share, ...]  # those that keep most first

    @property
    def oldest(self) -> Instant | None:
        return min((each.oldest for each in self.tables if each.oldest is not None), default=None)

    @property
    def newest(self) -> Instant | None:
        return max((each.newest for each in self.tables if each.newest is not None), default=None)


def measure(db: Database, path: Path, at: Instant) -> Sizes:
    """Of one instant. Reads the whole file."""
    log = beside(path, "-wal")
    db.execute("begin")
    try:
        page = db.execute("pragma page_size").fetchone()[0]
        unused = db.execute("pragma freelist_count").fetchone()[0]
        bytes_of = _bytes(db)
        names = [row[0] for row in db.execute("select name from sqlite_master where type = 'table'")]
        tables = [_table(db, each, bytes_of) for each in names if not each.startswith("sqlite_")]
        return Sizes(
            size=path.stat().st_size,
            log_size=log.stat().st_size if log.exists() else 0,
            unused=page * unused,
            schema=applied(db.conn)[-1],
            tables=tuple(sorted(tables, key=lambda each: (-(each.size or 0), -each.rows, each.name))),
            monitors=tuple(_shares(db, at)),
        )
    finally:
        db.execute("rollback")


def _bytes(db: Database) -> dict[str, int]:
    """Of each table with its indexes; empty if this SQLite was built without the means."""
    with suppress(sqlite3.OperationalError):
        return dict(
            db.execute(
                "select tbl_name, sum(pgsize) from dbstat join sqlite_master using (name) group by tbl_name"
            ).fetchall()
        )
    return {}


def _table(db: Database, table: str, bytes_of: dict[str, int]) -> Table:
    oldest, newest = db.execute(_AGES[table]).fetchone() if table in _AGES else (None, None)
    return Table(table, db.table(table).count, bytes_of.get(table), oldest, newest)


def _shares(db: Database, at: Instant) -> list[Share]:
    begin = at - _LATELY * DAY
    rows = db.execute(
        "select monitor, coalesce(h.number, 0), coalesce(h.logged, 0), coalesce(c.number, 0),"
        " coalesce(c.lately, 0) from state"
        " left join (select monitor, count(*) as number, sum(length(cast(message as blob))"
        " + length(metrics) + length(user_agent)) as logged from heartbeat group by monitor) h"
        " using (monitor)"
        " left join (select monitor, count(*) as number, count(*) filter (where started >= ?) as lately"
        " from change group by monitor) c using (monitor)"
        " order by coalesce(h.logged, 0) + 40 * coalesce(c.number, 0) desc, monitor",
        [begin],
    )
    return [
        Share(tag, beats, logged, changes, round(lately / _LATELY, 2))
        for tag, beats, logged, changes, lately in rows
    ]
