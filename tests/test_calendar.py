"""Calendars: read again by a library, byte for byte as the format wants them, and never an hour off."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from conftest import Clock, T, config, monitor
from conftest import World as Minutes
from flask.testing import FlaskClient
from icalendar import Calendar, Event

from kener_py import store, web
from kener_py.model import DAY, HOUR, MINUTE, Instant, Maintenance, MaintenancePlan, Server, Site

SITE = Site(title="Acme", url="https://status.acme.example", timezone="Europe/Berlin")
OCTOBER: Instant = 1_792_886_400_000  # 2026-10-25T02:00+02:00 in Berlin, an hour before the clocks go back


class World(Minutes):
    def __init__(self, db: store.Store, clock: Clock, site: Site = SITE, **sections: Any) -> None:
        tags = (monitor("job"), monitor("mail"), monitor("secret", is_hidden=True))
        super().__init__(db, clock, config(tags, site=site, **sections))
        self.client: FlaskClient = web.create(self.service).test_client()

    def plan(
        self, title: str = "Swap", start: Instant = T + DAY, length: int = HOUR, **of: Any
    ) -> Maintenance:
        of = {"monitors": ["job"], "description": "", **of}
        return self.service.add_maintenance(title, start, start + length, **of)

    def data(self, path: str = "/maintenance.ics") -> bytes:
        answer = self.client.get(path)
        assert answer.status_code == 200
        return answer.data

    def calendar(self, path: str = "/maintenance.ics") -> Any:
        return Calendar.from_ical(self.data(path))

    def events(self, path: str = "/maintenance.ics") -> list[Any]:
        return [each for each in self.calendar(path).subcomponents if isinstance(each, Event)]

    def titles(self, path: str = "/maintenance.ics") -> list[str]:
        return [str(event["summary"]) for event in self.events(path)]


@pytest.fixture
def world(db: store.Store, clock: Clock) -> World:
    return World(db, clock)


def test_a_calendar_says_what_it_is_and_when_to_ask_again(world: World) -> None:
    answer = world.client.get("/maintenance.ics")
    assert answer.content_type == "text/calendar; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'inline; filename="maintenance.ics"'
    found = Calendar.from_ical(answer.data)
    facts = {
        name: str(found[name]) for name in ("version", "calscale", "method", "name", "x-wr-calname", "color")
    }
    assert facts == {
        "version": "2.0",
        "calscale": "GREGORIAN",
        "method": "PUBLISH",
        "name": "Acme maintenance",
        "x-wr-calname": "Acme maintenance",
        "color": "slateblue",
    }
    assert found["prodid"]
    lines = answer.text.splitlines()
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT1H" in lines
    assert "X-PUBLISHED-TTL:PT1H" in lines
    assert "SOURCE;VALUE=URI:https://status.acme.example/maintenance.ics" in lines
    assert "URL:https://status.acme.example/" in lines


def test_an_event_has_what_calendars_need(world: World) -> None:
    window = world.plan("Database; upgrade, now", description="The queue **pauses**.\nFor a while.")
    (event,) = world.events()
    assert str(event["uid"]) == f"maintenance-{window.id}@status.acme.example"
    assert str(event["summary"]) == "Database; upgrade, now"
    assert str(event["description"]) == "The queue **pauses**.\nFor a while.\nAffected: Job"
    assert str(event["url"]) == f"https://status.acme.example/maintenances/{window.id}"
    assert (str(event["status"]), str(event["transp"])) == ("CONFIRMED", "TRANSPARENT")
    assert event["categories"].to_ical() == b"Maintenance"
    assert event["sequence"] == 0
    assert event["dtstart"].dt == datetime(2026, 1, 2, tzinfo=UTC)
    assert event["dtend"].dt - event["dtstart"].dt == timedelta(hours=1)
    for name in ("dtstamp", "created", "last-modified"):
        assert event[name].dt == datetime(2026, 1, 1, tzinfo=UTC)


def test_lines_end_and_are_folded_as_the_format_wants_them(world: World) -> None:
    world.plan("é日🎉" * 60, description="ü" * 500)
    data = world.data()
    assert data.endswith(b"END:VCALENDAR\r\n")
    assert b"\n" not in data.replace(b"\r\n", b"")
    lines = data.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    for line in lines:
        line.decode()  # no character is cut in two
    (event,) = world.events()
    assert str(event["summary"]) == "é日🎉" * 60
    assert "ü" * 500 in str(event["description"])


@pytest.mark.parametrize(
    "text",
    ["x\r\nEND:VEVENT\r\nBEGIN:VEVENT", "x\nATTACH:http://evil.example/", "x\0\x1b[2J\u202e", 'x\\n;,:"'],
)
def test_words_cannot_become_properties(world: World, text: str) -> None:
    world.db.write(
        lambda db: store.add_maintenance(
            db, Maintenance(None, text, T, T + HOUR, ("job",), text, created=T, updated=T)
        )
    )
    (event,) = world.events()
    assert sorted(event) == sorted(
        ["SUMMARY", "DTSTART", "DTEND", "DTSTAMP", "UID", "SEQUENCE", "CATEGORIES", "CREATED", "DESCRIPTION",
         "LAST-MODIFIED", "STATUS", "TRANSP", "URL"]
    )  # fmt: skip
    data = world.data()
    assert not any(byte < 32 for byte in data.replace(b"\r\n", b""))
    assert "\u202e" not in data.decode()


# ---- changes ---------------------------------------------------------------------------------


def test_a_change_has_the_same_name_and_a_higher_number(world: World) -> None:
    window = world.plan()
    (first,) = world.events()
    numbers = [first["sequence"]]
    for later in (1, 400, MINUTE, DAY // 2):  # ms
        world.clock.now += later
        world.service.update_maintenance(replace(window, end=window.end + later))
        (event,) = world.events()
        assert event["uid"] == first["uid"]
        numbers.append(event["sequence"])
    assert numbers == sorted(numbers)
    assert numbers[0] < numbers[1], "a change within the second is one"
    assert numbers[2] < numbers[3] < numbers[4]
    assert event["dtend"].dt == datetime(2026, 1, 2, 13, tzinfo=UTC)
    assert event["last-modified"].dt > first["last-modified"].dt
    assert event["created"].dt == first["created"].dt


def test_a_clock_that_was_set_back_gives_no_negative_number(world: World) -> None:
    window = world.plan(start=T + 3 * DAY)
    world.clock.now -= DAY
    world.service.update_maintenance(replace(window, title="Other"))
    assert [event["sequence"] for event in world.events()] == [0]


def test_a_cancelled_window_stays_so_that_calendars_drop_it(world: World) -> None:
    window = world.plan()
    world.clock.now += MINUTE
    world.service.cancel_maintenance(window.id or 0)
    for path in ("/maintenance.ics", f"/maintenances/{window.id}.ics"):
        (event,) = world.events(path)
        assert str(event["status"]) == "CANCELLED"
        assert event["sequence"] == 60
        assert str(event["uid"]) == f"maintenance-{window.id}@status.acme.example"


def test_times_are_utc_whatever_the_clocks_of_the_zone_do(world: World) -> None:
    world.clock.now = OCTOBER - DAY
    world.plan("In the hour that comes twice", start=OCTOBER, length=2 * HOUR)
    (event,) = world.events()
    assert b"DTSTART:20261025T000000Z\r\n" in world.data()
    assert b"DTEND:20261025T020000Z\r\n" in world.data()
    assert event["dtend"].dt - event["dtstart"].dt == timedelta(hours=2)
    assert b"TZID" not in world.data()


def test_a_schedule_is_an_event_for_each_time(world: World) -> None:
    world.clock.now = OCTOBER - 2 * DAY
    plan = MaintenancePlan(
        "Restart", frozenset({"job"}), schedule="0 3 * * *", duration=HOUR, timezone="Europe/Berlin"
    )
    world.service.reload(replace(world.service.config, maintenances=(plan,)))
    starts = [event["dtstart"].dt for event in world.events()]
    assert len(starts) == 15, "as far ahead as windows are made"
    assert [start.hour for start in starts[:4]] == [1, 1, 2, 2], "three in the morning in Berlin, always"
    assert len({str(event["uid"]) for event in world.events()}) == 15


# ---- which windows ---------------------------------------------------------------------------


def test_it_has_all_to_come_and_those_of_the_last_ninety_days(world: World) -> None:
    for title, start in (("old", -91), ("past", -89), ("now", 0), ("soon", 1), ("far", 400)):
        world.plan(title, start=T + start * DAY)
    assert world.titles() == ["past", "now", "soon", "far"]


def test_it_can_be_about_one_monitor(world: World) -> None:
    world.plan("both", monitors=["job", "mail", "secret"])
    world.plan("other", monitors=["mail"])
    assert world.titles("/maintenance.ics?monitor=job") == ["both"]
    calendar = world.calendar("/maintenance.ics?monitor=job")
    assert str(calendar["x-wr-calname"]) == "Job maintenance"
    assert str(calendar["source"]) == "https://status.acme.example/maintenance.ics?monitor=job"
    (event,) = world.events("/maintenance.ics?monitor=job")
    assert "Secret" not in str(event["description"])


@pytest.mark.parametrize("tag", ["secret", "never", "", "JOB", "job%0d%0aX:1"])
def test_a_monitor_that_nobody_may_see_has_no_calendar(world: World, tag: str) -> None:
    world.plan(monitors=["secret"])
    answer = world.client.get(f"/maintenance.ics?monitor={tag}")
    never = world.client.get("/never.ics")
    assert (answer.status_code, answer.data) == (404, never.data)


def test_one_window_has_a_page_a_twin_and_a_calendar(world: World) -> None:
    window = world.plan("Swap")
    world.plan("Other")
    place = f"/maintenances/{window.id}"
    answer = world.client.get(f"{place}.ics")
    assert world.titles(f"{place}.ics") == ["Swap"]
    assert answer.headers["Content-Disposition"] == f'inline; filename="{window.id}.ics"'
    assert world.client.get(f"/maintenance/{window.id}.ics").data == answer.data
    page = world.client.get(place)
    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert "<h1" in page.text


@pytest.mark.parametrize("place", ["/maintenances/", "/maintenance/"])
def test_a_window_that_nobody_may_see_has_no_calendar(world: World, place: str) -> None:
    hidden = world.plan(monitors=["secret"])
    never = world.client.get(f"{place}9.ics")
    assert never.status_code == 404
    for odd in (str(hidden.id), "0", "01", "+1", "x", "9" * 30):
        answer = world.client.get(f"{place}{odd}.ics")
        assert (answer.status_code, answer.data) == (404, never.data)


def test_a_site_without_an_address_has_names_that_stay(db: store.Store, clock: Clock) -> None:
    world = World(db, clock, site=Site(), server=Server(port=4711))
    window = world.plan()
    (event,) = world.events()
    assert str(event["url"]) == f"http://127.0.0.1:4711/maintenances/{window.id}"
    assert len(str(event["uid"])) == len(f"maintenance-{window.id}@") + 36
    world.restart()
    world.client = web.create(world.service).test_client()
    assert [each["uid"] for each in world.events()] == [event["uid"]]


def test_sites_of_one_host_share_no_name(db: store.Store, clock: Clock) -> None:
    world = World(db, clock, site=replace(SITE, url="https://x.example:8443/status"))
    window = world.plan()
    (event,) = world.events()
    assert str(event["uid"]) == f"maintenance-{window.id}@x.example/8443/status"
