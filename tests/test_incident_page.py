"""An incident's page over a real service: what it did, step by step, and what nobody may learn from it."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cached_property
from typing import Any

import pytest
from conftest import Clock, T, World, config, monitor, rule
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from page import Page

from kener_py import status, store, web
from kener_py.model import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Change,
    Incident,
    IncidentPolicy,
    IncidentState,
    IncidentUpdate,
    Limits,
    Retention,
    Severity,
    Site,
    Span,
    Status,
    Step,
    Uptime,
)
from kener_py.service import incidents as by_hand
from kener_py.service.board import effect
from kener_py.web.pages import around

SITE = Site(title="Acme", url="https://status.acme.example", timezone="UTC")
HOSTILE = "<script>alert(1)</script>\u202e'\"&|`*_[x](javascript:y)" + "x" * 10_000
UP, DEGRADED, DOWN, NO_DATA = Status.UP, Status.DEGRADED, Status.DOWN, Status.NO_DATA
PATIENT = Limits(20 * DAY, 40 * DAY)  # goes down only when its job says so


class Shop(World):
    """Three monitors, one of them hidden, whose jobs say how they are."""

    def __init__(self, db: store.Store, clock: Clock, limits: Limits = PATIENT, **of: Any) -> None:
        tags = (monitor("shop", limits), monitor("mail", limits), monitor("hush", limits, is_hidden=True))
        rules = (rule(monitors=frozenset({"shop", "mail", "hush"}), cooldown=of.pop("cooldown", 0)),)
        super().__init__(db, clock, config(of.pop("monitors", tags), rules, **{"site": SITE, **of}))
        for tag in self.service.config.monitors:
            self.beat(tag=tag)
        self.look()
        self.run(1)

    @cached_property
    def client(self) -> FlaskClient:
        return web.create(self.service).test_client()

    def page(self, path: str = "/incidents/1") -> Page:
        answer = self.client.get(path)
        assert answer.status_code == 200
        return Page(answer.text)

    def twin(self, path: str = "/incidents/1.md") -> str:
        return self.client.get(path).text

    def say(self, status: Status, tag: str = "shop", minutes: int = 1) -> None:
        self.beat(status, tag=tag)
        self.run(minutes)

    def create(self, title: str = "Slow", text: str = "We look.", **of: Any) -> int:
        made = self.service.change(
            lambda db, given, at: by_hand.create(db, given, title, text, at, **{"monitors": ["shop"], **of})
        )
        return made.id or 0

    def update(self, text: str, number: int = 1, **of: Any) -> None:
        self.service.change(lambda db, _, at: by_hand.update(db, number, text, at, **of))


@pytest.fixture
def shop(db: store.Store, clock: Clock) -> Shop:
    return Shop(db, clock)


# ---- arithmetic ------------------------------------------------------------------------------


def incident(started: int = T, resolved: int | None = None, **of: Any) -> Incident:
    given = {"created": started, "resolved": resolved, **of}
    return Incident(1, "Slow", IncidentState.RESOLVED, Severity.MINOR, started, **given)


@pytest.mark.parametrize(
    ("quarter", "during", "spared", "cost"),
    [
        (Uptime(up=99, down=1), Uptime(down=1), Uptime(up=100), 1_000),
        (Uptime(up=98, down=2), Uptime(down=1), Uptime(up=99, down=1), 1_000),
        (Uptime(up=90, degraded=9, down=1), Uptime(degraded=9, down=1), Uptime(up=91, degraded=9), 1_000),
        (
            Uptime(up=90, degraded=9, down=1, is_degraded_down=True),
            Uptime(degraded=9, down=1, is_degraded_down=True),
            Uptime(up=100, is_degraded_down=True),
            10_000,
        ),
        (Uptime(up=100), Uptime(), Uptime(up=100), None),
        (Uptime(up=90, degraded=10), Uptime(degraded=10), Uptime(up=90, degraded=10), None),
        (Uptime(up=10**9 - 1, down=1), Uptime(down=1), Uptime(up=10**9), 0),
        (Uptime(up=1, down=1, maintenance=10**9, no_data=10**9), Uptime(down=1), None, 50_000),
        (Uptime(), Uptime(), Uptime(), None),
    ],
)
def test_what_it_cost_is_what_the_uptime_would_be_without_it(
    quarter: Uptime, during: Uptime, spared: Uptime | None, cost: int | None
) -> None:
    if spared is not None:
        assert effect.spared(quarter, during) == spared
    assert effect.cost(quarter, during) == cost


@given(st.integers(1, 10**10), st.integers(0, 10**8), st.integers(1, 10**8))
def test_the_printed_figures_add_up_to_the_printed_difference(up: int, before: int, lost: int) -> None:
    quarter, during = Uptime(up=up, down=before + lost), Uptime(down=lost)
    found = effect.cost(quarter, during)
    printed = [status.percent(each) for each in (quarter, effect.spared(quarter, during))]
    is_, was = (round(float(each or "nan") * 1_000) for each in printed)
    assert found is not None
    assert found == was - is_ if found else lost * 100_000 < up + before + lost


MINUTES = st.lists(st.sampled_from(list(Status)), min_size=30, max_size=30)


@given(MINUTES, st.integers(0, 29), st.integers(0, 29), st.booleans())
def test_time_is_counted_minute_by_minute(
    minutes: list[Status], first: int, last: int, is_degraded_down: bool
) -> None:
    first, last = sorted((first, last))
    history = [Span(T + n * MINUTE, T + (n + 1) * MINUTE, each) for n, each in enumerate(minutes)]
    reach = effect.Reach(T + first * MINUTE, T + last * MINUTE, has_incident=True, has_quarter=True)
    found = effect.reckon("shop", history, reach, is_degraded_down)
    inside = minutes[first:last]
    assert found.then is status.worst(inside or [minutes[first]])
    if found.then is NO_DATA:
        assert found.during is None
        return
    assert found.during is not None
    assert found.during.down == inside.count(DOWN) * MINUTE
    assert found.during.degraded == inside.count(DEGRADED) * MINUTE
    assert found.quarter is not None
    assert found.quarter.up == minutes[:last].count(UP) * MINUTE


@given(MINUTES, st.integers(-5, 35), st.integers(-5, 35))
def test_a_part_of_a_history_is_what_lies_within(minutes: list[Status], first: int, last: int) -> None:
    history = [Span(T + n * 10, T + (n + 1) * 10, each) for n, each in enumerate(minutes)]
    for offset in (0, 5):
        started, ended = T + first * 10 + offset, T + last * 10
        assert effect.part(history, started, ended) == tuple(status.within(history, started, ended))


@pytest.mark.parametrize(
    ("started", "resolved", "kept", "has_incident", "has_quarter"),
    [
        (T - HOUR, T, 400 * DAY, True, True),
        (T - HOUR, T, 90 * DAY, True, True),
        (T - HOUR, T, 89 * DAY, True, False),
        (T - HOUR, None, 90 * DAY, True, True),
        (T - 30 * DAY, T - DAY, 30 * DAY, True, False),
        (T - 30 * DAY - 1, T - DAY, 30 * DAY, False, False),
        (T - 300 * DAY, None, 90 * DAY, False, False),
    ],
)
def test_nothing_is_told_of_what_is_no_longer_kept(
    started: int, resolved: int | None, kept: int, has_incident: bool, has_quarter: bool
) -> None:
    found = effect.reach(incident(started, resolved), T, kept)
    assert (found.has_incident, found.has_quarter) == (has_incident, has_quarter)
    shown = effect.reckon("shop", [Span(T - 400 * DAY, T, UP)], found, is_degraded_down=False)
    assert (shown.during is not None, shown.quarter is not None) == (has_incident, has_quarter)


def test_a_change_counts_from_the_first_instant_to_the_last() -> None:
    edges = [T - 2, T - 1, T, T + 1, T + 9, T + 10, T + 11, T + 12]
    kinds = [UP, DEGRADED, DOWN, UP, DOWN, UP, DOWN]
    history = [Span(a, b, kind) for a, b, kind in zip(edges[:-1], edges[1:], kinds, strict=True)]
    assert effect.steps("shop", history, T, T + 10) == (
        Step("shop", T, DEGRADED, DOWN),
        Step("shop", T + 1, DOWN, UP),
        Step("shop", T + 9, UP, DOWN),
        Step("shop", T + 10, DOWN, UP),
    )


def wrote(at: int) -> tuple[IncidentUpdate, ...]:
    return (IncidentUpdate(1, 1, IncidentState.INVESTIGATING, "x", at),)


@pytest.mark.parametrize(
    ("of", "changes", "expected"),
    [
        ({"opened_for": "shop", "created": T + 30}, [], T + 30),
        ({"opened_for": "shop", "created": T + 30}, [Change("shop", T, DOWN, T + 10)], T + 10),
        ({"opened_for": "shop", "created": T + 30, "updates": wrote(T + 5)}, [], T + 30),
        ({"opened_for": "shop", "created": T}, [], T),
        ({"created": T + 30}, [], T + 30),
        ({"created": T + 30, "updates": wrote(T + 20)}, [], T + 20),
        ({"created": T + 30}, [Change("shop", T + 5, DEGRADED, T + 7)], T + 7),
        ({"created": T + 30}, [Change("shop", T - 5, DOWN, T - 3)], T + 30),
        ({"created": T + 30}, [Change("shop", T + 5, UP, T + 7)], T + 30),
        ({"created": T + 30}, [Change("shop", T + 5, DOWN)], T + 30),
        ({"created": T}, [], None),  # nobody says that it began earlier
        ({"created": T + 101}, [], None),  # written down when it was over
    ],
)
def test_it_was_detected_when_the_loop_or_a_person_noticed(
    of: dict[str, Any], changes: list[Change], expected: int | None
) -> None:
    assert effect.detected(incident(T, T + 100, **of), changes, T + 100) == expected


# ---- facts -----------------------------------------------------------------------------------


def test_an_incident_of_silence_tells_when_it_began_and_when_that_was_seen(
    db: store.Store, clock: Clock
) -> None:
    shop = Shop(db, clock, Limits(5 * MINUTE, 10 * MINUTE), monitors=(monitor("shop"),))
    shop.look_at(T + 10 * MINUTE + 30 * SECOND)
    page = shop.page()
    assert page.one("title") == "Investigating: Shop is down – Acme"
    assert "State Investigating" in page.text.replace("StateI", "State I")
    assert "Started1 Jan 2026, 00:10 UTC" in page.text
    assert "Detected1 Jan 2026, 00:10 UTC, after 30 s" in page.text
    assert "Duration30 s so far" in page.text
    assert "Total downtime30 s" in page.text
    assert "Identified" not in page.text
    assert 'id="banner"' in page.html
    shop.run(20)
    shop.update("It is the disk.", state=IncidentState.IDENTIFIED)
    shop.run(10)
    shop.beat(tag="shop")
    shop.run(1)
    text = shop.page().text
    assert "Identified1 Jan 2026, 00:30 UTC" in text
    assert "Resolved1 Jan 2026, 00:40 UTC" in text
    assert "Duration30 min" in text
    assert "so far" not in text
    # Ten minutes well, one of them a little late; then thirty down.
    assert "24.691% instead of 100%" in text
    assert "percentage points lost: 75.309" in text


def test_a_report_of_the_job_itself_is_detected_at_once(shop: Shop) -> None:
    shop.say(DOWN)
    assert "Detected1 Jan 2026, 00:01 UTC, at once" in shop.page().text


def test_what_it_cost_is_never_rounded_to_nothing(db: store.Store, clock: Clock) -> None:
    shop = Shop(db, clock, monitors=(monitor("shop", PATIENT),))
    for _ in range(9):
        shop.skip_to(shop.clock.now + 10 * DAY)
        shop.say(UP)
    shop.skip_to(shop.clock.now + 10 * SECOND)
    shop.beat(DOWN, tag="shop")
    shop.skip_to(shop.clock.now + 2 * SECOND)
    shop.say(UP)
    text = shop.page().text
    assert "Total downtime2 s" in text
    assert "99.999% instead of 100%" in text
    assert "percentage points lost: under 0.001" in text


def test_each_affected_monitor_has_its_own_line(shop: Shop) -> None:
    shop.run(9)
    shop.create(title="Both", monitors=["shop", "mail"])
    shop.beat(DEGRADED, tag="mail")
    shop.say(DOWN, "shop", 10)
    shop.beat(tag="mail")
    shop.say(UP, "shop", 1)
    shop.update("Over.", state=IncidentState.RESOLVED)
    page = shop.page()
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</tr>", page.html, re.DOTALL)
    told = [" ".join(re.sub(r"<br>|</t[dh]>", " ", row).split()) for row in rows]
    plain = [re.sub(r"<[^>]*>", "", row) for row in told]
    assert [re.sub(r"\s+", " ", row) for row in plain] == [
        "Shop Down Up 10 min none 52.38% instead of 100% percentage points lost: 47.62",
        "Mail Degraded Up none 10 min 100%, unchanged",
    ]
    assert "Total downtime10 min" in page.text
    shop.beat(DOWN, tag="mail")


def test_downtime_of_several_monitors_is_added_up(shop: Shop) -> None:
    shop.create(monitors=["shop", "mail"])
    shop.beat(DOWN, tag="mail")
    shop.say(DOWN, "shop", 10)
    assert "Total downtime20 min, added up over 2 monitors" in shop.page().text
    assert "20 min, added up over 2 monitors" in shop.twin()


def test_degraded_time_is_downtime_where_the_file_says_so(db: store.Store, clock: Clock) -> None:
    strict = (monitor("shop", PATIENT, include_degraded_in_downtime=True),)
    shop = Shop(db, clock, monitors=strict)
    shop.run(9)
    shop.create()
    shop.say(DEGRADED, minutes=10)
    text = shop.page().text
    assert "Total downtime10 min" in text
    assert "50% instead of 100%" in text


def test_a_relapse_counts_only_the_time_that_was_down(db: store.Store, clock: Clock) -> None:
    shop = Shop(db, clock, cooldown=15 * MINUTE)
    shop.say(DOWN, minutes=5)
    shop.say(UP, minutes=3)
    shop.say(DOWN, minutes=7)
    assert "so far" in shop.page().text
    shop.say(UP, minutes=5)
    text = shop.page().text
    assert "Duration15 min" in text
    assert "Total downtime12 min" in text
    assert text.count("Shop: from Up to Down") == 2
    assert text.count("Shop: from Down to Up") == 2


def test_maintenance_in_between_is_no_downtime(shop: Shop) -> None:
    shop.run(9)
    shop.service.add_maintenance("Fix", T + 15 * MINUTE, T + 25 * MINUTE, ["shop"])
    shop.say(DOWN, minutes=20)
    shop.say(UP, minutes=1)
    text = shop.page().text
    assert "Duration20 min" in text
    assert "Total downtime10 min" in text
    assert "50% instead of 100%" in text
    assert "Shop: from Down to Maintenance" in text
    assert "Shop: from Maintenance to Down" in text


def test_time_in_which_nobody_looked_is_told_as_such(shop: Shop) -> None:
    shop.run(10)
    shop.say(DOWN, minutes=5)
    shop.clock.now += 30 * MINUTE
    shop.look()
    text = shop.page().text
    assert "Total downtime5 min" in text
    assert "Shop: from Down to No data" in text


def test_history_that_is_gone_is_not_made_up(db: store.Store, clock: Clock) -> None:
    shop = Shop(db, clock, Limits(500 * DAY, 600 * DAY), retention=Retention(days=30))
    shop.run(4)
    shop.say(DOWN)
    shop.skip_to(T + 10 * DAY)
    shop.look()
    text = shop.page().text
    assert "Total downtime" in text
    assert "instead of" not in text, "of the 90 days before only 30 are kept"
    shop.skip_to(T + 31 * DAY)
    shop.look()
    shop.service.tidy(shop.clock.now)
    page = shop.page()
    assert "Started1 Jan 2026, 00:05 UTC" in page.text
    for word in ("Total downtime", "During the incident", "instead of", "unchanged", "from Up", "No data"):
        assert word not in page.text
    assert 'class="around"' not in page.html
    assert "Down" in page.text, "what is so now is known"
    assert "downtime" not in shop.twin()


def test_a_monitor_that_was_not_watched_then_has_no_figures(shop: Shop) -> None:
    shop.service.reload(
        config((*shop.service.config.monitors.values(), monitor("late", PATIENT)), (), site=SITE)
    )
    shop.create(monitors=["shop", "late"])
    shop.run(5)
    page = shop.page()
    assert page.text.count("not known") == 3
    assert "Total downtimenone" in page.text
    assert "Total downtime: none" in shop.twin()


def test_while_the_loop_stands_still_now_is_unknown(shop: Shop) -> None:
    shop.say(DOWN, minutes=5)
    shop.clock.now += 10 * MINUTE
    text = shop.page().text
    assert "Down Unknown" in text.replace("  ", " ")
    assert "Now: Unknown" in shop.twin()


def test_what_was_told_only_afterwards_was_not_detected(shop: Shop) -> None:
    shop.run(60)
    number = shop.create(started=T + 10 * MINUTE, resolved=T + 20 * MINUTE, state=IncidentState.RESOLVED)
    page = shop.page(f"/incidents/{number}")
    assert "Detected" not in page.text
    assert "After the incident" not in page.text
    assert "Duration10 min" in page.text


def test_an_incident_that_is_over_as_it_begins_still_found_something(shop: Shop) -> None:
    shop.run(10)
    number = shop.create(started=T + MINUTE, resolved=T + MINUTE, state=IncidentState.RESOLVED)
    text = shop.page(f"/incidents/{number}").text
    assert "Duration0 s" in text
    assert "Shop Up" in text


def test_an_incident_may_be_about_no_monitor(shop: Shop) -> None:
    shop.create(monitors=[])
    page = shop.page()
    assert page.all("table") == []
    assert "Total downtime" not in page.text
    assert "We look." in shop.twin()


# ---- the story -------------------------------------------------------------------------------


def test_the_timeline_has_words_and_changes_in_order_newest_first(shop: Shop) -> None:
    shop.create(title="Both", text="First word.", monitors=["shop", "mail"])
    shop.run(1)
    shop.say(DEGRADED)
    shop.say(DOWN)
    shop.update("Second word.")
    shop.run(1)
    shop.say(DOWN, "mail")
    shop.say(UP)
    shop.update("Last word.", state=IncidentState.MONITORING)
    page = shop.page()
    parts = [
        "Last word.",
        "Shop: Down → Up",
        "Mail: Up → Down",
        "Second word.",
        "Shop: Degraded → Down",
        "Shop: Up → Degraded",
        "First word.",
    ]
    places = [page.text.index(part) for part in parts]
    assert places == sorted(places)
    ids = [article["id"] for article in page.all("article")]
    assert len(ids) == 3
    assert [a["href"] for a in page.all("a") if a["href"].startswith("#u")] == [f"#{id}" for id in ids]
    arrows = re.findall(r'<bdi aria-hidden="true">([^<]|<bdi>|</bdi>)*→', page.html)
    assert len(arrows) == page.html.count("→") == 4, "an arrow is never read out"
    assert page.text.count(", 00:02 UTC") >= 1
    twin = shop.twin()
    places = [twin.index(part) for part in parts]
    assert places == sorted(places)


def test_words_after_the_end_stand_on_top(shop: Shop) -> None:
    shop.say(DOWN, minutes=5)
    shop.say(UP, minutes=5)
    assert "After the incident" not in shop.page().text
    shop.update("## Why\n\nThe disk was full.")
    shop.run(1)
    shop.update("A second thought.")
    page = shop.page()
    parts = [
        "After the incident",
        "A second thought.",
        "The disk was full.",
        "Timeline",
        "Resolved after 5 min.",
    ]
    places = [page.text.index(part) for part in parts]
    assert places == sorted(places)
    assert "Resolved1 Jan 2026, 00:06 UTC" in page.text
    assert page.text.count("The disk was full.") == 1
    assert "## After the incident" in shop.twin()


def test_a_relapse_takes_words_of_the_end_back_into_the_story(db: store.Store, clock: Clock) -> None:
    shop = Shop(db, clock, cooldown=15 * MINUTE)
    shop.say(DOWN)
    shop.say(UP)
    shop.update("All is well.")
    shop.say(DOWN)
    page = shop.page()
    assert "After the incident" not in page.text
    assert page.text.index("Timeline") < page.text.index("All is well.")


def test_a_long_story_is_cut_but_no_word_of_a_person_is(shop: Shop) -> None:
    shop.create(text="First word.")
    for n in range(150):
        shop.beat(UP if n % 2 else DOWN, tag="shop")
        shop.clock.now += 700
        if n % 2:
            shop.update(f"Word {n}.")
    shop.look()
    page = shop.page()
    assert "First word." in page.text
    assert len(page.all("article")) == 76
    assert page.text.count("Shop: from") == 200 - 76
    assert "26 older entries are left out." in page.text
    assert "26 older entries are left out." in shop.twin()


# ---- around ----------------------------------------------------------------------------------


def test_the_time_around_it_has_one_path_per_status() -> None:
    history = [
        Span(T, T + 100, UP),
        Span(T + 100, T + 101, DOWN),
        Span(T + 101, T + 200, UP),
        Span(T + 200, T + 250, DEGRADED),
        Span(T + 250, T + 300, NO_DATA),
    ]
    assert [(path.status, path.d) for path in around.paths(history, T, T + 300)] == [
        (NO_DATA, "M250 18H300V20H250z"),
        (UP, "M0 10H100V20H0zM101 10H200V20H101z"),
        (DEGRADED, "M200 5H250V20H200z"),
        (DOWN, "M100 0H101V20H100z"),
    ]


@given(MINUTES, st.integers(1, 10**9))
def test_a_path_never_leaves_its_box_and_no_trouble_is_too_short(minutes: list[Status], length: int) -> None:
    history = [Span(T + n * length, T + (n + 1) * length, each) for n, each in enumerate(minutes)]
    history.append(Span(T + 30 * length, T + 30 * length + 1, DOWN))
    paths = around.paths(history, T, T + 30 * length + 1)
    assert {path.status for path in paths} == {*minutes, DOWN}
    for path in paths:
        edges = [int(number) for number in re.findall(r"[MH](\d+)", path.d)]
        assert edges
        assert max(edges) <= around.SLOTS


def test_the_picture_is_for_eyes_and_small(shop: Shop) -> None:
    shop.create(monitors=["shop", "mail"])
    for n in range(400):
        shop.beat(UP if n % 2 else DOWN, tag="shop")
        shop.clock.now += 10 * SECOND
    shop.look()
    (picture,) = re.findall(r'<div class="around" aria-hidden="true">.*?</div>', shop.page().html, re.DOTALL)
    assert picture.count("<svg") == 2
    assert picture.count("<path") <= 2 * 5
    assert len(picture) < 12_000


# ---- where it leads --------------------------------------------------------------------------


def test_it_leads_to_its_neighbours_that_may_be_seen(shop: Shop) -> None:
    numbers = []
    for title, of in {
        "One": {},
        "Draft": {"is_draft": True},
        "Two": {},
        "Secret": {"monitors": ["hush"]},
        "Three": {},
    }.items():
        numbers.append(shop.create(title=title, **of))
        shop.run(1)
    one, _, two, _, three = numbers
    page = shop.page(f"/incidents/{two}?lang=de")
    links = [(a["rel"], a["href"]) for a in page.all("a") if "rel" in a]
    assert links == [("prev", f"/incidents/{one}?lang=de"), ("next", f"/incidents/{three}?lang=de")]
    heads = {(a["rel"], a["href"]) for a in page.all("link")}
    assert set(links) <= heads
    assert "rel" not in {
        key for a in shop.page(f"/incidents/{three}").all("a") for key in a if a.get("rel") == "next"
    }
    assert {"href": "/subscribe?lang=de"} in page.all("a")
    for number in (one, two, three):
        text = shop.page(f"/incidents/{number}").text + shop.twin(f"/incidents/{number}.md")
        assert "Draft" not in text
        assert "Secret" not in text


def test_a_link_to_it_shows_what_it_is_about(shop: Shop) -> None:
    shop.create(title="Slow checkout", text="First.")
    shop.update("We *found* it: [a disk](https://x.example) & more.\n\n" + "word " * 100)
    shop.update("Over.", state=IncidentState.RESOLVED)
    shop.update("We *found* it: [a disk](https://x.example) & more.\n\n" + "word " * 100)
    metas = {
        meta.get("property") or meta.get("name"): meta["content"] for meta in shop.page().all("meta")[1:]
    }
    assert metas["og:title"] == "Resolved: Slow checkout – Acme"
    assert metas["og:type"] == "article"
    assert metas["og:url"] == "https://status.acme.example/incidents/1"
    assert metas["og:description"].startswith("We found it: a disk & more. word word")
    assert len(metas["og:description"]) <= 200
    assert metas["description"] == metas["og:description"]


def test_without_an_address_of_the_site_none_is_made_up(db: store.Store, clock: Clock) -> None:
    shop = Shop(db, clock, site=replace(SITE, url=""))
    shop.create()
    assert "og:url" not in shop.page().html


def test_the_icon_of_the_tab_says_its_state(shop: Shop) -> None:
    shop.create(severity=Severity.CRITICAL)
    assert "/static/down.svg?v=" in shop.page().html
    shop.update("Over.", state=IncidentState.RESOLVED)
    assert "/static/up.svg?v=" in shop.page().html


# ---- what nobody may see ---------------------------------------------------------------------


@pytest.mark.parametrize("form", ["", ".md"])
def test_what_may_not_be_seen_is_like_what_never_was(db: store.Store, clock: Clock, form: str) -> None:
    shop = Shop(db, clock, incidents=IncidentPolicy(draft=True))
    shop.say(DOWN)
    shop.say(DOWN, "hush")
    hidden = shop.create(monitors=["hush"])
    shown = shop.create()
    never = shop.client.get(f"/incidents/999{form}")
    assert never.status_code == 404
    for odd in (1, 2, hidden, f"0{shown}", f"+{shown}", f"{shown} ", "0", "-1", "x", "1.0", "9" * 30, "١"):
        answer = shop.client.get(f"/incidents/{odd}{form}")
        assert (answer.status_code, answer.data) == (404, never.data), odd
    assert shop.client.get(f"/incidents/{shown}{form}").status_code == 200


def test_a_hidden_monitor_among_the_affected_is_named_nowhere(shop: Shop) -> None:
    shop.create(title="Both", monitors=["shop", "hush"])
    shop.say(DOWN, "hush", 5)
    shop.say(DEGRADED, "shop", 5)
    for text in (shop.page().html, shop.twin(), shop.client.get("/api/v1/incidents/1").text):
        assert "hush" not in text.lower()
    page = shop.page()
    assert "Total downtimenone" in page.text
    assert page.text.count("→") == 1
    assert "from Up to Down" not in page.text


def test_a_monitor_that_left_the_file_is_left_out(shop: Shop) -> None:
    shop.create(monitors=["shop", "mail"])
    shop.service.reload(config((monitor("shop", PATIENT),), (), site=SITE))
    assert "mail" not in shop.page().html.lower().replace("e-mail", "")


def test_hostile_words_are_only_words(shop: Shop) -> None:
    made = replace(
        incident(T, None, publish_at=T, monitors=("shop",)),
        id=None,
        title=HOSTILE,
        state=IncidentState.INVESTIGATING,
    )
    for _ in range(3):
        shop.db.write(lambda db: store.add_incident(db, made, HOSTILE))
    shop.service.reload(
        config((replace(monitor("shop", PATIENT), name=HOSTILE),), (), site=replace(SITE, title=HOSTILE))
    )
    shop.run(1)
    shop.say(DOWN)
    page = shop.page("/incidents/2")
    assert "<script>" not in page.html
    assert not [a for a in page.all("a") if a["href"].startswith("javascript")]
    assert len(page.one("title")) < 300
    for heading in re.findall(r"<h[1-4].*?</h[1-4]>", page.html, re.DOTALL):
        assert "\u202e" not in heading or "<bdi>" in heading
    for meta in page.all("meta"):
        assert "\u202e" not in meta.get("content", "") or meta.get("name") == "description"
    twin = shop.twin("/incidents/2.md")
    assert "\u202e" not in twin
    assert "](javascript" not in re.sub(r"^> .*$", "", twin, flags=re.MULTILINE)
    assert twin.lstrip().startswith("# \\<script\\>")


@pytest.mark.parametrize("query", ["?lang=ar", "?lang=xx", "?lang=%00", "?a=b&a=c", "?%", "?lang=de&lang=fr"])
def test_an_odd_query_is_no_error(shop: Shop, query: str) -> None:
    shop.create()
    assert shop.client.get(f"/incidents/1{query}").status_code == 200
    assert shop.client.get(f"/incidents/1.md{query}").status_code == 200


def test_every_time_is_machine_readable_and_in_the_zone_of_the_site(db: store.Store, clock: Clock) -> None:
    shop = Shop(db, clock, site=replace(SITE, timezone="Europe/Berlin"))
    shop.say(DOWN, minutes=5)
    page = shop.page()
    assert "1 Jan 2026, 01:01 CET" in page.text
    assert "Days and times are those of Europe/Berlin." in page.text
    assert not re.search(r"\d\d:\d\d [A-Z]", re.sub(r"<time.*?</time>", "", page.html))


# ---- speed -----------------------------------------------------------------------------------


def test_many_monitors_cost_few_questions(db: store.Store, clock: Clock) -> None:
    """The changes of each affected monitor are read once, and none of any other."""
    shop = Shop(db, clock, monitors=tuple(monitor(f"m{n}", PATIENT) for n in range(100)))
    shop.create(monitors=["m1", "m2"])
    asked: list[str] = []
    connection = shop.db.read().conn
    connection.set_trace_callback(asked.append)
    assert shop.service.incident_page(1) is not None
    connection.set_trace_callback(None)
    assert 0 < len([each for each in asked if "from change" in each]) <= 4
    assert len(asked) < 40
