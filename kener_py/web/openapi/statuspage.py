"""Atlassian Statuspage's public API v2, as we send it."""

from __future__ import annotations

from kener_py.model import Severity
from kener_py.web.openapi.answers import usual
from kener_py.web.openapi.parts import (
    Json,
    answer,
    fixed,
    list_of,
    operation,
    or_null,
    ref,
    text,
    words,
)
from kener_py.web.openapi.values import IF_NONE_MATCH, TIME

NAME = "Statuspage"

_ADDRESS = text(format="uri")
_NULL: Json = {"type": "null"}
_DATE: Json = {"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
_COMPONENT_STATUS = words(["operational", "degraded_performance", "major_outage", "under_maintenance"])
_INCIDENT_STATUS = words(["investigating", "identified", "monitoring", "resolved"])
_WINDOW_STATUS = words(["scheduled", "in_progress", "completed"])


def _component(of_group: bool) -> Json:
    fields: dict[str, Json] = {
        "id": text(),
        "name": text(),
        "status": _COMPONENT_STATUS,
        "created_at": TIME,
        "updated_at": TIME,
        "position": {"type": "integer", "minimum": 1, "description": "Within its group."},
        "description": or_null(text()),
        "showcase": {"const": True},
        "start_date": _DATE,
        "group_id": _NULL if of_group else or_null(text()),
        "page_id": text(),
        "group": {"const": of_group},
        "only_show_if_degraded": {"const": False},
    }
    if of_group:
        fields["components"] = list_of(text(), description="The ids of its members.")
    return fixed(fields)


def _update(status: Json) -> Json:
    return fixed(
        {
            "id": text(),
            "status": status,
            "body": text("Markdown."),
            "incident_id": text(),
            "created_at": TIME,
            "updated_at": TIME,
            "display_at": TIME,
            "affected_components": or_null(list_of(ref("AffectedComponent"))),
            "deliver_notifications": {"const": True},
            "custom_tweet": _NULL,
            "tweet_id": _NULL,
        }
    )


def _told(status: Json, impact: Json, update: str) -> dict[str, Json]:
    """What an incident and a window have in common."""
    return {
        "id": text(),
        "name": text(),
        "status": status,
        "created_at": TIME,
        "updated_at": TIME,
        "monitoring_at": or_null(TIME),
        "resolved_at": or_null(TIME),
        "impact": impact,
        "shortlink": _ADDRESS,
        "started_at": TIME,
        "page_id": text(),
        "incident_updates": list_of(ref(update), description="The newest first."),
        "components": list_of(ref("AnyComponent"), description="What is affected, as it is now."),
        "reminder_intervals": _NULL,
    }


SCHEMAS: dict[str, Json] = {
    "Page": fixed({"id": text(), "name": text(), "url": _ADDRESS, "time_zone": text(), "updated_at": TIME}),
    "PageStatus": fixed(
        {
            "indicator": words(["none", "minor", "major", "critical", "maintenance"]),
            "description": text("One sentence."),
        }
    ),
    "Component": _component(of_group=False),
    "ComponentGroup": _component(of_group=True),
    "AnyComponent": {"anyOf": [ref("Component"), ref("ComponentGroup")]},
    "AffectedComponent": fixed(
        {
            "code": text("The id of the component."),
            "name": text("With the name of its group before it."),
            "old_status": _COMPONENT_STATUS,
            "new_status": _COMPONENT_STATUS,
        }
    ),
    "PageIncidentUpdate": _update(_INCIDENT_STATUS),
    "PageIncident": fixed(_told(_INCIDENT_STATUS, words(Severity), "PageIncidentUpdate")),
    "ScheduledMaintenanceUpdate": _update(_WINDOW_STATUS),
    "ScheduledMaintenance": fixed(
        _told(_WINDOW_STATUS, {"const": "maintenance"}, "ScheduledMaintenanceUpdate")
        | {"scheduled_for": TIME, "scheduled_until": TIME}
    ),
}

_PARTS: dict[str, Json] = {
    "status": ref("PageStatus"),
    "components": list_of(ref("AnyComponent")),
    "incidents": list_of(ref("PageIncident")),
    "scheduled_maintenances": list_of(ref("ScheduledMaintenance")),
}
_EXAMPLES: Json = {
    "page": {
        "id": "status.example.org",
        "name": "Example status",
        "url": "https://status.example.org",
        "time_zone": "Etc/UTC",
        "updated_at": "2026-09-30T11:41:00.000Z",
    },
    "status": {"indicator": "none", "description": "All Systems Operational"},
    "components": [],
    "incidents": [],
    "scheduled_maintenances": [],
}


def _document(id: str, summary: str, *parts: str) -> Json:
    schema = fixed({"page": ref("Page")} | {name: _PARTS[name] for name in parts})
    example = {name: _EXAMPLES[name] for name in ("page", *parts)}
    return {
        "get": operation(
            id,
            NAME,
            summary,
            {200: answer("The document.", schema, example), **usual(304, 503)},
            parameters=[IF_NONE_MATCH],
        )
    }


PATHS: dict[str, Json] = {
    "/api/v2/summary.json": _document("getSummary", "Everything of now", *_PARTS),
    "/api/v2/status.json": _document("getStatus", "The state of the whole", "status"),
    "/api/v2/components.json": _document("getComponents", "Monitors and their groups", "components"),
    "/api/v2/incidents.json": _document("getIncidents", "The 50 newest incidents", "incidents"),
    "/api/v2/incidents/unresolved.json": _document(
        "getUnresolvedIncidents", "Incidents that are open", "incidents"
    ),
    "/api/v2/scheduled-maintenances.json": _document(
        "getScheduledMaintenances", "The 50 latest maintenance windows", "scheduled_maintenances"
    ),
    "/api/v2/scheduled-maintenances/upcoming.json": _document(
        "getUpcomingMaintenances", "Windows to come", "scheduled_maintenances"
    ),
    "/api/v2/scheduled-maintenances/active.json": _document(
        "getActiveMaintenances", "Windows that run now", "scheduled_maintenances"
    ),
}
