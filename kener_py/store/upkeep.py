"""What operators do with the file as a whole: back it up, put a backup in its place, make it small."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from glob import escape
from itertools import chain, count
from pathlib import Path

from sqlite_utils import Database

from kener_py.model import Instant
from kener_py.store import copies
from kener_py.store.database import lock
from kener_py.store.opening import ASIDE, beside, connect, explained, is_there, mode_to_read, verify
from kener_py.store.trouble import StoreError

_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


@dataclass(frozen=True, slots=True)
class Copied:
    path: Path
    size: int  # bytes
    schema: str  # the newest migration in it
    aside: Path | None = None  # what stood there before, if it was put aside


@contextmanager
def _explaining(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise explained(path, error) from None


def back_up(path: Path, target: Path, is_forced: bool = False) -> Copied:
    """Copy the database at `path`, as it is at this instant, while a server may write to it.

    `target` is replaced only if `is_forced`, and never by half a copy. Raises StoreError.
    """
    with _explaining(path):
        if not is_there(path):
            raise StoreError(f"{path}: no such database; `kener-py serve` creates it")
        target = Path(os.path.realpath(target))
        _refuse_target(path, target, is_forced)
        verify(path)
        with closing(connect(path, "ro")) as connection:
            schema = copies.write(Database(connection), target)
        return Copied(target, target.stat().st_size, schema)


def _refuse_target(path: Path, target: Path, is_forced: bool) -> None:
    ends = ("", "-wal", "-shm", "-journal", ".lock")
    own = [beside(Path(os.path.realpath(path)), end) for end in ends]
    if target in own or (is_there(target) and path.samefile(target)):
        raise StoreError(f"{target}: belongs to the database itself; name another file")
    if target.is_dir():
        raise StoreError(f"{target}: a folder; name a file in it")
    if not target.exists():
        if not target.parent.is_dir():
            raise StoreError(f"{target}: its folder does not exist; create it")
    elif not target.is_file():
        raise StoreError(f"{target}: not a file; `-` writes to standard output")
    elif not is_forced:
        raise StoreError(f"{target}: exists already; --force replaces it")


def restore(path: Path, source: Path, at: Instant) -> Copied:
    """Put the backup `source` in the place of the database, which no server may be using.

    At every moment there is the one or the other, whole. What was there stays, under another name with the
    time `at`. Raises StoreError; then nothing has changed.
    """
    path = Path(os.path.realpath(path))
    with _explaining(path):
        if not (is_there(path.parent) and path.parent.is_dir()):
            raise StoreError(f"{path}: its folder does not exist; create it")
        if path.is_dir():
            raise StoreError(f"{path}: a folder; server.database must name a file")
        if path.exists() and source.exists() and path.samefile(source):
            raise StoreError(f"{source}: is the database itself; name a backup")
        if os.path.realpath(source) == str(beside(path, ".part")):
            raise StoreError(f"{source}: left by a restore that was cut off; name a backup")
        with _held(path):
            return _put(path, source, at)


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """No server has the file, and none will as long as this lasts."""
    handle = lock(path)
    try:
        yield
    finally:
        os.close(handle)


def _put(path: Path, source: Path, at: Instant) -> Copied:
    with ExitStack() as until_it_is_placed, copies.placed(path, like=path) as part:
        schema = _fetch(source, part)
        size = part.stat().st_size
        until_it_is_placed.enter_context(_alone(path))
        aside = _put_aside(path, at)
        for end in ("-wal", "-shm", "-journal"):  # SQLite would take them for the new one's
            beside(path, end).unlink(missing_ok=True)
    return Copied(path, size, schema, aside)


def _fetch(source: Path, part: Path) -> str:
    """Copy a backup with what lies in its log; its newest migration."""
    if not is_there(source):
        raise StoreError(f"{source}: no such file")
    if source.is_dir():
        raise StoreError(f"{source}: a folder; name a file in it")
    copies.read_back(source)
    with closing(connect(source, mode_to_read(source))) as connection:
        connection.execute("vacuum into ?", [str(part.absolute())])
    copies.sync(part)
    return copies.read_back(part)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """All of the database is in its one file, and nobody opens it as long as this lasts.

    One that is damaged, or not ours, is left as it is. Raises StoreError if somebody is in it.
    """
    connection = _opened_if_sound(path)
    if connection is None:
        yield
        return
    with closing(connection):
        try:
            connection.execute("pragma journal_mode = delete")
            connection.execute("begin exclusive")
        except sqlite3.Error as error:
            if error.sqlite_errorcode & 0xFF in _BUSY:
                raise
        yield


def _opened_if_sound(path: Path) -> sqlite3.Connection | None:
    try:
        if not path.stat().st_size:  # SQLite would delete the log of an empty file
            return None
        verify(path)
        return connect(path, "rw")
    except (StoreError, sqlite3.Error, OSError):
        return None


def _put_aside(path: Path, at: Instant) -> Path | None:
    """Give what stands there a second name, and what SQLite keeps beside it too; None if nothing does."""
    if not path.exists():
        return None
    aside = _free_name(path, at)
    for end in ("", "-wal", "-journal"):
        file, kept = beside(path, end), beside(aside, end)
        if file.exists():
            try:
                os.link(file, kept)
            except OSError:  # not every file system can
                with copies.placed(kept, like=file) as part:
                    shutil.copyfile(file, part)
    copies.sync_folder(path)
    return aside


def _free_name(path: Path, at: Instant) -> Path:
    for each in path.parent.glob(f"{escape(path.name)}{ASIDE}*"):
        if each.samefile(path):
            each.unlink()  # of a restore that was cut off: two names of one live database are a trap
    first = f"{path.name}{ASIDE}{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(at // 1000))}"
    names = chain([first], (f"{first}-{number}" for number in count(2)))
    return next(each for each in map(path.with_name, names) if not each.exists())


def vacuum(path: Path) -> tuple[int, int]:
    """Write the file anew without what is no longer used; bytes before and after. Raises StoreError.

    Not beside a server: it would have to refuse heartbeats meanwhile.
    """
    with _explaining(path):
        if not is_there(path):
            raise StoreError(f"{path}: no such database; `kener-py serve` creates it")
        path = Path(os.path.realpath(path))
        verify(path)
        with _held(path), closing(connect(path, "rw")) as connection:
            connection.execute("pragma wal_checkpoint(truncate)")
            before = path.stat().st_size
            connection.execute("vacuum")
            connection.execute("pragma wal_checkpoint(truncate)")
            return before, path.stat().st_size
