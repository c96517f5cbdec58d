"""What a monitor is at an instant, and what its history adds up to. Pure: time is an argument.

Facts arrive (`receive`), time passes (`advance`), an evaluation shows what is so (`evaluate`). The
history that comes out is exact and does not depend on when anybody looked.
"""

from kener_py.status.history import (
    SHORTEST_GAP,
    calendar,
    combined,
    combined_days,
    days,
    midnight,
    overlay,
    percent,
    spans,
    unobserved,
    uptime,
    uptime_between,
    within,
)
from kener_py.status.present import (
    adopt,
    advance,
    begin,
    deadlines,
    due,
    evaluate,
    literal,
    next_expected,
    receive,
    retire,
    worst,
)
from kener_py.status.ticks import next_tick

__all__ = [
    "SHORTEST_GAP",
    "adopt",
    "advance",
    "begin",
    "calendar",
    "combined",
    "combined_days",
    "days",
    "deadlines",
    "due",
    "evaluate",
    "literal",
    "midnight",
    "next_expected",
    "next_tick",
    "overlay",
    "percent",
    "receive",
    "retire",
    "spans",
    "unobserved",
    "uptime",
    "uptime_between",
    "within",
    "worst",
]
