"""The values that turn up everywhere: tags, ids, times, titles."""

from __future__ import annotations

from kener_py.web.openapi.parts import Json, parameter

TAG_SHAPE = "^[a-z0-9_-]{1,64}$"
ID_SHAPE = "^[1-9][0-9]{0,17}$"

TAGS: Json = {
    "type": "array",
    "items": {"type": "string", "pattern": TAG_SHAPE},
    "description": "The tags of monitors.",
}
ID: Json = {"type": "string", "pattern": ID_SHAPE, "description": "It stays the same for ever."}
# As we write it: UTC, with milliseconds.
TIME: Json = {
    "type": "string",
    "format": "date-time",
    "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$",
}
# As we read it: RFC 3339 with any offset.
MOMENT: Json = {
    "type": "string",
    "format": "date-time",
    "description": "RFC 3339 with its offset, between the years 1971 and 9000.",
}

TAG = parameter(
    "path",
    "tag",
    "The tag of the monitor.",
    "nightly-backup",
    {"type": "string", "pattern": TAG_SHAPE},
)
NUMBER = parameter("path", "id", "The number of it.", "1", {"type": "string", "pattern": ID_SHAPE})
UPDATE = parameter(
    "path", "update", "The number of the update.", "1", {"type": "string", "pattern": ID_SHAPE}
)
IF_NONE_MATCH = parameter(
    "header", "If-None-Match", "The ETag of the answer that is there already.", '"a1b2"'
)
