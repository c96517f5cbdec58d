"""The made-up sites: which jobs they have, and the YAML file that says so."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

ZONE = "Europe/Berlin"


@dataclass(frozen=True, slots=True)
class Job:
    """One monitor as the file has it, and how the program behind it behaves."""

    tag: str
    name: str
    category: str = ""
    interval: str = "5m"  # as the file spells it; grace and missed_beats with it
    grace: str = "2x"
    missed_beats: int = 3
    description: str = ""
    more: tuple[str, ...] = ()  # further lines of its entry
    begins: int = 0  # days after the year's begin
    troubles: int = 4  # in a year
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """A recurring maintenance window of the file."""

    title: str
    schedule: str
    duration: str
    monitors: tuple[str, ...]  # tags and categories
    description: str = ""


def _daily(tag: str, name: str, category: str, text: str = "", *, troubles: int = 2, begins: int = 0) -> Job:
    return Job(tag, name, category, "1d", "3h", 2, text, troubles=troubles, begins=begins)


JOBS = (
    Job("homepage", "Homepage", "Website", "1m", "3x", 6, "What visitors see first.", troubles=5),
    Job("checkout", "Checkout", "Website", "1m", "3x", 6, "Basket, payment and confirmation.", troubles=7),
    Job("search", "Search", "Website", "1m", "5x", 10, troubles=6),
    Job("accounts", "Sign-in and accounts", "Website", "1m", "3x", 6, begins=61),
    Job(
        "public-api", "Public API", "API", "1m", "3x", 6, "Everything under /v1 and /v2.",
        ("external_url: https://example.org/api", "include_degraded_in_downtime: true"), troubles=6,
    ),
    Job("webhooks", "Outgoing webhooks", "API", description="Order events to partners.", troubles=8),
    Job("sandbox", "Partner sandbox", "API", begins=210, troubles=5),
    Job("invoices", "Invoices", "Jobs", "1h", "1.5x", 2, "One PDF per order.", troubles=6),
    Job("exchange-rates", "Exchange rates", "Jobs", "1h", "2x", 4),
    Job("stock-import", "Stock import", "Jobs", "15m", "2x", 3, "From the warehouse.", troubles=9),
    _daily("newsletter", "Newsletter", "Jobs"),
    Job("thumbnails", "Image thumbnails", "Jobs", troubles=5),
    _daily("sales-report", "Sales report", "Jobs", begins=118),
    _daily("database-backup", "Database backup", "Backups", "Nightly, checked by a restore."),
    _daily("files-backup", "Files backup", "Backups", troubles=1),
    Job("offsite-copy", "Off-site copy", "Backups", "6h", "1.5x", 2, troubles=3),
    Job("restore-test", "Restore test", "Backups", "7d", "1d", 2, begins=30, troubles=0),
    _daily("certificates", "Certificate renewal", "Infrastructure", troubles=0),
    Job("log-shipping", "Log shipping", "Infrastructure", troubles=7),
    Job("dns-sync", "DNS zone sync", "Infrastructure", "15m", "2x", 3, begins=300, troubles=2),
    Job("weather", "Weather station on the roof", troubles=10, begins=12),
)  # fmt: skip
HIDDEN = (
    Job("payroll", "Payroll run", "Jobs", "1h", "2x", 3, troubles=5, is_hidden=True),
    Job("vpn-gateway", "VPN gateway", "Infrastructure", troubles=5, is_hidden=True),
)
NEVER = Job("warehouse-scanner", "Warehouse scanner", "Infrastructure", description="Being set up.")
DEAD = Job("legacy-export", "Export to the old ledger", "Jobs", "1h", "2x", 3, troubles=0)

_PLACES = (
    "Berlin", "Lisbon", "Dublin", "Oslo", "Madrid", "Vienna", "Athens", "Warsaw", "Zürich", "Kraków", "Porto",
    "Malmö",
)  # fmt: skip
_PURPOSES = (
    "Edge cache", "Load balancer", "Mail relay", "Message queue", "Object storage", "Time server", "Resolver",
    "Metrics collector", "Database replica", "Session store", "Image resizer", "Log collector",
    "Search index", "Batch worker", "Video encoder", "Payment bridge", "Access control",
)  # fmt: skip


def many(count: int) -> tuple[Job, ...]:
    """This many jobs in a category for each of twelve places."""
    found = []
    for number in range(count):
        purpose, place = _PURPOSES[number // len(_PLACES)], _PLACES[number % len(_PLACES)]
        tag = f"{purpose.lower().replace(' ', '-')}-{number % len(_PLACES) + 1}"
        found.append(Job(tag, purpose, place, "5m", troubles=number % 4, begins=number % 9 * 40))
    return tuple(found)


def text(
    title: str,
    jobs: Iterable[Job],
    plans: Iterable[Plan],
    url: str,
    *,
    footer: str = "",
    silent: Iterable[str] = (),
) -> str:
    """The YAML file. No alert rule is about the jobs in `silent`, so no incident is made for them."""
    jobs = tuple(jobs)
    watched = [job.tag for job in jobs if job.tag not in set(silent)]
    lines = [
        "# Made up by `kener-py demo`.",
        "site:",
        f"  title: {_quoted(title)}",
        f"  url: {_quoted(url)}",
        f"  timezone: {ZONE}",
        "  description: A made-up company, so that every page has something to show.",
        f"  footer: {_quoted(footer)}",
        "server:",
        "  database: kener.db",
        "retention:",
        "  days: 400",
    ]
    if watched:
        lines += [
            "alerts:",
            "  - name: Down",
            "    status: DOWN",
            f"    monitors: [{', '.join(watched)}]",
            "    notifiers: []",
            "    severity: major",
        ]
    lines += ["maintenances:"] if (plans := tuple(plans)) else ["maintenances: []"]
    for plan in plans:
        lines += [
            f"  - title: {_quoted(plan.title)}",
            f"    schedule: {_quoted(plan.schedule)}",
            f"    duration: {plan.duration}",
            f"    monitors: [{', '.join(map(_quoted, plan.monitors))}]",
            f"    description: {_quoted(plan.description)}",
        ]
    lines += ["monitors:"] if jobs else ["monitors: []"]
    for job in jobs:
        lines += _entry(job)
    return "\n".join(lines) + "\n"


def _entry(job: Job) -> list[str]:
    lines = [
        f"  - tag: {job.tag}",
        f"    name: {_quoted(job.name)}",
        f"    secretString: secret-of-{job.tag}-0123456789abcdef",
        f"    interval: {job.interval}",
        f"    grace: {job.grace}",
        f"    missed_beats: {job.missed_beats}",
    ]
    if job.category:
        lines.append(f"    category: {_quoted(job.category)}")
    if job.description:
        lines.append(f"    description: {_quoted(job.description)}")
    if job.is_hidden:
        lines.append("    hidden: true")
    return lines + [f"    {line}" for line in job.more]


def _quoted(value: str) -> str:
    """A YAML scalar: every JSON text without surrogate pairs is one."""
    return json.dumps(value, ensure_ascii=False)
