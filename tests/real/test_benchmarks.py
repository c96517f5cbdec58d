"""The benchmarks run, and what they say is what was meant. How fast anything is, is not asked here."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from benchmarks import paced, site
from benchmarks.heartbeats import kept
from benchmarks.server import Server, kener
from benchmarks.wrk import Failed, Load

from .programs import needs
from .server import ROOT

pytestmark = pytest.mark.real

needs_wrk = needs("wrk")


def run(tmp_path: Path, what: str, title: str) -> tuple[str, list[dict[str, Any]]]:
    """The tables as text, and the same as JSON."""
    file = tmp_path / "figures.json"
    words = [sys.executable, "-m", "benchmarks", what, "--quick", "--only", title]
    ended = subprocess.run(
        [*words, "--json", str(file), "--folder", str(tmp_path)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-4000:]
    return ended.stdout, json.loads(file.read_text())["sections"]


@needs_wrk
@pytest.mark.parametrize(
    ("what", "title"),
    [
        ("http", "Heartbeats a second"),
        ("http", "A thundering herd"),
        ("http", "Front page, 10"),
        ("http", "First front page after a change"),
        ("scale", "Ticks"),
        ("scale", "Growth"),
    ],
)
def test_every_figure_of_a_table_has_its_ratios(what: str, title: str, tmp_path: Path) -> None:
    text, sections = run(tmp_path, what, title)

    assert sections
    for section in sections:
        assert f"### {section['title']}\n" in text
        assert title.lower() in section["title"].lower()
        assert len(section["figures"]) >= 3
        for figure in section["figures"]:
            assert f"| {figure['name']} |" in text
            assert figure["values"]
            assert all(value > 0 for value in figure["values"])
            assert len(figure["of_bare"]) == len(figure["values"])
            assert what == "scale" or len(figure["of_flask"]) == len(figure["values"])
            assert all(ratio > 0 for ratio in figure["of_bare"] + figure["of_flask"])
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len({line.count("|") for line in rows}) == 1, "rows of different length"
    assert not list(tmp_path.glob("kener-py-bench-*")), "its databases are still there"


@needs_wrk
def test_a_soak_says_whether_memory_is_flat(tmp_path: Path) -> None:
    text, (section,) = run(tmp_path, "soak", "")

    assert {"memory (RSS), MB", "heartbeats a second"} <= {figure["name"] for figure in section["figures"]}
    assert ": flat." in text or ": growing." in text


def test_a_heartbeat_that_got_lost_ends_the_benchmark(tmp_path: Path) -> None:
    site.write(tmp_path, 2)
    with kener(tmp_path).running() as server:
        assert server.ask(site.path(0)).status == 200

        def send(claimed: int) -> int:
            assert server.ask(site.path(1)).status == 200
            return claimed

        assert kept(server, lambda: send(1)) == 1
        with pytest.raises(Failed, match="2 heartbeats were answered with 200, 1 are in the database"):
            kept(server, lambda: send(2))


def test_a_server_that_stalls_pays_for_all_who_would_have_called(tmp_path: Path) -> None:
    """One connection, 30 requests within 0.3 s, and nothing for 0.6 s: each waited, not only the first."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                time.sleep(0.6)
                while True:
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                    if not connection.recv(65_536):
                        return

        thread = threading.Thread(target=answer)
        thread.start()
        server = Server("stalling", tmp_path, [])
        server.port = listener.getsockname()[1]
        timing = paced.run(server, Load(["/"], connections=1), rate=100, count=30)
        thread.join()

    assert (timing.answered, timing.others) == (30, 0)
    assert timing.p50 >= 300
    assert timing.worst >= 600


def test_what_is_not_answered_with_200_is_counted(tmp_path: Path) -> None:
    site.write(tmp_path, 1)
    with kener(tmp_path).running() as server:
        paths = [site.path(0), "/heartbeat/unknown:secret"]
        for is_fresh in (False, True):
            timing = paced.run(server, Load(paths, connections=2), rate=50, count=10, is_fresh=is_fresh)
            assert timing.answered + timing.others == 10
            assert timing.others > 0
