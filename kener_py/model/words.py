"""The words and units that every other noun is made of."""

from __future__ import annotations

from enum import StrEnum

Instant = int
Millis = int

SECOND: Millis = 1_000
MINUTE: Millis = 60 * SECOND
HOUR: Millis = 60 * MINUTE
DAY: Millis = 24 * HOUR

DEFAULT_CRON = "* * * * *"

LANGUAGES = ("en", "ar", "de", "es", "fr")  # of the page; the first is the one its texts are written in


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
