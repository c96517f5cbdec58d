"""When a maintenance window runs, and which windows a plan of the file has. Pure: time is an argument."""

from __future__ import annotations

import re
from itertools import islice

from kener_py import status
from kener_py.model import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Gap,
    Instant,
    Maintenance,
    MaintenancePlan,
    MaintenanceState,
    Millis,
)

MOST = 400  # windows of one plan at a time: 15 days of hourly ones, and an end to "* * * * *"

Occurrence = tuple[Instant, Instant]  # [start, end)


def effective(window: Maintenance) -> Gap | None:
    """The time in which silence is really expected; None for a window cancelled before its start."""
    end = window.end if window.cancelled is None else min(window.end, window.cancelled)
    return Gap(window.start, end) if end > window.start else None


def state(window: Maintenance, at: Instant) -> MaintenanceState:
    """What the window is at `at`: ONGOING in exactly its `effective` time."""
    if window.cancelled is not None and window.cancelled <= at and window.cancelled < window.end:
        return MaintenanceState.CANCELLED
    if at < window.start:
        return MaintenanceState.SCHEDULED
    return MaintenanceState.ONGOING if at < window.end else MaintenanceState.COMPLETED


def course(window: Maintenance, at: Instant) -> tuple[tuple[MaintenanceState, Instant], ...]:
    """The states that the window has taken until `at`, each with its time, newest first; at least one.

    It was announced when its words or times were changed last.
    """
    is_cancelled = state(window, at) is MaintenanceState.CANCELLED
    steps = []
    if window.created < window.start or at < window.start:
        is_changed = not is_cancelled and window.created < window.updated < window.start
        steps.append((MaintenanceState.SCHEDULED, window.updated if is_changed else window.created))
    if window.start <= at and effective(window) is not None:
        steps.append((MaintenanceState.ONGOING, window.start))
    if is_cancelled and window.cancelled is not None:
        steps.append((MaintenanceState.CANCELLED, window.cancelled))
    elif window.end <= at:
        steps.append((MaintenanceState.COMPLETED, window.end))
    return tuple(reversed(steps))


# ---- plans of the file -----------------------------------------------------------------------


def identity(plan: MaintenancePlan) -> str:
    """What names a plan over reloads: its rule and its title. With either changed it is another plan."""
    if plan.schedule is None:
        return f"{plan.start}|{plan.end}|{plan.title}"
    return f"{plan.schedule}|{plan.duration}|{plan.timezone}|{plan.title}"


def occurrences(plan: MaintenancePlan, started: Instant, ended: Instant) -> tuple[Occurrence, ...]:
    """The windows of `plan` that overlap [started, ended), oldest first; at most the first `MOST`.

    A schedule is read on the wall clock of its zone, as cron does (see `status.next_tick`): a fixed
    time comes once in the hour that autumn repeats, and right after the gap in spring. The duration is
    real elapsed time.
    """
    if plan.schedule is None or plan.duration is None:
        if plan.start is None or plan.end is None or not (plan.start < ended and plan.end > started):
            return ()
        return ((plan.start, plan.end),)
    found: list[Occurrence] = []
    at = max(started - plan.duration, 0)
    while len(found) < MOST:
        at = status.next_tick(plan.schedule, plan.timezone, at)
        if at >= ended:
            break
        found.append((at, at + plan.duration))
    return tuple(found)


# ---- in words --------------------------------------------------------------------------------

_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_WEEKDAYS = {name[:3].lower(): name for name in _DAYS} | {str(n): _DAYS[n % 7] for n in range(8)}
_UNITS = ((DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (SECOND, "s"))
_NICKNAMES = {
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
}


def recurrence(plan: MaintenancePlan) -> str:
    """ "every Sunday at 03:00 (Europe/Berlin), for 2 h"; "" for a plan that happens once."""
    if plan.schedule is None or plan.duration is None:
        return ""
    return f"{_cadence(plan.schedule)} ({plan.timezone}), for {_length(plan.duration)}"


def _length(length: Millis) -> str:
    words = []
    for size, unit in _UNITS:
        if count := length // size:
            words.append(f"{count} {unit}")
        length %= size
    return " ".join(islice(words, 2)) or "under 1 s"


def _cadence(schedule: str) -> str:
    """A cron expression in words where it is of the usual kind, else itself."""
    fields = _NICKNAMES.get(schedule.lower(), schedule).split()
    plain = f"on the schedule {schedule}"
    if len(fields) != 5 or not re.fullmatch(r"\d+ \d+", " ".join(fields[:2]), re.ASCII) or fields[3] != "*":
        return plain
    clock = f"at {int(fields[1]):02}:{int(fields[0]):02}"
    day, weekday = fields[2], fields[4].lower()
    if day == "*" and weekday == "*":
        return f"every day {clock}"
    if weekday == "*" and re.fullmatch(r"\d+", day, re.ASCII):
        return f"on day {int(day)} of every month {clock}"
    if day != "*":
        return plain
    if weekday in ("1-5", "mon-fri"):
        return f"Monday to Friday {clock}"
    names = [_WEEKDAYS.get(name) for name in weekday.split(",")]
    return plain if None in names else f"every {' and '.join(filter(None, names))} {clock}"
