"""Maintenance windows for programs: everybody may read what the page shows, a key may write."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, jsonify

from kener_py.model import ApiKey, Maintenance, replace
from kener_py.service import Service
from kener_py.service.maintenance import Invalid, Refused
from kener_py.web import fields, keys
from kener_py.web.api import error, is_id, public, rfc3339
from kener_py.web.words import path

_EDITABLE = {
    "title": fields.text,
    "description": fields.text,
    "start": fields.moment,
    "end": fields.moment,
    "monitors": fields.tags,
}
_NOBODY = "No maintenance has this id"


def shape(service: Service, window: Maintenance) -> dict[str, object]:
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
    return public(jsonify([shape(service, each) for each in service.maintenances()]))


def shown(service: Service, number: str) -> Response:
    seen = service.public_maintenance(int(number)) if is_id(number) else None
    if seen is None:
        return public(error(404, "No public maintenance has this id"))
    return public(jsonify(shape(service, seen)))


# ---- with a key ------------------------------------------------------------------------------


def add(service: Service) -> Response:
    """POST: a new window; without `monitors` it is about all that the key may write."""
    key = keys.authorised(service, keys.INCIDENTS)
    if isinstance(key, Response):
        return key

    def job() -> Response:
        given = fields.read(_EDITABLE, frozenset({"title", "start", "end"}))
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
        given = fields.read(_EDITABLE)
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
    except fields.Malformed as problem:
        return error(problem.code, str(problem))
    except Invalid as problem:
        return error(422, str(problem))
    except Refused as problem:
        return error(409, str(problem))


def _written(service: Service, window: Maintenance | None) -> Response:
    if window is None:
        return error(404, _NOBODY)
    answer: Response = jsonify(shape(service, window))
    answer.headers["Cache-Control"] = "no-store"
    return answer
