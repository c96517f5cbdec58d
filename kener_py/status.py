"""What a monitor is at an instant, and what its history adds up to. Pure: time is an argument.

Facts arrive (`receive`), time passes (`advance`), an evaluation shows what is so (`evaluate`). The
history that comes out is exact and does not depend on when anybody looked.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from operator import attrgetter, itemgetter
from zoneinfo import ZoneInfo

from croniter import croniter

from kener_py.model import (
    MINUTE,
    SECOND,
    Change,
    Day,
    Gap,
    Heartbeat,
    Instant,
    Limits,
    Millis,
    Span,
    State,
    Status,
    Uptime,
    replace,
)

_STATUSES = tuple(Status)

SHORTEST_GAP: Millis = 2 * MINUTE  # a shorter pause of the loop is a restart, not a gap

# For "worst of": NO_DATA says nothing, so anything known is worse.
_BADNESS = {
    Status.NO_DATA: 0,
    Status.UP: 1,
    Status.MAINTENANCE: 2,
    Status.DEGRADED: 3,
    Status.DOWN: 4,
}


def worst(statuses: Iterable[Status]) -> Status:
    """The status that a group of monitors, or a day, is summed up as."""
    return max(statuses, key=_BADNESS.__getitem__, default=Status.NO_DATA)


# ---- facts and time --------------------------------------------------------------------------


def begin(tag: str, limits: Limits, at: Instant) -> State:
    """The state of a monitor that was never heard of."""
    return State(monitor=tag, limits=limits, evaluated=at)


def deadlines(state: State) -> tuple[tuple[Instant, Status], ...]:
    """When silence alone makes it worse: (the last instant in time, what it is afterwards).

    A further way to say how long silence may last, such as a schedule of the job, goes here.
    """
    if state.last is None or state.reported is Status.DOWN:
        return ()
    down = (state.last + state.limits.down_after, Status.DOWN)
    if state.reported is Status.DEGRADED or state.limits.degraded_after >= state.limits.down_after:
        return (down,)
    return (state.last + state.limits.degraded_after, Status.DEGRADED), down


def literal(state: State, at: Instant) -> Status:
    """The status by the rule's own words: strict comparisons on exact elapsed time."""
    if state.last is None:
        return Status.NO_DATA
    status = state.reported
    for deadline, worse in deadlines(state):
        if at > deadline:
            status = worse
    return status


def next_expected(state: State) -> Instant | None:
    """When the next heartbeat should be here: after one interval, or before it is degraded."""
    if state.last is None:
        return None
    return state.last + (state.limits.interval or state.limits.degraded_after)


def _move(state: State, started: Instant, status: Status) -> tuple[State, Change]:
    # Two changes never share an instant: the store keys them by it.
    if state.head_since is not None:
        started = max(started, state.head_since + 1)
    return replace(state, head=status, head_since=started), Change(state.monitor, started, status)


def advance(state: State, at: Instant) -> tuple[State, tuple[Change, ...]]:
    """The head moved to `at` by silence alone, with the changes on the way."""
    if state.head is Status.NO_DATA or state.head is Status.DOWN:
        return state, ()
    changes = []
    for deadline, status in deadlines(state):
        if at > deadline and _BADNESS[status] > _BADNESS[state.head]:
            state, change = _move(state, deadline, status)
            changes.append(change)
    return state, tuple(changes)


def receive(state: State, beat: Heartbeat) -> tuple[State, tuple[Change, ...]]:
    """The head moved to the arrival of `beat`, then by what it reports.

    A beat that is older than the last one (two threads, a clock set back) counts as arriving with it.
    """
    at = beat.received if state.last is None else max(beat.received, state.last)
    state, changes = advance(state, at)
    # Not `replace`: it takes half of the time of a heartbeat.
    state = State(
        state.monitor,
        state.limits,
        at,
        beat.status,
        beat.message,
        state.beats + 1,
        state.status,
        state.since,
        state.head,
        state.head_since,
        state.evaluated,
        state.quiet_until,
        state.snoozed_until,
        state.is_counting,
        at if state.first is None else state.first,
    )
    if beat.status is not state.head:
        state, change = _move(state, at, beat.status)
        changes = (*changes, change)
    return state, changes


def _at_present(state: State, at: Instant) -> tuple[State, tuple[Change, ...]]:
    """`advance`, and nothing left that lies in the future."""
    changes: tuple[Change, ...] = ()
    if state.last is not None and state.last > at:
        state = replace(state, last=at)
    # Less than a second ahead is no clock set back, but `_move` keeping two changes apart.
    if state.head_since is not None and state.head_since > at + SECOND:
        changes = (Change(state.monitor, at, state.head),)
        state = replace(state, head_since=at)
    state, silent = advance(state, at)
    return state, (*changes, *silent)


def evaluate(state: State, at: Instant) -> tuple[State, tuple[Change, ...]]:
    """What a tick finds and shows, with the changes that silence made since the last look.

    If the clock was set back, what lies in the future is dated to `at`: silence counts from here,
    and a change supersedes those that are stored after it.
    """
    state, changes = _at_present(state, at)
    return replace(state, status=state.head, since=state.head_since, evaluated=at), changes


def _become(state: State, status: Status, at: Instant) -> tuple[State, tuple[Change, ...]]:
    if status is state.head:
        return state, ()
    state, change = _move(state, at, status)
    return state, (change,)


def adopt(state: State, limits: Limits, at: Instant) -> tuple[State, tuple[Change, ...]]:
    """New limits from `at` on; the time before is judged by the old ones."""
    state, before = _at_present(state, at)
    if limits == state.limits and state.head is not Status.NO_DATA:
        return state, before
    state = replace(state, limits=limits)
    state, after = _become(state, literal(state, at), at)
    return state, (*before, *after)


def retire(state: State, at: Instant) -> tuple[State, tuple[Change, ...]]:
    """Nobody watches this monitor from `at` on; `adopt` takes it up again."""
    state, before = _at_present(state, at)
    state, after = _become(state, Status.NO_DATA, at)
    return state, (*before, *after)


def due(state: State) -> Instant | None:
    """The instant after which an evaluation has something to say; None if only a beat can change it."""
    if (state.head, state.head_since) != (state.status, state.since):
        return 0
    if state.head is Status.NO_DATA:
        return None
    later = [deadline for deadline, status in deadlines(state) if _BADNESS[status] > _BADNESS[state.head]]
    return min(later, default=None)


# ---- history ---------------------------------------------------------------------------------


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
    name, started, _ = _calendar(zone, today, count)[count - 1]
    before = list(history[: bisect_left(history, started, key=_STARTED)])
    if before and before[-1].ended > started:
        before[-1] = Span(before[-1].started, started, before[-1].status)
    closed = _closed_days(tuple(before), zone, today, count - 1, is_degraded_down)
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


# ---- when we look ----------------------------------------------------------------------------


def next_tick(cron: str, zone: str, after: Instant) -> Instant:
    """The first instant of `cron` after `after`, on the wall clock of `zone`."""
    start = datetime.fromtimestamp(after / SECOND, UTC).astimezone(ZoneInfo(zone))
    ticks = croniter(cron, start, second_at_beginning=False)
    following = ticks.get_next(datetime)
    # cron runs a fixed-time job once when clocks go back; croniter yields it twice. And a wildcard of
    # an hour that the clocks skip does not run at all that day; croniter yields it once, after the gap.
    while _is_spurious(cron, start, following):
        following = ticks.get_next(datetime)
    return int(following.timestamp() * SECOND)


def _is_spurious(cron: str, before: datetime, tick: datetime) -> bool:
    if not _is_wildcard(cron):
        return bool(tick.fold)
    if tick.utcoffset() == before.utcoffset():
        return False
    return not croniter.match(cron, tick.replace(tzinfo=None))


def _is_wildcard(cron: str) -> bool:
    """Whether it follows real hours: its minute or hour field begins with a star."""
    return cron == "@hourly" or any(field.startswith("*") for field in cron.split()[:2])
