"""The SQLite file: opened with care, read by many connections, written through one.

A job is a function of the connection; an answer to it means: on disk.
"""

from __future__ import annotations

import fcntl
import logging
import mmap
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Awaitable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakSet

from sqlite_utils import Database

from kener_py.store import copies
from kener_py.store.opening import connect, explained, is_there, mode_to_read, verify, why_not
from kener_py.store.schema import MIGRATIONS
from kener_py.store.trouble import StoreError, Unavailable
from kener_py.store.writer import MOST_WAITING, Job, Work, Writer

T = TypeVar("T")

_log = logging.getLogger("kener_py.store")

_TOKEN = 16  # bytes
_PATIENCE = 20.0  # seconds that a caller waits for the writer


def _lock_name(path: Path) -> Path:
    return path.with_name(path.name + ".lock")


def lock(path: Path) -> int:
    """Hold the only right to write for as long as this process lives."""
    name = _lock_name(path)
    try:
        handle = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        copies.give(handle, path)
    except OSError as error:
        raise StoreError(why_not(name, error)) from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise StoreError(f"{path}: another kener-py is using this database; stop it first") from None
    os.ftruncate(handle, _TOKEN)
    return handle


def _tell(path: Path) -> None:
    """Leave a word for the server that has the file: another one than before."""
    with suppress(OSError):  # no server ever had it
        handle = os.open(_lock_name(path), os.O_WRONLY | os.O_CLOEXEC)
        with closing(os.fdopen(handle, "wb", buffering=0)) as file:
            file.write(secrets.token_bytes(_TOKEN))


def read_only(path: Path, is_brief: bool = True) -> Database:
    """A connection for looking at the file while a server may be writing to it.

    A brief look without a server makes nothing beside the file, and needs no right to. One that is not brief
    may see a server start meanwhile. Raises StoreError if there is no such database or it is not ours.
    """
    try:
        if not is_there(path):
            raise StoreError(f"{path}: no such database; `kener-py serve` creates it")
        verify(path)
        with ExitStack() as unless_refused:
            mode = mode_to_read(path) if is_brief else "ro"
            db = Database(unless_refused.enter_context(closing(connect(path, mode))))
            if not db.execute("select 1 from sqlite_master where name = 'state'").fetchone():
                raise StoreError(f"{path}: empty; `kener-py serve` fills it")
            if MIGRATIONS.pending(db):
                raise StoreError(f"{path}: of an older version; start this version's server first")
            unless_refused.pop_all()
            return db
    except (sqlite3.Error, OSError) as error:
        raise explained(path, error) from None


@contextmanager
def beside(path: Path) -> Iterator[Database]:
    """One transaction while a server may be writing to the file: committed at the end, or nothing is.

    Raises StoreError if the file cannot be used, or is not of this version.
    """
    try:
        if not is_there(path):
            raise StoreError(f"{path}: no such database; `kener-py serve` creates it")
        verify(path)
        connection = connect(path, "rw", wait=20.0)
    except (sqlite3.Error, OSError) as error:
        raise explained(path, error) from None
    with closing(connection):
        try:
            connection.execute("begin immediate")
            db = Database(connection)
            if MIGRATIONS.pending(db):
                raise StoreError(f"{path}: empty or of an older version; start this version's server first")
            yield db
            connection.execute("commit")
            _tell(Path(os.path.realpath(path)))
        except sqlite3.Error as error:
            raise explained(path, error) from error
        finally:
            if connection.in_transaction:
                connection.rollback()


class _Reader:
    """The connection of one thread, closed when the thread has ended."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def close(self) -> None:
        self.db.close()

    __del__ = close


class Store:
    """The database of one serving process.

    `read` gives the calling thread its own connection, which sees commits and cannot write;
    `write` waits for the writer thread. Raises StoreError if the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        try:
            self.path = path = Path(os.path.realpath(path))  # one lock, whatever link leads to the file
            if not (is_there(path.parent) and path.parent.is_dir()):
                raise StoreError(f"{path}: its folder does not exist; create it, or set server.database")
            if is_there(path):
                verify(path)
            with ExitStack() as unless_opened:
                self._lock = lock(path)
                unless_opened.callback(os.close, self._lock)
                if not is_there(path):
                    # Messages of jobs and the key that signs links: for its owner, until he decides else.
                    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
                self._db = Database(unless_opened.enter_context(closing(connect(path, "rwc"))))
                self._db.execute("begin immediate")
                self._db.execute("pragma user_version = 0")  # a read-only file shows here, before it changes
                self._db.execute("rollback")
                self._db.execute("pragma journal_mode = wal")
                self._db.execute("pragma journal_size_limit = 8000000")
                self._keep_before_migrations()
                MIGRATIONS.apply(self._db)
                unless_opened.pop_all()
        except (sqlite3.Error, OSError) as error:
            raise explained(path, error) from None
        self._is_closed = False
        self._local = threading.local()
        self._readers: WeakSet[_Reader] = WeakSet()
        self._beside = mmap.mmap(self._lock, _TOKEN, access=mmap.ACCESS_READ)
        self._writer = Writer(self._db, str(path))

    def _keep_before_migrations(self) -> None:
        """An upgrade that was a mistake can be taken back: the program of before reads no newer file."""
        pending = MIGRATIONS.pending(self._db)
        if not pending or not MIGRATIONS.applied(self._db):
            return
        kept = self.path.with_name(f"{self.path.name}.before-{pending[0].name}")
        copies.write(self._db, kept, like=self.path)
        _log.info("an upgrade of the database begins; as it was before: %s", kept)

    def size(self) -> int:
        """Bytes on disk, with the write-ahead log."""
        files = (self.path, self.path.with_name(f"{self.path.name}-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def read(self) -> Database:
        reader: _Reader | None = getattr(self._local, "reader", None)
        if reader is None:
            db = Database(connect(self.path, "ro"))
            db.execute("pragma query_only = 1")
            db.execute("pragma cache_size = -256")  # the system has the file in memory anyway
            reader = self._local.reader = _Reader(db)
            self._readers.add(reader)
        return reader.db

    @contextmanager
    def snapshot(self) -> Iterator[Database]:
        """`read`, with everything inside the block as of one instant."""
        db = self.read()
        db.execute("begin")
        try:
            yield db
        finally:
            db.execute("rollback")

    def write(self, job: Job[T], wait: float = _PATIENCE, is_quiet: bool = False) -> T:
        """What `job` returned, once it is on disk. Raises Unavailable, or what the job raised.

        A job may run twice (a neighbour in its transaction failed), so it must have no effect but
        on the database. A quiet one leaves `version` as it is: it changes nothing that visitors see.
        """
        if self._is_closed:
            raise Unavailable("the database is closed")
        return self._writer.write(job, wait, is_quiet)

    def answers(self, wait: float) -> bool:
        """Whether the writer moves: what it is given is done or refused within `wait` seconds.

        A full disk and a file that another program has locked are refusals.
        """
        if self._writer.waiting() >= MOST_WAITING:
            return False
        began = time.monotonic()
        try:
            self.write(lambda db: None, wait, is_quiet=True)
        except Unavailable:
            return time.monotonic() - began < wait
        return True

    def version(self) -> tuple[int, int, bytes]:
        """Another one after each commit of a `write` that was not quiet, and of another program's `beside`.

        A quiet job or an item that does change what visitors see is followed by `touch`.
        """
        return *self._writer.version(), self._beside[:_TOKEN]

    @property
    def failures(self) -> int:
        """Writes that were not done, or not in time, since the start."""
        return self._writer.failures

    def touch(self) -> None:
        """Say that what visitors see has changed."""
        self._writer.touch()

    def work_on_items(self, work: Work) -> None:
        """What is done with items that are `put`; it may run twice for one, as a job may."""
        self._writer.work = work

    def put(self, item: object, wait: float = _PATIENCE) -> Any:
        """The same as `write` for what comes in great numbers: neighbours in the queue share one call."""
        if self._is_closed:
            raise Unavailable("the database is closed")
        return self._writer.put(item, wait)

    def put_async(self, item: object, wait: float = _PATIENCE) -> Awaitable[Any]:
        """`put` for a caller on an event loop."""
        if self._is_closed:
            raise Unavailable("the database is closed")
        return self._writer.put_async(item, wait)

    def close(self) -> None:
        """Commit what has queued up, then let go of the file."""
        self._is_closed = True
        self._writer.close()
        for reader in list(self._readers):
            reader.close()
        try:
            # The one file is everything then.
            is_busy = self._db.execute("pragma wal_checkpoint(truncate)").fetchone()[0]
            trouble: object = "another program is reading" if is_busy else None
        except sqlite3.Error as error:
            trouble = error
        if trouble:
            _log.warning("the last writes stay in %s-wal until the next start: %s", self.path, trouble)
        self._db.close()
        self._beside.close()
        os.close(self._lock)
