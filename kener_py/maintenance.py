"""When a maintenance window runs, and which windows a plan of the file has. Pure: time is an argument."""

from __future__ import annotations

import re

from kener_py import status
from kener_py.model import (
    Cadence,
    Gap,
    Instant,
    Maintenance,
    MaintenancePlan,
    MaintenanceState,
    Recurrence,
    replace,
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


# ---- how often -------------------------------------------------------------------------------

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKDAYS = {name: n for n, name in enumerate(_DAYS)} | {str(n): (n - 1) % 7 for n in range(8)}
_NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
}


def recurrence(plan: MaintenancePlan) -> Recurrence | None:
    """How often the windows of a plan come, as far as words can tell it; None for one that happens once."""
    if plan.schedule is None or plan.duration is None:
        return None
    plain = Recurrence(Cadence.OTHER, plan.schedule, plan.timezone, plan.duration)
    fields = _NICKNAMES.get(plan.schedule.lower(), plan.schedule.lower()).split()
    if len(fields) != 5 or fields[3] != "*" or not _is_number(fields[0]):
        return plain
    minute, hour, day, _, weekday = fields
    if (hour, day, weekday) == ("*", "*", "*"):
        return replace(plain, cadence=Cadence.HOURLY, minute=int(minute))
    if not _is_number(hour):
        return plain
    cadence, days = _cadence(day, weekday)
    return (
        plain
        if cadence is Cadence.OTHER
        else replace(plain, cadence=cadence, hour=int(hour), minute=int(minute), days=days)
    )


def _cadence(day: str, weekday: str) -> tuple[Cadence, tuple[int, ...]]:
    """Of a job that runs once on its days: which days these are."""
    if (day, weekday) == ("*", "*"):
        return Cadence.DAILY, ()
    if weekday == "*" and _is_number(day):
        return Cadence.MONTHLY, (int(day),)
    if day != "*":
        return Cadence.OTHER, ()
    if weekday in ("1-5", "mon-fri"):
        return Cadence.WEEKDAYS, ()
    days = [_WEEKDAYS.get(name) for name in weekday.split(",")]
    known = tuple(sorted({each for each in days if each is not None}))
    return (Cadence.OTHER, ()) if None in days else (Cadence.WEEKLY, known)


def _is_number(field: str) -> bool:
    return re.fullmatch(r"\d+", field, re.ASCII) is not None
