"""A maintenance window's page over a real service: its states, its plan in words, and its neighbours."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cached_property
from typing import Any

import pytest
from conftest import Clock, T, World, config, monitor
from flask.testing import FlaskClient
from page import Page

from kener_py import store, web
from kener_py.model import (
    DAY,
    HOUR,
    MINUTE,
    Cadence,
    Limits,
    MaintenancePlan,
    Recurrence,
    Site,
    Status,
)
from kener_py.web.pages import maintenance

SITE = Site(title="Acme", url="https://status.acme.example", timezone="Europe/Berlin")
HOSTILE = "<script>alert(1)</script>\u202e'\"&|`*_[x](javascript:y)" + "x" * 10_000
TAGS = tuple(monitor(tag, Limits(20 * DAY, 40 * DAY)) for tag in ("shop", "mail"))
HIDDEN = monitor("hush", is_hidden=True)


class Windows(World):
    def __init__(self, db: store.Store, clock: Clock, *plans: MaintenancePlan, site: Site = SITE) -> None:
        super().__init__(db, clock, config((*TAGS, HIDDEN), (), site=site, maintenances=plans))
        for tag in ("shop", "mail"):
            self.beat(tag=tag)
        self.run(1)

    @cached_property
    def client(self) -> FlaskClient:
        return web.create(self.service).test_client()

    def page(self, path: str = "/maintenances/1") -> Page:
        answer = self.client.get(path)
        assert answer.status_code == 200
        return Page(answer.text)

    def twin(self, path: str = "/maintenances/1.md") -> str:
        return self.client.get(path).text

    def add(self, title: str = "Upgrade", start: int = T + HOUR, end: int = T + 3 * HOUR, **of: Any) -> int:
        return self.service.add_maintenance(title, start, end, **{"monitors": ["shop"], **of}).id or 0


@pytest.fixture
def windows(db: store.Store, clock: Clock) -> Windows:
    return Windows(db, clock)


# ---- states ----------------------------------------------------------------------------------


def test_a_window_to_come_says_when_it_begins(windows: Windows) -> None:
    windows.add()
    page = windows.page()
    assert page.one("title") == "Scheduled: Upgrade – Acme"
    assert page.one("h1") == "Upgrade"
    assert "Start1 Jan 2026, 02:00 CET, in 59 min" in page.text
    assert "End1 Jan 2026, 04:00 CET" in page.text
    assert "End1 Jan 2026, 04:00 CET," not in page.text
    assert "Duration2 h" in page.text
    assert "Shop Up" in page.text
    assert "Days and times are those of Europe/Berlin." in page.text
    assert 'id="banner"' in page.html


def test_a_window_that_runs_says_when_it_ends_and_shows_what_is_in_it(windows: Windows) -> None:
    windows.add()
    windows.look_at(T + 2 * HOUR)
    page = windows.page()
    assert page.one("title") == "In progress: Upgrade – Acme"
    assert "End1 Jan 2026, 04:00 CET, in 1 h" in page.text
    assert "Shop Maintenance" in page.text
    twin = windows.twin()
    assert "- End: 1 Jan 2026, 04:00 CET, in 1 h\n" in twin
    assert "- [Shop](https://status.acme.example/monitors/shop): Maintenance" in twin


def test_a_window_that_is_over_needs_no_calendar(windows: Windows) -> None:
    windows.add()
    windows.look_at(T + 4 * HOUR)
    page = windows.page()
    assert page.one("title") == "Completed: Upgrade – Acme"
    assert "Add to your calendar" not in page.text
    assert "Shop Up" in page.text
    assert "/static/up.svg?v=" in page.html


def test_a_window_that_was_cancelled_says_when(windows: Windows) -> None:
    number = windows.add()
    windows.look_at(T + 2 * HOUR)
    windows.service.cancel_maintenance(number)
    windows.look_at(T + 2 * HOUR + MINUTE)
    page = windows.page()
    assert page.one("title") == "Cancelled: Upgrade – Acme"
    assert "Cancelled1 Jan 2026, 03:00 CET" in page.text
    assert "Add to your calendar" not in page.text
    assert "Shop Up" in page.text
    assert "- Cancelled: 1 Jan 2026, 03:00 CET" in windows.twin()


def test_while_the_loop_stands_still_now_is_unknown(windows: Windows) -> None:
    windows.add()
    windows.clock.now += 10 * MINUTE
    assert "Shop Unknown" in windows.page().text
    assert "Unknown" in windows.twin()


def test_a_window_goes_into_a_calendar(windows: Windows) -> None:
    number = windows.add()
    page = windows.page("/maintenances/1?lang=de")
    assert {"href": f"/maintenances/{number}.ics"} in page.all("a")
    assert ("text/calendar", f"/maintenances/{number}.ics") in [
        (link.get("type"), link["href"]) for link in page.all("link")
    ]
    assert "https://status.acme.example/maintenances/1.ics" in windows.twin()


def test_what_is_done_is_told_as_markdown(windows: Windows) -> None:
    windows.add(description="We *move*:\n\n- one\n- [two](https://x.example)")
    page = windows.page()
    assert "<em>move</em>" in page.html
    assert {"href": "https://x.example", "rel": "nofollow noopener"} in page.all("a")
    assert "> - one\n" in windows.twin()
    metas = {meta.get("property"): meta.get("content") for meta in page.all("meta")}
    assert metas["og:title"] == "Scheduled: Upgrade – Acme"
    assert metas["og:url"] == "https://status.acme.example/maintenances/1"
    assert metas["og:description"] == "We move: one two"


# ---- plans -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cadence", "of", "words"),
    [
        (Cadence.HOURLY, {}, "every hour"),
        (Cadence.HOURLY, {"minute": 5}, "every hour at minute 5"),
        (Cadence.DAILY, {"hour": 3}, "every day at 03:00"),
        (Cadence.WEEKDAYS, {"hour": 22, "minute": 5}, "Monday to Friday at 22:05"),
        (Cadence.WEEKLY, {"hour": 3, "days": (6,)}, "every Sunday at 03:00"),
        (Cadence.WEEKLY, {"hour": 3, "days": (0, 2)}, "every Monday and Wednesday at 03:00"),
        (Cadence.MONTHLY, {"hour": 3, "days": (1,)}, "on day 1 of every month at 03:00"),
        (Cadence.OTHER, {}, "on a cron schedule"),
    ],
)
def test_a_plan_is_told_in_words(cadence: Cadence, of: dict[str, Any], words: str) -> None:
    given = Recurrence(cadence, "* * * * *", "Europe/Berlin", 90 * MINUTE, **of)
    assert maintenance.recurrence(given) == f"{words} (Europe/Berlin), for 1 h 30 min"


def weekly(schedule: str = "0 3 * * sun", **of: Any) -> MaintenancePlan:
    given = {"schedule": schedule, "duration": HOUR, "monitors": frozenset({"shop", "hush"}), **of}
    return MaintenancePlan("Restart", **given)


def test_the_windows_of_a_plan_lead_to_the_next_ones(db: store.Store, clock: Clock) -> None:
    world = Windows(db, clock, weekly("0 3 * * *"))
    for other in ("Other", "Another"):
        world.add(other, T + 30 * MINUTE, T + 40 * MINUTE)
    first, *later = [each.id for each in store.planned_maintenances(db.read(), T)]
    page = world.page(f"/maintenances/{first}")
    assert "Repeatsevery day at 03:00 (UTC), for 1 h" in page.text
    (section,) = re.findall(r'<section aria-labelledby="coming">.*?</section>', page.html, re.DOTALL)
    assert re.findall(r'href="/maintenances/(\d+)"', section) == [str(number) for number in later[:5]]
    world.service.cancel_maintenance(later[0] or 0)
    last = world.page(f"/maintenances/{later[-1]}")
    (section,) = re.findall(r'<section aria-labelledby="coming">.*?</section>', last.html, re.DOTALL)
    numbers = [first, *later[1:5]]
    assert re.findall(r'href="/maintenances/(\d+)"', section) == [str(number) for number in numbers]
    assert "## The next windows of this plan" in world.twin(f"/maintenances/{first}.md")
    assert "hush" not in (page.html + world.twin(f"/maintenances/{first}.md")).lower()


def test_a_schedule_without_words_is_shown_as_it_is(db: store.Store, clock: Clock) -> None:
    world = Windows(db, clock, weekly("*/30 3 * * *"))
    page = world.page()
    assert "Repeatson a cron schedule (UTC), for 1 h */30 3 * * *" in page.text
    assert page.texts["code"] == ["*/30 3 * * *"]
    assert "- Repeats: on a cron schedule (UTC), for 1 h: `*/30 3 * * *`\n" in world.twin()


def test_what_happens_once_does_not_repeat(windows: Windows) -> None:
    windows.add()
    assert "Repeats" not in windows.page().text
    assert "next windows" not in windows.page().text


# ---- where it leads --------------------------------------------------------------------------


def test_it_leads_to_its_neighbours_that_may_be_seen(windows: Windows) -> None:
    one = windows.add("One", T + HOUR)
    windows.add("Secret", T + HOUR + 1, monitors=["hush"])
    two = windows.add("Two", T + 2 * HOUR)
    three = windows.add("Three", T + 2 * HOUR)
    page = windows.page(f"/maintenances/{two}?lang=fr")
    links = [(a["rel"], a["href"]) for a in page.all("a") if "rel" in a]
    assert links == [("prev", f"/maintenances/{one}?lang=fr"), ("next", f"/maintenances/{three}?lang=fr")]
    assert set(links) <= {(a["rel"], a["href"]) for a in page.all("link")}
    assert "Secret" not in page.text + windows.twin(f"/maintenances/{two}.md")
    assert "prev" not in [a.get("rel") for a in windows.page(f"/maintenances/{one}").all("a")]


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        ("/maintenance/1", "/maintenances/1"),
        ("/maintenance/1.md", "/maintenances/1.md"),
        ("/maintenance/1?lang=de", "/maintenances/1?lang=de"),
        ("/maintenance/1?lang=xx&a=b", "/maintenances/1"),
        ("/maintenance/999", "/maintenances/999"),
    ],
)
def test_the_address_without_its_s_leads_to_the_one_with_it(windows: Windows, asked: str, place: str) -> None:
    answer = windows.client.get(asked)
    assert (answer.status_code, answer.headers["Location"]) == (301, place)


def test_below_a_prefix_it_leads_below_that_prefix(windows: Windows) -> None:
    answer = windows.client.get("/maintenance/1", environ_overrides={"SCRIPT_NAME": "/status"})
    assert answer.headers["Location"] == "/status/maintenances/1"


# ---- what nobody may see ---------------------------------------------------------------------


@pytest.mark.parametrize("form", ["", ".md"])
@pytest.mark.parametrize("place", ["/maintenances/", "/maintenance/"])
def test_what_may_not_be_seen_is_like_what_never_was(windows: Windows, place: str, form: str) -> None:
    hidden = windows.add(monitors=["hush"])
    shown = windows.add()
    never = windows.client.get(f"/maintenances/999{form}")
    odd = [f"0{shown}", f"+{shown}", f"{shown} ", "0", "-1", "x", "1.0", "9" * 30, "١"]
    for number in [*odd, hidden] if place == "/maintenances/" else odd:
        answer = windows.client.get(f"{place}{number}{form}")
        assert (answer.status_code, answer.data) == (404, never.data), number


def test_a_hidden_monitor_in_a_window_is_named_nowhere(windows: Windows) -> None:
    windows.add(monitors=["shop", "hush"])
    windows.look_at(T + 2 * HOUR)
    page = windows.page()
    assert "hush" not in (page.html + windows.twin()).lower()
    assert len(re.findall(r"<th scope=\"row\">", page.html)) == 1


def test_hostile_words_are_only_words(windows: Windows) -> None:
    windows.add()
    (window,) = windows.service.maintenances()
    for start in (0, HOUR, 2 * HOUR):
        made = replace(window, id=None, start=window.start + start, title=HOSTILE, description=HOSTILE)
        windows.db.write(lambda db, made=made: store.add_maintenance(db, made))
    windows.service.reload(config((replace(TAGS[0], name=HOSTILE),), (), site=replace(SITE, title=HOSTILE)))
    page = windows.page("/maintenances/3")
    assert "<script>" not in page.html
    assert not [a for a in page.all("a") if a["href"].startswith("javascript")]
    assert len(page.one("title")) < 300
    for heading in re.findall(r"<h[1-4].*?</h[1-4]>", page.html, re.DOTALL):
        assert "\u202e" not in heading or "<bdi>" in heading
    twin = windows.twin("/maintenances/3.md")
    assert "\u202e" not in twin
    assert twin.lstrip().startswith("# \\<script\\>")
    assert "](javascript" not in re.sub(r"^> .*$", "", twin, flags=re.MULTILINE)


@pytest.mark.parametrize("query", ["?lang=ar", "?lang=xx", "?lang=%00", "?a=b&a=c", "?%"])
def test_an_odd_query_is_no_error(windows: Windows, query: str) -> None:
    windows.add()
    for path in ("/maintenances/1", "/maintenances/1.md"):
        assert windows.client.get(f"{path}{query}").status_code == 200


def test_a_window_does_not_change_what_a_monitor_is_elsewhere(windows: Windows) -> None:
    windows.add(monitors=["shop", "mail"])
    windows.beat(Status.DOWN, tag="mail")
    windows.look()
    assert "Mail Down" in windows.page().text
    windows.look_at(T + 2 * HOUR)
    assert "Mail Maintenance" in windows.page().text
