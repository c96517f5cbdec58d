"""`/openapi.json`: every operation that programs use, described for programs (OpenAPI 3.1.0).

What is promised here is kept: within a version of the API fields are only added.
"""

from __future__ import annotations

import json
from functools import lru_cache

from flask import Response

from kener_py.service import Service
from kener_py.web.language import N_
from kener_py.web.openapi import answers, heartbeats, incidents, maintenances, monitors, others, statuspage
from kener_py.web.openapi.parts import Json
from kener_py.web.words import root

VERSION = "1"  # of the API, not of this program
TYPE = "application/vnd.oai.openapi+json"
PARTS = (heartbeats, monitors, incidents, maintenances, statuspage, others)

# Name: what belongs to it. People read the names on /api.
TAGS = {
    N_(
        "Heartbeats"
    ): "The calls of jobs. Every method counts; there is never a redirect. `<tag>/<secret>` works "
    "as well as `<tag>:<secret>`, below every one of these addresses.",
    N_("Monitors"): "What is watched, and what somebody does about its alerts.",
    N_("Incidents"): "What people are told was wrong. Nobody gets a message by what is written here.",
    N_("Maintenance"): "Windows in which silence is expected.",
    N_("Statuspage"): "The public API v2 of Atlassian Statuspage, for programs that read that already.",
    N_("Badges"): "For shields.io. The pictures themselves have the same addresses without `.json`.",
    N_("Feeds"): "What has happened, and what is so now.",
    N_("Server"): "Whether this server itself is well; never whether the monitors are.",
}
_DESCRIPTION = (
    "What can be read by GET can be asked about by HEAD. Times are RFC 3339. Hidden monitors and drafts look "
    'as if they did not exist. Errors are `{"error": "…"}`; below /api/, but not of heartbeats, they are '
    "problem details (RFC 9457) for those whose `Accept` names `application/problem+json`."
)
_KEYS: Json = {
    "apiKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "A key of `api_keys` in the configuration.",
    },
    "bearer": {"type": "http", "scheme": "bearer", "description": "The same key."},
    "metricsToken": {"type": "http", "scheme": "bearer", "description": "`server.metrics_token`."},
}


def document(server: str) -> Json:
    """The description of a server at this address: a whole one, or a path on the reader's host."""
    schemas: Json = {"Error": answers.ERROR, "Problem": answers.PROBLEM}
    paths: Json = {}
    for part in PARTS:
        schemas |= part.SCHEMAS
        paths |= part.PATHS
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "kener-py",
            "version": VERSION,
            "summary": "Heartbeats in; monitors, incidents and maintenance out",
            "description": _DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "servers": [{"url": server}],
        "tags": [{"name": name, "description": description} for name, description in TAGS.items()],
        "paths": paths,
        "components": {"securitySchemes": _KEYS, "responses": answers.SHARED, "schemas": schemas},
    }


@lru_cache(maxsize=8)
def _text(server: str) -> str:
    return json.dumps(document(server), ensure_ascii=False)


def openapi_json(service: Service) -> Response:
    """Any page may read it, as programs in a browser do."""
    answer = Response(_text(service.config.site.url or root("") or "/"), content_type=TYPE)
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer
