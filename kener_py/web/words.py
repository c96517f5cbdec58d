"""What templates print with: links, times, lengths, words. Values in, text out; no clock."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

from flask import Flask, has_request_context, request
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from kener_py.model import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Day,
    Incident,
    IncidentState,
    Instant,
    MaintenanceState,
    Millis,
    Severity,
    Site,
    Status,
    Uptime,
)
from kener_py.service import Service
from kener_py.web import bars, branding, language, prose
from kener_py.web.language import N_, _

UNITS = (
    (DAY, N_("%(count)s d")),
    (HOUR, N_("%(count)s h")),
    (MINUTE, N_("%(count)s min")),
    (SECOND, N_("%(count)s s")),
)
WORDS = {
    Status.UP: N_("Up"),
    Status.DEGRADED: N_("Degraded"),
    Status.DOWN: N_("Down"),
    Status.MAINTENANCE: N_("Maintenance"),
    Status.NO_DATA: N_("No data"),
    Severity.MINOR: N_("Minor"),
    Severity.MAJOR: N_("Major"),
    Severity.CRITICAL: N_("Critical"),
    IncidentState.INVESTIGATING: N_("Investigating"),
    IncidentState.IDENTIFIED: N_("Identified"),
    IncidentState.MONITORING: N_("Monitoring"),
    IncidentState.RESOLVED: N_("Resolved"),
    MaintenanceState.SCHEDULED: N_("Scheduled"),
    MaintenanceState.ONGOING: N_("In progress"),
    MaintenanceState.COMPLETED: N_("Completed"),
    MaintenanceState.CANCELLED: N_("Cancelled"),
}
CLEAN = (Status.UP, Status.NO_DATA)
TITLE_MARKS = {
    Status.UP: "✓",
    Status.DEGRADED: "!",
    Status.DOWN: "✕",
    Status.MAINTENANCE: "–",
    Status.NO_DATA: "?",
}


def register(app: Flask) -> None:
    """Give the app's templates every filter and global that they use."""
    static = Path(app.static_folder or "")
    versions = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()[:8]
        for file in sorted(static.iterdir())
        if file.is_file()
    }

    def asset(name: str) -> str:
        """The URL of a static file; it changes with the file, so it may be cached for ever."""
        return f"{root(app.static_url_path or '/static')}/{name}?v={versions[name]}"

    env = app.jinja_env
    env.trim_blocks = env.lstrip_blocks = True
    env.add_extension("jinja2.ext.i18n")
    env.install_gettext_callables(language.gettext, language.ngettext, newstyle=True)  # type: ignore[attr-defined]
    env.globals.update(
        absolute=absolute,
        asset=asset,
        branding=branding,
        language=language,
        path=path,
        root=root,
        view_box=bars.VIEW_BOX,
    )
    filters: dict[str, Callable[..., object]] = {
        "ago": ago,
        "colour": colour,
        "day": day,
        "day_text": day_text,
        "downtime": downtime,
        "duration": duration,
        "host": host,
        "hours": hours,
        "icon": icon,
        "month": month,
        "number": language.number,
        "parts": parts,
        "share": share,
        "short_month": short_month,
        "state": state,
        "strip": bars.strip,
        "tint": tint,
        "tint_of_window": tint_of_window,
        "title_mark": title_mark,
        "unclean": unclean,
        "when": when,
        "when_here": when_here,
        "when_text": when_text,
        "word": word,
    }
    env.filters.update({name: _at_print(each) for name, each in filters.items()})
    prose.register(app)


def _at_print(filter: Callable[..., object]) -> Callable[..., object]:
    """The filter, called each time a page is printed.

    Jinja calls a plain filter on a constant once, when it compiles: in the language of whoever came first.
    """

    @pass_context
    def called(_context: Context, *values: object) -> object:
        return filter(*values)

    return called


# ---- links -----------------------------------------------------------------------------------


def root(absolute: str) -> str:
    """A path of ours below the prefix that the server mounted us at (WSGI's SCRIPT_NAME)."""
    return f"{request.script_root}{absolute}" if has_request_context() else absolute


def path(absolute: str, **query: str | int | None) -> str:
    """The same for a page: it stays in the language that this page's address asks for."""
    asked = language.asked_for() if has_request_context() else None
    if asked is None and not query:  # most links by far
        return root(absolute)
    given = {name: value for name, value in {"lang": asked, **query}.items() if value is not None}
    return root(absolute) + (f"?{urlencode(given)}" if given else "")


def absolute(site: Site, address: str) -> str:
    """A path of ours as a twin links it: with the site's address if that is configured."""
    return site.url + address.removeprefix(root("")) if site.url else address


def host(url: str | None) -> str | None:
    """The host of a web address, to be shown as its link's text; None if it must not be linked."""
    try:
        address = urlsplit(url or "")
        return address.hostname if address.scheme in ("http", "https") else None
    except ValueError:
        return None


# ---- time ------------------------------------------------------------------------------------


def when(at: Instant, zone: str) -> Markup:
    """`<time>` that reads "30 Sep 2026, 13:41 CEST" in the zone and carries UTC for programs."""
    return _when(at, zone, language.current())


@lru_cache(maxsize=4096)
def _when(at: Instant, zone: str, _language: str) -> Markup:
    iso = datetime.fromtimestamp(at // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Markup('<time datetime="{}">{}</time>').format(iso, when_text(at, zone))


def when_here(at: Instant, zone: str) -> Markup:
    """The same where only the site's own clock makes sense: with its offset, which no script rewrites."""
    local = datetime.fromtimestamp(at // SECOND, UTC).astimezone(ZoneInfo(zone))
    return Markup('<time datetime="{}">{}</time>').format(local.isoformat(), when_text(at, zone))


def when_text(at: Instant, zone: str) -> str:
    """The same without an element: "30 Sep 2026, 13:41 CEST"."""
    local = datetime.fromtimestamp(at // SECOND, UTC).astimezone(ZoneInfo(zone))
    name = local.tzname() or ""
    if name[:1] in "+-":  # most zones have no abbreviation: "+0530"
        offset = local.strftime("%z")
        name = f"UTC{offset[:3]}:{offset[3:5]}"
    return f"{language.short_date(local.date())}, {language.clock(local)} {name}"


def day(iso: str) -> Markup:
    """`<time>` of a calendar day: "30 Sep 2026"."""
    return _day(iso, language.current())


@lru_cache(maxsize=2048)
def _day(iso: str, _language: str) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(iso, day_text(iso))


def day_text(iso: str) -> str:
    return language.short_date(date.fromisoformat(iso))


def month(name: str) -> str:
    """A month "2026-09" as people read it: "September 2026"."""
    return language.month(date.fromisoformat(f"{name}-01"))


def short_month(name: str) -> str:
    """ "Sep 2026"."""
    return language.short_month(date.fromisoformat(f"{name}-01"))


def duration(length: Millis) -> str:
    """ "2 h 13 min": the two largest units, floored. What took any time is never said to be nothing."""
    if 0 < length < SECOND:
        return _("under 1 s")
    return _duration(length - length % (MINUTE if length >= HOUR else SECOND), language.current())


@lru_cache(maxsize=4096)
def _duration(length: Millis, _language: str) -> str:
    for place, (size, unit) in enumerate(UNITS):
        if length < size:
            continue
        words = _(unit, count=language.number(length // size))
        if size != SECOND:
            smaller, name = UNITS[place + 1]
            if rest := length % size // smaller:
                words += " " + _(name, count=language.number(rest))
        return words
    return _(UNITS[-1][1], count=language.number(0))


def hours(length: Millis) -> str:
    """ "25 h" or "23 h 17 min 30 s": to the second and never in days, so that a column of them adds up."""
    if 0 < length < SECOND:
        return _("under 1 s")
    words: list[str] = []
    rest = length
    for size, unit in UNITS[1:]:
        count, rest = divmod(rest, size)
        if count or (size == SECOND and not words):
            words.append(_(unit, count=language.number(count)))
    return " ".join(words)


def ago(at: Instant, now: Instant) -> str:
    """ "4 min ago" or "in 4 min"; only ever printed beside the absolute time."""
    distance = abs(now - at)
    if distance < SECOND:
        return _("just now")
    length = duration(distance - distance % MINUTE if distance >= MINUTE else distance)
    return _("%(length)s ago", length=length) if at < now else _("in %(length)s", length=length)


# ---- states ----------------------------------------------------------------------------------


def word(status: Status | Severity | IncidentState | MaintenanceState | None) -> str:
    """How people read it; None is a status that nobody can vouch for."""
    return _("Unknown") if status is None else _(WORDS[status])


def title_mark(status: Status | None) -> str:
    return TITLE_MARKS[status or Status.NO_DATA]


def colour(status: Status | None) -> str:
    """The class that colours an element and the name of its icon."""
    return (status or Status.NO_DATA).value.lower()


def icon(status: Status | None) -> Markup:
    """Its picture, which says nothing to who cannot see it."""
    name = colour(status)
    return Markup(f'<svg class="icon {name}" aria-hidden="true"><use href="#{name}"/></svg>')


def state(status: Status | None) -> Markup:
    """Its picture and its word."""
    return _state(status, language.current())


@lru_cache(maxsize=256)
def _state(status: Status | None, _language: str) -> Markup:
    return icon(status) + " " + word(status)


def tint(incident: Incident) -> Status:
    """The status whose colour and icon an incident wears."""
    if incident.state is IncidentState.RESOLVED:
        return Status.UP
    return Status.DEGRADED if incident.severity is Severity.MINOR else Status.DOWN


def tint_of_window(state: MaintenanceState) -> Status:
    """The status whose colour and icon a maintenance window wears."""
    return Status.UP if state is MaintenanceState.COMPLETED else Status.MAINTENANCE


def unclean(days: tuple[Day, ...]) -> Sequence[Day]:
    """The days, newest first, on which something was to be told."""
    return [day for day in reversed(days) if day.status not in CLEAN]


def downtime(uptime: Uptime) -> Millis:
    return uptime.down + uptime.degraded if uptime.is_degraded_down else uptime.down


def parts(uptime: Uptime) -> str:
    """ "43 min", or "down 43 min, degraded 2 h": how long a day was what its state says, and the rest."""
    return _parts(uptime, language.current())


@lru_cache(maxsize=4096)
def _parts(uptime: Uptime, _language: str) -> str:
    lengths = {
        N_("down %(length)s"): uptime.down,
        N_("degraded %(length)s"): uptime.degraded,
        N_("maintenance %(length)s"): uptime.maintenance,
    }
    total = sum(lengths.values())
    if total in lengths.values():  # only one of them, or none
        return duration(total)
    return language.listed([_(text, length=duration(length)) for text, length in lengths.items() if length])


def share(uptime: Uptime) -> str | None:
    """The uptime in percent, "99.952%": floored, never rounded up; None without data."""
    text = Service.percent(uptime)
    return None if text is None else percent(text)


def percent(text: str) -> str:
    """The same of `Service.percent`'s text."""
    return language.percent(Decimal(text) / 100)
