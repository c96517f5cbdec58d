"""The short path of heartbeats: answered ahead of Flask's dispatch, by the same rules.

What this does not understand (another method, another address) goes on to Flask.
"""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from time import perf_counter
from typing import TYPE_CHECKING

from kener_py.model import Config
from kener_py.service import Service
from kener_py.web import heartbeat
from kener_py.web.finish import HEADERS, policy

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

RULES: tuple[tuple[str, heartbeat.Hear], ...] = (
    ("/heartbeat/", heartbeat.by_secret),
    ("/ext/heartbeat/", heartbeat.by_secret),
    ("/api/heartbeat/", heartbeat.by_key),
    ("/api/v1/heartbeat/", heartbeat.by_key),
)
_METHODS = frozenset(heartbeat.METHODS)
_STATUS = {each.value: f"{each.value} {each.phrase}" for each in HTTPStatus}


class ShortPath:
    """A WSGI application in front of `rest`."""

    def __init__(self, service: Service, rest: WSGIApplication) -> None:
        self._service, self.rest = service, rest
        self._config: Config | None = None  # that `_headers` were made for
        self._headers: list[tuple[str, str]] = []

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path: str = environ["PATH_INFO"]
        if "/heartbeat/" in path and environ["REQUEST_METHOD"] in _METHODS:
            for prefix, hear in RULES:
                if path.startswith(prefix):
                    return self._answer(environ, start, prefix, hear)
        return self.rest(environ, start)

    def _answer(
        self, environ: WSGIEnvironment, start: StartResponse, prefix: str, hear: heartbeat.Hear
    ) -> Iterable[bytes]:
        began = perf_counter()
        method: str = environ["REQUEST_METHOD"]
        # WSGI hands the bytes of a path on as Latin-1.
        call = environ["PATH_INFO"][len(prefix) :].encode("latin-1", "replace").decode("utf-8", "replace")
        found = heartbeat.answered(self._service, environ, hear, call)
        text = found.text
        start(_STATUS[found.code], [*found.headers, ("Content-Length", str(len(text))), *self._common()])
        self._service.requests.add(perf_counter() - began, method, f"{prefix}<rest:call>", str(found.code))
        return [] if method == "HEAD" else [text]

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
