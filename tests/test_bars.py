"""Where the bars of a day strip are, and how high."""

import re
from dataclasses import replace

import pytest
from conftest import tries
from hypothesis import given, settings
from hypothesis import strategies as st

from kener_py.model import DAY, HOUR, MINUTE, Day, Millis, Status, Uptime
from kener_py.web import bars, strips


def day(status: Status, length: Millis = DAY, **lengths: Millis) -> Day:
    return Day("2026-09-30", 0, length, Uptime(**lengths), status)


UP = day(Status.UP, up=DAY)
NO_DATA = day(Status.NO_DATA, no_data=DAY)


def columns(path: bars.Path) -> list[int]:
    return [int(x) / bars.PITCH for x in re.findall(r"M(-?\d+) ", path.d)]


def seen(one: Day, *after: Day) -> dict[Status, tuple[int, int]]:
    """From where to where, counted from the top, each state of a day's bar is seen."""
    shapes = {}
    for path in bars.strip((one, *after)):
        if path.part:
            continue
        top, line = re.match(r"M890 (\d+)v(\d+)", path.d).groups()
        shapes[path.status] = (int(top), int(top) + int(line) + bars.WIDTH)
    return shapes


def test_ninety_clean_days_are_one_path_of_ninety_full_bars() -> None:
    (path,) = bars.strip((UP,) * 90)
    assert path.status is Status.UP
    assert columns(path) == list(range(90))
    assert set(re.findall(r" (\S+?)(?:M|$)", path.d)) == {"0v33"}


def test_fewer_days_end_today() -> None:
    (path,) = bars.strip((UP,) * 3)
    assert columns(path) == [87, 88, 89]


def test_more_days_lose_the_oldest() -> None:
    days = (NO_DATA,) * 5 + (UP,) * 90
    (path,) = bars.strip(days)
    assert path.status is Status.UP


def test_no_days_are_no_path() -> None:
    assert bars.strip(()) == ()


def test_each_state_is_one_path_with_its_own_columns() -> None:
    days = [UP] * 90
    days[0] = NO_DATA
    days[10] = day(Status.DEGRADED, up=DAY - HOUR, degraded=HOUR)
    days[20] = day(Status.DOWN, up=DAY - HOUR, down=HOUR)
    days[30] = day(Status.MAINTENANCE, up=DAY - HOUR, maintenance=HOUR)
    days[40] = day(Status.DOWN, down=DAY)
    paths = {path.status: path for path in bars.strip(tuple(days)) if not path.part}
    assert len(paths) == 5
    # The outlined square begins half a bar to the left of its column's middle.
    assert paths[Status.NO_DATA].d == "M-3 27h6v9h-6z"
    assert columns(paths[Status.DEGRADED]) == [10]
    assert columns(paths[Status.DOWN]) == [20, 40]
    assert columns(paths[Status.MAINTENANCE]) == [30]
    assert columns(paths[Status.UP]) == [c for c in range(90) if c not in (0, 10, 30, 40)]


def test_a_short_outage_is_a_bite_that_can_be_seen() -> None:
    assert seen(day(Status.DOWN, up=DAY - 1, down=1)) == {Status.UP: (0, 30), Status.DOWN: (32, 40)}


def test_a_bite_is_as_high_as_its_share_of_the_day() -> None:
    assert seen(day(Status.DOWN, up=DAY // 2, down=DAY // 2)) == {Status.UP: (0, 18), Status.DOWN: (20, 40)}


def test_a_bite_leaves_some_of_the_rest() -> None:
    assert seen(day(Status.DOWN, up=1, down=DAY - 1)) == {Status.UP: (0, 8), Status.DOWN: (10, 40)}


def test_a_day_that_was_only_down_is_one_full_bar() -> None:
    assert seen(day(Status.DOWN, down=2 * HOUR, no_data=22 * HOUR)) == {Status.DOWN: (0, 40)}


def test_a_degraded_day_is_three_quarters_high_with_and_without_a_bite() -> None:
    assert seen(day(Status.DEGRADED, up=HOUR, degraded=HOUR)) == {Status.DEGRADED: (10, 40)}
    bitten = day(Status.DOWN, degraded=20 * HOUR, down=4 * HOUR)
    assert seen(bitten) == {Status.DEGRADED: (10, 30), Status.DOWN: (32, 40)}
    worse = day(Status.DOWN, degraded=HOUR, up=0, down=23 * HOUR)
    assert seen(worse) == {Status.DEGRADED: (10, 18), Status.DOWN: (20, 40)}


def test_maintenance_never_hides_an_outage() -> None:
    both = day(Status.MAINTENANCE, maintenance=20 * HOUR, down=4 * HOUR)
    assert seen(both) == {Status.MAINTENANCE: (0, 30), Status.DOWN: (32, 40)}


@pytest.mark.parametrize("hours", [23, 24, 25])
def test_a_day_of_any_length_is_as_high_as_another(hours: int) -> None:
    half = hours * HOUR // 2
    past = day(Status.DOWN, hours * HOUR, up=half, down=half)
    paths = {path.status: path.d for path in bars.strip((past, NO_DATA))}
    assert (paths[Status.UP], paths[Status.DOWN]) == ("M880 0v11", "M880 20v13")
    whole = bars.strip((day(Status.UP, hours * HOUR, up=hours * HOUR), NO_DATA))
    assert [path.d for path in whole if path.status is Status.UP] == ["M880 0v33"]


def rest(one: Day) -> list[tuple[Status, str]]:
    return [(path.status, path.d) for path in bars.strip((UP, one)) if path.part == "rest"]


def test_today_is_as_high_as_the_day_is_old_and_dots_stand_for_the_rest() -> None:
    noon = day(Status.UP, DAY // 2, up=DAY // 2)
    assert seen(noon) == {Status.UP: (20, 40)}
    assert rest(noon) == [(Status.UP, "M890 13V-2")]
    assert seen(day(Status.DEGRADED, DAY // 2, degraded=HOUR)) == {Status.DEGRADED: (25, 40)}
    assert rest(UP) == rest(day(Status.UP, 25 * HOUR, up=25 * HOUR)) == []


def test_a_young_day_is_high_enough_to_be_seen() -> None:
    assert seen(day(Status.UP, 5 * MINUTE, up=5 * MINUTE)) == {Status.UP: (28, 40)}
    young = day(Status.DOWN, 5 * MINUTE, up=3 * MINUTE, down=2 * MINUTE)
    assert seen(young) == {Status.UP: (22, 30), Status.DOWN: (32, 40)}
    assert seen(day(Status.DOWN, 5 * MINUTE, down=5 * MINUTE)) == {Status.DOWN: (28, 40)}


def test_a_day_without_data_has_no_rest() -> None:
    assert rest(day(Status.NO_DATA, HOUR, no_data=HOUR)) == []


def test_maintenance_is_cut_across_its_middle() -> None:
    window = day(Status.MAINTENANCE, up=DAY - HOUR, maintenance=HOUR)
    paths = bars.strip((window, UP, window))
    (cut,) = [path for path in paths if path.part == "cut"]
    assert cut == (Status.MAINTENANCE, "M866 21l8-10M886 21l8-10", "cut")
    assert paths.index(cut) > max(n for n, path in enumerate(paths) if not path.part), "or it is painted over"
    assert [path for path in bars.strip((UP,)) if path.part == "cut"] == []


def test_unknown_hours_make_an_outage_no_smaller() -> None:
    known = day(Status.DOWN, up=HOUR, down=HOUR)
    assert seen(replace(known, uptime=replace(known.uptime, no_data=22 * HOUR))) == seen(known)


# ---- what a strip depends on -----------------------------------------------------------------

LENGTHS = st.sampled_from([0, MINUTE, 5 * HOUR, 12 * HOUR])


@st.composite
def some_day(draw: st.DrawFn) -> Day:
    status = draw(st.sampled_from(list(Status)))
    lengths = [draw(LENGTHS) for _ in range(5)]
    ended = draw(st.sampled_from([0, MINUTE, 11 * HOUR, 11 * HOUR + MINUTE, 20 * HOUR, DAY]))
    return Day("2026-09-30", 0, ended, Uptime(*lengths), status)


@settings(max_examples=tries(300), deadline=None)
@given(st.lists(some_day(), max_size=6), st.lists(some_day(), min_size=6, max_size=6))
def test_strips_with_the_same_facts_are_the_same(days: list[Day], others: list[Day]) -> None:
    one = tuple(days)
    closer = [replace(day, uptime=other.uptime) for day, other in zip(days, others, strict=False)]
    for place, other in [*enumerate(others[: len(days)]), *enumerate(closer)]:
        another = (*one[:place], other, *one[place + 1 :])
        if strips.facts(one) == strips.facts(another):
            assert strips.drawn(one) == strips.drawn(another)
            assert strips.days_data(one) == strips.days_data(another)
    assert strips.facts(one) != strips.facts((*one, UP))
