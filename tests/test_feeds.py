"""Feeds: what is in them, what never is, under which name, and that readers can read them."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import feedparser
import pytest
from conftest import Clock, T, config, monitor
from conftest import World as Minutes
from flask.testing import FlaskClient
from jsonfeed import problems
from werkzeug.test import TestResponse

from kener_py import maintenance, store, web
from kener_py.model import (
    DAY,
    HOUR,
    MINUTE,
    Incident,
    IncidentState,
    Maintenance,
    MaintenancePlan,
    MaintenanceState,
    Server,
    Severity,
    Site,
)
from kener_py.service import incidents

ATOM = "{http://www.w3.org/2005/Atom}"
SITE = Site(title="Acme", url="https://status.acme.example", timezone="Europe/Berlin")
HOSTILE = "a\u202eb\u0085c\ufffe ]]> <script>alert(1)</script> &amp; \"'" + "x" * 100

ALIASES = {
    "/history.atom": ["/feed.atom", "/feed/atom"],
    "/history.rss": ["/feed.rss", "/feed/rss", "/rss.xml", "/index.xml"],
    "/feed.json": ["/feed/json"],
    "/updates.atom": [],
    "/monitors/job/feed.atom": [],
    "/monitors/job/feed.rss": ["/monitors/job/rss.xml"],
    "/monitors/job/feed.json": [],
}
EVERY = [*ALIASES, *(alias for aliases in ALIASES.values() for alias in aliases)]
XML = [path for path in EVERY if "json" not in path]
CALENDARS = ["/maintenance.ics", "/maintenance.ics?monitor=job"]


class World(Minutes):
    def __init__(self, db: store.Store, clock: Clock, site: Site = SITE, **sections: Any) -> None:
        tags = (monitor("job"), monitor("mail"), monitor("secret", is_hidden=True))
        super().__init__(db, clock, config(tags, site=site, **sections))
        self.client: FlaskClient = web.create(self.service).test_client()

    def tell(self, title: str = "Slow", text: str = "We look.", **of: Any) -> Incident:
        return self.service.change(lambda db, given, at: incidents.create(db, given, title, text, at, **of))

    def add(self, told: Incident, text: str, state: IncidentState | None = None) -> None:
        assert told.id is not None
        number = told.id
        self.service.change(lambda db, given, at: incidents.update(db, number, text, at, state=state))

    def plan(
        self, title: str = "Swap", start: int = T + DAY, length: int = HOUR, tags: Sequence[str] = ("job",)
    ) -> Maintenance:
        return self.service.add_maintenance(title, start, start + length, tags, "With **care**.")

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, headers={name.replace("_", "-"): v for name, v in headers.items()})

    def text(self, path: str) -> str:
        answer = self.get(path)
        assert answer.status_code == 200, path
        return answer.get_data(as_text=True)

    def read(self, path: str) -> Any:
        """As a feed reader has it."""
        found = feedparser.parse(self.get(path).data)
        assert not found.bozo, found.get("bozo_exception")
        return found

    def ids(self, path: str) -> list[str]:
        if path.endswith("json"):
            return [item["id"] for item in json.loads(self.text(path))["items"]]
        return [entry.id for entry in self.read(path).entries]

    def reload(self, **fields: Any) -> None:
        self.service.reload(replace(self.service.config, **fields))


@pytest.fixture
def world(db: store.Store, clock: Clock) -> World:
    return World(db, clock)


# ---- Atom ------------------------------------------------------------------------------------


def test_atom_has_the_frame_that_readers_of_statuspage_know(world: World) -> None:
    told = world.tell("Slow checkout", "We **look**.", severity=Severity.MINOR, monitors=["job"])
    world.clock.now += 11 * MINUTE
    world.add(told, "A slow query.", IncidentState.IDENTIFIED)
    answer = world.get("/history.atom")
    assert answer.content_type == "application/atom+xml; charset=utf-8"
    feed = world.read("/history.atom")
    assert feed.version == "atom10"
    assert (feed.feed.id, feed.feed.language) == ("tag:status.acme.example,2005:/history", "en")
    assert (feed.feed.title, feed.feed.author) == ("Acme - Incident history", "Acme")
    assert feed.feed.updated == "2026-01-01T00:11:00.000Z"
    links = {link.rel: (link.type, link.href) for link in feed.feed.links}
    assert links == {
        "alternate": ("text/html", "https://status.acme.example/"),
        "self": ("application/atom+xml", "https://status.acme.example/history.atom"),
    }
    (entry,) = feed.entries
    assert entry.id == "tag:status.acme.example,2005:Incident/1"
    assert entry.link == "https://status.acme.example/incidents/1"
    assert (entry.published, entry.updated) == ("2026-01-01T00:00:00.000Z", "2026-01-01T00:11:00.000Z")
    assert entry.title == "Slow checkout"
    assert [(tag.term, tag.label) for tag in entry.tags] == [("minor", "Minor")]


def test_an_entry_has_its_updates_newest_first_as_statuspage_writes_them(world: World) -> None:
    told = world.tell("Slow checkout", "We **look**.\n\n- a\n- b", monitors=["job"])
    world.clock.now += 11 * MINUTE
    world.add(told, "- a list", IncidentState.IDENTIFIED)
    tree = ElementTree.fromstring(world.text("/history.atom"))
    content = tree.find(f"{ATOM}entry/{ATOM}content")
    assert content is not None
    assert content.get("type") == "html"
    assert content.text == (
        '<p><small><time datetime="2026-01-01T00:11:00Z">1 Jan 2026, 01:11 CET</time></small><br>'
        "<strong>Identified</strong> - </p>\n<ul>\n<li>a list</li>\n</ul>\n"
        '<p><small><time datetime="2026-01-01T00:00:00Z">1 Jan 2026, 01:00 CET</time></small><br>'
        "<strong>Investigating</strong> - We <strong>look</strong>.</p>\n"
        "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n"
        "<p><small>Affected: Job</small></p>\n"
    )


def test_an_incident_keeps_its_entry_while_it_changes(world: World) -> None:
    told = world.tell()
    first = world.ids("/history.atom")
    world.clock.now += MINUTE
    world.add(told, "Done.", IncidentState.RESOLVED)
    assert world.ids("/history.atom") == first
    assert world.read("/history.atom").entries[0].updated == "2026-01-01T00:01:00.000Z"


def test_the_feed_of_updates_has_a_new_name_for_each(world: World) -> None:
    told = world.tell("Slow")
    seen = [world.ids("/updates.atom")]
    for state in (None, IncidentState.IDENTIFIED, IncidentState.RESOLVED):
        world.clock.now += MINUTE
        world.add(told, "More.", state)
        seen.append(world.ids("/updates.atom"))
    assert [len(each) for each in seen] == [1, 2, 3, 4]
    assert all(later[1:] == earlier for earlier, later in pairwise(seen))
    assert len(set(seen[-1])) == 4
    newest, *_, oldest = world.read("/updates.atom").entries
    assert (newest.title, oldest.title) == ("Resolved: Slow", "Investigating: Slow")
    assert newest.link == f"https://status.acme.example/incidents/{told.id}#u4"
    assert (newest.published, oldest.published) == ("2026-01-01T00:03:00.000Z", "2026-01-01T00:00:00.000Z")


# ---- RSS -------------------------------------------------------------------------------------


def test_rss_has_dates_in_gmt_and_permanent_links(world: World) -> None:
    told = world.tell("Slow", severity=Severity.CRITICAL)
    world.clock.now += MINUTE
    world.add(told, "Done.", IncidentState.RESOLVED)
    assert world.get("/history.rss").content_type == "application/rss+xml; charset=utf-8"
    feed = world.read("/history.rss")
    assert feed.version == "rss20"
    assert feed.feed.updated == "Thu, 01 Jan 2026 00:01:00 GMT"
    assert (feed.feed.language, feed.feed.ttl) == ("en", "5")
    assert {link.rel: link.href for link in feed.feed.links}["self"] == f"{SITE.url}/history.rss"
    (entry,) = feed.entries
    assert entry.published == "Thu, 01 Jan 2026 00:00:00 GMT"
    assert entry.id == entry.link == f"{SITE.url}/incidents/1"
    assert f'<guid isPermaLink="true">{entry.link}</guid>' in world.text("/history.rss")
    assert [tag.term for tag in entry.tags] == ["Critical"]
    assert re.search("<strong>(.*?)</strong>", entry.description)[1] == "Resolved"  # type: ignore[index]


# ---- JSON Feed -------------------------------------------------------------------------------


def test_json_feed_has_what_the_format_asks_for(world: World) -> None:
    world.tell("Slow", monitors=["job", "secret"], severity=Severity.MAJOR)
    window = world.plan()
    answer = world.get("/feed.json")
    assert answer.mimetype == "application/feed+json"
    feed = answer.get_json(force=True)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["title"] == "Acme - Incident history"
    assert feed["home_page_url"] == f"{SITE.url}/"
    assert feed["feed_url"] == f"{SITE.url}/feed.json"
    assert feed["authors"] == [{"name": "Acme", "url": f"{SITE.url}/"}]
    assert feed["language"] == "en"
    assert len({item["id"] for item in feed["items"]}) == len(feed["items"]) == 2
    for item in feed["items"]:
        assert isinstance(item["id"], str)
        assert item["url"].startswith("https://")
        assert item["content_html"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", item["date_published"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", item["date_modified"])
        assert all(isinstance(tag, str) for tag in item["tags"])
        assert all(key.startswith("_") or key in item for key in item)
    told, planned = sorted(feed["items"], key=lambda item: item["url"])
    assert told["tags"] == ["major"]
    assert told["_kener"] == {"state": "INVESTIGATING", "impact": "major", "affected": ["job"]}
    assert planned["url"] == f"{SITE.url}/maintenances/{window.id}"
    assert planned["_kener"] == {"state": "SCHEDULED", "impact": "maintenance", "affected": ["job"]}


def test_a_logo_elsewhere_is_the_icon_and_one_of_ours_is_not(world: World) -> None:
    assert "icon" not in json.loads(world.text("/feed.json"))
    world.reload(site=replace(SITE, logo="https://acme.example/logo.png"))
    assert json.loads(world.text("/feed.json"))["icon"] == "https://acme.example/logo.png"
    assert world.read("/history.atom").feed.logo == "https://acme.example/logo.png"
    world.reload(site=replace(SITE, logo="/logo.png"))
    assert "icon" not in json.loads(world.text("/feed.json"))


@pytest.mark.parametrize("path", [path for path in EVERY if "json" in path])
def test_a_json_feed_keeps_all_rules_of_the_format(world: World, path: str) -> None:
    assert problems(json.loads(world.text(path))) == []
    told = world.tell("<b> &amp; ]]>", "<script>alert(1)</script> **now**", monitors=["job"])
    world.tell("x", monitors=["job"], severity=Severity.CRITICAL)
    world.clock.now += 999
    world.add(told, "Done.", IncidentState.RESOLVED)
    world.plan(HOSTILE)
    world.reload(site=replace(SITE, logo="https://acme.example/logo.png", language="de"))
    feed = json.loads(world.text(path))
    assert len(feed["items"]) == 3
    assert problems(feed) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"version": "https://jsonfeed.org/version/1"}, "version: "),
        ({"titel": "Acme"}, ": 'titel' does not match"),
        ({"items": [{"id": 1, "content_text": ""}]}, "items/0/id: "),
        ({"items": [{"id": "1"}]}, "items/0: "),
        ({"items": [{"id": "1", "content_text": ""}] * 2}, "items: two have the same id"),
        ({"items": [{"id": "1", "content_text": "", "date_published": "2026-01-01 00:00"}]}, "items/0/date"),
        ({"items": [{"id": "1", "content_text": "", "_kener": "x"}]}, "items/0/_kener: "),
        ({"feed_url": "/feed.json"}, "feed_url: "),
        ({"authors": [{}]}, "authors/0: "),
    ],
)
def test_the_rules_of_the_format_refuse_what_is_wrong(change: dict[str, Any], expected: str) -> None:
    good: dict[str, Any] = {"version": "https://jsonfeed.org/version/1.1", "title": "Acme", "items": []}
    assert problems(good) == []
    (found,) = problems(good | change)
    assert found.startswith(expected)


# ---- maintenance -----------------------------------------------------------------------------


def test_maintenance_is_told_from_its_announcement_on(world: World) -> None:
    window = world.plan(start=T + 30 * DAY)
    (entry,) = world.read("/history.atom").entries
    assert entry.id == f"tag:status.acme.example,2005:Maintenance/{window.id}"
    assert entry.published == "2026-01-01T00:00:00.000Z", "not its start: that lies in the future"
    assert entry.tags[0].term == "maintenance"
    html = entry.content[0].value
    assert "<strong>Scheduled</strong> - 31 Jan 2026, 01:00 CET to 31 Jan 2026, 02:00 CET</p>" in html
    assert "<p>With <strong>care</strong>.</p>" in html


def test_each_step_of_a_window_is_news(world: World) -> None:
    world.plan(start=T + HOUR)
    seen = []
    for at in (T, T + HOUR, T + 2 * HOUR):
        world.clock.now = at
        seen.append([entry.title for entry in world.read("/updates.atom").entries])
    assert seen[-1] == ["Completed: Swap", "In progress: Swap", "Scheduled: Swap"]
    assert seen[0] == seen[-1][2:]
    assert seen[1] == seen[-1][1:]
    assert world.read("/history.atom").feed.updated == "2026-01-01T02:00:00.000Z"


def test_new_times_of_a_window_are_news_and_new_words_are_not(world: World) -> None:
    window = world.plan()
    first = world.ids("/updates.atom")
    world.clock.now += MINUTE
    world.service.update_maintenance(replace(window, description="Other words"))
    assert world.ids("/updates.atom") == first
    assert "Other words" in world.text("/updates.atom")
    world.service.update_maintenance(replace(window, end=window.end + HOUR))
    assert world.ids("/updates.atom") != first
    assert len(world.ids("/history.atom")) == 1


def test_a_cancelled_window_says_so(world: World) -> None:
    window = world.plan()
    scheduled = world.ids("/updates.atom")
    world.clock.now += MINUTE
    world.service.cancel_maintenance(window.id or 0)
    newest, *rest = world.read("/updates.atom").entries
    assert newest.title == "Cancelled: Swap"
    assert [entry.id for entry in rest] == scheduled


def test_an_hourly_plan_leaves_room_for_all_else(world: World) -> None:
    plan = MaintenancePlan("Restart", frozenset({"job"}), schedule="0 * * * *", duration=10 * MINUTE)
    told = world.tell()
    world.reload(maintenances=(plan,))
    world.clock.now += DAY
    found = [entry.title for entry in world.read("/history.atom").entries]
    assert sorted(found) == ["Restart", "Restart", "Slow"]
    assert f"Incident/{told.id}" in world.text("/history.atom")


def window(**of: Any) -> Maintenance:
    given = {"id": 1, "title": "x", "start": T + HOUR, "end": T + 2 * HOUR, "monitors": ("job",)}
    return Maintenance(**(given | {"created": T, "updated": T} | of))  # type: ignore[arg-type]


S = MaintenanceState


@pytest.mark.parametrize(
    ("given", "at", "expected"),
    [
        ({}, T, [(S.SCHEDULED, T)]),
        ({"updated": T + MINUTE}, T + MINUTE, [(S.SCHEDULED, T + MINUTE)]),
        ({}, T + HOUR, [(S.ONGOING, T + HOUR), (S.SCHEDULED, T)]),
        ({"updated": T + 61 * MINUTE}, T + 61 * MINUTE, [(S.ONGOING, T + HOUR), (S.SCHEDULED, T)]),
        ({}, T + DAY, [(S.COMPLETED, T + 2 * HOUR), (S.ONGOING, T + HOUR), (S.SCHEDULED, T)]),
        ({"start": T}, T, [(S.ONGOING, T)]),
        ({"start": T - DAY, "end": T - HOUR}, T, [(S.COMPLETED, T - HOUR), (S.ONGOING, T - DAY)]),
        ({"cancelled": T + 1, "updated": T + 1}, T + 2, [(S.CANCELLED, T + 1), (S.SCHEDULED, T)]),
        (
            {"cancelled": T + HOUR + 1, "updated": T + HOUR + 1},
            T + DAY,
            [(S.CANCELLED, T + HOUR + 1), (S.ONGOING, T + HOUR), (S.SCHEDULED, T)],
        ),
        ({"start": T - MINUTE, "created": T}, T - HOUR, [(S.SCHEDULED, T)]),  # the clock was set back
    ],
)
def test_the_course_of_a_window(given: dict[str, int], at: int, expected: list[tuple[S, int]]) -> None:
    found = maintenance.course(window(**given), at)
    assert list(found) == expected
    assert found[0][0] is maintenance.state(window(**given), at)


# ---- what is never in one --------------------------------------------------------------------


@pytest.mark.parametrize("path", [*EVERY, *CALENDARS])
def test_drafts_and_what_is_hidden_are_in_none(world: World, path: str) -> None:
    world.tell("Shown", monitors=["job"])
    world.plan("Shown window")
    before = world.text(path)
    world.tell("Unseen draft", is_draft=True, monitors=["job"])
    world.tell("Unseen trouble", monitors=["secret"])
    world.plan("Unseen window", tags=["secret"])
    assert world.text(path) == before
    world.tell("Both", monitors=["job", "secret"])
    world.plan("Both windows", tags=["job", "secret"])
    after = world.text(path)
    assert "Both" in after
    assert "secret" not in after.lower()


@pytest.mark.parametrize("ending", ["feed.atom", "feed.rss", "feed.json", "rss.xml"])
def test_a_hidden_monitor_has_no_feed_like_one_that_never_was(world: World, ending: str) -> None:
    hidden, never = (world.get(f"/monitors/{tag}/{ending}") for tag in ("secret", "never"))
    assert (hidden.status_code, hidden.data, hidden.headers) == (404, never.data, never.headers)


def test_the_feed_of_a_monitor_is_about_it_alone(world: World) -> None:
    world.tell("Of job", monitors=["job"])
    world.tell("Of mail", monitors=["mail"])
    world.plan("Window of mail", tags=["mail"])
    feed = world.read("/monitors/job/feed.atom")
    assert [entry.title for entry in feed.entries] == ["Of job"]
    assert (feed.feed.title, feed.feed.link) == ("Acme - Job", f"{SITE.url}/monitors/job")
    assert feed.feed.id == "tag:status.acme.example,2005:/monitors/job"
    assert len(world.ids("/monitors/mail/feed.json")) == 2


def test_a_draft_is_news_when_it_is_published(world: World) -> None:
    told = world.tell(is_draft=True)
    world.clock.now += HOUR
    world.service.change(lambda db, given, at: incidents.publish(db, told.id or 0, at))
    assert world.read("/history.atom").feed.updated == "2026-01-01T01:00:00.000Z"
    (update,) = world.read("/updates.atom").entries
    assert update.published == "2026-01-01T01:00:00.000Z"


@pytest.mark.parametrize("path", ALIASES)
def test_at_most_fifty_are_told_and_the_one_that_changed_last_comes_first(world: World, path: str) -> None:
    first = world.tell("Oldest", monitors=["job"])
    for number in range(60):
        world.clock.now += MINUTE
        world.tell(f"Incident {number}", monitors=["job"])
    assert len(world.ids(path)) == 50
    assert "Oldest" not in world.text(path)
    world.clock.now += MINUTE
    world.add(first, "It goes on.")
    assert "Oldest" in world.text(path)
    assert "Incident/1" in world.ids(path)[0] or "incidents/1" in world.ids(path)[0]


@pytest.mark.parametrize("path", EVERY)
def test_a_feed_without_news_is_a_feed(world: World, path: str) -> None:
    answer = world.get(path)
    assert answer.status_code == 200
    assert "Last-Modified" not in answer.headers
    assert world.ids(path) == []


# ---- addresses and names ---------------------------------------------------------------------


@pytest.mark.parametrize("path", ALIASES)
def test_other_addresses_have_the_same_feed_which_names_its_own(world: World, path: str) -> None:
    world.tell(monitors=["job"])
    body = world.text(path)
    assert f"{SITE.url}{path}" in body
    for alias in ALIASES[path]:
        assert world.text(alias) == body


@pytest.mark.parametrize("path", EVERY)
def test_nothing_comes_from_the_host_header(db: store.Store, clock: Clock, path: str) -> None:
    world = World(db, clock, site=Site(), server=Server(host="0.0.0.0", port=4711))
    world.tell(monitors=["job"])
    answer = world.client.get(path, headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
    text = answer.get_data(as_text=True)
    assert "evil" not in text
    assert "http://localhost:4711/incidents/1" in text


@pytest.mark.parametrize(
    ("host", "expected"),
    [("192.0.2.1", "http://192.0.2.1:3000/"), ("2001:db8::1", "http://[2001:db8::1]:3000/")],
)
def test_without_an_address_links_lead_to_the_server(
    db: store.Store, clock: Clock, host: str, expected: str
) -> None:
    world = World(db, clock, site=Site(), server=Server(host=host))
    assert world.read("/history.atom").feed.link == expected


def test_a_site_without_an_address_has_a_name_that_stays(db: store.Store, clock: Clock) -> None:
    world = World(db, clock, site=Site())
    world.tell()
    (name,) = world.ids("/history.atom")
    assert uuid.UUID(name).version == 5
    assert name.startswith("urn:uuid:")
    world.restart()
    world.client = web.create(world.service).test_client()
    assert world.ids("/history.atom") == [name]
    assert world.read("/history.atom").feed.id != name


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://x.example/status", "tag:x.example,2005:status/Incident/1"),
        ("https://x.example:8443", "tag:x.example,2005:8443/Incident/1"),
        ("https://x.example:443", "tag:x.example,2005:Incident/1"),
        ("https://Bücher.example", "tag:xn--bcher-kva.example,2005:Incident/1"),
        ("http://[::1]:3000", "urn:uuid:"),
        ("https://" + "a" * 70 + ".example", "urn:uuid:"),
    ],
)
def test_a_name_is_unique_in_the_world(db: store.Store, clock: Clock, url: str, name: str) -> None:
    world = World(db, clock, site=Site(url=url))
    world.tell()
    (found,) = world.ids("/history.atom")
    assert found.startswith(name)
    assert name == "urn:uuid:" or found == name


def test_below_a_prefix_addresses_have_it_once(db: store.Store, clock: Clock) -> None:
    mounted = {"SCRIPT_NAME": "/status"}
    for site, base in ((Site(url="https://x.example/status"), "https://x.example/status"),
                       (Site(), "http://127.0.0.1:3000/status")):  # fmt: skip
        world = World(db, clock, site=site)
        text = world.client.get("/history.atom", environ_overrides=mounted).get_data(as_text=True)
        assert f'href="{base}/history.atom"' in text


# ---- hostile words ---------------------------------------------------------------------------


@pytest.mark.parametrize("path", XML)
def test_hostile_words_break_no_feed_and_run_nowhere(db: store.Store, clock: Clock, path: str) -> None:
    tags = (monitor("job"), monitor("mail"))
    world = World(db, clock, site=replace(SITE, title=HOSTILE, description=HOSTILE))
    world.reload(monitors={each.tag: replace(each, name=HOSTILE) for each in tags})
    world.db.write(
        lambda db: store.add_incident(
            db,
            Incident(
                None, HOSTILE + "\0\x1b[2J", IncidentState.INVESTIGATING, Severity.MINOR, T, T,
                publish_at=T, monitors=("job",),
            ),
            "\x00\x0b\x1b\ud7ff\ufffe\uffff ]]> <script>alert(1)</script> [a](javascript:alert(1))",
        )
    )  # fmt: skip
    world.plan("w" + HOSTILE)
    data = world.get(path).data
    tree = ElementTree.fromstring(data)
    assert len(list(tree.iter(f"{ATOM}entry")) + list(tree.iter("item"))) == 2
    text = data.decode()
    assert not re.search("[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]", text)
    assert "]]>" not in text
    for element in tree.iter():
        if element.tag.endswith("title"):
            assert not re.search("[\u202a-\u202e\u2066-\u2069\u0080-\u009f]", element.text or "")
        if element.tag in (f"{ATOM}content", "description"):
            assert "<script" not in (element.text or "") or element.text == tree.findtext(
                "channel/description"
            )
            assert 'href="javascript' not in (element.text or "")
    assert not feedparser.parse(data).bozo


def test_a_text_of_ten_thousand_characters_is_told_whole(world: World) -> None:
    world.tell(text="x" * 10_000)
    assert "x" * 10_000 in world.text("/history.rss")


# ---- HTTP ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*EVERY, *CALENDARS])
def test_who_has_it_already_is_told_so(world: World, path: str) -> None:
    world.tell(monitors=["job"])
    window = world.plan()
    answer = world.get(path)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"].startswith("public, max-age=")
    assert answer.headers["Last-Modified"] == "Thu, 01 Jan 2026 00:00:00 GMT"
    assert "Accept-Language" not in answer.headers.get("Vary", "")
    assert "Set-Cookie" not in answer.headers
    tag = answer.headers["ETag"]
    world.clock.now += MINUTE
    again = world.get(path, If_None_Match=tag)
    assert (again.status_code, again.data) == (304, b"")
    assert world.get(path, If_Modified_Since=answer.headers["Last-Modified"]).status_code == 304
    assert world.client.head(path).status_code == 200
    world.service.update_maintenance(replace(window, title="Other"))
    later = world.get(path, If_None_Match=tag)
    assert later.status_code == 200
    assert later.headers["Last-Modified"] == "Thu, 01 Jan 2026 00:01:00 GMT"
    assert world.get(path, If_Modified_Since=answer.headers["Last-Modified"]).status_code == 200


@pytest.mark.parametrize("path", [*EVERY, "/maintenance.ics"])
def test_a_feed_is_the_same_for_everybody(world: World, path: str) -> None:
    world.tell(monitors=["job"])
    world.plan()
    plain = world.get(path).data
    for other in (
        world.get(f"{path}?lang=de&x=%00"),
        world.get(path, Accept_Language="ar", Accept="text/html", User_Agent="curl/8"),
    ):
        assert (other.status_code, other.data) == (200, plain)


def test_a_feed_speaks_the_language_of_the_site(world: World) -> None:
    world.reload(site=replace(SITE, language="de"))
    world.tell()
    feed = world.read("/history.atom")
    assert feed.feed.language == "de"
    assert json.loads(world.text("/feed.json"))["language"] == "de"


def test_a_feed_of_a_busy_site_is_fast_enough_to_poll(world: World) -> None:
    def job(db: store.Database) -> None:
        for number in range(500):
            at = T - number * HOUR
            new = Incident(None, f"Incident {number}", IncidentState.INVESTIGATING, Severity.MINOR, at, at,
                           publish_at=at, monitors=("job",))  # fmt: skip
            store.add_incident(db, new, f"Text {number} " + "word " * 50)

    world.db.write(job)
    asked: list[str] = []
    db = world.db.read()
    db.conn.set_trace_callback(asked.append)
    try:
        world.text("/history.atom")
    finally:
        db.conn.set_trace_callback(None)
    assert 100 < len(asked) <= 120, "it reads as many incidents as it tells"
