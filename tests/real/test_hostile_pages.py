"""A real server under visitors who mean no good, and under many of them at once."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from .server import Server, configuration, monitor, secret_of, until

pytestmark = pytest.mark.real

Serve = Callable[..., Server]

VISITORS = 50
SECONDS = 8
TAGS = ("one", "two", "three")
ADDRESSES = (
    "/",
    "/index.md",
    "/monitors/one",
    "/monitors/one.md",
    "/history",
    "/uptime",
    "/uptime.csv",
    "/about",
    "/subscribe",
    "/llms.txt",
    "/history.atom",
    "/feed.json",
    "/monitors/one/feed.atom",
    "/maintenance.ics?monitor=one",
    "/badge/one/status",
    "/api/v1/monitors",
    "/api/v2/summary.json",
    "/metrics",
    "/site.css",
)
BROWSER = {"Accept": "text/html", "Accept-Encoding": "identity"}


def generation(number: int) -> str:
    """The same site under other names: each says of which writing it is."""
    return configuration(
        *(monitor(tag, name=f"{tag} gen{number}x", category=f"group gen{number}x") for tag in TAGS),
        site={"title": f"Site gen{number}x", "description": f"About gen{number}x"},
    )


def test_a_page_under_load_belongs_to_one_writing_of_the_file(serve: Serve) -> None:
    server = serve(generation(0))
    ends = time.monotonic() + SECONDS

    def visit(number: int) -> list[str]:
        wrong = []
        place = number
        while time.monotonic() < ends:
            address = ADDRESSES[place % len(ADDRESSES)]
            place += 1
            answer = server.get(address, headers=BROWSER)
            named = set(re.findall(r"gen\d+x", answer.text))
            if answer.status != 200 or len(named) > 1:
                wrong.append(f"{address}: {answer.status} {named}")
        return wrong

    def beat() -> list[str]:
        codes = set()
        while time.monotonic() < ends:
            codes |= {server.post(f"/heartbeat/{tag}:{secret_of(tag)}").status for tag in TAGS}
        return [f"heartbeats: {codes}"] if codes != {200} else []

    def edit() -> list[str]:
        number = 0
        while time.monotonic() < ends:
            number += 1
            server.edit(generation(number))
            time.sleep(0.3)
        until(lambda: f"gen{number}x" in server.get("/", headers=BROWSER).text, what="the last writing")
        return [] if number > 5 else [f"only {number} edits"]

    with ThreadPoolExecutor(VISITORS + 2) as pool:
        jobs = [pool.submit(visit, number) for number in range(VISITORS)]
        jobs += [pool.submit(beat), pool.submit(edit)]
        wrong = [each for job in jobs for each in job.result()]
    assert wrong == []


REQUESTS = (
    b"GET /?" + b"x" * 1_000_000 + b" HTTP/1.1",
    b"GET /%zz%00%ff?lang=%00 HTTP/1.1",
    b"GET /\xff\xfe HTTP/1.1",
    b"GET //monitors/one HTTP/1.1",
    b"GET http://evil.example/monitors/one HTTP/1.1",
    b"GET /../../etc/passwd HTTP/1.1",
    b"GET /static/../../etc/passwd HTTP/1.1",
    b"GET / HTTP/1.1\r\nAccept-Language: " + b"de," * 30_000,
    b"GET / HTTP/1.1\r\nRange: bytes=" + b"0-1," * 5_000,
    b"GET / HTTP/1.1\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Prefix: /evil.example",
    b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked, identity",
    b"GET / HTTP/9.9",
    b"TRACE / HTTP/1.1",
    b"CONNECT evil.example:443 HTTP/1.1",
)


def test_no_bytes_bring_the_server_down_or_come_back(serve: Serve) -> None:
    server = serve(generation(0))
    for request in REQUESTS:
        answer = server.raw(request + b"\r\nHost: evil.example\r\nConnection: close\r\n\r\n", timeout=20)
        assert not re.match(rb"HTTP/1\.[01] 5", answer), request[:60]
        assert b"evil.example" not in answer, request[:60]
        assert b"root:" not in answer
    assert server.is_alive()
    assert server.get("/", headers=BROWSER).status == 200


def test_head_has_the_headers_of_get_and_a_validator_saves_the_body(serve: Serve) -> None:
    server = serve(generation(0))
    for address in (each for each in ADDRESSES if each not in ("/metrics", "/uptime.csv")):  # those go on
        for encoding in ("gzip", "identity"):
            headers = {"Accept": "text/html", "Accept-Encoding": encoding}

            def still(address: str = address, headers: dict[str, str] = headers) -> bool:
                """A tick between two answers would change the page."""
                got, asked = (server.request(method, address, headers=headers) for method in ("GET", "HEAD"))
                again = server.get(address, {**headers, "If-None-Match": got.headers["etag"]})
                names = {"date"}
                return (
                    asked.body == again.body == b""
                    and again.status == 304
                    and {k: v for k, v in got.headers.items() if k not in names}
                    == {k: v for k, v in asked.headers.items() if k not in names}
                )

            until(still, 10, f"{address} as {encoding}, twice the same")
