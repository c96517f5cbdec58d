"""Maintenance windows for programs: everybody may read what the page shows, a key may write."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Response, jsonify, request

from kener_py.model import ApiKey, Instant, Maintenance
from kener_py.service import Service
from kener_py.service.maintenance import Invalid, Refused
from kener_py.web import keys
from kener_py.web.api import error, is_id, public, rfc3339
from kener_py.web.words import path

_FIELDS = ("title", "description", "start", "end", "monitors")
_LARGEST = 100_000  # bytes of a body
_NOBODY = "No maintenance has this id"


class _Malformed(Exception):
    """The body cannot be read; the message names the field."""


def fields(service: Service, window: Maintenance) -> dict[str, object]:
    """What programs are told of a window. `cancelled` says when it was, if it was."""
    return {
        "id": str(window.id),
        "title": window.title,
        "description": window.description,
        "state": service.maintenance_state(window, service.clock()),
        "start": rfc3339(window.start),
        "end": rfc3339(window.end),
        "cancelled": rfc3339(window.cancelled),
        "monitors": list(window.monitors),
    }


def listed(service: Service) -> Response:
    """Every public window that runs, of the next 60 days and of the last 90."""
    return public(jsonify([fields(service, each) for each in service.maintenances()]))


def shown(service: Service, number: str) -> Response:
    page = service.maintenance_page(int(number)) if is_id(number) else None
    if page is None:
        return public(error(404, "No public maintenance has this id"))
    return public(jsonify(fields(service, page.maintenance)))


# ---- with a key ------------------------------------------------------------------------------


def add(service: Service) -> Response:
    """POST: a new window; without `monitors` it is about all that the key may write."""
    key = keys.authorised(service, keys.INCIDENTS)
    if isinstance(key, Response):
        return key

    def job() -> Response:
        given = _given()
        for name in ("title", "start", "end"):
            if name not in given:
                raise Invalid(name, "is missing")
        tags = given.get("monitors", key.monitors)
        if tags is not None and not keys.covers(key, tags):
            return error(403, keys.LIMITED)
        made = service.add_maintenance(
            given["title"], given["start"], given["end"], tags, given.get("description", "")
        )
        answer = _written(service, made)
        answer.status_code = 201
        answer.headers["Location"] = path(f"/api/v1/maintenances/{made.id}")
        return answer

    return _explained(job)


def change(service: Service, number: str) -> Response:
    """PATCH: what is in the body changes, all else stays."""

    def job(window: Maintenance, key: ApiKey) -> Response:
        given = _given()
        changed = replace(window, **given)
        if not keys.covers(key, changed.monitors):
            return error(403, keys.LIMITED)
        return _written(service, service.update_maintenance(changed))

    return _with(service, number, job)


def cancel(service: Service, number: str) -> Response:
    """DELETE: a window that runs ends now, one to come never begins. The row stays, as CANCELLED."""
    return _with(
        service, number, lambda window, key: _written(service, service.cancel_maintenance(window.id or 0))
    )


def _with(service: Service, number: str, job: Callable[[Maintenance, ApiKey], Response]) -> Response:
    key = keys.authorised(service, keys.INCIDENTS)
    if isinstance(key, Response):
        return key
    window = service.maintenance(int(number)) if is_id(number) else None
    if window is None:
        return error(404, _NOBODY)
    if not keys.covers(key, window.monitors):
        return error(403, keys.LIMITED)
    return _explained(lambda: job(window, key))


def _explained(job: Callable[[], Response]) -> Response:
    try:
        return job()
    except _Malformed as problem:
        return error(400, str(problem))
    except Invalid as problem:
        return error(422, str(problem))
    except Refused as problem:
        return error(409, str(problem))


def _written(service: Service, window: Maintenance | None) -> Response:
    if window is None:
        return error(404, _NOBODY)
    answer: Response = jsonify(fields(service, window))
    answer.headers["Cache-Control"] = "no-store"
    return answer


# ---- the body --------------------------------------------------------------------------------


def _given() -> dict[str, Any]:
    """The fields of the JSON body, each of its type; times as instants. Raises _Malformed."""
    request.max_content_length = _LARGEST
    try:
        body = json.loads(request.get_data(cache=False))
    except (ValueError, RecursionError):
        raise _Malformed("the body should be JSON") from None
    if not isinstance(body, dict):
        raise _Malformed("the body should be a JSON object")
    unknown = [name for name in body if name not in _FIELDS]
    if unknown:
        raise _Malformed(f"{unknown[0][:64]}: unknown field; there are {', '.join(_FIELDS)}")
    read = {"start": _moment, "end": _moment, "monitors": _tags}
    return {name: read.get(name, _text)(name, value) for name, value in body.items()}


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise _Malformed(f"{name}: should be a text")
    return value


def _tags(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise _Malformed(f"{name}: should be a list of tags")
    return tuple(value)


def _moment(name: str, value: object) -> Instant:
    """RFC 3339, which always has an offset."""
    try:
        found = datetime.fromisoformat(_text(name, value))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise _Malformed(f"{name}: should be a time with its offset, such as 2026-12-01T22:00:00Z")
    return (found - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
