"""Lengths, moments and limits in words, for messages, incidents and the command line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from kener_py.model import DAY, HOUR, MINUTE, SECOND, Instant, Limits, Millis, Monitor, Rule, Status


@lru_cache(maxsize=1_024)  # a thousand monitors that fail have the same few limits
def length(millis: Millis) -> str:
    """A length for people: its two largest units, "2 h 13 min"; under a minute in seconds."""
    if millis < MINUTE:
        return f"{millis / SECOND:.3f}".rstrip("0").rstrip(".") + " s"
    parts = []
    for unit, size in (("d", DAY), ("h", HOUR), ("min", MINUTE), ("s", SECOND)):
        count, millis = divmod(millis, size)
        if count:
            parts.append(f"{count} {unit}")
        elif parts:
            break
    return " ".join(parts[:2])


def moment(at: Instant, zone: str) -> str:
    """An instant for people, with the zone's own abbreviation: "2026-09-30 13:41:00 CEST"."""
    return _second(at // SECOND, zone)


@lru_cache(maxsize=1_024)  # and were heard within the same minutes
def _second(second: int, zone: str) -> str:
    return datetime.fromtimestamp(second, ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S %Z")


def expectation(limits: Limits) -> str:
    """What the monitor waits for, in words."""
    if limits.interval is not None:
        return f"a heartbeat every {length(limits.interval)}, down after {length(limits.down_after)} without"
    return (
        f"a heartbeat at least every {length(limits.degraded_after)}, down after {length(limits.down_after)}"
    )


def forecast(monitor: Monitor, rules: Sequence[Rule]) -> str:
    """When each rule would speak up after a last heartbeat, in words for the operator."""
    if not rules:
        return "no alert rule is about it"
    parts = []
    for rule in rules:
        limits = monitor.limits
        after = limits.down_after if rule.status is Status.DOWN else limits.degraded_after
        names = ", ".join(rule.notifiers) or "nobody"
        count = rule.failure_threshold
        when = "at the next look" if count == 1 else f"when {count} looks in a row have failed"
        parts.append(f"rule '{rule.name}' tells {names} {length(after)} after the last heartbeat, {when}")
    return f"{'; '.join(parts)} (cron {monitor.cron})"
