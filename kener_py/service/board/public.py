"""Which facts are public, and which are not."""

from __future__ import annotations

from collections.abc import Mapping

from kener_py import store
from kener_py.model import (
    Config,
    Incident,
    Instant,
    Monitor,
    replace,
)


def monitors(config: Config) -> list[Monitor]:
    return [monitor for monitor in config.monitors.values() if not monitor.is_hidden]


def for_public(config: Config, incident: Incident, at: Instant) -> Incident | None:
    """The incident as a visitor may see it; None if it is a draft or about hidden monitors only."""
    if not incident.is_public or incident.publish_at is None or incident.publish_at > at:
        return None
    if incident.opened_for is not None and _is_hidden(config, incident.opened_for):
        return None
    seen = tuple(tag for tag in incident.monitors if not _is_hidden(config, tag))
    if len(seen) == len(incident.monitors):
        return incident
    return replace(incident, monitors=seen) if seen else None


def _is_hidden(config: Config, tag: str) -> bool:
    """Whether it is in the file and not for visitors."""
    monitor = config.monitors.get(tag)
    return monitor is not None and monitor.is_hidden


def names(config: Config) -> Mapping[str, str]:
    return {monitor.tag: monitor.name for monitor in monitors(config)}


def incidents(
    db: store.Database,
    config: Config,
    since: Instant,
    at: Instant,
    tag: str | None = None,
    until: Instant | None = None,
) -> tuple[Incident, ...]:
    """Public incidents that are open or were at any time since `since`, newest first.

    With `until`, only those that began before it.
    """
    found = (for_public(config, each, at) for each in store.incidents(db, since, tag, until))
    return tuple(each for each in found if each is not None)
