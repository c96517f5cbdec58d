"""Whole copies of a database: made while others write, read back, on disk before they have their name.

`vacuum into` and not SQLite's backup interface: both see one instant and keep no writer waiting. This one
reads rows and not only pages, so that damage shows; it leaves out what was forgotten, and needs no log.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from sqlite_utils import Database

from kener_py.store.opening import applied, connect, damage, mode_to_read, verify, why_not
from kener_py.store.trouble import StoreError

_PRIVATE = 0o600  # what jobs said, and the key that signs links


def write(db: Database, target: Path, like: Path | None = None) -> str:
    """Make `target`, or replace it, with what `db` holds at this instant; the newest migration in it.

    It gets the rights of the file `like`, or nobody but its owner may read it. Raises StoreError, or
    sqlite3.Error and OSError about the database itself.
    """
    with placed(target, like) as part:
        try:
            db.execute("vacuum into ?", [str(part.absolute())])
        except sqlite3.Error as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_FULL:
                raise
            raise StoreError(f"{target}: the disk is full; make room, or name another place") from None
        return read_back(part)


def read_back(path: Path) -> str:
    """The newest migration of a whole database of ours, once every page of it was read.

    Raises StoreError if it is anything else.
    """
    try:
        verify(path)
        with closing(connect(path, mode_to_read(path))) as connection:
            if found := damage(connection):
                raise StoreError(f"{path}: damaged: {'; '.join(found[:3])}")
            done = applied(connection) if connection.execute("select 1 from sqlite_master").fetchone() else []
    except sqlite3.Error as error:
        raise StoreError(f"{path}: damaged, or no database: {error}") from None
    if not done:
        raise StoreError(f"{path}: empty, so it is no backup")
    return done[-1]


# ---- files -----------------------------------------------------------------------------------


@contextmanager
def placed(target: Path, like: Path | None = None) -> Iterator[Path]:
    """An empty file to write; at the end of the block it is on disk and has the name `target`.

    Before that there is no such file, or the one of before. A block that fails leaves nothing behind, a
    process that was killed a `.part` for the next one to write over. Raises StoreError if there is no
    writing there.
    """
    part = target.with_name(f"{target.name}.part")
    try:
        handle = _only_writer(part)
    except OSError as error:
        raise StoreError(why_not(part, error)) from None
    try:
        _share(handle, like)
        yield part
        os.fsync(handle)
        os.replace(part, target)
        sync_folder(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    finally:
        part.with_name(f"{part.name}-journal").unlink(missing_ok=True)
        os.close(handle)


def _only_writer(part: Path) -> int:
    """An empty file that no other process has begun to write."""
    handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, _PRIVATE)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Since it was opened, the one who wrote it may have given it its name.
        if not os.path.samestat(os.fstat(handle), part.lstat()):
            raise BlockingIOError
        part.with_name(f"{part.name}-journal").unlink(missing_ok=True)
        os.ftruncate(handle, 0)
    except (BlockingIOError, FileNotFoundError):
        os.close(handle)
        raise StoreError(f"{part}: another kener-py is writing it; try again") from None
    except BaseException:
        os.close(handle)
        raise
    return handle


def _share(handle: int, like: Path | None) -> None:
    mode = like.stat().st_mode & 0o777 if like is not None and like.exists() else _PRIVATE
    with suppress(PermissionError):  # a file system without rights of its own
        os.fchmod(handle, mode)
    if like is not None:
        give(handle, like)


def give(handle: int, path: Path) -> None:
    """What root makes for the server belongs to the owner of its database, or of the folder."""
    if os.geteuid() == 0:
        owner = path.stat() if path.exists() else path.parent.stat()
        with suppress(PermissionError):  # there are roots and file systems that cannot
            os.fchown(handle, owner.st_uid, owner.st_gid)


def sync(file: Path) -> None:
    with file.open("rb") as opened:
        os.fsync(opened.fileno())


def sync_folder(path: Path) -> None:
    """Make the names in the folder of `path` as durable as the files."""
    handle = os.open(path.absolute().parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # not every file system can
            raise
    finally:
        os.close(handle)
