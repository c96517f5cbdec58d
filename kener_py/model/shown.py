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
