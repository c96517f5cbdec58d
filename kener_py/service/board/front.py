"""The front page's facts, and the state of everything in one word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kener_py import status, store
from kener_py.model import (
    DAY,
    Board,
    Config,
    Group,
    Incident,
    Instant,
    Millis,
    MonitorView,
    Overall,
    Severity,
    Status,
)
from kener_py.service import maintenance
from kener_py.service.board import public, views

RECENT: Millis = 14 * DAY
SMALL = 8  # monitors that are always shown one by one
_FINE = (Status.UP, Status.NO_DATA)
_MAJOR_SHARE = 0.75  # of the monitors that have data


def group(name: str, inside: Sequence[MonitorView]) -> Group:
    """What some monitors are together. At least one."""
    worst = status.worst(view.status for view in inside)
    is_quiet = len(inside) > SMALL and all(view.status in _FINE for view in inside)
    return Group(
        name=name,
        status=worst,
        views=tuple(inside),
        uptime={
            window: status.combined(view.uptime[window] for view in inside) for window in inside[0].uptime
        },
        sixty=status.combined(view.sixty for view in inside),
        days=status.combined_days(view.days for view in inside) if is_quiet else (),
        up=sum(view.status is Status.UP for view in inside),
        quiet=is_quiet,
    )


def _groups(found: Iterable[MonitorView]) -> tuple[Group, ...]:
    by_category: dict[str, list[MonitorView]] = {}
    for view in found:
        by_category.setdefault(view.monitor.category, []).append(view)
    return tuple(group(name, inside) for name, inside in by_category.items())


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


def overall_now(db: store.Database, config: Config, at: Instant) -> Overall:
    """The banner alone, without the figures of 90 days."""
    measured = store.last_alive(db)
    found = [view.status for view in views.present_views(db, public.monitors(config), at)]
    opened = [each for each in public.incidents(db, config, at, at) if each.resolved is None]
    return overall(found, opened, views.is_stale(measured, at))


def board(db: store.Database, config: Config, at: Instant, with_figures: bool = True) -> Board:
    """The front page's facts at `at`; without figures its views and groups have neither uptime nor days."""
    measured = store.last_alive(db)
    if with_figures:
        found = views.monitor_views(db, config, public.monitors(config), at)
    else:
        found = views.present_views(db, public.monitors(config), at)
    recent = public.incidents(db, config, at - RECENT, at)
    still_open = tuple(sorted((each for each in recent if each.resolved is None), key=_worst_first))
    return Board(
        site=config.site,
        at=at,
        overall=overall([view.status for view in found], still_open, views.is_stale(measured, at)),
        measured=measured,
        groups=_groups(found),
        open_incidents=still_open,
        recent_incidents=tuple(each for each in recent if each.resolved is not None),
        names=public.names(config),
        maintenances=maintenance.on_board(db, config, at),
    )
