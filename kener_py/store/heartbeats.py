"""The log of heartbeats: the newest of each monitor, with what they said."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlite_utils import Database

from kener_py.model import Heartbeat, Instant, Status
from kener_py.store.steps import in_few_steps


def log_beats(db: Database, beats: Sequence[tuple[Heartbeat, int]], keep: int) -> None:
    """Keep heartbeats, each with its number, in their monitors' logs of the newest `keep`."""
    in_few_steps(
        db,
        "insert or replace into heartbeat (monitor, number, received, status, message, metrics,"
        " method, user_agent, address) values {rows}",
        [
            (
                beat.monitor,
                number,
                beat.received,
                str(beat.status),
                beat.message,
                json.dumps(dict(beat.metrics)) if beat.metrics else "{}",
                beat.method,
                beat.user_agent,
                beat.address,
            )
            for beat, number in beats
        ],
    )
    newest = {beat.monitor: number for beat, number in beats}
    in_few_steps(
        db,
        "with old (monitor, number) as (values {rows}) delete from heartbeat where (monitor, number) in"
        " (select log.monitor, log.number from old cross join heartbeat log"
        " where log.monitor = old.monitor and log.number <= old.number)",
        [(monitor, number - keep) for monitor, number in newest.items() if number > keep],
    )


def trim_beats(db: Database, keep: int, most: int = 1_000) -> int:
    """After `keep` became smaller: delete up to `most` beyond the newest of each monitor; how many.

    Also of a monitor that is silent.
    """
    cursor = db.execute(
        "delete from heartbeat where (monitor, number) in (select log.monitor, log.number"
        " from state cross join heartbeat log where log.monitor = state.monitor"
        " and log.number <= state.beats - :keep limit :most)",
        {"keep": keep, "most": most},
    )
    return int(cursor.rowcount)


def beats(db: Database, tag: str, most: int) -> tuple[Heartbeat, ...]:
    """The newest heartbeats of the log, newest first."""
    rows = db.execute(
        "select received, status, message, metrics, method, user_agent, address from heartbeat"
        " where monitor = ? order by number desc limit ?",
        [tag, most],
    )
    return tuple(
        Heartbeat(tag, row[0], Status(row[1]), row[2], tuple(json.loads(row[3]).items()), *row[4:])
        for row in rows
    )


def arrivals(db: Database, tags: Sequence[str], most: int) -> dict[str, list[Instant]]:
    """When the newest heartbeats of each of these monitors came, newest first, by tag."""
    rows = db.execute(
        "select value, (select json_group_array(received) from (select received from heartbeat"
        " where monitor = value order by number desc limit ?)) from json_each(?)",
        [most, json.dumps(tags)],
    )
    return {tag: json.loads(received) for tag, received in rows}


def count_beats(db: Database, tag: str, since: Instant, until: Instant) -> tuple[int, bool]:
    """How many heartbeats of [since, until) are in the log, and whether those are all there were."""
    count, oldest, number = db.execute(
        "select count(*) filter (where received >= :since and received < :until), min(received), min(number)"
        " from heartbeat where monitor = :tag",
        {"tag": tag, "since": since, "until": until},
    ).fetchone()
    return count, number is None or number == 1 or oldest < since
