"""A window made on the command line, seen on the page of the server that runs beside it."""

from __future__ import annotations

import json
import sys

import pytest

from .conftest import Serve
from .server import Server, configuration, monitor, run, until

pytestmark = pytest.mark.real

QUICK = {"degradedRemainingMinutes": 0.03, "downRemainingMinutes": 0.06}


def command(server: Server, *words: str) -> str:
    place = ["--config", str(server.config)]
    name, *rest = words
    code, out, err = run(
        [sys.executable, "-m", "kener_py", "maintenance", name, *place, *rest],
        cwd=server.folder,
        env={"KENER_DATABASE": str(server.database)},
    )
    assert code == 0, err
    return out


def test_a_job_that_falls_silent_in_a_window_costs_no_uptime(serve: Serve) -> None:
    server = serve(configuration(monitor("job", **QUICK), monitor("other")))
    job = server.target("job")
    assert job.beat().status == 200
    job.becomes("UP")

    number = command(server, "create", "--title", "Disk swap", "--duration", "1h", "--monitor", "job").strip()
    shown = job.becomes("MAINTENANCE", within=5)

    assert server.sql("select status from state where monitor = 'job'") == [{"status": "UP"}]
    assert "Disk swap" in server.get("/").text
    assert "In progress" in server.get(f"/maintenances/{number}").text
    assert [each["id"] for each in server.get("/api/v1/maintenances").json()] == [number]

    def is_silent() -> bool:
        return server.sql("select status from state where monitor = 'job'") == [{"status": "DOWN"}]

    until(is_silent, 30, "the silence being noticed")
    after = job.shown()
    assert (after["status"], after["since"]) == ("MAINTENANCE", shown["since"])
    assert after["uptime"]["24h"] == 100.0
    assert json.loads(command(server, "show", number, "--json"))["state"] == "ONGOING"

    command(server, "cancel", number)
    assert job.becomes("DOWN", within=5)["uptime"]["24h"] <= 100.0
    assert "Cancelled" in server.get(f"/maintenances/{number}").text
