"""What the changes of a monitor add up to: spans, gaps, uptime, days."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from operator import attrgetter, itemgetter
from zoneinfo import ZoneInfo

from kener_py.model import (
    MINUTE,
    SECOND,
    Change,
    Day,
    Gap,
    Instant,
    Millis,
    Span,
    Status,
    Uptime,
)
from kener_py.status.present import worst

_STATUSES = tuple(Status)

SHORTEST_GAP: Millis = 2 * MINUTE  # a shorter pause of the loop is a restart, not a gap


def _add(found: list[Span], started: Instant, ended: Instant, status: Status) -> None:
    """Append a span, or let the last one go on if it has the same status; never an empty one."""
    if ended <= started:
        return
    if found and found[-1].status is status:
        started = found.pop().started
    found.append(Span(started, ended, status))


def spans(changes: Sequence[Change], started: Instant, ended: Instant) -> tuple[Span, ...]:
    """[started, ended) tiled by status, from one monitor's changes in order of time."""
    found: list[Span] = []
    at, status = started, Status.NO_DATA
    for change in changes:
        if change.started >= ended:
            break
        if change.started > at:
            _add(found, at, change.started, status)
            at = change.started
        status = change.status
    _add(found, at, ended, status)
    return tuple(found)


def overlay(base: Sequence[Span], gaps: Sequence[Gap], status: Status) -> tuple[Span, ...]:
    """`base` with `status` wherever a gap lies."""
    gaps = sorted((gap for gap in gaps if gap.ended > gap.started), key=attrgetter("started"))
    if not gaps:
        return tuple(base)
    found: list[Span] = []
    first = 0
    for span in base:
        at = span.started
        while first < len(gaps) and gaps[first].ended <= at:
            first += 1
        if first == len(gaps) and found and found[-1].status is not span.status:
            found.append(span)  # most often by far
            continue
        for place in range(first, len(gaps)):
            gap = gaps[place]
            if gap.started >= span.ended:
                break
            begins, ends = max(gap.started, at), min(gap.ended, span.ended)
            _add(found, at, begins, span.status)
            _add(found, begins, ends, status)
            at = max(at, ends)
        _add(found, at, span.ended, span.status)
    return tuple(found)


def unobserved(alive: Sequence[Gap], started: Instant, ended: Instant) -> tuple[Gap, ...]:
    """The stretches of [started, ended) in which no loop ran, from those in which one did."""
    holes = []
    edge = min(started, alive[0].started) if alive else started
    for life in (*alive, Gap(ended, ended)):
        if life.started - edge >= SHORTEST_GAP:
            holes.append(Gap(edge, life.started))
        edge = max(edge, life.ended)
    clipped = (Gap(max(hole.started, started), min(hole.ended, ended)) for hole in holes)
    return tuple(hole for hole in clipped if hole.ended > hole.started)


def within(history: Iterable[Span], started: Instant, ended: Instant) -> Iterator[Span]:
    """The part of a history that lies in [started, ended)."""
    for span in history:
        if span.started < ended and span.ended > started:
            yield Span(max(span.started, started), min(span.ended, ended), span.status)


def uptime(history: Iterable[Span], is_degraded_down: bool = False) -> Uptime:
    """Milliseconds per status."""
    total = dict.fromkeys(_STATUSES, 0)
    for span in history:
        total[span.status] += span.ended - span.started
    return _summed(total, is_degraded_down)


def _summed(total: Mapping[Status, Millis], is_degraded_down: bool) -> Uptime:
    return Uptime(
        total[Status.UP],
        total[Status.DEGRADED],
        total[Status.DOWN],
        total[Status.MAINTENANCE],
        total[Status.NO_DATA],
        is_degraded_down,
    )


_STARTED, _ENDED = attrgetter("started"), attrgetter("ended")


def uptime_between(
    history: Sequence[Span], started: Instant, ended: Instant, is_degraded_down: bool = False
) -> Uptime:
    """`uptime` of the part of a history that lies in [started, ended), without a look at the rest."""
    first = bisect_right(history, started, key=_ENDED)
    last = bisect_left(history, ended, lo=first, key=_STARTED)
    if last == first + 1:  # most often by far
        only = history[first]
        length = min(only.ended, ended) - max(only.started, started)
        return _steady(only.status, length, is_degraded_down)
    total = dict.fromkeys(_STATUSES, 0)
    for span in history[first:last]:
        total[span.status] += span.ended - span.started
    if first < last:
        total[history[first].status] -= max(started - history[first].started, 0)
        total[history[last - 1].status] -= max(history[last - 1].ended - ended, 0)
    return _summed(total, is_degraded_down)


@lru_cache(maxsize=256)
def _steady(status: Status, length: Millis, is_degraded_down: bool) -> Uptime:
    return uptime((Span(0, length, status),), is_degraded_down)


def percent(total: Uptime) -> str | None:
    """(UP + DEGRADED) ÷ (UP + DEGRADED + DOWN) with three decimals, floored; None without data."""
    known = total.up + total.degraded + total.down
    if not known:
        return None
    good = total.up if total.is_degraded_down else total.up + total.degraded
    whole, thousandths = divmod(good * 100_000 // known, 1_000)
    return f"{whole}.{thousandths:03}".rstrip("0").rstrip(".")


def combined(totals: Iterable[Uptime]) -> Uptime:
    """The time of several monitors as one total: each monitor's hours weigh the same.

    Degraded time of a monitor that counts it as downtime is downtime here.
    """
    up = degraded = down = maintenance = no_data = 0
    for total in totals:
        up += total.up
        if total.is_degraded_down:
            down += total.degraded
        else:
            degraded += total.degraded
        down += total.down
        maintenance += total.maintenance
        no_data += total.no_data
    return Uptime(up, degraded, down, maintenance, no_data)


def combined_days(histories: Iterable[tuple[Day, ...]]) -> tuple[Day, ...]:
    """Several monitors' days, all with the same dates, as one: the time added up, the worst status."""
    found = []
    for same in zip(*histories, strict=True):
        first = same[0]
        others = [day for day in same if day.uptime is not first.uptime]
        total, status = _times(first.uptime, len(same) - len(others)), first.status
        if others:  # few days by far
            total = combined([total, *(day.uptime for day in others)])
            status = worst([status, *(day.status for day in others)])
        found.append(Day(first.date, first.started, first.ended, total, status))
    return tuple(found)


@lru_cache(maxsize=256)
def _times(total: Uptime, count: int) -> Uptime:
    return combined((total,) * count)


def midnight(day: date, zone: str) -> Instant:
    """The first instant of a calendar day, also where the clocks skip midnight."""
    return int(datetime.combine(day, time.min, ZoneInfo(zone)).timestamp() * SECOND)


@lru_cache(maxsize=8)
def _calendar(zone: str, today: date, count: int) -> tuple[tuple[str, Instant, Instant], ...]:
    dates = [today - timedelta(days=n) for n in range(count - 1, -2, -1)]
    edges = [midnight(day, zone) for day in dates]
    return tuple(
        (day.isoformat(), started, ended)
        for day, started, ended in zip(dates[:-1], edges[:-1], edges[1:], strict=True)
    )


def calendar(zone: str, at: Instant, count: int) -> tuple[tuple[str, Instant, Instant], ...]:
    """(ISO date, start, end) of the last `count` days of `zone`, oldest first, today's last."""
    return _calendar(zone, _today(zone, at), count)


def _today(zone: str, at: Instant) -> date:
    return datetime.fromtimestamp(at / SECOND, ZoneInfo(zone)).date()


@lru_cache(maxsize=64)
def _steady_days(
    zone: str, today: date, count: int, status: Status, is_degraded_down: bool
) -> tuple[Day, ...]:
    """The days of `_calendar`, each of one status from midnight to midnight."""
    return tuple(
        Day(name, started, ended, _steady(status, ended - started, is_degraded_down), status)
        for name, started, ended in _calendar(zone, today, count)
    )


def days(
    history: Sequence[Span], zone: str, at: Instant, count: int, is_degraded_down: bool = False
) -> tuple[Day, ...]:
    """The last `count` calendar days of `zone`, oldest first; today ends at `at`."""
    today = _today(zone, at)
    calendar = _calendar(zone, today, count)
    name, started, _ = calendar[-1]
    # From midnight to midnight: that stays the same while the history, which ends now, moves on.
    before = tuple(within(history, calendar[0][1], started))
    closed = _closed_days(before, zone, today, count - 1, is_degraded_down)
    return (*closed, _day(history, name, started, at, is_degraded_down))


def _day(history: Sequence[Span], name: str, started: Instant, ended: Instant, is_degraded_down: bool) -> Day:
    first = bisect_right(history, started, key=_ENDED)
    last = bisect_left(history, ended, lo=first, key=_STARTED)
    total = uptime_between(history[first:last], started, ended, is_degraded_down)
    return Day(name, started, ended, total, worst(span.status for span in history[first:last]))


@lru_cache(maxsize=4_096)  # they stay the same until midnight, and most of them after that
def _closed_days(
    history: tuple[Span, ...], zone: str, today: date, count: int, is_degraded_down: bool
) -> tuple[Day, ...]:
    """The `count` days before today, from the history until its midnight."""
    calendar = _calendar(zone, today, count + 1)
    found: list[Day] = []
    first = 0
    while len(found) < count:
        place = len(found)
        name, started, ended = calendar[place]
        while first < len(history) and history[first].ended <= started:
            first += 1
        if first < len(history) and history[first].started <= started:  # most days by far: all in one span
            through = bisect_right(calendar, history[first].ended, place, count, key=itemgetter(2))
            if through > place:
                steady = _steady_days(zone, today, count + 1, history[first].status, is_degraded_down)
                found += steady[place:through]
                continue
        found.append(_day(history, name, started, ended, is_degraded_down))
    return tuple(found)
