"""One day as a band of SVG: one path per state, and where on it the clock strikes.

The band is as wide as the day is long, be it 23 or 25 hours. Its paths are strokes, whose height the
style sheet gives by state: the less is well, the lower.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import NamedTuple
from zoneinfo import ZoneInfo

from kener_py.model import SECOND, Instant, Span, Status
from kener_py.web.bars import HEIGHT, Path

WIDTH = 1440  # a minute of most days
LEAST = 5  # no trouble is narrower, however short it was
VIEW_BOX = f"0 0 {WIDTH} {HEIGHT}"
HOURS = (6, 12, 18)

# Where a stroke's middle is, counted from the top; what was widened is painted over what was well.
_MIDDLES = {
    Status.NO_DATA: 0,
    Status.UP: HEIGHT // 2,
    Status.MAINTENANCE: HEIGHT // 2,
    Status.DEGRADED: HEIGHT * 5 // 8,
    Status.DOWN: HEIGHT * 3 // 4,
}
_TROUBLE = (Status.DEGRADED, Status.DOWN)


class Mark(NamedTuple):
    """An hour of the clock."""

    hour: str  # "06"
    width: str  # of the band, from the mark before: "25.00%"


def band(spans: Iterable[Span], started: Instant, ends: Instant) -> tuple[Path, ...]:
    """The paths of a day that lasts from `started` to `ends`, which must be later, in order of painting."""
    parts: dict[Status, list[str]] = {status: [] for status in _MIDDLES}

    def place(at: Instant) -> int:
        return (at - started) * WIDTH // (ends - started)

    for span in spans:
        left, right = place(span.started), place(span.ended)
        if span.status in _TROUBLE and right - left < LEAST:
            left = min(left, WIDTH - LEAST)
            right = left + LEAST
        if right == left:
            continue  # too short to be seen, and nothing to worry about
        if span.status is Status.NO_DATA:
            parts[span.status].append(f"M{left}.5 30H{right - 1}.5v9.5H{left}.5z")
        else:
            parts[span.status].append(f"M{left} {_MIDDLES[span.status]}H{right}")
    return tuple(Path(status, "".join(part)) for status, part in parts.items() if part)


def rest(at: Instant, started: Instant, ends: Instant) -> str:
    """The path of what is still to come of the day."""
    return f"M{(at - started) * WIDTH // (ends - started)} {HEIGHT}H{WIDTH}"


def marks(day: date, zone: str, started: Instant, ends: Instant) -> list[Mark]:
    """Where the clock shows the day's beginning, 6, 12 and 18 o'clock, and its end."""
    place = ZoneInfo(zone)
    begin = datetime.fromtimestamp(started // SECOND, place)
    found = [(begin.hour, started)]
    for hour in HOURS:
        at = int(datetime.combine(day, time(hour), place).timestamp()) * SECOND
        if found[-1][1] < at < ends:
            found.append((hour, at))
    found.append((24, ends))
    shares = [(at - started) * 10_000 // (ends - started) for _, at in found]
    steps = [share - before for before, share in zip([0, *shares], shares, strict=False)]
    return [
        Mark(f"{hour:02}", f"{step // 100}.{step % 100:02}%")
        for (hour, _), step in zip(found, steps, strict=True)
    ]
