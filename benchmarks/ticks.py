"""What the loop costs, without HTTP: every job is heard, falls silent and comes back.

`python -m benchmarks.ticks FOLDER` plays it on `FOLDER`/config.yaml and a new database, and prints JSON. The
loop is the product's own, stepped from minute to minute by a clock that is set.
"""

from __future__ import annotations

import json
import sqlite3
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from kener_py import config, store
from kener_py.cli.server import search_little
from kener_py.model import MINUTE, Heartbeat, Instant, Status
from kener_py.service import Service
from kener_py.service.loop import Loop

_ASIDE = 50  # heartbeats a second while everything fails
_CALLERS = 10  # monitors that those are about


@dataclass
class Costs:
    """Seconds; `heartbeats` are milliseconds of each one that came while everything failed."""

    load: float = 0
    service: float = 0
    first: float = 0
    quiet: list[float] = field(default_factory=list)
    degraded: float = 0
    down: float = 0
    recovered: float = 0
    bare: float = 0
    heartbeats: list[float] = field(default_factory=list)


class Site:
    """A service with its loop, and a clock that only moves when it is told to."""

    def __init__(self, folder: Path) -> None:
        before = time.perf_counter()
        self.config = config.load(folder / "config.yaml", {})
        self.loading = time.perf_counter() - before
        self.now: Instant = time.time_ns() // 1_000_000 // MINUTE * MINUTE
        before = time.perf_counter()
        self.store = store.Store(self.config.server.database)
        self.service = Service(self.store, self.config, lambda: self.now)
        self.starting = time.perf_counter() - before
        search_little()  # as the server does
        self._loop = Loop(self.service)
        self._loop.step(self.now)

    def next_minute(self) -> float:
        """Seconds that the loop takes for the tick of the next minute."""
        self.now += MINUTE - self.now % MINUTE
        before = time.perf_counter()
        self._loop.step(self.now)
        return time.perf_counter() - before

    def all_call(self) -> None:
        """Every job reports, a millisecond after the minute, on as many threads as the server has."""
        self.now += 1
        with ThreadPoolExecutor(self.config.server.threads) as threads:
            for _ in threads.map(self.call, self.config.monitors):
                pass

    def call(self, tag: str) -> None:
        beat = Heartbeat(tag, self.now, Status.UP, "", (), "GET", "curl/8.14.1", "192.0.2.17")
        self.service.record(beat)

    def close(self) -> None:
        self.store.close()


def life(folder: Path) -> Costs:
    """What a site costs from its first minute on."""
    site = Site(folder)
    costs = Costs(load=site.loading, service=site.starting)
    before = bare(folder, len(site.config.monitors))
    site.all_call()
    costs.first = site.next_minute()
    costs.quiet = [site.next_minute() for _ in range(3)]  # last heard 4 minutes ago then
    site.next_minute()  # 5 minutes, and not more
    costs.degraded = site.next_minute()
    for _ in range(4):
        site.next_minute()
    with _others_calling(site, costs.heartbeats):
        costs.down = site.next_minute()
    site.all_call()
    costs.recovered = site.next_minute()
    costs.bare = statistics.mean([before, bare(folder, len(site.config.monitors))])
    site.close()
    return costs


@contextmanager
def _others_calling(site: Site, took: list[float]) -> Iterator[None]:
    """A few jobs go on calling, at their own pace."""
    is_over = threading.Event()
    tags = list(site.config.monitors)[:_CALLERS]

    def call() -> None:
        number = 0
        while not took or not is_over.is_set():
            before = time.perf_counter()
            site.call(tags[number % len(tags)])
            took.append((time.perf_counter() - before) * 1000)
            number += 1
            is_over.wait(1 / _ASIDE)

    thread = threading.Thread(target=call)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def bare(folder: Path, rows: int) -> float:
    """Seconds that SQLite alone takes to change as many rows in one transaction, safely."""
    file = folder / "bare.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute("pragma journal_mode = wal")
        db.execute("pragma synchronous = full")
        db.execute(
            "create table if not exists row (id text primary key, a integer, b integer, c text) strict"
        )
        keys = [f"job-{number:06}" for number in range(rows)]
        db.execute("begin")
        db.executemany("insert or replace into row values (?, 0, 0, '')", [(key,) for key in keys])
        db.execute("commit")
        before = time.perf_counter()
        db.execute("begin")
        db.executemany("update row set a = a + 1, b = b + 2, c = 'UP' where id = ?", [(key,) for key in keys])
        db.execute("commit")
        return time.perf_counter() - before


if __name__ == "__main__":
    print(json.dumps(asdict(life(Path(sys.argv[1])))))
