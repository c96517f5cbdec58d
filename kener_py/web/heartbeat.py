"""The calls of jobs: by tag and secret, or by tag and API key.

Everything is read from the WSGI environment, so that the answer is the same on the event loop (`short`)
and in Flask (`view`). Both take the same steps: who calls (`hear`), the body, what it says (`understood`),
the record.
"""

from __future__ import annotations

import hmac
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl

from flask import Response, request

from kener_py import store
from kener_py.model import Heartbeat, Instant, Monitor, quick
from kener_py.service import Service, Unwatched
from kener_py.web import body, keys
from kener_py.web.api import rfc3339
from kener_py.web.caller import TOO_MANY, address, was_wrong

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

METHODS = ["GET", "POST", "HEAD", "PUT"]
SCOPE = "heartbeat:write"

_NOBODY = "Unknown tag or wrong secret"
_MOST_FIELDS = 1_000  # of a query; the rest of it is not read
_JSON = json.JSONEncoder(separators=(",", ":"))
_log = logging.getLogger("kener_py.web")


class Answer(NamedTuple):
    code: int
    text: bytes
    headers: tuple[tuple[str, str], ...] = ()  # beside those that every answer has


# (service, environment, rest of the path) -> the monitor whose heartbeat this is, or why it is none
Hear = Callable[[Service, "WSGIEnvironment", str], Monitor | Answer]


@quick
@dataclass(frozen=True, slots=True)
class Said:
    """What a call says, whenever it comes."""

    monitor: str
    report: body.Report
    method: str
    agent: str
    address: str
    ending: str  # of the answer, after the instant

    def beat(self, at: Instant) -> Heartbeat:
        said = self.report
        return Heartbeat(
            self.monitor, at, said.status, said.message, said.metrics, self.method, self.agent, self.address
        )

    def answer(self, at: Instant) -> Answer:
        """Once the heartbeat is on disk."""
        # Without an encoder: it takes as long as all else here, and nothing of this needs an escape.
        text = f'{{"status":"OK","monitor":"{self.monitor}","received":"{rfc3339(at)}"{self.ending}'
        return Answer(200, text.encode())


def _error(code: int, text: str, *headers: tuple[str, str]) -> Answer:
    return Answer(code, _JSON.encode({"error": text}).encode() + b"\n", headers)


def split(call: str) -> tuple[str, str]:
    """(tag, secret) of "tag:secret" or "tag/secret"; no tag has either character."""
    tag, colon, secret = call.lstrip("/").partition(":")
    if "/" not in tag:
        return tag, secret
    tag, _, rest = tag.partition("/")
    return tag, f"{rest}{colon}{secret}"


def _matches(monitor: Monitor | None, presented: str) -> bool:
    """Compared in constant time, also for a tag that does not exist."""
    secret = monitor.secret if monitor is not None and monitor.secret else None
    expected = (secret if secret is not None else "\0").encode()
    whole = presented.encode("utf-8", "replace")
    if hmac.compare_digest(whole, expected):
        return secret is not None
    return hmac.compare_digest(whole.removesuffix(b"/"), expected) and secret is not None


_HINTS = frozenset(("HTTP_PURPOSE", "HTTP_SEC_PURPOSE", "HTTP_X_PURPOSE", "HTTP_X_MOZ"))


def _is_prefetch(environ: WSGIEnvironment) -> bool:
    """A browser or chat program that looks ahead: nobody ran a job."""
    if _HINTS.isdisjoint(environ):
        return False
    hints = [environ[name].lower() for name in _HINTS if name in environ]
    return any("prefetch" in hint or "preview" in hint for hint in hints)


@lru_cache(maxsize=256)
def _agent(sent: str) -> str:
    return body.clean(sent)[:200]


def by_secret(service: Service, environ: WSGIEnvironment, call: str) -> Monitor | Answer:
    """`/heartbeat/<tag>:<secret>` and its other spellings."""
    tag, secret = split(call)
    monitor = service.monitor(tag)
    if not _matches(monitor, secret) or monitor is None:
        service.reject(tag, "wrong secret")
        limit = was_wrong(service, environ)
        return _error(429, TOO_MANY, *limit) if limit else _error(404, _NOBODY)
    return _unless_prefetched(environ, monitor)


def by_key(service: Service, environ: WSGIEnvironment, call: str) -> Monitor | Answer:
    """`/api/heartbeat/<tag>` with an API key; with a secret in the path it is `by_secret`."""
    tag, secret = split(call)
    if secret or ":" in call:
        return by_secret(service, environ, call)
    key = keys.judge(service, environ, SCOPE, tag)
    if isinstance(key, keys.Refusal):
        return _error(key.code, key.text, *key.headers)
    monitor = service.monitor(tag)
    if monitor is None:
        service.reject(tag, "unknown tag")
        return _error(404, "No monitor has this tag")
    return _unless_prefetched(environ, monitor)


def has_body(environ: WSGIEnvironment) -> bool:
    """Whether there may be one; in HTTP/2 nothing in the head must say so."""
    announced = environ.get("CONTENT_LENGTH") or environ.get("HTTP_TRANSFER_ENCODING")
    return announced != "0" if announced else environ.get("SERVER_PROTOCOL") == "HTTP/2"


def length(environ: WSGIEnvironment) -> int | None:
    """What the head says of the body's length in bytes; None if it says nothing that can be believed."""
    sent = environ.get("CONTENT_LENGTH") or ""
    return int(sent) if sent.isascii() and sent.isdecimal() and len(sent) < 20 else None


def _query(environ: WSGIEnvironment) -> dict[str, str]:
    """The first value of each parameter."""
    sent = environ.get("QUERY_STRING")
    if not sent:
        return {}
    pairs = parse_qsl("&".join(sent.split("&", _MOST_FIELDS)[:_MOST_FIELDS]), keep_blank_values=True)
    return dict(reversed(pairs))


def _unless_prefetched(environ: WSGIEnvironment, monitor: Monitor) -> Monitor | Answer:
    if _is_prefetch(environ):
        return _error(403, "A prefetch is not a heartbeat; nothing was recorded")
    return monitor


def understood(
    service: Service, environ: WSGIEnvironment, monitor: Monitor, came: body.Body | None
) -> Said | Answer:
    """What a call says, with its body if it has one."""
    try:
        query = _query(environ)
        if not query and came is None:
            report = body.SILENT
        else:
            report = body.understand(came or body.EMPTY, environ.get("CONTENT_TYPE") or "", query)
    except body.UnknownStatus as unknown:
        service.reject(monitor.tag, "unknown status")
        return _error(400, str(unknown))
    ending = f',"reported":"{report.status}"'
    if report.warnings:
        ending += f',"warning":{_JSON.encode("; ".join(report.warnings))}'
    return Said(
        monitor.tag,
        report,
        environ["REQUEST_METHOD"],
        _agent(environ.get("HTTP_USER_AGENT", "")[:1_000]),
        address(service, environ)[:64],
        f"{ending}}}\n",
    )


def failed(failure: Exception, method: str) -> Answer:
    """Whatever goes wrong inside is an answer too, and in the log."""
    if isinstance(failure, Unwatched):  # a reload came in between
        return _error(404, _NOBODY)
    if not isinstance(failure, store.StoreError):
        _log.error("%s of a heartbeat failed", method, exc_info=failure)
        if not store.is_disk_trouble(failure):
            return _error(500, "This server failed; its log says why")
    text = f"The database cannot be written now ({failure}); try again"
    return _error(503, text, ("Retry-After", "5"))


def _answered(service: Service, environ: WSGIEnvironment, hear: Hear, call: str) -> Answer:
    try:
        monitor = hear(service, environ, call)
        if isinstance(monitor, Answer):
            return monitor
        came = body.read(environ["wsgi.input"], length(environ)) if has_body(environ) else None
        said = understood(service, environ, monitor, came)
        if isinstance(said, Answer):
            return said
        at = service.clock()
        service.record(said.beat(at))
    except Exception as failure:
        return failed(failure, environ["REQUEST_METHOD"])
    return said.answer(at)


def view(hear: Hear) -> Callable[..., Response]:
    """A view of Flask for what `short` leaves to it."""

    def call(service: Service, call: str) -> Response:
        found = _answered(service, request.environ, hear, call)
        headers: list[Any] = [*found.headers, ("Cache-Control", "no-store")]
        return Response(found.text, found.code, headers, mimetype="application/json")

    return call
