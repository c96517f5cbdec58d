"""A request as WSGI describes it, and an application of WSGI that is called in a thread. Source: PEP 3333."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from kener_py.running import running_loop
from kener_py.web import body
from kener_py.web.finish import HEADERS
from kener_py.web.heartbeat import has_body, length

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication, WSGIEnvironment


MOST_WAITING = 1_000  # requests for a thread
OF_STRANGERS = 16 * 1024  # bytes of a body; its sender may send only a form with a button
_TOO_BUSY = "Too many requests wait here; try again"


class Reply(NamedTuple):
    code: int
    headers: list[tuple[str, str]]
    body: bytes


class Headers(Protocol):
    def items(self) -> list[tuple[str, str]]: ...


class Scope(Protocol):
    """What is known of a request before its body. Source: the RSGI specification of granian."""

    method: str
    path: str  # with its escapes read, as UTF-8
    query_string: str
    http_version: str
    scheme: str
    server: str  # address and port
    client: str  # address and port

    @property
    def headers(self) -> Headers: ...


@lru_cache(maxsize=1_024)
def _name(header: str) -> str:
    """The header's name in the environment; "" for one that could pass for another one's."""
    if "_" in header:  # X_Forwarded_For would stand where X-Forwarded-For stands
        return ""
    name = header.upper().replace("-", "_")
    return name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"


def peer(client: str) -> str:
    """The address of "127.0.0.1:4711" or "[::1]:4711"."""
    return client.rpartition(":")[0].strip("[]")


def environ_of(scope: Scope, prefix: str) -> WSGIEnvironment:
    """The environment but for what only an application needs; `prefix` is where it lies."""
    path = scope.path[len(prefix) :]
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": prefix,
        # The bytes of a path are handed on as Latin-1.
        "PATH_INFO": path if path.isascii() else path.encode("utf-8", "replace").decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": peer(scope.client),
    }
    for header, value in scope.headers.items():
        name = _name(header)
        if not name:
            continue
        before = environ.get(name)
        if before is not None:
            value = f"{before}{'; ' if name == 'HTTP_COOKIE' else ','}{value}"
        environ[name] = value
    return environ


def _too_busy(environ: WSGIEnvironment) -> Reply:
    is_api = environ["PATH_INFO"].startswith("/api/")
    text = f'{{"error":"{_TOO_BUSY}"}}\n' if is_api else f"{_TOO_BUSY}\n"
    headers = [
        ("Content-Type", "application/json" if is_api else "text/plain; charset=utf-8"),
        ("Cache-Control", "no-store"),
        ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
        ("Retry-After", "5"),
        *HEADERS.items(),
    ]
    return Reply(503, headers, text.encode())


class Threads:
    """Calls `app` in one of so many threads; who comes when all are busy waits for one, within bounds.

    `is_known` tells a caller with a key of ours, whose body may be long. `instead` is asked in the thread
    for an answer that needs no application. Everything but these and `close` runs on one event loop.
    """

    def __init__(
        self,
        app: WSGIApplication,
        number: int,
        is_known: Callable[[WSGIEnvironment], bool] = lambda _: False,
        instead: Callable[[WSGIEnvironment], Reply | None] = lambda _: None,
    ) -> None:
        self._app = app
        self._is_known, self._instead = is_known, instead
        self._pool = ThreadPoolExecutor(number, "http")
        self._waiting = 0  # for a thread, or for what it does

    async def answer(self, scope: Scope, environ: WSGIEnvironment, chunks: AsyncIterable[bytes]) -> Reply:
        """What the application answers, with all of its body; 503 if too many wait already."""
        came = body.EMPTY
        if has_body(environ):
            # Before anything else is known of the caller, and thousands may send at once.
            most = body.UNDERSTOOD if self._is_known(environ) else OF_STRANGERS
            came = await body.receive(chunks, length(environ), most)
        if self._waiting >= MOST_WAITING:
            return _too_busy(environ)
        host, _, port = scope.server.rpartition(":")
        environ |= {
            "SERVER_NAME": host.strip("[]"),
            "SERVER_PORT": port,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": scope.scheme,
            "wsgi.input": BytesIO(came.head),
            "wsgi.input_terminated": True,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        if not came.is_broken:
            environ["CONTENT_LENGTH"] = str(len(came.head))
        self._waiting += 1
        try:
            return await running_loop().run_in_executor(self._pool, self._call, environ)
        finally:
            self._waiting -= 1

    def _call(self, environ: WSGIEnvironment) -> Reply:
        reply = self._instead(environ)
        if reply is not None:
            return reply
        head: list[Any] = []

        def start(
            status: str, headers: list[tuple[str, str]], _trouble: object = None
        ) -> Callable[[bytes], object]:
            head[:] = int(status[:3]), headers
            return written.write

        written = BytesIO()
        parts = self._app(environ, start)
        try:
            for part in parts:
                written.write(part)
        finally:
            if hasattr(parts, "close"):
                parts.close()
        return Reply(head[0], head[1], written.getvalue())

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
