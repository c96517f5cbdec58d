"""What people are shown. Hidden monitors and drafts are in none of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from kener_py.model.configured import Limits, Monitor, Site
from kener_py.model.happened import Incident, Maintenance, Span
from kener_py.model.words import Instant, MaintenanceState, Millis, Status


@dataclass(frozen=True, slots=True)
class Uptime:
    """Time per status inside one window, in milliseconds. The percentage is `status.percent`."""

    up: Millis = 0
    degraded: Millis = 0
    down: Millis = 0
    maintenance: Millis = 0
    no_data: Millis = 0  # never seen, or not looked at
    is_degraded_down: bool = False


@dataclass(frozen=True, slots=True)
class Day:
    """One calendar day of the site's zone: 23, 24 or 25 hours, today only as far as it went."""

    date: str  # ISO
    started: Instant
    ended: Instant
    uptime: Uptime
    status: Status  # the worst of the day; NO_DATA if nothing is known


@dataclass(frozen=True, slots=True)
class MonitorView:
    """What the page, the API and the command line tell of one monitor."""

    monitor: Monitor
    status: Status
    since: Instant | None
    last: Instant | None
    next_expected: Instant | None
    uptime: Mapping[str, Uptime]  # "24h", "7d", "30d", "90d"
    days: tuple[Day, ...]  # oldest first


@dataclass(frozen=True, slots=True)
class Group:
    """The monitors of one category, in the order of the file; "" is the category of none."""

    name: str
    status: Status
    views: tuple[MonitorView, ...]


class Overall(StrEnum):
    """The banner."""

    UNKNOWN = "UNKNOWN"  # the loop stands still
    EMPTY = "EMPTY"  # no monitor is configured
    WAITING = "WAITING"  # no heartbeat ever
    UP = "UP"
    MAINTENANCE = "MAINTENANCE"
    DEGRADED = "DEGRADED"
    PARTIAL_OUTAGE = "PARTIAL_OUTAGE"
    MAJOR_OUTAGE = "MAJOR_OUTAGE"


@dataclass(frozen=True, slots=True)
class Board:
    """The front page's facts. Hidden monitors and drafts are not in it."""

    site: Site
    at: Instant
    overall: Overall
    measured: Instant | None  # the last tick
    groups: tuple[Group, ...]
    open_incidents: tuple[Incident, ...]
    recent_incidents: tuple[Incident, ...]
    names: Mapping[str, str]  # tag to name, of public monitors
    maintenances: tuple[Maintenance, ...] = ()  # running, and beginning within 14 days


@dataclass(frozen=True, slots=True)
class MonitorPage:
    """One monitor's own page."""

    site: Site
    at: Instant
    measured: Instant | None
    is_stale: bool  # the loop stands still: the status shown is not to be trusted
    view: MonitorView
    outages: tuple[Span, ...]  # DEGRADED and DOWN of the last 90 days, newest first
    incidents: tuple[Incident, ...]  # public ones that touched it, newest first
    maintenances: tuple[Maintenance, ...] = ()  # public ones: running, upcoming, past


@dataclass(frozen=True, slots=True)
class IncidentPage:
    site: Site
    at: Instant
    incident: Incident
    names: Mapping[str, str]  # tag to name, of public monitors


@dataclass(frozen=True, slots=True)
class MaintenancePage:
    site: Site
    at: Instant
    maintenance: Maintenance
    state: MaintenanceState
    names: Mapping[str, str]  # tag to name, of public monitors
    recurrence: str = ""  # in words, if a schedule of the file makes such windows


@dataclass(frozen=True, slots=True)
class MonthWindow:
    """A maintenance window as a month tells it: `end` is when it really ended or will end."""

    maintenance: Maintenance
    state: MaintenanceState
    more: int = 0  # windows of the same plan that begin later on the same day


@dataclass(frozen=True, slots=True)
class MonthDay:
    """What there is to tell of one calendar day; a day to come has no uptime."""

    date: str  # ISO
    uptime: Uptime  # of all monitors together
    incidents: tuple[Incident, ...]  # that began then, newest first
    windows: tuple[MonthWindow, ...]  # that began then, latest first
    troubled: tuple[tuple[str, Uptime], ...]  # each monitor that was DEGRADED or DOWN, the worst first


@dataclass(frozen=True, slots=True)
class GroupUptime:
    """The monitors of one category together."""

    name: str
    monitors: int
    uptime: Uptime


@dataclass(frozen=True, slots=True)
class MonthPage:
    """One calendar month. A month is "YYYY-MM"."""

    site: Site
    at: Instant
    today: str  # ISO
    month: str
    months: tuple[str, ...]  # all that have a page, oldest first
    started: Instant
    ended: Instant  # of the month; `at` may lie before, even before `started`
    groups: tuple[GroupUptime, ...]
    total: Uptime  # of all monitors together
    days: tuple[MonthDay, ...]  # newest first: those that were, and those to come that have a window
    earlier: tuple[Incident, ...]  # began in an earlier month and reached into this one, newest first
    earlier_windows: tuple[MonthWindow, ...]
    monitors: tuple[Monitor, ...]  # every public one, whatever the page is narrowed down to
    names: Mapping[str, str]  # tag to name, of public monitors
    tag: str | None = None  # the page tells of this monitor only
    group: str | None = None  # or of this category


@dataclass(frozen=True, slots=True)
class UptimeRow:
    monitor: Monitor
    months: tuple[Uptime, ...]
    total: Uptime


@dataclass(frozen=True, slots=True)
class UptimeGroup:
    """The monitors of one category and what they are together; "" is the category of none."""

    name: str
    rows: tuple[UptimeRow, ...]
    months: tuple[Uptime, ...]
    total: Uptime


@dataclass(frozen=True, slots=True)
class UptimeTable:
    """Monitors by months, a month is "YYYY-MM"."""

    site: Site
    months: tuple[str, ...]  # the columns, oldest first
    groups: tuple[UptimeGroup, ...]
    total_of_months: tuple[Uptime, ...]
    total: Uptime
    older: str | None = None  # the last month of the table before
    newer: str | None = None  # the last month of the table after


@dataclass(frozen=True, slots=True)
class About:
    """By which rules the page judges. Hidden monitors are not in it."""

    site: Site
    limits: tuple[tuple[Limits, tuple[str, ...]], ...]  # each in use, and the names of who has it
    looks: tuple[tuple[str, str, tuple[str, ...]], ...]  # cron, its zone, and the names
    strict: tuple[str, ...]  # names of those that count degraded time as downtime
    monitors: int
    shortest_gap: Millis  # a shorter pause of the loop is none
    stale_after: Millis
    kept: int  # days of history
