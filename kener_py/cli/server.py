"""One process: the HTTP server in front, writer, loop, sender and watcher as threads beside it."""

from __future__ import annotations

import ctypes
import gc
import logging
import os
import resource
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from granian.constants import HTTPModes, Interfaces, Loops, SSLProtocols, TaskImpl
from granian.http import HTTP1Settings
from granian.net import SocketHolder, SocketSpec  # type: ignore[attr-defined]
from granian.server.mt import MTServer, WorkerThread

from kener_py import __version__, config, messages, notify, store, web, webhook
from kener_py.cli import exporting, logs
from kener_py.cli import tls as trial
from kener_py.cli.systemd import Systemd
from kener_py.model import Config, Instant, Server, Tls
from kener_py.service import Service
from kener_py.service.exporter import Exporter
from kener_py.service.loop import Loop
from kener_py.service.sender import Sender
from kener_py.service.watcher import Watcher

_log = logging.getLogger("kener_py")

_DRAIN = 10.0  # seconds
_SHAKEN_WITHIN = 11.0  # seconds for a handshake of TLS; granian gives it ten
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
    return config.load(
        path,
        os.environ,
        flags,
        check_url=notify.check,
        check_template=messages.check,
        at=clock(),
    )


class Http(MTServer):
    """Granian's worker as a thread of this process instead of a child.

    The loop must live beside the requests, a kill must not leave a child with the port, and SIGHUP
    is ours. Granian keeps this class for Pythons without a lock; its worker is the same either way.
    """

    is_drained = True
    is_ending = False
    _shd: Any
    _sfd: Any

    def __init__(self, tls: Tls | None, **settings: Any) -> None:
        super().__init__(**settings)
        self.ssl_ctx = _ssl(tls)
        self._changing = threading.Lock()
        self._leaving: list[WorkerThread] = []  # they answer what came before another certificate

    def _check_gil(self) -> None:
        """Nothing to check: with the lock it works as well."""

    def signal_handler_interrupt(self, *args: object, **more: object) -> None:
        """Only the first counts: in the middle of it, a second one would wait for its lock for ever."""
        if not self.interrupt_signal:
            super().signal_handler_interrupt()

    def _init_shared_socket(self) -> None:
        """One listening socket that outlives workers, with a limit that granian does not have."""
        holder: Any = SocketSpec(self.bind_addr, self.bind_port, self.backlog).build()
        self._shd, self._sfd = holder, holder.get_fd()
        self._listening = socket.socket(fileno=os.dup(holder.get_fd()))  # a worker closes its own
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; connections inherit it
            self._listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _TAKEN_WITHIN)

    def _drop_shared_socket(self) -> None:
        with self._changing:
            self.is_ending = True
        self._listening.close()

    def _stop_workers(self) -> None:
        """Answer the requests that have begun; a client that never finishes gets ten seconds."""
        workers = [*self.wrks, *self._leaving]
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.join(_DRAIN)
        self.is_drained = not any(worker.inner.is_alive() for worker in workers)

    def show(self, tls: Tls, app: Any) -> None:
        """Let new connections see another certificate, by a new worker, which calls `app` of its own loop.

        The old one answers what has begun. Raises CannotShow, and then goes on as before.
        """
        if not trial.is_usable(tls):
            raise CannotShow
        with self._changing:
            if self.is_ending:
                return
            before, self.ssl_ctx = self.ssl_ctx, _ssl(tls)
            holder: Any = SocketHolder  # its description lacks the arguments
            self._shd = holder(os.dup(self._listening.fileno()), False, self.backlog)
            begun = _Begun(app)
            worker = self._spawn_worker(0, self._spawn_rsgi_worker, begun)
            worker.interrupt_by_parent = True  # should it fail, that does not end us
            worker.start()
            while not begun.runs.wait(0.05):
                if not worker.inner.is_alive():
                    self.ssl_ctx = before
                    raise CannotShow
            worker.interrupt_by_parent = False
            (old,), self.wrks = self.wrks, [worker]
            self._leaving = [each for each in self._leaving if each.inner.is_alive()] + [old]
            wait = _SHAKEN_WITHIN
            try:
                _hang_up(self._sfd)
            except OSError:  # nowhere to put a socket: then handshakes that have begun are cut off
                wait = 0.0
            self._sfd = self._shd.get_fd()
            leaving = threading.Timer(wait, old.terminate)
            leaving.daemon = True
            leaving.start()


def _hang_up(listening: int) -> None:
    """Put a socket that nobody can reach into the place of a worker's own.

    So it accepts no more and ends the handshakes that it has begun, which a worker that is told to end
    does not.
    """
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as unreachable:
        unreachable.bind(os.path.join(folder, "nobody"))
        unreachable.listen(1)
        unreachable.setblocking(False)
        os.dup2(unreachable.fileno(), listening, inheritable=False)


class CannotShow(Exception):
    """The server cannot read a pair of certificate and key that Python can."""


class _Begun:
    """An application that says when its worker's loop runs, which is after it has read its certificate."""

    def __init__(self, app: Any) -> None:
        self.runs = threading.Event()
        self.__rsgi__ = app.__rsgi__

    def __rsgi_init__(self, loop: Any) -> None:
        loop.call_soon(self.runs.set)


def _ssl(tls: Tls | None) -> tuple[Any, ...]:
    """What granian wants to know of TLS: older protocols than 1.2 are not spoken."""
    if tls is None:
        return False, None, None, None, str(SSLProtocols.tls12), None, [], False
    cert, key = str(tls.cert.resolve()), str(tls.key.resolve())
    return True, cert, key, tls.password, str(SSLProtocols.tls12), None, [], False


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


def url(host: str, port: int, tls: Tls | None = None) -> str:
    scheme = "https" if tls else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def prepared(host: str, port: int, threads: int = 0, tls: Tls | None = None) -> Http:
    """A server that does not listen yet, of HTTPS with a certificate.

    Its application speaks RSGI, as `web.serving` does; with `threads` it is one of WSGI, called in so many.
    """
    return Http(
        tls,
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


def listen(
    app: Any, host: str, port: int, start: Callable[[], None], threads: int = 0, http: Http | None = None
) -> Callable[[], None]:
    """Answer requests until a signal says stop; what ends the process when all else is put away.

    `start` is called as soon as requests are answered. See `prepared`.
    """
    http = http or prepared(host, port, threads)
    http.on_startup(start)
    http.serve(target_loader=lambda *_: app)

    def end() -> None:
        if not http.is_drained:  # its thread would keep the process alive
            logging.shutdown()
            os._exit(0)

    return end


_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8  # of malloc.h


def _hold_little_memory() -> None:
    """Have the system get back what a page of thousands of monitors took while it was made.

    Left alone, glibc keeps such blocks as soon as one was freed, and gives each thread a heap of its own
    with what that thread once needed. Other C libraries have no such settings.
    """
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_MMAP_THRESHOLD, 128 * 1024)
        library.mallopt(_M_ARENA_MAX, 1)


def search_little() -> None:
    """What is there now stays: to search it for garbage again and again would stop all threads."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def serve(first: Config, reload: Callable[[], Config]) -> int:
    """Serve until a signal says stop; the exit code. Raises StoreError, CannotListen."""
    _hold_little_memory()
    logs.set_up(first.server.log_format, first.server.log_level)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    for warning in first.warnings:
        _log.warning("%s", warning)
    if first.server.tls and not trial.is_usable(first.server.tls):
        raise CannotListen(f"{first.server.tls.key}: the server cannot use this key; {trial.KINDS}")
    host, port = listening_at(first.server)
    db = store.Store(first.server.database)
    try:
        service = Service(db, first, clock)
        systemd = Systemd(service, host, port, os.environ, is_https=first.server.tls is not None)
        http = prepared(host, port, tls=first.server.tls)
        apps = [web.serving(service)]

        def show(tls: Tls) -> None:
            app = web.serving(service)  # each worker has its own loop
            try:
                http.show(tls, app)
            except CannotShow:
                app.close()
                service.reload_error = f"{tls.key}: the server cannot use this key; {trial.KINDS}"
                _log.error("%s; the old certificate is shown on", service.reload_error)
                return
            apps.append(app)
            _log.info("another certificate is shown to new connections")

        watcher = Watcher(service, reload, systemd.reloading, show)
        sender = Sender(service, notify.send, webhook.post)
        loop = Loop(service)
        child = exporting.Child()
        exporter = Exporter(service, child.write, child.end)

        def start() -> None:
            search_little()
            signal.signal(signal.SIGHUP, lambda number, frame: watcher.ask())
            for thread in (loop, sender, watcher, exporter, systemd):
                thread.start()
            _log.info(
                "kener-py %s on %s, %d monitors, database %s",
                __version__,
                url(host, port, first.server.tls),
                len(first.monitors),
                first.server.database,
            )

        end = listen(apps[0], host, port, start, http=http)
        for app in apps:
            app.close()
        for thread in (systemd, exporter, watcher, loop, sender):
            thread.stop()
    finally:
        db.close()
    _log.info("stopped")
    end()
    return 0
