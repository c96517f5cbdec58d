"""Every kind of page, in every state, judged by programs that nobody here wrote.

The W3C's validator (vnu), axe-core and Lighthouse in Chromium, and w3m, which has neither CSS nor script.
"""

from __future__ import annotations

import gzip
import hmac
import json
import os
import re
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest

from .browser import needed
from .demo import Demo, last_month, today, yesterday
from .programs import BROWSER, CHROMIUM, needs
from .server import ROOT

LOOKS = ("light", "dark", "phone")
HTML = {"Accept": "text/html", "Accept-Encoding": "gzip"}

FEWEST_NODES = 20  # that axe must have looked at; the smallest page, "not found", has about 30
FEWEST_OF_EMBEDS = 6
PERFORMANCE = 0.95
FIRST_VIEW = 30_000  # bytes over the wire
REQUESTS = 5
PER_MONITOR = 400  # bytes of compressed HTML: 40 kB for 100

# What the validator warns of, and why that is none of our business.
EXCUSED = {
    "Text run is not in Unicode Normalization Form C": "what people write is shown as they wrote it",
    "This document appears to be written in": "guessed from the made-up names",
    "The first occurrence of ID": "comes with an error, which counts",
}


pytestmark = pytest.mark.real


# ---- the pages -------------------------------------------------------------------------------

Page = Callable[[Demo], str]


def at(path: str) -> Page:
    return lambda demo: path


def incident(state: str, title: str) -> Page:
    """The newest incident whose title begins so."""
    return lambda demo: f"/{state}/incidents/{_found(demo, 'incidents', state, title)}"


def maintenance(state: str, title: str, is_over: bool = False) -> Page:
    return lambda demo: f"/{state}/maintenances/{_found(demo, 'maintenances', state, title, is_over)}"


def _found(demo: Demo, what: str, state: str, title: str, is_over: bool = False) -> str:
    return next(
        str(each["id"])
        for each in demo.listed(what, state)
        if each["title"].startswith(title) and (not is_over or each["state"] == "COMPLETED")
    )


def clocks_moved(hours: int) -> str:
    """The newest day of so many hours that is over, where the demo is."""
    zone = ZoneInfo("Europe/Berlin")
    day = datetime.now(zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    while True:
        day -= timedelta(days=1)
        began, ended = (each.replace(tzinfo=zone).timestamp() for each in (day, day + timedelta(days=1)))
        if ended - began == hours * 3600:
            return day.date().isoformat()


def signed(state: str) -> Page:
    """The page behind the link in the newest message: the link is signed with the key of the site."""

    def link(demo: Demo) -> str:
        db = sqlite3.connect(demo.folder / "files" / state / "kener.db")
        try:
            (key,) = db.execute("select value from secret where name = 'links'").fetchone()
            (number,) = db.execute("select max(id) from alert where status = 'TRIGGERED'").fetchone()
        finally:
            db.close()
        signature = hmac.new(key, f"alert {number}".encode(), "sha256").hexdigest()[:32]
        return f"/{state}/alerts/{number}?sig={signature}"

    return link


def in_arabic(page: Page) -> Page:
    """The same from right to left."""

    def translated(demo: Demo) -> str:
        address = page(demo)
        return f"{address}{'&' if '?' in address else '?'}lang=ar"

    return translated


STATES = (
    "all-up", "degraded", "partial-outage", "major-outage", "maintenance", "detected", "waiting", "empty",
    "unknown", "large", "hostile",
)  # fmt: skip
OF_A_SITE: dict[str, Page] = {
    **{f"front, {state}": at(f"/{state}/") for state in STATES},
    "monitor, up": at("/all-up/monitors/homepage"),
    "monitor, down": at("/partial-outage/monitors/checkout"),
    "monitor, degraded": at("/degraded/monitors/thumbnails"),
    "monitor, in maintenance": at("/maintenance/monitors/invoices"),
    "monitor, never heard": at("/partial-outage/monitors/warehouse-scanner"),
    "monitor, down for ever": at("/partial-outage/monitors/legacy-export"),
    "monitor, unknown": at("/unknown/monitors/homepage"),
    "monitor, of a month": lambda demo: f"/partial-outage/monitors/checkout?month={last_month()}",
    "day": lambda demo: f"/partial-outage/monitors/webhooks/{yesterday()}",
    "day, not over": lambda demo: f"/partial-outage/monitors/checkout/{today()}",
    "day of 23 hours": lambda demo: f"/all-up/monitors/log-shipping/{clocks_moved(23)}",
    "day of 25 hours": lambda demo: f"/all-up/monitors/log-shipping/{clocks_moved(25)}",
    "day without data": lambda demo: f"/partial-outage/monitors/warehouse-scanner/{yesterday()}",
    "incident, open": incident("partial-outage", "Checkout is down"),
    "incident, resolved": incident("all-up", "Outgoing webhooks is down"),
    "incident with a post-mortem": incident("all-up", "Payments fail for some cards"),
    "incident written by people": incident("all-up", "Slow search results"),
    "incident written by people, post-mortem": incident("all-up", "Wrong prices for twenty minutes"),
    "incident, critical": incident("major-outage", "Fire alarm"),
    "incident about no monitor": incident("all-up", "Announcement"),
    "maintenance, scheduled": maintenance("all-up", "Payment provider changes"),
    "maintenance, running": maintenance("maintenance", "Upgrade of the database"),
    "maintenance, completed": maintenance("all-up", "Move to the new data centre", is_over=True),
    "maintenance, recurring": maintenance("all-up", "Weekly restart"),
    "maintenance, cancelled": maintenance("all-up", "Kernel updates"),
    "history": at("/partial-outage/history"),
    "history of a month": lambda demo: f"/partial-outage/history/{last_month()}",
    "history of a monitor": at("/partial-outage/history?monitor=checkout"),
    "history of a group": at("/partial-outage/history?group=Website"),
    "history of nothing": at("/waiting/history"),
    "uptime": at("/partial-outage/uptime"),
    "uptime up to a month": lambda demo: f"/partial-outage/uptime?to={last_month()}",
    "uptime of 200 monitors": at("/large/uptime"),
    "about": at("/all-up/about"),
    "subscribe": at("/all-up/subscribe"),
    "subscribe to 200 monitors": at("/large/subscribe"),
    "alert": signed("partial-outage"),
    "not found": at("/all-up/monitors/nothing"),
    "embed, monitor": at("/partial-outage/embed/checkout"),
    "embed, monitor of 30 days": at("/partial-outage/embed/checkout?days=30&theme=dark"),
    "embed, monitor unknown": at("/unknown/embed/homepage"),
    "embed, bars": at("/partial-outage/embed/bars/webhooks"),
    "embed, status": at("/partial-outage/embed/status"),
    "embed, events": at("/partial-outage/embed/events/live"),
    "embed, maintenance": at("/maintenance/embed/events/live"),
    "embed, no events": at("/all-up/embed/events/live"),
    "embed, hostile": at("/hostile/embed/script"),
    "embed, hostile and long": at("/hostile/embed/long"),
    "embed, hostile events": at("/hostile/embed/events/live"),
    "not found, embed": at("/all-up/embed/nothing"),
    "hostile monitor, script": at("/hostile/monitors/script"),
    "hostile monitor, Markdown": at("/hostile/monitors/markdown"),
    "hostile monitor, direction": at("/hostile/monitors/override"),
    "hostile monitor, blank": at("/hostile/monitors/blank"),
    "hostile monitor, long": at("/hostile/monitors/long"),
    "hostile incident": incident("hostile", "<script>alert(1)</script> &"),
    "hostile incident, long": incident("hostile", "WWW"),
    "hostile incident about the long": incident("hostile", "xxx"),
    "hostile maintenance": maintenance("hostile", "[x]"),
    "hostile maintenance, long": maintenance("hostile", "\u202eMMM"),
    "hostile day": lambda demo: f"/hostile/monitors/script/{yesterday()}",
    "hostile day, long": lambda demo: f"/hostile/monitors/long/{yesterday()}",
    "hostile history": at("/hostile/history"),
    "hostile uptime": at("/hostile/uptime"),
    "hostile about": at("/hostile/about"),
    "hostile subscribe": at("/hostile/subscribe"),
}
PAGES: dict[str, Page] = {
    "index of the demo": at("/"),
    **OF_A_SITE,
    **{f"{name} in Arabic": in_arabic(page) for name, page in OF_A_SITE.items()},
    "front in German": at("/partial-outage/?lang=de"),
}
MEASURED = {
    "front": at("/"),
    "monitor": at("/monitors/checkout"),
    "history": at("/history"),
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One at the root, as a site has it."""
    started = Demo(tmp_path_factory.mktemp("site"), "all-up")
    try:
        started.start()
        yield started
    finally:
        started.close()


def urls(server: Demo, pages: dict[str, Page]) -> dict[str, str]:
    return {name: server.url + page(server) for name, page in pages.items()}


def driven(script: str, **given: Any) -> dict[str, Any]:
    """What a driver in tests/browser prints."""
    done = subprocess.run(
        ["node", str(BROWSER / script)],
        input=json.dumps(given),
        env=os.environ | {"CHROMIUM": str(CHROMIUM)},
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def is_missing(name: str) -> bool:
    return name.startswith("not found")


def expected(name: str) -> int:
    return 404 if is_missing(name) else 200


# ---- headers and size ------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_a_page_sets_no_cookie_and_lets_nothing_unsafe_in(demo: Demo, name: str) -> None:
    answer = demo.get(PAGES[name](demo), HTML)
    assert answer.status == expected(name)
    assert answer.headers["content-type"].startswith("text/html")
    assert "set-cookie" not in answer.headers
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-" not in policy


def test_a_page_of_many_monitors_is_small(demo: Demo) -> None:
    answer = demo.get("/large/", HTML)
    assert answer.headers["content-encoding"] == "gzip"
    count = len(demo.listed("monitors", "large"))
    assert count == 200
    print(f"{count} monitors: {len(answer.body)} bytes compressed, {len(gzip.decompress(answer.body))} raw")
    assert len(answer.body) <= count * PER_MONITOR


# ---- pictures of links -----------------------------------------------------------------------

PREVIEWS = {
    "all-up": "up", "degraded": "degraded", "partial-outage": "partial_outage",
    "major-outage": "major_outage", "maintenance": "maintenance", "waiting": "no_data", "empty": "no_data",
    "unknown": "no_data",
}  # fmt: skip


@pytest.mark.parametrize("state", PREVIEWS)
def test_a_previewer_is_shown_the_picture_of_the_state(demo: Demo, state: str) -> None:
    """It says neither what it accepts nor which language it reads."""
    head = demo.get(f"/{state}/", {"User-Agent": "Slackbot-LinkExpanding 1.0"}).text
    (address,) = re.findall(r'<meta property="og:image" content="([^"]*)"', head)
    assert urlsplit(address).path == f"/{state}/static/preview-{PREVIEWS[state]}.png"
    picture = demo.get(address.removeprefix(demo.url))
    assert (picture.status, picture.headers["content-type"]) == (200, "image/png")
    assert "immutable" in picture.headers["cache-control"]
    assert len(picture.body) <= 40_000


# ---- validity --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def validated(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What the validator has to say about each page and static file: by name, one line each."""
    folder = tmp_path_factory.mktemp("vnu")
    files: dict[str, Path] = {}
    absent: dict[str, list[str]] = {}
    for number, (name, page) in enumerate(PAGES.items()):
        files[name] = folder / f"{number}.html"
        answer = demo.get(page(demo), {"Accept": "text/html"})
        files[name].write_bytes(answer.body)
        if answer.status != expected(name):
            absent[name] = [f"the answer is {answer.status}"]
    static = [file for file in (ROOT / "static").iterdir() if file.suffix in (".css", ".svg")]
    files |= {file.name: file for file in static}
    find = 'import("vnu-jar").then((jar) => console.log(String(jar.default)))'
    jar = subprocess.run(["node", "-e", find], cwd=BROWSER, capture_output=True, text=True, check=True)
    done = subprocess.run(
        ["java", "-jar", jar.stdout.strip(), "--format", "json", "--stdout", "--also-check-css",
         "--also-check-svg", *map(str, files.values())],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    names = {file.as_uri().replace("file:///", "file:/"): name for name, file in files.items()}
    found: dict[str, list[str]] = {name: [] for name in files} | absent
    for message in json.loads(done.stdout)["messages"]:
        assert message["type"] != "non-document-error", message
        if not message["message"].startswith(tuple(EXCUSED)):
            where = f"line {message.get('lastLine')}: {message['message']}: {message.get('extract', '')!r}"
            found[names[message["url"].replace("file:///", "file:/")]].append(where)
    return found


@needs("java", "node", "npm:vnu-jar")
@pytest.mark.parametrize(
    "name", [*PAGES, *sorted(f.name for f in (ROOT / "static").iterdir() if f.suffix in (".css", ".svg"))]
)
def test_the_validator_finds_nothing(validated: dict[str, list[str]], name: str) -> None:
    assert validated[name] == []


# ---- accessibility ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def judged(demo: Demo) -> dict[str, Any]:
    """What axe found on each page."""
    found = driven("axe.mjs", pages=urls(demo, PAGES), looks=LOOKS, tabs=2)
    nodes = sum(look["nodes"] for page in found.values() for look in page["looks"].values())
    slowest = max(found, key=lambda name: float(found[name]["seconds"]))
    print(f"axe checked {nodes} nodes on {len(found)} pages; slowest: {slowest}")
    return found


@needed
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(judged: dict[str, Any], name: str) -> None:
    page = judged[name]
    assert page["status"] == expected(name)
    for look, result in page["looks"].items():
        assert result["violations"] == [], f"{look}: {json.dumps(result['violations'], indent=1)[:4000]}"
        assert result["incomplete"] == [], f"{look}: {json.dumps(result['incomplete'], indent=1)[:4000]}"
        assert result["nodes"] >= (FEWEST_OF_EMBEDS if "embed" in name else FEWEST_NODES), look
    assert page["looks"].keys() == set(LOOKS)


@needed
@pytest.mark.parametrize("name", PAGES)
def test_a_page_never_scrolls_sideways(judged: dict[str, Any], name: str) -> None:
    assert judged[name]["status"] == expected(name)
    assert {width: found for width, found in judged[name]["overflow"].items() if found["by"] > 0} == {}


@needed
@pytest.mark.parametrize("name", PAGES)
def test_text_that_a_reader_spaces_is_not_cut_off(judged: dict[str, Any], name: str) -> None:
    assert judged[name]["clipped"] == []


@needed
@pytest.mark.parametrize("name", PAGES)
def test_paper_has_what_is_folded_and_nothing_to_press(judged: dict[str, Any], name: str) -> None:
    assert judged[name]["paper"] == {"closed": [], "controls": []}


@needed
@pytest.mark.parametrize("name", PAGES)
def test_the_console_has_no_complaint(judged: dict[str, Any], name: str) -> None:
    its_own = "Failed to load resource: the server responded with a status of 404"
    told = judged[name]["console"]
    if is_missing(name):  # about the page itself
        assert [line.startswith(its_own) for line in told] == [True]
    else:
        assert told == []


# ---- speed -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def measured(site: Demo) -> dict[str, Any]:
    return driven("lighthouse.mjs", pages=urls(site, MEASURED), runs=3, enough=PERFORMANCE)


@needed
@pytest.mark.parametrize("name", MEASURED)
def test_lighthouse_is_content(measured: dict[str, Any], name: str) -> None:
    found = measured[name]
    assert "error" not in found, found["error"]
    print(name, found["scores"], found["figures"])
    assert found["scores"].pop("performance") >= PERFORMANCE, found["failed"]
    assert found["scores"] == {"accessibility": 1, "best-practices": 1, "seo": 1}, found["failed"]


@needed
@pytest.mark.parametrize("name", MEASURED)
def test_the_first_view_is_light_and_from_one_origin(site: Demo, measured: dict[str, Any], name: str) -> None:
    requests = [each for each in measured[name].get("requests", []) if not each["url"].startswith("data:")]
    origin = urlsplit(site.url).netloc
    assert {urlsplit(each["url"]).netloc for each in requests} == {origin}
    assert 1 < len(requests) <= REQUESTS, requests
    total = sum(each["bytes"] for each in requests)
    print(f"{name}: {len(requests)} requests, {total} bytes over the wire")
    assert 0 < total <= FIRST_VIEW, requests


# ---- a browser of words ----------------------------------------------------------------------

WORDS = {
    "UP": "Up",
    "DEGRADED": "Degraded",
    "DOWN": "Down",
    "MAINTENANCE": "Maintenance",
    "NO_DATA": "No data",
}


@needs("w3m")
@pytest.mark.parametrize("state", ["all-up", "partial-outage", "maintenance", "large"])
def test_w3m_shows_every_monitor_with_its_state(demo: Demo, state: str) -> None:
    done = subprocess.run(
        ["w3m", "-dump", "-cols", "100", "-T", "text/html", "-O", "UTF-8", f"{demo.url}/{state}/"],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    text = " ".join(done.stdout.split())
    monitors = demo.listed("monitors", state)
    assert len(monitors) > 20
    for monitor in monitors:
        name, word = re.escape(monitor["name"]), WORDS[monitor["status"]]
        assert re.search(rf"{name}.{{0,40}}?\b{word}\b", text), monitor["tag"]
