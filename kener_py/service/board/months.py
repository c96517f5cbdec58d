"""Calendar months of the site's zone: which of them there is something about, and what they add up to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from kener_py import status, store
from kener_py.model import DAY, SECOND, Config, Instant, Monitor, Span, Uptime
from kener_py.service.board import public


def day_of(at: Instant, zone: str) -> date:
    """The calendar day of an instant."""
    return datetime.fromtimestamp(at // SECOND, UTC).astimezone(ZoneInfo(zone)).date()


def month_of(at: Instant, zone: str) -> str:
    """ "2026-09"."""
    return day_of(at, zone).isoformat()[:7]


def following(month: str) -> str:
    """The month after."""
    return (date.fromisoformat(f"{month}-01") + timedelta(days=31)).isoformat()[:7]


def bounds(month: str, zone: str) -> tuple[Instant, Instant]:
    """[start, end) of a calendar month."""
    first, last = (date.fromisoformat(f"{each}-01") for each in (month, following(month)))
    return status.midnight(first, zone), status.midnight(last, zone)


def kept_since(config: Config, at: Instant) -> Instant:
    """The first midnight from which on nothing is forgotten yet."""
    zone = config.site.timezone
    oldest = day_of(at - config.retention.days * DAY, zone) + timedelta(days=1)
    return status.midnight(min(oldest, day_of(at, zone)), zone)


def begun(db: store.Database, config: Config, at: Instant) -> Instant:
    """Where the public history begins: the first thing known of a public monitor, or the first incident.

    Never before `kept_since`; `at` if there is nothing.
    """
    first = store.first_changes(db)
    known = [first[each.tag] for each in public.monitors(config) if each.tag in first]
    for incident in store.published_incidents(db, at):
        if public.for_public(config, incident, at):
            known.append(incident.started)
            break
    return max(kept_since(config, at), min(known, default=at))


def since(start: Instant, at: Instant, zone: str) -> tuple[str, ...]:
    """The months from that of `start` to that of `at`, oldest first."""
    found = [month_of(start, zone)]
    last = month_of(at, zone)
    while found[-1] < last:
        found.append(following(found[-1]))
    return tuple(found)


def cut(
    history: Sequence[Span], edges: Sequence[Instant], is_degraded_down: bool = False
) -> tuple[Uptime, ...]:
    """What a history adds up to between each two of the edges."""
    return tuple(
        status.uptime_between(history, started, ended, is_degraded_down) for started, ended in pairwise(edges)
    )


def together(uptimes: Iterable[Uptime]) -> Uptime:
    """Their sum; degraded time of those that count it as downtime is downtime in it."""
    up = degraded = down = maintenance = no_data = 0
    for each in uptimes:
        up += each.up
        maintenance += each.maintenance
        no_data += each.no_data
        down += each.down
        if each.is_degraded_down:
            down += each.degraded
        else:
            degraded += each.degraded
    return Uptime(up, degraded, down, maintenance, no_data)


def by_category(monitors: Iterable[Monitor]) -> dict[str, list[Monitor]]:
    """In the order of the file."""
    found: dict[str, list[Monitor]] = {}
    for each in monitors:
        found.setdefault(each.category, []).append(each)
    return found
