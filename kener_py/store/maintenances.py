"""Rows of maintenance windows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlite_utils import Database

from kener_py.model import Instant, Maintenance

_MAINTENANCE = (
    'id, title, start, "end", description, plan, cancelled, created, updated,'
    " (select json_group_array(monitor) from maintenance_monitor where maintenance = maintenance.id)"
)


def _maintenance(row: Sequence[Any]) -> Maintenance:
    return Maintenance(
        id=row[0],
        title=row[1],
        start=row[2],
        end=row[3],
        description=row[4],
        plan=row[5],
        cancelled=row[6],
        created=row[7],
        updated=row[8],
        monitors=tuple(sorted(json.loads(row[9]))),
    )


def maintenance(db: Database, number: int) -> Maintenance | None:
    row = db.execute(f"select {_MAINTENANCE} from maintenance where id = ?", [number]).fetchone()
    return None if row is None else _maintenance(row)


def maintenances(
    db: Database, since: Instant, until: Instant, tag: str | None = None
) -> tuple[Maintenance, ...]:
    """Windows that overlap [since, until), cancelled ones too, oldest first; of one monitor if named."""
    where = '"end" > ? and start < ?'
    values: list[object] = [since, until]
    if tag is not None:
        where += " and exists (select 1 from maintenance_monitor where maintenance = id and monitor = ?)"
        values.append(tag)
    rows = db.execute(f"select {_MAINTENANCE} from maintenance where {where} order by start, id", values)
    return tuple(_maintenance(row) for row in rows)


def maintenances_before(db: Database, start: Instant, number: int) -> Iterator[Maintenance]:
    """Windows that begin before this one, the nearest first; read as needed."""
    rows = db.execute(
        f"select {_MAINTENANCE} from maintenance where (start, id) < (?, ?) order by start desc, id desc",
        [start, number],
    )
    return (_maintenance(row) for row in rows)


def maintenances_after(db: Database, start: Instant, number: int) -> Iterator[Maintenance]:
    """Windows that begin after this one, the nearest first; read as needed."""
    rows = db.execute(
        f"select {_MAINTENANCE} from maintenance where (start, id) > (?, ?) order by start, id",
        [start, number],
    )
    return (_maintenance(row) for row in rows)


def maintained(db: Database, tags: Sequence[str], at: Instant) -> set[str]:
    """Those of these monitors for which a window runs at `at`."""
    rows = db.execute(
        "select monitor from maintenance cross join maintenance_monitor on maintenance = id"
        ' where "end" > :at and start <= :at and (cancelled is null or cancelled > :at)'
        " and monitor in (select value from json_each(:tags))",
        {"at": at, "tags": json.dumps(tags)},
    )
    return {row[0] for row in rows}


def planned_maintenances(db: Database, after: Instant) -> tuple[Maintenance, ...]:
    """Windows of the file's plans that end after `after`, oldest first."""
    rows = db.execute(
        f'select {_MAINTENANCE} from maintenance where "end" > ? and plan is not null order by start, id',
        [after],
    )
    return tuple(_maintenance(row) for row in rows)


def add_maintenance(db: Database, new: Maintenance) -> int:
    """Insert it; its id, which is never given again."""
    cursor = db.execute(
        'insert into maintenance (title, description, start, "end", plan, cancelled, created, updated)'
        " values (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            new.title,
            new.description,
            new.start,
            new.end,
            new.plan,
            new.cancelled,
            new.created,
            new.updated,
        ],
    )
    number: int | None = cursor.lastrowid
    assert number is not None
    _name_monitors(db, number, new.monitors)
    return number


def plan_maintenance(db: Database, wanted: Maintenance) -> None:
    """Make the window of a plan that starts then, or give it its new words and monitors.

    A window that was cancelled stays so. What is over, or is so already, is left as it is.
    """
    row = db.execute(
        f"select {_MAINTENANCE} from maintenance where plan = ? and start = ?", [wanted.plan, wanted.start]
    ).fetchone()
    if row is None:
        add_maintenance(db, wanted)
        return
    found = _maintenance(row)
    said = (found.description, found.monitors)
    if found.end > wanted.updated and said != (wanted.description, tuple(sorted(wanted.monitors))):
        db.execute(
            "update maintenance set description = ?, updated = ? where id = ?",
            [wanted.description, wanted.updated, found.id],
        )
        _name_monitors(db, row[0], wanted.monitors)


def save_maintenance(db: Database, changed: Maintenance) -> None:
    """Write every field of a window that has an id, but `plan` and `created`."""
    assert changed.id is not None
    db.execute(
        'update maintenance set title = ?, description = ?, start = ?, "end" = ?, cancelled = ?, updated = ?'
        " where id = ?",
        [
            changed.title,
            changed.description,
            changed.start,
            changed.end,
            changed.cancelled,
            changed.updated,
            changed.id,
        ],
    )
    _name_monitors(db, changed.id, changed.monitors)


def cancel_maintenance(db: Database, number: int, at: Instant) -> None:
    """End it at `at`, unless it was cancelled before."""
    db.execute(
        "update maintenance set cancelled = ?, updated = ? where id = ? and cancelled is null",
        [at, at, number],
    )


def release_maintenance(db: Database, number: int) -> None:
    """Let no plan own it any more: the plan left the file, and makes a window of its own if it returns."""
    db.execute("update maintenance set plan = null where id = ?", [number])


def drop_maintenance(db: Database, number: int) -> None:
    db.execute("delete from maintenance_monitor where maintenance = ?", [number])
    db.execute("delete from maintenance where id = ?", [number])


def forget_maintenances(db: Database, before: Instant) -> None:
    """Delete windows that ended before `before`."""
    db.execute(
        'delete from maintenance_monitor where maintenance in (select id from maintenance where "end" < ?)',
        [before],
    )
    db.execute('delete from maintenance where "end" < ?', [before])


def _name_monitors(db: Database, number: int, tags: Sequence[str]) -> None:
    db.execute("delete from maintenance_monitor where maintenance = ?", [number])
    db.conn.executemany(
        "insert into maintenance_monitor (maintenance, monitor) values (?, ?)",
        [(number, tag) for tag in sorted(set(tags))],
    )


def moments(db: Database, after: Instant, before: Instant) -> list[Instant]:
    """When within (after, before) a window begins or ends, or an incident becomes public."""
    rows = db.execute(
        "select start from maintenance where start > :after and start < :before"
        ' union select "end" from maintenance where "end" > :after and "end" < :before'
        " union select publish_at from incident"
        " where resolved is null and publish_at > :after and publish_at < :before",
        {"after": after, "before": before},
    )
    return [row[0] for row in rows]
