"""What the description is put together from: schemas, parameters, answers, operations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

Json = dict[str, Any]

# Who may call: nobody is asked, a key with a scope, or both with different answers.
PUBLIC: list[Json] = []


def key(scope: str) -> list[Json]:
    """A key that has this scope, sent in either way."""
    return [{"apiKey": [scope]}, {"bearer": [scope]}]


def key_or_nobody(scope: str) -> list[Json]:
    return [{}, *key(scope)]


# ---- schemas ---------------------------------------------------------------------------------


def fixed(properties: Mapping[str, Json], optional: Iterable[str] = (), **more: Any) -> Json:
    """An object that has these fields and no others; all are there but the optional ones."""
    left_out = set(optional)
    return {
        "type": "object",
        "properties": dict(properties),
        "required": [name for name in properties if name not in left_out],
        "additionalProperties": False,
        **more,
    }


def accepted(properties: Mapping[str, Json], required: Iterable[str] = (), **more: Any) -> Json:
    """An object that we read: nothing but these fields, of which some are required."""
    return fixed(properties, set(properties) - set(required), **more)


def text(description: str = "", **more: Any) -> Json:
    return {"type": "string", **({"description": description} if description else {}), **more}


def words(kind: type[StrEnum] | Iterable[str], **more: Any) -> Json:
    return {"type": "string", "enum": [str(each) for each in kind], **more}


def list_of(schema: Json, **more: Any) -> Json:
    return {"type": "array", "items": schema, **more}


def or_null(schema: Json) -> Json:
    """What may be null, too."""
    if "type" not in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    found = schema | {"type": [schema["type"], "null"]}
    return found | {"enum": [*schema["enum"], None]} if "enum" in schema else found


def ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


# ---- parameters ------------------------------------------------------------------------------


def parameter(
    where: str, name: str, description: str, example: object, schema: Json | None = None, **more: Any
) -> Json:
    return {
        "name": name,
        "in": where,
        "description": description,
        "schema": schema or {"type": "string"},
        "example": example,
        **({"required": True} if where == "path" else {}),
        **more,
    }


# ---- answers ---------------------------------------------------------------------------------


def answer(
    description: str,
    schema: Json | None = None,
    example: object = None,
    media: str = "application/json",
    **more: Any,
) -> Json:
    """One answer. Without a schema it has no body."""
    found: Json = {"description": description, **more}
    if schema is not None:
        found["content"] = {media: {"schema": schema, **({} if example is None else {"example": example})}}
    return found


def same(name: str) -> Json:
    """An answer that many operations give."""
    return {"$ref": f"#/components/responses/{name}"}


# ---- operations ------------------------------------------------------------------------------


def operation(
    id: str,
    tag: str,
    summary: str,
    answers: Mapping[int, Json],
    *,
    description: str = "",
    parameters: Iterable[Json] = (),
    body: Json | None = None,
    security: list[Json] | None = None,
) -> Json:
    """One operation; without `security` everybody may call it."""
    found: Json = {"operationId": id, "tags": [tag], "summary": summary}
    if description:
        found["description"] = description
    if given := list(parameters):
        found["parameters"] = given
    if body is not None:
        found["requestBody"] = body
    found["responses"] = {str(code): answers[code] for code in sorted(answers)}
    found["security"] = PUBLIC if security is None else security
    return found


def json_body(schema: Json, example: object, is_required: bool = True) -> Json:
    return {
        "required": is_required,
        "content": {"application/json": {"schema": schema, "example": example}},
    }
