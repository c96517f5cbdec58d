"""One process: the HTTP server in front, writer, loop, sender and watcher as threads beside it."""

from __future__ import annotations

import logging
import os
import resource
import signal
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from granian.constants import HTTPModes, Interfaces, Loops, TaskImpl
from granian.http import HTTP1Settings
from granian.net import SocketSpec  # type: ignore[attr-defined]
from granian.server.mt import MTServer

from kener_py import __version__, config, messages, notify, store, web, webhook
from kener_py.cli import logs
from kener_py.model import Config, Instant, Server
from kener_py.service import Service
from kener_py.service.loop import Loop
from kener_py.service.sender import Sender
from kener_py.service.watcher import Watcher

_log = logging.getLogger("kener_py")

_DRAIN = 10.0  # seconds
# Connections cost memory before anything is known of who opened them: up to 64 KiB while a head is sent.
_CONNECTIONS = 8_192
_LARGEST_HEAD = 64 * 1024  # bytes
_HEAD_WITHIN = 20_000  # milliseconds; also how long a connection may be idle
_TAKEN_WITHIN = 30_000  # milliseconds without progress of an answer that its caller does not read
_OTHER_FILES = 512  # of this process: the database, threads that send, the log


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
    _shd: Any
    _sfd: Any

    def _check_gil(self) -> None:
        """Nothing to check: with the lock it works as well."""

    def _init_shared_socket(self) -> None:
        """One listening socket that outlives workers, with a limit that granian does not have."""
        holder: Any = SocketSpec(self.bind_addr, self.bind_port, self.backlog).build()
        self._shd, self._sfd = holder, holder.get_fd()
        with socket.socket(fileno=os.dup(holder.get_fd())) as listening:
            if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; connections inherit it
                listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _TAKEN_WITHIN)

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


def most_connections() -> int:
    """How many connections may be open at once; raises the limit of open files as far as it goes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _CONNECTIONS + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return _CONNECTIONS
    return max(soft - _OTHER_FILES, soft // 2)


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
        backpressure=most_connections(),
        websockets=False,
        log_enabled=False,
        http1_settings=HTTP1Settings(header_read_timeout=_HEAD_WITHIN, max_buffer_size=_LARGEST_HEAD),
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
        watcher = Watcher(service, reload)
        sender = Sender(service, notify.send, webhook.post)
        loop = Loop(service)

        def start() -> None:
            signal.signal(signal.SIGHUP, lambda number, frame: watcher.ask())
            for thread in (loop, sender, watcher):
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
        for thread in (watcher, loop, sender):
            thread.stop()
    finally:
        db.close()
    _log.info("stopped")
    end()
    return 0
