"""What uptime means: made of the configuration, and of nothing that is hidden."""

from __future__ import annotations

from dataclasses import replace

import pytest
from conftest import World, config, monitor
from page import Page
from test_history import HOSTILE, SITE, get, see

from kener_py.model import DAY, HOUR, MINUTE, Limits, Monitor, Retention, Site
from kener_py.web import create
from kener_py.web.pages.about import NAMES


def about(world: World, *monitors: Monitor, site: Site = SITE, **of) -> Page:
    world.service.reload(config(monitors, rules=(), site=site, **of))
    return see(world, "/about")


def test_the_rule_and_what_it_leaves_out_are_said(world) -> None:
    page = about(world, monitor(), retention=Retention(days=400))
    assert page.one("h1") == "What does uptime mean here?"
    assert "Uptime = time up or degraded ÷ time up, degraded or down." in page.text
    assert "Maintenance and time without data count on neither side." in page.text
    assert "cut off after the third decimal, never rounded up: 100% means not a second down" in page.text
    assert "the calendar in Europe/Berlin; days of 23 and 25 hours count" in page.text
    assert "History is kept for 400 days." in page.text
    assert "did not run for 2 min or more" in page.text
    assert "not measured anything for 3 min" in page.text
    assert "“Status unknown”" in page.text
    assert "sets no cookies and has no trackers. It loads nothing from other servers." in page.text
    for word in ("Up", "Degraded", "Down", "Maintenance", "No data"):
        assert any(each.strip() == word for each in page.texts["dt"])


def test_monitors_with_the_same_limits_are_named_together(world) -> None:
    page = about(
        world,
        monitor("a"),
        monitor("b", Limits(DAY, DAY + HOUR)),
        monitor("c"),
        monitor("d", Limits(10 * MINUTE, 10 * MINUTE, 5 * MINUTE)),
    )
    assert "degraded after 5 min of silence, down after 10 min A, C" in page.text
    assert "degraded after 1 d of silence, down after 1 d 1 h B" in page.text
    assert "expected every 5 min; down after 10 min of silence D" in page.text


def test_only_some_of_many_monitors_are_named(world) -> None:
    page = about(world, *(monitor(f"job{number:02}") for number in range(NAMES + 12)))
    assert "Job04 and 12 more" in page.text
    assert "Job05" not in page.text


def test_what_is_hidden_has_no_rule_here(world) -> None:
    hidden = monitor(
        "vault",
        Limits(7 * MINUTE, 77 * MINUTE),
        cron="13 * * * *",
        is_hidden=True,
        include_degraded_in_downtime=True,
    )
    page = about(world, monitor(), hidden)
    for untold in ("Vault", "vault", "77", "7 min", "1 h 17", "13 *", "every hour", "as downtime"):
        assert untold not in page.text
        assert untold not in get(world, "/about.md").text


def test_who_counts_degraded_as_down_is_named(world) -> None:
    strict = replace(monitor("strict"), include_degraded_in_downtime=True)
    assert "1 monitor counts degraded time as downtime: Strict" in about(world, monitor(), strict).text
    assert "The monitor counts degraded time as downtime." in about(world, strict).text
    both = about(world, strict, replace(strict, tag="other", name="Other"))
    assert "All 2 monitors count degraded time as downtime." in both.text
    assert "as downtime" not in about(world, monitor()).text


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("* * * * *", "every minute"),
        ("*/1 * * * *", "every minute"),
        ("*/5 * * * *", "every 5 minutes"),
        ("*/7 * * * *", "*/7 * * * * (UTC)"),
        ("*/45 * * * *", "*/45 * * * * (UTC)"),
        ("17 * * * *", "every hour"),
        ("@hourly", "every hour"),
        ("30 2 * * *", "every day at 02:30 (UTC)"),
        ("@daily", "every day at 00:00 (UTC)"),
        ("0 8 * * 1-5", "0 8 * * 1-5 (UTC)"),
        ("0,30 * * * *", "0,30 * * * * (UTC)"),
        ("* * * * * */10", "* * * * * */10 (UTC)"),
        ("@weekly", "@weekly (UTC)"),
    ],
)
def test_how_often_we_look_is_said_in_words_where_a_few_do(world, cron: str, words: str) -> None:
    page = about(world, monitor(cron=cron))
    assert f"How often we look {words} Job" in page.text
    assert (cron in page.texts.get("code", [])) == words.endswith(f"{cron} (UTC)")


def test_without_monitors_the_rule_still_stands(world) -> None:
    page = about(world)
    assert "Uptime =" in page.text
    assert "How often we look" not in page.text
    assert "# What does uptime mean here?" in get(world, "/about.md").text


def test_a_logo_from_elsewhere_is_said_to_be(world) -> None:
    page = about(world, monitor(), site=replace(SITE, logo="https://cdn.example.org/logo.svg"))
    assert "Its logo comes from cdn.example.org" in page.text
    assert "loads nothing" not in page.text


def test_hostile_names_stay_names(world) -> None:
    page = about(world, replace(monitor(), name=HOSTILE))
    assert "<script>alert" not in page.html
    twin = get(world, "/about.md").text
    assert "<script>" not in twin
    assert "](x)" not in twin


@pytest.mark.parametrize("language", ["ar", "de", "es", "fr"])
def test_the_page_stands_in_every_language(world, language: str) -> None:
    assert see(world, f"/about?lang={language}").tags[0][1]["lang"] == language


def test_the_footer_of_every_page_leads_here(world) -> None:
    page = Page(create(world.service).test_client().get("/?lang=de").text)
    assert {"href": "/about?lang=de"} in page.all("a")
