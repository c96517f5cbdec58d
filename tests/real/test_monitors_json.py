"""The life of a monitor as the public JSON shows it, and what it never shows. Contract: sections 3 and 5."""

from __future__ import annotations

import time
from typing import Any

import pytest

from .conftest import Serve
from .server import ALMOST_NEVER, Server, Target, configuration, milliseconds, monitor, until

pytestmark = pytest.mark.real

DEGRADED_AFTER, DOWN_AFTER = 3_000, 6_000  # milliseconds
SHORT = {"degradedRemainingMinutes": 0.05, "downRemainingMinutes": 0.1}
SHORTER = {"degradedRemainingMinutes": 0.03, "downRemainingMinutes": 0.06}


@pytest.fixture(scope="module")
def server(serve_module: Serve) -> Server:
    return serve_module(
        configuration(
            monitor("life", category="Backups", **SHORT),
            monitor("recovering", **SHORT),
            monitor("multiplied", interval="2s", grace="2x"),
            monitor("graced", interval="1s", grace="1s", missed_beats=4),
            *(monitor(f"rare-{n}", cron=ALMOST_NEVER, **SHORT) for n in range(4)),
            "calm",
            "clock",
            "silent",
            monitor("hidden", name="Nobody may read this", is_hidden="YES"),
            monitor("hidden-too", name="Nobody may read this", is_hidden=True),
        )
    )


def let_ticks_pass(server: Server) -> None:
    """Return when a monitor that ticks each second was judged at least twice from now on."""
    clock = server.target("clock")
    for _ in range(2):
        assert clock.beat(query="?status=down").status == 200
        clock.becomes("DOWN")
        assert clock.beat().status == 200
        clock.becomes("UP")


def story(target: Target, last_status: str) -> list[tuple[str, int]]:
    """Each (status, since in ms) that the JSON shows until this status, in order of appearance."""
    seen: list[tuple[str, int]] = []
    deadline = time.monotonic() + 60
    while not seen or seen[-1][0] != last_status:
        assert time.monotonic() < deadline, seen
        shown = target.shown()
        now = (shown["status"], milliseconds(shown["since"]) if shown["since"] else 0)
        if not seen or seen[-1] != now:
            seen.append(now)
        time.sleep(0.05)
    return seen


def received(target: Target) -> int:
    """When its last heartbeat arrived, as the database says."""
    moment: int = target.rows()[-1]["received"]
    return moment


def test_a_monitor_that_never_reported_is_no_data(server: Server) -> None:
    let_ticks_pass(server)

    shown = server.target("silent").shown()

    assert shown["status"] == "NO_DATA"
    assert shown["last_heartbeat"] is None
    assert set(shown["uptime"].values()) == {None}


def test_the_json_has_the_documented_fields(server: Server) -> None:
    target = server.target("calm")
    assert target.beat().status == 200

    shown = target.becomes("UP")

    documented = {"tag", "name", "category", "status", "since", "last_heartbeat", "next_expected", "uptime"}
    assert documented <= set(shown)
    assert (shown["tag"], shown["name"]) == ("calm", "Job calm")
    assert server.target("life").shown()["category"] == "Backups"
    assert set(shown["uptime"]) == {"24h", "7d", "30d", "90d"}
    assert milliseconds(shown["since"]) == milliseconds(shown["last_heartbeat"]) == received(target)
    assert 0 < milliseconds(shown["next_expected"]) - received(target) <= 5 * 60_000


def test_the_list_holds_the_same_objects_in_the_order_of_the_file(server: Server) -> None:
    answer = server.get("/api/v1/monitors")

    assert answer.status == 200
    listed = monitors_of(answer.json())
    assert [entry["tag"] for entry in listed] == [
        "life",
        "recovering",
        "multiplied",
        "graced",
        *(f"rare-{n}" for n in range(4)),
        "calm",
        "clock",
        "silent",
    ]
    assert {"tag": "silent"}.items() <= listed[-1].items()
    assert listed[-1] == server.target("silent").shown()


def monitors_of(document: Any) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = document if isinstance(document, list) else document["monitors"]
    return listed


def test_silence_degrades_and_breaks_at_the_exact_millisecond(server: Server) -> None:
    target = server.target("life")
    assert target.shown()["status"] == "NO_DATA"
    assert target.beat().status == 200
    start = received(target)

    told = [chapter for chapter in story(target, "DOWN") if chapter[0] != "NO_DATA"]

    assert told == [("UP", start), ("DEGRADED", start + DEGRADED_AFTER), ("DOWN", start + DOWN_AFTER)]
    assert milliseconds(target.shown()["last_heartbeat"]) == start


def test_a_job_that_comes_back_is_up_since_its_heartbeat(server: Server) -> None:
    target = server.target("recovering")
    assert target.beat("gone", query="?status=down").status == 200
    assert target.becomes("DOWN", 5)["since"] == target.shown()["last_heartbeat"]
    assert target.beat("back").status == 200

    shown = target.becomes("UP")

    assert milliseconds(shown["since"]) == received(target)
    assert shown["uptime"]["24h"] is None or 0 <= shown["uptime"]["24h"] < 100


def test_an_interval_with_a_multiplier_breaks_after_exactly_that(server: Server) -> None:
    target = server.target("multiplied")
    assert target.beat().status == 200
    start = received(target)

    told = story(target, "DOWN")

    assert told[-1] == ("DOWN", start + 4_000)
    assert "DEGRADED" not in [status for status, _ in told]


def test_an_interval_with_extra_time_degrades_before_it_breaks(server: Server) -> None:
    target = server.target("graced")
    assert target.beat().status == 200
    start = received(target)

    told = story(target, "DOWN")

    assert told[-2:] == [("DEGRADED", start + 2_000), ("DOWN", start + 4_000)]


@pytest.mark.parametrize(("number", "status"), [(0, "down"), (1, "degraded")])
def test_reported_trouble_needs_no_tick(server: Server, number: int, status: str) -> None:
    target = server.target(f"rare-{number}")
    assert target.beat("trouble", query=f"?status={status}").status == 200

    shown = target.becomes(status.upper(), 5)

    assert milliseconds(shown["since"]) == received(target)


def test_without_a_tick_the_first_heartbeat_does_not_turn_the_monitor_up(server: Server) -> None:
    target = server.target("rare-2")
    assert target.beat().status == 200

    let_ticks_pass(server)

    assert target.shown()["status"] == "NO_DATA"
    assert milliseconds(target.shown()["last_heartbeat"]) == received(target)


def test_without_a_tick_a_recovered_monitor_stays_as_it_was(server: Server) -> None:
    target = server.target("rare-3")
    assert target.beat(query="?status=down").status == 200
    down = target.becomes("DOWN", 5)
    assert target.beat("fine again").status == 200

    let_ticks_pass(server)

    assert (target.shown()["status"], target.shown()["since"]) == ("DOWN", down["since"])


def test_repeated_heartbeats_do_not_move_since(server: Server) -> None:
    target = server.target("calm")
    assert target.beat().status == 200
    first = target.becomes("UP")["since"]

    assert [target.beat().status for _ in range(5)] == [200] * 5
    let_ticks_pass(server)

    assert target.shown()["since"] == first


def test_a_deadline_that_passed_while_the_server_was_off_is_dated_exactly(serve: Serve) -> None:
    server = serve(configuration(monitor("overslept", **SHORTER)))
    target = server.target("overslept")
    assert target.beat().status == 200
    start = received(target)
    until(lambda: target.shown()["status"] != "NO_DATA", 30, "a first judgement")
    assert server.stop() == 0
    while time.time() * 1000 < start + 3_700:
        time.sleep(0.05)

    server.start()

    assert milliseconds(target.becomes("DOWN")["since"]) == start + 3_600


# --- hidden monitors


@pytest.mark.parametrize("tag", ["hidden", "hidden-too"])
@pytest.mark.parametrize(
    "path", ["/monitors/{}", "/api/v1/monitors/{}", "/monitors/{}/2026-01-01", "/badge/{}/status"]
)
def test_a_hidden_monitor_reads_like_an_unknown_one(server: Server, path: str, tag: str) -> None:
    unknown = server.get(path.format("nobody-has-this-tag"))

    hidden = server.get(path.format(tag))

    assert (hidden.status, hidden.body) == (404, unknown.body)
    assert unknown.status == 404


@pytest.mark.parametrize("path", ["/", "/api/v1/monitors"])
def test_hidden_monitors_are_listed_nowhere(server: Server, path: str) -> None:
    answer = server.get(path)

    assert answer.status == 200
    assert "Job calm" in answer.text
    assert "Nobody may read this" not in answer.text
    assert "hidden-too" not in answer.text


@pytest.mark.parametrize("tag", ["hidden", "hidden-too"])
def test_a_hidden_monitor_takes_heartbeats(server: Server, tag: str) -> None:
    target = server.target(tag)

    assert target.beat("in the dark").status == 200

    assert [row["message"] for row in target.rows()] == ["in the dark"]
