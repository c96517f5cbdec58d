"""Many rows in few steps: between two steps of SQLite every other thread of the process wants its turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from sqlite_utils import Database

T = TypeVar("T")

_MOST = 64  # rows in one statement


def in_few_steps(db: Database, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Execute `sql` with all of `rows` where it says "{rows}", a list of VALUES; nothing without rows.

    Parts have a power of two of rows, so that a few prepared statements serve any number.
    """
    for part in _parts(rows):
        statement = _statement(sql, len(part), len(part[0]))
        db.execute(statement, [value for row in part for value in row])


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
