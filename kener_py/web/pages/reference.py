"""The programming interface for people, made from the description that programs read."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import quote

from flask import Response

from kener_py.service import Service
from kener_py.web import addresses
from kener_py.web.language import _
from kener_py.web.openapi import TAGS, document
from kener_py.web.openapi.parts import Json
from kener_py.web.pages.show import show


@dataclass(frozen=True, slots=True)
class Call:
    """Operations of one address that say the same of themselves."""

    id: str
    methods: tuple[str, ...]
    path: str
    summary: str  # in English, as the description has it
    scope: str  # that a key must have; "" if none is needed
    is_optional: bool  # without the key there is an answer too
    examples: tuple[str, ...]  # a command for each of the methods


@dataclass(frozen=True, slots=True)
class Topic:
    id: str
    name: str
    description: str  # Markdown, in English
    calls: tuple[Call, ...]


def reference(service: Service) -> Response:
    base = addresses.base(service.config)
    found = tuple(_calls(document(base), base))
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


def _calls(described: Json, base: str) -> Iterator[tuple[str, Call]]:
    """Every operation, with the name of its topic."""
    for path, methods in described["paths"].items():
        for summary, run in groupby(methods.items(), lambda each: str(each[1]["summary"])):
            alike = dict(run)
            first = next(iter(alike.values()))
            scopes = [scope for way in first["security"] for each in way.values() for scope in each]
            call = Call(
                id=first["operationId"],
                methods=tuple(method.upper() for method in alike),
                path=path,
                summary=summary,
                scope=scopes[0] if scopes else "",
                is_optional={} in first["security"],
                examples=tuple(_command(base, path, *each, bool(scopes)) for each in alike.items()),
            )
            yield first["tags"][0], call


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
