"""The prefix that a proxy gives us, from the path of `site.url`: https://example.org/status is at /status."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from kener_py.model import Site
from kener_py.service import Service

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


def mount(environ: WSGIEnvironment, site: Site) -> None:
    """Take the prefix off the path, and note it where links are made, whether the proxy took it off or not.

    Who has mounted us below a prefix already, and says so, knows better.
    """
    prefix = prefix_of(site.url)
    if prefix and not environ.get("SCRIPT_NAME"):
        environ["SCRIPT_NAME"] = prefix
        path: str = environ["PATH_INFO"]
        if path == prefix or path.startswith(f"{prefix}/"):
            environ["PATH_INFO"] = path[len(prefix) :] or "/"


class Mounted:
    """A WSGI application below the prefix."""

    def __init__(self, service: Service, rest: WSGIApplication) -> None:
        self._service, self.rest = service, rest

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        mount(environ, self._service.config.site)
        return self.rest(environ, start)


@lru_cache(maxsize=16)
def prefix_of(url: str) -> str:
    """As WSGI has it: decoded, its bytes as Latin-1; "" for none."""
    return unquote(urlsplit(url).path.rstrip("/")).encode().decode("latin-1")
