"""What systemd is told: requests are answered, a reload runs, how it goes, and that all parts still move.

sd_notify(3): lines of text in one datagram to $NOTIFY_SOCKET. Without that, nothing here does anything.
"""

from __future__ import annotations

import faulthandler
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from kener_py import __version__
from kener_py.cli import probe
from kener_py.model import Instant
from kener_py.service import Service

_log = logging.getLogger("kener_py.systemd")

_EVERY = 10.0  # seconds between two looks
_STARTING = 0.05  # the same until requests are answered
_PATIENCE = 10.0  # seconds that a part may take to answer
_STILL = 60.0  # seconds that the loop may; it says each five that it runs


class Systemd(threading.Thread):
    """Speaks to the service manager of `env`, about the server at `host` and `port`.

    `clock` gives seconds that nobody sets.

    The watchdog is fed only while loop, writer and requests move. A full disk or a locked file is no
    reason for a restart: it would heal neither, and a server that cannot write still shows its page.
    """

    def __init__(
        self,
        service: Service,
        host: str,
        port: int,
        env: Mapping[str, str],
        clock: Callable[[], float] = time.monotonic,
        is_https: bool = False,
    ) -> None:
        super().__init__(name="systemd", daemon=True)
        self._service, self._host, self._port, self._clock = service, host, port, clock
        self._is_https = is_https
        self._loop_seen: Instant | None = None
        self._loop_moved = clock()
        self._socket = env.get("NOTIFY_SOCKET", "")
        interval = env.get("WATCHDOG_USEC", "")
        self._is_watched = interval.isdecimal()
        # A quarter, so that one late look is no reason for a restart.
        self._nap = min(int(interval) / 4_000_000, _EVERY) if self._is_watched else _EVERY
        self._stopping = threading.Event()
        self._is_ready = False
        self._said = self._stuck = ""

    def run(self) -> None:
        if not self._socket:
            return
        if self._is_watched:
            faulthandler.enable()  # the watchdog ends us by SIGABRT: what each thread was at goes to the log
        while True:
            try:
                self.step()
            except Exception:
                _log.exception("systemd could not be told how it goes; trying again")
            if self._stopping.wait(self._nap if self._is_ready else _STARTING):
                return

    def stop(self) -> None:
        """Say that the end has begun."""
        self._stopping.set()
        if self.is_alive():
            self.join()
        self._tell("STOPPING=1", "STATUS=Stopping: what has arrived is being written")

    @contextmanager
    def reloading(self) -> Iterator[None]:
        """Say that the configuration is read anew, and when that is over, however it went."""
        if not self._is_ready:
            yield
            return
        self._tell("RELOADING=1", f"MONOTONIC_USEC={self._clock() * 1_000_000:.0f}")
        try:
            yield
        finally:
            self._said = self.status()
            self._tell("READY=1", f"STATUS={self._said}")

    def step(self) -> None:
        """Look once, and tell what is new."""
        lines = []
        if not self._is_ready:
            if not probe.is_live(self._host, self._port, _PATIENCE, self._is_https):
                return
            self._is_ready = True
            lines.append("READY=1")
        stuck = self.stuck()
        if stuck and not self._stuck:
            _log.error("%s%s", stuck, "; the watchdog is fed no more" if self._is_watched else "")
        self._stuck = stuck
        status = stuck or self.status()
        if status != self._said:
            lines.append(f"STATUS={status}")
        if self._is_watched and not stuck:
            lines.append("WATCHDOG=1")
        if lines and not self._stopping.is_set():
            self._tell(*lines)
        self._said = status

    def stuck(self) -> str:
        """What only a restart can heal; empty if nothing is."""
        if (quiet := self._quiet()) > _STILL:
            return f"the loop has stood still for {quiet:.0f} seconds"
        if not self._service.store.answers(_PATIENCE):
            return f"the writer has not answered for {_PATIENCE:.0f} seconds"
        if not probe.is_live(self._host, self._port, _PATIENCE, self._is_https):
            return "requests are not answered"
        return ""

    def _quiet(self) -> float:
        """Seconds since the loop was last seen to have moved."""
        if self._loop_seen != (seen := self._service.loop_seen):
            self._loop_seen, self._loop_moved = seen, self._clock()
        return self._clock() - self._loop_moved

    def status(self) -> str:
        """One line for `systemctl status`."""
        service = self._service
        if trouble := service.trouble():
            return f"Not ready: {trouble}"
        monitors, beats = len(service.config.monitors), sum(service.counts.of("heartbeats").values())
        told = f"kener-py {__version__} on port {self._port}: {_many(monitors, 'monitor')}, "
        told += f"{_many(beats, 'heartbeat')} since the start"
        if service.reload_error is not None:
            told += "; the last edit of the configuration was refused, see the log"
        return told

    def _tell(self, *lines: str) -> None:
        if not self._socket:
            return
        # "@" stands for the NUL byte of an abstract name.
        address = "\0" + self._socket[1:] if self._socket.startswith("@") else self._socket
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as plain:
                plain.settimeout(_PATIENCE)
                plain.sendto("\n".join(lines).encode(), address)
        except OSError as error:
            _log.warning("systemd cannot be told %s at $NOTIFY_SOCKET: %s", lines[0], error)


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
