"""When we look at a monitor: the instants of a cron expression."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from croniter import croniter

from kener_py.model import SECOND, Instant


def next_tick(cron: str, zone: str, after: Instant) -> Instant:
    """The first instant of `cron` after `after`, on the wall clock of `zone`."""
    start = datetime.fromtimestamp(after / SECOND, UTC).astimezone(ZoneInfo(zone))
    ticks = croniter(cron, start, second_at_beginning=False)
    following = ticks.get_next(datetime)
    # cron runs a fixed-time job once when clocks go back; croniter yields it twice. And a wildcard of
    # an hour that the clocks skip does not run at all that day; croniter yields it once, after the gap.
    while _is_spurious(cron, start, following):
        following = ticks.get_next(datetime)
    return int(following.timestamp() * SECOND)


def _is_spurious(cron: str, before: datetime, tick: datetime) -> bool:
    if not _is_wildcard(cron):
        return bool(tick.fold)
    if tick.utcoffset() == before.utcoffset():
        return False
    return not croniter.match(cron, tick.replace(tzinfo=None))


def _is_wildcard(cron: str) -> bool:
    """Whether it follows real hours: its minute or hour field begins with a star."""
    return cron == "@hourly" or any(field.startswith("*") for field in cron.split()[:2])
