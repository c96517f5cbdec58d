"""The made-up sites: each is in its state, its rows agree with each other, and what is hidden stays so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import served
from conftest import Clock, new_folder, tries
from flask.testing import FlaskClient

from kener_py import config, demo, status, store
from kener_py.demo import story
from kener_py.model import DAY, HOUR, MINUTE, Instant, MaintenanceState, Overall, Status
from kener_py.service import Service
from kener_py.web import create, serving
from kener_py.web.showcase import STATES, Showcase

pytestmark = pytest.mark.long

NOW: Instant = 1_790_768_460_000  # 2026-09-30T11:41:00Z
OVERALL = {
    "all-up": Overall.UP,
    "degraded": Overall.DEGRADED,
    "partial-outage": Overall.PARTIAL_OUTAGE,
    "major-outage": Overall.MAJOR_OUTAGE,
    "maintenance": Overall.MAINTENANCE,
    "detected": Overall.PARTIAL_OUTAGE,
    "waiting": Overall.UNKNOWN,  # until its loop has ticked
    "empty": Overall.EMPTY,
    "unknown": Overall.UNKNOWN,
    "large": Overall.PARTIAL_OUTAGE,
    "hostile": Overall.PARTIAL_OUTAGE,
}
OF_A_COMPANY = [name for name in OVERALL if name not in ("waiting", "empty", "large", "hostile")]
SECRETS = ("payroll", "salaries", "vpn", "unconfirmed")  # words of what is hidden, or a draft
# Other places that list monitors, incidents or maintenance.
LISTS = (
    "/index.md", "/history", "/history.md", "/uptime", "/history.atom", "/history.rss", "/feed.json",
    "/maintenance.ics", "/api/v2/summary.json", "/api/v2/components.json", "/api/v2/incidents.json",
    "/api/v2/scheduled-maintenances.json", "/metrics", "/sitemap.xml", "/subscribe", "/about",
)  # fmt: skip


class Made:
    """One state of the demo with a service over it."""

    def __init__(self, name: str, folder: Path, at: Instant = NOW) -> None:
        self.prepared = demo.prepare(name, folder, f"http://127.0.0.1:3000/{name}", at)
        self.clock = Clock(at)
        self.store = store.Store(self.prepared.config.server.database)
        self.service = Service(self.store, self.prepared.config, self.clock)
        self.client: FlaskClient = create(self.service).test_client()
        self.db = self.store.read()

    def page(self, address: str) -> str:
        answer = self.client.get(address, headers={"Accept": "text/html"})
        assert answer.status_code == 200, address
        return answer.text


Make = Callable[..., Made]


@pytest.fixture(scope="module")
def make() -> Iterator[Make]:
    """A state, made once for the whole file."""
    known: dict[str, Made] = {}
    with new_folder() as folder:

        def made(name: str) -> Made:
            if name not in known:
                known[name] = Made(name, folder / name)
            return known[name]

        yield made
        for each in known.values():
            each.store.close()


@pytest.mark.parametrize("name", OVERALL)
def test_each_state_is_what_its_name_says(make: Make, name: str) -> None:
    assert make(name).service.board().overall is OVERALL[name]


def test_there_is_a_sentence_and_a_test_for_each_state() -> None:
    assert list(demo.STATES) == list(STATES) == list(OVERALL)


def test_a_fresh_install_waits_as_soon_as_its_loop_ticks(make: Make) -> None:
    made = make("waiting")
    made.service.mark_alive(NOW)
    assert made.service.board().overall is Overall.WAITING


@pytest.mark.parametrize("name", OVERALL)
def test_a_state_stays_as_it_is_because_the_jobs_go_on(folder: Path, name: str) -> None:
    made = Made(name, folder / name)
    jobs = demo.Jobs(made.service, made.prepared)
    before = {view.monitor.tag: view.status for view in made.service.monitor_views()}
    for at in range(NOW, NOW + 20 * MINUTE, 30_000):
        made.clock.now = at
        jobs.step(at)
        made.service.mark_alive(at)
        for tick in made.service.active.ticks:
            made.service.tick(tick, at)
    assert {view.monitor.tag: view.status for view in made.service.monitor_views()} == before
    made.store.close()


def test_the_same_present_has_the_same_past(make: Make, folder: Path) -> None:
    again = Made("partial-outage", folder / "again")
    for read in (lambda db: store.all_changes(db, 0), store.states, lambda db: store.incidents(db, 0)):
        assert read(again.db) == read(make("partial-outage").db)
    again.store.close()


@pytest.mark.parametrize("name", [name for name in OVERALL if name not in ("waiting", "empty")])
def test_what_is_shown_of_a_monitor_is_its_newest_change(make: Make, name: str) -> None:
    made = make(name)
    changes = store.all_changes(made.db, 0)
    for tag, state in store.states(made.db).items():
        own = changes.get(tag, [])
        newest = own[-1] if own else None
        assert (state.status, state.since) == (
            (newest.status, newest.started) if newest else (Status.NO_DATA, None)
        )
        assert (state.head, state.head_since) == (state.status, state.since)
        assert status.literal(state, made.prepared.started_at) is state.status
        assert all(a.started < b.started and a.status is not b.status for a, b in pairwise(own))
        assert all(each.detected is not None and each.detected >= each.started for each in own)


@pytest.mark.parametrize("name", OF_A_COMPANY)
def test_an_incident_of_an_alert_begins_and_ends_with_the_span_that_it_is_about(
    make: Make, name: str
) -> None:
    made = make(name)
    changes = store.all_changes(made.db, 0)
    made_by_alerts = [each for each in store.incidents(made.db, 0) if each.opened_for]
    assert len(made_by_alerts) > 40
    for incident in made_by_alerts:
        own = changes[incident.opened_for]
        (began,) = [each for each in own if each.started == incident.started]
        assert began.status is Status.DOWN
        assert began.detected == incident.created
        if incident.resolved is not None:
            (ended,) = [each for each in own if each.started == incident.resolved]
            assert ended.status is Status.UP


def test_the_year_has_everything_that_a_year_has(make: Make) -> None:
    made = make("partial-outage")
    incidents = store.incidents(made.db, 0)
    began = NOW - story.YEAR
    changes = [change for own in store.all_changes(made.db, 0).values() for change in own]
    assert min(change.started for change in changes) < began + DAY
    assert made.prepared.config.retention.days * DAY > story.YEAR
    moved = story.clock_changes(began, NOW)
    assert len(moved) == 2
    for instant in moved:  # somebody was down while the clocks were moved
        assert any(
            each.started <= instant < (each.resolved or NOW) and each.opened_for == "log-shipping"
            for each in incidents
        )
    assert [(gap.ended - gap.started) // MINUTE for gap in store.gaps(made.db, 9)] == [540, 40, 6]
    firsts = {tag: own[0].started for tag, own in store.all_changes(made.db, 0).items()}
    assert len({(first - began) // DAY for first in firsts.values()}) > 5
    states = store.states(made.db)
    assert states["warehouse-scanner"].last is None
    assert NOW - (states["legacy-export"].since or NOW) > 100 * DAY
    windows = store.maintenances(made.db, 0, NOW + 60 * DAY)
    assert {made.service.maintenance_state(each, NOW) for each in windows} == {
        MaintenanceState.SCHEDULED,
        MaintenanceState.COMPLETED,
        MaintenanceState.CANCELLED,
    }
    assert {each.severity for each in incidents} == {"minor", "major", "critical"}
    assert {each.state for each in incidents} >= {"INVESTIGATING", "IDENTIFIED", "RESOLVED"}
    assert {update.state for each in incidents for update in each.updates} == {
        "INVESTIGATING",
        "IDENTIFIED",
        "MONITORING",
        "RESOLVED",
    }
    assert any(each.resolved and each.updates[0].created > each.resolved + DAY for each in incidents)


def test_maintenance_runs_for_monitors_that_are_silent(make: Make) -> None:
    board = make("maintenance").service.board()
    assert [each.title for each in board.maintenances if each.start <= NOW] == ["Upgrade of the database"]
    assert board.open_incidents == ()


@pytest.mark.parametrize(
    "at", [NOW + n * 5 * DAY + n * 7 * HOUR for n in range(1, 1 + tries(18))], ids=lambda at: str(at // DAY)
)
def test_no_present_spoils_the_quiet_year(folder: Path, at: Instant) -> None:
    made = Made("all-up", folder / "all-up", at)
    assert made.service.board().overall is Overall.UP
    assert store.last_alive(made.db) == at
    made.store.close()


@pytest.mark.parametrize("name", OF_A_COMPANY)
def test_what_is_hidden_or_a_draft_is_on_no_page(make: Make, name: str) -> None:
    made = make(name)
    monitors, shown, windows = (
        made.service.monitor_views(),
        made.service.incidents(),
        made.service.maintenances(),
    )
    if name != "all-up":  # the year before is the same in every state
        monitors = [view for view in monitors if view.status is not Status.UP]
        shown = [each for each in shown if (each.resolved or NOW) > NOW - 2 * DAY]
        windows = [each for each in windows if each.start < NOW + DAY and each.end > NOW - 2 * DAY]
    addresses = ["/", "/api/v1/incidents", "/api/v1/maintenances", "/api/v1/monitors"]
    addresses += [f"/monitors/{view.monitor.tag}" for view in monitors]
    addresses += [f"/incidents/{each.id}" for each in shown]
    addresses += [f"/maintenances/{each.id}" for each in windows]
    for address in addresses:
        page = made.page(address).lower()
        assert [word for word in SECRETS if word in page] == [], address
    for address in LISTS:
        text = made.client.get(address, headers={"Accept": "*/*"}).text.lower()
        assert [word for word in SECRETS if word in text] == [], address
    hidden = [
        each for each in made.service.all_incidents() if set(each.monitors) & {"payroll", "vpn-gateway"}
    ]
    assert len(hidden) > 3
    drafts = [each for each in made.service.all_incidents() if each.publish_at is None]
    assert len(drafts) == 1
    for each in [*hidden, *drafts]:
        assert made.client.get(f"/incidents/{each.id}").status_code == 404


def test_every_page_of_the_hostile_site_answers(make: Make) -> None:
    made = make("hostile")
    for tag in made.prepared.config.monitors:
        page = made.page(f"/monitors/{tag}")
        assert "<script>" not in page
        assert 'href="javascript:' not in page
    for incident in made.service.incidents():
        assert "<script>" not in made.page(f"/incidents/{incident.id}")


def test_the_files_are_those_of_a_server(make: Make) -> None:
    for name in OVERALL:
        made = make(name)
        assert made.prepared.config.path is not None
        loaded = config.load(made.prepared.config.path, {})
        assert loaded.server.database.name == "kener.db"
        assert loaded.server.database.parent == loaded.path.parent  # type: ignore[union-attr]
        assert [warning for warning in loaded.warnings if "there are none" not in warning] == []


def test_a_folder_that_is_taken_is_left_alone(make: Make) -> None:
    path = make("empty").prepared.config.path
    assert path is not None
    with pytest.raises(FileExistsError):
        demo.prepare("empty", path.parent, "http://127.0.0.1:3000", NOW)


def test_the_index_leads_to_every_state(make: Make) -> None:
    sites = {name: serving(make(name).service) for name in ("all-up", "empty")}
    client = served.client(Showcase(sites))
    index = client.get("/", headers={"Accept": "text/html"})
    assert index.status_code == 200
    assert "unsafe" not in index.headers["Content-Security-Policy"]
    for name in sites:
        assert f'href="/{name}/"' in index.text
        page = client.get(f"/{name}/", headers={"Accept": "text/html"})
        assert page.status_code == 200
        assert f'src="/{name}/static/app.js' in page.text
        assert client.get(f"/{name}/monitors/nothing").status_code == 404
    assert client.get("/nothing").status_code == 404
