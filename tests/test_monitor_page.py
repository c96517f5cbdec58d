"""A monitor's page over a real service: what it is now, its year, what went wrong, and its twin."""

import gzip
import re
from datetime import date, timedelta

import pytest
from conftest import Clock, World, config, monitor
from flask.testing import FlaskClient
from page import Page

from kener_py import store
from kener_py.model import (
    DAY,
    HOUR,
    MINUTE,
    Change,
    Incident,
    IncidentState,
    Instant,
    Limits,
    Retention,
    Severity,
    Site,
    Status,
)
from kener_py.web import create

NOW: Instant = 1_790_768_460_000  # 2026-09-30T11:41:00Z
SITE = Site(title="Acme", url="https://status.acme.example", timezone="Europe/Berlin")
HOSTILE = "<script>alert(1)</script>\u202e|[x](javascript:1)\n# Up" + "x" * 10_000


def client(world: World) -> FlaskClient:
    return create(world.service).test_client()


def get(world: World, path: str = "/monitors/job", code: int = 200) -> Page:
    answer = client(world).get(path)
    assert answer.status_code == code
    return Page(answer.text)


def twin(world: World, path: str = "/monitors/job.md") -> str:
    answer = client(world).get(path)
    assert (answer.status_code, answer.mimetype) == (200, "text/markdown")
    return answer.text


def lived(db: store.Store, clock: Clock, *changes: tuple[Instant, Status], since: Instant, **fields) -> World:
    """A world whose loop ran from `since` to NOW, in which the job's status changed so."""
    clock.now = since
    world = World(db, clock, config(fields.pop("monitors", (monitor(),)), site=SITE, **fields))
    world.skip_to(NOW)
    happened = [Change("job", started, status, started) for started, status in changes]
    world.db.write(lambda db: store.add_changes(db, happened))
    return world


def year(db: store.Store, clock: Clock, **fields) -> World:
    """Up for 400 days, but for one outage 40 days ago and a degraded day 200 days ago."""
    return lived(
        db,
        clock,
        (NOW - 400 * DAY, Status.UP),
        (NOW - 200 * DAY, Status.DEGRADED),
        (NOW - 200 * DAY + 2 * HOUR, Status.UP),
        (NOW - 40 * DAY, Status.DOWN),
        (NOW - 40 * DAY + 43 * MINUTE, Status.UP),
        since=NOW - 400 * DAY,
        **fields,
    )


@pytest.fixture
def young(db: store.Store, clock: Clock) -> World:
    """A quarter of an hour old, and heard once at its beginning."""
    clock.now = NOW - 15 * MINUTE
    world = World(db, clock, config(site=SITE, rules=()))
    world.beat()
    world.look()
    return world


def calendar_links(page: Page) -> list[dict[str, str]]:
    return [
        a for a in page.all("a") if re.fullmatch(r"/monitors/job/\d{4}-\d\d-\d\d", a["href"]) and "class" in a
    ]


# ---- what it is now --------------------------------------------------------------------------


def test_the_card_says_what_it_is_and_how_that_is_judged(young: World) -> None:
    young.run(2)
    page = get(young)
    assert page.one("title") == "✓ Up: Job – Acme"
    assert page.one("h1") == "Job"
    for said in (
        "Up since 30 Sep 2026, 13:26 CEST, 2 min measured 30 Sep 2026, 13:28 CEST",
        "Last heartbeat30 Sep 2026, 13:26 CEST, 2 min ago",
        "Next expected30 Sep 2026, 13:31 CEST, in 3 min",
        "Degraded after 5 min of silence, down after 10 min.",
    ):
        assert said in page.text
    (banner,) = [a for tag, a in page.tags if a.get("id") == "banner"]
    assert banner["data-measured"] == str(young.clock.now)
    assert banner["data-state"] == "UP"


def test_a_heartbeat_that_is_late_was_expected(young: World) -> None:
    young.run(7)
    page = get(young)
    assert "Was expected30 Sep 2026, 13:31 CEST, 2 min ago" in page.text
    assert "Degraded since 30 Sep 2026, 13:31 CEST, 2 min" in page.text


def test_down_is_never_just_red(young: World) -> None:
    young.run(12)
    assert "We have detected this automatically. No statement yet." in get(young).text
    assert "We have detected this automatically. No statement yet." in twin(young)


def test_whoever_made_a_statement_is_not_said_to_be_silent(db: store.Store, clock: Clock) -> None:
    world = World(db, clock, config(site=SITE))
    world.fail()
    world.look()
    page = get(world)
    assert page.one("title").startswith("✕ Down")
    assert "No statement yet" not in page.text
    assert {"href": "/incidents/1"} in page.all("a")


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (Limits(5 * MINUTE, 10 * MINUTE), "Degraded after 5 min of silence, down after 10 min."),
        (Limits(10 * MINUTE, 10 * MINUTE), "Down after 10 min of silence."),
        (
            Limits(10 * MINUTE, 15 * MINUTE, 5 * MINUTE),
            "A heartbeat is expected every 5 min; degraded after 10 min of silence, down after 15 min.",
        ),
        (
            Limits(10 * MINUTE, 10 * MINUTE, 5 * MINUTE),
            "A heartbeat is expected every 5 min; down after 10 min of silence.",
        ),
    ],
)
def test_silence_is_judged_in_words(db: store.Store, clock: Clock, limits: Limits, said: str) -> None:
    world = World(db, clock, config((monitor(limits=limits),)))
    assert said in get(world).text
    assert said in twin(world)


def test_a_loop_that_stands_still_knows_only_what_was(young: World) -> None:
    young.run(2)
    young.clock.now += HOUR
    page = get(young)
    assert page.one("title") == "? Unknown: Job – Acme"
    assert "Status unknown last known state: Up" in page.text
    assert "last measured 30 Sep 2026, 13:28 CEST, 1 h ago" in page.text
    assert 'class="icon up"' not in re.split('<h2 id="uptime"', page.html)[0].split("</svg>", 1)[1]
    assert page.all("template") == []
    assert "**Status unknown**; last known state: Up" in twin(young)


def test_the_page_brings_what_it_becomes_when_nobody_measures(young: World) -> None:
    young.run(2)
    html = get(young).html
    (spare,) = re.findall(r'<template id="unknown" data-title="([^"]*)" data-icon="([^"]*)">', html)
    assert spare[0] == "? Unknown: Job – Acme"
    assert spare[1].startswith("/static/no_data.svg?v=")
    inside = re.search(r"<template.*?</template>", html, re.DOTALL)[0]
    assert 'id="banner"' in inside
    assert "Status unknown" in inside
    assert 'class="card banner no_data"' in inside


def test_what_waits_shows_the_call_without_the_secret(db: store.Store, clock: Clock) -> None:
    world = World(db, clock, config((monitor(secret="hunter2"),), site=SITE))
    page = get(world)
    assert "Waiting for the first heartbeat" in page.text
    assert page.texts["pre"][:1] == ["curl -fsS https://status.acme.example/heartbeat/job:<secret>"]
    assert page.text.count("no data yet") >= 5
    assert "0%" not in page.text.replace('width="100%"', ""), "but in what can be copied"
    assert calendar_links(page) == []
    text = twin(world)
    assert "curl -fsS https://status.acme.example/heartbeat/job:<secret>" in text
    assert "hunter2" not in page.html + text


# ---- figures and the calendar ----------------------------------------------------------------


def test_figures_come_with_the_length_of_what_was_bad(db: store.Store, clock: Clock) -> None:
    page = get(year(db, clock))
    for said in (
        "24 hours 100%no downtime",
        "30 days 100%no downtime",
        "90 days 99.966%43 min down",
        "365 days 99.991%43 min down",
    ):
        assert said in page.text


@pytest.mark.parametrize(("days", "is_told"), [(364, False), (365, True)])
def test_a_year_is_told_if_it_is_kept(db: store.Store, clock: Clock, days: int, is_told: bool) -> None:
    world = year(db, clock, retention=Retention(days=days))
    assert ("365 days" in get(world).text) == is_told
    assert ("365 days" in twin(world)) == is_told


def test_the_calendar_leads_to_each_day_of_twelve_months(db: store.Store, clock: Clock) -> None:
    page = get(year(db, clock))
    links = calendar_links(page)
    first = date(2025, 10, 1)
    assert [a["href"][-10:] for a in links] == [
        (first + timedelta(days=n)).isoformat() for n in range((date(2026, 9, 30) - first).days + 1)
    ]
    named = {a["href"][-10:]: (a["class"], a["aria-label"]) for a in links}
    assert named["2026-08-21"] == ("down", "21 Aug 2026: Down, 43 min")
    assert named["2026-03-14"] == ("degraded", "14 Mar 2026: Degraded, 2 h")
    assert named["2026-09-30"] == ("up", "30 Sep 2026: Up")


def test_what_is_not_up_has_a_shape_of_its_own(db: store.Store, clock: Clock) -> None:
    html = get(year(db, clock)).html
    cell = re.search(r'<a class="down" href="/monitors/job/2026-08-21"[^>]*>(.*?)</a>', html)
    assert cell[1] == '<svg class="icon down" aria-hidden="true"><use href="#down"/></svg>'


@pytest.mark.parametrize(("retention", "begun", "first"), [(60, 400, "2026-08-02"), (400, 3, "2026-09-27")])
def test_the_calendar_begins_with_what_is_known(
    db: store.Store, clock: Clock, retention: int, begun: int, first: str
) -> None:
    world = lived(
        db,
        clock,
        (NOW - begun * DAY, Status.UP),
        since=NOW - 400 * DAY,
        retention=Retention(days=retention),
    )
    links = calendar_links(get(world))
    assert links[0]["href"].endswith(first)
    app = client(world)
    assert {app.get(a["href"]).status_code for a in links} == {200}


# ---- outages ---------------------------------------------------------------------------------


def flapping(db: store.Store, clock: Clock, days: int = 400) -> World:
    """Down for a minute each hour of the last days."""
    changes = [(NOW - days * DAY, Status.UP)]
    for hour in range(1, 24 * days):
        started = NOW - days * DAY + hour * HOUR
        changes += [(started, Status.DOWN), (started + MINUTE, Status.UP)]
    return lived(db, clock, *changes, since=NOW - days * DAY)


def rows(page: Page) -> list[list[str]]:
    """The cells of the table of spans."""
    (table,) = re.findall(r'<table class="broad">.*?</table>', page.html, re.DOTALL)
    plain = re.sub(r"<(?!/?t[rd])[^>]*>", "", table)
    return [
        [" ".join(cell.split()) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)]
        for row in re.findall(r"<tr><td.*?</tr>", plain, re.DOTALL)
    ]


def test_an_outage_says_from_when_to_when(db: store.Store, clock: Clock) -> None:
    page = get(year(db, clock))
    assert rows(page) == [["Down", "21 Aug 2026, 13:41 CEST", "21 Aug 2026, 14:24 CEST", "43 min", ""]]


def test_an_outage_that_lasts_has_no_end(db: store.Store, clock: Clock) -> None:
    world = lived(db, clock, (NOW - DAY, Status.UP), (NOW - HOUR, Status.DOWN), since=NOW - DAY)
    assert rows(get(world)) == [["Down", "30 Sep 2026, 12:41 CEST", "ongoing", "1 h so far", ""]]


def test_the_newest_outages_of_many_are_shown(db: store.Store, clock: Clock) -> None:
    page = get(flapping(db, clock, 10))
    assert len(rows(page)) == 50
    assert "The newest 50 of 239" in page.text
    assert {"href": "/monitors/job?month=2026-09#outages"} in page.all("a")


def test_a_month_is_told_by_its_own_address(db: store.Store, clock: Clock) -> None:
    world = year(db, clock)
    page = get(world, "/monitors/job?month=2026-03")
    assert "Outages in March 2026" in page.text
    assert [row[0] for row in rows(page)] == ["Degraded"]
    assert {"rel": "prev", "href": "/monitors/job?month=2026-02#outages"} in page.all("a")
    assert {"rel": "next", "href": "/monitors/job?month=2026-04#outages"} in page.all("a")
    assert "Outages in March 2026" in twin(world, "/monitors/job.md?month=2026-03")
    assert '<table class="broad">' not in get(world, "/monitors/job?month=2026-04").html


def test_turning_months_ends_at_the_first_data_and_at_the_present(db: store.Store, clock: Clock) -> None:
    world = lived(db, clock, (NOW - 40 * DAY, Status.UP), since=NOW - 300 * DAY)
    newest = get(world, "/monitors/job?month=2026-09")
    assert [a["rel"] for a in newest.all("a") if "rel" in a] == ["prev"]
    oldest = get(world, "/monitors/job?month=2026-08")
    assert [a["rel"] for a in oldest.all("a") if "rel" in a] == ["next"]
    get(world, "/monitors/job?month=2026-07", 404)
    get(world, "/monitors/job?month=2026-10", 404)


def test_an_outage_over_the_end_of_a_month_is_whole_in_both(db: store.Store, clock: Clock) -> None:
    began = NOW - 61 * DAY  # 31 Jul
    world = lived(
        db,
        clock,
        (NOW - 100 * DAY, Status.UP),
        (began, Status.DOWN),
        (began + 3 * DAY, Status.UP),
        since=NOW - 100 * DAY,
    )
    july, august = (rows(get(world, f"/monitors/job?month=2026-{month}")) for month in ("07", "08"))
    assert july == august == [["Down", "31 Jul 2026, 13:41 CEST", "3 Aug 2026, 13:41 CEST", "3 d", ""]]


def test_an_outage_from_before_all_windows_keeps_its_beginning(db: store.Store, clock: Clock) -> None:
    world = lived(
        db,
        clock,
        (NOW - 700 * DAY, Status.UP),
        (NOW - 600 * DAY, Status.DOWN),
        since=NOW - 700 * DAY,
        retention=Retention(days=90),
    )
    assert rows(get(world)) == [["Down", "7 Feb 2025, 12:41 CET", "ongoing", "600 d so far", ""]]


@pytest.mark.parametrize(
    "month",
    [
        "",
        "x",
        "2026-9",
        "2026-13",
        "2026-00",
        "0000-01",
        "9999-12",
        "٢٠٢٦-٠٩",
        "2026-09-01",
        "2026-09%00",
        "-1",
    ],
)
def test_an_odd_month_is_not_found(db: store.Store, clock: Clock, month: str) -> None:
    world = year(db, clock)
    app = client(world)
    answer = app.get(f"/monitors/job?month={month}")
    assert answer.status_code == 404
    assert answer.data == app.get("/monitors/nope").data


def incident(title: str, started: Instant, resolved: Instant | None, **fields) -> Incident:
    state = IncidentState.RESOLVED if resolved else IncidentState.INVESTIGATING
    given = {"monitors": ("job",), "publish_at": started} | fields
    return Incident(None, title, state, Severity.MAJOR, started, started, resolved, **given)


def test_the_reason_of_an_outage_is_the_incident_that_overlaps_it(db: store.Store, clock: Clock) -> None:
    world = year(db, clock)
    began = NOW - 40 * DAY
    for each in (
        incident("Slow disk", began - HOUR, began + 10 * MINUTE),
        incident("Job is down", began, began + 43 * MINUTE, opened_for="job"),
        incident("Draft", began, began + 43 * MINUTE, publish_at=None),
        incident("Long ago", began - DAY, began),
    ):
        world.db.write(lambda db, each=each: store.add_incident(db, each, "text"))
    page = get(world)
    assert rows(page)[0][4] == "Job is down"
    assert "Draft" not in page.text
    assert "[Job is down](https://status.acme.example/incidents/2.md)" in twin(world)


def test_a_long_list_of_incidents_says_how_many_there_are(db: store.Store, clock: Clock) -> None:
    world = year(db, clock)
    for n in range(30):
        each = incident(f"Trouble {n}", NOW - n * DAY - HOUR, NOW - n * DAY)
        world.db.write(lambda db, each=each: store.add_incident(db, each, "text"))
    page = get(world)
    assert "The newest 20 of 30" in page.text
    assert {"href": "/history?monitor=job"} in page.all("a")


# ---- all of it -------------------------------------------------------------------------------


def test_programs_find_their_addresses(db: store.Store, clock: Clock) -> None:
    page = get(year(db, clock))
    for address in (
        "/api/v1/monitors/job",
        "/monitors/job.md",
        "/monitors/job/feed.atom",
        "/monitors/job/feed.rss",
    ):
        assert {"href": address} in page.all("a")
        assert f"https://status.acme.example{address}" in page.text
    links = [(a["type"], a["href"]) for a in page.all("link") if a["rel"] == "alternate" and "type" in a]
    assert ("application/atom+xml", "/monitors/job/feed.atom") in links
    assert ("application/rss+xml", "/monitors/job/feed.rss") in links


def test_links_keep_the_language_and_the_prefix(db: store.Store, clock: Clock) -> None:
    answer = client(year(db, clock)).get(
        "/monitors/job?lang=de", environ_overrides={"SCRIPT_NAME": "/status"}
    )
    page = Page(answer.text)
    inside = [a["href"] for a in page.all("a") if "/monitors/job/2" in a["href"]]
    assert len(inside) > 365
    assert all(href.startswith("/status/") and href.endswith("?lang=de") for href in inside)


def test_hidden_and_unknown_are_the_same_bytes(db: store.Store, clock: Clock) -> None:
    world = World(db, clock, config((monitor(), monitor("secret", is_hidden=True)), site=SITE))
    app = client(world)
    answers = {
        app.get(path).data
        for path in ("/monitors/secret", "/monitors/nope", "/monitors/secret?month=2026-01", "/monitors/%00")
    }
    assert len(answers) == 1


@pytest.mark.parametrize("path", ["/monitors/job", "/monitors/job.md", "/monitors/job?month=2026-09"])
def test_head_asks_as_get_does(db: store.Store, clock: Clock, path: str) -> None:
    app = client(year(db, clock))
    head, whole = app.head(path), app.get(path)
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["ETag"] == whole.headers["ETag"]


def test_hostile_words_are_only_words(db: store.Store, clock: Clock) -> None:
    bad = monitor(description=HOSTILE, external_url="https://x.example/<>")
    world = year(db, clock, monitors=(type(bad)("job", HOSTILE, bad.limits, description=HOSTILE),))
    world.db.write(lambda db: store.add_incident(db, incident(HOSTILE, NOW - 40 * DAY, None), "text"))
    page = get(world)
    assert "<script>" not in page.html
    text = twin(world)
    assert "\u202e" not in text
    assert "](javascript" not in text
    assert not re.search(r"^# Up", text, re.MULTILINE)
    for line in text.splitlines():
        if line.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", line)) == 6


def test_a_page_of_nothing_but_trouble_is_still_light(db: store.Store, clock: Clock) -> None:
    page = get(flapping(db, clock, 380))
    assert len([a for a in calendar_links(page) if a["class"] == "down"]) == 365
    assert len(gzip.compress(page.html.encode(), 6)) <= 12_000


def test_the_twin_tells_the_same(db: store.Store, clock: Clock) -> None:
    text = twin(year(db, clock))
    for line in (
        "# Job",
        "- 90 days: 99.966%, 43 min down",
        "- [21 Aug 2026](https://status.acme.example/monitors/job/2026-08-21.md): Down, 43 min",
        "- [14 Mar 2026](https://status.acme.example/monitors/job/2026-03-14.md): Degraded, 2 h",
        "| Down | 21 Aug 2026, 13:41 CEST | 21 Aug 2026, 14:24 CEST | 43 min |  |",
        "Days and times are those of Europe/Berlin.",
    ):
        assert line in text.splitlines()
    assert "\n\n\n\n" not in text
