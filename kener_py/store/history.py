"""Rows of what followed from heartbeats and silence: state, change, alive, rejection."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import chain, pairwise
from typing import Any

from sqlite_utils import Database

from kener_py.model import Change, Gap, Instant, Limits, Rejection, State, Status
from kener_py.store.steps import in_few_steps

_STATUS = {each.value: each for each in Status}  # a look-up takes a tenth of the time of the call
_STATE = (
    "monitor, degraded_after, down_after, interval, last, reported, message, beats, "
    "status, since, head, head_since, evaluated, quiet_until, is_counting, snoozed_until, first"
)


def _state(row: Sequence[Any]) -> State:
    return State(
        monitor=row[0],
        limits=Limits(row[1], row[2], row[3]),
        last=row[4],
        reported=_STATUS[row[5]],
        message=row[6],
        beats=row[7],
        status=_STATUS[row[8]],
        since=row[9],
        head=_STATUS[row[10]],
        head_since=row[11],
        evaluated=row[12],
        quiet_until=row[13],
        is_counting=bool(row[14]),
        snoozed_until=row[15],
        first=row[16],
    )


def state(db: Database, tag: str) -> State | None:
    row = db.execute(f"select {_STATE} from state where monitor = ?", [tag]).fetchone()
    return None if row is None else _state(row)


def states_of(db: Database, tags: Sequence[str]) -> dict[str, State]:
    """The states of these monitors by tag, as far as there are any."""
    rows = db.execute(
        f"select {_STATE} from state where monitor in (select value from json_each(?))", [json.dumps(tags)]
    )
    return {row[0]: _state(row) for row in rows}


def states(db: Database) -> dict[str, State]:
    """Every state by tag, also of monitors that are no longer in the file."""
    return {row[0]: _state(row) for row in db.execute(f"select {_STATE} from state")}


def ticks(db: Database) -> dict[str, str | None]:
    """What looks at each monitor, by tag: "cron|zone", or None if it is not in the file."""
    return dict(db.execute("select monitor, tick from state").fetchall())


def save_states(db: Database, rows: Sequence[tuple[State, Instant | None]]) -> None:
    """Save states, each with the instant after which there is something to say about it."""
    in_few_steps(
        db,
        f"insert into state ({_STATE}, due) values {{rows}}"
        " on conflict (monitor) do update set degraded_after = excluded.degraded_after,"
        " down_after = excluded.down_after, interval = excluded.interval, last = excluded.last,"
        " reported = excluded.reported, message = excluded.message, beats = excluded.beats,"
        " status = excluded.status, since = excluded.since, head = excluded.head,"
        " head_since = excluded.head_since, evaluated = excluded.evaluated,"
        " quiet_until = excluded.quiet_until, is_counting = excluded.is_counting,"
        " snoozed_until = excluded.snoozed_until, first = excluded.first, due = excluded.due",
        [
            (
                after.monitor,
                after.limits.degraded_after,
                after.limits.down_after,
                after.limits.interval,
                after.last,
                str(after.reported),
                after.message,
                after.beats,
                str(after.status),
                after.since,
                str(after.head),
                after.head_since,
                after.evaluated,
                after.quiet_until,
                int(after.is_counting),
                after.snoozed_until,
                after.first,
                due,
            )
            for after, due in rows
        ],
    )


def save_heard(db: Database, heard: Sequence[tuple[State, Instant | None]]) -> None:
    """Save of each state what a heartbeat can change, and when it is due; the rows are there."""
    rows = [
        (
            after.monitor,
            after.last,
            str(after.reported),
            after.message,
            after.beats,
            str(after.head),
            after.head_since,
            after.first,
            due,
        )
        for after, due in heard
    ]
    in_few_steps(
        db,
        "with heard (monitor, last, reported, message, beats, head, head_since, first, due)"
        " as (values {rows})"
        " update state set last = heard.last, reported = heard.reported, message = heard.message,"
        " beats = heard.beats, head = heard.head, head_since = heard.head_since, first = heard.first,"
        " due = heard.due from heard where state.monitor = heard.monitor",
        rows,
    )


def set_ticks(db: Database, ticks: Sequence[tuple[str, str | None]]) -> None:
    """Say what looks at these monitors, as `ticks` tells it."""
    in_few_steps(
        db,
        "with new (monitor, tick) as (values {rows})"
        " update state set tick = new.tick from new where state.monitor = new.monitor",
        ticks,
    )


def look_at_all(db: Database) -> None:
    """Make the next tick of every monitor evaluate it: the rules may have changed."""
    db.execute("update state set due = 0 where tick is not null and due is not 0")


def due_tags(db: Database, tick: str, at: Instant) -> list[str]:
    """The monitors of this tick about which an evaluation at `at` has something to say."""
    rows = db.execute("select monitor from state where tick = ? and due < ?", [tick, at])
    return [row[0] for row in rows]


# ---- changes ---------------------------------------------------------------------------------


def add_changes(db: Database, new: Sequence[Change]) -> None:
    """Add changes in order. One that lies before known ones (the clock was set back) replaces them."""
    lasting: dict[str, list[Change]] = {}
    earliest: dict[str, Instant] = {}
    for change in new:
        tag, started = change.monitor, change.started
        kept = lasting.setdefault(tag, [])
        while kept and kept[-1].started >= started:
            kept.pop()
        kept.append(change)
        earliest[tag] = min(started, earliest.get(tag, started))
    in_few_steps(
        db,
        "with new (monitor, earliest) as (values {rows}) delete from change where (monitor, started) in"
        " (select known.monitor, known.started from new cross join change known"
        " where known.monitor = new.monitor and known.started >= new.earliest)",
        list(earliest.items()),
    )
    in_few_steps(
        db,
        "insert into change (monitor, started, status, detected) values {rows}",
        [
            (each.monitor, each.started, str(each.status), each.detected)
            for kept in lasting.values()
            for each in kept
        ],
    )


def show_changes(db: Database, tags: Sequence[str], detected: Instant) -> None:
    """Date what no evaluation had seen: from now on it is part of the history that is shown."""
    db.execute(
        "update change set detected = ? where detected is null"
        " and monitor in (select value from json_each(?))",
        [detected, json.dumps(tags)],
    )


def first_change(db: Database, tag: str) -> Instant | None:
    """When the shown history of a monitor begins; None while there is none."""
    row = db.execute(
        "select min(started) from change where monitor = ? and detected is not null", [tag]
    ).fetchone()
    return None if row is None else row[0]


def changes(db: Database, tag: str, since: Instant, until: Instant | None = None) -> tuple[Change, ...]:
    """The shown changes of one monitor that say what it was from `since` on, in order of time.

    The first is what it was at `since`; those at or after `until` are left out.
    """
    rows = db.execute(
        "select monitor, started, status, detected from change"
        " where monitor = :tag and detected is not null and started >= coalesce("
        "(select max(started) from change where monitor = :tag and detected is not null"
        " and started <= :since), 0) and (:until is null or started < :until) order by started",
        {"tag": tag, "since": since, "until": until},
    )
    return tuple([Change(tag, started, _STATUS[status], seen) for tag, started, status, seen in rows])


def all_changes(db: Database, since: Instant, until: Instant | None = None) -> dict[str, list[Change]]:
    """The shown changes of every monitor by tag; each list begins at or before `since`.

    With `until`, only those that began before it.
    """
    found: dict[str, list[Change]] = {}
    # Beside max(), SQLite takes the other columns from the row that has it.
    before = db.execute(
        "select monitor, max(started), status, detected from change"
        " where detected is not null and started <= ? group by monitor",
        [since],
    )
    after = db.execute(
        "select monitor, started, status, detected from change"
        " where detected is not null and started > ? and started < ? order by monitor, started",
        [since, 2**63 - 1 if until is None else until],
    )
    for tag, started, status, detected in chain(before, after):
        found.setdefault(tag, []).append(Change(tag, started, _STATUS[status], detected))
    return found


def first_changes(db: Database) -> dict[str, Instant]:
    """The start of the oldest shown change of each monitor, by tag."""
    rows = db.execute(  # for each a look at its first rows, instead of a walk over all
        "select monitor, begun from (select monitor, (select started from change"
        " where change.monitor = state.monitor and detected is not null order by started limit 1) as begun"
        " from state) where begun is not null"  # state has a `first` of its own: a heartbeat, judged or not
    )
    return dict(rows.fetchall())


def trouble_since(db: Database, tags: Sequence[str]) -> dict[str, Instant]:
    """The start of the newest stretch that is DEGRADED or DOWN throughout, by tag, where there is one."""
    rows = db.execute(
        "select tag, begun from (select value as tag, (select min(started) from change"
        " where monitor = value and started > coalesce((select max(started) from change"
        " where monitor = value and status not in ('DEGRADED', 'DOWN')), -1)) as begun"
        " from json_each(?)) where begun is not null",
        [json.dumps(tags)],
    )
    return dict(rows.fetchall())


def forget_changes(db: Database, before: Instant, most: int = 1_000) -> int:
    """Delete up to `most` changes that say nothing about the time from `before` on; how many.

    The last one of a monitor stays for ever, however old: it is what the monitor is.
    """
    cursor = db.execute(
        "delete from change where (monitor, started) in ("
        " select c.monitor, c.started from change c where exists ("
        "  select 1 from change n where n.monitor = c.monitor and n.started > c.started"
        "  and n.started <= :before and n.detected is not null) limit :most)",
        {"before": before, "most": most},
    )
    return int(cursor.rowcount)


# ---- the loop's own life ---------------------------------------------------------------------


def mark_alive(db: Database, at: Instant, joins_within: int) -> Gap | None:
    """Record that the loop runs at `at`. The gap before it, if the last stretch is too old to join."""
    # After the clock was set back, a stretch from the future would hide every gap until it is reached.
    db.execute("delete from alive where started > ?", [at])
    db.execute("update alive set ended = ? where ended > ?", [at, at])
    row = db.execute("select started, ended from alive order by started desc limit 1").fetchone()
    if row is not None and at - row[1] < joins_within:
        db.execute("update alive set ended = ? where started = ?", [at, row[0]])
        return None
    db.execute("insert into alive (started, ended) values (?, ?)", [at, at])
    return None if row is None else Gap(row[1], at)


def alive(db: Database) -> tuple[Gap, ...]:
    """The stretches in which a loop ran, in order of time."""
    return tuple(Gap(*row) for row in db.execute("select started, ended from alive order by started"))


def last_alive(db: Database) -> Instant | None:
    row = db.execute("select max(ended) from alive").fetchone()
    return None if row is None else row[0]


def gaps(db: Database, most: int) -> tuple[Gap, ...]:
    """The newest times between two stretches in which a loop ran, in order of time."""
    rows = db.execute("select started, ended from alive order by started desc limit ?", [most + 1]).fetchall()
    rows.reverse()
    return tuple(Gap(before[1], after[0]) for before, after in pairwise(rows))


def forget_alive(db: Database, before: Instant) -> None:
    db.execute("delete from alive where ended < ?", [before])


# ---- secrets of our own ----------------------------------------------------------------------


def keep_secret(db: Database, name: str, fresh: bytes) -> bytes:
    """The secret of this name: `fresh` if there was none yet."""
    db.execute("insert into secret (name, value) values (?, ?) on conflict do nothing", [name, fresh])
    row = db.execute("select value from secret where name = ?", [name]).fetchone()
    return bytes(row[0])


def secret(db: Database, name: str) -> bytes | None:
    """The secret of this name; None if none was made yet."""
    row = db.execute("select value from secret where name = ?", [name]).fetchone()
    return None if row is None else bytes(row[0])


# ---- calls turned away -----------------------------------------------------------------------


def add_rejections(db: Database, counted: Mapping[tuple[str, str], int], at: Instant) -> None:
    """Add up calls by (monitor, reason)."""
    for (monitor, reason), count in counted.items():
        db.execute(
            "insert into rejection (monitor, reason, count, last) values (?, ?, ?, ?)"
            " on conflict do update set count = count + excluded.count, last = excluded.last",
            [monitor, reason, count, at],
        )


def rejections(db: Database, tags: Sequence[str] | None = None) -> tuple[Rejection, ...]:
    """What was turned away, the newest first; of these monitors if given."""
    where, values = "true", []
    if tags is not None:
        where, values = "monitor in (select value from json_each(?))", [json.dumps(tags)]
    rows = db.execute(
        f"select monitor, reason, count, last from rejection where {where} order by last desc", values
    )
    return tuple(Rejection(*row) for row in rows)
