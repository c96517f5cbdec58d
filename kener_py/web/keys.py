"""Who may write: API keys by header, compared by their hash."""

from __future__ import annotations

from flask import Response, request

from kener_py.model import ApiKey
from kener_py.service import Service
from kener_py.web.api import error


def _presented() -> str:
    presented = request.headers.get("X-API-Key", "").strip()
    if not presented:
        kind, _, value = request.headers.get("Authorization", "").partition(" ")
        presented = value.strip() if kind.lower() == "bearer" else ""
    # WSGI hands the bytes of a header on as Latin-1.
    return presented.encode("latin-1", "replace").decode("utf-8", "replace")


def _unauthorized(text: str) -> Response:
    answer = error(401, text)
    answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def authorised(service: Service, scope: str, tag: str = "") -> ApiKey | Response:
    """The key of this request if it may do `scope`, else the answer; refusals are counted for `tag`."""
    presented = _presented()
    if not presented:
        service.reject(tag, "no API key")
        return _unauthorized("Send an API key: 'X-API-Key: …' or 'Authorization: Bearer …'")
    key = service.key(presented)
    if key is None:
        service.reject(tag, "unknown API key")
        return _unauthorized("Unknown API key")
    if key.expires is not None and service.clock() >= key.expires:
        service.reject(tag, "expired API key")
        return _unauthorized("This API key has expired")
    if not key.scopes & {scope, "*"}:
        service.reject(tag, "insufficient scope")
        return error(403, f"Insufficient scope: {scope} required")
    return key


def holder(service: Service, scope: str) -> ApiKey | None:
    """The same for what everybody may read and key holders see more of: None is everybody."""
    key = service.key(_presented())
    if key is None or not key.scopes & {scope, "*"}:
        return None
    return None if key.expires is not None and service.clock() >= key.expires else key
