"""The short path of heartbeats: on the event loop, ahead of Flask, by the same rules.

What this does not understand (another method, another address) goes on to Flask.
"""

from __future__ import annotations

from collections.abc import AsyncIterable
from time import perf_counter
from typing import TYPE_CHECKING

from kener_py.model import Config
from kener_py.service import Service
from kener_py.web import body, heartbeat
from kener_py.web.finish import HEADERS, policy
from kener_py.web.wsgi import Reply

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

RULES: tuple[tuple[str, heartbeat.Hear], ...] = (
    ("/heartbeat/", heartbeat.by_secret),
    ("/ext/heartbeat/", heartbeat.by_secret),
    ("/api/heartbeat/", heartbeat.by_key),
    ("/api/v1/heartbeat/", heartbeat.by_key),
)
_METHODS = frozenset(heartbeat.METHODS)


class ShortPath:
    def __init__(self, service: Service) -> None:
        self._service = service
        self._config: Config | None = None  # that `_headers` were made for
        self._headers: list[tuple[str, str]] = []

    async def answer(
        self, environ: WSGIEnvironment, chunks: AsyncIterable[bytes], began: float
    ) -> Reply | None:
        """What a job is told once its heartbeat is on disk; None for a request that is no heartbeat.

        `chunks` is the request's body, `began` the reading of `perf_counter` when the request came.
        """
        method: str = environ["REQUEST_METHOD"]
        path: str = environ["PATH_INFO"]
        if "/heartbeat/" not in path or method not in _METHODS:
            return None
        for prefix, hear in RULES:
            if path.startswith(prefix):
                # WSGI hands the bytes of a path on as Latin-1.
                call = path[len(prefix) :].encode("latin-1").decode("utf-8", "replace")
                found = await self._heard(environ, hear, call, chunks)
                text = found.text
                headers = [*found.headers, ("Content-Length", str(len(text))), *self._common()]
                self._service.requests.add(
                    perf_counter() - began, method, f"{prefix}<rest:call>", str(found.code)
                )
                return Reply(found.code, headers, text)
        return None

    async def _heard(
        self, environ: WSGIEnvironment, hear: heartbeat.Hear, call: str, chunks: AsyncIterable[bytes]
    ) -> heartbeat.Answer:
        try:
            monitor = hear(self._service, environ, call)
            if isinstance(monitor, heartbeat.Answer):
                return monitor
            came = None
            if heartbeat.has_body(environ):
                came = await body.receive(chunks, heartbeat.length(environ))
            heard = heartbeat.understood(self._service, environ, monitor, came)
            if isinstance(heard, heartbeat.Answer):
                return heard
            await self._service.record_async(heard.beat)
        except Exception as failure:
            return heartbeat.failed(failure, environ)
        return heard.answer

    def _common(self) -> list[tuple[str, str]]:
        """The headers of every answer to a job."""
        config = self._service.config
        if config is not self._config:
            self._headers = [
                ("Content-Type", "application/json"),
                ("Cache-Control", "no-store"),
                ("Content-Security-Policy", policy(config.site, "/heartbeat/")),
                *HEADERS.items(),
            ]
            self._config = config
        return self._headers
