"""One monitor's own page."""

from __future__ import annotations

from kener_py import status, store
from kener_py.model import (
    Config,
    Instant,
    MonitorPage,
    Status,
)
from kener_py.service import maintenance
from kener_py.service.board import public, views


def monitor_page(db: store.Database, config: Config, tag: str, at: Instant) -> MonitorPage | None:
    """One monitor's page; None if there is no such public monitor."""
    monitor = config.monitors.get(tag)
    if monitor is None or monitor.is_hidden:
        return None
    zone = config.site.timezone
    start = views.history_start(zone, at)
    gaps = status.unobserved(store.alive(db), start, at)
    planned = maintenance.gaps(db, start, at, tag).get(tag, ())
    seen = views.seen_spans(store.changes(db, tag, start), gaps, start, at)
    figures = views.figures_of(seen, planned, zone, at, monitor.include_degraded_in_downtime)
    state = store.state(db, tag) or status.begin(tag, monitor.limits, at)
    measured = store.last_alive(db)
    return MonitorPage(
        site=config.site,
        at=at,
        measured=measured,
        is_stale=views.is_stale(measured, at),
        view=views.view(monitor, state, figures, planned, at),
        outages=tuple(
            span for span in reversed(figures.history) if span.status in (Status.DEGRADED, Status.DOWN)
        ),
        incidents=public.incidents(db, config, start, at, tag),
        maintenances=maintenance.listed(db, config, at, tag),
    )
