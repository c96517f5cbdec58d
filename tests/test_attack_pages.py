"""What visitors and operators can write, on every page and document: it is shown, and does nothing more."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree

import pytest
from conftest import Clock, World, config, short_store
from flask.testing import FlaskClient
from icalendar import Calendar
from markdown_it import MarkdownIt
from page import Frame, Page
from past import NOW, SITE, add, job, tell, up, window, world
from werkzeug.test import TestResponse

from kener_py import store, web
from kener_py.model import (
    DAY,
    HOUR,
    LANGUAGES,
    MINUTE,
    SECOND,
    Announcement,
    IncidentState,
    IncidentUpdate,
    Link,
    MaintenancePlan,
    Retention,
    Status,
)
from kener_py.web.prose import md

pytestmark = pytest.mark.long


class Client(FlaskClient):
    """Reads each answer whole, so that no file stays open."""

    def open(self, *request: Any, **of: Any) -> TestResponse:
        return super().open(*request, **{**of, "buffered": True})


def client(made: World) -> FlaskClient:
    app = web.create(made.service)
    app.test_client_class = Client
    return app.test_client()


BROWSER = {"Accept": "text/html", "User-Agent": "Mozilla/5.0"}
TERMINAL = {"Accept": "*/*", "User-Agent": "curl/8.5"}
PAGES = (
    "/",
    "/monitors/job",
    "/monitors/late",
    "/monitors/job?month=2026-09",
    "/monitors/job/2026-09-30",
    "/incidents/1",
    "/maintenances/1",
    "/maintenances/2",
    "/history",
    "/history/2026-09",
    "/history?monitor=job",
    "/subscribe",
    "/uptime",
    "/about",
    "/nothing",
)
EMBEDS = (
    "/embed/job",
    "/embed/monitor-job",
    "/embed/bars/job",
    "/embed/status",
    "/embed/events/live",
    "/embed/nothing",
)
DOCUMENTS = (
    "/status.txt",
    "/llms.txt",
    "/uptime.csv",
    "/history.atom",
    "/history.rss",
    "/feed.json",
    "/updates.atom",
    "/monitors/job/feed.atom",
    "/monitors/job/feed.rss",
    "/monitors/job/feed.json",
    "/maintenance.ics",
    "/maintenance.ics?monitor=job",
    "/maintenances/1.ics",
    "/metrics",
    "/api/v1/monitors",
    "/api/v1/incidents",
    "/api/v1/maintenances",
    "/api/v2/summary.json",
    "/api/v2/incidents.json",
    "/api/v2/scheduled-maintenances.json",
    "/site.css",
    "/static/style.css",
)
HOSTILE = {
    "formats": "100% %s %d %(when)s %(num)s %% {zone} {0} ${HOME} {{ 7 * 7 }} {% raw %}",
    "markup": "</title></svg></textarea><script>alert(1)</script><img src=x onerror=alert(1)>'\"&lt;",
    "markdown": "# h | x | `c` [a](b) ![i](c) <b> *e* _f_ ~~g~~ \\",
    "lines": "one\n# two\r\n\r\n---\n| a | b |\n|---|---|\u2028three\x0bfour\x85five",
    "terminal": "\x1b[31mred\x1b]0;title\x07\x9b2J\x08",
    "direction": "\u202e\u2066\u2067gnirts\u202b\u061c",
    "characters": "\uffff\ufffe\U0001ffff\x00",
    "formula": "=cmd|' /C calc'!A0",
    "long": "x" * 10_000,
    "rule": "---",
}
# Texts of each language are filled in with a name: for that it is enough to try one that has everything.
EVERYTHING = " ".join(sorted(HOSTILE.values(), key=len)[:-1])
CONTROLS = re.compile("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def hostile(db: store.Store, name: str) -> World:
    """A site in which everything that can be named is named so."""
    tale = re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", " ", name)
    every = {"name": name, "category": name, "description": name}
    made = world(
        db,
        (job("job", **every), job("late", **every, include_degraded_in_downtime=True), job("new", name=name)),
        [
            *up("job", "late"),
            (NOW - 5 * DAY, "job", Status.DOWN),
            (NOW - 5 * DAY + HOUR, "job", Status.UP),
            (NOW - HOUR, "job", Status.DOWN),
            (NOW - 2 * HOUR, "late", Status.DEGRADED),
        ],
        site=replace(
            SITE,
            title=name,
            description=name,
            footer=name,
            timezone="Asia/Kathmandu",
            links=(Link(name, "https://example.org/%s"),),
            announcement=Announcement(name, name),
        ),
        maintenances=(
            window(name, NOW - HOUR, NOW + HOUR, "late", description=name),
            window(name, NOW + DAY, NOW + 2 * DAY, "job", description=name),
            MaintenancePlan(name, frozenset({"job"}), name, schedule="0 3 * * *", duration=HOUR),
        ),
    )
    made.service.tidy(NOW)
    title = " ".join(tale.split())[:200]
    incident = tell(made, title, tale.strip()[:9_000], monitors=("job", "late"))
    add(made, incident, tale.strip()[:9_000], state=IncidentState.IDENTIFIED)
    return made


@pytest.fixture(scope="module", params=HOSTILE)
def visitor(request: pytest.FixtureRequest) -> Iterator[FlaskClient]:
    with short_store() as with_past:
        yield client(hostile(with_past, HOSTILE[request.param]))


@pytest.fixture(scope="module")
def visitor_of_everything() -> Iterator[FlaskClient]:
    with short_store() as with_past:
        yield client(hostile(with_past, EVERYTHING))


def calm(db: store.Store, **fields: Any) -> World:
    return world(db, (job("job"), job("late")), up("job", "late"), **fields)


class Links(HTMLParser):
    """Every address that a piece of HTML names."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, _tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attributes if name in ("href", "src", "action")]


def links(page: Page, under: str) -> set[str]:
    """Every address that a page names, as a browser resolves it."""
    tags = [*page.tags, *page.inert]
    found = {each.get(name) for _, each in tags for name in ("href", "src", "action")} - {None}
    return {urljoin(f"http://here{under}", each) for each in found}


# ---- what operators write --------------------------------------------------------------------


def check_page(visitor: FlaskClient, address: str, language: str) -> None:
    answer = visitor.get(f"{address}{'&' if '?' in address else '?'}lang={language}", headers=BROWSER)
    assert answer.status_code == (404 if address.startswith("/nothing") else 200)
    page = Page(answer.text)
    for given in (each.get("href", "") for each in page.all("a")):
        assert given.startswith(("/", "?", "#", "https://", "mailto:", "webcal://")), given
    assert {each for each, _ in page.tags} & {"img", "object", "embed", "base"} == set()
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", page.one("title"))


@pytest.mark.parametrize("address", PAGES)
def test_no_name_breaks_a_page(visitor: FlaskClient, address: str) -> None:
    check_page(visitor, address, LANGUAGES[0])


@pytest.mark.parametrize("name", LANGUAGES)
@pytest.mark.parametrize("address", PAGES)
def test_no_name_breaks_a_page_in_any_language(
    visitor_of_everything: FlaskClient, address: str, name: str
) -> None:
    check_page(visitor_of_everything, address, name)


@pytest.mark.parametrize("address", EMBEDS)
def test_no_name_breaks_an_embed_in_any_language(visitor: FlaskClient, address: str) -> None:
    for name in LANGUAGES:
        answer = visitor.get(f"{address}?lang={name}", headers=BROWSER)
        assert answer.status_code == (404 if address == "/embed/nothing" else 200)
        frame = Frame(answer.text)
        assert all(each["href"].startswith("/") for each in frame.all("a"))
        assert {each for each, _ in frame.tags} & {"img", "object", "embed", "base", "form"} == set()
        assert not re.search("[\u202a-\u202e\u2066-\u2069]", frame.one("title"))


@pytest.mark.parametrize("address", [each for each in PAGES if each != "/nothing"])
def test_nothing_steers_a_terminal(visitor: FlaskClient, address: str) -> None:
    for headers in (TERMINAL, {"Accept": "text/markdown"}, {"Accept": "text/plain"}):
        answer = visitor.get(address, headers=headers)
        assert answer.status_code == 200
        assert answer.mimetype in ("text/plain", "text/markdown")
        assert CONTROLS.findall(answer.text) == []


@pytest.mark.parametrize("address", DOCUMENTS)
def test_no_name_breaks_a_document(visitor: FlaskClient, address: str) -> None:
    answer = visitor.get(address)
    assert answer.status_code == 200
    if answer.mimetype.endswith("xml"):
        ElementTree.fromstring(answer.data)
    elif answer.mimetype.endswith("json"):
        json.loads(answer.data, parse_constant=pytest.fail)
    elif answer.mimetype == "text/calendar":
        (calendar,) = Calendar.from_ical(answer.data, multiple=True)
        assert {each.name for each in calendar.subcomponents} == {"VEVENT"}
        assert all(len(line) <= 75 for line in answer.data.split(b"\r\n"))
    if answer.mimetype in ("text/plain", "text/csv", "text/calendar"):
        assert CONTROLS.findall(answer.text) == []


MARKDOWN = MarkdownIt("commonmark").enable("table")


def blocks(text: str) -> list[str]:
    """What a document is made of, without what people wrote as Markdown, which stands in quotes."""
    found, depth = [], 0
    for token in MARKDOWN.parse(text):
        depth += token.type == "blockquote_open"
        if not depth:
            found.append(f"{token.type} {token.tag}")
        depth -= token.type == "blockquote_close"
    return found


def twins(visitor: FlaskClient) -> dict[str, list[str]]:
    return {
        each: blocks(visitor.get(each, headers={"Accept": "text/markdown"}).text)
        for each in PAGES
        if each not in ("/nothing", "/about")
    }


@pytest.fixture(scope="module")
def twins_of_a_word() -> dict[str, list[str]]:
    with short_store() as with_past:
        return twins(client(hostile(with_past, "word")))


@pytest.mark.parametrize("visitor", [each for each in HOSTILE if each != "long"], indirect=True)
def test_no_name_changes_what_a_twin_is_made_of(
    visitor: FlaskClient, twins_of_a_word: dict[str, list[str]]
) -> None:
    assert twins(visitor) == twins_of_a_word


@pytest.mark.parametrize(
    "text", ["---", "===", "- x", "1. x", "123. x", "-", "+ x", "# x", "> x", "    x", "a\n===", "~~~", "1)"]
)
def test_a_name_at_the_beginning_of_a_line_is_only_text(text: str) -> None:
    tokens = MARKDOWN.parse(f"before\n\n{md(text)}\n\nafter")
    assert [each.type for each in tokens] == ["paragraph_open", "inline", "paragraph_close"] * 3
    assert "".join(each.content for each in tokens[4].children or ()) == " ".join(text.split())
    tokens = MARKDOWN.parse(f"before\n{md(text)}")
    assert [each.type for each in tokens] == ["paragraph_open", "inline", "paragraph_close"]


@pytest.mark.parametrize("length", range(196, 202))
def test_a_long_name_closes_its_link_in_the_map(db: store.Store, length: int) -> None:
    made = world(db, [job("job", name="x" * length + "]" * 10)], up("job"))
    (link,) = (each for each in client(made).get("/llms.txt").text.splitlines() if "/monitors/job.md" in each)
    (inline,) = (each for each in MARKDOWN.parse(link) if each.type == "inline")
    assert next(each.type for each in inline.children or ()) == "link_open"


LINKS = r"""[a](javascript:alert(1)) [b](JaVaScRiPt:alert(1)) [c](&#106;avascript:alert(1))
[d](javascript&colon;x) [e](data:text/html;base64,x) [f](vbscript:x) [g]( javascript:x) [h](<java script:x>)
<javascript:alert(1)> [i](&#1;javascript:x) [j] [k](//evil.example) [l](/\\evil.example) [m](\\\\evil.example)
![o](https://example.org/x.png) <a href="javascript:x">p</a> <style>*{}</style> [q](java%0ascript:x)
[n](file:///etc/passwd) [r](HTTPS://good.example "\"><script>")

[j]: javascript:x
"""


def test_only_links_to_the_web_and_to_mail_leave_a_page(db: store.Store) -> None:
    made = calm(
        db,
        site=replace(SITE, footer=LINKS, announcement=Announcement(LINKS, "News")),
        maintenances=(window("Move", NOW - HOUR, NOW + HOUR, "job", description=LINKS),),
    )
    tell(made, "Links", LINKS, monitors=("job",))
    for address in ("/", "/incidents/1", "/maintenances/1"):
        page = Page(client(made).get(address, headers=BROWSER).text)
        schemes = {urlsplit(each.get("href", "")).scheme.lower() for each in page.all("a")}
        assert schemes <= {"", "https", "http", "mailto"}
        assert not [each for each in page.all("a") if "evil" in each.get("href", "")]
        assert not page.all("img")
        assert [each for each in page.all("a") if each.get("href", "").lower() == "https://good.example"]
    items = client(made).get("/feed.json").get_json()["items"]
    assert len(items) == 2
    for item in items:
        found = [urlsplit(urljoin("http://here/", each)) for each in Links(item["content_html"]).found]
        assert {each.scheme for each in found} <= {"https", "http"}
        assert "evil.example" not in {each.hostname for each in found}


def test_the_announcement_is_in_every_form_of_the_front_page(db: store.Store) -> None:
    made = calm(db, site=replace(SITE, announcement=Announcement("On *Sunday*\n\n# we move", "Ne|ws")))
    visitor = client(made)
    assert "**Ne\\|ws**\n\n> On *Sunday*\n> \n> # we move\n\n" in visitor.get("/index.md").text
    assert "Announcement: Ne|ws On *Sunday* # we move\n" in visitor.get("/", headers=TERMINAL).text
    made.service.reload(replace(made.service.config, site=SITE))
    assert "Announcement" not in visitor.get("/", headers=TERMINAL).text


@pytest.mark.parametrize("cron", ["* * * * *", "*/1 * * * *", "*/5 * * * *", "@hourly", "5 4 * * *"])
def test_every_rhythm_can_be_told_in_every_language(db: store.Store, cron: str) -> None:
    visitor = client(world(db, [job("job", cron=cron)], up("job")))
    for name in LANGUAGES:
        assert visitor.get(f"/about?lang={name}", headers=BROWSER).status_code == 200


# ---- much of everything ----------------------------------------------------------------------


def test_an_open_incident_with_thousands_of_updates_stays_small(db: store.Store) -> None:
    made = calm(db)
    incident = tell(made, started=NOW - 10 * DAY, monitors=("job",))

    def say(inside: store.Database, *_: object) -> None:
        for number in range(5_000):
            at = NOW - 9 * DAY + number * SECOND
            update = IncidentUpdate(None, incident.id or 0, IncidentState.MONITORING, f"*News* {number}", at)
            store.add_updates(inside, [update])

    made.service.change(say)
    visitor = client(made)
    page = Page(visitor.get("/", headers=BROWSER).text)
    assert "News 4981" in page.text
    assert "News 4980" not in page.text
    assert re.search(r"4,?981 older entries are left out\.", page.text)
    assert {"href": "/incidents/1#timeline"} in page.all("a")
    assert '"timeline"' in visitor.get("/incidents/1", headers=BROWSER).text
    for address in ("/", "/incidents/1", "/index.md", "/history.atom", "/history.rss", "/feed.json"):
        assert len(visitor.get(address, headers=BROWSER).data) < 100_000, address


def test_hundreds_of_categories_and_strange_tags_have_pages(db: store.Store) -> None:
    strange = ("status", "_", "-", "index", "feed", "md", "month", "0", "2026-09-30", "all", "x" * 64)
    many = [job(f"m{number}", category=f"<c {number}>") for number in range(300)]
    visitor = client(world(db, [*(job(tag) for tag in strange), *many], up(*strange, "m1")))
    for tag in strange:
        for ending in ("", ".md", "/2026-09-30", "/2026-09-30.md", "/feed.atom", "?month=2026-09"):
            assert visitor.get(f"/monitors/{tag}{ending}", headers=BROWSER).status_code == 200
        assert visitor.get(f"/api/v1/monitors/{tag}").get_json()["tag"] == tag
    for address in ("/", "/index.md", "/history", "/uptime", "/subscribe", "/about", "/status.txt"):
        assert visitor.get(address, headers=BROWSER).status_code == 200
    assert len(Page(visitor.get("/history", headers=BROWSER).text).all("optgroup")) == 301


@pytest.mark.parametrize(
    ("zone", "back"),
    [
        ("Pacific/Apia", 0),
        ("Asia/Kathmandu", MINUTE),
        ("America/St_Johns", DAY),
        ("Pacific/Kiritimati", 40 * DAY),
        ("Pacific/Apia", 1_000 * DAY),
    ],
)
def test_a_clock_that_was_set_back_breaks_no_page(db: store.Store, zone: str, back: int) -> None:
    made = world(
        db,
        (job("job"), job("late")),
        [*up("job", "late"), (NOW - HOUR, "job", Status.DOWN)],
        site=replace(SITE, timezone=zone, language="ar"),
        retention=Retention(days=1),
        maintenances=(
            window("Far", NOW + 90 * DAY, NOW + 6_000 * 365 * DAY, "late"),
            window("Soon", NOW + HOUR, NOW + 2 * HOUR, "job"),
        ),
    )
    tell(made, monitors=("job",))
    made.clock.now -= back
    visitor = client(made)
    for address in (*PAGES, *DOCUMENTS):
        for headers in (BROWSER, TERMINAL):
            assert visitor.get(address, headers=headers).status_code in (200, 404), address
    assert visitor.get("/", headers=BROWSER).status_code == 200


# ---- what visitors write ---------------------------------------------------------------------

ODD = (
    "lang=../../etc/passwd",
    "lang[]=de",
    "lang=AR",
    "lang=de-AT",
    "lang=%00&lang=%ff%fe",
    "%",
    "%zz=%zz&&&=&==",
    "month[]=2026-09&show[]=monitor:job&to[]=2026-09&to[x]=1&monitor[]=job&sig=%ff&v=%00",
    "x=" + "y" * 60_000,
    "&".join(f"a{number}=1" for number in range(2_000)),
)


def test_an_odd_query_changes_no_page(db: store.Store) -> None:
    made = calm(db, maintenances=(window("Move", NOW - HOUR, NOW + HOUR, "job"),))
    tell(made, monitors=("job",))
    visitor = client(made)
    for address in (each for each in (*PAGES, *DOCUMENTS) if "?" not in each):
        plain = visitor.get(address, headers=BROWSER)
        words = Page(plain.text).text if plain.mimetype == "text/html" else ""
        for query in ODD:
            odd = visitor.get(f"{address}?{query}", headers=BROWSER)
            assert odd.status_code == plain.status_code, (address, query[:80])
            if odd.mimetype == "text/html":
                assert Page(odd.text).text == words, (address, query[:80])


NOWHERE = (
    "/%2e%2e/%2e%2e/etc/passwd",
    "/static/%2e%2e/templates/layout.html",
    "/static/..%2f..%2fkener_py/__init__.py",
    "/static//etc/passwd",
    "/static/",
    "/INDEX.md",
    "/Monitors/job",
    "/monitors/JOB",
    "/monitors/job/٢٠٢٦-٠٩-٣٠",
    "/monitors/job/2026-02-30",
    "/monitors/job/0000-01-01",
    "/monitors/job/9999-12-31",
    "/monitors/job/9999-12-31.md",
    "/monitors/job/2026-9-30",
    "/monitors/job/20260930",
    "/monitors/job/2026-W40-3",
    "/monitors/.md",
    "/history/2026-02-30",
    "/history/0000-01",
    "/history/0001-01",
    "/history/9999-12",
    "/history/2026-13",
    "/history/\uff12\uff10\uff12\uff16-09",
    "/history?show=x",
    "/history?show=monitor:",
    "/history?show=group:%0d%0aX:y",
    "/history?group=nothing",
    "/events/August-26",
    "/events/\u017feptember-2026",
    "/events/%0d%0aX:y-2026",
    "/uptime?to=9999-12",
    "/uptime?to=%00",
    "/monitors/job?month=",
    "/monitors/job?month=0000-00",
    "/incidents/01",
    "/incidents/\uff11",
    "/incidents/1e3",
    "/incidents/-1",
    "/incidents/999999999999999999",
    "/incidents/99999999999999999999999999",
    "/maintenances/999999999999999999.ics",
    "/maintenances/+1",
    "/maintenance/0",
    "/maintenance.ics?monitor=",
    "/maintenance.ics?monitor=nothing",
    "/alerts/1?sig=é",
    "/alerts/x",
    "/%00",
    "/%ff",
    "/a/" * 1_000,
)


def test_what_is_not_there_is_not_found(db: store.Store) -> None:
    made = calm(db)
    tell(made, monitors=("job",))
    visitor = client(made)
    for address in NOWHERE:
        answer = visitor.get(address, headers=BROWSER)
        assert answer.status_code == 404, address
        if answer.mimetype == "text/html":
            Page(answer.text)


@pytest.mark.parametrize(
    ("accept", "mimetype"),
    [
        ("text/markdown;q=0", "text/html"),
        ("text/plain;q=0, */*", "text/html"),
        ("text/markdown;q=0, text/plain;q=0, text/html", "text/html"),
        ("text/markdown;q=NaN", "text/html"),
        (";;;,,,", "text/html"),
        ("x" * 60_000, "text/html"),
        ("*/*;q=0", "text/html"),
        ("text/markdown", "text/markdown"),
        ("text/markdown;q=0.2, text/html;q=0.1", "text/markdown"),
        ("text/markdown;q=0.1, text/html;q=0.2", "text/html"),
        ("text/plain", "text/plain"),
    ],
)
def test_the_form_is_one_that_the_visitor_takes(db: store.Store, accept: str, mimetype: str) -> None:
    answer = client(calm(db)).get("/", headers={"User-Agent": "Mozilla/5.0", "Accept": accept})
    assert (answer.status_code, answer.mimetype) == (200, mimetype)


@pytest.mark.parametrize(
    ("wish", "spoken"),
    [
        ("*", "ar"),
        ("*;q=0", "ar"),
        ("xx, *", "ar"),
        ("de;q=0.1, *", "de"),
        ("de-AT, de;q=0.5", "de"),
        ("de;q=NaN", "ar"),
        ("../../etc/passwd", "ar"),
        ("fr;q=0, es;q=0.1", "es"),
        ("x" * 60_000, "ar"),
        ("es," * 5_000, "es"),
    ],
)
def test_who_wishes_for_no_language_gets_that_of_the_site(db: store.Store, wish: str, spoken: str) -> None:
    visitor = client(calm(db, site=replace(SITE, language="ar")))
    answer = visitor.get("/", headers={**BROWSER, "Accept-Language": wish})
    assert answer.headers["Content-Language"] == spoken


def test_no_cache_can_give_a_page_to_who_asked_for_another_one(db: store.Store) -> None:
    """Answers differ only by headers that they name in Vary, and by their ETag."""
    visitor = client(calm(db))
    accepts = (
        "*/*",
        "text/html",
        "text/html;q=0, */*",
        "application/x-html, */*",
        "text/markdown;q=0.5, */*",
        "text/markdown",
        "text/plain",
        "text/plain;q=0, */*",
        "application/xhtml+xml",
    )
    asked = [
        {"Accept": accept, "User-Agent": agent, "Accept-Language": wish, "Accept-Encoding": encoding}
        for accept in accepts
        for agent in ("curl/8.5", "Mozilla/5.0")
        for wish in ("de", "en")
        for encoding in ("gzip", "identity")
    ]
    for address in ("/", "/index.md", "/history", "/nothing", "/site.css", "/static/style.css"):
        kept: dict[tuple[str, ...], bytes] = {}
        tagged: dict[str, bytes] = {}
        for headers in asked:
            answer = visitor.get(address, headers=headers)
            names = sorted(each.title() for each in answer.vary)
            key = (*names, *(headers.get(name, "") for name in names))
            assert kept.setdefault(key, answer.data) == answer.data, (address, headers)
            if tag := answer.headers.get("ETag"):
                assert tagged.setdefault(tag, answer.data) == answer.data, (address, headers)
        assert len(set(tagged.values())) == len(tagged)


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_a_part_of_a_static_file_is_never_a_part_of_another_one(db: store.Store, encoding: str) -> None:
    visitor = client(calm(db))
    takes = {"Accept-Encoding": encoding}
    whole = visitor.get("/static/style.css", headers=takes)
    tag = whole.headers["ETag"]
    part = visitor.get("/static/style.css", headers={**takes, "Range": "bytes=100-199", "If-Range": tag})
    assert part.data == (whole.data[100:200] if part.status_code == 206 else whole.data)
    again = visitor.get("/static/style.css", headers={**takes, "If-None-Match": tag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    for answer in (whole, part, again):
        assert "Accept-Encoding" in answer.vary


@pytest.mark.parametrize("header", ["If-None-Match", "If-Modified-Since", "If-Range", "Range", "If-Match"])
def test_no_condition_breaks_an_answer(db: store.Store, header: str) -> None:
    visitor = client(calm(db, maintenances=(window("Move", NOW - HOUR, NOW + HOUR, "job"),)))
    for given in ("*", '"x", W/"y"', 'garbage,,,"', '"' + "x" * 50_000, "\x7f", "", "bytes=0-1,5-"):
        for address in (*PAGES[:2], *DOCUMENTS):
            code = visitor.get(address, headers={**BROWSER, header: given}).status_code
            assert code in (200, 206, 304, 412, 416), address


def test_head_answers_like_get_without_the_body(db: store.Store) -> None:
    visitor = client(calm(db, maintenances=(window("Move", NOW - HOUR, NOW + HOUR, "job"),)))
    for address in (*PAGES, *(each for each in DOCUMENTS if each != "/metrics")):  # which counts itself
        got, asked = (visitor.open(address, method=each, headers=BROWSER) for each in ("GET", "HEAD"))
        assert (asked.status_code, asked.data) == (got.status_code, b"")
        assert {**asked.headers, "Date": ""} == {**got.headers, "Date": ""}, address


def test_pages_can_only_be_read(db: store.Store) -> None:
    visitor = client(calm(db))
    for address in ("/", "/index.md", "/monitors/job", "/history", "/uptime.csv", "/feed.json"):
        for method in ("POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"):
            answer = visitor.open(address, method=method, headers=BROWSER)
            assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")
        asked = visitor.open(address, method="OPTIONS")
        assert (asked.status_code, asked.headers["Allow"]) == (204, "GET, HEAD")


LIES = {
    "Host": "evil.example",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "javascript",
    "X-Forwarded-Prefix": "/evil.example",
    "X-Forwarded-For": "evil.example",
    "X-Script-Name": "/evil.example",
    "Forwarded": "host=evil.example;proto=evil.example",
    "X-Original-Url": "/evil.example",
    "X-Rewrite-Url": "/evil.example",
    "Referer": "https://evil.example/",
    "Origin": "https://evil.example",
    "Cookie": "lang=evil.example",
}


@pytest.mark.parametrize("url", ["", SITE.url])
def test_no_header_says_where_we_are(db: store.Store, url: str) -> None:
    made = calm(
        db,
        site=replace(SITE, url=url),
        maintenances=(window("Move", NOW - HOUR, NOW + HOUR, "job"),),
    )
    visitor = client(made)
    for address in (*PAGES, *DOCUMENTS, "/maintenance/1", "/events", "/history?show=monitor:job"):
        answer = visitor.get(address, headers={**BROWSER, **LIES})
        assert "evil.example" not in answer.text + str(answer.headers), address


# ---- where links lead ------------------------------------------------------------------------


@pytest.mark.parametrize("asked", ["", "?lang=de"])
def test_below_a_prefix_no_link_leaves_it_and_each_leads_somewhere(db: store.Store, asked: str) -> None:
    made = calm(
        db,
        site=replace(SITE, url=""),
        maintenances=(
            window("Move", NOW - HOUR, NOW + HOUR, "job"),
            window("Soon", NOW + DAY, NOW + DAY + HOUR, "late"),
        ),
    )
    tell(made, monitors=("job",))
    visitor = client(made)
    seen: set[str] = set()
    alike: Counter[str] = Counter()  # three days, monitors or languages are like all of them
    waiting = [f"/status/{asked}"]
    while waiting:
        address = waiting.pop(0)
        shape = re.sub(r"\d+|\blang=\w+|\bjob\b|\blate\b", "0", address)
        if address in seen or alike[shape] == 3:
            continue
        seen.add(address)
        alike[shape] += 1
        answer = visitor.get(
            address.removeprefix("/status"), headers=BROWSER, environ_overrides={"SCRIPT_NAME": "/status"}
        )
        assert answer.status_code in (200, 301, 302), address
        found: list[str] = []
        if answer.status_code != 200:
            found = [f"http://here{answer.headers['Location']}"]
        elif answer.mimetype == "text/html":
            found = sorted(
                each for each in links(Page(answer.text), address) if each.startswith("http://here")
            )
        elif answer.mimetype in ("text/markdown", "text/plain"):
            found = [f"http://here{each}" for each in re.findall(r"\]\((/[^)\s]*)\)", answer.text)]
        for each in found:
            parts = urlsplit(each)
            assert parts.path.startswith("/status/"), f"{each} on {address}"
            waiting.append(f"{parts.path}?{parts.query}" if parts.query else parts.path)
    assert len(seen) > 100


def test_the_buttons_of_an_alert_stay_below_the_prefix(db: store.Store, clock: Clock) -> None:
    made = World(db, clock, config())
    made.fail()
    made.look()
    number = made.standing()["down"].id
    assert number is not None
    address = f"/alerts/{number}?sig={made.service.signature(number)}"
    answer = client(made).get(address, headers=BROWSER, environ_overrides={"SCRIPT_NAME": "/status"})
    assert answer.status_code == 200
    (form,) = Page(answer.text).all("form")
    assert form["action"] == f"/status{address}"


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("/history", "/history/2026-09"),
        ("/history/", "/history/2026-09"),
        ("/history/2026-09", "/history/2026-09"),
        ("/history?monitor=job", "/history/2026-09"),
        ("/history?lang=de", "/history/2026-09?lang=de"),
        ("/monitors/job", "/monitors/job"),
        ("/monitors/job/", "/monitors/job"),
    ],
)
def test_a_page_has_one_public_address(db: store.Store, address: str, public: str) -> None:
    page = Page(client(calm(db)).get(address, headers=BROWSER).text)
    (canonical,) = (each["href"] for each in page.all("link") if each.get("rel") == "canonical")
    (shared,) = (each["content"] for each in page.all("meta") if each.get("property") == "og:url")
    assert canonical == shared == SITE.url + public


@pytest.mark.parametrize(
    ("host", "base"),
    [
        ("0.0.0.0", "http://localhost:3000/p"),
        ("::1", "http://[::1]:3000/p"),
        ("::", "http://localhost:3000/p"),
    ],
)
def test_without_an_address_programs_are_sent_where_feeds_send(db: store.Store, host: str, base: str) -> None:
    made = calm(db, site=replace(SITE, url=""))
    tell(made, monitors=("job",))
    given = made.service.config
    made.service.reload(replace(given, server=replace(given.server, host=host)))
    answer = client(made).get("/api/v2/summary.json", environ_overrides={"SCRIPT_NAME": "/p"})
    assert answer.get_json()["page"]["url"] == base
    assert answer.get_json()["incidents"][0]["shortlink"] == f"{base}/incidents/1"


def test_a_monitor_that_leaves_in_the_middle_breaks_no_calendar(db: store.Store, monkeypatch) -> None:
    """The configuration may change between any two looks at it."""
    made = calm(db, maintenances=(window("Move", NOW - HOUR, NOW + HOUR, "job"),))
    before = made.service.timetable

    def and_leave(tag: str | None = None) -> Any:
        found = before(tag)
        left = {each: monitor for each, monitor in made.service.config.monitors.items() if each != "job"}
        made.service.reload(replace(made.service.config, monitors=left))
        return found

    monkeypatch.setattr(made.service, "timetable", and_leave)
    assert client(made).get("/maintenance.ics?monitor=job").status_code == 404


def test_compressed_and_plain_are_the_same_page(db: store.Store) -> None:
    visitor = client(calm(db))
    for address in ("/", "/history", "/site.css", "/about"):
        packed = visitor.get(address, headers={**BROWSER, "Accept-Encoding": "gzip"})
        assert packed.headers["Content-Encoding"] == "gzip"
        for refused in ("gzip;q=0", "identity;q=0", "*;q=0", "zstd", "", "gzip;q=NaN", "x" * 30_000):
            plain = visitor.get(address, headers={**BROWSER, "Accept-Encoding": refused})
            assert plain.status_code == 200
            assert "Content-Encoding" not in plain.headers
            assert gzip.decompress(packed.data) == plain.data
            assert packed.headers["ETag"] != plain.headers["ETag"]


def test_a_first_heartbeat_that_nobody_has_judged_yet_breaks_no_page(db: store.Store, clock: Clock) -> None:
    made = World(db, clock, config((job("job"), job("late")), rules=(), site=SITE))
    visitor = client(made)
    for tag in ("job", "late"):
        made.beat(tag=tag)
        for address in ("/", "/monitors/job", "/history", "/uptime", "/uptime.csv", "/about", "/feed.json"):
            for headers in (BROWSER, TERMINAL):
                assert visitor.get(address, headers=headers).status_code == 200, address
