"""A monitor's day: it is tiled from midnight to midnight, whatever the clocks do, and told in full."""

import re
from datetime import date, timedelta
from itertools import pairwise

import pytest
from conftest import Clock, World, config, monitor, short_store, tries
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from page import Page

from kener_py import status, store
from kener_py.model import (
    DAY,
    HOUR,
    MINUTE,
    Change,
    DayPage,
    Incident,
    IncidentState,
    Instant,
    Maintenance,
    Millis,
    Retention,
    Severity,
    Site,
    Span,
    Status,
)
from kener_py.service import board
from kener_py.web import band, create
from kener_py.web.pages import day as day_page

NOW: Instant = 1_790_768_460_000  # 2026-09-30T11:41:00Z
STATUSES = [Status.UP, Status.DEGRADED, Status.DOWN, Status.NO_DATA]


def site(zone: str = "Europe/Berlin") -> Site:
    return Site(title="Acme", url="https://status.acme.example", timezone=zone)


def client(world: World) -> FlaskClient:
    return create(world.service).test_client()


def get(world: World, day: str, code: int = 200) -> Page:
    answer = client(world).get(f"/monitors/job/{day}")
    assert answer.status_code == code
    return Page(answer.text)


def lived(
    db: store.Store,
    clock: Clock,
    *changes: tuple[Instant, Status],
    since: Instant,
    until: Instant = NOW,
    zone: str = "Europe/Berlin",
    **fields,
) -> World:
    """A world whose loop ran from `since` to `until`, in which the job's status changed so."""
    clock.now = since
    world = World(db, clock, config(site=site(zone), **fields))
    world.skip_to(until)
    happened = [Change("job", started, each, started) for started, each in changes]
    world.db.write(lambda db: store.add_changes(db, happened))
    return world


def midnight(day: str, zone: str) -> Instant:
    return status.midnight(date.fromisoformat(day), zone)


def figures(page: Page) -> dict[str, str]:
    """What stands under each word of the day's figures."""
    (inside,) = re.findall(r'<dl class="figures">.*?</dl>', page.html, re.DOTALL)
    pairs = re.findall(r"<dt[^>]*>(.*?)</dt><dd>(.*?)</dd>", inside, re.DOTALL)
    return {re.sub(r"<.*?>", "", word).strip(): value for word, value in pairs}


def rows(page: Page) -> list[list[str]]:
    """The cells of the table of spans."""
    (table,) = re.findall(r'<table class="broad">.*?</table>', page.html, re.DOTALL)
    plain = re.sub(r"<(?!/?t[rd])[^>]*>", "", table)
    return [
        [" ".join(cell.split()) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)]
        for row in re.findall(r"<tr><td.*?</tr>", plain, re.DOTALL)
    ]


# ---- laws ------------------------------------------------------------------------------------

ZONES = ["UTC", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Beirut", "America/Havana", "Asia/Kathmandu"]
moments = st.integers(0, 40 * DAY)


@settings(deadline=None, max_examples=tries(60))
@given(
    zone=st.sampled_from(ZONES),
    until=st.integers(midnight("2026-03-20", "UTC"), midnight("2026-11-05", "UTC")),
    changes=st.lists(st.tuples(moments, st.sampled_from(STATUSES)), max_size=12),
    lives=st.lists(st.tuples(moments, st.integers(0, 2 * DAY)), max_size=4),
    windows=st.lists(st.tuples(moments, st.integers(1, DAY)), max_size=3),
)
def test_spans_tile_the_day_and_add_up_to_it(zone, until, changes, lives, windows) -> None:
    begin = until - 40 * DAY
    given_config = config(site=site(zone), retention=Retention(days=30))
    with short_store() as db:

        def job(found: store.Database) -> None:
            happened = sorted({begin + at: each for at, each in changes}.items())
            store.add_changes(found, [Change("job", at, each, at) for at, each in happened])
            edge = begin
            for at, length in sorted(lives):
                if begin + at > edge:
                    store.mark_alive(found, begin + at, 0)
                    edge = min(begin + at + length, until)
                    store.mark_alive(found, edge, 3 * DAY)
            for at, length in windows:
                window = Maintenance(None, "Work", begin + at, begin + at + length, ("job",))
                store.add_maintenance(found, window)

        db.write(job)
        read = db.read()
        strip = board.monitor_page(read, given_config, "job", until)
        met = 0
        for shown in strip.view.days[-35:]:
            page = board.day_page(read, given_config, "job", shown.date, until)
            if page is None:
                assert shown.started <= until - 30 * DAY
                continue
            met += 1
            _is_tiled(page, zone, until)
            assert page.day == shown  # the strip, the calendar and the day's page tell one story
        assert 29 <= met <= 31  # 30 times 24 hours are not always 30 days


def _is_tiled(page: DayPage, zone: str, at: Instant) -> None:
    chosen = date.fromisoformat(page.day.date)
    assert page.day.started == status.midnight(chosen, zone)
    assert page.ends == status.midnight(chosen + timedelta(days=1), zone)
    assert page.day.ended == min(page.ends, at)
    spans = [told.span for told in page.spans]
    edges = [page.day.started, *(span.ended for span in spans)]
    assert [span.started for span in spans] == edges[:-1]
    assert edges[-1] == page.day.ended
    assert all(before.status is not after.status for before, after in pairwise(spans))
    uptime = page.day.uptime
    total = uptime.up + uptime.degraded + uptime.down + uptime.maintenance + uptime.no_data
    assert total == page.day.ended - page.day.started
    whole = day_page.length(Span(page.day.started, page.day.ended, Status.UP))
    assert sum(length for _, length in day_page.sums(spans)) == whole


@given(
    edges=st.lists(st.integers(0, DAY), max_size=30),
    statuses=st.lists(st.sampled_from(list(Status)), min_size=32, max_size=32),
    length=st.sampled_from([23 * HOUR, DAY, 25 * HOUR]),
)
def test_a_band_stays_inside_and_shows_all_trouble(edges, statuses, length) -> None:
    cuts = sorted({0, *(edge for edge in edges if edge < length), length})
    spans = [Span(a, b, each) for a, b, each in zip(cuts, cuts[1:], statuses, strict=False)]
    paths = band.band(spans, 0, length)
    for path in paths:
        for x in re.findall(r"[MH](\d+)", path.d):
            assert 0 <= int(x) <= band.WIDTH
    assert len({path.status for path in paths}) == len(paths)
    trouble = {span.status for span in spans} & {Status.DEGRADED, Status.DOWN}
    assert trouble <= {path.status for path in paths}


# ---- clocks that change ----------------------------------------------------------------------

CHANGING = [  # in the past: whose tables one has makes a difference to the rules of this year
    ("Europe/Berlin", "2024-03-31", 23 * HOUR, "23 hours", [("00", "0.00%"), ("06", "21.73%")]),
    ("Europe/Berlin", "2024-10-27", 25 * HOUR, "25 hours", [("00", "0.00%"), ("06", "28.00%")]),
    (
        "Australia/Lord_Howe",
        "2024-04-07",
        24 * HOUR + 30 * MINUTE,
        "24.5 hours",
        [("00", "0.00%"), ("06", "26.53%")],
    ),
    (
        "Australia/Lord_Howe",
        "2024-10-06",
        23 * HOUR + 30 * MINUTE,
        "23.5 hours",
        [("00", "0.00%"), ("06", "23.40%")],
    ),
    ("Asia/Beirut", "2024-03-31", 23 * HOUR, "23 hours", [("01", "0.00%"), ("06", "21.73%")]),  # no midnight
    ("Asia/Beirut", "2024-10-26", 25 * HOUR, "25 hours", [("00", "0.00%"), ("06", "24.00%")]),
    ("America/Sao_Paulo", "2018-11-04", 23 * HOUR, "23 hours", [("01", "0.00%"), ("06", "21.73%")]),
    (
        "America/Havana",
        "2024-11-03",
        25 * HOUR,
        "25 hours",
        [("00", "0.00%"), ("06", "28.00%")],
    ),  # midnight twice
]


@pytest.mark.parametrize(("zone", "day", "length", "said", "marks"), CHANGING)
def test_a_day_is_as_long_as_the_clocks_make_it(
    db: store.Store,
    clock: Clock,
    zone: str,
    day: str,
    length: Millis,
    said: str,
    marks: list[tuple[str, str]],
) -> None:
    start = midnight(day, zone)
    ends = start + length
    world = lived(
        db,
        clock,
        (start - DAY, Status.UP),
        (start + 2 * HOUR, Status.DOWN),
        (start + 3 * HOUR, Status.UP),
        since=start - 2 * DAY,
        until=start + 3 * DAY,
        zone=zone,
    )
    page = get(world, day)
    assert f"This day has {said}: the clocks change." in page.text
    found = world.service.day_page("job", day)
    assert (found.day.started, found.ends) == (start, ends)
    hours = [("Up", 2 * HOUR), ("Down", HOUR), ("Up", length - 3 * HOUR)]
    assert [(row[3], row[2]) for row in rows(page)] == [(word, exact(each)) for word, each in hours]
    assert figures(page)["Whole day"] == exact(length)
    assert figures(page)["Up"] == exact(length - HOUR)
    shown = band.marks(date.fromisoformat(day), zone, start, ends)
    assert shown[:2] == marks
    assert [mark.hour for mark in shown] == [marks[0][0], "06", "12", "18", "24"]
    assert sum(float(mark.width[:-1]) for mark in shown) == pytest.approx(100)


def exact(length: Millis) -> str:
    hours, minutes = divmod(length // MINUTE, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def test_a_day_of_24_hours_says_nothing_of_clocks(db: store.Store, clock: Clock) -> None:
    world = lived(db, clock, (NOW - 9 * DAY, Status.UP), since=NOW - 9 * DAY)
    page = get(world, "2026-09-28")
    assert "clocks" not in page.text
    assert figures(page) == {"Uptime": "100%", "Up": "24 h", "Whole day": "24 h", "Heartbeats": "0"}


def test_hours_are_marked_at_their_distances() -> None:
    marks = band.marks(date(1970, 1, 1), "UTC", 0, DAY)
    assert [mark.width for mark in marks] == ["0.00%", "25.00%", "25.00%", "25.00%", "25.00%"]


def test_a_day_that_a_zone_left_out_has_no_page(db: store.Store, clock: Clock) -> None:
    until = midnight("2012-01-10", "Pacific/Apia")
    world = lived(
        db, clock, (until - 20 * DAY, Status.UP), since=until - 20 * DAY, until=until, zone="Pacific/Apia"
    )
    get(world, "2011-12-29")
    get(world, "2011-12-30", 404)
    get(world, "2011-12-31")


# ---- the page --------------------------------------------------------------------------------


@pytest.fixture
def bad_day(db: store.Store, clock: Clock) -> World:
    """Down from 03:00 to 03:43 and in maintenance from 10:00 to 12:00, on 28 Sep."""
    start = midnight("2026-09-28", "Europe/Berlin")
    world = lived(
        db,
        clock,
        (NOW - 9 * DAY, Status.UP),
        (start + 3 * HOUR, Status.DOWN),
        (start + 3 * HOUR + 43 * MINUTE, Status.UP),
        since=NOW - 9 * DAY,
    )
    told = Incident(
        None,
        "Job is down",
        IncidentState.RESOLVED,
        Severity.MAJOR,
        start + 3 * HOUR,
        start + 3 * HOUR,
        start + 3 * HOUR + 43 * MINUTE,
        opened_for="job",
        publish_at=start,
        monitors=("job",),
    )
    window = Maintenance(None, "New disk", start + 10 * HOUR, start + 12 * HOUR, ("job",))
    world.db.write(lambda db: store.add_incident(db, told, "text"))
    world.db.write(lambda db: store.add_maintenance(db, window))
    return world


def test_a_day_tells_what_it_was(bad_day: World) -> None:
    page = get(bad_day, "2026-09-28")
    assert page.one("title") == "✕ Job on 28 Sep 2026 – Acme"
    assert page.one("h1") == "Job on 28 Sep 2026"
    assert figures(page) == {
        "Uptime": "96.742%",
        "Up": "21 h 17 min",
        "Down": "43 min",
        "Maintenance": "2 h",
        "Whole day": "24 h",
        "Heartbeats": "0",
    }
    assert rows(page) == [
        ["28 Sep 2026, 00:00 CEST", "28 Sep 2026, 03:00 CEST", "3 h", "Up", ""],
        ["28 Sep 2026, 03:00 CEST", "28 Sep 2026, 03:43 CEST", "43 min", "Down", "Job is down"],
        ["28 Sep 2026, 03:43 CEST", "28 Sep 2026, 10:00 CEST", "6 h 17 min", "Up", ""],
        ["28 Sep 2026, 10:00 CEST", "28 Sep 2026, 12:00 CEST", "2 h", "Maintenance", ""],
        ["28 Sep 2026, 12:00 CEST", "29 Sep 2026, 00:00 CEST", "12 h", "Up", ""],
    ]
    assert {"href": "/incidents/1"} in page.all("a")
    assert {"href": "/maintenances/1"} in page.all("a")
    assert "Days and times are those of Europe/Berlin." in page.text


def test_a_band_has_one_path_for_each_state(bad_day: World) -> None:
    page = get(bad_day, "2026-09-28")
    (line,) = re.findall(r'<svg class="line".*?</svg>', page.html, re.DOTALL)
    assert re.findall(r'<path class="(\w+)" d="([^"]*)"/>', line) == [
        ("up", "M0 20H180M223 20H600M720 20H1440"),
        ("maintenance", "M600 20H720"),
        ("down", "M180 30H223"),
    ]
    assert '<div class="band" aria-hidden="true">' in page.html


def test_incidents_and_windows_of_other_days_are_not_told(bad_day: World) -> None:
    page = get(bad_day, "2026-09-27")
    assert "Job is down" not in page.text
    assert "New disk" not in page.text


def test_the_twin_of_a_day_tells_the_same(bad_day: World) -> None:
    answer = client(bad_day).get("/monitors/job/2026-09-28.md")
    assert (answer.status_code, answer.mimetype) == (200, "text/markdown")
    for line in (
        "# Job on 28 Sep 2026",
        "- Uptime: 96.742%",
        "- Down: 43 min",
        "- Whole day: 24 h",
        "| 28 Sep 2026, 03:00 CEST | 28 Sep 2026, 03:43 CEST | 43 min | Down |"
        " [Job is down](https://status.acme.example/incidents/1.md) |",
        "- [29 Sep 2026](https://status.acme.example/monitors/job/2026-09-29.md)",
    ):
        assert line in answer.text.splitlines()
    assert (
        client(bad_day).get("/monitors/job/2026-09-28", headers={"User-Agent": "curl/8"}).text == answer.text
    )


def test_today_is_told_as_far_as_it_went(db: store.Store, clock: Clock) -> None:
    world = lived(db, clock, (NOW - DAY, Status.UP), (NOW - HOUR, Status.DOWN), since=NOW - 9 * DAY)
    page = get(world, "2026-09-30")
    assert rows(page)[-1] == ["30 Sep 2026, 12:41 CEST", "now", "1 h", "Down", ""]
    assert figures(page)["So far"] == "13 h 41 min"
    assert re.search(r'<path class="rest" d="M821 40H1440" ', page.html)
    assert [a["rel"] for a in page.all("a") if "rel" in a] == ["prev"]


def test_the_first_instant_of_a_day_has_nothing_to_tell(db: store.Store, clock: Clock) -> None:
    at = midnight("2026-09-30", "Europe/Berlin")
    world = lived(db, clock, (at - DAY, Status.UP), since=at - DAY, until=at)
    page = get(world, "2026-09-30")
    assert "The day has only just begun." in page.text
    assert figures(page) == {"So far": "0 s", "Heartbeats": "0"}


def test_while_nobody_looks_nothing_is_known(db: store.Store, clock: Clock) -> None:
    world = lived(db, clock, (NOW - DAY, Status.UP), since=NOW - 9 * DAY, until=NOW - HOUR)
    clock.now = NOW
    assert rows(get(world, "2026-09-30"))[-1] == ["30 Sep 2026, 12:41 CEST", "now", "1 h", "No data", ""]


def test_what_is_shorter_than_a_second_still_adds_up(db: store.Store, clock: Clock) -> None:
    start = midnight("2026-09-28", "Europe/Berlin")
    changes = [(start + n * HOUR + 700, Status.DOWN if n % 2 else Status.UP) for n in range(1, 20)]
    world = lived(db, clock, (start - DAY, Status.UP), *changes, since=NOW - 9 * DAY)
    told = figures(get(world, "2026-09-28"))
    assert (told["Up"], told["Down"], told["Whole day"]) == ("10 h", "14 h", "24 h")


# ---- which days there are --------------------------------------------------------------------


@pytest.mark.parametrize(
    "day",
    [
        "2026-10-01",  # tomorrow
        "9999-12-31",
        "2026-09-31",
        "2026-02-29",
        "2026-9-1",
        "2026-09-1",
        "20260901",
        "2026-W40-3",
        "٢٠٢٦-٠٩-٠١",
        "2026-09-28T00:00",
        "+2026-09-28",
        " 2026-09-28",
        "2026-09-28 ",
        "2026-09-28\n",
        "0000-00-00",
        "0001-01-01",
        "2025-08-26",  # 400 days ago: half of it is forgotten
        "1969-12-31",
        "today",
        "-",
    ],
)
def test_a_day_has_one_address_or_none(bad_day: World, day: str) -> None:
    app = client(bad_day)
    answer = app.get(f"/monitors/job/{day}".replace("\n", "%0A"))
    assert answer.status_code == 404
    assert answer.data == app.get("/monitors/nope/2026-09-28").data == app.get("/nope").data


def test_a_hidden_monitor_has_no_days(db: store.Store, clock: Clock) -> None:
    world = World(db, clock, config((monitor(is_hidden=True),)))
    get(world, "2026-01-01", 404)


def test_a_day_before_the_first_data_says_so(bad_day: World) -> None:
    page = get(bad_day, "2026-09-01")
    assert page.one("title") == "? Job on 1 Sep 2026 – Acme"
    assert "Nothing is known of this day." in page.text
    assert figures(page) == {"No data": "24 h", "Whole day": "24 h", "Heartbeats": "0"}
    assert [row[3] for row in rows(page)] == ["No data"]


def test_turning_days_ends_at_the_first_data_and_today(bad_day: World) -> None:
    def turns(day: str) -> dict[str, str]:
        page = get(bad_day, day)
        links = {a["rel"]: a["href"][-10:] for a in page.all("a") if "rel" in a}
        assert links == {a["rel"]: a["href"][-10:] for a in page.all("link") if a["rel"] in ("prev", "next")}
        return links

    assert turns("2026-09-28") == {"prev": "2026-09-27", "next": "2026-09-29"}
    assert turns("2026-09-21") == {"next": "2026-09-22"}
    assert turns("2026-09-30") == {"prev": "2026-09-29"}
    assert turns("2026-09-10") == {"next": "2026-09-11"}


def test_turning_days_ends_with_what_is_kept(db: store.Store, clock: Clock) -> None:
    world = lived(db, clock, (NOW - 99 * DAY, Status.UP), since=NOW - 99 * DAY, retention=Retention(days=7))
    assert [a["rel"] for a in get(world, "2026-09-24").all("a") if "rel" in a] == ["next"]
    get(world, "2026-09-23", 404)


@pytest.mark.parametrize("path", ["/monitors/job/2026-09-28", "/monitors/job/2026-09-28.md"])
def test_head_asks_as_get_does(bad_day: World, path: str) -> None:
    app = client(bad_day)
    assert app.head(path).headers["ETag"] == app.get(path).headers["ETag"]
    assert app.head(path).data == b""


# ---- heartbeats ------------------------------------------------------------------------------


def test_heartbeats_are_counted_if_the_log_can_tell(db: store.Store, clock: Clock) -> None:
    clock.now = midnight("2026-09-28", "Europe/Berlin") - 2 * HOUR
    world = World(db, clock, config(site=site(), retention=Retention(heartbeats=30), rules=()))
    for _ in range(50):  # one each hour: two on the 27th, 24 on the 28th and on the 29th
        world.beat(message="SECRET BODY")
        world.look_at(clock.now + HOUR)
    assert "Heartbeats" not in figures(get(world, "2026-09-27"))
    assert figures(get(world, "2026-09-28"))["Heartbeats"] == "at least 6"
    page = get(world, "2026-09-29")
    assert figures(page)["Heartbeats"] == "24"
    assert "SECRET" not in page.html


def test_a_log_that_is_complete_counts_every_day(db: store.Store, clock: Clock) -> None:
    clock.now = midnight("2026-09-28", "Europe/Berlin") + HOUR
    world = World(db, clock, config(site=site(), rules=()))
    world.beat()
    world.look_at(clock.now + DAY)
    assert figures(get(world, "2026-09-28"))["Heartbeats"] == "1"
    assert figures(get(world, "2026-09-29"))["Heartbeats"] == "0"
