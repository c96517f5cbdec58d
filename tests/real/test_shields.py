"""shields.io's own renderer draws the badges that our JSON describes, of every monitor in every state."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest

from . import node
from .demo import Demo
from .programs import needs

pytestmark = [pytest.mark.real, needs("node", "npm:badge-maker")]

STATES = ("all-up", "degraded", "major-outage", "maintenance", "waiting", "unknown", "hostile")
STYLES = ("flat", "flat-square", "plastic", "for-the-badge", "social")
# What shields.io tells its renderer; the rest is about caches and errors.
DRAWN = ("label", "message", "color")
COLOURS = {
    "UP": "#4b0",
    "DEGRADED": "#ea7233",
    "DOWN": "#dd4343",
    "MAINTENANCE": "#007ec6",
    "NO_DATA": "#939393",
}

Json = dict[str, Any]


def told(demo: Demo, path: str) -> Json:
    answer = demo.get(path)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    found: Json = answer.json()
    assert (found["schemaVersion"], found.get("isError")) == (1, None)
    return found


def drawn(badges: list[Json]) -> list[tuple[ElementTree.Element, str]]:
    """Each as a picture, and the colour that its name stands for."""
    return [(ElementTree.fromstring(each["svg"]), each["color"]) for each in node.run("badge.mjs", badges)]


def texts(svg: ElementTree.Element) -> set[str]:
    return {"".join(each.itertext()).strip() for each in svg.iter() if each.tag.endswith("}text")}


def fills(svg: ElementTree.Element) -> set[str]:
    return {each.get("fill", "") for each in svg.iter()}


@pytest.mark.parametrize("state", STATES)
def test_every_badge_of_a_state_is_drawn_with_its_words_and_colour(demo: Demo, state: str) -> None:
    monitors = demo.listed("monitors", state)
    assert monitors
    tags = ["_", *(each["tag"] for each in monitors)]
    badges = [
        told(demo, f"/{state}/badge/{tag}/{kind}.json") for tag in tags for kind in ("status", "uptime")
    ]
    for badge, (svg, colour) in zip(
        badges, drawn([{name: badge[name] for name in DRAWN} for badge in badges]), strict=True
    ):
        label, message = badge["label"].strip(), badge["message"].strip()
        assert {label, message} <= texts(svg)
        assert svg.get("aria-label") == f"{label}: {message}"
        assert colour in COLOURS.values()
        assert colour in fills(svg)


@pytest.mark.parametrize(
    ("state", "tag", "status"),
    [
        ("all-up", "checkout", "UP"),
        ("degraded", None, "DEGRADED"),
        ("major-outage", "checkout", "DOWN"),
        ("maintenance", "invoices", "MAINTENANCE"),
        ("waiting", "checkout", "NO_DATA"),
    ],
)
def test_a_status_has_the_colour_that_shields_gives_its_meaning(
    demo: Demo, state: str, tag: str | None, status: str
) -> None:
    found = {each["tag"]: each["status"] for each in demo.listed("monitors", state)}
    tag = tag or next(tag for tag, now in found.items() if now == status)
    assert found[tag] == status
    badge = told(demo, f"/{state}/badge/{tag}/status.json")
    ((_, colour),) = drawn([{name: badge[name] for name in DRAWN}])
    assert colour == COLOURS[status]


@pytest.mark.parametrize("style", STYLES)
def test_it_is_drawn_in_every_style_and_with_any_label(demo: Demo, style: str) -> None:
    badge = told(demo, "/partial-outage/badge/_/status.json?label=Our%20jobs%20%26%20%3Cyours%3E")
    asked = {name: badge[name] for name in DRAWN} | {"style": style, "labelColor": "navy"}
    ((svg, _),) = drawn([asked])
    words = {text.casefold() for text in texts(svg)}
    assert {"our jobs & <yours>", "partial outage"} <= words
    if style != "social":  # which has no colours
        assert {"#dd4343", "navy"} <= fills(svg)


def test_an_unknown_monitor_is_a_badge_too(demo: Demo) -> None:
    answer = demo.get("/all-up/badge/no-such-job/status.json")
    badge = answer.json()
    assert (answer.status, badge["isError"]) == (200, True)
    ((svg, colour),) = drawn([{name: badge[name] for name in DRAWN}])
    assert "unknown monitor" in texts(svg)
    assert colour == COLOURS["NO_DATA"]
