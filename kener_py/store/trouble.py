"""What can be wrong with the file or its disk."""

from __future__ import annotations

import sqlite3


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


def is_disk_trouble(error: BaseException) -> bool:
    """Whether the file or its disk is at fault, and not the statement."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _DISK_CODES
