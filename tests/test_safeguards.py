"""What keeps alerts from crying wolf: cooldown, reminders, snooze, drafts, batches, one voice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from conftest import OPS, World, config, monitor, rule

from kener_py import store
from kener_py.model import (
    DAY,
    HOUR,
    MINUTE,
    DeliveryStatus,
    IncidentPolicy,
    IncidentState,
    Rule,
    Severity,
    Status,
)

DOWN, DEGRADED = Status.DOWN, Status.DEGRADED
LATE = rule("late", DEGRADED)


@pytest.fixture
def given(world: World) -> Callable[..., World]:
    """The world with these rules, and other fields of the configuration."""

    def given(*rules: Rule, **fields: object) -> World:
        world.service.reload(config(rules=rules, **fields))
        return world

    return given


def relapse(world: World, minutes: int = 1) -> None:
    """Well again, and down once more after these minutes."""
    world.beat()
    world.run(minutes)
    world.beat(DOWN)


def stay_well(world: World, minutes: int) -> None:
    for _ in range(minutes):
        world.beat()
        world.run(1)


def statuses(world: World) -> list[str]:
    """What was said: the status, or that all is well, or that it is a reminder."""
    words = {True: "reminder", False: ""}
    return [
        "well" if each.kind == "RESOLVED" else words[each.is_reminder] or str(each.status)
        for each in world.notices()
    ]


# ---- cooldown --------------------------------------------------------------------------------


def test_a_relapse_within_the_cooldown_is_silent_and_goes_on_with_its_incident(
    given: Callable[..., World],
) -> None:
    world = given(rule(cooldown=15 * MINUTE))
    world.beat(DOWN)
    relapse(world)
    assert statuses(world) == ["DOWN", "well"]
    assert world.incident().state is IncidentState.INVESTIGATING
    assert world.incident().resolved is None


def test_a_relapse_that_outlasts_the_cooldown_is_told(given: Callable[..., World]) -> None:
    world = given(rule(cooldown=15 * MINUTE))
    world.beat(DOWN)
    relapse(world)
    world.run(13)
    assert statuses(world) == ["DOWN", "well"]
    world.run(2)
    assert statuses(world) == ["DOWN", "well", "DOWN"]
    world.run(60)
    assert statuses(world) == ["DOWN", "well", "DOWN"], "once"


def test_the_end_of_a_relapse_that_nobody_heard_of_is_silent(given: Callable[..., World]) -> None:
    world = given(rule(cooldown=15 * MINUTE))
    world.beat(DOWN)
    relapse(world)
    world.beat()
    world.run(1)
    assert statuses(world) == ["DOWN", "well"]
    assert world.incident().state is IncidentState.RESOLVED
    assert len(world.incidents()) == 1


def test_a_job_that_flaps_for_ever_is_not_silent_for_ever(given: Callable[..., World]) -> None:
    world = given(rule(cooldown=15 * MINUTE))
    world.beat(DOWN)
    for _ in range(20):
        relapse(world, 2)
    assert statuses(world).count("DOWN") == 3
    assert len(world.incidents()) == 3


def test_a_relapse_after_the_cooldown_is_news(given: Callable[..., World]) -> None:
    world = given(rule(cooldown=15 * MINUTE))
    world.beat(DOWN)
    stay_well(world, 17)
    world.beat(DOWN)
    assert statuses(world) == ["DOWN", "well", "DOWN"]
    assert len(world.incidents()) == 2


# ---- reminders, acknowledgement, snooze ------------------------------------------------------


def test_a_reminder_comes_as_often_as_asked_while_it_lasts(given: Callable[..., World]) -> None:
    world = given(rule(remind_every=HOUR))
    world.beat(DOWN)
    world.run(150)
    assert statuses(world) == ["DOWN", "reminder", "reminder"]
    stay_well(world, 70)
    assert statuses(world) == ["DOWN", "reminder", "reminder", "well"]


def test_without_asking_there_is_no_reminder(world: World) -> None:
    world.beat(DOWN)
    world.skip_to(world.clock.now + DAY)
    world.run(2)
    assert statuses(world) == ["DOWN"]


def test_who_is_on_it_is_not_reminded_until_the_next_time(given: Callable[..., World]) -> None:
    world = given(rule(remind_every=HOUR))
    world.beat(DOWN)
    assert world.service.acknowledge("job") == 1
    world.run(150)
    assert statuses(world) == ["DOWN"]
    relapse(world)
    world.run(61)
    assert statuses(world) == ["DOWN", "well", "DOWN", "reminder"]


def test_there_is_nothing_to_acknowledge_about_a_healthy_monitor(world: World) -> None:
    world.beat()
    assert world.service.acknowledge("job") == 0


def test_a_snoozed_monitor_is_silent_until_the_snooze_is_over(given: Callable[..., World]) -> None:
    world = given(rule(remind_every=10 * MINUTE))
    world.beat(DOWN)
    assert world.service.snooze("job", HOUR) == world.clock.now + HOUR
    world.run(59)
    assert statuses(world) == ["DOWN"]
    world.run(1)
    assert statuses(world) == ["DOWN", "reminder"]


def test_trouble_that_begins_in_a_snooze_is_told_after_it(world: World) -> None:
    world.fail()
    world.service.snooze("job", 30 * MINUTE)
    world.run(29)
    assert statuses(world) == []
    world.run(2)
    assert statuses(world) == ["DOWN"]


def test_a_snooze_ends_with_the_trouble_that_it_was_for(world: World) -> None:
    world.beat(DOWN)
    world.service.snooze("job", DAY)
    relapse(world)
    assert statuses(world) == ["DOWN", "well", "DOWN"]


def test_a_monitor_that_is_not_there_cannot_be_snoozed(world: World) -> None:
    assert world.service.snooze("nobody", HOUR) is None


# ---- one voice -------------------------------------------------------------------------------


def test_getting_worse_is_one_incident_two_messages_and_one_end(given: Callable[..., World]) -> None:
    world = given(LATE)
    world.beat()
    world.run(12)
    world.beat()
    world.run(1)
    assert statuses(world) == ["DEGRADED", "DOWN", "well"]
    assert world.incident().title == "Job is down"


def test_two_rules_for_one_address_end_once_when_all_has_ended(given: Callable[..., World]) -> None:
    world = given(LATE, rule(severity=Severity.CRITICAL))
    world.beat()
    world.run(12)
    world.beat(DEGRADED)
    assert statuses(world) == ["DEGRADED", "DOWN"]
    world.beat()
    world.run(1)
    assert statuses(world) == ["DEGRADED", "DOWN", "well"]
    assert world.incident().severity is Severity.CRITICAL


def test_a_monitor_s_own_severity_stands_above_the_rule_s(given: Callable[..., World]) -> None:
    world = given(rule(), monitors=(monitor(severity=Severity.CRITICAL),))
    world.beat(DOWN)
    assert world.notices()[0].severity is Severity.CRITICAL
    assert world.incident().severity is Severity.CRITICAL


# ---- drafts ----------------------------------------------------------------------------------


def test_a_draft_is_not_public_but_alerts_all_the_same(given: Callable[..., World]) -> None:
    world = given(rule(), incidents=IncidentPolicy(draft=True))
    world.beat(DOWN)
    assert statuses(world) == ["DOWN"]
    assert world.service.incidents() == ()
    assert world.service.incident_page(1) is None
    assert world.service.board().open_incidents == ()


def test_a_draft_is_published_by_itself_when_its_time_has_come(given: Callable[..., World]) -> None:
    world = given(rule(), incidents=IncidentPolicy(draft=True, auto_publish_after=10 * MINUTE))
    world.beat(DOWN)
    world.run(9)
    assert world.service.incidents() == ()
    world.run(1)
    assert len(world.service.incidents()) == 1


def test_a_draft_that_is_over_before_its_time_stays_a_draft(given: Callable[..., World]) -> None:
    world = given(rule(), incidents=IncidentPolicy(draft=True, auto_publish_after=10 * MINUTE))
    world.beat(DOWN)
    stay_well(world, 20)
    assert world.incident().state is IncidentState.RESOLVED
    assert world.service.incidents() == ()


# ---- batches ---------------------------------------------------------------------------------


def test_alerts_of_one_window_leave_as_one_message_per_url(given: Callable[..., World]) -> None:
    tags = ("a", "b", "c")
    world = given(
        rule(monitors=frozenset(tags), notifiers=("ops", "boss")),
        monitors=tuple(monitor(tag) for tag in tags),
        notifiers={"ops": (OPS,), "boss": ("json://boss.invalid",)},
        incidents=IncidentPolicy(batch=MINUTE),
    )
    for tag in tags:
        world.beat(DOWN, tag=tag)
        world.clock.now += 10_000
    owed = store.deliveries(world.db.read(), 10)
    assert [[notice.monitor for notice in each.notices] for each in owed] == [["a", "b", "c"]] * 2
    assert {each.due - each.created for each in owed} == {MINUTE}


def test_a_batch_that_has_left_takes_nothing_in(given: Callable[..., World]) -> None:
    world = given(rule(), incidents=IncidentPolicy(batch=MINUTE))
    world.beat(DOWN)
    world.clock.now += MINUTE
    claimed = world.db.write(
        lambda db: store.claim_deliveries(db, world.clock.now, world.clock.now + MINUTE, (), 9)
    )
    assert len(claimed) == 1
    world.beat()
    world.run(1)
    owed = store.deliveries(world.db.read(), 10)
    assert [len(each.notices) for each in owed] == [1, 1]
    assert {each.status for each in owed} == {DeliveryStatus.WAITING}


def test_two_rules_with_their_own_cooldown_keep_it(given: Callable[..., World]) -> None:
    world = given(rule(cooldown=15 * MINUTE), replace(LATE, cooldown=0))
    world.beat(DOWN)
    relapse(world)
    assert statuses(world) == ["DOWN", "well", "DOWN"]
    assert world.notices()[-1].rule == "late"


# ---- maintenance -----------------------------------------------------------------------------


def maintain(world: World, minutes: int) -> None:
    """A window from now on."""
    start = world.clock.now
    world.service.add_maintenance("Upgrade", start, start + minutes * MINUTE, ("job",))


def test_a_maintenance_window_silences_and_what_is_down_when_it_ends_is_told_once(
    given: Callable[..., World],
) -> None:
    world = given(rule(cooldown=15 * MINUTE))
    world.beat()
    maintain(world, 30)
    world.beat(DOWN)
    world.run(29)
    assert statuses(world) == []
    assert world.incidents() == []
    world.run(30)
    assert statuses(world) == ["DOWN"]
    assert len(world.incidents()) == 1


def test_nobody_hears_of_trouble_that_was_over_before_its_window(world: World) -> None:
    maintain(world, 30)
    world.beat(DOWN)
    world.run(5)
    stay_well(world, 40)
    assert statuses(world) == []


def test_the_end_of_earlier_trouble_is_told_in_a_window_too(world: World) -> None:
    world.beat(DOWN)
    maintain(world, 30)
    world.run(3)
    stay_well(world, 3)
    assert statuses(world) == ["DOWN", "well"]


def test_a_window_leaves_uptime_alone_and_shows_maintenance(world: World) -> None:
    world.beat()
    world.run(1)
    maintain(world, 30)
    world.beat(DOWN)
    world.run(10)
    (view,) = world.service.monitor_views()
    assert view.status is Status.MAINTENANCE
    assert (view.uptime["24h"].down, view.uptime["24h"].maintenance) == (0, 10 * MINUTE)
