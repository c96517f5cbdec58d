"""The server under a service manager: what it is told, and what systemd's own tools say of the unit.

The manager here is only its socket; docs/systemd.md says what was tried with systemd itself.
"""

from __future__ import annotations

import contextlib
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .programs import needs
from .server import ROOT, Server, configuration, environment, until

pytestmark = pytest.mark.real

UNIT = ROOT / "packaging" / "systemd" / "kener-py.service"

# The whole server, whose loop hangs in a tick as soon as there is a file. Noticed after 4 seconds, not 60.
HANGING = """
import sys, threading
from pathlib import Path
from kener_py import cli
from kener_py.cli import systemd
from kener_py.service import Service
systemd._STILL = 4.0
tick = Service.tick
def hanging(self, *what):
    if Path(sys.argv[1]).exists():
        threading.Event().wait()
    return tick(self, *what)
Service.tick = hanging
cli.main(sys.argv[2:])
"""


class Manager:
    """Listens as systemd does, and keeps what it hears with the second at which that came."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.heard: list[tuple[float, list[str]]] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))

    def lines(self, within: float = 0) -> list[str]:
        """All lines so far, after waiting for one more message."""
        self._socket.settimeout(within or 0.001)
        while True:
            try:
                message = self._socket.recv(65_536)
            except TimeoutError:
                break
            self.heard.append((time.monotonic(), message.decode().split("\n")))
            self._socket.settimeout(0.001)
        return [line for _, lines in self.heard for line in lines]

    def waits_for(self, line: str, within: float = 30) -> None:
        until(lambda: line in self.lines(), within, line)

    def forgets(self) -> None:
        self.lines()
        self.heard.clear()

    def close(self) -> None:
        self._socket.close()


class Supervised(Server):
    """A server whose loop can be made to hang."""

    @property
    def hang(self) -> Path:
        return self.folder / "hang"

    def command(self) -> list[str]:
        return [sys.executable, "-c", HANGING, str(self.hang), *super().command()[3:]]


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    made = Manager(tmp_path / "notify")
    yield made
    made.close()


@pytest.fixture
def server(manager: Manager, tmp_path: Path) -> Iterator[Supervised]:
    env = {"NOTIFY_SOCKET": str(manager.path), "WATCHDOG_USEC": "400000"}
    made = Supervised(tmp_path / "server", configuration("job"), env=env)
    try:
        yield made
    finally:
        made.close()


# --- what it is told


def test_ready_means_that_requests_are_answered(server: Supervised, manager: Manager) -> None:
    server.launch()
    manager.waits_for("READY=1", 60)
    answer = server.get("/livez", timeout=5)
    assert answer.status == 200
    assert manager.heard[0][1][0] == "READY=1", "nothing before it"


def test_a_start_that_fails_is_never_ready(server: Supervised, manager: Manager) -> None:
    server.edit("monitors: 5\n")
    code, _ = server.refused()
    assert code == 78
    assert manager.lines() == []


def test_a_signal_reloads_and_says_so(server: Supervised, manager: Manager) -> None:
    server.launch()
    manager.waits_for("READY=1", 60)
    manager.forgets()
    before = time.monotonic_ns() // 1000

    server.edit(configuration("job", "other"))
    server.signal(signal.SIGHUP)
    manager.waits_for("READY=1")

    lines = manager.lines()
    assert lines.index("RELOADING=1") < lines.index("READY=1")
    (told,) = {line.partition("=")[2] for line in lines if line.startswith("MONOTONIC_USEC=")}
    assert before <= int(told) <= time.monotonic_ns() // 1000
    assert any("2 monitors" in line for line in lines if line.startswith("STATUS="))


def test_a_reload_of_a_broken_file_ends_and_says_that_it_was_refused(
    server: Supervised, manager: Manager
) -> None:
    server.launch()
    manager.waits_for("READY=1", 60)
    manager.forgets()

    server.edit("monitors: 5\n")
    server.signal(signal.SIGHUP)
    manager.waits_for("READY=1")

    assert any("was refused" in line for line in manager.lines() if line.startswith("STATUS="))
    assert server.is_alive()


def test_the_end_is_told(server: Supervised, manager: Manager) -> None:
    server.launch()
    manager.waits_for("READY=1", 60)

    assert server.stop() == 0

    assert manager.lines()[-2:] == ["STOPPING=1", "STATUS=Stopping: what has arrived is being written"]


def test_the_watchdog_is_fed_in_time(server: Supervised, manager: Manager) -> None:
    server.launch()
    manager.waits_for("READY=1", 60)
    for _ in range(8):
        manager.forgets()
        manager.waits_for("WATCHDOG=1", 5)


def test_a_locked_database_is_no_reason_for_a_restart(server: Supervised, manager: Manager) -> None:
    server.launch()
    manager.waits_for("READY=1", 60)
    with contextlib.closing(sqlite3.connect(server.database, isolation_level=None)) as other:
        other.execute("begin immediate")
        assert server.target("job").beat().status == 503
        manager.forgets()
        manager.waits_for("WATCHDOG=1", 15)
    assert server.target("job").beat().status == 200


def test_a_loop_that_hangs_starves_the_watchdog(server: Supervised, manager: Manager) -> None:
    server.launch()
    manager.waits_for("READY=1", 60)
    server.hang.touch()

    def is_told() -> bool:
        return any(
            re.fullmatch(r"STATUS=the loop has stood still for \d+ seconds", line) for line in manager.lines()
        )

    until(is_told, 30, "STATUS=the loop has stood still")
    manager.forgets()
    assert "WATCHDOG=1" not in manager.lines(2)
    assert "the watchdog is fed no more" in server.log
    assert server.get("/livez").status == 200, "the rest of it goes on"

    server.signal(signal.SIGABRT)  # what systemd does then

    assert server.process is not None
    assert server.process.wait(30) == -signal.SIGABRT
    assert "in hanging" in server.log, "the log says what each thread was at"


# --- what systemd's tools say of the unit


def analyze(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *words],
        capture_output=True,
        text=True,
        env=environment(env),
        check=False,
        timeout=60,
    )


@needs("systemd-analyze")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("ExecStart=/usr/local/bin/kener-py", "ExecStart=/bin/true"))

    done = analyze("verify", "--man=no", str(copy))

    assert (done.returncode, done.stderr) == (0, "")


@needs("systemd-analyze")
def test_the_unit_may_do_next_to_nothing() -> None:
    done = analyze("security", "--offline=true", "--no-pager", "--threshold=15", str(UNIT))

    assert done.returncode == 0, done.stdout
    score = re.search(r"Overall exposure level for \S+ ([\d.]+)", done.stdout)
    assert score is not None
    assert float(score[1]) <= 1.5
