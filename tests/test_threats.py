"""Who may do what, over all routes: the lines of docs/security.md that no other test shows."""

from __future__ import annotations

import ast
import hashlib
import hmac
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import served
from conftest import short_store
from secretive import KEY, MARK, OTHER_SECRET, SECRET, TAG, TOKEN, addresses, rules, secretive
from werkzeug.test import Client, TestResponse

from kener_py import store, web
from kener_py.model import ApiKey, Server
from kener_py.service import Service

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "security.md"
TESTS = ROOT / "tests"
NAMED = re.compile(r"`((?:real/)?test_\w+\.py)::(test_\w+)`")
BEATS, WRITES, STAR, EXPIRED, NARROW = (
    "beats-0123456789",
    "writes-0123456789",
    KEY,
    "expired-01234",
    "narrow-01234",
)
WRITING = ("POST", "PUT", "PATCH", "DELETE")


def key(presented: str, *scopes: str, **of: object) -> ApiKey:
    made = ApiKey(presented, hashlib.sha256(presented.encode()).hexdigest(), frozenset(scopes))
    return replace(made, **of)  # type: ignore[arg-type]


class Site:
    def __init__(self, service: Service) -> None:
        self.service = service
        self.served = web.serving(service)
        self.client: Client = served.client(self.served)

    def ask(self, method: str, address: str, given: str = "", **more: object) -> TestResponse:
        """With a JSON body that is none of any route, so that who may write is told 400, 404 or 422."""
        headers = {"X-API-Key": given} if given else {}
        body = {"json": {"nope": 1}} if method in WRITING else {}
        return self.client.open(address, method=method, headers=headers, **{**body, **more})

    def rows(self) -> dict[str, list[tuple[object, ...]]]:
        """All that is in the database, but for the calls that were turned away and the loop's own marks."""
        db = self.service.store.read()
        names = [name for name in db.table_names() if name not in ("rejection", "alive")]
        return {name: db.execute(f"select * from {name} order by 1, 2").fetchall() for name in names}


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with short_store() as with_past:
        made = secretive(with_past).service
        made.reload(
            replace(
                made.config,
                server=Server(metrics_token=TOKEN, wrong_secrets_per_minute=0),
                api_keys=(
                    key(BEATS, "heartbeat:write"),
                    key(WRITES, "incidents:write"),
                    key(STAR, "*"),
                    key(EXPIRED, "*", expires=made.clock()),
                    key(NARROW, "*", monitors=frozenset({"calm"})),
                ),
            )
        )
        opened = Site(made)
        yield opened
        opened.served.close()


def writes() -> list[tuple[str, str]]:
    """Every method and address that changes something, but for heartbeats."""
    return [
        (method, address)
        for method, rule in rules()
        if method in WRITING and "/heartbeat/" not in rule
        for address in addresses(rule)
    ]


def test_every_test_that_the_page_names_exists() -> None:
    named = NAMED.findall(PAGE.read_text())
    assert len(named) > 50
    for file, test in named:
        path = TESTS / file
        found = {
            each.name for each in ast.walk(ast.parse(path.read_text())) if isinstance(each, ast.FunctionDef)
        }
        assert test in found, f"{file}::{test}"


def test_every_line_of_the_page_that_says_who_may_what_names_its_test() -> None:
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith(("| may", "| may not"))]
    assert len(lines) > 40
    assert [line for line in lines if not NAMED.search(line)] == []


def test_a_visitor_changes_nothing_at_any_address(site: Site) -> None:
    before = site.rows()
    codes = set()
    for method in WRITING:
        for _, rule in rules():
            for address in addresses(rule):
                codes.add(site.ask(method, address).status_code)
                codes.add(site.ask(method, address, data=b"act=acknowledge", json=None).status_code)
    assert codes <= {400, 401, 404, 405, 200, 204}
    assert site.rows() == before


def test_reading_changes_nothing_whoever_reads(site: Site) -> None:
    before = site.rows()
    for method, rule in rules():
        if method == "GET" and "/heartbeat/" not in rule:
            for address in addresses(rule):
                for given in ("", BEATS, WRITES, STAR):
                    for reading in ("GET", "HEAD", "OPTIONS"):
                        site.ask(reading, address, given)
    assert site.rows() == before


def test_a_secret_of_a_job_opens_nothing_but_its_own_heartbeats(site: Site) -> None:
    """Presented as a key, as a bearer token and in the query it is as if there were none."""
    before = site.rows()
    for method, address in writes():
        for headers in ({"X-API-Key": SECRET}, {"Authorization": f"Bearer {SECRET}"}):
            answer = site.client.open(address, method=method, headers=headers, json={})
            assert answer.status_code in (401, 404), address
    for method, rule in rules():
        for address in addresses(rule) if method == "GET" else ():
            answer = site.client.get(
                address, headers={"X-API-Key": SECRET, "Authorization": f"Bearer {SECRET}"}
            )
            assert MARK.findall(answer.data) == [], address
    for way in ("/heartbeat/", "/ext/heartbeat/", "/api/heartbeat/", "/api/v1/heartbeat/"):
        for tag in ("job", "calm", "nobody"):
            assert site.ask("POST", f"{way}{tag}:{SECRET}").status_code == 404
    assert site.rows() == before
    assert site.ask("POST", f"/heartbeat/{TAG}:{SECRET}").status_code == 200


def test_what_a_job_says_is_told_to_no_visitor(db: store.Store) -> None:
    site = Site(secretive(db).service)
    said = {"status": "down", "message": "hushsaid7", "metrics": {"hushmetric7": 1}}
    assert site.ask("POST", f"/heartbeat/job:{OTHER_SECRET}", json=said).status_code == 200
    for method, rule in rules():
        for address in addresses(rule) if method == "GET" else ():
            assert MARK.findall(site.client.get(address).data) == [], address
    site.served.close()


@pytest.mark.parametrize(
    ("given", "beats", "code"),
    [
        ("", 401, {401, 404}),
        ("nobody's", 401, {401, 404}),
        (EXPIRED, 401, {401, 404}),
        (BEATS, 200, {403, 404}),
        (WRITES, 403, {200, 204, 400, 404, 409, 422}),
        (STAR, 200, {200, 204, 400, 404, 409, 422}),
    ],
)
def test_a_key_opens_exactly_what_its_scope_says(site: Site, given: str, beats: int, code: set[int]) -> None:
    assert site.ask("POST", "/api/heartbeat/calm", given, json=None).status_code == beats
    # Those that delete come last, so that the others find what they are about.
    for method, address in sorted(writes(), key=lambda each: each[0] == "DELETE"):
        answer = site.ask(method, address, given)
        is_button = address.startswith("/alerts/")  # a signature is wanted there, and no key
        assert answer.status_code in ({404} if is_button else code), (method, address)


def test_a_limited_key_changes_nothing_of_other_monitors(site: Site) -> None:
    before = site.rows()
    for tag in ("job", TAG):
        assert site.ask("POST", f"/api/heartbeat/{tag}", NARROW, json=None).status_code == 403
        for act in ("acknowledge", "snooze"):
            answer = site.ask(
                "POST", f"/api/v1/monitors/{tag}/{act}", NARROW, json={"until": "2030-01-01T00:00:00Z"}
            )
            assert answer.status_code == 403
    for fields in ({"title": "T", "text": "x", "monitors": ["job"]}, {"title": "T", "text": "x"}):
        assert site.ask("POST", "/api/v1/incidents", NARROW, json=fields).status_code == 403
    assert site.rows() == before


def test_who_reads_the_database_can_sign_the_buttons_of_alerts(site: Site) -> None:
    """A fact that the page tells: the key of these links is in the database, and nothing else of use is."""
    ((kept,),) = site.service.store.read().execute("select value from secret where name = 'links'").fetchall()
    signed = hmac.new(kept, b"alert 1", "sha256").hexdigest()[:32]
    assert signed == site.service.signature(1)
    dump = repr(site.rows()).encode()
    for presented in (SECRET, OTHER_SECRET, BEATS, WRITES, STAR, EXPIRED, NARROW, TOKEN):
        for each in (presented, hashlib.sha256(presented.encode()).hexdigest()):
            assert each.encode() not in dump


def test_a_backup_of_another_site_gives_no_right_here(site: Site) -> None:
    with short_store() as elsewhere:
        other = secretive(elsewhere).service
        assert other.signature(1) != site.service.signature(1)
