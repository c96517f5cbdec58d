"""The page that says how to subscribe, its twin, and what programs find in the head of each page."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from conftest import Clock, config, monitor
from conftest import World as Minutes
from flask.testing import FlaskClient
from page import Page

from kener_py import store, web
from kener_py.model import Server, Site

BASE = "https://status.acme.example"
SITE = Site(title="Acme", url=BASE)
HOSTILE = "<script>alert(1)</script>\u202e](x) `" + "x" * 10_000


class World(Minutes):
    def __init__(self, db: store.Store, clock: Clock, site: Site = SITE, **sections: Any) -> None:
        tags = (monitor("job"), monitor("mail"), monitor("secret", is_hidden=True))
        super().__init__(db, clock, config(tags, site=site, **sections))
        self.client: FlaskClient = web.create(self.service).test_client()

    def page(self, path: str = "/subscribe", **headers: str) -> Page:
        answer = self.client.get(path, headers=headers)
        assert answer.status_code == 200
        return Page(answer.get_data(as_text=True))


@pytest.fixture
def world(db: store.Store, clock: Clock) -> World:
    return World(db, clock)


def test_every_address_is_there_to_be_copied(world: World) -> None:
    page = world.page()
    fields = page.all("input")
    assert [field["value"] for field in fields] == [
        f"{BASE}/history.atom",
        f"{BASE}/history.rss",
        f"{BASE}/feed.json",
        f"{BASE}/updates.atom",
        f"/feed subscribe {BASE}/updates.atom",
        f"{BASE}/updates.atom",
        f"{BASE}/maintenance.ics",
        "webcal://status.acme.example/maintenance.ics",
        f"{BASE}/api/v1/monitors",
        f"{BASE}/api/v1/incidents",
        f"{BASE}/api/v1/maintenances",
        f"{BASE}/status.txt",
        f"{BASE}/llms.txt",
        f"{BASE}/openapi.json",
    ]
    labels = {attributes.get("id") for _, attributes in page.tags}
    for field in fields:
        assert "readonly" in field
        assert field["aria-labelledby"] in labels
    assert "no cookie" in page.text
    assert page.all("form") == page.all("button") == []


def test_every_section_has_a_name(world: World) -> None:
    page = world.page()
    ids = {attributes["id"] for tag, attributes in page.tags if tag == "h2"}
    assert {section["aria-labelledby"] for section in page.all("section")} == ids


def test_one_click_adds_the_calendar(world: World) -> None:
    assert {"href": "webcal://status.acme.example/maintenance.ics"} in world.page().all("a")


def test_each_public_monitor_has_its_feeds(world: World) -> None:
    page = world.page()
    links = [link["href"] for link in page.all("a")]
    for tag in ("job", "mail"):
        for place in (
            f"/monitors/{tag}",
            *(f"/monitors/{tag}/feed.{form}" for form in ("atom", "rss", "json")),
        ):
            assert place in links
            assert world.client.get(place).status_code == 200
        assert f"/maintenance.ics?monitor={tag}" in links
    assert "secret" not in page.html.lower()
    assert "Feeds of 2 monitors" in page.text


def test_a_site_without_monitors_speaks_of_none(world: World) -> None:
    world.service.reload(replace(world.service.config, monitors={}, rules=()))
    assert "One monitor only" not in world.page().text


@pytest.mark.parametrize("path", ["/subscribe", "/subscribe.md"])
def test_without_an_address_it_says_whose_the_addresses_are(db: store.Store, clock: Clock, path: str) -> None:
    world = World(db, clock, site=Site(), server=Server(port=4711))
    text = world.client.get(path, headers={"Host": "evil.example"}).text
    assert "evil" not in text
    assert "http://127.0.0.1:4711/history.atom" in text
    assert "site.url" in text
    assert "site.url" not in World(db, clock).client.get(path).text


def test_the_twin_has_the_same_addresses(world: World) -> None:
    answer = world.client.get("/subscribe.md")
    assert answer.mimetype == "text/markdown"
    for field in world.page().all("input"):
        assert field["value"] in answer.text
    assert f"- Job: [Atom]({BASE}/monitors/job/feed.atom), [RSS]" in answer.text
    assert "\n\n\n" not in answer.text
    assert "secret" not in answer.text.lower()
    terminal = world.client.get("/subscribe", headers={"User-Agent": "curl/8.0", "Accept": "*/*"})
    assert (terminal.mimetype, terminal.data) == ("text/plain", answer.data)


@pytest.mark.parametrize(
    "path", ["/subscribe", "/subscribe?lang=ar", "/subscribe?lang=xx&page=-1", "/subscribe.md"]
)
def test_hostile_names_are_nothing_but_names(world: World, path: str) -> None:
    tags = {tag: replace(each, name=HOSTILE) for tag, each in world.service.config.monitors.items()}
    world.service.reload(replace(world.service.config, monitors=tags))
    text = world.client.get(path).text
    assert "<script>alert" not in text.replace("\\<script", "")
    if path.endswith(".md"):
        assert "\u202e" not in text
        assert "](x)" not in text
    else:
        Page(text)


@pytest.mark.parametrize("path", ["/", "/subscribe", "/monitors/job"])
def test_readers_find_the_feeds_in_every_page(world: World, path: str) -> None:
    found = {link.get("type"): link for link in world.page(path).all("link") if link["rel"] == "alternate"}
    for kind, href in (
        ("application/atom+xml", "/history.atom"),
        ("application/rss+xml", "/history.rss"),
        ("application/feed+json", "/feed.json"),
        ("text/calendar", "/maintenance.ics"),
    ):
        assert found[kind]["href"] == href
        assert found[kind]["title"]
        answer = world.client.get(href)
        assert answer.content_type.startswith(kind)


def test_below_a_prefix_readers_find_them_too(world: World) -> None:
    text = world.client.get("/subscribe", environ_overrides={"SCRIPT_NAME": "/status"}).text
    assert 'href="/status/history.atom"' in text
    assert 'href="/history.atom"' not in text
