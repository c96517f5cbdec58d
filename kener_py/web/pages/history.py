"""What happened in one calendar month, and Kener's addresses of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from flask import redirect, request
from werkzeug.wrappers import Response as AnyResponse

from kener_py.model import Monitor, MonthDay, MonthPage, Status, Uptime
from kener_py.service import Service
from kener_py.web import language
from kener_py.web.language import _
from kener_py.web.pages.show import not_found, show
from kener_py.web.words import duration, path

TROUBLED = 8  # monitors named on one day; the rest are counted
MONITOR, GROUP = "monitor:", "group:"  # what a choice of the form begins with
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_OF_KENER = re.compile(r"([a-z]+)-([0-9]{4})", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Line:
    """A day of which there is something to tell, or a run of days of which there is nothing."""

    days: str
    day: MonthDay | None = None
    is_known: bool = True  # False: nothing was measured either
    is_to_come: bool = False
    weekday: str = ""
    states: tuple[tuple[Status, str, str], ...] = ()  # what it wears, the tag, "down 43 min"
    more: int = 0  # monitors that are not among `states`


def history(service: Service, month: str | None = None) -> AnyResponse:
    """One month, of the present one by default.

    `?monitor=<tag>` or `?group=<name>` narrows it down; what names nothing public is 404, what is empty is
    ignored. `?show=` is what the form sends; it leads to the address of the same.
    """
    tag, group = request.args.get("monitor") or None, request.args.get("group") or None
    chosen = request.args.get("show")
    if chosen is not None:
        tag = chosen.removeprefix(MONITOR) if chosen.startswith(MONITOR) else None
        group = chosen.removeprefix(GROUP) if chosen.startswith(GROUP) else None
        if chosen and tag is None and group is None:
            return not_found(service)
    page = service.month_page(month, tag, group)
    if page is None:
        return not_found(service)
    if chosen is not None:
        return redirect(_address(page, None if month is None else page.month), 302)
    place = page.months.index(page.month)
    answer = show(
        "history",
        site=page.site,
        page=page,
        lines=_lines(page),
        scope=page.names[tag] if tag is not None else group,
        is_present=page.started <= page.at < page.ended,
        is_to_come=page.started > page.at,
        began=sum(len(day.incidents) for day in page.days),
        groups=page.groups if any(each.name for each in page.groups) and len(page.groups) > 1 else (),
        address=lambda month: _address(page, month),
        place=f"/history/{page.month}",
        earlier=page.months[place - 1] if place else None,
        later=page.months[place + 1] if place + 1 < len(page.months) else None,
        years=[(year, list(those)) for year, those in groupby(reversed(page.months), lambda each: each[:4])],
        choices=_choices(page.monitors),
        chosen=f"{MONITOR}{tag}" if tag is not None else f"{GROUP}{group}" if group is not None else "",
    )
    if tag is not None or group is not None:
        answer.headers["X-Robots-Tag"] = "noindex"
    return answer


def _address(page: MonthPage, month: str | None) -> str:
    """Of another month, narrowed down as this one."""
    return path("/history" if month is None else f"/history/{month}", monitor=page.tag, group=page.group)


def events(service: Service, month: str | None = None) -> AnyResponse:
    """Kener's address of a month, /events/August-2026, leads to ours."""
    if month is None:
        return redirect(path("/history"), 301)
    found = _OF_KENER.fullmatch(month)
    name = found[1].lower() if found else ""
    if found is None or name not in _MONTHS:
        return not_found(service)
    return redirect(path(f"/history/{found[2]}-{_MONTHS.index(name) + 1:02}"), 301)


def _choices(monitors: Sequence[Monitor]) -> Mapping[str, Sequence[Monitor]]:
    """For the form: the monitors by category, in the order of the file."""
    found: dict[str, list[Monitor]] = {}
    for each in monitors:
        found.setdefault(each.category, []).append(each)
    return found


def _kind(day: MonthDay) -> tuple[str, bool]:
    """Equal for neighbours that become one line."""
    is_told = day.incidents or day.windows or day.troubled
    known = day.uptime.up + day.uptime.degraded + day.uptime.down + day.uptime.maintenance
    return (day.date if is_told else "", bool(known))


def _lines(page: MonthPage) -> list[Line]:
    found = []
    for (name, is_known), run in groupby(page.days, _kind):
        days = list(run)
        last, first = date.fromisoformat(days[0].date), date.fromisoformat(days[-1].date)
        if not name:
            found.append(Line(language.days(first, last), is_known=is_known))
            continue
        (day,) = days
        found.append(
            Line(
                language.short_date(last),
                day,
                is_known,
                is_to_come=day.date > page.today,
                weekday=language.weekday(last),
                states=tuple(_states(day.troubled[:TROUBLED])),
                more=max(0, len(day.troubled) - TROUBLED),
            )
        )
    return found


def _states(troubled: Iterable[tuple[str, Uptime]]) -> Iterable[tuple[Status, str, str]]:
    for tag, uptime in troubled:
        down, degraded = duration(uptime.down), duration(uptime.degraded)
        if not uptime.degraded:
            yield Status.DOWN, tag, _("down %(length)s", length=down)
        elif not uptime.down:
            yield Status.DEGRADED, tag, _("degraded %(length)s", length=degraded)
        else:
            yield Status.DOWN, tag, _("down %(down)s and degraded %(degraded)s", down=down, degraded=degraded)
