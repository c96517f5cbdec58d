"""The short path of heartbeats: on the event loop, ahead of Flask, by the same rules.

What this does not understand (another method, another address) goes on to Flask. What a call says is
read once: a job sends the same head each time, and without a body nothing else decides.
"""

from __future__ import annotations

from collections.abc import AsyncIterable
from time import perf_counter
from typing import TYPE_CHECKING

from kener_py.model import Config
from kener_py.service import Service
from kener_py.web import body, heartbeat
from kener_py.web.finish import HEADERS, policy
from kener_py.web.mounted import mount
from kener_py.web.wsgi import Reply, Scope, environ_of, peer

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

RULES: tuple[tuple[str, heartbeat.Hear], ...] = (
    ("/heartbeat/", heartbeat.by_secret),
    ("/ext/heartbeat/", heartbeat.by_secret),
    ("/api/heartbeat/", heartbeat.by_key),
    ("/api/v1/heartbeat/", heartbeat.by_key),
)
_METHODS = frozenset(heartbeat.METHODS)
_MOST_KNOWN = 4_096  # calls, each some 400 bytes
_LONGEST = 1_000  # characters of a path, or of the headers, that may be kept

Caller = tuple[object, ...]  # what of a head comes from who calls: the address and the headers


class ShortPath:
    """One site. Everything runs on one event loop."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._config: Config | None = None  # that all of the following was made for
        self._headers: list[tuple[str, str]] = []
        # What was understood, by caller, then by method and path. A secret is in the path: it is found
        # by a keyed hash, which tells nobody who guesses how near he is.
        self._known: dict[Caller, dict[tuple[str, str], tuple[str, heartbeat.Said]]] = {}
        self._number = 0  # of those in `_known`

    async def answer(
        self, scope: Scope, prefix: str, chunks: AsyncIterable[bytes], began: float
    ) -> Reply | None:
        """What a job is told once its heartbeat is on disk; None for a request that is no heartbeat.

        The site lies below `prefix`, `chunks` is the request's body, `began` the reading of
        `perf_counter` when the request came.
        """
        method, path = scope.method, scope.path
        if "/heartbeat/" not in path or method not in _METHODS:
            return None
        self._keep_up()
        caller = (peer(scope.client), scope.http_version, prefix, *scope.headers.items())
        calls = self._known.get(caller)
        known = calls.get((method, path)) if calls and not scope.query_string else None
        said: heartbeat.Said | heartbeat.Answer
        if known is None:
            environ = environ_of(scope, prefix)
            mount(environ, self._service.config.site)
            start, hear = _beginning(environ["PATH_INFO"])
            if hear is None:
                return None
            said = await self._understood(environ, start, hear, chunks)
            is_plain = not scope.query_string and not heartbeat.has_body(environ)
            if is_plain and hear is heartbeat.by_secret and isinstance(said, heartbeat.Said):
                self._remember(caller, method, path, start, said)
        else:
            start, said = known
        found = said if isinstance(said, heartbeat.Answer) else await self._recorded(said)
        headers = [*found.headers, ("Content-Length", str(len(found.text))), *self._headers]
        self._service.requests.add(perf_counter() - began, method, f"{start}<rest:call>", str(found.code))
        return Reply(found.code, headers, found.text)

    async def _understood(
        self, environ: WSGIEnvironment, start: str, hear: heartbeat.Hear, chunks: AsyncIterable[bytes]
    ) -> heartbeat.Said | heartbeat.Answer:
        try:
            # WSGI hands the bytes of a path on as Latin-1.
            call = environ["PATH_INFO"][len(start) :].encode("latin-1").decode("utf-8", "replace")
            monitor = hear(self._service, environ, call)
            if isinstance(monitor, heartbeat.Answer):
                return monitor
            came = None
            if heartbeat.has_body(environ):
                came = await body.receive(chunks, heartbeat.length(environ))
            return heartbeat.understood(self._service, environ, monitor, came)
        except Exception as failure:
            return heartbeat.failed(failure, environ["REQUEST_METHOD"])

    async def _recorded(self, said: heartbeat.Said) -> heartbeat.Answer:
        at = self._service.clock()
        try:
            await self._service.record_async(said.beat(at))
        except Exception as failure:
            return heartbeat.failed(failure, said.method)
        return said.answer(at)

    def _remember(self, caller: Caller, method: str, path: str, start: str, said: heartbeat.Said) -> None:
        if len(path) + len(repr(caller)) > _LONGEST:
            return
        if self._number >= _MOST_KNOWN:
            self._known, self._number = {}, 0
        self._known.setdefault(caller, {})[method, path] = start, said
        self._number += 1

    def _keep_up(self) -> None:
        """Begin anew with another configuration."""
        config = self._service.config
        if config is self._config:
            return
        self._headers = [  # of every answer to a job
            ("Content-Type", "application/json"),
            ("Cache-Control", "no-store"),
            ("Content-Security-Policy", policy(config.site, "/heartbeat/")),
            *HEADERS.items(),
        ]
        self._known, self._number = {}, 0
        self._config = config


def _beginning(path: str) -> tuple[str, heartbeat.Hear | None]:
    """What the path begins with, and who judges it; ("", None) for no heartbeat."""
    return next((each for each in RULES if path.startswith(each[0])), ("", None))
