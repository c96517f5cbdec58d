"""Feeds and calendars from a real server: where its links lead, and what it says to who has them already."""

from __future__ import annotations

import json
import sys
from xml.etree import ElementTree

import feedparser
import pytest
from icalendar import Calendar

from .conftest import Serve
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
