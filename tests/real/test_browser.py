"""The pages in a real browser: what it shows, and that its console has nothing to complain about."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Serve
from .server import configuration, monitor

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    "--timeout=5000",
)

pytestmark = [
    pytest.mark.real,
    # CI installs a browser, so there this is an error and not a skip.
    pytest.mark.skipif(not CHROMIUM and not os.environ.get("CI"), reason="no Chromium on this machine"),
]

Page = Callable[[str], str]


@pytest.fixture
def page(tmp_path: Path) -> Page:
    """The document of a URL as the browser has built it; fails if its console has a complaint."""

    def visit(url: str) -> str:
        assert CHROMIUM, "no Chromium on this machine"
        done = subprocess.run(
            [CHROMIUM, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", url],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        complaints = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
        assert complaints == []
        return done.stdout

    return visit


def heading(document: str) -> str:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", document, re.DOTALL)
    assert found is not None, document[:2000]
    return re.sub(r"<[^>]+>|\s+", " ", found[1]).strip()


def test_the_browser_shows_each_state_of_the_page(serve: Serve, page: Page) -> None:
    server = serve(configuration("one", "two", "three", monitor("four", hidden=True)))
    assert heading(page(server.url)) == "Waiting for the first heartbeat"

    for tag in ("one", "two", "three"):
        server.target(tag).beat()
    server.target("three").becomes("UP")
    assert heading(page(server.url)) == "All systems operational"

    server.target("one").beat(query="?status=degraded")
    assert heading(page(server.url)) == "Partially degraded"

    server.target("one").beat(query="?status=down")
    assert heading(page(server.url)) == "Partial outage"

    for tag in ("two", "three"):
        server.target(tag).beat(query="?status=down")
    document = page(server.url)
    assert heading(document) == "Major outage"
    assert "Job four" not in document


def test_the_browser_shows_monitor_and_incident(serve: Serve, page: Page) -> None:
    server = serve(configuration("one", alerts=[{"status": "DOWN"}]))
    hostile = "<script>document.title='taken'</script><img src=x onerror=alert(1)>"
    server.target("one").beat(f'{{"status": "down", "message": "{hostile}"}}')

    assert heading(page(f"{server.url}/monitors/one")) == "Job one"
    incident = page(f"{server.url}/incidents/1")
    assert heading(incident) == "Job one is down"
    assert "<title>taken" not in incident
