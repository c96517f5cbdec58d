"""What people are shown. Hidden monitors and drafts are in none of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from kener_py.model.configured import Limits, Monitor, Site
from kener_py.model.happened import Incident, Maintenance, Span
from kener_py.model.quick import quick
from kener_py.model.words import Instant, MaintenanceState, Millis, Severity, Status


@quick
@dataclass(frozen=True, slots=True)
class Uptime:
    """Time per status inside one window, in milliseconds. The percentage is `status.percent`."""

    up: Millis = 0
    degraded: Millis = 0
    down: Millis = 0
    maintenance: Millis = 0
    no_data: Millis = 0  # never seen, or not looked at
    is_degraded_down: bool = False


@quick
@dataclass(frozen=True, slots=True)
class Day:
    """One calendar day of the site's zone: 23, 24 or 25 hours, today only as far as it went."""

    date: str  # ISO
    started: Instant
    ended: Instant
    uptime: Uptime
    status: Status  # the worst of the day; NO_DATA if nothing is known


@quick
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
    first: Instant | None = None  # the first heartbeat ever
    sixty: Uptime = Uptime()  # of the last 60 days; programs are not told, but some strips end there


@dataclass(frozen=True, slots=True)
class Group:
    """The monitors of one category, in the order of the file; "" is the category of none."""

    name: str
    status: Status
    views: tuple[MonitorView, ...]
    uptime: Mapping[str, Uptime] = field(default_factory=dict)  # of all together; windows as of a view
    sixty: Uptime = Uptime()
    days: tuple[Day, ...] = ()  # of all together; () unless it is `quiet`
    up: int = 0  # how many are UP now
    quiet: bool = False  # large, and nothing is wrong: one line is enough


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
class ToldSpan:
    """A span of one monitor, and the public incident that tells of it."""

    span: Span
    incident: Incident | None = None
    is_ongoing: bool = False  # it reaches the present


@dataclass(frozen=True, slots=True)
class Months:
    """Where a monitor's outages are turned over by month: ISO months, "2026-09"."""

    chosen: str | None  # None: the last 90 days
    newest: str  # the present one
    previous: str | None = None  # before the chosen one; None: there is nothing to see
    next: str | None = None


@dataclass(frozen=True, slots=True)
class MonitorPage:
    """One monitor's own page."""

    site: Site
    at: Instant
    measured: Instant | None
    is_stale: bool  # the loop stands still: the status shown is not to be trusted
    view: MonitorView
    outages: tuple[ToldSpan, ...]  # DEGRADED and DOWN of `months`, newest first; the newest of them
    incidents: tuple[Incident, ...]  # public ones that touched it in the last 90 days, newest first
    maintenances: tuple[Maintenance, ...] = ()  # public ones: running, upcoming, past
    outage_count: int = 0  # with those that are left out
    months: Months = Months(None, "")
    year: Uptime | None = None  # of 365 days; None if history is not kept that long
    days: tuple[Day, ...] = ()  # of the last 12 months, oldest first, as far as anything is known


@dataclass(frozen=True, slots=True)
class DayPage:
    """One monitor on one calendar day of the site's zone."""

    site: Site
    at: Instant
    monitor: Monitor
    day: Day  # today as far as it went
    ends: Instant  # the midnight after it
    spans: tuple[ToldSpan, ...]  # they tile the day as far as it went
    incidents: tuple[Incident, ...]  # public ones that overlap, newest first
    maintenances: tuple[Maintenance, ...]  # public ones that overlap, oldest first
    beats: int = 0  # heartbeats of this day in the log
    are_all_beats: bool = False  # the log reaches back before the day
    previous: str | None = None  # ISO dates of the days beside it that have a page
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A monitor took another status at `at`."""

    monitor: str
    at: Instant
    before: Status
    after: Status


@dataclass(frozen=True, slots=True)
class Effect:
    """What an incident was for one monitor, and what it cost.

    What history no longer tells is None, and never a smaller figure. `quarter` is the 90 days up to the
    end of the incident, `spared` the same had the monitor been up all the while.
    """

    monitor: str
    now: Status | None = None  # None: the loop stands still
    then: Status | None = None  # the worst while the incident lasted
    during: Uptime | None = None  # the incident's own time
    quarter: Uptime | None = None
    spared: Uptime | None = None
    cost: int | None = None  # thousandths of a percentage point, floored; None: it cost nothing
    history: tuple[Span, ...] = ()  # of the time around the incident


@dataclass(frozen=True, slots=True)
class IncidentPage:
    site: Site
    at: Instant
    incident: Incident
    names: Mapping[str, str]  # tag to name, of public monitors
    detected: Instant | None = None  # when somebody, or the loop, noticed; None if that was told afterwards
    effects: tuple[Effect, ...] = ()  # on the public monitors, in the order of the file
    steps: tuple[Step, ...] = ()  # of these monitors while the incident lasted, oldest first
    around: Span | None = None  # the time that `Effect.history` is of; None if there is none
    earlier: Incident | None = None  # the public incident that began before this one
    later: Incident | None = None


class Cadence(StrEnum):
    """How often a schedule comes, where that can be said in words."""

    HOURLY = "HOURLY"
    DAILY = "DAILY"
    WEEKDAYS = "WEEKDAYS"  # Monday to Friday
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    OTHER = "OTHER"  # only the cron expression tells


@dataclass(frozen=True, slots=True)
class Recurrence:
    """When the windows of a plan come, on the clock of `timezone`, and how long each of them lasts."""

    cadence: Cadence
    schedule: str  # as the file has it
    timezone: str
    duration: Millis
    hour: int = 0
    minute: int = 0
    days: tuple[int, ...] = ()  # WEEKLY: Monday is 0; MONTHLY: the day of the month


@dataclass(frozen=True, slots=True)
class ToldWindow:
    """A maintenance window with the states that it has taken so far, newest first."""

    window: Maintenance
    course: tuple[tuple[MaintenanceState, Instant], ...]


@dataclass(frozen=True, slots=True)
class News:
    """What feeds tell, of everything or of one monitor."""

    site: Site
    at: Instant
    monitor: Monitor | None
    incidents: tuple[Incident, ...]  # the one with the newest update first
    announcements: tuple[ToldWindow, ...]
    names: Mapping[str, str]  # tag to name, of public monitors


@dataclass(frozen=True, slots=True)
class MaintenancePage:
    site: Site
    at: Instant
    maintenance: Maintenance
    state: MaintenanceState
    names: Mapping[str, str]  # tag to name, of public monitors
    recurrence: Recurrence | None = None  # if a schedule of the file makes such windows
    now: Mapping[str, Status | None] = field(default_factory=dict)  # by tag; None: the loop stands still
    coming: tuple[Maintenance, ...] = ()  # further windows of the same plan
    earlier: Maintenance | None = None  # the public window that begins before this one
    later: Maintenance | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """A public maintenance window and what it is now."""

    maintenance: Maintenance
    state: MaintenanceState


@dataclass(frozen=True, slots=True)
class Published:
    """Everything that programs are told, out of one look at the database."""

    board: Board  # its views and groups without uptime and days
    changed: Instant  # the newest change of anything in it
    incidents: tuple[Incident, ...]  # newest first, open and resolved, as far as history is kept
    windows: tuple[Window, ...]  # latest start first
    histories: Mapping[str, tuple[Span, ...]]  # by tag, as far as the open and the newest incidents need them


@dataclass(frozen=True, slots=True)
class Telemetry:
    """What a program that watches this server is told, out of one look at the database."""

    at: Instant
    measured: Instant | None  # the last tick
    is_stale: bool
    views: tuple[MonitorView, ...]
    open_incidents: Mapping[Severity, int]
    windows_running: int
    rejected: Mapping[str, int]  # calls turned away, ever, by reason
    owed: int  # deliveries that wait
    oldest_owed: Instant | None
    database_size: int  # bytes, with the write-ahead log
    sqlite: str  # its version


class Grade(StrEnum):
    """As health documents say it."""

    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing about the server itself. `text` says what is wrong; "" if nothing is."""

    name: str  # "component:measurement"
    kind: str  # component, datastore or system
    value: float | None
    unit: str
    grade: Grade
    text: str


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
