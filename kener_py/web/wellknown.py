"""What programs look for without being told: where the description is, what to crawl, whom to write to."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Response, jsonify, request

from kener_py.model import DAY, SECOND
from kener_py.service import Service
from kener_py.web import addresses
from kener_py.web.openapi import TYPE
from kener_py.web.pages.show import not_found
from kener_py.web.words import root

CATALOG = "/.well-known/api-catalog"
# Heartbeats carry secrets and count; the rest is for single people.
_FORBIDDEN = (
    "/heartbeat/", "/ext/heartbeat/", "/api/heartbeat/", "/api/v1/heartbeat/", "/alerts/", "/embed/", "/-/",
)  # fmt: skip
_VALID_DAYS = 364  # of a security.txt; the standard wants less than a year


def discover(answer: Response) -> Response:
    """The answer with the way to the description in its head, if it is the front page or JSON of the API.

    Jobs do not read on.
    """
    is_api = request.path.startswith("/api/") and answer.is_json and not request.path.startswith(_FORBIDDEN)
    if is_api or request.path in ("/", "/index.md"):
        answer.headers.add("Link", f'<{root("/openapi.json")}>; rel="service-desc"; type="{TYPE}"')
        answer.headers.add("Link", f'<{root("/api")}>; rel="service-doc"; type="text/html"')
    return answer


def api_catalog(service: Service) -> Response:
    """RFC 9727: the interfaces of this host, which are one."""
    base = addresses.base(service.config)
    answer = jsonify(
        linkset=[
            {
                "anchor": f"{base}/api",
                "service-desc": [{"href": f"{base}/openapi.json", "type": TYPE}],
                "service-doc": [{"href": f"{base}/api", "type": "text/html"}],
                "status": [{"href": f"{base}/health", "type": "application/health+json"}],
            }
        ]
    )
    answer.content_type = 'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"'
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["Link"] = f'<{root(CATALOG)}>; rel="api-catalog"'
    return answer


def robots_txt(service: Service) -> Response:
    """RFC 9309: everything may be read but what is not for everybody."""
    lines = ["User-agent: *", "Allow: /", *(f"Disallow: {root(place)}" for place in _FORBIDDEN)]
    if service.config.site.url:
        lines += ["", f"Sitemap: {service.config.site.url}/sitemap.xml"]
    return _text(lines)


def security_txt(service: Service) -> Response:
    """RFC 9116: whom to tell of a hole; 404 if the configuration names nobody."""
    site = service.config.site
    if not site.security_contact:
        return not_found(service)
    today = service.clock() // DAY * DAY  # so that it stays the same for a day
    expires = datetime.fromtimestamp((today + _VALID_DAYS * DAY) // SECOND, UTC)
    lines = [f"Contact: {site.security_contact}", f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}"]
    if site.url:
        lines.append(f"Canonical: {site.url}/.well-known/security.txt")
    return _text(lines)


def _text(lines: list[str]) -> Response:
    return Response("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
