"""A day strip as SVG path data: one path per state, whatever the number of days.

Bars are strokes with round ends, not outlines: a seventh of the bytes. All lengths are units of `VIEW_BOX`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

from kener_py.model import DAY, Day, Status

COLUMNS = 90
PITCH = 10  # from one bar to the next
WIDTH = 7  # of the stroke, and so the height of its two round ends together
HEIGHT = 40  # of a full bar
GAP = 2  # between the two parts of a bar
LEAST = 8  # no part is lower, however short the outage was
DOT = 5  # from one dot of today's rest to the next
TODAY_LEAST = 12  # of today's bar, however young the day is
OUTLINE = HEIGHT // 4  # of a day without data

# The origin is the centre of the first bar's upper end, so that most numbers are short integers.


def width(count: int) -> int:
    """How wide so many bars are."""
    return count * PITCH - (PITCH - WIDTH)


def box(count: int) -> str:
    """The part of `VIEW_BOX` that the last `count` bars are in."""
    return f"{(COLUMNS - count) * PITCH - WIDTH / 2} {-WIDTH / 2} {width(count)} {HEIGHT}"


VIEW_BOX = box(COLUMNS)

_UP = tuple(f"M{column * PITCH} 0v{HEIGHT - WIDTH}" for column in range(COLUMNS))
# All of them in a row, and where each of them begins there: days of nothing else are a part of it.
_ALL_UP = "".join(_UP)
_BEGINS = (0, *accumulate(map(len, _UP)))


class Path(NamedTuple):
    """All bars of one state: `d` of an SVG path that is stroked `WIDTH` wide."""

    status: Status
    d: str
    part: str = ""  # a further class: "cut" across maintenance, "rest" of today


def strip(days: tuple[Day, ...]) -> tuple[Path, ...]:
    """The paths of the last 90 days, today at the end; fewer days leave the start empty.

    Today is as high as the day is old; dots say that the rest is still to come.
    """
    parts: dict[Status, list[str]] = {status: [] for status in Status}
    days = days[-COLUMNS:]
    up, clean = Status.UP, parts[Status.UP]
    missing = COLUMNS - len(days)
    column = missing  # the first that is not drawn yet
    for index in [index for index, day in enumerate(days[:-1]) if day.status is not up]:
        place = missing + index
        if place > column:
            clean.append(_ALL_UP[_BEGINS[column] : _BEGINS[place]])
        for status, d in _bar(days[index], place * PITCH):
            parts[status].append(d)
        column = place + 1
    if column < COLUMNS - 1:
        clean.append(_ALL_UP[_BEGINS[column] : _BEGINS[COLUMNS - 1]])
    bar, rest = today(days[-1]) if days else ((), ())
    for status, d in bar:
        parts[status].append(d)
    paths = [Path(status, "".join(part)) for status, part in parts.items() if part]
    cut = "".join(_cuts(parts[Status.MAINTENANCE]))
    return (*paths, *((Path(Status.MAINTENANCE, cut, "cut"),) if cut else ()), *rest)


def _bar(day: Day, x: int, height: int = HEIGHT) -> tuple[tuple[Status, str], ...]:
    uptime = day.uptime
    if day.status is Status.NO_DATA:
        side = WIDTH - 1
        low = HEIGHT - WIDTH // 2 - OUTLINE
        return ((Status.NO_DATA, f"M{x - side // 2} {low}h{side}v{OUTLINE - 1}h-{side}z"),)
    if not uptime.down:
        return (_stroke(day.status, x, _top(day.status, height), HEIGHT),)
    rest = max(
        (uptime.up, Status.UP), (uptime.degraded, Status.DEGRADED), (uptime.maintenance, Status.MAINTENANCE)
    )
    if not rest[0]:
        return (_stroke(Status.DOWN, x, HEIGHT - height, HEIGHT),)
    # The share is of the time we know, so a day of 23 or 25 hours is as high as any other.
    known = uptime.up + uptime.degraded + uptime.down + uptime.maintenance
    top = min(_top(rest[1], height), HEIGHT - GAP - 2 * LEAST)
    bite = min(max(LEAST, HEIGHT * uptime.down // known), HEIGHT - top - GAP - LEAST)
    return (
        _stroke(rest[1], x, top, HEIGHT - bite - GAP),
        _stroke(Status.DOWN, x, HEIGHT - bite, HEIGHT),
    )


def _top(status: Status, height: int) -> int:
    """Where a bar begins that is `height` high on a day of nothing else: a degraded one is lower."""
    return HEIGHT - (height * 3 // 4 if status is Status.DEGRADED else height)


def today(day: Day) -> tuple[tuple[tuple[Status, str], ...], tuple[Path, ...]]:
    """Today's bar as strokes by status, and the dots of its rest."""
    x = (COLUMNS - 1) * PITCH
    height = min(max(-(-HEIGHT * (day.ended - day.started) // DAY), TODAY_LEAST), HEIGHT)
    bar = _bar(day, x, height)
    top = HEIGHT - height
    if day.status is Status.NO_DATA or top < GAP + DOT:
        return bar, ()
    return bar, (Path(bar[0][0], f"M{x} {top - GAP - DOT}V-2", "rest"),)


def _cuts(strokes: list[str]) -> Iterator[str]:
    """A diagonal across the middle of each of these bars."""
    for stroke in strokes:
        x, top, line = (int(number) for number in re.findall(r"-?\d+", stroke))
        yield f"M{x - 4} {top + line // 2 + 5}l8-10"


def _stroke(status: Status, x: int, top: int, bottom: int) -> tuple[Status, str]:
    """A bar that is seen from `top` to `bottom`; the round ends are a part of that."""
    return status, f"M{x} {top}v{bottom - top - WIDTH}"
