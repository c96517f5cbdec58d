"""Many rows in few steps: between two steps of SQLite every other thread of the process wants its turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, TypeVar

from sqlite_utils import Database

T = TypeVar("T")

_MOST = 64  # rows in one statement


def in_few_steps(db: Database, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Execute `sql` with all of `rows` where it says "{rows}", a list of VALUES; nothing without rows.

    Parts have a power of two of rows, so that a few prepared statements serve any number. Values that are
    words of ours are better given as `str(status)`: to bind them as they are takes four times as long.
    """
    for part in _parts(rows):
        statement = _statement(sql, len(part), len(part[0]))
        db.execute(statement, list(chain.from_iterable(part)))


def next_number(db: Database, table: str) -> int:
    """The id that the next row of a table with autoincrement gets: greater than all that it ever had."""
    row = db.execute("select seq from sqlite_sequence where name = ?", [table]).fetchone()
    return 1 if row is None else int(row[0]) + 1


def _parts(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    first, size = 0, _MOST
    while first < len(rows):
        while size > len(rows) - first:
            size //= 2
        yield rows[first : first + size]
        first += size


@lru_cache(maxsize=64)
def _statement(sql: str, rows: int, columns: int) -> str:
    row = f"({', '.join('?' * columns)})"
    return sql.format(rows=", ".join([row] * rows))
