"""The service of a process that only looks: what people are shown, beside a server that does the work."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from itertools import count

from kener_py import store
from kener_py.model import Config, Instant
from kener_py.service import Service
from kener_py.service.active import active
from kener_py.service.counts import Counts, Durations


class Onlooker(Service):
    """A `Service` that answers every question and changes nothing. Raises StoreError.

    It is given the configuration that is in force; nothing is adopted, for the server has done that.
    """

    def __init__(self, db: store.Onlooker, config: Config, clock: Callable[[], Instant]) -> None:
        self.store = db
        self.clock = clock
        self.is_owed = threading.Event()
        self.reload_error = None
        self.reloaded = clock()
        self.sender_seen = None
        self.loop_seen = None
        self.exported, self.export_error = None, None
        self.counts, self.ticks, self.requests = Counts(), Durations(), Durations()
        self._rejected = Counter()
        self._rejected_lock = threading.Lock()
        self._active = active(config)
        self._marked = 0
        self._states = {}
        self._hearing = count(1)
        self._heard = 0
        self._signing_key = b""  # nobody is sent a link from here
        self.site_id = store.secret(db.read(), "site") or bytes(16)
        self._absences = ()
