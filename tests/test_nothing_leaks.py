"""What is not public is in no byte of any answer, whatever the address, the form and the language."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import replace

import past
import pytest
from conftest import short_store
from flask.testing import FlaskClient
from secretive import (
    BROWSER,
    DRAFT,
    FORMS,
    HUSHED,
    KEY,
    MARK,
    NEVER_FOUND,
    SAID,
    SECRET,
    TAG,
    TOKEN,
    addresses,
    rules,
    secretive,
)

from kener_py import store, web
from kener_py.model import LANGUAGES, MINUTE, Server


@pytest.fixture(scope="module")
def site() -> Iterator[FlaskClient]:
    with short_store() as with_past:
        yield past.client(secretive(with_past))


@pytest.mark.parametrize(("method", "rule"), rules())
def test_no_answer_says_what_is_not_public(site: FlaskClient, method: str, rule: str) -> None:
    codes = set()
    for address in addresses(rule):
        for form in FORMS:
            answer = site.open(address, method=method, headers=form)
            codes.add(answer.status_code)
            body = answer.data
            if answer.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            told = body + str(answer.headers).encode()
            assert MARK.findall(told) == [], f"{method} {address} as {form}"
            assert answer.status_code < 500
    is_read = method == "GET"
    assert not is_read or NEVER_FOUND.search(rule) or codes & {200, 301, 302}, f"{rule}: only {codes}"


@pytest.mark.parametrize("name", LANGUAGES)
def test_no_language_says_what_is_not_public(site: FlaskClient, name: str) -> None:
    for rule, _view in web.PAGES:
        for address in addresses(rule):
            told = site.get(f"{address}{'&' if '?' in address else '?'}lang={name}", headers=BROWSER)
            assert MARK.findall(told.data) == [], address


def test_a_loop_that_stands_still_says_nothing_more(db: store.Store) -> None:
    visitor = past.client(secretive(db, away=10 * MINUTE))
    for method, rule in rules():
        for address in addresses(rule) if method == "GET" else ():
            assert MARK.findall(visitor.get(address, headers=BROWSER).data) == [], address


def test_the_marks_are_seen_where_they_may_be(db: store.Store) -> None:
    """Else the tests above would hold for an empty site."""
    made = secretive(db)
    for_holders = past.client(made).get("/api/v1/incidents", headers={"X-API-Key": KEY}).data
    assert {HUSHED.encode(), DRAFT.encode(), SAID.encode(), TAG.encode()} <= set(MARK.findall(for_holders))
    assert len(made.service.all_incidents()) > len(made.service.incidents()) > 0
    assert made.service.config.monitors[TAG].secret == SECRET


def test_with_the_token_of_metrics_nobody_reads_them_without_it(db: store.Store) -> None:
    made = secretive(db)
    given = replace(made.service.config, server=Server(metrics_token=TOKEN))
    made.service.reload(given)
    answer = past.client(made).get("/metrics")
    assert answer.status_code == 401
    assert MARK.findall(answer.data + str(answer.headers).encode()) == []
