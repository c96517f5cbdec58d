"""Incidents: read by everybody, written with a key."""

from __future__ import annotations

from typing import Any

from kener_py.model import IncidentState, Severity
from kener_py.service.incidents import LONGEST_TEXT, LONGEST_TITLE
from kener_py.web import keys
from kener_py.web.openapi.answers import usual
from kener_py.web.openapi.parts import (
    Json,
    accepted,
    answer,
    fixed,
    json_body,
    key,
    key_or_nobody,
    list_of,
    operation,
    or_null,
    ref,
    text,
    words,
)
from kener_py.web.openapi.values import ID, IF_NONE_MATCH, MOMENT, NUMBER, TAGS, TIME, UPDATE

NAME = "Incidents"
SCOPE = keys.INCIDENTS

_TITLE = text(minLength=1, maxLength=LONGEST_TITLE)
_TEXT = text("Markdown without HTML and images.", minLength=1, maxLength=LONGEST_TEXT)
_STATE = words(IncidentState)
_PAST = MOMENT | {"description": "RFC 3339 with its offset, not in the future."}

_PUBLIC: dict[str, Json] = {
    "id": ID,
    "title": text(),
    "state": _STATE,
    "severity": words(Severity),
    "started": TIME,
    "resolved": or_null(TIME),
    "monitors": TAGS | {"description": "The tags of public monitors that it is about; none: all."},
    "updates": list_of(ref("IncidentUpdate"), description="The newest first."),
}
_FOR_HOLDERS: dict[str, Json] = {
    "is_draft": {"type": "boolean", "description": "Nobody but holders of a key sees it yet."},
    "is_hidden": {"type": "boolean", "description": "It is about hidden monitors and never public."},
    "opened_for": or_null(text("The monitor whose alert opened it; null if people did.")),
}
_EDITABLE: dict[str, Json] = {
    "title": _TITLE,
    "severity": words(Severity),
    "monitors": TAGS,
    "started": _PAST,
    "resolved": _PAST,
}

SCHEMAS: dict[str, Json] = {
    "IncidentUpdate": fixed({"id": ID, "state": _STATE, "text": text("Markdown."), "created": TIME}),
    "Incident": fixed(_PUBLIC, description="What everybody may know of it."),
    "FullIncident": fixed(
        _PUBLIC | _FOR_HOLDERS, description="What holders of a key are told, drafts included."
    ),
    "AnyIncident": {"anyOf": [ref("Incident"), ref("FullIncident")]},
    "NewIncident": accepted(
        _EDITABLE
        | {
            "text": _TEXT | {"description": "The first update, in Markdown."},
            "state": _STATE | {"default": "INVESTIGATING"},
            "is_draft": {"type": "boolean", "default": False},
        },
        ["title", "text"],
        description="`resolved` goes with the state RESOLVED only. Words are read in any case of letters.",
    ),
    "IncidentEdit": accepted(_EDITABLE, description="What is missing stays."),
    "NewIncidentUpdate": accepted(
        {"text": _TEXT, "state": _STATE, "created": _PAST},
        ["text"],
        description="Without `state` it changes nothing about the state of the incident.",
    ),
    "IncidentUpdateEdit": accepted(
        {"text": _TEXT, "state": _STATE, "created": _PAST}, description="What is missing stays."
    ),
    "Resolution": accepted({"text": _TEXT, "resolved": _PAST}),
}

_UPDATES = [
    {"id": "2", "state": "IDENTIFIED", "text": "A full disk.", "created": "2026-09-30T11:52:00.000Z"},
    {
        "id": "1",
        "state": "INVESTIGATING",
        "text": "We are **looking into it**.",
        "created": "2026-09-30T11:41:00.000Z",
    },
]
_EXAMPLE = {
    "id": "1",
    "title": "Backups are late",
    "state": "IDENTIFIED",
    "severity": "major",
    "started": "2026-09-30T11:30:00.000Z",
    "resolved": None,
    "monitors": ["nightly-backup"],
    "updates": _UPDATES,
}
_FULL_EXAMPLE = _EXAMPLE | {"is_draft": False, "is_hidden": False, "opened_for": None}
_REFUSALS = usual(400, 401, 403, 404, 413, 429, 503)


def _writes(id: str, summary: str, code: int = 200, **of: Any) -> Json:
    """An operation that answers with the incident as it is then."""
    answers = {code: answer("The incident as it is now.", ref("FullIncident"), _FULL_EXAMPLE), **_REFUSALS}
    return operation(id, NAME, summary, answers, security=key(SCOPE), **of)


_CREATED = answer(
    "The incident.",
    ref("FullIncident"),
    _FULL_EXAMPLE,
    headers={"Location": {"description": "Where it is.", "schema": {"type": "string"}}},
)

PATHS: dict[str, Json] = {
    "/api/v1/incidents": {
        "get": operation(
            "listIncidents",
            NAME,
            "Every public incident, newest first; with a key drafts and hidden ones too",
            {200: answer("The incidents.", list_of(ref("AnyIncident")), [_EXAMPLE]), **usual(304, 503)},
            parameters=[IF_NONE_MATCH],
            security=key_or_nobody(SCOPE),
        ),
        "post": operation(
            "createIncident",
            NAME,
            "Open an incident",
            {201: _CREATED, **usual(400, 401, 403, 413, 429, 503)},
            body=json_body(
                ref("NewIncident"),
                {
                    "title": "Backups are late",
                    "text": "We are **looking into it**.",
                    "severity": "major",
                    "monitors": ["nightly-backup"],
                },
            ),
            security=key(SCOPE),
        ),
    },
    "/api/v1/incidents/{id}": {
        "get": operation(
            "getIncident",
            NAME,
            "One incident with its updates",
            {200: answer("The incident.", ref("AnyIncident"), _EXAMPLE), **usual(304, 404, 503)},
            parameters=[NUMBER, IF_NONE_MATCH],
            security=key_or_nobody(SCOPE),
        ),
        "patch": _writes(
            "editIncident",
            "Correct its title, severity, monitors or times",
            parameters=[NUMBER],
            body=json_body(ref("IncidentEdit"), {"severity": "critical"}, is_required=False),
        ),
        "delete": operation(
            "deleteIncident",
            NAME,
            "Forget it; its id is never given again",
            {204: answer("It is gone."), **usual(401, 403, 404, 429, 503)},
            parameters=[NUMBER],
            security=key(SCOPE),
        ),
    },
    "/api/v1/incidents/{id}/publish": {
        "post": _writes(
            "publishIncident",
            "Show a draft to everybody",
            parameters=[NUMBER],
            body=json_body(accepted({}), {}, is_required=False),
        ),
    },
    "/api/v1/incidents/{id}/resolve": {
        "post": _writes(
            "resolveIncident",
            "Say that it is over",
            parameters=[NUMBER],
            body=json_body(ref("Resolution"), {"text": "More disk."}, is_required=False),
        ),
    },
    "/api/v1/incidents/{id}/updates": {
        "post": _writes(
            "addIncidentUpdate",
            "Say something more",
            201,
            parameters=[NUMBER],
            body=json_body(ref("NewIncidentUpdate"), {"state": "IDENTIFIED", "text": "A full disk."}),
        ),
    },
    "/api/v1/incidents/{id}/updates/{update}": {
        "patch": _writes(
            "editIncidentUpdate",
            "Say it differently",
            parameters=[NUMBER, UPDATE],
            body=json_body(ref("IncidentUpdateEdit"), {"text": "Two full disks."}, is_required=False),
        ),
        "delete": operation(
            "deleteIncidentUpdate",
            NAME,
            "Take an update back; the last one stays",
            {
                200: answer("The incident as it is now.", ref("FullIncident"), _FULL_EXAMPLE),
                **usual(400, 401, 403, 404, 429, 503),
            },
            parameters=[NUMBER, UPDATE],
            security=key(SCOPE),
        ),
    },
}
