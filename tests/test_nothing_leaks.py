"""What is not public is in no byte of any answer, whatever the address, the form and the language."""

from __future__ import annotations

import gzip
import json
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import past
import pytest
from conftest import short_store
from flask.testing import FlaskClient
from real.conftest import Serve, serve  # noqa: F401
from real.server import Server as Process
from real.server import configuration, monitor, run, until
from receivers import web_receiver
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


# ---- a real server at its most talkative ----------------------------------------------------------

PLANTED = {
    "monitor": "hushofmonitor7-0123456789",
    "key": "hushofkey7-0123456789abcdef",
    "token": "hushoftoken7-0123456789",
    "user": "hushofuser7",
    "password": "hushofpass7",
    "path": "hushofpath7",
    "query": "hushofquery7",
    "refused": "hushofrefused7",
    "webhook": "whsec_aHVzaG9md2ViaG9vazctMDEyMzQ1Njc4OWFi",
    "wrong": "hushofmonitor7-0123456780",
    "wrong key": "hushofkey7-0123456789abcdee",
    "environment": "hushofenvironment7-0123456789",
}
NEVER_SAID = [each.encode() for each in PLANTED.values()]


def leaked(said: bytes | str) -> list[bytes]:
    told = said.encode() if isinstance(said, str) else said
    return [each for each in NEVER_SAID if each in told]


@pytest.mark.real
def test_no_secret_is_in_what_a_talkative_server_writes(serve: Serve) -> None:  # noqa: F811
    with web_receiver() as receiver:
        port = receiver.port
        refused, good = PLANTED["refused"], f"{PLANTED['path']}?{PLANTED['query']}=1"
        server = serve(
            configuration(
                monitor("one", secretString=PLANTED["monitor"], hidden=True),
                monitor("two", secretString="${SECRET_OF_TWO}"),
                server={"log_level": "debug", "metrics_token": PLANTED["token"]},
                notifiers={
                    "good": f"json://{PLANTED['user']}:{PLANTED['password']}@127.0.0.1:{port}/{good}",
                    "bad": f"json://{PLANTED['user']}:{PLANTED['password']}@127.0.0.1:1/{refused}",
                    "hook": {
                        "webhook": f"http://127.0.0.1:{port}/{PLANTED['path']}",
                        "secret": PLANTED["webhook"],
                    },
                },
                alerts=[{"name": "all", "status": "DOWN", "notifiers": ["good", "bad", "hook"]}],
                api_keys=[{"name": "all", "key": PLANTED["key"], "scopes": ["*"]}],
            ),
            env={"SECRET_OF_TWO": PLANTED["environment"]},
        )
        answers = talk(server)
        until(lambda: len(receiver.requests) >= 2, 60, "two messages")
        until(
            lambda: server.sql("select 1 from delivery where attempts > 0 and error <> ''"), 60, "a failure"
        )
        server.edit(server.config.read_text().replace("tags", "tags") + "broken: [\n")
        server.signal(signal.SIGHUP)
        until(lambda: "refused" in server.log, 30, "the refusal")
        assert server.process is not None
        shown = [Path(f"/proc/{server.process.pid}/{name}") for name in ("cmdline", "comm", "status")]
        seen = b"".join(each.read_bytes() for each in shown if each.exists())
        files = b"".join(each.read_bytes() for each in server.folder.glob("kener.db*"))
    assert leaked(answers) == []
    assert leaked(seen) == []
    assert leaked(files) == []
    assert "WARNING" in server.log, "the delivery that failed"
    assert leaked(server.log) == []
    assert server.stop() == 0
    assert leaked(server.log) == []


def talk(server: Process) -> bytes:
    """All that a server answers to those who know its secrets, and to those who do not."""
    key, token = {"X-API-Key": PLANTED["key"]}, {"Authorization": f"Bearer {PLANTED['token']}"}
    call = f"/heartbeat/one:{PLANTED['monitor']}"
    answers = [
        server.post(call, "fine"),
        server.post(call, '{"status": "down", "message": "trouble"}'),
        server.post(f"/heartbeat/two/{PLANTED['environment']}?status=down"),
        server.post("/api/heartbeat/one", "{", headers=key),
        server.post(f"/heartbeat/one:{PLANTED['wrong']}"),
        server.post(f"/heartbeat/two:{PLANTED['monitor']}"),
        server.post(f"/heartbeat/{PLANTED['monitor']}"),
        server.request("DELETE", call),
        server.get(f"/nothing/{PLANTED['monitor']}"),
        server.get(call + "?status=nonsense"),
        server.get("/api/v1/monitors", headers=key),
        server.get("/api/v1/incidents", headers={"X-API-Key": PLANTED["wrong key"]}),
        server.post("/api/v1/incidents", "{}", headers=key),
        server.post("/api/v1/incidents", "not JSON", headers=key),
        server.get("/metrics", headers=token),
        server.get("/metrics", headers={"Authorization": f"Bearer {PLANTED['wrong key']}"}),
        server.get("/health", headers=key),
    ]
    program = [sys.executable, "-m", "kener_py"]
    env = {"SECRET_OF_TWO": PLANTED["environment"], "KENER_DATABASE": str(server.database)}
    said = ""
    for words in (
        ["check"],
        ["check", "--json"],
        ["explain", "one"],
        ["explain", "two", "--json"],
        ["status"],
        ["status", "--json"],
        ["deliveries"],
        ["deliveries", "--json"],
        ["incident", "list", "--json"],
        ["notify-test", "--dry-run"],
        ["notify-test", "--alert", "--dry-run"],
        ["notify-test"],
    ):
        code, out, err = run([*program, *words, "--config", str(server.config)], server.folder, env)
        assert code in (0, 1), (words, out, err)
        said += out + err
    told = b"".join(answer.body + json.dumps(dict(answer.headers)).encode() for answer in answers)
    return told + said.encode()


@pytest.mark.real
def test_no_secret_is_in_what_a_server_says_that_refuses_its_file(serve: Serve) -> None:  # noqa: F811
    """A mistake beside a secret, and in it, on every line that has one."""
    text = f"""
server: {{metrics_token: [{PLANTED["token"]}], log_level: {PLANTED["user"]}}}
notifiers:
  {PLANTED["password"]}: json://{PLANTED["user"]}:{PLANTED["password"]}@[::1/{PLANTED["path"]}
  hook: {{webhook: "http://x/{PLANTED["path"]}", secret: {PLANTED["monitor"]}}}
api_keys: [{{name: a, key: {{{PLANTED["key"]}: 1}}}}, {{name: b, sha256: {PLANTED["wrong key"]}}}]
monitors:
  - {{tag: one, secret: [{PLANTED["monitor"]}]}}
  - {{tag: two, secret: "${{{PLANTED["environment"]}"}}
"""
    server = serve(text, start=False)
    code, told = server.refused()
    assert code == 78
    assert set(leaked(told)) <= {PLANTED["user"].encode(), PLANTED["password"].encode()}, "as a word, a name"
