"""The facts of an incident that nobody has to write: when it was noticed, what it did, what it cost.

`reckon`, `steps` and `detected` are arithmetic; `effects` fetches what they need.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter

from kener_py import status, store
from kener_py.model import (
    DAY,
    HOUR,
    MINUTE,
    Change,
    Config,
    Effect,
    Incident,
    Instant,
    Millis,
    Monitor,
    Span,
    Status,
    Step,
    Uptime,
    replace,
)
from kener_py.service import maintenance
from kener_py.service.board import views

QUARTER: Millis = 90 * DAY
_LEAST_AROUND: Millis = 30 * MINUTE  # shown before an incident and after it
_MOST_AROUND: Millis = 12 * HOUR
_TROUBLE = (Status.DEGRADED, Status.DOWN)


# ---- arithmetic ------------------------------------------------------------------------------


def end(incident: Incident, at: Instant) -> Instant:
    """When it was over; as long as it lasts, `at`."""
    return max(incident.started, at if incident.resolved is None else incident.resolved)


def around(started: Instant, ended: Instant, at: Instant) -> tuple[Instant, Instant]:
    """[started, ended) with some time before and after it, as far as it has passed."""
    margin = min(max((ended - started) // 4, _LEAST_AROUND), _MOST_AROUND)
    return started - margin, min(ended + margin, max(at, ended))


def part(history: Sequence[Span], started: Instant, ended: Instant) -> tuple[Span, ...]:
    """[started, ended) of a long history: only the two ends of it are cut, all else is taken as it is."""
    first = bisect_right(history, started, key=attrgetter("ended"))
    last = bisect_left(history, ended, key=attrgetter("started"))
    if first >= last:
        return ()
    found = list(history[first:last])
    found[0] = replace(found[0], started=max(found[0].started, started))
    found[-1] = replace(found[-1], ended=min(found[-1].ended, ended))
    return tuple(found)


def steps(tag: str, history: Iterable[Span], started: Instant, ended: Instant) -> tuple[Step, ...]:
    """What the monitor became from the incident's first instant to its last, oldest first."""
    return tuple(
        Step(tag, after.started, before.status, after.status)
        for before, after in pairwise(history)
        if started <= after.started <= ended
    )


def detected(incident: Incident, changes: Iterable[Change], ended: Instant) -> Instant | None:
    """When trouble was noticed: by the loop, or by who wrote the first word; the earlier of the two.

    None if the incident was written down when it was over, or if nobody said that it began earlier.
    """
    wrote = min((update.created for update in incident.updates), default=incident.created)
    if incident.opened_for is not None:
        wrote = incident.created  # what people add later may be dated as they like
    noticed = [
        change.detected
        for change in changes
        if change.status in _TROUBLE
        and change.detected is not None
        and incident.started <= change.started <= change.detected <= ended
    ]
    if incident.opened_for is not None or incident.started < wrote <= ended:
        noticed.append(max(wrote, incident.started))
    return min(noticed, default=None)


def spared(quarter: Uptime, during: Uptime) -> Uptime:
    """`quarter` had the monitor been up while it was down `during` the incident."""
    degraded = during.degraded if quarter.is_degraded_down else 0
    return replace(
        quarter,
        up=quarter.up + during.down + degraded,
        degraded=quarter.degraded - degraded,
        down=quarter.down - during.down,
    )


def cost(quarter: Uptime, during: Uptime) -> int | None:
    """What `during` took from the uptime of `quarter`, in thousandths of a percentage point, floored.

    Where that is 1 or more it is the difference of the two figures as they are printed, so that they add
    up. None if it took nothing.
    """
    lost = during.down + (during.degraded if quarter.is_degraded_down else 0)
    known = quarter.up + quarter.degraded + quarter.down
    if not lost or not known:
        return None
    if lost * 100_000 < known:
        return 0
    good = quarter.up + (0 if quarter.is_degraded_down else quarter.degraded)
    return (good + lost) * 100_000 // known - good * 100_000 // known


@dataclass(frozen=True, slots=True)
class Reach:
    """How much of an incident's past is still kept."""

    started: Instant
    ended: Instant
    has_incident: bool
    has_quarter: bool


def reach(incident: Incident, at: Instant, kept: Millis) -> Reach:
    """What history still tells at `at` if it is kept for so long."""
    ended = end(incident, at)
    since = at - kept
    held = incident.started >= since
    return Reach(incident.started, ended, held, held and ended - QUARTER >= since)


def reckon(tag: str, history: Sequence[Span], reach: Reach, is_degraded_down: bool) -> Effect:
    """What an incident did to a monitor whose `history` covers the incident, and 90 days if they are kept."""
    if not reach.has_incident:
        return Effect(tag)
    # A moment at least: what ended as it began still found the monitor in some status.
    inside = part(history, reach.started, max(reach.ended, reach.started + 1))
    found = Effect(tag, then=status.worst(span.status for span in inside))
    during = status.uptime(part(inside, reach.started, reach.ended), is_degraded_down)
    if found.then is Status.NO_DATA:
        return found  # it was not watched then; or its history began later
    found = replace(found, during=during)
    if not reach.has_quarter:
        return found
    first = reach.ended - QUARTER
    quarter = status.uptime(part(history, first, reach.ended), is_degraded_down)
    # An incident may be longer than the 90 days that its end is judged by.
    late = status.uptime(part(inside, max(reach.started, first), reach.ended), is_degraded_down)
    return replace(found, quarter=quarter, spared=spared(quarter, late), cost=cost(quarter, late))


# ---- from rows -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Found:
    """All that an incident's page says of its monitors."""

    detected: Instant | None
    effects: tuple[Effect, ...]
    steps: tuple[Step, ...]
    around: Span | None


def effects(
    db: store.Database, config: Config, incident: Incident, monitors: Sequence[Monitor], at: Instant
) -> Found:
    """What the incident did to `monitors`, which are public ones."""
    kept = reach(incident, at, config.retention.days * DAY)
    begun, until = around(kept.started, kept.ended, at)
    start = min(begun, kept.ended - QUARTER) if kept.has_quarter else begun
    absent = status.unobserved(store.alive(db), start, until)
    planned = maintenance.gaps(db, start, until)
    present = now(db, monitors, at)
    found: list[Effect] = []
    walked: list[Step] = []
    noticed: list[Change] = []
    for monitor in monitors:
        # What began as the incident ended may have been noticed in the same instant.
        changes = store.changes(db, monitor.tag, start, until + 1)
        seen = status.overlay(status.spans(changes, start, until), absent, Status.NO_DATA)
        history = status.overlay(seen, planned.get(monitor.tag, ()), Status.MAINTENANCE)
        effect = reckon(monitor.tag, history, kept, monitor.include_degraded_in_downtime)
        if kept.has_incident:
            near = part(history, begun, until)
            effect = replace(effect, history=near)
            walked.extend(steps(monitor.tag, near, kept.started, kept.ended))
            noticed.extend(changes)
        found.append(replace(effect, now=present[monitor.tag]))
    return Found(
        detected=detected(incident, noticed, kept.ended),
        effects=tuple(found),
        steps=tuple(sorted(walked, key=lambda step: step.at)),
        around=Span(begun, until, Status.NO_DATA) if kept.has_incident and found else None,
    )


def now(db: store.Database, monitors: Iterable[Monitor], at: Instant) -> dict[str, Status | None]:
    """What the monitors are, by tag; None for all of them while the loop stands still."""
    stale = views.is_stale(store.last_alive(db), at)
    planned = maintenance.gaps(db, at, at)
    present: dict[str, Status | None] = {}
    for monitor in monitors:
        state = store.state(db, monitor.tag)
        known = Status.NO_DATA if state is None else state.status
        in_maintenance = maintenance.begun(planned.get(monitor.tag, ()), at) is not None
        present[monitor.tag] = None if stale else Status.MAINTENANCE if in_maintenance else known
    return present
