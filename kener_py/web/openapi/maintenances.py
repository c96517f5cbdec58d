"""Maintenance windows: read by everybody, written with a key."""

from __future__ import annotations

from kener_py.model import MaintenanceState
from kener_py.service.maintenance import LONGEST_DESCRIPTION, LONGEST_TITLE
from kener_py.web import keys
from kener_py.web.openapi.answers import usual
from kener_py.web.openapi.parts import (
    Json,
    accepted,
    answer,
    fixed,
    json_body,
    key,
    list_of,
    operation,
    or_null,
    ref,
    text,
    words,
)
from kener_py.web.openapi.values import ID, IF_NONE_MATCH, MOMENT, NUMBER, TAGS, TIME

NAME = "Maintenance"
SCOPE = keys.INCIDENTS

_EDITABLE: dict[str, Json] = {
    "title": text(minLength=1, maxLength=LONGEST_TITLE),
    "description": text("Markdown without HTML and images.", maxLength=LONGEST_DESCRIPTION),
    "start": MOMENT,
    "end": MOMENT | {"description": "Later than the start."},
    "monitors": TAGS | {"minItems": 1},
}

SCHEMAS: dict[str, Json] = {
    "Maintenance": fixed(
        {
            "id": ID,
            "title": text(),
            "description": text("Markdown."),
            "state": words(MaintenanceState),
            "start": TIME,
            "end": TIME,
            "cancelled": or_null(TIME | {"description": "When it was, if it was."}),
            "monitors": TAGS,
        },
        description="A window in which silence is expected.",
    ),
    "NewMaintenance": accepted(
        _EDITABLE,
        ["title", "start", "end"],
        description="Without `monitors` it is about all that the key may write.",
    ),
    "MaintenanceEdit": accepted(_EDITABLE, description="What is missing stays."),
}

_EXAMPLE = {
    "id": "1",
    "title": "Disk swap",
    "description": "Backups run **later**.",
    "state": "SCHEDULED",
    "start": "2026-12-01T22:00:00.000Z",
    "end": "2026-12-01T23:00:00.000Z",
    "cancelled": None,
    "monitors": ["nightly-backup"],
}
_WRITTEN = answer("The window as it is now.", ref("Maintenance"), _EXAMPLE)
_MADE = _WRITTEN | {"headers": {"Location": {"description": "Where it is.", "schema": {"type": "string"}}}}

PATHS: dict[str, Json] = {
    "/api/v1/maintenances": {
        "get": operation(
            "listMaintenances",
            NAME,
            "Public windows: those that run, of the next 60 days and of the last 90",
            {200: answer("The windows.", list_of(ref("Maintenance")), [_EXAMPLE]), **usual(304, 503)},
            parameters=[IF_NONE_MATCH],
        ),
        "post": operation(
            "createMaintenance",
            NAME,
            "Plan a window",
            {201: _MADE, **usual(400, 401, 403, 413, 422, 429, 503)},
            body=json_body(
                ref("NewMaintenance"),
                {
                    "title": "Disk swap",
                    "start": "2026-12-01T22:00:00Z",
                    "end": "2026-12-02T00:00:00+01:00",
                    "monitors": ["nightly-backup"],
                },
            ),
            security=key(SCOPE),
        ),
    },
    "/api/v1/maintenances/{id}": {
        "get": operation(
            "getMaintenance",
            NAME,
            "One window",
            {200: answer("The window.", ref("Maintenance"), _EXAMPLE), **usual(304, 404, 503)},
            parameters=[NUMBER, IF_NONE_MATCH],
        ),
        "patch": operation(
            "editMaintenance",
            NAME,
            "Change its words, times or monitors",
            {200: _WRITTEN, **usual(400, 401, 403, 404, 409, 413, 422, 429, 503)},
            parameters=[NUMBER],
            body=json_body(ref("MaintenanceEdit"), {"title": "Disk swap, part two"}, is_required=False),
            security=key(SCOPE),
        ),
        "delete": operation(
            "cancelMaintenance",
            NAME,
            "Cancel it: one that runs ends now, one to come never begins",
            {200: _WRITTEN, **usual(401, 403, 404, 409, 429, 503)},
            parameters=[NUMBER],
            security=key(SCOPE),
        ),
    },
}
