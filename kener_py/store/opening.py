"""What a database of ours looks like from outside: how it is opened, what is refused, and in which words."""

from __future__ import annotations

import errno
import os
import pwd
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from kener_py.store.schema import MIGRATIONS
from kener_py.store.trouble import StoreError

STILL = "ro&immutable=1"  # the mode for a file that nobody writes: nothing is made beside it

_LOCK_WAIT = 5.0  # seconds that SQLite waits for another process' lock
_MAGIC = b"SQLite format 3\0"
# A write-ahead log begins with one of two numbers; with zeros if the power failed before they were there.
_LOG_MAGICS = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83", b"\0\0\0\0")
_LEAST_ROOM = 100_000  # bytes; SQLite needs 32 kB for an index of its log, and says no more than "I/O error"
_MOST_LOOKED_AT = 100  # files beside a database
ASIDE = ".before-restore-"  # in the name of what a restore replaced


def sqlite_version() -> str:
    return sqlite3.sqlite_version


def connect(path: Path, mode: str, wait: float = _LOCK_WAIT) -> sqlite3.Connection:
    # as_uri escapes what SQLite would read as a query: "?" and "#" in a file's name.
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=wait,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        connection.execute("pragma synchronous = full")
    except sqlite3.Error:  # the first look at the file: it may be damaged
        connection.close()
        raise
    return connection


def is_there(path: Path) -> bool:
    """Whether it exists. Raises OSError where one may not look: `Path.exists` says no, since Python 3.14."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def beside(path: Path, end: str) -> Path:
    """What SQLite keeps there: -wal its write-ahead log, -shm the index of that, -journal what was before."""
    return path.with_name(f"{path.name}{end}")


def mode_to_read(path: Path) -> str:
    """Without a log no server has the file, and to read it makes nothing beside it."""
    return "ro" if beside(path, "-wal").exists() else STILL


# ---- what is refused -------------------------------------------------------------------------


def verify(path: Path) -> None:
    """Refuse a file that is not ours, before anything is written to it or made beside it."""
    if path.is_dir():
        raise StoreError(f"{path}: a folder; server.database must name a file")
    # In this order: a server that ends meanwhile has filled the file before the log is empty.
    is_whole = not _verify_log(path)
    with path.open("rb") as file:
        header = file.read(100)
        size = os.fstat(file.fileno()).st_size
    if not header:
        return
    # SQLite takes some damaged headers for an empty database, and would write over what is left.
    if not header.startswith(_MAGIC):
        raise StoreError(_not_a_database(path))
    page = int.from_bytes(header[16:18]) if header[16:18] != b"\0\1" else 65_536
    pages = int.from_bytes(header[28:32])
    if size < page or (is_whole and (size % page or size < pages * page)):
        raise StoreError(f"{path}: the database is damaged (cut off); {advice(path)}")
    with closing(connect(path, mode_to_read(path))) as connection:
        tables = {row[0] for row in connection.execute("select tbl_name from sqlite_master")}
        done = applied(connection) if MIGRATIONS.migrations_table in tables else []
    if not tables - {MIGRATIONS.migrations_table}:
        return  # empty, or left by a start that was cut off
    if not done:  # any program that uses sqlite-utils may have a table of migrations
        raise StoreError(f"{path}: a SQLite database, but not one of kener-py; name another file")
    known = {migration.name for migration in MIGRATIONS._migrations}
    newer = [name for name in done if name not in known]
    if newer:
        raise StoreError(
            f"{path}: written by a newer version of kener-py ({', '.join(newer)}); "
            "run that version, or restore a backup made before the upgrade"
        )


def _verify_log(path: Path) -> bool:
    """Whether there is something in the write-ahead log; SQLite would write over what it does not know."""
    log = beside(path, "-wal")
    try:
        with log.open("rb") as file:
            begin = file.read(4)
    except FileNotFoundError:
        return False
    if begin and begin not in _LOG_MAGICS:
        raise StoreError(
            f"{log}: damaged, and with it what was written last; {advice(path)}, "
            "or move this file away to go on without it"
        )
    return bool(begin)


def applied(connection: sqlite3.Connection) -> list[str]:
    """The names of the migrations that made this database, in their order."""
    rows = connection.execute(
        f"select name from {MIGRATIONS.migrations_table} where migration_set = ? order by rowid",
        [MIGRATIONS.name],
    )
    return [row[0] for row in rows]


def damage(connection: sqlite3.Connection) -> list[str]:
    """What SQLite finds wrong, the first ten of it; it reads the whole file."""
    lines: list[str] = []
    try:
        for row in connection.execute("pragma integrity_check(10)"):
            lines += row[0].splitlines()
    except sqlite3.DatabaseError as error:  # it gives up on some pages
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CORRUPT:
            raise
        lines.append(str(error))
    return [line for line in lines if line != "ok" and not line.startswith("***")]


# ---- in which words --------------------------------------------------------------------------


def explained(path: Path, error: Exception) -> StoreError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_NOTADB:
        return StoreError(_not_a_database(path))
    if code == sqlite3.SQLITE_READONLY or (code == sqlite3.SQLITE_CANTOPEN and path.exists()):
        return StoreError(f"{path}: cannot be written; {_who_must_own_it(path)}")
    if code == sqlite3.SQLITE_CORRUPT or "malformed" in str(error):  # what the writer passes on has no code
        return StoreError(f"{path}: the database is damaged ({error}); {advice(path)}")
    is_full = code == sqlite3.SQLITE_FULL or getattr(error, "errno", None) == errno.ENOSPC
    if is_full or (code == sqlite3.SQLITE_IOERR and _room(path) < _LEAST_ROOM):
        return StoreError(f"{path}: the disk is full; make room, then try again")
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreError(f"{path}: locked by another program; stop it, then start again")
    if isinstance(error, OSError):
        return StoreError(f"{error.filename or path}: {error.strerror or error}")
    return StoreError(f"{path}: {error}")


def _room(path: Path) -> int:
    """Bytes that may still be written beside it."""
    disk = os.statvfs(path.parent)
    return disk.f_bavail * disk.f_frsize


def why_not(path: Path, error: OSError) -> str:
    """Why a file beside the database cannot be written, and what to do."""
    if error.errno == errno.ENOSPC:
        return f"{path}: the disk is full; make room, then try again"
    if error.errno == errno.EROFS:
        return f"{path}: on a read-only file system; mount it for writing, or name another place"
    return f"{path}: {error.strerror}; the user that runs kener-py must own the folder"


def _not_a_database(path: Path) -> str:
    words = f"{path}: not a SQLite database; name another file, nothing was changed"
    return f"{words}; if it was one, {advice(path)}" if _newest_beside(path) else words


def _who_must_own_it(path: Path) -> str:
    if os.statvfs(path).f_flag & os.ST_RDONLY:
        return "it is on a read-only file system; mount it for writing, or name another place"
    must = "the user that runs kener-py must own it and its folder"
    owner, user = path.stat().st_uid, os.geteuid()
    return must if owner == user else f"{must} (it is {_name(owner)}'s, and this is {_name(user)})"


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"


def advice(path: Path) -> str:
    """What to do about a damaged database: the newest backup beside it, if there is one, by name."""
    newest = _newest_beside(path)
    return "restore a backup" + (f"; the newest beside it: kener-py restore {newest}" if newest else "")


def _newest_beside(path: Path) -> Path | None:
    """The newest other database of ours in the folder, by its name and tables; `restore` reads all of it."""
    for each in sorted(_others(path), key=lambda each: each.stat().st_mtime, reverse=True)[:_MOST_LOOKED_AT]:
        try:
            with each.open("rb") as file:
                if not file.read(len(_MAGIC)).startswith(_MAGIC):
                    continue
            with closing(connect(each, STILL)) as connection:
                if applied(connection):
                    return each
        except (sqlite3.Error, OSError):
            continue
    return None


def _others(path: Path) -> Iterator[Path]:
    """Files that might be backups: what a restore put aside had a reason to go."""
    path = path.absolute()
    try:
        for each in path.parent.iterdir():
            is_work = each.name.endswith((".part", "-wal", "-shm", "-journal", ".lock")) or ASIDE in each.name
            if each.is_file() and not is_work and not (path.exists() and each.samefile(path)):
                yield each
    except OSError:
        return
