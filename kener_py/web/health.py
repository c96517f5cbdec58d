"""Whether the server itself is well; never whether the monitors are up."""

from __future__ import annotations

from flask import Response

from kener_py.service import Service


def _plain(code: int, text: str) -> Response:
    answer = Response(f"{text}\n", code, content_type="text/plain; charset=utf-8")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def livez(service: Service) -> Response:
    """The process answers; nothing else is touched."""
    return _plain(200, "ok")


def readyz(service: Service) -> Response:
    """The loop ticks and the database takes writes: the loop's own mark is one."""
    trouble = service.trouble()
    return _plain(200, "ok") if trouble is None else _plain(503, trouble)
