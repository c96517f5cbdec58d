"""The front page: the state of everything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Response

from kener_py.model import (
    Board,
    Instant,
    MonitorView,
    Overall,
    Status,
)
from kener_py.service import Service
from kener_py.web.language import N_, _, n_, number
from kener_py.web.pages.show import SERVER, show
from kener_py.web.pages.windows import one_each

UPCOMING = 5  # maintenance windows to come on the front page, one of each plan
INCIDENTS_IN_FULL = 5  # of the open ones; more are one line each
CURL_LINES = 5


@dataclass(frozen=True, slots=True)
class Banner:
    """The state of everything in one sentence."""

    status: Status  # whose colour and icon it wears
    title: str  # of the browser's tab, after its mark
    sentence: str
    scope: str = ""
    since: Instant | None = None


BANNERS: Mapping[Overall, Banner] = {
    Overall.EMPTY: Banner(Status.NO_DATA, N_("Nothing yet"), N_("Nothing to show yet")),
    Overall.WAITING: Banner(Status.NO_DATA, N_("Waiting"), N_("Waiting for the first heartbeat")),
    Overall.UNKNOWN: Banner(Status.NO_DATA, N_("Unknown"), N_("Status unknown")),
    Overall.UP: Banner(Status.UP, N_("Operational"), N_("All systems operational")),
    Overall.MAINTENANCE: Banner(
        Status.MAINTENANCE, N_("Maintenance"), N_("Scheduled maintenance in progress")
    ),
    Overall.DEGRADED: Banner(Status.DEGRADED, N_("Degraded"), N_("Degraded performance")),
    Overall.PARTIAL_OUTAGE: Banner(Status.DOWN, N_("Partial outage"), N_("Partial outage")),
    Overall.MAJOR_OUTAGE: Banner(Status.DOWN, N_("Major outage"), N_("Major outage")),
}


def front(service: Service) -> Response:
    board = service.board()
    views = [view for group in board.groups for view in group.views]
    opened = {incident.id for incident in board.open_incidents}
    return show(
        "front",
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
        running=one_each([each for each in board.maintenances if each.start <= board.at]),
        upcoming=one_each([each for each in board.maintenances if each.start > board.at])[:UPCOMING],
        differs=any(view.monitor.include_degraded_in_downtime for view in views),
    )


def _banner(board: Board, views: list[MonitorView]) -> Banner:
    plain = BANNERS[board.overall]
    title, sentence = _(plain.title), _(plain.sentence)
    count = n_("%(num)s monitor", "%(num)s monitors", len(views))
    scope = ""
    touched = [view for view in views if view.status in (Status.DEGRADED, Status.DOWN)]
    if board.overall in (Overall.EMPTY, Overall.UNKNOWN):
        pass
    elif board.overall is Overall.WAITING:
        scope = _("%(monitors)s, no heartbeat yet", monitors=count)
    elif board.overall is Overall.UP:
        up = sum(view.status is Status.UP for view in views)
        if up < len(views):
            scope = n_(
                "%(up)s of %(num)s monitor up", "%(up)s of %(num)s monitors up", len(views), up=number(up)
            )
        else:
            scope = n_("%(num)s monitor up", "All %(num)s monitors up", up)
    elif board.overall is Overall.MAINTENANCE:
        touched = [view for view in views if view.status is Status.MAINTENANCE]
        scope = n_(
            "%(some)s of %(num)s monitor in maintenance",
            "%(some)s of %(num)s monitors in maintenance",
            len(views),
            some=number(len(touched)),
        )
    elif touched:  # else an incident says so, and people wrote it
        scope = n_(
            "%(some)s of %(num)s monitor affected",
            "%(some)s of %(num)s monitors affected",
            len(views),
            some=number(len(touched)),
        )
    judged = sum(view.status not in (Status.NO_DATA, Status.MAINTENANCE) for view in views)
    if board.overall is Overall.DEGRADED and len(touched) < judged:
        sentence = _("Partially degraded")
    since = min((view.since for view in touched if view.since is not None), default=None) if scope else None
    return Banner(plain.status, title, sentence, scope, since)
