"""The headers of a request before anything reads them: what could harm is as if it had not been sent.

A heartbeat must never be lost to an odd header, and a page need not be: all of these are only wishes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug.http import parse_date

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

LONGEST = 64 * 1024  # characters of a wish; a browser sends some hundred
_WISHES = (
    "HTTP_ACCEPT",
    "HTTP_ACCEPT_ENCODING",
    "HTTP_ACCEPT_LANGUAGE",
    "HTTP_IF_MATCH",
    "HTTP_IF_MODIFIED_SINCE",
    "HTTP_IF_NONE_MATCH",
    "HTTP_IF_RANGE",
    "HTTP_IF_UNMODIFIED_SINCE",
    "HTTP_RANGE",
)
_DATES = ("HTTP_IF_MODIFIED_SINCE", "HTTP_IF_RANGE", "HTTP_IF_UNMODIFIED_SINCE")
_BLANKS = re.compile("[ \t]{2,}")


def tamed(app: WSGIApplication) -> WSGIApplication:
    """The application, which sees only what it can bear."""

    def call(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        environ["HTTP_HOST"] = "localhost"  # nothing here is made from it, and an odd one would be refused
        environ.pop("HTTP_UPGRADE", None)  # we have no other protocol; Werkzeug would refuse a WebSocket
        for name in _WISHES:
            wish = environ.get(name)
            if wish is None:
                continue
            if len(wish) > LONGEST or (name in _DATES and _overflows(wish)):
                del environ[name]
            else:
                # Werkzeug's patterns take a time that grows with the square of a run of blanks.
                environ[name] = _BLANKS.sub(" ", wish)
        return app(environ, start)

    return call


def _overflows(text: str) -> bool:
    """Whether it is a date with numbers so large that Werkzeug fails instead of finding it no date."""
    try:
        parse_date(text)
    except OverflowError:
        return True
    return False
