"""When a window runs, and which windows a plan has over changes of clocks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from conftest import T, tries
from hypothesis import given, settings
from hypothesis import strategies as st

from kener_py import maintenance
from kener_py.model import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Cadence,
    Gap,
    Instant,
    Maintenance,
    MaintenancePlan,
    MaintenanceState,
    Recurrence,
)
from kener_py.service.maintenance import AHEAD

SCHEDULED, ONGOING, COMPLETED, CANCELLED = (
    MaintenanceState.SCHEDULED,
    MaintenanceState.ONGOING,
    MaintenanceState.COMPLETED,
    MaintenanceState.CANCELLED,
)
JOB = frozenset({"job"})


def utc(text: str) -> Instant:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * SECOND)


def window(
    start: Instant = 100, end: Instant = 200, cancelled: Instant | None = None, **of: object
) -> Maintenance:
    return replace(Maintenance(None, "Upgrade", start, end, ("job",), cancelled=cancelled), **of)  # type: ignore[arg-type]


def once(start: Instant, end: Instant, **of: object) -> MaintenancePlan:
    return MaintenancePlan("Upgrade", JOB, start=start, end=end, **of)  # type: ignore[arg-type]


def again(schedule: str = "0 3 * * *", duration: int = HOUR, zone: str = "UTC") -> MaintenancePlan:
    return MaintenancePlan("Restart", JOB, schedule=schedule, duration=duration, timezone=zone)


# ---- one window ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cancelled", "at", "state"),
    [
        (None, 99, SCHEDULED),
        (None, 100, ONGOING),
        (None, 199, ONGOING),
        (None, 200, COMPLETED),
        (50, 60, CANCELLED),
        (50, 150, CANCELLED),
        (50, 250, CANCELLED),
        (150, 149, ONGOING),
        (150, 150, CANCELLED),
        (150, 250, CANCELLED),
        (100, 100, CANCELLED),
        (200, 250, COMPLETED),
    ],
)
def test_a_window_is_what_its_times_say(cancelled: int | None, at: Instant, state: MaintenanceState) -> None:
    assert maintenance.state(window(cancelled=cancelled), at) is state


@pytest.mark.parametrize(
    ("cancelled", "gap"),
    [(None, Gap(100, 200)), (50, None), (100, None), (150, Gap(100, 150)), (300, Gap(100, 200))],
)
def test_a_cancelled_window_ends_then_or_never_was(cancelled: int | None, gap: Gap | None) -> None:
    assert maintenance.effective(window(cancelled=cancelled)) == gap


TIMES = st.integers(0, 60)


@given(TIMES, TIMES, st.none() | TIMES, TIMES)
def test_a_window_is_ongoing_in_exactly_its_effective_time(
    start: int, length: int, cancelled: int | None, at: int
) -> None:
    each = window(start, start + length + 1, cancelled)
    gap = maintenance.effective(each)
    assert (maintenance.state(each, at) is ONGOING) == (gap is not None and gap.started <= at < gap.ended)


@given(TIMES, TIMES, st.none() | TIMES)
def test_a_window_never_goes_back_to_an_earlier_state(start: int, length: int, cancelled: int | None) -> None:
    each = window(start, start + length + 1, cancelled)
    rank = {SCHEDULED: 0, ONGOING: 1, COMPLETED: 2, CANCELLED: 2}
    ranks = [rank[maintenance.state(each, at)] for at in range(130)]
    assert ranks == sorted(ranks)


# ---- the windows of a plan -------------------------------------------------------------------


@given(TIMES, TIMES, TIMES, TIMES)
def test_a_plan_for_once_has_its_window_where_the_period_touches_it(
    start: int, length: int, since: int, period: int
) -> None:
    found = maintenance.occurrences(once(start, start + length + 1), since, since + period)
    overlaps = start < since + period and since < start + length + 1
    assert found == (((start, start + length + 1),) if overlaps else ())


@pytest.mark.parametrize(
    ("schedule", "zone", "since", "starts"),
    [
        # the spring gap: right after it, and a wildcard of that hour not at all
        ("30 2 * * *", "Europe/Berlin", "2026-03-28", ["03-28T01:30", "03-29T01:00", "03-30T00:30"]),
        ("0 3 * * *", "Europe/Berlin", "2026-03-28", ["03-28T02:00", "03-29T01:00", "03-30T01:00"]),
        ("*/30 2 * * *", "Europe/Berlin", "2026-03-28T02:00", ["03-30T00:00", "03-30T00:30"]),
        ("30 2 * * *", "America/New_York", "2026-03-07", ["03-07T07:30", "03-08T07:00", "03-09T06:30"]),
        # the hour that autumn repeats: once, in the first pass
        ("30 2 * * *", "Europe/Berlin", "2026-10-24", ["10-24T00:30", "10-25T00:30", "10-26T01:30"]),
        ("0 2 * * sun", "Europe/Berlin", "2026-10-20", ["10-25T00:00", "11-01T01:00"]),
        ("30 1 * * *", "America/New_York", "2026-10-31", ["10-31T05:30", "11-01T05:30", "11-02T06:30"]),
        # a wildcard follows real hours
        ("15 * * * *", "Europe/Berlin", "2026-10-25T00:00", ["10-25T00:15", "10-25T01:15", "10-25T02:15"]),
        ("15 * * * *", "Europe/Berlin", "2026-03-29T00:00", ["03-29T00:15", "03-29T01:15", "03-29T02:15"]),
    ],
)
def test_a_schedule_is_read_as_cron_does_over_a_change_of_clocks(
    schedule: str, zone: str, since: str, starts: list[str]
) -> None:
    plan = again(schedule, duration=1, zone=zone)
    found = maintenance.occurrences(plan, utc(since), utc(since) + 14 * DAY)
    assert [start for start, _ in found][: len(starts)] == [utc(f"2026-{text}") for text in starts]


@pytest.mark.parametrize("night", ["2026-03-29T00:30", "2026-10-25T00:30"])
def test_a_duration_is_real_elapsed_time(night: str) -> None:
    plan = again("0 1 * * *", 3 * HOUR, "Europe/Berlin")
    found = maintenance.occurrences(plan, utc(night), utc(night) + 1)
    assert [end - start for start, end in found] == [3 * HOUR]


SCHEDULES = st.sampled_from(
    ["0 3 * * *", "30 2 * * *", "*/20 2 * * *", "15 * * * *", "0 2 * * sun", "@daily"]
)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
NIGHTS = st.sampled_from([utc("2026-03-27"), utc("2026-10-23"), utc("2026-11-01"), utc("2026-04-03")])


@settings(max_examples=tries(40), deadline=None)
@given(SCHEDULES, ZONES, NIGHTS, st.integers(1, 30), st.integers(0, 72), st.integers(1, 48))
def test_a_part_of_a_period_has_those_windows_of_the_whole_that_overlap_it(
    schedule: str, zone: str, night: Instant, hours: int, first: int, length: int
) -> None:
    plan = again(schedule, hours * HOUR, zone)
    whole = maintenance.occurrences(plan, night, night + 6 * DAY)
    since, until = night + first * HOUR, night + (first + length) * HOUR
    part = maintenance.occurrences(plan, since, until)
    assert part == tuple(each for each in whole if each[0] < until and each[1] > since)
    assert list(whole) == sorted(set(whole))
    assert all(end - start == hours * HOUR for start, end in whole)


def test_a_schedule_of_every_minute_comes_to_an_end() -> None:
    found = maintenance.occurrences(again("* * * * *"), T, T + 15 * DAY)
    assert len(found) == maintenance.MOST


def test_an_hourly_schedule_fits_into_the_days_that_are_made_ahead() -> None:
    found = maintenance.occurrences(again("0 * * * *"), T, T + AHEAD)
    assert found[-1][0] == T + AHEAD - HOUR


def test_a_plan_is_another_one_when_its_rule_or_title_changes() -> None:
    plans = [
        once(T, T + HOUR),
        once(T, T + 2 * HOUR),
        replace(once(T, T + HOUR), title="Other"),
        again(),
        again(duration=2 * HOUR),
        again("0 4 * * *"),
        again(zone="Europe/Berlin"),
    ]
    assert len({maintenance.identity(plan) for plan in plans}) == len(plans)
    assert maintenance.identity(
        replace(again(), description="x", monitors=frozenset())
    ) == maintenance.identity(again())


@pytest.mark.parametrize(
    ("schedule", "cadence", "hour", "minute", "days"),
    [
        ("30 * * * *", "HOURLY", 0, 30, ()),
        ("@hourly", "HOURLY", 0, 0, ()),
        ("0 3 * * *", "DAILY", 3, 0, ()),
        ("@daily", "DAILY", 0, 0, ()),
        ("0 3 * * sun", "WEEKLY", 3, 0, (6,)),
        ("0 3 * * Sun", "WEEKLY", 3, 0, (6,)),
        ("5 22 * * 1,3", "WEEKLY", 22, 5, (0, 2)),
        ("0 3 * * 0,7", "WEEKLY", 3, 0, (6,)),
        ("@weekly", "WEEKLY", 0, 0, (6,)),
        ("0 3 * * 1-5", "WEEKDAYS", 3, 0, ()),
        ("0 3 * * mon-fri", "WEEKDAYS", 3, 0, ()),
        ("0 3 1 * *", "MONTHLY", 3, 0, (1,)),
        ("0 3 * * 12", "OTHER", 0, 0, ()),
        ("0 3 1 * sun", "OTHER", 0, 0, ()),
        ("0 3 * 6 *", "OTHER", 0, 0, ()),
        ("0 */2 * * *", "OTHER", 0, 0, ()),
        ("0 * 1 * *", "OTHER", 0, 0, ()),
        ("*/5 * * * *", "OTHER", 0, 0, ()),
        ("0 0 3 * * *", "OTHER", 0, 0, ()),
    ],
)
def test_a_schedule_of_the_usual_kind_is_told_apart(
    schedule: str, cadence: str, hour: int, minute: int, days: tuple[int, ...]
) -> None:
    found = maintenance.recurrence(again(schedule, 90 * MINUTE, "Europe/Berlin"))
    assert found == Recurrence(Cadence(cadence), schedule, "Europe/Berlin", 90 * MINUTE, hour, minute, days)


def test_what_happens_once_has_no_recurrence() -> None:
    assert maintenance.recurrence(once(T, T + HOUR)) is None
