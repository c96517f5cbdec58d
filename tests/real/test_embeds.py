"""Embeds in a real browser: a page of another origin that shows parts of a site."""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pictures
import pytest

from kener_py.model import MINUTE

from .browser import Browser, Page, needed
from .conftest import Serve
from .server import ROOT, Server, configuration, monitor, until
from .test_script import LEAP
from .visits import NEVER

pytestmark = [pytest.mark.real, needed]

SITE = {"title": "Acme", "timezone": "UTC"}
MONITORS = (monitor("backup", name="Nightly backup", **NEVER), monitor("mail", name="Mail", **NEVER))
DEFAULT = 96  # pixels: how high a frame is of which nothing is known
FRAMES = "[...document.querySelectorAll('iframe')]"
VISIBLE = "document.dispatchEvent(new Event('visibilitychange'))"


class Host:
    """A web site of somebody else: bodies by path, on an origin of its own."""

    def __init__(self) -> None:
        self.pages: dict[str, str] = {}
        self.policy = ""
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = host.pages.get(self.path)
                self.send_response(404 if body is None else 200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                if host.policy:
                    self.send_header("Content-Security-Policy", host.policy)
                self.end_headers()
                icon = '<!doctype html><html lang="en"><title>Host</title><link rel="icon" href="data:,">'
                self.wfile.write(f"{icon}<body>{body}".encode())

            def log_message(self, *words: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def host() -> Iterator[Host]:
    started = Host()
    yield started
    started.close()


@pytest.fixture(scope="module")
def shown(serve_module: Serve) -> Server:
    """A site with "backup" up and "mail" down; no test changes it."""
    server = serve_module(configuration(*MONITORS, site=SITE))
    server.target("backup").beat()
    server.target("mail").beat(b'{"status": "down"}')
    server.target("backup").becomes("UP")
    server.target("mail").becomes("DOWN")
    return server


def script(server: Server, words: str, place: str = "embed.js") -> str:
    return f'<script async src="{server.url}/{place}" {words}></script>'


def height(page: Page, number: int = 0) -> float:
    return float(page.js(f"{FRAMES}[{number}]?.getBoundingClientRect().height ?? 0"))


def natural(browser: Browser, url: str, width: int) -> float:
    """How high the same is as a page of its own."""
    page = browser.open(url, size=[width, 600])
    found = float(page.js("Math.ceil(document.documentElement.getBoundingClientRect().height)"))
    page.close()
    return found


def fits(page: Page, wanted: float) -> None:
    until(lambda: height(page) == wanted, 20, f"a frame of {wanted} px")


@pytest.mark.parametrize("width", [200, 400, 1000])
@pytest.mark.parametrize(
    ("place", "words", "path"),
    [
        ("embed.js", 'data-monitor="mail"', "monitor-mail"),
        ("embed.js", 'data-embed="status" data-theme="dark"', "status?theme=dark"),
        ("embed.js", "", "status"),
        ("embed.js", 'data-embed="bars/mail" data-days="30"', "bars/mail?days=30"),
        ("embed.js", 'data-embed="events/live" data-lang="de"', "events/live?lang=de"),
        (
            "embed/monitor-mail/js?theme=dark&days=60&monitor=http://evil.invalid/",
            "",
            "monitor-mail?theme=dark&days=60",
        ),
    ],
)
def test_a_frame_is_as_high_as_what_is_in_it(
    browser: Browser, host: Host, shown: Server, place: str, words: str, path: str, width: int
) -> None:
    host.pages["/"] = f'<div style="width: {width}px">{script(shown, words, place)}</div>'
    page = browser.open(host.url)
    fits(page, natural(browser, f"{shown.url}/embed/{path}", width))

    assert page.js(f"{FRAMES}.map((each) => [each.src, each.title, each.loading])") == [
        [f"{shown.url}/embed/{path}", "Status", "lazy"]
    ]
    assert page.js(f"getComputedStyle({FRAMES}[0]).borderTopWidth") == "0px"
    assert page.complaints == []
    assert len([each for each in page.requests if each.startswith(f"{shown.url}/embed/")]) <= 2
    page.close()


def test_several_embeds_of_a_page_keep_to_themselves(browser: Browser, host: Host, shown: Server) -> None:
    host.pages["/"] = script(shown, 'data-monitor="backup" data-title="A &quot;title&quot;"') + script(
        shown, 'data-embed="status"'
    )
    page = browser.open(host.url)
    until(lambda: page.js(f"{FRAMES}.length") == 2, 20, "two frames")
    wanted = {f"{shown.url}/embed/{path}" for path in ("monitor-backup", "status")}
    found = {natural(browser, each, 1184) for each in wanted}
    until(lambda: {height(page, 0), height(page, 1)} == found and len(found) == 2, 20, "their heights")
    assert set(page.js(f"{FRAMES}.map((each) => each.src)")) == wanted
    assert set(page.js(f"{FRAMES}.map((each) => each.title)")) == {'A "title"', "Status"}
    page.close()


def test_a_host_with_a_strict_policy_of_its_own_may_embed(
    browser: Browser, host: Host, shown: Server
) -> None:
    host.policy = f"default-src 'none'; script-src {shown.url}; frame-src {shown.url}; img-src data:"
    host.pages["/"] = script(shown, 'data-monitor="mail"')
    page = browser.open(host.url)
    fits(page, natural(browser, f"{shown.url}/embed/mail", 1184))
    assert page.complaints == []
    page.close()


@pytest.mark.parametrize("way", ["the host itself", "another frame", "another page in the same frame"])
def test_nobody_else_says_how_high_the_frame_is(
    browser: Browser, host: Host, shown: Server, way: str
) -> None:
    host.pages["/"] = script(shown, 'data-monitor="mail"')
    host.pages["/evil"] = "<script>parent.postMessage({type: 'kener-py:height', height: 555}, '*')</script>"
    page = browser.open(host.url)
    fits(page, natural(browser, f"{shown.url}/embed/mail", 1184))
    before = height(page)

    page.js("window.heard = []; addEventListener('message', ({ data }) => heard.push(data.height)); 0")
    acts = {
        "the host itself": "postMessage({type: 'kener-py:height', height: 555}, '*')",
        "another frame": f"document.body.append(document.createElement('iframe')); {FRAMES}[1].src = '/evil'",
        "another page in the same frame": f"{FRAMES}[0].src = '/evil'",
    }
    page.js(f"{acts[way]}; 0")
    until(lambda: 555 in page.js("heard"), 20, "the message")
    assert height(page) == before
    page.close()


@pytest.mark.parametrize(
    "data",
    ["null", "'kener-py:height'", "{type: 'height', height: 555}", "{type: 'kener-py:height', height: 1e9}",
     "{type: 'kener-py:height', height: '5; color: red'}", "{type: 'kener-py:height', height: -1}"],
)  # fmt: skip
def test_a_message_of_another_shape_changes_nothing(
    browser: Browser, host: Host, shown: Server, data: str
) -> None:
    """Here the host is of the site's own origin, and so may speak for the frame."""
    page = browser.open(f"{shown.url}/embed/status")
    page.js(
        "document.body.append(Object.assign(document.createElement('script'),"
        " {src: '/embed.js', id: 'own'})); document.querySelector('#own').dataset.embed = 'none'; 0"
    )
    until(lambda: page.js(f"{FRAMES}.length") == 1, 20, "the frame")
    assert height(page) == DEFAULT
    page.js(
        "window.seen = 0; addEventListener('message', () => (seen += 1));"
        f"dispatchEvent(new MessageEvent('message', {{data: {data}, origin: location.origin,"
        f" source: {FRAMES}[0].contentWindow}})); 0"
    )
    assert page.js("seen") == 1
    assert height(page) == DEFAULT
    page.js(
        "dispatchEvent(new MessageEvent('message', {data: {type: 'kener-py:height', height: 55},"
        f" origin: location.origin, source: {FRAMES}[0].contentWindow}})); 0"
    )
    assert height(page) == 55, "and the right one does"
    page.close()


def test_only_who_is_named_may_frame(browser: Browser, host: Host, serve: Serve) -> None:
    server = serve(configuration(*MONITORS, site=SITE | {"embeds": [host.url]}))
    stranger = Host()
    try:
        for each in (host, stranger):
            each.pages["/"] = script(server, 'data-embed="status"')
        page = browser.open(host.url)
        fits(page, natural(browser, f"{server.url}/embed/status", 1184))
        assert page.complaints == []

        refused = browser.open(stranger.url)
        until(lambda: any("frame-ancestors" in each for each in refused.complaints), 20, "the refusal")
        assert height(refused) == DEFAULT
        for each in (page, refused):
            each.close()
    finally:
        stranger.close()


def test_nobody_may_frame_the_page_itself(browser: Browser, host: Host, shown: Server) -> None:
    host.pages["/"] = f'<iframe src="{shown.url}/" title="Page"></iframe>'
    page = browser.open(host.url)
    until(lambda: any("frame-ancestors 'none'" in each for each in page.complaints), 20, "the refusal")
    page.close()


def test_an_embed_is_complete_without_javascript(browser: Browser, shown: Server) -> None:
    page = browser.open(f"{shown.url}/embed/mail", js=False)
    assert page.text("h1") == "Mail"
    assert page.text(".state") == "Down"
    assert page.js("document.querySelector('meta[http-equiv=refresh]')?.content") == "300"
    assert page.complaints == []
    page.close()


@pytest.fixture
def lively(serve: Serve) -> Server:
    server = serve(configuration(*MONITORS, site=SITE))
    server.target("backup").beat()
    server.target("backup").becomes("UP")
    return server


def test_an_embed_follows_what_happens_at_most_once_a_minute(browser: Browser, lively: Server) -> None:
    page = browser.open(f"{lively.url}/embed/backup", before=LEAP % 0)

    def asked() -> int:
        return page.requests.count(f"{lively.url}/embed/backup")

    lively.target("backup").beat(b'{"status": "down"}')
    lively.target("backup").becomes("DOWN")

    page.js(f"{VISIBLE}; leap({MINUTE} - 20_000); {VISIBLE}")
    page.call("waitForNetworkIdle")
    assert asked() == 1, "not yet"

    page.js(f"leap({MINUTE}); {VISIBLE}; {VISIBLE}")
    until(lambda: page.text(".state") == "Down", 20, "the outage")
    assert asked() == 2
    assert "Down: Nightly backup" in page.js("document.title")
    assert page.complaints == []
    page.close()


@pytest.mark.parametrize(
    ("path", "words"),
    [("backup", "Unknown"), ("bars/backup", "Nightly backup: Unknown"), ("status", "Status unknown"),
     ("events/live", "Unknown")],
)  # fmt: skip
def test_an_embed_whose_server_has_gone_says_that_nobody_knows(
    browser: Browser, lively: Server, path: str, words: str
) -> None:
    page = browser.open(f"{lively.url}/embed/{path}", before=LEAP % 0)
    lively.kill()
    assert words not in page.text("#now")
    page.js(f"leap({4 * MINUTE}); {VISIBLE}")
    until(lambda: words in page.text("#now"), 30, "the doubt")
    assert page.js("document.querySelector('main').matches('.stale')")

    lively.start()
    lively.target("backup").becomes("UP")
    page.js(f"leap({MINUTE}); {VISIBLE}")
    until(lambda: words not in page.text("#now"), 30, "the trust")
    assert not page.js("document.querySelector('main').matches('.stale')")
    page.close()


def test_the_pictures_of_links_can_be_made_again(tmp_path: Path) -> None:
    pictures.make(tmp_path)
    made = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert made.keys() == {file.name for file in (ROOT / "static").glob("preview-*.png")}
    for content in made.values():
        assert struct.unpack_from(">IIBB", content, 16) == (1200, 630, 8, 3)
        assert len(content) <= 40_000
