"""Everything that programs are told, out of one look: documents made of it cannot contradict each other."""

from __future__ import annotations

from kener_py import maintenance as windows
from kener_py import store
from kener_py.model import DAY, Board, Config, Incident, Instant, Maintenance, Published, Window
from kener_py.service import maintenance
from kener_py.service.board import front, public, views

NEWEST = 50  # incidents of which documents tell even if they are over


def published(db: store.Database, config: Config, at: Instant) -> Published:
    """The front page's facts without figures, with every incident and window that history has."""
    board = front.board(db, config, at, with_figures=False)
    since = at - config.retention.days * DAY
    incidents = public.incidents(db, config, since, at)
    found = sorted(
        maintenance.listed(db, config, at), key=lambda window: (window.start, window.id or 0), reverse=True
    )
    told = [each for place, each in enumerate(incidents) if place < NEWEST or each.resolved is None]
    affected = {tag for incident in told for tag in incident.monitors}
    oldest = min((incident.started for incident in told), default=at)
    return Published(
        board=board,
        changed=_changed(board, incidents, found, at),
        incidents=incidents,
        windows=tuple(Window(window, windows.state(window, at)) for window in found),
        histories=views.histories(
            db,
            [each for each in public.monitors(config) if each.tag in affected],
            max(since, oldest - DAY),
            at,
        ),
    )


def _changed(board: Board, incidents: tuple[Incident, ...], found: list[Maintenance], at: Instant) -> Instant:
    """When anything of it changed last. It stands still while the loop does."""
    moments = [view.since or 0 for group in board.groups for view in group.views]
    for incident in incidents:
        moments += [incident.created, incident.resolved or 0, *(each.created for each in incident.updates)]
    for window in found:
        edges = (window.start, window.end, window.updated, window.cancelled or 0)
        moments += [edge for edge in edges if edge <= at]
    return max((moment for moment in moments if moment <= at), default=0) or board.measured or at
