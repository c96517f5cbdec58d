"""Windows of the file and by hand: what becomes of their rows, and what people are shown of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Clock, T, World, config, monitor

from kener_py import status, store
from kener_py.model import (
    DAY,
    HOUR,
    MINUTE,
    Cadence,
    Config,
    Instant,
    Maintenance,
    MaintenancePlan,
    MaintenanceState,
    Overall,
    Recurrence,
    Span,
    Status,
)
from kener_py.service import maintenance as windows

JOB = frozenset({"job"})


def once(start: Instant, end: Instant) -> MaintenancePlan:
    return MaintenancePlan("Upgrade", JOB, start=start, end=end)


def again(schedule: str = "0 3 * * *") -> MaintenancePlan:
    return MaintenancePlan("Restart", JOB, schedule=schedule, duration=HOUR)


def planning(*plans: MaintenancePlan, tags: tuple[str, ...] = ("job",)) -> Config:
    return config(tuple(monitor(tag) for tag in tags), maintenances=plans)


def rows(world: World) -> list[Maintenance]:
    return list(store.maintenances(world.db.read(), 0, T + 1000 * DAY))


def starts(world: World) -> list[int]:
    """Days from T to the start of each window."""
    return [(each.start - T) // DAY for each in rows(world)]


# ---- windows of the file ---------------------------------------------------------------------


def test_the_file_makes_its_windows_when_it_is_loaded(world: World) -> None:
    world.service.reload(planning(once(T + 40 * DAY, T + 41 * DAY), again()))
    assert starts(world) == [*range(15), 40]


def test_loading_the_file_again_makes_no_window_twice(world: World) -> None:
    world.service.reload(planning(again()))
    before = rows(world)
    world.service.reload(planning(again()))
    world.service.tidy(world.clock.now)
    assert rows(world) == before


def test_the_windows_of_the_next_days_are_made_as_time_passes(world: World) -> None:
    world.service.reload(planning(again()))
    world.clock.now += 2 * DAY
    world.service.tidy(world.clock.now)
    assert starts(world) == [*range(17)]


def test_new_words_and_monitors_reach_the_windows_that_are_not_over(world: World) -> None:
    world.service.reload(planning(again(), tags=("job", "mail")))
    world.clock.now += DAY
    changed = replace(again(), description="new", monitors=frozenset({"mail"}))
    world.service.reload(planning(changed, tags=("job", "mail")))
    first, second, *_ = rows(world)
    assert (first.description, first.monitors) == ("", ("job",)), "it is over"
    assert (second.description, second.monitors) == ("new", ("mail",))


def test_a_plan_that_leaves_takes_what_has_not_begun_and_ends_what_runs(world: World) -> None:
    world.service.reload(planning(again()))
    world.clock.now += DAY + 3 * HOUR + 30 * MINUTE
    world.service.reload(planning())
    first, second = rows(world)
    assert (first.cancelled, second.cancelled) == (None, world.clock.now)
    assert store.maintained(world.db.read(), ["job"], world.clock.now) == set()


def test_a_plan_that_comes_back_while_its_window_would_run_runs_again(world: World) -> None:
    world.clock.now += 3 * HOUR + MINUTE
    world.service.reload(planning(again()))
    world.service.reload(planning())
    world.clock.now += MINUTE
    world.service.reload(planning(again()))
    assert store.maintained(world.db.read(), ["job"], world.clock.now) == {"job"}


def test_a_changed_rule_replaces_the_windows_to_come(world: World) -> None:
    world.service.reload(planning(again("0 3 * * *")))
    world.service.reload(planning(again("0 5 * * *")))
    assert {each.start % DAY for each in rows(world)} == {5 * HOUR}


def test_a_window_of_the_file_that_was_cancelled_stays_so(world: World) -> None:
    world.service.reload(planning(again()))
    first = rows(world)[0]
    world.service.cancel_maintenance(first.id or 0)
    world.service.reload(planning(again()))
    assert rows(world)[0].cancelled == T
    assert store.maintained(world.db.read(), ["job"], first.start) == set()


def test_two_plans_of_one_name_are_one_about_the_monitors_of_both(world: World) -> None:
    plan = once(T, T + HOUR)
    other = replace(plan, monitors=frozenset({"mail"}))
    world.service.reload(planning(plan, other, tags=("job", "mail")))
    assert [each.monitors for each in rows(world)] == [("job", "mail")]


def test_windows_older_than_the_retention_are_forgotten_for_good(world: World) -> None:
    world.service.reload(planning(once(T, T + HOUR)))
    world.clock.now += 402 * DAY
    world.service.tidy(world.clock.now)
    assert rows(world) == []


# ---- windows by hand -------------------------------------------------------------------------


def test_a_window_is_about_all_monitors_unless_some_are_named(world: World) -> None:
    world.service.reload(planning(tags=("job", "mail")))
    assert world.service.add_maintenance("All", T, T + HOUR).monitors == ("job", "mail")
    assert world.service.add_maintenance("One", T, T + HOUR, ["mail"]).monitors == ("mail",)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"title": " "}, "title: should not be empty"),
        ({"title": "x" * 201}, "title: should have at most 200 characters"),
        ({"title": "\ud800"}, "title: should be valid Unicode"),
        ({"description": "x" * 20_001}, "description: should have at most 20000 characters"),
        ({"end": T}, "end: should be later than the start"),
        ({"start": -1}, "start: should lie between the years 1970 and 9000"),
        ({"monitors": []}, "monitors: should name at least one monitor"),
        ({"monitors": ["job", "gone"]}, "monitors: there is no monitor 'gone'"),
    ],
)
def test_a_window_that_cannot_be_is_refused_by_the_field(
    world: World, fields: dict[str, object], message: str
) -> None:
    given: dict[str, object] = {"title": "x", "start": T, "end": T + HOUR, "monitors": ["job"], **fields}
    with pytest.raises(windows.Invalid) as refused:
        world.service.add_maintenance(**given)  # type: ignore[arg-type]
    assert str(refused.value) == message
    assert rows(world) == []


def test_a_window_can_be_changed_until_it_is_over(world: World) -> None:
    made = world.service.add_maintenance("Upgrade", T, T + HOUR)
    longer = world.service.update_maintenance(replace(made, end=T + 2 * HOUR, title=" Big   upgrade "))
    assert longer is not None
    assert (longer.title, longer.end) == ("Big upgrade", T + 2 * HOUR)
    assert rows(world) == [longer]
    world.clock.now = T + 2 * HOUR
    with pytest.raises(windows.Refused, match="over"):
        world.service.update_maintenance(longer)
    with pytest.raises(windows.Refused, match="over"):
        world.service.cancel_maintenance(longer.id or 0)


def test_the_windows_of_the_file_are_changed_in_the_file(world: World) -> None:
    world.service.reload(planning(once(T, T + HOUR)))
    with pytest.raises(windows.Refused, match="configuration file"):
        world.service.update_maintenance(rows(world)[0])


def test_cancelling_twice_is_cancelling_once(world: World) -> None:
    made = world.service.add_maintenance("Upgrade", T, T + HOUR)
    first = world.service.cancel_maintenance(made.id or 0)
    world.clock.now += MINUTE
    assert world.service.cancel_maintenance(made.id or 0) == first
    assert world.service.cancel_maintenance(99) is None
    assert world.service.update_maintenance(replace(made, id=99)) is None


def test_a_monitor_is_maintained_as_long_as_one_of_its_windows_runs(world: World) -> None:
    world.service.add_maintenance("Long", T, T + 3 * HOUR)
    world.service.add_maintenance("Short", T, T + HOUR)
    cut = world.service.add_maintenance("Cut", T, T + 9 * HOUR)
    world.clock.now += MINUTE
    world.service.cancel_maintenance(cut.id or 0)
    assert store.maintained(world.db.read(), ["other", "job"], T + MINUTE) == {"job"}
    assert store.maintained(world.db.read(), ["job"], T + 3 * HOUR) == set()
    assert store.maintained(world.db.read(), ["other"], T + MINUTE) == set()


# ---- what people are shown -------------------------------------------------------------------


def shown(world: World) -> Status:
    page = world.service.monitor_page("job")
    assert page is not None
    return page.view.status


def test_a_monitor_is_in_maintenance_while_a_window_runs_and_no_moment_longer(world: World) -> None:
    world.beat()
    world.look()
    world.service.add_maintenance("Upgrade", T + HOUR, T + 2 * HOUR)
    seen = []
    for at in (T + HOUR - 1, T + HOUR, T + 2 * HOUR - 1, T + 2 * HOUR):
        world.skip_to(at)
        seen.append(shown(world))
    assert seen == [Status.UP, Status.MAINTENANCE, Status.MAINTENANCE, Status.UP]


def test_uptime_leaves_the_time_of_a_window_alone(world: World) -> None:
    world.beat()
    world.look()
    world.service.add_maintenance("Upgrade", T + 5 * MINUTE, T + 60 * MINUTE)
    world.look_at(T + 60 * MINUTE)
    world.beat()
    world.look()
    page = world.service.monitor_page("job")
    assert page is not None
    assert status.percent(page.view.uptime["24h"]) == "100"
    assert page.view.uptime["24h"].maintenance == 55 * MINUTE
    assert page.view.days[-1].uptime.maintenance == 55 * MINUTE
    assert page.outages == ()


def test_an_outage_that_outlasts_the_window_is_one_from_its_end_on(world: World) -> None:
    world.beat()
    world.look()
    world.service.add_maintenance("Upgrade", T + 5 * MINUTE, T + 60 * MINUTE)
    world.look_at(T + 90 * MINUTE)
    page = world.service.monitor_page("job")
    assert page is not None
    assert [told.span for told in page.outages] == [Span(T + 60 * MINUTE, T + 90 * MINUTE, Status.DOWN)]


def test_a_cancelled_window_counts_until_it_was_cancelled(world: World) -> None:
    world.beat()
    world.look()
    made = world.service.add_maintenance("Upgrade", T, T + HOUR)
    world.skip_to(T + MINUTE)
    world.service.cancel_maintenance(made.id or 0)
    assert shown(world) is Status.UP
    (view,) = world.service.monitor_views()
    assert view.uptime["24h"].maintenance == MINUTE


@pytest.fixture
def three(db: store.Store, clock: Clock) -> World:
    """Two public monitors and a hidden one."""
    return World(db, clock, config((monitor("job"), monitor("mail"), monitor("secret", is_hidden=True))))


def test_maintenance_of_one_hides_no_outage_of_another(three: World) -> None:
    for tag in ("job", "mail"):
        three.beat(tag=tag)
    three.look()
    three.service.add_maintenance("Upgrade", T, T + HOUR, ["job"])
    assert three.service.board().overall is Overall.MAINTENANCE
    three.look_at(T + 11 * MINUTE)
    board = three.service.board()
    found = [view.status for group in board.groups for view in group.views]
    assert found == [Status.MAINTENANCE, Status.DOWN]
    assert board.overall is Overall.PARTIAL_OUTAGE


def test_the_board_has_what_runs_and_what_begins_within_two_weeks(three: World) -> None:
    add = three.service.add_maintenance
    add("over", T - HOUR, T)
    add("runs", T, T + HOUR)
    add("soon", T + 14 * DAY - 1, T + 15 * DAY)
    add("later", T + 14 * DAY, T + 15 * DAY)
    three.service.cancel_maintenance(add("cancelled", T + DAY, T + 2 * DAY).id or 0)
    assert [each.title for each in three.service.board().maintenances] == ["runs", "soon"]


def test_the_list_has_what_runs_then_what_comes_then_what_was(three: World) -> None:
    add = three.service.add_maintenance
    add("old", T - 90 * DAY - HOUR, T - 90 * DAY)
    add("over", T - 90 * DAY, T - 89 * DAY)
    add("recent", T - HOUR, T)
    add("later", T + 59 * DAY, T + 61 * DAY)
    add("soon", T + DAY, T + 2 * DAY)
    add("runs", T, T + HOUR)
    add("far", T + 60 * DAY, T + 61 * DAY)
    assert [each.title for each in three.service.maintenances()] == [
        "runs",
        "soon",
        "later",
        "recent",
        "over",
    ]


def test_hidden_monitors_are_in_no_window_that_visitors_see(three: World) -> None:
    both = three.service.add_maintenance("Both", T, T + HOUR)
    only = three.service.add_maintenance("Only", T, T + HOUR, ["secret"])
    assert [each.monitors for each in three.service.board().maintenances] == [("job", "mail")]
    assert [each.monitors for each in three.service.maintenances()] == [("job", "mail")]
    page = three.service.maintenance_page(both.id or 0)
    assert page is not None
    assert page.maintenance.monitors == ("job", "mail")
    assert three.service.maintenance_page(only.id or 0) is None
    three.service.reload(config((monitor("job"),)))
    assert three.service.maintenance_page(only.id or 0) is None, "its tag left the file"


def test_the_page_of_a_planned_window_says_when_it_comes_again(world: World) -> None:
    world.service.reload(planning(again("0 3 * * sun")))
    page = world.service.maintenance_page(rows(world)[0].id or 0)
    assert page is not None
    assert page.recurrence == Recurrence(Cadence.WEEKLY, "0 3 * * sun", "UTC", HOUR, hour=3, days=(6,))
    assert page.state is MaintenanceState.SCHEDULED


# ---- beside a running server -----------------------------------------------------------------


def test_a_row_written_beside_the_server_is_seen_by_it(world: World) -> None:
    with store.beside(world.db.path) as db:
        windows.create(db, world.service.config, T, title="Upgrade", start=T, end=T + HOUR)
    assert shown(world) is Status.MAINTENANCE


def test_what_fails_beside_the_server_leaves_nothing(world: World) -> None:
    def job() -> None:
        with store.beside(world.db.path) as db:
            windows.create(db, world.service.config, T, title="Upgrade", start=T, end=T + HOUR)
            windows.create(db, world.service.config, T, title="", start=T, end=T + HOUR)

    with pytest.raises(windows.Invalid):
        job()
    assert rows(world) == []


@pytest.mark.parametrize(("content", "problem"), [(None, "no such database"), ("hello", "not a SQLite")])
def test_nobody_writes_beside_a_file_that_is_not_ours(
    tmp_path: Path, content: str | None, problem: str
) -> None:
    file = tmp_path / "kener.db"
    if content is not None:
        file.write_text(content)
    with pytest.raises(store.StoreError, match=problem), store.beside(file):
        pass
    assert file.exists() == (content is not None)
