"""What stands in front of the server: nginx and Varnish with configurations of their own, as this user."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path

from .programs import program
from .server import Answer, free_port, until

NGINX = program("nginx")
VARNISH = program("varnishd")
TYPES = """
text/html html; text/css css; text/javascript js; application/json json; image/svg+xml svg; image/png png;
text/markdown md; text/plain txt; text/calendar ics; text/csv csv; application/atom+xml atom;
application/rss+xml rss; application/xml xml;
"""


class Front:
    """A web server on a port of this machine."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def get(self, path: str, **headers: str) -> Answer:
        return self.request("GET", path, **headers)

    def request(self, method: str, path: str, **headers: str) -> Answer:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, headers=named)
            answer = connection.getresponse()
            return Answer(answer.status, {n.lower(): v for n, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()


def _is_up(front: Front) -> bool:
    with suppress(OSError):
        front.get("/")
        return True
    return False


@contextmanager
def _running(words: list[str], port: int, folder: Path) -> Iterator[Front]:
    front = Front(port)
    with (folder / "front.log").open("wb") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        until(lambda: _is_up(front) or process.poll() is not None, 30, words[0])
        assert process.poll() is None, (folder / "front.log").read_text()
        yield front
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def nginx(folder: Path, inside: str, outside: str = "") -> Iterator[Front]:
    """One server with `inside` in it; `outside` stands beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    port = free_port()
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; user root; worker_processes 1; pid {folder}/pid; error_log stderr;"
        "events { worker_connections 512; }\n"
        f"http {{ access_log off; {temporary} types {{ {TYPES} }} {outside}\n"
        f"server {{ listen 127.0.0.1:{port}; {inside} }} }}\n"
    )
    with _running([NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf")], port, folder) as front:
        yield front


@contextmanager
def varnish(folder: Path, vcl: str) -> Iterator[Front]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "status.vcl").write_text(vcl)
    port = free_port()
    words = [VARNISH, "-F", "-a", f"127.0.0.1:{port}", "-f", str(folder / "status.vcl")]
    words += ["-n", str(folder / "varnish"), "-s", "malloc,64m", "-T", "none", "-j", "none"]
    with _running(words, port, folder) as front:
        yield front
