"""How long what is shown holds, if nothing happens but that time passes."""

from __future__ import annotations

from kener_py import store
from kener_py.model import MINUTE, Instant
from kener_py.service.board.views import STALE_AFTER


def holds_until(db: store.Database, at: Instant) -> Instant:
    """The first instant after `at` at which a page may look different: a full minute at the latest.

    Before that a window may begin or end, a draft become public, or the loop have stood still too long.
    """
    minute = at - at % MINUTE + MINUTE
    moments = [minute, *store.moments(db, at, minute)]
    measured = store.last_alive(db)
    if measured is not None:
        moments.append(measured + STALE_AFTER + 1)
    return min(moment for moment in moments if moment > at)
