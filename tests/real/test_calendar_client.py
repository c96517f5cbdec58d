"""A person who subscribes to the maintenance calendar: vdirsyncer fetches it, khal shows it in their zone."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from .conftest import Serve
from .demo import Demo
from .programs import needs, program
from .server import configuration, milliseconds, run

pytestmark = [pytest.mark.real, needs("khal", "vdirsyncer")]

KEY = "a-key-that-writes-incidents-0123456789"
SYNC = """
[general]
status_path = "{folder}/status"
[pair maintenance]
a = "site"
b = "here"
collections = null
[storage site]
type = "http"
url = "{url}"
[storage here]
type = "filesystem"
path = "{folder}/events"
fileext = ".ics"
"""
SHOW = """
[calendars]
[[maintenance]]
path = {folder}/events
readonly = True
[locale]
local_timezone = {zone}
default_timezone = {zone}
timeformat = %H:%M
dateformat = %Y-%m-%d
longdateformat = %Y-%m-%d
datetimeformat = %Y-%m-%d %H:%M
longdatetimeformat = %Y-%m-%d %H:%M
[sqlite]
path = {folder}/khal.db
"""

Event = tuple[str, str, str, str]  # begin, end (both "2026-01-31 12:00" of the person), status, title


class Person:
    """Somebody with a calendar program, in a zone."""

    def __init__(self, folder: Path, url: str, zone: str) -> None:
        self.folder, self.zone = folder, ZoneInfo(zone)
        (folder / "events").mkdir(parents=True)
        (folder / "vdirsyncer").write_text(SYNC.format(folder=folder, url=url))
        (folder / "khal").write_text(SHOW.format(folder=folder, zone=zone))
        self._run("vdirsyncer", "-c", folder / "vdirsyncer", "discover")

    def _run(self, name: str, *words: object) -> str:
        # Programs of the machine's own Python, which must see nothing of this one.
        env = {"HOME": str(self.folder), "PYTHONPATH": "", "LC_ALL": "C.UTF-8"}
        code, out, err = run([program(name), *map(str, words)], cwd=self.folder, env=env)
        assert code == 0, out + err
        return out

    def sync(self) -> None:
        self._run("vdirsyncer", "-c", self.folder / "vdirsyncer", "sync")

    def sees(self, first: datetime, last: datetime) -> list[Event]:
        """Every event of these days, in the order of time."""
        form = "{start-long}|{end-long}|{status}|{title}"
        days = [each.astimezone(self.zone).date().isoformat() for each in (first, last)]
        text = self._run(
            "khal", "-c", self.folder / "khal", "list", "--once", "--day-format", "", "--format", form, *days
        )
        rows = [line.split("|", 3) for line in text.splitlines()]
        return sorted((begin, end, status.strip(), title) for begin, end, status, title in rows)

    def reads(self, moment: str) -> str:
        """An RFC 3339 time as their clock shows it, to the minute."""
        at = datetime.fromtimestamp(milliseconds(moment) / 1000, self.zone)
        return at.strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_the_windows_of_a_year_stand_at_their_local_times(tmp_path: Path, zone: str) -> None:
    demo = Demo(tmp_path / "demo", "maintenance")
    try:
        demo.start()
        shown = demo.get("/api/v1/maintenances").json()
        person = Person(tmp_path / "person", f"{demo.url}/maintenance.ics", zone)
        person.sync()
        now = datetime.now(UTC)
        seen = person.sees(now - timedelta(days=100), now + timedelta(days=70))
    finally:
        demo.close()

    expected = [
        (
            person.reads(each["start"]),
            person.reads(each["end"]),
            "CANCELLED" if each["state"] == "CANCELLED" else "CONFIRMED",
            each["title"],
        )
        for each in shown
    ]
    assert seen == sorted(expected)
    assert {status for _, _, status, _ in seen} == {"CONFIRMED", "CANCELLED"}
    if zone == "Europe/Berlin":
        times = {begin[11:] for begin, _, _, title in seen if title.startswith("Weekly restart")}
        assert times == {"03:30"}, "the plan says so in this zone, in summer and in winter"


def test_a_change_and_a_cancellation_arrive_with_the_next_sync(serve: Serve, tmp_path: Path) -> None:
    server = serve(
        configuration("job", api_keys=[{"name": "ops", "key": KEY, "scopes": ["incidents:write"]}])
    )
    headers = {"X-API-Key": KEY}
    begin = (datetime.now(UTC) + timedelta(days=3)).replace(hour=20, minute=0, second=0, microsecond=0)

    def body(start: datetime, **more: str) -> str:
        times = {"start": start.isoformat(), "end": (start + timedelta(hours=2)).isoformat()}
        return json.dumps({"monitors": ["job"], **times, **more})

    ids = []
    for title in ("Disk swap", "Écran; new, maybe"):
        made = server.request("POST", "/api/v1/maintenances", body(begin, title=title), headers)
        assert made.status == 201, made
        ids.append(made.json()["id"])
    person = Person(tmp_path / "person", f"{server.url}/maintenance.ics", "Asia/Kolkata")

    def seen() -> list[Event]:
        person.sync()
        return person.sees(begin - timedelta(days=2), begin + timedelta(days=5))

    def event(start: datetime, status: str, title: str) -> Event:
        end = start + timedelta(hours=2)
        return person.reads(start.isoformat()), person.reads(end.isoformat()), status, title

    kept = event(begin, "CONFIRMED", "Écran; new, maybe")
    assert seen() == [event(begin, "CONFIRMED", "Disk swap"), kept]

    later = begin + timedelta(days=1, minutes=30)
    assert server.request("PATCH", f"/api/v1/maintenances/{ids[0]}", body(later), headers).status == 200
    assert seen() == [kept, event(later, "CONFIRMED", "Disk swap")]

    assert server.request("DELETE", f"/api/v1/maintenances/{ids[0]}", None, headers).status == 200
    assert seen() == [kept, event(later, "CANCELLED", "Disk swap")]
    assert seen() == [kept, event(later, "CANCELLED", "Disk swap")], "and nothing changes by itself"


def test_one_window_that_an_operator_makes_by_command_can_be_subscribed_to(
    serve: Serve, tmp_path: Path
) -> None:
    server = serve(configuration("job"))
    begin = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)
    words = [
        "maintenance",
        "create",
        "--config",
        str(server.config),
        "--title",
        "By hand",
        "--duration",
        "30m",
    ]
    code, _, err = run(
        [sys.executable, "-m", "kener_py", *words, "--start", begin.isoformat()],
        cwd=server.folder,
        env={"KENER_DATABASE": str(server.database)},
    )
    assert code == 0, err
    person = Person(tmp_path / "person", f"{server.url}/maintenances/1.ics", "UTC")
    person.sync()
    end = begin + timedelta(minutes=30)
    assert person.sees(begin, end) == [
        (person.reads(begin.isoformat()), person.reads(end.isoformat()), "CONFIRMED", "By hand")
    ]
