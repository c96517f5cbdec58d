"""The database of a process that only looks, while a server has the right to write."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

from sqlite_utils import Database

from kener_py.store.database import Store, read_only
from kener_py.store.trouble import Unavailable


class Onlooker(Store):
    """A `Store` for one thread that cannot write; what it reads is what the server has committed.

    Raises StoreError if there is no such database or it is not ours.
    """

    def __init__(self, path: Path) -> None:
        self._looking = read_only(path, is_brief=False)
        self._looking.execute("pragma query_only = 1")
        self.path = path

    def read(self) -> Database:
        return self._looking

    def write(self, *_job: Any, **_how: Any) -> NoReturn:
        raise Unavailable("this process only looks at the database")

    def put(self, *_item: Any, **_how: Any) -> NoReturn:
        raise Unavailable("this process only looks at the database")

    def version(self) -> tuple[int, int, bytes]:
        """Another one after each commit of another process."""
        (seen,) = self._looking.execute("pragma data_version").fetchone()
        return seen, 0, b""

    @property
    def failures(self) -> int:
        return 0

    def touch(self) -> None:
        """Nothing is kept here that could be out of date."""

    def close(self) -> None:
        self._looking.close()
