"""Maintenance windows as iCalendar, RFC 5545 and 7986: one event for each, in UTC, in the site's language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from flask import Response, request

from kener_py import __version__
from kener_py.model import Instant, Maintenance, MaintenanceState
from kener_py.service import Service
from kener_py.web import addresses, language
from kener_py.web.api import is_id
from kener_py.web.feeds.entries import affected
from kener_py.web.feeds.views import shared
from kener_py.web.language import _
from kener_py.web.pages.show import not_found
from kener_py.web.prose import plain

if TYPE_CHECKING:
    from icalendar import Event

TYPE = "text/calendar; charset=utf-8"
ASK_AGAIN = timedelta(hours=1)
COLOUR = "slateblue"  # of maintenance; the format takes names of CSS only


def all_windows(service: Service) -> Response:
    """Windows to come and of the last 90 days; with `?monitor=<tag>` of one, 404 if it is unknown."""
    tag = request.args.get("monitor")
    windows = service.timetable(tag)
    if windows is None or (tag is not None and tag not in service.public_names()):
        return not_found(service)
    query = "" if tag is None else f"?monitor={tag}"
    return _answer(service, windows, "/maintenance.ics", query, tag)


def one_window(service: Service, id: str) -> Response:
    page = service.maintenance_page(int(id)) if is_id(id) else None
    if page is None:
        return not_found(service)
    return _answer(service, [page.maintenance], f"/maintenances/{id}.ics")


def _answer(
    service: Service, windows: Iterable[Maintenance], place: str, query: str = "", tag: str | None = None
) -> Response:
    config, at = service.config, service.clock()
    language.speak(config.site.language)
    names = {monitor.tag: monitor.name for monitor in config.monitors.values() if not monitor.is_hidden}
    about = plain(config.site.title if tag is None else names[tag])
    base = addresses.base(config)
    calendar = _Calendar(
        title=_("%(name)s maintenance", name=about),
        description=_("Maintenance windows of %(name)s", name=about),
        home=f"{base}/",
        source=f"{base}{place}{query}",
        events=tuple(
            _Event(
                uid=addresses.uid(service, f"maintenance-{window.id}"),
                url=f"{base}/maintenances/{window.id}",
                window=window,
                is_cancelled=service.maintenance_state(window, at) is MaintenanceState.CANCELLED,
                affected=affected(window.monitors, names),
                category=_("Maintenance"),
            )
            for window in windows
        ),
    )
    answer = Response(_text(calendar), content_type=TYPE)
    answer.headers["Content-Disposition"] = f'inline; filename="{place.rpartition("/")[2]}"'
    return shared(answer, max((each.window.updated for each in calendar.events), default=None))


# ---- the document ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Event:
    uid: str
    url: str
    window: Maintenance
    is_cancelled: bool
    affected: str
    category: str


@dataclass(frozen=True, slots=True)
class _Calendar:
    title: str
    description: str
    home: str
    source: str
    events: tuple[_Event, ...]


@lru_cache(maxsize=8)  # a quarter of a millisecond for each event, and an hourly plan has thousands
def _text(facts: _Calendar) -> bytes:
    from icalendar import Calendar, vDuration, vUri  # takes long to import, and few requests need it

    made = Calendar()
    for name, value in {
        "version": "2.0",
        "prodid": f"-//kener-py//kener-py {__version__}//EN",
        "calscale": "GREGORIAN",
        "method": "PUBLISH",
        "name": facts.title,
        "x-wr-calname": facts.title,
        "description": facts.description,
        "color": COLOUR,
        "url": facts.home,
        "x-published-ttl": "PT1H",
    }.items():
        made.add(name, value)
    source, ask_again = vUri(facts.source), vDuration(ASK_AGAIN)
    source.params["VALUE"], ask_again.params["VALUE"] = "URI", "DURATION"  # RFC 7986: they have to say so
    made.add("source", source, encode=False)
    made.add("refresh-interval", ask_again, encode=False)
    for event in facts.events:
        made.add_component(_component(event))
    return bytes(made.to_ical())


def _component(facts: _Event) -> Event:
    from icalendar import Event

    window = facts.window
    made = Event()
    for name, value in {
        "uid": facts.uid,
        # Who sends a document with METHOD:PUBLISH dates it; the same facts shall be the same bytes.
        "dtstamp": _utc(window.updated),
        "created": _utc(window.created),
        "last-modified": _utc(window.updated),
        "sequence": _sequence(window),
        "dtstart": _utc(window.start),
        "dtend": _utc(window.end),
        "summary": plain(window.title),
        "url": facts.url,
        # Cancelled windows stay: calendars would else keep what they have.
        "status": "CANCELLED" if facts.is_cancelled else "CONFIRMED",
        "transp": "TRANSPARENT",
        "categories": [facts.category],
    }.items():
        made.add(name, value)
    lines = [plain(line) for line in window.description.splitlines()]
    if words := "\n".join([*lines, facts.affected]).strip():
        made.add("description", words)
    return made


def _utc(at: Instant) -> datetime:
    return datetime.fromtimestamp(at // 1000, UTC)


def _sequence(window: Maintenance) -> int:
    """How often it was changed, as far as calendars care: a number that grows with each change.

    Seconds from its making to its last change, begun ones counted; the format's numbers have 32 bits.
    """
    return min(max(-((window.created - window.updated) // 1000), 0), 2**31 - 1)
