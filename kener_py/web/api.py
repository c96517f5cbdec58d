"""JSON for programs: what the page shows, and one shape for every error, or RFC 9457's for who asks."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

from flask import Response, jsonify, request
from werkzeug.http import HTTP_STATUS_CODES

from kener_py.model import Instant, MonitorView, Status
from kener_py.service import Service

PROBLEM_TYPE = "application/problem+json"
# Jobs compare the whole of an error; whatever they accept, it stays as it is.
_OF_JOBS = ("/api/heartbeat", "/api/v1/heartbeat")


def rfc3339(at: Instant | None) -> str | None:
    """An instant as "2026-09-30T13:41:00.000Z"; None stays None."""
    if at is None:
        return None
    second, millis = divmod(at, 1_000)
    return f"{_second(second)}.{millis:03}Z"


@lru_cache(maxsize=4_096)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def problem(code: int, text: str) -> dict[str, object]:
    """What is wrong, as RFC 9457 has it, and as `{"error": text}` has it."""
    title = HTTP_STATUS_CODES.get(code, "Error")
    return {"type": "about:blank", "title": title, "status": code, "detail": text, "error": text}


def error(code: int, text: str) -> Response:
    """`{"error": text}`; below /api/ problem details instead if `Accept` names them."""
    is_choice = request.path.startswith("/api/") and not request.path.startswith(_OF_JOBS)
    is_problem = is_choice and any(
        name == PROBLEM_TYPE and quality for name, quality in request.accept_mimetypes
    )
    answer: Response = jsonify(problem(code, text) if is_problem else {"error": text})
    if is_problem:
        answer.mimetype = PROBLEM_TYPE
    if is_choice:
        answer.vary.add("Accept")
    answer.status_code = code
    answer.headers["Cache-Control"] = "no-store"
    return answer


def is_id(text: str) -> bool:
    """Whether it can be an id: each has one address only, so no "+1", "007" or "１"."""
    return re.fullmatch("[1-9][0-9]{0,17}", text) is not None


def monitor_fields(view: MonitorView, is_stale: bool) -> dict[str, object]:
    """What programs are told of a monitor; nothing is known of it while the loop stands still."""
    uptime = {name: Service.percent(total) for name, total in view.uptime.items()}
    return {
        "tag": view.monitor.tag,
        "name": view.monitor.name,
        "category": view.monitor.category or None,
        "status": Status.NO_DATA if is_stale else view.status,
        "since": None if is_stale else rfc3339(view.since),
        "last_heartbeat": rfc3339(view.last),
        "next_expected": rfc3339(view.next_expected),
        "uptime": {name: None if text is None else float(text) for name, text in uptime.items()},
    }


def public(answer: Response) -> Response:
    """An answer that any page may read, and that is asked for again each time."""
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def monitors(service: Service) -> Response:
    """Every public monitor. While the loop stands still, nothing is known: NO_DATA."""
    stale = service.is_stale(service.measured(), service.clock())
    return public(jsonify([monitor_fields(view, stale) for view in service.monitor_views()]))


def monitor(service: Service, tag: str) -> Response:
    view = service.monitor_view(tag)
    if view is None:
        return public(error(404, "No public monitor has this tag"))
    return public(jsonify(monitor_fields(view, service.is_stale(service.measured(), service.clock()))))
