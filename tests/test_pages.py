"""The public pages over a real service: a monitor's, an incident's, and what holds for all of them."""

from __future__ import annotations

import gzip
import random
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import past
import pytest
from page import Page
from past import HOSTILE, NOW, SITE, get, job, tell, trouble, up

from kener_py import store
from kener_py.model import (
    DAY,
    HOUR,
    MINUTE,
    Incident,
    IncidentState,
    IncidentUpdate,
    Instant,
    Severity,
    Status,
)
from kener_py.web import create, words
from kener_py.web.pages.show import error

ROOT = Path(__file__).parent.parent
DOWN, DEGRADED = Status.DOWN, Status.DEGRADED
Make = Callable[..., past.World]


@pytest.fixture
def make(db: store.Store) -> Make:
    return lambda *args, **fields: past.world(db, *args, **fields)


@pytest.fixture
def down(make: Make) -> past.World:
    """One monitor, down for 43 minutes; three days ago it was slow."""
    events = [*up("backup"), *trouble("backup", 3 * DAY, 133 * MINUTE, DEGRADED)]
    monitors = [job(description="Each night"), job("hidden", is_hidden=True)]
    return make(monitors, [*events, (NOW - 43 * MINUTE, "backup", DOWN)])


# ---- a monitor's page ------------------------------------------------------------------------


def test_a_monitor_page_tells_now_and_what_was(down: past.World) -> None:
    tell(down, severity=Severity.MAJOR)
    page = get(down, "/monitors/backup")
    assert page.one("title") == "✕ Down: Backup – Acme"
    assert page.one("h1") == "Backup"
    for said in (
        "Each night",
        "since 30 Sep 2026, 12:58 CEST, 43 min",
        "27 Sep 2026, 13:41 CEST",
        "27 Sep 2026, 15:54 CEST",
        "2 h 13 min",
        "Backup is down Investigating · Major",
    ):
        assert said in page.text
    assert "No statement yet" not in page.text


def test_a_stale_monitor_page_claims_nothing(make: Make) -> None:
    page = get(make([job()], up("backup"), away=HOUR), "/monitors/backup")
    assert page.one("title") == "? Unknown: Backup – Acme"
    assert "Status unknown" in page.text
    assert "last measured 30 Sep 2026, 13:41 CEST, 1 h ago" in page.text
    assert 'class="icon up"' not in page.html


def test_a_monitor_without_heartbeats_tells_how_to_send_one(make: Make) -> None:
    page = get(make([job()]), "/monitors/backup")
    assert "Waiting for the first heartbeat" in page.text
    assert "curl -fsS https://status.acme.example/heartbeat/backup:<secret>" in page.text
    assert page.text.count("no data yet") >= 4


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://shop.example/a", {"href": "https://shop.example/a", "rel": "noopener"}),
        ("javascript:alert(1)", None),
    ],
)
def test_an_external_link_leads_to_the_web_or_nowhere(
    make: Make, url: str, link: dict[str, str] | None
) -> None:
    page = get(make([job(external_url=url)], up("backup")), "/monitors/backup")
    assert [a for a in page.all("a") if "rel" in a] == ([link] if link else [])
    assert "javascript" not in page.html


# ---- an incident's page ----------------------------------------------------------------------


def test_an_incident_page_tells_the_story_newest_first(make: Make) -> None:
    world = make([job()], up("backup"))
    told = tell(world)
    past.add(world, told, "It works again.", state=IncidentState.RESOLVED)
    page = get(world, f"/incidents/{told.id}")
    assert page.one("title") == "Resolved: Backup is down – Acme"
    assert "43 min" in page.text
    assert page.text.index("It works again.") < page.text.index("We are looking.")
    assert {"href": "/monitors/backup"} in page.all("a")


def test_an_open_incident_names_no_hidden_monitor(down: past.World) -> None:
    told = tell(down, monitors=("backup", "hidden"))
    page = get(down, f"/incidents/{told.id}")
    assert "43 min" in page.text
    assert "idden" not in page.text


@pytest.mark.parametrize("id", ["0", "01", "-1", "+1", " 1", "1 ", "١", "1.0", "x", "1_0", "9" * 40])
def test_an_incident_has_one_address(make: Make, id: str) -> None:
    world = make([job()], up("backup"))
    assert tell(world).id == 1
    client = past.client(world)
    assert client.get("/incidents/1").status_code == 200
    assert client.get(f"/incidents/{id}").status_code == 404


# ---- all of them -----------------------------------------------------------------------------


def test_what_is_not_there_looks_the_same_everywhere(down: past.World) -> None:
    client = past.client(down)
    answers = {
        client.get(path).text for path in ("/monitors/nope", "/monitors/hidden", "/incidents/9", "/nope")
    }
    assert len(answers) == 1
    assert get(down, "/nope", 404).one("title") == "Not found – Acme"


@pytest.mark.parametrize("code", [500, 503])
def test_our_own_faults_are_told_without_the_service(make: Make, code: int) -> None:
    app = create(make([]).service)
    with app.test_request_context("/"):
        assert "says nothing about the monitors" in Page(error(code).get_data(as_text=True)).text


def test_the_host_header_is_never_echoed(make: Make) -> None:
    world = make([job()], site=replace(SITE, url=""))
    for path in ("/", "/monitors/backup", "/llms.txt"):
        answer = past.client(world).get(path, headers={"Host": "evil.example"})
        assert answer.status_code == 200
        assert "evil" not in answer.text


def hostile_incident(world: past.World, resolved: Instant | None) -> int:
    """As no interface would take it, so that the page does not depend on them."""
    state = IncidentState.RESOLVED if resolved else IncidentState.INVESTIGATING
    bad = Incident(
        id=None,
        title=HOSTILE,
        state=state,
        severity=Severity.MAJOR,
        started=NOW - HOUR,
        created=NOW - HOUR,
        resolved=resolved,
        publish_at=NOW - HOUR,
        monitors=("backup",),
    )
    number = world.db.write(lambda db: store.add_incident(db, bad, HOSTILE))
    update = IncidentUpdate(None, number, state, HOSTILE, NOW - MINUTE)
    world.db.write(lambda db: store.add_updates(db, [update]))
    return number


def test_hostile_text_is_only_text(make: Make) -> None:
    monitors = [job(name=HOSTILE, description=HOSTILE, category=HOSTILE), job("shop")]
    events = [*up("backup", "shop"), *trouble("backup", DAY, HOUR), (NOW - HOUR, "backup", DOWN)]
    site = replace(SITE, title=HOSTILE, description=HOSTILE, footer=HOSTILE, logo='"><script>')
    world = make(
        monitors,
        events,
        site=site,
        maintenances=(past.window(HOSTILE, NOW - MINUTE, NOW + HOUR, "shop", description=HOSTILE),),
    )
    number = hostile_incident(world, None)
    hostile_incident(world, NOW - MINUTE)
    for path in ("/", "/monitors/backup", f"/incidents/{number}", "/maintenances/1", "/nope"):
        page = Page(past.client(world).get(path).text)
        assert "<script>" not in page.html
        assert len(page.one("title")) < 11_000
        # An override that is isolated turns nothing around but its own text.
        for tag in ("h1", "h2", "h3", "h4"):
            for heading in re.findall(rf"<{tag}[^>]*>.*?</{tag}>", page.html, re.DOTALL):
                assert "\u202e" not in heading or "<bdi>" in heading
    assert len(get(world).one("title")) < 150


def test_every_time_is_machine_readable(down: past.World) -> None:
    tell(down)
    for path in ("/", "/monitors/backup", "/incidents/1"):
        page = get(down, path)
        assert len(page.all("time")) >= 2
        for attributes in page.all("time"):
            assert re.fullmatch(r"202\d-\d\d-\d\d(T\d\d:\d\d:\d\dZ)?", attributes["datetime"])
        # No time stands outside of its element.
        assert not re.search(r"\d\d:\d\d [A-Z]", re.sub(r"<time.*?</time>", "", page.html))


# ---- the budget ------------------------------------------------------------------------------


def crowd(make: Make, count: int, seed: int = 1) -> past.World:
    """That many monitors in groups of ten, with troubles here and there; one in ten groups is ill now."""
    chance = random.Random(seed)
    monitors = [
        job(f"job-{n}", name=f"Job number {n}", category=f"Group {n // 10}", description="Each night")
        for n in range(count)
    ]
    events = up(*(each.tag for each in monitors))
    for each in monitors:
        for day in chance.sample(range(1, 90), chance.choice([0, 0, 1, 2, 4, 8])):
            events += trouble(
                each.tag, day * DAY, chance.randrange(6 * HOUR), chance.choice([DOWN, DEGRADED])
            )
    # All groups are open: nothing is saved by folding, for folded rows are sent as well.
    return make(monitors, [*events, *((NOW - HOUR, f"job-{n}", DEGRADED) for n in range(0, count, 10))])


def test_a_hundred_monitors_fit_the_budget(make: Make) -> None:
    page = get(crowd(make, 100))
    assert len(gzip.compress(page.html.encode(), 6)) <= 40_000
    assert len(page.tags) <= 60 * 100
    assert len([a for a in page.all("link") if a["rel"] in ("icon", "stylesheet")]) <= 4


def test_twenty_monitors_fit_the_budget(make: Make) -> None:
    page = get(crowd(make, 20))
    assert len(gzip.compress(page.html.encode(), 6)) <= 15_000


def test_the_style_fits_the_budget_and_loads_nothing() -> None:
    css = (ROOT / "static" / "style.css").read_bytes()
    assert len(gzip.compress(css)) <= 6_000
    assert b"url(" not in css
    assert b"@import" not in css


def test_the_style_knows_no_left_and_no_right() -> None:
    css = (ROOT / "static" / "style.css").read_text()
    assert not re.search(
        r"(margin|padding|border|inset)-(left|right|top|bottom)|text-align: (left|right)", css
    )
    colours = css.index(".up {")
    assert not re.search(r"#[0-9a-f]{3,6}\b", css[colours:]), "colours stand at the top"


def test_every_class_is_styled_and_every_icon_exists(down: past.World) -> None:
    css = (ROOT / "static" / "style.css").read_text()
    for status in Status:
        assert f".{words.colour(status)} " in css
        assert (ROOT / "static" / f"{words.colour(status)}.svg").is_file()
    tell(down)
    page = get(down)
    symbols = {f"#{a['id']}" for a in page.all("symbol")}
    assert {a["href"] for a in page.all("use")} <= symbols
    assert 'class="unseen"' in page.html
    for _, attributes in page.tags:
        for name in (attributes.get("class") or "").split():
            assert re.search(rf"\.{name}\b", css), name
