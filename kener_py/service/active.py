"""The configuration in force, with the look-ups that its readers need. Replaced whole, never changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kener_py.model import ApiKey, Config, Monitor, Notifier, Rule, Webhook, replace


@dataclass(frozen=True, slots=True)
class Target:
    """One URL that messages go to, and the first notifier that has it."""

    fingerprint: str  # a stable name for the URL that can be stored and logged
    notifier: str
    url: str
    webhook: Webhook | None = None  # then `url` is its address


@dataclass(frozen=True, slots=True)
class Active:
    config: Config
    rules: Mapping[str, tuple[Rule, ...]]  # by the tag that they are about; see `_by_address`
    keys: Mapping[str, ApiKey]  # by SHA-256
    targets: Mapping[str, Target]  # by the fingerprint of the URL
    ticks: frozenset[str]  # "cron|zone", each once

    def target(self, fingerprint: str, notifier: str) -> Target | None:
        """Where a message that was owed to this URL goes now; None if the notifier is gone as well.

        A URL that was replaced (a new token, say) is followed to the first one of its notifier.
        """
        known = self.targets.get(fingerprint)
        if known is None and notifier in self.config.notifiers:
            known = next(iter(_targets(self.config.notifiers[notifier])))
        return known


def tick_of(monitor: Monitor) -> str:
    """What looks at this monitor: its cron and the zone that it is read in."""
    return f"{monitor.cron}|{monitor.timezone}"


def _fingerprint(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()[:16]


def _targets(notifier: Notifier) -> Iterator[Target]:
    """Where its messages go, first the URLs and then the webhook."""
    for url in notifier.urls:
        yield Target(_fingerprint(url), notifier.name, url)
    if (webhook := notifier.webhook) is not None:
        yield Target(_fingerprint(f"webhook {webhook.url}"), notifier.name, webhook.url, webhook)


def active(config: Config) -> Active:
    targets: dict[str, Target] = {}
    for notifier in config.notifiers.values():
        for target in _targets(notifier):
            targets.setdefault(target.fingerprint, target)
    rules = [_by_address(rule, config) for rule in config.rules]
    return Active(
        config=config,
        rules={tag: tuple(rule for rule in rules if tag in rule.monitors) for tag in config.monitors},
        keys={key.sha256: key for key in config.api_keys},
        targets=targets,
        ticks=frozenset(tick_of(monitor) for monitor in config.monitors.values()),
    )


def _by_address(rule: Rule, config: Config) -> Rule:
    """The rule with "fingerprint notifier" of each URL for notifiers: an alert outlives either alone."""
    found: dict[str, str] = {}
    for name in rule.notifiers:
        for target in _targets(config.notifiers[name]):
            found.setdefault(target.fingerprint, name)
    return replace(rule, notifiers=tuple(f"{fingerprint} {name}" for fingerprint, name in found.items()))
