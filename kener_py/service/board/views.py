"""What a history adds up to, for each monitor: the figures that every reader shares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from kener_py import status, store
from kener_py.model import (
    DAY,
    HOUR,
    MINUTE,
    Change,
    Config,
    Day,
    Gap,
    Instant,
    Millis,
    Monitor,
    MonitorView,
    Span,
    State,
    Status,
    Uptime,
)
from kener_py.service import maintenance

STALE_AFTER: Millis = 3 * MINUTE
DAYS = 90
_FEW = 100  # monitors whose rows are asked for one by one; for more, all are read
WINDOWS = {"24h": 24 * HOUR, "7d": 7 * DAY, "30d": 30 * DAY, "90d": 90 * DAY}


def is_stale(measured: Instant | None, at: Instant) -> bool:
    """Whether the loop has stood still for so long that no status can be trusted."""
    return measured is None or at - measured > STALE_AFTER


def history_start(zone: str, at: Instant) -> Instant:
    return min(at - WINDOWS["90d"], status.calendar(zone, at, DAYS)[0][1])


def seen_spans(
    changes: Sequence[Change], gaps: Sequence[Gap], start: Instant, at: Instant
) -> tuple[Span, ...]:
    return status.overlay(status.spans(changes, start, at), gaps, Status.NO_DATA)


@dataclass(frozen=True, slots=True)
class Figures:
    """What a history adds up to."""

    history: tuple[Span, ...]
    uptime: Mapping[str, Uptime]
    days: tuple[Day, ...]
    sixty: Uptime  # of the last 60 days


_NOTHING = Figures((), {}, (), Uptime())


@lru_cache(maxsize=64)  # of one page: most monitors have been up all the time, with the same windows
def figures_of(
    seen: tuple[Span, ...], planned: tuple[Gap, ...], zone: str, at: Instant, is_degraded_down: bool
) -> Figures:
    history = status.overlay(seen, planned, Status.MAINTENANCE)
    uptime = {
        name: status.uptime_between(history, at - length, at, is_degraded_down)
        for name, length in WINDOWS.items()
    }
    sixty = status.uptime_between(history, at - 60 * DAY, at, is_degraded_down)
    return Figures(history, uptime, status.days(history, zone, at, DAYS, is_degraded_down), sixty)


def view(
    monitor: Monitor, state: State, figures: Figures, planned: tuple[Gap, ...], at: Instant
) -> MonitorView:
    in_maintenance = maintenance.begun(planned, at)
    return MonitorView(
        monitor=monitor,
        status=state.status if in_maintenance is None else Status.MAINTENANCE,
        since=state.since if in_maintenance is None else in_maintenance,
        last=state.last,
        next_expected=status.next_expected(state),
        uptime=figures.uptime,
        days=figures.days,
        first=state.first,
        sixty=figures.sixty,
    )


def monitor_views(
    db: store.Database, config: Config, monitors: Iterable[Monitor], at: Instant
) -> list[MonitorView]:
    """Status, uptime and days of the given monitors."""
    zone = config.site.timezone
    start = history_start(zone, at)
    gaps = status.unobserved(store.alive(db), start, at)
    states, changes = store.states(db), store.all_changes(db, start)
    planned = maintenance.gaps(db, start, at)
    found = []
    for monitor in monitors:
        state = states.get(monitor.tag) or status.begin(monitor.tag, monitor.limits, at)
        own = planned.get(monitor.tag, ())
        seen = seen_spans(changes.get(monitor.tag, ()), gaps, start, at)
        figures = figures_of(seen, own, zone, at, monitor.include_degraded_in_downtime)
        found.append(view(monitor, state, figures, own, at))
    return found


def present_views(db: store.Database, monitors: Iterable[Monitor], at: Instant) -> list[MonitorView]:
    """The given monitors as they are now, without uptime and days."""
    states, planned = store.states(db), maintenance.gaps(db, at, at)
    return [
        view(
            monitor,
            states.get(monitor.tag) or status.begin(monitor.tag, monitor.limits, at),
            _NOTHING,
            planned.get(monitor.tag, ()),
            at,
        )
        for monitor in monitors
    ]


def histories(
    db: store.Database, monitors: Iterable[Monitor], start: Instant, end: Instant
) -> dict[str, tuple[Span, ...]]:
    """[start, end) of each monitor by tag, with maintenance and the time that nobody looked laid over it."""
    monitors = list(monitors)
    gaps = status.unobserved(store.alive(db), start, end)
    changes: Mapping[str, Sequence[Change]]
    if len(monitors) <= _FEW:
        changes = {monitor.tag: store.changes(db, monitor.tag, start, end) for monitor in monitors}
    else:
        changes = store.all_changes(db, start, end)
    planned = maintenance.gaps(db, start, end)
    return {
        monitor.tag: status.overlay(
            seen_spans(changes.get(monitor.tag, ()), gaps, start, end),
            planned.get(monitor.tag, ()),
            Status.MAINTENANCE,
        )
        for monitor in monitors
    }


def uptime_of(db: store.Database, config: Config, tag: str | None, start: Instant, end: Instant) -> Uptime:
    """The time per status within [start, end): of one monitor, or of all that are public."""
    found = [
        monitor
        for monitor in config.monitors.values()
        if not monitor.is_hidden and (tag is None or monitor.tag == tag)
    ]
    spans = histories(db, found, start, end)
    return status.combined(
        status.uptime(spans[monitor.tag], monitor.include_degraded_in_downtime) for monitor in found
    )
