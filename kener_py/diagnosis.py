"""Why a monitor may be late, as far as the data says so. Pure; it says nothing when unsure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from kener_py.messages import length
from kener_py.model import SECOND, Instant, Limits, Millis, Rejection

_ENOUGH = 5  # distances between heartbeats; fewer are no rhythm
_RECENT = 20
_SPREAD = 0.1  # a rhythm is regular when four of five distances are this close to the median
_GROWTH = 1.2  # and gets slower when the last distance is this much longer than the first

_REASONS = {
    "wrong secret": "a wrong secret",
    "no API key": "no API key",
    "unknown API key": "an unknown API key",
    "expired API key": "an expired API key",
    "insufficient scope": "an API key that may not write this monitor",
    "unknown status": "a status that does not exist",
}


def diagnose(
    limits: Limits,
    arrivals: Sequence[Instant],
    rejections: Sequence[Rejection],
    last: Instant | None,
    at: Instant,
) -> tuple[str, ...]:
    """Sentences about the cause of a silence, the surest first.

    `arrivals` are the newest heartbeats in any order, `rejections` those of this monitor, `last` its
    last heartbeat.
    """
    return (*_turned_away(rejections, last, at), *_rhythm(limits, arrivals, at))


def _turned_away(rejections: Sequence[Rejection], last: Instant | None, at: Instant) -> list[str]:
    """Calls that came after the last good one, the newest first.

    A count goes back to the monitor's beginning, so that of several only the newest is known to be later.
    """
    found = []
    for each in sorted(rejections, key=lambda one: -one.last):
        what = _REASONS.get(each.reason)
        if what is None or not each.monitor or each.count < 1 or each.last > at:
            continue
        if last is not None and each.last <= last:
            continue
        ago = f"the latest {length(_rounded(at - each.last))} ago"
        if each.count == 1:
            found.append(f"A call with {what} was turned away {ago.removeprefix('the latest ')}.")
        elif last is None:
            found.append(f"{each.count} calls with {what} were turned away, {ago}; none was right.")
        else:
            found.append(
                f"Calls with {what} are turned away: {ago}, after the last good one; {each.count} in all."
            )
    return found


def _rhythm(limits: Limits, arrivals: Sequence[Instant], at: Instant) -> list[str]:
    times = sorted(arrival for arrival in arrivals if arrival <= at)[-_RECENT:]
    distances = [later - earlier for earlier, later in pairwise(times)]
    if len(distances) < _ENOUGH:
        return []
    middle = sorted(distances)[len(distances) // 2]
    near = sum(abs(distance - middle) <= _SPREAD * middle for distance in distances)
    if near >= 0.8 * len(distances):
        return _too_slow(limits, middle, len(times))
    tail = distances[-_ENOUGH:]
    is_slowing = all(one < two for one, two in pairwise(tail)) and tail[-1] >= _GROWTH * max(tail[0], 1)
    if is_slowing and tail[-1] >= SECOND:
        first, now = length(_rounded(tail[0])), length(_rounded(tail[-1]))
        grew = f"the distances of the last {_ENOUGH} grew from {first} to {now}"
        return [f"The heartbeats come ever later: {grew}."]
    return []


def _too_slow(limits: Limits, middle: Millis, count: int) -> list[str]:
    for limit in (limits.down_after, limits.degraded_after):
        if middle > limit:
            every = length(_rounded(middle))
            return [f"The last {count} heartbeats came every {every}; the limit is {length(limit)}."]
    return []


def _rounded(millis: Millis) -> Millis:
    """To whole seconds: what is less is chance."""
    return millis if millis < SECOND else (millis + SECOND // 2) // SECOND * SECOND
