"""What people are shown. Hidden monitors and drafts are in none of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from kener_py.model.configured import Monitor, Site
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
