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
from kener_py.web.heartbeat import has_body, length

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication, WSGIEnvironment


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


def _address(client: str) -> str:
    """Of "127.0.0.1:4711" or "[::1]:4711"."""
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
        "REMOTE_ADDR": _address(scope.client),
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


class Threads:
    """Calls `app` in one of so many threads; who comes when all are busy waits for one."""

    def __init__(self, app: WSGIApplication, number: int) -> None:
        self._app = app
        self._pool = ThreadPoolExecutor(number, "http")

    async def answer(self, scope: Scope, environ: WSGIEnvironment, chunks: AsyncIterable[bytes]) -> Reply:
        """What the application answers, with all of its body."""
        came = await body.receive(chunks, length(environ)) if has_body(environ) else body.EMPTY
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
        return await running_loop().run_in_executor(self._pool, self._call, environ)

    def _call(self, environ: WSGIEnvironment) -> Reply:
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
