"""The configuration in force, with the look-ups that its readers need. Replaced whole, never changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kener_py.model import ApiKey, Config, Monitor, Rule


@dataclass(frozen=True, slots=True)
class Active:
    config: Config
    rules: Mapping[str, tuple[Rule, ...]]  # by the tag that they are about
    keys: Mapping[str, ApiKey]  # by SHA-256
    urls: Mapping[str, str]  # Apprise URL by its fingerprint
    ticks: frozenset[str]  # "cron|zone", each once

    def targets(self, names: Iterable[str]) -> dict[str, str]:
        """Where a message to these notifiers goes: each fingerprint once, with a notifier's name."""
        found: dict[str, str] = {}
        for name in names:
            notifier = self.config.notifiers.get(name)
            for url in notifier.urls if notifier else ():
                found.setdefault(fingerprint(url), name)
        return found


def tick_of(monitor: Monitor) -> str:
    """What looks at this monitor: its cron and the zone that it is read in."""
    return f"{monitor.cron}|{monitor.timezone}"


def fingerprint(url: str) -> str:
    """A stable name for an Apprise URL that can be stored and logged."""
    return hashlib.sha256(url.encode()).hexdigest()[:16]


def active(config: Config) -> Active:
    return Active(
        config=config,
        rules={tag: tuple(rule for rule in config.rules if tag in rule.monitors) for tag in config.monitors},
        keys={key.sha256: key for key in config.api_keys},
        urls={fingerprint(url): url for each in config.notifiers.values() for url in each.urls},
        ticks=frozenset(tick_of(monitor) for monitor in config.monitors.values()),
    )
