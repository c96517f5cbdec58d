"""The calls of jobs: by tag and secret, or by tag and API key."""

from __future__ import annotations

import hmac
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from flask import Response, jsonify, request

from kener_py.model import Heartbeat, Monitor
from kener_py.service import Service, Unwatched
from kener_py.web import body, keys
from kener_py.web.api import error, rfc3339

METHODS = ["GET", "POST", "HEAD", "PUT"]
SCOPE = "heartbeat:write"
_NOBODY = "Unknown tag or wrong secret"


def split(call: str) -> tuple[str, str]:
    """(tag, secret) of "tag:secret" or "tag/secret"; no tag has either character."""
    call = call.lstrip("/")
    ends = [at for at in (call.find(":"), call.find("/")) if at >= 0]
    if not ends:
        return call, ""
    return call[: min(ends)], call[min(ends) + 1 :]


def _matches(monitor: Monitor | None, presented: str) -> bool:
    """Compared in constant time, also for a tag that does not exist."""
    secret = monitor.secret if monitor is not None and monitor.secret else None
    expected = (secret if secret is not None else "\0").encode()
    whole = hmac.compare_digest(presented.encode("utf-8", "replace"), expected)
    trimmed = hmac.compare_digest(presented.removesuffix("/").encode("utf-8", "replace"), expected)
    return (whole or trimmed) and secret is not None


def _is_prefetch() -> bool:
    """A browser or chat program that looks ahead: nobody ran a job."""
    hints = (request.headers.get(name, "") for name in ("Purpose", "Sec-Purpose", "X-Purpose", "X-Moz"))
    return any("prefetch" in hint.lower() or "preview" in hint.lower() for hint in hints)


def _peer(text: str) -> IPv4Address | IPv6Address:
    """The address; an IPv4 one that came over an IPv6 socket (::ffff:10.0.0.1) is an IPv4 one."""
    found = ip_address(text)
    return getattr(found, "ipv4_mapped", None) or found


def address(service: Service) -> str:
    """Who called: the peer, or what trusted proxies in front of it say they saw."""
    networks = [ip_network(name, strict=False) for name in service.config.server.trusted_proxies]
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    try:
        seen = _peer(request.remote_addr or "")
    except ValueError:
        return request.remote_addr or ""
    while hops and any(seen in network for network in networks):
        try:
            seen = _peer(hops.pop())
        except ValueError:
            break
    return str(seen)


def by_secret(service: Service, call: str) -> Response:
    """`/heartbeat/<tag>:<secret>` and its other spellings."""
    tag, secret = split(call)
    monitor = service.monitor(tag)
    if not _matches(monitor, secret) or monitor is None:
        service.reject(tag, "wrong secret")
        return error(404, _NOBODY)
    return _record(service, monitor)


def by_key(service: Service, call: str) -> Response:
    """`/api/heartbeat/<tag>` with an API key; with a secret in the path it is `by_secret`."""
    tag, secret = split(call)
    if secret or ":" in call:
        return by_secret(service, call)
    key = keys.authorised(service, SCOPE, tag)
    if isinstance(key, Response):
        return key
    monitor = service.monitor(tag)
    if monitor is None:
        service.reject(tag, "unknown tag")
        return error(404, "No monitor has this tag")
    return _record(service, monitor)


def _record(service: Service, monitor: Monitor) -> Response:
    if _is_prefetch():
        return error(403, "A prefetch is not a heartbeat; nothing was recorded")
    came = body.read(request.environ["wsgi.input"], request.content_length)
    try:
        report = body.understand(came, request.content_type or "", request.args)
    except body.UnknownStatus as unknown:
        service.reject(monitor.tag, "unknown status")
        return error(400, str(unknown))
    beat = Heartbeat(
        monitor=monitor.tag,
        received=service.clock(),
        status=report.status,
        message=report.message,
        metrics=report.metrics,
        method=request.method,
        user_agent=body.clean(request.headers.get("User-Agent", ""))[:200],
        address=address(service)[:64],
    )
    try:
        service.record(beat)
    except Unwatched:  # a reload came in between
        return error(404, _NOBODY)
    said: dict[str, object] = {
        "status": "OK",
        "monitor": monitor.tag,
        "received": rfc3339(beat.received),
        "reported": report.status,
    }
    if report.warnings:
        said["warning"] = "; ".join(report.warnings)
    answer: Response = jsonify(said)
    answer.headers["Cache-Control"] = "no-store"
    return answer
