"""Every URL over a real service and a real file: who is let in, what is told, and what is never told."""

import hashlib
import json
import logging
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from conftest import new_store
from flask.testing import FlaskClient
from test_feeds import CALENDARS, EVERY
from werkzeug.test import EnvironBuilder, TestResponse, run_wsgi_app

from kener_py import store, web
from kener_py.model import (
    DAY,
    MINUTE,
    SECOND,
    ApiKey,
    Config,
    Heartbeat,
    Incident,
    IncidentState,
    Instant,
    Limits,
    Monitor,
    Server,
    Severity,
    Site,
    Status,
)
from kener_py.service import Service

NOW: Instant = 1_790_768_460_000  # 2026-09-30T11:41:00Z
LIMITS = Limits(5 * MINUTE, 10 * MINUTE)
TICK = "* * * * *|UTC"

SECRET = "s3cret-of-backup-0123456789"
HIDDEN_SECRET = "s3cret-of-payroll-987654321"
KEY = "key-that-may-do-everything-01"
FEW = "key-for-two-monitors-only-234"
READER = "key-without-the-scope-5678901"
STAR = "key-of-the-organisation-24680"
OLD = "key-that-has-expired-13579111"
SECRETS = (SECRET, HIDDEN_SECRET, KEY, FEW, READER, STAR, OLD)


def api_key(name: str, key: str, *scopes: str, **of) -> ApiKey:
    return ApiKey(name, hashlib.sha256(key.encode()).hexdigest(), frozenset(scopes), **of)


CONFIG = Config(
    monitors={
        each.tag: each
        for each in (
            Monitor("backup", "Backup", LIMITS, secret=SECRET, category="Jobs", description="Copies it all."),
            Monitor("payroll", "Payroll", LIMITS, secret=HIDDEN_SECRET, is_hidden=True),
            Monitor("open", "No secret", LIMITS),
            Monitor("empty", "Empty secret", LIMITS, secret=""),
            Monitor("odd", "Odd secret", LIMITS, secret="a/b:c d?e#f%41+&/"),
            Monitor("wide", "Wide secret", LIMITS, secret="gehéim-日本-🎉"),
        )
    },
    site=Site(title="Acme", url="https://status.acme.example"),
    api_keys=(
        api_key("all", KEY, "heartbeat:write"),
        api_key("few", FEW, "heartbeat:write", monitors=frozenset({"backup", "gone"})),
        api_key("reader", READER, "incidents:write"),
        api_key("star", STAR, "*"),
        api_key("old", OLD, "heartbeat:write", expires=NOW),
    ),
)


class Client(FlaskClient):
    """Reads each answer whole, so that no file stays open."""

    def open(self, *request, **of) -> TestResponse:
        return super().open(*request, **of, buffered=True)


@dataclass
class World:
    """A service on a real file with a clock that is set by hand."""

    folder: Path
    config: Config
    now: Instant = NOW

    def __post_init__(self) -> None:
        self.store = new_store(self.folder / "kener.db")
        self.service = Service(self.store, self.config, lambda: self.now)
        self.app = web.create(self.service)
        self.app.test_client_class = Client
        self.client: FlaskClient = self.app.test_client(use_cookies=False)
        self.service.mark_alive(self.now)

    def get(self, path: str, **of) -> TestResponse:
        return self.client.get(path, **of)

    def raw(self, path: str, headers: dict[str, str], data: str = "") -> int:
        """The code of a POST, or of a GET, without a client that understands the headers itself."""
        method = "POST" if data else "GET"
        builder = EnvironBuilder(path=path, method=method, data=data)
        environ = builder.get_environ()
        builder.close()
        for name, value in headers.items():
            key = name.upper().replace("-", "_")
            environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
        _, status, _ = run_wsgi_app(self.app, environ, buffered=True)
        return int(status.split()[0])

    def beats(self, tag: str = "backup") -> tuple[Heartbeat, ...]:
        return store.beats(self.store.read(), tag, 100)

    def count(self) -> int:
        """Heartbeats of all monitors."""
        return sum(state.beats for state in store.states(self.store.read()).values())

    def wait(self, length: int) -> None:
        """Let time pass while the loop runs."""
        until = self.now + length
        while self.now < until:
            self.now = min(self.now + MINUTE, until)
            self.service.mark_alive(self.now)
            self.service.tick(TICK, self.now)

    def rejected(self) -> dict[tuple[str, str], int]:
        self.now += MINUTE
        self.service.mark_alive(self.now)
        return {(each.monitor, each.reason): each.count for each in store.rejections(self.store.read())}


@pytest.fixture
def world(folder: Path) -> Iterator[World]:
    made = World(folder, CONFIG)
    yield made
    made.store.close()


def behind(world: World, *networks: str) -> None:
    world.service.reload(replace(world.config, server=Server(trusted_proxies=networks)))


def say(answer: TestResponse) -> tuple[int, object]:
    return answer.status_code, answer.get_json(silent=True)


def fingerprint(answer: TestResponse) -> tuple[int, bytes, list[tuple[str, str]]]:
    """All that a visitor can tell two answers apart by."""
    return answer.status_code, answer.data, sorted(answer.headers)


# ---- a heartbeat with a secret ---------------------------------------------------------------

PLACES = ["/heartbeat/", "/ext/heartbeat/", "/api/heartbeat/", "/api/v1/heartbeat/"]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("between", [":", "/", "%3A", "%3a", "%2F"])
@pytest.mark.parametrize("end", ["", "/"])
def test_every_spelling_of_the_address_counts(world, place, between, end):
    answer = world.get(f"{place}backup{between}{SECRET}{end}")
    assert answer.status_code == 200
    assert answer.get_json()["status"] == "OK"
    assert len(world.beats()) == 1


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "HEAD"])
@pytest.mark.parametrize("place", PLACES)
def test_every_method_of_a_job_counts(world, place, method):
    answer = world.client.open(f"{place}backup:{SECRET}", method=method)
    assert answer.status_code == 200
    assert (answer.data == b"") == (method == "HEAD")
    assert [each.method for each in world.beats()] == [method]


def test_the_answer_says_what_was_kept(world):
    answer = world.client.post(
        f"/heartbeat/backup:{SECRET}", data='{"status":"degraded","message":"slow","metrics":{"n":1}}'
    )
    assert say(answer) == (
        200,
        {
            "status": "OK",
            "monitor": "backup",
            "received": "2026-09-30T11:41:00.000Z",
            "reported": "DEGRADED",
        },
    )
    (beat,) = world.beats()
    assert (beat.status, beat.message, beat.metrics) == (Status.DEGRADED, "slow", (("n", 1.0),))
    assert beat.received == NOW
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_answer_carries_the_warnings(world):
    answer = world.client.post(f"/heartbeat/backup:{SECRET}", data='{"stauts":"down"}')
    assert answer.get_json()["warning"] == "unknown fields were left out: stauts"
    assert world.count() == 1


def test_the_beat_is_on_disk_when_the_answer_comes(world):
    world.get(f"/heartbeat/backup:{SECRET}")
    with sqlite3.connect(world.store.path) as other:
        assert other.execute("select count(*) from heartbeat").fetchone() == (1,)
    other.close()


def test_an_explicit_status_that_is_none_of_the_words_is_refused(world):
    code, said = say(world.client.post(f"/heartbeat/backup:{SECRET}?status=fine"))
    assert code == 400
    assert said == {"error": "unknown status 'fine': use up, degraded or down; nothing was recorded"}
    assert world.count() == 0
    assert world.rejected() == {("backup", "unknown status"): 1}


def test_a_report_of_trouble_is_shown_at_once(world):
    world.get(f"/heartbeat/backup:{SECRET}?status=down")
    assert world.get("/api/v1/monitors/backup").get_json()["status"] == "DOWN"


@pytest.mark.parametrize("address", ["odd:a/b:c%20d%3Fe%23f%2541+&/", "odd/a/b:c%20d%3Fe%23f%2541+&/"])
def test_a_secret_may_have_any_character(world, address):
    assert world.get(f"/heartbeat/{address}").status_code == 200
    assert world.get(f"/heartbeat/{address}/").status_code == 200


@pytest.mark.parametrize(
    "path", ["/heartbeat/wide:gehéim-日本-🎉", "/heartbeat/wide:geh%C3%A9im-%E6%97%A5本-🎉"]
)
def test_a_secret_need_not_be_ascii(world, path):
    assert world.get(path).status_code == 200
    assert len(world.beats("wide")) == 1


WRONG = [
    "backup:wrong",
    "backup:",
    "backup",
    f"backup:{SECRET}x",
    f"backup:{SECRET[:-1]}",
    f"backup:{SECRET.upper()}",
    f"backup: {SECRET}",
    f"backup::{SECRET}",
    f"backup:{SECRET}//",
    f"BACKUP:{SECRET}",
    f"backup:{HIDDEN_SECRET}",
    "payroll:wrong",
    "unknown:wrong",
    f"unknown:{SECRET}",
    "unknown:",
    "open:",
    "open",
    "open/",
    "open:%00",
    "empty:",
    "empty",
    "empty:%00",
    "empty:None",
    "open:None",
    "unknown:%00",
    ":",
    "",
    "wide:geh%E9im",
    "backup:%ff%fe%00",
    "backup:" + "x" * 10_000,
    "__proto__:x",
]


@pytest.mark.parametrize("call", WRONG)
def test_a_wrong_secret_and_an_unknown_tag_answer_alike(world, call):
    answer = world.get(f"/heartbeat/{call}")
    assert fingerprint(answer) == fingerprint(world.get("/heartbeat/nobody:nothing"))
    assert say(answer) == (404, {"error": "Unknown tag or wrong secret"})
    assert world.count() == 0


def test_calls_that_are_turned_away_are_counted_for_the_operator(world):
    for call in ("backup:wrong", "backup:wrong", "nobody:x", "someone:y", f"backup:{SECRET}"):
        world.get(f"/heartbeat/{call}")
    assert world.rejected() == {("backup", "wrong secret"): 2, ("", "wrong secret"): 2}


@pytest.mark.parametrize("place", PLACES)
def test_options_say_what_is_possible_and_are_no_beat(world, place):
    answer = world.client.options(f"{place}backup:{SECRET}")
    assert (answer.status_code, answer.data) == (204, b"")
    assert answer.headers["Allow"] == "GET, HEAD, POST, PUT"
    assert world.count() == 0


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Purpose", "prefetch"),
        ("Sec-Purpose", "prefetch;prerender"),
        ("X-Purpose", "preview"),
        ("X-Moz", "Prefetch"),
    ],
)
def test_a_prefetch_is_no_beat(world, header, value):
    code, said = say(world.get(f"/heartbeat/backup:{SECRET}", headers={header: value}))
    assert (code, said) == (403, {"error": "A prefetch is not a heartbeat; nothing was recorded"})
    assert world.count() == 0


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "TRACE", "FOO"])
def test_other_methods_are_no_beat_and_are_told_which_count(world, method):
    answer = world.client.open(f"/heartbeat/backup:{SECRET}", method=method)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD, POST, PUT"
    assert answer.get_json() == {"error": "Use GET or HEAD or POST or PUT"}
    assert world.count() == 0


@pytest.mark.parametrize("path", ["//heartbeat/", "/heartbeat//", "/ext//heartbeat/"])
def test_no_address_of_a_heartbeat_redirects(world, path):
    assert world.get(f"{path}backup:{SECRET}").status_code in (200, 404)


# ---- a heartbeat with a key ------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/api/heartbeat/backup", "/api/v1/heartbeat/backup", "/api/heartbeat/backup/"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "headers",
    [
        {"X-API-Key": KEY},
        {"x-api-key": f"  {KEY} "},
        {"Authorization": f"Bearer {KEY}"},
        {"Authorization": f"bearer {KEY}"},
        {"Authorization": f"BEARER   {KEY}"},
        {"Authorization": f"Bearer {STAR}"},
        {"X-API-Key": FEW},
        {"X-API-Key": "", "Authorization": f"Bearer {KEY}"},
    ],
    ids=["header", "blanks", "bearer", "lower", "upper", "star", "few", "empty and bearer"],
)
def test_a_key_with_the_scope_may_send_beats(world, path, method, headers):
    assert world.client.open(path, method=method, headers=headers).status_code == 200
    assert len(world.beats()) == 1


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "no API key"),
        ({"X-API-Key": ""}, "no API key"),
        ({"X-API-Key": "   "}, "no API key"),
        ({"Authorization": "Bearer"}, "no API key"),
        ({"Authorization": "Bearer "}, "no API key"),
        ({"Authorization": f"Basic {KEY}"}, "no API key"),
        ({"Authorization": KEY}, "no API key"),
        ({"X-API-Key": "wrong"}, "unknown API key"),
        ({"X-API-Key": KEY.upper()}, "unknown API key"),
        ({"X-API-Key": hashlib.sha256(KEY.encode()).hexdigest()}, "unknown API key"),
        ({"X-API-Key": "wrong", "Authorization": f"Bearer {KEY}"}, "unknown API key"),
        ({"Authorization": f"Bearer {KEY} x"}, "unknown API key"),
        ({"X-API-Key": "\u00ff" * 20}, "unknown API key"),
        ({"X-API-Key": "x" * 50_000}, "unknown API key"),
        ({"X-API-Key": OLD}, "expired API key"),
    ],
)
def test_no_key_that_is_known_means_401(world, headers, reason):
    answer = world.get("/api/heartbeat/backup", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert list(answer.get_json()) == ["error"]
    assert world.count() == 0
    assert world.rejected() == {("backup", reason): 1}


def test_a_key_expires_at_its_moment(world):
    world.now = NOW - 1
    assert world.get("/api/heartbeat/backup", headers={"X-API-Key": OLD}).status_code == 200
    world.now = NOW
    assert world.get("/api/heartbeat/backup", headers={"X-API-Key": OLD}).status_code == 401


def test_a_key_without_the_scope_is_told_which_one_it_needs(world):
    answer = world.get("/api/heartbeat/backup", headers={"X-API-Key": READER})
    assert say(answer) == (403, {"error": "Insufficient scope: heartbeat:write required"})
    assert world.count() == 0


def test_a_key_for_some_monitors_may_not_send_for_others(world):
    answer = world.get("/api/heartbeat/payroll", headers={"X-API-Key": FEW})
    assert say(answer) == (403, {"error": "This API key is limited to other monitors"})
    assert world.count() == 0


def test_a_key_for_some_monitors_cannot_tell_which_others_exist(world):
    known = world.get("/api/heartbeat/payroll", headers={"X-API-Key": FEW})
    assert fingerprint(known) == fingerprint(world.get("/api/heartbeat/nobody", headers={"X-API-Key": FEW}))


@pytest.mark.parametrize("key", [KEY, STAR])
def test_a_key_is_told_of_an_unknown_tag(world, key):
    for tag in ("nobody", "BACKUP", "a%00b", ""):
        answer = world.get(f"/api/heartbeat/{tag}", headers={"X-API-Key": key})
        assert say(answer) == (404, {"error": "No monitor has this tag"})


def test_a_key_reaches_monitors_without_a_secret(world):
    for tag in ("open", "empty", "payroll"):
        assert world.get(f"/api/heartbeat/{tag}", headers={"X-API-Key": KEY}).status_code == 200


def test_without_a_key_known_and_unknown_tags_answer_alike(world):
    for headers in ({}, {"X-API-Key": "wrong"}, {"X-API-Key": READER}):
        known = world.get("/api/heartbeat/payroll", headers=headers)
        assert fingerprint(known) == fingerprint(world.get("/api/heartbeat/nobody", headers=headers))


def test_a_key_counts_only_where_keys_are_asked_for(world):
    assert world.get("/heartbeat/backup", headers={"X-API-Key": KEY}).status_code == 404
    assert world.get("/heartbeat/backup:", headers={"Authorization": f"Bearer {KEY}"}).status_code == 404


def test_a_key_need_not_be_ascii(world):
    key = "schlüssel-日本-0123456789"
    world.service.reload(replace(CONFIG, api_keys=(api_key("wide", key, "heartbeat:write"),)))
    sent = key.encode().decode("latin-1")  # what a WSGI server makes of UTF-8 in a header
    assert world.get("/api/heartbeat/backup", headers={"X-API-Key": sent}).status_code == 200


# ---- who called ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "address"),
    [
        ((), "192.0.2.1", None, "192.0.2.1"),
        ((), "192.0.2.1", "198.51.100.7", "192.0.2.1"),
        (("10.0.0.0/8",), "192.0.2.1", "198.51.100.7", "192.0.2.1"),
        (("10.0.0.0/8",), "10.1.2.3", None, "10.1.2.3"),
        (("10.0.0.0/8",), "10.1.2.3", "198.51.100.7", "198.51.100.7"),
        (("10.1.2.3",), "10.1.2.3", " 198.51.100.7 ", "198.51.100.7"),
        (("10.0.0.0/8",), "10.1.2.3", "evil, 198.51.100.7", "198.51.100.7"),
        (("10.0.0.0/8",), "10.1.2.3", "203.0.113.9, 198.51.100.7, 10.9.9.9", "198.51.100.7"),
        (("10.0.0.0/8",), "10.1.2.3", "10.4.4.4, 10.9.9.9", "10.4.4.4"),
        (("10.0.0.0/8",), "10.1.2.3", "198.51.100.7,, ,", "198.51.100.7"),
        (("10.0.0.0/8",), "10.1.2.3", "<script>, 10.9.9.9", "10.9.9.9"),
        (("10.0.0.0/8",), "10.1.2.3", "garbage", "10.1.2.3"),
        (("10.0.0.0/8",), "10.1.2.3", ", ,", "10.1.2.3"),
        (("10.0.0.0/8",), "10.1.2.3", "9" * 5_000, "10.1.2.3"),
        (("10.0.0.0/8",), "", "198.51.100.7", ""),
        (("::1",), "::1", "2001:db8::7", "2001:db8::7"),
        (("2001:db8::/32",), "2001:db8::1", "2001:DB8:0:0::5, 198.51.100.7", "198.51.100.7"),
        (("10.0.0.0/8",), "::1", "198.51.100.7", "::1"),
        (("0.0.0.0/0", "::/0"), "192.0.2.1", "203.0.113.9, 198.51.100.7", "203.0.113.9"),
    ],
)
def test_only_a_trusted_proxy_says_who_called(world, trusted, peer, forwarded, address):
    behind(world, *trusted)
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    where = {"REMOTE_ADDR": peer}
    answer = world.get(f"/heartbeat/backup:{SECRET}", headers=headers, environ_overrides=where)
    assert answer.status_code == 200
    assert world.beats()[0].address == address


def test_a_proxy_that_arrives_over_an_ipv6_socket_is_the_same_proxy(world):
    behind(world, "10.0.0.0/8")
    where = {"REMOTE_ADDR": "::ffff:10.1.2.3"}
    headers = {"X-Forwarded-For": "198.51.100.7"}
    world.get(f"/heartbeat/backup:{SECRET}", headers=headers, environ_overrides=where)
    assert world.beats()[0].address == "198.51.100.7"


HOSTILE = ["", "x" * 20_000, "\u00ff\u00fe\u0080", "<script>'\"\\", "%00%ff", "\x01\x1b[31m", "(),;:@{}[]="]
HEADERS = [
    "Accept",
    "Content-Type",
    "Cookie",
    "Host",
    "If-Modified-Since",
    "If-None-Match",
    "Range",
    "Purpose",
    "Referer",
    "User-Agent",
    "X-Forwarded-For",
    "X-Forwarded-Host",
]


@pytest.mark.parametrize("header", HEADERS)
def test_no_header_loses_a_beat_or_breaks_a_page(world, header):
    behind(world, "127.0.0.1")
    # A host's name has at most 63 characters between its dots; Werkzeug refuses a longer one.
    values = [value for value in HOSTILE if header != "Host" or len(value) < 64]
    for sent, value in enumerate(values, 1):
        headers = {header: value}
        assert (value, world.raw(f"/heartbeat/backup:{SECRET}", headers, "x")) == (value, 200)
        beat = world.beats()[0]
        assert len(world.beats()) == sent
        assert len(beat.user_agent) <= 200
        assert len(beat.address) <= 64
        assert world.raw("/", headers) == 200
        assert world.raw("/static/style.css", headers) in (200, 206, 304, 416)


@pytest.mark.parametrize("host", ["my_host:3000", "a b", "x:99999", "[::1", "", "xn--", "-"])
def test_a_beat_counts_under_every_name_of_the_server(world, host):
    assert world.raw(f"/heartbeat/backup:{SECRET}", {"Host": host}) == 200
    assert world.raw("/", {"Host": host}) == 200


@pytest.mark.parametrize("length", ["", "abc", "-5", "0", "999999999999999999999"])
def test_a_length_that_is_wrong_loses_no_beat(world, length):
    where = {"CONTENT_LENGTH": length}
    answer = world.client.post(f"/heartbeat/backup:{SECRET}", data="hello", environ_overrides=where)
    assert answer.status_code == 200
    assert world.count() == 1


def test_what_a_job_says_is_never_markup(world):
    world.client.post(f"/heartbeat/backup:{SECRET}?status=down", data="<script>alert(1)</script>")
    for path in ("/", "/monitors/backup"):
        assert b"<script>" not in world.get(path).data


# ---- what programs are told ------------------------------------------------------------------


def test_a_monitor_that_never_reported_has_no_data(world):
    assert world.get("/api/v1/monitors/backup").get_json() == {
        "tag": "backup",
        "name": "Backup",
        "category": "Jobs",
        "status": "NO_DATA",
        "since": None,
        "last_heartbeat": None,
        "next_expected": None,
        "uptime": {"24h": None, "7d": None, "30d": None, "90d": None},
    }


def test_a_monitor_tells_its_status_its_times_and_its_uptime(world):
    world.get(f"/heartbeat/backup:{SECRET}")
    world.wait(20 * MINUTE)
    assert world.get("/api/v1/monitors/backup").get_json() == {
        "tag": "backup",
        "name": "Backup",
        "category": "Jobs",
        "status": "DOWN",
        "since": "2026-09-30T11:51:00.000Z",
        "last_heartbeat": "2026-09-30T11:41:00.000Z",
        "next_expected": "2026-09-30T11:46:00.000Z",
        "uptime": {"24h": 50.0, "7d": 50.0, "30d": 50.0, "90d": 50.0},
    }


def test_the_list_has_every_public_monitor_in_the_order_of_the_file(world):
    listed = world.get("/api/v1/monitors").get_json()
    assert [each["tag"] for each in listed] == ["backup", "open", "empty", "odd", "wide"]
    assert listed[0] == world.get("/api/v1/monitors/backup").get_json()


@pytest.mark.parametrize("path", ["/api/v1/monitors/{}", "/monitors/{}", "/monitors/{}/"])
def test_what_is_hidden_looks_like_what_never_was(world, path):
    world.get(f"/heartbeat/payroll:{HIDDEN_SECRET}?status=down")
    hidden = world.get(path.format("payroll"))
    assert hidden.status_code == 404
    assert fingerprint(hidden) == fingerprint(world.get(path.format("nobody")))


@pytest.mark.parametrize("path", ["/", "/api/v1/monitors", "/api/v1/incidents", "/monitors/backup"])
def test_what_is_hidden_is_named_nowhere(world, path):
    world.get(f"/heartbeat/payroll:{HIDDEN_SECRET}?status=down")
    for tags in (("payroll",), ("payroll", "backup")):
        opened(world, monitors=tags)
    assert "payroll" not in world.get(path).text.lower()


def opened(world: World, **of) -> int:
    new = {
        "id": None,
        "title": "Disk trouble",
        "state": IncidentState.INVESTIGATING,
        "severity": Severity.MAJOR,
        "started": NOW - MINUTE,
        "created": NOW,
        "publish_at": NOW,
        "monitors": ("backup",),
    }
    return world.store.write(lambda db: store.add_incident(db, Incident(**{**new, **of}), "We look."))


def test_an_incident_tells_its_story(world):
    number = opened(world, monitors=("backup", "payroll"))
    world.store.write(lambda db: store.resolve_incident(db, number, NOW + 5, "Over.", NOW + 6))
    told = world.get(f"/api/v1/incidents/{number}").get_json()
    for update in told["updates"]:
        assert update.pop("id").isdigit()
    assert told == {
        "id": str(number),
        "title": "Disk trouble",
        "state": "RESOLVED",
        "severity": "major",
        "started": "2026-09-30T11:40:00.000Z",
        "resolved": "2026-09-30T11:41:00.005Z",
        "monitors": ["backup"],
        "updates": [
            {"state": "RESOLVED", "text": "Over.", "created": "2026-09-30T11:41:00.006Z"},
            {"state": "INVESTIGATING", "text": "We look.", "created": "2026-09-30T11:41:00.000Z"},
        ],
    }
    assert world.get("/api/v1/incidents").get_json() == [world.get(f"/api/v1/incidents/{number}").get_json()]


@pytest.mark.parametrize("of", [{"is_public": False}, {"monitors": ("payroll",)}, {"opened_for": "payroll"}])
def test_a_draft_and_an_incident_of_what_is_hidden_look_like_none(world, of):
    number = opened(world, **of)
    for path in ("/api/v1/incidents/{}", "/incidents/{}"):
        secret = world.get(path.format(number))
        assert secret.status_code == 404
        assert fingerprint(secret) == fingerprint(world.get(path.format(number + 99)))
    assert world.get("/api/v1/incidents").get_json() == []


@pytest.mark.parametrize(
    "number",
    ["0", "-1", "1.0", "x", "٣", "9" * 15, "9" * 16, "9" * 19, "9" * 5_000, "1%00", "%20", "1e3", "null"],
)
def test_a_number_that_no_incident_has_is_not_found(world, number):
    opened(world)
    answer = world.get(f"/api/v1/incidents/{number}")
    assert say(answer) == (404, {"error": "No public incident has this id"})
    assert world.get(f"/incidents/{number}").status_code == 404


def test_programs_of_other_sites_may_read_what_is_public(world):
    number = opened(world)
    for path in (
        "/api/v1/monitors",
        "/api/v1/monitors/backup",
        "/api/v1/incidents",
        f"/api/v1/incidents/{number}",
    ):
        answer = world.get(path)
        assert answer.status_code == 200
        assert answer.mimetype == "application/json"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


# ---- every route -----------------------------------------------------------------------------

READ = [
    "/",
    "/monitors/backup",
    "/api/v1/monitors",
    "/api/v1/monitors/backup",
    "/livez",
    "/readyz",
    "/status.txt",
    "/llms.txt",
    "/static/style.css",
    "/site.css",
]
MISSING = [
    "/nothing",
    "/monitors/",
    "/static/nothing.css",
    "/apis",
    "/incidents/1",
    "/heartbeat",
    "/..%2f..%2fetc",
]
MISSING_JSON = ["/api/v1/", "/api/v1/nothing", "/api/v1/incidents/1", "/api/v1/monitors/x/y", "/livez/x"]


@pytest.mark.parametrize("path", READ)
def test_what_can_be_read_can_be_asked_about(world, path):
    got, head = world.get(path), world.client.head(path)
    assert got.status_code == head.status_code == 200
    assert head.data == b""
    assert head.headers["Content-Type"] == got.headers["Content-Type"]
    options = world.client.options(path)
    assert options.status_code in (200, 204)
    assert {"GET", "HEAD"} <= set(options.headers["Allow"].split(", "))


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", READ)
def test_what_can_be_read_can_not_be_written(world, path, method):
    answer = world.client.open(path, method=method)
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
    is_json = answer.mimetype == "application/json"
    assert is_json == path.startswith(("/api/", "/livez", "/readyz"))
    if is_json:
        assert answer.get_json() == {"error": "Use GET or HEAD"}


@pytest.mark.parametrize("path", MISSING)
def test_a_page_that_is_missing_is_a_page(world, path):
    answer = world.get(path)
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert "There is no such page" in answer.text


@pytest.mark.parametrize("path", MISSING_JSON)
def test_an_answer_for_programs_that_is_missing_is_json(world, path):
    answer = world.get(path)
    assert answer.status_code == 404
    assert list(answer.get_json()) == ["error"]


def test_every_route_of_the_table_is_tested_here():
    tested = {*READ, "/incidents/1", "/api/v1/incidents/1", "/alerts/1", *(f"{place}x" for place in PLACES)}
    tested |= {"/maintenances/1", "/api/v1/maintenances/1"}  # in test_maintenance_web.py
    tested |= {rule for _, rule, _ in web.ROUTES if rule.startswith("/api/v2/")}  # in test_statuspage.py
    tested |= {"/metrics"}  # in test_metrics.py
    tested |= {"/health", "/healthz", "/healthcheck", "/-/healthy", "/-/ready"}  # in test_health.py
    tested |= {"/branding/logo", "/branding/favicon"}  # in test_branding.py
    tested |= {*EVERY, *CALENDARS, "/maintenance/1.ics"}  # in test_feeds.py and test_calendar.py
    tested |= {"/badge/job/status"}  # in test_badges.py
    tested |= {"/embed.js", "/embed/status", "/embed/events/live"}  # in test_embeds.py
    tested |= {"/embed/x", "/embed/bars/x", "/embed/monitor-x"}  # there, too
    tested |= {"/uptime.csv", "/events/August-2026"}  # in test_uptime_page.py, test_history.py
    tested |= {
        "/openapi.json",
        "/robots.txt",
        "/sitemap.xml",
        "/.well-known/security.txt",
        "/.well-known/api-catalog",
    }  # in test_openapi.py
    for _, rule, _ in web.ROUTES:
        start = re.split("[<]", rule)[0]
        assert any(path.startswith(start) for path in tested), rule


ANSWERS = [
    *[("GET", path) for path in (*READ, *MISSING, *MISSING_JSON)],
    ("OPTIONS", "/"),
    ("OPTIONS", f"/heartbeat/backup:{SECRET}"),
    ("POST", f"/heartbeat/backup:{SECRET}"),
    ("HEAD", f"/heartbeat/backup:{SECRET}"),
    ("GET", "/heartbeat/backup:wrong"),
    ("POST", f"/heartbeat/backup:{SECRET}?status=x"),
    ("GET", "/api/heartbeat/backup"),
    ("DELETE", "/"),
    ("DELETE", "/api/v1/monitors"),
]


@pytest.mark.parametrize(("method", "path"), ANSWERS)
def test_every_answer_has_the_headers_that_protect_visitors(world, method, path):
    headers = world.client.open(path, method=method).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] in ("strict-origin-when-cross-origin", "no-referrer", "same-origin")
    assert "Set-Cookie" not in headers


@pytest.mark.parametrize("path", ["/", "/monitors/backup", "/nothing"])
def test_no_page_needs_what_the_policy_forbids(world, path):
    page = world.get(path).text
    assert not re.search(
        r"<script(?! src=\"/static/app.js\?v=\w+\"></script>)|<style|\son\w+=|\sstyle=[^&]|javascript:", page
    )


def test_a_logo_of_another_host_may_be_shown(world):
    world.service.reload(replace(CONFIG, site=Site(logo="https://cdn.example.org/logo.svg")))
    answer = world.get("/")
    assert 'src="https://cdn.example.org/logo.svg"' in answer.text
    images = re.search("img-src ([^;]*)", answer.headers["Content-Security-Policy"])
    assert images
    assert {"https:", "*", "https://cdn.example.org"} & set(images[1].split())


# ---- caching ---------------------------------------------------------------------------------


def test_a_static_file_is_immutable_only_under_an_address_that_changes_with_it(world):
    assert "immutable" in world.get("/static/style.css?v=abc").headers["Cache-Control"]
    assert "immutable" not in world.get("/static/style.css").headers.get("Cache-Control", "")


def test_the_page_names_static_files_with_their_version(world):
    links = re.findall(r'(?:href|src)="(/static/[^"]*)"', world.get("/").text)
    assert links
    for link in links:
        assert "?v=" in link
        assert world.get(link).status_code == 200


def test_a_file_that_is_missing_is_not_missing_for_ever(world):
    """A proxy that asks a moment too early must not remember the 404 for a year."""
    for path in ("/static/nothing.css?v=1", "/static/nothing.css"):
        assert "no-cache" in world.get(path).headers.get("Cache-Control", "")


def test_a_refused_method_is_never_immutable(world):
    assert "immutable" not in world.client.post("/static/style.css?v=1").headers["Cache-Control"]


def test_a_static_file_that_has_not_changed_is_not_sent_again(world):
    first = world.get("/static/style.css?v=abc")
    again = world.get("/static/style.css?v=abc", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize(
    "path", ["/static/../pyproject.toml", "/static/..%2fpyproject.toml", "/static//etc/passwd"]
)
def test_nothing_but_static_files_is_static(world, path):
    assert world.get(path).status_code == 404


# ---- trouble of our own ----------------------------------------------------------------------


def unavailable(*_, **__) -> None:
    raise store.Unavailable("database or disk is full")


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
@pytest.mark.parametrize("path", [f"/heartbeat/backup:{SECRET}", f"/api/heartbeat/backup:{SECRET}"])
def test_a_beat_that_cannot_be_written_is_503_and_may_be_tried_again(world, monkeypatch, path, method):
    monkeypatch.setattr(world.store, "put", unavailable)
    answer = world.client.open(path, method=method)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    if method != "HEAD":
        assert list(answer.get_json()) == ["error"]
        assert "database or disk is full" in answer.get_json()["error"]
    monkeypatch.undo()
    assert world.count() == 0
    assert world.client.open(path, method=method).status_code == 200


def test_a_full_disk_is_503_and_over_when_there_is_room(world):
    pages = world.store.write(lambda db: db.execute("pragma page_count").fetchone()[0])
    world.store.write(lambda db: db.execute(f"pragma max_page_count = {pages}"))
    answer = world.client.post(f"/heartbeat/backup:{SECRET}", data="x" * 90_000)
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
    world.store.write(lambda db: db.execute("pragma max_page_count = 1000000"))
    assert world.client.post(f"/heartbeat/backup:{SECRET}", data="x" * 90_000).status_code == 200
    assert world.count() == 1


def broken(code: int = sqlite3.SQLITE_IOERR):
    def read(*_) -> None:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = code
        raise error

    return read


@pytest.mark.parametrize("path", ["/", "/monitors/backup", "/incidents/1"])
def test_a_page_that_cannot_be_read_is_a_page_with_503(world, monkeypatch, path):
    monkeypatch.setattr(world.store, "read", broken())
    answer = world.get(path)
    assert (answer.status_code, answer.mimetype) == (503, "text/html")
    assert "Retry-After" in answer.headers
    assert "Content-Security-Policy" in answer.headers
    assert "Not available at the moment" in answer.text


@pytest.mark.parametrize("path", ["/api/v1/monitors", "/api/v1/monitors/backup", "/api/v1/incidents/1"])
def test_json_that_cannot_be_read_is_json_with_503(world, monkeypatch, path):
    monkeypatch.setattr(world.store, "read", broken())
    answer = world.get(path)
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
    assert list(answer.get_json()) == ["error"]


@pytest.mark.parametrize("path", ["/nothing", "/static/nothing.css"])
def test_a_missing_page_is_an_error_page_while_the_file_cannot_be_read(world, monkeypatch, path):
    monkeypatch.setattr(world.store, "read", broken())
    answer = world.get(path)
    assert answer.status_code in (404, 500, 503)
    assert answer.mimetype == "text/html"
    assert "Traceback" not in answer.text


def test_an_incident_of_a_hidden_monitor_stays_secret_when_the_monitor_is_removed(world):
    """A monitor that was public when the incident was opened was hidden later, and then removed."""
    number = opened(world, monitors=("payroll",), opened_for="payroll", title="Payroll is down")
    world.service.reload(CONFIG)
    world.service.reload(
        replace(CONFIG, monitors={tag: each for tag, each in CONFIG.monitors.items() if tag != "payroll"})
    )
    assert world.get(f"/api/v1/incidents/{number}").status_code == 404


@pytest.mark.parametrize(("path", "mimetype"), [("/", "text/html"), ("/api/v1/monitors", "application/json")])
def test_a_fault_of_ours_says_nothing_of_itself_and_logs_its_traceback(
    world, monkeypatch, caplog, path, mimetype
):
    def fail(*_) -> None:
        raise RuntimeError("the inside of the server")

    monkeypatch.setattr(world.store, "read", fail)
    answer = world.get(path)
    assert (answer.status_code, answer.mimetype) == (500, mimetype)
    assert "inside of the server" not in answer.text
    assert "RuntimeError: the inside of the server" in caplog.text


def test_livez_needs_nothing_but_the_process(world, monkeypatch):
    monkeypatch.setattr(world.store, "read", broken())
    monkeypatch.setattr(world.store, "put", unavailable)
    world.now += DAY
    assert (world.get("/livez").status_code, world.get("/livez").text) == (200, "ok\n")


@pytest.mark.parametrize(
    ("later", "code"), [(0, 200), (60 * SECOND, 200), (60 * SECOND + 1, 503), (DAY, 503)]
)
def test_readyz_tells_whether_the_loop_ticks(world, later, code):
    world.now += later
    answer = world.get("/readyz")
    assert answer.status_code == code
    assert answer.mimetype == "text/plain"
    assert answer.headers["Cache-Control"] == "no-store"


def test_readyz_is_not_about_the_monitors(world):
    world.get(f"/heartbeat/backup:{SECRET}?status=down")
    assert world.get("/readyz").status_code == 200


# ---- a loop that stands still ----------------------------------------------------------------


@pytest.mark.parametrize(("later", "is_stale"), [(3 * MINUTE, False), (3 * MINUTE + 1, True), (DAY, True)])
def test_nothing_is_claimed_while_the_loop_stands_still(world, later, is_stale):
    world.get(f"/heartbeat/backup:{SECRET}")
    world.wait(MINUTE)
    assert world.get("/api/v1/monitors/backup").get_json()["status"] == "UP"
    world.now += later
    told = world.get("/api/v1/monitors/backup").get_json()
    assert told["status"] == ("NO_DATA" if is_stale else "UP")
    assert (told["since"] is None) == is_stale
    assert told["last_heartbeat"] == "2026-09-30T11:41:00.000Z"
    assert world.get("/api/v1/monitors").get_json()[0] == told
    for path in ("/", "/monitors/backup"):
        page = re.sub("(?s)<template.*</template>", "", world.get(path).text)  # what a script shows later
        assert ("unknown" in page.lower()) == is_stale
        if is_stale:
            assert "All systems operational" not in page
            assert "✓" not in re.search("<title>(.*?)</title>", page)[1]


def test_before_the_first_tick_nothing_is_claimed(tmp_path):
    world = World(tmp_path, CONFIG)
    world.store.write(lambda db: db.execute("delete from alive"))
    world.get(f"/heartbeat/backup:{SECRET}?status=down")
    assert world.get("/api/v1/monitors/backup").get_json()["status"] == "NO_DATA"
    assert "unknown" in world.get("/").text.lower()
    world.store.close()


# ---- secrets ---------------------------------------------------------------------------------


def test_no_secret_is_in_any_answer_or_log(world, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    opened(world)
    answers = [world.client.open(path, method=method) for method, path in ANSWERS]
    for key in (KEY, FEW, READER, STAR, OLD):
        for tag in ("backup", "payroll", "nobody"):
            answers.append(world.get(f"/api/heartbeat/{tag}", headers={"X-API-Key": key}))
    for method in ("GET", "POST", "DELETE", "OPTIONS"):
        answers.append(world.client.open(f"/heartbeat/backup:{SECRET}?status=x", method=method))
        answers.append(world.client.open(f"/heartbeat/backup:{SECRET}/more", method=method))
        answers.append(world.client.open(f"/nothing/backup:{SECRET}", method=method))
    monkeypatch.setattr(world.store, "put", broken(sqlite3.SQLITE_ERROR))
    answers.append(world.get(f"/heartbeat/backup:{SECRET}"))
    assert answers[-1].status_code == 500
    monkeypatch.setattr(world.store, "put", unavailable)
    answers.append(world.get(f"/heartbeat/backup:{SECRET}"))
    told = "".join(f"{answer.headers}{answer.text}" for answer in answers) + caplog.text
    for secret in SECRETS:
        assert secret not in told
        assert hashlib.sha256(secret.encode()).hexdigest() not in told


def test_no_secret_is_in_the_database(world):
    world.client.post(f"/heartbeat/backup:{SECRET}", data="done")
    world.get(f"/heartbeat/backup:{HIDDEN_SECRET}")
    world.get("/api/heartbeat/backup", headers={"X-API-Key": KEY})
    world.rejected()
    world.store.close()
    kept = b"".join(file.read_bytes() for file in world.folder.iterdir())
    for secret in SECRETS:
        assert secret.encode() not in kept
    world.store = store.Store(world.folder / "kener.db")


def test_secrets_are_in_no_description_of_the_configuration():
    for secret in SECRETS:
        assert secret not in repr(CONFIG)
        assert hashlib.sha256(secret.encode()).hexdigest() not in repr(CONFIG)


# ---- under a prefix --------------------------------------------------------------------------


def test_below_a_prefix_every_link_has_it(world):
    page = world.get("/", environ_overrides={"SCRIPT_NAME": "/status"}).text
    links = [link for link in re.findall(r'(?:href|src)="(/[^"]*)"', page) if not link.startswith("//")]
    assert links
    assert all(link.startswith("/status/") for link in links)


def test_json_is_json_for_strict_readers(world):
    world.client.post(f"/heartbeat/backup:{SECRET}", data='{"metrics":{"n":1e308}}')
    for path in ("/api/v1/monitors", "/api/v1/incidents"):
        json.loads(world.get(path).data, parse_constant=lambda name: pytest.fail(name))
