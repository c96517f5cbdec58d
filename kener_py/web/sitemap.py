"""`/sitemap.xml`: every public page with when it changed last (https://www.sitemaps.org/protocol.html)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from xml.sax.saxutils import escape

from flask import Response

from kener_py.model import Incident, Instant, Published
from kener_py.service import Service
from kener_py.web.api import rfc3339

MOST = 50_000  # addresses in one file


def sitemap_xml(service: Service) -> Response:
    """404 without a body while the site does not know its own address: all in here are whole."""
    base = service.config.site.url
    if not base:
        return Response(status=404, content_type="text/plain; charset=utf-8")
    told, page = service.published(), service.month_page()
    pages = _pages(told, page.months if page is not None else ())
    lines = ['<?xml version="1.0" encoding="UTF-8"?>']
    lines += ['<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">']
    lines += [_line(f"{base}{path}", changed) for path, changed in list(pages)[:MOST]]
    lines += ["</urlset>", ""]
    return Response("\n".join(lines), content_type="application/xml; charset=utf-8")


def _line(address: str, changed: str | None) -> str:
    when = f"<lastmod>{changed}</lastmod>" if changed else ""
    return f"<url><loc>{escape(address)}</loc>{when}</url>"


def _pages(told: Published, months: tuple[str, ...]) -> Iterator[tuple[str, str | None]]:
    """Paths with their last changes, as the protocol writes them; None where that is not known."""
    now = rfc3339(told.changed)
    yield "/", now
    yield "/uptime", now
    yield "/history", now
    yield "/subscribe", None
    yield "/about", None
    yield "/api", None
    for group in told.board.groups:
        for view in group.views:
            yield f"/monitors/{view.monitor.tag}", rfc3339(view.since)
    for incident in told.incidents:
        yield f"/incidents/{incident.id}", rfc3339(_changed(incident))
    for window in told.windows:
        yield f"/maintenances/{window.maintenance.id}", rfc3339(window.maintenance.updated)
    for month in reversed(months):
        yield f"/history/{month}", _end(month) if month != months[-1] else now


def _changed(incident: Incident) -> Instant:
    """Its last change that visitors saw."""
    moments = [incident.created, incident.publish_at or 0, incident.resolved or 0]
    return max(*moments, *(update.created for update in incident.updates))


def _end(month: str) -> str:
    """The day after a month "2026-09"."""
    later = date.fromisoformat(f"{month}-01") + timedelta(days=31)
    return later.replace(day=1).isoformat()
