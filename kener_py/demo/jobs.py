"""The made-up jobs at work: they call in their rhythm, so that a state stays as it is."""

from __future__ import annotations

import logging
import threading

from kener_py import store
from kener_py.demo.states import Prepared
from kener_py.model import SECOND, Heartbeat, Instant
from kener_py.service import Service, Unwatched

_log = logging.getLogger("kener_py.demo")

_NAP = 2.0  # seconds


class Jobs(threading.Thread):
    """Each call goes the way of a real one, from `service.record` on."""

    def __init__(self, service: Service, prepared: Prepared) -> None:
        super().__init__(name=f"jobs of {prepared.name}", daemon=True)
        self._service = service
        self._calling = prepared.calling
        self._due: dict[str, Instant] = {}
        self._stopping = threading.Event()

    def run(self) -> None:
        while not self._stopping.wait(_NAP):
            try:
                self.step(self._service.clock())
            except (store.StoreError, Unwatched) as error:
                _log.warning("a made-up heartbeat was not kept: %s", error)

    def stop(self) -> None:
        self._stopping.set()
        self.join()

    def step(self, at: Instant) -> None:
        """Make the calls that are due at `at`."""
        if not self._due:
            states = store.states(self._service.store.read())
            for tag, heart in self._calling.items():
                last = states[tag].last
                self._due[tag] = at if last is None else last + heart.every
        for tag, heart in self._calling.items():
            if self._due[tag] <= at:
                beat = Heartbeat(tag, at, heart.status, heart.message, (), "GET", "curl/8.5.0", "192.0.2.17")
                self._service.record(beat)
                self._due[tag] = at + heart.every - SECOND
