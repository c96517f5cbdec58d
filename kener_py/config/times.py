"""Lengths of time, cron expressions, time zones, dates."""

from __future__ import annotations

import re
import zoneinfo
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import lru_cache, partial
from typing import Annotated

from croniter import croniter

from kener_py.config.fields import FILLED, Leaf, any_case, scalar, sexagesimal, shape_of, shown, text
from kener_py.config.nodes import Scalar
from kener_py.config.problems import closest
from kener_py.model import DAY, HOUR, MINUTE, SECOND, Instant, Millis

LONGEST: Millis = 36_500 * DAY

UNITS = {"w": 7 * DAY, "d": DAY, "h": HOUR, "m": MINUTE, "s": SECOND, "ms": 1}
DURATION = re.compile(
    "".join(rf"(?:(?P<{unit}>\d{{1,12}}(?:\.\d{{1,12}})?){unit}(?=[\s\d]|$)\s*)?" for unit in UNITS), re.ASCII
)
LENGTH = "a length of time such as 90s, 5m, 1h30m or 2d"


def minutes(node: object) -> Millis:
    """Return Kener's minutes as Millis; fractions are allowed."""
    wanted = "a number of minutes, such as 5 or 2.5"
    value = scalar(node, wanted)
    if not re.fullmatch(r"\d{1,12}(\.\d{1,12})?", value, re.ASCII) or (
        value.kind == "text" and not value.is_substituted
    ):
        raise ValueError(f"should be {wanted}, without a unit and without quotes, not {shown(value)}")
    return positive(round(Fraction(str(value)) * MINUTE))


def positive(length: Millis) -> Millis:
    if length <= 0:
        raise ValueError("should be longer than nothing")
    if length > LONGEST:
        raise ValueError("should be at most 36500 days")
    return length


def duration(node: object, *, zero: bool = False) -> Millis:
    """Return a length of time as Millis."""
    value = scalar(node, LENGTH)
    written = value.strip()
    if value.is_substituted and not written:
        raise ValueError(f"is empty; write {LENGTH}")
    if value.kind in ("int", "float") or re.fullmatch(r"[-+]?[\d.]+", written):
        raise ValueError(unit_hint(value))
    found = DURATION.fullmatch(written)
    if not found or not written:
        raise ValueError(f"should be {LENGTH} (units: w d h m s ms), not {shown(value)}")
    length = round(sum(Fraction(count) * UNITS[unit] for unit, count in found.groupdict().items() if count))
    return length if zero and length == 0 else positive(length)


def unit_hint(value: Scalar) -> str:
    if value.is_substituted:
        return f"should have a unit: {LENGTH}"
    if (number := sexagesimal(value)) is not None:
        first, second = value.split(":")[:2]
        return f"YAML reads {value} as {number}; write {first}h{second}m or {first}m{second}s"
    if re.fullmatch(r"[1-9]\d{0,8}", value, re.ASCII):
        return f"a bare number has no unit; write {value}m or {int(value) * 60}s"
    return f"should be {LENGTH}; a bare number has no unit"


OFF = ("off", "no", "false", "never")


def optional_duration(node: object) -> Millis | None:
    """Return a length, or None for `off`."""
    if isinstance(node, Scalar) and node.casefold() in OFF:
        return None
    return duration(node)


@dataclass(frozen=True, slots=True)
class Grace:
    """`times` the interval, or `extra` after it."""

    times: Fraction | None = None
    extra: Millis = 0


GRACE = "a multiplier of the interval such as 2x, or extra time such as 90s"


def grace(node: object) -> Grace:
    value = scalar(node, GRACE)
    if found := re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)\s*[xX]", value.strip(), re.ASCII):
        times = Fraction(found[1])
        if times < 1:
            raise ValueError("a multiplier should be 1x or more: it counts from the last heartbeat")
        return Grace(times=times)
    if value.kind in ("int", "float") and re.fullmatch(r"\d+(\.\d+)?", value):
        raise ValueError(f"a bare number has no unit; write {value}x (times the interval), or {value}m")
    try:
        return Grace(extra=duration(value, zero=True))
    except ValueError as problem:
        raise ValueError(str(problem).replace(LENGTH, GRACE)) from None


CRON_WORDS = ("@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually")
CRON_FIELD = "[0-9A-Za-z*?/,#-]+"
ANY_INSTANT = 1_704_067_200.0  # 2024-01-01: where the search for a cron's first match begins


@lru_cache(maxsize=1024)
def cron_problem(expression: str) -> str | None:
    """Return what is wrong with a cron expression."""
    columns = expression.split()
    if len(expression) > 200:
        return "is too long for a cron expression"
    if len(columns) == 1 and expression.startswith("@"):
        if expression.lower() not in CRON_WORDS:
            return f"unknown; known are {', '.join(CRON_WORDS)}"
    elif len(columns) not in (5, 6):
        return (
            "should be a cron expression of five fields (minute hour day month weekday), or six with "
            f"seconds last; this has {len(columns)}"
        )
    elif any(re.match(r"[hr](\(|/|$)", part, re.IGNORECASE) for each in columns for part in each.split(",")):
        return "H and R (a hashed or random time) are not supported; write the numbers"
    try:
        croniter(expression, ANY_INSTANT).get_next()
    except (ValueError, TypeError, KeyError, IndexError, ArithmeticError, AttributeError) as error:
        if "failed to find" in str(error):
            return "never comes: there is no such date"
        detail = re.sub(r"^\[.*?\] (is not acceptable[,.]? ?)?", "", str(error))
        hint = f" ({detail})" if detail and detail != str(error) else ""
        return f"is not a cron expression{hint}; an example: '*/5 * * * *' is every five minutes"
    return None


def cron(node: object) -> str:
    value = scalar(node, "a cron expression in quotes")
    expression = " ".join(text(value, wanted="a cron expression in quotes").split())
    if problem := cron_problem(expression):
        # croniter repeats parts of the expression.
        raise ValueError(problem if not value.is_substituted else "is not a cron expression that ever comes")
    return expression


@lru_cache(maxsize=1024)
def zone_problem(name: str) -> str | None:
    try:
        zoneinfo.ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        meant = closest(name, tuple(sorted(zoneinfo.available_timezones())))
        hint = f"did you mean '{meant}'?" if meant else "it should be one such as Europe/Berlin or UTC"
        return f"unknown time zone; {hint}"
    return None


def zone(node: object) -> str:
    name = text(node, wanted="a time zone")
    if problem := zone_problem(name):
        raise ValueError(problem)
    return name


MOMENT = "a date or a time such as 2026-12-01, 2026-12-01 22:00 or 2026-12-01T22:00:00Z"


def moment(node: object) -> datetime:
    """Return a point in time; one without an offset is in a zone that is known only later."""
    value = scalar(node, MOMENT)
    written = re.sub(r"\s+(?=[-+Zz]\S*$)", "", value.strip())
    try:
        if value.kind not in ("text", "date") or not re.match(r"\d{4}-", written):
            raise ValueError
        found = datetime.fromisoformat(written)
    except ValueError:
        raise ValueError(f"should be {MOMENT}, not {shown(value)}") from None
    if not 1971 <= found.year <= 9000:
        raise ValueError("the year should be between 1971 and 9000")
    return found


def instant(at: datetime, zone_name: str) -> Instant:
    """Return the moment in milliseconds; `zone_name` is that of a moment without an offset."""
    aware = at if at.tzinfo else at.replace(tzinfo=zoneinfo.ZoneInfo(zone_name))
    return (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


# The schema's patterns are what both Python and JavaScript read alike.
COUNT_SHAPE = r"[0-9]{1,12}(\.[0-9]{1,12})?"
PARTS = "".join(rf"({COUNT_SHAPE}{unit}\s*)?" for unit in UNITS)
MINUTES_SHAPE = {"type": "number", "exclusiveMinimum": 0, "maximum": LONGEST // MINUTE}
Minutes = Annotated[Millis, Leaf(minutes, MINUTES_SHAPE)]
DURATION_SHAPE = shape_of(LENGTH, type="string", pattern=rf"^(?=.*[1-9])\s*{PARTS}$")
Duration = Annotated[Millis, Leaf(duration, DURATION_SHAPE)]
OR_ZERO_SHAPE = shape_of(LENGTH, type="string", pattern=rf"^(?=.*[0-9])\s*{PARTS}$")
DurationOrZero = Annotated[Millis, Leaf(partial(duration, zero=True), OR_ZERO_SHAPE)]
OFF_PATTERN = {"type": "string", "pattern": any_case(*OFF)}
OFF_SHAPE = {"anyOf": [DURATION_SHAPE, {"enum": ["off", False]}, OFF_PATTERN]}
DurationOrOff = Annotated[Millis | None, Leaf(optional_duration, OFF_SHAPE)]
TIMES = r"0*[1-9][0-9]{0,8}(\.[0-9]{1,9})?\s*[xX]"
GRACE_SHAPE = shape_of(GRACE, type="string", pattern=rf"^\s*({TIMES}\s*|(?=.*[0-9]){PARTS})$")
GraceTime = Annotated[Grace, Leaf(grace, GRACE_SHAPE)]
CRON_SHAPE = shape_of(
    "a cron expression: five fields (minute hour day month weekday), six with seconds last, or @hourly",
    type="string",
    pattern=rf"^\s*({any_case(*CRON_WORDS)[1:-1]}|{CRON_FIELD}(\s+{CRON_FIELD}){{4,5}})\s*$",
)
Cron = Annotated[str, Leaf(cron, CRON_SHAPE)]
Zone = Annotated[str, Leaf(zone, FILLED, is_text=True)]
MOMENT_SHAPE = shape_of(MOMENT, type="string", pattern=r"^\s*[0-9]{4}-([0-9]{2}-[0-9]{2}|W[0-9]{2})")
Moment = Annotated[datetime, Leaf(moment, MOMENT_SHAPE)]
