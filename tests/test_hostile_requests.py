"""Every route under input that nobody honest sends: the right code, the right form, nothing leaked, and soon.

The routes are those of the app's own map, so a new one is walked without a word here. What only a real server
can be sent stands in tests/real/test_hostile_requests.py.
"""

from __future__ import annotations

import difflib
import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from conftest import World, short_store
from flask import Flask
from flask.testing import FlaskClient
from secretive import BROWSER, KEY, MARK, OTHER_SECRET, VALUES, secretive
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from kener_py import web
from kener_py.web.finish import HEADERS as OF_SAFETY

pytestmark = pytest.mark.long

SLOWEST = 1.0  # seconds of this process for one answer; what has no flaw takes a hundredth
LONGEST = 500_000  # bytes of an answer
FOR_PROGRAMS = ("/api/", "/heartbeat/", "/ext/heartbeat/", "/openapi.json", "/metrics", "/livez", "/readyz")
BEAT = re.compile("/heartbeat/")
WITH_KEY = {"X-API-Key": KEY}
PROBLEM = "application/problem+json"
# Of programs, the file system, the database and the memory.
SECRETS = re.compile(rb"hush(secret|other|key|user|pass|token|host|path)7")  # not even for who has a key
INNARDS = re.compile(
    rb"Traceback|File \"|\.py\b|site-packages|werkzeug|jinja2|sqlite3|SELECT |INSERT |object at 0x|/dev/shm"
    + b"|"
    + re.escape(str(Path(__file__).resolve().parents[1]).encode())
)


class Client(FlaskClient):
    """Reads each answer whole, so that no file stays open."""

    def open(self, *request: Any, **of: Any) -> TestResponse:
        return super().open(*request, **{**of, "buffered": True})


class Site:
    """The whole site, the routes of its map, and what is wrong with its answers."""

    def __init__(self, made: World) -> None:
        self.made = made
        self.app: Flask = web.create(made.service)
        self.app.test_client_class = Client
        self.client = self.app.test_client()
        self.rules = sorted(self.app.url_map.iter_rules(), key=lambda each: each.rule)
        self.kinds = list({self._kind(each): each for each in self.rules}.values())
        self.wrong: list[str] = []

    def _kind(self, rule: Rule) -> tuple[object, ...]:
        """Equal for addresses of the same, which are walked once where that is enough."""
        view = self.app.view_functions[rule.endpoint]
        return getattr(view, "func", view), rule.rule.endswith(".md"), len(rule.arguments)

    def addresses(self, method: str = "GET") -> list[tuple[Rule, str]]:
        """One rule of each kind that takes the method, with an example of its address."""
        return [(each, example(each)) for each in self.kinds if method in (each.methods or ())]

    def ask(self, address: str, method: str = "GET", what: str = "", **of: Any) -> TestResponse:
        """The answer; what no answer may be is written down."""
        began = time.process_time()
        answer = self.client.open(address, method=method, **of)
        took = time.process_time() - began
        what = f"{method} {address[:100]} {what[:100]}: {answer.status_code}"
        self.must(answer.status_code < 500, what)
        self.must(took < SLOWEST, f"{what} took {took:.1f} s")
        self.must(
            len(answer.data) < LONGEST or address.startswith("/metrics"),
            f"{what} has {len(answer.data)} bytes",
        )
        told = answer.data + str(answer.headers).encode()
        hidden = SECRETS if KEY in str(of.get("headers")) else MARK
        self.must(not hidden.search(told), f"{what} says {hidden.findall(told)[:3]}")
        self.must(not INNARDS.search(told), f"{what} says {INNARDS.findall(told)[:3]}")
        for name in (*OF_SAFETY, "Content-Security-Policy", "Cache-Control"):
            self.must(name in answer.headers, f"{what} has no {name}")
        self.must(is_of_its_form(answer, address, method), f"{what} is {answer.content_type}")
        return answer

    def must(self, fact: bool, what: str) -> None:
        if not fact:
            self.wrong.append(what)

    def beats(self) -> int:
        return sum(self.made.service.counts.of("heartbeats").values())


def is_of_its_form(answer: TestResponse, address: str, method: str) -> bool:
    """JSON below /api/, and for programs where something is wrong."""
    if method == "HEAD" or answer.status_code in (204, 304):
        return not answer.data
    is_due = address.startswith("/api/") or (answer.status_code >= 400 and address.startswith(FOR_PROGRAMS))
    if not is_due or re.fullmatch(r"/api/(\?.*)?", address):  # which is a page
        return True
    found = json.loads(answer.data, parse_constant=pytest.fail)
    if answer.status_code < 400:
        return answer.mimetype == "application/json"
    if answer.mimetype == PROBLEM:
        return not BEAT.search(address) and found["status"] == answer.status_code and bool(found["error"])
    return answer.mimetype == "application/json" and list(found) == ["error"] and bool(found["error"])


def example(rule: Rule, odd: Mapping[str, str] = {}) -> str:
    """An address of the rule; `odd` stands for variables by name."""
    found = rule.rule
    for name in rule.arguments:
        found = re.sub(rf"<(\w+:)?{name}>", lambda at, name=name: odd.get(name, value(name, at[1])), found)
    return found


def value(name: str, converter: str | None) -> str:
    """Of a variable for which no example is given, as of a new route, "1" may be one."""
    if name == "filename":
        return "style.css"
    return VALUES.get(f"{converter or ''}{name}", ("1",))[0]


@pytest.fixture(scope="module")
def whole() -> Iterator[Site]:
    with short_store() as with_past:
        yield Site(secretive(with_past))


@pytest.fixture
def site(whole: Site) -> Iterator[Site]:
    """The same site for all; after each test there must be nothing wrong, and it must work as before."""
    whole.wrong = []
    yield whole
    assert not whole.wrong, "\n".join([f"{len(whole.wrong)} times:", *whole.wrong[:40]])
    before = whole.beats()
    assert whole.client.post(f"/heartbeat/job:{OTHER_SECRET}").status_code == 200
    assert whole.beats() == before + 1
    assert "All systems" in whole.client.get("/", headers=BROWSER).text or before


# ---- ids -------------------------------------------------------------------------------------

UNKNOWN = (
    "0",
    "-1",
    "+1",
    "1.0",
    "%201",
    "1000000000",
    str(2**63),
    str(2**64),
    "9" * 5_000,
    "\u0661",
    "\uff11",
    "\U0001d7cf",
    "%00",
    "1%00",
    "%FF",
    "%ED%A0%80",
    "%0d%0aX-Odd:%20y",
    "%",
    "%zz",
    "..",
    "%2e%2e",
    "..%2f..%2f..%2fetc%2fpasswd",
    "%2F",
    ".md",
    ".json",
    "None",
    "NaN",
    "1;a=b",
    "1'--",
    "%25s%25n",
    "JOB",
    "j\u043eb",
    "job\u200b",
    "\u202eboj",
    "2026-13",
    "2026-02-30",
    "9999-12-31",
    "a" * 100_000,
)


def test_an_id_that_is_none_is_not_found(site: Site) -> None:
    """Of shields.io an unknown badge is a badge."""
    for rule in site.kinds:
        for name in rule.arguments:
            methods = {"GET"} & (rule.methods or set()) or (rule.methods or set()) - {"OPTIONS"}
            given = WITH_KEY if BEAT.search(rule.rule) or "GET" not in methods else {}
            for method in sorted(methods):
                for odd in UNKNOWN:
                    answer = site.ask(example(rule, {name: odd}), method, headers=given)
                    is_fine = answer.status_code == 404 or "isError" in answer.text
                    is_fine |= answer.status_code == 301 and rule.rule.startswith("/maintenance/")
                    is_fine |= answer.status_code == 400 and rule.rule.endswith(
                        "/updates"
                    )  # nothing was sent
                    site.must(is_fine, f"{method} {rule.rule} of {odd[:50]}: {answer.status_code}")


@pytest.mark.parametrize(
    "odd", ["", "/", "//", "./", "../", "../../../etc/passwd", "..//..//etc/passwd", "%2f/", "a/" * 1_000]
)
def test_slashes_in_an_id_lead_nowhere_that_is_not_public(site: Site, odd: str) -> None:
    for rule in site.kinds:
        for name in rule.arguments:
            for method in sorted(rule.methods or ()):
                answer = site.ask(example(rule, {name: odd}), method, headers=WITH_KEY)
                assert b"root:" not in answer.data


def test_an_address_with_more_slashes_is_the_same_or_not_there(site: Site) -> None:
    for rule, address in site.addresses():
        if BEAT.search(address) or rule.endpoint == "static" or address == "/":
            continue
        plain = site.ask(address, headers=BROWSER)
        assert site.ask(f"{address}/", headers=BROWSER).status_code in (plain.status_code, 404)
        for other in (f"{address}//", f"/.{address}", f"/x/..{address}", f"/%2e%2e{address}"):
            site.must(
                site.ask(other, headers=BROWSER).status_code == 404,
                other,
            )


@pytest.mark.parametrize(
    "place",
    [
        "../pyproject.toml",
        "%2e%2e/pyproject.toml",
        "..%2fpyproject.toml",
        "..%5cpyproject.toml",
        "..%252fpyproject.toml",
        "....//pyproject.toml",
        "..;/pyproject.toml",
        "x/../../pyproject.toml",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "style.css/../../pyproject.toml",
        "style.css%00.png",
        "style.css.",
        "STYLE.CSS",
        ".",
        "",
        "%",
        "%ff",
        "a" * 100_000,
        "a/" * 10_000,
    ],
)
def test_only_files_of_the_folder_are_static(site: Site, place: str) -> None:
    answer = site.ask(f"/static/{place}")
    assert answer.status_code == 404
    assert b"build-backend" not in answer.data


# ---- methods ---------------------------------------------------------------------------------

METHODS = (
    *("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "MKCOL"),
    *("get", "options", "M-SEARCH", "PURGE", "QUERY", "X" * 100, "GET\u00df"),
)


def test_a_method_that_a_route_has_not_is_refused_with_those_that_it_has(site: Site) -> None:
    takes: dict[str, set[str]] = {}
    for rule in site.rules:
        takes.setdefault(example(rule), set()).update(rule.methods or ())
    for address, methods in takes.items():
        for method in METHODS:
            answer = site.ask(address, method, headers=WITH_KEY if method not in ("POST", "DELETE") else {})
            allowed = set(answer.headers.get("Allow", "").split(", "))
            if method.upper() == "OPTIONS":
                site.must(answer.status_code in (200, 204) and not answer.data, f"OPTIONS {address}")
                site.must(allowed - {"OPTIONS"} == methods - {"OPTIONS"}, f"OPTIONS {address}: {allowed}")
            elif method.upper() not in methods:
                site.must(answer.status_code == 405, f"{method} {address}: {answer.status_code}")
                site.must(allowed - {"OPTIONS"} == methods - {"OPTIONS"}, f"{method} {address}: {allowed}")
            else:
                site.must(answer.status_code != 405, f"{method} {address}: 405")


def test_only_the_methods_of_a_heartbeat_are_heartbeats(site: Site) -> None:
    before = site.beats()
    for rule in site.rules:
        if BEAT.search(rule.rule):
            for method in METHODS:
                if method.upper() not in (rule.methods or ()):
                    site.ask(example(rule, {"call": f"job:{OTHER_SECRET}"}), method)
                    site.ask(example(rule, {"call": "job"}), method, headers=WITH_KEY)
    assert site.beats() == before


# ---- headers ---------------------------------------------------------------------------------

BLANKS = " " * 60_000  # fewer than what is too long anyway
ACCEPTS = (
    ",".join(f"text/x{number};q=0.{number % 10}" for number in range(10_000)),
    f"text/{BLANKS}x",
    f"text/html{BLANKS};q=1",
    f"text/{BLANKS * 10}x",
    f"text/html;{' ;' * 50_000}",
    "text/html;q=abc, */*;q=nan",
    "text/html;q=1e999, text/markdown;q=-1",
    "*/*;q=nan",
    ",;=/" * 20_000,
    '"' * 100_000,
    '"\\' * 50_000,
    "a=" * 50_000,
    "\xff\xfe\x80",
    "\u2028".encode().decode("latin-1"),
    "",
)
ETAGS = (
    '"' + "x" * 100_000 + '"',
    '"x", ' * 20_000,
    "W/" * 50_000,
    '"' * 100_000,
    f'"a"{BLANKS}b',
    f'W/"{BLANKS}',
    "*, *",
    "\xff",
)
DATES = (
    "Fri, 31 Dec 99999 23:59:59 GMT",
    "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
    "Mon, 99999999999999999999 Jan 2024 00:00:00 GMT",
    "Mon, 01 Jan 2024 99999999999999999999:00:00 GMT",
    "Mon, 01 Jan 2024 00:00:00 +99999999999999",
    "Mon, 01 Jan 2024 00:00:00 -9999",
    "Mon, 01 Jan -2024 00:00:00 GMT",
    f"Mon, 01 Jan {'9' * 50_000} 00:00:00 GMT",
    f"Mon,{BLANKS}01 Jan 2024",
    "(" * 50_000,
    "\xff",
    "0",
)
RANGES = (
    "bytes=" + "0-1," * 20_000,
    "bytes=0-" + "9" * 50_000,
    "bytes=99999999999999999999-",
    "bytes=-99999999999999999999",
    "bytes=5-1",
    "bytes=--",
    f"bytes=0{BLANKS}-1",
    "furlongs=0-1",
    "\xff",
)
HEADERS: Mapping[str, tuple[str, ...]] = {
    "Accept": ACCEPTS,
    "Accept-Language": (
        *ACCEPTS,
        "../../etc/passwd",
        "de-" * 30_000,
        ",".join(f"x{number}-y;q=0.5" for number in range(10_000)),
    ),
    "Accept-Encoding": ("gzip;q=0", "identity;q=0, *;q=0", "gzip;q=abc", "*", "gzip," * 20_000, *ACCEPTS),
    "Accept-Charset": ACCEPTS[:2],
    "If-None-Match": ETAGS,
    "If-Match": ETAGS,
    "If-Range": (*ETAGS, *DATES),
    "If-Modified-Since": DATES,
    "If-Unmodified-Since": DATES,
    "Range": RANGES,
    "Content-Length": ("-1", "abc", "99999999999999999999999", "1e3", "+5", "\xb2", ""),
    "Content-Type": (
        f"text/html;{BLANKS}x",
        ";" * 100_000,
        "multipart/form-data; boundary=" + "a" * 50_000,
        "multipart/form-data; boundary*0=a; boundary*99999999999999999999=b",
        "application/json; charset=klingon",
        "\xff",
    ),
    "Content-Encoding": ("gzip", "br, gzip", "\xff"),
    "Transfer-Encoding": ("chunked, identity", "klingon"),
    "Cookie": ("a=b; " * 20_000, "=;" * 50_000, f"a={BLANKS}b", 'a="\\' * 20_000, "\xff"),
    "Authorization": (
        "Bearer",
        "Bearer ",
        f"Bearer{BLANKS}x",
        "Basic",
        "Basic " + "A" * 100_001,
        "Basic /////w==",
        "Digest " + "a=b," * 20_000,
        "Negotiate \xff",
        "bearer \xe9\xff",
        "\xff",
        "Bearer " + "x" * 100_000,
    ),
    "X-API-Key": ("\xe9\xff", "x" * 100_000, "\x7f", "' or 1=1 --"),
    "X-Forwarded-For": ("1.2.3.4, " * 20_000, "::1%\xff", "[", "-", "unknown, _hidden"),
    "X-Forwarded-Host": ("evil.example/<script>", "\xff"),
    "X-Forwarded-Proto": ("javascript", "https, http"),
    "X-Forwarded-Prefix": ("//evil.example", "/" * 50_000),
    "X-Script-Name": ("/evil.example",),
    "Forwarded": ("for=" * 20_000,),
    "Host": ("", "a b", "evil.example:99999", "[", "x" * 100_000, "\xff", "\x7f", "a/../b"),
    "Origin": ("null", "https://evil.example", "\xff"),
    "Referer": ("\xff", "x" * 100_000),
    "User-Agent": ("curl/" * 20_000, "Wget/\x7f", "\xff", ""),
    "Sec-Purpose": (BLANKS,),
    "Upgrade": ("websocket", "h2c", "\xff"),
    "Connection": ("Upgrade", "close, X-API-Key"),
    "Expect": ("100-continue", "\xff"),
    "X-HTTP-Method-Override": ("DELETE", "\xff"),
    "X-Odd": ("x" * 64_000,),
}
SAMPLE = (
    "/index.md",
    "/static/style.css",
    "/history.atom",
    "/api/v1/monitors",
    "/api/v1/nothing",
    f"/heartbeat/job:{OTHER_SECRET}",
)


@pytest.mark.parametrize("name", HEADERS)
def test_no_header_loses_an_answer(site: Site, name: str) -> None:
    """It is the answer that is given without the header, except to what asks for a part or for news."""
    for address in SAMPLE:
        plain = site.ask(address).status_code
        for odd in HEADERS[name]:
            got = site.ask(address, what=f"{name}: {odd[:50]!r}", headers=[(name, odd)]).status_code
            is_told = {"Range": (200, 206, 416), "If-None-Match": (200, 304), "If-Match": (200, 412)}
            fits = got == plain or (plain == 200 and got in is_told.get(name, ()))
            site.must(fits, f"{address} with {name}: {odd[:50]!r}: {got}")


def hostile_headers(turn: int) -> list[tuple[str, str]]:
    return [(name, values[turn % len(values)]) for name, values in HEADERS.items()]


@pytest.mark.parametrize("turn", range(2, 4))
def test_all_odd_headers_together_break_no_route(site: Site, turn: int) -> None:
    given = [each for each in hostile_headers(turn) if each[0] != "X-API-Key"]
    for rule in site.kinds:
        for method in (rule.methods or set()) & {"GET", "POST"}:
            site.ask(example(rule), method, f"turn {turn}", headers=given)


def test_a_thousand_headers_are_a_request(site: Site) -> None:
    many = [(f"X-Odd-{number}", "x") for number in range(1_000)]
    twice = [(name, value) for name in ("Accept", "Host", "X-API-Key", "Cookie") for value in ("a", "b")]
    for address in SAMPLE:
        for given in (many, twice):
            assert site.ask(address, headers=given).status_code == site.ask(address).status_code


def test_an_upgrade_that_nobody_here_knows_is_ignored(site: Site) -> None:
    before = site.beats()
    asked = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    assert site.ask(f"/heartbeat/job:{OTHER_SECRET}", headers=asked).status_code == 200
    assert site.ask("/", headers=asked).status_code == 200
    assert site.beats() == before + 1


# ---- queries ---------------------------------------------------------------------------------

SOURCE = "".join(file.read_text() for file in sorted(Path(web.__file__).parent.rglob("*.py")))
NAMES = sorted(
    {
        *re.findall(r"""args(?:\.get\(|\.getlist\(|\[)["'](\w+)""", SOURCE),
        *("group", "labelColor", "color", "fillColor", "theme", "days", "page", "limit", "v", "callback"),
        *("status", "message", "metrics", "__proto__", "constructor", "a[]", "a[b]", "$where", ""),
    }
)
VALUES_OF_QUERIES = (
    "",
    "0",
    "-1",
    "9" * 5_000,
    "1e999",
    "NaN",
    "%00",
    "%ff%fe",
    "%ED%A0%80",
    "%",
    "%zz",
    "..%2f..%2fetc%2fpasswd",
    "%0d%0aX-Odd:%20y",
    "<script>alert(1)</script>",
    "%E2%80%AE",
    "2026-13",
    "0000-00",
    "9999-12",
    "monitor:%00",
    "x" * 3_000,
)


READERS = (  # of queries, more than the language
    "/",
    "/history",
    "/monitors/job",
    "/uptime",
    "/maintenance.ics",
    "/badge/job/status",
    "/badge/job/uptime.json",
    "/badge/job/dot",
    "/alerts/1",
    f"/heartbeat/job:{OTHER_SECRET}",
)


def asked(site: Site, address: str, query: str) -> None:
    answer = site.ask(f"{address}?{query}", what=query[-40:], headers=BROWSER)
    site.must("X-Odd" not in answer.headers, f"{address} obeys {query[-40:]}")
    if answer.mimetype == "text/html":
        site.must("<script>alert" not in answer.text, f"{address} repeats {query[-40:]}")


@pytest.mark.parametrize("odd", VALUES_OF_QUERIES, ids=range(len(VALUES_OF_QUERIES)))
def test_no_value_of_a_query_breaks_who_reads_it(site: Site, odd: str) -> None:
    for address in READERS:
        asked(site, address, "&".join(f"{quote(name)}={odd}" for name in NAMES))


@pytest.mark.parametrize("turn", range(2))
def test_no_query_breaks_a_route(site: Site, turn: int) -> None:
    count = len(VALUES_OF_QUERIES)
    values = [VALUES_OF_QUERIES[(place * 5 + turn) % count] for place in range(len(NAMES))]
    query = "&".join(
        f"{quote(name)}={odd}&{quote(name)}[]=x" for name, odd in zip(NAMES, values, strict=True)
    )
    for _rule, address in site.addresses():
        asked(site, address, f"{query}&{query}")


def test_every_query_name_is_known_to_these_tests() -> None:
    """Else the pattern above reads the code no more."""
    assert {"lang", "monitor", "month", "sig", "to", "show", "sinceLast", "label", "style"} <= set(NAMES)


@pytest.mark.parametrize(
    ("query", "address"),
    [
        ("label=" + "x" * 1_000_000, "/badge/job/status"),
        ("label=" + "%F0%9F%98%80" * 40_000, "/badge/job/status"),
        ("monitor=" + "x" * 1_000_000, "/history"),
        ("to=" + "1" * 1_000_000, "/uptime"),
        ("message=" + "x" * 1_000_000, f"/heartbeat/job:{OTHER_SECRET}"),
        ("&" * 1_000_000, "/"),
        ("=" * 1_000_000, "/"),
        ("%" * 250_000, "/"),
        ("&".join(["a=1"] * 200_000), "/"),
        ("&".join(["a=1"] * 200_000), "/api/v1/monitors"),
    ],
    ids=lambda each: each[:20],
)
def test_a_query_of_a_megabyte_is_only_long(site: Site, query: str, address: str) -> None:
    codes = (200, 404) if address in ("/history", "/uptime") else (200,)
    assert site.ask(f"{address}?{query}", headers=BROWSER).status_code in codes


# ---- bodies ----------------------------------------------------------------------------------

BODIES: Mapping[str, bytes] = {
    "nothing": b"",
    "no JSON": b"{'title':'x'}",
    "half": b'{"title":"x"',
    "100,000 brackets": b"[" * 100_000,
    "as many closed": b"[" * 100_000 + b"]" * 100_000,
    "100,000 objects": b'{"title":' * 100_000,
    "900 objects": b'{"title":' * 900 + b"1" + b"}" * 900,
    "10 MB": b'{"title":"' + b"x" * 10_000_000 + b'"}',
    "a list": b"[1]",
    "null": b"null",
    "a number": b"1e400",
    "NaN": b'{"title":NaN,"until":Infinity}',
    "huge integer": b'{"title":' + b"9" * 100_000 + b"}",
    "twice": b'{"title":"a","title":"b"}',
    "byte order mark": b'\xef\xbb\xbf{"titel":"x"}',
    "UTF-16": '{"titel":"x"}'.encode("utf-16"),
    "UTF-32": '{"titel":"x"}'.encode("utf-32"),
    "invalid UTF-8": b'{"titel":"\xff"}',
    "NUL": b'{"titel":"\x00"}',
    "surrogate": rb'{"title":"\ud800","text":"\ud800","\udfff":1}',
    "form": b"title=x&text=y&act=acknowledge",
    "60,000 fields": json.dumps({f"titl{number}": 1 for number in range(60_000)}).encode(),
    "a name of 500 kB": b'{"' + b"title" * 100_000 + b'":1}',
    "prototype": b'{"__proto__":{"a":1},"constructor":{"prototype":1}}',
}
TYPES = (
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "\xff",
    "",
)
KEYS: Mapping[str, dict[str, str]] = {
    "none": {},
    "wrong": {"X-API-Key": "wrong"},
    "odd": {"Authorization": "Bearer \xff"},
    "right": WITH_KEY,
}
NEEDS_NO_BODY = re.compile("/acknowledge|/publish|/resolve")  # an empty one is fine there


def writing(site: Site) -> Iterator[tuple[Rule, str]]:
    """Every route that needs a key, with its method."""
    for rule in site.kinds:
        for method in sorted((rule.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"}):
            if rule.rule.startswith("/api/") and not BEAT.search(rule.rule):
                yield rule, method


@pytest.mark.parametrize("who", KEYS)
def test_no_body_breaks_a_writing_route(site: Site, who: str) -> None:
    for rule, method in writing(site):
        for name, body in BODIES.items():
            if who != "right" and len(body) > 1_000:
                continue  # it is not even looked at
            number = fresh_incident(site) if who == "right" and method == "DELETE" else "1"
            answer = site.ask(
                example(rule, {"number": number}),
                method,
                f"{name} {who}",
                data=body,
                headers={**KEYS[who], "Content-Type": TYPES[len(name) % len(TYPES)]},
            )
            if who != "right":
                site.must(answer.status_code == 401, f"{method} {rule.rule} {name}: {answer.status_code}")
            site.must(
                len(answer.data) < 10_000 or answer.status_code < 400, f"{rule.rule} {name} is repeated"
            )


def test_only_for_the_names_that_are_told_another_one_is_guessed(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes 20 microseconds each, and a body has room for 70,000."""
    asked: list[str] = []
    guess = difflib.get_close_matches

    def counted(name: str, *of: Any, **by: Any) -> list[str]:
        asked.append(name)
        return guess(name, *of, **by)

    monkeypatch.setattr(difflib, "get_close_matches", counted)
    answer = site.ask("/api/v1/incidents", "POST", data=BODIES["60,000 fields"], headers=WITH_KEY)
    assert answer.status_code == 400
    assert "did you mean 'title'?" in answer.text
    assert "and 59992 more" in answer.text
    assert len(asked) < 20


def fresh_incident(site: Site) -> str:
    made = site.client.post("/api/v1/incidents", json={"title": "New", "text": "Text"}, headers=WITH_KEY)
    assert made.status_code == 201
    return str(made.get_json()["id"])


WRONG: tuple[object, ...] = (
    *(
        None,
        True,
        0,
        -1,
        1.5,
        2**63,
        10**400,
        -(10**4_000),
        1e308,
        [],
        {},
        "",
        " ",
        "\x00",
        "\ud800",
        "\uffff",
    ),
    *("x" * 100_000, "\u202e", "[[", [[]], ["x"] * 1_000, [None], ["\ud800"], {"a": {"b": [1]}}, [{}] * 100),
    *(
        "0000-00-00T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "2026-01-01T00:00:00+99:99",
        "2026-06-31T00:00:00Z",
        "NaN",
    ),
)


def fields(described: Mapping[str, Any], operation: Mapping[str, Any]) -> Iterable[str]:
    schema = operation["requestBody"]["content"].get("application/json", {}).get("schema", {})
    if "$ref" in schema:
        schema = described["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema.get("properties", {})


def test_a_field_of_a_wrong_type_is_named(site: Site) -> None:
    described = site.client.get("/openapi.json").get_json()
    asked = 0
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            if "requestBody" not in operation or BEAT.search(path):
                continue
            good = dict(operation["requestBody"]["content"]["application/json"].get("example", {}))
            good = {**good, "monitors": ["job"]} if "monitors" in good else good
            address = path.replace("{tag}", "job").replace("{number}", "1").replace("{update}", "1")
            address = re.sub(r"{\w+}", "1", address)
            for name in fields(described, operation):
                for wrong in WRONG:
                    asked += 1
                    answer = site.ask(
                        address,
                        method.upper(),
                        f"{name}: {str(wrong)[:30]!r}",
                        data=spelled({**good, name: wrong}),
                        headers=WITH_KEY,
                    )
                    if answer.status_code == 400 and "valid JSON" not in answer.text:
                        named = re.match(r"(\w+): ", answer.get_json()["error"])
                        site.must(named is not None, f"{path} {name}={str(wrong)[:30]}: {answer.text[:80]}")
    assert asked > 500


def spelled(given: object) -> bytes:
    """As JSON; a number of more digits than Python reads back is written all the same."""
    return (
        json.dumps(given, default=str).encode() if not is_huge(given) else b'{"title":' + b"9" * 9_000 + b"}"
    )


def is_huge(given: object) -> bool:
    return isinstance(given, dict) and any(
        isinstance(each, int) and abs(each) > 10**300 for each in given.values()
    )


def test_a_heartbeat_is_counted_whatever_its_body(site: Site) -> None:
    for name, body in BODIES.items():
        before = site.beats()
        answer = site.ask(f"/heartbeat/job:{OTHER_SECRET}", "POST", name, data=body)
        site.must(answer.status_code == 200, f"{name}: {answer.status_code}")
        site.must(site.beats() == before + 1, f"{name} is not counted")
    for rule in site.rules:
        for method in sorted((rule.methods or set()) - {"OPTIONS"}) if BEAT.search(rule.rule) else ():
            before = site.beats()
            site.ask(example(rule, {"call": f"job:{OTHER_SECRET}"}), method, data=b"[" * 1_000)
            site.must(site.beats() == before + 1, f"{method} {rule.rule} is not counted")


def test_a_button_needs_its_signature_whatever_is_sent_with_it(site: Site) -> None:
    for name, body in BODIES.items():
        for kind in TYPES:
            answer = site.ask("/alerts/1", "POST", name, data=body, headers={"Content-Type": kind})
            assert answer.status_code == 404


# ---- problem details -------------------------------------------------------------------------


def test_errors_below_api_are_problem_details_for_who_names_them(site: Site) -> None:
    odd = "%00"
    for rule in site.rules:
        if not rule.rule.startswith("/api/"):
            continue
        for method in ("GET", "POST", "PATCH", "PROPFIND"):
            answer = site.ask(
                example(rule, dict.fromkeys(rule.arguments, odd)),
                method,
                headers={"Accept": f"text/html, {PROBLEM}"},
            )
            if answer.status_code >= 400:
                wanted = "application/json" if BEAT.search(rule.rule) else PROBLEM
                site.must(answer.mimetype == wanted, f"{method} {rule.rule}: {answer.mimetype}")
