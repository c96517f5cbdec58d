"""A day strip as SVG path data: one path per state, whatever the number of days.

Bars are strokes with round ends, not outlines: a seventh of the bytes. All lengths are units of `VIEW_BOX`.
"""

from __future__ import annotations

from typing import NamedTuple

from kener_py.model import Day, Status

COLUMNS = 90
PITCH = 10  # from one bar to the next
WIDTH = 7  # of the stroke, and so the height of its two round ends together
HEIGHT = 40  # of a full bar
GAP = 2  # between the two parts of a bar
LEAST = 8  # no part is lower, however short the outage was
DEGRADED_TOP = HEIGHT // 4  # a degraded bar ends here, below the top: three quarters
OUTLINE = HEIGHT // 4  # of a day without data

# The origin is the centre of the first bar's upper end, so that most numbers are short integers.
VIEW_BOX = f"{-WIDTH / 2} {-WIDTH / 2} {COLUMNS * PITCH - (PITCH - WIDTH)} {HEIGHT}"

_UP = tuple(f"M{column * PITCH} 0v{HEIGHT - WIDTH}" for column in range(COLUMNS))


class Path(NamedTuple):
    """All bars of one state: `d` of an SVG path that is stroked `WIDTH` wide."""

    status: Status
    d: str


def strip(days: tuple[Day, ...]) -> tuple[Path, ...]:
    """The paths of the last 90 days, today at the end; fewer days leave the start empty."""
    parts: dict[Status, list[str]] = {status: [] for status in Status}
    days = days[-COLUMNS:]
    up, clean = Status.UP, parts[Status.UP]  # looked up once: nearly every day takes the short way
    for column, day in enumerate(days, COLUMNS - len(days)):
        if day.status is up:
            clean.append(_UP[column])
            continue
        for status, d in _bar(day, column * PITCH):
            parts[status].append(d)
    return tuple(Path(status, "".join(part)) for status, part in parts.items() if part)


def _bar(day: Day, x: int) -> tuple[Path, ...]:
    uptime = day.uptime
    if day.status is Status.NO_DATA:
        side = WIDTH - 1
        low = HEIGHT - WIDTH // 2 - OUTLINE
        return (Path(Status.NO_DATA, f"M{x - side // 2} {low}h{side}v{OUTLINE - 1}h-{side}z"),)
    if not uptime.down:
        return (_stroke(day.status, x, DEGRADED_TOP if day.status is Status.DEGRADED else 0, HEIGHT),)
    rest = max(
        (uptime.up, Status.UP), (uptime.degraded, Status.DEGRADED), (uptime.maintenance, Status.MAINTENANCE)
    )
    if not rest[0]:
        return (_stroke(Status.DOWN, x, 0, HEIGHT),)
    # The share is of the time we know, so a day of 23 or 25 hours is as high as any other.
    known = uptime.up + uptime.degraded + uptime.down + uptime.maintenance
    top = DEGRADED_TOP if rest[1] is Status.DEGRADED else 0
    bite = min(max(LEAST, HEIGHT * uptime.down // known), HEIGHT - top - GAP - LEAST)
    return (
        _stroke(rest[1], x, top, HEIGHT - bite - GAP),
        _stroke(Status.DOWN, x, HEIGHT - bite, HEIGHT),
    )


def _stroke(status: Status, x: int, top: int, bottom: int) -> Path:
    """A bar that is seen from `top` to `bottom`; the round ends are a part of that."""
    return Path(status, f"M{x} {top}v{bottom - top - WIDTH}")
