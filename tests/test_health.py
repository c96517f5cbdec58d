"""Whether the server itself is well: for load balancers, containers and people."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import World, no_post

from kener_py.model import MINUTE, SECOND, Status
from kener_py.service.health import LAG
from kener_py.service.sender import Sender
from kener_py.web import create


def get(world: World, path: str = "/health") -> tuple[int, Any]:
    answer = create(world.service).test_client().get(path)
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status_code, answer.get_json(force=True) if path == "/health" else answer.text


def graded(told: Any) -> dict[str, str]:
    return {name: each["status"] for name, (each,) in told["checks"].items()}


@pytest.mark.parametrize("path", ["/livez", "/healthz", "/healthcheck", "/-/healthy"])
def test_a_process_that_answers_is_alive_whatever_stands_still(world: World, path: str) -> None:
    world.clock.now += 60 * MINUTE
    assert get(world, path) == (200, "ok\n")


@pytest.mark.parametrize("path", ["/readyz", "/-/ready"])
def test_it_is_ready_while_the_loop_ticks(world: World, path: str) -> None:
    assert get(world, path) == (200, "ok\n")
    world.clock.now += LAG + SECOND
    assert get(world, path) == (
        503,
        "the loop has not ticked for 61 seconds, or cannot write that it did\n",
    )
    world.look()
    assert get(world, path) == (200, "ok\n")


def test_it_is_not_ready_while_the_sender_stands_still(world: World) -> None:
    sender = Sender(world.service, lambda *_, **__: None, no_post)
    sender.step(world.clock.now)
    assert get(world, "/readyz")[0] == 200
    world.clock.now += LAG + SECOND
    world.look()
    assert get(world, "/readyz") == (503, "the sender has stood still for 61 seconds\n")
    sender.step(world.clock.now)
    assert get(world, "/readyz")[0] == 200


def test_a_healthy_server_passes_in_every_part(world: World) -> None:
    code, told = get(world)
    assert (code, told["status"]) == (200, "pass")
    assert set(graded(told).values()) == {"pass"}
    assert told["checks"].keys() == {
        "scheduler:lag",
        "notifications:lag",
        "notifications:queue",
        "config:reload",
        "sqlite:size",
    }
    for (check,) in told["checks"].values():
        assert check["time"] == "2026-01-01T00:00:00.000Z"
        assert "output" not in check
    answer = create(world.service).test_client().get("/health")
    assert answer.content_type == "application/health+json"


def test_monitors_that_are_down_are_no_fault_of_the_server(world: World) -> None:
    world.beat(Status.DOWN)
    world.look()
    assert get(world)[1]["status"] == "pass"


def test_a_loop_that_stands_still_fails(world: World) -> None:
    world.clock.now += 10 * MINUTE
    code, told = get(world)
    assert (code, told["status"]) == (503, "fail")
    assert graded(told)["scheduler:lag"] == "fail"
    assert told["checks"]["scheduler:lag"][0]["observedValue"] == 600
    assert "600 seconds" in told["checks"]["scheduler:lag"][0]["output"]


def test_a_refused_edit_is_a_warning_that_shows_nothing_of_the_file(world: World) -> None:
    world.service.reload_error = "config.yaml:3:1: secretString: hunter2"
    code, told = get(world)
    assert (code, told["status"]) == (200, "warn")
    assert graded(told)["config:reload"] == "warn"
    assert "hunter2" not in str(told)


def test_a_message_that_waits_long_is_a_warning(world: World) -> None:
    world.beat(Status.DOWN)
    world.run(1)
    assert graded(get(world)[1])["notifications:queue"] == "pass"
    world.run(6)
    code, told = get(world)
    assert (code, graded(told)["notifications:queue"]) == (200, "warn")
    assert told["checks"]["notifications:queue"][0]["observedValue"] == 1
