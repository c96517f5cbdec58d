"""Incidents by hand while a server runs: from the command line and over HTTP to the page."""

from __future__ import annotations

import json
import sys

import pytest

from .conftest import Serve
from .server import Server, configuration, run

pytestmark = pytest.mark.real

KEY = "key-for-incidents-4711-0815-abcdef"


@pytest.fixture(scope="module")
def server(serve_module: Serve) -> Server:
    keys = [{"name": "ops", "key": KEY, "scopes": ["incidents:write"]}]
    return serve_module(configuration("backup", "web", api_keys=keys))


def command(server: Server, *words: str) -> str:
    env = {"KENER_DATABASE": str(server.database), "KENER_CONFIG": str(server.config)}
    code, out, err = run([sys.executable, "-m", "kener_py", "incident", *words], server.folder, env)
    assert (code, err) == (0, ""), err
    return out


def test_what_the_command_line_writes_is_on_the_page_at_once(server: Server) -> None:
    words = ("create", "Cable cut", "--text", "We **look**.", "--monitor", "backup", "--json")
    number = json.loads(command(server, *words))["id"]

    page = server.get(f"/incidents/{number}")
    assert page.status == 200
    assert "<strong>look</strong>" in page.text
    for path in ("/", "/monitors/backup"):
        assert "Cable cut" in server.get(path).text

    assert server.target("backup").beat().status == 200  # the server writes on
    command(server, "resolve", number, "--text", "Spliced.")
    shown = server.get(f"/api/v1/incidents/{number}").json()
    assert (shown["state"], shown["updates"][0]["text"]) == ("RESOLVED", "Spliced.")
    command(server, "delete", number, "--yes")
    assert server.get(f"/incidents/{number}").status == 404


def test_a_draft_over_http_is_seen_when_it_is_published_and_after_a_crash(server: Server) -> None:
    headers = {"X-API-Key": KEY}
    body = json.dumps({"title": "Slow disks", "text": "Since noon.", "is_draft": True, "monitors": ["web"]})
    answer = server.post("/api/v1/incidents", body, headers)
    assert answer.status == 201
    path = answer.headers["location"]
    assert server.get(path).status == 404
    assert "Slow disks" not in server.get("/").text
    assert "Slow disks" in command(server, "list", "--drafts")

    assert server.post(f"{path}/publish", None, headers).status == 200
    server.kill()
    server.restart()
    assert "Slow disks" in server.get("/").text
    assert server.request("PATCH", path, '{"title": "Fast disks"}', headers).json()["title"] == "Fast disks"
    assert server.request("DELETE", path, None, headers).status == 204
    assert KEY not in server.log


def test_bodies_that_are_too_long_are_refused_and_the_connection_stays_of_use(server: Server) -> None:
    for size in (2_000_000, 20_000_000):
        answer = server.post("/api/v1/incidents", b"x" * size, {"X-API-Key": KEY})
        assert answer.status == 413
    assert server.is_alive()
