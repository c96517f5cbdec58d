"""The pages of one incident and of one maintenance window."""

from __future__ import annotations

from kener_py import store
from kener_py.model import (
    Config,
    IncidentPage,
    Instant,
    MaintenancePage,
)
from kener_py.service import maintenance
from kener_py.service.board import public


def incident_page(db: store.Database, config: Config, number: int, at: Instant) -> IncidentPage | None:
    """One incident's page; None if there is no such public incident."""
    incident = store.incident(db, number)
    seen = None if incident is None else public.for_public(config, incident, at)
    return None if seen is None else IncidentPage(config.site, at, seen, public.names(config))


def maintenance_page(db: store.Database, config: Config, number: int, at: Instant) -> MaintenancePage | None:
    """One maintenance window's page; None if there is no such public window."""
    return maintenance.page(db, config, number, at, public.names(config))
