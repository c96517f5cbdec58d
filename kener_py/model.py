"""Every noun of the project, frozen. No rules here, no I/O, no clock.

An `Instant` is Unix milliseconds in UTC and a `Millis` is a length; `datetime` appears only where
cron or people need it. Change a value with `dataclasses.replace`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

Instant = int
Millis = int

SECOND: Millis = 1_000
MINUTE: Millis = 60 * SECOND
HOUR: Millis = 60 * MINUTE
DAY: Millis = 24 * HOUR

DEFAULT_CRON = "* * * * *"


class Status(StrEnum):
    """What a monitor is; MAINTENANCE is an overlay while a window runs."""

    NO_DATA = "NO_DATA"
    UP = "UP"
    DEGRADED = "DEGRADED"
    DOWN = "DOWN"
    MAINTENANCE = "MAINTENANCE"


class Severity(StrEnum):
    """How bad an alert is, and the impact of the incident that it opens."""

    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"


class AlertStatus(StrEnum):
    """PENDING is an alert whose failure threshold is not reached yet: nobody was told."""

    PENDING = "PENDING"
    TRIGGERED = "TRIGGERED"
    RESOLVED = "RESOLVED"


class IncidentState(StrEnum):
    INVESTIGATING = "INVESTIGATING"
    IDENTIFIED = "IDENTIFIED"
    MONITORING = "MONITORING"
    RESOLVED = "RESOLVED"


class MaintenanceState(StrEnum):
    SCHEDULED = "SCHEDULED"
    ONGOING = "ONGOING"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


class DeliveryStatus(StrEnum):
    """WAITING covers a delivery that is being tried right now: its lease tells."""

    WAITING = "WAITING"
    SENT = "SENT"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


# ---- what the configuration says -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Limits:
    """How long the silence may last. Both lengths count from the last heartbeat, strictly."""

    degraded_after: Millis
    down_after: Millis
    interval: Millis | None = None  # the rhythm, when the file gives one; for "next expected"


@dataclass(frozen=True, slots=True)
class Monitor:
    tag: str
    name: str
    limits: Limits
    description: str = ""
    category: str = ""
    secret: str | None = field(default=None, repr=False)
    cron: str = DEFAULT_CRON  # when we look; not when the job runs
    timezone: str = "UTC"  # of `cron`
    is_hidden: bool = False
    include_degraded_in_downtime: bool = False
    severity: Severity | None = None  # of its alerts, instead of the rule's
    external_url: str | None = None


@dataclass(frozen=True, slots=True)
class Site:
    title: str = "Status"
    url: str = ""  # absolute, without a trailing slash; "" when not configured
    timezone: str = "UTC"
    description: str = ""
    logo: str | None = None
    footer: str = ""


@dataclass(frozen=True, slots=True)
class Server:
    host: str = "127.0.0.1"
    port: int = 3000
    database: Path = Path("kener.db")
    threads: int = 32
    log_format: str = "plain"  # or "json"
    log_level: str = "info"
    trusted_proxies: tuple[str, ...] = ()  # networks whose X-Forwarded-For is believed


@dataclass(frozen=True, slots=True)
class Retention:
    heartbeats: int = 100  # kept in the log, per monitor
    days: int = 400  # of history


@dataclass(frozen=True, slots=True)
class Notifier:
    name: str
    urls: tuple[str, ...] = field(repr=False)  # Apprise URLs; they carry secrets
    title: str = ""  # a template of its own; "" for the built-in words
    body: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """An alert rule; `monitors` and `notifiers` are resolved to tags and names."""

    name: str
    status: Status  # DOWN, or DEGRADED for "degraded or worse"
    monitors: frozenset[str]
    notifiers: tuple[str, ...]
    failure_threshold: int = 1
    success_threshold: int = 1
    severity: Severity = Severity.MINOR
    create_incident: bool = True
    description: str = ""
    cooldown: Millis = 15 * MINUTE
    remind_every: Millis | None = None


@dataclass(frozen=True, slots=True)
class ApiKey:
    name: str
    sha256: str = field(repr=False)  # lower-case hex
    scopes: frozenset[str]
    monitors: frozenset[str] | None = None  # None: all
    expires: Instant | None = None


@dataclass(frozen=True, slots=True)
class IncidentPolicy:
    draft: bool = False
    auto_publish_after: Millis | None = None
    batch: Millis = 0


@dataclass(frozen=True, slots=True)
class MaintenancePlan:
    """A window from the file: `start` and `end`, or a cron `schedule` with a `duration`."""

    title: str
    monitors: frozenset[str]
    description: str = ""
    start: Instant | None = None
    end: Instant | None = None
    schedule: str | None = None
    duration: Millis | None = None
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration. Never written to: what changes at run time is a row."""

    monitors: Mapping[str, Monitor]  # by tag, in the order of the file
    site: Site = Site()
    server: Server = Server()
    retention: Retention = Retention()
    notifiers: Mapping[str, Notifier] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    api_keys: tuple[ApiKey, ...] = ()
    incidents: IncidentPolicy = IncidentPolicy()
    maintenances: tuple[MaintenancePlan, ...] = ()
    warnings: tuple[str, ...] = ()  # worth telling the operator, not worth refusing the file
    path: Path | None = None
    files: tuple[Path, ...] = ()  # every file that was read: a change of any means a reload


# ---- what happened ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """One call that arrived; `status` is what the job said of itself."""

    monitor: str
    received: Instant
    status: Status = Status.UP
    message: str = ""
    metrics: tuple[tuple[str, float], ...] = ()
    method: str = "GET"
    user_agent: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """A monitor took `status` at `started`; the span lasts until its next change.

    `detected` is the evaluation that noticed it; None while no evaluation has.
    """

    monitor: str
    started: Instant
    status: Status
    detected: Instant | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """[started, ended) with one status."""

    started: Instant
    ended: Instant
    status: Status


@dataclass(frozen=True, slots=True)
class State:
    """The stored facts that a status is judged from: one row per monitor, ever.

    `status` and `since` are what the last evaluation found, and what people are shown.
    `head` and `head_since` are the newest fact; they run ahead of it between two evaluations.
    `limits` are those in force for the head: a new configuration never re-judges the past.
    """

    monitor: str
    limits: Limits
    last: Instant | None = None  # the last heartbeat; it never expires
    reported: Status = Status.UP  # what that heartbeat said
    message: str = ""
    beats: int = 0
    status: Status = Status.NO_DATA
    since: Instant | None = None
    head: Status = Status.NO_DATA
    head_since: Instant | None = None
    evaluated: Instant | None = None
    quiet_until: Instant | None = None  # silence triggers no alert before; set when a tag comes back
    snoozed_until: Instant | None = None  # an operator wants to hear nothing of it before
    is_counting: bool = False  # an alert of it counts evaluations, so every tick looks at it


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch in which no loop ran, so nothing is known about it."""

    started: Instant
    ended: Instant


@dataclass(frozen=True, slots=True)
class Alert:
    """One rule's view of one monitor, from the first failing evaluation on."""

    id: int | None
    rule: str
    monitor: str
    status: AlertStatus
    started: Instant  # when the trouble began: the missed deadline, or the report
    severity: Severity
    failures: int = 0
    successes: int = 0
    triggered: Instant | None = None
    recovered: Instant | None = None  # when it began to pass again
    resolved: Instant | None = None
    incident: int | None = None
    silent_until: Instant | None = None  # a relapse or a snooze: nobody is told before
    said: Status | None = None  # the worst that people were told; None: nobody was told anything
    reminded: Instant | None = None  # when they were told last
    acknowledged: Instant | None = None  # somebody is on it: no reminders
    told: tuple[str, ...] = ()  # the addresses that heard of it, and shall hear of its end


@dataclass(frozen=True, slots=True)
class IncidentUpdate:
    id: int | None
    incident: int
    state: IncidentState
    text: str
    created: Instant


@dataclass(frozen=True, slots=True)
class Incident:
    """What the public is told was wrong. `opened_for` names the monitor of an auto-made one."""

    id: int | None
    title: str
    state: IncidentState
    severity: Severity
    started: Instant
    created: Instant
    resolved: Instant | None = None
    opened_for: str | None = None
    is_public: bool = True  # False for good: it is about hidden monitors
    publish_at: Instant | None = None  # visible from then on; None: a draft until somebody publishes it
    monitors: tuple[str, ...] = ()
    updates: tuple[IncidentUpdate, ...] = ()  # newest first


@dataclass(frozen=True, slots=True)
class Maintenance:
    """One window, [start, end), in which silence is expected; of a plan of the file or made by hand."""

    id: int | None
    title: str
    start: Instant
    end: Instant
    monitors: tuple[str, ...]
    description: str = ""
    plan: str | None = None  # what names its plan in the file; None: made by hand
    cancelled: Instant | None = None  # a window that had begun ends then
    created: Instant = 0
    updated: Instant = 0


@dataclass(frozen=True, slots=True)
class Notice:
    """Everything a message may say, as it was when the alert changed."""

    kind: AlertStatus  # TRIGGERED or RESOLVED
    monitor: str
    name: str
    status: Status
    severity: Severity
    rule: str
    since: Instant  # the trouble's beginning
    at: Instant  # the evaluation that caused the message
    expected: str  # in words: "a heartbeat at least every 10 minutes"
    recovered: Instant | None = None  # RESOLVED: when it began to pass again
    last: Instant | None = None
    message: str = ""  # the job's own
    description: str = ""  # the rule's own
    incident: int | None = None
    away: Gap | None = None  # we were not looking shortly before
    is_removed: bool = False  # resolved because the file no longer has the monitor or the rule
    is_reminder: bool = False  # it was said before, and is still so
    alert: int | None = None  # what the link in the message acts on
    act_path: str = ""  # that link, signed; made when the message leaves, never stored
    diagnosis: tuple[str, ...] = ()  # what the data says about the cause, a sentence each


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one Apprise URL, with its attempts. `id` never changes over retries."""

    id: str
    notifier: str
    target: str  # a fingerprint of the URL, never the URL
    status: DeliveryStatus
    created: Instant
    due: Instant
    notices: tuple[Notice, ...] = ()
    attempts: int = 0
    lease_until: Instant | None = None
    finished: Instant | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Calls that were turned away, added up per monitor and reason."""

    monitor: str  # "" for a tag that no monitor has
    reason: str
    count: int
    last: Instant


# ---- what people are shown -------------------------------------------------------------------


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
