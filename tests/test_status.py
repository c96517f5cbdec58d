"""The tables of the contract: when a monitor is what, calendar days, uptime, ticks, unobserved time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from kener_py import status
from kener_py.model import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Change,
    Day,
    Gap,
    Heartbeat,
    Instant,
    Limits,
    Span,
    State,
    Status,
    Uptime,
)

T = 1_767_225_600_000  # 2026-01-01T00:00:00Z
LIMITS = Limits(degraded_after=5 * MINUTE, down_after=10 * MINUTE)
NO_DATA, UP, DEGRADED, DOWN, MAINTENANCE = (
    Status.NO_DATA,
    Status.UP,
    Status.DEGRADED,
    Status.DOWN,
    Status.MAINTENANCE,
)


def new(limits: Limits = LIMITS) -> State:
    return status.begin("job", limits, T - HOUR)


def beat(at: Instant, reported: Status = UP, message: str = "") -> Heartbeat:
    return Heartbeat("job", at, reported, message)


def after(*beats: Heartbeat, limits: Limits = LIMITS) -> State:
    """The state after these heartbeats, with no evaluation between them."""
    state = new(limits)
    for each in beats:
        state, _ = status.receive(state, each)
    return state


def shown(state: State, at: Instant) -> Status:
    return status.evaluate(state, at)[0].status


def facts(changes: tuple[Change, ...]) -> list[tuple[Instant, Status]]:
    return [(change.started, change.status) for change in changes]


def utc(text: str) -> Instant:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND


# ---- when a monitor is what ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reported", "elapsed", "expected"),
    [
        (UP, 0, UP),
        (UP, 5 * MINUTE - 1, UP),
        (UP, 5 * MINUTE, UP),
        (UP, 5 * MINUTE + 1, DEGRADED),
        (UP, 10 * MINUTE - 1, DEGRADED),
        (UP, 10 * MINUTE, DEGRADED),
        (UP, 10 * MINUTE + 1, DOWN),
        (UP, 3650 * DAY, DOWN),
        (DEGRADED, 0, DEGRADED),
        (DEGRADED, 5 * MINUTE + 1, DEGRADED),
        (DEGRADED, 10 * MINUTE, DEGRADED),
        (DEGRADED, 10 * MINUTE + 1, DOWN),
        (DOWN, 0, DOWN),
        (DOWN, 5 * MINUTE + 1, DOWN),
        (DOWN, 10 * MINUTE + 1, DOWN),
        (DOWN, 3650 * DAY, DOWN),
    ],
)
def test_silence_and_report_decide_strictly(reported: Status, elapsed: int, expected: Status) -> None:
    state = after(beat(T, reported))
    assert status.literal(state, T + elapsed) is expected
    assert status.advance(state, T + elapsed)[0].head is expected
    assert shown(state, T + elapsed) is expected


@pytest.mark.parametrize(
    ("limits", "elapsed", "expected"),
    [
        # interval 5m, grace 2x, missed_beats 2: both limits at ten minutes, so never DEGRADED
        (Limits(10 * MINUTE, 10 * MINUTE, 5 * MINUTE), 10 * MINUTE, UP),
        (Limits(10 * MINUTE, 10 * MINUTE, 5 * MINUTE), 10 * MINUTE + 1, DOWN),
        # interval 5m, grace 90s, missed_beats 2
        (Limits(390 * SECOND, 10 * MINUTE, 5 * MINUTE), 390 * SECOND, UP),
        (Limits(390 * SECOND, 10 * MINUTE, 5 * MINUTE), 390 * SECOND + 1, DEGRADED),
        (Limits(390 * SECOND, 10 * MINUTE, 5 * MINUTE), 10 * MINUTE, DEGRADED),
        (Limits(390 * SECOND, 10 * MINUTE, 5 * MINUTE), 10 * MINUTE + 1, DOWN),
        # fractions of a minute: no rounding
        (Limits(30 * SECOND, 45 * SECOND), 30 * SECOND, UP),
        (Limits(30 * SECOND, 45 * SECOND), 30 * SECOND + 1, DEGRADED),
        (Limits(30 * SECOND, 45 * SECOND), 45 * SECOND, DEGRADED),
        (Limits(30 * SECOND, 45 * SECOND), 45 * SECOND + 1, DOWN),
    ],
)
def test_every_kind_of_limits_is_strict(limits: Limits, elapsed: int, expected: Status) -> None:
    state = after(beat(T), limits=limits)
    assert status.literal(state, T + elapsed) is expected
    assert shown(state, T + elapsed) is expected


def test_a_new_monitor_has_no_data() -> None:
    state = status.begin("job", LIMITS, T)
    assert (state.monitor, state.limits, state.status, state.head) == ("job", LIMITS, NO_DATA, NO_DATA)
    assert state.last is None
    assert state.beats == 0
    assert status.literal(state, T) is NO_DATA
    assert status.due(state) is None


def test_a_monitor_without_a_heartbeat_has_no_data_for_ever() -> None:
    state, changes = status.evaluate(new(), T + 3650 * DAY)
    assert changes == ()
    assert state.status is NO_DATA
    assert status.literal(state, T + 7300 * DAY) is NO_DATA
    assert status.due(state) is None


def test_a_dead_job_stays_down_for_ever() -> None:
    state = after(beat(T))
    changes: tuple[Change, ...] = ()
    for year in range(11):
        state, new_facts = status.evaluate(state, T + HOUR + year * 365 * DAY)
        changes += new_facts
        assert state.status is DOWN
        assert state.since == T + 10 * MINUTE
    assert facts(changes) == [(T + 5 * MINUTE, DEGRADED), (T + 10 * MINUTE, DOWN)]


# ---- where a span begins ---------------------------------------------------------------------


def test_silence_begins_at_the_deadline_and_not_at_the_look() -> None:
    state, changes = status.advance(after(beat(T)), T + 3 * HOUR)
    assert changes == (
        Change("job", T + 5 * MINUTE, DEGRADED),
        Change("job", T + 10 * MINUTE, DOWN),
    )
    assert (state.head, state.head_since) == (DOWN, T + 10 * MINUTE)


def test_a_change_by_silence_exists_only_after_its_deadline() -> None:
    state = after(beat(T))
    assert status.advance(state, T + 5 * MINUTE)[1] == ()
    assert facts(status.advance(state, T + 5 * MINUTE + 1)[1]) == [(T + 5 * MINUTE, DEGRADED)]
    assert facts(status.advance(state, T + 10 * MINUTE)[1]) == [(T + 5 * MINUTE, DEGRADED)]
    assert len(status.advance(state, T + 10 * MINUTE + 1)[1]) == 2


def test_equal_limits_go_straight_to_down() -> None:
    state = after(beat(T), limits=Limits(10 * MINUTE, 10 * MINUTE))
    assert facts(status.advance(state, T + HOUR)[1]) == [(T + 10 * MINUTE, DOWN)]


def test_a_heartbeat_begins_its_span_at_its_arrival() -> None:
    state, changes = status.receive(new(), beat(T + 123))
    assert changes == (Change("job", T + 123, UP),)
    assert (state.head, state.head_since, state.last, state.beats) == (UP, T + 123, T + 123, 1)


def test_a_heartbeat_after_silence_brings_the_missed_deadlines_with_it() -> None:
    state, changes = status.receive(after(beat(T)), beat(T + HOUR))
    assert facts(changes) == [(T + 5 * MINUTE, DEGRADED), (T + 10 * MINUTE, DOWN), (T + HOUR, UP)]
    assert (state.last, state.beats) == (T + HOUR, 2)


def test_a_heartbeat_at_the_very_deadline_is_in_time() -> None:
    assert status.receive(after(beat(T)), beat(T + 5 * MINUTE))[1] == ()


def test_a_heartbeat_one_millisecond_late_leaves_one_millisecond_of_trouble() -> None:
    _, changes = status.receive(after(beat(T)), beat(T + 5 * MINUTE + 1))
    assert facts(changes) == [(T + 5 * MINUTE, DEGRADED), (T + 5 * MINUTE + 1, UP)]


def test_a_heartbeat_that_says_the_same_is_no_change() -> None:
    state, changes = status.receive(after(beat(T)), beat(T + MINUTE))
    assert changes == ()
    assert (state.last, state.head_since, state.beats) == (T + MINUTE, T, 2)


def test_a_monitor_that_stays_up_for_a_day_has_one_change() -> None:
    state, changes = new(), ()
    for minute in range(1440):
        at = T + minute * MINUTE
        state, first = status.receive(state, beat(at))
        state, second = status.evaluate(state, at + 30 * SECOND)
        changes += first + second
    assert facts(changes) == [(T, UP)]
    assert state.beats == 1440


def test_the_state_keeps_what_the_last_heartbeat_said() -> None:
    state = after(beat(T, DEGRADED, "slow"), beat(T + MINUTE, DOWN, "disk full"))
    assert (state.reported, state.message) == (DOWN, "disk full")
    state = after(beat(T, DOWN, "disk full"), beat(T + MINUTE))
    assert (state.reported, state.message) == (UP, "")


@pytest.mark.parametrize(
    ("reported", "expected"),
    [
        (DEGRADED, [(T, DEGRADED), (T + 10 * MINUTE, DOWN)]),
        (DOWN, [(T, DOWN)]),
    ],
)
def test_silence_after_a_report_only_makes_it_worse(
    reported: Status, expected: list[tuple[Instant, Status]]
) -> None:
    state, first = status.receive(new(), beat(T, reported))
    _, second = status.advance(state, T + DAY)
    assert facts(first + second) == expected


def test_a_report_that_silence_came_before_keeps_the_earlier_beginning() -> None:
    _, changes = status.receive(after(beat(T)), beat(T + 7 * MINUTE, DEGRADED))
    assert facts(changes) == [(T + 5 * MINUTE, DEGRADED)]


def test_a_reported_degraded_eases_a_silent_down() -> None:
    state, changes = status.receive(after(beat(T)), beat(T + HOUR, DEGRADED))
    assert facts(changes)[-1] == (T + HOUR, DEGRADED)
    assert state.head is DEGRADED


def test_two_changes_never_share_an_instant() -> None:
    state, changes = new(), ()
    for reported in (UP, DOWN, UP, DEGRADED):
        state, more = status.receive(state, beat(T, reported))
        changes += more
    assert facts(changes) == [(T, UP), (T + 1, DOWN), (T + 2, UP), (T + 3, DEGRADED)]
    assert (state.head, state.head_since, state.last) == (DEGRADED, T + 3, T)


# ---- what people are shown -------------------------------------------------------------------


def test_a_recovery_is_shown_at_the_next_evaluation() -> None:
    state, _ = status.evaluate(after(beat(T)), T + HOUR)
    state, changes = status.receive(state, beat(T + HOUR + SECOND))
    assert facts(changes) == [(T + HOUR + SECOND, UP)]
    assert (state.status, state.since) == (DOWN, T + 10 * MINUTE)
    assert (state.head, state.head_since) == (UP, T + HOUR + SECOND)
    state, changes = status.evaluate(state, T + HOUR + MINUTE)
    assert changes == ()
    assert (state.status, state.since, state.evaluated) == (UP, T + HOUR + SECOND, T + HOUR + MINUTE)


def test_silence_is_shown_at_the_next_evaluation() -> None:
    state, _ = status.evaluate(after(beat(T)), T)
    state, _ = status.advance(state, T + HOUR)
    assert (state.status, state.since, state.head) == (UP, T, DOWN)
    state, changes = status.evaluate(state, T + HOUR)
    assert changes == ()
    assert (state.status, state.since) == (DOWN, T + 10 * MINUTE)


def test_facts_between_evaluations_have_not_been_detected() -> None:
    state, first = status.receive(new(), beat(T))
    _, second = status.receive(state, beat(T + HOUR))
    assert [change.detected for change in first + second] == [None] * 4


# ---- when to look next -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reported", "evaluated", "expected"),
    [
        (UP, T, T + 5 * MINUTE),
        (UP, T + 5 * MINUTE, T + 5 * MINUTE),
        (UP, T + 5 * MINUTE + 1, T + 10 * MINUTE),
        (UP, T + 10 * MINUTE + 1, None),
        (DEGRADED, T, T + 10 * MINUTE),
        (DEGRADED, T + 10 * MINUTE + 1, None),
        (DOWN, T, None),
    ],
)
def test_due_is_the_next_deadline(reported: Status, evaluated: Instant, expected: Instant | None) -> None:
    assert status.due(status.evaluate(after(beat(T, reported)), evaluated)[0]) == expected


def test_equal_limits_are_due_once() -> None:
    state = after(beat(T), limits=Limits(10 * MINUTE, 10 * MINUTE))
    state, _ = status.evaluate(state, T)
    assert status.due(state) == T + 10 * MINUTE
    assert status.due(status.evaluate(state, T + HOUR)[0]) is None


def test_a_head_that_nobody_was_shown_is_due_at_once() -> None:
    due = status.due(after(beat(T)))
    assert due is not None
    assert due <= T


def test_a_recovery_and_relapse_between_two_looks_is_due_at_once() -> None:
    state, _ = status.evaluate(after(beat(T, DOWN)), T)
    for each in (beat(T + MINUTE), beat(T + 2 * MINUTE, DOWN)):
        state, _ = status.receive(state, each)
    due = status.due(state)
    assert due is not None
    assert due <= T + 2 * MINUTE


# ---- new limits, a removed tag ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "at", "expected"),
    [
        # longer limits forgive from now on, and only from now on
        (
            Limits(HOUR, 2 * HOUR),
            T + 20 * MINUTE,
            [(5, DEGRADED), (10, DOWN), (20, UP), (60, DEGRADED), (120, DOWN)],
        ),
        # shorter limits were not in force before
        (Limits(MINUTE, 2 * MINUTE), T + 4 * MINUTE, [(4, DOWN)]),
        (Limits(MINUTE, 6 * MINUTE), T + 4 * MINUTE, [(4, DEGRADED), (6, DOWN)]),
        # nothing to change now: the new deadline counts from the last heartbeat
        (Limits(8 * MINUTE, 9 * MINUTE), T + 4 * MINUTE, [(8, DEGRADED), (9, DOWN)]),
        (LIMITS, T + 7 * MINUTE, [(5, DEGRADED), (10, DOWN)]),
    ],
)
def test_new_limits_judge_only_the_time_from_now_on(
    limits: Limits, at: Instant, expected: list[tuple[int, Status]]
) -> None:
    state, changes = status.adopt(after(beat(T)), limits, at)
    assert state.limits == limits
    _, more = status.advance(state, T + DAY)
    assert facts(changes + more) == [(T + minutes * MINUTE, each) for minutes, each in expected]


def test_new_limits_are_shown_at_the_next_evaluation() -> None:
    state, _ = status.evaluate(after(beat(T)), T + HOUR)
    state, _ = status.adopt(state, Limits(DAY, 2 * DAY), T + HOUR)
    assert (state.status, state.since) == (DOWN, T + 10 * MINUTE)
    assert shown(state, T + HOUR + MINUTE) is UP


def test_new_limits_do_not_excuse_a_report() -> None:
    state, changes = status.adopt(after(beat(T, DOWN)), Limits(DAY, 2 * DAY), T + MINUTE)
    assert changes == ()
    assert state.head is DOWN


def test_new_limits_give_a_monitor_without_a_heartbeat_no_status() -> None:
    state, changes = status.adopt(new(), Limits(MINUTE, 2 * MINUTE), T + DAY)
    assert changes == ()
    assert status.advance(state, T + 2 * DAY)[1] == ()


def test_a_removed_tag_has_no_data_from_then_on() -> None:
    state, changes = status.retire(after(beat(T)), T + 7 * MINUTE)
    assert facts(changes) == [(T + 5 * MINUTE, DEGRADED), (T + 7 * MINUTE, NO_DATA)]
    assert (state.head, state.head_since) == (NO_DATA, T + 7 * MINUTE)
    state, changes = status.evaluate(state, T + 3650 * DAY)
    assert changes == ()
    assert state.status is NO_DATA
    assert status.due(state) is None


def test_a_removed_tag_that_never_had_data_changes_nothing() -> None:
    state, changes = status.retire(new(), T)
    assert changes == ()
    assert state.head is NO_DATA


def test_a_removed_tag_is_removed_once() -> None:
    state, _ = status.retire(after(beat(T)), T + MINUTE)
    again, changes = status.retire(state, T + 2 * MINUTE)
    assert changes == ()
    assert again.head_since == T + MINUTE


def test_a_tag_that_comes_back_goes_on_with_its_next_heartbeat() -> None:
    state, _ = status.retire(after(beat(T)), T + MINUTE)
    state, _ = status.adopt(state, LIMITS, T + DAY)
    state, changes = status.receive(state, beat(T + DAY + MINUTE))
    assert facts(changes)[-1] == (T + DAY + MINUTE, UP)
    assert state.beats == 2
    _, changes = status.advance(state, T + 2 * DAY)
    assert facts(changes) == [(T + DAY + 6 * MINUTE, DEGRADED), (T + DAY + 11 * MINUTE, DOWN)]


def test_a_tag_that_comes_back_is_judged_by_its_last_heartbeat_from_then_on() -> None:
    state, _ = status.retire(after(beat(T)), T + MINUTE)
    state, changes = status.adopt(state, LIMITS, T + DAY)
    assert facts(changes) == [(T + DAY, DOWN)]
    assert state.last == T


# ---- a clock that was set back ---------------------------------------------------------------


def test_a_heartbeat_out_of_order_moves_nothing_back() -> None:
    state, _ = status.receive(after(beat(T)), beat(T - 3))
    assert (state.last, state.beats, state.head) == (T, 2, UP)


def test_a_look_before_the_last_heartbeat_counts_silence_from_the_look() -> None:
    state, _ = status.evaluate(after(beat(T)), T - HOUR)
    assert state.status is UP
    assert shown(state, T - HOUR + 5 * MINUTE) is UP
    assert shown(state, T - HOUR + 5 * MINUTE + 1) is DEGRADED
    assert shown(state, T - HOUR + 10 * MINUTE) is DEGRADED
    assert shown(state, T - HOUR + 10 * MINUTE + 1) is DOWN


def test_a_look_in_the_millisecond_of_two_heartbeats_is_no_clock_set_back() -> None:
    state, first = status.receive(new(), beat(T))
    state, second = status.receive(state, beat(T, DEGRADED))
    state, third = status.evaluate(state, T)
    assert facts(first + second + third) == [(T, UP), (T + 1, DEGRADED)]
    assert (state.status, state.since) == (DEGRADED, T + 1)


def test_a_heartbeat_after_the_clock_was_set_back_still_counts() -> None:
    state, _ = status.evaluate(after(beat(T)), T + HOUR)
    state, _ = status.evaluate(state, T - HOUR)
    state, _ = status.receive(state, beat(T - HOUR + MINUTE))
    assert shown(state, T - HOUR + 2 * MINUTE) is UP


# ---- spans and overlays ----------------------------------------------------------------------


def change(at: Instant, to: Status) -> Change:
    return Change("job", at, to)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([], [Span(100, 200, NO_DATA)]),
        ([change(150, UP)], [Span(100, 150, NO_DATA), Span(150, 200, UP)]),
        ([change(100, UP)], [Span(100, 200, UP)]),
        ([change(50, UP)], [Span(100, 200, UP)]),
        ([change(20, UP), change(50, DOWN)], [Span(100, 200, DOWN)]),
        ([change(50, UP), change(100, DOWN)], [Span(100, 200, DOWN)]),
        ([change(200, UP)], [Span(100, 200, NO_DATA)]),
        ([change(300, UP)], [Span(100, 200, NO_DATA)]),
        ([change(50, UP), change(120, UP)], [Span(100, 200, UP)]),
        ([change(120, NO_DATA), change(130, UP)], [Span(100, 130, NO_DATA), Span(130, 200, UP)]),
        (
            [change(50, UP), change(120, DOWN), change(121, UP)],
            [Span(100, 120, UP), Span(120, 121, DOWN), Span(121, 200, UP)],
        ),
    ],
)
def test_spans_tile_the_window(changes: list[Change], expected: list[Span]) -> None:
    assert status.spans(changes, 100, 200) == tuple(expected)


def test_an_empty_window_has_no_spans() -> None:
    assert status.spans([change(50, UP)], 100, 100) == ()


def test_an_overlay_cuts_spans_where_a_gap_lies() -> None:
    tiles = (Span(0, 100, UP), Span(100, 200, DOWN))
    assert status.overlay(tiles, [Gap(90, 110)], NO_DATA) == (
        Span(0, 90, UP),
        Span(90, 110, NO_DATA),
        Span(110, 200, DOWN),
    )
    assert status.overlay(tiles, [], NO_DATA) == tiles
    assert status.overlay(tiles, [Gap(200, 300), Gap(-50, 0)], NO_DATA) == tiles
    assert status.overlay((), [Gap(0, 100)], NO_DATA) == ()


def test_gaps_of_an_overlay_may_overlap() -> None:
    tiles = (Span(0, 100, UP),)
    expected = (Span(0, 10, UP), Span(10, 60, MAINTENANCE), Span(60, 100, UP))
    assert status.overlay(tiles, [Gap(10, 60), Gap(20, 30)], MAINTENANCE) == expected
    assert status.overlay(tiles, [Gap(10, 40), Gap(30, 60)], MAINTENANCE) == expected


# ---- time in which nobody looked -------------------------------------------------------------


@pytest.mark.parametrize(
    ("alive", "expected"),
    [
        ([(0, HOUR)], []),
        ([(-HOUR, 2 * HOUR)], []),
        ([(0, 10 * MINUTE), (10 * MINUTE + 119_999, HOUR)], []),
        ([(0, 10 * MINUTE), (12 * MINUTE, HOUR)], [(10 * MINUTE, 12 * MINUTE)]),
        ([(0, 10 * MINUTE), (50 * MINUTE, HOUR)], [(10 * MINUTE, 50 * MINUTE)]),
        ([(119_999, HOUR)], []),
        ([(2 * MINUTE, HOUR)], [(0, 2 * MINUTE)]),
        ([(0, HOUR - 119_999)], []),
        ([(0, HOUR - 2 * MINUTE)], [(HOUR - 2 * MINUTE, HOUR)]),
        ([], [(0, HOUR)]),
        ([(-2 * HOUR, -HOUR)], [(0, HOUR)]),
        ([(2 * HOUR, 3 * HOUR)], [(0, HOUR)]),
        # an instant of life divides a hole
        ([(0, 10 * MINUTE), (11 * MINUTE, 11 * MINUTE), (12 * MINUTE, HOUR)], []),
        # stretches that overlap, as after a clock was set back
        ([(0, 40 * MINUTE), (10 * MINUTE, 20 * MINUTE), (41 * MINUTE, HOUR)], []),
    ],
)
def test_a_hole_of_two_minutes_is_unobserved(
    alive: list[tuple[int, int]], expected: list[tuple[int, int]]
) -> None:
    stretches = [Gap(started, ended) for started, ended in alive]
    assert status.unobserved(stretches, 0, HOUR) == tuple(Gap(*each) for each in expected)


def test_a_hole_across_the_edge_of_a_window_is_measured_whole() -> None:
    alive = [Gap(-HOUR, -MINUTE), Gap(MINUTE, HOUR)]
    assert status.unobserved(alive, 0, HOUR) == (Gap(0, MINUTE),)
    assert status.unobserved(alive, -HOUR, 0) == (Gap(-MINUTE, 0),)


# ---- uptime ----------------------------------------------------------------------------------


def test_uptime_adds_up_each_status() -> None:
    tiles = [
        Span(0, 1, NO_DATA),
        Span(1, 11, UP),
        Span(11, 111, DEGRADED),
        Span(111, 1111, DOWN),
        Span(1111, 11111, MAINTENANCE),
        Span(11111, 11113, UP),
    ]
    assert status.uptime(tiles) == Uptime(up=12, degraded=100, down=1000, maintenance=10000, no_data=1)
    assert status.uptime(tiles, is_degraded_down=True).is_degraded_down
    assert status.uptime([]) == Uptime()


@pytest.mark.parametrize(
    ("uptime", "expected"),
    [
        (Uptime(up=1), "100"),
        (Uptime(up=90 * DAY), "100"),
        (Uptime(up=90 * DAY - 1, down=1), "99.999"),
        (Uptime(up=10**18 - 1, down=1), "99.999"),
        (Uptime(up=99_999, down=1), "99.999"),
        (Uptime(up=999, down=1), "99.9"),
        (Uptime(up=9995, down=5), "99.95"),
        (Uptime(up=1, down=1), "50"),
        (Uptime(up=2, down=1), "66.666"),
        (Uptime(up=1, down=9), "10"),
        (Uptime(up=1, down=99_999), "0.001"),
        (Uptime(up=1, down=100_000), "0"),
        (Uptime(down=1), "0"),
        (Uptime(degraded=1), "100"),
        (Uptime(up=1, degraded=1, down=2), "50"),
        (Uptime(up=1, degraded=1, down=2, is_degraded_down=True), "25"),
        (Uptime(degraded=1, is_degraded_down=True), "0"),
        (Uptime(up=29, down=71), "29"),  # 0.29 * 100 is 28.999999999999996 in binary
        (Uptime(up=1, maintenance=DAY, no_data=DAY), "100"),
        (Uptime(), None),
        (Uptime(maintenance=DAY, no_data=DAY), None),
        (Uptime(no_data=1, is_degraded_down=True), None),
    ],
)
def test_percent_is_floored(uptime: Uptime, expected: str | None) -> None:
    assert status.percent(uptime) == expected


def test_one_millisecond_down_in_ninety_days_is_not_a_hundred() -> None:
    tiles = [Span(0, 45 * DAY, UP), Span(45 * DAY, 45 * DAY + 1, DOWN), Span(45 * DAY + 1, 90 * DAY, UP)]
    assert status.percent(status.uptime(tiles)) == "99.999"


# ---- calendar days ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "date", "started", "minutes"),
    [
        ("UTC", "2026-03-29", "2026-03-29T00:00", 24 * 60),
        ("Europe/Berlin", "2026-03-28", "2026-03-27T23:00", 24 * 60),
        ("Europe/Berlin", "2026-03-29", "2026-03-28T23:00", 23 * 60),
        ("Europe/Berlin", "2026-03-30", "2026-03-29T22:00", 24 * 60),
        ("Europe/Berlin", "2026-10-25", "2026-10-24T22:00", 25 * 60),
        ("Europe/Berlin", "2026-10-26", "2026-10-25T23:00", 24 * 60),
        ("Asia/Kolkata", "2026-03-29", "2026-03-28T18:30", 24 * 60),
        # half an hour of summer time
        ("Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00", 24 * 60 + 30),
        ("Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30", 24 * 60 - 30),
        # midnight does not exist: the day begins at 01:00
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00", 23 * 60),
        ("Asia/Beirut", "2022-03-27", "2022-03-26T22:00", 23 * 60),
        # 23:00 to 24:00 comes twice, then 00:00 to 01:00 does
        ("America/Sao_Paulo", "2018-02-17", "2018-02-17T02:00", 25 * 60),
        ("America/Sao_Paulo", "2018-02-18", "2018-02-18T03:00", 24 * 60),
        ("America/Havana", "2025-11-02", "2025-11-02T04:00", 25 * 60),
    ],
)
def test_days_are_the_calendar_days_of_the_zone(zone: str, date: str, started: str, minutes: int) -> None:
    at = utc(started) + 60 * HOUR
    tiles = [Span(at - 30 * DAY, at, UP)]
    (day,) = [each for each in status.days(tiles, zone, at, 5) if each.date == date]
    assert (day.started, day.ended - day.started) == (utc(started), minutes * MINUTE)
    assert day.uptime == Uptime(up=minutes * MINUTE)
    assert day.status is UP


def test_today_ends_now() -> None:
    at = utc("2026-03-29T10:00")
    *_, yesterday, today = status.days([Span(at - 9 * DAY, at, UP)], "Europe/Berlin", at, 3)
    assert (yesterday.date, yesterday.ended) == ("2026-03-28", utc("2026-03-28T23:00"))
    assert (today.date, today.started, today.ended) == ("2026-03-29", utc("2026-03-28T23:00"), at)
    assert today.uptime == Uptime(up=11 * HOUR)


def test_days_are_consecutive_and_the_oldest_comes_first() -> None:
    at = utc("2026-11-01T12:00")
    days = status.days([Span(at - 400 * DAY, at, UP)], "Europe/Berlin", at, 365)
    assert len(days) == 365
    assert (days[0].date, days[-1].date) == ("2025-11-02", "2026-11-01")
    assert [each.ended for each in days[:-1]] == [each.started for each in days[1:]]
    assert days[-1].ended == at


def test_at_midnight_a_new_day_has_begun() -> None:
    at = utc("2026-03-29T22:00")
    *_, yesterday, today = status.days([Span(at - 9 * DAY, at, UP)], "Europe/Berlin", at, 2)
    assert (yesterday.date, yesterday.ended) == ("2026-03-29", at)
    assert (today.date, today.started, today.ended, today.status) == ("2026-03-30", at, at, NO_DATA)


def test_a_calendar_day_that_a_zone_skipped_is_no_trouble() -> None:
    at = utc("2012-01-02T00:00")  # Samoa had no 30 December 2011
    days = status.days([Span(at - 30 * DAY, at, UP)], "Pacific/Apia", at, 7)
    assert all(each.started <= each.ended for each in days)
    assert [each.ended for each in days[:-1]] == [each.started for each in days[1:]]


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([NO_DATA], NO_DATA),
        ([NO_DATA, UP], UP),
        ([UP, MAINTENANCE, NO_DATA], MAINTENANCE),
        ([DEGRADED, MAINTENANCE, UP], DEGRADED),
        ([UP, DOWN, DEGRADED, MAINTENANCE], DOWN),
    ],
)
def test_a_day_is_as_bad_as_its_worst_millisecond(statuses: list[Status], expected: Status) -> None:
    end = T + DAY
    cuts = [T - DAY, *(T + hour for hour in range(1, len(statuses))), end]
    tiles = [Span(start, stop, each) for (start, stop), each in zip(pairwise(cuts), statuses, strict=True)]
    (day,) = status.days(tiles, "UTC", end - 1, 1)
    assert day.status is expected


def test_a_day_without_spans_has_no_data() -> None:
    (day,) = status.days([], "UTC", T + HOUR, 1)
    assert day.status is NO_DATA
    assert status.percent(day.uptime) is None


def test_a_day_takes_only_its_own_part_of_a_span() -> None:
    tiles = [Span(T - DAY, T + HOUR, DOWN), Span(T + HOUR, T + 2 * HOUR, DEGRADED)]
    first, second = status.days(tiles, "UTC", T + 2 * HOUR, 2, is_degraded_down=True)
    assert (first.uptime, first.status) == (Uptime(down=DAY, is_degraded_down=True), DOWN)
    assert second.uptime == Uptime(down=HOUR, degraded=HOUR, is_degraded_down=True)


# ---- ticks -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cron", "zone", "now", "expected"),
    [
        ("* * * * *", "UTC", "2026-01-01T10:00", "2026-01-01T10:01"),
        ("* * * * *", "UTC", "2026-01-01T10:00:01", "2026-01-01T10:01"),
        ("* * * * *", "UTC", "2026-01-01T10:00:59", "2026-01-01T10:01"),
        ("*/5 * * * *", "UTC", "2026-01-01T10:05", "2026-01-01T10:10"),
        ("0 2 * * *", "UTC", "2026-01-01T02:00", "2026-01-02T02:00"),
        ("0 2 * * *", "Europe/Berlin", "2026-01-01T00:00", "2026-01-01T01:00"),
        ("0 2 * * *", "Europe/Berlin", "2026-07-01T00:00", "2026-07-02T00:00"),
        ("0 9 * * 1", "UTC", "2026-01-01T00:00", "2026-01-05T09:00"),
        ("0 0 29 2 *", "UTC", "2026-01-01T00:00", "2028-02-29T00:00"),
        ("* * * * * *", "UTC", "2026-01-01T10:00", "2026-01-01T10:00:01"),
        ("* * * * * */10", "UTC", "2026-01-01T10:00:51", "2026-01-01T10:01"),
        ("*/5 * * * * 30", "UTC", "2026-01-01T10:00:30", "2026-01-01T10:05:30"),
        # a fixed time in the spring gap is right after the gap
        ("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00", "2026-03-29T01:00"),
        ("30 2 * * *", "Europe/Berlin", "2026-03-29T01:00", "2026-03-30T00:30"),
        # a fixed time in the repeated hour comes once, the first time
        ("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00", "2026-10-25T00:30"),
        ("30 2 * * *", "Europe/Berlin", "2026-10-25T00:30", "2026-10-26T01:30"),
    ],
)
def test_the_next_tick_is_strictly_later(cron: str, zone: str, now: str, expected: str) -> None:
    assert status.next_tick(cron, zone, utc(now)) == utc(expected)


@pytest.mark.parametrize("offset", [1, 500, 999])
def test_a_tick_is_on_the_whole_second(offset: int) -> None:
    assert status.next_tick("* * * * *", "UTC", T + offset) == T + MINUTE
    assert status.next_tick("* * * * *", "UTC", T - offset) == T
    assert status.next_tick("* * * * * *", "UTC", T + offset) == T + SECOND


@pytest.mark.parametrize(
    ("zone", "change"),
    [
        ("Europe/Berlin", "2026-03-29T01:00"),
        ("Europe/Berlin", "2026-10-25T01:00"),
        ("America/Sao_Paulo", "2018-11-04T03:00"),
        ("America/Sao_Paulo", "2018-02-18T02:00"),
        ("Australia/Lord_Howe", "2026-10-03T15:30"),
        ("Australia/Lord_Howe", "2026-04-04T15:00"),
    ],
)
@pytest.mark.parametrize(("cron", "step"), [("* * * * *", MINUTE), ("*/10 * * * *", 10 * MINUTE)])
def test_a_wildcard_follows_real_time_over_a_change_of_clocks(
    zone: str, change: str, cron: str, step: int
) -> None:
    at = utc(change) - 90 * MINUTE
    end = utc(change) + 90 * MINUTE
    ticks = []
    while at < end:
        at = status.next_tick(cron, zone, at)
        ticks.append(at)
    assert ticks == list(range(utc(change) - 90 * MINUTE + step, end + 1, step))


def test_seconds_follow_real_time_over_a_change_of_clocks() -> None:
    for change in (utc("2026-03-29T01:00"), utc("2026-10-25T01:00"), utc("2026-10-25T00:00")):
        at, ticks = change - 30 * SECOND, []
        while at < change + 30 * SECOND:
            at = status.next_tick("* * * * * */10", "Europe/Berlin", at)
            ticks.append(at - change)
        assert ticks == [-20_000, -10_000, 0, 10_000, 20_000, 30_000]


def test_an_hourly_tick_comes_every_real_hour() -> None:
    for first in (utc("2026-03-28T20:15"), utc("2026-10-24T20:15")):
        at = first
        for hour in range(1, 10):
            at = status.next_tick("15 * * * *", "Europe/Berlin", at)
            assert at == first + hour * HOUR


def test_the_inputs_of_a_decision_are_left_as_they_were() -> None:
    state = after(beat(T))
    before = replace(state)
    status.evaluate(state, T + DAY)
    status.receive(state, beat(T + DAY))
    status.adopt(state, Limits(1, 2), T + DAY)
    status.retire(state, T + DAY)
    assert state == before


def test_past_days_are_remembered_while_the_history_moves_on() -> None:
    at = T + 12 * HOUR
    trouble = at - 40 * DAY

    def days(now: Instant) -> tuple[Day, ...]:
        tiles = [
            Span(now - 90 * DAY, trouble, UP),
            Span(trouble, trouble + HOUR, DOWN),
            Span(trouble + HOUR, now, UP),
        ]
        return status.days(tiles, "Europe/Berlin", now, 90)

    before, after = days(at), days(at + MINUTE)
    assert before[-1].ended != after[-1].ended
    assert all(one is other for one, other in zip(before[:-1], after[:-1], strict=True))
