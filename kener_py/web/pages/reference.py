"""The programming interface for people, made from the description that programs read."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from flask import Response

from kener_py.service import Service
from kener_py.web import addresses
from kener_py.web.language import _
from kener_py.web.openapi import TAGS, document
from kener_py.web.openapi.parts import Json
from kener_py.web.pages.show import show


@dataclass(frozen=True, slots=True)
class Operation:
    id: str
    method: str
    path: str
    summary: str  # in English, as the description has it
    scope: str  # that a key must have; "" if none is needed
    is_optional: bool  # without the key there is an answer too
    example: str  # a command


@dataclass(frozen=True, slots=True)
class Topic:
    id: str
    name: str
    description: str  # in English
    operations: tuple[Operation, ...]


def reference(service: Service) -> Response:
    base = addresses.base(service.config)
    found = tuple(_operations(document(base), base))
    return show(
        "api",
        site=service.config.site,
        base=base,
        topics=[
            Topic(
                f"topic-{name.lower()}",
                _(name),
                description,
                tuple(each for tag, each in found if tag == name),
            )
            for name, description in TAGS.items()
        ],
    )


def _operations(described: Json, base: str) -> Iterator[tuple[str, Operation]]:
    """Every operation with the name of its topic."""
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            scopes = [scope for way in operation["security"] for each in way.values() for scope in each]
            yield (
                operation["tags"][0],
                Operation(
                    id=operation["operationId"],
                    method=method.upper(),
                    path=path,
                    summary=operation["summary"],
                    scope=scopes[0] if scopes else "",
                    is_optional={} in operation["security"],
                    example=_command(base, path, method, operation, bool(scopes)),
                ),
            )


def _command(base: str, path: str, method: str, operation: Json, with_key: bool) -> str:
    """A line for curl, with the values that the description gives as examples."""
    address = path
    for each in operation.get("parameters", ()):
        if each["in"] == "path":
            address = address.replace(f"{{{each['name']}}}", quote(str(each["example"]), safe=""))
    words = ["curl", shlex.quote(f"{base}{address}")]
    bodies = operation.get("requestBody", {}).get("content", {})
    data = bodies.get("application/json", {}).get("example")
    if method == "head":
        words.insert(1, "--head")
    elif method not in ("get", "post") or (method == "post" and not data):
        words.insert(1, f"-X {method.upper()}")
    if with_key:
        words.append('-H "X-API-Key: $KENER_KEY"')
    if data:
        words += ["-d", shlex.quote(json.dumps(data, ensure_ascii=False))]
    return " ".join(words)
