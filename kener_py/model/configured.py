"""What the configuration says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from kener_py.model.words import DEFAULT_CRON, MINUTE, Instant, Millis, Severity, Status


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
class Color:
    """One of the page's colours: both as #rrggbb."""

    name: str  # as the file spells it: up, no_data, background
    light: str
    dark: str


# The page's colours where the file gives no others; style.css has the same.
PALETTE = (
    Color("up", "#06a880", "#4db296"),
    Color("degraded", "#b06304", "#fbc831"),
    Color("down", "#890c2c", "#d92c26"),
    Color("maintenance", "#6260a2", "#7270bc"),
    Color("no_data", "#787b84", "#8b8e98"),
    Color("accent", "#1d5fd1", "#8ab4f8"),
    Color("background", "#ffffff", "#09090b"),
    Color("text", "#18181b", "#f4f4f5"),
)


@dataclass(frozen=True, slots=True)
class Picture:
    """An image file as it was when the configuration was read."""

    content: bytes = field(repr=False)
    media_type: str
    version: str  # changes with the content


# Where visitors find the pictures.
LOGO_PATH = "/branding/logo"
FAVICON_PATH = "/branding/favicon"


@dataclass(frozen=True, slots=True)
class Link:
    name: str
    url: str  # https:, http: or mailto:, or a path on this host


@dataclass(frozen=True, slots=True)
class Announcement:
    """What the operator wants to be read first. `text` is Markdown."""

    text: str
    title: str = ""
    until: Instant | None = None  # from then on it is not shown


@dataclass(frozen=True, slots=True)
class Site:
    title: str = "Status"
    url: str = ""  # absolute, without a trailing slash; "" when not configured
    timezone: str = "UTC"
    description: str = ""
    logo: str | None = None  # an address, or a path on this host; that of `logo_file` if there is one
    footer: str = ""
    language: str = "en"  # of a page whose visitor asks for none that we speak
    favicon: str | None = None  # as `logo`; None: the state's
    logo_file: Picture | None = None
    favicon_file: Picture | None = None
    colors: tuple[Color, ...] = ()  # those that the file names
    links: tuple[Link, ...] = ()  # in the header
    announcement: Announcement | None = None
    css: str = field(default="", repr=False)  # added to the end of the page's own
    powered_by: bool = True
    security_contact: str = ""  # mailto: or https:; "" when nobody is named
    embeds: tuple[str, ...] = ("*",)  # who may frame parts of the page, as a policy names them; () nobody


@dataclass(frozen=True, slots=True)
class Server:
    host: str = "127.0.0.1"
    port: int = 3000
    database: Path = Path("kener.db")
    threads: int = 4  # that render pages
    log_format: str = "plain"  # or "json"
    log_level: str = "info"
    metrics_token: str | None = field(default=None, repr=False)
    trusted_proxies: tuple[str, ...] = ()  # networks whose X-Forwarded-For is believed


@dataclass(frozen=True, slots=True)
class Retention:
    heartbeats: int = 100  # kept in the log, per monitor
    days: int = 400  # of history


@dataclass(frozen=True, slots=True)
class Export:
    """The page as files, kept up to date by the server."""

    folder: Path
    every: Millis = MINUTE  # at most so often


class WebhookShape(StrEnum):
    """How the body of a call looks."""

    STANDARD = "standard"
    STATUSPAGE = "statuspage"


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that is called with signed events, as Standard Webhooks says."""

    url: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)  # "whsec_" and base64; several while one is replaced
    shape: WebhookShape = WebhookShape.STANDARD


@dataclass(frozen=True, slots=True)
class Notifier:
    name: str
    urls: tuple[str, ...] = field(repr=False)  # Apprise URLs; they carry secrets
    title: str = ""  # a template of its own; "" for the built-in words
    body: str = ""
    webhook: Webhook | None = None


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
    export: Export | None = None
    maintenances: tuple[MaintenancePlan, ...] = ()
    warnings: tuple[str, ...] = ()  # worth telling the operator, not worth refusing the file
    path: Path | None = None
    files: tuple[Path, ...] = ()  # every file that was read: a change of any means a reload
