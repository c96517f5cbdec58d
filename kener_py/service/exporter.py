"""The exporter: has the page written down after a change, and each minute, for it grows old by itself."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from kener_py.model import MINUTE, SECOND, Config, Instant
from kener_py.service import Service

_log = logging.getLogger("kener_py.export")

_LOOK_EVERY = 1.0  # seconds
_AT_LEAST = MINUTE

Write = Callable[[Config], str | None]


class Exporter(threading.Thread):
    """`write` writes the page of a configuration and returns what went wrong, None if nothing did.

    It runs outside of this process' interpreter, so heartbeats do not wait for it; `end` cuts it short.
    """

    def __init__(self, service: Service, write: Write, end: Callable[[], None]) -> None:
        super().__init__(name="exporter", daemon=True)
        self._service = service
        self._write, self._end = write, end
        self._stopping = threading.Event()
        self._shown: object = None  # the version that was written last
        self._begun: Instant | None = None

    def run(self) -> None:
        while not self._stopping.wait(_LOOK_EVERY):
            try:
                self.step(self._service.clock())
            except Exception as error:
                self._tell(f"it failed: {error}")
                _log.exception("the page could not be exported; trying again")

    def stop(self) -> None:
        self._stopping.set()
        self._end()
        self.join()

    def step(self, at: Instant) -> None:
        """Write if it is time."""
        config = self._service.config
        wanted = config.export
        if wanted is None:
            self._service.export_error = None
            return
        since = None if self._begun is None else at - self._begun
        shown = (self._service.version(False), config.export)
        if since is not None and 0 <= since < max(wanted.every, SECOND):
            return
        if since is not None and shown == self._shown and 0 <= since < _AT_LEAST:
            return
        self._begun, self._shown = at, shown
        self._tell(self._write(config))
        if self._service.export_error is None:
            self._service.exported = at

    def _tell(self, problem: str | None) -> None:
        """Note how it went; the log hears of it when that is new."""
        before, self._service.export_error = self._service.export_error, problem
        if problem is not None and problem != before and not self._stopping.is_set():
            _log.error("the page could not be exported: %s; trying again", problem)
        if problem is None and before is not None:
            _log.info("the page is exported again")
