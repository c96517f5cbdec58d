"""What a made-up year is told with: troubles, incidents, windows, and the clock on the wall."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from kener_py.demo.site import ZONE
from kener_py.model import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Gap,
    IncidentState,
    Instant,
    Millis,
    Severity,
    Status,
)

YEAR: Millis = 395 * DAY  # a little more than the pages show, a little less than is kept


@dataclass(frozen=True, slots=True)
class Said:
    """One update of an incident, this long after the trouble began; None leaves its state alone."""

    after: Millis
    state: IncidentState | None
    text: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """A job that is silent, or says itself that it is not well; None for `ended`: still so."""

    tag: str
    started: Instant  # of DOWN if it is silent
    ended: Instant | None
    reported: Status | None = None  # None: silence
    message: str = ""
    said: tuple[Said, ...] = ()  # about the incident that its alert opens
    title: str = ""  # that people give to that incident


@dataclass(frozen=True, slots=True)
class Tale:
    """An incident that people wrote; the first of `said` opens it."""

    title: str
    started: Instant
    monitors: tuple[str, ...]
    said: tuple[Said, ...]
    severity: Severity = Severity.MINOR
    is_draft: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """A maintenance window that people made."""

    title: str
    made: Instant
    start: Instant
    end: Instant
    monitors: tuple[str, ...]
    description: str = ""
    cancelled: Instant | None = None


@dataclass(frozen=True, slots=True)
class Story:
    began: Instant
    at: Instant  # the present that it leads to
    absences: tuple[Gap, ...] = ()  # when no loop of ours ran
    troubles: tuple[Trouble, ...] = ()
    tales: tuple[Tale, ...] = ()
    windows: tuple[Window, ...] = ()


# ---- updates, minutes after the beginning ----------------------------------------------------


def investigating(minutes: int, text: str) -> Said:
    return Said(minutes * MINUTE, IncidentState.INVESTIGATING, text)


def identified(minutes: int, text: str) -> Said:
    return Said(minutes * MINUTE, IncidentState.IDENTIFIED, text)


def monitoring(minutes: int, text: str) -> Said:
    return Said(minutes * MINUTE, IncidentState.MONITORING, text)


def resolved(minutes: int, text: str) -> Said:
    return Said(minutes * MINUTE, IncidentState.RESOLVED, text)


def added(minutes: int, text: str) -> Said:
    """An update that leaves the state as it is."""
    return Said(minutes * MINUTE, None, text)


# ---- time ------------------------------------------------------------------------------------


def local(at: Instant, days: int, clock: str) -> Instant:
    """The instant at which the site's clocks show `clock`, this many days from the day of `at`."""
    hour, _, minute = clock.partition(":")
    day = datetime.fromtimestamp(at // SECOND, ZoneInfo(ZONE)) + timedelta(days=days)
    moment = day.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0, fold=0)
    return int(moment.timestamp()) * SECOND


def weekday(at: Instant) -> int:
    """As cron counts: Sunday is 0."""
    return datetime.fromtimestamp(at // SECOND, ZoneInfo(ZONE)).isoweekday() % 7


def day_of_month(at: Instant) -> int:
    return datetime.fromtimestamp(at // SECOND, ZoneInfo(ZONE)).day


def clock_changes(began: Instant, at: Instant) -> list[Instant]:
    """When the site's clocks were moved, to the hour."""
    zone = ZoneInfo(ZONE)

    def offset(moment: Instant) -> timedelta | None:
        return datetime.fromtimestamp(moment // SECOND, UTC).astimezone(zone).utcoffset()

    days = range(began - began % HOUR, at, DAY)
    moved = [day for day in days if offset(day + DAY - 1) != offset(day - 1)]
    hours = [hour for day in moved for hour in range(day, min(day + DAY, at), HOUR)]
    return [hour for hour in hours if offset(hour) != offset(hour - 1)]
