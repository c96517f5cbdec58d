"""What happened: heartbeats, spans, alerts, incidents, deliveries."""

from __future__ import annotations

from dataclasses import dataclass

from kener_py.model.configured import Limits
from kener_py.model.quick import quick
from kener_py.model.words import AlertStatus, DeliveryStatus, IncidentState, Instant, Severity, Status


@quick
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


@quick
@dataclass(frozen=True, slots=True)
class Change:
    """A monitor took `status` at `started`; the span lasts until its next change.

    `detected` is the evaluation that noticed it; None while no evaluation has.
    """

    monitor: str
    started: Instant
    status: Status
    detected: Instant | None = None


@quick
@dataclass(frozen=True, slots=True)
class Span:
    """[started, ended) with one status."""

    started: Instant
    ended: Instant
    status: Status


@quick
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
    first: Instant | None = None  # the first heartbeat ever


@quick
@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch in which no loop ran, so nothing is known about it."""

    started: Instant
    ended: Instant


@quick
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


@quick
@dataclass(frozen=True, slots=True)
class IncidentUpdate:
    id: int | None
    incident: int
    state: IncidentState
    text: str
    created: Instant


@quick
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


@quick
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


@quick
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


@quick
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


@quick
@dataclass(frozen=True, slots=True)
class Rejection:
    """Calls that were turned away, added up per monitor and reason."""

    monitor: str  # "" for a tag that no monitor has
    reason: str
    count: int
    last: Instant
