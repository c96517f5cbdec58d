"""One thread that writes: what has queued up becomes one transaction, and is answered after its commit."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import count, groupby
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from sqlite_utils import Database

from kener_py.running import running_loop
from kener_py.store.trouble import Unavailable, is_disk_trouble

T = TypeVar("T")
Job = Callable[[Database], T]
# (connection, items, whether nothing else was written since the last call) -> a result for each item
Work = Callable[[Database, Sequence[Any], bool], Sequence[Any]]

_log = logging.getLogger("kener_py.store")

_BATCH = 1_000  # entries in one transaction
MOST_WAITING = 10_000  # more are refused: memory stays bounded
_CROWD = 8  # entries that wait: then more are on their way
_NAP, _NAPS = 0.00005, 12  # seconds, and how often at most: a crowd waits about a millisecond for those


class _Entry:
    """A job, or an item for the common work; and what came of it. Made ten thousand times a second."""

    __slots__ = ("error", "future", "is_given_up", "is_item", "is_quiet", "lock", "result", "until", "wanted")

    def __init__(self, wanted: Any, is_item: bool, is_quiet: bool) -> None:
        self.wanted, self.is_item, self.is_quiet = wanted, is_item, is_quiet
        self.result: Any = None
        self.error: BaseException | None = None
        self.is_given_up = False
        # What tells that there is an answer: a thread waits for the one, an event loop for the other.
        self.lock: threading.Lock | None = None  # held until then; an Event costs five times as much
        self.future: asyncio.Future[None] | None = None
        self.until = 0.0  # when the patience of the latter ends, on the loop's clock

    def is_over(self) -> bool:
        return self.future is None or self.future.done()

    def answer(self) -> Any:
        if self.error is not None:
            raise self.error
        return self.result


def _tell(entries: Iterable[_Entry]) -> None:
    """Let go on who waits for these; a crowd on one event loop is woken once."""
    crowds: dict[asyncio.AbstractEventLoop, list[_Entry]] = {}
    for entry in entries:
        if entry.lock is not None:
            entry.lock.release()
        elif entry.future is not None:
            crowds.setdefault(entry.future.get_loop(), []).append(entry)
    for loop, crowd in crowds.items():
        with suppress(RuntimeError):  # it was closed: nobody waits any more
            loop.call_soon_threadsafe(_settle, crowd)


def _settle(entries: Iterable[_Entry]) -> None:
    """Runs on the event loop."""
    for entry in entries:
        if entry.future is not None and not entry.future.done():
            entry.future.set_result(None)


def _leave(line: deque[_Entry]) -> None:
    """Those at the front who have been told."""
    while line and line[0].is_over():
        line.popleft()


class Writer:
    """`write` a job, or `put` an item: what lies side by side in the queue is given to `work` in one call."""

    def __init__(self, db: Database, name: str, work: Work | None = None) -> None:
        self._db, self._name, self.work = db, name, work
        self._entries: SimpleQueue[_Entry | None] = SimpleQueue()
        self._seen = -1  # SQLite's counter of what other connections wrote
        self._is_alone = False
        self._committed = self._touched = 0  # count what visitors may see, after it can be seen
        self._touches = count(1)
        self.failures = 0  # writes that were not done, or not in time
        self._failures_lock = threading.Lock()
        # Who waits on a loop for so many seconds, in order: a timer for each line, not for each entry.
        self._lines: dict[tuple[asyncio.AbstractEventLoop, float], deque[_Entry]] = {}
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def waiting(self) -> int:
        """How many entries have queued up."""
        return self._entries.qsize()

    def write(self, job: Job[T], wait: float, is_quiet: bool) -> T:
        """What `job` returned, once it is on disk. Raises Unavailable, or what the job raised."""
        result: T = self._waited(_Entry(job, False, is_quiet), wait)
        return result

    def put(self, item: object, wait: float) -> Any:
        """What `work` returned for this item, once it is on disk. Raises Unavailable, or what it raised."""
        return self._waited(_Entry(item, True, True), wait)

    async def put_async(self, item: object, wait: float) -> Any:
        """The same for a caller on an event loop, where nothing stands still meanwhile."""
        entry = _Entry(item, True, True)
        loop = running_loop()
        entry.future = loop.create_future()
        self._queue(entry)
        entry.until = loop.time() + wait
        line = self._lines.get((loop, wait))
        if line is None:
            line = self._lines[loop, wait] = deque()
            loop.call_at(entry.until, self._look_along, loop, wait)
        line.append(entry)
        await entry.future
        _leave(line)
        return entry.answer()

    def _look_along(self, loop: asyncio.AbstractEventLoop, wait: float) -> None:
        """Give up those who waited too long."""
        line = self._lines[loop, wait]
        _leave(line)
        while line and line[0].until <= loop.time():
            self._give_up(line[0], wait)
            _settle([line.popleft()])
            _leave(line)
        if line:
            loop.call_at(line[0].until, self._look_along, loop, wait)
        else:
            del self._lines[loop, wait]

    def _queue(self, entry: _Entry) -> None:
        if self._entries.qsize() >= MOST_WAITING:
            self._fail(1)
            raise Unavailable("too many writes are waiting")
        self._entries.put(entry)

    def _waited(self, entry: _Entry, wait: float) -> Any:
        entry.lock = threading.Lock()
        entry.lock.acquire()
        self._queue(entry)
        if not entry.lock.acquire(timeout=wait):
            self._give_up(entry, wait)
        return entry.answer()

    def _give_up(self, entry: _Entry, wait: float) -> None:
        """If it had already begun, it may yet be committed: the caller is told to try again."""
        entry.is_given_up = True
        entry.error = Unavailable(f"the database did not answer within {wait:.0f} seconds")
        self._fail(1)

    def version(self) -> tuple[int, int]:
        """Another one after each transaction with a job that was not quiet, and after each `touch`."""
        return self._committed, self._touched

    def touch(self) -> None:
        self._touched = next(self._touches)  # in one step, whichever threads do it

    def close(self) -> None:
        """Commit what has queued up, then end."""
        self._entries.put(None)
        self._thread.join()

    # ---- the thread ----

    def _run(self) -> None:
        entries = self._entries
        batch: list[_Entry] = []
        while True:
            entry = entries.get()
            for _ in range(_NAPS):  # who was told last comes again at once
                if not _CROWD <= entries.qsize() < len(batch) - 1:
                    break
                time.sleep(_NAP)
            batch = []
            while entry is not None:
                batch.append(entry)
                if len(batch) == _BATCH:
                    break
                try:
                    entry = entries.get_nowait()
                except Empty:
                    break
            try:
                self._commit([each for each in batch if not each.is_given_up])
            except Exception:
                _log.exception("the writer failed outside of any job")
            if entry is None:
                return

    def _commit(self, batch: list[_Entry]) -> None:
        if not batch:
            return
        try:
            self._db.execute("begin immediate")
        except sqlite3.Error as error:
            self._refuse(batch, error)
            return
        try:
            self._look_beside()
            for is_item, group in groupby(batch, key=lambda each: each.is_item):
                if is_item:
                    self._work(list(group))
                else:
                    self._is_alone = False
                    for entry in group:
                        entry.result = entry.wanted(self._db)
            self._db.execute("commit")
        except Exception as error:
            self._is_alone = False
            self._db.rollback()
            if is_disk_trouble(error):
                self._refuse(batch, error)
            elif len(batch) == 1:
                batch[0].error = error
                _tell(batch)
            else:  # one is bad: give each a transaction of its own
                for entry in batch:
                    self._commit([entry])
            return
        if not all(entry.is_quiet for entry in batch):
            self._committed += 1
        _tell(batch)

    def _look_beside(self) -> None:
        """Notice what another process has written, such as a command on this machine."""
        seen = self._db.execute("pragma data_version").fetchone()[0]
        if seen != self._seen:
            self._seen, self._is_alone = seen, False

    def _work(self, entries: list[_Entry]) -> None:
        assert self.work is not None, "an item was put before there was work for it"
        results = self.work(self._db, [entry.wanted for entry in entries], self._is_alone)
        self._is_alone = True
        for entry, result in zip(entries, results, strict=True):
            entry.result = result

    def _refuse(self, batch: list[_Entry], error: Exception) -> None:
        _log.error("cannot write to %s: %s; %d writes refused", self._name, error, len(batch))
        self._fail(len(batch))
        for entry in batch:
            entry.error = Unavailable(str(error))
        _tell(batch)

    def _fail(self, number: int) -> None:
        with self._failures_lock:
            self.failures += number
