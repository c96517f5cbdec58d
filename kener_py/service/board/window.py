"""The page of one maintenance window."""

from __future__ import annotations

from collections.abc import Iterable

from kener_py import store
from kener_py.model import (
    Config,
    Instant,
    Maintenance,
    MaintenancePage,
    replace,
)
from kener_py.service import maintenance
from kener_py.service.board import effect
from kener_py.service.board.public import monitors, names

COMING = 5  # further windows of the same plan


def public_maintenance(db: store.Database, config: Config, number: int) -> Maintenance | None:
    """One window as visitors may see it; None if there is no such public one."""
    window = store.maintenance(db, number)
    return None if window is None else maintenance.for_public(config, window)


def maintenance_page(db: store.Database, config: Config, number: int, at: Instant) -> MaintenancePage | None:
    """One maintenance window's page; None if there is no such public window."""
    page = maintenance.page(db, config, number, at, names(config))
    if page is None:
        return None
    window = page.maintenance
    affected = [monitor for monitor in monitors(config) if monitor.tag in window.monitors]
    return replace(
        page,
        now=effect.now(db, affected, at),
        coming=_coming(db, config, window, at),
        earlier=_first(config, store.maintenances_before(db, window.start, number)),
        later=_first(config, store.maintenances_after(db, window.start, number)),
    )


def _coming(db: store.Database, config: Config, window: Maintenance, at: Instant) -> tuple[Maintenance, ...]:
    """The next windows of the plan that this one is of."""
    if window.plan is None:
        return ()
    later = (
        maintenance.for_public(config, each)
        for each in store.planned_maintenances(db, at)
        if (each.plan, each.cancelled) == (window.plan, None) and each.id != window.id and each.start > at
    )
    return tuple(each for each in later if each is not None)[:COMING]


def _first(config: Config, found: Iterable[Maintenance]) -> Maintenance | None:
    seen = (maintenance.for_public(config, window) for window in found)
    return next((each for each in seen if each is not None), None)
