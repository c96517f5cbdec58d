"""Other spellings of a field, mostly Kener's, and fields that are read without an effect."""

from __future__ import annotations

from kener_py.config.nodes import Fields, Scalar
from kener_py.config.problems import FieldPath, Report

MONITOR = {
    "secret": "secretString",
    "degraded_remaining_minutes": "degradedRemainingMinutes",
    "down_remaining_minutes": "downRemainingMinutes",
    "category_name": "category",
    "is_hidden": "hidden",
    "includeDegradedInDowntime": "include_degraded_in_downtime",
    "defaultStatus": "default_status",
}
RULE = {
    "alert_value": "status",
    "alert_description": "description",
    "failureThreshold": "failure_threshold",
    "successThreshold": "success_threshold",
    "createIncident": "create_incident",
    "triggers": "notifiers",
}

_NONE = "is Kener's and has no effect here"
KENER_ONLY = {
    "image": _NONE,
    "day_degraded_minimum_count": f"{_NONE}: a day is coloured from its exact spans",
    "dayDegradedMinimumCount": f"{_NONE}: a day is coloured from its exact spans",
    "day_down_minimum_count": f"{_NONE}: a day is coloured from its exact spans",
    "dayDownMinimumCount": f"{_NONE}: a day is coloured from its exact spans",
    "confirmation_threshold": f"{_NONE}: use failure_threshold in an alert rule",
    "monitor_settings_json": _NONE,
    "id": _NONE,
    "created_at": _NONE,
    "updated_at": _NONE,
}


def respell(fields: Fields, spellings: dict[str, str], path: FieldPath, report: Report) -> None:
    """Put every field under its main name; two spellings of one field are a problem."""
    for other in spellings.keys() & fields.keys():
        key, node = fields.take(other)
        _put(fields, spellings[other], key, node, path, report)


def lift_type_data(fields: Fields, path: FieldPath, report: Report) -> None:
    """Move what Kener keeps under `type_data:` up to the monitor."""
    inner = fields.get("type_data")
    if not isinstance(inner, Fields):
        return
    fields.take("type_data")
    for name, node in inner.items():
        key = inner.keys_as_written[name]
        lifted = Scalar.at(f"type_data.{key}", key.line, key.column)
        _put(fields, MONITOR.get(name, name), lifted, node, path, report)


def drop_kener_only(fields: Fields, path: FieldPath, report: Report) -> None:
    for name in KENER_ONLY.keys() & fields.keys():
        key, _ = fields.take(name)
        report.warning(key, (*path, str(key)), KENER_ONLY[name])


def _put(fields: Fields, name: str, key: Scalar, node: object, path: FieldPath, report: Report) -> None:
    if first := fields.keys_as_written.get(name):
        message = f"means the same as '{first}' at line {first.line}; keep one of them"
        report.problem(key, (*path, str(key)), message)
        return
    fields.put(name, key, node)  # type: ignore[arg-type]
