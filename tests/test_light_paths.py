"""What is told without a whole page is what the page tells."""

from __future__ import annotations

import gzip

import past
import pytest
from past import NOW, SITE, add, client, job, tell, trouble, up, window

from kener_py import store
from kener_py.model import DAY, HOUR, MINUTE, IncidentState, Status
from kener_py.service.board import views
from kener_py.web.statuspage import MOST

BRIEF, GZIP = {"Accept": "text/html"}, {"Accept": "text/html", "Accept-Encoding": "gzip"}


def made(db: store.Store, away: int = 0) -> past.World:
    """Every status at once, a hidden monitor, windows, incidents that are open, over, drafts."""
    tags = ("backup", "mail", "web", "shop", "secret")
    world = past.world(
        db,
        [job(tag, is_hidden=tag == "secret", category="Inside" if tag == "web" else "") for tag in tags]
        + [job("new")],
        [
            *up(*tags),
            *trouble("web", 3 * DAY, HOUR),
            (NOW - HOUR, "backup", Status.DOWN),
            (NOW - HOUR, "mail", Status.DEGRADED),
            (NOW - HOUR, "secret", Status.DOWN),
        ],
        away,
        maintenances=(
            window("Move", NOW - HOUR, NOW + HOUR, "shop", "secret"),
            window("Out of sight", NOW - HOUR, NOW + HOUR, "secret"),
        ),
    )
    shown = tell(world, monitors=("backup", "secret"))
    add(world, shown, "It is the disk.", state=IncidentState.IDENTIFIED)
    tell(world, title="Nobody sees it", monitors=("secret",))
    tell(world, title="Not yet", is_draft=True)
    return world


@pytest.mark.parametrize("away", [0, HOUR], ids=["measured", "stale"])
def test_the_present_of_a_monitor_is_that_of_its_page(db, away):
    world = made(db, away)
    for tag in (*world.service.config.monitors, "nobody"):
        page, present = world.service.monitor_page(tag), world.service.present(tag)
        told = None if page is None else (page.view.monitor, None if page.is_stale else page.view.status)
        assert present == told


@pytest.mark.parametrize("away", [0, HOUR], ids=["measured", "stale"])
def test_the_word_for_everything_is_that_of_the_front_page(db, away):
    world = made(db, away)
    assert world.service.overall() is world.service.board().overall


def test_programs_are_told_the_statuses_of_the_front_page(db):
    world = made(db)
    told, board = world.service.published().board, world.service.board()
    assert [(group.name, group.status, group.up) for group in told.groups] == [
        (group.name, group.status, group.up) for group in board.groups
    ]
    for light, full in zip(told.groups, board.groups, strict=True):
        assert [(each.monitor, each.status, each.since, each.first) for each in light.views] == [
            (each.monitor, each.status, each.since, each.first) for each in full.views
        ]
    assert (told.open_incidents, told.maintenances) == (board.open_incidents, board.maintenances)


def test_an_incident_alone_is_that_of_its_page(db):
    world = made(db)
    found = []
    for number in range(1, 6):
        page, alone = world.service.incident_page(number), world.service.public_incident(number)
        assert alone == (None if page is None else page.incident)
        found.append(alone is not None)
    assert found == [True, False, False, False, False]


def test_a_window_alone_is_that_of_its_page(db):
    world = made(db)
    found = []
    for number in range(1, 4):
        page, alone = world.service.maintenance_page(number), world.service.public_maintenance(number)
        assert alone == (None if page is None else page.maintenance)
        found.append(alone is not None)
    assert sorted(found) == [False, False, True]


def test_only_told_incidents_fetch_the_past_of_their_monitors(db):
    world = past.world(db, [job(tag) for tag in ("backup", "web")], up("backup", "web"), site=SITE)
    for place in range(MOST + 1):
        begun = NOW - (place + 1) * HOUR
        tags = ("web",) if place == MOST else ("backup",)
        tell(world, monitors=tags, started=begun, resolved=begun + MINUTE, state=IncidentState.RESOLVED)
    assert set(world.service.published().histories) == {"backup"}
    tell(world, title="Still open", monitors=("web",), started=NOW - 80 * DAY)
    assert set(world.service.published().histories) == {"backup", "web"}


def test_histories_of_a_few_monitors_are_those_of_all(db, monkeypatch):
    world = made(db)
    read, everyone = world.db.read(), list(world.service.config.monitors.values())
    for start, end in ((NOW - 90 * DAY, NOW), (NOW - 3 * DAY, NOW - 3 * DAY + HOUR)):
        one_by_one = views.histories(read, everyone, start, end)
        with monkeypatch.context() as patched:
            patched.setattr(views, "_FEW", 0)
            assert views.histories(read, everyone, start, end) == one_by_one


def test_an_unchanged_page_is_not_sent_again_in_either_form(db):
    asking = client(made(db))
    for headers in (BRIEF, GZIP):
        first = asking.get("/", headers=headers)
        again = asking.get("/", headers=headers | {"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
        assert "Content-Encoding" not in again.headers
        assert "Accept-Encoding" in again.headers["Vary"]


def test_two_forms_of_a_page_do_not_pass_for_each_other(db):
    asking = client(made(db))
    plain, packed = asking.get("/", headers=BRIEF), asking.get("/", headers=GZIP)
    assert gzip.decompress(packed.data) == plain.data
    assert plain.headers["ETag"] != packed.headers["ETag"]
    other = asking.get("/", headers=GZIP | {"If-None-Match": plain.headers["ETag"]})
    assert (other.status_code, other.data) == (200, packed.data)
