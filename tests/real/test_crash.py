"""kill -9, full disks, locked and strange databases. Contract: a 200 is on disk, whatever happens."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from .conftest import Serve
from .server import Answer, Server, configuration, milliseconds, rest_of, until

pytestmark = pytest.mark.real

LOADERS = [f"load-{n}" for n in range(8)]
KEEP = {"heartbeats": 10_000, "days": 400}


class Load:
    """One thread per monitor that reports as fast as it can, each time with a message of its own."""

    def __init__(self, server: Server, name: str) -> None:
        self.server = server
        self.name = name
        self.acknowledged: dict[str, list[str]] = {tag: [] for tag in LOADERS}
        self.refused: list[Answer] = []
        self.failures: list[Exception] = []
        self.ending = threading.Event()
        self.threads = [threading.Thread(target=self._report, args=(tag,), daemon=True) for tag in LOADERS]

    def _report(self, tag: str) -> None:
        path = self.server.target(tag).path
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        try:
            for n in range(2_500):  # three rounds stay within the heartbeats that are kept
                if self.ending.is_set():
                    return
                message = f"{self.name} {tag} {n}"
                connection.request("POST", path, body=message, headers={"Content-Type": "text/plain"})
                response = connection.getresponse()
                answer = Answer(response.status, {}, response.read())
                if answer.status == 200 and answer.json()["status"] == "OK":
                    self.acknowledged[tag].append(message)
                else:
                    self.refused.append(answer)
        except (OSError, http.client.HTTPException) as error:
            self.failures.append(error)
        finally:
            connection.close()

    def run_for(self, seconds: float) -> None:
        for thread in self.threads:
            thread.start()
        enough = time.monotonic() + seconds
        until(lambda: time.monotonic() > enough and min(map(len, self.acknowledged.values())) > 5, 60, "load")

    def end(self) -> None:
        self.ending.set()
        for thread in self.threads:
            thread.join(90)
        assert not any(thread.is_alive() for thread in self.threads), "a request was never answered"

    def everything(self) -> set[str]:
        return {message for kept in self.acknowledged.values() for message in kept}


def assert_sound(server: Server) -> None:
    assert server.sql("pragma integrity_check") == [{"integrity_check": "ok"}]


def test_after_kill_9_every_acknowledged_heartbeat_is_there(serve: Serve) -> None:
    server = serve(configuration(*LOADERS, retention=KEEP))
    for tag in LOADERS:
        assert server.target(tag).beat("first").status == 200
    since = {tag: server.target(tag).becomes("UP")["since"] for tag in LOADERS}
    acknowledged: set[str] = set()

    for number in range(3):
        load = Load(server, f"round {number}")
        load.run_for(2.5)
        assert not load.failures
        server.kill()
        load.end()
        assert not load.refused
        acknowledged |= load.everything()

        server.start()

        lost = acknowledged - server.messages()
        assert not lost, f"{len(lost)} of {len(acknowledged)} are lost, such as {sorted(lost)[:3]}"
        for tag in LOADERS:
            target = server.target(tag)
            shown = target.shown()
            assert (shown["status"], shown["since"]) == ("UP", since[tag])
            assert milliseconds(shown["last_heartbeat"]) == target.rows()[-1]["received"]
        assert_sound(server)


def test_a_trouble_reported_just_before_kill_9_is_shown_after_it(serve: Serve) -> None:
    server = serve(configuration("job", "calm"))
    target = server.target("job")
    assert server.target("calm").beat().status == 200
    server.target("calm").becomes("UP")

    assert target.beat("disk broken", query="?status=down").status == 200
    server.kill()
    server.start()

    shown = target.becomes("DOWN", 10)
    assert milliseconds(shown["since"]) == target.rows()[0]["received"]
    assert server.target("calm").shown()["status"] == "UP"


def test_sigterm_under_load_loses_nothing(serve: Serve) -> None:
    server = serve(configuration(*LOADERS, retention=KEEP))
    load = Load(server, "until sigterm")
    load.run_for(2)
    assert not load.failures

    assert server.stop(20) == 0
    load.end()

    assert not load.refused
    for error in load.failures:  # connections that were closed between two requests; no half answers
        assert isinstance(error, ConnectionError), repr(error)
    assert not load.everything() - server.messages()
    assert_sound(server)
    assert "Traceback" not in server.log


def test_a_request_in_flight_at_sigterm_is_answered_and_on_disk(serve: Serve) -> None:
    server = serve(configuration("job"))
    head = f"POST {server.target('job').path} HTTP/1.1\r\nHost: localhost\r\n"

    with server.connection() as plain:
        plain.sendall(f"{head}Content-Length: 4\r\nExpect: 100-continue\r\n\r\n".encode())
        assert plain.recv(1000).startswith(b"HTTP/1.1 100 ")  # somebody is reading its body now
        server.signal(signal.SIGTERM)
        until(lambda: server.process and (server.process.poll() is not None or not server.listens()), 10)
        plain.sendall(b"late")
        answer = Answer.parse(rest_of(plain))

    assert answer.status == 200
    assert server.process
    assert server.process.wait(20) == 0
    assert server.messages() == {"late"}


# --- trouble with the database while running


def assert_503(answer: Answer) -> None:
    assert answer.status == 503, answer
    assert int(answer.headers["retry-after"]) > 0
    assert answer.json()["error"]


def test_a_locked_database_is_503_until_it_is_free_again(serve: Serve) -> None:
    server = serve(configuration("one", "two", "three", retention=KEEP))
    attempts: list[str] = []
    assert server.target("one").beat("before").status == 200
    server.target("one").becomes("UP")

    with contextlib.closing(sqlite3.connect(server.database, timeout=30, isolation_level=None)) as holder:
        holder.execute("begin exclusive")
        started = time.monotonic()
        with ThreadPoolExecutor(3) as pool:
            waiting = {
                f"locked {tag}": pool.submit(server.target(tag).beat, f"locked {tag}")
                for tag in ("one", "two", "three")
            }
            for path in ("/livez", "/", "/api/v1/monitors/one"):
                assert server.get(path, timeout=20).status == 200, path
            for answer in waiting.values():
                assert_503(answer.result(60))
        assert time.monotonic() - started < 30
        holder.execute("rollback")

    def is_back() -> bool:
        attempts.append(f"after {len(attempts)}")
        return server.target("two").beat(attempts[-1]).status == 200

    until(is_back, 20, "a 200 after the lock was released")
    assert {"before", attempts[-1]} <= server.messages()
    assert server.target("two").becomes("UP")
    assert server.is_alive()
    assert_sound(server)


def mount(*words: str) -> None:
    done = subprocess.run(["mount", *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"needs root and a kernel that mounts tmpfs: mount says {done.stderr.strip()!r}")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MB of its own."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount("-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Leave not one byte free."""
    filler = folder / "filler"
    with filler.open("ab", buffering=0) as file:
        for size in (65_536, 4_096, 1):
            with contextlib.suppress(OSError):
                while file.tell() < 100_000_000:
                    file.write(b"\0" * size)
    disk = os.statvfs(folder)
    assert disk.f_bavail == 0
    return filler


def test_a_full_disk_is_503_until_there_is_room(small_disk: Path, serve: Serve) -> None:
    server = serve(configuration("job", retention=KEEP), database=small_disk / "kener.db")
    target = server.target("job")
    assert target.beat("before").status == 200
    target.becomes("UP")
    kept = {"before"}
    filler = fill(small_disk)

    def is_full() -> Answer | None:
        message = f"full {len(kept)} ".ljust(90_000, "x")  # large ones: the journal may still have room
        answer = target.beat(message)
        if answer.status == 200:
            kept.add(message)
            return None
        return answer

    refused = until(is_full, 60, "a 503")
    assert_503(refused)
    for path in ("/livez", "/", "/api/v1/monitors/job"):
        assert server.get(path).status == 200, path
    filler.unlink()

    until(lambda: target.beat("room again").status == 200, 30, "a 200 after space was freed")
    assert kept | {"room again"} <= server.messages()
    assert target.becomes("UP")
    assert server.is_alive()
    assert_sound(server)
    server.kill()
    server.start()
    assert kept | {"room again"} <= server.messages()


# --- databases that must not be touched


def assert_refused(server: Server, *words: str) -> None:
    """The start ends by itself, with one clear message and no traceback."""
    code, errors = server.refused()

    assert code not in (0, -signal.SIGKILL, -signal.SIGSEGV), errors
    assert "Traceback" not in errors
    lines = [line for line in errors.splitlines() if line.strip()]
    assert any(all(word in line for word in words) for line in lines), errors
    assert len(lines) <= 5, errors


@pytest.fixture
def used(serve: Serve) -> Server:
    """A server that has run once and left a database with one heartbeat, all of it in the one file."""
    server = serve(configuration("job"))
    assert server.target("job").beat("from before").status == 200
    assert server.stop() == 0
    with contextlib.closing(sqlite3.connect(server.database)) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
    return server


def test_after_a_clean_stop_the_one_file_is_everything(serve: Serve, tmp_path: Path) -> None:
    """Stop, copy kener.db, start elsewhere: what "one file to back up" makes people do."""
    server = serve(configuration("job"))
    assert server.target("job").beat("worth keeping").status == 200
    server.target("job").becomes("UP")
    assert server.stop() == 0

    copy = tmp_path / "copied.db"
    copy.write_bytes(server.database.read_bytes())

    assert serve(configuration("job"), database=copy).messages() == {"worth keeping"}


def test_a_file_that_is_no_database_is_refused_and_left_alone(serve: Serve) -> None:
    server = serve(configuration("job"), start=False)
    text = b"These are my notes, not a database.\n" * 500
    server.database.write_bytes(text)

    assert_refused(server, "kener.db")

    assert server.database.read_bytes() == text
    assert not list(server.folder.glob("kener.db-*")), "no journal of ours beside a file that is not ours"


def test_the_database_of_another_program_is_refused_and_left_alone(serve: Serve) -> None:
    server = serve(configuration("job"), start=False)
    with contextlib.closing(sqlite3.connect(server.database)) as other:
        other.executescript("create table heartbeat (id integer primary key, patient text, bpm int);")
    before = server.database.read_bytes()

    assert_refused(server, "kener.db")

    assert server.database.read_bytes() == before


def damage_header(path: Path) -> None:
    path.write_bytes(b"\0" * 100 + path.read_bytes()[100:])


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:1000])


@pytest.mark.parametrize("damage", [damage_header, cut_off])
def test_a_damaged_database_is_refused_and_left_alone(used: Server, damage: Callable[[Path], None]) -> None:
    damage(used.database)
    before = used.database.read_bytes()

    assert_refused(used, "kener.db")

    assert used.database.read_bytes() == before


def add_future_migration(database: Path) -> str:
    """Pretend that a later version has migrated this file; the name of the unknown migration."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        tables = [
            name
            for (name,) in connection.execute("select name from sqlite_schema where type = 'table'")
            if "migration" in name
        ]
        if not tables:
            (version,) = connection.execute("pragma user_version").fetchone()
            assert version, "neither a migrations table nor a user_version: a newer file cannot be recognised"
            connection.execute(f"pragma user_version = {version + 1000}")
            future = str(version + 1000)
        else:
            (table,) = tables
            columns = {row[1]: row[2].upper() for row in connection.execute(f"pragma table_info([{table}])")}
            latest = connection.execute(f"select * from [{table}] order by rowid desc").fetchone()
            values = dict(zip(columns, latest, strict=True))
            key = next(name for name in ("name", "migration", "version", "id") if name in columns)
            for name, kind in columns.items():
                if name in ("id", "rowid") or (name == key and "INT" in kind):
                    values[name] = int(values[name]) + 1000
            if "INT" not in columns[key]:
                values[key] = "9999_from_the_future"
            future = str(values[key])
            marks = ", ".join("?" * len(values))
            names = ", ".join(f"[{name}]" for name in values)
            connection.execute(f"insert into [{table}] ({names}) values ({marks})", list(values.values()))
        connection.commit()
        connection.execute("pragma wal_checkpoint(truncate)")
    return future


def test_a_database_from_a_newer_version_is_refused_and_left_alone(used: Server) -> None:
    future = add_future_migration(used.database)
    before = used.database.read_bytes()

    assert_refused(used, "kener.db", future)

    assert used.database.read_bytes() == before
    assert used.messages() == {"from before"}


def test_an_immutable_database_is_refused(used: Server) -> None:
    done = subprocess.run(["chattr", "+i", used.database], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"needs root and a file system with chattr: {done.stderr.strip()!r}")
    try:
        assert_refused(used, "kener.db")
    finally:
        subprocess.run(["chattr", "-i", used.database], check=True)
    assert used.restart().messages() == {"from before"}


def test_a_database_on_a_read_only_disk_is_refused(small_disk: Path, serve: Serve) -> None:
    server = serve(configuration("job"), database=small_disk / "kener.db")
    assert server.target("job").beat("from before").status == 200
    assert server.stop() == 0
    mount("-o", "remount,ro", str(small_disk))

    assert_refused(server, "kener.db")

    mount("-o", "remount,rw", str(small_disk))
    assert server.start().messages() == {"from before"}


@pytest.mark.parametrize(
    ("place", "named"), [("missing/kener.db", "missing"), ("a-folder.db", "a-folder.db")]
)
def test_a_database_that_cannot_be_a_file_is_refused(
    serve: Serve, tmp_path: Path, place: str, named: str
) -> None:
    (tmp_path / "a-folder.db").mkdir()
    server = serve(configuration("job"), database=tmp_path / place, start=False)

    assert_refused(server, str(tmp_path / named))


def test_a_database_on_a_full_disk_is_refused_or_served_with_503(small_disk: Path, serve: Serve) -> None:
    """Nothing can be written at start: a clear end is fine, waiting for room is fine, a lie is not."""
    server = serve(configuration("job"), database=small_disk / "kener.db", start=False)
    filler = fill(small_disk)
    process = server.launch()
    until(lambda: process.poll() is not None or server.listens(), 60, "an end or an open port")

    if process.poll() is None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            assert server.target("job").beat().status != 200
        server.stop()
    else:
        assert process.returncode > 0
        assert "Traceback" not in server.log
        assert str(server.database) in server.log
    filler.unlink()
    assert server.start().target("job").beat().status == 200


def test_a_journal_left_by_a_crash_is_picked_up_after_a_copy(serve: Serve, tmp_path: Path) -> None:
    """Somebody copies the three files of a crashed server to another machine."""
    server = serve(configuration("job"))
    assert [server.target("job").beat(str(n)).status for n in range(50)] == [200] * 50
    server.kill()
    folder = tmp_path / "other"
    folder.mkdir()
    for path in server.folder.glob("kener.db*"):
        (folder / path.name).write_bytes(path.read_bytes())

    other = serve(configuration("job"), database=folder / "kener.db")

    assert other.messages() == {str(n) for n in range(50)}
    assert other.target("job").becomes("UP")
