"""The pages in a real browser: what they show to whom, and that its console has nothing to complain about."""

from __future__ import annotations

import re

import pytest

from .browser import Browser, Page, needed
from .conftest import Serve
from .server import Server, configuration, monitor, until
from .visits import HOSTILE, NEVER, Visit

pytestmark = [pytest.mark.real, needed]


def test_the_browser_shows_each_state_of_the_page(serve: Serve, browser: Browser) -> None:
    server = serve(configuration("one", "two", "three", monitor("four", hidden=True)))
    page = browser.open(server.url)
    assert page.text("h1") == "Waiting for the first heartbeat"

    def heading() -> str:
        page.call("reload")
        return page.text("h1")

    for tag in ("one", "two", "three"):
        server.target(tag).beat()
    server.target("three").becomes("UP")
    assert heading() == "All systems operational"

    server.target("one").beat(query="?status=degraded")
    assert heading() == "Partially degraded"

    server.target("one").beat(query="?status=down")
    assert heading() == "Partial outage"

    for tag in ("two", "three"):
        server.target(tag).beat(query="?status=down")
    assert heading() == "Major outage"
    assert "Job four" not in page.text("body")
    assert page.complaints == []
    page.close()


def test_the_browser_shows_monitor_and_incident(serve: Serve, browser: Browser) -> None:
    server = serve(configuration("one", alerts=[{"status": "DOWN"}]))
    hostile = "<script>document.title='taken'</script><img src=x onerror=alert(1)>"
    server.target("one").beat(f'{{"status": "down", "message": "{hostile}"}}')

    page = browser.open(f"{server.url}/monitors/one")
    assert page.text("h1") == "Job one"
    page.goto(f"{server.url}/incidents/1")
    assert page.text("h1") == "Job one is down"
    assert "taken" not in page.js("document.title")
    assert page.complaints == []
    page.close()


def test_the_first_view_takes_few_requests_to_one_origin_and_leaves_no_cookie(
    visit: Visit, site: Server
) -> None:
    page = visit()
    page.call("waitForNetworkIdle")

    assert len(page.requests) <= 5, page.requests
    assert all(url.startswith(site.url) for url in page.requests)
    assert page.call("cdp", "Network.getAllCookies")["cookies"] == []


FACTS = """
  (() => {
    const all = document.body.cloneNode(true);
    for (const each of all.querySelectorAll("#switches, .pick, .mark, .picked, template")) each.remove();
    return all.textContent;
  })()
"""


def test_without_the_script_nothing_is_missing_but_comfort(visit: Visit) -> None:
    plain, rich = visit(js=False), visit(zone="Europe/Berlin")

    def facts(page: Page) -> str:
        return " ".join(str(page.js(FACTS)).split())

    assert facts(plain) == facts(rich)
    assert "Nightly backup" in facts(plain)
    assert "12 min" in plain.text("#main details table")
    assert plain.js("getComputedStyle(document.querySelector('#switches')).display") == "none"


# ---- room for words --------------------------------------------------------------------------

BEYOND = """
  [...document.querySelectorAll("body *")]
    .filter((each) => each.getBoundingClientRect().right > innerWidth + 1)
    .filter((each) => !each.closest(".scroll, svg, .unseen, .sprite"))
    .map((each) => each.outerHTML.slice(0, 120)).slice(0, 3)
"""


def kinds(server: Server) -> list[str]:
    """One address of each kind of page that links lead to, from the front page on."""
    found: dict[str, str] = {}
    ahead = ["/", "/monitors/hostile", "/no/such/page"]
    while ahead:
        path = ahead.pop(0)
        kind = re.sub(r"\d[\d-]*", "0", re.sub(r"^/monitors/[^/?]+", "/monitors/tag", path))
        if kind in found or re.search(r"\.\w+$|^/(api|static)/|\?", path):
            continue
        answer = server.get(path, {"Accept": "text/html"})
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        found[kind] = path
        ahead += re.findall(r'href="(/[^"#]*)"', answer.text)
    return list(found.values())


@pytest.fixture(scope="module")
def wide_words(serve_module: Serve) -> Server:
    """A site on which every name and every text that users write has 10,000 characters and no space."""
    names = {"name": HOSTILE, "description": HOSTILE, "category": HOSTILE} | NEVER
    window = {"title": HOSTILE, "start": "2026-01-01 00:00", "end": "2099-01-01 00:00", "monitors": ["other"]}
    server = serve_module(
        configuration(
            monitor("hostile", **names),
            monitor("other", **names),
            site={"title": HOSTILE, "description": HOSTILE, "timezone": "America/Argentina/Buenos_Aires"},
            maintenances=[window],
            alerts=[{"status": "DOWN"}],
        )
    )
    server.target("hostile").beat(f'{{"status": "down", "message": "{HOSTILE}"}}')
    until(lambda: server.get("/incidents/1").status == 200, 10, "the incident")
    return server


def test_no_page_is_wider_than_the_screen(browser: Browser, wide_words: Server) -> None:
    page = browser.open(size=[320, 700])
    paths = kinds(wide_words)
    assert {"/", "/monitors/hostile", "/incidents/1"} <= set(paths)
    wide = {}
    for path in paths:
        page.goto(wide_words.url + path)
        for width in (320, 1200):
            page.resize(width)
            if page.js("document.scrollingElement.scrollWidth") > width:
                wide[path, width] = page.js(BEYOND)

    assert wide == {}


LONGER = """
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const { data, parentElement } = texts.currentNode;
    const isText = data.trim() && !parentElement.closest("code, pre");
    if (isText) texts.currentNode.data += " " + data.trim().slice(0, data.length * 0.4);
  }
"""
CUT_OFF = """
  [...document.querySelectorAll("button, summary")]
    .filter((each) => each.scrollWidth > each.clientWidth + 1 || each.scrollHeight > each.clientHeight + 1)
    .map((each) => each.textContent)
"""


def test_words_longer_by_two_fifths_still_fit(browser: Browser, site: Server) -> None:
    page = browser.open()
    clipped = {}
    for path in kinds(site):
        page.goto(site.url + path)
        page.js(LONGER)
        for width in (320, 1200):
            page.resize(width)
            too_wide = page.js("document.scrollingElement.scrollWidth") > width
            cut = page.js(CUT_OFF)
            if too_wide or cut:
                clipped[path, width] = [page.js(BEYOND), cut]

    assert clipped == {}


# ---- what a visitor wants ---------------------------------------------------------------------


def test_nothing_moves_for_who_wants_no_motion(visit: Visit) -> None:
    page = visit(media={"prefers-reduced-motion": "reduce"})
    page.js("document.querySelector('#switches button:last-child').click()")

    assert page.js("document.getAnimations().length") == 0
    assert page.js("getComputedStyle(document.documentElement).scrollBehavior") == "auto"


def test_what_the_script_adds_is_not_printed(visit: Visit) -> None:
    page = visit()
    page.js("document.querySelector('.pick').click()")
    page.call("emulateMediaType", "print")

    for added in (".pick", ".mark", ".picked", "#switches"):
        assert page.js(f"getComputedStyle(document.querySelector({added!r})).display") == "none"


def test_the_marker_is_seen_in_forced_colours(visit: Visit) -> None:
    page = visit(media={"forced-colors": "active"})
    page.js("document.querySelector('.pick').click()")
    border = page.js("getComputedStyle(document.querySelector('.mark')).borderTopColor")

    assert border != page.js("getComputedStyle(document.body).backgroundColor")
