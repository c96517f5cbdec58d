"""Who may write: the API key of a request, and what it is good for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Response, request

from kener_py.model import ApiKey
from kener_py.service import Service
from kener_py.web.api import error
from kener_py.web.caller import TOO_MANY, was_wrong

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

INCIDENTS = "incidents:write"
LIMITED = "This API key is limited to other monitors"


@dataclass(frozen=True, slots=True)
class Refusal:
    code: int  # 401, 403 or 429
    text: str
    headers: tuple[tuple[str, str], ...] = ()


def judge(service: Service, environ: WSGIEnvironment, scope: str, tag: str | None = None) -> Refusal | ApiKey:
    """The key of the request if it has the scope, and may write this monitor; else why not.

    Every refusal is counted for the operator.
    """

    def refuse(reason: str, code: int, text: str) -> Refusal:
        service.reject(tag or "", reason)
        return Refusal(code, text, (("WWW-Authenticate", "Bearer"),) if code == 401 else ())

    presented = _presented(environ)
    if not presented:
        text = "Send an API key: 'X-API-Key: …' or 'Authorization: Bearer …'"
        return refuse("no API key", 401, text)
    key = service.key(presented)
    if key is None:
        refusal = refuse("unknown API key", 401, "Unknown API key")
        limit = was_wrong(service, environ)
        return Refusal(429, TOO_MANY, limit) if limit else refusal
    if key.expires is not None and service.clock() >= key.expires:
        return refuse("expired API key", 401, "This API key has expired")
    if not key.scopes & {scope, "*"}:
        return refuse("insufficient scope", 403, f"Insufficient scope: {scope} required")
    if tag is not None and not covers(key, [tag]):
        return refuse("insufficient scope", 403, LIMITED)
    return key


def authorised(service: Service, scope: str, tag: str | None = None) -> Response | ApiKey:
    """`judge` for a view: the refusal as it is answered."""
    found = judge(service, request.environ, scope, tag)
    if not isinstance(found, Refusal):
        return found
    answer = error(found.code, found.text)
    answer.headers.extend(found.headers)
    return answer


def holder(service: Service, scope: str) -> ApiKey | None:
    """The same for what everybody may read and key holders see more of: None is everybody."""
    presented = _presented(request.environ)
    key = service.key(presented)
    if key is None and presented:
        service.reject("", "unknown API key")
    if key is None or not key.scopes & {scope, "*"}:
        return None
    return None if key.expires is not None and service.clock() >= key.expires else key


def is_known(service: Service, environ: WSGIEnvironment) -> bool:
    """Whether there is a key of ours in the request, whatever it is good for."""
    presented = _presented(environ)
    return bool(presented) and service.key(presented) is not None


def _presented(environ: WSGIEnvironment) -> str:
    presented: str = environ.get("HTTP_X_API_KEY", "").strip()
    if not presented:
        kind, _, value = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        presented = value.strip() if kind.lower() == "bearer" else ""
    # WSGI hands the bytes of a header on as Latin-1.
    return presented.encode("latin-1", "replace").decode("utf-8", "replace")


def covers(key: ApiKey, tags: Iterable[str]) -> bool:
    """Whether the key may write all of these monitors."""
    return key.monitors is None or key.monitors.issuperset(tags)
