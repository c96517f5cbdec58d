"""Incidents for programs: read by everybody, written with an API key of the scope `incidents:write`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from flask import Response, jsonify

from kener_py.model import ApiKey, Config, Incident, IncidentState, Instant, Severity
from kener_py.service import Service, incidents
from kener_py.store import Database
from kener_py.web import fields, keys
from kener_py.web.api import error, is_id, public, rfc3339
from kener_py.web.words import path

SCOPE = "incidents:write"
_UNKNOWN = "No public incident has this id"

_STATE = fields.one_of(IncidentState)
_EDITABLE = {
    "title": fields.text,
    "severity": fields.one_of(Severity),
    "monitors": fields.tags,
    "started": fields.moment,
    "resolved": fields.moment,
}
_CREATE = _EDITABLE | {"text": fields.text, "state": _STATE, "is_draft": fields.flag}
_UPDATE = {"text": fields.text, "state": _STATE, "created": fields.moment}
_RESOLVE = {"text": fields.text, "resolved": fields.moment}


def public_fields(each: Incident) -> dict[str, object]:
    """What everybody may know of an incident that everybody may see."""
    return {
        "id": str(each.id),
        "title": each.title,
        "state": each.state,
        "severity": each.severity,
        "started": rfc3339(each.started),
        "resolved": rfc3339(each.resolved),
        "monitors": list(each.monitors),
        "updates": [
            {
                "id": str(update.id),
                "state": update.state,
                "text": update.text,
                "created": rfc3339(update.created),
            }
            for update in each.updates
        ],
    }


def all_fields(each: Incident, at: Instant) -> dict[str, object]:
    """The same, and what operators may know besides."""
    return public_fields(each) | {
        "is_draft": incidents.is_draft(each, at),
        "is_hidden": not each.is_public,
        "opened_for": each.opened_for,
    }


# ---- reading ---------------------------------------------------------------------------------


def _for_holder(answer: Response) -> Response:
    answer.headers["Cache-Control"] = "no-store"
    return answer


def listed(service: Service) -> Response:
    """Every public incident that is kept, newest first; with a key the others as well."""
    key = keys.holder(service, SCOPE)
    if key is None:
        return public(jsonify([public_fields(each) for each in service.incidents()]))
    at = service.clock()
    seen = {each.id: public_fields(each) for each in service.incidents()}
    found = [
        all_fields(each, at) if incidents.is_within(each, key.monitors) else seen[each.id]
        for each in service.all_incidents()
        if each.id in seen or incidents.is_within(each, key.monitors)
    ]
    return _for_holder(jsonify(found))


def one(service: Service, number: str) -> Response:
    key = keys.holder(service, SCOPE)
    if key is not None:
        found = service.any_incident(int(number)) if is_id(number) else None
        if found is not None and incidents.is_within(found, key.monitors):
            return _for_holder(jsonify(all_fields(found, service.clock())))
    seen = service.public_incident(int(number)) if is_id(number) else None
    if seen is None:
        return public(error(404, _UNKNOWN))
    return public(jsonify(public_fields(seen)))


# ---- writing ---------------------------------------------------------------------------------

View = Callable[..., Response]


def _with_key(view: View) -> View:
    """The view of a service, a key and the ids in its URL; whatever is wrong becomes an answer."""

    @wraps(view)
    def call(service: Service, **ids: str) -> Response:
        key = keys.authorised(service, SCOPE)
        if isinstance(key, Response):
            return key
        if not all(map(is_id, ids.values())):
            return error(404, "No incident has this id")
        try:
            return view(service, key, **{name: int(text) for name, text in ids.items()})
        except fields.Malformed as problem:
            return error(problem.code, str(problem))
        except incidents.Forbidden as problem:
            return error(403, str(problem))
        except incidents.Unknown as problem:
            return error(404, str(problem))
        except incidents.Refused as problem:
            return error(400, str(problem))

    return call


def _answer(service: Service, incident: Incident) -> Response:
    return _for_holder(jsonify(all_fields(incident, service.clock())))


Job = Callable[[Database, Config, Instant], Incident]


def _changed(service: Service, key: ApiKey, number: int, job: Job) -> Response:
    """The incident as `job` leaves it, if it was and is one that the key may speak of."""

    def guarded(db: Database, config: Config, at: Instant) -> Incident:
        incidents.check_within(incidents.found(db, number), key.monitors)
        return incidents.check_within(job(db, config, at), key.monitors)

    return _answer(service, service.change(guarded))


@_with_key
def create(service: Service, key: ApiKey) -> Response:
    given = fields.read(_CREATE, frozenset({"title", "text"}))
    title, text = given.pop("title"), given.pop("text")

    def job(db: Database, config: Config, at: Instant) -> Incident:
        made = incidents.create(db, config, title, text, at, **given)
        return incidents.check_within(made, key.monitors)

    made = service.change(job)
    answer = _answer(service, made)
    answer.status_code = 201
    answer.headers["Location"] = path(f"/api/v1/incidents/{made.id}")
    return answer


@_with_key
def edit(service: Service, key: ApiKey, number: int) -> Response:
    given = fields.read(_EDITABLE)
    return _changed(
        service, key, number, lambda db, config, at: incidents.edit(db, config, number, at, **given)
    )


@_with_key
def delete(service: Service, key: ApiKey, number: int) -> Response:
    def job(db: Database, config: Config, at: Instant) -> None:
        incidents.check_within(incidents.found(db, number), key.monitors)
        incidents.delete(db, number)

    service.change(job)
    return _for_holder(Response(status=204))


@_with_key
def publish(service: Service, key: ApiKey, number: int) -> Response:
    fields.read({})
    return _changed(service, key, number, lambda db, config, at: incidents.publish(db, number, at))


@_with_key
def resolve(service: Service, key: ApiKey, number: int) -> Response:
    given = fields.read(_RESOLVE)
    return _changed(service, key, number, lambda db, config, at: incidents.resolve(db, number, at, **given))


@_with_key
def add_update(service: Service, key: ApiKey, number: int) -> Response:
    given = fields.read(_UPDATE, frozenset({"text"}))
    answer = _changed(
        service, key, number, lambda db, config, at: incidents.update(db, number, at=at, **given)
    )
    answer.status_code = 201
    return answer


@_with_key
def edit_update(service: Service, key: ApiKey, number: int, update: int) -> Response:
    given = fields.read(_UPDATE)
    return _changed(
        service, key, number, lambda db, config, at: incidents.edit_update(db, number, update, at, **given)
    )


@_with_key
def delete_update(service: Service, key: ApiKey, number: int, update: int) -> Response:
    return _changed(service, key, number, lambda db, config, at: incidents.delete_update(db, number, update))
