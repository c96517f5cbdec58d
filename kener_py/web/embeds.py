"""Embeds: small pages for the frames of other sites, the scripts that put them there, and what to copy.

Addresses and query names are Kener's where Kener has them: theme, days, incidents, maintenance, tags.
`/embed/status` is the page's state and `/embed/monitor-<tag>` the monitor of that tag, whatever monitors are
called; `/embed/<tag>` is the short form for all other tags. What cannot be understood is left at its default.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from flask import Response, current_app, make_response, render_template, request
from markupsafe import escape

from kener_py.model import DAY, Board, Config, Incident, Maintenance, Monitor, MonitorView, Overall, Uptime
from kener_py.service import Service
from kener_py.web import addresses
from kener_py.web.language import _
from kener_py.web.pages.front import banner, unknown
from kener_py.web.pages.windows import one_each
from kener_py.web.prose import plain

Event = TypeVar("Event", Incident, Maintenance)

SCRIPT = "embed.js"  # of static/; what frames a page, and is answered to Kener's /js as well
MOST_DAYS = 90
EVENTS = 20  # of each kind
THEMES = ("light", "dark")


@dataclass(frozen=True, slots=True)
class Snippet:
    """Ready to be copied into another page."""

    name: str
    code: str


# ---- the routes ------------------------------------------------------------------------------


def monitor(service: Service, tag: str) -> Response:
    """One monitor: its name, its state, its uptime and its days."""
    return _of_monitor(service, "embed_monitor.html", tag)


def bars(service: Service, tag: str) -> Response:
    """Its days alone."""
    return _of_monitor(service, "embed_bars.html", tag)


def status(service: Service) -> Response:
    """The state of everything in a sentence."""
    if not service.config.site.embeds:
        return _missing(service)
    board = service.present_board()
    views = [view for group in board.groups for view in group.views]
    return _show(
        service,
        "embed_status.html",
        board=board,
        banner=banner(board, views),
        unknown=unknown(),
        is_stale=_stale(board),
    )


def events(service: Service) -> Response:
    """What is going on: open incidents and running maintenance, of all monitors or of `?tags=a,b`."""
    if not service.config.site.embeds:
        return _missing(service)
    board = service.present_board()
    incidents = _chosen(board.open_incidents) if _is_wanted("incidents") else []
    running = [window for window in board.maintenances if window.start <= board.at]
    windows = one_each(_chosen(running)) if _is_wanted("maintenance") else []
    return _show(
        service,
        "embed_events.html",
        board=board,
        is_stale=_stale(board),
        incidents=incidents[:EVENTS],
        windows=windows[:EVENTS],
        further=len(incidents[EVENTS:]) + len(windows[EVENTS:]),
    )


def script(service: Service) -> Response:
    """The script of the other page: it makes the frame that the attributes of its element ask for."""
    if not service.config.site.embeds:
        return _missing(service)
    answer = Response(_script(current_app.static_folder or ""), mimetype="text/javascript")
    answer.headers["Cache-Control"] = "public, max-age=3600"
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer


@lru_cache
def _script(folder: str) -> bytes:
    return (Path(folder) / SCRIPT).read_bytes()


def script_of_monitor(service: Service, tag: str) -> Response:
    """Kener's address of the same script, which reads there what its own address says: nothing is printed."""
    return script(service) if _public(service, tag) else _missing(service)


# ---- what is shown ---------------------------------------------------------------------------


def _public(service: Service, tag: str) -> Monitor | None:
    found = service.monitor(tag)
    return found if found and not found.is_hidden and service.config.site.embeds else None


def _of_monitor(service: Service, template: str, tag: str) -> Response:
    view = service.monitor_view(tag) if _public(service, tag) else None
    if view is None:
        return _missing(service)
    measured, count = service.measured(), _count()
    return _show(
        service,
        template,
        view=view,
        monitor=view.monitor,
        measured=measured,
        is_stale=service.is_stale(measured, service.clock()),
        count=count,
        figure=_figure(service, view, count),
    )


def _figure(service: Service, view: MonitorView, count: int | None) -> Uptime | None:
    return None if count is None else service.uptime_of(view.monitor.tag, count * DAY)


def _count() -> int | None:
    """How many days are wanted; None if the width of the frame shall decide."""
    wanted = request.args.get("days", "")
    if not re.fullmatch("[0-9]{1,9}", wanted, re.ASCII):
        return None
    return min(max(int(wanted), 1), MOST_DAYS)


def _is_wanted(name: str) -> bool:
    return request.args.get(name) != "0"


def _chosen(found: Iterable[Event]) -> list[Event]:
    """Those about one of the tags that are asked for, and those about everything."""
    tags = {tag.strip() for tag in request.args.get("tags", "").split(",")} - {""}
    return [event for event in found if not tags or not event.monitors or tags & set(event.monitors)]


def _stale(board: Board) -> bool:
    return board.overall is Overall.UNKNOWN


def _missing(service: Service) -> Response:
    """The same for what never was, what is hidden and what is switched off."""
    return _show(service, "embed_missing.html", code=404)


def _show(service: Service, template: str, /, code: int = 200, **facts: object) -> Response:
    wanted = request.args.get("theme")
    theme = wanted if wanted in THEMES else ""
    answer = make_response(render_template(template, site=service.config.site, theme=theme, **facts), code)
    answer.vary.add("Accept-Language")
    return answer


# ---- what to copy ----------------------------------------------------------------------------


def of_monitor(config: Config, monitor: Monitor) -> list[Snippet]:
    """The monitor's embed for another page, as a frame and as a script; nothing if nobody may frame it."""
    title = _("Status of %(name)s", name=plain(monitor.name)[:100])
    return _snippets(config, f"monitor-{monitor.tag}", f'data-monitor="{monitor.tag}"', title, 150)


def of_page(config: Config) -> list[Snippet]:
    """The same of the page's own state."""
    title = _("Status of %(name)s", name=plain(config.site.title)[:100])
    return _snippets(config, "status", 'data-embed="status"', title, 84)


def _snippets(config: Config, place: str, data: str, title: str, height: int) -> list[Snippet]:
    if not config.site.embeds:
        return []
    base, words = escape(addresses.base(config)), escape(title)
    frame = (
        f'<iframe src="{base}/embed/{place}" title="{words}" width="100%" height="{height}"'
        ' loading="lazy" style="border: 0"></iframe>'
    )
    script = f'<script async src="{base}/embed.js" {data} data-title="{words}"></script>'
    return [Snippet(_("As a frame"), frame), Snippet(_("As a script, which fits its height"), script)]
