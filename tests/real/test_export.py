"""The page as files: written beside and by a server, given out by nginx and Python, seen in a browser."""

from __future__ import annotations

import functools
import http.server
import json
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from .browser import Browser, needed
from .conftest import Serve
from .fronts import Front, nginx
from .programs import needs
from .server import ROOT, Server, configuration, free_port, run, until

pytestmark = pytest.mark.real
PAGES = ("/monitors/job", "/api", "/embed/monitor-job", "/index.md")
DATA = (
    *("/api/v1/monitors", "/badge/job/status", "/history.atom", "/maintenance.ics", "/uptime.csv"),
    "/embed/monitor-job/js",
)
Give = Callable[[Path], AbstractContextManager[Front]]


@pytest.fixture(scope="module")
def exported(serve_module: Serve, tmp_path_factory: pytest.TempPathFactory) -> tuple[Server, Path]:
    """A server and its page as files, at the root of a host."""
    server = serve_module(configuration("job", "other"))
    server.target("job").beat()
    server.target("other").beat('{"status": "down"}')
    server.target("other").becomes("DOWN")
    page = tmp_path_factory.mktemp("export") / "page"
    export(server, page)
    return server, page


def export(server: Server, page: Path) -> dict[str, object]:
    words = [sys.executable, "-m", "kener_py", "export", "--config", str(server.config), str(page), "--json"]
    code, told, said = run(words, server.folder, {"KENER_DATABASE": str(server.database)})
    assert (code, said) == (0, "")
    found: dict[str, object] = json.loads(told)
    return found


@contextmanager
def by_python(page: Path) -> Iterator[Front]:
    handler = functools.partial(_Quiet, directory=str(page))
    with http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield Front(server.server_port)
        server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_words: object) -> None:
        """Nobody reads it."""


@contextmanager
def by_nginx(page: Path) -> Iterator[Front]:
    """As docs/static-export.md says."""
    text = re.findall(r"```nginx\n(.*?)```", (ROOT / "docs" / "static-export.md").read_text(), re.DOTALL)[0]
    inside = text.partition("server {")[2].replace("listen 80;", "").rstrip().removesuffix("}")
    for folder in (page, *page.parents[:-1]):
        folder.chmod(folder.stat().st_mode | 0o055)
    with nginx(page.parent / "nginx", inside.replace("/var/lib/kener-py/page", str(page))) as front:
        yield front


GIVE = [by_python, pytest.param(by_nginx, marks=needs("nginx"))]


def followed(front: Front, path: str) -> tuple[int, str, str]:
    """Status, type and text, after a redirect to the folder."""
    answer = front.get(path, Accept="text/html")
    if answer.status == 301:
        answer = front.get(urlsplit(answer.headers["location"]).path, Accept="text/html")
    return answer.status, answer.headers.get("content-type", ""), answer.text


@pytest.mark.parametrize("give", GIVE)
def test_every_link_leads_somewhere(exported: tuple[Server, Path], give: Give) -> None:
    with give(exported[1]) as front:
        todo, seen = ["/"], set()
        while todo:
            path = todo.pop()
            if path in seen:
                continue
            seen.add(path)
            status, kind, text = followed(front, path)
            assert status == 200, path
            if kind.startswith("text/html"):
                todo += re.findall(r'(?:href|src)="(/[^"?#]*)', text)
        assert {"/de/monitors/job", "/monitors/other", "/history.atom", "/api/v1/monitors.json"} <= seen


@needs("nginx")
def test_nginx_gives_out_the_addresses_of_the_server(exported: tuple[Server, Path]) -> None:
    server, page = exported
    with by_nginx(page) as front:
        for path in (*PAGES, *DATA):
            here, there = front.get(path, Accept="text/html"), server.get(path, {"Accept": "text/html"})
            assert here.status == there.status == 200, path
            same = (
                here.headers["content-type"].partition(";")[0],
                there.headers["content-type"].partition(";")[0],
            )
            assert same[0] == same[1], path
        missing = front.get("/nothing")
        assert (missing.status, "There is no such page" in missing.text) == (404, True)
        assert front.get("/.kener-export.json").status == 404
        named = front.get("/about").headers["etag"]
        assert front.get("/about", If_None_Match=named).status == 304


def test_a_server_keeps_its_files_fresh_and_lives_without_them(serve: Serve, tmp_path: Path) -> None:
    folder = tmp_path / "page"
    server = serve(configuration("job", export={"folder": str(folder), "every": "1s"}))
    until(lambda: (folder / "written.json").exists() and (folder / "monitors/job/index.html").exists(), 60)
    server.target("job").beat('{"status": "down", "message": "no"}')
    until(lambda: "outage" in (folder / "index.html").read_text(), 60)
    server.edit(configuration("job", export={"folder": "/proc/nothing", "every": "1s"}))
    until(lambda: "kener_export_last_successful 0.0" in server.get("/metrics").text, 60)
    assert server.target("job").beat().status == 200
    assert server.get("/readyz").status == 200


# ---- in a browser ----------------------------------------------------------------------------


@needed
def test_a_fresh_copy_shows_the_state_and_says_as_of_when(
    exported: tuple[Server, Path], browser: Browser
) -> None:
    server, page = exported
    until(lambda: export(server, page) is not None)
    with by_python(page) as front:
        seen = browser.open(front.url)
        assert "Partial outage" in seen.text("#banner h1")
        assert seen.text("#copied").startswith("This copy is from ")
        assert seen.text("#copied strong") == ""
        assert seen.complaints == []
        seen.close()


@needed
@pytest.mark.parametrize("path", ["/", "/monitors/job/", "/embed/status/"])
def test_an_old_copy_says_that_nothing_is_known(
    exported: tuple[Server, Path], browser: Browser, path: str
) -> None:
    """Five minutes pass for the browser and its server: nobody writes a newer copy."""
    server, page = exported
    export(server, page)
    with older(page) as front:
        seen = browser.open(f"{front.url}{path}")
        until(lambda: "No newer one has come" in seen.text("#copied strong"))
        banner = "#now h1" if "embed" in path else "#banner :is(h1, h2)"
        until(lambda: "unknown" in seen.text(banner).lower())
        assert "Operational" not in seen.js("document.title")
        assert seen.complaints == []
        seen.close()


@contextmanager
def older(page: Path) -> Iterator[Front]:
    """The files as a server gives them out whose clock is five minutes later."""

    class Later(_Quiet):
        def date_time_string(self, timestamp: float | None = None) -> str:
            return super().date_time_string(time.time() + 300 if timestamp is None else int(timestamp))

    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", free_port()), functools.partial(Later, directory=str(page))
    ) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Front(server.server_port)
        server.shutdown()
