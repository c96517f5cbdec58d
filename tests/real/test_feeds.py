"""Feeds and calendars from a real server: where its links lead, and what it says to who has them already."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from xml.etree import ElementTree

import feedparser
import pytest
from icalendar import Calendar
from jsonfeed import problems

from .conftest import Serve
from .demo import Demo
from .server import configuration, run

pytestmark = pytest.mark.real

KEY = "a-key-that-writes-incidents-0123456789"
FEEDS = ["/history.atom", "/history.rss", "/feed.json", "/updates.atom"]
OF_JOB = [f"/monitors/job/feed.{form}" for form in ("atom", "rss", "json")]
CALENDARS = ["/maintenance.ics", "/maintenances/1.ics"]


def test_what_is_told_by_hand_is_in_every_feed_and_calendar(serve: Serve) -> None:
    keys = [{"name": "ops", "key": KEY, "scopes": ["incidents:write"]}]
    server = serve(configuration("job", api_keys=keys))
    headers = {"X-API-Key": KEY}
    body = {"title": "Slow & sad", "text": "We **look**.", "monitors": ["job"]}
    assert server.request("POST", "/api/v1/incidents", json.dumps(body), headers).status == 201
    words = ["maintenance", "create", "--config", str(server.config), "--title", "Swap", "--duration", "1h"]
    code, _, err = run(
        [sys.executable, "-m", "kener_py", *words],
        cwd=server.folder,
        env={"KENER_DATABASE": str(server.database)},
    )
    assert code == 0, err

    for path in FEEDS + OF_JOB + CALENDARS:
        answer = server.get(path, {"Host": "evil.example"})
        assert answer.status == 200, path
        assert "evil" not in answer.text
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["last-modified"].endswith(" GMT")
        again = server.get(path, {"If-None-Match": answer.headers["etag"]})
        assert (again.status, again.body) == (304, b"")
        if path in CALENDARS:
            (event,) = Calendar.from_ical(answer.body).walk("VEVENT")
            assert str(event["summary"]) == "Swap"
            assert str(event["url"]) == f"{server.url}/maintenances/1", "the port of the command line"
        elif path.endswith("json"):
            assert {item["title"] for item in answer.json()["items"]} == {"Slow & sad", "Swap"}
        else:
            ElementTree.fromstring(answer.body)
            feed = feedparser.parse(answer.body)
            assert not feed.bozo
            assert {entry.title.partition(": ")[2] or entry.title for entry in feed.entries} == {
                "Slow & sad",
                "Swap",
            }
            assert all(entry.link.startswith(f"{server.url}/") for entry in feed.entries)
            for entry in feed.entries:
                place = entry.link.removeprefix(server.url).partition("#")[0]
                assert server.get(place).status == 200

    names = [item["id"] for item in server.get("/feed.json").json()["items"]]
    server.restart()
    assert [item["id"] for item in server.get("/feed.json").json()["items"]] == names
    assert server.get("/subscribe").status == 200


def test_readers_have_no_complaint_about_a_year_of_any_state(tmp_path: Path) -> None:
    demo = Demo(tmp_path)
    told = 0
    try:
        demo.start()
        states = [path.name for path in (tmp_path / "files").iterdir()]
        assert {"all-up", "hostile", "empty", "large"} <= set(states)
        for state in states:
            tags = [each["tag"] for each in demo.listed("monitors", state)][:3]
            about = [f"/monitors/{tag}/feed.{form}" for tag in tags for form in ("atom", "rss", "json")]
            for path in FEEDS + about:
                answer = demo.get(f"/{state}{path}")
                assert answer.status == 200, (state, path)
                if path.endswith("json"):
                    feed = answer.json()
                    assert problems(feed) == [], (state, path)
                    told += len(feed["items"])
                else:
                    found = feedparser.parse(answer.body, response_headers=answer.headers)
                    assert not found.bozo, (state, path, found.get("bozo_exception"))
                    assert found.version == ("rss20" if "rss" in path else "atom10")
                    assert all(entry.id and entry.title and entry.link for entry in found.entries)
                    told += len(found.entries)
    finally:
        demo.close()
    assert told > 1_000, "a year has something to tell"
