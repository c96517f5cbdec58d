"""The whole file as a model, and its JSON Schema for editors, made from what also validates it."""

from __future__ import annotations

from typing import Any

from pydantic import Field
from pydantic.json_schema import GenerateJsonSchema

from kener_py.config.monitor_sections import MonitorSection, RuleSection
from kener_py.config.sections import (
    ApiKeySection,
    ExportSection,
    IncidentsSection,
    MaintenanceSection,
    NotifierSection,
    RetentionSection,
    ServerSection,
)
from kener_py.config.shapes import NotifierUrls, Section
from kener_py.config.site_sections import SiteSection


class ConfigFile(Section, title="Configuration"):
    """The configuration of kener-py."""

    site: SiteSection = Field(
        default=SiteSection(), title="Site", description="The page.", examples=[{"title": "Example status"}]
    )
    server: ServerSection = Field(
        default=ServerSection(), title="Server", description="The process.", examples=[{"port": 3000}]
    )
    retention: RetentionSection = Field(
        default=RetentionSection(), title="Retention", description="What is kept.", examples=[{"days": 400}]
    )
    export: ExportSection | None = Field(
        default=None,
        title="Export",
        description="The public page as files for any web server, kept up to date.",
        examples=[{"folder": "/var/lib/kener-py/page"}],
    )
    notifiers: dict[str, NotifierUrls | NotifierSection] = Field(
        default={},
        title="Notifiers",
        description="Who can be told: a name, and Apprise URLs, or urls with a title and body of their own.",
        examples=[{"ops": ["mailto://user:password@example.org"]}],
    )
    alerts: list[RuleSection] = Field(
        default=[],
        title="Alert rules",
        description="When who is told. Without this field: DOWN, all monitors, all notifiers.",
        examples=[[{"status": "DOWN", "notifiers": ["ops"]}]],
    )
    monitors: list[MonitorSection] = Field(
        default=[],
        title="Monitors",
        description="What is watched.",
        examples=[[{"tag": "nightly-backup", "interval": "1d"}]],
    )
    api_keys: list[ApiKeySection] = Field(
        default=[],
        title="API keys",
        description="Keys for programs.",
        examples=[[{"name": "ci", "key": "${CI_KEY}"}]],
    )
    incidents: IncidentsSection = Field(
        default=IncidentsSection(),
        title="Incidents",
        description="How alerts become incidents.",
        examples=[{"batch": "60s"}],
    )
    maintenances: list[MaintenanceSection] = Field(
        default=[],
        title="Maintenances",
        description="Windows in which silence is expected.",
        examples=[[{"title": "Upgrade", "schedule": "0 3 * * sun", "duration": "2h"}]],
    )


def schema() -> dict[str, object]:
    """Return the JSON Schema (draft-07) of the configuration file, in one piece without references."""
    made = ConfigFile.model_json_schema(schema_generator=_Draft07)
    root = _plain(made, made.pop("$defs", {}))
    for section in root["properties"].values():  # whose lines may all be comments
        section["type"] = [section["type"], "null"]
    # Mappings that are there only to be merged into others with <<.
    root["patternProperties"] = {"^x-": {"description": "Ignored: a place for anchors (&name)."}}
    return {"$schema": "http://json-schema.org/draft-07/schema#", **root}


class _Draft07(GenerateJsonSchema):
    ignored_warning_kinds = {"non-serializable-default", "skipped-choice"}  # noqa: RUF012


def _plain(node: Any, definitions: dict[str, Any]) -> Any:
    """Resolve references, as draft-07 ignores what stands beside one; drop nulls, as YAML's are refused."""
    if isinstance(node, list):
        return [_plain(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        name = node["$ref"].rsplit("/", 1)[1]
        node = {**definitions[name], **{key: value for key, value in node.items() if key != "$ref"}}
    made = {key: _plain(value, definitions) for key, value in node.items()}
    choices = made.get("anyOf")
    if isinstance(choices, list) and {"type": "null"} in choices:
        rest = [choice for choice in choices if choice != {"type": "null"}]
        del made["anyOf"]
        made = {**rest[0], **made} if len(rest) == 1 else {"anyOf": rest, **made}
    # No value by default, or a section's, whose fields have theirs.
    if "title" in made and (made.get("default", ...) is None or "properties" in made):
        made.pop("default", None)
    return made
