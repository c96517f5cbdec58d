"""The loop: what is ticked when, whatever the clock does, and that nothing ends it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace

import pytest
from conftest import TICK, T, World, config, monitor

from kener_py import store
from kener_py.model import DAY, HOUR, MINUTE, SECOND, Instant, Status
from kener_py.service import loop
from kener_py.service.loop import Loop

HOURLY = "0 * * * *|UTC"
WAIT = 10.0  # seconds that a thread may take before a test gives up


@dataclass
class Driver:
    """A loop that is stepped by hand, and the ticks that it made."""

    world: World
    loop: Loop
    ticks: list[tuple[str, Instant]] = field(default_factory=list)

    def at(self, at: Instant) -> float:
        self.world.clock.now = at
        return self.loop.step(at)


@pytest.fixture
def driver(world: World, monkeypatch: pytest.MonkeyPatch) -> Driver:
    made = Driver(world, Loop(world.service))
    tick = world.service.tick

    def noted(name: str, at: Instant) -> None:
        tick(name, at)
        made.ticks.append((name, at))

    monkeypatch.setattr(world.service, "tick", noted)
    return made


# ---- what is due -----------------------------------------------------------------------------


def test_nothing_is_ticked_before_its_time(driver: Driver) -> None:
    for second in range(0, 60, 5):
        driver.at(T + second * SECOND)
    assert driver.ticks == []


def test_a_tick_is_made_when_it_is_due(driver: Driver) -> None:
    for second in (0, 60, 61, 119, 120):
        driver.at(T + second * SECOND)
    assert driver.ticks == [(TICK, T + MINUTE), (TICK, T + 2 * MINUTE)]


def test_only_what_is_due_is_ticked(driver: Driver) -> None:
    driver.world.service.reload(config(monitors=(monitor(), monitor("slow", cron="0 * * * *"))))
    for minute in range(58, 62):
        driver.at(T + minute * MINUTE)
    assert driver.ticks == [
        (TICK, T + 59 * MINUTE),
        (TICK, T + 60 * MINUTE),
        (HOURLY, T + 60 * MINUTE),
        (TICK, T + 61 * MINUTE),
    ]


def test_monitors_of_one_cron_are_one_tick(driver: Driver) -> None:
    driver.world.service.reload(config(monitors=tuple(monitor(tag) for tag in "abc")))
    driver.at(T)
    driver.at(T + MINUTE)
    assert driver.ticks == [(TICK, T + MINUTE)]


def test_a_cron_with_seconds_is_ticked_at_its_seconds(driver: Driver) -> None:
    driver.world.service.reload(config(monitors=(monitor(cron="* * * * * */20"),)))
    for second in range(0, 61, 10):
        driver.at(T + second * SECOND)
    assert [at - T for _, at in driver.ticks] == [20 * SECOND, 40 * SECOND, 60 * SECOND]


def test_ticks_that_were_missed_are_not_replayed(driver: Driver) -> None:
    driver.at(T)
    driver.at(T + HOUR + 30 * SECOND)
    driver.at(T + HOUR + 31 * SECOND)
    driver.at(T + HOUR + MINUTE)
    assert driver.ticks == [(TICK, T + HOUR + 30 * SECOND), (TICK, T + HOUR + MINUTE)]


def test_a_new_cron_is_ticked_from_its_next_time_on(driver: Driver) -> None:
    driver.at(T)
    driver.world.service.reload(config(monitors=(monitor(cron="*/2 * * * *"),)))
    for minute in (1, 2, 3, 4):
        driver.at(T + minute * MINUTE)
    assert driver.ticks == [("*/2 * * * *|UTC", T + 2 * MINUTE), ("*/2 * * * *|UTC", T + 4 * MINUTE)]


def test_a_reload_that_leaves_the_cron_alone_delays_no_tick(driver: Driver) -> None:
    driver.at(T)
    driver.world.service.reload(config())
    driver.at(T + MINUTE)
    assert driver.ticks == [(TICK, T + MINUTE)]


# ---- how long it sleeps ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "nap"), [(T, 5.0), (T + 55 * SECOND, 5.0), (T + 58 * SECOND, 2.0), (T + 59_999, 0.001)]
)
def test_it_sleeps_until_the_next_tick_but_never_long(driver: Driver, at: Instant, nap: float) -> None:
    assert driver.at(at) == nap


def test_it_does_not_spin_when_nothing_is_configured(driver: Driver) -> None:
    driver.world.service.reload(config(monitors=(), rules=()))
    assert driver.at(T) == 5.0


# ---- a tick that takes long ------------------------------------------------------------------


def test_after_a_tick_that_took_long_the_next_is_in_the_future(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    tick = driver.world.service.tick

    def slow(name: str, at: Instant) -> None:
        tick(name, at)
        driver.world.clock.now += 90 * SECOND

    monkeypatch.setattr(driver.world.service, "tick", slow)
    driver.at(T)
    assert driver.at(T + MINUTE) == 5.0  # it is T + 150 s by now: the tick at 120 s is missed
    driver.at(T + 160 * SECOND)
    driver.at(T + 180 * SECOND)
    assert driver.ticks == [(TICK, T + MINUTE), (TICK, T + 180 * SECOND)]


def test_what_became_due_during_a_long_tick_is_looked_at_with_the_time_that_it_is_then(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    tick = driver.world.service.tick

    def slow(name: str, at: Instant) -> None:
        tick(name, at)
        driver.world.clock.now += 10 * SECOND

    monkeypatch.setattr(driver.world.service, "tick", slow)
    driver.world.service.reload(config(monitors=(monitor(), monitor("b", timezone="Europe/Berlin"))))
    driver.at(T)
    driver.at(T + MINUTE)
    assert driver.ticks == [
        ("* * * * *|Europe/Berlin", T + MINUTE),
        (TICK, T + MINUTE + 10 * SECOND),
    ]


# ---- the clock is set ------------------------------------------------------------------------


def test_a_clock_set_back_by_an_hour_does_not_stop_the_ticks_for_an_hour(driver: Driver) -> None:
    driver.at(T + HOUR)
    driver.at(T + 30 * SECOND)
    driver.at(T + MINUTE)
    assert driver.ticks == [(TICK, T + MINUTE)]


def test_a_clock_set_back_by_an_hour_does_not_hide_silence_for_an_hour(driver: Driver) -> None:
    driver.at(T + HOUR)
    driver.world.beat()
    driver.at(T + HOUR + MINUTE)
    for minute in range(2, 15):
        driver.at(T + minute * MINUTE)
    assert driver.world.status() is Status.DOWN


def test_a_clock_set_back_by_milliseconds_does_not_repeat_a_tick(driver: Driver) -> None:
    driver.at(T)
    for millis in (3, -10, 5):
        driver.at(T + MINUTE + millis)
    assert driver.ticks == [(TICK, T + MINUTE + 3)]


def test_a_clock_set_forward_by_a_day_makes_one_tick(driver: Driver) -> None:
    driver.at(T)
    driver.at(T + DAY)
    driver.at(T + DAY + SECOND)
    assert driver.ticks == [(TICK, T + DAY)]


def test_a_clock_set_forward_by_a_day_wakes_nobody_at_once(driver: Driver) -> None:
    driver.world.beat()
    driver.at(T)
    driver.at(T + DAY)
    assert driver.world.status() is Status.DOWN
    assert driver.world.told() == []


# ---- trouble with the database ---------------------------------------------------------------


def fails_once(world: World, monkeypatch: pytest.MonkeyPatch, error: Exception) -> threading.Event:
    """Let the next tick fail; what it returns is set by the one after."""
    tick, failed, went_on = world.service.tick, threading.Event(), threading.Event()

    def flaky(name: str, at: Instant) -> None:
        if not failed.is_set():
            failed.set()
            raise error
        tick(name, at)
        went_on.set()

    monkeypatch.setattr(world.service, "tick", flaky)
    return went_on


def test_a_tick_that_could_not_be_written_is_tried_again(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver.at(T)
    fails_once(driver.world, monkeypatch, store.Unavailable("disk full"))
    with pytest.raises(store.Unavailable):
        driver.at(T + MINUTE)
    driver.at(T + MINUTE + 5 * SECOND)
    assert driver.ticks == [(TICK, T + MINUTE + 5 * SECOND)]


@pytest.mark.parametrize("error", [store.Unavailable("disk full"), RuntimeError("a bug")])
def test_nothing_that_happens_in_a_tick_ends_the_loop(
    world: World, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(loop, "_LONGEST_NAP", 0.001)
    went_on = fails_once(world, monkeypatch, error)
    thread = Loop(world.service)
    thread.step(T)
    world.clock.now = T + MINUTE
    thread.start()
    assert went_on.wait(WAIT)
    thread.stop()


def test_that_it_lives_is_recorded_also_when_nothing_is_due(driver: Driver) -> None:
    driver.world.service.reload(config(monitors=(monitor(cron="0 0 1 1 *"),)))
    for second in range(0, 121, 5):
        driver.at(T + second * SECOND)
    assert driver.ticks == []
    assert driver.world.service.measured() == T + 2 * MINUTE


# ---- housekeeping ----------------------------------------------------------------------------


def test_what_is_too_old_is_deleted_each_hour(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    tidied: list[Instant] = []
    monkeypatch.setattr(driver.world.service, "tidy", tidied.append)
    for minute in range(0, 121, 5):
        driver.at(T + minute * MINUTE)
    assert tidied == [T, T + HOUR, T + 2 * HOUR]


def test_housekeeping_goes_on_after_the_clock_was_set_back(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    tidied: list[Instant] = []
    monkeypatch.setattr(driver.world.service, "tidy", tidied.append)
    driver.at(T + DAY)
    driver.at(T)
    assert tidied == [T + DAY, T]


def test_housekeeping_that_fails_delays_no_tick(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(at: Instant) -> None:
        raise store.Unavailable("disk full")

    driver.at(T)
    monkeypatch.setattr(driver.world.service, "tidy", fail)
    for minute in (60, 61):
        with pytest.raises(store.Unavailable):
            driver.at(T + minute * MINUTE)
    assert driver.ticks == [(TICK, T + 60 * MINUTE), (TICK, T + 61 * MINUTE)]


# ---- the thread ------------------------------------------------------------------------------


def test_the_thread_ticks_and_stops_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ticked = threading.Event()
    monkeypatch.setattr(world.service, "tick", lambda name, at: ticked.set())
    given = world.service.config
    world.service.reload(replace(given, monitors={"job": monitor(cron="* * * * * *")}))
    thread = Loop(world.service)
    thread.step(T)
    world.clock.now = T + SECOND
    thread.start()
    assert ticked.wait(WAIT)
    thread.stop()
    assert not thread.is_alive()
