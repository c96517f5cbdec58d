"""What commands share that work beside a running server: its database, and times as people type them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from kener_py.cli import _fail

if TYPE_CHECKING:
    from kener_py.model import Instant, Millis
    from kener_py.store import Database


def now() -> Instant:
    import time

    return time.time_ns() // 1_000_000


@contextmanager
def database(path: Path, is_written: bool = False) -> Iterator[Database]:
    """The database of the configuration, or the end of the program with the reason on stderr."""
    from kener_py import store

    try:
        if is_written:
            with store.beside(path) as db:
                yield db
        else:
            with closing(store.read_only(path)) as db:
                yield db
    except store.StoreError as error:
        _fail(error)
    except Exception as error:
        if not store.is_disk_trouble(error):
            raise
        _fail(store.explained(path, error))


def moment(text: str, zone: str, at: Instant, option: str) -> Instant:
    """A time of the command line, or now; one without an offset is in the site's zone."""
    from datetime import datetime

    from kener_py.config import times

    if text.strip().lower() == "now":
        return at
    try:
        found = datetime.fromisoformat(text.strip())
        if not 1971 <= found.year <= 9000:
            raise ValueError
    except ValueError:
        example = "should be a time such as '2026-12-01 22:00', 2026-12-01T22:00:00Z or now"
        _fail(f"{option}: {example}, not {text!r}", 2)
    return times.instant(found, zone)


def length(text: str, option: str) -> Millis:
    """A duration of the command line: 30m, 4h, 1d."""
    from kener_py.config import times
    from kener_py.config.nodes import Scalar

    try:
        return times.duration(Scalar.at(text, 0, 0))
    except ValueError as problem:
        _fail(f"{option}: {problem}", 2)
