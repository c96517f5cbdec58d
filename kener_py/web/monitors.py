"""What a program with a key does about the open alerts of a monitor."""

from __future__ import annotations

from flask import Response, jsonify

from kener_py.service import Service
from kener_py.web import fields, keys
from kener_py.web.api import error, rfc3339

_NOBODY = "No monitor has this tag"


def acknowledge(service: Service, tag: str) -> Response:
    """POST: no reminders about what is TRIGGERED now."""
    key = keys.authorised(service, keys.INCIDENTS, tag)
    if isinstance(key, Response):
        return key
    if service.monitor(tag) is None:
        return error(404, _NOBODY)
    return jsonify(monitor=tag, acknowledged=service.acknowledge(tag))


def snooze(service: Service, tag: str) -> Response:
    """POST `{"until": "2026-12-01T22:00:00Z"}`: nothing of trouble is told before, or its recovery."""
    key = keys.authorised(service, keys.INCIDENTS, tag)
    if isinstance(key, Response):
        return key
    if service.monitor(tag) is None:
        return error(404, _NOBODY)
    try:
        until = fields.read({"until": fields.moment}, frozenset({"until"}))["until"]
    except fields.Malformed as problem:
        return error(problem.code, str(problem))
    if until <= service.clock():
        return error(400, "until: should lie in the future")
    if service.snooze(tag, until - service.clock()) is None:
        return error(404, _NOBODY)
    return jsonify(monitor=tag, snoozed_until=rfc3339(until))
