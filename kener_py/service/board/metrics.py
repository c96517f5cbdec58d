"""What a program that watches this server is told."""

from __future__ import annotations

from collections import Counter

from kener_py import maintenance as windows
from kener_py import store
from kener_py.model import Config, Instant, MaintenanceState, Telemetry
from kener_py.service import maintenance
from kener_py.service.board import public, views


def telemetry(db: store.Database, config: Config, at: Instant, size: int, with_hidden: bool) -> Telemetry:
    """`size` is that of the database, in bytes."""
    measured = store.last_alive(db)
    monitors = list(config.monitors.values()) if with_hidden else public.monitors(config)
    opened = (each for each in public.incidents(db, config, at, at) if each.resolved is None)
    rejected: Counter[str] = Counter()
    for each in store.rejections(db):
        rejected[each.reason] += each.count
    owed, oldest = store.owed(db)
    running = [
        window
        for window in maintenance.on_board(db, config, at)
        if windows.state(window, at) is MaintenanceState.ONGOING
    ]
    return Telemetry(
        at=at,
        measured=measured,
        is_stale=views.is_stale(measured, at),
        views=tuple(views.monitor_views(db, config, monitors, at)),
        open_incidents=Counter(each.severity for each in opened),
        windows_running=len(running),
        rejected=rejected,
        owed=owed,
        oldest_owed=oldest,
        database_size=size,
        sqlite=store.sqlite_version(),
    )
