"""One process: the HTTP server in front, writer, loop, sender and watcher as threads beside it."""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from granian.constants import HTTPModes, Interfaces, Loops, TaskImpl
from granian.http import HTTP1Settings
from granian.server.mt import MTServer

from kener_py import __version__, config, messages, notify, store, web, webhook
from kener_py.cli import exporting, logs
from kener_py.cli.systemd import Systemd
from kener_py.model import Config, Instant, Server
from kener_py.service import Service
from kener_py.service.exporter import Exporter
from kener_py.service.loop import Loop
from kener_py.service.sender import Sender
from kener_py.service.watcher import Watcher

_log = logging.getLogger("kener_py")

_DRAIN = 10.0  # seconds


class CannotListen(Exception):
    """The address cannot be had; the message says why and what to do."""


def clock() -> Instant:
    return time.time_ns() // 1_000_000


def load(path: Path, flags: Mapping[str, object]) -> Config:
    return config.load(path, os.environ, flags, check_url=notify.check, check_template=messages.check)


class _Http(MTServer):
    """Granian's worker as a thread of this process instead of a child.

    The loop must live beside the requests, a kill must not leave a child with the port, and SIGHUP
    is ours. Granian keeps this class for Pythons without a lock; its worker is the same either way.
    """

    is_drained = True

    def _check_gil(self) -> None:
        """Nothing to check: with the lock it works as well."""

    def signal_handler_interrupt(self, *args: object, **more: object) -> None:
        """Only the first counts: in the middle of it, a second one would wait for its lock for ever."""
        if not self.interrupt_signal:
            super().signal_handler_interrupt()

    def _stop_workers(self) -> None:
        """Answer the requests that have begun; a client that never finishes gets ten seconds."""
        for worker in self.wrks:
            worker.terminate()
            worker.join(_DRAIN)
            self.is_drained = not worker.inner.is_alive()


def listening_at(server: Server) -> tuple[str, int]:
    """The address and port to listen on, tried beforehand.

    Granian shares a port that another process already serves, without a word; this does not.
    """
    try:
        family, kind, protocol, _, found = socket.getaddrinfo(
            server.host, server.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(found)
            host, port = probe.getsockname()[:2]
    except OSError as error:
        raise CannotListen(
            f"cannot listen on {server.host}:{server.port}: {error.strerror}; "
            "stop what listens there, or set server.host and server.port (--host, --port)"
        ) from None
    return host, port


def url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def listen(app: Any, host: str, port: int, start: Callable[[], None], threads: int = 0) -> Callable[[], None]:
    """Answer requests until a signal says stop; what ends the process when all else is put away.

    `app` speaks RSGI, as `web.serving` does; with `threads` it is a WSGI application, called in so many.
    `start` is called as soon as requests are answered.
    """
    http = _Http(
        target="kener_py",
        address=host,
        port=port,
        interface=Interfaces.WSGI if threads else Interfaces.RSGI,
        loop=Loops.uvloop,
        task_impl=TaskImpl.asyncio,  # so that a task can be cancelled: a body that takes too long
        http=HTTPModes.http1,
        workers=1,
        blocking_threads=threads or 1,
        backlog=4096,
        websockets=False,
        log_enabled=False,
        http1_settings=HTTP1Settings(header_read_timeout=30_000),
    )
    http.on_startup(start)
    http.serve(target_loader=lambda *_: app)

    def end() -> None:
        if not http.is_drained:  # its thread would keep the process alive
            logging.shutdown()
            os._exit(0)

    return end


def serve(first: Config, reload: Callable[[], Config]) -> int:
    """Serve until a signal says stop; the exit code. Raises StoreError, CannotListen."""
    logs.set_up(first.server.log_format, first.server.log_level)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    for warning in first.warnings:
        _log.warning("%s", warning)
    host, port = listening_at(first.server)
    db = store.Store(first.server.database)
    try:
        service = Service(db, first, clock)
        systemd = Systemd(service, host, port, os.environ)
        watcher = Watcher(service, reload, systemd.reloading)
        sender = Sender(service, notify.send, webhook.post)
        loop = Loop(service)
        child = exporting.Child()
        exporter = Exporter(service, child.write, child.end)

        def start() -> None:
            # What is there now stays: to search it for garbage again and again would stop all threads.
            gc.collect()
            gc.freeze()
            gc.set_threshold(10_000, 20, 20)
            signal.signal(signal.SIGHUP, lambda number, frame: watcher.ask())
            for thread in (loop, sender, watcher, exporter, systemd):
                thread.start()
            _log.info(
                "kener-py %s on %s, %d monitors, database %s",
                __version__,
                url(host, port),
                len(first.monitors),
                first.server.database,
            )

        app = web.serving(service)
        end = listen(app, host, port, start)
        app.close()
        for thread in (systemd, exporter, watcher, loop, sender):
            thread.stop()
    finally:
        db.close()
    _log.info("stopped")
    end()
    return 0
