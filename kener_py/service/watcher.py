"""The watcher: reads the configuration again when a file of it changes, or when it is told to."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue

from kener_py import config as configuration
from kener_py import store
from kener_py.model import Config, Tls
from kener_py.service import Service

_log = logging.getLogger("kener_py.config")

_EVERY = 1.0  # seconds


class Watcher(threading.Thread):
    """Compares contents, so an editor that replaces the file and a mount that swaps a link are seen.

    `load` reads the configuration and raises ConfigError; a broken one leaves the old in force.
    Each time that is done inside of `reloading()`. `show` is given another certificate to show from now on.
    """

    def __init__(
        self,
        service: Service,
        load: Callable[[], Config],
        reloading: Callable[[], AbstractContextManager[None]] = nullcontext,
        show: Callable[[Tls], None] = lambda _: None,
    ) -> None:
        super().__init__(name="watcher", daemon=True)
        self._service = service
        self._load, self._show = load, show
        self._reloading = reloading
        self._wake: SimpleQueue[None] = SimpleQueue()  # its `put` may interrupt itself
        self._stopping = False
        self._asked = False
        self._files = service.config.files
        self._seen = configuration.signature(self._files)

    def run(self) -> None:
        while True:
            with suppress(Empty):
                self._wake.get(timeout=_EVERY)
            if self._stopping:
                return
            try:
                self.step()
            except Exception:
                _log.exception("the configuration could not be looked at; trying again")

    def ask(self) -> None:
        """Reload now, changed or not. Safe in a signal handler, and in the middle of itself."""
        self._asked = True
        self._wake.put(None)

    def stop(self) -> None:
        self._stopping = True
        self._wake.put(None)
        self.join()

    def step(self) -> None:
        """Look once; reload if there is something new."""
        now = configuration.signature(self._files)
        if now == self._seen and not self._asked:
            return
        self._asked = False
        with self._reloading():
            self._reload(now)

    def _reload(self, now: bytes) -> None:
        try:
            new = self._load()
            files = new.files
        except configuration.ConfigError as error:
            self._refuse(str(error))
            self._watch((*self._service.config.files, *error.files), now)
            return
        except Exception as error:
            self._refuse(f"it could not be read: {error}")
            self._watch(self._files, now)
            raise
        self._watch(files, now)
        self._put_in_force(new)

    def _watch(self, files: tuple[Path, ...], before: bytes) -> None:
        """Wait for the next change of these files; one that came while they were read is one."""
        if configuration.signature(self._files) != before:
            self._asked = True
        self._files = tuple(dict.fromkeys(files))
        self._seen = configuration.signature(self._files)

    def _refuse(self, why: str) -> None:
        self._service.reload_error = why
        _log.error("the new configuration is refused, the old one stays in force:\n%s", why)

    def _put_in_force(self, new: Config) -> None:
        old = self._service.config.server
        try:
            self._service.reload(new)
        except store.StoreError as error:
            self._asked = True
            _log.error("the new configuration could not be put in force: %s; trying again", error)
            return
        except Exception as error:
            self._refuse(f"it could not be put in force: {error}")
            raise
        for warning in new.warnings:
            _log.warning("%s", warning)
        if replace(new.server, tls=None) != replace(old, tls=None) or bool(new.server.tls) != bool(old.tls):
            _log.warning("changes under `server:` take effect after a restart")
        elif new.server.tls and new.server.tls != old.tls:
            self._show(new.server.tls)
        _log.info("configuration reloaded: %d monitors", len(new.monitors))
