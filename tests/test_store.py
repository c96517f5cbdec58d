"""The SQLite file: what is answered is on disk, what is not ours is left alone, what is kept is bounded."""

import contextlib
import os
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kener_py import store
from kener_py.model import (
    MINUTE,
    SECOND,
    Alert,
    AlertStatus,
    Change,
    Delivery,
    DeliveryStatus,
    Gap,
    Heartbeat,
    Incident,
    IncidentState,
    IncidentUpdate,
    Instant,
    Limits,
    Notice,
    Rejection,
    Severity,
    State,
    Status,
)
from kener_py.store import database

NOW: Instant = 1_790_768_460_000  # 2026-09-30T11:41:00Z
LIMITS = Limits(5 * MINUTE, 10 * MINUTE)
TOLD_TO_WAIT = "pragma busy_timeout = 30"  # milliseconds, for tests that hold the lock


# ---- parts -----------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kener.db"


@pytest.fixture
def db(path: Path) -> Iterator[store.Store]:
    opened = store.Store(path)
    yield opened
    opened.close()


@cache
def empty_tables() -> bytes:
    with contextlib.closing(store.Database(sqlite3.connect(":memory:", isolation_level=None))) as db:
        database.MIGRATIONS.apply(db)
        return db.conn.serialize()


@contextlib.contextmanager
def tables() -> Iterator[store.Database]:
    """A connection with the tables, for the functions that read and write rows."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.deserialize(empty_tables())
    with contextlib.closing(store.Database(connection)) as db:
        yield db


@pytest.fixture
def rows() -> Iterator[store.Database]:
    with tables() as db:
        yield db


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that another user can reach; pytest's own are private."""
    with tempfile.TemporaryDirectory(prefix="kener-store-") as name:
        os.chmod(name, 0o755)
        yield Path(name)


@contextlib.contextmanager
def a_user_without_rights() -> Iterator[None]:
    """Root may write anything, so give that up for a moment."""
    if os.geteuid() != 0:
        yield
        return
    os.setegid(65534)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def note(db: store.Database, tag: str, reason: str = "test") -> None:
    """The smallest write there is."""
    store.add_rejections(db, {(tag, reason): 1}, NOW)


def noted(path: Path) -> set[str]:
    """What a connection that nobody else has sees on the disk."""
    with contextlib.closing(sqlite3.connect(path)) as other:
        return {row[0] for row in other.execute("select monitor from rejection")}


def count(db: store.Database, table: str) -> int:
    return int(db.execute(f"select count(*) from {table}").fetchone()[0])


def queue_up(db: store.Store, *jobs) -> list[threading.Thread]:
    """Give the writer these jobs while it is busy, so that they become one transaction."""
    started, go = threading.Event(), threading.Event()

    def block(_: store.Database) -> None:
        started.set()
        assert go.wait(5)

    threads = [threading.Thread(target=db.write, args=(block,))]
    threads[0].start()
    assert started.wait(5)
    for number, job in enumerate(jobs, 1):
        threads.append(threading.Thread(target=job))
        threads[-1].start()
        wait_until(lambda number=number: db._writer.waiting() >= number)
    go.set()
    return threads


def wait_until(is_so, seconds: float = 5.0) -> None:
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.001)


# ---- the writer ------------------------------------------------------------------------------


def test_a_write_returns_what_its_job_returned(db):
    assert db.write(lambda rows: rows.execute("select 41 + 1").fetchone()[0]) == 42


def test_what_was_answered_is_on_disk_for_every_thread(db, path):
    missing: list[str] = []

    def work(name: str) -> None:
        for number in range(20):
            tag = f"{name}-{number}"
            db.write(lambda rows, tag=tag: note(rows, tag))
            if not db.read().execute("select 1 from rejection where monitor = ?", [tag]).fetchone():
                missing.append(tag)

    threads = [threading.Thread(target=work, args=(f"thread{n}",)) for n in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert missing == []
    assert len(noted(path)) == 24 * 20


def test_jobs_that_queue_up_share_one_transaction(db):
    begins: list[str] = []
    db._db.conn.set_trace_callback(lambda sql: begins.append(sql) if sql.startswith("begin") else None)
    threads = queue_up(db, *[lambda n=n: db.write(lambda rows: note(rows, str(n))) for n in range(8)])
    for thread in threads:
        thread.join()
    assert len(begins) == 2  # one for the job that blocks, one for all others


def test_a_bad_job_fails_alone(db, path):
    failures: list[Exception] = []

    def bad() -> None:
        try:
            db.write(lambda rows: (note(rows, "half"), 1 / 0))
        except ZeroDivisionError as error:
            failures.append(error)

    good = [lambda n=n: db.write(lambda rows: note(rows, f"good{n}")) for n in range(3)]
    for thread in queue_up(db, good[0], bad, good[1], good[2]):
        thread.join()
    assert len(failures) == 1
    assert noted(path) == {"good0", "good1", "good2"}


def test_a_job_that_breaks_a_unique_index_fails_alone(db, path):
    db.write(lambda rows: store.save_alerts(rows, [alert()]))
    with pytest.raises(sqlite3.IntegrityError):
        db.write(lambda rows: store.save_alerts(rows, [alert()]))
    db.write(lambda rows: note(rows, "after"))
    assert noted(path) == {"after"}


def test_nothing_of_a_job_is_seen_before_its_commit(db, path):
    wrote, go = threading.Event(), threading.Event()

    def job(rows: store.Database) -> None:
        note(rows, "new")
        wrote.set()
        assert go.wait(5)

    thread = threading.Thread(target=db.write, args=(job,))
    thread.start()
    assert wrote.wait(5)
    before = noted(path), store.rejections(db.read())
    go.set()
    thread.join()
    assert before == (set(), ())
    assert noted(path) == {"new"}


def test_a_read_does_not_wait_for_a_write(db):
    busy, go = threading.Event(), threading.Event()

    def job(rows: store.Database) -> None:
        note(rows, "new")
        busy.set()
        assert go.wait(5)

    thread = threading.Thread(target=db.write, args=(job,))
    thread.start()
    assert busy.wait(5)
    started = time.monotonic()
    store.states(db.read())
    assert time.monotonic() - started < 1
    go.set()
    thread.join()


def test_a_connection_for_reading_cannot_write(db):
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        note(db.read(), "x")


def test_each_thread_reads_through_its_own_connection(db):
    found = []
    thread = threading.Thread(target=lambda: found.append(db.read()))
    thread.start()
    thread.join()
    assert found[0] is not db.read()
    assert db.read() is db.read()


def test_the_disk_is_waited_for_at_each_commit(db):
    assert db.write(lambda rows: rows.execute("pragma synchronous").fetchone()[0]) == 2
    assert db.read().execute("pragma journal_mode").fetchone()[0] == "wal"


def test_a_full_queue_refuses(db, monkeypatch):
    monkeypatch.setattr("kener_py.store.writer.MOST_WAITING", 1)
    refused: list[str] = []

    def one_too_many() -> None:
        try:
            db.write(lambda rows: note(rows, "late"))
        except store.Unavailable as error:
            refused.append(str(error))

    started, go = threading.Event(), threading.Event()
    busy = threading.Thread(target=db.write, args=(lambda rows: (started.set(), go.wait(5)),))
    busy.start()
    assert started.wait(5)
    waiting = threading.Thread(target=db.write, args=(lambda rows: note(rows, "early"),))
    waiting.start()
    wait_until(lambda: db._writer.waiting() == 1)
    one_too_many()
    monkeypatch.setattr("kener_py.store.database.MOST_WAITING", 1)
    does_answer = db.answers(5.0)
    go.set()
    busy.join()
    waiting.join()
    assert refused == ["too many writes are waiting"]
    assert not does_answer
    assert db.answers(5.0)
    assert noted(db.path) == {"early"}


def test_a_write_that_takes_too_long_is_unavailable_and_never_done(db):
    started, go = threading.Event(), threading.Event()
    busy = threading.Thread(target=db.write, args=(lambda rows: (started.set(), go.wait(5)),))
    busy.start()
    assert started.wait(5)
    with pytest.raises(store.Unavailable, match="did not answer within 0 seconds"):
        db.write(lambda rows: note(rows, "late"), wait=0.01)
    go.set()
    busy.join()
    db.write(lambda rows: note(rows, "next"))
    assert noted(db.path) == {"next"}


def test_a_lock_that_another_program_holds_is_unavailable_soon_and_over_with_it(db, path):
    db.write(lambda rows: rows.execute(TOLD_TO_WAIT))
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("begin immediate")
        started = time.monotonic()
        with pytest.raises(store.Unavailable, match="locked"):
            db.write(lambda rows: note(rows, "refused"))
        assert time.monotonic() - started < 1
        other.execute("rollback")
    db.write(lambda rows: note(rows, "after"))
    assert noted(path) == {"after"}


def test_the_default_wait_for_a_lock_ends_before_a_caller_gives_up(db):
    waits = db.write(lambda rows: rows.execute("pragma busy_timeout").fetchone()[0])
    assert 0 < waits <= 5_000


def test_a_full_disk_is_unavailable_and_over_when_there_is_room(db, path):
    db.write(lambda rows: note(rows, "before"))
    pages = db.write(lambda rows: rows.execute("pragma page_count").fetchone()[0])
    db.write(lambda rows: rows.execute(f"pragma max_page_count = {pages}"))
    with pytest.raises(store.Unavailable, match="full"):
        db.write(lambda rows: note(rows, "x" * 100_000))
    db.write(lambda rows: rows.execute("pragma max_page_count = 1000000"))
    db.write(lambda rows: note(rows, "after"))
    assert noted(path) == {"before", "after"}


def test_a_full_disk_refuses_everyone_in_the_transaction(db, path):
    pages = db.write(lambda rows: rows.execute("pragma page_count").fetchone()[0])
    db.write(lambda rows: rows.execute(f"pragma max_page_count = {pages}"))
    outcomes: list[str] = []

    def call(tag: str) -> None:
        try:
            db.write(lambda rows: note(rows, tag))
            outcomes.append("written")
        except store.Unavailable:
            outcomes.append("refused")

    for thread in queue_up(db, lambda: call("small"), lambda: call("x" * 100_000)):
        thread.join()
    assert outcomes.count("written") == len(noted(path))
    assert "refused" in outcomes


def test_close_commits_what_is_queued(path):
    db = store.Store(path)
    threads = queue_up(db, *[lambda n=n: db.write(lambda rows: note(rows, str(n))) for n in range(5)])
    db.close()
    for thread in threads:
        thread.join()
    assert noted(path) == {"0", "1", "2", "3", "4"}


def test_a_closed_store_can_be_opened_again(path):
    for tag in ("one", "two"):
        db = store.Store(path)
        db.write(lambda rows, tag=tag: note(rows, tag))
        db.close()
    assert noted(path) == {"one", "two"}


@pytest.mark.real
def test_what_was_answered_survives_a_kill(path):
    script = """
import os, sys
from pathlib import Path
from kener_py import store
db = store.Store(Path(sys.argv[1]))
for number in range(50):
    db.write(lambda rows: store.add_rejections(rows, {(str(number), "test"): 1}, 1))
    print(number, flush=True)
os.kill(os.getpid(), 9)
"""
    ran = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True)
    assert ran.stdout.split()
    assert set(ran.stdout.split()) <= noted(path)


# ---- opening with care -----------------------------------------------------------------------


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def refusal(path: Path) -> str:
    """Why the store refuses this file: one clear sentence."""
    with pytest.raises(store.StoreError) as caught:
        store.Store(path).close()
    text = str(caught.value)
    assert "\n" not in text
    assert "Traceback" not in text
    assert len(text) < 300 + len(str(path))
    return text


def test_a_second_store_on_the_same_file_is_refused(db, path):
    assert "another kener-py is using this database" in refusal(path)


@pytest.mark.real
def test_a_second_store_in_another_process_is_refused(db, path):
    script = "import sys, pathlib; from kener_py import store; store.Store(pathlib.Path(sys.argv[1]))"
    ran = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True)
    assert "another kener-py is using this database" in ran.stderr


@pytest.mark.parametrize("content", [b"hello" * 1000, b"x", b"SQLite format 2\0" + b"\0" * 4096])
def test_a_file_that_is_no_database_is_refused_and_left_alone(path, content):
    path.write_bytes(content)
    assert "not a SQLite database" in refusal(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_foreign_database_is_refused_and_left_alone(path, mode):
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute(f"pragma journal_mode = {mode}")
        other.execute("create table customer (name text)")
        other.commit()
    before = path.read_bytes()
    assert "not one of kener-py" in refusal(path)
    assert path.read_bytes() == before


def test_a_database_of_a_newer_version_is_refused_and_left_alone(path):
    store.Store(path).close()
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute(
            "insert into _sqlite_migrations (migration_set, name, applied_at) values ('kener', 'm999', '')"
        )
        other.commit()
    before = path.read_bytes()
    assert "written by a newer version of kener-py (m999)" in refusal(path)
    assert path.read_bytes() == before
    with pytest.raises(store.StoreError, match="newer version"):
        store.read_only(path)


def test_a_damaged_database_is_refused_and_left_alone(path):
    store.Store(path).close()
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))
    before = path.read_bytes()
    refusal(path)
    assert path.read_bytes() == before


def test_a_missing_folder_is_named(tmp_path):
    assert "its folder does not exist" in refusal(tmp_path / "nowhere" / "kener.db")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_place_of_the_file_is_refused(path):
    path.mkdir()
    assert "a folder; server.database must name a file" in refusal(path)
    assert list(path.iterdir()) == []


def test_a_folder_that_may_not_be_written_is_refused(folder):
    folder.chmod(0o555)
    with a_user_without_rights():
        assert "must own the folder" in refusal(folder / "kener.db")
    assert list(folder.iterdir()) == []


def test_a_file_that_may_not_be_written_is_refused_and_left_alone(folder):
    path = folder / "kener.db"
    store.Store(path).close()
    path.with_name("kener.db.lock").unlink()
    before = path.read_bytes()
    path.chmod(0o444)
    folder.chmod(0o777)
    with a_user_without_rights():
        assert "cannot be written" in refusal(path)
    assert path.read_bytes() == before


def test_an_empty_file_becomes_a_database(path):
    path.touch()
    store.Store(path).close()
    store.read_only(path).close()


def test_a_name_with_characters_of_a_url_is_a_name(tmp_path):
    path = tmp_path / "a?mode=memory#50% ü.db"
    db = store.Store(path)
    db.write(lambda rows: note(rows, "x"))
    db.close()
    assert noted(path) == {"x"}


def test_a_refused_file_can_be_used_once_it_is_well(path):
    path.write_bytes(b"hello" * 1000)
    refusal(path)
    path.unlink()
    store.Store(path).close()


def test_the_migrations_are_recorded_once(path):
    for _ in range(3):
        store.Store(path).close()
    with contextlib.closing(sqlite3.connect(path)) as other:
        assert other.execute("select name from _sqlite_migrations").fetchall() == [
            (migration.name,) for migration in database.MIGRATIONS._migrations
        ]


def test_every_table_is_strict(rows):
    tables = rows.execute("select name, strict from pragma_table_list where schema = 'main'").fetchall()
    loose = {name for name, strict in tables if not strict and not name.startswith(("sqlite_", "_sqlite"))}
    assert loose == set()


def test_a_first_start_that_was_cut_off_can_be_repeated(path):
    with contextlib.closing(store.Database(str(path))) as begun:
        database.MIGRATIONS.ensure_migrations_table(begun)
    store.Store(path).close()
    store.read_only(path).close()


def test_a_database_of_another_program_that_uses_sqlite_utils_is_refused(path):
    with contextlib.closing(store.Database(str(path))) as other:
        migrations = type(database.MIGRATIONS)("somebody-else")
        migrations(name="m1")(lambda db: db.execute("create table note (text text)"))
        migrations.apply(other)
    before = path.read_bytes()
    assert "not one of kener-py" in refusal(path)
    assert path.read_bytes() == before


def test_a_second_store_through_a_link_is_refused(db, path, tmp_path):
    link = tmp_path / "link.db"
    link.symlink_to(path)
    assert "another kener-py is using this database" in refusal(link)


def test_a_refused_file_gets_no_lock_beside_it(path, tmp_path):
    path.write_bytes(b"hello" * 1000)
    refusal(path)
    assert set(contents(tmp_path)) == {"kener.db"}


@pytest.mark.parametrize("name", ["kener.db", "deeper/kener.db"])
@pytest.mark.parametrize("open_it", [store.Store, store.read_only])
def test_a_folder_that_may_not_be_entered_is_refused(folder, name, open_it):
    (folder / "private").mkdir(mode=0)
    with a_user_without_rights(), pytest.raises(store.StoreError, match="Permission denied"):
        open_it(folder / "private" / name)


def test_at_the_end_the_one_file_is_everything_although_threads_have_read(path):
    opened = store.Store(path)
    opened.write(lambda rows: note(rows, "one"))
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda _: len(store.rejections(opened.read())), range(2))) == [1, 1]
        opened.close()
    one_file = {"kener.db", "kener.db.lock"}
    assert set(contents(path.parent)) == one_file
    with contextlib.closing(store.read_only(path)) as later:
        assert len(store.rejections(later)) == 1
    assert set(contents(path.parent)) == one_file


def test_a_long_look_sees_what_a_server_writes_that_started_meanwhile(path):
    store.Store(path).close()
    with contextlib.closing(store.Onlooker(path)) as looking:
        before = looking.version()
        with contextlib.closing(store.Store(path)) as server:
            server.write(lambda rows: note(rows, "one"))
            assert [each.monitor for each in store.rejections(looking.read())] == ["one"]
        assert looking.version() != before


def test_a_write_to_a_closed_store_is_refused_at_once(path):
    db = store.Store(path)
    db.close()
    with pytest.raises(store.Unavailable, match="closed"):
        db.write(lambda rows: None, wait=0.05)


# ---- reading beside a server -----------------------------------------------------------------


def test_read_only_sees_what_a_writer_commits(db, path):
    with contextlib.closing(store.read_only(path)) as beside:
        db.write(lambda rows: note(rows, "one"))
        assert [each.monitor for each in store.rejections(beside)] == ["one"]
        db.write(lambda rows: note(rows, "two"))
        assert {each.monitor for each in store.rejections(beside)} == {"one", "two"}


def test_read_only_works_while_the_writer_is_in_a_transaction(db, path):
    busy, go = threading.Event(), threading.Event()
    thread = threading.Thread(target=db.write, args=(lambda rows: (note(rows, "x"), busy.set(), go.wait(5)),))
    thread.start()
    assert busy.wait(5)
    with contextlib.closing(store.read_only(path)) as beside:
        assert store.rejections(beside) == ()
    go.set()
    thread.join()


def test_read_only_cannot_write(db, path):
    with (
        contextlib.closing(store.read_only(path)) as beside,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        note(beside, "x")


def test_read_only_makes_no_file(path):
    with pytest.raises(store.StoreError, match="no such database"):
        store.read_only(path)
    assert not path.exists()


@pytest.mark.parametrize(("content", "text"), [(b"", "empty"), (b"hello" * 1000, "not a SQLite database")])
def test_read_only_refuses_what_is_not_ours(path, content, text):
    path.write_bytes(content)
    with pytest.raises(store.StoreError, match=text):
        store.read_only(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_a_new_database_is_for_its_owner_only_and_an_old_one_as_it_was(path, mask):
    before = os.umask(mask)
    try:
        for mode in (0o600, 0o640):
            opened = store.Store(path)
            opened.write(lambda db: db.execute("select 1"))
            files = [path, *path.parent.glob(f"{path.name}-*")]
            assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {mode}
            opened.close()
            path.chmod(0o640)
    finally:
        os.umask(before)


# ---- round trips -----------------------------------------------------------------------------


def state(tag: str = "backup", **of) -> State:
    return State(tag, LIMITS, **of)


def alert(**of) -> Alert:
    return Alert(
        **{
            "id": None,
            "rule": "DOWN",
            "monitor": "backup",
            "status": AlertStatus.TRIGGERED,
            "started": NOW,
            "severity": Severity.MAJOR,
            **of,
        }
    )


def incident(**of) -> Incident:
    return Incident(
        **{
            "id": None,
            "title": "Backup is down",
            "state": IncidentState.INVESTIGATING,
            "severity": Severity.MAJOR,
            "started": NOW,
            "created": NOW + 1,
            **of,
        }
    )


def notice(**of) -> Notice:
    return Notice(
        **{
            "kind": AlertStatus.TRIGGERED,
            "monitor": "backup",
            "name": "Backup",
            "status": Status.DOWN,
            "severity": Severity.CRITICAL,
            "rule": "DOWN",
            "since": NOW,
            "at": NOW + 1,
            "expected": "a heartbeat at least every 10 minutes",
            **of,
        }
    )


def delivery(name: str, target: str = "t1", tag: str = "backup", **of) -> Delivery:
    return Delivery(
        **{
            "id": name,
            "notifier": "ops",
            "target": target,
            "status": DeliveryStatus.WAITING,
            "created": NOW,
            "due": NOW,
            "notices": (notice(monitor=tag),),
            **of,
        }
    )


def beat(number: int, tag: str = "backup", **of) -> Heartbeat:
    return Heartbeat(**{"monitor": tag, "received": NOW + number * MINUTE, "message": str(number), **of})


FULL_STATE = State(
    "backup",
    Limits(1, 2, 3),
    last=NOW,
    reported=Status.DEGRADED,
    message="ünï\ncödé 🎉",
    beats=7,
    status=Status.UP,
    since=NOW - 1,
    head=Status.DOWN,
    head_since=NOW - 2,
    evaluated=NOW - 3,
    quiet_until=NOW + 4,
    is_counting=True,
    first=NOW - 5,
)


@pytest.mark.parametrize(
    "kept", [FULL_STATE, state(), state(head=Status.MAINTENANCE)], ids=["full", "new", "m"]
)
def test_a_state_comes_back_as_it_was(rows, kept):
    store.save_states(rows, [(kept, None)])
    assert store.state(rows, "backup") == kept
    assert store.states(rows) == {"backup": kept}


def test_a_saved_state_replaces_the_one_before_and_keeps_its_tick(rows):
    store.save_states(rows, [(state(), 5)])
    store.set_ticks(rows, [("backup", "* * * * *|UTC")])
    store.save_states(rows, [(FULL_STATE, 6)])
    assert store.states(rows) == {"backup": FULL_STATE}
    assert store.ticks(rows) == {"backup": "* * * * *|UTC"}


def test_a_tag_that_nobody_saved_has_no_state(rows):
    assert store.state(rows, "backup") is None


@pytest.mark.parametrize(
    ("due", "is_due"), [(NOW - 1, True), (NOW, False), (NOW + 1, False), (None, False), (0, True)]
)
def test_a_monitor_is_due_once_its_moment_has_passed(rows, due, is_due):
    store.save_states(rows, [(state(), due)])
    store.set_ticks(rows, [("backup", "* * * * *|UTC")])
    assert store.due_tags(rows, "* * * * *|UTC", NOW) == (["backup"] if is_due else [])
    assert store.due_tags(rows, "0 * * * *|UTC", NOW) == []


def test_looking_at_all_leaves_out_what_is_not_in_the_file(rows):
    for tag in ("in", "out"):
        store.save_states(rows, [(state(tag), None)])
    store.set_ticks(rows, [("in", "t")])
    store.look_at_all(rows)
    assert store.due_tags(rows, "t", NOW) == ["in"]
    store.set_ticks(rows, [("out", "t")])
    assert store.due_tags(rows, "t", NOW) == ["in"]


FULL_ALERT = alert(
    failures=3,
    successes=2,
    triggered=NOW + 1,
    recovered=NOW + 2,
    resolved=None,
    incident=9,
    severity=Severity.MINOR,
)


@pytest.mark.parametrize("kept", [alert(), FULL_ALERT, alert(status=AlertStatus.PENDING)])
def test_an_alert_comes_back_as_it_was(rows, kept):
    store.save_alerts(rows, [kept])
    (found,) = store.all_standing_alerts(rows)
    assert found == replace(kept, id=found.id)
    assert store.standing_alerts(rows, ["backup"]) == {"backup": {"DOWN": found}}
    assert store.standing_alerts(rows, ["other"]) == {}


def test_a_saved_alert_replaces_itself(rows):
    store.save_alerts(rows, [alert(status=AlertStatus.PENDING)])
    (first,) = store.all_standing_alerts(rows)
    later = replace(first, status=AlertStatus.TRIGGERED, failures=2, triggered=NOW, incident=4)
    store.save_alerts(rows, [later])
    assert store.all_standing_alerts(rows) == (later,)


def test_a_resolved_alert_stands_no_more_and_makes_room(rows):
    store.save_alerts(rows, [alert(status=AlertStatus.RESOLVED, resolved=NOW)])
    store.save_alerts(rows, [alert()])
    assert len(store.all_standing_alerts(rows)) == 1
    assert count(rows, "alert") == 2


def test_a_dropped_alert_is_gone(rows):
    store.save_alerts(rows, [alert()])
    store.drop_alerts(rows, store.all_standing_alerts(rows))
    assert count(rows, "alert") == 0


@pytest.mark.parametrize("other", [AlertStatus.PENDING, AlertStatus.TRIGGERED])
def test_two_standing_alerts_of_one_rule_cannot_be(rows, other):
    store.save_alerts(rows, [alert()])
    with pytest.raises(sqlite3.IntegrityError):
        store.save_alerts(rows, [alert(status=other)])
    store.save_alerts(rows, [alert(rule="another")])
    store.save_alerts(rows, [alert(monitor="another")])


def test_an_incident_comes_back_as_it_was_with_its_first_update(rows):
    new = incident(opened_for="backup", is_public=False, monitors=("backup", "web"))
    number = store.add_incident(rows, new, "We look into it.")
    first = IncidentUpdate(1, number, IncidentState.INVESTIGATING, "We look into it.", NOW + 1)
    assert store.incident(rows, number) == replace(new, id=number, updates=(first,))
    assert store.open_incidents_for(rows, ["backup"]) == {"backup": store.incident(rows, number)}


def test_a_resolved_incident_tells_its_newest_update_first_and_is_open_no_more(rows):
    number = store.add_incident(rows, incident(opened_for="backup"), "first")
    store.resolve_incident(rows, number, NOW + 5, "over", NOW + 9)
    found = store.incident(rows, number)
    assert found is not None
    assert (found.state, found.resolved) == (IncidentState.RESOLVED, NOW + 5)
    assert [update.text for update in found.updates] == ["over", "first"]
    assert store.open_incidents_for(rows, ["backup"]) == {}


def test_two_open_incidents_for_one_monitor_cannot_be(rows):
    number = store.add_incident(rows, incident(opened_for="backup"), "first")
    with pytest.raises(sqlite3.IntegrityError):
        store.add_incident(rows, incident(opened_for="backup"), "second")
    store.add_incident(rows, incident(opened_for="web"), "of another")
    store.add_incident(rows, incident(), "by hand")
    store.add_incident(rows, incident(), "by hand too")
    store.resolve_incident(rows, number, NOW, "over", NOW)
    store.add_incident(rows, incident(opened_for="backup"), "again")


def test_the_number_of_an_incident_is_never_given_again(rows):
    first = store.add_incident(rows, incident(resolved=NOW), "x")
    store.forget_old(rows, NOW + 1)
    assert store.incident(rows, first) is None
    assert store.add_incident(rows, incident(), "y") > first


def test_incidents_are_those_open_or_ended_since_newest_first(rows):
    old = store.add_incident(rows, incident(started=NOW - 9, resolved=NOW - 5), "x")
    edge = store.add_incident(rows, incident(started=NOW - 8, resolved=NOW, monitors=("web",)), "x")
    is_open = store.add_incident(rows, incident(started=NOW - 99, monitors=("web", "backup")), "x")
    new = store.add_incident(rows, incident(started=NOW + 1), "x")
    assert [each.id for each in store.incidents(rows, NOW)] == [new, edge, is_open]
    assert [each.id for each in store.incidents(rows, NOW, "web")] == [edge, is_open]
    assert [each.id for each in store.incidents(rows, 0)] == [new, edge, old, is_open]


@pytest.mark.parametrize(
    "kept",
    [
        notice(),
        notice(
            kind=AlertStatus.RESOLVED,
            recovered=NOW + 2,
            last=NOW - 3,
            message="Grüße\n'\"\\ 🎉",
            description="See the runbook.",
            incident=4,
            away=Gap(NOW - 10, NOW - 5),
            is_removed=True,
        ),
    ],
    ids=["plain", "full"],
)
def test_a_delivery_comes_back_as_it_was_with_its_notices(rows, kept):
    new = delivery("d1", notices=(kept, replace(kept, monitor="other")), error="refused")
    store.add_deliveries(rows, [new])
    assert store.deliveries(rows, 9) == (new,)


def test_deliveries_are_told_newest_first_and_not_too_many(rows):
    for name in "abc":
        store.add_deliveries(rows, [delivery(name)])
    assert [each.id for each in store.deliveries(rows, 2)] == ["c", "b"]


def test_a_delivery_with_a_known_id_cannot_be_added_again(rows):
    store.add_deliveries(rows, [delivery("same")])
    with pytest.raises(sqlite3.IntegrityError):
        store.add_deliveries(rows, [delivery("same", target="t2")])


def test_the_newest_arrivals_of_each_monitor_are_told(rows):
    store.log_beats(rows, [(beat(number, received=NOW + number), number) for number in range(1, 6)], 100)
    assert store.arrivals(rows, ["backup", "web"], 2) == {"backup": [NOW + 5, NOW + 4], "web": []}


def test_rejections_are_added_up(rows):
    store.add_rejections(rows, {("backup", "wrong secret"): 2, ("", "wrong secret"): 1}, NOW)
    store.add_rejections(rows, {("backup", "wrong secret"): 3}, NOW + 5)
    assert store.rejections(rows) == (
        Rejection("backup", "wrong secret", 5, NOW + 5),
        Rejection("", "wrong secret", 1, NOW),
    )


# ---- the ring of heartbeats ------------------------------------------------------------------


def test_a_heartbeat_comes_back_as_it_was(rows):
    kept = Heartbeat(
        "backup",
        NOW,
        Status.DEGRADED,
        "Grüße\n🎉",
        (("rows", 3.5), ("größe", -1e300), ("", 0.1)),
        "POST",
        "curl/8 \N{REPLACEMENT CHARACTER}",
        "2001:db8::1",
    )
    store.log_beats(rows, [(kept, 1)], 100)
    assert store.beats(rows, "backup", 9) == (kept,)


def numbers(db: store.Database, tag: str = "backup") -> list[int]:
    return [int(each.message) for each in store.beats(db, tag, 1_000)]


def test_the_log_keeps_the_newest_and_tells_them_newest_first(rows):
    for number in range(1, 24):
        store.log_beats(rows, [(beat(number), number)], 5)
    assert numbers(rows) == [23, 22, 21, 20, 19]
    assert [each.message for each in store.beats(rows, "backup", 2)] == ["23", "22"]


def test_each_monitor_has_a_log_of_its_own(rows):
    for number in range(1, 9):
        store.log_beats(rows, [(beat(number, "a"), number)], 3)
    store.log_beats(rows, [(beat(1, "b"), 1)], 3)
    assert (numbers(rows, "a"), numbers(rows, "b")) == ([8, 7, 6], [1])


def test_a_log_of_one_keeps_the_last(rows):
    for number in range(1, 4):
        store.log_beats(rows, [(beat(number), number)], 1)
    assert numbers(rows) == [3]


@pytest.mark.parametrize(("before", "after"), [(5, 8), (8, 5), (100, 50), (2, 1), (10, 9)])
def test_when_the_length_of_the_log_changes_the_newest_stay(rows, before, after):
    for start in range(1, 12):  # wherever in its round the ring is
        rows.execute("delete from heartbeat")
        for number in range(1, 120 + start):
            store.save_states(rows, [(state(beats=number), None)])
            store.log_beats(rows, [(beat(number), number)], before)
        store.trim_beats(rows, after)
        kept = min(before, after)
        newest = 119 + start
        assert numbers(rows) == [newest - back for back in range(kept)]
        store.log_beats(rows, [(beat(newest + 1), newest + 1)], after)
        assert numbers(rows)[:kept] == [newest + 1 - back for back in range(kept)]


def test_a_monitor_that_stays_up_adds_no_rows_and_the_file_stays_bounded(db, path):
    keep, tags = 100, [f"monitor-{number}" for number in range(20)]

    def some(rows: store.Database, first: int) -> None:
        for number in range(first, first + 200):
            for tag in tags:
                store.save_states(rows, [(state(tag, last=NOW, beats=number, status=Status.UP), NOW)])
                sent = beat(number, tag, message="", user_agent="curl/8.5.0", address="192.0.2.15")
                store.log_beats(rows, [(sent, number)], keep)

    for first in range(1, 801, 200):
        db.write(lambda rows, first=first: some(rows, first))
    reads = db.read()
    assert count(reads, "heartbeat") == keep * len(tags)
    assert count(reads, "state") == len(tags)
    assert count(reads, "change") == 0
    db.write(lambda rows: None)
    db._db.execute("pragma wal_checkpoint(truncate)")
    before = path.stat().st_size
    for first in range(801, 1001, 200):  # 20,000 heartbeats in all
        db.write(lambda rows, first=first: some(rows, first))
    db._db.execute("pragma wal_checkpoint(truncate)")
    assert path.stat().st_size <= before * 1.02
    assert path.stat().st_size / len(tags) <= 20_000


# ---- changes ---------------------------------------------------------------------------------


def change(started: int, status: Status = Status.UP, tag: str = "backup", detected: int | None = 0) -> Change:
    return Change(tag, started, status, started if detected == 0 else detected)


def test_a_change_comes_back_as_it_was(rows):
    kept = Change("backup", NOW, Status.DEGRADED, NOW + 5)
    store.add_changes(rows, [kept])
    assert store.changes(rows, "backup", 0) == (kept,)
    assert store.all_changes(rows, 0) == {"backup": [kept]}


def test_a_change_replaces_those_of_its_monitor_that_are_not_before_it(rows):
    store.add_changes(rows, [change(10), change(20), change(30), change(40, tag="web")])
    store.add_changes(rows, [change(20, Status.DOWN)])
    assert [(c.started, c.status) for c in store.changes(rows, "backup", 0)] == [(10, "UP"), (20, "DOWN")]
    assert [c.started for c in store.changes(rows, "web", 0)] == [40]


def test_what_no_evaluation_has_seen_is_not_shown(rows):
    store.add_changes(rows, [change(10), change(20, Status.DOWN, detected=None)])
    assert [c.started for c in store.changes(rows, "backup", 0)] == [10]
    assert [c.started for c in store.all_changes(rows, 0)["backup"]] == [10]
    store.show_changes(rows, ["backup"], 25)
    assert [c.detected for c in store.changes(rows, "backup", 0)] == [10, 25]


def test_showing_dates_nothing_twice_and_nothing_of_others(rows):
    store.add_changes(rows, [change(10), change(20, tag="web", detected=None)])
    store.show_changes(rows, ["backup"], 99)
    assert store.changes(rows, "backup", 0)[0].detected == 10
    assert store.changes(rows, "web", 0) == ()


@settings(deadline=None)
@given(
    started=st.dictionaries(st.integers(0, 50), st.booleans(), max_size=12),
    since=st.integers(-5, 60),
)
def test_one_monitor_and_all_monitors_are_told_the_same_window(started, since):
    with tables() as db:
        shown = sorted(at for at, is_shown in started.items() if is_shown)
        for tag in ("a", "b"):
            new = [change(at, tag=tag, detected=at if started[at] else None) for at in sorted(started)]
            store.add_changes(db, new)
        one = store.changes(db, "a", since)
        assert list(one) == store.all_changes(db, since).get("a", [])
        first = max((at for at in shown if at <= since), default=-1)
        assert [c.started for c in one] == [at for at in shown if at >= first]


@pytest.mark.parametrize(
    ("history", "since"),
    [
        ([], None),
        ([(10, "NO_DATA"), (20, "UP")], None),
        ([(10, "UP"), (20, "DOWN")], 20),
        ([(10, "UP"), (20, "DEGRADED"), (30, "DOWN"), (40, "DEGRADED")], 20),
        ([(10, "DOWN"), (20, "UP"), (30, "DEGRADED")], 30),
        ([(10, "DOWN"), (20, "UP")], None),
        ([(0, "DEGRADED"), (5, "DOWN")], 0),
        ([(10, "DOWN"), (20, "MAINTENANCE"), (30, "DOWN")], 30),
        ([(10, "DOWN"), (20, "NO_DATA")], None),
    ],
)
def test_trouble_began_with_the_newest_stretch_that_is_not_up(rows, history, since):
    store.add_changes(rows, [change(at, Status(status)) for at, status in history])
    store.add_changes(rows, [change(1, Status.DOWN, tag="other")])
    assert store.trouble_since(rows, ["backup"]).get("backup") == since


@settings(deadline=None)
@given(
    new=st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 9), st.sampled_from([None, 7])), max_size=8),
    known=st.sets(st.integers(0, 9)),
)
def test_changes_added_together_leave_the_rows_that_they_leave_one_by_one(new, known):
    made = [change(at, tag=tag, detected=seen) for tag, at, seen in new]
    rows = []
    for parts in ([made], [[each] for each in made]):
        with tables() as db:
            store.add_changes(db, [change(at, tag="a") for at in sorted(known)])
            for part in parts:
                store.add_changes(db, part)
            rows.append(db.execute("select * from change order by monitor, started").fetchall())
    assert rows[0] == rows[1]


def test_forgetting_keeps_what_says_something_about_the_time_since(rows):
    store.add_changes(rows, [change(at) for at in (10, 20, 30, 40)])
    assert store.forget_changes(rows, 30) == 2
    assert [c.started for c in store.changes(rows, "backup", 0)] == [30, 40]
    assert store.forget_changes(rows, 35) == 0


def test_the_last_change_of_a_monitor_is_never_forgotten(rows):
    store.add_changes(rows, [change(10, Status.UP), change(20, Status.DOWN), change(5, tag="web")])
    store.forget_changes(rows, NOW)
    assert [c.started for c in store.changes(rows, "backup", NOW)] == [20]
    assert [c.started for c in store.changes(rows, "web", NOW)] == [5]


def test_the_last_change_that_is_shown_is_not_forgotten_for_one_that_is_not(rows):
    store.add_changes(rows, [change(10, Status.UP), change(20, Status.DOWN, detected=None)])
    store.forget_changes(rows, NOW)
    assert [c.started for c in store.changes(rows, "backup", NOW)] == [10]


def test_forgetting_goes_in_steps_and_says_when_it_is_done(rows):
    store.add_changes(rows, [change(at) for at in range(25)])
    assert [store.forget_changes(rows, NOW, most=10) for _ in range(4)] == [10, 10, 4, 0]


@settings(deadline=None)
@given(started=st.sets(st.integers(0, 60), max_size=15), before=st.integers(0, 70), since=st.integers(0, 70))
def test_forgetting_changes_no_window_that_is_kept(started, before, since):
    with tables() as db:
        store.add_changes(db, [change(at) for at in sorted(started)])
        kept = store.changes(db, "backup", max(before, since))
        store.forget_changes(db, before)
        assert store.changes(db, "backup", max(before, since)) == kept


def test_forgetting_old_things_keeps_what_has_not_ended(rows):
    store.save_alerts(rows, [alert(rule="old", status=AlertStatus.RESOLVED, resolved=NOW - 1)])
    store.save_alerts(rows, [alert(rule="standing")])
    old = store.add_incident(rows, incident(resolved=NOW - 1, monitors=("a",)), "x")
    kept = store.add_incident(rows, incident(resolved=NOW, monitors=("a",)), "x")
    is_open = store.add_incident(rows, incident(started=1, monitors=("a",)), "x")
    store.add_deliveries(rows, [delivery("sent", status=DeliveryStatus.SENT, finished=NOW - 1)])
    store.add_deliveries(rows, [delivery("waiting", created=1, due=1)])
    store.forget_old(rows, NOW)
    assert store.incident(rows, old) is None
    assert {each.id for each in store.incidents(rows, 0, "a")} == {kept, is_open}
    assert [each.id for each in store.deliveries(rows, 9)] == ["waiting"]
    assert [each.rule for each in store.all_standing_alerts(rows)] == ["standing"]
    assert (count(rows, "alert"), count(rows, "incident_update"), count(rows, "incident_monitor")) == (
        1,
        2,
        2,
    )


def test_old_things_are_forgotten_in_steps_and_whole_ones(rows):
    for number in range(25):
        store.add_incident(rows, incident(resolved=NOW - 1, monitors=("a", "b")), "x")
        store.save_alerts(rows, [alert(rule=f"r{number}", status=AlertStatus.RESOLVED, resolved=NOW - 1)])
        store.add_deliveries(rows, [delivery(f"d{number}", status=DeliveryStatus.SENT, finished=NOW - 1)])
    tables = ("incident", "incident_monitor", "incident_update", "alert", "delivery", "delivery_notice")
    left = []
    while step := store.forget_old(rows, NOW, most=10):
        assert step <= 30
        left.append([count(rows, table) for table in tables])
    assert [each[0] for each in left] == [15, 5, 0]
    for incidents, of_monitors, updates, alerts, deliveries, notices in left:
        assert (of_monitors, updates) == (2 * incidents, incidents)  # never a part of one
        assert (alerts, deliveries, notices) == (incidents, incidents, incidents)


def test_the_log_is_trimmed_in_steps(rows):
    for tag in ("a", "b"):
        store.save_states(rows, [(state(tag, beats=30), None)])
        store.log_beats(rows, [(beat(number, tag), number) for number in range(1, 31)], 100)
    steps = []
    while step := store.trim_beats(rows, 4, most=20):
        steps.append(step)
    assert steps == [20, 20, 12]
    assert count(rows, "heartbeat") == 8
    assert {each.received for each in store.beats(rows, "a", 100)} == {
        beat(n).received for n in range(27, 31)
    }


# ---- the loop's own life ---------------------------------------------------------------------

JOINS = 2 * MINUTE


def test_marks_close_together_are_one_stretch(rows):
    for at in (0, 20, 40, 159):
        assert store.mark_alive(rows, NOW + at * SECOND, JOINS) is None
    assert store.alive(rows) == (Gap(NOW, NOW + 159 * SECOND),)
    assert store.last_alive(rows) == NOW + 159 * SECOND
    assert store.gaps(rows, 9) == ()


@pytest.mark.parametrize(("later", "is_gap"), [(JOINS - 1, False), (JOINS, True), (JOINS + 1, True)])
def test_marks_two_minutes_apart_have_a_gap_between_them(rows, later, is_gap):
    store.mark_alive(rows, NOW, JOINS)
    gap = Gap(NOW, NOW + later)
    assert store.mark_alive(rows, NOW + later, JOINS) == (gap if is_gap else None)
    assert store.gaps(rows, 9) == ((gap,) if is_gap else ())


def test_the_newest_gap_is_the_newest_one(rows):
    for at in (0, 10, 30):
        store.mark_alive(rows, NOW + at * MINUTE, JOINS)
    assert store.gaps(rows, 1) == (Gap(NOW + 10 * MINUTE, NOW + 30 * MINUTE),)
    assert len(store.gaps(rows, 9)) == 2


def test_a_clock_that_was_set_back_leaves_no_stretch_in_the_future(rows):
    for at in (0, 1, 10, 11):
        store.mark_alive(rows, NOW + at * MINUTE, JOINS)
    assert store.mark_alive(rows, NOW + 30 * SECOND, JOINS) is None
    assert store.alive(rows) == (Gap(NOW, NOW + 30 * SECOND),)
    assert store.mark_alive(rows, NOW + 5 * MINUTE, JOINS) == Gap(NOW + 30 * SECOND, NOW + 5 * MINUTE)


def test_a_clock_set_back_before_everything_begins_anew(rows):
    store.mark_alive(rows, NOW, JOINS)
    assert store.mark_alive(rows, NOW - 99 * MINUTE, JOINS) is None
    assert store.alive(rows) == (Gap(NOW - 99 * MINUTE, NOW - 99 * MINUTE),)


@settings(deadline=None)
@given(st.lists(st.integers(0, 40 * MINUTE), max_size=20))
def test_stretches_never_overlap_and_never_lie_ahead_of_the_clock(marks):
    with tables() as db:
        for at in marks:
            store.mark_alive(db, at, JOINS)
            found = store.alive(db)
            assert found[-1].ended == at == store.last_alive(db)
            assert all(each.started <= each.ended for each in found)
            assert all(b.started - a.ended >= JOINS for a, b in pairwise(found))


def test_a_loop_that_never_ran_has_no_life(rows):
    assert (store.last_alive(rows), store.gaps(rows, 9), store.alive(rows)) == (None, (), ())


def test_old_stretches_are_forgotten_once_they_have_ended(rows):
    store.mark_alive(rows, NOW, JOINS)
    store.mark_alive(rows, NOW + 10 * MINUTE, JOINS)
    store.forget_alive(rows, NOW + MINUTE)
    assert store.alive(rows) == (Gap(NOW + 10 * MINUTE, NOW + 10 * MINUTE),)


# ---- deliveries ------------------------------------------------------------------------------


def claim(db: store.Database, at: Instant = NOW, busy: tuple[str, ...] = (), most: int = 99) -> list[str]:
    return [each.id for each in store.claim_deliveries(db, at, at + MINUTE, busy, most)]


def test_a_claim_counts_an_attempt_and_takes_a_lease(rows):
    store.add_deliveries(rows, [delivery("a")])
    (taken,) = store.claim_deliveries(rows, NOW, NOW + MINUTE, (), 9)
    assert taken == replace(delivery("a"), attempts=1, lease_until=NOW + MINUTE)
    assert store.deliveries(rows, 9) == (taken,)


def test_nobody_claims_what_is_claimed_until_the_lease_is_over(rows):
    store.add_deliveries(rows, [delivery("a")])
    assert claim(rows) == ["a"]
    assert claim(rows, NOW + MINUTE - 1) == []
    assert claim(rows, NOW + MINUTE) == ["a"]
    assert store.deliveries(rows, 9)[0].attempts == 2


def test_a_new_process_takes_over_the_leases_of_the_last_one(rows):
    store.add_deliveries(rows, [delivery("a")])
    claim(rows)
    store.release_leases(rows)
    assert claim(rows, NOW + 1) == ["a"]


def test_nothing_is_claimed_before_it_is_due(rows):
    store.add_deliveries(rows, [delivery("a", due=NOW + 1)])
    assert claim(rows) == []
    assert claim(rows, NOW + 1) == ["a"]


def test_a_target_is_given_one_message_at_a_time(rows):
    for name, target in (("a", "t1"), ("b", "t2"), ("c", "t1"), ("d", "t3")):
        store.add_deliveries(rows, [delivery(name, target, tag=name)])
    assert claim(rows, busy=("t3",)) == ["a", "b"]
    assert claim(rows, NOW + 1, busy=("t1", "t2", "t3")) == []


def test_no_more_is_claimed_than_asked_for(rows):
    for number in range(5):
        store.add_deliveries(rows, [delivery(str(number), f"t{number}")])
    assert len(claim(rows, most=2)) == 2
    assert len(claim(rows, most=2)) == 2
    assert len(claim(rows, most=2)) == 1


def test_messages_about_one_monitor_to_one_target_leave_in_their_order(rows):
    store.add_deliveries(rows, [delivery("down")])
    store.add_deliveries(rows, [delivery("up")])
    claim(rows)
    store.finish_delivery(rows, "down", DeliveryStatus.WAITING, NOW, NOW + 5 * MINUTE, "refused")
    assert claim(rows, NOW + MINUTE) == []  # "up" must not overtake
    assert claim(rows, NOW + 5 * MINUTE) == ["down"]
    store.finish_delivery(rows, "down", DeliveryStatus.SENT, NOW, NOW, "")
    assert claim(rows, NOW + 6 * MINUTE) == ["up"]


def test_a_message_that_failed_holds_up_no_other_monitor_of_its_target(rows):
    store.add_deliveries(rows, [delivery("a")])
    store.add_deliveries(rows, [delivery("b", tag="web")])
    claim(rows)
    store.finish_delivery(rows, "a", DeliveryStatus.WAITING, NOW, NOW + 5 * MINUTE, "refused")
    assert claim(rows, NOW + 1) == ["b"]


def test_a_message_that_failed_holds_up_no_other_target(rows):
    store.add_deliveries(rows, [delivery("a", "t1")])
    store.add_deliveries(rows, [delivery("b", "t2")])
    assert claim(rows) == ["a", "b"]


def test_of_what_is_due_to_one_target_the_longest_due_leaves_first(rows):
    store.add_deliveries(rows, [delivery(str(due), due=NOW + due, tag=str(due)) for due in (3, 1, 2, 9)])
    assert [claim(rows, NOW + 5)[0] for _ in range(3)] == ["1", "2", "3"]
    assert claim(rows, NOW + 5) == []


def test_what_a_clock_that_was_ahead_owed_is_due_at_once(rows):
    store.add_deliveries(rows, [delivery("ahead", created=NOW + 99 * MINUTE, due=NOW + 99 * MINUTE)])
    assert store.next_delivery_due(rows, NOW, ()) == NOW
    assert claim(rows) == ["ahead"]
    assert store.deliveries(rows, 9)[0].created == NOW


def test_a_target_that_is_busy_hides_no_other_that_waits(rows):
    store.add_deliveries(rows, [delivery("late", "t2", due=NOW + 5), delivery("now", "t1")])
    assert store.next_delivery_due(rows, NOW, ()) == NOW
    assert store.next_delivery_due(rows, NOW, ("t1",)) == NOW + 5
    assert store.next_delivery_due(rows, NOW, ("t1", "t2")) is None


def test_a_batch_takes_in_more_notices_in_their_order(rows):
    for tags in ("ab", "cd"):
        notices = tuple(notice(monitor=tag) for tag in tags)
        store.batch_delivery(rows, delivery(tags, due=NOW + MINUTE, notices=notices))
    (found,) = store.deliveries(rows, 9)
    assert [each.monitor for each in found.notices] == list("abcd")


@pytest.mark.parametrize("final", [DeliveryStatus.SENT, DeliveryStatus.FAILED, DeliveryStatus.CANCELLED])
def test_a_finished_delivery_is_claimed_no_more_and_stays_as_it_ended(rows, final):
    store.add_deliveries(rows, [delivery("a")])
    claim(rows)
    store.finish_delivery(rows, "a", final, NOW + 7, NOW + 7, "why")
    store.finish_delivery(rows, "a", DeliveryStatus.WAITING, NOW + 8, NOW + 8, "late answer")
    (found,) = store.deliveries(rows, 9)
    assert (found.status, found.finished, found.error, found.lease_until) == (final, NOW + 7, "why", None)
    assert claim(rows, NOW + 99 * MINUTE) == []


def test_the_next_delivery_is_due_when_neither_its_time_nor_a_lease_lies_ahead(rows):
    assert store.next_delivery_due(rows, NOW, ()) is None
    store.add_deliveries(rows, [delivery("a", due=NOW + 5)])
    assert store.next_delivery_due(rows, NOW, ()) == NOW + 5
    claim(rows, NOW + 5)
    assert store.next_delivery_due(rows, NOW, ()) == NOW + 5 + MINUTE
    store.finish_delivery(rows, "a", DeliveryStatus.SENT, NOW, NOW, "")
    assert store.next_delivery_due(rows, NOW, ()) is None
