"""A client written for Statuspage reads our pages in every state, and learns what our own interface says."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from . import node
from .demo import Demo
from .programs import needs

pytestmark = [pytest.mark.real, needs("node", "npm:statuspage.io")]

INDICATORS = {
    "all-up": "none",
    "degraded": "minor",
    "partial-outage": "major",
    "major-outage": "critical",
    "maintenance": "maintenance",
    "detected": "major",
    "waiting": "none",
    "empty": "none",
    "unknown": "minor",
    "large": "major",
    "hostile": "major",
}
# The word of /status.txt, which stands on the page as well.
OVERALL = {
    "UP": "none",
    "WAITING": "none",
    "EMPTY": "none",
    "MAINTENANCE": "maintenance",
    "DEGRADED": "minor",
    "UNKNOWN": "minor",
    "PARTIAL_OUTAGE": "major",
    "MAJOR_OUTAGE": "critical",
}
COMPONENTS = {
    "UP": "operational",
    "DEGRADED": "degraded_performance",
    "DOWN": "major_outage",
    "MAINTENANCE": "under_maintenance",
}
WORST_FIRST = ("major_outage", "degraded_performance", "under_maintenance", "operational")

Json = dict[str, Any]


def facts(demo: Demo, state: str) -> Json:
    """What our own interface says."""
    return {
        "monitors": [(each["tag"], each["status"]) for each in demo.listed("monitors", state)],
        "incidents": demo.listed("incidents", state),
        "maintenances": demo.listed("maintenances", state),
        "overall": demo.get(f"/{state}/status.txt").text.split()[0],
    }


@pytest.fixture(scope="module")
def read(demo: Demo) -> dict[str, tuple[Json, Json]]:
    """By state: what the client read, and our own facts, which did not change meanwhile."""
    found: dict[str, tuple[Json, Json]] = {}
    for _ in range(5):
        waiting = [state for state in INDICATORS if state not in found]
        before = {state: facts(demo, state) for state in waiting}
        seen = node.run("statuspage.mjs", {state: f"{demo.url}/{state}" for state in waiting})
        found |= {
            state: (seen[state], before[state]) for state in waiting if facts(demo, state) == before[state]
        }
    assert found.keys() == INDICATORS.keys()
    return found


def document(demo: Demo, state: str, name: str) -> Json:
    answer = demo.get(f"/{state}/api/v2/{name}.json")
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (200, "*")
    found: Json = answer.json()
    return found


@pytest.fixture(params=list(INDICATORS))
def state(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


Read = dict[str, tuple[Json, Json]]


def test_it_knows_the_page(demo: Demo, read: Read, state: str) -> None:
    seen, _ = read[state]
    pages = [each["page"] for each in seen.values()]
    assert all(page == pages[0] for page in pages)
    assert pages[0]["url"] == f"{demo.url}/{state}"
    assert datetime.fromisoformat(pages[0]["updated_at"]).tzinfo is not None


def test_it_sees_how_bad_it_is(read: Read, state: str) -> None:
    seen, known = read[state]
    assert seen["status"]["status"] == seen["summary"]["status"]
    indicator = seen["status"]["status"]["indicator"]
    assert indicator == INDICATORS[state] == OVERALL[known["overall"]]


def test_it_sees_every_monitor_that_has_a_status(read: Read, state: str) -> None:
    seen, known = read[state]
    components = seen["components"]["components"]
    assert components == seen["summary"]["components"]
    assert {each["id"]: each["status"] for each in components if not each["group"]} == {
        tag: COMPONENTS[status] for tag, status in known["monitors"] if status != "NO_DATA"
    }
    by_id = {each["id"]: each for each in components}
    assert len(by_id) == len(components)
    for each in components:
        if each["group"]:
            inside = [by_id[child] for child in each["components"]]
            assert all(child["group_id"] == each["id"] for child in inside)
            assert each["status"] == min((child["status"] for child in inside), key=WORST_FIRST.index)
        else:
            assert each["group_id"] is None or each["id"] in by_id[each["group_id"]]["components"]


def said(incident: Json) -> Json:
    """One of our incidents, in the client's words."""
    return {
        "id": incident["id"],
        "name": incident["title"],
        "status": incident["state"].lower(),
        "impact": incident["severity"],
        "resolved_at": incident["resolved"],
        "updates": [(each["state"].lower(), each["text"], each["created"]) for each in incident["updates"]],
    }


def heard(incident: Json) -> Json:
    told = {name: incident[name] for name in ("id", "name", "status", "impact", "resolved_at")}
    updates = incident["incident_updates"]
    assert {each["incident_id"] for each in updates} <= {incident["id"]}
    return told | {"updates": [(each["status"], each["body"], each["created_at"]) for each in updates]}


def test_it_hears_of_what_is_wrong_and_of_what_was(read: Read, state: str) -> None:
    seen, known = read[state]
    is_open = [said(each) for each in known["incidents"] if each["resolved"] is None]
    assert [heard(each) for each in seen["unresolved"]["incidents"]] == is_open
    assert [heard(each) for each in seen["summary"]["incidents"]] == is_open
    newest = [heard(each) for each in seen["incidents"]["incidents"]]
    assert newest == [said(each) for each in known["incidents"]][: len(newest)]
    assert len(newest) == min(len(known["incidents"]), 50)


def planned(window: Json) -> Json:
    """One of our windows, in the client's words."""
    words = {"SCHEDULED": "scheduled", "ONGOING": "in_progress"}
    return {
        "id": f"m{window['id']}",
        "name": window["title"],
        "status": words.get(window["state"], "completed"),
        "scheduled_for": window["start"],
        "scheduled_until": window["end"],
    }


def announced(documents: Json) -> list[Json]:
    found = [
        {name: each[name] for name in ("id", "name", "status", "scheduled_for", "scheduled_until")}
        for each in documents["scheduled_maintenances"]
    ]
    return sorted(found, key=lambda each: str(each["id"]))


def test_it_hears_of_maintenance_before_and_while_it_is(demo: Demo, read: Read, state: str) -> None:
    seen, known = read[state]
    windows = sorted(map(planned, known["maintenances"]), key=lambda each: str(each["id"]))
    upcoming = [each for each in windows if each["status"] == "scheduled"]
    active = [each for each in windows if each["status"] == "in_progress"]
    assert announced(seen["upcoming"]) == upcoming
    # The client asks for upcoming.json here as well.
    assert announced(document(demo, state, "scheduled-maintenances/active")) == active
    assert announced(seen["summary"]) == sorted([*upcoming, *active], key=lambda each: str(each["id"]))
    every = announced(document(demo, state, "scheduled-maintenances"))
    assert len(every) == min(len(windows), 50)
    assert [each for each in every if each not in windows] == []


def test_the_states_show_incidents_and_windows_of_every_kind(read: Read) -> None:
    seen = {state: seen for state, (seen, _) in read.items()}
    assert seen["all-up"]["unresolved"]["incidents"] == []
    assert seen["major-outage"]["unresolved"]["incidents"]
    assert seen["maintenance"]["upcoming"]["scheduled_maintenances"]
    assert "in_progress" in {
        each["status"] for each in seen["maintenance"]["summary"]["scheduled_maintenances"]
    }
    assert seen["empty"]["components"]["components"] == []
    assert len(seen["large"]["components"]["components"]) > 200
