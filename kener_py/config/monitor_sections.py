"""A monitor and an alert rule as the file has them, one pydantic model each."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from kener_py.config import spelling
from kener_py.config.addresses import (
    WebAddress,
)
from kener_py.config.fields import (
    AnyText,
    Flag,
    Secret,
    Tag,
    Text,
    count,
)
from kener_py.config.shapes import (
    Active,
    ByStatus,
    DefaultStatus,
    Heartbeat,
    Names,
    NamesOrNone,
    RuleStatus,
    Section,
    SeverityWord,
    shown_default,
)
from kener_py.config.times import (
    Cron,
    Duration,
    DurationOrOff,
    DurationOrZero,
    GraceTime,
    Minutes,
    Zone,
)
from kener_py.model import DEFAULT_CRON, MINUTE, Severity, Status


class TypeData(Section, title="Type data"):
    """Kener's place for a monitor's limits and secret."""

    spellings: ClassVar[dict[str, str]] = spelling.MONITOR

    degraded: Minutes = Field(
        default=5 * MINUTE,
        alias="degradedRemainingMinutes",
        title="Degraded after",
        description="Minutes of silence until the monitor is DEGRADED.",
        examples=[5, 2.5],
        json_schema_extra=shown_default(5),
    )
    down: Minutes = Field(
        default=10 * MINUTE,
        alias="downRemainingMinutes",
        title="Down after",
        description="Minutes of silence until the monitor is DOWN; more than degradedRemainingMinutes.",
        examples=[10],
        json_schema_extra=shown_default(10),
    )
    secret: Secret | None = Field(
        default=None,
        alias="secretString",
        title="Secret",
        description="The last part of the heartbeat's URL: /heartbeat/<tag>:<secret>.",
        examples=["${BACKUP_SECRET}", "${file:/run/secrets/backup}"],
    )


NO_THRESHOLDS = {
    name: False
    for name in (*spelling.MONITOR, *spelling.MONITOR.values())
    if name.lower().replace("_", "") in ("degradedremainingminutes", "downremainingminutes")
}


class MonitorSection(TypeData, title="Monitor"):
    """One watched thing. Its limits are thresholds in minutes, or an interval with grace."""

    without_effect: ClassVar[dict[str, str]] = spelling.KENER_ONLY
    together: ClassVar[dict[str, Any]] = {
        "dependencies": {
            "grace": ["interval"],
            "missed_beats": ["interval"],
            "interval": {"properties": NO_THRESHOLDS | {"type_data": {"properties": NO_THRESHOLDS}}},
        }
    }

    tag: Tag = Field(
        title="Tag", description="Its name in URLs: a-z, 0-9, - and _.", examples=["nightly-backup"]
    )
    name: Text | None = Field(
        default=None,
        title="Name",
        description="Its name on the page; the tag by default.",
        examples=["Nightly backup"],
    )
    description: AnyText = Field(
        default="",
        title="Description",
        description="A sentence for visitors.",
        examples=["Copies the database away."],
    )
    category: AnyText = Field(
        default="",
        title="Category",
        description="Monitors of one category stand together.",
        examples=["Backups"],
    )
    cron: Cron = Field(
        default=DEFAULT_CRON,
        title="Cron",
        description="When we look, not when the job runs; five fields, or six with seconds last.",
        examples=["* * * * *", "*/5 * * * *"],
    )
    timezone: Zone | None = Field(
        default=None,
        title="Time zone",
        description="The zone of `cron`; the site's by default.",
        examples=["Asia/Tokyo"],
    )
    hidden: Flag = Field(
        default=False,
        title="Hidden",
        description="Watch it, but keep it off the public page.",
        examples=[True],
    )
    severity: SeverityWord | None = Field(
        default=None,
        title="Severity",
        description="Of its alerts and incidents; the rule's by default.",
        examples=["critical"],
    )
    include_degraded_in_downtime: Flag = Field(
        default=False,
        title="Degraded is downtime",
        description="Count DEGRADED time as downtime in the uptime.",
        examples=[True],
    )
    external_url: WebAddress | None = Field(
        default=None,
        title="Link",
        description="A page about the watched thing.",
        examples=["https://example.org"],
    )
    interval: Duration | None = Field(
        default=None,
        title="Interval",
        description="The job's rhythm, instead of thresholds.",
        examples=["5m", "1h"],
    )
    grace: GraceTime | None = Field(
        default=None,
        title="Grace",
        description="DEGRADED after this many intervals (2x), or after the interval and this time (90s).",
        examples=["2x", "1.5x", "90s"],
        json_schema_extra=shown_default("2x"),
    )
    missed_beats: Annotated[int, count(1)] = Field(
        default=2,
        title="Missed beats",
        description="DOWN after this many intervals, but never before DEGRADED.",
        examples=[2, 3],
    )
    # Lifted or checked before, or Kener's constants: they are fields for the schema's sake.
    type_data: TypeData | None = Field(
        default=None,
        title="Type data",
        description="Kener's place for the thresholds and the secret.",
        examples=[{"degradedRemainingMinutes": 5, "downRemainingMinutes": 10}],
    )
    monitor_type: Heartbeat = Field(
        default="HEARTBEAT",
        title="Type",
        description="Kener's; HEARTBEAT is the only one.",
        examples=["HEARTBEAT"],
    )
    status: Active = Field(
        default="ACTIVE", title="Status", description="Kener's; only ACTIVE.", examples=["ACTIVE"]
    )
    default_status: DefaultStatus = Field(
        default="NO_DATA",
        title="Default status",
        description="Kener's; always NO_DATA: a monitor is never green before its first heartbeat.",
        examples=["NO_DATA"],
    )


class RuleSection(Section, title="Alert rule"):
    """When somebody is told, and who."""

    spellings: ClassVar[dict[str, str]] = spelling.RULE

    name: Text | None = Field(
        default=None,
        title="Name",
        description="The rule's name; its status by default.",
        examples=["Page the admin"],
    )
    status: RuleStatus = Field(
        default=Status.DOWN,
        title="Status",
        description="DOWN, or DEGRADED for degraded or worse.",
        examples=["DOWN"],
    )
    monitors: Names = Field(
        default=["all"],
        title="Monitors",
        description="Tags, categories, category:Name, or all.",
        examples=["all", ["nightly-backup", "Backups"]],
        json_schema_extra=shown_default("all"),
    )
    notifiers: NamesOrNone | None = Field(
        default=None,
        title="Notifiers",
        description="Names from `notifiers`; all of them by default, none with [].",
        examples=[["ops"]],
    )
    failure_threshold: Annotated[int, count(1)] = Field(
        default=1,
        title="Failure threshold",
        description="Failing evaluations in a row that raise it.",
        examples=[3],
    )
    success_threshold: Annotated[int, count(1)] = Field(
        default=1,
        title="Success threshold",
        description="Passing evaluations in a row that resolve it.",
        examples=[2],
    )
    severity: SeverityWord = Field(
        default=Severity.MINOR,
        title="Severity",
        description="minor, major or critical; Kener's WARNING and CRITICAL are minor and critical.",
        examples=["critical"],
    )
    create_incident: Flag = Field(
        default=True,
        title="Create an incident",
        description="Open an incident on the page.",
        examples=[False],
    )
    description: AnyText = Field(
        default="",
        title="Description",
        description="Stands in messages and incidents.",
        examples=["See the runbook."],
    )
    cooldown: DurationOrZero = Field(
        default=15 * MINUTE,
        title="Cooldown",
        description="A relapse within this time reopens the incident, silently.",
        examples=["15m"],
        json_schema_extra=shown_default("15m"),
    )
    remind_every: DurationOrOff = Field(
        default=None,
        title="Remind every",
        description="Say it again while it lasts.",
        examples=["4h"],
        json_schema_extra=shown_default("off"),
    )
    alert_for: ByStatus = Field(
        default="STATUS", title="Alert for", description="Kener's; only STATUS.", examples=["STATUS"]
    )
    is_active: Flag = Field(
        default=True,
        title="Active",
        description="Kener's; a rule that is off is removed instead.",
        examples=[True],
    )
