"""What else programs read: badges, the feed, the state in a few words, and how the server itself does."""

from __future__ import annotations

from kener_py.model import LANGUAGES, Grade, IncidentState, MaintenanceState, Overall, Severity
from kener_py.web.badges import MEANINGS
from kener_py.web.openapi.answers import RETRY_AFTER, WHO, plain_error, usual
from kener_py.web.openapi.parts import (
    Json,
    answer,
    fixed,
    list_of,
    operation,
    parameter,
    ref,
    same,
    text,
    words,
)
from kener_py.web.openapi.values import IF_NONE_MATCH, TAGS, TIME

BADGES, FEEDS, SERVER = "Badges", "Feeds", "Server"

_ADDRESS = text(format="uri")

SCHEMAS: dict[str, Json] = {
    "Badge": fixed(
        {
            "schemaVersion": {"const": 1},
            "label": text(),
            "message": text(minLength=1),
            "color": words(sorted(set(MEANINGS.values()))),
            "cacheSeconds": {"type": "integer", "minimum": 0},
            "isError": {"const": True},
        },
        optional=["isError"],
        description="The endpoint of shields.io; `isError` if there is no such public monitor.",
    ),
    "Health": fixed(
        {
            "status": words(Grade, description="The worst of the checks."),
            "version": text(),
            "releaseId": text(),
            "checks": {
                "type": "object",
                "additionalProperties": list_of(ref("Check"), minItems=1),
                "propertyNames": {"pattern": "^[a-z]+:[a-zA-Z]+$"},
            },
        },
        description="How this server itself does, after draft-inadarei-api-health-check-06.",
    ),
    "Check": fixed(
        {
            "componentType": words(["component", "datastore", "system"]),
            "observedValue": {"type": ["number", "boolean", "null"]},
            "observedUnit": text(),
            "status": words(Grade),
            "time": TIME,
            "output": text("What is wrong."),
        },
        optional=["output"],
    ),
    "Feed": fixed(
        {
            "version": {"const": "https://jsonfeed.org/version/1.1"},
            "title": text(),
            "home_page_url": _ADDRESS,
            "feed_url": _ADDRESS,
            "description": text(),
            "language": words(LANGUAGES),
            "authors": list_of(fixed({"name": text(), "url": _ADDRESS})),
            "icon": _ADDRESS,
            "items": list_of(ref("FeedItem"), maxItems=50),
        },
        optional=["icon"],
        description="JSON Feed 1.1.",
    ),
    "FeedItem": fixed(
        {
            "id": text("Unique for ever."),
            "url": _ADDRESS,
            "title": text(),
            "content_html": text(),
            "date_published": TIME,
            "date_modified": TIME,
            "tags": list_of(text()),
            "_kener": fixed(
                {
                    "state": words([*IncidentState, *MaintenanceState]),
                    "impact": words([*Severity, "maintenance"]),
                    "affected": TAGS,
                }
            ),
        }
    ),
}

_BADGE_TAG = parameter("path", "tag", "The tag of a monitor, or `_` for the whole.", "nightly-backup")
_LABEL = parameter("query", "label", "What stands on the left.", "backup")
_LOCALE = parameter("query", "locale", "In which language.", "de", words(LANGUAGES))
_SINCE = parameter(
    "query", "sinceLast", "Of how many seconds, up to 90 days.", 604800, {"type": "integer", "minimum": 60}
)
_BARE = parameter("query", "hideDuration", "Do not say of how long.", "true", words(["true", "false"]))
_BADGE_ANSWERS = {
    200: answer(
        "The badge, of an unknown monitor too.",
        ref("Badge"),
        {"schemaVersion": 1, "label": "Backup", "message": "Up", "color": "success", "cacheSeconds": 60},
    ),
    **usual(304),
    503: same("PageUnavailable"),
}
_HEALTH_EXAMPLE = {
    "status": "pass",
    "version": "1",
    "releaseId": "1.0.0",
    "checks": {
        "scheduler:lag": [
            {
                "componentType": "component",
                "observedValue": 12.3,
                "observedUnit": "s",
                "status": "pass",
                "time": "2026-09-30T11:41:00.000Z",
            }
        ]
    },
}
_FEED_EXAMPLE = {
    "version": "https://jsonfeed.org/version/1.1",
    "title": "Example status - Incident history",
    "home_page_url": "https://status.example.org/",
    "feed_url": "https://status.example.org/feed.json",
    "description": "Is everything up?",
    "language": "en",
    "authors": [{"name": "Example status", "url": "https://status.example.org/"}],
    "items": [],
}


def _health_document(description: str) -> Json:
    return answer(description, ref("Health"), _HEALTH_EXAMPLE, "application/health+json")


def _line(description: str, example: str) -> Json:
    return answer(description, text(), example, "text/plain")


_SCRAPED = _line("The metrics.", 'kener_monitor_up{monitor="nightly-backup"} 1.0')
_SCRAPED["content"]["application/openmetrics-text"] = {"schema": text()}

PATHS: dict[str, Json] = {
    "/badge/{tag}/status.json": {
        "get": operation(
            "getStatusBadge",
            BADGES,
            "The state of a monitor for shields.io",
            _BADGE_ANSWERS,
            parameters=[_BADGE_TAG, _LABEL, _LOCALE, IF_NONE_MATCH],
        ),
    },
    "/badge/{tag}/uptime.json": {
        "get": operation(
            "getUptimeBadge",
            BADGES,
            "The uptime of a monitor for shields.io",
            _BADGE_ANSWERS,
            parameters=[_BADGE_TAG, _LABEL, _LOCALE, _SINCE, _BARE, IF_NONE_MATCH],
        ),
    },
    "/feed.json": {
        "get": operation(
            "getFeed",
            FEEDS,
            "Incidents and maintenance as JSON Feed",
            {
                200: answer("The feed.", ref("Feed"), _FEED_EXAMPLE, "application/feed+json"),
                **usual(304),
                503: same("PageUnavailable"),
            },
            parameters=[IF_NONE_MATCH],
        ),
    },
    "/status.txt": {
        "get": operation(
            "getStatusLine",
            FEEDS,
            "The state of the whole in one line, then a line for each monitor",
            {
                200: _line(
                    "The first word is one of " + ", ".join(Overall) + ". A monitor's line has its tag, its "
                    "status (UNKNOWN as well) and since when, or -.",
                    "UP All systems operational\nnightly-backup UP 2026-09-28T02:00:11.120Z\n",
                ),
                **usual(304),
                503: _line("The database cannot be read now; try again.", "Not available at the moment\n"),
            },
            parameters=[IF_NONE_MATCH],
        ),
    },
    "/livez": {
        "get": operation("isAlive", SERVER, "Whether this server runs", {200: _line("It does.", "ok\n")}),
    },
    "/readyz": {
        "get": operation(
            "isReady",
            SERVER,
            "Whether it judges monitors, sends messages and can write",
            {
                200: _line("It does.", "ok\n"),
                503: _line("It does not, and why.", "the loop has not ticked yet\n"),
            },
        ),
    },
    "/health": {
        "get": operation(
            "getHealth",
            SERVER,
            "The same in detail",
            {
                200: _health_document("Nothing fails."),
                503: _health_document("Something fails."),
            },
        ),
    },
    "/metrics": {
        "get": operation(
            "getMetrics",
            SERVER,
            "Metrics for Prometheus",
            {
                200: _SCRAPED,
                401: plain_error(
                    "`server.metrics_token` is configured, and this is not it.",
                    "Send the metrics token: 'Authorization: Bearer …'",
                    WHO,
                ),
                429: plain_error(
                    "Too many wrong tokens came from this address lately.",
                    "Too many wrong secrets from your address; wait, and use the right one",
                    RETRY_AFTER,
                ),
                503: plain_error(
                    "The database cannot be read now; try again.",
                    "The database cannot be written now (database is locked); try again",
                ),
            },
            security=[{}, {"metricsToken": []}],
        ),
    },
}
