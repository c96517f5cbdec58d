"""What is not public is in no byte of any answer, whatever the address, the form and the language."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import past
import pytest
from conftest import World, short_store
from flask.testing import FlaskClient
from past import NOW, SITE, job, tell, trouble, up, window, world

from kener_py import store, web
from kener_py.model import (
    DAY,
    HOUR,
    LANGUAGES,
    MINUTE,
    ApiKey,
    IncidentPolicy,
    IncidentUpdate,
    Monitor,
    Rule,
    Server,
    Status,
)
from kener_py.service import incidents

# Each of these marks something that visitors must not learn of.
TAG, NAME, ABOUT, CATEGORY = "hushtag7", "hushname7", "hushabout7", "hushcategory7"
DRAFT, HUSHED, PLANNED, SAID = "hushdraft7", "hushincident7", "hushwindow7", "hushmessage7"
SECRET, OTHER_SECRET, KEY = "hushsecret7-0123456789", "hushother7-0123456789", "hushkey7-0123456789abcdef"
URL, TOKEN = "json://hushuser7:hushpass7@hushhost7.invalid/hushpath7", "hushtoken7-0123456789"
MARK = re.compile(rb"hush\w*7", re.IGNORECASE)

BROWSER = {"Accept": "text/html", "User-Agent": "Mozilla/5.0"}
FORMS = (
    BROWSER,
    {"Accept": "text/markdown"},
    {"Accept": "*/*", "User-Agent": "curl/8.5"},
    {"Accept": "application/openmetrics-text", "Accept-Encoding": "gzip"},
)
# What stands for a variable of a rule. A new one has to be given its values here.
VALUES: dict[str, tuple[str, ...]] = {
    "tag": ("job", TAG, "_", "nothing"),
    "date": ("2026-09-30", "2026-09-28"),
    "month": ("2026-09", "2026-10", "September-2026"),
    "number": tuple(str(number) for number in range(1, 8)),
    "id": tuple(str(number) for number in range(1, 8)),
    "update": ("1", "2"),
    "rest:call": ("job:wrong", f"{TAG}:wrong", TAG),
}
QUERIES: dict[str, tuple[str, ...]] = {
    "/history": (f"?monitor={TAG}", f"?group={CATEGORY}", "?show=monitor:job", f"?show=group:{CATEGORY}"),
    "/history/<month>": (f"?monitor={TAG}", f"?group={CATEGORY}", "?monitor=job", "?group=Jobs"),
    "/maintenance.ics": (f"?monitor={TAG}", "?monitor=job"),
    "/monitors/<tag>": ("?month=2026-09",),
    "/uptime": ("?to=2026-09",),
    "/badge/<tag>/uptime": ("?sinceLast=86400",),
    "/alerts/<number>": ("?sig=0",),
}
# Where no example answers: what is written needs a key, what is signed a signature, a picture a file.
NEVER_FOUND = re.compile(r"/alerts/|/branding/|/heartbeat/")


def hidden() -> Monitor:
    return replace(
        job(TAG, name=NAME, description=ABOUT, category=CATEGORY),
        is_hidden=True,
        secret=SECRET,
        external_url="https://hushlink7.invalid/",
    )


def secretive(db: store.Store, away: int = 0) -> World:
    made = world(
        db,
        (replace(job("job", category="Jobs"), secret=OTHER_SECRET), hidden(), job("calm", category="Jobs")),
        [
            *up("job", TAG, "calm"),
            *trouble("job", 2 * DAY, HOUR),
            *trouble(TAG, 2 * DAY, HOUR, Status.DEGRADED),
            (NOW - HOUR, TAG, Status.DOWN),
        ],
        rules=(Rule("hushrule7", Status.DOWN, frozenset({TAG, "job"}), ("ops",), description="hushruled7"),),
        notifiers={"ops": (URL,)},
        api_keys=(ApiKey("hushkeyname7", hashlib.sha256(KEY.encode()).hexdigest(), frozenset({"*"})),),
        server=Server(metrics_token=None),
        site=replace(SITE, security_contact="mailto:security@acme.example"),
        incidents=IncidentPolicy(draft=True),
        maintenances=(
            window(PLANNED, NOW - HOUR, NOW + HOUR, TAG, description=PLANNED),
            window(PLANNED, NOW + DAY, NOW + DAY + HOUR, TAG),
            window("Both", NOW + 2 * DAY, NOW + 2 * DAY + HOUR, TAG, "calm"),
            window("Ours", NOW - DAY, NOW - DAY + HOUR, "calm"),
        ),
        away=away,
    )
    made.service.tidy(NOW)
    tell(made, "Of the job", monitors=("job", TAG))
    tell(made, HUSHED, HUSHED, monitors=(TAG,))
    tell(made, DRAFT, DRAFT, monitors=("job",), is_draft=True)
    made.service.change(
        lambda inside, _config, at: store.add_update(
            inside, IncidentUpdate(None, 3, incidents.found(inside, 3).state, SAID, at)
        )
    )
    return made


def addresses(rule: str) -> Iterator[str]:
    names = re.findall(r"<([^>]+)>", rule)
    for values in product(*(VALUES[name] for name in names)):
        address = rule
        for name, value in zip(names, values, strict=True):
            address = address.replace(f"<{name}>", value)
        for query in ("", *QUERIES.get(rule, ())):
            yield address + query


def rules() -> list[tuple[str, str]]:
    """Every method and rule of both tables, the twins of pages too."""
    found = [(method, rule) for methods, rule, _view in web.ROUTES for method in methods]
    for rule, _view in web.PAGES:
        found += [("GET", rule), ("GET", "/index.md" if rule == "/" else f"{rule}.md")]
    return found


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
