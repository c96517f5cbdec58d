"""Backups of a server under load, restores on what it left, disks and processes that end in between."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import Serve
from .server import ROOT, Server, configuration, environment, run
from .test_crash import KEEP, LOADERS, Load, assert_refused, assert_sound, fill, mount, small_disk  # noqa: F401

pytestmark = pytest.mark.real

FILLING = 40_000  # rows of 1 kB: enough for a backup to take a while


# --- parts


def command(server: Server, *words: str) -> list[str]:
    return [sys.executable, "-m", "kener_py", words[0], *words[1:]]


def given(server: Server) -> dict[str, str]:
    return {"KENER_CONFIG": str(server.config), "KENER_DATABASE": str(server.database)}


def kener(server: Server, *words: str) -> tuple[int, str, str]:
    return run(command(server, *words), cwd=server.folder, env=given(server))


def told(server: Server, *words: str) -> dict[str, object]:
    """What a command that must succeed says in JSON."""
    code, out, errors = kener(server, *words, "--json")
    assert code == 0, errors
    said: dict[str, object] = json.loads(out)
    return said


def refused(server: Server, *words: str) -> str:
    code, out, errors = kener(server, *words)
    assert (code, out) == (1, ""), errors
    assert len(errors.splitlines()) == 1, errors
    return errors


def messages(path: Path) -> set[str]:
    """What heartbeats said in a whole database that nobody writes to."""
    with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as copy:
        assert copy.execute("pragma integrity_check").fetchone() == ("ok",)
        return {row[0] for row in copy.execute("select message from heartbeat where monitor <> 'filling'")}


@pytest.fixture
def large(serve: Serve) -> Server:
    """A server with 50 MB in its database."""
    server = serve(configuration(*LOADERS, "filling", retention=KEEP))
    assert server.stop() == 0
    with contextlib.closing(sqlite3.connect(server.database)) as connection:
        connection.executemany(
            "insert into heartbeat values ('filling', ?, 1, 'UP', ?, '{}', 'GET', '', '')",
            ((number, os.urandom(500).hex()) for number in range(FILLING)),
        )
        connection.execute("update state set beats = ? where monitor = 'filling'", [FILLING])
        connection.commit()
    return server.start()


@contextlib.contextmanager
def under_load(server: Server) -> Iterator[Load]:
    load = Load(server, f"load at {time.monotonic()}")
    load.run_for(0.5)
    try:
        yield load
    finally:
        load.end()
    assert not load.failures
    assert not load.refused


# --- under load


def test_a_backup_under_load_has_all_that_was_answered_before_it(large: Server) -> None:
    copy = large.folder / "copy.db"
    with under_load(large) as load:
        before = load.everything()
        started = time.monotonic()
        made = told(large, "backup", str(copy))
        took = time.monotonic() - started
        meanwhile = len(load.everything()) - len(before)

    assert before <= messages(copy)
    assert messages(copy) <= load.everything()
    assert made["bytes"] == copy.stat().st_size > 40_000_000
    assert meanwhile > 20 * took, "heartbeats were answered all the time"
    assert kener(large, "db", "check")[0] == 0
    assert_sound(large)


def test_backups_under_load_that_are_killed_leave_the_one_of_before(large: Server) -> None:
    copy = large.folder / "copy.db"
    part = large.folder / "copy.db.part"
    assert large.target(LOADERS[0]).beat("from before").status == 200
    told(large, "backup", str(copy))
    size = copy.stat().st_size
    seen = []
    with under_load(large) as load:
        for share in (0, 0.01, 0.1, 0.3, 0.6, 0.9, 1):
            process = subprocess.Popen(
                command(large, "backup", "--force", str(copy)),
                cwd=large.folder,
                env=environment(given(large)),
            )
            with process:
                while process.poll() is None:
                    with contextlib.suppress(FileNotFoundError):
                        if part.stat().st_size >= share * size:
                            process.kill()
                            break
            if process.returncode:
                seen.append(part.stat().st_size)
                assert messages(copy) == {"from before"}
                assert copy.stat().st_size == size
        assert large.is_alive()
        told(large, "backup", "--force", str(copy))
        everything = load.everything()

    assert len(seen) >= 4, "so many were cut off in the middle"
    assert 0 < seen[1] < size
    assert everything & messages(copy)
    assert not list(large.folder.glob("copy.db.part*"))
    assert_sound(large)


def test_after_kill_9_under_load_a_restore_is_killed_at_every_step(serve: Serve) -> None:
    """Always the one database or the other, whole; and the other is never lost."""
    server = serve(configuration(*LOADERS, retention=KEEP))
    copy = server.folder / "copy.db"
    assert server.target(LOADERS[0]).beat("in the backup").status == 200
    told(server, "backup", str(copy))
    load = Load(server, "since then")
    load.run_for(0.5)
    server.kill()
    load.end()
    acknowledged = load.everything() | {"in the backup"}
    place = server.folder / "cases"
    place.mkdir()
    for name in ("kener.db", "kener.db-wal", "copy.db"):
        (place / name).write_bytes((server.folder / name).read_bytes())
    assert (place / "kener.db-wal").stat().st_size > 0

    program = [sys.executable, str(ROOT / "tests" / "cut_off.py"), "restore", str(place)]
    code, _, errors = run(program, cwd=place, within=300)

    assert code == 0, errors
    cases = sorted(each for each in place.glob("0*"))
    assert len(cases) > 30
    states = []
    for case in cases:
        now = messages(case / "kener.db")
        is_restored = now == {"in the backup"}
        states.append(is_restored)
        if is_restored:
            assert acknowledged <= messages(case / "kener.db.before-restore-19700101T000000Z")
        else:
            assert acknowledged <= now
        assert messages(case / "again" / "kener.db") == {"in the backup"}
        kept = [messages(each) for each in (case / "again").glob("kener.db.before-restore-*Z*")]
        assert any(acknowledged <= each for each in kept)
        assert not list((case / "again").glob("*.part*"))
    assert states == sorted(states), "from some step on it is restored"
    assert {False, True} == set(states)

    server.database = cases[-1] / "kener.db"
    server.start()
    assert server.messages() == {"in the backup"}


def test_a_restore_beside_a_server_under_load_is_refused_and_disturbs_nothing(serve: Serve) -> None:
    server = serve(configuration(*LOADERS, retention=KEEP))
    copy = server.folder / "copy.db"
    told(server, "backup", str(copy))
    with under_load(server) as load:
        for words in (("restore", str(copy)), ("db", "vacuum")):
            assert "another kener-py is using this database; stop it first" in refused(server, *words)
        for words in (("db", "check"), ("db", "stats")):
            assert kener(server, *words)[0] == 0
        assert server.is_alive()
    assert load.everything() <= server.messages()
    assert_sound(server)


def test_a_backup_becomes_the_database_and_the_page_shows_it(serve: Serve) -> None:
    server = serve(configuration("job"))
    assert server.target("job").beat("disk broken", query="?status=down").status == 200
    server.target("job").becomes("DOWN")
    told(server, "backup", str(server.folder / "copy.db"))
    assert server.target("job").beat("well again").status == 200
    server.target("job").becomes("UP")
    assert server.stop() == 0

    said = told(server, "restore", str(server.folder / "copy.db"))
    server.start()

    assert server.messages() == {"disk broken"}
    server.target("job").becomes("DOWN", 10)
    assert messages(Path(str(said["before"]))) == {"disk broken", "well again"}


def test_a_backup_travels_through_pipes(serve: Serve) -> None:
    first, second = serve(configuration("job")), serve(configuration("job"), start=False)
    assert first.target("job").beat("far away").status == 200
    with subprocess.Popen(
        command(first, "backup", "-"),
        cwd=first.folder,
        env=environment(given(first)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as sending:
        done = subprocess.run(
            command(second, "restore", "-"),
            cwd=second.folder,
            env=environment(given(second)),
            stdin=sending.stdout,
            capture_output=True,
            text=True,
            check=False,
        )
    assert (sending.returncode, done.returncode) == (0, 0), done.stderr
    assert second.start().messages() == {"far away"}


def test_a_server_that_ends_beside_a_long_reader_ends_and_loses_nothing(serve: Serve) -> None:
    """Programs that copy the log hold such a transaction open."""
    server = serve(configuration("job"))
    with contextlib.closing(sqlite3.connect(server.database, isolation_level=None)) as reader:
        reader.execute("begin")
        reader.execute("select count(*) from heartbeat").fetchone()
        assert server.target("job").beat("while somebody reads").status == 200
        assert server.stop(20) == 0
        assert reader.execute("select count(*) from heartbeat").fetchone() == (0,)
    assert "kener.db-wal until the next start: another program is reading" in server.log
    assert server.start().messages() == {"while somebody reads"}


# --- disks


def test_a_backup_to_a_full_disk_leaves_the_one_of_before(small_disk: Path, large: Server) -> None:  # noqa: F811
    copy = small_disk / "copy.db"
    copy.write_bytes(b"of yesterday")

    said = refused(large, "backup", "--force", str(copy))

    assert "full" in said
    assert "make room, or name another place" in said
    assert {each.name: each.read_bytes() for each in small_disk.iterdir()} == {"copy.db": b"of yesterday"}
    assert large.is_alive()


def test_a_restore_to_a_full_disk_changes_nothing(small_disk: Path, serve: Serve) -> None:  # noqa: F811
    server = serve(configuration("job"), database=small_disk / "kener.db")
    copy = server.folder / "copy.db"
    assert server.target("job").beat("from before").status == 200
    told(server, "backup", str(copy))
    assert server.target("job").beat("since then").status == 200
    assert server.stop() == 0
    filler = fill(small_disk)

    assert "the disk is full; make room" in refused(server, "restore", str(copy))
    assert "the disk is full; make room" in refused(server, "db", "vacuum")

    filler.unlink()
    assert not list(small_disk.glob("*.part*"))
    assert server.start().messages() == {"from before", "since then"}


def test_an_upgrade_on_a_full_disk_does_not_begin(small_disk: Path, serve: Serve) -> None:  # noqa: F811
    database = small_disk / "kener.db"
    with contextlib.closing(sqlite3.connect(database)) as old:
        old.executescript((ROOT / "tests" / "frozen" / "m001_first.sql").read_text())
    server = serve(configuration("steady"), database=database, start=False)
    (small_disk / "kener.db.lock").touch()
    filler = fill(small_disk)

    assert_refused(server, "kener.db", "the disk is full")

    filler.unlink()
    with contextlib.closing(sqlite3.connect(database)) as old:
        assert old.execute("select name from _sqlite_migrations").fetchall() == [("m001_first",)]
    assert "steady says ✓" in server.start().messages()
    assert (small_disk / "kener.db.before-m002_safeguards").exists()


def test_a_read_only_disk_is_named_as_such(small_disk: Path, serve: Serve) -> None:  # noqa: F811
    server = serve(configuration("job"), database=small_disk / "kener.db")
    assert server.target("job").beat("from before").status == 200
    copy = server.folder / "copy.db"
    told(server, "backup", str(copy))
    assert server.stop() == 0
    mount("-o", "remount,ro", str(small_disk))

    assert_refused(server, "kener.db", "on a read-only file system")
    assert "on a read-only file system" in refused(server, "restore", str(copy))
    assert "on a read-only file system" in refused(server, "backup", str(small_disk / "copy.db"))

    mount("-o", "remount,rw", str(small_disk))
    assert server.start().messages() == {"from before"}


def test_damage_within_ends_the_start_in_words_and_names_the_backup(serve: Serve) -> None:
    server = serve(configuration("job"))
    assert server.target("job").beat("from before").status == 200
    server.target("job").becomes("UP")
    copy = server.folder / "monday.backup"
    told(server, "backup", str(copy))
    assert server.stop() == 0
    content = server.database.read_bytes()
    with contextlib.closing(sqlite3.connect(server.database)) as connection:
        (page,) = connection.execute("select rootpage from sqlite_master where name = 'state'").fetchone()
        connection.execute("pragma wal_checkpoint(truncate)")
    begin = (page - 1) * 4096
    server.database.write_bytes(content[:begin] + b"\xff" * 4096 + content[begin + 4096 :])

    assert_refused(server, "kener.db", "the database is damaged", f"kener-py restore {copy}")

    told(server, "restore", str(copy))
    assert server.start().messages() == {"from before"}
