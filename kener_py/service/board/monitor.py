"""One monitor's own page: what it is, its figures, its days of a year, and what went wrong."""

from __future__ import annotations

import re
from datetime import date, timedelta

from kener_py import status, store
from kener_py.model import (
    DAY,
    Config,
    Gap,
    Instant,
    Monitor,
    MonitorPage,
    MonitorView,
    Months,
    Span,
    Status,
)
from kener_py.service import maintenance
from kener_py.service.board import effect, public, views
from kener_py.service.board.day import TROUBLE, Kept, kept, told, visible

YEAR = 365 * DAY
NEWEST_OUTAGES = 50  # of the last 90 days
MONTH_OUTAGES = 200  # of a month: a flapping job can have thousands
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


def monitor_view(db: store.Database, config: Config, tag: str, at: Instant) -> MonitorView | None:
    """What programs are told of one monitor; None if there is no such public one."""
    monitor = visible(config, tag)
    if monitor is None:
        return None
    zone = config.site.timezone
    start = views.history_start(zone, at)
    gaps = status.unobserved(store.alive(db), start, at)
    planned = maintenance.gaps(db, start, at, tag).get(tag, ())
    seen = views.seen_spans(store.changes(db, tag, start), gaps, start, at)
    return _view(db, monitor, seen, planned, zone, at)


def present_view(
    db: store.Database, config: Config, tag: str, at: Instant
) -> tuple[Monitor, Status | None] | None:
    """A monitor and its status, None while the loop stands still; None if there is no such public one."""
    monitor = visible(config, tag)
    return None if monitor is None else (monitor, effect.now(db, [monitor], at)[tag])


def _view(
    db: store.Database,
    monitor: Monitor,
    seen: tuple[Span, ...],
    planned: tuple[Gap, ...],
    zone: str,
    at: Instant,
) -> MonitorView:
    state = store.state(db, monitor.tag) or status.begin(monitor.tag, monitor.limits, at)
    figures = views.figures_of(seen, planned, zone, at, monitor.include_degraded_in_downtime)
    return views.view(monitor, state, figures, planned, at)


def monitor_page(
    db: store.Database, config: Config, tag: str, at: Instant, month: str | None = None
) -> MonitorPage | None:
    """One monitor's page, with the outages of `month` ("2026-09") or else of the last 90 days.

    None if there is no such public monitor, or nothing to see in such a month.
    """
    monitor = visible(config, tag)
    if monitor is None:
        return None
    zone = config.site.timezone
    bounds = kept(db, config, tag, at)
    months = _months(month, bounds)
    if months is None:
        return None

    calendar = _first_of_month(bounds.today, -11)
    recent = views.history_start(zone, at)
    since, until = (recent, at) if month is None else _edges(month, zone)
    start = min(recent, since, status.midnight(calendar, zone), at - YEAR)
    changes = store.changes(db, tag, start)
    # What lasts from before is told with its true beginning.
    begin = min([start, *(change.started for change in changes[:1])])
    planned = maintenance.gaps(db, begin, at, tag).get(tag, ())
    seen = views.seen_spans(changes, status.unobserved(store.alive(db), begin, at), begin, at)
    history = status.overlay(seen, planned, Status.MAINTENANCE)

    is_degraded_down = monitor.include_degraded_in_downtime
    year = None
    if config.retention.days * DAY >= YEAR:
        year = status.uptime(status.within(history, at - YEAR, at), is_degraded_down)
    days = status.days(history, zone, at, (bounds.today - calendar).days + 1, is_degraded_down)
    incidents = public.incidents(db, config, min(recent, since), at, tag)
    outages = _outages(history, since, until)
    shown = outages[: NEWEST_OUTAGES if month is None else MONTH_OUTAGES]
    measured = store.last_alive(db)
    first = max(calendar, bounds.oldest).isoformat()
    return MonitorPage(
        site=config.site,
        at=at,
        measured=measured,
        is_stale=views.is_stale(measured, at),
        view=_view(db, monitor, tuple(status.within(seen, recent, at)), planned, zone, at),
        outages=tuple(told(span, incidents, tag, at) for span in shown),
        incidents=tuple(each for each in incidents if each.resolved is None or each.resolved >= recent),
        maintenances=maintenance.listed(db, config, at, tag),
        outage_count=len(outages),
        months=months,
        year=year,
        days=() if bounds.begun is None else tuple(day for day in days if day.date >= first),
    )


def _outages(history: tuple[Span, ...], since: Instant, until: Instant) -> list[Span]:
    """Those that touch [since, until), whole and newest first."""
    return [
        span
        for span in reversed(history)
        if span.status in TROUBLE and span.started < until and span.ended > since
    ]


def _first_of_month(day: date, later: int) -> date:
    """The first of the month that lies so many months after that of `day`."""
    years, months = divmod(day.month - 1 + later, 12)
    return date(day.year + years, months + 1, 1)


def _name(day: date) -> str:
    return day.isoformat()[:7]


def _months(chosen: str | None, bounds: Kept) -> Months | None:
    """None if the chosen month is none of those from the first data to the present."""
    first, newest = _name(bounds.oldest), _name(bounds.today)
    if chosen is None:
        return Months(None, newest)
    if not _MONTH.fullmatch(chosen) or not first <= chosen <= newest:
        return None
    day = date.fromisoformat(f"{chosen}-01")
    return Months(
        chosen=chosen,
        newest=newest,
        previous=_name(day - timedelta(days=1)) if first < chosen else None,
        next=_name(_first_of_month(day, 1)) if chosen < newest else None,
    )


def _edges(month: str, zone: str) -> tuple[Instant, Instant]:
    first = date.fromisoformat(f"{month}-01")
    return status.midnight(first, zone), status.midnight(_first_of_month(first, 1), zone)
