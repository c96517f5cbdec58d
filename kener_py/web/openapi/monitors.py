"""Monitors: what they are, and what somebody does about their alerts."""

from __future__ import annotations

from kener_py.model import Status
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
from kener_py.web.openapi.values import IF_NONE_MATCH, MOMENT, TAG, TAG_SHAPE, TIME

NAME = "Monitors"
SCOPE = keys.INCIDENTS

_PERCENT: Json = {"type": ["number", "null"], "minimum": 0, "maximum": 100}
_WINDOWS = ("24h", "7d", "30d", "90d")

SCHEMAS: dict[str, Json] = {
    "Monitor": fixed(
        {
            "tag": text("Its name in addresses.", pattern=TAG_SHAPE),
            "name": text("Its name for people."),
            "category": or_null(text("The group that it is in.")),
            "status": words(Status, description="NO_DATA as well while nothing is measured."),
            "since": or_null(TIME),
            "last_heartbeat": or_null(TIME),
            "next_expected": or_null(TIME),
            "uptime": fixed(
                dict.fromkeys(_WINDOWS, _PERCENT),
                description="Percent, cut off after the third decimal; null without data.",
            ),
        },
        description="A monitor as the page shows it.",
    ),
    "Acknowledged": fixed(
        {
            "monitor": text(pattern=TAG_SHAPE),
            "acknowledged": {
                "type": "integer",
                "minimum": 0,
                "description": "Alerts that are open, and of which nobody is reminded any more.",
            },
        }
    ),
    "Snoozed": fixed({"monitor": text(pattern=TAG_SHAPE), "snoozed_until": TIME}),
}

_EXAMPLE = {
    "tag": "nightly-backup",
    "name": "Nightly backup",
    "category": "Backups",
    "status": "UP",
    "since": "2026-09-28T02:00:11.120Z",
    "last_heartbeat": "2026-09-30T02:00:09.004Z",
    "next_expected": "2026-10-01T02:00:09.004Z",
    "uptime": {"24h": 100.0, "7d": 99.801, "30d": 99.953, "90d": None},
}

PATHS: dict[str, Json] = {
    "/api/v1/monitors": {
        "get": operation(
            "listMonitors",
            NAME,
            "Every public monitor, in the order of the configuration",
            {200: answer("The monitors.", list_of(ref("Monitor")), [_EXAMPLE]), **usual(304, 503)},
            parameters=[IF_NONE_MATCH],
        ),
    },
    "/api/v1/monitors/{tag}": {
        "get": operation(
            "getMonitor",
            NAME,
            "One public monitor",
            {200: answer("The monitor.", ref("Monitor"), _EXAMPLE), **usual(304, 404, 503)},
            parameters=[TAG, IF_NONE_MATCH],
        ),
    },
    "/api/v1/monitors/{tag}/acknowledge": {
        "post": operation(
            "acknowledgeMonitor",
            NAME,
            "Somebody is on it: no reminders about its open alerts",
            {
                200: answer("Noted.", ref("Acknowledged"), {"monitor": "nightly-backup", "acknowledged": 1}),
                **usual(401, 403, 404, 429, 503),
            },
            parameters=[TAG],
            security=key(SCOPE),
        ),
    },
    "/api/v1/monitors/{tag}/snooze": {
        "post": operation(
            "snoozeMonitor",
            NAME,
            "Tell nothing of trouble until a time, or until it recovers",
            {
                200: answer(
                    "Noted.",
                    ref("Snoozed"),
                    {"monitor": "nightly-backup", "snoozed_until": "2026-12-01T22:00:00.000Z"},
                ),
                **usual(400, 401, 403, 404, 413, 429, 503),
            },
            parameters=[TAG],
            body=json_body(
                accepted({"until": MOMENT | {"description": "In the future."}}, ["until"]),
                {"until": "2026-12-01T22:00:00Z"},
            ),
            security=key(SCOPE),
        ),
    },
}
