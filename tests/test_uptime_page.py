"""The table of uptime: monitors by months, on the page and for spreadsheets."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from conftest import Clock, World, config, monitor
from page import Page
from test_history import HOSTILE, PATIENT, SITE, at, begin, get, given, outage, see, window

from kener_py.model import DAY, HOUR, MINUTE, Retention, Status, Uptime, UptimeTable
from kener_py.web.pages.uptime import HEADER, bucket
from kener_py.web.prose import plain

__all__ = ["begin"]


def table(world: World, until: str | None = None, columns: int | None = 12) -> UptimeTable:
    found = world.service.uptime_table(until, columns)
    assert found is not None
    return found


def rows(world: World) -> list[dict[str, str]]:
    answer = get(world, "/uptime.csv")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def length(each: Uptime) -> int:
    return each.up + each.degraded + each.down + each.maintenance + each.no_data


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"])
def test_months_are_as_long_as_the_calendar_s_and_add_up(begin, zone: str) -> None:
    world = begin("2025-11-30 10:00", given(replace(SITE, timezone=zone)))
    for name in ("01-31", "03-28", "04-04", "10-24", "10-31"):
        outage(world, f"2026-{name} 20:13", 9 * HOUR)
    world.skip_to(at("2026-12-02 12:00"))
    found = table(world)
    assert found.months[0] == "2026-01"
    assert found.months[-1] == "2026-12"
    for group in found.groups:
        for row in group.rows:
            for field in ("up", "degraded", "down", "maintenance", "no_data"):
                assert sum(getattr(each, field) for each in row.months) == getattr(row.total, field)
            for name, cell in zip(found.months[:-1], row.months, strict=False):
                page = world.service.month_page(name, row.monitor.tag)
                assert page is not None
                assert length(cell) == page.ended - page.started
                assert (cell.up, cell.down) == (page.total.up, page.total.down)
    assert sum(each.down for each in found.total_of_months) == found.total.down == 5 * 9 * HOUR


def test_the_table_has_twelve_months_and_leads_to_the_others(begin) -> None:
    world = begin("2025-02-10 10:00", given(retention=Retention(days=800)))
    world.skip_to(at("2027-04-10 10:00"))
    assert len(table(world, columns=None).months) == 27
    newest = table(world)
    assert (newest.months[0], newest.months[-1]) == ("2026-05", "2027-04")
    assert (newest.older, newest.newer) == ("2026-04", None)
    middle = table(world, newest.older)
    assert (middle.months[0], middle.older, middle.newer) == ("2025-05", "2025-04", "2027-04")
    oldest = table(world, middle.older)
    assert (oldest.months, oldest.older) == (("2025-02", "2025-03", "2025-04"), None)
    assert oldest.newer == "2026-04"
    page = see(world, "/uptime?to=2026-04&lang=de")
    links = {each.get("rel"): each["href"] for each in page.all("a")}
    assert links["prev"] == "/uptime?lang=de&to=2025-04"
    assert links["next"] == "/uptime?lang=de&to=2027-04"


@pytest.mark.parametrize("month", ["2026-07", "2026-10", "2026-13", "0000-00", "9999-12", "x", "٢٠٢٦-٠٨"])
def test_a_month_of_which_nothing_is_known_is_not_found(begin, month: str) -> None:
    world = begin()
    world.skip_to(at("2026-09-10 10:00"))
    get(world, f"/uptime?to={month}", 404)
    get(world, "/uptime?to=")


def test_a_cell_says_its_percentage_and_its_downtime(begin) -> None:
    world = begin()
    outage(world, "2026-09-03 10:00", 43 * MINUTE)
    window(world, "2026-09-05 10:00", 2 * HOUR)
    world.skip_to(at("2026-10-01 10:00"))
    page = see(world, "/uptime")
    assert '<td class="heat high">99.9% <span class="muted">43 min</span></td>' in page.html
    assert '<td class="heat whole">100%</td>' in page.html
    assert "Under each percentage stands the downtime." in page.text
    assert {"href": "/history/2026-09"} in page.all("a")
    assert {"href": "/monitors/backup"} in page.all("a")
    (region,) = (each for each in page.all("div") if each.get("role") == "region")
    assert region["tabindex"] == "0"
    assert {each["scope"] for each in page.all("th")} == {"col", "row", "rowgroup"}
    (backup,) = table(world).groups[0].rows
    assert backup.months[1].maintenance == 2 * HOUR


@pytest.mark.parametrize(
    ("figure", "name"),
    [
        (Uptime(up=DAY), "whole"),
        (Uptime(up=1000 * DAY, down=1), "high"),
        (Uptime(up=999, down=1), "high"),
        (Uptime(up=998, down=2), "fair"),
        (Uptime(up=99, down=1), "fair"),
        (Uptime(up=9899, down=101), "low"),
        (Uptime(down=DAY), "low"),
        (Uptime(no_data=DAY, maintenance=DAY), "no_data"),
    ],
)
def test_the_tint_of_a_cell_is_that_of_its_percentage(figure: Uptime, name: str) -> None:
    assert bucket(figure) == name


def test_months_before_the_first_heartbeat_of_a_monitor_have_no_data(begin) -> None:
    world = begin()
    world.skip_to(at("2026-10-10 10:00"))
    later = monitor("later", PATIENT, category="Jobs")
    world.service.reload(
        replace(world.service.config, monitors={**world.service.config.monitors, "later": later})
    )
    world.beat(tag="later")
    world.look()
    group = table(world).groups[0]
    assert group.name == "Jobs"
    assert [bucket(each) for each in group.rows[1].months] == ["no_data"] * 3
    assert "no data" in see(world, "/uptime").text


def test_groups_and_totals_are_the_time_of_their_monitors(begin) -> None:
    strict = monitor("strict", PATIENT, category="A", include_degraded_in_downtime=True)
    world = begin(
        using=config(
            (strict, monitor("b", PATIENT, category="A"), monitor("c", PATIENT)), rules=(), site=SITE
        )
    )
    outage(world, "2026-08-20 10:00", HOUR, "strict", Status.DEGRADED)
    outage(world, "2026-08-21 10:00", 2 * HOUR, "b", Status.DEGRADED)
    outage(world, "2026-08-22 10:00", 4 * HOUR, "c")
    found = table(world)
    first, second = found.groups
    assert (first.total.down, first.total.degraded) == (HOUR, 2 * HOUR)
    assert (second.total.down, second.total.degraded) == (4 * HOUR, 0)
    assert found.total.down == 5 * HOUR
    assert "Other monitors" in see(world, "/uptime").text


def test_what_is_hidden_is_in_no_table(begin) -> None:
    world = begin()
    outage(world, "2026-08-20 10:00", HOUR, "secret")
    for address in ("/uptime", "/uptime.md", "/uptime.csv"):
        text = get(world, address).text
        assert "Backup" in text
        assert "ecret" not in text
        assert "Vault" not in text
    assert table(world).total.down == 0


def test_without_monitors_there_is_no_table(db) -> None:
    world = World(db, Clock(), config((), rules=(), site=SITE))
    page = see(world, "/uptime")
    assert "There is no monitor to show yet" in page.text
    assert page.all("table") == []
    assert get(world, "/uptime.md").text
    assert rows(world) == []


@pytest.mark.parametrize("address", ["/uptime", "/uptime.md"])
def test_hostile_names_stay_names(begin, address: str) -> None:
    hostile = replace(monitor("hostile", PATIENT, category=HOSTILE + "|"), name=HOSTILE + "|\n|")
    world = begin(using=config((hostile, monitor("job", PATIENT)), rules=(), site=SITE))
    answer = get(world, address)
    assert "<script>alert" not in answer.text
    if answer.mimetype == "text/html":
        Page(answer.text)
    else:
        lines = [each for each in answer.text.splitlines() if each.startswith("|")]
        bars = {each.replace("\\|", "").count("|") for each in lines}
        assert bars == {4}  # monitor, August, together


# ---- for spreadsheets ------------------------------------------------------------------------


def test_a_spreadsheet_gets_every_month_of_every_monitor(begin) -> None:
    world = begin("2025-08-10 10:00")
    outage(world, "2026-08-20 10:00", 43 * MINUTE)
    outage(world, "2026-08-21 10:00", HOUR, "backup", Status.DEGRADED)
    world.skip_to(at("2026-09-01 10:00"))
    found = rows(world)
    assert tuple(found[0]) == HEADER
    assert [each["tag"] for each in found] == ["backup"] * 14 + ["shop"] * 14
    assert [each["month"] for each in found[:14]] == [*table(world, columns=None).months]
    (august,) = (each for each in found if each["tag"] == "backup" and each["month"] == "2026-08")
    assert august == {
        "tag": "backup",
        "name": "Backup",
        "category": "Jobs",
        "month": "2026-08",
        "uptime_percent": "99.903",
        "up_ms": str(31 * DAY - HOUR - 43 * MINUTE),
        "degraded_ms": str(HOUR),
        "down_ms": str(43 * MINUTE),
        "maintenance_ms": "0",
        "no_data_ms": "0",
    }
    (text,) = {get(world, f"/uptime.csv?lang={each}").text for each in ("de", "ar", "en")}
    assert text.endswith("\r\n")


def test_a_month_without_data_has_no_percentage(db) -> None:
    world = World(db, Clock(at("2026-08-10 10:00")), given())
    assert {each["uptime_percent"] for each in rows(world)} == {""}


@pytest.mark.parametrize(
    "name", ["=1+1", "+1", "-1", "@x", "\t=1", " =1", "\r=1", "\x00=1", *"\uff1d\uff0b\uff0d\uff20"]
)
def test_no_cell_is_a_formula(begin, name: str) -> None:
    named = replace(monitor("-job", PATIENT, category=name), name=name)
    world = begin(using=config((named,), rules=(), site=SITE))
    (row,) = rows(world)
    assert (row["tag"], row["name"], row["category"]) == ("'-job", f"'{plain(name)}", f"'{plain(name)}")


def test_other_cells_are_as_they_are(begin) -> None:
    named = replace(monitor("job", PATIENT), name='a "b", c=d\n日本 -1')
    (row,) = rows(begin(using=config((named,), rules=(), site=SITE)))
    assert row["name"] == 'a "b", c=d 日本 -1'
