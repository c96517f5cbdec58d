"""The cron loop: one thread that sleeps until a tick is due, and says each 20 seconds that it lives."""

from __future__ import annotations

import logging
import threading

from kener_py import status, store
from kener_py.model import HOUR, SECOND, Instant
from kener_py.service import Service

_log = logging.getLogger("kener_py.loop")

_TIDY_EVERY = HOUR
_LONGEST_NAP = 5.0  # seconds; a clock that jumps, or a reload, is noticed at the latest then


class Loop(threading.Thread):
    """Ticks of one cron expression are one entry, however many monitors have it."""

    def __init__(self, service: Service) -> None:
        super().__init__(name="loop", daemon=True)
        self._service = service
        self._stopping = threading.Event()
        self._next: dict[str, Instant] = {}
        self._latest: Instant = 0
        self._tidied: Instant = 0

    def run(self) -> None:
        nap = 0.0
        while not self._stopping.wait(nap):
            try:
                nap = self.step(self._service.clock())
            except store.Unavailable as error:
                _log.error("nothing could be evaluated: %s; trying again", error)
                nap = _LONGEST_NAP
            except Exception:
                _log.exception("the loop failed; it goes on")
                nap = _LONGEST_NAP

    def stop(self) -> None:
        self._stopping.set()
        self.join()

    def step(self, at: Instant) -> float:
        """Do what is due at `at`; the seconds to sleep then.

        Ticks that were missed are not replayed: the next one catches up.
        """
        if at < self._latest - SECOND:
            _log.warning("the clock was set back by %d ms", self._latest - at)
            self._service.clock_was_set_back()
            self._next.clear()
            self._latest = at
        self._latest = max(self._latest, at)
        wanted = self._service.active.ticks
        self._next = {tick: due for tick, due in self._next.items() if tick in wanted}
        self._service.mark_alive(at)
        for tick in sorted(wanted):
            due = self._next.get(tick)
            if due is not None and due <= at:
                self._service.tick(tick, at)
                at = max(at, self._service.clock())
            if due is None or due <= at:
                cron, zone = tick.split("|")
                self._next[tick] = status.next_tick(cron, zone, at)
        if not 0 <= at - self._tidied < _TIDY_EVERY:
            self._service.tidy(at)
            self._tidied = at
        soonest = min(self._next.values(), default=at + 60 * SECOND)
        return min(max(soonest - at, 0) / SECOND, _LONGEST_NAP)
