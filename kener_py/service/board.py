"""What people are shown, put together from rows: every reader gets the same facts from here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from kener_py import status, store
from kener_py.model import (
    DAY,
    HOUR,
    MINUTE,
    Board,
    Change,
    Config,
    Day,
    Gap,
    Group,
    Incident,
    IncidentPage,
    Instant,
    MaintenancePage,
    Millis,
    Monitor,
    MonitorPage,
    MonitorView,
    Overall,
    Severity,
    Span,
    State,
    Status,
    Uptime,
)
from kener_py.service import maintenance

STALE_AFTER: Millis = 3 * MINUTE
DAYS = 90
WINDOWS = {"24h": 24 * HOUR, "7d": 7 * DAY, "30d": 30 * DAY, "90d": 90 * DAY}
RECENT: Millis = 14 * DAY
_MAJOR_SHARE = 0.75  # of the monitors that have data


def is_stale(measured: Instant | None, at: Instant) -> bool:
    """Whether the loop has stood still for so long that no status can be trusted."""
    return measured is None or at - measured > STALE_AFTER


def _history_start(zone: str, at: Instant) -> Instant:
    return min(at - WINDOWS["90d"], status.calendar(zone, at, DAYS)[0][1])


def _seen(changes: Sequence[Change], gaps: Sequence[Gap], start: Instant, at: Instant) -> tuple[Span, ...]:
    return status.overlay(status.spans(changes, start, at), gaps, Status.NO_DATA)


@dataclass(frozen=True, slots=True)
class _Figures:
    """What a history adds up to."""

    history: tuple[Span, ...]
    uptime: Mapping[str, Uptime]
    days: tuple[Day, ...]


@lru_cache(maxsize=64)  # of one page: most monitors have been up all the time, with the same windows
def _figures(
    seen: tuple[Span, ...], planned: tuple[Gap, ...], zone: str, at: Instant, is_degraded_down: bool
) -> _Figures:
    history = status.overlay(seen, planned, Status.MAINTENANCE)
    uptime = {
        name: status.uptime(status.within(history, at - length, at), is_degraded_down)
        for name, length in WINDOWS.items()
    }
    return _Figures(history, uptime, status.days(history, zone, at, DAYS, is_degraded_down))


def _view(
    monitor: Monitor, state: State, figures: _Figures, planned: tuple[Gap, ...], at: Instant
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
    )


def public(config: Config) -> list[Monitor]:
    return [monitor for monitor in config.monitors.values() if not monitor.is_hidden]


def views(db: store.Database, config: Config, monitors: Iterable[Monitor], at: Instant) -> list[MonitorView]:
    """Status, uptime and days of the given monitors."""
    zone = config.site.timezone
    start = _history_start(zone, at)
    gaps = status.unobserved(store.alive(db), start, at)
    states, changes = store.states(db), store.all_changes(db, start)
    planned = maintenance.gaps(db, start, at)
    found = []
    for monitor in monitors:
        state = states.get(monitor.tag) or status.begin(monitor.tag, monitor.limits, at)
        own = planned.get(monitor.tag, ())
        seen = _seen(changes.get(monitor.tag, ()), gaps, start, at)
        figures = _figures(seen, own, zone, at, monitor.include_degraded_in_downtime)
        found.append(_view(monitor, state, figures, own, at))
    return found


def _groups(found: Iterable[MonitorView]) -> tuple[Group, ...]:
    by_category: dict[str, list[MonitorView]] = {}
    for view in found:
        by_category.setdefault(view.monitor.category, []).append(view)
    return tuple(
        Group(name, status.worst(view.status for view in inside), tuple(inside))
        for name, inside in by_category.items()
    )


_FROM_INCIDENT = {
    Severity.MINOR: Overall.DEGRADED,
    Severity.MAJOR: Overall.PARTIAL_OUTAGE,
    Severity.CRITICAL: Overall.MAJOR_OUTAGE,
}
_WORST_FIRST = (Severity.CRITICAL, Severity.MAJOR, Severity.MINOR)
_ORDER = list(Overall)  # as declared: from nothing known to the worst


def _worst_first(incident: Incident) -> int:
    return _WORST_FIRST.index(incident.severity)


def overall(found: Sequence[Status], incidents: Sequence[Incident], stale: bool) -> Overall:
    """The banner: the worst of what monitors are and what open incidents say."""
    if not found:
        return Overall.EMPTY
    if stale:
        return Overall.UNKNOWN
    known = [each for each in found if each is not Status.NO_DATA]
    says = [_FROM_INCIDENT[incident.severity] for incident in incidents]
    down = known.count(Status.DOWN)
    if down:
        is_major = down >= _MAJOR_SHARE * len(known)
        says.append(Overall.MAJOR_OUTAGE if is_major else Overall.PARTIAL_OUTAGE)
    elif Status.DEGRADED in known:
        says.append(Overall.DEGRADED)
    elif Status.MAINTENANCE in known:
        says.append(Overall.MAINTENANCE)
    else:
        says.append(Overall.UP if known else Overall.WAITING)
    return max(says, key=_ORDER.index)


def _for_public(config: Config, incident: Incident, at: Instant) -> Incident | None:
    """The incident as a visitor may see it; None if it is a draft or about hidden monitors only."""
    if not incident.is_public or incident.publish_at is None or incident.publish_at > at:
        return None
    hidden = {tag for tag, monitor in config.monitors.items() if monitor.is_hidden}
    if incident.opened_for in hidden or (incident.monitors and hidden.issuperset(incident.monitors)):
        return None
    return replace(incident, monitors=tuple(tag for tag in incident.monitors if tag not in hidden))


def _names(config: Config) -> Mapping[str, str]:
    return {monitor.tag: monitor.name for monitor in public(config)}


def incidents(
    db: store.Database, config: Config, since: Instant, at: Instant, tag: str | None = None
) -> tuple[Incident, ...]:
    """Public incidents that are open or were at any time since `since`, newest first."""
    found = (_for_public(config, each, at) for each in store.incidents(db, since, tag))
    return tuple(each for each in found if each is not None)


def board(db: store.Database, config: Config, at: Instant) -> Board:
    """The front page's facts at `at`."""
    measured = store.last_alive(db)
    found = views(db, config, public(config), at)
    recent = incidents(db, config, at - RECENT, at)
    still_open = tuple(sorted((each for each in recent if each.resolved is None), key=_worst_first))
    return Board(
        site=config.site,
        at=at,
        overall=overall([view.status for view in found], still_open, is_stale(measured, at)),
        measured=measured,
        groups=_groups(found),
        open_incidents=still_open,
        recent_incidents=tuple(each for each in recent if each.resolved is not None),
        names=_names(config),
        maintenances=maintenance.on_board(db, config, at),
    )


def monitor_page(db: store.Database, config: Config, tag: str, at: Instant) -> MonitorPage | None:
    """One monitor's page; None if there is no such public monitor."""
    monitor = config.monitors.get(tag)
    if monitor is None or monitor.is_hidden:
        return None
    zone = config.site.timezone
    start = _history_start(zone, at)
    gaps = status.unobserved(store.alive(db), start, at)
    planned = maintenance.gaps(db, start, at, tag).get(tag, ())
    seen = _seen(store.changes(db, tag, start), gaps, start, at)
    figures = _figures(seen, planned, zone, at, monitor.include_degraded_in_downtime)
    state = store.state(db, tag) or status.begin(tag, monitor.limits, at)
    measured = store.last_alive(db)
    return MonitorPage(
        site=config.site,
        at=at,
        measured=measured,
        is_stale=is_stale(measured, at),
        view=_view(monitor, state, figures, planned, at),
        outages=tuple(
            span for span in reversed(figures.history) if span.status in (Status.DEGRADED, Status.DOWN)
        ),
        incidents=incidents(db, config, start, at, tag),
        maintenances=maintenance.listed(db, config, at, tag),
    )


def incident_page(db: store.Database, config: Config, number: int, at: Instant) -> IncidentPage | None:
    """One incident's page; None if there is no such public incident."""
    incident = store.incident(db, number)
    seen = None if incident is None else _for_public(config, incident, at)
    return None if seen is None else IncidentPage(config.site, at, seen, _names(config))


def maintenance_page(db: store.Database, config: Config, number: int, at: Instant) -> MaintenancePage | None:
    """One maintenance window's page; None if there is no such public window."""
    return maintenance.page(db, config, number, at, _names(config))
