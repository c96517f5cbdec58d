"""How a heartbeat arrives: URL forms, methods, secrets, API keys. Contract: section 5."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest

from .conftest import Serve
from .server import Server, Target, configuration, milliseconds, monitor

pytestmark = pytest.mark.real

ODD_SECRETS = [
    "slash/inside/long-enough",
    "plus+inside+long-enough",
    "percent%inside-long-enough",
    "percent%2Finside-long-enough",
    "colon:inside:long-enough",
    "café-é-long-enough",
    "question?inside-long-enough",
    "hash#and&equals=long-enough",
    "blank inside long enough",
    "日本語-long-enough-secret",
]
KEYS = {
    "plain": "key-plain-51f0c27b9a",
    "hashed": "key-hashed-51f0c27b9a",
    "everything": "key-everything-51f0c27b9a",
    "limited": "key-limited-51f0c27b9a",
    "later": "key-later-51f0c27b9a",
    "expired": "key-expired-51f0c27b9a",
    "reader": "key-reader-51f0c27b9a",
}
API_KEYS = [
    {"name": "plain", "key": KEYS["plain"], "scopes": ["heartbeat:write"]},
    {
        "name": "hashed",
        "key_sha256": hashlib.sha256(KEYS["hashed"].encode()).hexdigest(),
        "scopes": ["heartbeat:write"],
    },
    {"name": "everything", "key": KEYS["everything"], "scopes": ["*"]},
    {"name": "limited", "key": KEYS["limited"], "scopes": ["heartbeat:write"], "monitors": ["for-limited"]},
    {"name": "later", "key": KEYS["later"], "scopes": ["heartbeat:write"], "expires": "2199-01-01T00:00:00Z"},
    {
        "name": "expired",
        "key": KEYS["expired"],
        "scopes": ["heartbeat:write"],
        "expires": "2020-01-01T00:00:00Z",
    },
    {"name": "reader", "key": KEYS["reader"], "scopes": ["incidents:write"]},
]
FORMS = [
    "/heartbeat/{tag}:{secret}",
    "/heartbeat/{tag}/{secret}",
    "/heartbeat/{tag}%3A{secret}",
    "/heartbeat/{tag}%3a{secret}",
    "/heartbeat/{tag}:{secret}/",
    "/heartbeat/{tag}/{secret}/",
    "/heartbeat/{tag}%3A{secret}/",
    "/ext/heartbeat/{tag}/{secret}",
    "/ext/heartbeat/{tag}:{secret}",
    "/ext/heartbeat/{tag}%3A{secret}",
    "/ext/heartbeat/{tag}/{secret}/",
    "/ext/heartbeat/{tag}:{secret}/",
    "/api/heartbeat/{tag}:{secret}",
    "/api/heartbeat/{tag}/{secret}",
    "/api/heartbeat/{tag}%3A{secret}",
    "/api/heartbeat/{tag}:{secret}/",
    "/api/heartbeat/{tag}/{secret}/",
]
NO_SCOPE = b'{"error":"Insufficient scope: heartbeat:write required"}'


@pytest.fixture(scope="module")
def server(serve_module: Serve) -> Server:
    odd = [monitor(f"odd-{n}", secretString=secret) for n, secret in enumerate(ODD_SECRETS)]
    tags = (f"t{n}" for n in range(240))
    no_limit = {"wrong_secrets_per_minute": 0}
    return serve_module(configuration(*tags, *odd, "for-limited", api_keys=API_KEYS, server=no_limit))


@pytest.fixture(scope="module")
def fresh_tags() -> Iterator[str]:
    return (f"t{n}" for n in itertools.count())


@pytest.fixture
def target(server: Server, fresh_tags: Iterator[str]) -> Target:
    """A monitor that no other test touches."""
    return server.target(next(fresh_tags))


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "PUT"])
@pytest.mark.parametrize("form", FORMS)
def test_every_form_and_method_is_one_heartbeat(target: Target, form: str, method: str) -> None:
    answer = target.server.request(method, form.format(tag=target.tag, secret=target.secret))

    assert answer.status == 200, answer
    assert answer.headers["content-type"].startswith("application/json")
    if method != "HEAD":
        assert answer.json()["status"] == "OK"
        assert "warning" not in answer.json()
    (row,) = target.rows()
    assert row["method"] == method
    assert row["status"].lower() == "up"


def test_a_heartbeat_is_seen_by_the_public_json_with_its_time(target: Target) -> None:
    assert target.shown()["last_heartbeat"] is None

    assert target.server.get(target.path, headers={"User-Agent": "curl/8.0 nightly"}).status == 200

    (row,) = target.rows()
    assert row["user_agent"] == "curl/8.0 nightly"
    assert row["address"] == "127.0.0.1"
    assert milliseconds(target.shown()["last_heartbeat"]) == row["received"]


@pytest.mark.parametrize("path", ["/heartbeat/{tag}:{secret}", "/api/heartbeat/{tag}/{secret}/"])
def test_the_answer_to_head_has_no_body(target: Target, path: str) -> None:
    line = f"HEAD {path.format(tag=target.tag, secret=target.secret)} HTTP/1.1"

    data = target.server.raw(f"{line}\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())

    assert data.startswith(b"HTTP/1.1 200 ")
    assert data.endswith(b"\r\n\r\n")
    assert len(target.rows()) == 1


@pytest.mark.parametrize(
    "form",
    [
        "//heartbeat/{tag}:{secret}",
        "/heartbeat//{tag}:{secret}",
        "/heartbeat/{tag}//{secret}",
        "/heartbeat/{tag}:{secret}//",
        "//ext//heartbeat//{tag}//{secret}//",
        "//api//heartbeat//{tag}:{secret}",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_doubled_slashes_never_redirect_and_never_lie(target: Target, form: str, method: str) -> None:
    answer = target.server.request(method, form.format(tag=target.tag, secret=target.secret))

    assert answer.status in (200, 404)
    assert len(target.rows()) == (1 if answer.status == 200 else 0)


def test_two_heartbeats_in_the_same_moment_are_two(target: Target) -> None:
    assert [target.beat(str(n)).status for n in range(20)] == [200] * 20

    assert [row["message"] for row in target.rows()] == [str(n) for n in range(20)]


def test_a_kept_open_connection_carries_many_heartbeats(target: Target) -> None:
    one = f"GET {target.path} HTTP/1.1\r\nHost: localhost\r\n"

    data = target.server.raw((f"{one}\r\n" * 4 + f"{one}Connection: close\r\n\r\n").encode())

    assert data.count(b"HTTP/1.1 200 ") == 5
    assert len(target.rows()) == 5


def test_no_cache_may_keep_the_answer(target: Target) -> None:
    answer = target.server.get(target.path)

    assert answer.status == 200
    assert "no-store" in answer.headers.get("cache-control", "")


@pytest.mark.parametrize("separator", [":", "/", "%3A"])
@pytest.mark.parametrize("number", range(len(ODD_SECRETS)), ids=lambda n: ODD_SECRETS[n].split("-")[0])
def test_a_secret_may_hold_any_character_percent_encoded(server: Server, number: int, separator: str) -> None:
    target = server.target(f"odd-{number}", ODD_SECRETS[number])
    before = len(target.rows())

    answer = server.get(f"/heartbeat/{target.tag}{separator}{quote(target.secret, safe='')}")

    assert answer.status == 200, answer
    assert len(target.rows()) == before + 1


def test_a_plus_in_the_path_is_a_plus(server: Server) -> None:
    target = server.target("odd-1", ODD_SECRETS[1])
    before = len(target.rows())

    assert server.get(f"/heartbeat/odd-1:{ODD_SECRETS[1]}").status == 200
    assert server.get(f"/heartbeat/odd-1:{ODD_SECRETS[1].replace('+', '%20')}").status == 404

    assert len(target.rows()) == before + 1


# --- what does not count


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
@pytest.mark.parametrize(
    "form",
    [
        "/heartbeat/{tag}:{secret}",
        "/heartbeat/{tag}/{secret}/",
        "/ext/heartbeat/{tag}/{secret}",
        "/api/heartbeat/{tag}:{secret}",
    ],
)
def test_other_methods_are_refused_and_do_not_count(target: Target, form: str, method: str) -> None:
    answer = target.server.request(method, form.format(tag=target.tag, secret=target.secret))

    assert answer.status == 405
    assert {"GET", "POST", "HEAD", "PUT"} <= {name.strip() for name in answer.headers["allow"].split(",")}
    target.assert_nothing_counted()


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND", "BREW"])
def test_unheard_of_methods_are_refused_and_do_not_count(target: Target, method: str) -> None:
    assert 400 <= target.server.request(method, target.path).status <= 501
    target.assert_nothing_counted()


@pytest.mark.parametrize("form", ["/heartbeat/{tag}:{secret}", "/ext/heartbeat/{tag}/{secret}"])
def test_options_does_not_count(target: Target, form: str) -> None:
    headers = {"Origin": "https://example.org", "Access-Control-Request-Method": "POST"}
    path = form.format(tag=target.tag, secret=target.secret)

    answer = target.server.request("OPTIONS", path, headers=headers)

    assert answer.status < 500
    assert b"OK" not in answer.body
    target.assert_nothing_counted()


@pytest.mark.parametrize(
    "headers",
    [
        {"Purpose": "prefetch"},
        {"Sec-Purpose": "prefetch"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"sec-purpose": "prefetch;anonymous-client-ip"},
    ],
    ids=str,
)
def test_a_prefetch_does_not_count_and_is_not_told_that_it_did(
    target: Target, headers: dict[str, str]
) -> None:
    answer = target.server.get(target.path, headers=headers)

    assert answer.status < 500
    assert b'"OK"' not in answer.body
    target.assert_nothing_counted()


def test_a_prefetch_with_an_api_key_does_not_count(target: Target) -> None:
    headers = {"X-API-Key": KEYS["plain"], "Sec-Purpose": "prefetch"}

    assert target.server.get(f"/api/heartbeat/{target.tag}", headers=headers).status < 500
    target.assert_nothing_counted()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda right: right[:-1],
        lambda right: right + "x",
        lambda right: right.upper(),
        lambda right: right + "%00",
        lambda right: "%20" + right,
        lambda right: "%ff%fe",
        lambda right: quote("ключ-é"),
        lambda right: "a" * 10_000,
        lambda right: right + "/more",
        lambda right: "..%2f" + right,
    ],
    ids=[
        "shorter",
        "longer",
        "upper case",
        "with NUL",
        "with blank",
        "not UTF-8",
        "not ASCII",
        "huge",
        "with a part",
        "with dots",
    ],
)
@pytest.mark.parametrize("prefix", ["/heartbeat", "/ext/heartbeat", "/api/heartbeat"])
def test_a_wrong_secret_reads_like_an_unknown_tag(
    target: Target, prefix: str, wrong: Callable[[str], str]
) -> None:
    unknown = target.server.get(f"{prefix}/nobody-has-this-tag:{target.secret}")

    refused = target.server.get(f"{prefix}/{target.tag}:{wrong(target.secret)}")

    assert (refused.status, refused.body) == (404, unknown.body)
    assert unknown.status == 404
    assert refused.headers["content-type"] == unknown.headers["content-type"]
    assert refused.json()["error"]
    target.assert_nothing_counted()


def test_the_secret_of_another_monitor_is_a_wrong_secret(target: Target) -> None:
    other = target.server.target("t239")

    assert target.server.post(f"/heartbeat/{target.tag}:{other.secret}").status == 404
    assert target.server.post(f"/heartbeat/{other.tag}:{target.secret}").status == 404
    target.assert_nothing_counted()


@pytest.mark.parametrize("prefix", ["/heartbeat", "/ext/heartbeat", "/api/heartbeat"])
@pytest.mark.parametrize("end", ["", "/", ":", ":/", "//", "%3A"])
def test_no_secret_at_all_is_refused_and_tells_no_tag(target: Target, prefix: str, end: str) -> None:
    refused = target.server.get(f"{prefix}/{target.tag}{end}")
    unknown = target.server.get(f"{prefix}/nobody-has-this-tag{end}")

    assert refused.status in (401, 404)
    assert (refused.status, refused.body) == (unknown.status, unknown.body)
    target.assert_nothing_counted()


# --- API keys


def as_header(name: str, key: str) -> dict[str, str]:
    return {"X-API-Key": key} if name == "X-API-Key" else {"Authorization": f"{name} {key}"}


@pytest.mark.parametrize("who", ["plain", "hashed", "everything", "later"])
@pytest.mark.parametrize("header", ["X-API-Key", "Bearer", "bearer"])
def test_a_key_with_the_scope_counts(target: Target, header: str, who: str) -> None:
    answer = target.server.post(
        f"/api/heartbeat/{target.tag}", '{"message": "by key"}', as_header(header, KEYS[who])
    )

    assert answer.status == 200, answer
    assert answer.json()["status"] == "OK"
    assert [row["message"] for row in target.rows()] == ["by key"]


@pytest.mark.parametrize("path", ["/api/heartbeat/{tag}", "/api/v1/heartbeat/{tag}", "/api/heartbeat/{tag}/"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_get_counts_as_much_as_post_with_a_key(target: Target, method: str, path: str) -> None:
    answer = target.server.request(
        method, path.format(tag=target.tag), headers=as_header("X-API-Key", KEYS["plain"])
    )

    assert answer.status == 200, answer
    assert [row["method"] for row in target.rows()] == [method]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        as_header("X-API-Key", ""),
        as_header("X-API-Key", "key-nobody-has-51f0c27b9a"),
        as_header("X-API-Key", KEYS["plain"] + "x"),
        as_header("X-API-Key", KEYS["plain"][:-1]),
        as_header("X-API-Key", "caf\xe9"),
        as_header("X-API-Key", KEYS["expired"]),
        as_header("X-API-Key", hashlib.sha256(KEYS["hashed"].encode()).hexdigest()),
        as_header("Bearer", "key-nobody-has-51f0c27b9a"),
        as_header("Bearer", KEYS["expired"]),
        as_header("Bearer", ""),
        as_header("Basic", KEYS["plain"]),
    ],
    ids=[
        "none",
        "empty",
        "unknown",
        "longer",
        "shorter",
        "not ASCII",
        "expired",
        "the hash itself",
        "unknown bearer",
        "expired bearer",
        "empty bearer",
        "another scheme",
    ],
)
@pytest.mark.parametrize("prefix", ["/api/heartbeat", "/api/v1/heartbeat"])
def test_without_a_good_key_it_is_401_and_does_not_count(
    target: Target, prefix: str, headers: dict[str, str]
) -> None:
    answer = target.server.get(f"{prefix}/{target.tag}", headers=headers)
    unknown = target.server.get(f"{prefix}/nobody-has-this-tag", headers=headers)

    assert answer.status == 401, answer
    assert answer.json()["error"]
    assert (unknown.status, unknown.body) == (answer.status, answer.body)
    target.assert_nothing_counted()


@pytest.mark.parametrize("header", ["X-API-Key", "Bearer"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_key_without_the_scope_is_403_in_exact_words(target: Target, method: str, header: str) -> None:
    answer = target.server.request(
        method, f"/api/heartbeat/{target.tag}", headers=as_header(header, KEYS["reader"])
    )

    assert answer.status == 403
    assert answer.body.rstrip(b"\n") == NO_SCOPE
    assert answer.headers["content-type"].startswith("application/json")
    target.assert_nothing_counted()


def test_a_key_for_some_monitors_is_403_for_the_others(target: Target) -> None:
    own = target.server.target("for-limited")
    headers = as_header("X-API-Key", KEYS["limited"])

    assert target.server.get("/api/heartbeat/for-limited", headers=headers).status == 200
    refused = target.server.get(f"/api/heartbeat/{target.tag}", headers=headers)

    assert refused.status == 403
    assert refused.json()["error"]
    assert len(own.rows()) == 1
    target.assert_nothing_counted()


def test_a_good_key_for_an_unknown_tag_is_404(server: Server) -> None:
    answer = server.get("/api/heartbeat/nobody-has-this-tag", headers=as_header("Bearer", KEYS["plain"]))

    assert answer.status == 404
    assert answer.json()["error"]


def test_a_key_is_no_secret_and_a_secret_is_no_key(target: Target) -> None:
    assert target.server.get(f"/heartbeat/{target.tag}:{KEYS['everything']}").status == 404
    headers = as_header("X-API-Key", target.secret)
    assert target.server.get(f"/api/heartbeat/{target.tag}", headers=headers).status == 401
    target.assert_nothing_counted()


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_other_methods_with_a_key_are_refused_and_do_not_count(target: Target, method: str) -> None:
    headers = as_header("X-API-Key", KEYS["plain"])

    answer = target.server.request(method, f"/api/heartbeat/{target.tag}", headers=headers)

    assert answer.status == 405
    assert answer.json()["error"]
    target.assert_nothing_counted()
