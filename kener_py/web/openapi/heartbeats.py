"""The calls of jobs."""

from __future__ import annotations

from typing import Any

from kener_py.model import Status
from kener_py.web.heartbeat import SCOPE
from kener_py.web.openapi.answers import RETRY_AFTER, WHO, plain_error
from kener_py.web.openapi.parts import (
    PUBLIC,
    Json,
    accepted,
    answer,
    fixed,
    key,
    operation,
    parameter,
    ref,
    text,
    words,
)
from kener_py.web.openapi.values import TAG, TAG_SHAPE, TIME

NAME = "Heartbeats"

_METRICS: Json = {
    "type": "object",
    "additionalProperties": {"type": "number"},
    "description": "Names and numbers; the first 100 are kept.",
}
_FIELDS = {
    "status": words(["up", "degraded", "down"], description="In any case of letters; `up` if it is missing."),
    "message": text("At most 100 kB are kept, head and tail."),
    "metrics": _METRICS,
}
_EXAMPLE = {"status": "degraded", "message": "2 of 3 disks copied", "metrics": {"files": 1204}}

SCHEMAS: dict[str, Json] = {
    "Report": accepted(_FIELDS, description="What a job says of itself. Fields of other names are left out.")
    | {"additionalProperties": True},
    "Recorded": fixed(
        {
            "status": {"const": "OK"},
            "monitor": text("The tag.", pattern=TAG_SHAPE),
            "received": TIME,
            "reported": words([Status.UP, Status.DEGRADED, Status.DOWN]),
            "warning": text("What was understood in another way than it was sent."),
        },
        optional=["warning"],
        description="The heartbeat is on disk.",
    ),
}

_QUERY = [
    parameter("query", "status", "As in the body.", "degraded", _FIELDS["status"]),
    parameter("query", "message", "As in the body.", "2 of 3 disks copied"),
    parameter("query", "metrics", "As in the body: an object as JSON text.", '{"files": 1204}'),
]
_SECRET = parameter(
    "path",
    "secret",
    "The secret of the monitor; `/`, `%` and `?` in it are percent-encoded.",
    "the-secret-of-the-monitor",
)
_BODY: Json = {
    "required": False,
    "description": "A JSON object is read as one whatever its Content-Type says; other text is kept as the "
    "message.",
    "content": {
        "application/json": {"schema": ref("Report"), "example": _EXAMPLE},
        "application/x-www-form-urlencoded": {
            "schema": accepted({name: _FIELDS[name] for name in ("status", "message")}),
            "example": {"status": "up", "message": "done"},
        },
        "text/plain": {"schema": text(), "example": "1204 files copied"},
    },
}

_RECORDED = answer(
    "The heartbeat is on disk.",
    ref("Recorded"),
    {
        "status": "OK",
        "monitor": "nightly-backup",
        "received": "2026-09-30T11:41:00.000Z",
        "reported": "UP",
    },
)
_UNKNOWN_STATUS = plain_error(
    "`status` is none of the three words; nothing was recorded.",
    "unknown status 'fine': use up, degraded or down; nothing was recorded",
)
_UNAVAILABLE = plain_error(
    "The disk is full or the database is locked. Nothing was recorded; try again.",
    "The database cannot be written now (database or disk is full); try again",
    RETRY_AFTER,
)
_BY_SECRET = {
    200: _RECORDED,
    400: _UNKNOWN_STATUS,
    403: plain_error(
        "The request says that it is a prefetch, so no job ran.",
        "A prefetch is not a heartbeat; nothing was recorded",
    ),
    404: plain_error(
        "The tag is unknown, or the secret is wrong: the two look the same.", "Unknown tag or wrong secret"
    ),
    429: plain_error(
        "Too many wrong secrets or keys came from this address lately. A right one counts all the same.",
        "Too many wrong secrets from your address; wait, and use the right one",
        RETRY_AFTER,
    ),
    503: _UNAVAILABLE,
}
_BY_KEY = _BY_SECRET | {
    401: plain_error("There is no key, or it is unknown or has expired.", "Unknown API key", WHO),
    403: plain_error(
        "The key lacks the scope or is limited to other monitors, or the request is a prefetch.",
        "Insufficient scope: heartbeat:write required",
    ),
    404: plain_error("No monitor has this tag.", "No monitor has this tag"),
}


def _without_bodies(answers: dict[int, Json]) -> dict[int, Json]:
    return {
        code: {name: part for name, part in each.items() if name != "content"}
        for code, each in answers.items()
    }


def _calls(id: str, summary: str, with_key: bool) -> Json:
    """The four methods of one address: they all count."""
    answers = _BY_KEY if with_key else _BY_SECRET
    common: dict[str, Any] = {
        "parameters": [TAG, *_QUERY] if with_key else [TAG, _SECRET, *_QUERY],
        "security": key(SCOPE) if with_key else PUBLIC,
    }
    return {
        "get": operation(f"{id}ByGet", NAME, summary, answers, **common),
        "post": operation(f"{id}ByPost", NAME, summary, answers, body=_BODY, **common),
        "put": operation(f"{id}ByPut", NAME, summary, answers, body=_BODY, **common),
        "head": operation(f"{id}ByHead", NAME, summary, _without_bodies(answers), **common),
    }


PATHS: dict[str, Json] = {
    "/heartbeat/{tag}:{secret}": _calls("beat", "A job has succeeded, or says how it is", False),
    "/ext/heartbeat/{tag}:{secret}": _calls("beatAtKener", "The same at Kener's address", False),
    "/api/heartbeat/{tag}": _calls("beatWithKey", "The same with a key instead of the secret", True),
    "/api/v1/heartbeat/{tag}": _calls("beatWithKeyInV1", "The same beside the rest of the API", True),
}
