"""A real server under requests that no honest program sends: broken HTTP, hostile headers, paths that climb.

The walk over all routes stands in tests/test_hostile_requests.py; here is what only sockets can say.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from .conftest import Serve
from .programs import needs
from .server import Server, configuration, monitor, rest_of, secret_of

pytestmark = pytest.mark.real

KEY = "key-that-may-do-all-5d1c90e7"
NOTIFIER = "notifier-password-5d1c90e7"
BEAT = f"/heartbeat/one:{secret_of('one')}".encode()
NEVER_SAID = re.compile(
    rb"Traceback|File \"|\.py\b|site-packages|werkzeug|sqlite3|root:x:|build-backend|"
    + b"|".join(
        re.escape(each.encode()) for each in (secret_of("one"), secret_of("hush"), KEY, NOTIFIER, "hush")
    )
)
LATEST = 5.0  # seconds for any answer; what has no flaw takes a hundredth, and the machine may be busy
BLANKS = b" " * 60_000


@pytest.fixture(scope="module")
def server(serve_module: Serve) -> Server:
    return serve_module(
        configuration(
            monitor("one", name="Job one"),
            monitor("hush", is_hidden=True),
            api_keys=[{"name": "all", "key": KEY, "scopes": ["*"]}],
            notifiers={"ops": f"json://user:{NOTIFIER}@127.0.0.1:1/"},
            server={"log_level": "warning"},
        )
    )


@pytest.fixture(autouse=True)
def _as_before(server: Server) -> Iterator[None]:
    """After each attack the server takes heartbeats and shows its page, and has logged no fault."""
    yield
    assert server.post(BEAT.decode()).status == 200
    assert server.get("/", headers={"Accept": "text/html"}).status == 200
    assert "Traceback" not in server.log


def head(target: bytes, *headers: bytes, method: bytes = b"GET", host: bool = True) -> bytes:
    lines = [b"%b %b HTTP/1.1" % (method, target), *([b"Host: here"] if host else []), b"Connection: close"]
    return b"\r\n".join([*lines, *headers, b"", b""])


def asked(server: Server, request: bytes, *, half_close: bool = False) -> int | None:
    """The status of what comes back in time, None if the connection is only closed; it tells no secret."""
    began = time.monotonic()
    answer = server.raw(request, half_close=half_close, timeout=30)
    assert time.monotonic() - began < LATEST
    assert not NEVER_SAID.search(answer), NEVER_SAID.findall(answer)
    if not answer:
        return None
    found = re.match(rb"HTTP/1\.[01] ([1-4]\d\d) ", answer)
    assert found, answer[:100]
    return int(found[1])


# ---- what is no HTTP -------------------------------------------------------------------------

BROKEN = {
    "HTTP/0.9": b"GET /livez\r\n\r\n",
    "HTTP/1.2": b"GET /livez HTTP/1.2\r\nHost: x\r\n\r\n",
    "HTTP/2.0 in words": b"GET /livez HTTP/2.0\r\nHost: x\r\n\r\n",
    "lower case": b"get /livez http/1.1\r\nHost: x\r\n\r\n",
    "a blank in the address": b"GET /li vez HTTP/1.1\r\nHost: x\r\n\r\n",
    "two blanks": b"GET  /livez  HTTP/1.1\r\nHost: x\r\n\r\n",
    "tabs": b"GET\t/livez\tHTTP/1.1\r\nHost: x\r\n\r\n",
    "no method": b" /livez HTTP/1.1\r\nHost: x\r\n\r\n",
    "a method with brackets": head(b"/livez", method=b"G(T"),
    "raw bytes in the address": head(b"/monitors/\xff\xfe"),
    "quotes in the address": head(b'/"<>\\^`{|}'),
    "NUL in a header": head(b"/livez", b"X-Odd: a\x00b"),
    "CR in a header": head(b"/livez", b"X-Odd: a\rb"),
    "a folded header": head(b"/livez", b"X-Odd: a\r\n b"),
    "a blank before the colon": head(b"/livez", b"X-Odd : a"),
    "two lengths": head(BEAT, b"Content-Length: 0", b"Content-Length: 5", method=b"POST") + b"hello",
    "a list of lengths": head(BEAT, b"Content-Length: 5, 6", method=b"POST") + b"hello",
    "a signed length": head(BEAT, b"Content-Length: +5", method=b"POST") + b"hello",
    "a negative length": head(BEAT, b"Content-Length: -1", method=b"POST") + b"hello",
    "a length beyond 64 bits": head(BEAT, b"Content-Length: " + b"9" * 40, method=b"POST") + b"hello",
    "an unknown coding": head(BEAT, b"Transfer-Encoding: xchunked", method=b"POST") + b"0\r\n\r\n",
    "chunked, then not": head(
        BEAT, b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity", method=b"POST"
    ),
    "1,000 headers": head(b"/livez", *(b"X-%d: a" % number for number in range(1_000))),
}


@pytest.mark.parametrize("request_", BROKEN.values(), ids=list(BROKEN))
def test_what_is_broken_is_refused(server: Server, request_: bytes) -> None:
    assert asked(server, request_, half_close=True) in (None, 400, 404, 414, 431)


def test_an_http2_preface_hurts_nobody(server: Server) -> None:
    for rest in (b"", b"\x00" * 100, b"\xff" * 100, b"\x00\x00\x00\x04" + b"\x00" * 5_000):
        answer = server.raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + rest, half_close=True, timeout=30)
        assert not NEVER_SAID.search(answer)


# ---- odd, and answered all the same ----------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (head(b"/livez", host=False), 200),
        (head(b"/livez", b"Host: there"), 200),
        (head(b"/livez", b"Host: \xff<script>", host=False), 200),
        (head(b"/livez", b"Host:", host=False), 200),
        (head(b"http://evil.example/livez"), 200),
        (head(b"http://user:word@evil.example:99999/livez"), 200),
        (head(b"/livez#part"), 200),
        (head(b"/livez???"), 200),
        (head(b"/livez", b"Content-Length: 5") + b"hello", 200),
        (head(b"/livez", method=b"X" * 50_000), 405),
        (head(b"/livez", method=b"M-SEARCH"), 405),
        (head(b"/", method=b"TRACE"), 405),
        (head(b"/", method=b"CONNECT"), 405),
        (head(b"evil.example:443", method=b"CONNECT"), 404),
        (head(b"*", method=b"OPTIONS"), 404),
        (head(b"//evil.example/%2f.."), 404),
        (head(b"/%2e%2e/%2e%2e/etc/passwd"), 404),
        (head(b"/monitors/%"), 404),
        (head(b"/monitors/%ed%a0%80?%zz=%"), 404),
        (head(b"/incidents/" + b"9" * 60_000), 404),
        (head(b"/?" + b"&" * 65_000), 200),
        (head(b"/?" + b"a=1&" * 16_000), 200),
        (head(b"/?" + b"%" * 65_000), 200),
        (head(b"/?" + b"a" * 100_000), 414),
        (head(b"/livez", b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Key: eA=="), 200),
        (head(b"/livez", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"), 200),
        (
            head(
                b"/api/v1/incidents", b"Authorization: Bearer \xe9\xff", b"Content-Length: 0", method=b"POST"
            ),
            401,
        ),
        (head(b"/api/v1/incidents", b"X-API-Key: \xff", b"Content-Length: 0", method=b"POST"), 401),
        (head(b"/api/v1/incidents", b"X-API-Key: " + b"x" * 300_000, method=b"POST"), 431),
        (head(BEAT, b"Transfer-Encoding: chunked", method=b"POST") + b"zz\r\nhello\r\n0\r\n\r\n", 200),
        (head(BEAT, b"Content-Encoding: gzip", b"Content-Length: 5", method=b"POST") + b"hello", 200),
    ],
    ids=lambda each: str(each)[2:60],
)
def test_what_is_odd_has_its_code(server: Server, request_: bytes, status: int) -> None:
    assert asked(server, request_) == status


PLACES = (
    *(
        b"../pyproject.toml",
        b"../../../../../../etc/passwd",
        b"%2e%2e/pyproject.toml",
        b"..%2fpyproject.toml",
    ),
    *(b"..%5cpyproject.toml", b"..%252fpyproject.toml", b"....//pyproject.toml", b"..;/pyproject.toml"),
    *(
        b"/etc/passwd",
        b"%2fetc%2fpasswd",
        b"style.css%00.png",
        b"style.css/../../pyproject.toml",
        b"%ff",
        b".",
    ),
    *(b"\\..\\pyproject.toml", b"a" * 60_000, b"a/" * 30_000, b"%c0%ae%c0%ae/pyproject.toml"),
)


@pytest.mark.parametrize("place", PLACES, ids=lambda each: each.decode()[:30])
def test_only_files_of_the_folder_are_static(server: Server, place: bytes) -> None:
    assert asked(server, head(b"/static/" + place)) in (400, 404)
    assert asked(server, head(b"/static/style.css/../" + place)) in (400, 404)


# ---- several requests in one -----------------------------------------------------------------


def answers(server: Server, data: bytes) -> list[int]:
    """The codes of all answers to these bytes, whose last request closes the connection."""
    with server.connection(30) as plain:
        plain.sendall(data)
        return [int(each) for each in re.findall(rb"HTTP/1\.1 (\d\d\d) ", rest_of(plain))]


def test_requests_that_come_together_are_answered_in_order(server: Server) -> None:
    one, two = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n"
    assert answers(server, one + two + one + two + head(b"/livez")) == [200, 404, 200, 404, 200]


def test_a_body_that_nobody_reads_is_no_request(server: Server) -> None:
    hidden = head(b"/livez")
    length = b"Content-Length: %d\r\n" % len(hidden)
    before = b"POST /nothing HTTP/1.1\r\nHost: x\r\n" + length + b"\r\n" + hidden
    assert answers(server, before + head(b"/about")) in ([404, 200], [404])
    beat = b"POST " + BEAT + b" HTTP/1.1\r\nHost: x\r\n" + length + b"\r\n" + hidden
    assert answers(server, beat + head(b"/nothing")) == [200, 404]


def test_who_gives_two_lengths_smuggles_nothing(server: Server) -> None:
    """RFC 9112, 6.3: the coding wins over the length, and what follows is not taken for the same sender's."""
    both = b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n" % BEAT
    codes = answers(server, both + b"0\r\n\r\n" + head(b"/nothing"))
    assert codes in ([400], [200], [200, 404])
    rows = server.sql("select count(*) as n from heartbeat")[0]["n"]
    answers(server, both + b"5c\r\n" + b"x" * 92 + b"\r\n0\r\n\r\n" + head(b"/nothing"))
    assert server.sql("select count(*) as n from heartbeat")[0]["n"] <= rows + 1


# ---- headers ---------------------------------------------------------------------------------

HEADERS = (
    b"Accept: text/" + BLANKS + b"x",
    b"Accept: text/" + BLANKS * 6 + b"x",
    b"Accept: " + b",".join(b"text/x%d;q=0.%d" % (number, number % 10) for number in range(10_000)),
    b"Accept: */*;q=nan, text/html;q=abc",
    b"Accept-Language: de" + BLANKS + b"-x",
    b"Accept-Language: " + b"de-x;q=0.5," * 30_000,
    b"Accept-Encoding: identity;q=0, *;q=0",
    b"Accept-Encoding: gzip" + BLANKS + b";q=1",
    b"If-None-Match: " + b'"x", ' * 20_000,
    b'If-None-Match: "a"' + BLANKS * 2 + b"b",
    b"If-Modified-Since: Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
    b"If-Modified-Since: Mon, 01 Jan 2024 00:00:00 +99999999999999",
    b"If-Modified-Since: Fri, 31 Dec 99999 23:59:59 GMT",
    b"If-Unmodified-Since: Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
    b"If-Range: Mon, 01 Jan 2024 99999999999999999999:00:00 GMT\r\nRange: bytes=0-9",
    b"Range: bytes=" + b"0-1," * 20_000,
    b"Range: bytes=0-" + b"9" * 50_000,
    b"Cookie: " + b"a=b; " * 20_000,
    b'Cookie: a="' + BLANKS + b"\\",
    b"X-Forwarded-For: " + b"1.2.3.4, " * 20_000,
    b"X-Odd: " + b"x" * 300_000,
    b"X-Odd: \xff\xc3\xa9",
    b"Expect: 200-ok",
)
ADDRESSES = (b"/", b"/static/style.css", b"/history.atom", b"/api/v1/monitors", b"/api/v1/nothing", BEAT)


@pytest.mark.parametrize("header", HEADERS, ids=lambda each: each[:60].decode("latin-1"))
def test_no_header_makes_a_fault_or_takes_long(server: Server, header: bytes) -> None:
    for address in ADDRESSES:
        wanted = (404,) if b"nothing" in address else (200, 206, 304, 412, 416)
        refused = (431,) if len(header) > 64_000 else ()  # see test_limits
        assert asked(server, head(address, header)) in (*wanted, *refused), address


def test_a_heartbeat_does_not_wait_for_hostile_headers(server: Server) -> None:
    """Patterns that take the square of a header's length would hold everything up for minutes."""
    hostile = head(
        b"/", b"Accept: text/" + b" " * 380_000 + b"x", b"Accept-Language: " + b"\t" * 200_000 + b"x"
    )
    with ThreadPoolExecutor(8) as pool:
        attacks = [pool.submit(asked, server, hostile) for _ in range(16)]
        began = time.monotonic()
        assert server.post(BEAT.decode(), "meanwhile").status == 200
        assert time.monotonic() - began < LATEST
        assert {attack.result(60) for attack in attacks} <= {200, 431}


# ---- memory ----------------------------------------------------------------------------------


def resident(server: Server) -> int:
    """Bytes of memory that the process has."""
    assert server.process is not None
    told = Path(f"/proc/{server.process.pid}/status").read_text()
    (kilobytes,) = re.findall(r"VmRSS:\s+(\d+) kB", told)
    return int(kilobytes) * 1024


@needs("/proc/self/status")
def test_memory_does_not_grow_with_what_is_refused(server: Server) -> None:
    def attack(turn: int) -> None:
        for number in range(60):
            odd = b"%d-%d" % (turn, number)
            asked(
                server,
                head(b"/monitors/" + odd * 500 + b"?label=" + b"x" * 20_000, b"Accept: " + odd * 10_000),
            )
            asked(server, head(b"/badge/" + odd + b"/status?label=" + odd * 2_000 + b"&color=" + odd))
            asked(server, head(b"/" + odd, b"X-Odd: " + odd * 10_000, method=b"M" + odd))
            asked(server, head(b"/api/v1/incidents/" + odd, b"Cookie: " + odd * 10_000))
            body = json.dumps({f"field{odd!r}": "x" * 300_000}).encode()
            length = b"Content-Length: %d" % len(body)
            asked(
                server,
                head(b"/api/v1/incidents", length, b"X-API-Key: " + KEY.encode(), method=b"POST") + body,
            )
            asked(server, head(b"/nothing", length, method=b"POST") + body)

    for turn in range(3):  # what is kept once: caches, threads, arenas of the allocator
        attack(turn)
    before = resident(server)
    for turn in range(3, 7):
        attack(turn)
    grown = resident(server) - before
    print(f"resident: {before / 2**20:.1f} MiB, and {grown / 2**20:+.1f} MiB after 1,440 hostile requests")
    assert grown < 16 * 2**20
