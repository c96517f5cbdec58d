"""A site as it is served, without a socket: werkzeug's test client in front of the RSGI application."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING

from werkzeug.test import Client

from kener_py.web.ahead import Ahead
from kener_py.web.showcase import Showcase

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


@dataclass(frozen=True)
class Scope:
    """A request as granian tells it."""

    method: str
    path: str
    query_string: str
    pairs: list[tuple[str, str]]
    client: str
    http_version: str = "1.1"
    scheme: str = "http"
    server: str = "127.0.0.1:3000"

    @property
    def headers(self) -> Scope:
        return self

    def items(self) -> list[tuple[str, str]]:
        return self.pairs


@dataclass
class Call:
    """Its body, and what it was answered."""

    chunks: list[bytes]
    answers: list[tuple[int, list[tuple[str, str]], bytes]] = field(default_factory=list)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._each()

    async def _each(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            yield chunk

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.answers.append((status, headers, body))

    def response_empty(self, status: int, headers: list[tuple[str, str]]) -> None:
        self.answers.append((status, headers, b""))


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """One for all tests of this process, in a thread of its own."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return loop


def scope_of(environ: WSGIEnvironment) -> Scope:
    names = {
        name: name.removeprefix("HTTP_")
        for name in environ
        if name.startswith("HTTP_") or name in ("CONTENT_TYPE", "CONTENT_LENGTH")
    }
    path = environ.get("SCRIPT_NAME", "") + environ["PATH_INFO"]
    return Scope(
        environ["REQUEST_METHOD"],
        path.encode("latin-1").decode("utf-8", "replace"),
        environ.get("QUERY_STRING", ""),
        [(short.replace("_", "-").lower(), environ[name]) for name, short in names.items()],
        f"{environ.get('REMOTE_ADDR') or '127.0.0.1'}:4711",
    )


def wsgi(site: Ahead | Showcase) -> WSGIApplication:
    def call(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        sent = environ["wsgi.input"].read(length)
        halves = [sent[: len(sent) // 2], sent[len(sent) // 2 :]]
        asked = Call([half for half in halves if half])
        scope = scope_of(environ)
        if isinstance(site, Showcase):
            serving = site.__rsgi__(scope, asked)
        else:
            serving = site.serve(scope, asked, environ.get("SCRIPT_NAME", ""))
        asyncio.run_coroutine_threadsafe(serving, _loop()).result(60)
        ((code, headers, body),) = asked.answers  # one, and no more
        start(f"{code} {HTTPStatus(code).phrase}", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    return call


def client(site: Ahead | Showcase) -> Client:
    return Client(wsgi(site))
