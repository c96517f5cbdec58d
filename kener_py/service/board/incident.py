"""The page of one incident."""

from __future__ import annotations

from collections.abc import Iterable

from kener_py import store
from kener_py.model import (
    Config,
    Incident,
    IncidentPage,
    Instant,
)
from kener_py.service.board import effect, public


def public_incident(db: store.Database, config: Config, number: int, at: Instant) -> Incident | None:
    """One incident as visitors may see it; None if there is no such public one."""
    incident = store.incident(db, number)
    return None if incident is None else public.for_public(config, incident, at)


def incident_page(db: store.Database, config: Config, number: int, at: Instant) -> IncidentPage | None:
    """One incident's page; None if there is no such public incident."""
    seen = public_incident(db, config, number, at)
    if seen is None:
        return None
    monitors = [monitor for monitor in public.monitors(config) if monitor.tag in seen.monitors]
    found = effect.effects(db, config, seen, monitors, at)
    return IncidentPage(
        site=config.site,
        at=at,
        incident=seen,
        names=public.names(config),
        detected=found.detected,
        effects=found.effects,
        steps=found.steps,
        around=found.around,
        earlier=_first(config, store.incidents_before(db, seen.started, number), at),
        later=_first(config, store.incidents_after(db, seen.started, number), at),
    )


def _first(config: Config, found: Iterable[Incident], at: Instant) -> Incident | None:
    seen = (public.for_public(config, incident, at) for incident in found)
    return next((each for each in seen if each is not None), None)
