"""The laws of the status core, held against an oracle that judges every half second by itself.

The oracle knows the raw heartbeats and limits and nothing else. Heartbeats and lengths are whole
seconds and new limits come on the half second, so that no status changes within half a second.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

from conftest import tries
from hypothesis import given, settings
from hypothesis import strategies as st

from kener_py import status
from kener_py.model import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Change,
    Gap,
    Heartbeat,
    Instant,
    Limits,
    Span,
    State,
    Status,
    Uptime,
)

HALF = SECOND // 2
END = 60 * SECOND  # of the oracle's little world, which begins at 0
LATER = END + 3650 * DAY
REPORTS = (Status.UP, Status.DEGRADED, Status.DOWN)


# ---- what happens ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Look:
    """One evaluation."""

    at: Instant


@dataclass(frozen=True, slots=True)
class Reload:
    """New limits."""

    at: Instant
    limits: Limits


@dataclass(frozen=True, slots=True)
class Beat:
    at: Instant
    reported: Status


Event = Look | Reload | Beat


def step(state: State, event: Event) -> tuple[State, tuple[Change, ...]]:
    match event:
        case Look(at):
            return status.evaluate(state, at)
        case Reload(at, limits):
            return status.adopt(state, limits, at)
        case Beat(at, reported):
            return status.receive(state, Heartbeat("job", at, reported))


def play(limits: Limits, events: Iterable[Event]) -> tuple[State, tuple[Change, ...]]:
    """The state and all facts after these events; who noticed a fact is no part of it."""
    state, changes = status.begin("job", limits, 0), ()
    for event in events:
        state, more = step(state, event)
        changes += more
    return state, tuple(replace(change, detected=None) for change in changes)


def in_order(*events: Event) -> list[Event]:
    return sorted(events, key=lambda event: event.at)


@st.composite
def some_limits(draw: st.DrawFn, unit: int = SECOND) -> Limits:
    degraded, more = draw(st.integers(1, 20)), draw(st.integers(0, 20))
    return Limits(degraded * unit, (degraded + more) * unit)


reports = st.sampled_from(REPORTS)
looks = st.lists(st.builds(Look, st.integers(0, END)), max_size=12)
reloads = st.lists(
    st.builds(Reload, st.integers(0, 59).map(lambda n: n * SECOND + HALF), some_limits()),
    max_size=3,
    unique_by=lambda reload: reload.at,
)
beats = st.lists(
    st.builds(Beat, st.integers(0, 60).map(lambda n: n * SECOND), reports),
    max_size=12,
    unique_by=lambda beat: beat.at,
)

# the same on single milliseconds, where everything falls together
tight_limits = some_limits(unit=1)
tight_beats = st.lists(st.builds(Beat, st.integers(0, 15), reports), max_size=8)
tight_looks = st.lists(st.builds(Look, st.integers(0, 40)), max_size=8)
tight_reloads = st.lists(st.builds(Reload, st.integers(0, 40), tight_limits), max_size=3)


# ---- the oracle ------------------------------------------------------------------------------


def judged(limits: Limits, events: Sequence[Event], at: Instant) -> Status:
    """The status from `at` to half a second later."""
    for event in in_order(*events):
        if isinstance(event, Reload) and event.at <= at:
            limits = event.limits
    arrived = [event for event in events if isinstance(event, Beat) and event.at <= at]
    if not arrived:
        return Status.NO_DATA
    last = max(arrived, key=lambda beat: beat.at)
    silent = at - last.at
    if last.reported is Status.DOWN or silent >= limits.down_after:
        return Status.DOWN
    if last.reported is Status.DEGRADED or silent >= limits.degraded_after:
        return Status.DEGRADED
    return Status.UP


def history(limits: Limits, events: Sequence[Event]) -> list[Status]:
    return [judged(limits, events, at) for at in range(0, END, HALF)]


def status_at(spans: Sequence[Span], at: Instant) -> Status:
    (found,) = [span.status for span in spans if span.started <= at < span.ended]
    return found


def assert_tiled(spans: Sequence[Span], started: Instant, ended: Instant) -> None:
    assert all(span.started < span.ended for span in spans)
    cuts = [started, *(span.ended for span in spans)]
    assert cuts[:-1] == [span.started for span in spans]
    assert cuts[-1] == ended


# ---- facts -----------------------------------------------------------------------------------


@settings(max_examples=tries(150), deadline=None)
@given(some_limits(), beats, reloads, looks)
def test_history_is_what_every_half_second_says(
    limits: Limits, beats: list[Beat], reloads: list[Reload], looks: list[Look]
) -> None:
    _, changes = play(limits, [*in_order(*beats, *reloads, *looks), Look(END)])
    spans = status.spans(changes, 0, END)
    expected = history(limits, [*beats, *reloads])
    assert [status_at(spans, at) for at in range(0, END, HALF)] == expected
    counted = status.uptime(spans)
    assert counted == Uptime(
        up=expected.count(Status.UP) * HALF,
        degraded=expected.count(Status.DEGRADED) * HALF,
        down=expected.count(Status.DOWN) * HALF,
        no_data=expected.count(Status.NO_DATA) * HALF,
    )
    assert len(spans) == sum(before is not after for before, after in pairwise(expected)) + 1


@settings(max_examples=tries(150), deadline=None)
@given(some_limits(), beats, reloads, looks, looks)
def test_any_pattern_of_ticks_tells_the_same_story(
    limits: Limits, beats: list[Beat], reloads: list[Reload], some: list[Look], others: list[Look]
) -> None:
    events = in_order(*beats, *reloads)
    one = play(limits, [*in_order(*some, *events), Look(LATER)])
    other = play(limits, [*in_order(*events, *others), Look(LATER)])
    assert one == other


@settings(max_examples=tries(400), deadline=None)
@given(tight_limits, tight_beats, tight_reloads, tight_looks, tight_looks)
def test_any_pattern_of_ticks_tells_the_same_story_when_everything_falls_together(
    limits: Limits, beats: list[Beat], reloads: list[Reload], some: list[Look], others: list[Look]
) -> None:
    events = in_order(*beats, *reloads)
    one = play(limits, [*in_order(*some, *events), Look(LATER)])
    other = play(limits, [*in_order(*events, *others), Look(LATER)])
    assert one == other


@settings(max_examples=tries(150), deadline=None)
@given(tight_limits, tight_beats, tight_reloads, tight_looks)
def test_changes_are_in_order_and_each_one_changes_something(
    limits: Limits, beats: list[Beat], reloads: list[Reload], looks: list[Look]
) -> None:
    state, changes = play(limits, in_order(*beats, *reloads, *looks))
    starts = [change.started for change in changes]
    assert starts == sorted(set(starts))
    statuses = [Status.NO_DATA, *(change.status for change in changes)]
    assert all(before is not after for before, after in pairwise(statuses))
    assert state.head is statuses[-1]
    assert {change.monitor for change in changes} <= {"job"}
    if changes:
        assert state.head_since == starts[-1]


@settings(max_examples=tries(100), deadline=None)
@given(tight_limits, tight_beats, tight_reloads, st.integers(0, 30), st.integers(0, 30))
def test_looking_twice_changes_nothing(
    limits: Limits, beats: list[Beat], reloads: list[Reload], wait: int, more: int
) -> None:
    state, _ = play(limits, in_order(*beats, *reloads))
    at = 40 + wait
    moved, changes = status.advance(state, at)
    assert status.advance(moved, at) == (moved, ())
    assert all(change.detected is None for change in changes)
    seen, _ = status.evaluate(state, at)
    assert status.evaluate(seen, at) == (seen, ())
    further, rest = status.advance(moved, at + more)
    assert status.advance(state, at + more) == (further, changes + rest)


@settings(max_examples=tries(100), deadline=None)
@given(tight_limits, tight_beats, tight_reloads, st.integers(40, 70))
def test_the_head_is_the_literal_status(
    limits: Limits, beats: list[Beat], reloads: list[Reload], at: Instant
) -> None:
    state, _ = play(limits, in_order(*beats, *reloads))
    expected = status.literal(state, at)
    assert status.advance(state, at)[0].head is expected
    assert status.evaluate(state, at)[0].status is expected


@settings(max_examples=tries(100), deadline=None)
@given(some_limits(), beats, reloads, looks)
def test_what_people_see_changes_only_at_evaluations(
    limits: Limits, beats: list[Beat], reloads: list[Reload], looks: list[Look]
) -> None:
    state = status.begin("job", limits, 0)
    for event in in_order(*beats, *reloads, *looks):
        before = (state.status, state.since, state.evaluated)
        ahead, _ = status.advance(state, event.at)
        assert (ahead.status, ahead.since, ahead.evaluated) == before
        state, _ = step(state, event)
        if isinstance(event, Look):
            assert (state.status, state.since) == (state.head, state.head_since)
            assert state.evaluated == event.at
        else:
            assert (state.status, state.since, state.evaluated) == before


@settings(max_examples=tries(100), deadline=None)
@given(tight_limits, tight_beats, tight_looks)
def test_every_heartbeat_counts_and_the_latest_is_the_last(
    limits: Limits, beats: list[Beat], looks: list[Look]
) -> None:
    state, _ = play(limits, in_order(*beats, *looks))
    assert state.beats == len(beats)
    assert state.last == max((beat.at for beat in beats), default=None)
    assert state.limits == limits
    if beats:
        assert state.reported is in_order(*beats)[-1].reported


@settings(max_examples=tries(150), deadline=None)
@given(tight_limits, tight_beats, tight_reloads, st.integers(40, 70))
def test_due_is_the_last_instant_without_a_change(
    limits: Limits, beats: list[Beat], reloads: list[Reload], at: Instant
) -> None:
    state, _ = play(limits, in_order(*beats, *reloads))
    if (state.head, state.head_since) != (state.status, state.since):
        due = status.due(state)
        assert due is not None
        assert due <= at
    state, _ = status.evaluate(state, at)
    due = status.due(state)
    if due is None:
        assert status.evaluate(state, LATER)[1] == ()
    else:
        assert due >= at
        assert status.evaluate(state, due)[1] == ()
        assert status.advance(state, due)[1] == ()
        ahead, changes = status.advance(state, due + 1)
        assert changes != ()
        assert changes[0].started >= due
        assert (ahead.head, ahead.head_since) == (changes[-1].status, changes[-1].started)


@settings(max_examples=tries(100), deadline=None)
@given(tight_limits, tight_beats, tight_limits, st.integers(15, 60), st.integers(0, 200))
def test_new_limits_never_alter_what_was_before(
    limits: Limits, beats: list[Beat], other: Limits, at: Instant, wait: int
) -> None:
    events = in_order(*beats)
    _, without = play(limits, [*events, Look(at)])
    state, changes = play(limits, [*events, Reload(at, other)])
    assert [each for each in changes if each.started < at] == [each for each in without if each.started < at]
    assert state.limits == other
    later, more = status.advance(state, at + wait)
    assert all(change.started >= at for change in more)
    assert later.head is status.literal(later, at + wait)


@settings(max_examples=tries(50), deadline=None)
@given(tight_limits, tight_beats, st.integers(15, 60))
def test_a_reload_with_the_same_limits_is_nothing(limits: Limits, beats: list[Beat], at: Instant) -> None:
    state, _ = play(limits, in_order(*beats))
    assert status.adopt(state, limits, at) == status.advance(state, at)


@settings(max_examples=tries(100), deadline=None)
@given(tight_limits, tight_beats, tight_reloads, st.integers(40, 70), st.integers(0, 200))
def test_a_removed_tag_has_no_data_and_keeps_its_history(
    limits: Limits, beats: list[Beat], reloads: list[Reload], at: Instant, wait: int
) -> None:
    state, _ = play(limits, in_order(*beats, *reloads))
    _, expected = status.advance(state, at)
    gone, changes = status.retire(state, at)
    assert changes[: len(expected)] == expected
    assert [each.status for each in changes[len(expected) :]] == [Status.NO_DATA] * bool(beats)
    assert gone.head is Status.NO_DATA
    assert status.evaluate(gone, at + wait)[1] == ()
    assert status.evaluate(gone, LATER)[0].status is Status.NO_DATA


@settings(max_examples=tries(150), deadline=None)
@given(
    tight_limits,
    st.lists(
        st.one_of(
            st.builds(Beat, st.integers(0, 40), reports),
            st.builds(Look, st.integers(0, 40)),
            st.builds(Reload, st.integers(0, 40), tight_limits),
        ),
        max_size=15,
    ),
)
def test_a_clock_that_jumps_breaks_nothing(limits: Limits, events: list[Event]) -> None:
    state, facts = status.begin("job", limits, 20), []
    for event in [*events, Look(LATER)]:
        before = state
        state, changes = step(state, event)
        for change in changes:
            # a fact that is told again, after the clock was set back, takes the place of later ones
            facts = [each for each in facts if each.started < change.started] + [change]
        if facts:
            assert (state.head, state.head_since) == (facts[-1].status, facts[-1].started)
        status.due(state)
        status.literal(state, event.at)
        if isinstance(event, Beat):
            assert state.beats == before.beats + 1
            assert state.last is not None
            assert state.last >= event.at
            assert before.last is None or state.last >= before.last
        if isinstance(event, Look):
            assert (state.status, state.since) == (state.head, state.head_since)
            assert state.last is None or state.last <= event.at
    assert state.status is (Status.DOWN if state.beats else Status.NO_DATA)


# ---- spans -----------------------------------------------------------------------------------

any_status = st.sampled_from(Status)
some_changes = st.dictionaries(st.integers(0, 60), any_status, max_size=10).map(
    lambda found: [Change("job", at, found[at]) for at in sorted(found)]
)
some_gaps = st.lists(
    st.tuples(st.integers(-10, 70), st.integers(0, 30)).map(lambda pair: Gap(pair[0], sum(pair))), max_size=5
)


@settings(max_examples=tries(150), deadline=None)
@given(some_changes, st.integers(0, 60), st.integers(0, 40), some_gaps, any_status)
def test_spans_tile_time_with_and_without_an_overlay(
    changes: list[Change], started: Instant, length: int, gaps: list[Gap], shown: Status
) -> None:
    ended = started + length
    spans = status.spans(changes, started, ended)
    assert_tiled(spans, started, ended)
    assert all(before.status is not after.status for before, after in pairwise(spans))
    overlaid = status.overlay(spans, gaps, shown)
    assert_tiled(overlaid, started, ended)
    for at in range(started, ended):
        told = [change.status for change in changes if change.started <= at]
        expected = told[-1] if told else Status.NO_DATA
        assert status_at(spans, at) is expected
        covered = any(gap.started <= at < gap.ended for gap in gaps)
        assert status_at(overlaid, at) is (shown if covered else expected)


@settings(max_examples=tries(60), deadline=None)
@given(some_changes, some_gaps, st.integers(-5, 110), st.integers(-5, 110), st.booleans())
def test_a_part_of_a_history_adds_up_without_being_cut_out(
    changes: list[Change], gaps: list[Gap], one: int, other: int, is_strict: bool
) -> None:
    started, ended = sorted((one, other))
    history = status.overlay(status.spans(changes, 0, 100), gaps, Status.MAINTENANCE)
    inside = list(status.within(history, started, ended))
    assert status.uptime_between(history, started, ended, is_strict) == status.uptime(inside, is_strict)


@given(st.lists(st.tuples(st.integers(0, 890), st.integers(1, 200)), max_size=5))
def test_time_is_unobserved_where_no_loop_lived_for_two_minutes(pairs: list[tuple[int, int]]) -> None:
    alive = sorted((start, min(start + length, 900)) for start, length in pairs)
    dead = [not any(start <= second < stop for start, stop in alive) for second in range(900)]
    expected, began = [], None
    for second, is_dead in enumerate([*dead, False]):
        if is_dead and began is None:
            began = second
        elif not is_dead and began is not None:
            if second - began >= 120:
                expected.append(Gap(began * SECOND, second * SECOND))
            began = None
    stretches = [Gap(start * SECOND, stop * SECOND) for start, stop in alive]
    assert status.unobserved(stretches, 0, 900 * SECOND) == tuple(expected)


@settings(max_examples=tries(100), deadline=None)
@given(*[st.integers(0, 10**12) for _ in range(5)], st.booleans())
def test_percent_is_the_exact_fraction_cut_off(
    up: int, degraded: int, down: int, maintenance: int, no_data: int, is_degraded_down: bool
) -> None:
    uptime = Uptime(up, degraded, down, maintenance, no_data, is_degraded_down)
    good, counting = up + (0 if is_degraded_down else degraded), up + degraded + down
    text = status.percent(uptime)
    if not counting:
        assert text is None
        return
    assert text is not None
    exact = Decimal(good * 100) / Decimal(counting)
    assert Decimal(text) == exact.quantize(Decimal("0.001"), rounding=ROUND_FLOOR)
    assert (text == "100") == (good == counting)
    assert "." not in text or text[-1] not in "0."


# ---- days ------------------------------------------------------------------------------------

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Havana",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
)


def local_date(at: Instant, zone: str) -> date:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at)).astimezone(ZoneInfo(zone)).date()


@settings(max_examples=tries(80), deadline=None)
@given(
    st.sampled_from(ZONES),
    st.integers(1_262_304_000_000, 1_893_456_000_000),  # 2010 to 2030
    st.integers(1, 40),
    st.lists(st.tuples(st.integers(0, 40 * DAY), any_status), max_size=10, unique_by=lambda pair: pair[0]),
    st.booleans(),
)
def test_days_are_whole_calendar_days_and_lose_no_millisecond(
    zone: str, at: Instant, count: int, told: list[tuple[int, Status]], is_degraded_down: bool
) -> None:
    changes = [Change("job", at - 40 * DAY + wait, to) for wait, to in sorted(told)]
    spans = status.spans(changes, at - 50 * DAY, at)
    days = status.days(spans, zone, at, count, is_degraded_down)
    today = local_date(at, zone)
    assert [each.date for each in days] == [str(today - timedelta(days=n)) for n in range(count - 1, -1, -1)]
    assert days[-1].ended == at
    for before, after in pairwise(days):
        assert before.ended == after.started
    for each in days:
        assert str(local_date(each.started, zone)) == each.date
        assert str(local_date(each.started - 1, zone)) < each.date
        assert each.uptime == status.uptime(
            status.spans(changes, each.started, each.ended), is_degraded_down=is_degraded_down
        )
        parts = {span.status for span in status.spans(changes, each.started, each.ended)}
        worst = (Status.DOWN, Status.DEGRADED, Status.MAINTENANCE, Status.UP, Status.NO_DATA)
        assert each.status is next((one for one in worst if one in parts), Status.NO_DATA)


# ---- ticks -----------------------------------------------------------------------------------


@settings(max_examples=tries(60), deadline=None)
@given(
    st.sampled_from(ZONES[:4]),
    st.sampled_from((1_774_742_400_000, 1_792_886_400_000, 1_541_289_600_000, 1_767_225_600_000)),
    st.integers(0, 8 * HOUR),
    st.sets(st.integers(0, 59), min_size=1, max_size=4),
)
def test_the_next_tick_is_the_first_minute_that_matches(
    zone: str, night: Instant, wait: int, minutes: set[int]
) -> None:
    after = night + wait
    cron = f"{','.join(map(str, sorted(minutes)))} * * * *"
    at = after - after % MINUTE + MINUTE
    while (at // MINUTE) % 60 not in minutes:  # these zones are whole hours from UTC
        at += MINUTE
    assert status.next_tick(cron, zone, after) == at


@settings(max_examples=tries(40), deadline=None)
@given(st.integers(1_767_225_600_000, 1_893_456_000_000), st.integers(0, 59), st.integers(0, 23))
def test_a_daily_tick_in_utc_is_at_most_a_day_away(after: Instant, minute: int, hour: int) -> None:
    at = status.next_tick(f"{minute} {hour} * * *", "UTC", after)
    assert after < at <= after + DAY
    assert at % DAY == hour * HOUR + minute * MINUTE
