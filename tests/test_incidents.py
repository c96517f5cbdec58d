"""Incidents by hand: what may be said, what follows from it, and what nobody may see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from conftest import Clock, T, World, config, monitor, short_store, tries
from hypothesis import given, settings
from hypothesis import strategies as st

from kener_py import store
from kener_py.model import HOUR, MINUTE, Incident, IncidentState, Instant, Severity, Status
from kener_py.service import incidents
from kener_py.service.incidents import Refused, Unknown

INVESTIGATING, IDENTIFIED, MONITORING, RESOLVED = IncidentState
CONFIG = config((monitor(), monitor("web"), monitor("payroll", is_hidden=True)))


@pytest.fixture
def world(db: store.Store, clock) -> World:
    return World(db, clock, CONFIG)


def create(world: World, title: str = "Disk trouble", text: str = "We look.", **of) -> Incident:
    return world.service.change(lambda db, config, at: incidents.create(db, config, title, text, at, **of))


def edit(world: World, number: int | None, **of) -> Incident:
    return world.service.change(lambda db, config, at: incidents.edit(db, config, number, at, **of))


def update(world: World, number: int | None, text: str = "More.", **of) -> Incident:
    return world.service.change(lambda db, _, at: incidents.update(db, number, text, at, **of))


def edit_update(world: World, number: int | None, id: int | None, **of) -> Incident:
    return world.service.change(lambda db, _, at: incidents.edit_update(db, number, id, at, **of))


def delete_update(world: World, number: int | None, id: int | None) -> Incident:
    return world.service.change(lambda db, *_: incidents.delete_update(db, number, id))


def publish(world: World, number: int | None) -> Incident:
    return world.service.change(lambda db, _, at: incidents.publish(db, number, at))


def resolve(world: World, number: int | None, **of) -> Incident:
    return world.service.change(lambda db, _, at: incidents.resolve(db, number, at, **of))


def delete(world: World, number: int | None) -> None:
    world.service.change(lambda db, *_: incidents.delete(db, number))


def wrong_fields(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [each.field for each in (refused.value, *refused.value.others)]


def shown(world: World) -> set[int | None]:
    """The incidents that a visitor finds anywhere."""
    service = world.service
    board = service.board()
    found = {each.id for each in (*service.incidents(), *board.open_incidents, *board.recent_incidents)}
    for tag in service.config.monitors:
        page = service.monitor_page(tag)
        found |= {each.id for each in page.incidents} if page else set()
    known = [each.id for each in service.all_incidents() if each.id is not None]
    return found | {number for number in known if service.incident_page(number)}


# ---- creating --------------------------------------------------------------------------------


def test_a_new_incident_is_open_public_and_begins_now(world):
    made = create(world, monitors=("web", "job", "web"))
    (first,) = made.updates
    assert (made.title, made.state, made.severity) == ("Disk trouble", INVESTIGATING, Severity.MINOR)
    assert (made.started, made.created, made.resolved, made.publish_at) == (T, T, None, T)
    assert made.monitors == ("job", "web")
    assert (first.text, first.state, first.created) == ("We look.", INVESTIGATING, T)
    assert shown(world) == {made.id}


def test_an_incident_may_have_begun_before_it_is_told(world):
    made = create(world, started=T - HOUR, state=IDENTIFIED, severity=Severity.CRITICAL)
    assert (made.started, made.created, made.state, made.severity) == (T - HOUR, T, IDENTIFIED, "critical")


def test_an_incident_that_is_over_can_be_told_afterwards(world):
    made = create(world, started=T - 2 * HOUR, resolved=T - HOUR, state=RESOLVED)
    assert (made.started, made.resolved, made.state) == (T - 2 * HOUR, T - HOUR, RESOLVED)
    assert create(world, state=RESOLVED).resolved == T


def test_an_incident_without_monitors_is_about_everything(world):
    made = create(world)
    assert made.monitors == ()
    assert made in world.service.board().open_incidents
    page = world.service.monitor_page("job")
    assert page is not None
    assert page.incidents == ()


@pytest.mark.parametrize(
    ("of", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": " \n\t"}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": "x" * 10_000}, "title"),
        ({"title": "a\nb"}, "title"),
        ({"title": "a\0b"}, "title"),
        ({"title": "a\x1b[2Jb"}, "title"),
        ({"title": "a\ud800b"}, "title"),
        ({"text": ""}, "text"),
        ({"text": "x" * 20_001}, "text"),
        ({"text": "a\0b"}, "text"),
        ({"text": "a\udfffb"}, "text"),
        ({"monitors": ("gone",)}, "monitors"),
        ({"monitors": ("job", "\ud800")}, "monitors"),
        ({"started": T + 1}, "started"),
        ({"state": RESOLVED, "resolved": T + 1}, "resolved"),
        ({"state": RESOLVED, "resolved": T - HOUR}, "resolved"),
        ({"state": MONITORING, "resolved": T}, "resolved"),
    ],
)
def test_what_cannot_be_so_is_refused_by_its_field(world, of, field):
    with pytest.raises(Refused) as refused:
        create(world, **of)
    assert wrong_fields(refused) == [field]
    str(refused.value).encode()
    assert world.incidents() == []


def test_every_field_that_is_wrong_is_named_at_once(world):
    with pytest.raises(Refused) as refused:
        create(world, "", "", monitors=("jab",), started=T + 1)
    assert wrong_fields(refused) == ["title", "text", "monitors", "started"]
    assert "did you mean 'job'?" in str(refused.value)


def test_the_longest_title_and_text_are_kept_whole(world):
    made = create(world, "é" * 200, "日" * 20_000)
    assert (made.title, made.updates[0].text) == ("é" * 200, "日" * 20_000)


def test_line_breaks_of_windows_are_line_breaks(world):
    assert create(world, text="a\r\nb").updates[0].text == "a\nb"


# ---- updates ---------------------------------------------------------------------------------


def test_an_update_with_a_state_gives_the_incident_that_state(world):
    number = create(world).id
    world.clock.now += MINUTE
    after = update(world, number, "A cable.", state=IDENTIFIED)
    assert after.state is IDENTIFIED
    assert [each.text for each in after.updates] == ["A cable.", "We look."]


def test_an_update_without_a_state_leaves_it_as_it_is(world):
    number = create(world, state=MONITORING).id
    after = update(world, number)
    assert (after.state, after.updates[0].state) == (MONITORING, MONITORING)


def test_updates_are_ordered_by_their_time_and_an_old_one_changes_no_state(world):
    number = create(world, started=T - HOUR).id
    world.clock.now += MINUTE
    update(world, number, "now", state=MONITORING)
    after = update(world, number, "then", state=IDENTIFIED, created=T - MINUTE)
    assert [each.text for each in after.updates] == ["now", "We look.", "then"]
    assert after.state is MONITORING


def test_an_old_update_without_a_state_has_that_of_its_time(world):
    number = create(world, started=T - HOUR, state=IDENTIFIED).id
    update(world, number, state=MONITORING)
    assert update(world, number, "x", created=T - MINUTE).updates[-1].state is INVESTIGATING
    world.clock.now += MINUTE
    update(world, number, state=RESOLVED)
    assert update(world, number, "y", created=T).updates[1].state is MONITORING


def test_an_update_that_resolves_sets_the_end_and_a_later_one_reopens(world):
    number = create(world).id
    world.clock.now += MINUTE
    assert update(world, number, state=RESOLVED).resolved == T + MINUTE
    world.clock.now += MINUTE
    after = update(world, number, "A post-mortem.")
    assert (after.state, after.resolved) == (RESOLVED, T + MINUTE)
    after = update(world, number, "It is back.", state=INVESTIGATING)
    assert (after.state, after.resolved) == (INVESTIGATING, None)


@pytest.mark.parametrize(
    ("of", "field"),
    [
        ({"text": ""}, "text"),
        ({"created": T + 1}, "created"),
        ({"created": T - 1}, "created"),
        ({"text": "x" * 20_001, "created": T + 1}, "text"),
    ],
)
def test_an_update_that_cannot_be_is_refused(world, of, field):
    number = create(world).id
    with pytest.raises(Refused) as refused:
        update(world, number, **of)
    assert wrong_fields(refused)[0] == field
    assert len(world.incident().updates) == 1


def test_an_end_before_a_newer_update_is_refused(world):
    number = create(world, started=T - HOUR).id
    with pytest.raises(Refused, match="newer update"):
        update(world, number, state=RESOLVED, created=T - MINUTE)


def test_an_update_after_the_clock_was_set_back_is_still_the_newest(world):
    number = create(world, started=T - HOUR).id
    world.clock.now -= MINUTE
    assert update(world, number, "later").updates[0].text == "later"


def test_a_wrong_update_is_corrected_and_the_state_follows(world):
    number = create(world, started=T - HOUR).id
    world.clock.now += MINUTE
    second = update(world, number, "Fixed?", state=RESOLVED).updates[0].id
    after = edit_update(world, number, second, text="Watching.", state=MONITORING)
    assert (after.updates[0].text, after.state, after.resolved) == ("Watching.", MONITORING, None)
    after = edit_update(world, number, second, created=T - MINUTE)
    assert [each.text for each in after.updates] == ["We look.", "Watching."]
    assert after.state is INVESTIGATING


def test_an_update_is_deleted_and_the_state_follows_but_one_stays(world):
    made = create(world)
    second = update(world, made.id, state=RESOLVED).updates[0].id
    after = delete_update(world, made.id, second)
    assert (after.state, after.resolved) == (INVESTIGATING, None)
    with pytest.raises(Refused, match="delete the incident instead"):
        delete_update(world, made.id, made.updates[0].id)


def test_an_update_of_another_incident_is_unknown(world):
    first, second = create(world), create(world)
    for call in (edit_update, delete_update):
        with pytest.raises(Unknown):
            call(world, first.id, second.updates[0].id)


@pytest.mark.parametrize(
    "call",
    [edit, update, publish, resolve, delete, lambda world, number: edit_update(world, number, 1)],
)
def test_an_incident_that_is_not_there_is_said_so(world, call):
    with pytest.raises(Unknown, match="No incident has this id"):
        call(world, 99)


# ---- editing and resolving -------------------------------------------------------------------


def test_title_severity_monitors_and_times_are_edited_and_the_rest_stays(world):
    made = create(world, monitors=("job",))
    after = edit(world, made.id, title=" New ", severity=Severity.MAJOR, monitors=("web",), started=T - 1)
    assert after == replace(made, title="New", severity=Severity.MAJOR, monitors=("web",), started=T - 1)
    assert edit(world, made.id) == after
    assert edit(world, made.id, monitors=()).monitors == ()


@pytest.mark.parametrize(
    ("of", "fields"),
    [
        ({"title": ""}, ["title"]),
        ({"monitors": ("gone",)}, ["monitors"]),
        ({"started": T + 1}, ["started"]),
        ({"started": T - MINUTE + 1}, ["started"]),
        ({"resolved": T - MINUTE}, ["resolved"]),
        ({"title": "", "started": T + 1}, ["title", "started"]),
    ],
)
def test_an_edit_that_cannot_be_changes_nothing(world, of, fields):
    made = create(world, started=T - HOUR)
    update(world, made.id, created=T - MINUTE)
    before = world.incident()
    with pytest.raises(Refused) as refused:
        edit(world, made.id, **of)
    assert wrong_fields(refused) == fields
    assert world.incident() == before


def test_the_end_of_a_resolved_incident_is_corrected(world):
    made = create(world, started=T - HOUR)
    resolve(world, made.id)
    assert edit(world, made.id, resolved=T - MINUTE).resolved == T - MINUTE
    for bad in (T + 1, T - 2 * HOUR):
        with pytest.raises(Refused):
            edit(world, made.id, resolved=bad)
    with pytest.raises(Refused):
        edit(world, made.id, started=T)


def test_a_monitor_that_left_the_file_may_stay_named(world):
    made = create(world, monitors=("job", "web"))
    world.service.reload(config((monitor(),)))
    assert edit(world, made.id, monitors=("web",)).monitors == ("web",)


def test_resolving_says_so_and_may_be_dated_back(world):
    made = create(world, started=T - HOUR)
    after = resolve(world, made.id, text="Cable replaced.", resolved=T - MINUTE)
    assert (after.state, after.resolved, after.updates[0].text) == (RESOLVED, T - MINUTE, "Cable replaced.")
    assert after.updates[0].created == T
    with pytest.raises(Refused, match="resolved already"):
        resolve(world, made.id)


@pytest.mark.parametrize("resolved", [T + 1, T - HOUR - 1])
def test_an_end_in_the_future_or_before_the_start_is_refused(world, resolved):
    made = create(world, started=T - HOUR)
    with pytest.raises(Refused) as refused:
        resolve(world, made.id, resolved=resolved)
    assert wrong_fields(refused) == ["resolved"]
    assert world.incident() == made


def test_a_deleted_incident_is_gone_with_all_that_was_said_and_its_id_is_not_given_again(world):
    made = create(world, monitors=("job",))
    delete(world, made.id)
    for table in ("incident", "incident_monitor", "incident_update"):
        assert world.db.read()[table].count == 0
    assert create(world).id == (made.id or 0) + 1


# ---- drafts and hidden monitors --------------------------------------------------------------


def test_a_draft_is_seen_by_nobody_until_it_is_published(world):
    made = create(world, monitors=("job",), is_draft=True)
    assert shown(world) == set()
    assert [each.id for each in world.service.all_incidents()] == [made.id]
    world.clock.now += MINUTE
    assert publish(world, made.id).publish_at == T + MINUTE
    assert shown(world) == {made.id}
    world.clock.now += MINUTE
    assert publish(world, made.id).publish_at == T + MINUTE


def test_a_draft_that_would_appear_later_appears_at_once_when_published(world):
    made = create(world, is_draft=True)
    world.db.write(lambda db: store.save_incident(db, replace(made, publish_at=T + HOUR)))
    assert publish(world, made.id).publish_at == T


def test_an_incident_about_hidden_monitors_stays_hidden_when_they_leave_the_file(world):
    made = create(world, monitors=("payroll",))
    assert not made.is_public
    with pytest.raises(Refused, match="hidden"):
        publish(world, made.id)
    world.service.reload(config())
    assert shown(world) == set()


def test_an_incident_becomes_public_when_it_is_about_public_monitors(world):
    made = create(world, monitors=("payroll",))
    assert edit(world, made.id, monitors=("payroll", "job")).is_public
    page = world.service.incident_page(made.id or 0)
    assert page is not None
    assert page.incident.monitors == ("job",)


def test_operators_list_open_ones_and_drafts(world):
    draft = create(world, is_draft=True)
    over = create(world, state=RESOLVED)
    opened = create(world)
    db = world.db.read()
    assert {each.id for each in incidents.listed(db, T)} == {draft.id, over.id, opened.id}
    assert {each.id for each in incidents.listed(db, T, only_open=True)} == {draft.id, opened.id}
    assert {each.id for each in incidents.listed(db, T, only_drafts=True)} == {draft.id}


# ---- beside what alerts do -------------------------------------------------------------------


def trouble(world: World) -> Incident:
    """What an alert opens."""
    world.fail()
    world.look()
    assert world.status() is Status.DOWN
    return world.incident()


def test_the_incident_of_an_alert_is_resolved_by_hand_and_the_alert_stays(world):
    made = trouble(world)
    before = world.standing()
    assert resolve(world, made.id).state is RESOLVED
    assert world.standing() == before
    world.run(3)
    assert [each.id for each in world.incidents()] == [made.id]
    world.beat()
    world.run(1)
    assert world.standing() == {}
    assert world.incident().updates[0].text == incidents.RESOLVED_TEXT


def test_a_draft_of_an_alert_is_published_by_hand(world):
    made = trouble(world)
    world.db.write(lambda db: store.save_incident(db, replace(made, publish_at=None)))
    assert shown(world) == set()
    assert publish(world, made.id).opened_for == "job"
    assert shown(world) == {made.id}


def test_an_alert_resolves_the_incident_that_people_wrote_to(world):
    made = trouble(world)
    edit(world, made.id, title="The backup fails", monitors=("job", "web"))
    update(world, made.id, "A full disk.", state=IDENTIFIED)
    world.clock.now += MINUTE
    world.beat()
    world.run(1)
    after = world.incident()
    assert (after.title, after.state) == ("The backup fails", RESOLVED)
    assert [each.state for each in after.updates] == [RESOLVED, IDENTIFIED, INVESTIGATING]


def test_an_incident_of_an_alert_that_is_over_takes_notes_but_is_not_reopened(world):
    made = trouble(world)
    last = resolve(world, made.id).updates[0]
    assert update(world, made.id, "A post-mortem.").state is RESOLVED
    for call in (
        lambda: update(world, made.id, state=MONITORING),
        lambda: edit_update(world, made.id, world.incident().updates[0].id, state=MONITORING),
    ):
        with pytest.raises(Refused) as refused:
            call()
        assert wrong_fields(refused) == ["state"]
    delete_update(world, made.id, world.incident().updates[0].id)
    with pytest.raises(Refused):
        delete_update(world, made.id, last.id)
    assert world.incident().state is RESOLVED


def test_deleting_the_incident_of_an_alert_leaves_the_alert_without_one(world):
    made = trouble(world)
    delete(world, made.id)
    assert [each.incident for each in world.standing().values()] == [None]
    world.run(3)
    world.beat()
    world.run(1)
    assert world.standing() == {}
    assert world.incidents() == []


def test_an_incident_by_hand_and_one_of_an_alert_are_both_open(world):
    by_hand = create(world, monitors=("job",))
    world.fail()
    world.look()
    page = world.service.monitor_page("job")
    assert page is not None
    assert len(page.incidents) == 2
    world.beat()
    world.run(1)
    assert [each.id for each in world.service.board().open_incidents] == [by_hand.id]


# ---- laws ------------------------------------------------------------------------------------

Act = Callable[[World, int | None], object]
moments = st.none() | st.integers(-90, 5).map(lambda minutes: minutes * MINUTE)
states = st.none() | st.sampled_from(IncidentState)


def _at(world: World, distance: int | None) -> Instant | None:
    return None if distance is None else world.clock.now + distance


def _some_update(world: World, number: int | None, choice: int) -> int | None:
    found = store.incident(world.db.read(), number or 0)
    return found.updates[choice % len(found.updates)].id if found else 1


acts = st.one_of(
    st.builds(
        lambda state, at: lambda world, n: update(world, n, state=state, created=_at(world, at)),
        states,
        moments,
    ),
    st.builds(lambda at: lambda world, n: resolve(world, n, resolved=_at(world, at)), moments),
    st.builds(
        lambda started, resolved: (
            lambda world, n: edit(world, n, started=_at(world, started), resolved=_at(world, resolved))
        ),
        moments,
        moments,
    ),
    st.builds(
        lambda choice, state, at: (
            lambda world, n: edit_update(
                world, n, _some_update(world, n, choice), state=state, created=_at(world, at)
            )
        ),
        st.integers(0, 5),
        states,
        moments,
    ),
    st.builds(
        lambda choice: lambda world, n: delete_update(world, n, _some_update(world, n, choice)),
        st.integers(0, 5),
    ),
    st.just(publish),
    st.just(delete),
    st.just(lambda world, n: world.run(1)),
    st.just(lambda world, n: world.beat()),
    st.just(lambda world, n: world.fail()),
)


@pytest.fixture(scope="module")
def shared():
    with short_store() as opened:
        yield opened


@settings(max_examples=tries(60), deadline=None)
@given(todo=st.lists(st.tuples(st.integers(0, 2), acts), max_size=12), is_draft=st.booleans())
def test_whatever_is_done_the_story_stays_whole(shared, todo, is_draft):
    for table in ("incident", "incident_monitor", "incident_update", "alert", "change", "state"):
        shared.write(lambda db, table=table: db[table].delete_where())
    clock = Clock(T)
    world = World(shared, clock, CONFIG)
    world.service.reload(CONFIG)
    made = [create(world, monitors=("web",), is_draft=is_draft).id, create(world, is_draft=True).id]
    published: set[int | None] = set() if is_draft else {made[0]}
    for which, act in todo:
        auto = [each.id for each in world.incidents() if each.opened_for]
        numbers = [*made, *auto[:1]]
        number = numbers[min(which, len(numbers) - 1)]
        clock.now += MINUTE
        before = world.incidents()
        try:
            act(world, number)
            if act is publish:
                published.add(number)
        except Refused:
            assert world.incidents() == before
        for each in world.incidents():
            assert (each.state is RESOLVED) == (each.resolved is not None)
            assert each.resolved is None or each.started <= each.resolved <= clock.now
            assert each.updates
            assert each.state is each.updates[0].state
            order = [(update.created, update.id) for update in each.updates]
            assert order == sorted(order, reverse=True)
            assert all(each.started <= update.created <= clock.now for update in each.updates)
        autos = {each.id for each in world.incidents() if each.opened_for}
        assert shown(world) <= published | autos
