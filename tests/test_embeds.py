"""Embeds: parts of the page for the frames of other sites, who may frame them, and the pictures of links."""

from __future__ import annotations

import gzip
import re
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import past
import pytest
from conftest import World
from flask.testing import FlaskClient
from page import Frame
from past import HOSTILE, NOW, SITE, add, job, tell, trouble, up, window
from werkzeug.test import TestResponse

from kener_py import store
from kener_py.model import (
    DAY,
    HOUR,
    LANGUAGES,
    MINUTE,
    Incident,
    IncidentState,
    Overall,
    Severity,
    Site,
    Status,
)
from kener_py.web import create, previews

ROOT = Path(__file__).resolve().parents[1]
TAGS = ("backup", "mail", "status", "monitor-mail", "bars", "events")
EMBEDS = (
    "/embed/backup",
    "/embed/monitor-backup",
    "/embed/status",
    "/embed/bars/backup",
    "/embed/events/live",
)
SCRIPTS = ("/embed.js", "/embed/monitor-backup/js")


class Client(FlaskClient):
    """Reads each answer whole, so that no file stays open."""

    def open(self, *request: Any, **of: Any) -> TestResponse:
        return super().open(*request, **{**of, "buffered": True})


def visitor(world: World) -> FlaskClient:
    app = create(world.service)
    app.test_client_class = Client
    return app.test_client()


def made(db: store.Store, site: Site = SITE, **of: object) -> World:
    """Six monitors that are up, but for "mail", which is down and was before; one that is hidden."""
    monitors = (*map(job, TAGS), replace(job("hidden"), is_hidden=True))
    events = [*up(*TAGS, "hidden"), *trouble("backup", 3 * DAY, HOUR), (NOW - HOUR, "mail", Status.DOWN)]
    return past.world(db, monitors, events, site=site, **of)  # type: ignore[arg-type]


@pytest.fixture
def world(db: store.Store) -> World:
    return made(db)


@pytest.fixture
def client(world: World) -> FlaskClient:
    return visitor(world)


def frame(client: FlaskClient, address: str, code: int = 200, **headers: str) -> Frame:
    answer = client.get(address, headers=headers)
    assert (answer.status_code, answer.mimetype) == (code, "text/html")
    return Frame(answer.text)


def framers(client: FlaskClient, address: str) -> str:
    policy = client.get(address).headers["Content-Security-Policy"]
    (found,) = re.findall(r"frame-ancestors ([^;]*)", policy)
    return str(found)


# ---- what they say ---------------------------------------------------------------------------


def test_a_monitor_is_its_name_its_state_its_uptime_and_its_days(client: FlaskClient) -> None:
    shown = frame(client, "/embed/backup")
    assert shown.one("h1") == "Backup"
    assert "Up" in shown.texts["p"][0]
    assert re.search(r"90 days ago.* 99\.\d+% uptime, 1 h down.* Today", shown.text)
    assert [each["viewbox"] for each in shown.all("svg") if "preserveaspectratio" in each] == [
        "-3.5 -3.5 897 40"
    ]


def test_trouble_says_since_when(client: FlaskClient) -> None:
    assert "Since 30 Sep 2026, 12:41 CEST." in frame(client, "/embed/mail").text


def test_bars_are_the_days_and_say_the_rest_to_who_cannot_see_them(client: FlaskClient) -> None:
    shown = frame(client, "/embed/bars/mail")
    assert shown.one("h1") == "Mail: Down"
    assert shown.all("h1") == [{"class": "unseen", "id": "now"}]
    assert "uptime" in shown.text


def test_the_page_is_a_sentence(client: FlaskClient) -> None:
    shown = frame(client, "/embed/status")
    assert shown.one("h1") == "Partial outage"
    assert "Acme 1 of 6 monitors affected since 30 Sep 2026, 12:41 CEST" in shown.text


def test_an_embed_says_the_same_as_the_page(client: FlaskClient) -> None:
    front = past.Page(client.get("/", headers={"Accept": "text/html"}).text)
    assert front.one("h1") == frame(client, "/embed/status").one("h1")


def test_what_is_going_on_is_told(world: World, client: FlaskClient) -> None:
    assert "Nothing is going on now." in frame(client, "/embed/events/live").text
    tell(world, "Backup is slow", severity=Severity.MINOR)
    add(world, tell(world, "Is over"), "Over.", state=IncidentState.RESOLVED)
    tell(world, "About everything", monitors=())
    tell(world, "Nobody knows", is_draft=True)
    tell(world, "Nobody sees", monitors=("hidden",))
    shown = frame(client, "/embed/events/live").text
    assert "Backup is slow Investigating · Minor · since 30 Sep 2026, 12:58 CEST" in shown
    assert "About everything" in shown
    assert not re.search("Is over|Nobody|Nothing", shown)


def test_a_window_is_told_while_it_runs(db: store.Store) -> None:
    world = made(
        db,
        maintenances=(
            window("Now", NOW - HOUR, NOW + HOUR, "backup"),
            window("Later", NOW + HOUR, NOW + 2 * HOUR, "backup"),
            window("Unseen", NOW - HOUR, NOW + HOUR, "hidden"),
        ),
    )
    world.service.tidy(NOW)
    shown = frame(visitor(world), "/embed/events/live").text
    assert "Now In progress since 30 Sep 2026, 12:41 CEST" in shown
    assert not re.search("Later|Unseen", shown)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("", {"Of backup", "Of mail", "Of all", "Window"}),
        ("?incidents=0", {"Window"}),
        ("?maintenance=0", {"Of backup", "Of mail", "Of all"}),
        ("?incidents=0&maintenance=0", set()),
        ("?tags=mail", {"Of mail", "Of all"}),
        ("?tags=backup,%20mail,", {"Of backup", "Of mail", "Of all", "Window"}),
        ("?tags=hidden", {"Of all"}),
        ("?tags=,", {"Of backup", "Of mail", "Of all", "Window"}),
        ("?incidents=yes&maintenance=", {"Of backup", "Of mail", "Of all", "Window"}),
    ],
)
def test_events_can_be_chosen(db: store.Store, query: str, told: set[str]) -> None:
    world = made(db, maintenances=(window("Window", NOW - HOUR, NOW + HOUR, "backup"),))
    world.service.tidy(NOW)
    for title, tags in (("Of backup", ("backup",)), ("Of mail", ("mail", "hidden")), ("Of all", ())):
        tell(world, title, monitors=tags)
    shown = frame(visitor(world), f"/embed/events/live{query}")
    assert {" ".join(each.split()) for each in shown.texts.get("h2", [])} == told


def test_many_events_are_counted(world: World, client: FlaskClient) -> None:
    for number in range(25):
        tell(world, f"Incident {number}")
    shown = frame(client, "/embed/events/live")
    assert len(shown.all("h2")) == 20
    assert "and 5 more" in shown.text


def test_nothing_is_green_while_nobody_measures(db: store.Store) -> None:
    client = visitor(made(db, away=10 * MINUTE))
    assert "Unknown Last known: Up, 30 Sep 2026, 13:41 CEST" in frame(client, "/embed/backup").text
    assert frame(client, "/embed/bars/backup").one("h1") == "Backup: Unknown"
    assert frame(client, "/embed/status").one("h1") == "Status unknown"
    assert "last measured 30 Sep 2026, 13:41 CEST" in frame(client, "/embed/status").text
    assert "Unknown" in frame(client, "/embed/events/live").text
    for address in EMBEDS:
        assert frame(client, address).all("main") == [{"class": "stale"}]


def test_a_monitor_that_was_never_heard_waits(db: store.Store) -> None:
    client = visitor(past.world(db, (job("backup"),)))
    assert "Waiting for the first heartbeat." in frame(client, "/embed/backup").text
    assert frame(client, "/embed/status").one("h1") == "Waiting for the first heartbeat"


# ---- which one an address is -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("/embed/monitor-backup", "Backup"),
        ("/embed/status", "Partial outage"),  # the page wins over a monitor of that tag
        ("/embed/monitor-status", "Status"),
        ("/embed/monitor-mail", "Mail"),  # the form wins over a monitor of that tag
        ("/embed/monitor-monitor-mail", "Monitor-mail"),
        ("/embed/bars", "Bars"),
        ("/embed/events", "Events"),
        ("/embed/bars/monitor-mail", "Monitor-mail: Up"),
        ("/embed/bars/status", "Status: Up"),
    ],
)
def test_a_tag_like_an_address_of_ours_is_never_taken_for_it(
    client: FlaskClient, address: str, name: str
) -> None:
    assert frame(client, address).one("h1") == name


@pytest.mark.parametrize("place", ["/embed/{}", "/embed/monitor-{}", "/embed/bars/{}"])
def test_what_is_hidden_looks_like_what_never_was(client: FlaskClient, place: str) -> None:
    found = {client.get(place.format(tag)).data for tag in ("hidden", "nothing", "Backup", "%2e%2e", "x%00")}
    assert len(found) == 1
    assert frame(client, place.format("hidden"), 404).one("h1") == "Not found"


def test_no_script_tells_a_hidden_monitor_from_none(client: FlaskClient) -> None:
    hidden, nothing = (client.get(f"/embed/monitor-{tag}/js") for tag in ("hidden", "nothing"))
    assert (hidden.status_code, hidden.data) == (404, nothing.data)


# ---- how they look ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "theme"),
    [("", None), ("?theme=light", "light"), ("?theme=dark", "dark"), ("?theme=auto", None),
     ("?theme=x%22%3E", None)],
)  # fmt: skip
@pytest.mark.parametrize("address", [*EMBEDS, "/embed/nothing"])
def test_the_theme_is_the_visitor_s_or_that_of_the_address(
    client: FlaskClient, address: str, query: str, theme: str | None
) -> None:
    answer = client.get(address + query)
    assert Frame(answer.text).all("html")[0].get("data-theme") == theme
    assert "x&#34;" not in answer.text


@pytest.mark.parametrize(
    ("days", "count"), [("1", 1), ("30", 30), ("90", 90), ("91", 90), ("9" * 9, 90), ("0", 1)]
)
@pytest.mark.parametrize("place", ["/embed/backup", "/embed/bars/backup"])
def test_so_many_days_are_shown_as_are_asked_for(
    client: FlaskClient, place: str, days: str, count: int
) -> None:
    shown = frame(client, f"{place}?days={days}")
    (strip,) = (each for each in shown.all("svg") if "preserveaspectratio" in each)
    assert (strip["width"], strip["viewbox"]) == (
        str(count * 10 - 3),
        f"{(90 - count) * 10 - 3.5} -3.5 {count * 10 - 3} 40",
    )
    assert f"{count} day{'s' if count > 1 else ''} ago" in shown.text
    assert ("1 h down" in shown.text) == (count > 3)


@pytest.mark.parametrize("days", ["", "-1", "x", "1e9", "9" * 10, "٣", "1.5"])
def test_what_is_no_number_of_days_is_left_to_the_width(client: FlaskClient, days: str) -> None:
    asked, plain = (client.get(f"/embed/backup{query}") for query in (f"?days={days}", ""))
    assert asked.data == plain.data


@pytest.mark.parametrize("name", LANGUAGES)
def test_an_embed_speaks_as_pages_do(client: FlaskClient, name: str) -> None:
    asked = frame(client, f"/embed/backup?lang={name}")
    preferred = frame(client, "/embed/backup", **{"Accept-Language": name})
    assert asked.all("html")[0]["lang"] == preferred.all("html")[0]["lang"] == name
    assert asked.all("a")[0]["href"] == f"/monitors/backup?lang={name}"
    assert asked.one("h1") == preferred.one("h1")


@pytest.mark.parametrize("address", EMBEDS)
def test_an_embed_opens_the_page_beside_its_host(world: World, client: FlaskClient, address: str) -> None:
    tell(world)
    links = frame(client, address).all("a")
    assert links
    for link in links:
        assert (link["target"], link["rel"]) == ("_blank", "noopener")
        assert client.get(link["href"]).status_code == 200


@pytest.mark.parametrize("address", EMBEDS)
def test_an_embed_is_complete_small_and_of_three_requests(client: FlaskClient, address: str) -> None:
    answer = client.get(address)
    shown = Frame(answer.text)
    needed = [
        *(each["src"] for each in shown.all("script")),
        *(each["href"] for each in shown.all("link") if each["rel"] == "stylesheet"),
    ]
    assert len(needed) == 2
    assert len({urlsplit(each).netloc for each in needed}) == 1
    total = sum(len(gzip.compress(client.get(each).data, 6)) for each in (address, *needed))
    assert total <= 10_000
    assert not shown.all("nav")
    assert {"name": "robots", "content": "noindex"} in shown.all("meta")


@pytest.mark.parametrize("address", [*EMBEDS, "/embed/nothing"])
def test_only_without_a_script_the_browser_loads_it_again(client: FlaskClient, address: str) -> None:
    html = client.get(address).text
    assert html.count("http-equiv") == html.count('<noscript><meta http-equiv="refresh" content="300">') == 1


def test_what_people_write_stays_text(db: store.Store) -> None:
    world = past.world(db, (job("backup", name=HOSTILE),), up("backup"), site=replace(SITE, title=HOSTILE))
    tell(world, HOSTILE[:200])
    client = visitor(world)
    for address in EMBEDS:
        shown = frame(client, address)
        assert "<script>alert" not in shown.html
        assert len(shown.all("script")) == 1
        assert "\u202e" not in shown.all("main")[0].get("title", "")


# ---- who may frame them ----------------------------------------------------------------------


@pytest.mark.parametrize("address", EMBEDS)
def test_anybody_may_frame_an_embed_and_nothing_else(client: FlaskClient, address: str) -> None:
    assert framers(client, address) == "*"
    answer = client.get(address)
    assert "X-Frame-Options" not in answer.headers
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    "address",
    ["/", "/monitors/backup", "/embed", "/embed/", "/embed/a/b/c", "/embeds", "/embed.js", "/livez"],
)
def test_nobody_may_frame_anything_else(client: FlaskClient, address: str) -> None:
    assert framers(client, address) == "'none'"


def test_a_list_of_origins_is_who_may(db: store.Store) -> None:
    origins = ("https://example.org", "https://*.example.org:8443")
    client = visitor(made(db, replace(SITE, embeds=origins)))
    for address in EMBEDS:
        assert framers(client, address) == " ".join(origins)
    assert framers(client, "/") == "'none'"


def test_embeds_can_be_switched_off(db: store.Store) -> None:
    client = visitor(made(db, replace(SITE, embeds=())))
    for address in (*EMBEDS, *SCRIPTS):
        assert client.get(address).status_code == 404
        assert framers(client, address) == "'none'"
    for address in ("/monitors/backup", "/subscribe"):
        assert "embed" not in past.Page(client.get(address, headers={"Accept": "text/html"}).text).text


def test_search_engines_leave_embeds_alone(client: FlaskClient) -> None:
    assert "Disallow: /embed/" in client.get("/robots.txt").text.splitlines()


# ---- the script of the other page ------------------------------------------------------------


@pytest.mark.parametrize("address", SCRIPTS)
def test_the_script_is_small_may_be_loaded_from_anywhere_and_is_never_made_of_its_address(
    client: FlaskClient, address: str
) -> None:
    answer = client.get(f"{address}?theme=%22%7Dalert(1)&monitor=https://evil.example/")
    assert (answer.status_code, answer.mimetype) == (200, "text/javascript")
    assert answer.data == (ROOT / "static" / "embed.js").read_bytes()
    assert len(gzip.compress(answer.data, 9)) <= 1024
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    assert client.get(address, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


# ---- what to copy ----------------------------------------------------------------------------


def snippets(client: FlaskClient, address: str) -> list[str]:
    codes = past.Page(client.get(address, headers={"Accept": "text/html"}).text).texts.get("code", [])
    return [code for code in codes if code.startswith(("<iframe", "<script"))]


@pytest.mark.parametrize(
    ("address", "place", "data", "name"),
    [
        ("/monitors/backup", "monitor-backup", 'data-monitor="backup"', "Backup"),
        ("/monitors/status", "monitor-status", 'data-monitor="status"', "Status"),
        ("/monitors/monitor-mail", "monitor-monitor-mail", 'data-monitor="monitor-mail"', "Monitor-mail"),
        ("/subscribe", "status", 'data-embed="status"', "Acme"),
    ],
)
def test_a_page_has_what_another_page_needs(
    client: FlaskClient, address: str, place: str, data: str, name: str
) -> None:
    as_frame, as_script = snippets(client, address)
    assert f'<iframe src="{SITE.url}/embed/{place}" title="Status of {name}"' in as_frame
    assert as_script == (
        f'<script async src="{SITE.url}/embed.js" {data} data-title="Status of {name}"></script>'
    )
    assert client.get(f"/embed/{place}").status_code == 200


def test_a_snippet_is_safe_where_it_is_pasted(db: store.Store) -> None:
    name = "\"><script>alert(1)</script>'&\u202e\n"
    client = visitor(past.world(db, (job("backup", name=name),), up("backup")))
    as_frame, as_script = snippets(client, "/monitors/backup")
    for code, end in ((as_frame, "</iframe>"), (as_script, "></script>")):
        assert "<script>" not in code
        assert "\u202e" not in code
        assert code.endswith(end)
        assert code.count("<") == 2


# ---- pictures of links -----------------------------------------------------------------------


def picture(client: FlaskClient, address: str) -> dict[str, str]:
    """What a previewer is told: it sends neither Accept nor a language."""
    answer = client.get(address, headers={"User-Agent": "facebookexternalhit/1.1"})
    metas = past.Page(answer.text).all("meta")
    return {
        (each.get("property") or each["name"]): each["content"]
        for each in metas
        if each.get("property", "").startswith("og:image") or each.get("name") == "twitter:card"
    }


@pytest.mark.parametrize("name", previews.NAMES)
def test_there_is_a_picture_of_each_state(client: FlaskClient, name: str) -> None:
    file = ROOT / "static" / f"preview-{name}.png"
    content = file.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack_from(">II", content, 16) == (1200, 630)
    assert len(content) <= 40_000
    assert client.get(f"/static/{file.name}").mimetype == "image/png"


def test_no_two_states_look_the_same() -> None:
    assert len({(ROOT / "static" / f"preview-{name}.png").read_bytes() for name in previews.NAMES}) == 6


def test_every_state_has_a_picture() -> None:
    assert {previews.preview(each) for each in (*Overall, *Status, None)} == {
        f"preview-{name}.png" for name in previews.NAMES
    }


@pytest.mark.parametrize(
    ("severity", "resolved", "name"),
    [
        (Severity.MINOR, None, "degraded"),
        (Severity.MAJOR, None, "partial_outage"),
        (Severity.CRITICAL, None, "major_outage"),
        (Severity.CRITICAL, NOW, "up"),
    ],
)
def test_an_incident_looks_like_what_it_makes_of_the_page(
    severity: Severity, resolved: int | None, name: str
) -> None:
    incident = Incident(1, "x", IncidentState.INVESTIGATING, severity, NOW, NOW, resolved)
    assert previews.preview(incident) == f"preview-{name}.png"


def test_a_previewer_sees_the_picture_of_the_state(world: World, client: FlaskClient) -> None:
    tell(world, severity=Severity.MINOR)
    for address, name, words in (
        ("/", "partial_outage", "Partial outage"),
        ("/monitors/backup", "up", "Up"),
        ("/monitors/mail", "major_outage", "Down"),
        ("/incidents/1", "degraded", "Investigating"),
    ):
        found = picture(client, address)
        assert re.fullmatch(rf"{SITE.url}/static/preview-{name}\.png\?v=\w+", found.pop("og:image"))
        assert found == {
            "og:image:type": "image/png",
            "og:image:width": "1200",
            "og:image:height": "630",
            "og:image:alt": words,
            "twitter:card": "summary_large_image",
        }


def test_the_words_of_a_picture_are_in_the_language_of_the_page(client: FlaskClient) -> None:
    assert picture(client, "/monitors/backup?lang=de")["og:image:alt"] != "Up"


def test_a_site_without_an_address_has_no_picture(db: store.Store) -> None:
    client = visitor(made(db, replace(SITE, url="")))
    assert picture(client, "/") == {}


def test_the_picture_of_a_maintenance_window_is_that_of_its_state(db: store.Store) -> None:
    world = made(db, maintenances=(window("Now", NOW - HOUR, NOW + HOUR, "backup"),))
    world.service.tidy(NOW)
    assert "/preview-maintenance.png" in picture(visitor(world), "/maintenances/1")["og:image"]
