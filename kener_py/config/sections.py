"""The sections of the file, one pydantic model each; also the source of the JSON Schema."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from kener_py.config.addresses import (
    FilePath,
    Host,
    Sha256,
    WebAddress,
)
from kener_py.config.fields import (
    AnyText,
    Flag,
    Secret,
    Text,
    count,
)
from kener_py.config.shapes import (
    LogFormat,
    LogLevel,
    Names,
    Networks,
    NotifierUrls,
    Scopes,
    Section,
    WebhookFormat,
    WebhookSecrets,
    shown_default,
)
from kener_py.config.times import (
    Cron,
    Duration,
    DurationOrZero,
    Moment,
    Zone,
)
from kener_py.model import MINUTE, WebhookShape


class ServerSection(Section, title="Server"):
    """Where it listens and what it writes. Flags and `KENER_…` variables win over the file."""

    host: Host = Field(
        default="127.0.0.1", title="Host", description="The address to listen on.", examples=["0.0.0.0"]
    )
    port: Annotated[int, count(0, 65535)] = Field(
        default=3000,
        title="Port",
        description="The port to listen on; 0 takes any free one.",
        examples=[3000],
    )
    database: FilePath = Field(
        default="kener.db",
        title="Database",
        description="The SQLite file, relative to the configuration file.",
        examples=["/var/lib/kener-py/kener.db"],
    )
    threads: Annotated[int, count(1, 512)] = Field(
        default=4,
        title="Threads",
        description="Pages that are rendered at the same time. Heartbeats need no thread.",
        examples=[4],
    )
    log_format: LogFormat = Field(
        default="plain", title="Log format", description="plain or json.", examples=["json"]
    )
    log_level: LogLevel = Field(
        default="info", title="Log level", description="debug, info, warning or error.", examples=["info"]
    )
    metrics_token: Secret | None = Field(
        default=None,
        title="Metrics token",
        description="Whoever reads /metrics must send it as a bearer token; everybody may read without one.",
        examples=["${METRICS_TOKEN}"],
    )
    trusted_proxies: Networks = Field(
        default=[],
        title="Trusted proxies",
        description="Addresses or networks of proxies whose X-Forwarded-For is believed.",
        examples=[["127.0.0.1", "10.0.0.0/8"]],
    )


class RetentionSection(Section, title="Retention"):
    """What is kept, and how long."""

    heartbeats: Annotated[int, count(1, 10_000)] = Field(
        default=100,
        title="Heartbeats",
        description="Heartbeats kept in the log, per monitor.",
        examples=[100],
    )
    days: Annotated[int, count(1, 3650)] = Field(
        default=400, title="Days", description="Days of history.", examples=[400]
    )


class ExportSection(Section, title="Export"):
    """The public page as files, which the server keeps up to date."""

    folder: FilePath = Field(
        title="Folder",
        description="Where the files are written, relative to this one: a folder of their own.",
        examples=["/var/lib/kener-py/page"],
    )
    every: Duration = Field(
        default=MINUTE,
        title="Every",
        description="How often at most; up to 3m.",
        examples=["30s"],
        json_schema_extra=shown_default("1m"),
    )


class NotifierSection(Section, title="Notifier"):
    """Who can be told, and in which words."""

    together: ClassVar[dict[str, Any]] = {
        "anyOf": [{"required": ["urls"]}, {"required": ["webhook"]}],
        "dependencies": {"webhook": ["secret"], "secret": ["webhook"], "format": ["webhook"]},
    }

    urls: NotifierUrls | None = Field(
        default=None,
        title="URLs",
        description="One Apprise URL or a list of them.",
        examples=[["json://localhost"]],
    )
    webhook: WebAddress | None = Field(
        default=None,
        title="Webhook",
        description="An address that is called with signed events, as Standard Webhooks says.",
        examples=["https://example.org/hooks/status"],
    )
    secret: WebhookSecrets | None = Field(
        default=None,
        title="Webhook secret",
        description="whsec_ and base64; a list of them while one replaces another.",
        examples=["${WEBHOOK_SECRET}"],
    )
    format: WebhookFormat = Field(
        default=WebhookShape.STANDARD,
        title="Webhook format",
        description="The body of the event: standard, or as Statuspage calls webhooks.",
        examples=["statuspage"],
        json_schema_extra=shown_default("standard"),
    )
    title: Text | None = Field(
        default=None,
        title="Title",
        description="A Jinja template for the message's title or subject.",
        examples=["{{ status }}: {{ name }}"],
    )
    body: Text | None = Field(
        default=None,
        title="Body",
        description="A Jinja template for the message's text.",
        examples=["{{ name }} is {{ status }} since {{ since }}. {{ incident_url }}"],
    )


class ApiKeySection(Section, title="API key"):
    """A key for programs, sent as X-API-Key or as a bearer token."""

    together: ClassVar[dict[str, Any]] = {"oneOf": [{"required": ["key"]}, {"required": ["key_sha256"]}]}

    name: Text = Field(title="Name", description="Stands in the log; never the key.", examples=["ci"])
    key: Secret | None = Field(
        default=None, title="Key", description="The key itself.", examples=["${CI_KEY}"]
    )
    key_sha256: Sha256 | None = Field(
        default=None,
        title="Digest",
        description="The key's SHA-256 in place of the key: printf %s KEY | sha256sum",
        examples=["0" * 64],
    )
    scopes: Scopes = Field(
        default=["heartbeat:write"],
        title="Scopes",
        description="heartbeat:write, incidents:write, or * for everything.",
        examples=[["heartbeat:write"]],
    )
    monitors: Names | None = Field(
        default=None,
        title="Monitors",
        description="Tags or categories it is good for; all by default.",
        examples=[["Backups"]],
    )
    expires: Moment | None = Field(
        default=None, title="Expires", description="From then on it is refused.", examples=["2027-01-01"]
    )


class IncidentsSection(Section, title="Incidents"):
    """How alerts become public incidents."""

    draft: Flag = Field(
        default=False,
        title="Draft",
        description="Publish auto-made incidents by hand.",
        examples=[True],
    )
    auto_publish_after: Duration | None = Field(
        default=None,
        title="Publish after",
        description="Publish drafts after this time.",
        examples=["10m"],
    )
    batch: DurationOrZero = Field(
        default=0,
        title="Batch",
        description="Alerts within this time leave as one message.",
        examples=["60s"],
        json_schema_extra=shown_default("0s"),
    )


class MaintenanceSection(Section, title="Maintenance"):
    """A window in which silence is expected: start and end, or schedule and duration."""

    together: ClassVar[dict[str, Any]] = {
        "oneOf": [{"required": ["start", "end"]}, {"required": ["schedule", "duration"]}],
    }

    title: Text = Field(title="Title", description="Its name on the page.", examples=["Database upgrade"])
    description: AnyText = Field(
        default="", title="Description", description="What is done.", examples=["Expect pauses."]
    )
    monitors: Names = Field(
        default=["all"],
        title="Monitors",
        description="Tags, categories, category:Name, or all.",
        examples=[["Databases"]],
        json_schema_extra=shown_default("all"),
    )
    start: Moment | None = Field(
        default=None, title="Start", description="When it begins.", examples=["2026-12-01 22:00"]
    )
    end: Moment | None = Field(
        default=None, title="End", description="When it is over.", examples=["2026-12-02 02:00"]
    )
    schedule: Cron | None = Field(
        default=None,
        title="Schedule",
        description="When it begins again and again.",
        examples=["0 3 * * sun"],
    )
    duration: Duration | None = Field(
        default=None, title="Duration", description="How long it lasts.", examples=["2h"]
    )
    timezone: Zone | None = Field(
        default=None,
        title="Time zone",
        description="Of these times; the site's by default.",
        examples=["Europe/Berlin"],
    )
