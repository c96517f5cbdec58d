"""What callers can take from a real server without a secret: connections, time, memory; and when it ends.

Sizes and times are those that docs/security.md names.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from .conftest import Serve
from .programs import needs
from .server import Answer, Server, configuration, monitor, rest_of, secret_of

pytestmark = pytest.mark.real

HEAD_WITHIN, TAKEN_WITHIN, BODY_WITHIN = 20.0, 30.0, 60.0  # seconds
LATE = 10.0  # seconds; the machine may be busy
SOON = 5.0
BEAT = f"/heartbeat/one:{secret_of('one')}"
HALF = b"GET / HTTP/1.1\r\nHost: here\r\nX-Half: "
NEVER_ENDING = b"POST %b HTTP/1.1\r\nHost: here\r\nContent-Length: 1000\r\n\r\nfirst words"


@pytest.fixture(scope="module")
def server(serve_module: Serve) -> Server:
    return serve_module(
        configuration(
            monitor("one"), server={"log_level": "warning", "threads": 2, "wrong_secrets_per_minute": 0}
        )
    )


@pytest.fixture(autouse=True)
def _as_before(server: Server) -> Iterator[None]:
    yield
    began = time.monotonic()
    assert server.post(BEAT).status == 200
    assert time.monotonic() - began < SOON
    assert "Traceback" not in server.log


def ends(server: Server, sent: bytes, drip: bytes = b"") -> tuple[float, bytes]:
    """After how many seconds the server closes a connection that sends this and no more, and what it said."""
    began = time.monotonic()
    with server.connection(timeout=1) as plain, contextlib.suppress(ConnectionError):
        plain.sendall(sent)
        came = b""
        while time.monotonic() - began < 120:
            with contextlib.suppress(TimeoutError):
                piece = plain.recv(65_536)
                if not piece:
                    return time.monotonic() - began, came
                came += piece
            if drip:
                plain.sendall(drip)
        raise AssertionError("still open after two minutes")
    return time.monotonic() - began, b""


def never_reads(server: Server) -> float:
    """Seconds until the server lets go of a caller who asks on and on and takes no answer."""
    began = time.monotonic()
    with socket.socket() as plain:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        plain.connect(("127.0.0.1", server.port))
        plain.settimeout(1)
        while time.monotonic() - began < 120:
            try:
                plain.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: here\r\n\r\n" * 50)
            except TimeoutError:
                continue
            except OSError:
                return time.monotonic() - began
            time.sleep(0.1)
    raise AssertionError("still open after two minutes")


SLOW = {
    "says nothing": (b"", b""),
    "stops in its head": (HALF, b""),
    "drips headers": (HALF, b"a\r\nX-More: b"),
    "is idle after an answer": (b"GET /livez HTTP/1.1\r\nHost: here\r\n\r\n", b""),
}


@pytest.fixture(scope="module")
def slow(server: Server) -> Iterator[dict[str, Future[tuple[float, bytes]]]]:
    """All that wait, at once, so that the tests take as long as the longest of them."""
    with ThreadPoolExecutor(len(SLOW) + 3) as pool:
        waiting = {name: pool.submit(ends, server, *sent) for name, sent in SLOW.items()}
        for path in (BEAT, "/api/v1/incidents"):
            waiting[path] = pool.submit(ends, server, NEVER_ENDING % path.encode())
        waiting["never reads"] = pool.submit(lambda: (never_reads(server), b""))
        yield waiting


def resident(server: Server) -> int:
    """Bytes of memory that the process has."""
    assert server.process is not None
    told = Path(f"/proc/{server.process.pid}/status").read_text()
    (kilobytes,) = re.findall(r"VmRSS:\s+(\d+) kB", told)
    return int(kilobytes) * 1024


needs_proc = needs("/proc/self/status")


def head(*lines: bytes) -> bytes:
    return b"\r\n".join([b"GET /livez HTTP/1.1", b"Host: here", b"Connection: close", *lines, b"", b""])


@pytest.mark.usefixtures("slow")
@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (head(*(b"X-%d: a" % number for number in range(98))), 200),
        (head(*(b"X-%d: a" % number for number in range(99))), 431),
        (head(*(b"X-%d: a" % number for number in range(20_000))), 431),
        (head(b"X-Long: " + b"a" * 60_000), 200),
        (head(b"X-Long: " + b"a" * 200_000), 431),
        (b"GET /livez?" + b"a" * 60_000 + b" HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n", 200),
        (b"GET /livez?" + b"a" * 65_600 + b" HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n", 414),
    ],
    ids=["100 headers", "101 headers", "20,000 headers", "60 kB", "200 kB", "a long line", "a longer one"],
)
def test_a_head_has_a_hundred_headers_and_some_64_kilobytes(server: Server, sent: bytes, status: int) -> None:
    assert Answer.parse(server.raw(sent)).status == status


@needs_proc
def test_memory_does_not_grow_with_heads_that_are_too_large(server: Server) -> None:
    def attack() -> None:
        for _ in range(50):
            server.raw(head(*(b"X-%d: a" % number for number in range(20_000))))
            server.raw(head(b"X-Long: " + b"a" * 1_000_000))

    attack()
    before = resident(server)
    for _ in range(4):
        attack()
    assert resident(server) - before < 16 * 2**20


def test_http2_without_tls_is_not_spoken(server: Server) -> None:
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
    assert server.raw(preface) == b""
    upgrade = (
        b"GET /livez HTTP/1.1\r\nHost: here\r\nConnection: Upgrade, HTTP2-Settings, close\r\n"
        b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"
    )
    assert Answer.parse(server.raw(upgrade)).status == 200


@needs_proc
def test_heartbeats_are_heard_while_500_callers_never_end_their_heads(server: Server) -> None:
    before = resident(server)
    with contextlib.ExitStack() as open_ones:
        attackers = [open_ones.enter_context(server.connection()) for _ in range(500)]
        for each in attackers:
            each.sendall(HALF + b"a" * 50_000)
        for number in range(50):
            for each in attackers[:: 10 + number]:
                with contextlib.suppress(ConnectionError):
                    each.sendall(b"a")
            began = time.monotonic()
            assert server.post(BEAT, f"beat {number}").status == 200
            assert time.monotonic() - began < SOON
        # A hundred bytes more for each than they have sent would be another 64 kB for each.
        assert resident(server) - before < 500 * 2 * 64 * 1024


@needs_proc
def test_what_strangers_send_is_not_kept_in_memory(server: Server) -> None:
    """A megabyte each from 100 who have no key, and who do not end."""
    sent = (
        b"POST /api/v1/incidents HTTP/1.1\r\nHost: here\r\nContent-Length: 4000000\r\n\r\n" + b"a" * 1_000_000
    )
    with contextlib.ExitStack() as open_ones, ThreadPoolExecutor(8) as pool:
        attackers = [open_ones.enter_context(server.connection()) for _ in range(100)]
        before = resident(server)
        list(pool.map(lambda each: each.sendall(sent), attackers))
        assert server.post(BEAT).status == 200
        assert resident(server) - before < 48 * 2**20


def test_pages_that_nobody_can_render_in_time_are_refused_and_heartbeats_are_not(server: Server) -> None:
    """More than a thousand wait for two threads; each page is another one, so that none is kept."""
    with contextlib.ExitStack() as open_ones:
        callers = [open_ones.enter_context(server.connection()) for _ in range(1_500)]
        for number, each in enumerate(callers):
            each.sendall(
                b"GET /uptime?n=%d HTTP/1.1\r\nHost: here\r\nAccept: text/html\r\n"
                b"Connection: close\r\n\r\n" % number
            )
        began = time.monotonic()
        assert server.post(BEAT, "meanwhile").status == 200
        assert time.monotonic() - began < SOON
        answers = [Answer.parse(rest_of(each)) for each in callers]
    refused = [each for each in answers if each.status == 503]
    assert {each.status for each in answers} <= {200, 503}
    # A thousand may wait, and of the tests before some may still do.
    assert 900 <= len(answers) - len(refused) < 1_500
    for each in refused:
        assert each.headers["retry-after"] == "5"
        assert each.headers["cache-control"] == "no-store"
        assert each.headers["x-content-type-options"] == "nosniff"


class Poor(Server):
    """A server that may have few files open."""

    def command(self) -> list[str]:
        return ["sh", "-c", 'ulimit -n 1024 && exec "$@"', "sh", *super().command()]


@pytest.fixture
def poor(tmp_path: Path) -> Iterator[Server]:
    started = Poor(tmp_path / "poor", configuration(monitor("one"), server={"log_level": "warning"}))
    try:
        yield started.start()
    finally:
        started.close()


def test_who_takes_all_connections_keeps_others_out_for_20_seconds_at_most(poor: Server) -> None:
    """A fact and not a virtue: a proxy in front can count connections by address, we cannot."""
    with contextlib.ExitStack() as open_ones:
        for _ in range(600):
            open_ones.enter_context(poor.connection()).sendall(HALF)
        began = time.monotonic()
        assert poor.post(BEAT, "at last").status == 200
        assert time.monotonic() - began < HEAD_WITHIN + LATE
    assert "at last" in poor.messages()
    assert "Traceback" not in poor.log


@pytest.mark.parametrize("name", SLOW)
def test_a_head_takes_20_seconds_at_most(slow: dict[str, Future[tuple[float, bytes]]], name: str) -> None:
    took, _ = slow[name].result(180)
    assert HEAD_WITHIN - 1 < took < HEAD_WITHIN + LATE


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="needs Linux")
def test_who_takes_no_answer_is_let_go_after_30_seconds(slow: dict[str, Future[tuple[float, bytes]]]) -> None:
    took, _ = slow["never reads"].result(180)
    assert TAKEN_WITHIN - 1 < took < TAKEN_WITHIN + 2 * LATE


def test_a_body_takes_60_seconds_at_most_and_a_heartbeat_in_it_counts(
    server: Server, slow: dict[str, Future[tuple[float, bytes]]]
) -> None:
    took, came = slow[BEAT].result(180)
    assert BODY_WITHIN - 1 < took < BODY_WITHIN + LATE
    answer = Answer.parse(came)
    assert answer.status == 200
    assert json.loads(answer.body)["warning"] == "the body ended early; what arrived is kept"
    assert "first words" in server.messages()
    took, came = slow["/api/v1/incidents"].result(180)
    assert took < BODY_WITHIN + LATE
    assert Answer.parse(came).status == 401
