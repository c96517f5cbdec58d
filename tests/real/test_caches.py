"""nginx and Varnish in front, as docs/proxies.md says: a storm costs nothing, and nothing is mixed up."""

from __future__ import annotations

import gzip
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import brotli
import pytest

from .conftest import Serve
from .fronts import Front, nginx, varnish
from .programs import needs
from .server import ROOT, Server, configuration, until

pytestmark = [
    pytest.mark.real,
    needs("nginx", "varnishd"),
]
HTML = {"Accept": "text/html"}
SHARED = 5  # seconds, as the answers say


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / "docs" / "proxies.md").read_text(), re.DOTALL)


@pytest.fixture(params=["nginx", "varnish"])
def behind(request: pytest.FixtureRequest, serve: Serve, tmp_path: Path) -> Iterator[tuple[Server, Front]]:
    """A server and the cache in front of it, made from what the document tells people to write."""
    server = serve(configuration("job", "other", server={"threads": 8}))
    port = str(server.port)
    if request.param == "nginx":
        (text,) = (block for block in blocks("nginx") if "proxy_cache_path" in block)
        text = text.replace("127.0.0.1:3000", f"127.0.0.1:{port}").replace(
            "/var/cache/nginx/status", f"{tmp_path}/c"
        )
        outside, _, inside = text.partition("server {")
        inside = inside.replace("listen 80;", "").rstrip().removesuffix("}")
        with nginx(tmp_path / "nginx", inside, outside) as front:
            yield server, front
    else:
        (vcl,) = blocks("vcl")
        vcl = vcl.replace('.port = "3000"', f'.port = "{port}"')
        with varnish(tmp_path / "varnish", vcl) as front:
            yield server, front


def asked(server: Server, route: str = "/") -> int:
    """How often the server itself was asked for a route, whatever it answered."""
    pattern = rf'kener_http_request_duration_seconds_count{{.*route="{re.escape(route)}"}} ([0-9.]+)'
    return sum(int(float(count)) for count in re.findall(pattern, server.get("/metrics").text))


def storm(front: Front, number: int = 2_000, connections: int = 50) -> set[int]:
    def visit(count: int) -> set[int]:
        return {front.get("/", **HTML).status for _ in range(count)}

    with ThreadPoolExecutor(connections) as pool:
        return set().union(*pool.map(visit, [number // connections] * connections))


def test_a_storm_costs_the_server_a_handful_of_answers(behind: tuple[Server, Front]) -> None:
    server, front = behind
    server.target("job").beat()
    before, began = asked(server), time.monotonic()
    assert storm(front) == {200}
    took = time.monotonic() - began
    # nginx learns what an answer varies by from the first one: who waits for that may ask, too.
    assert asked(server) - before <= 50 + 2 * took / SHARED


def test_a_change_is_seen_within_seconds(behind: tuple[Server, Front]) -> None:
    server, front = behind
    server.target("job").beat()
    until(lambda: server.target("job").shown()["status"] == "UP")
    time.sleep(SHARED + 1)
    front.get("/", **HTML)
    server.target("job").beat('{"status": "down"}')
    until(lambda: "outage" in server.get("/", HTML).text)
    until(lambda: "outage" in front.get("/", **HTML).text, 2 * SHARED + 5)


def test_languages_and_compressions_are_never_mixed(behind: tuple[Server, Front]) -> None:
    _server, front = behind
    unpack = {"": bytes, "gzip": gzip.decompress, "br": brotli.decompress}
    for _ in range(3):
        for language in ("en", "de", "fr", "ar"):
            for coding in ("", "gzip", "br"):
                answer = front.get(
                    "/", Accept_Language=language, Accept_Encoding=coding or "identity", **HTML
                )
                packed = answer.headers.get("content-encoding", "")
                assert packed in ("", coding)
                text = unpack[packed](answer.body).decode()
                assert f'<html lang="{language}"' in text
        assert front.get("/", Accept="text/markdown").text.startswith(("#", "\n#", "**"))


def test_who_has_it_is_told_so(behind: tuple[Server, Front]) -> None:
    _server, front = behind
    first = front.get("/about", **HTML)
    again = front.get("/about", If_None_Match=first.headers["etag"], **HTML)
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_every_heartbeat_reaches_the_server(behind: tuple[Server, Front], method: str) -> None:
    server, front = behind
    path = server.target("job").path
    answers = [front.request(method, path) for _ in range(5)]
    assert {answer.status for answer in answers} == {200}
    assert len(server.target("job").rows()) == 5


def test_metrics_are_of_now(behind: tuple[Server, Front]) -> None:
    server, front = behind
    counts = []
    for _ in range(2):
        server.target("job").beat()
        counts += re.findall(
            r'kener_heartbeats_total\{monitor="job",status="up"\} (\S+)', front.get("/metrics").text
        )
    assert counts == ["1.0", "2.0"]


@pytest.mark.parametrize("strips", [True, False])
def test_everything_works_below_a_prefix(serve: Serve, tmp_path: Path, strips: bool) -> None:
    server = serve(configuration("job", site={"url": "http://127.0.0.1/status"}))
    target = f"proxy_pass http://127.0.0.1:{server.port}{'/' if strips else ''};"
    with nginx(tmp_path / "nginx", f"location /status/ {{ {target} }}") as front:
        todo, seen = ["/status/"], set()
        while todo:
            path = todo.pop()
            if path in seen:
                continue
            seen.add(path)
            answer = front.get(path, **HTML)
            assert answer.status == 200, path
            assert "set-cookie" not in answer.headers
            if answer.headers["content-type"].startswith("text/html"):
                text = answer.text.replace("http://127.0.0.1/status", "/status")
                links = re.findall(r'(?:href|src)="(/[^"?#]*)', text)
                assert [link for link in links if not link.startswith("/status")] == []
                todo += [link if link != "/status" else "/status/" for link in links]
        assert {"/status/monitors/job", "/status/history", "/status/static/app.js"} <= seen
        moved = front.get("/status/events", **HTML)
        assert (moved.status, moved.headers["location"]) == (301, "/status/history")
        assert front.request("POST", f"/status{server.target('job').path}").status == 200
        assert len(server.target("job").rows()) == 1
