"""What the data says about the cause of a silence, and that it says nothing when unsure."""

from __future__ import annotations

import random

import pytest
from conftest import T
from hypothesis import given
from hypothesis import strategies as st

from kener_py.diagnosis import diagnose
from kener_py.model import HOUR, MINUTE, SECOND, Instant, Limits, Rejection

LIMITS = Limits(5 * MINUTE, 10 * MINUTE)


def every(distance: int, count: int = 20, jitter: int = 0) -> list[Instant]:
    chance = random.Random(1)
    return [T - number * distance + chance.randint(-jitter, jitter) for number in range(count)]


def rhythm(arrivals: list[Instant], limits: Limits = LIMITS) -> tuple[str, ...]:
    return diagnose(limits, arrivals, (), max(arrivals, default=None), T + HOUR)


def turned_away(*rejections: Rejection, last: Instant | None = T) -> tuple[str, ...]:
    return diagnose(LIMITS, (), rejections, last, T + HOUR)


def test_a_rhythm_that_is_slower_than_the_limit_is_named() -> None:
    assert rhythm(every(31 * MINUTE)) == ("The last 20 heartbeats came every 31 min; the limit is 10 min.",)


def test_of_the_two_limits_the_one_that_is_passed_is_named() -> None:
    assert rhythm(every(7 * MINUTE, 8)) == ("The last 8 heartbeats came every 7 min; the limit is 5 min.",)


def test_a_little_jitter_leaves_a_rhythm_regular() -> None:
    (sentence,) = rhythm(every(30 * MINUTE, jitter=30 * SECOND))
    assert "heartbeats came every " in sentence


def test_one_long_pause_does_not_hide_a_rhythm() -> None:
    arrivals = [at if number < 10 else at - HOUR for number, at in enumerate(every(31 * MINUTE))]
    assert rhythm(arrivals) == ("The last 20 heartbeats came every 31 min; the limit is 10 min.",)


def test_the_order_of_the_arrivals_does_not_matter() -> None:
    arrivals = every(31 * MINUTE)
    assert rhythm(arrivals) == rhythm(arrivals[::-1])


def test_distances_that_grow_are_named() -> None:
    times = [T]
    for minutes in (9, 8, 7, 6, 5):
        times.append(times[-1] - minutes * MINUTE)
    assert rhythm(times) == (
        "The heartbeats come ever later: the distances of the last 5 grew from 5 min to 9 min.",
    )


@pytest.mark.parametrize(
    "arrivals",
    [
        [],
        [T],
        every(31 * MINUTE, 5),
        every(MINUTE),
        every(5 * MINUTE),
        [T - each * MINUTE for each in (0, 3, 40, 41, 90, 91, 92, 200)],
        [T] * 20,
    ],
)
def test_nothing_is_said_of_few_punctual_or_irregular_heartbeats(arrivals: list[Instant]) -> None:
    assert rhythm(arrivals) == ()


@pytest.mark.parametrize(
    ("rejection", "last", "says"),
    [
        (
            Rejection("job", "wrong secret", 3, T + 58 * MINUTE),
            T,
            "Calls with a wrong secret are turned away: the latest 2 min ago, after the last good one; "
            "3 in all.",
        ),
        (
            Rejection("job", "wrong secret", 1, T + 58 * MINUTE),
            T,
            "A call with a wrong secret was turned away 2 min ago.",
        ),
        (
            Rejection("job", "expired API key", 3, T + 58 * MINUTE),
            None,
            "3 calls with an expired API key were turned away, the latest 2 min ago; none was right.",
        ),
    ],
)
def test_calls_that_were_turned_away_since_the_last_good_one_are_named(
    rejection: Rejection, last: Instant | None, says: str
) -> None:
    assert turned_away(rejection, last=last) == (says,)


@pytest.mark.parametrize(
    "rejection",
    [
        Rejection("job", "wrong secret", 3, T),
        Rejection("job", "something new", 3, T + MINUTE),
        Rejection("", "unknown tag", 3, T + MINUTE),
        Rejection("", "wrong secret", 3, T + MINUTE),
        Rejection("job", "wrong secret", 0, T + MINUTE),
    ],
)
def test_nothing_is_said_of_older_or_other_rejections(rejection: Rejection) -> None:
    assert turned_away(rejection) == ()


INSTANTS = st.integers(0, 2 * T)


@given(
    st.lists(INSTANTS, max_size=30),
    st.lists(
        st.builds(
            Rejection, st.just("job"), st.sampled_from(["wrong secret", "?"]), st.integers(0, 9), INSTANTS
        ),
        max_size=3,
    ),
    st.none() | INSTANTS,
    INSTANTS,
)
def test_any_facts_give_whole_sentences(
    arrivals: list[Instant], rejections: list[Rejection], last: Instant | None, at: Instant
) -> None:
    found = diagnose(LIMITS, arrivals, rejections, last, at)
    assert all((each[0].isupper() or each[0].isdigit()) and each.endswith(".") for each in found)
