"""A fuzzer reads the description of a real server and looks for an answer that is not in it."""

from __future__ import annotations

import json
import subprocess
import sysconfig
from pathlib import Path

import pytest

from .conftest import Serve
from .server import configuration, environment, monitor

pytestmark = pytest.mark.real

KEY = "key-that-may-do-all-0123456789"
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def test_no_operation_gives_an_answer_that_is_not_described(serve: Serve, tmp_path: Path) -> None:
    server = serve(
        configuration(
            monitor("nightly-backup", secretString="the-secret-of-the-monitor", category="Backups"),
            monitor("mail"),
            monitor("payroll", is_hidden=True),
            api_keys=[{"name": "all", "key": KEY, "scopes": ["*"]}],
            server={"log_level": "warning"},
        )
    )
    headers = {"X-API-Key": KEY}
    started = {"title": "Backups are late", "text": "We look.", "monitors": ["nightly-backup"]}
    assert server.post("/api/v1/incidents", json.dumps(started), headers).status == 201
    window = {"title": "Disk swap", "start": "2050-01-01T00:00:00Z", "end": "2050-01-02T00:00:00Z"}
    assert server.post("/api/v1/maintenances", json.dumps(window), headers).status == 201

    done = subprocess.run(
        [
            str(Path(sysconfig.get_path("scripts")) / "schemathesis"), "run", f"{server.url}/openapi.json",
            "--checks", CHECKS, "--seed", "1", "--max-examples", "8", "--phases", "examples,coverage,fuzzing",
            "--generation-database", "none", "--continue-on-failure", "--no-color",
            "-H", f"X-API-Key: {KEY}",
        ],
        cwd=tmp_path,
        env=environment({}),
        capture_output=True,
        text=True,
        timeout=180,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    assert server.is_alive()
    assert "Traceback" not in server.log
