"""What templates print with: times, lengths, words, safe Markdown, links. Values in, text out; no clock."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import Flask, has_request_context, request
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
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
    Status,
    Uptime,
)
from kener_py.web import bars

UNITS = ((DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (SECOND, "s"))
# Not strftime: its month names follow the locale of the process.
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
STATUS_WORDS = {
    Status.UP: "Up",
    Status.DEGRADED: "Degraded",
    Status.DOWN: "Down",
    Status.MAINTENANCE: "Maintenance",
    Status.NO_DATA: "No data",
}
CLEAN = (Status.UP, Status.NO_DATA)
TITLE_MARKS = {
    Status.UP: "✓",
    Status.DEGRADED: "!",
    Status.DOWN: "✕",
    Status.MAINTENANCE: "–",
    Status.NO_DATA: "?",
}
LINK_SCHEMES = ("http:", "https:", "mailto:")


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
        return f"{path(app.static_url_path or '/static')}/{name}?v={versions[name]}"

    env = app.jinja_env
    env.trim_blocks = env.lstrip_blocks = True
    env.globals.update(asset=asset, path=path, view_box=bars.VIEW_BOX)
    env.filters.update(
        ago=ago,
        colour=colour,
        day=day,
        downtime=downtime,
        duration=duration,
        host=host,
        markdown=markdown,
        parts=parts,
        strip=bars.strip,
        tint=tint,
        tint_of_window=tint_of_window,
        title_mark=title_mark,
        unclean=unclean,
        when=when,
        word=word,
    )


# ---- links -----------------------------------------------------------------------------------


def path(absolute: str) -> str:
    """A path of ours below the prefix that the server mounted us at (WSGI's SCRIPT_NAME)."""
    return f"{request.script_root}{absolute}" if has_request_context() else absolute


def host(url: str | None) -> str | None:
    """The host of a web address, to be shown as its link's text; None if it must not be linked."""
    try:
        address = urlsplit(url or "")
        return address.hostname if address.scheme in ("http", "https") else None
    except ValueError:
        return None


# ---- time ------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def when(at: Instant, zone: str) -> Markup:
    """`<time>` that reads "30 Sep 2026, 13:41 CEST" in the zone and carries UTC for programs."""
    utc = datetime.fromtimestamp(at // SECOND, UTC)
    local = utc.astimezone(ZoneInfo(zone))
    name = local.tzname() or ""
    if name[:1] in "+-":  # most zones have no abbreviation: "+0530"
        offset = local.strftime("%z")
        name = f"UTC{offset[:3]}:{offset[3:5]}"
    text = f"{local.day} {MONTHS[local.month - 1]} {local.year}, {local:%H:%M} {name}"
    return Markup('<time datetime="{}">{}</time>').format(utc.strftime("%Y-%m-%dT%H:%M:%SZ"), text)


@lru_cache(maxsize=1024)
def day(iso: str) -> Markup:
    """`<time>` of a calendar day: "30 Sep 2026"."""
    on = date.fromisoformat(iso)
    return Markup('<time datetime="{}">{} {} {}</time>').format(iso, on.day, MONTHS[on.month - 1], on.year)


def duration(length: Millis) -> str:
    """ "2 h 13 min": the two largest units, floored. What took any time is never said to be nothing."""
    if 0 < length < SECOND:
        return "under 1 s"
    for place, (size, unit) in enumerate(UNITS):
        if length < size:
            continue
        words = f"{length // size} {unit}"
        if unit != "s":
            smaller, name = UNITS[place + 1]
            if rest := length % size // smaller:
                words += f" {rest} {name}"
        return words
    return "0 s"


def ago(at: Instant, now: Instant) -> str:
    """ "4 min ago" or "in 4 min"; only ever printed beside the absolute time."""
    distance = abs(now - at)
    if distance < SECOND:
        return "just now"
    words = duration(distance - distance % MINUTE if distance >= MINUTE else distance)
    return f"{words} ago" if at < now else f"in {words}"


# ---- states ----------------------------------------------------------------------------------


def word(status: Status | Severity | IncidentState | MaintenanceState | None) -> str:
    """How people read it; None is a status that nobody can vouch for."""
    if status is None:
        return "Unknown"
    if status is MaintenanceState.ONGOING:
        return "In progress"
    return STATUS_WORDS[status] if isinstance(status, Status) else status.value.capitalize()


def title_mark(status: Status | None) -> str:
    return TITLE_MARKS[status or Status.NO_DATA]


def colour(status: Status | None) -> str:
    """The class that colours an element and the name of its icon."""
    return (status or Status.NO_DATA).value.lower()


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
    lengths = {"down": uptime.down, "degraded": uptime.degraded, "maintenance": uptime.maintenance}
    words = [f"{name} {duration(length)}" for name, length in lengths.items() if length]
    return ", ".join(words) if len(words) > 1 else duration(sum(lengths.values()))


# ---- Markdown --------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def markdown(text: str) -> Markup:
    """Markdown as HTML that cannot run, load or track anything."""
    tokens = _MARKDOWN.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = "h4"  # the page above it uses h1 to h3
    return Markup(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))


def _is_link(url: str) -> bool:
    return url.lower().startswith(LINK_SCHEMES)


def _link_open(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    tokens[index].attrSet("rel", "nofollow noopener")
    return renderer.renderToken(tokens, index, options, env)


_MARKDOWN = MarkdownIt("commonmark", {"html": False, "breaks": True}).disable("image")
_MARKDOWN.validateLink = _is_link  # type: ignore[method-assign]
_MARKDOWN.add_render_rule("link_open", _link_open)
