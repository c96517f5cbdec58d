"""The answers that many operations give: everything that is not a success."""

from __future__ import annotations

from kener_py.web.api import PROBLEM_TYPE, problem
from kener_py.web.openapi.parts import Json, answer, fixed, ref, same, text

ERROR = fixed({"error": text("What is wrong, in English.")}, description="What is wrong.")

PROBLEM = fixed(
    {
        "type": {"const": "about:blank"},
        "title": text("The name of the HTTP status."),
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": text("What is wrong, in English."),
        "error": text("The same as `detail`."),
    },
    description="What is wrong, as RFC 9457 has it.",
)

RETRY_AFTER: Json = {
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}
}
WHO = {"WWW-Authenticate": {"description": "Bearer.", "schema": {"type": "string"}}}

# Name: code, description, example, headers.
_REFUSALS: dict[str, tuple[int, str, str, Json]] = {
    "BadRequest": (
        400,
        "The body is not what it should be. Every field that is wrong is named.",
        "title: is missing; severity: should be one of minor, major, critical",
        {},
    ),
    "Unauthorized": (
        401,
        "There is no key, or it is unknown or has expired.",
        "Unknown API key",
        WHO,
    ),
    "Forbidden": (
        403,
        "The key lacks the scope, or is limited to other monitors.",
        "Insufficient scope: incidents:write required",
        {},
    ),
    "NotFound": (
        404,
        "There is no such thing, or it is not public: the two look the same.",
        "No public monitor has this tag",
        {},
    ),
    "Conflict": (409, "It may not be changed any more.", "this window is over", {}),
    "TooLong": (
        413,
        "The body is too long.",
        "The body is too long; at most 1000000 bytes are read",
        {},
    ),
    "Impossible": (
        422,
        "The fields are well formed, and cannot be so.",
        "end: should be later than the start",
        {},
    ),
    "TooManyWrong": (
        429,
        "Too many wrong secrets or keys came from this address lately. A right one counts all the same.",
        "Too many wrong secrets from your address; wait, and use the right one",
        RETRY_AFTER,
    ),
    "Unavailable": (
        503,
        "The disk is full or the database is locked. Nothing was changed; try again.",
        "The database cannot be written now (database or disk is full); try again",
        RETRY_AFTER,
    ),
}


def _refusal(code: int, description: str, example: str, headers: Json) -> Json:
    """The error in both of its forms."""
    found = answer(description, ref("Error"), {"error": example})
    found["content"][PROBLEM_TYPE] = {"schema": ref("Problem"), "example": problem(code, example)}
    return found | ({"headers": headers} if headers else {})


def plain_error(description: str, example: str, headers: Json | None = None) -> Json:
    """The error of heartbeats and of the server's own health: always `{"error": …}` and nothing else."""
    found = answer(description, ref("Error"), {"error": example})
    return found | ({"headers": headers} if headers else {})


SHARED: dict[str, Json] = {name: _refusal(*refusal) for name, refusal in _REFUSALS.items()} | {
    "NotModified": answer("What `If-None-Match` names is still what there is."),
    "PageUnavailable": {
        "description": "The database cannot be read now; try again.",
        "headers": RETRY_AFTER,
        "content": {kind: {"schema": text()} for kind in ("text/html", "text/plain", "text/markdown")},
    },
}

_NAMES = {refusal[0]: name for name, refusal in _REFUSALS.items()} | {304: "NotModified"}


def usual(*codes: int) -> dict[int, Json]:
    """The shared answers of these codes."""
    return {code: same(_NAMES[code]) for code in codes}
