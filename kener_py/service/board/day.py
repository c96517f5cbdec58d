"""One monitor on one day: what it was from midnight to midnight, and which days have a page at all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from kener_py import status, store
from kener_py.model import (
    DAY,
    SECOND,
    Config,
    Day,
    DayPage,
    Incident,
    Instant,
    Monitor,
    Span,
    Status,
    ToldSpan,
)
from kener_py.service import maintenance
from kener_py.service.board import public, views

TROUBLE = (Status.DEGRADED, Status.DOWN)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def visible(config: Config, tag: str) -> Monitor | None:
    """The monitor, if visitors may see it."""
    monitor = config.monitors.get(tag)
    return None if monitor is None or monitor.is_hidden else monitor


# ---- which days there are --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Kept:
    """Calendar days of the site's zone: the first that is kept whole, the first with data, today."""

    first: date
    begun: date | None  # never before `first`; None: no data
    today: date

    @property
    def oldest(self) -> date:
        """Where links into the past end."""
        return self.today if self.begun is None else self.begun


def _date(zone: str, at: Instant) -> date:
    return datetime.fromtimestamp(at / SECOND, ZoneInfo(zone)).date()


def kept(db: store.Database, config: Config, tag: str, at: Instant) -> Kept:
    zone = config.site.timezone
    today = _date(zone, at)
    cut = at - config.retention.days * DAY
    first = _date(zone, cut)
    if status.midnight(first, zone) < cut:
        first += timedelta(days=1)  # the day of the cut has lost its morning
    first = min(first, today)
    begun = store.first_change(db, tag)
    return Kept(first, None if begun is None else min(max(_date(zone, begun), first), today), today)


def _as_date(text: str) -> date | None:
    """The day that "2026-09-30" names; None for any other way to write it, and for no day at all."""
    try:
        return date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None


# ---- what it was -----------------------------------------------------------------------------


def told(span: Span, incidents: Sequence[Incident], tag: str, at: Instant) -> ToldSpan:
    """The span with the incident that tells of it: of several this monitor's own, then the longest."""
    found: Incident | None = None
    best: tuple[bool, Instant] | None = None
    for incident in incidents if span.status in TROUBLE else ():
        ended = at if incident.resolved is None else incident.resolved
        shared = min(ended, span.ended) - max(incident.started, span.started)
        rank = (incident.opened_for == tag, shared)
        if shared > 0 and (best is None or rank > best):
            found, best = incident, rank
    return ToldSpan(span, found, is_ongoing=span.ended >= at)


def day_page(db: store.Database, config: Config, tag: str, text: str, at: Instant) -> DayPage | None:
    """A monitor's page of one day; None if there is no such public monitor, or no such day is kept."""
    monitor, chosen = visible(config, tag), _as_date(text)
    if monitor is None or chosen is None:
        return None
    bounds = kept(db, config, tag, at)
    if not bounds.first <= chosen <= bounds.today:
        return None
    zone = config.site.timezone
    started, ends = (status.midnight(chosen + timedelta(days=n), zone) for n in (0, 1))
    if ends <= started:
        return None  # a zone that crossed the date line had no such day
    ended = max(started, min(ends, at))
    planned = maintenance.gaps(db, started, ended, tag).get(tag, ())
    unobserved = status.unobserved(store.alive(db), started, ended)
    seen = views.seen_spans(store.changes(db, tag, started, ended), unobserved, started, ended)
    spans = status.overlay(seen, planned, Status.MAINTENANCE)
    incidents = tuple(each for each in public.incidents(db, config, started, at, tag) if each.started < ends)
    beats, are_all = store.count_beats(db, tag, started, ends)
    uptime = status.uptime(spans, monitor.include_degraded_in_downtime)
    earlier, later = chosen - timedelta(days=1), chosen + timedelta(days=1)
    return DayPage(
        site=config.site,
        at=at,
        monitor=monitor,
        day=Day(text, started, ended, uptime, status.worst(span.status for span in spans)),
        ends=ends,
        spans=tuple(told(span, incidents, tag, at) for span in spans),
        incidents=incidents,
        maintenances=tuple(maintenance.between(db, config, started, ends, tag)),
        beats=beats,
        are_all_beats=are_all,
        previous=earlier.isoformat() if earlier >= bounds.oldest else None,
        next=later.isoformat() if later <= bounds.today else None,
    )
