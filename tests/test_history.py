"""The months of history: what is told of each day, what it adds up to, and what stays untold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from conftest import Clock, World, config, monitor
from flask.testing import FlaskClient
from page import Page
from werkzeug.test import TestResponse

from kener_py import store
from kener_py.model import (
    DAY,
    HOUR,
    MINUTE,
    Config,
    Incident,
    IncidentState,
    Instant,
    Limits,
    Maintenance,
    MaintenancePlan,
    MonthDay,
    MonthPage,
    Retention,
    Severity,
    Site,
    Status,
)
from kener_py.web import create

PATIENT = Limits(500 * DAY, 500 * DAY)  # so that only reports make trouble
HOSTILE = "<script>alert(1)</script>\u202e'\"&](x) # *" + "x" * 10_000
SITE = Site(title="Acme", url="https://status.acme.example", timezone="Europe/Berlin")


def at(text: str) -> Instant:
    """An instant by its time in UTC: "2026-10-25 01:30"."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


def given(site: Site = SITE, **fields) -> Config:
    return config(
        (
            monitor("backup", PATIENT, category="Jobs"),
            monitor("shop", PATIENT, category="Web & more"),
            monitor("secret", PATIENT, category="Vault", is_hidden=True),
        ),
        rules=(),
        site=site,
        **fields,
    )


Begin = Callable[..., World]


@pytest.fixture
def begin(db: store.Store) -> Begin:
    """A world whose monitors are all up since the given moment."""

    def make(since: str = "2026-08-10 10:00", using: Config | None = None) -> World:
        world = World(db, Clock(at(since)), using or given())
        for tag in world.service.config.monitors:
            world.beat(tag=tag)
        world.look()
        return world

    return make


def outage(world: World, since: str, length: int, tag: str = "backup", status: Status = Status.DOWN) -> None:
    world.skip_to(at(since))
    world.beat(status, tag=tag)
    world.skip_to(at(since) + length)
    world.beat(tag=tag)
    world.look()


def incident(
    world: World, started: str, length: int | None = HOUR, title: str = "Late", **fields
) -> Incident:
    began = at(started)
    ended = None if length is None else began + length
    state = IncidentState.INVESTIGATING if ended is None else IncidentState.RESOLVED
    fields = {"monitors": ("backup",), "publish_at": began, **fields}
    made = Incident(None, title, state, Severity.MAJOR, began, began, ended, **fields)
    number = world.db.write(lambda db: store.add_incident(db, made, "We are on it."))
    return replace(made, id=number)


def window(world: World, start: str, length: int = 2 * HOUR, title: str = "New disks", **fields) -> None:
    fields = {"monitors": ("backup",), **fields}
    made = Maintenance(None, title, at(start), at(start) + length, **fields)
    world.db.write(lambda db: store.add_maintenance(db, made))


def client(world: World) -> FlaskClient:
    return create(world.service).test_client()


def get(world: World, address: str = "/history", code: int = 200, **of) -> TestResponse:
    answer = client(world).get(address, **of)
    assert answer.status_code == code
    return answer


def see(world: World, address: str = "/history") -> Page:
    return Page(get(world, address).text)


def month(world: World, name: str | None = None, **of) -> MonthPage:
    page = world.service.month_page(name, **of)
    assert page is not None
    return page


def day(page: MonthPage, date: str) -> MonthDay:
    (only,) = (each for each in page.days if each.date == date)
    return only


# ---- what days and months add up to ----------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "name", "hours"),
    [
        ("Europe/Berlin", "2026-03", 31 * 24 - 1),
        ("Europe/Berlin", "2026-10", 31 * 24 + 1),
        ("America/New_York", "2026-11", 30 * 24 + 1),
        ("Australia/Lord_Howe", "2026-04", 30 * 24 + 0.5),
        ("Asia/Kolkata", "2026-02", 28 * 24),
    ],
)
def test_the_days_of_a_month_add_up_to_it_when_clocks_change(begin, zone: str, name: str, hours: int) -> None:
    world = begin("2025-12-30 10:00", given(replace(SITE, timezone=zone)))
    for date in ("02-14", "03-28", "03-29", "04-04", "10-24", "10-25", "10-31", "11-01"):
        outage(world, f"2026-{date} 20:13", 9 * HOUR)
    world.skip_to(at("2026-12-05 12:00"))
    page = month(world, name)
    for field in ("up", "degraded", "down", "maintenance", "no_data"):
        by_day = sum(getattr(each.uptime, field) for each in page.days)
        by_group = sum(getattr(each.uptime, field) for each in page.groups)
        assert by_day == by_group == getattr(page.total, field)
    total = page.total
    assert total.up + total.down + total.no_data == hours * HOUR * 2  # monitors
    assert total.down > 0
    assert len(page.days) == (page.ended - page.started + 12 * HOUR) // DAY


def test_an_outage_over_midnight_belongs_to_both_days_of_the_site(begin) -> None:
    world = begin()
    outage(world, "2026-08-20 21:30", HOUR)  # 23:30 in Berlin
    page = month(world)
    assert [each.date for each in page.days if each.troubled] == ["2026-08-21", "2026-08-20"]
    for date in ("2026-08-20", "2026-08-21"):
        ((tag, uptime),) = day(page, date).troubled
        assert (tag, uptime.down) == ("backup", 30 * MINUTE)
    assert page.total.down == HOUR
    assert "Backup: down 30 min" in see(world).text


def test_a_month_says_how_many_incidents_how_much_downtime_and_the_uptime_of_each_group(begin) -> None:
    world = begin()
    outage(world, "2026-09-03 10:00", 43 * MINUTE)
    incident(world, "2026-09-03 10:00")
    incident(world, "2026-09-05 10:00")
    world.skip_to(at("2026-10-02 10:00"))
    page = see(world, "/history/2026-09")
    assert page.one("h1") == "September 2026"
    assert "Incidents 2 Downtime 43 min all monitors added up Uptime 99.95%" in page.text
    assert "Jobs99.9%43 min" in page.text
    assert "Web & more100%0 s" in page.text


def test_what_counts_degraded_as_down_does_so_among_others(begin) -> None:
    strict = monitor("strict", PATIENT, include_degraded_in_downtime=True)
    world = begin(using=config((strict, monitor("job", PATIENT)), rules=(), site=SITE))
    outage(world, "2026-08-20 10:00", HOUR, "strict", Status.DEGRADED)
    outage(world, "2026-08-21 10:00", HOUR, "job", Status.DEGRADED)
    total = month(world).total
    assert (total.down, total.degraded) == (HOUR, HOUR)


# ---- the days --------------------------------------------------------------------------------


def test_days_are_told_newest_first_and_days_without_anything_are_one_line(begin) -> None:
    world = begin()
    outage(world, "2026-09-03 10:00", HOUR)
    incident(world, "2026-09-10 10:00", title="Ten")
    world.skip_to(at("2026-09-12 10:00"))
    page = see(world)
    headings = page.texts["h3"]
    assert headings[:2] == ["Thursday, 10 Sep 2026", "Thursday, 3 Sep 2026"]
    for run in ("11–12 Sep 2026", "4–9 Sep 2026", "1–2 Sep 2026"):
        assert f"{run}: nothing to report" in page.text


def test_days_on_which_nothing_was_known_are_not_said_to_be_fine(begin) -> None:
    world = begin("2026-09-10 10:00")
    world.skip_to(at("2026-09-12 10:00"))
    page = see(world)
    assert "10–12 Sep 2026: nothing to report" in page.text
    assert "1–9 Sep 2026: no data" in page.text


def test_an_incident_over_several_days_stands_on_its_first_with_its_length_and_end(begin) -> None:
    world = begin()
    incident(world, "2026-09-03 10:00", 50 * HOUR, "Long one")
    world.skip_to(at("2026-09-20 10:00"))
    page = see(world)
    assert page.text.count("Long one") == 1
    assert "Resolved · Major · 3 Sep 2026, 12:00 CEST to 5 Sep 2026, 14:00 CEST · 2 d 2 h" in page.text
    assert [each.date for each in month(world).days if each.incidents] == ["2026-09-03"]


def test_what_began_in_an_earlier_month_is_told_apart(begin) -> None:
    world = begin()
    told = incident(world, "2026-08-30 10:00", None, "Still open")
    world.skip_to(at("2026-09-20 10:00"))
    page = month(world)
    assert [each.id for each in page.earlier] == [told.id]
    assert not any(each.incidents for each in page.days)
    shown = see(world)
    assert "Incidents 0 and 1 that began earlier" in shown.text
    assert "Began before September 2026" in shown.text
    assert "Investigating · Major · since 30 Aug 2026, 12:00 CEST · 21 d so far" in shown.text
    assert month(world, "2026-08").earlier == ()


def test_a_day_names_the_worst_monitors_and_counts_the_rest(begin) -> None:
    tags = [f"job{number:02}" for number in range(12)]
    world = begin(using=config(tuple(monitor(tag, PATIENT) for tag in tags), rules=(), site=SITE))
    world.skip_to(at("2026-08-20 10:00"))
    for tag in tags:
        world.beat(Status.DOWN, tag=tag)
    for tag in tags:
        world.skip_to(world.clock.now + MINUTE)
        world.beat(tag=tag)
    world.look()
    text = see(world).text
    assert "Job11: down 12 min Job10: down 11 min" in text
    assert "Job04: down 5 min and 4 more monitors" in text
    assert "Job03: down" not in text


# ---- maintenance -----------------------------------------------------------------------------


def test_a_window_stands_on_its_day_and_leaves_uptime_alone(begin) -> None:
    world = begin()
    window(world, "2026-08-20 10:00")
    outage(world, "2026-08-20 10:30", HOUR)
    page = month(world)
    (shown,) = day(page, "2026-08-20").windows
    assert shown.maintenance.title == "New disks"
    assert (page.total.down, page.total.maintenance) == (0, 90 * MINUTE)  # it runs on
    world.skip_to(at("2026-08-21 10:00"))
    assert "New disks Maintenance: Completed · 20 Aug 2026, 12:00 CEST to 20 Aug 2026, 14:00 CEST · 2 h" in (
        see(world).text
    )


def test_a_day_to_come_is_shown_only_for_what_is_planned(begin) -> None:
    world = begin()
    window(world, "2026-08-28 10:00")
    world.skip_to(at("2026-08-20 10:00"))
    page = month(world)
    assert [each.date for each in page.days][:2] == ["2026-08-28", "2026-08-20"]
    assert "Friday, 28 Aug 2026 planned" in see(world).text


def test_a_window_that_was_cancelled_never_ran_and_one_cut_short_ended_then(begin) -> None:
    world = begin()
    window(world, "2026-08-15 10:00", title="Never", cancelled=at("2026-08-14 10:00"))
    window(world, "2026-08-16 10:00", title="Short", cancelled=at("2026-08-16 10:30"))
    window(world, "2026-11-16 10:00", title="Not any more", cancelled=at("2026-08-16 10:30"))
    world.skip_to(at("2026-08-20 10:00"))
    text = see(world).text
    assert "Never" not in text
    assert "Short Maintenance: Cancelled" in text
    assert "CEST · 30 min" in text
    assert month(world).months == ("2026-08",)


def test_the_windows_of_a_plan_are_one_line_a_day(begin) -> None:
    plan = MaintenancePlan(
        "Hourly", frozenset({"backup"}), schedule="0 * * * *", duration=5 * MINUTE, timezone="UTC"
    )
    world = begin(using=given(maintenances=(plan,)))
    world.skip_to(at("2026-08-20 10:00"))
    (first,) = day(month(world), "2026-08-15").windows
    assert first.maintenance.start == at("2026-08-14 22:00")
    assert first.more == 23
    assert "and 23 more times that day" in see(world).text


# ---- which months there are ------------------------------------------------------------------


def test_months_lead_from_the_first_data_to_the_last_planned_window(begin) -> None:
    world = begin("2026-08-10 10:00")
    window(world, "2027-01-03 10:00", title="Far away")
    world.skip_to(at("2026-10-20 10:00"))
    assert month(world).months == ("2026-08", "2026-09", "2026-10", "2027-01")
    first, middle, last = (see(world, f"/history/{name}") for name in ("2026-08", "2026-10", "2027-01"))

    def neighbours(page: Page) -> dict[str, str]:
        return {each["rel"]: each["href"] for each in page.all("link") if each["rel"] in ("prev", "next")}

    assert neighbours(first) == {"next": "/history/2026-09"}
    assert neighbours(middle) == {"prev": "/history/2026-09", "next": "/history/2027-01"}
    assert neighbours(last) == {"prev": "/history/2026-10"}
    assert {"rel": "canonical", "href": "https://status.acme.example/history/2026-10"} in middle.all("link")
    assert "This month is still to come" in last.text
    assert "Far away" in last.text
    assert "Downtime" not in last.text
    assert "Nov 2026" not in middle.text


def test_history_is_the_present_month(begin) -> None:
    world = begin()
    world.skip_to(at("2026-08-31 22:00"))  # September has begun in Berlin
    page = see(world)
    assert page.one("h1") == "September 2026"
    assert page.one("title") == "September 2026: History – Acme"
    assert {"rel": "canonical", "href": "https://status.acme.example/history/2026-09"} in page.all("link")


@pytest.mark.parametrize(
    "name",
    [
        *("2026-07", "2026-10", "2026-13", "2026-00", "2026-1", "2026-8", "2026-08-01", "202608"),
        *(
            "0000-01",
            "0001-01",
            "9999-12",
            "٢٠٢٦-٠٨",
            "2026-０８",
            "-2026-08",
            " 2026-08",
            "2026-08.txt",
            "x",
        ),
    ],
)
def test_a_month_without_a_page_is_not_found(begin, name: str) -> None:
    world = begin("2026-08-10 10:00")
    world.skip_to(at("2026-09-20 10:00"))
    client = create(world.service).test_client()
    assert client.get("/history/2026-08").status_code == 200
    answer, missing = client.get(f"/history/{name}"), client.get("/nothing")
    assert (answer.status_code, answer.data) == (404, missing.data)


def test_what_is_not_kept_has_no_page(begin) -> None:
    world = begin("2026-01-10 10:00", given(retention=Retention(days=60)))
    outage(world, "2026-06-18 10:00", HOUR)
    outage(world, "2026-07-25 10:00", HOUR)
    world.skip_to(at("2026-08-20 10:00"))
    before = month(world, "2026-06")
    assert before.months == ("2026-06", "2026-07", "2026-08")
    assert before.days[-1].date == "2026-06-22"
    assert before.total.down == 0
    world.service.tidy(world.clock.now)
    after = month(world, "2026-06")
    assert (after.days, after.total) == (before.days, before.total)


def test_incidents_that_people_wrote_of_earlier_times_have_a_page(begin) -> None:
    world = begin("2026-08-10 10:00")
    incident(world, "2026-06-03 10:00", title="Hidden", monitors=("secret",))
    incident(world, "2026-07-03 10:00", title="Imported")
    assert month(world).months == ("2026-07", "2026-08")
    assert "Imported" in see(world, "/history/2026-07").text


def test_a_fresh_page_has_one_month_and_no_data(db) -> None:
    world = World(db, Clock(at("2026-08-10 10:00")), given())
    page = see(world)
    assert "1–10 Aug 2026: no data" in page.text
    assert "100%" not in page.text
    get(world, "/history/2026-07", 404)
    world.service.reload(config((), rules=(), site=SITE))
    assert see(world).one("h1") == "August 2026"


# ---- what stays untold -----------------------------------------------------------------------


def test_what_is_hidden_or_a_draft_is_nowhere(begin) -> None:
    world = begin()
    outage(world, "2026-08-20 10:00", HOUR, "secret")
    incident(world, "2026-08-20 10:00", title="Of the vault", monitors=("secret",))
    incident(world, "2026-08-20 10:00", title="A draft", publish_at=None)
    incident(world, "2026-08-20 10:00", title="Later", publish_at=at("2026-08-25 10:00"))
    incident(world, "2026-08-20 11:00", title="Both", monitors=("backup", "secret"))
    window(world, "2026-08-20 10:00", title="Vault door", monitors=("secret",))
    window(world, "2026-12-20 10:00", title="Vault floor", monitors=("secret",))
    world.skip_to(at("2026-08-21 10:00"))
    page = month(world)
    assert page.total.down == 0
    assert page.months == ("2026-08",)
    for address in ("/history", "/history.md", "/history/2026-08", "/history?group=Jobs"):
        text = get(world, address).text
        assert "Both" in text
        for untold in ("secret", "Secret", "Vault", "vault", "A draft", "Later"):
            assert untold not in text, address


@pytest.mark.parametrize("query", ["monitor=secret", "monitor=none", "group=Vault", "group=jobs", "show=x"])
def test_a_filter_that_names_nothing_public_is_not_found(begin, query: str) -> None:
    world = begin()
    answer = get(world, f"/history?{query}", 404)
    assert answer.data == get(world, "/nothing", 404).data


@pytest.mark.parametrize("address", ["/history", "/history.md", "/history?monitor=hostile"])
def test_hostile_words_stay_words(begin, address: str) -> None:
    hostile = replace(monitor("hostile", PATIENT, category=HOSTILE), name=HOSTILE)
    world = begin(using=config((hostile, monitor("job", PATIENT)), rules=(), site=SITE))
    outage(world, "2026-08-20 10:00", HOUR, "hostile")
    incident(world, "2026-08-20 10:00", title=HOSTILE, monitors=("hostile",))
    window(world, "2026-08-21 10:00", title=HOSTILE, monitors=("hostile",))
    answer = get(world, address)
    assert "<script>alert" not in answer.text
    if answer.mimetype == "text/html":
        Page(answer.text)
    else:
        assert "\u202e" not in answer.text
        assert "](x)" not in answer.text


# ---- narrowed down ---------------------------------------------------------------------------


def test_a_month_of_one_monitor_or_group_tells_of_nothing_else(begin) -> None:
    world = begin()
    outage(world, "2026-08-20 10:00", HOUR)
    outage(world, "2026-08-21 10:00", HOUR, "shop")
    incident(world, "2026-08-20 10:00", title="Backup is late")
    incident(world, "2026-08-21 10:00", title="Shop is slow", monitors=("shop",))
    incident(world, "2026-08-22 10:00", title="All of us", monitors=())
    window(world, "2026-08-25 10:00", title="Backup disks")
    world.skip_to(at("2026-08-23 10:00"))
    for address in ("/history?monitor=backup", "/history/2026-08?group=Jobs"):
        page = see(world, address)
        assert "Downtime 1 h Uptime" in page.text
        assert "Backup is late" in page.text
        assert "Backup disks" in page.text
        for other in ("Shop is slow", "Shop: down", "All of us"):
            assert other not in page.text
        assert {"name": "robots", "content": "noindex"} in page.all("meta")
        assert get(world, address).headers["X-Robots-Tag"] == "noindex"
    whole = get(world, "/history?monitor=&group=")
    assert "noindex" not in whole.text
    assert "All of us" in whole.text


def test_neighbours_of_a_narrowed_month_are_narrowed(begin) -> None:
    world = begin()
    world.skip_to(at("2026-09-20 10:00"))
    page = see(world, "/history?group=Web+%26+more&lang=de")
    assert {"rel": "prev", "href": "/history/2026-08?lang=de&group=Web+%26+more"} in page.all("link")
    assert {"value": "group:Web & more", "selected": None} in page.all("option")


def test_the_form_works_without_a_script_and_leads_to_an_address_to_share(begin) -> None:
    world = begin()
    page = see(world, "/history?lang=de")
    (form,) = page.all("form")
    assert (form["method"], form["action"]) == ("get", "/history/2026-08")
    assert {"type": "hidden", "name": "lang", "value": "de"} in page.all("input")
    assert {each["value"] for each in page.all("option")} == {
        *("", "group:Jobs", "monitor:backup", "group:Web & more", "monitor:shop")
    }
    for query, leads_to in (
        ("show=monitor%3Abackup&lang=de", "/history/2026-08?lang=de&monitor=backup"),
        ("show=group%3AWeb+%26+more", "/history/2026-08?group=Web+%26+more"),
        ("show=", "/history/2026-08"),
    ):
        assert get(world, f"/history/2026-08?{query}", 302).headers["Location"] == leads_to
    get(world, "/history?show=monitor%3Asecret", 404)


def test_only_pages_with_a_form_may_send_one(begin) -> None:
    world = begin()
    for address, allowed in (("/history", "'self'"), ("/history/2026-08", "'self'"), ("/uptime", "'none'")):
        assert f"form-action {allowed};" in get(world, address).headers["Content-Security-Policy"]


# ---- addresses and forms ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "leads_to"),
    [
        ("/events", "/history"),
        ("/events/August-2026", "/history/2026-08"),
        ("/events/august-2026?lang=de", "/history/2026-08?lang=de"),
        ("/events/DECEMBER-1999", "/history/1999-12"),
    ],
)
def test_addresses_of_kener_lead_here(begin, address: str, leads_to: str) -> None:
    world = begin()
    assert get(world, address, 301).headers["Location"] == leads_to
    below = get(world, address, 301, environ_overrides={"SCRIPT_NAME": "/status"})
    assert below.headers["Location"] == f"/status{leads_to}"


@pytest.mark.parametrize(
    "name",
    ["Augst-2026", "August-26", "August 2026", "2026-08", "août-2026", "August-٢٠٢٦", "x", "auguſt-2026"],
)
def test_other_addresses_like_kener_s_are_not_found(begin, name: str) -> None:
    get(begin(), f"/events/{name}", 404)


def test_the_twin_tells_the_same(begin) -> None:
    world = begin()
    outage(world, "2026-08-20 10:00", 43 * MINUTE)
    told = incident(world, "2026-08-20 10:00", title="Late [again]")
    world.skip_to(at("2026-08-22 10:00"))
    answer = get(world, "/history/2026-08.md")
    assert answer.mimetype == "text/markdown"
    lines = answer.text.splitlines()
    assert lines[0] == "# August 2026"
    assert "- Incidents: 1" in lines
    assert "- Downtime: 43 min" in lines
    assert "  - Jobs: 99.751%" in lines
    assert "### 20 Aug 2026" in lines
    assert "21–22 Aug 2026: nothing to report" in lines
    assert "- Backup: down 43 min" in lines
    assert (
        f"- **Resolved**: [Late \\[again\\]](https://status.acme.example/incidents/{told.id}). Major. "
        "20 Aug 2026, 12:00 CEST to 20 Aug 2026, 13:00 CEST, 1 h. "
        "Affected: [Backup](https://status.acme.example/monitors/backup)"
    ) in lines
    assert get(world, headers={"User-Agent": "curl/8"}).mimetype == "text/plain"


@pytest.mark.parametrize("language", ["ar", "de", "es", "fr"])
def test_a_month_speaks_every_language(begin, language: str) -> None:
    world = begin()
    page = see(world, f"/history?lang={language}")
    assert page.tags[0][1]["lang"] == language
    assert "August" not in page.one("h1") or language == "de"


def test_an_unchanged_month_is_not_sent_again(begin) -> None:
    world = begin()
    world.skip_to(at("2026-09-20 10:00"))
    answer = get(world, "/history/2026-08")
    world.skip_to(at("2026-09-20 10:20"))
    get(world, "/history/2026-08", 304, headers={"If-None-Match": answer.headers["ETag"]})
