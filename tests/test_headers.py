"""Headers of every answer of the site as it is served, and those of requests that it must not believe."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import served
from conftest import short_store
from secretive import BROWSER, KEY, OTHER_SECRET, addresses, rules, secretive
from werkzeug.test import Client, TestResponse

from kener_py import web
from kener_py.service import Service

pytestmark = pytest.mark.long

KEPT_BY_NOBODY = re.compile(r"/heartbeat/|^/alerts/\d+\?sig=[0-9a-f]{32}|^/(metrics|livez|readyz|health)")
REFERRERS = {"strict-origin-when-cross-origin", "no-referrer"}
# What some proxies and frameworks believe, in a request that came from nobody they know.
LIES = {
    "Host": "evil.example",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Server": "evil.example",
    "X-Forwarded-Proto": "gopher",
    "X-Forwarded-Scheme": "gopher",
    "X-Forwarded-Port": "666",
    "X-Forwarded-Prefix": "/evil",
    "X-Script-Name": "/evil",
    "X-Forwarded-For": "6.6.6.6",
    "X-Real-IP": "6.6.6.6",
    "X-Client-IP": "6.6.6.6",
    "Forwarded": "for=6.6.6.6;host=evil.example;proto=gopher",
    "X-Original-URL": "/evil",
    "X-Rewrite-URL": "/evil",
    "X-HTTP-Method-Override": "DELETE",
    "X-Method-Override": "DELETE",
    "Origin": "https://evil.example",
    "Referer": "https://evil.example/",
}
EVIL = re.compile(rb"evil|gopher|6\.6\.6\.6|:666", re.IGNORECASE)


class Site:
    def __init__(self, service: Service) -> None:
        self.service = service
        self.served = web.serving(service)
        self.client: Client = served.client(self.served)

    def ask(self, method: str, address: str, **headers: str) -> TestResponse:
        return self.client.open(address, method=method, headers={**BROWSER, **headers})


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with short_store() as with_past:
        opened = Site(secretive(with_past).service)
        yield opened
        opened.served.close()


def answers(site: Site) -> Iterator[tuple[str, str, TestResponse]]:
    """(method, address, answer): of every route, of what is not there, and of methods that nobody takes."""
    signed = f"/alerts/1?sig={site.service.signature(1)}"
    walked = [(method, address) for method, rule in rules() for address in addresses(rule)]
    walked += [(method, address) for _, rule in rules()[::3] for address in [next(addresses(rule))]
               for method in ("HEAD", "OPTIONS", "PROPFIND", "DELETE")]  # fmt: skip
    walked += [("GET", "/static/style.css"), ("GET", "/static/app.js"), ("GET", "/static/nothing.js")]
    walked += [("GET", "/nothing"), ("GET", "/api/nothing"), ("POST", "/"), ("GET", signed), ("POST", signed)]
    walked += [("POST", f"/heartbeat/job:{OTHER_SECRET}"), ("POST", "/api/heartbeat/job")]
    for method, address in walked:
        yield method, address, site.ask(method, address)


def test_every_answer_has_the_headers_that_keep_a_browser_safe(site: Site) -> None:
    wrong, codes = [], set()
    for method, address, answer in answers(site):
        headers, codes = answer.headers, codes | {answer.status_code}
        policy = headers.get("Content-Security-Policy", "")
        is_shared = address.startswith(("/embed/", "/badge/"))  # the latter are pictures
        found = {
            "a policy": policy.startswith("default-src 'none'") and "unsafe" not in policy,
            "no other host": not re.search(r"script-src (?!'self')|connect-src (?!'self')", policy),
            "its frame": "frame-ancestors 'none'" in policy or is_shared,
            "its type": headers.get("X-Content-Type-Options") == "nosniff",
            "its referrer": headers.get("Referrer-Policy")
            in {"strict-origin-when-cross-origin", "no-referrer"},
            "no sensors": "camera=()" in headers.get("Permissions-Policy", ""),
            "no cookie": "Set-Cookie" not in headers,
            "no shared session": "Access-Control-Allow-Credentials" not in headers,
            "everybody or nobody": headers.get("Access-Control-Allow-Origin") in (None, "*"),
            "whether it is kept": "Cache-Control" in headers,
            "kept by nobody": not KEPT_BY_NOBODY.search(address)
            or answer.status_code in (404, 405, 204)
            or headers.get("Cache-Control") == "no-store",
            "a charset": not headers.get("Content-Type", "").startswith("text/html")
            or "charset=utf-8" in headers["Content-Type"].lower(),
            "who": not any(name in headers for name in ("X-Powered-By", "Server")),
        }
        wrong += [
            f"{method} {address} {answer.status_code}: {name}" for name, is_so in found.items() if not is_so
        ]
    assert not wrong, "\n".join([f"{len(wrong)} times:", *wrong[:40]])
    assert {200, 204, 401, 404, 405} <= codes


def test_other_sites_may_read_only_what_everybody_may(site: Site) -> None:
    shared = {
        address
        for method, address, answer in answers(site)
        if method == "GET" and "Access-Control-Allow-Origin" in answer.headers
    }
    assert shared
    assert {
        each for each in shared if each.startswith(("/alerts/", "/metrics")) or "heartbeat" in each
    } == set()


def said(answer: TestResponse) -> tuple[object, ...]:
    headers = {
        (name, value) for name, value in answer.headers if name != "Date"
    }  # not in an answer that is kept
    return answer.status_code, headers, answer.data


def test_nothing_is_made_from_headers_that_anybody_can_send(site: Site) -> None:
    """Every route says the same to who sends them as to who does not, and does the same."""
    wrong = []
    for method, rule in rules():
        if rule == "/metrics":  # it counts these very requests
            continue
        for address in addresses(rule):
            honest, lied = site.ask(method, address), site.ask(method, address, **LIES)
            if EVIL.search(lied.data + str(lied.headers).encode()) or said(honest) != said(lied):
                wrong.append(f"{method} {address}: {honest.status_code} and {lied.status_code}")
    assert wrong == []


def test_a_key_in_a_query_or_a_cookie_is_none(site: Site) -> None:
    for address in (f"/api/heartbeat/job?key={KEY}", f"/api/heartbeat/job?api_key={KEY}&X-API-Key={KEY}"):
        assert site.ask("POST", address).status_code == 401
    assert site.ask("POST", "/api/heartbeat/job", Cookie=f"X-API-Key={KEY}; key={KEY}").status_code == 401
