"""What the HTTP server calls: heartbeats and kept answers on its event loop, all else by Flask in threads.

Nothing on the loop waits for a thread or for the disk, so a heartbeat is heard while pages are rendered,
and a caller who is slow costs no thread. Source of the interface: the RSGI specification of granian.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterable
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from kener_py.running import running_loop
from kener_py.service import Service
from kener_py.web import keys
from kener_py.web.kept import Keeper, Kept, Key, key_of
from kener_py.web.mounted import mount
from kener_py.web.short import ShortPath
from kener_py.web.wsgi import Reply, Scope, Threads, environ_of

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication, WSGIEnvironment

_log = logging.getLogger("kener_py.web")

_LONGEST_WAIT = 10.0  # seconds for another request that renders the same
# Only where the operator says that this host is one of HTTPS: browsers take it for all ports of the host.
_STRICT = ("Strict-Transport-Security", "max-age=15552000")
_FAILED = Reply(500, [("Content-Type", "text/plain"), ("Cache-Control", "no-store")], b"This server failed\n")


class Call(AsyncIterable[bytes], Protocol):
    """The body of a request, in chunks, and the way to answer it."""

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None: ...
    def response_empty(self, status: int, headers: list[tuple[str, str]]) -> None: ...


def answer(call: Call, reply: Reply) -> None:
    if reply.body:
        call.response_bytes(*reply)
    else:
        call.response_empty(reply.code, reply.headers)


class Ahead:
    """One site. Everything but `close` runs on one event loop."""

    def __init__(self, service: Service, keeper: Keeper, rest: WSGIApplication, threads: int) -> None:
        self._service = service
        self._heartbeats, self._keeper = ShortPath(service), keeper
        self._rest = Threads(rest, threads, partial(keys.is_known, service), self._meanwhile)
        # Answers that are rendered now; then what was kept of them.
        self._making: dict[Key, asyncio.Future[Kept | None]] = {}

    async def __rsgi__(self, scope: Scope, call: Call) -> None:
        await self.serve(scope, call, "")

    async def serve(self, scope: Scope, call: Call, prefix: str) -> None:
        """Answer a request to this site, which lies below `prefix`."""
        began = perf_counter()
        try:
            reply = await self._heartbeats.answer(scope, prefix, call, began)
            if reply is None:
                environ = environ_of(scope, prefix)
                mount(environ, self._service.config.site)
                reply = await self._page(scope, environ, call, began)
        except Exception:
            _log.exception("%s failed", scope.method)
            reply = _FAILED
        if scope.scheme == "https" and self._is_strict():
            reply = reply._replace(headers=[*reply.headers, _STRICT])
        answer(call, reply)

    def _is_strict(self) -> bool:
        site = urlsplit(self._service.config.site.url)
        return site.scheme == "https" and site.port in (None, 443)

    async def _page(self, scope: Scope, environ: WSGIEnvironment, call: Call, began: float) -> Reply:
        key = key_of(environ)
        if key is None:
            return await self._rest.answer(scope, environ, call)
        found = self._keeper.find(key)
        if found is None and key in self._making:
            await asyncio.wait([self._making[key]], timeout=_LONGEST_WAIT)
            found = self._keeper.find(key)
            if found is None and key in self._making:
                # The last one was begun before this request, and something has changed since. The next one
                # is good enough whatever changes meanwhile: else all would render, again and again.
                made = self._making[key]
                await asyncio.wait([made], timeout=_LONGEST_WAIT)
                found = made.result() if made.done() else None
        if found is not None:
            return self._keeper.give(found, environ, began)
        before = self._keeper.latest(key)
        if before is None or key in self._making:
            return await self._rest.answer(scope, environ, call)
        made = self._making[key] = running_loop().create_future()
        try:
            return await self._rest.answer(scope, environ, call)
        finally:
            del self._making[key]
            latest = self._keeper.latest(key)
            made.set_result(None if latest is before else latest)

    def _meanwhile(self, environ: WSGIEnvironment) -> Reply | None:
        """Runs in a thread that is free at last: another one may have rendered the same."""
        key = key_of(environ)
        found = None if key is None else self._keeper.find(key)
        return None if found is None else self._keeper.give(found, environ, perf_counter())

    def close(self) -> None:
        self._rest.close()
