"""The prefix that a proxy gives us, from the path of `site.url`: https://example.org/status is at /status."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from kener_py.service import Service

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


class Mounted:
    """A WSGI application whose links begin with the prefix, whether the proxy takes that off the path or not.

    Who has mounted us below a prefix already, and says so, knows better.
    """

    def __init__(self, service: Service, rest: WSGIApplication) -> None:
        self._service, self.rest = service, rest

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        prefix = prefix_of(self._service.config.site.url)
        if prefix and not environ.get("SCRIPT_NAME"):
            environ["SCRIPT_NAME"] = prefix
            path: str = environ["PATH_INFO"]
            if path == prefix or path.startswith(f"{prefix}/"):
                environ["PATH_INFO"] = path[len(prefix) :] or "/"
        return self.rest(environ, start)


def prefix_of(url: str) -> str:
    """As WSGI has it: decoded, its bytes as Latin-1; "" for none."""
    return unquote(urlsplit(url).path.rstrip("/")).encode().decode("latin-1")
