"""What every figure is compared with: applications that do nothing, on the product's own HTTP server.

`python -m benchmarks.baseline bare|flask PORT`; both answer every request with "ok".
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask

from kener_py.cli import server
from kener_py.model import Server

_THREADS = 32

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


def bare(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"ok"]


def flask() -> Flask:
    app = Flask("baseline")

    def ok(**_: str) -> str:
        return "ok"

    for number, rule in enumerate(("/", "/<path:rest>")):
        app.add_url_rule(rule, f"ok {number}", ok, methods=["GET", "POST"])
    return app


def serve(app: WSGIApplication, port: int) -> None:
    """As the product serves: its own function, on the same server."""
    host, port = server.listening_at(Server(port=port))
    server.listen(app, host, port, lambda: None, threads=_THREADS)()


if __name__ == "__main__":
    serve(bare if sys.argv[1] == "bare" else flask(), int(sys.argv[2]))
