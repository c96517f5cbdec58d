"""What jobs and strangers send: bodies, nonsense, floods, and what must never come back out.

Contract: section 5, "Once the secret or key is right, the beat counts".
"""

from __future__ import annotations

import http.client
import itertools
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from .conftest import Serve
from .server import (
    ALMOST_NEVER,
    Answer,
    Server,
    Target,
    check,
    configuration,
    monitor,
    rest_of,
    secret_of,
    until,
)

pytestmark = pytest.mark.real

FORM = "application/x-www-form-urlencoded"
HUGE = 3_000_000


@pytest.fixture(scope="module")
def server(serve_module: Serve) -> Server:
    more = {"retention": {"heartbeats": 1000}, "server": {"wrong_secrets_per_minute": 0}}
    return serve_module(configuration(*(f"t{n}" for n in range(140)), **more))


@pytest.fixture(scope="module")
def fresh_tags() -> Iterator[str]:
    return (f"t{n}" for n in itertools.count())


@pytest.fixture
def target(server: Server, fresh_tags: Iterator[str]) -> Target:
    """A monitor that no other test touches."""
    return server.target(next(fresh_tags))


def refuse(constant: str) -> Any:
    raise AssertionError(f"{constant} is no JSON")


def multipart(**fields: str) -> str:
    parts = (f'--cut\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items())
    return "".join(parts) + "--cut--\r\n"


# --- bodies that are understood


@dataclass(frozen=True)
class Said:
    name: str
    status: str = "up"
    message: str | None = None
    body: str = ""
    type: str | None = None
    query: str = ""


UNDERSTOOD = [
    Said("JSON as JSON", "down", "disk full", '{"status":"down","message":"disk full"}', "application/json"),
    Said("JSON as curl -d sends it", "down", "disk full", '{"status":"down","message":"disk full"}', FORM),
    Said("JSON as text", "degraded", "slow", '{"status":"degraded","message":"slow"}', "text/plain"),
    Said("JSON without a type", "degraded", "slow", '{"status":"degraded","message":"slow"}'),
    Said("JSON as XML", "down", None, '{"status":"down"}', "application/xml"),
    Said("JSON as a broken type", "down", None, '{"status":"down"}', ";;;=/"),
    Said("JSON as multipart", "down", None, '{"status":"down"}', "multipart/form-data; boundary=cut"),
    Said("JSON in an unknown charset", "down", None, '{"status":"down"}', "text/plain; charset=klingon"),
    Said("JSON with blanks around", "down", None, '\r\n\t {"status":"down"} \n'),
    Said("upper case", "down", None, '{"status":"DOWN"}'),
    Said("mixed case", "degraded", None, '{"status":"Degraded"}'),
    Said("an explicit up", "up", None, '{"status":"Up"}'),
    Said("an empty object", "up", None, "{}"),
    Said("only a message", "up", "42 files", '{"message":"42 files"}'),
    Said("query", "down", "from query", query="?status=down&message=from%20query"),
    Said("query in capitals", "degraded", None, query="?status=DEGRADED"),
    Said("query with plus and umlaut", "up", "fünf files", query="?message=f%C3%BCnf+files"),
    Said("form", "down", "from form & co", "status=down&message=from+form+%26+co", FORM),
    Said(
        "multipart form",
        "degraded",
        "from parts",
        multipart(status="degraded", message="from parts"),
        "multipart/form-data; boundary=cut",
    ),
    Said("plain text", "up", "backup done: 42 files ✓", "backup done: 42 files ✓", "text/plain"),
    Said("text as curl -d sends it", "up", "backup done", "backup done", FORM),
    Said("text with an equals sign", "up", "exit code = 1", "exit code = 1", "text/plain"),
    Said("text that starts like JSON", "up", "[ok] all done", "[ok] all done", "text/plain"),
]


@pytest.mark.parametrize("said", UNDERSTOOD, ids=lambda said: said.name)
def test_status_and_message_are_read(target: Target, said: Said) -> None:
    headers = {"Content-Type": said.type} if said.type else {}

    answer = target.beat(said.body, headers, said.query)

    assert answer.status == 200, answer
    assert answer.json()["status"] == "OK"
    (row,) = target.rows()
    assert row["status"].lower() == said.status
    assert (row["message"] or None) == said.message


def test_get_reads_the_query_as_well(target: Target) -> None:
    assert target.server.get(f"{target.path}?status=down&message=by+get").status == 200

    (row,) = target.rows()
    assert (row["status"].lower(), row["message"]) == ("down", "by get")


def test_metrics_are_kept_by_name(target: Target) -> None:
    body = json.dumps({"metrics": {"files": 42, "seconds": 1.5, "delta": -3, "größe": 0}})

    assert target.beat(body).status == 200

    (row,) = target.rows()
    assert json.loads(row["metrics"]) == {"files": 42, "seconds": 1.5, "delta": -3, "größe": 0}


# --- an explicit status that does not exist: the one thing that loses a heartbeat


@pytest.mark.parametrize(
    ("body", "content_type", "query"),
    [
        ('{"status":"broken"}', "application/json", ""),
        ('{"status":"broken"}', FORM, ""),
        ('{"status":1}', "application/json", ""),
        ('{"status":["down"]}', "application/json", ""),
        ('{"status":"upp","message":"fine"}', "text/plain", ""),
        ("status=green", FORM, ""),
        (multipart(status="green"), "multipart/form-data; boundary=cut", ""),
        ("", "text/plain", "?status=ok"),
        ("", "text/plain", "?status=failed&message=oh"),
    ],
)
def test_an_unknown_status_is_400_and_names_the_words(
    target: Target, body: str, content_type: str, query: str
) -> None:
    answer = target.beat(body, {"Content-Type": content_type}, query)

    assert answer.status == 400
    assert answer.headers["content-type"].startswith("application/json")
    error = answer.json()["error"].lower()
    assert all(word in error for word in ("up", "down", "degraded"))
    target.assert_nothing_counted()


def test_an_unknown_status_with_a_wrong_secret_is_still_404(target: Target) -> None:
    plain = target.server.post(f"/heartbeat/{target.tag}:wrong")
    answer = target.server.post(f"/heartbeat/{target.tag}:wrong?status=broken", '{"status":"broken"}')

    assert (answer.status, answer.body) == (404, plain.body)


# --- bodies that are not understood: they count all the same


@dataclass(frozen=True)
class Odd:
    name: str
    body: bytes
    warns: bool | None = None  # None: the contract leaves it open
    type: str = "application/json"


ODD = [
    Odd("nothing", b"", False),
    Odd("100 kB of text", b"x" * 100_000, False, "text/plain"),
    Odd("3 MB of text", b"x" * HUGE, True, "text/plain"),
    Odd("3 MB of form", b"message=" + b"x" * HUGE, True, FORM),
    Odd("3 MB of one form name", b"x" * HUGE, True, FORM),
    Odd("3 MB of JSON", b'{"message":"' + b"x" * HUGE + b'"}', True),
    Odd("3 MB of JSON members", json.dumps({f"name{n}": n for n in range(170_000)}).encode(), True),
    Odd("20,000 form fields", b"&".join(b"name%d=x" % n for n in range(20_000)), None, FORM),
    Odd("invalid UTF-8", b"disk \xff\xfe full", True, "text/plain"),
    Odd("invalid UTF-8 in JSON", b'{"message":"disk \xff full"}', True),
    Odd("invalid UTF-8 in a form", b"message=%ff%fe", None, FORM),
    Odd("an encoded surrogate", b"\xed\xa0\x80", True, "text/plain"),
    Odd("a lone surrogate", rb'{"message":"disk \ud800 full"}'),
    Odd("a lone surrogate as a metric's name", rb'{"metrics":{"\ud800":1}}'),
    Odd("NUL", b"before\x00after", None, "text/plain"),
    Odd("NUL in JSON", rb'{"message":"before\u0000after"}'),
    Odd("only NULs", b"\x00" * 1000, None, "application/octet-stream"),
    Odd("UTF-16", '{"message":"wide"}'.encode("utf-16")),
    Odd("a byte order mark", b'\xef\xbb\xbf{"message":"marked"}'),
    Odd("100,000 brackets", b"[" * 100_000),
    Odd("100,000 closed brackets", b"[" * 100_000 + b"]" * 100_000),
    Odd("100,000 objects", b'{"a":' * 100_000, True),
    Odd("100,000 objects in a message", b'{"message":' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001),
    Odd("a number beyond floats", b'{"metrics":{"size":1e999}}', True),
    Odd("a number of 10,000 digits", b'{"metrics":{"size":' + b"9" * 10_000 + b"}}", True),
    Odd("NaN", b'{"metrics":{"size":NaN}}', True),
    Odd("Infinity", b'{"metrics":{"size":-Infinity}}', True),
    Odd("a metric in words", b'{"metrics":{"size":"big"}}', True),
    Odd("metrics as a list", b'{"metrics":[1,2]}', True),
    Odd("a true metric", b'{"metrics":{"size":true}}'),
    Odd("100,000 metrics", json.dumps({"metrics": {f"m{n}": n for n in range(100_000)}}).encode()),
    Odd("a metric's name of 50 kB", json.dumps({"metrics": {"m" * 50_000: 1}}).encode()),
    Odd("a message in numbers", b'{"message":42}'),
    Odd("a message as an object", b'{"message":{"a":[1]}}'),
    Odd("an unknown field", b'{"mesage":"typo"}', True),
    Odd("duplicate keys", b'{"message":"one","message":"two"}'),
    Odd("a list", b"[1,2]"),
    Odd("a list of objects", b'[{"status":"down"}]'),
    Odd("a string", b'"down"'),
    Odd("a number", b"5"),
    Odd("null", b"null"),
    Odd("broken JSON", b'{"status":"up"', True),
    Odd("JSON with a comma too many", b'{"message":"x",}', True),
    Odd("single quotes", b"{'message':'x'}", True),
    Odd("multipart without boundary", b"--cut\r\n", None, "multipart/form-data"),
    Odd("broken multipart", b"--cut\r\nno header", None, "multipart/form-data; boundary=cut"),
    Odd("markup", b"<script>alert(1)</script>", None, "text/html"),
    Odd("terminal escapes", b"\x1b[31mred\x1b[0m\r\nforged line", None, "text/plain"),
]


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd.name)
def test_it_counts_whatever_the_body(target: Target, odd: Odd) -> None:
    answer = target.beat(odd.body, {"Content-Type": odd.type})

    assert answer.status == 200, answer
    said = json.loads(answer.body, parse_constant=refuse)
    assert said["status"] == "OK"
    if odd.warns is not None:
        assert bool(said.get("warning")) == odd.warns, said
    (row,) = target.rows()
    assert row["status"].lower() == "up"
    if row["metrics"]:
        assert isinstance(json.loads(row["metrics"], parse_constant=refuse), dict)
    assert len((row["message"] or "").encode("utf-8", "surrogatepass")) <= 110_000
    assert len((row["metrics"] or "").encode()) <= 110_000
    assert target.shown()["last_heartbeat"]
    page = target.server.get(f"/monitors/{target.tag}")
    assert page.status == 200
    assert b"<script>alert(1)" not in page.body
    assert target.server.get("/").status == 200
    assert target.server.is_alive()


@pytest.mark.parametrize("key", ["status", "message", "metrics", "nonsense"])
def test_it_counts_whatever_the_query(target: Target, key: str) -> None:
    query = f"?{key}=" if key == "status" else f"?{key}=%ff%00%ed%a0%80&{key}=two&=&&;%"

    answer = target.beat(query=query)

    assert answer.status in (200, 400) if key == "status" else answer.status == 200
    assert len(target.rows()) == (1 if answer.status == 200 else 0)
    assert target.server.is_alive()


def test_100_kb_are_kept_whole(target: Target) -> None:
    text = "".join(f"line {n}\n" for n in range(12_000))[:100_000]

    assert "warning" not in target.beat(text, {"Content-Type": "text/plain"}).json()

    (row,) = target.rows()
    assert row["message"].rstrip() == text.rstrip()


def test_of_a_longer_body_head_and_tail_are_kept(target: Target) -> None:
    text = "the first line\n" + "x" * HUGE + "\nthe last line"

    assert target.beat(text, {"Content-Type": "text/plain"}).json()["warning"]

    (row,) = target.rows()
    assert row["message"].startswith("the first line\n")
    assert row["message"].endswith("\nthe last line")
    assert 50_000 < len(row["message"]) < 110_000


@pytest.mark.parametrize("length", [150_000, HUGE])
def test_a_long_report_of_trouble_is_still_trouble(target: Target, length: int) -> None:
    body = json.dumps({"message": "x" * length, "status": "down"})

    assert target.beat(body).json()["warning"]

    (row,) = target.rows()
    assert row["status"].lower() == "down"


# --- bodies on the wire


def post_head(target: Target, *lines: str) -> bytes:
    head = [f"POST {target.path} HTTP/1.1", "Host: localhost", "Connection: close", *lines]
    return "\r\n".join([*head, "", ""]).encode()


def test_a_chunked_body_is_read(target: Target) -> None:
    pieces = [b'{"status":"', b'degraded","message":"', b"slow", b'"}', b""]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)

    answer = Answer.parse(target.server.raw(post_head(target, "Transfer-Encoding: chunked") + chunks))

    assert answer.status == 200
    (row,) = target.rows()
    assert (row["status"].lower(), row["message"]) == ("degraded", "slow")


def test_a_huge_chunked_body_counts(target: Target) -> None:
    chunks = (b"10000\r\n" + b"x" * 65_536 + b"\r\n") * 46 + b"0\r\n\r\n"

    answer = Answer.parse(target.server.raw(post_head(target, "Transfer-Encoding: chunked") + chunks))

    assert answer.status == 200
    assert answer.json()["warning"]
    assert len(target.rows()) == 1


def test_curl_waiting_for_100_continue_is_not_kept_waiting(target: Target) -> None:
    with target.server.connection() as plain:
        plain.sendall(post_head(target, "Expect: 100-continue", "Content-Length: 18"))
        assert plain.recv(1000).startswith(b"HTTP/1.1 100 ")
        plain.sendall(b'{"message":"late"}')
        answer = Answer.parse(rest_of(plain))

    assert answer.status == 200
    assert [row["message"] for row in target.rows()] == ["late"]


@pytest.mark.parametrize("sent", [b"", b'{"message":"half a'])
def test_a_truncated_body_counts(target: Target, sent: bytes) -> None:
    data = target.server.raw(post_head(target, "Content-Length: 100") + sent, half_close=True)

    until(target.rows, 30, "the heartbeat")
    answer = Answer.parse(data)
    assert answer.status == 200
    assert answer.json()["warning"]
    (row,) = target.rows()
    assert row["status"].lower() == "up"


def test_a_client_that_hangs_up_in_the_middle_of_its_body_counts(target: Target) -> None:
    with target.server.connection() as plain:
        plain.sendall(post_head(target, "Content-Length: 100") + b"half a")

    until(target.rows, 30, "the heartbeat")
    assert target.beat("whole").status == 200
    assert len(target.rows()) == 2


def test_a_client_that_does_not_wait_for_its_answer_counts(target: Target) -> None:
    with target.server.connection() as plain:
        plain.sendall(post_head(target, "Content-Length: 5") + b"hello")

    until(target.rows, 30, "the heartbeat")
    assert [row["message"] for row in target.rows()] == ["hello"]


@pytest.mark.parametrize(
    "lines",
    [
        [b"Content-Length: ten"],
        [b"Content-Length: -1"],
        [b"Content-Length: 5", b"Content-Length: 6"],
        [b"Content-Length: 99999999999999999999999999"],
        [b"Transfer-Encoding: chunked", b"Content-Length: 3"],
        [b"Transfer-Encoding: klingon"],
        [b"X-Bad\x00Name: x"],
        [b"no colon at all"],
    ],
    ids=str,
)
def test_broken_framing_is_no_server_error_and_no_lie(target: Target, lines: list[bytes]) -> None:
    head = post_head(target)[:-2] + b"".join(line + b"\r\n" for line in lines) + b"\r\n"

    data = target.server.raw(head + b"hello", half_close=True)

    status = Answer.parse(data).status if data else None
    assert status in (None, 200, 400, 411, 413, 501)
    assert target.server.is_alive()
    assert len(target.rows()) <= 1
    if status == 200:
        assert len(target.rows()) == 1


@pytest.mark.parametrize(
    "data",
    [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc" + b"\x00" * 200, b"\r\n" * 1000, b"GET\r\n\r\n", b"\x00" * 5000],
    ids=["TLS", "empty lines", "half a request line", "NULs"],
)
def test_what_is_not_http_hurts_nobody(server: Server, data: bytes) -> None:
    answer = server.raw(data, half_close=True)

    assert answer == b"" or Answer.parse(answer).status == 400
    assert server.is_alive()


# --- too much of everything


@pytest.mark.parametrize(
    "head",
    [
        b"GET /?q=" + b"a" * 1_000_000 + b" HTTP/1.1\r\n",
        b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\n",
        b"GET /heartbeat/t0:" + b"a" * 1_000_000 + b" HTTP/1.1\r\n",
        b"GET / HTTP/1.1\r\nX-Long: " + b"a" * 1_000_000 + b"\r\n",
        b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: a\r\n" % n for n in range(20_000)),
        b"GET / HTTP/1.1\r\nCookie: " + b"a=b; " * 200_000 + b"\r\n",
    ],
    ids=["query", "path", "secret", "one header", "20,000 headers", "cookies"],
)
def test_a_megabyte_of_head_is_refused(server: Server, head: bytes) -> None:
    data = server.raw(head + b"Host: localhost\r\nConnection: close\r\n\r\n")

    assert Answer.parse(data).status in (400, 404, 413, 414, 431)
    assert server.is_alive()


@pytest.mark.parametrize("length", [10_000, 1_000_000])
def test_a_long_query_never_lies(target: Target, length: int) -> None:
    line = f"GET {target.path}?message={'a' * length} HTTP/1.1"

    data = target.server.raw(f"{line}\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())

    status = Answer.parse(data).status

    assert status in ((200,) if length < 20_000 else (200, 400, 414, 431))
    assert len(target.rows()) == (1 if status == 200 else 0)
    assert target.server.is_alive()


def test_5000_unknown_tags_are_refused_5000_times_and_disturb_nobody(target: Target) -> None:
    def guess(numbers: range) -> set[int]:
        connection = http.client.HTTPConnection("127.0.0.1", target.server.port, timeout=60)
        codes = set()
        for n in numbers:
            connection.request("GET", f"/heartbeat/guess-{n}:{n}")
            answer = connection.getresponse()
            answer.read()
            codes.add(answer.status)
        connection.close()
        return codes

    with ThreadPoolExecutor(8) as pool:
        guesses = [pool.submit(guess, range(n, 5000, 8)) for n in range(8)]
        during = target.beat("meanwhile")

    assert during.status == 200
    assert set().union(*(guess.result() for guess in guesses)) == {404}
    assert [row["message"] for row in target.rows()] == ["meanwhile"]
    assert target.server.is_alive()
    assert not target.server.sql("select * from heartbeat where monitor like 'guess%'")


def test_200_connections_that_say_nothing_keep_nobody_out(target: Target) -> None:
    with ThreadPoolExecutor(1) as pool:
        silent = [target.server.connection() for _ in range(200)]
        try:
            for number, connection in enumerate(silent):
                plain = connection.__enter__()
                plain.sendall(post_head(target)[: number % 40])
            answer = pool.submit(target.beat, "through").result(60)
        finally:
            for connection in silent:
                connection.__exit__(None, None, None)

    assert answer.status == 200
    assert [row["message"] for row in target.rows()] == ["through"]


# --- errors of the API are JSON


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/nothing", 404),
        ("GET", "/api/v1/", 404),
        ("GET", "/api/v1/nothing", 404),
        ("POST", "/api/v1/nothing", 404),
        ("GET", "/api/v1/monitors/nobody-has-this-tag", 404),
        ("GET", "/api/v1/monitors/%ff%00", 404),
        ("GET", "/api/v1/monitors/..%2f..%2fetc%2fpasswd", 404),
        ("DELETE", "/api/v1/monitors", 405),
        ("POST", "/api/v1/monitors", 405),
        ("PATCH", "/api/v1/monitors/t0", 405),
        ("DELETE", "/api/heartbeat/t0:wrong", 405),
        ("GET", "/api/heartbeat/t0:wrong", 404),
        ("GET", "/api/heartbeat/t0", 401),
    ],
)
def test_errors_under_api_are_json(server: Server, method: str, path: str, status: int) -> None:
    answer = server.request(method, path)

    assert answer.status == status, answer
    assert answer.headers["content-type"].startswith("application/json")
    error = answer.json()["error"]
    assert isinstance(error, str)
    assert error


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/%ff", "/monitors/%00", "/heartbeat", "/heartbeat/", "/.env", "/../x", "//example.org"],
)
def test_unknown_paths_are_404(server: Server, path: str) -> None:
    answer = server.get(path)

    assert answer.status == 404
    assert b"Traceback" not in answer.body


def test_the_server_never_logged_a_traceback_under_all_this(server: Server) -> None:
    """Last in the file: every test above has thrown its worst at this server."""
    assert "Traceback" not in server.log
    assert not [line for line in server.log.splitlines() if " 500 " in line]


# --- secrets


def test_no_secret_and_no_key_ever_comes_back_out(serve: Serve) -> None:
    keys = ["key-alpha-5d1c90e7", "key-reader-5d1c90e7", "key-old-5d1c90e7"]
    notifier = "notifier-password-5d1c90e7"
    yaml_text = configuration(
        monitor("one", cron=ALMOST_NEVER),
        "two",
        monitor("three", is_hidden="YES"),
        notifiers={"ops": f"json://user:{notifier}@127.0.0.1:1/{notifier}"},
        api_keys=[
            {"name": "alpha", "key": keys[0], "scopes": ["heartbeat:write"], "monitors": ["one"]},
            {"name": "reader", "key": keys[1], "scopes": ["incidents:write"]},
            {"name": "old", "key": keys[2], "scopes": ["*"], "expires": "2020-01-01T00:00:00Z"},
        ],
    )
    server = serve(yaml_text)
    tags = ["one", "two", "three"]
    hidden = [*(secret_of(tag) for tag in tags), *keys, notifier]
    answers: list[Answer] = []
    get = server.get

    # a reported failure first, so that the notifier fails while the rest goes on
    for tag in tags:
        answers += [server.target(tag).beat("bad news", query="?status=down"), server.target(tag).beat()]
    for prefix, tag, separator in itertools.product(
        ("/heartbeat", "/ext/heartbeat", "/api/heartbeat", "//heartbeat", "/nothing"), tags, (":", "/", "%3A")
    ):
        path = f"{prefix}/{tag}{separator}{secret_of(tag)}"
        answers += [server.request(method, path) for method in ("GET", "POST", "PATCH", "OPTIONS")]
        answers += [get(path + "x"), get(path + "?status=broken"), get(path + "/x/y")]
    for key, tag in itertools.product(keys, [*tags, "nobody"]):
        for headers in ({"X-API-Key": key}, {"Authorization": f"Bearer {key}"}, {"X-API-Key": key + "x"}):
            answers += [get(f"/api/heartbeat/{tag}", headers), get(f"/api/v1/monitors?key={key}", headers)]
    secret = secret_of("one")
    for path in (f"/heartbeat/{secret}:one", f"/api/v1/monitors/{secret}", f"/monitors/{secret}"):
        answers.append(get(path))
    answers.append(get(f"/?next=/heartbeat/one:{secret}", {"Referer": f"http://x/heartbeat/one:{secret}"}))
    line = f"GET /heartbeat/one:{secret}"
    broken = server.raw(f"{line} HTTP/1.1\r\nHost: x\r\nbroken\r\n\r\n".encode(), half_close=True)
    broken += server.raw(f"{line}{'x' * 1_000_000} HTTP/1.1\r\n\r\n".encode())
    server.edit(yaml_text.replace('"name": "Job two"', '"nam": "Job two"'))
    until(lambda: "nam" in server.log, 15, "a log line about the broken edit")
    checked = check(server.config)
    server.edit(yaml_text)
    for path in (
        "/",
        "/monitors/one",
        "/api/v1/monitors",
        "/api/v1/monitors/one",
        "/api/v2/summary.json",
        "/-/",
    ):
        answers.append(get(path))
    for path in ("/metrics", "/health", "/readyz?verbose", "/livez", "/openapi.json"):
        answers.append(get(path))
    assert server.stop() == 0

    assert checked[0] == 78
    said = [f"{answer.headers} {answer.text}" for answer in answers]
    out = "\n".join([server.log, *checked[1:], broken.decode("latin-1"), *said])
    assert [word for word in hidden if word in out] == []
    assert not [answer for answer in answers if answer.status >= 500]
