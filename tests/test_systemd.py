"""What systemd is told, over a socket of its kind. tests/real/test_systemd.py has the whole server."""

from __future__ import annotations

import http.server
import re
import socket
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from conftest import World, config, no_post

from kener_py import store
from kener_py.cli import systemd
from kener_py.cli.systemd import Systemd
from kener_py.service.loop import Loop
from kener_py.service.sender import Sender
from kener_py.service.watcher import Watcher

WATCHED = {"WATCHDOG_USEC": "120000000"}


class Manager:
    """The socket that the service manager listens on, at a path or under an abstract name ("@…")."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self._socket.setblocking(False)

    def heard(self) -> list[str]:
        """The lines of all messages since the last call."""
        lines: list[str] = []
        while True:
            try:
                lines += self._socket.recv(65_536).decode().split("\n")
            except BlockingIOError:
                return lines

    def close(self) -> None:
        self._socket.close()


@dataclass
class Front:
    """What answers on the server's port: as long as `is_well`."""

    port: int = 0
    is_well: bool = True


@dataclass
class Seconds:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Told:
    """A world with a loop, and what its manager hears of it."""

    world: World
    manager: Manager
    front: Front
    systemd: Systemd
    seconds: Seconds
    loop: Loop = field(init=False)

    def __post_init__(self) -> None:
        self.loop = Loop(self.world.service)

    def tick(self) -> None:
        self.loop.step(self.world.clock.now)

    def passes(self, seconds: int) -> None:
        self.seconds.now += seconds
        self.world.clock.now += seconds * 1000

    def hears(self) -> list[str]:
        self.systemd.step()
        return self.manager.heard()


@pytest.fixture
def manager(folder: Path) -> Iterator[Manager]:
    made = Manager(str(folder / "notify"))
    yield made
    made.close()


@pytest.fixture
def front() -> Iterator[Front]:
    made = Front()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if made.is_well and self.path == "/livez" else 503)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        server.shutdown()
        thread.join()


@pytest.fixture
def told(world: World, manager: Manager, front: Front) -> Told:
    seconds = Seconds()
    env = {"NOTIFY_SOCKET": manager.address, **WATCHED}
    return Told(world, manager, front, Systemd(world.service, "0.0.0.0", front.port, env, seconds), seconds)


# ---- how it goes -----------------------------------------------------------------------------


def test_nothing_is_said_before_requests_are_answered(told: Told) -> None:
    told.tick()
    told.front.is_well = False
    assert told.hears() == []
    told.front.is_well = True
    assert told.hears()[0] == "READY=1"


def test_readiness_is_said_once(told: Told) -> None:
    told.tick()
    assert told.hears().count("READY=1") == 1
    assert "READY=1" not in told.hears()


def test_the_status_says_what_runs_and_what_has_arrived(told: Told) -> None:
    told.tick()
    assert any(
        re.fullmatch(
            rf"STATUS=kener-py \S+ on port {told.front.port}: 1 monitor, 0 heartbeats since the start", line
        )
        for line in told.hears()
    )
    told.world.beat()
    assert any("1 monitor, 1 heartbeat since" in line for line in told.hears())


def test_a_status_is_repeated_only_when_it_has_changed(told: Told) -> None:
    told.tick()
    told.hears()
    assert told.hears() == ["WATCHDOG=1"]


def test_the_status_says_why_it_is_not_ready(told: Told) -> None:
    sender = Sender(told.world.service, lambda *_, **__: None, no_post)
    sender.step(told.world.clock.now)
    told.tick()
    told.hears()
    told.passes(61)
    told.tick()
    assert told.hears() == ["STATUS=Not ready: the sender has stood still for 61 seconds", "WATCHDOG=1"]


def test_an_abstract_name_is_understood(world: World, front: Front, folder: Path) -> None:
    manager = Manager(f"@kener-py-test-{folder.name}")
    try:
        Systemd(world.service, "127.0.0.1", front.port, {"NOTIFY_SOCKET": manager.address}).step()
        assert manager.heard()[0] == "READY=1"
    finally:
        manager.close()


def test_without_a_manager_nothing_runs(world: World, front: Front) -> None:
    systemd = Systemd(world.service, "127.0.0.1", front.port, {})
    systemd.start()
    systemd.join(10)
    assert not systemd.is_alive()
    with systemd.reloading():
        pass
    systemd.stop()


def test_a_manager_that_is_gone_is_a_warning(
    told: Told, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "notify").unlink()
    told.systemd.step()
    assert "systemd cannot be told READY=1 at $NOTIFY_SOCKET: [Errno 2] No such file" in caplog.text


def test_the_thread_says_ready_and_the_end(told: Told, caplog: pytest.LogCaptureFixture) -> None:
    told.systemd.start()
    lines: list[str] = []
    for _ in range(1000):
        lines += told.manager.heard()
        if "READY=1" in lines:
            break
        told.systemd.join(0.01)
    told.systemd.stop()
    lines += told.manager.heard()
    assert lines[0] == "READY=1"
    assert lines[-2:] == ["STOPPING=1", "STATUS=Stopping: what has arrived is being written"]
    assert caplog.text == ""


# ---- the watchdog ----------------------------------------------------------------------------


def test_the_watchdog_is_fed_while_the_loop_ticks(told: Told) -> None:
    for _ in range(30):
        told.passes(10)
        told.tick()
        assert "WATCHDOG=1" in told.hears()


def test_a_loop_that_stands_still_starves_the_watchdog(told: Told, caplog: pytest.LogCaptureFixture) -> None:
    told.tick()
    told.hears()
    told.passes(60)
    assert "WATCHDOG=1" in told.hears(), "exactly at the limit is not beyond it"
    told.passes(1)
    assert told.hears() == ["STATUS=the loop has stood still for 61 seconds"]
    assert caplog.messages == ["the loop has stood still for 61 seconds; the watchdog is fed no more"]
    told.tick()
    assert "WATCHDOG=1" in told.hears()


def test_a_loop_that_never_began_starves_the_watchdog(told: Told) -> None:
    told.world.service.loop_seen = None
    told.passes(61)
    assert "WATCHDOG=1" not in told.hears()


@pytest.mark.parametrize("jump", [-3600, 3600])
def test_a_clock_that_is_set_does_not_starve_the_watchdog(told: Told, jump: int) -> None:
    told.tick()
    told.hears()
    told.world.clock.now += jump * 1000
    assert "WATCHDOG=1" in told.hears()


def test_requests_that_are_not_answered_starve_the_watchdog(told: Told) -> None:
    told.tick()
    told.hears()
    told.front.is_well = False
    assert told.hears() == ["STATUS=requests are not answered"]


def test_a_writer_that_hangs_starves_the_watchdog(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(systemd, "_PATIENCE", 0.05)
    told.tick()
    going_on = threading.Event()
    begun = threading.Event()

    def hang(db: store.Database) -> None:
        begun.set()
        going_on.wait(10)

    stuck = threading.Thread(target=told.world.db.write, args=(hang,))
    stuck.start()
    try:
        assert begun.wait(10)
        assert told.systemd.stuck() == "the writer has not answered for 0 seconds"
        assert "WATCHDOG=1" not in told.hears()
    finally:
        going_on.set()
        stuck.join()
    monkeypatch.undo()
    assert "WATCHDOG=1" in told.hears()


def test_a_file_that_another_program_has_locked_is_no_reason_for_a_restart(told: Told) -> None:
    told.tick()
    told.hears()
    told.world.db._db.conn.execute("pragma busy_timeout = 10")  # who waits for the lock
    other = sqlite3.connect(told.world.db.path, isolation_level=None)
    try:
        other.execute("begin immediate")
        with pytest.raises(store.Unavailable):
            told.world.beat()
        told.passes(61)
        with pytest.raises(store.Unavailable):
            told.tick()
        lines = told.hears()
    finally:
        other.close()
    assert "WATCHDOG=1" in lines
    assert lines[0].startswith("STATUS=Not ready: the loop has not ticked for 61 seconds, or cannot write")


def test_without_a_watchdog_nobody_feeds_it(world: World, manager: Manager, front: Front) -> None:
    made = Systemd(world.service, "127.0.0.1", front.port, {"NOTIFY_SOCKET": manager.address})
    made.step()
    assert "WATCHDOG=1" not in manager.heard()


# ---- reloads ---------------------------------------------------------------------------------


def test_a_reload_is_announced_and_ended(told: Told) -> None:
    told.tick()
    told.hears()
    new = config(monitors=())
    watcher = Watcher(told.world.service, lambda: new, told.systemd.reloading)
    watcher.ask()
    watcher.step()
    assert told.manager.heard() == [
        "RELOADING=1",
        "MONOTONIC_USEC=1000000000",
        "READY=1",
        f"STATUS={told.systemd.status()}",
    ]
    assert ": 0 monitors, " in told.systemd.status()


def test_a_reload_that_fails_ends_as_well(told: Told) -> None:
    told.tick()
    told.hears()

    def fail() -> None:
        raise OSError("cannot be read")

    watcher = Watcher(told.world.service, fail, told.systemd.reloading)  # type: ignore[arg-type]
    watcher.ask()
    with pytest.raises(OSError, match="cannot be read"):
        watcher.step()
    lines = told.manager.heard()
    assert lines[2] == "READY=1"
    assert lines[3].endswith("; the last edit of the configuration was refused, see the log")


def test_a_reload_before_the_start_is_over_is_part_of_the_start(told: Told) -> None:
    with told.systemd.reloading():
        pass
    assert told.manager.heard() == []


def test_a_look_without_an_edit_is_not_told(told: Told) -> None:
    told.tick()
    told.hears()
    Watcher(told.world.service, config, told.systemd.reloading).step()
    assert told.manager.heard() == []
