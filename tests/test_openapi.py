"""The description of the programming interface, held to what the server does, and what leads to it."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pytest
from conftest import Clock, T, config, monitor
from conftest import World as Minutes
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import validate
from page import Page
from werkzeug.test import TestResponse

from kener_py import store, web
from kener_py.model import DAY, HOUR, MINUTE, ApiKey, Server, Severity, Site, Status
from kener_py.service import incidents
from kener_py.web import openapi

Json = dict[str, Any]

BASE = "https://status.acme.example"
SITE = Site(title="Acme", url=BASE)
SECRET = "the-secret-of-the-monitor"  # as the description's example has it
KEY, WEAK = "key-that-may-do-all-0123456789", "key-that-may-do-nothing-012345"
TAG = "nightly-backup"
PROBLEM = "application/problem+json"
DOCUMENT = openapi.document("/")
OPERATIONS = {
    operation["operationId"]: (method, path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
HOSTILE = "<script>alert(1)</script>\u202e](x) `" + "x" * 10_000


class World(Minutes):
    """What the description's examples are about is there: a monitor, incident 1, window 1."""

    def __init__(self, db: store.Store, clock: Clock, site: Site = SITE, **sections: Any) -> None:
        tags = (
            monitor(TAG, secret=SECRET, category="Backups"),
            monitor("mail", category="Services", description="Sends."),
            monitor("web", category="Services"),
            monitor("job"),
            monitor("silent"),
            monitor("secret", is_hidden=True),
        )
        keys = tuple(
            ApiKey(key[:20], hashlib.sha256(key.encode()).hexdigest(), frozenset({scope}))
            for key, scope in ((KEY, "*"), (WEAK, "nothing"))
        )
        super().__init__(db, clock, config(tags, site=site, api_keys=keys, **sections))
        self.client: FlaskClient = web.create(self.service).test_client()
        self.change(incidents.create, "Backups are late", "We look.", monitors=[TAG])
        self.change(incidents.update, 1, "A full disk.")
        self.service.add_maintenance("Disk swap", T + DAY, T + DAY + HOUR, [TAG], "*Soon.*")
        self.service.add_maintenance("Move", T - 2 * HOUR, T - HOUR, ["job"])

    def change(self, act: Any, *given: Any, **named: Any) -> Any:
        def job(db: store.Database, config: Any, at: int) -> Any:
            with_config = (config,) if act in (incidents.create, incidents.edit) else ()
            return act(db, *with_config, *given, at=at, **named)

        return self.service.change(job)

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, headers=headers)


@pytest.fixture
def world(db: store.Store, clock: Clock) -> World:
    return World(db, clock)


# ---- asking as the description says ------------------------------------------------------------


def resolved(part: Json) -> Json:
    if "$ref" not in part:
        return part
    found: Any = DOCUMENT
    for name in part["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return found


def problems(schema: Json, value: object) -> list[str]:
    whole = Draft202012Validator(
        schema | {"components": DOCUMENT["components"]}, format_checker=FormatChecker()
    )
    return [f"{each.json_path}: {each.message}" for each in whole.iter_errors(value)]


def check(id: str, answer: TestResponse) -> None:
    """The answer is one that the description of the operation has."""
    method, _, operation = OPERATIONS[id]
    described = resolved(operation["responses"][str(answer.status_code)])
    for name in described.get("headers", ()):
        assert name in answer.headers
    content = described.get("content")
    if content is None:
        assert answer.data == b""
        return
    assert answer.mimetype in content
    body = answer.get_json() if answer.is_json else answer.text
    assert problems(content[answer.mimetype]["schema"], body) == []
    assert method != "head"


def ask(world: World, id: str, accept: str = "*/*", /, key: str = KEY, **of: Any) -> TestResponse:
    """The operation with the values that the description gives as examples, or with others."""
    method, path, operation = OPERATIONS[id]
    for each in operation.get("parameters", ()):
        if each["in"] == "path":
            value = str(of.get(each["name"], each["example"]))
            path = path.replace(f"{{{each['name']}}}", value)
    headers = {"Accept": accept, "Content-Type": "application/json"} | of.get("headers", {})
    if key and operation["security"] != []:
        headers["X-API-Key"] = key
    content = operation.get("requestBody", {}).get("content", {})
    example = content.get("application/json", {}).get("example")
    body = of.get("body", example)
    data = body if isinstance(body, bytes) else None if body is None else json.dumps(body)
    return world.client.open(path, method=method.upper(), headers=headers, data=data, query_string=of.get("query"))


UNORDERED = {"title": "A", "start": "2026-01-02T00:00:00Z", "end": "2026-01-01T00:00:00Z"}
# What leads to an answer where nothing special does: other values than the examples.
TO: dict[int, Json] = {
    200: {},
    201: {},
    204: {},
    400: {"body": {"nope": 1}},
    401: {"key": ""},
    403: {"key": WEAK},
    404: {"tag": "nobody", "id": "999", "update": "999"},
    409: {"id": "2"},
    413: {"body": b" " * 1_000_001},
    422: {"body": UNORDERED},
}


def provoke(world: World, patch: pytest.MonkeyPatch, id: str, code: int, accept: str) -> TestResponse:
    """This answer of the operation, by whatever leads to it."""
    _, path, operation = OPERATIONS[id]
    given = world.service.config
    if code == 304:
        tag = ask(world, id, accept, key="").headers["ETag"]
        return ask(world, id, accept, key="", headers={"If-None-Match": tag})
    if code == 400 and "heartbeat" in path:
        return ask(world, id, accept, query={"status": "x"}, body=None)
    if code == 400 and id == "deleteIncidentUpdate":  # the last one stays
        made = world.change(incidents.create, "Other", "Only this.")
        return ask(world, id, accept, id=made.id, update=made.updates[0].id)
    if code == 401 and id == "getMetrics":
        monitors = tuple(given.monitors.values())
        world.service.reload(config(monitors, server=Server(metrics_token="token-of-metrics")))
        answer = ask(world, id, accept)
        world.service.reload(given)
        return answer
    if code == 403 and operation["security"] == []:
        return ask(world, id, accept, headers={"Sec-Purpose": "prefetch"})
    if code == 503 and id in ("isReady", "getHealth"):
        world.clock.now += HOUR
        answer = ask(world, id, accept)
        world.clock.now -= HOUR
        return answer
    if code == 503:

        def unavailable(*_: object, **__: object) -> None:
            raise store.Unavailable("database or disk is full")

        with patch.context() as broken:
            for name in ("read", "write", "snapshot"):
                broken.setattr(world.service.store, name, unavailable)
            return ask(world, id, accept)
    return ask(world, id, accept, **TO[code])


@pytest.mark.parametrize("id", OPERATIONS)
def test_every_answer_that_is_described_is_given_as_described(
    world: World, monkeypatch: pytest.MonkeyPatch, id: str
) -> None:
    responses = OPERATIONS[id][2]["responses"]
    # What changes something comes last.
    for code in sorted(map(int, responses), key=lambda code: (code < 300, code == 400, code)):
        for kind in resolved(responses[str(code)]).get("content", {"*/*": {}}):
            if code < 300 and kind != "*/*" and OPERATIONS[id][0] != "get":
                kind = "application/json"
            answer = provoke(world, monkeypatch, id, code, kind)
            assert answer.status_code == code, answer.text
            assert kind in ("*/*", answer.mimetype)
            check(id, answer)
