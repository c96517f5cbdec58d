"""Requests on a timetable: each is due at its instant, whether or not the ones before it are answered.

A latency counts from that instant, so that a server that stalls pays for all who would have called meanwhile.
`python -m benchmarks.paced` reads the timetable as JSON from stdin; `run` and `started` call it.
"""

from __future__ import annotations

import contextlib
import json
import resource
import select
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from benchmarks.server import ROOT, Server
from benchmarks.wrk import Failed, Load

_PATIENCE = 60.0  # seconds after the last one was due


@dataclass(frozen=True, slots=True)
class Timing:
    """What came of a timetable; times in milliseconds."""

    answered: int  # with 200
    others: int  # with another code, or not at all
    p50: float
    p99: float
    worst: float
    sent_within: float  # seconds from the first to the last one that was sent


def started(
    server: Server, load: Load, rate: float, count: int, *, is_fresh: bool = False
) -> subprocess.Popen[str]:
    """A process that sends `count` requests, `rate` a second; see `Timetable` for `is_fresh`."""
    given = {
        "port": server.port,
        "requests": [request.decode() for request in load.requests()],
        "rate": rate,
        "count": count,
        "connections": load.connections,
        "is_fresh": is_fresh,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.paced"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    json.dump(given, process.stdin)
    process.stdin.close()
    return process


def ended(process: subprocess.Popen[str]) -> Timing:
    """What came of it, once it is over."""
    assert process.stdout is not None
    with process.stdout as output:
        text = output.read()
    if process.wait() != 0:
        raise Failed("the timetable could not be kept: its process failed")
    return Timing(**json.loads(text))


def run(server: Server, load: Load, rate: float, count: int, *, is_fresh: bool = False) -> Timing:
    return ended(started(server, load, rate, count, is_fresh=is_fresh))


class _Connection:
    __slots__ = ("came", "due", "request", "socket")

    def __init__(self, plain: socket.socket) -> None:
        self.socket = plain
        self.came = b""
        self.due = 0.0
        self.request = b""

    def is_complete(self) -> bool:
        head, found, body = self.came.partition(b"\r\n\r\n")
        if not found:
            return False
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                return len(body) >= int(line[15:])
        return True


class Timetable:
    """Keeps `connections` open; with `is_fresh` every request has one of its own instead, as curl has."""

    def __init__(
        self, port: int, requests: Sequence[str], rate: float, count: int, connections: int, is_fresh: bool
    ) -> None:
        self._address = ("127.0.0.1", port)
        self._requests = [request.encode() for request in requests]
        self._rate, self._count, self._is_fresh = rate, count, is_fresh
        self._poll = select.epoll()
        self._open: dict[int, _Connection] = {}
        self._free: deque[_Connection] = deque()
        self._latencies: list[float] = []
        self._others = 0
        self._last_sent = 0.0
        if not is_fresh:
            for _ in range(min(connections, count)):
                self._free.append(self._connected(is_blocking=True))

    def run(self) -> Timing:
        begin = time.perf_counter() + 0.05
        given_up = begin + self._count / self._rate + _PATIENCE
        waiting: deque[float] = deque()
        planned = 0
        while len(self._latencies) + self._others < self._count:
            now = time.perf_counter()
            if now > given_up:
                break
            while planned < self._count and begin + planned / self._rate <= now:
                waiting.append(begin + planned / self._rate)
                planned += 1
            while waiting and (self._is_fresh or self._free):
                self._send(waiting.popleft())
            rest = begin + planned / self._rate - time.perf_counter() if planned < self._count else 1.0
            # epoll itself rounds up to milliseconds.
            if select.select([self._poll.fileno()], [], [], max(rest, 0.0))[0]:
                for number, event in self._poll.poll(0):
                    self._happened(self._open[number], event)
        return self._timing(begin)

    def _connected(self, is_blocking: bool) -> _Connection:
        plain = socket.socket()
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        plain.setblocking(is_blocking)
        with contextlib.suppress(BlockingIOError):
            plain.connect(self._address)
        plain.setblocking(False)
        found = self._open[plain.fileno()] = _Connection(plain)
        self._poll.register(plain.fileno(), select.EPOLLIN if is_blocking else select.EPOLLOUT)
        return found

    def _send(self, due: float) -> None:
        connection = self._connected(is_blocking=False) if self._is_fresh else self._free.popleft()
        connection.due, connection.came = due, b""
        connection.request = self._requests[len(self._latencies) % len(self._requests)]
        if not self._is_fresh:
            self._write(connection)

    def _write(self, connection: _Connection) -> None:
        connection.socket.send(connection.request)  # short enough for any socket's buffer
        self._last_sent = time.perf_counter()

    def _happened(self, connection: _Connection, event: int) -> None:
        try:
            if event & select.EPOLLOUT:
                self._poll.modify(connection.socket.fileno(), select.EPOLLIN)
                self._write(connection)
                return
            came = connection.socket.recv(65_536)
        except OSError:
            came = b""
        connection.came += came
        if connection.is_complete():
            self._count_answer(connection)
        elif not came:
            self._others += 1
            self._close(connection)

    def _count_answer(self, connection: _Connection) -> None:
        if connection.came[9:12] == b"200":
            self._latencies.append((time.perf_counter() - connection.due) * 1000)
        else:
            self._others += 1
        if self._is_fresh:
            self._close(connection)
        else:
            self._free.append(connection)

    def _close(self, connection: _Connection) -> None:
        del self._open[connection.socket.fileno()]
        connection.socket.close()

    def _timing(self, begin: float) -> Timing:
        times = sorted(self._latencies) or [float("inf")]

        def percentile(share: float) -> float:
            return times[min(int(len(times) * share), len(times) - 1)]

        answered = len(self._latencies)
        return Timing(
            answered,
            self._count - answered,
            percentile(0.5),
            percentile(0.99),
            times[-1],
            self._last_sent - begin,
        )


def _main() -> str:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    timing = Timetable(**json.load(sys.stdin)).run()
    return json.dumps(asdict(timing))


if __name__ == "__main__":
    print(_main())
