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
    return world.client.open(
        path, method=method.upper(), headers=headers, data=data, query_string=of.get("query")
    )


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
    if code == 429:
        monitors = tuple(given.monitors.values())
        limited = Server(metrics_token="token-of-metrics", wrong_secrets_per_minute=1)
        world.service.reload(config(monitors, server=limited))
        wrong: Json = {"tag": "nobody", "key": "wrong", "headers": {"Authorization": "Bearer wrong"}}
        ask(world, id, accept, **wrong)
        answer = ask(world, id, accept, **wrong)
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
            for name in ("read", "write", "put", "snapshot"):
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


def test_the_values_of_a_busy_page_are_as_described(world: World) -> None:
    for tag in (TAG, "mail", "web", "job", "secret"):
        world.beat(tag=tag)
    world.run(3)
    world.beat(Status.DOWN, "broken", "mail")
    world.beat(Status.DEGRADED, "slow", "web")
    world.run(2)
    world.change(incidents.create, "All of it", "x", severity=Severity.CRITICAL, monitors=["mail", "secret"])
    world.change(incidents.create, "Nothing named", "y")
    world.change(incidents.create, "A draft", "z", is_draft=True)
    world.change(incidents.create, "Hidden", "h", monitors=["secret"])
    world.change(incidents.resolve, 2)
    now = world.clock.now
    for title, start, end in (("Now", now - HOUR, now + HOUR), ("Soon", now + MINUTE, now + DAY)):
        world.service.add_maintenance(title, start, end, ["job", "web"], "With **care**.")
    world.service.cancel_maintenance(4)
    world.look()
    check_what_can_be_read(world)
    world.clock.now += HOUR  # the loop stands still
    check_what_can_be_read(world)


def check_what_can_be_read(world: World) -> None:
    for id, (method, path, operation) in OPERATIONS.items():
        if method != "get" or "heartbeat" in path:
            continue
        numbers = [str(number) for number in range(1, 7)] if "{id}" in path else [""]
        tags = [*world.service.config.monitors, "_", "nobody"] if "{tag}" in path else [""]
        for key in ("", KEY) if operation["security"] else ("",):
            for number in numbers:
                for tag in tags:
                    check(id, ask(world, id, key=key, id=number, tag=tag))


def test_a_site_without_anything_is_as_described(db: store.Store, clock: Clock) -> None:
    world = World(db, clock, Site())
    world.service.reload(config(()))
    check_what_can_be_read(world)


# ---- the document itself -----------------------------------------------------------------------


def test_the_document_is_openapi() -> None:
    validate(DOCUMENT)
    assert DOCUMENT["openapi"] == "3.1.0"
    assert DOCUMENT["info"]["version"] == "1"


ALONE = {
    "/badge/<tag>/status.json", "/badge/<tag>/uptime.json", "/livez", "/readyz", "/health", "/metrics",
    "/status.txt", "/feed.json",
}  # fmt: skip
BEATS = {
    "/heartbeat/<rest:call>": "/heartbeat/{tag}:{secret}",
    "/ext/heartbeat/<rest:call>": "/ext/heartbeat/{tag}:{secret}",
    "/api/heartbeat/<rest:call>": "/api/heartbeat/{tag}",
    "/api/v1/heartbeat/<rest:call>": "/api/v1/heartbeat/{tag}",
}
NAMES = {"<tag>": "{tag}", "<number>": "{id}", "<update>": "{update}"}


def test_every_route_for_programs_is_described_and_no_other() -> None:
    routes = set()
    for methods, rule, _ in web.ROUTES:
        if not rule.startswith(("/api/", "/heartbeat/", "/ext/")) and rule not in ALONE:
            continue
        path = BEATS.get(rule) or re.sub(r"<\w+>", lambda found: NAMES[found[0]], rule)
        routes |= {(method.lower(), path) for method in methods}
    assert {(method, path) for method, path, _ in OPERATIONS.values()} == routes


def test_every_operation_has_a_name_of_its_own() -> None:
    assert len(OPERATIONS) == sum(len(methods) for methods in DOCUMENT["paths"].values())
    for _, _, operation in OPERATIONS.values():
        assert operation["summary"]
        assert set(operation["tags"]) <= {tag["name"] for tag in DOCUMENT["tags"]}
    assert {tag for *_, each in OPERATIONS.values() for tag in each["tags"]} == set(openapi.TAGS)


def examples(part: object) -> Iterator[tuple[Json, object]]:
    """Every schema that has an example beside it."""
    if isinstance(part, dict):
        if "schema" in part and "example" in part:
            yield part["schema"], part["example"]
        for each in part.values():
            yield from examples(each)
    elif isinstance(part, list):
        for each in part:
            yield from examples(each)


def test_the_examples_are_as_described() -> None:
    found = list(examples(DOCUMENT))
    assert len(found) > 100
    assert [problem for schema, example in found for problem in problems(schema, example)] == []


def test_every_schema_is_in_use() -> None:
    text = json.dumps(DOCUMENT)
    for kind in ("schemas", "responses"):
        assert [
            name for name in DOCUMENT["components"][kind] if f'"#/components/{kind}/{name}"' not in text
        ] == []


def test_an_object_that_we_write_has_no_field_that_is_not_described() -> None:
    read = {"Report", "Check", "Health"}
    for name, schema in DOCUMENT["components"]["schemas"].items():
        if schema.get("type") == "object" and name not in read:
            assert schema["additionalProperties"] is False, name


def test_the_document_is_served_with_the_address_of_the_site(world: World) -> None:
    answer = world.get("/openapi.json")
    assert answer.get_json() == openapi.document(BASE)
    assert answer.headers["Content-Type"] == openapi.TYPE
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert world.get("/openapi.json", If_None_Match=answer.headers["ETag"]).status_code == 304
    assert world.client.post("/openapi.json").get_json() == {"error": "Use GET or HEAD"}


def test_without_an_address_it_is_where_the_document_is(db: store.Store, clock: Clock) -> None:
    client = World(db, clock, Site()).client
    servers = [
        client.get("/openapi.json", base_url=f"http://localhost{prefix}").get_json()["servers"]
        for prefix in ("", "/status")
    ]
    assert servers == [[{"url": "/"}], [{"url": "/status"}]]


# ---- problem details ---------------------------------------------------------------------------


def test_who_accepts_problem_details_gets_them(world: World) -> None:
    answer = world.get("/api/v1/monitors/nobody", Accept=f"application/json, {PROBLEM};q=0.5")
    assert (answer.status_code, answer.mimetype) == (404, PROBLEM)
    assert answer.get_json() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "No public monitor has this tag",
        "error": "No public monitor has this tag",
    }
    assert "Accept" in answer.vary


@pytest.mark.parametrize("accept", ["", "*/*", "application/json", "application/*", f"{PROBLEM};q=0"])
def test_who_does_not_name_them_gets_the_error_alone(world: World, accept: str) -> None:
    answer = world.get("/api/v1/monitors/nobody", Accept=accept)
    assert answer.mimetype == "application/json"
    assert answer.get_json() == {"error": "No public monitor has this tag"}
    assert "Accept" in answer.vary


@pytest.mark.parametrize("path", ["/api/nothing", "/api/v1/nothing", "/api/v2/summary", "/api/v3/monitors"])
def test_an_unknown_address_of_the_api_is_json(world: World, path: str) -> None:
    assert world.get(path).get_json() == {"error": "There is nothing here"}
    assert world.get(path, Accept=PROBLEM).get_json()["status"] == 404
    assert world.client.post("/api/v1/monitors", headers={"Accept": PROBLEM}).get_json()["title"] == (
        "Method Not Allowed"
    )


@pytest.mark.parametrize(
    ("path", "code", "error"),
    [
        (f"/heartbeat/{TAG}:wrong", 404, "Unknown tag or wrong secret"),
        (f"/ext/heartbeat/{TAG}:wrong", 404, "Unknown tag or wrong secret"),
        (f"/api/heartbeat/{TAG}", 403, "Insufficient scope: heartbeat:write required"),
        (f"/api/v1/heartbeat/{TAG}", 403, "Insufficient scope: heartbeat:write required"),
    ],
)
def test_errors_of_heartbeats_are_the_same_for_all(world: World, path: str, code: int, error: str) -> None:
    answer = world.client.post(path, headers={"Accept": PROBLEM, "X-API-Key": WEAK})
    assert (answer.status_code, answer.mimetype, answer.get_json()) == (
        code,
        "application/json",
        {"error": error},
    )


# ---- the page ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/api", "/api/", "/api?lang=ar", "/api?lang=de"])
def test_the_page_has_every_operation(world: World, path: str) -> None:
    page = Page(world.get(path).text)
    headings = [text.strip().replace(", ", " ").split() for text in page.texts["h3"]]
    listed = [(method.lower(), path) for *methods, path in headings for method in methods]
    assert sorted(listed) == sorted((method, path) for method, path, _ in OPERATIONS.values())
    ids = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    assert {each["aria-labelledby"] for each in (*page.all("section"), *page.all("article"))} <= ids
    assert len(page.texts["h2"]) == len(openapi.TAGS)
    assert {"href": "/openapi.json"} in page.all("a")


def test_the_page_says_which_key_is_needed(world: World) -> None:
    text = world.get("/api.md").text
    sections = dict(re.findall(r"^### `(.*)`\n\n(.*)$", text, re.MULTILINE))
    assert sections["GET /api/v1/monitors"].endswith("(no key needed)")
    assert sections["POST /api/v1/incidents"].endswith("(needs a key of the scope incidents:write)")
    assert sections["GET /api/v1/incidents"].endswith("(says more with a key of the scope incidents:write)")
    assert sections["GET, POST, PUT, HEAD /api/heartbeat/{tag}"].endswith(
        "(needs a key of the scope heartbeat:write)"
    )
    assert sections["GET /metrics"].endswith("(no key needed)")


def test_the_commands_of_the_page_work(world: World) -> None:
    commands = re.findall(r"^    (curl .*)$", world.get("/api.md").text, re.MULTILINE)
    assert len(commands) == len(OPERATIONS)
    shown = world.get("/api").text
    codes = []
    # What takes something away comes last, an update before its incident.
    for command in sorted(commands, key=lambda command: ("-X DELETE" in command, -len(command))):
        words = shlex.split(command)[1:]
        method, headers, data = "GET", {"User-Agent": "curl/8"}, None
        address = next(word for word in words if word.startswith("http"))
        for option, value in zip(words, [*words[1:], ""], strict=True):
            if option == "-X":
                method = value
            elif option == "--head":
                method = "HEAD"
            elif option == "-H":
                headers["X-API-Key"] = value.removeprefix("X-API-Key: ").replace("$KENER_KEY", KEY)
            elif option == "-d":
                method, data = ("POST" if method == "GET" else method), value
        assert address.startswith(f"{BASE}/")
        answer = world.client.open(address.removeprefix(BASE), method=method, headers=headers, data=data)
        codes.append((command, answer.status_code))
        assert address in shown
    assert [each for each in codes if each[1] not in (200, 201, 204)] == []


def test_the_names_of_a_site_break_neither_form(db: store.Store, clock: Clock) -> None:
    client = World(db, clock, Site(title=HOSTILE)).client
    page = Page(client.get("/api").text)
    assert "site.url" in page.text
    assert "<script>alert" not in page.html
    assert "<script>" not in client.get("/api.md").text


def test_what_points_to_the_description(world: World) -> None:
    links = [
        '</openapi.json>; rel="service-desc"; type="application/vnd.oai.openapi+json"',
        '</api>; rel="service-doc"; type="text/html"',
    ]
    for path in ("/", "/index.md", "/api/v1/monitors", "/api/v2/summary.json", "/api/v1/nothing"):
        assert world.get(path).headers.getlist("Link") == links, path
    for path in ("/subscribe", "/api", f"/heartbeat/{TAG}:{SECRET}"):
        assert "Link" not in world.get(path).headers
    below = world.client.get("/", base_url="http://localhost/status").headers.getlist("Link")
    assert [link.partition(">")[0] for link in below] == ["</status/openapi.json", "</status/api"]
    assert {"href": "/api"} in Page(world.get("/subscribe").text).all("a")
    assert f"<{BASE}/api.md>" in world.get("/subscribe.md").text
    assert f"({BASE}/openapi.json)" in world.get("/llms.txt").text


# ---- what programs look for --------------------------------------------------------------------


def test_the_catalog_names_the_description(world: World) -> None:
    answer = world.get("/.well-known/api-catalog")
    assert answer.mimetype == "application/linkset+json"
    assert 'profile="https://www.rfc-editor.org/info/rfc9727"' in answer.headers["Content-Type"]
    (entry,) = answer.get_json()["linkset"]
    assert entry["anchor"] == f"{BASE}/api"
    for relation in ("service-desc", "service-doc", "status"):
        (link,) = entry[relation]
        found = world.get(link["href"].removeprefix(BASE))
        assert (found.status_code, found.mimetype) == (200, link["type"])
    head = world.client.head("/.well-known/api-catalog")
    assert head.headers["Link"] == '</.well-known/api-catalog>; rel="api-catalog"'


def test_robots_may_read_all_but_what_acts(world: World) -> None:
    answer = world.get("/robots.txt")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.text == (
        "User-agent: *\nAllow: /\nDisallow: /heartbeat/\nDisallow: /ext/heartbeat/\n"
        "Disallow: /api/heartbeat/\nDisallow: /api/v1/heartbeat/\nDisallow: /alerts/\n"
        "Disallow: /embed/\nDisallow: /-/\n\n"
        f"Sitemap: {BASE}/sitemap.xml\n"
    )
    below = world.client.get("/robots.txt", base_url="http://localhost/status").text
    assert "Disallow: /status/heartbeat/\n" in below


def test_a_site_without_an_address_has_no_sitemap(db: store.Store, clock: Clock) -> None:
    client = World(db, clock, Site()).client
    assert "Sitemap" not in client.get("/robots.txt").text
    answer = client.get("/sitemap.xml")
    assert (answer.status_code, answer.data) == (404, b"")


def test_the_sitemap_has_every_public_page(world: World) -> None:
    for tag in (TAG, "secret"):
        world.beat(tag=tag)
    world.run(1)
    world.change(incidents.create, "A draft", "z", is_draft=True)
    world.change(incidents.create, "Hidden", "h", monitors=["secret"])
    world.skip_to(T + 40 * DAY)
    world.look()
    answer = world.get("/sitemap.xml")
    assert answer.headers["Content-Type"] == "application/xml; charset=utf-8"
    space = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    found = {
        url.findtext(f"{space}loc"): url.findtext(f"{space}lastmod")
        for url in ElementTree.fromstring(answer.data)
    }
    expected = {"/", "/uptime", "/history", "/subscribe", "/about", "/api", "/incidents/1"}
    expected |= {"/maintenances/1", "/maintenances/2", "/history/2026-01", "/history/2026-02"}
    expected |= {f"/monitors/{tag}" for tag in (TAG, "mail", "web", "job", "silent")}
    assert found.keys() == {f"{BASE}{path}" for path in expected}
    for address in found:
        assert world.get(str(address).removeprefix(BASE)).status_code == 200
    assert found[f"{BASE}/incidents/1"] == "2026-01-01T00:00:00.000Z"
    assert found[f"{BASE}/history/2026-01"] == "2026-02-01"
    assert found[f"{BASE}/monitors/{TAG}"] is not None
    assert found[f"{BASE}/monitors/silent"] is None


def test_security_txt_names_who_is_configured(db: store.Store, clock: Clock) -> None:
    world = World(db, clock, Site(url=BASE, security_contact="mailto:security@acme.example"))
    clock.now = T + 13 * HOUR
    answer = world.get("/.well-known/security.txt")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.text == (
        "Contact: mailto:security@acme.example\nExpires: 2026-12-31T00:00:00Z\n"
        f"Canonical: {BASE}/.well-known/security.txt\n"
    )
    clock.now = T + 23 * HOUR
    assert world.get("/.well-known/security.txt").data == answer.data


def test_without_a_contact_or_an_address_security_txt_says_no_more_than_it_knows(
    db: store.Store, clock: Clock
) -> None:
    world = World(db, clock, Site(security_contact="https://acme.example/security"))
    assert "Canonical" not in world.get("/.well-known/security.txt").text
    world.service.reload(config())
    assert world.get("/.well-known/security.txt").status_code == 404
