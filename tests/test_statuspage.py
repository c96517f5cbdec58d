"""Statuspage's API v2 over a running service: every document, key and word, and no contradiction."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from conftest import T, World, config, monitor, rule

from kener_py import store
from kener_py.model import DAY, HOUR, MINUTE, Config, IncidentPolicy, Severity, Site, Status
from kener_py.service import incidents
from kener_py.web import create

SITE = Site(title="Acme", url="https://status.acme.example", timezone="Europe/Berlin")
PAGE = {"id", "name", "url", "time_zone", "updated_at"}
COMPONENT = {
    "id", "name", "status", "created_at", "updated_at", "position", "description", "showcase", "start_date",
    "group_id", "page_id", "group", "only_show_if_degraded",
}  # fmt: skip
INCIDENT = {
    "id", "name", "status", "created_at", "updated_at", "monitoring_at", "resolved_at", "impact", "shortlink",
    "started_at", "page_id", "incident_updates", "components", "reminder_intervals",
}  # fmt: skip
UPDATE = {
    "id", "status", "body", "incident_id", "created_at", "updated_at", "display_at", "affected_components",
    "deliver_notifications", "custom_tweet", "tweet_id",
}  # fmt: skip
COMPONENT_WORDS = {
    "operational", "degraded_performance", "partial_outage", "major_outage", "under_maintenance",
}  # fmt: skip
INDICATORS = {"none", "minor", "major", "critical", "maintenance"}
DOCUMENTS = {
    "summary": {"page", "status", "components", "incidents", "scheduled_maintenances"},
    "status": {"page", "status"},
    "components": {"page", "components"},
    "incidents": {"page", "incidents"},
    "incidents/unresolved": {"page", "incidents"},
    "scheduled-maintenances": {"page", "scheduled_maintenances"},
    "scheduled-maintenances/upcoming": {"page", "scheduled_maintenances"},
    "scheduled-maintenances/active": {"page", "scheduled_maintenances"},
}
MONITORS = (
    monitor("job"),
    monitor("mail", category="Services", description="Sends."),
    monitor("web", category="Services"),
    monitor("secret", is_hidden=True),
)
Get = Callable[[str], Any]


def watched(**fields: Any) -> Config:
    return config(MONITORS, (rule(monitors=frozenset(each.tag for each in MONITORS)),), site=SITE, **fields)


@pytest.fixture
def world(db: store.Store, clock: Any) -> World:
    return World(db, clock, watched())


@pytest.fixture
def get(world: World) -> Get:
    client = create(world.service).test_client()

    def fetch(name: str) -> Any:
        answer = client.get(f"/api/v2/{name}.json")
        assert answer.status_code == 200
        assert answer.mimetype == "application/json"
        return answer.get_json()

    return fetch


def all_beat(world: World, *but: str) -> None:
    for each in MONITORS:
        if each.tag not in but:
            world.beat(tag=each.tag)


def walk(value: object) -> Iterator[tuple[str, object]]:
    """Every key and value of a document, at any depth."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key, inner
            yield from walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner)


def busy(world: World) -> None:
    """An outage, an incident by hand with two updates, and windows of every kind."""
    all_beat(world)
    world.run(2)
    world.skip_to(world.clock.now + 11 * MINUTE)
    all_beat(world, "mail")
    world.look()
    at = world.clock.now
    world.service.add_maintenance("Ran", at - 2 * HOUR, at - HOUR, ["web"], "What was **done**.")
    world.service.add_maintenance("Runs", at - MINUTE, at + HOUR, ["web"])
    world.service.add_maintenance("Will run", at + DAY, at + DAY + HOUR)
    gone = world.service.add_maintenance("Never ran", at + 2 * DAY, at + 2 * DAY + HOUR, ["job"])
    world.service.cancel_maintenance(gone.id or 0)
    world.run(1)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_document_has_its_keys_in_every_state(world: World, get: Get, name: str) -> None:
    for step in (lambda: None, lambda: all_beat(world), lambda: busy(world)):
        step()
        document = get(name)
        assert document.keys() == DOCUMENTS[name]
        assert document["page"].keys() == PAGE


def test_every_key_is_always_there_and_every_word_is_one_of_the_originals(world: World, get: Get) -> None:
    busy(world)
    told = get("summary") | {"past": get("incidents"), "windows": get("scheduled-maintenances")}
    assert told["status"]["indicator"] in INDICATORS
    components = told["components"] + [
        each for incident in told["past"]["incidents"] for each in incident["components"]
    ]
    for each in components:
        assert each.keys() - {"components"} == COMPONENT
        assert ("components" in each) == each["group"]
        assert each["status"] in COMPONENT_WORDS
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", each["start_date"])
    windows = told["windows"]["scheduled_maintenances"]
    assert {each["status"] for each in windows} == {"scheduled", "in_progress", "completed"}
    for each in windows:
        assert each.keys() == INCIDENT | {"scheduled_for", "scheduled_until"}
        assert each["impact"] == "maintenance"
    found = told["past"]["incidents"]
    assert found
    for each in found:
        assert each.keys() == INCIDENT
        assert each["status"] in {"investigating", "identified", "monitoring", "resolved"}
        assert each["impact"] in {"minor", "major", "critical"}
    for each in found + windows:
        assert each["shortlink"].startswith("https://status.acme.example/")
        assert each["incident_updates"]
        for update in each["incident_updates"]:
            assert update.keys() == UPDATE
            assert update["incident_id"] == each["id"]
            for affected in update["affected_components"] or ():
                assert affected.keys() == {"code", "name", "old_status", "new_status"}
                assert {affected["old_status"], affected["new_status"]} <= COMPONENT_WORDS


def test_times_are_in_utc_with_milliseconds(world: World, get: Get) -> None:
    busy(world)
    seen = 0
    for name in DOCUMENTS:
        for key, value in walk(get(name)):
            if key.endswith("_at") or key in ("scheduled_for", "scheduled_until"):
                assert value is None or re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", str(value))
                seen += value is not None
    assert seen > 50


def test_ids_are_texts_that_nothing_else_has(world: World, get: Get) -> None:
    busy(world)
    summary = get("summary")
    everything = [
        *summary["components"],
        *get("incidents")["incidents"],
        *get("scheduled-maintenances")["scheduled_maintenances"],
    ]
    ids = [each["id"] for each in everything]
    assert all(isinstance(each, str) for each in ids)
    assert len(set(ids)) == len(ids)
    assert [each["id"] for each in get("summary")["components"]] == [
        each["id"] for each in summary["components"]
    ]


def test_groups_come_before_their_members_in_the_order_of_the_file(world: World, get: Get) -> None:
    all_beat(world)
    world.look()
    job, group, mail, web = get("components")["components"]
    assert [job["id"], job["position"], job["group_id"]] == ["job", 1, None]
    assert [group["name"], group["position"], group["group"]] == ["Services", 2, True]
    assert group["components"] == ["mail", "web"]
    assert [(each["id"], each["position"], each["group_id"]) for each in (mail, web)] == [
        ("mail", 1, group["id"]),
        ("web", 2, group["id"]),
    ]
    assert mail["description"] == "Sends."
    assert web["description"] is None


@pytest.mark.parametrize(
    ("reports", "indicator"),
    [
        ({}, "none"),
        ({"job": Status.DEGRADED}, "minor"),
        ({"job": Status.DOWN}, "major"),
        ({"job": Status.DOWN, "mail": Status.DOWN, "web": Status.DOWN}, "critical"),
        ({"secret": Status.DOWN}, "none"),
    ],
)
def test_the_indicator_is_the_worst_that_is(
    world: World, get: Get, reports: dict[str, Status], indicator: str
) -> None:
    world.restart(config(MONITORS, (), site=SITE))
    client = create(world.service).test_client()
    for each in MONITORS:
        world.beat(reports.get(each.tag, Status.UP), tag=each.tag)
    world.look()
    assert client.get("/api/v2/status.json").json["status"]["indicator"] == indicator
    assert client.get("/api/v2/summary.json").json["status"]["indicator"] == indicator


def test_maintenance_hides_no_outage(world: World, get: Get) -> None:
    busy(world)
    words = {each["id"]: each["status"] for each in get("components")["components"]}
    assert words["web"] == "under_maintenance"
    assert words["mail"] == "major_outage"
    assert get("status")["status"]["indicator"] == "major"


def test_an_open_incident_shows_in_the_indicator_and_in_the_lists_alike(world: World, get: Get) -> None:
    all_beat(world)
    world.look()
    assert get("status")["status"]["indicator"] == "none"
    made = world.service.change(
        lambda db, given, at: incidents.create(
            db, given, "Slow", "We look.", at, severity=Severity.CRITICAL, monitors=("mail",)
        )
    )
    assert get("status")["status"]["indicator"] == "critical"
    (unresolved,) = get("incidents/unresolved")["incidents"]
    assert unresolved == get("summary")["incidents"][0] == get("incidents")["incidents"][0]
    assert unresolved["id"] == str(made.id)


def test_an_update_says_what_its_monitors_were_before_and_at_it(world: World, get: Get) -> None:
    busy(world)
    (incident,) = get("incidents/unresolved")["incidents"]
    (update,) = incident["incident_updates"]
    assert update["affected_components"] == [
        {
            "code": "mail",
            "name": "Services - Mail",
            "old_status": "degraded_performance",
            "new_status": "major_outage",
        }
    ]


def test_what_was_never_heard_is_left_out_until_its_first_heartbeat(world: World, get: Get) -> None:
    world.look()
    assert get("components")["components"] == []
    assert get("status")["status"]["indicator"] == "none"
    world.run(3)
    world.beat(tag="job")
    world.run(2)
    (job,) = get("components")["components"]
    assert job["created_at"] == "2026-01-01T00:03:00.000Z"
    assert job["start_date"] == "2026-01-01"


def test_nothing_is_called_fine_while_the_loop_stands_still(world: World, get: Get) -> None:
    all_beat(world)
    world.look()
    before = get("summary")["page"]["updated_at"]
    world.clock.now += 4 * MINUTE
    told = get("summary")
    assert told["status"] == {"indicator": "minor", "description": "Status Unknown"}
    assert told["components"] == []
    assert told["page"]["updated_at"] == before


def test_lists_of_everything_end_at_fifty(world: World, get: Get) -> None:
    for number in range(60):
        start = T + DAY + number * HOUR
        world.service.add_maintenance(f"Window {number}", start, start + MINUTE)
        world.service.change(
            lambda db, given, at, number=number: incidents.create(db, given, f"Incident {number}", "So.", at)
        )
    assert len(get("incidents")["incidents"]) == 50
    assert len(get("scheduled-maintenances")["scheduled_maintenances"]) == 50
    assert len(get("incidents/unresolved")["incidents"]) == 60


def test_hidden_monitors_and_drafts_are_in_no_document(db: store.Store, clock: Any) -> None:
    world = World(db, clock, watched(incidents=IncidentPolicy(draft=True)))
    client = create(world.service).test_client()
    busy(world)
    for name in DOCUMENTS:
        told = client.get(f"/api/v2/{name}.json").text
        assert "secret" not in told
        assert "is down" not in told


def test_a_document_that_did_not_change_is_not_sent_again(world: World) -> None:
    client = create(world.service).test_client()
    busy(world)
    before = {name: client.get(f"/api/v2/{name}.json") for name in DOCUMENTS}
    world.run(1)  # time passes, nothing happens
    for name, first in before.items():
        again = client.get(f"/api/v2/{name}.json", headers={"If-None-Match": first.headers["ETag"]})
        assert again.status_code == 304
        assert again.data == b""
        assert datetime.strptime(first.headers["Last-Modified"], "%a, %d %b %Y %H:%M:%S %Z")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_any_page_may_read_it_and_head_tells_the_same(world: World, name: str) -> None:
    client = create(world.service).test_client()
    answer = client.get(f"/api/v2/{name}.json")
    head = client.head(f"/api/v2/{name}.json")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"] == "public, max-age=30, stale-while-revalidate=60"
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["ETag"] == answer.headers["ETag"]
    assert client.post(f"/api/v2/{name}.json").status_code == 405


@pytest.mark.parametrize("path", ["/api/v2/", "/api/v2/summary", "/api/v2/x.json"])
def test_other_addresses_are_a_json_404(world: World, path: str) -> None:
    answer = create(world.service).test_client().get(path)
    assert answer.status_code == 404
    assert json.loads(answer.data)["error"]
