"""Who may write: the API key of a request, and what it is good for."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Response, request

from kener_py.model import ApiKey
from kener_py.service import Service
from kener_py.web.api import error

INCIDENTS = "incidents:write"
LIMITED = "This API key is limited to other monitors"


def authorised(service: Service, scope: str, tag: str | None = None) -> Response | ApiKey:
    """The key of the request if it has the scope, and may write this monitor; else the 401 or 403.

    Every refusal is counted for the operator.
    """

    def refuse(reason: str, answer: Response) -> Response:
        service.reject(tag or "", reason)
        return answer

    presented = _presented()
    if not presented:
        text = "Send an API key: 'X-API-Key: …' or 'Authorization: Bearer …'"
        return refuse("no API key", _unauthorized(text))
    key = service.key(presented)
    if key is None:
        return refuse("unknown API key", _unauthorized("Unknown API key"))
    if key.expires is not None and service.clock() >= key.expires:
        return refuse("expired API key", _unauthorized("This API key has expired"))
    if not key.scopes & {scope, "*"}:
        return refuse("insufficient scope", error(403, f"Insufficient scope: {scope} required"))
    if tag is not None and not covers(key, [tag]):
        return refuse("insufficient scope", error(403, LIMITED))
    return key


def holder(service: Service, scope: str) -> ApiKey | None:
    """The same for what everybody may read and key holders see more of: None is everybody."""
    key = service.key(_presented())
    if key is None or not key.scopes & {scope, "*"}:
        return None
    return None if key.expires is not None and service.clock() >= key.expires else key


def _presented() -> str:
    presented = request.headers.get("X-API-Key", "").strip()
    if not presented:
        kind, _, value = request.headers.get("Authorization", "").partition(" ")
        presented = value.strip() if kind.lower() == "bearer" else ""
    # WSGI hands the bytes of a header on as Latin-1.
    return presented.encode("latin-1", "replace").decode("utf-8", "replace")


def covers(key: ApiKey, tags: Iterable[str]) -> bool:
    """Whether the key may write all of these monitors."""
    return key.monitors is None or key.monitors.issuperset(tags)


def _unauthorized(text: str) -> Response:
    answer = error(401, text)
    answer.headers["WWW-Authenticate"] = "Bearer"
    return answer
