"""What feeds and calendars tell: what was said last, and the windows of maintenance."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from kener_py import maintenance as windows
from kener_py import store
from kener_py.model import Config, Instant, Maintenance, News, ToldWindow
from kener_py.service import maintenance
from kener_py.service.board import public

MOST = 50  # incidents


def news(db: store.Database, config: Config, at: Instant, tag: str | None = None) -> News | None:
    """The newest of everything, or of one monitor; None if there is no such public monitor."""
    planned = timetable(db, config, at, tag)
    if planned is None:
        return None
    told = (public.for_public(config, each, at) for each in store.latest_incidents(db, at, tag))
    return News(
        site=config.site,
        at=at,
        monitor=None if tag is None else config.monitors[tag],
        incidents=tuple(islice((each for each in told if each is not None), MOST)),
        announcements=tuple(ToldWindow(each, windows.course(each, at)) for each in _announced(planned, at)),
        names=public.names(config),
    )


def timetable(
    db: store.Database, config: Config, at: Instant, tag: str | None = None
) -> tuple[Maintenance, ...] | None:
    """Public windows to come and of the last 90 days, cancelled ones too, oldest first.

    Of one monitor if named; None if there is no such public monitor.
    """
    if tag is not None and tag not in public.names(config):
        return None
    found = store.maintenances(db, at - maintenance.PAST, maintenance.LATEST, tag)
    seen = (maintenance.for_public(config, window) for window in found)
    return tuple(window for window in seen if window is not None)


def _announced(planned: Iterable[Maintenance], at: Instant) -> list[Maintenance]:
    """Of each plan the newest window that has begun and the next to come; all made by hand or cancelled.

    An hourly restart would else leave no room for anything.
    """
    begun: dict[object, Maintenance] = {}
    to_come: dict[object, Maintenance] = {}
    for window in planned:
        key = window.id if window.cancelled is not None else window.plan or window.id
        if window.start <= at:
            begun[key] = window
        else:
            to_come.setdefault(key, window)
    return [*begun.values(), *to_come.values()]
