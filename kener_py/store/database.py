"""The SQLite file: opened with care, read by many connections, written by one thread.

A job is a function of the connection. The writer runs all jobs that have queued up in one
transaction and answers them after its commit, so that an answer means: on disk.
"""

from __future__ import annotations

import fcntl
import logging
import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlite_utils import Database

from kener_py.store.schema import MIGRATIONS

T = TypeVar("T")
Job = Callable[[Database], T]

_log = logging.getLogger("kener_py.store")

_LOCK_WAIT = 5.0  # seconds that SQLite waits for another process' lock
_BATCH = 1_000  # jobs in one transaction
_QUEUE = 10_000  # jobs that may wait; more are refused, memory stays bounded


class StoreError(Exception):
    """The database cannot be used; the message says why and what to do."""


class Unavailable(StoreError):
    """Nothing was written: the disk is full, the file is locked, or too much is waiting. Try again."""


_DISK_CODES = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
}


def sqlite_version() -> str:
    return sqlite3.sqlite_version


def is_disk_trouble(error: BaseException) -> bool:
    """Whether the file or its disk is at fault, and not the statement."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _DISK_CODES


def _connect(path: Path, mode: str, wait: float = _LOCK_WAIT) -> sqlite3.Connection:
    # as_uri escapes what SQLite would read as a query: "?" and "#" in a file's name.
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=wait,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.execute("pragma synchronous = full")
    return connection


_MAGIC = b"SQLite format 3\0"


def _verify(path: Path) -> None:
    """Refuse a file that is not ours, before anything is written to it."""
    if path.is_dir():
        raise StoreError(f"{path}: a folder; server.database must name a file")
    size = path.stat().st_size
    with path.open("rb") as file:
        header = file.read(100)
    if not header:
        return
    # SQLite takes some damaged headers for an empty database, and would write over what is left.
    if not header.startswith(_MAGIC):
        raise StoreError(f"{path}: not a SQLite database; name another file, nothing was changed")
    page = int.from_bytes(header[16:18]) if header[16:18] != b"\0\1" else 65_536
    if size < page or (size % page and not path.with_name(path.name + "-wal").exists()):
        raise StoreError(f"{path}: the database is damaged (cut off); restore a backup")
    with closing(_connect(path, "ro")) as connection:
        tables = {row[0] for row in connection.execute("select tbl_name from sqlite_master")}
        applied: list[str] = []
        if MIGRATIONS.migrations_table in tables:
            rows = connection.execute(
                f"select name from {MIGRATIONS.migrations_table} where migration_set = ?", [MIGRATIONS.name]
            )
            applied = [row[0] for row in rows]
    if not tables - {MIGRATIONS.migrations_table}:
        return  # empty, or left by a start that was cut off
    if not applied:  # any program that uses sqlite-utils may have a table of migrations
        raise StoreError(f"{path}: a SQLite database, but not one of kener-py; name another file")
    known = {migration.name for migration in MIGRATIONS._migrations}
    newer = [name for name in applied if name not in known]
    if newer:
        raise StoreError(
            f"{path}: written by a newer version of kener-py ({', '.join(newer)}); "
            "run that version, or restore a backup made before the upgrade"
        )


def _explained(path: Path, error: Exception) -> StoreError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_NOTADB:
        return StoreError(f"{path}: not a SQLite database; name another file, nothing was changed")
    if code == sqlite3.SQLITE_READONLY or (code == sqlite3.SQLITE_CANTOPEN and path.exists()):
        return StoreError(
            f"{path}: cannot be written; the user that runs kener-py must own it and its folder"
        )
    if code == sqlite3.SQLITE_CORRUPT:
        return StoreError(f"{path}: the database is damaged ({error}); restore a backup")
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreError(f"{path}: locked by another program; stop it, then start again")
    return StoreError(f"{path}: {getattr(error, 'strerror', None) or error}")


def _lock(path: Path) -> int:
    """Hold the only right to write for as long as this process lives."""
    name = path.with_name(path.name + ".lock")
    try:
        handle = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StoreError(
            f"{name}: {error.strerror}; the user that runs kener-py must own the folder"
        ) from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise StoreError(f"{path}: another kener-py is using this database; stop it first") from None
    return handle


def read_only(path: Path) -> Database:
    """A connection for looking at the file while a server may be writing to it.

    Raises StoreError if there is no such database or it is not ours.
    """
    try:
        if not path.exists():
            raise StoreError(f"{path}: no such database; `kener-py serve` creates it")
        _verify(path)
        connection = _connect(path, "ro")
        if not connection.execute("select 1 from sqlite_master where name = 'state'").fetchone():
            raise StoreError(f"{path}: empty; `kener-py serve` fills it")
        if MIGRATIONS.pending(Database(connection)):
            raise StoreError(f"{path}: of an older version; start this version's server first")
    except (sqlite3.Error, OSError) as error:
        raise _explained(path, error) from None
    return Database(connection)


@contextmanager
def beside(path: Path) -> Iterator[Database]:
    """One transaction while a server may be writing to the file: committed at the end, or nothing is.

    Raises StoreError if the file cannot be used, or is not of this version.
    """
    try:
        if not path.exists():
            raise StoreError(f"{path}: no such database; `kener-py serve` creates it")
        _verify(path)
        connection = _connect(path, "rw", wait=20.0)
    except (sqlite3.Error, OSError) as error:
        raise _explained(path, error) from None
    with closing(connection):
        try:
            connection.execute("begin immediate")
            db = Database(connection)
            if MIGRATIONS.pending(db):
                raise StoreError(f"{path}: empty or of an older version; start this version's server first")
            yield db
            connection.execute("commit")
        except sqlite3.Error as error:
            raise _explained(path, error) from error
        finally:
            if connection.in_transaction:
                connection.rollback()


class Store:
    """The database of one serving process.

    `read` gives the calling thread its own connection, which sees commits and cannot write;
    `write` waits for the writer thread. Raises StoreError if the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        try:
            self.path = path = Path(os.path.realpath(path))  # one lock, whatever link leads to the file
            if not path.parent.is_dir():
                raise StoreError(f"{path}: its folder does not exist; create it, or set server.database")
            if path.exists():
                _verify(path)
        except (sqlite3.Error, OSError) as error:
            raise _explained(path, error) from None
        self._lock = _lock(path)
        try:
            self._db = Database(_connect(path, "rwc"))
            self._db.execute("begin immediate")
            self._db.execute("pragma user_version = 0")  # a read-only file shows here, before it changes
            self._db.execute("rollback")
            self._db.execute("pragma journal_mode = wal")
            self._db.execute("pragma journal_size_limit = 8000000")
            MIGRATIONS.apply(self._db)
        except sqlite3.Error as error:
            os.close(self._lock)
            raise _explained(path, error) from None
        except BaseException:
            os.close(self._lock)
            raise
        self._is_closed = False
        self.failures = 0  # writes that were not done, or not in time
        self._failures_lock = threading.Lock()
        self._local = threading.local()
        self._jobs: queue.Queue[tuple[Job[Any], Future[Any]] | None] = queue.Queue(_QUEUE)
        self._writer = threading.Thread(target=self._run, name="writer", daemon=True)
        self._writer.start()

    def size(self) -> int:
        """Bytes on disk, with the write-ahead log."""
        files = (self.path, self.path.with_name(f"{self.path.name}-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def read(self) -> Database:
        db: Database | None = getattr(self._local, "db", None)
        if db is None:
            connection = _connect(self.path, "ro")
            connection.execute("pragma query_only = 1")
            db = self._local.db = Database(connection)
        return db

    @contextmanager
    def snapshot(self) -> Iterator[Database]:
        """`read`, with everything inside the block as of one instant."""
        db = self.read()
        db.execute("begin")
        try:
            yield db
        finally:
            db.execute("rollback")

    def write(self, job: Job[T], wait: float = 20.0) -> T:
        """What `job` returned, once it is on disk. Raises Unavailable, or what the job raised.

        A job may run twice (a neighbour in its transaction failed), so it must have no effect but
        on the database.
        """
        if self._is_closed:
            raise Unavailable("the database is closed")
        future: Future[T] = Future()
        try:
            self._jobs.put_nowait((job, future))
        except queue.Full:
            self._fail(1)
            raise Unavailable("too many writes are waiting") from None
        try:
            return future.result(wait)
        except TimeoutError:
            # If it had already begun, it may yet be committed: the caller was told to try again.
            future.cancel()
            self._fail(1)
            raise Unavailable(f"the database did not answer within {wait:.0f} seconds") from None

    def close(self) -> None:
        """Commit what has queued up, then let go of the file."""
        self._is_closed = True
        self._jobs.put(None)
        self._writer.join()
        try:
            self._db.execute("pragma wal_checkpoint(truncate)")  # the one file is everything then
        except sqlite3.Error as error:
            _log.warning("the last writes stay in %s-wal until the next start: %s", self.path, error)
        self._db.close()
        os.close(self._lock)

    # ---- the writer thread ----

    def _run(self) -> None:
        while True:
            batch = []
            entry = self._jobs.get()
            while entry is not None:
                batch.append(entry)
                if len(batch) == _BATCH:
                    break
                try:
                    entry = self._jobs.get_nowait()
                except queue.Empty:
                    break
            try:
                self._commit([pair for pair in batch if pair[1].set_running_or_notify_cancel()])
            except Exception:
                _log.exception("the writer failed outside of any job")
            if entry is None:
                return

    def _commit(self, batch: list[tuple[Job[Any], Future[Any]]]) -> None:
        if not batch:
            return
        try:
            self._db.execute("begin immediate")
        except sqlite3.Error as error:
            self._refuse(batch, error)
            return
        try:
            results = [job(self._db) for job, _ in batch]
            self._db.execute("commit")
        except Exception as error:
            self._db.rollback()
            if is_disk_trouble(error):
                self._refuse(batch, error)
            elif len(batch) == 1:
                batch[0][1].set_exception(error)
            else:  # one job is bad: give each a transaction of its own
                for pair in batch:
                    self._commit([pair])
            return
        for (_, future), result in zip(batch, results, strict=True):
            future.set_result(result)

    def _refuse(self, batch: list[tuple[Job[Any], Future[Any]]], error: Exception) -> None:
        _log.error("cannot write to %s: %s; %d writes refused", self.path, error, len(batch))
        self._fail(len(batch))
        for _, future in batch:
            future.set_exception(Unavailable(str(error)))

    def _fail(self, number: int) -> None:
        with self._failures_lock:
            self.failures += number
