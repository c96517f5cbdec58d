"""What is kept: given out without a render, never older than what it shows, and Flask's own answer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import past
import pytest
import served
from conftest import World, short_store, tries
from flask import Flask, template_rendered
from hypothesis import given, settings
from hypothesis import strategies as st
from past import NOW, job, tell, window, world
from secretive import FORMS, KEY, addresses, rules, secretive
from werkzeug.test import TestResponse

from kener_py import store, web
from kener_py.model import HOUR, MINUTE, SECOND, Gap, Status
from kener_py.service import incidents
from kener_py.web import create, fragments, kept
from kener_py.web.ahead import Ahead
from kener_py.web.kept import Keeper

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

BROWSER = {"Accept": "text/html", "User-Agent": "Mozilla/5.0"}
ASKED = served.Scope("GET", "/", "", [(n.lower(), v) for n, v in BROWSER.items()], "127.0.0.1:4711")


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    """The templates that are rendered meanwhile."""
    seen: list[str] = []

    def note(_sender: object, template: object, **_more: object) -> None:
        seen.append(getattr(template, "name", ""))

    with template_rendered.connected_to(note, app):
        yield seen


class Site:
    def __init__(self, made: World) -> None:
        self.world = made
        self.keeper = Keeper(made.service)
        self.app = create(made.service, self.keeper)
        self.served = Ahead(made.service, self.keeper, self.app.wsgi_app, 4)
        self.client = served.client(self.served)

    def renders(self, path: str = "/", **more: object) -> int:
        """How many templates are rendered for this request."""
        with counted(self.app) as seen:
            answer = self.client.get(path, headers={**BROWSER, **more})  # type: ignore[arg-type]
        assert answer.status_code == 200
        return len(seen)

    def text(self, path: str = "/") -> str:
        return self.client.get(path, headers=BROWSER).text


@pytest.fixture
def site(db):
    made = Site(world(db, (job("job"), job("calm")), past.up("job", "calm")))
    made.renders()
    return made


def test_the_second_visitor_gets_what_the_first_one_got(site):
    assert site.renders() == 0
    assert site.renders("/monitors/job") == 1
    assert site.renders("/monitors/job") == 0


def test_each_form_language_coding_and_prefix_is_kept_by_itself(site):
    assert site.renders(**{"Accept-Language": "de"}) == 1
    assert site.renders(**{"Accept-Language": "de"}) == 0
    assert site.renders(**{"Accept-Encoding": "gzip"}) == 1
    assert site.renders(**{"Accept-Encoding": "br, gzip"}) == 1
    assert site.renders(**{"Accept-Encoding": "gzip, br;q=0.9"}) == 0  # gzip, as before
    assert site.renders(Accept="text/markdown") == 1
    assert site.renders(**{"Accept": "*/*", "User-Agent": "curl/8.5"}) == 1
    assert site.renders(**{"Accept": "*/*", "User-Agent": "curl/8.6"}) == 0
    assert site.renders("/?lang=fr") == 1
    with counted(site.app) as seen:
        below = site.client.get("/", headers=BROWSER, environ_overrides={"SCRIPT_NAME": "/status"})
    assert len(seen) == 1
    assert 'href="/status/' in below.text
    assert 'href="/status/' not in site.text()


def publish_soon(site: Site) -> None:
    tell(site.world, "A draft", monitors=("job",), is_draft=True)
    site.world.db.write(
        lambda db: db.execute("update incident set publish_at = ?", [site.world.clock.now + 5 * SECOND])
    )
    site.renders()
    site.world.clock.now += 5 * SECOND


def begin_window(site: Site) -> None:
    site.world.service.add_maintenance("Disks", NOW + 31 * SECOND, NOW + 40 * SECOND)
    site.renders()
    site.world.clock.now = NOW + 31 * SECOND


def end_window(site: Site) -> None:
    begin_window(site)
    site.renders()
    site.world.clock.now = NOW + 40 * SECOND


def stand_still(site: Site) -> None:
    site.world.look_at(NOW + 30 * SECOND)
    site.world.clock.now = NOW + 3 * MINUTE
    site.renders()
    site.world.clock.now = NOW + 3 * MINUTE + 30 * SECOND + 1


def say_beside(site: Site) -> None:
    with store.beside(site.world.db.path) as db:
        incidents.create(db, site.world.service.config, "From beside", "Text.", site.world.clock.now)


def write_an_incident(site: Site) -> None:
    tell(site.world, "Disks are full", monitors=())


CHANGES: dict[str, tuple[Callable[[Site], object], str]] = {
    "a job reports trouble": (lambda site: site.world.beat(Status.DOWN), "Partial outage"),
    "somebody writes an incident": (
        lambda site: tell(site.world, "Disks are full", monitors=()),
        "Disks are full",
    ),
    "a command writes one beside the server": (say_beside, "From beside"),
    "a draft becomes public": (publish_soon, "A draft"),
    "a window begins": (begin_window, "Disks"),
    "a window ends": (end_window, "All systems operational"),
    "the loop stands still": (stand_still, "Status unknown"),
    "another file is loaded": (
        lambda site: site.world.service.reload(past.config((job("fresh"),), (), {}, site=past.SITE)),
        "Fresh",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_seen_by_the_next_visitor(site, name):
    change, said = CHANGES[name]
    before = site.text()
    change(site)
    assert site.renders() == 1
    assert said in site.text()
    assert site.text() != before


def test_what_a_tick_finds_is_seen_by_the_next_visitor(db):
    site = Site(world(db, (past.monitor("job"),), [(NOW - MINUTE, "job", Status.UP)]))
    assert "All systems operational" in site.text()
    site.world.look_at(NOW + 20 * MINUTE)
    assert "Major outage" in site.text()


def test_time_alone_makes_a_page_new_each_full_minute(site):
    site.world.clock.now = NOW + 59_999
    assert site.renders() == 0
    site.world.clock.now = NOW + MINUTE
    site.world.service.mark_alive(NOW + MINUTE)
    assert site.renders() == 1
    assert site.renders() == 0


def crowd(site: Site, size: int, after: Callable[[], object] = lambda: None) -> tuple[list[str], int]:
    """The pages that so many visitors at once are shown, and how many were rendered; `after` follows each."""
    calls = [served.Call([]) for _ in range(size)]
    rendered: list[int] = []

    def render(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        parts = site.app.wsgi_app(environ, start)
        rendered.append(1)
        after()
        return parts

    async def come() -> None:
        ahead = Ahead(site.world.service, site.keeper, render, 4)
        await asyncio.gather(*(ahead.serve(ASKED, call, "") for call in calls))
        ahead.close()

    asyncio.run(come())
    answers = [answer for call in calls for answer in call.answers]
    assert [code for code, _, _ in answers] == [200] * size
    return [page.decode() for _, _, page in answers], len(rendered)


def test_a_crowd_is_shown_one_page_that_is_rendered_once(site):
    assert crowd(site, 50)[1] == 0
    site.world.db.touch()
    assert crowd(site, 50)[1] == 1


def test_a_crowd_at_a_page_that_changes_all_the_time_is_shown_the_next_one(site):
    site.world.db.touch()
    assert crowd(site, 50, site.world.db.touch)[1] == 2


def test_a_crowd_at_a_page_that_nobody_has_read_before_is_rendered_by_each_thread_at_most(db):
    site = Site(world(db, (past.monitor("job"),), []))
    assert 1 <= crowd(site, 50)[1] <= 4


def test_who_comes_after_a_change_is_shown_it_although_a_page_of_before_is_being_made(site):
    """One visitor's page is made; before it is done comes a change, and then others."""
    first, later = served.Call([]), [served.Call([]) for _ in range(5)]

    async def come() -> None:
        loop = asyncio.get_running_loop()
        is_made, go_on = asyncio.Event(), threading.Event()
        stops = [True]

        def render(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
            parts = site.app.wsgi_app(environ, start)
            if stops:
                stops.clear()
                loop.call_soon_threadsafe(is_made.set)
                assert go_on.wait(10)
            return parts

        ahead = Ahead(site.world.service, site.keeper, render, 4)
        making = asyncio.ensure_future(ahead.serve(ASKED, first, ""))
        await is_made.wait()
        write_an_incident(site)
        others = [asyncio.ensure_future(ahead.serve(ASKED, call, "")) for call in later]
        await asyncio.sleep(0)
        go_on.set()
        await asyncio.gather(making, *others)
        ahead.close()

    site.world.db.touch()
    asyncio.run(come())
    assert b"Disks are full" not in first.answers[0][2]
    assert all(b"Disks are full" in call.answers[0][2] for call in later)


def test_midnight_is_seen(site):
    midnight = 1_790_805_600_000  # 2026-10-01T00:00:00+02:00
    for at in (midnight - MINUTE, midnight - 1):
        site.world.clock.now = at
        site.world.service.mark_alive(at)
        assert 'data-from="2026-07-03"' in site.text()
    site.world.clock.now = midnight
    assert 'data-from="2026-07-04"' in site.text()


def test_a_heartbeat_that_changes_nothing_leaves_the_page_and_renews_its_monitor(site):
    site.renders("/monitors/job")
    site.world.beat()
    assert site.renders() == 0
    assert site.renders("/monitors/job") == 1
    told = site.client.get("/api/v1/monitors/job").json
    site.world.clock.now += SECOND
    site.world.beat()
    assert site.client.get("/api/v1/monitors/job").json["last_heartbeat"] > told["last_heartbeat"]


def test_the_life_of_the_loop_leaves_the_page(site):
    site.world.clock.now += 20 * SECOND
    site.world.service.mark_alive(site.world.clock.now)
    assert site.renders() == 0


def test_a_gap_in_the_life_of_the_loop_is_seen(site):
    site.renders()
    version = site.world.service.version(False)
    site.world.service.mark_alive(NOW + HOUR)
    assert site.world.service.version(False) != version
    assert store.gaps(site.world.db.read(), 1) == (Gap(NOW, NOW + HOUR),)


@pytest.mark.parametrize("coding", ["", "gzip", "br"])
def test_who_has_it_already_is_told_so(site, coding):
    headers = {**BROWSER, "Accept-Encoding": coding}
    tag = site.client.get("/", headers=headers).headers["ETag"]
    for named in (tag, f'W/"x", {tag}', "*", tag.removeprefix("W/")):
        answer = site.client.get("/", headers={**headers, "If-None-Match": named})
        assert (answer.status_code, answer.data) == (304, b"")
        assert answer.headers["ETag"] == tag
    assert site.client.get("/", headers={**headers, "If-None-Match": '"other"'}).status_code == 200


def test_head_is_the_head_of_get(site):
    get, head = site.client.get("/", headers=BROWSER), site.client.head("/", headers=BROWSER)
    assert head.data == b""
    assert sorted(head.headers) == sorted(get.headers)


def test_a_page_that_was_kept_for_its_head_has_its_body(site):
    site.world.db.touch()
    head, get = site.client.head("/", headers=BROWSER), site.client.get("/", headers=BROWSER)
    assert head.headers["Content-Length"] == get.headers["Content-Length"] == str(len(get.data))


def test_nothing_that_a_key_shows_is_kept(db):
    made = secretive(db)
    site = Site(made)
    everybody = site.client.get("/api/v1/incidents").data
    with_key = site.client.get("/api/v1/incidents", headers={"X-API-Key": KEY}).data
    assert with_key != everybody
    assert site.client.get("/api/v1/incidents").data == everybody
    assert site.client.get("/api/v1/incidents", headers={"Authorization": f"Bearer {KEY}"}).data == with_key


@pytest.mark.long
def test_every_answer_that_is_kept_is_flasks_own(db):
    """All routes in all forms: asked twice as served, once without what keeps."""
    made = secretive(db)
    site, plain = Site(made), create(made.service)
    asked = plain.test_client()
    for rule in {rule for method, rule in rules() if method == "GET"}:
        if rule in ("/metrics", "/health"):
            continue  # tell how long requests took
        for address in addresses(rule):
            for form in FORMS:
                wanted = asked.get(address, headers=form)
                for _ in range(2):
                    found = site.client.get(address, headers=form)
                    assert (found.status_code, found.data) == (wanted.status_code, wanted.data), address
                    assert heads(found) == heads(wanted), address
    assert len(site.keeper._kept) > 200


def heads(answer: TestResponse) -> list[tuple[str, str]]:
    return sorted((name, value) for name, value in answer.headers if name != "Date")


def test_one_visitor_of_a_crowd_waits_for_the_render_and_the_others_for_him(site):
    site.world.db.touch()
    gate, renders = threading.Barrier(12), []

    def slow(_sender: object, **_more: object) -> None:
        renders.append(threading.current_thread())

    def visit() -> None:
        client = served.client(site.served)
        gate.wait(10)
        assert client.get("/", headers=BROWSER).status_code == 200

    threads = [threading.Thread(target=visit) for _ in range(12)]
    with template_rendered.connected_to(slow, site.app):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert len(renders) == 1


def test_a_render_that_fails_lets_the_next_one_try(site, monkeypatch):
    site.world.db.touch()

    def fail(*_: object) -> None:
        raise RuntimeError("no")

    with monkeypatch.context() as patch:
        patch.setattr(site.world.db, "read", fail)
        assert site.client.get("/", headers=BROWSER).status_code == 500
    assert site.renders() == 1


def test_addresses_without_end_take_a_bounded_room(site, monkeypatch):
    monkeypatch.setattr(kept, "_MOST_ANSWERS", 20)
    keeper = site.keeper
    for number in range(60):
        site.client.get(f"/status.txt?{number}", headers=BROWSER)
    assert len(keeper._kept) == 20
    monkeypatch.setattr(kept, "_MOST_BYTES", 30_000)
    for number in range(10):
        site.client.get(f"/?{number}", headers=BROWSER)
    assert keeper._size <= 30_000
    assert keeper._size == sum(each.size for each in keeper._kept.values())


def test_an_address_of_thousands_of_letters_is_not_kept(site):
    long = "/?" + "x" * 3_000
    assert site.renders(long) == 1
    assert site.renders(long) == 1


def test_what_is_not_found_is_not_kept(site):
    site.client.get("/monitors/later", headers=BROWSER)
    site.client.get("/monitors/later", headers=BROWSER)
    assert not any("later" in part for key in site.keeper._kept for part in key)


ANEW = {
    "acts.alert": "it is somebody's own",
    "branding.favicon": "a file; it has a name of its own for each content",
    "branding.logo": "the same",
    "branding.stylesheet": "the same",
    "embeds.script": "the same for everybody and for ever",
    "embeds.script_of_monitor": "the same",
    "health.health": "how this server does at this moment",
    "health.livez": "the same",
    "health.readyz": "the same",
    "heartbeat.call": "a heartbeat",
    "history.events": "a redirect",
    "maintenance.moved": "a redirect",
    "metrics.metrics": "how this server does at this moment",
    "wellknown.api_catalog": "a few lines out of the file",
    "wellknown.robots_txt": "the same",
    "wellknown.security_txt": "the same",
}


def test_whether_answers_are_kept_is_decided_for_each_view():
    asked = [view for methods, _, view in web.ROUTES if "GET" in methods] + [view for _, view in web.PAGES]
    anew = {view for view in asked if view not in web._STEADY | web._HEARD}
    assert {f"{view.__module__.rpartition('.')[2]}.{view.__name__}" for view in anew} == ANEW.keys()
    assert set(asked) >= web._STEADY | web._HEARD
    assert not web._STEADY & web._HEARD


EVENTS = ["up", "down", "degraded", "tell", "draft", "window", "look", "still", "beside", "nothing"]
PAGES = ("/", "/monitors/job", "/history", "/status.txt", "/api/v2/summary.json", "/badge/job/status")


@settings(max_examples=tries(25), deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(EVENTS), st.integers(0, 4), st.sampled_from(["job", "calm"])), max_size=8
    )
)
def test_whatever_happens_a_page_is_what_it_would_be_if_nothing_were_kept(events):
    with short_store() as db:
        made = world(
            db,
            (past.monitor("job"), past.monitor("calm")),
            past.up("job", at=NOW - HOUR),
            maintenances=(window("Plan", NOW + 2 * MINUTE, NOW + 5 * MINUTE, "job"),),
        )
        made.service.tidy(NOW)
        site = Site(made)
        for name, minutes, tag in events:
            # The loop notes that it lives without renewing pages, which say so again at the next minute.
            made.clock.now += max(minutes, int(name == "look")) * MINUTE
            made.clock.now -= made.clock.now % MINUTE  # within a minute a page may be older
            at = made.clock.now
            if name in ("up", "down", "degraded"):
                made.beat(Status[name.upper()], tag=tag)
            elif name in ("tell", "draft"):
                tell(made, f"About {tag}", monitors=(tag,), started=at, is_draft=name == "draft")
            elif name == "window":
                made.service.add_maintenance("By hand", at, at + 3 * MINUTE, (tag,))
            elif name == "look":
                made.look()
            elif name == "beside":
                say_beside(site)
            for page in PAGES:
                shown = site.client.get(page, headers=BROWSER)
                fragments._made.cache_clear()
                fresh = create(made.service).test_client().get(page, headers=BROWSER)
                assert shown.data == fresh.data, f"{page} after {name}"
