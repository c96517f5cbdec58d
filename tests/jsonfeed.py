"""The rules of JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/) as a schema that knows every key."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from jsonschema import Draft202012Validator

_TEXT = {"type": "string"}
_SAID = {"type": "string", "minLength": 1}
_YES = {"type": "boolean"}
_NUMBER = {"type": "number", "minimum": 0}
_ADDRESS = {"type": "string", "pattern": r"^https?://[^\s<>\"{}|\\^`]+$"}
_MOMENT = {
    "type": "string",  # RFC 3339, with its offset
    "pattern": r"^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-6]\d(\.\d+)?(Z|[+-][0-2]\d:[0-5]\d)$",
}
_LANGUAGE = {"type": "string", "pattern": r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$"}


def _object(must: Iterable[str] = (), /, **properties: Any) -> dict[str, Any]:
    """Keys that the format knows, and extensions: an underscore, a letter, no dot; each an object."""
    return {
        "type": "object",
        "required": list(must),
        "properties": properties,
        "patternProperties": {r"^_[A-Za-z][^.]*$": {"type": "object"}},
        "additionalProperties": False,
    }


_AUTHORS = {
    "type": "array",
    "items": _object(name=_TEXT, url=_TEXT, avatar=_ADDRESS) | {"minProperties": 1},
}
_ATTACHMENT = _object(
    ["url", "mime_type"],
    url=_ADDRESS,
    mime_type=_SAID,
    title=_TEXT,
    size_in_bytes=_NUMBER,
    duration_in_seconds=_NUMBER,
)
_ITEM = _object(
    ["id"],
    id=_SAID,
    url=_ADDRESS,
    external_url=_ADDRESS,
    title=_TEXT,
    content_html=_TEXT,
    content_text=_TEXT,
    summary=_TEXT,
    image=_ADDRESS,
    banner_image=_ADDRESS,
    date_published=_MOMENT,
    date_modified=_MOMENT,
    authors=_AUTHORS,
    tags={"type": "array", "items": _TEXT},
    language=_LANGUAGE,
    attachments={"type": "array", "items": _ATTACHMENT},
) | {"anyOf": [{"required": ["content_html"]}, {"required": ["content_text"]}]}
SCHEMA = _object(
    ["version", "title", "items"],
    version={"const": "https://jsonfeed.org/version/1.1"},
    title=_TEXT,
    home_page_url=_ADDRESS,
    feed_url=_ADDRESS,
    description=_TEXT,
    user_comment=_TEXT,
    next_url=_ADDRESS,
    icon=_ADDRESS,
    favicon=_ADDRESS,
    authors=_AUTHORS,
    language=_LANGUAGE,
    expired=_YES,
    hubs={"type": "array", "items": _object(["type", "url"], type=_SAID, url=_ADDRESS)},
    items={"type": "array", "items": _ITEM},
)


def problems(feed: Any) -> list[str]:
    """What a document does against the rules, each with its place."""
    found = [
        f"{'/'.join(map(str, each.absolute_path))}: {each.message}"
        for each in Draft202012Validator(SCHEMA).iter_errors(feed)
    ]
    items = feed.get("items", []) if isinstance(feed, dict) else []
    ids = [each.get("id") for each in items]
    if len(set(ids)) < len(ids):
        found.append("items: two have the same id")
    if isinstance(feed, dict) and feed.get("next_url") and feed["next_url"] == feed.get("feed_url"):
        found.append("next_url: leads back to the feed itself")
    return found
