"""Badges: what they say, how they look, and that nothing anybody writes can break the picture."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest
from conftest import World, short_store
from flask.testing import FlaskClient
from past import NOW, SITE, client, job, up, window, world
from werkzeug.test import TestResponse

from kener_py import store
from kener_py.model import HOUR, LANGUAGES, MINUTE, Overall, Status
from kener_py.web import badges

SVG = "{http://www.w3.org/2000/svg}"
KINDS = ("status", "status.svg", "uptime", "uptime.svg", "dot", "dot.svg")
DOCUMENTS = ("status.json", "status.shields", "uptime.json", "uptime.shields")
GREY = badges.FILLS[Status.NO_DATA]
HOSTILE = (
    "'\"><script>alert(1)</script>",
    "</text></svg><svg onload='x'>",
    "]]>--><!DOCTYPE x [<!ENTITY e 'x'>]>&e;&lt;",
    "\x00\x1b[31m\r\n\t",
    "\uffff\ufffe",
    "\u202eright to left\u2066",
    "\U0001f6d1" * 3,
    "x" * 10_000,
    "W" * 10_000,
    "%s %(name)s {{ 7 * 7 }} {0}",
    "ß" * 100,
    "",
)


def of_every_state(db: store.Store) -> World:
    monitors = (job("good"), job("bad"), job("slow"), job("new"), job("planned"), job("hidden"))
    return world(
        db,
        [replace(each, is_hidden=each.tag == "hidden") for each in monitors],
        [
            *up("good", "bad", "slow", "planned", "hidden"),
            (NOW - 2 * HOUR, "bad", Status.DOWN),
            (NOW - 2 * HOUR, "slow", Status.DEGRADED),
        ],
        maintenances=(window("Move", NOW - HOUR, NOW + HOUR, "planned"),),
    )


@pytest.fixture
def site(db: store.Store) -> World:
    return of_every_state(db)


@pytest.fixture(scope="module")
def visitor() -> Iterator[FlaskClient]:
    with short_store() as opened:
        yield client(of_every_state(opened))


def ask(visitor: FlaskClient, address: str, **query: str) -> TestResponse:
    answer = visitor.get(f"/badge/{address}", query_string=query)
    is_drawn = answer.mimetype == "image/svg+xml"
    assert answer.status_code == (404 if is_drawn and b"unknown monitor" in answer.data else 200)
    return answer


def drawn(visitor: FlaskClient, address: str, **query: str) -> ElementTree.Element:
    """The picture, parsed as strictly as browsers do."""
    return ElementTree.fromstring(ask(visitor, address, **query).data)


def words(picture: ElementTree.Element) -> list[str]:
    return [each.text or "" for each in picture.iter(f"{SVG}text")]


def fills(picture: ElementTree.Element) -> list[str]:
    return [
        each.attrib["fill"]
        for each in picture.iter()
        if each.tag in (f"{SVG}rect", f"{SVG}circle") and each.get("fill", "").startswith("#")
    ]


def told(visitor: FlaskClient, address: str, **query: str) -> dict[str, Any]:
    found: dict[str, Any] = ask(visitor, address, **query).get_json()
    return found


def contrast(one: str, other: str) -> float:
    """WCAG 2.2 of two colours written #rgb or #rrggbb."""

    def luminance(colour: str) -> float:
        digits = colour[1:] if len(colour) == 7 else "".join(2 * each for each in colour[1:])
        parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


# ---- what they say ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tag", "message", "status"),
    [
        ("good", "Up", Status.UP),
        ("bad", "Down", Status.DOWN),
        ("slow", "Degraded", Status.DEGRADED),
        ("new", "No data", Status.NO_DATA),
        ("planned", "Maintenance", Status.MAINTENANCE),
        ("_", "Partial outage", Status.DOWN),
    ],
)
def test_a_badge_of_status_says_what_the_page_says(visitor, tag, message, status):
    picture = drawn(visitor, f"{tag}/status")
    label = "Acme" if tag == "_" else tag.capitalize()
    assert words(picture) == [label, message]
    assert picture.attrib["aria-label"] == f"{label}: {message}"
    assert fills(picture) == [badges.LABEL_FILL, badges.FILLS[status]]
    dot = drawn(visitor, f"{tag}/dot")
    assert fills(dot) == [badges.FILLS[status]]
    assert dot.attrib["aria-label"] == f"{label}: {message}"
    assert told(visitor, f"{tag}/status.json") == {
        "schemaVersion": 1,
        "label": label,
        "message": message,
        "color": badges.MEANINGS[status],
        "cacheSeconds": 60,
    }


def test_every_state_of_the_whole_has_words_and_a_colour():
    assert set(badges.OVERALL) == set(Overall)
    assert set(badges.FILLS) == set(badges.MEANINGS) == set(Status)


def test_nothing_is_claimed_while_the_loop_stands_still(site):
    site.clock.now += 10 * MINUTE
    for tag in ("good", "_"):
        assert told(client(site), f"{tag}/status.json")["message"] == "Unknown"
        assert fills(drawn(client(site), f"{tag}/dot")) == [GREY]


def test_uptime_is_that_of_the_time_asked_for(visitor):
    assert words(drawn(visitor, "bad/uptime", sinceLast="3600")) == ["Bad uptime 1 h", "0%"]
    assert words(drawn(visitor, "bad/uptime", sinceLast="14400")) == ["Bad uptime 4 h", "49.861%"]
    assert words(drawn(visitor, "good/uptime")) == ["Good uptime 90 d", "100%"]
    assert words(drawn(visitor, "new/uptime")) == ["New uptime 90 d", "no data yet"]


@pytest.mark.parametrize("tag", ["good", "_"])
def test_the_uptime_may_leave_out_its_time(visitor, tag):
    name = "Acme" if tag == "_" else "Good"
    assert told(visitor, f"{tag}/uptime.json", hideDuration="true")["label"] == f"{name} uptime"
    for odd in ("", "1", "false", "TRUE"):
        assert told(visitor, f"{tag}/uptime.json", hideDuration=odd)["label"] == f"{name} uptime 90 d"


@pytest.mark.parametrize(
    ("given", "length"),
    [
        ("60", "1 min"),
        ("0", "1 min"),
        ("1", "1 min"),
        ("86400", "1 d"),
        ("999999999", "90 d"),
        *((odd, "90 d") for odd in ("", "-1", "1e9", "١٢٠", "0x10", "9" * 10_000, "60 ", "\x00", "NaN")),
    ],
)
def test_a_time_is_held_to_what_can_be_told(visitor, given, length):
    assert told(visitor, "good/uptime.json", sinceLast=given)["label"] == f"Good uptime {length}"


# ---- how they look ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["status", "uptime"])
def test_label_and_colours_are_chosen_by_the_address(visitor, kind):
    picture = drawn(visitor, f"good/{kind}", label="Mine", labelColor="#123456", color="red")
    assert words(picture)[0] == "Mine"
    assert fills(picture) == ["#123456", "#c2331f"]
    assert told(visitor, f"good/{kind}.json", label="Mine")["label"] == "Mine"


def test_without_a_label_only_the_message_is_left(visitor):
    picture = drawn(visitor, "good/status", label="")
    assert words(picture) == ["Up"]
    assert picture.attrib["aria-label"] == "Up"


@pytest.mark.parametrize(
    ("given", "fill"),
    [
        ("abc", "#abc"),
        ("#ABC", "#abc"),
        ("a1b2c3", "#a1b2c3"),
        ("Blue", "#0968a8"),
        (" critical ", "#890c2c"),
        *(
            (odd, badges.FILLS[Status.UP])
            for odd in (
                "",
                "#",
                "ab",
                "abcd",
                "url(#g)",
                "red;fill:blue",
                "javascript:x",
                "##abc",
                "ａｂｃ",
                "x" * 10_000,
                '"/><script>',
            )
        ),
    ],
)
def test_a_colour_that_is_none_leaves_it_as_it_is(visitor, given, fill):
    assert fills(drawn(visitor, "good/status", color=given))[1] == fill
    assert fills(drawn(visitor, "good/dot", fillColor=given)) == [fill]


def test_styles_differ_and_an_unknown_one_is_flat(visitor):
    pictures = {style: ask(visitor, "good/status", style=style).data for style in badges.STYLES}
    flat = pictures["flat"]
    assert len(set(pictures.values())) >= 4
    for odd in ("", "FLAT", "for-the-badge ", "../flat", "x" * 10_000):
        assert ask(visitor, "good/status", style=odd).data == flat
    big = ElementTree.fromstring(pictures["for-the-badge"])
    assert words(big) == ["GOOD", "UP"]


def test_a_dot_pulses_only_when_it_is_asked_to(visitor):
    assert list(drawn(visitor, "good/dot", animate="ping").iter(f"{SVG}animate"))
    for odd in ("", "pong", "PING"):
        assert not list(drawn(visitor, "good/dot", animate=odd).iter(f"{SVG}animate"))


ALL_FILLS = sorted({*badges.FILLS.values(), badges.LABEL_FILL, *badges._COLOURS.values()})
EDGES = [
    "#000",
    "#fff",
    "#777",
    "#767676",
    "#757575",
    "#787878",
    "#f00",
    "#0f0",
    "#00f",
    "#ff0",
    "#0ff",
    "#f0f",
]


@pytest.mark.parametrize("fill", [*ALL_FILLS, *EDGES])
def test_text_is_readable_on_every_fill(visitor, fill):
    picture = drawn(visitor, "good/status", color=fill, labelColor=fill)
    inks = [each.attrib["fill"] for each in picture.iter(f"{SVG}text")]
    assert fills(picture) == [fill, fill]
    assert len(inks) == 2
    for ink in inks:
        assert contrast(fill, ink) >= 4.5


@pytest.mark.parametrize("fill", sorted({*badges.FILLS.values(), badges.LABEL_FILL}))
def test_fills_of_our_own_take_white_text(fill):
    assert badges._ink(fill) == "#fff"


def test_a_badge_is_as_wide_as_its_halves(visitor):
    for style in badges.STYLES:
        for text in ("", "i", "W" * 79, "日本語", "x" * 10_000):
            picture = drawn(visitor, "good/status", label=text, style=style)
            widths = [
                int(each.attrib["width"])
                for each in picture.iter(f"{SVG}rect")
                if each.get("fill", "")[:1] == "#"
            ]
            assert sum(widths) == int(picture.attrib["width"])
            for part in picture.iter(f"{SVG}text"):
                assert 0 < int(part.attrib["textLength"]) < int(picture.attrib["width"])


# ---- languages -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LANGUAGES)
@pytest.mark.parametrize("field", ["locale", "lang"])
def test_a_badge_speaks_the_language_of_its_address(visitor, name, field):
    picture = drawn(visitor, "good/status", **{field: name})
    (group,) = (each for each in picture.iter(f"{SVG}g") if "direction" in each.attrib)
    assert group.attrib["direction"] == ("rtl" if name == "ar" else "ltr")


@pytest.mark.parametrize("odd", ["", "xx", "AR", "de-AT", "../../etc/passwd", "\x00", "x" * 10_000])
def test_a_language_that_we_do_not_speak_is_that_of_the_site(site, odd):
    site.service.reload(replace(site.service.config, site=replace(SITE, language="ar")))
    wanted = ask(client(site), "good/status").data
    assert ask(client(site), "good/status", locale=odd).data == wanted
    assert b'direction="rtl"' in wanted


def test_the_browser_has_no_say_in_the_language(visitor):
    """The picture is cached for everybody."""
    for kind in (*KINDS, *DOCUMENTS):
        answer = visitor.get(f"/badge/good/{kind}", headers={"Accept-Language": "ar"})
        assert answer.data == visitor.get(f"/badge/good/{kind}").data
        assert not {"Accept", "Accept-Language", "User-Agent", "Cookie"} & set(answer.vary)


# ---- what is not there -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "tag", ["hidden", "nothing", "%F0%9F%98%80", "%00", "a%20b", "x" * 1_000, "GOOD", "-"]
)
@pytest.mark.parametrize("kind", [*KINDS, *DOCUMENTS])
def test_what_is_hidden_and_what_never_was_are_the_same_grey_picture(visitor, tag, kind):
    answer, nothing = (ask(visitor, f"{each}/{kind}") for each in (tag, "no-such-monitor"))
    assert answer.data == nothing.data
    for each in (answer, nothing):
        del each.headers["Date"]
    assert dict(answer.headers) == dict(nothing.headers)
    if kind in DOCUMENTS:
        assert answer.get_json()["isError"] is True
        assert answer.get_json()["color"] == "inactive"
    else:
        assert fills(ElementTree.fromstring(answer.data))[-1] == GREY


@pytest.mark.parametrize(
    "address", ["good", "good/", "good/nothing", "good/status.png", "a/b/status", "/status"]
)
def test_other_addresses_of_badges_are_not_found(visitor, address):
    assert visitor.get(f"/badge/{address}").status_code == 404


# ---- what others write -----------------------------------------------------------------------


WISHES = ("label", "labelColor", "color", "fillColor", "sinceLast", "locale", "animate")


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("style", badges.STYLES)
def test_nothing_in_an_address_breaks_the_picture(visitor, text, style):
    for kind in KINDS:
        picture = drawn(visitor, f"good/{kind}", style=style, **dict.fromkeys(WISHES, text))
        assert {each.tag.removeprefix(SVG) for each in picture.iter()} <= {
            "svg", "title", "linearGradient", "stop", "clipPath", "rect", "g", "text", "circle"
        }  # fmt: skip
        for each in picture.iter():
            assert not [name for name in each.attrib if name.startswith("on") or "href" in name]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_nothing_in_an_address_breaks_the_document(visitor, text):
    for kind in DOCUMENTS:
        assert len(told(visitor, f"good/{kind}", **dict.fromkeys(WISHES, text))["label"]) <= 80


@pytest.mark.parametrize("text", [each for each in HOSTILE if each], ids=range(len(HOSTILE) - 1))
def test_nothing_in_the_file_breaks_the_picture(db, text):
    made = world(db, [replace(job("good"), name=text)], up("good"), site=replace(SITE, title=text))
    for tag in ("good", "_"):
        for kind in KINDS:
            body = ask(client(made), f"{tag}/{kind}").data
            picture = ElementTree.fromstring(body)
            assert len(picture.attrib["aria-label"]) <= 200
            assert not re.search("[\u202a-\u202e\u2066-\u2069]", body.decode())
        assert len(told(client(made), f"{tag}/status.json")["label"]) <= 80


# ---- how they travel -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [*KINDS, *DOCUMENTS])
def test_every_page_may_show_a_badge_and_nothing_in_it_runs(visitor, kind):
    answer = ask(visitor, f"good/{kind}")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    if kind in DOCUMENTS:
        assert answer.mimetype == "application/json"
    else:
        assert answer.mimetype == "image/svg+xml"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer.content_type == "image/svg+xml; charset=utf-8"
    again = visitor.get(f"/badge/good/{kind}", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["Cache-Control"] == answer.headers["Cache-Control"]


@pytest.mark.parametrize("kind", [*KINDS, *DOCUMENTS])
def test_only_reading_is_possible(visitor, kind):
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = visitor.open(f"/badge/good/{kind}", method=method)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")
