"""One calendar month: what happened on its days, and what they add up to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from kener_py import maintenance as rules
from kener_py import status, store
from kener_py.model import (
    Config,
    GroupUptime,
    Incident,
    Instant,
    Millis,
    Monitor,
    MonthDay,
    MonthPage,
    MonthWindow,
    Uptime,
    replace,
)
from kener_py.service import maintenance
from kener_py.service.board import months, public, views


def month_page(
    db: store.Database,
    config: Config,
    at: Instant,
    month: str | None = None,
    tag: str | None = None,
    group: str | None = None,
) -> MonthPage | None:
    """One month ("YYYY-MM", the present one by default), of one monitor or category if one is named.

    None if there is no page of it: it lies before the first data or what is kept, or it is to come and
    nothing is planned; or if there is no such public monitor or category.
    """
    zone = config.site.timezone
    everyone = public.monitors(config)
    shown = [each for each in everyone if tag in (None, each.tag) and group in (None, each.category)]
    is_narrow = tag is not None or group is not None
    past = months.since(months.begun(db, config, at), at, zone)
    known = (*past, *_to_come(db, config, at, past[-1]))
    month = past[-1] if month is None else month
    if month not in known or (is_narrow and not shown):
        return None
    started, ended = months.bounds(month, zone)
    kept = max(started, months.kept_since(config, at))
    tags = {each.tag for each in shown} if is_narrow else None
    incidents = [
        each
        for each in public.incidents(db, config, kept, at, until=ended)
        if _is_about(each.monitors, tags) and (each.started >= started or started <= at)
    ]
    windows = _windows(db, config, started, ended, at, tags)
    measured = _measured(db, shown, kept, min(ended, at), zone)
    return MonthPage(
        site=config.site,
        at=at,
        today=months.day_of(at, zone).isoformat(),
        month=month,
        months=known,
        started=started,
        ended=ended,
        groups=measured.groups,
        total=months.together(each.uptime for each in measured.groups),
        days=_days(measured, incidents, windows, started, zone),
        earlier=tuple(each for each in incidents if each.started < started),
        earlier_windows=tuple(each for each in windows if each.maintenance.start < started),
        monitors=tuple(everyone),
        names=public.names(config),
        tag=tag,
        group=group,
    )


def _is_about(monitors: Collection[str], tags: Collection[str] | None) -> bool:
    return tags is None or any(tag in tags for tag in monitors)


def _to_come(db: store.Database, config: Config, at: Instant, present: str) -> list[str]:
    """The months after the present one in which a public window is planned to begin."""
    found = set()
    for window in store.maintenances(db, at, maintenance.LATEST):
        if window.start > at and rules.effective(window) and maintenance.for_public(config, window):
            found.add(months.month_of(window.start, config.site.timezone))
    return sorted(month for month in found if month > present)


def _windows(
    db: store.Database,
    config: Config,
    started: Instant,
    ended: Instant,
    at: Instant,
    tags: Collection[str] | None,
) -> list[MonthWindow]:
    """The public windows that ran or will run in [started, ended), latest first."""
    found = []
    for window in store.maintenances(db, started, ended):
        seen, runs = maintenance.for_public(config, window), rules.effective(window)
        if seen and runs and runs.ended > started and _is_about(seen.monitors, tags):
            found.append(MonthWindow(replace(seen, end=runs.ended), rules.state(window, at)))
    found.reverse()
    return found


@dataclass(frozen=True, slots=True)
class _Measured:
    """What the monitors were, by ISO date, oldest first, and by category."""

    days: Mapping[str, Uptime]
    troubled: Mapping[str, list[tuple[str, Uptime]]]
    groups: tuple[GroupUptime, ...]


def _measured(
    db: store.Database, monitors: Sequence[Monitor], started: Instant, ended: Instant, zone: str
) -> _Measured:
    dates, edges = _calendar(started, ended, zone)
    histories = views.histories(db, monitors, started, ended) if dates else {}
    troubled: dict[str, list[tuple[str, Uptime]]] = {}
    cells: dict[str, tuple[Uptime, ...]] = {}
    for monitor in monitors if dates else ():
        own = months.cut(histories[monitor.tag], edges, monitor.include_degraded_in_downtime)
        cells[monitor.tag] = own
        for day, uptime in zip(dates, own, strict=True):
            if uptime.down or uptime.degraded:
                troubled.setdefault(day, []).append((monitor.tag, uptime))
    for each in troubled.values():
        each.sort(key=_badness, reverse=True)
    return _Measured(
        days={
            day: months.together(own[number] for own in cells.values()) for number, day in enumerate(dates)
        },
        troubled=troubled,
        groups=tuple(
            GroupUptime(
                name,
                len(inside),
                months.together(uptime for each in inside for uptime in cells.get(each.tag, ())),
            )
            for name, inside in months.by_category(monitors).items()
        ),
    )


def _badness(troubled: tuple[str, Uptime]) -> tuple[Millis, Millis]:
    return troubled[1].down, troubled[1].degraded


def _calendar(started: Instant, ended: Instant, zone: str) -> tuple[list[str], list[Instant]]:
    """The ISO dates of the days that [started, ended) touches, and its edges at each midnight between."""
    if ended <= started:
        return [], []
    dates = []
    edges = [started]
    day = months.day_of(started, zone)
    while edges[-1] < ended:
        dates.append(day.isoformat())
        day += timedelta(days=1)
        edges.append(min(status.midnight(day, zone), ended))
    return dates, edges


def _days(
    measured: _Measured,
    incidents: Sequence[Incident],
    windows: Sequence[MonthWindow],
    started: Instant,
    zone: str,
) -> tuple[MonthDay, ...]:
    """Newest first: every day that was measured, and what begins on any other."""
    told: dict[str, list[Incident]] = {}
    for incident in incidents:
        if incident.started >= started:
            told.setdefault(months.day_of(incident.started, zone).isoformat(), []).append(incident)
    planned: dict[str, list[MonthWindow]] = {}
    for window in windows:
        if window.maintenance.start >= started:
            planned.setdefault(months.day_of(window.maintenance.start, zone).isoformat(), []).append(window)
    return tuple(
        MonthDay(
            date=day,
            uptime=measured.days.get(day, Uptime()),
            incidents=tuple(told.get(day, ())),
            windows=_one_each(planned.get(day, ())),
            troubled=tuple(measured.troubled.get(day, ())),
        )
        for day in sorted({*measured.days, *told, *planned}, reverse=True)
    )


def _one_each(windows: Sequence[MonthWindow]) -> tuple[MonthWindow, ...]:
    """The first window of each plan with how many follow, and all those made by hand; latest first."""
    found: dict[object, MonthWindow] = {}
    for window in windows:
        name = window.maintenance.plan or window.maintenance.id
        later = found.pop(name, None)
        found[name] = window if later is None else replace(window, more=later.more + 1)
    return tuple(found.values())
