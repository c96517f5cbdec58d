"""Facts in, time passing, messages owed: the service over a real store, driven minute by minute."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from conftest import LIMITS, OPS, TICK, Clock, T, World, config, monitor, new_store, rule, tries
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant
from hypothesis.stateful import rule as rule_

from kener_py import alerts, store
from kener_py.model import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    AlertStatus,
    Config,
    DeliveryStatus,
    Gap,
    Heartbeat,
    IncidentPolicy,
    IncidentState,
    Instant,
    Limits,
    Millis,
    Notice,
    Rejection,
    Retention,
    Severity,
    Status,
)
from kener_py.service import ALIVE_EVERY, Service, Unwatched
from kener_py.service.health import LAG

UP, DEGRADED, DOWN, NO_DATA = Status.UP, Status.DEGRADED, Status.DOWN, Status.NO_DATA
LATE = rule("late", DEGRADED)


@pytest.fixture
def given(world: World) -> Callable[..., World]:
    """The world with these rules."""

    def reloaded(*rules: object, **fields: object) -> World:
        world.service.reload(config(rules=rules, **fields))
        return world

    return reloaded


# ---- when it is judged -----------------------------------------------------------------------


def test_a_monitor_is_no_data_before_its_first_heartbeat_and_nobody_is_told(world: World) -> None:
    world.run(20)
    assert world.status() is NO_DATA
    assert world.told() == []


def test_a_heartbeat_is_shown_at_the_next_tick(world: World) -> None:
    world.beat()
    assert world.status() is NO_DATA
    world.look_at(T + MINUTE)
    assert (world.status(), world.state().since) == (UP, T)


@pytest.mark.parametrize("status", [DOWN, DEGRADED])
def test_a_heartbeat_that_reports_trouble_is_judged_on_receipt(world: World, status: Status) -> None:
    world.beat(status)
    assert (world.status(), world.state().since) == (status, T)


def test_silence_is_noticed_at_a_tick_and_dated_to_the_deadline(world: World) -> None:
    world.beat()
    world.look_at(T + 10 * MINUTE)
    assert world.status() is DEGRADED
    world.look_at(T + 30 * MINUTE)
    assert (world.status(), world.state().since) == (DOWN, T + 10 * MINUTE)
    found = store.changes(world.db.read(), "job", T)
    assert [(each.started, each.status, each.detected) for each in found] == [
        (T, UP, T + 10 * MINUTE),
        (T + 5 * MINUTE, DEGRADED, T + 10 * MINUTE),
        (T + 10 * MINUTE, DOWN, T + 30 * MINUTE),
    ]


def test_a_tick_looks_only_at_monitors_of_its_cron(given: Callable[..., World]) -> None:
    world = given(monitors=(monitor(), monitor("slow", cron="0 * * * *")))
    world.beat(tag="job")
    world.beat(tag="slow")
    world.service.tick(TICK, T + MINUTE)
    assert (world.status("job"), world.status("slow")) == (UP, NO_DATA)


def test_a_tick_reads_a_cron_in_the_zone_of_its_monitor(given: Callable[..., World]) -> None:
    world = given(monitors=(monitor(), monitor("there", timezone="Asia/Tokyo")))
    world.beat(tag="there")
    world.service.tick(TICK, T + MINUTE)
    assert world.status("there") is NO_DATA
    world.service.tick("* * * * *|Asia/Tokyo", T + MINUTE)
    assert world.status("there") is UP


def test_a_monitor_with_nothing_to_say_is_not_looked_at(world: World) -> None:
    world.beat()
    world.run(3)
    assert world.state().evaluated == T + MINUTE


def test_more_monitors_than_one_transaction_takes_are_all_looked_at(given: Callable[..., World]) -> None:
    tags = [f"job-{number}" for number in range(450)]
    world = given(rule(monitors=frozenset(tags)), monitors=tuple(monitor(tag) for tag in tags))
    for tag in tags:
        world.beat(tag=tag)
    world.skip_to(T + 11 * MINUTE)
    world.look()
    assert {world.status(tag) for tag in tags} == {DOWN}
    assert len(world.told()) == 450


def test_a_heartbeat_that_comes_while_a_long_tick_runs_keeps_its_time(world: World) -> None:
    world.fail()
    world.clock.now += 3 * SECOND
    world.beat()
    arrived = world.clock.now
    world.service.tick(TICK, arrived - 3 * SECOND)  # it began before
    world.look_at(arrived + MINUTE)
    assert (world.status(), world.state().last, world.state().since) == (UP, arrived, arrived)


# ---- alerts ----------------------------------------------------------------------------------


def test_a_silent_job_is_told_of_once_and_its_return_once(world: World) -> None:
    world.beat()
    world.run(20)
    world.beat()
    world.run(20)
    assert world.told() == ["down TRIGGERED", "down RESOLVED", "down TRIGGERED"]


@pytest.mark.parametrize("threshold", [1, 2, 4])
def test_the_failure_threshold_counts_ticks(given: Callable[..., World], threshold: int) -> None:
    world = given(rule(failure_threshold=threshold))
    world.beat()
    world.run(10)
    for _ in range(threshold - 1):
        world.run(1)
        assert world.told() == []
    world.run(1)
    assert world.told() == ["down TRIGGERED"]


@pytest.mark.parametrize("threshold", [1, 2, 4])
def test_the_success_threshold_counts_ticks(given: Callable[..., World], threshold: int) -> None:
    world = given(rule(success_threshold=threshold))
    world.fail()
    world.look()
    world.beat()
    for _ in range(threshold - 1):
        world.run(1)
        assert world.told() == ["down TRIGGERED"]
    world.run(1)
    assert world.told() == ["down TRIGGERED", "down RESOLVED"]


def test_counting_goes_on_after_a_restart(given: Callable[..., World]) -> None:
    world = given(rule(failure_threshold=3))
    world.fail()
    world.look()
    world.run(1)
    world.restart()
    world.run(1)
    assert world.told() == ["down TRIGGERED"]


def test_a_job_that_is_late_and_comes_before_the_threshold_is_told_of_to_nobody(
    given: Callable[..., World],
) -> None:
    world = given(rule(failure_threshold=2))
    world.fail()
    world.look()
    assert world.standing()["down"].status is AlertStatus.PENDING
    world.beat()
    world.run(3)
    assert (world.told(), world.standing(), world.incidents()) == ([], {}, [])


def test_a_reported_status_is_told_of_on_receipt_whatever_the_threshold(given: Callable[..., World]) -> None:
    world = given(rule(failure_threshold=5))
    world.beat(DOWN, "disk full")
    (notice,) = world.notices()
    assert (notice.kind, notice.message, notice.since, notice.at) == (
        AlertStatus.TRIGGERED,
        "disk full",
        T,
        T,
    )


def test_rules_about_down_and_degraded_are_told_each_at_its_own_time(given: Callable[..., World]) -> None:
    world = given(LATE, rule())
    world.beat()
    world.run(12)
    assert [(notice.status, notice.at - T) for notice in world.notices()] == [
        (DEGRADED, 6 * MINUTE),
        (DOWN, 11 * MINUTE),
    ]
    assert [notice.since - T for notice in world.notices()] == [5 * MINUTE, 5 * MINUTE]


def test_each_url_is_told_once_though_two_notifiers_name_it(given: Callable[..., World]) -> None:
    world = given(rule(notifiers=("ops", "boss")), notifiers={"ops": (OPS, OPS), "boss": (OPS, "json://b")})
    world.beat(DOWN)
    owed = store.deliveries(world.db.read(), 10)
    assert sorted(delivery.notifier for delivery in owed) == ["boss", "ops"]
    assert len({delivery.target for delivery in owed}) == 2


def test_deliveries_name_neither_url_nor_secret(world: World) -> None:
    world.beat(DOWN)
    (delivery,) = store.deliveries(world.db.read(), 10)
    assert "ops.invalid" not in repr(delivery)


def test_the_sender_is_woken_when_something_is_owed(world: World) -> None:
    world.service.is_owed.clear()
    world.beat()
    assert not world.service.is_owed.is_set()
    world.beat(DOWN)
    assert world.service.is_owed.is_set()


# ---- incidents -------------------------------------------------------------------------------


def test_an_incident_starts_at_the_missed_deadline(world: World) -> None:
    world.beat()
    world.look_at(T + 14 * MINUTE)
    found = world.incident()
    assert (found.started, found.created) == (T + 10 * MINUTE, T + 14 * MINUTE)
    assert (found.title, found.state, found.opened_for) == (
        "Job is down",
        IncidentState.INVESTIGATING,
        "job",
    )


def test_a_late_tick_that_sees_degraded_and_down_at_once_dates_the_incident_to_the_first(
    given: Callable[..., World],
) -> None:
    world = given(rule(), LATE)
    world.beat()
    world.look_at(T + 14 * MINUTE)
    assert world.incident().started == T + 5 * MINUTE


def test_ticks_and_a_late_look_tell_the_same_story(given: Callable[..., World]) -> None:
    world = given(rule(), LATE)
    world.beat()
    world.run(14)
    assert world.incident().started == T + 5 * MINUTE
    assert [notice.since - T for notice in world.notices()] == [5 * MINUTE, 5 * MINUTE]


def test_an_incident_is_resolved_with_the_total_downtime(world: World) -> None:
    world.fail()
    world.look()
    world.skip_to(T + 23 * MINUTE)
    world.beat()
    world.look_at(T + 24 * MINUTE)
    found = world.incident()
    assert (found.state, found.resolved) == (IncidentState.RESOLVED, T + 23 * MINUTE)
    assert [update.text for update in found.updates] == [
        "Resolved after 13 min.",
        "Expected a heartbeat at least every 5 min, down after 10 min. "
        "The last heartbeat came at 2026-01-01 00:00:00 UTC.",
    ]


def test_an_incident_and_its_message_agree_on_the_downtime(given: Callable[..., World]) -> None:
    world = given(rule(success_threshold=3))
    world.fail()
    world.look()
    world.skip_to(T + 20 * MINUTE)
    world.beat()
    world.look_at(T + 21 * MINUTE)
    world.look_at(T + 24 * MINUTE)
    world.look_at(T + 26 * MINUTE)  # degraded by now, which is not down
    assert world.notices()[-1].recovered == T + 20 * MINUTE
    assert world.incident().resolved == T + 20 * MINUTE


def test_two_rules_open_one_incident_with_the_worse_severity(given: Callable[..., World]) -> None:
    world = given(rule(severity=Severity.CRITICAL), replace(LATE, severity=Severity.MINOR))
    world.fail()
    world.look()
    assert world.incident().severity is Severity.CRITICAL
    assert {alert.incident for alert in world.standing().values()} == {world.incident().id}


def test_an_incident_gets_worse_when_a_graver_rule_joins_it(given: Callable[..., World]) -> None:
    world = given(rule(severity=Severity.CRITICAL), replace(LATE, severity=Severity.MINOR))
    world.beat()
    world.run(6)
    assert (world.incident().severity, world.incident().title) == (Severity.MINOR, "Job is degraded")
    world.run(6)
    assert (world.incident().severity, world.incident().title) == (Severity.CRITICAL, "Job is down")


def test_a_lighter_rule_that_joins_leaves_the_incident_as_it_is(given: Callable[..., World]) -> None:
    world = given(rule(severity=Severity.MINOR), replace(LATE, severity=Severity.CRITICAL))
    world.beat()
    world.run(12)
    assert world.incident().severity is Severity.CRITICAL


def test_a_rule_without_incidents_opens_none(given: Callable[..., World]) -> None:
    world = given(rule(create_incident=False))
    world.beat(DOWN)
    assert world.told() == ["down TRIGGERED"]
    assert world.incidents() == []


def test_a_rule_without_incidents_does_not_keep_one_open(given: Callable[..., World]) -> None:
    world = given(rule(), replace(LATE, create_incident=False))
    world.beat(DOWN)
    world.clock.now += MINUTE
    world.beat(DEGRADED)
    assert world.told() == ["down TRIGGERED"], "who heard of trouble hears of its end when all has ended"
    assert world.incident().state is IncidentState.RESOLVED


def test_an_incident_of_a_hidden_monitor_is_not_public(given: Callable[..., World]) -> None:
    world = given(rule(), monitors=(monitor(is_hidden=True),))
    world.beat(DOWN)
    assert not world.incident().is_public


def test_a_relapse_opens_another_incident(world: World) -> None:
    for _ in range(2):
        world.beat(DOWN)
        world.clock.now += MINUTE
        world.beat()
        world.run(1)
    assert [each.resolved for each in world.incidents()] == [T + MINUTE, T + 3 * MINUTE]


def test_each_monitor_has_an_incident_of_its_own(given: Callable[..., World]) -> None:
    world = given(rule(monitors=frozenset({"job", "other"})), monitors=(monitor(), monitor("other")))
    world.beat(DOWN, tag="job")
    world.beat(DOWN, tag="other")
    assert [each.opened_for for each in world.incidents()] == ["job", "other"]


# ---- we were not looking ---------------------------------------------------------------------


def test_a_restart_of_less_than_two_minutes_is_no_absence(world: World) -> None:
    world.beat()
    world.skip_to(T + 9 * MINUTE)
    world.clock.now += 2 * MINUTE - 1
    world.restart()
    world.look()
    assert world.told() == ["down TRIGGERED"]
    assert world.notices()[0].away is None


@pytest.mark.parametrize(
    ("away", "quiet_for"),
    [(2 * MINUTE, 2 * MINUTE), (3 * MINUTE, 3 * MINUTE), (HOUR, 5 * MINUTE), (30 * DAY, 5 * MINUTE)],
)
def test_after_an_absence_silence_is_told_only_when_jobs_had_time_to_call(
    world: World, away: Millis, quiet_for: Millis
) -> None:
    world.beat()
    world.skip_to(T + 9 * MINUTE)
    world.clock.now += away
    back = world.clock.now
    world.restart()
    world.look()
    assert world.status() is DOWN
    world.look_at(back + quiet_for - 1)
    assert world.told() == []
    world.look_at(back + quiet_for)
    assert world.told() == ["down TRIGGERED"]


def test_after_an_absence_a_job_that_calls_in_time_is_told_of_to_nobody(world: World) -> None:
    world.beat()
    world.clock.now += DAY
    world.restart()
    world.look()
    world.run(4)
    world.beat()
    world.run(5)
    assert (world.told(), world.incidents()) == ([], [])


def test_after_an_absence_the_message_says_that_we_were_away(world: World) -> None:
    world.beat()
    world.clock.now += DAY
    world.restart()
    world.look()
    world.run(5)
    assert [notice.away for notice in world.notices()] == [Gap(T, T + DAY)]


def test_after_an_absence_a_job_that_called_since_is_judged_as_ever(world: World) -> None:
    world.clock.now += DAY
    world.restart()
    world.look()
    world.beat()
    world.run(11)
    assert [notice.away for notice in world.notices()] == [None]


def test_after_an_absence_a_reported_failure_is_told_at_once(world: World) -> None:
    world.clock.now += DAY
    world.restart()
    world.look()
    world.beat(DOWN)
    assert world.told() == ["down TRIGGERED"]
    assert world.notices()[0].away is None


def test_an_absence_without_a_restart_counts_as_well(world: World) -> None:
    world.beat()
    world.clock.now += HOUR  # a laptop that slept
    world.look()
    world.run(4)
    assert world.told() == []
    world.run(1)
    assert world.told() == ["down TRIGGERED"]


def test_a_restart_while_it_is_quiet_keeps_it_quiet(world: World) -> None:
    world.beat()
    world.clock.now += DAY
    world.restart()
    world.look()
    world.run(2)
    world.restart()
    world.look()
    world.run(2)
    assert world.told() == []
    world.run(1)
    assert world.told() == ["down TRIGGERED"]


def test_a_second_and_shorter_absence_does_not_cut_the_first_quiet_short(
    given: Callable[..., World],
) -> None:
    world = given(rule(), monitors=(monitor(limits=Limits(HOUR, 2 * HOUR)),))
    world.beat()
    world.clock.now += DAY
    world.restart()
    world.look()  # quiet for an hour: the job calls every hour
    world.clock.now += 3 * MINUTE
    world.restart()
    world.look()
    world.run(10)
    assert world.told() == []


def test_a_clock_that_was_ahead_for_a_moment_keeps_nobody_quiet(world: World) -> None:
    world.beat()
    world.clock.now = T + DAY
    world.look()
    world.clock.now = T + MINUTE
    world.look()
    world.run(15)
    assert world.told() == ["down TRIGGERED"]


# ---- a new configuration ---------------------------------------------------------------------


def without_job(**fields: object) -> Config:
    return config(monitors=(monitor("other"),), rules=(rule(monitors=frozenset({"other"})),), **fields)


def test_the_alert_of_a_removed_monitor_ends_with_a_message(world: World) -> None:
    world.beat(DOWN)
    world.clock.now += MINUTE
    world.service.reload(without_job())
    assert world.told() == ["down TRIGGERED", "down RESOLVED"]
    assert world.notices()[-1].is_removed
    assert world.standing() == {}


def test_the_incident_of_a_removed_monitor_is_resolved(world: World) -> None:
    world.beat(DOWN)
    world.clock.now += MINUTE
    world.service.reload(without_job())
    found = world.incident()
    assert (found.state, found.resolved) == (IncidentState.RESOLVED, T + MINUTE)
    assert found.updates[0].text == "This monitor was removed from the configuration."


def test_the_alert_of_a_monitor_that_is_removed_together_with_its_rule_ends_with_a_message(
    world: World,
) -> None:
    world.beat(DOWN)
    world.service.reload(config(monitors=(monitor("other"),), rules=()))
    assert world.told() == ["down TRIGGERED", "down RESOLVED"]


def test_a_pending_alert_of_a_removed_monitor_ends_in_silence(given: Callable[..., World]) -> None:
    world = given(rule(failure_threshold=2))
    world.fail()
    world.look()
    world.service.reload(without_job())
    assert (world.told(), world.standing()) == ([], {})


def test_a_removed_monitor_is_no_data_from_then_on_and_its_history_stays(world: World) -> None:
    world.beat()
    world.run(2)
    world.service.reload(without_job())
    found = store.changes(world.db.read(), "job", T)
    assert [(each.started, each.status) for each in found] == [(T, UP), (T + 2 * MINUTE, NO_DATA)]


def test_a_removed_monitor_is_not_looked_at(world: World) -> None:
    world.beat()
    world.service.reload(without_job())
    world.run(20)
    assert (world.status(), world.told()) == (NO_DATA, [])


def test_a_tag_that_comes_back_is_given_time_to_call(world: World) -> None:
    world.beat()
    world.service.reload(without_job())
    world.skip_to(T + DAY)
    world.service.reload(config())
    world.run(4)
    assert (world.status(), world.told()) == (DOWN, [])
    world.run(1)
    assert world.told() == ["down TRIGGERED"]


def test_a_tag_that_comes_back_continues_its_history(world: World) -> None:
    world.beat()
    world.run(1)
    world.service.reload(without_job())
    world.run(1)
    world.service.reload(config())
    world.run(1)
    found = store.changes(world.db.read(), "job", T)
    assert [(each.started - T, each.status) for each in found] == [
        (0, UP),
        (MINUTE, NO_DATA),
        (2 * MINUTE, UP),
    ]
    assert world.state().beats == 1


def test_a_tag_that_comes_back_in_trouble_is_told_of_again(world: World) -> None:
    world.fail()
    world.look()
    world.service.reload(without_job())
    world.service.reload(config())
    world.run(5)
    assert world.told() == ["down TRIGGERED", "down RESOLVED", "down TRIGGERED"]


def test_a_monitor_that_was_removed_while_nobody_looked_is_retired_at_the_start(world: World) -> None:
    world.beat(DOWN)
    world.restart(without_job())
    assert world.told() == ["down TRIGGERED", "down RESOLVED"]
    assert world.incident().state is IncidentState.RESOLVED


def test_a_monitor_that_was_removed_after_the_clock_was_set_back_has_no_history_in_the_future(
    world: World,
) -> None:
    world.clock.now = T + HOUR
    world.beat()
    world.look()
    world.clock.now = T
    world.service.reload(without_job())
    found = store.changes(world.db.read(), "job", 0)
    assert found[-1].status is NO_DATA
    assert found[-1].started <= T + 1  # two changes never share an instant


def test_a_rule_that_is_renamed_while_its_alert_is_open_keeps_the_incident(world: World) -> None:
    world.beat(DOWN)
    world.service.reload(config(rules=(rule("other"),)))
    world.run(1)
    assert {alert.incident for alert in world.standing().values()} == {world.incident().id}
    assert set(world.standing()) == {"other"}
    world.beat()
    world.run(1)
    assert world.incident().state is IncidentState.RESOLVED
    assert world.told()[-1] == "other RESOLVED"


def test_a_rule_that_no_longer_covers_a_monitor_takes_leave_of_those_it_told(world: World) -> None:
    world.beat(DOWN)
    world.service.reload(config(rules=(rule(monitors=frozenset()),)))
    world.run(1)
    world.service.reload(config())
    world.run(1)
    assert world.told() == ["down TRIGGERED", "down RESOLVED", "down TRIGGERED"]


def test_only_who_heard_of_an_alert_hears_of_its_end(world: World) -> None:
    told = {"ops": (OPS,), "boss": ("json://boss.invalid",)}
    world.service.reload(config(notifiers=told))
    world.beat(DOWN)
    world.service.reload(config(notifiers=told, rules=(rule(notifiers=("boss",)),)))
    world.clock.now += MINUTE
    world.beat()
    world.run(1)
    owed = [(each.notifier, each.notices[0].kind) for each in store.deliveries(world.db.read(), 10)]
    assert owed == [("ops", AlertStatus.RESOLVED), ("ops", AlertStatus.TRIGGERED)]


def test_a_notifier_that_is_renamed_while_an_alert_is_open_hears_of_its_end(world: World) -> None:
    world.beat(DOWN)
    world.service.reload(config(notifiers={"oncall": (OPS,)}, rules=(rule(notifiers=("oncall",)),)))
    world.clock.now += MINUTE
    world.beat()
    world.run(1)
    assert world.told() == ["down TRIGGERED", "down RESOLVED"]


def test_an_incident_that_no_rule_asks_for_any_more_does_not_claim_that_all_is_well(world: World) -> None:
    world.service.reload(config(rules=(LATE,)))
    world.beat(DEGRADED)
    world.service.reload(config(rules=()))
    world.run(2)
    texts = [update.text for update in world.incident().updates]
    assert not any(text.startswith("Resolved after") for text in texts)


def test_a_new_rule_speaks_of_what_is_down_already(given: Callable[..., World]) -> None:
    world = given()
    world.beat(DOWN)
    world.run(1)
    world.service.reload(config())
    world.run(1)
    assert world.told() == ["down TRIGGERED"]


def test_wider_limits_end_an_alert_from_the_reload_on(world: World) -> None:
    world.fail()
    world.look()
    reloaded = world.clock.now
    world.service.reload(config(monitors=(monitor(limits=Limits(HOUR, 2 * HOUR)),)))
    world.run(1)
    assert world.told() == ["down TRIGGERED", "down RESOLVED"]
    assert world.incident().resolved == reloaded


def test_tighter_limits_do_not_judge_the_past(world: World) -> None:
    world.beat()
    world.look_at(T + 4 * MINUTE)
    world.service.reload(config(monitors=(monitor(limits=Limits(MINUTE, 2 * MINUTE)),)))
    world.run(1)
    assert world.incident().started == T + 4 * MINUTE


def test_a_severity_changed_by_a_reload_holds_for_the_next_alert(world: World) -> None:
    world.beat(DOWN)
    world.service.reload(config(rules=(rule(severity=Severity.CRITICAL),)))
    world.clock.now += MINUTE
    world.beat()
    world.run(1)
    world.beat(DOWN)
    assert [notice.severity for notice in world.notices()] == [
        Severity.MINOR,
        Severity.MINOR,
        Severity.CRITICAL,
    ]


def test_another_cron_takes_the_monitor_over(world: World) -> None:
    world.beat()
    world.service.reload(config(monitors=(monitor(cron="0 * * * *"),)))
    world.service.tick(TICK, T + MINUTE)
    assert world.status() is NO_DATA
    world.service.tick("0 * * * *|UTC", T + MINUTE)
    assert world.status() is UP


def test_a_reload_that_cannot_be_written_leaves_the_old_configuration_in_force(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise store.Unavailable("disk full")

    monkeypatch.setattr(store, "look_at_all", fail)
    before = world.service.config
    with pytest.raises(store.Unavailable):
        world.service.reload(without_job())
    assert world.service.config is before
    assert store.state(world.db.read(), "other") is None


def test_a_reload_forgets_the_error_of_the_one_before(world: World) -> None:
    world.service.reload_error = "broken"
    world.service.reload(config())
    assert world.service.reload_error is None


# ---- nothing is lost, nothing is said twice ---------------------------------------------------


def corrupt(world: World, tag: str) -> None:
    world.db.write(lambda db: db.execute("update state set status = 'NONSENSE' where monitor = ?", [tag]))


def test_a_bad_monitor_fails_alone(given: Callable[..., World], caplog: pytest.LogCaptureFixture) -> None:
    tags = ("a", "bad", "c")
    world = given(rule(monitors=frozenset(tags)), monitors=tuple(monitor(tag) for tag in tags))
    for tag in tags:
        world.beat(tag=tag)
    corrupt(world, "bad")
    world.look_at(T + 11 * MINUTE)
    assert {notice.monitor for notice in world.notices()} == {"a", "c"}
    assert "monitor bad could not be evaluated" in caplog.text


def test_a_bad_monitor_is_tried_again_at_the_next_tick(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.fail()
    corrupt(world, "job")
    world.look()
    world.db.write(lambda db: db.execute("update state set status = 'NO_DATA'"))
    world.run(1)
    assert world.told() == ["down TRIGGERED"]
    assert len(caplog.records) == 1


def refuse(world: World, table: str) -> None:
    """Make every insertion into a table fail."""
    world.db.write(
        lambda db: db.executescript(
            f"create trigger refused before insert on {table} begin select raise(abort, 'refused'); end"
        )
    )


@pytest.mark.parametrize("table", ["delivery", "incident", "incident_update", "alert", "change"])
def test_status_alert_incident_and_what_is_owed_are_one_fact(world: World, table: str) -> None:
    world.beat()
    world.look_at(T + MINUTE)
    refuse(world, table)
    before = world.state()
    world.look_at(T + 11 * MINUTE)
    assert world.state() == before
    assert (world.standing(), world.incidents(), world.told()) == ({}, [], [])
    assert len(store.changes(world.db.read(), "job", T)) == 1
    world.db.write(lambda db: db.execute("drop trigger refused"))
    world.run(1)
    assert (world.told(), world.incident().started) == (["down TRIGGERED"], T + 10 * MINUTE)


@pytest.mark.parametrize("table", ["delivery", "alert"])
def test_a_reported_failure_is_kept_whole_or_not_at_all(world: World, table: str) -> None:
    refuse(world, table)
    with pytest.raises(Exception, match="refused"):
        world.beat(DOWN)
    assert (world.state().beats, world.told(), world.incidents()) == (0, [], [])
    assert store.beats(world.db.read(), "job", 10) == ()


def test_what_is_owed_survives_a_restart_with_its_id(world: World) -> None:
    world.beat(DOWN)
    before = store.deliveries(world.db.read(), 10)
    world.restart()
    assert store.deliveries(world.db.read(), 10) == before


def test_a_restart_says_nothing_twice(world: World) -> None:
    world.beat(DOWN)
    world.restart()
    world.run(3)
    assert world.told() == ["down TRIGGERED"]
    assert len(world.incidents()) == 1


def test_a_monitor_that_changes_while_the_database_refuses_is_told_of_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.fail()

    def fail(*_: object, **__: object) -> None:
        raise store.Unavailable("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(world.db, "write", fail)
        with pytest.raises(store.Unavailable):
            world.service.tick(TICK, world.clock.now)
    assert world.told() == []
    world.look()
    assert world.told() == ["down TRIGGERED"]


# ---- the clock is set ------------------------------------------------------------------------


def test_after_the_clock_was_set_back_an_incident_does_not_begin_in_the_future(
    given: Callable[..., World],
) -> None:
    world = given(rule(failure_threshold=2))
    world.skip_to(T + DAY)
    world.fail()
    world.look()
    world.clock.now = T
    world.look()
    found = world.incident()
    assert found.started <= found.created


def test_two_reports_in_one_millisecond_do_not_begin_an_incident_in_the_future(world: World) -> None:
    world.beat()
    world.beat(DOWN)
    found = world.incident()
    assert found.started <= found.created


def test_an_incident_is_not_resolved_before_it_began(world: World) -> None:
    world.clock.now = T + DAY
    world.beat(DOWN)
    world.clock.now = T
    world.service.reload(without_job())
    found = world.incident()
    assert found.resolved is not None
    assert found.resolved >= found.started


# ---- heartbeats and calls turned away --------------------------------------------------------


def test_a_heartbeat_is_in_the_log_when_record_returns(world: World) -> None:
    beat = Heartbeat("job", T, DEGRADED, "slow", (("seconds", 1.5),), "POST", "curl", "127.0.0.1")
    world.service.record(beat)
    assert store.beats(world.db.read(), "job", 10) == (beat,)


def test_a_heartbeat_of_a_monitor_that_was_just_removed_is_refused(world: World) -> None:
    world.service.reload(without_job())
    with pytest.raises(Unwatched):
        world.beat()


def test_the_log_keeps_the_newest_heartbeats(given: Callable[..., World]) -> None:
    world = given(retention=Retention(heartbeats=3))
    for number in range(5):
        world.beat(message=str(number))
    assert [each.message for each in store.beats(world.db.read(), "job", 10)] == ["4", "3", "2"]


def test_calls_turned_away_are_counted_by_monitor_and_reason(world: World) -> None:
    for tag in ("job", "job", "guessed", "also-guessed"):
        world.service.reject(tag, "wrong secret")
    world.run(1)
    assert set(store.rejections(world.db.read())) == {
        Rejection("job", "wrong secret", 2, T + MINUTE),
        Rejection("", "wrong secret", 2, T + MINUTE),
    }


def test_calls_turned_away_are_not_forgotten_while_the_database_refuses(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.service.reject("job", "wrong secret")

    def fail(*_: object, **__: object) -> None:
        raise store.Unavailable("disk full")

    world.clock.now += MINUTE
    with monkeypatch.context() as patch:
        patch.setattr(world.db, "write", fail)
        with pytest.raises(store.Unavailable):
            world.service.mark_alive(world.clock.now)
    world.service.mark_alive(world.clock.now)
    assert [each.count for each in store.rejections(world.db.read())] == [1]


# ---- alive -----------------------------------------------------------------------------------


def test_it_is_not_ready_before_the_loop_ticked(db: store.Store, clock: Clock) -> None:
    assert Service(db, config(), clock).trouble() == "the loop has not ticked yet"


@pytest.mark.parametrize(("quiet", "is_ready"), [(0, True), (LAG, True), (LAG + 1, False)])
def test_it_is_ready_as_long_as_the_loop_lives(world: World, quiet: Millis, is_ready: bool) -> None:
    world.clock.now += quiet
    assert (world.service.trouble() is None) is is_ready


def test_that_the_loop_lives_is_recorded_three_times_a_minute(world: World) -> None:
    world.service.mark_alive(T + ALIVE_EVERY - 1)
    assert world.service.measured() == T
    world.service.mark_alive(T + ALIVE_EVERY)
    assert world.service.measured() == T + ALIVE_EVERY


@pytest.mark.parametrize(
    ("pause", "stretches"),
    [
        (2 * MINUTE - 1, [(T, T + 2 * MINUTE - 1)]),
        (2 * MINUTE, [(T, T), (T + 2 * MINUTE, T + 2 * MINUTE)]),
    ],
)
def test_only_a_pause_of_two_minutes_is_unobserved(
    world: World, pause: Millis, stretches: list[tuple[Instant, Instant]]
) -> None:
    world.service.mark_alive(T + pause)
    assert [(each.started, each.ended) for each in store.alive(world.db.read())] == stretches


def test_an_absence_is_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.service.mark_alive(T + HOUR)
    assert "no loop ran for 3600 seconds" in caplog.text


def test_a_clock_set_back_leaves_no_mark_in_the_future(world: World) -> None:
    world.skip_to(T + DAY)
    world.service.mark_alive(T + HOUR)
    assert world.service.measured() == T + HOUR


# ---- retention -------------------------------------------------------------------------------


def test_tidying_deletes_what_is_older_than_the_retention(given: Callable[..., World]) -> None:
    world = given(rule(), retention=Retention(days=10))
    world.beat(DOWN)
    world.clock.now += MINUTE
    world.beat()
    world.run(1)
    owed = store.deliveries(world.db.read(), 10)
    for delivery in owed:
        world.db.write(
            lambda db, number=delivery.id: store.finish_delivery(db, number, DeliveryStatus.SENT, T, T, "")
        )
    world.clock.now = T + 11 * DAY
    world.service.tidy(world.clock.now)
    assert (world.told(), world.incidents()) == ([], [])
    assert [each.status for each in store.changes(world.db.read(), "job", T)] == [UP]


def test_tidying_leaves_what_is_still_open(given: Callable[..., World]) -> None:
    world = given(rule(), retention=Retention(days=10))
    world.beat(DOWN)
    world.clock.now = T + 11 * DAY
    world.service.tidy(world.clock.now)
    world.look()
    assert world.status() is DOWN
    assert (world.told(), len(world.incidents()), len(world.standing())) == (["down TRIGGERED"], 1, 1)


# ---- spans -----------------------------------------------------------------------------------


def test_changes_follow_each_other(world: World) -> None:
    for status in (UP, DOWN, UP, UP, DEGRADED, DOWN):
        world.beat(status)
        world.clock.now += SECOND
    found = store.changes(world.db.read(), "job", T)
    assert [each.status for each in found] == [UP, DOWN, UP, DEGRADED, DOWN]
    assert all(one.started < other.started for one, other in pairwise(found))


def test_a_monitor_without_rules_is_judged_in_silence(given: Callable[..., World]) -> None:
    world = given()
    world.fail()
    world.look()
    assert (world.status(), world.told(), world.standing()) == (DOWN, [], {})


def test_limits_hold_in_milliseconds(world: World) -> None:
    world.beat()
    world.look_at(T + LIMITS.down_after)
    assert world.status() is DEGRADED
    world.look_at(T + LIMITS.down_after + 1)
    assert world.status() is DOWN


# ---- the laws --------------------------------------------------------------------------------

TAGS = ("a", "b")


@st.composite
def configs(draw: st.DrawFn) -> Config:
    """One or both monitors, with limits of some minutes, and any of three rules about them."""
    tags = draw(st.sampled_from([("a",), ("b",), TAGS]))
    limits = st.builds(lambda late, more: Limits(late * MINUTE, (late + more) * MINUTE), few, few)
    rules = [
        rule(
            name,
            status,
            monitors=frozenset(draw(st.sampled_from([tags, tags, tags[:1]]))),
            notifiers=draw(st.sampled_from([("ops",), ("ops", "boss")])),
            failure_threshold=draw(few),
            success_threshold=draw(few),
            severity=draw(st.sampled_from(Severity)),
            create_incident=draw(st.booleans()),
            cooldown=draw(st.sampled_from([0, 0, 3 * MINUTE, 15 * MINUTE])),
            remind_every=draw(st.sampled_from([None, None, 2 * MINUTE])),
        )
        for name, status in (("down", DOWN), ("late", DEGRADED), ("more", DOWN))
        if draw(st.booleans())
    ]
    return config(
        monitors=tuple(monitor(tag, draw(limits)) for tag in tags),
        rules=tuple(rules),
        notifiers={"ops": (OPS,), "boss": ("json://boss.invalid",)},
        incidents=IncidentPolicy(
            draft=draw(st.booleans()),
            auto_publish_after=draw(st.sampled_from([None, 5 * MINUTE])),
            batch=draw(st.sampled_from([0, 0, MINUTE])),
        ),
    )


few = st.sampled_from([1, 1, 2, 3])


class Life(RuleBasedStateMachine):
    """Anything that may happen to a service, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder: Path | None = None
        self.was_set_back = False

    @initialize(given=configs())
    def begin(self, given: Config) -> None:
        # Here and not in `__init__`: some machines are made and never run, and never torn down either.
        memory = Path("/dev/shm")
        self.folder = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
        self.path = self.folder / "kener.db"
        self.world = World(new_store(self.path), Clock(), given)

    def teardown(self) -> None:
        if self.folder is not None:
            self.world.db.close()
            shutil.rmtree(self.folder)

    # ---- what happens ----

    @rule_(tag=st.sampled_from(TAGS), status=st.sampled_from([UP, UP, DEGRADED, DOWN]))
    def beat(self, tag: str, status: Status) -> None:
        if tag in self.world.service.config.monitors:
            self.world.beat(status, tag=tag)

    @rule_(minutes=st.integers(1, 6))
    def run(self, minutes: int) -> None:
        self.world.run(minutes)
        self.an_incident_is_open_as_long_as_one_of_its_alerts()

    @rule_(seconds=st.integers(0, 600))
    def stay_silent(self, seconds: int) -> None:
        self.world.skip_to(self.world.clock.now + seconds * SECOND)

    @rule_()
    def look(self) -> None:
        self.world.look()
        self.an_incident_is_open_as_long_as_one_of_its_alerts()

    @rule_(tag=st.sampled_from(TAGS))
    def acknowledge(self, tag: str) -> None:
        if tag in self.world.service.config.monitors:
            self.world.service.acknowledge(tag)

    @rule_(tag=st.sampled_from(TAGS), later=st.integers(0, 5), minutes=st.integers(1, 20))
    def maintain(self, tag: str, later: int, minutes: int) -> None:
        if tag in self.world.service.config.monitors:
            start = self.world.clock.now + later * MINUTE
            self.world.service.add_maintenance("Upgrade", start, start + minutes * MINUTE, (tag,))

    @rule_(tag=st.sampled_from(TAGS), minutes=st.integers(1, 30))
    def snooze(self, tag: str, minutes: int) -> None:
        if tag in self.world.service.config.monitors:
            self.world.service.snooze(tag, minutes * MINUTE)

    @rule_(given=configs())
    def reload(self, given: Config) -> None:
        self.world.service.reload(given)

    @rule_(given=st.none() | configs(), minutes=st.integers(0, 20))
    def restart(self, given: Config | None, minutes: int) -> None:
        self.world.db.close()
        self.world.clock.now += minutes * MINUTE
        self.world.db = store.Store(self.path)
        self.world.restart(given)

    @rule_(by=st.sampled_from([1, SECOND, 10 * MINUTE, HOUR, DAY]))
    def set_clock_forward(self, by: Millis) -> None:
        self.world.clock.now += by

    @rule_(by=st.sampled_from([1, SECOND, 10 * MINUTE, HOUR, DAY]))
    def set_clock_back(self, by: Millis) -> None:
        self.was_set_back = True
        self.world.clock.now -= by

    @rule_(table=st.sampled_from(["delivery", "incident", "alert"]))
    def look_while_the_database_refuses(self, table: str) -> None:
        refuse(self.world, table)
        logging.disable()  # it says so at length
        self.world.look()
        logging.disable(logging.NOTSET)
        self.world.db.write(lambda db: db.execute("drop trigger refused"))

    # ---- what holds ----

    @invariant()
    def a_message_of_trouble_and_one_of_its_end_take_turns(self) -> None:
        threads: dict[tuple[str, str], list[Notice]] = {}
        for delivery in reversed(store.deliveries(self.world.db.read(), 10_000)):
            for notice in delivery.notices:
                threads.setdefault((notice.monitor, delivery.target), []).append(notice)
        for notices in threads.values():
            heard: list[Notice] = []  # since the last end
            for notice in notices:
                if notice.kind is AlertStatus.RESOLVED:
                    assert heard
                    heard = []
                    continue
                same = [each for each in heard if each.rule == notice.rule]
                assert notice.is_reminder or all(each.status is DEGRADED for each in same)
                heard.append(notice)

    @invariant()
    def who_was_told_of_trouble_that_is_over_knows_it(self) -> None:
        latest: dict[tuple[str, str], AlertStatus] = {}
        for delivery in reversed(store.deliveries(self.world.db.read(), 10_000)):
            for notice in delivery.notices:
                latest[notice.monitor, delivery.target] = notice.kind
        for (tag, _), kind in latest.items():
            is_open = any(
                alert.status is AlertStatus.TRIGGERED and alert.said is not None
                for alert in self.world.standing(tag).values()
            )
            assert is_open or kind is AlertStatus.RESOLVED

    @invariant()
    def nothing_new_is_told_of_what_is_maintained(self) -> None:
        """A window is known to this test by its row: a message of trouble has no time inside one."""
        for delivery in store.deliveries(self.world.db.read(), 10_000):
            for notice in delivery.notices:
                if notice.kind is AlertStatus.TRIGGERED and not self.was_set_back:
                    windows = store.maintenances(self.world.db.read(), 0, notice.at + DAY)
                    assert not any(
                        each.created < notice.at and each.start <= notice.at < each.end
                        for each in windows
                        if notice.monitor in each.monitors
                    )

    @invariant()
    def a_monitor_has_at_most_one_open_incident(self) -> None:
        still_open = [each.opened_for for each in self.world.incidents() if each.resolved is None]
        assert len(still_open) == len(set(still_open))

    @invariant()
    def a_draft_is_never_public(self) -> None:
        seen = {each.id for each in self.world.service.incidents()}
        for each in self.world.incidents():
            is_draft = each.publish_at is None or each.publish_at > self.world.clock.now
            assert not (is_draft and each.id in seen)

    @invariant()
    def an_incident_is_dated_in_order(self) -> None:
        for each in self.world.incidents():
            assert each.started <= each.created
            assert each.resolved is None or each.started <= each.resolved

    @invariant()
    def an_alert_names_the_incident_that_is_open(self) -> None:
        still_open = {each.id for each in self.world.incidents() if each.resolved is None}
        for tag in TAGS:
            for alert in self.world.standing(tag).values():
                assert alert.incident is None or alert.incident in still_open

    @invariant()
    def changes_tile_the_time(self) -> None:
        for tag, state in store.states(self.world.db.read()).items():
            rows = list(
                self.world.db.read().execute(
                    "select started, status from change where monitor = ? order by started", [tag]
                )
            )
            assert (rows[-1] if rows else (None, NO_DATA)) == (state.head_since, state.head)
            assert all(one[0] < other[0] for one, other in pairwise(rows))
            # A clock set back cuts the history off, and what it was before may be what it is.
            assert self.was_set_back or all(one[1] != other[1] for one, other in pairwise(rows))

    def an_incident_is_open_as_long_as_one_of_its_alerts(self) -> None:
        """True after each look. Or until another rule, which fails but does not count enough yet, decides."""
        for tag in self.world.service.config.monitors:
            incidents = {each.id for each in self.world.incidents(tag) if each.resolved is None}
            holding = {alert.incident for alert in self.world.standing(tag).values()} - {None}
            may_hold = any(
                each.create_incident and alerts.fails(each, self.world.status(tag))
                for each in self.world.service.active.rules[tag]
            )
            assert incidents == holding or (may_hold and not holding)


Life.TestCase.settings = settings(
    max_examples=tries(50),
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),  # a busy machine is no failure
)
TestLife = Life.TestCase
