"""One monitor on one day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date as calendar_day
from decimal import Decimal

from flask import Response

from kener_py.model import DAY, HOUR, SECOND, DayPage, Millis, Span, Status
from kener_py.service import Service
from kener_py.web import band
from kener_py.web.language import _, ngettext, number
from kener_py.web.pages.show import not_found, show

ROWS = 500  # of the table of spans; a flapping job can have thousands


def day(service: Service, tag: str, date: str) -> Response:
    page = service.day_page(tag, date)
    if page is None:
        return not_found(service)
    is_over = page.ends <= page.at
    spans = [told.span for told in page.spans]
    return show(
        "day",
        site=page.site,
        page=page,
        day=page.day,
        monitor=page.monitor,
        tag=page.monitor.tag,
        is_over=is_over,
        is_known=page.day.status is not Status.NO_DATA,
        clocks=_clocks(page.ends - page.day.started),
        band=band.band(spans, page.day.started, page.ends),
        band_box=band.VIEW_BOX,
        rest=None if is_over else band.rest(page.day.ended, page.day.started, page.ends),
        marks=band.marks(
            calendar_day.fromisoformat(page.day.date), page.site.timezone, page.day.started, page.ends
        ),
        sums=sums(spans),
        total=length(Span(page.day.started, page.day.ended, page.day.status)),
        rows=[(told, length(told.span)) for told in page.spans[:ROWS]],
        beats=_beats(page),
        planned=[(each, service.maintenance_state(each, page.at)) for each in page.maintenances],
    )


def length(span: Span) -> Millis:
    """How long it is by the seconds that its edges are told with, so that what is read adds up."""
    return (span.ended // SECOND - span.started // SECOND) * SECOND


def sums(spans: Iterable[Span]) -> list[tuple[Status, Millis]]:
    """How long the day was each state that it was at all, by `length`; in the order of Status."""
    total = dict.fromkeys((Status.UP, Status.DEGRADED, Status.DOWN, Status.MAINTENANCE, Status.NO_DATA), 0)
    met = set()
    for span in spans:
        total[span.status] += length(span)
        met.add(span.status)
    return [(status, found) for status, found in total.items() if status in met]


def _clocks(whole: Millis) -> str | None:
    """What to say of a day that is longer or shorter than others."""
    if whole == DAY:
        return None
    text = ngettext(
        "This day has %(num)s hour: the clocks change.",
        "This day has %(num)s hours: the clocks change.",
        whole // HOUR,
    )
    return text % {"num": number((Decimal(whole) / HOUR).normalize())}


def _beats(page: DayPage) -> str | None:
    """How many heartbeats came; None if the log cannot tell."""
    if page.are_all_beats:
        return number(page.beats)
    return _("at least %(count)s", count=number(page.beats)) if page.beats else None
