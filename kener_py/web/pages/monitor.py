"""One monitor's page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from flask import Response, request

from kener_py.model import (
    Day,
    IncidentState,
    Limits,
    Maintenance,
    MonitorPage,
    Status,
    Uptime,
)
from kener_py.service import Service
from kener_py.web import embeds, language
from kener_py.web.language import N_, _
from kener_py.web.pages.show import SERVER, not_found, show
from kener_py.web.pages.windows import one_each
from kener_py.web.words import CLEAN, day_text, duration, parts, path, word

MAINTENANCES = 20  # of one monitor
INCIDENTS = 20
LONGEST_MONTH = 31

WINDOWS = {
    "24h": N_("24 hours"),
    "7d": N_("7 days"),
    "30d": N_("30 days"),
    "90d": N_("90 days"),
}
LEGEND = (Status.UP, Status.DEGRADED, Status.DOWN, Status.MAINTENANCE, Status.NO_DATA)


@dataclass(frozen=True, slots=True)
class Cell:
    """A day in the calendar of months."""

    status: Status
    href: str
    label: str  # "28 Sep 2026: Down, 43 min"


@dataclass(frozen=True, slots=True)
class Row:
    """A month of the calendar: `cells` of its 1st to 31st, None where there is no page."""

    name: str
    cells: list[Cell | None]


def monitor(service: Service, tag: str) -> Response:
    """The page; `?month=2026-09` shows the outages of that month, and any other value is not found."""
    chosen = request.args.get("month")
    page = service.monitor_page(tag) if chosen is None else service.monitor_page(tag, chosen)
    if page is None:
        return not_found(service)
    months = page.months
    return show(
        "monitor",
        site=page.site,
        page=page,
        view=page.view,
        monitor=page.view.monitor,
        status=None if page.is_stale else page.view.status,
        is_stale=page.is_stale,
        is_waiting=page.view.status is Status.NO_DATA and page.view.last is None,
        is_spoken_of=any(incident.state is not IncidentState.RESOLVED for incident in page.incidents),
        judged=judged(page.view.monitor.limits),
        figures=_figures(page),
        calendar=_calendar(page),
        legend=LEGEND,
        unclean=[day for day in reversed(page.days) if day.status not in CLEAN],
        outages=page.outages,
        month=_month(months.chosen),
        newest_month=_month(months.newest),
        previous_month=_month(months.previous),
        next_month=_month(months.next),
        incidents=page.incidents[:INCIDENTS],
        planned=[(each, service.maintenance_state(each, page.at)) for each in _shown(page)],
        server=page.site.url or SERVER,
        tag=page.view.monitor.tag,
        snippets=embeds.of_monitor(service.config, page.view.monitor),
    )


def judged(limits: Limits) -> str:
    """How silence is judged, in a sentence."""
    lengths = {
        "degraded": duration(limits.degraded_after),
        "down": duration(limits.down_after),
        "interval": duration(limits.interval or 0),
    }
    is_once = limits.degraded_after >= limits.down_after
    if limits.interval and is_once:
        return _("A heartbeat is expected every %(interval)s; down after %(down)s of silence.", **lengths)
    if limits.interval:
        return _(
            "A heartbeat is expected every %(interval)s; degraded after %(degraded)s of silence,"
            " down after %(down)s.",
            **lengths,
        )
    if is_once:
        return _("Down after %(down)s of silence.", **lengths)
    return _("Degraded after %(degraded)s of silence, down after %(down)s.", **lengths)


def _figures(page: MonitorPage) -> list[tuple[str, Uptime]]:
    found = [(_(words), page.view.uptime[name]) for name, words in WINDOWS.items()]
    return found if page.year is None else [*found, (_("365 days"), page.year)]


def _month(iso: str | None) -> str | None:
    """ "September 2026"."""
    return language.month(date.fromisoformat(f"{iso}-01")) if iso else None


def _calendar(page: MonitorPage) -> list[Row]:
    """A row for each month of which any day is known, oldest first."""
    months: dict[str, dict[int, Cell]] = {}
    link, spoken = path(f"/monitors/{page.view.monitor.tag}/{{date}}"), language.current()
    for day in page.days:
        cells = months.setdefault(day.date[:7], {})
        label = _clean_label(day.date, day.status, spoken) if day.status in CLEAN else _label(day)
        cells[int(day.date[8:])] = Cell(day.status, link.replace("{date}", day.date), label)
    return [
        Row(
            language.short_month(date.fromisoformat(f"{name}-01")),
            [cells.get(number) for number in range(1, LONGEST_MONTH + 1)],
        )
        for name, cells in months.items()
    ]


@lru_cache(maxsize=4096)  # most days of most monitors
def _clean_label(iso: str, status: Status, _language: str) -> str:
    return _("%(day)s: %(state)s", day=day_text(iso), state=word(status))


def _label(day: Day) -> str:
    told = {"day": day_text(day.date), "state": word(day.status), "lengths": parts(day.uptime)}
    return _("%(day)s: %(state)s, %(lengths)s", **told)


def _shown(page: MonitorPage) -> list[Maintenance]:
    """What runs, the next of each plan, and the newest of the past."""
    to_come = [each for each in page.maintenances if each.start > page.at and each.cancelled is None]
    begun = [each for each in page.maintenances if each not in to_come]
    return [*reversed(one_each(to_come)), *begun][:MAINTENANCES]
