"""The public pages: ask the service one thing, render it. What a status is, others have decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import render_template
from flask.typing import ResponseReturnValue

from kener_py.model import (
    Board,
    IncidentState,
    Instant,
    Maintenance,
    MonitorPage,
    MonitorView,
    Overall,
    Status,
)
from kener_py.service import Service
from kener_py.web.api import is_id

UPCOMING = 5  # maintenance windows to come on the front page, one of each plan
INCIDENTS_IN_FULL = 5  # of the open ones; more are one line each
CURL_LINES = 5
MAINTENANCES = 20  # of one monitor
OUTAGES = 50  # rows of the table; a flapping job can have thousands

SERVER = "http://<this server>"  # never the Host header: the visitor writes that


@dataclass(frozen=True, slots=True)
class Banner:
    """The state of everything in one sentence."""

    status: Status  # whose colour and icon it wears
    title: str  # of the browser's tab
    sentence: str
    scope: str = ""
    since: Instant | None = None


BANNERS: Mapping[Overall, Banner] = {
    Overall.EMPTY: Banner(Status.NO_DATA, "? Nothing yet", "Nothing to show yet"),
    Overall.WAITING: Banner(Status.NO_DATA, "? Waiting", "Waiting for the first heartbeat"),
    Overall.UNKNOWN: Banner(Status.NO_DATA, "? Unknown", "Status unknown"),
    Overall.UP: Banner(Status.UP, "✓ Operational", "All systems operational"),
    Overall.MAINTENANCE: Banner(Status.MAINTENANCE, "– Maintenance", "Scheduled maintenance in progress"),
    Overall.DEGRADED: Banner(Status.DEGRADED, "! Degraded", "Degraded performance"),
    Overall.PARTIAL_OUTAGE: Banner(Status.DOWN, "✕ Partial outage", "Partial outage"),
    Overall.MAJOR_OUTAGE: Banner(Status.DOWN, "✕ Major outage", "Major outage"),
}


def front(service: Service) -> ResponseReturnValue:
    board = service.board()
    views = [view for group in board.groups for view in group.views]
    opened = {incident.id for incident in board.open_incidents}
    return render_template(
        "front.html",
        site=board.site,
        board=board,
        banner=_banner(board, views),
        is_stale=board.overall is Overall.UNKNOWN,
        is_waiting=board.overall is Overall.WAITING,
        waiting=views[:CURL_LINES],
        unnamed=len(views) - CURL_LINES,
        server=board.site.url or SERVER,
        spoken_of={tag for incident in board.open_incidents for tag in incident.monitors},
        told=board.open_incidents[:INCIDENTS_IN_FULL],
        listed=board.open_incidents[INCIDENTS_IN_FULL:],
        past=[incident for incident in board.recent_incidents if incident.id not in opened],
        running=_one_each([each for each in board.maintenances if each.start <= board.at]),
        upcoming=_one_each([each for each in board.maintenances if each.start > board.at])[:UPCOMING],
        differs=any(view.monitor.include_degraded_in_downtime for view in views),
        percent=service.percent,
    )


def monitor(service: Service, tag: str) -> ResponseReturnValue:
    page = service.monitor_page(tag)
    if page is None:
        return not_found(service)
    return render_template(
        "monitor.html",
        site=page.site,
        page=page,
        view=page.view,
        monitor=page.view.monitor,
        status=None if page.is_stale else page.view.status,
        is_stale=page.is_stale,
        is_waiting=page.view.status is Status.NO_DATA and page.view.last is None,
        is_spoken_of=any(incident.state is not IncidentState.RESOLVED for incident in page.incidents),
        outages=page.outages[:OUTAGES],
        planned=[(each, service.maintenance_state(each, page.at)) for each in _shown(page)],
        server=page.site.url or SERVER,
        percent=service.percent,
    )


def incident(service: Service, id: str) -> ResponseReturnValue:
    page = service.incident_page(int(id)) if is_id(id) else None
    if page is None:
        return not_found(service)
    return render_template(
        "incident.html", site=page.site, page=page, incident=page.incident, names=page.names
    )


def maintenance(service: Service, id: str) -> ResponseReturnValue:
    page = service.maintenance_page(int(id)) if is_id(id) else None
    if page is None:
        return not_found(service)
    return render_template(
        "maintenance.html", site=page.site, page=page, window=page.maintenance, names=page.names
    )


def _one_each(windows: list[Maintenance]) -> list[Maintenance]:
    """The first window of each plan, and all those made by hand."""
    found: dict[object, Maintenance] = {}
    for window in windows:
        found.setdefault(window.plan or window.id, window)
    return list(found.values())


def _shown(page: MonitorPage) -> list[Maintenance]:
    """What runs, the next of each plan, and the newest of the past."""
    to_come = [each for each in page.maintenances if each.start > page.at and each.cancelled is None]
    begun = [each for each in page.maintenances if each not in to_come]
    return [*reversed(_one_each(to_come)), *begun][:MAINTENANCES]


def not_found(service: Service) -> ResponseReturnValue:
    """The same bytes for what never was, what is hidden and what is a draft."""
    return render_template("not_found.html", site=service.config.site), 404


def error(code: int = 500) -> ResponseReturnValue:
    """The page for our own faults; it asks the service nothing, for that may be what failed."""
    return render_template("error.html", code=code), code


def _banner(board: Board, views: list[MonitorView]) -> Banner:
    plain = BANNERS[board.overall]
    count = f"{len(views)} monitor{'' if len(views) == 1 else 's'}"
    status, title, sentence = plain.status, plain.title, plain.sentence
    if board.overall in (Overall.EMPTY, Overall.UNKNOWN):
        return plain
    if board.overall is Overall.WAITING:
        return Banner(status, title, sentence, f"{count}, no heartbeat yet")
    if board.overall is Overall.UP:
        up = sum(view.status is Status.UP for view in views)
        scope = f"{up} of {count} up" if up < len(views) else f"All {count} up" if up > 1 else f"{count} up"
        return Banner(status, title, sentence, scope)
    if board.overall is Overall.MAINTENANCE:
        touched = [view for view in views if view.status is Status.MAINTENANCE]
        scope = f"{len(touched)} of {count} in maintenance"
    else:
        touched = [view for view in views if view.status in (Status.DEGRADED, Status.DOWN)]
        scope = f"{len(touched)} of {count} affected"
        if not touched:  # then an incident says so, and people wrote it
            return Banner(status, title, "Partially degraded" if status is Status.DEGRADED else sentence)
        judged = sum(view.status not in (Status.NO_DATA, Status.MAINTENANCE) for view in views)
        if board.overall is Overall.DEGRADED and len(touched) < judged:
            sentence = "Partially degraded"
    since = min((view.since for view in touched if view.since is not None), default=None)
    return Banner(status, title, sentence, scope, since)
