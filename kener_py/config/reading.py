"""From one node of the file to one validated section, with pydantic's errors put into our words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar, get_args

from pydantic import TypeAdapter, ValidationError

from kener_py.config.fields import Reported
from kener_py.config.nodes import Fields, Items, Node, Scalar, described
from kener_py.config.problems import FieldPath, Place, Report, suggestion
from kener_py.config.shapes import Section

S = TypeVar("S", bound=Section)
T = TypeVar("T")


def section(shape: type[S], node: Node, path: FieldPath, report: Report) -> S | None:
    """Return the section that `node` holds, or None when there is a problem with it."""
    if not isinstance(node, Fields):
        if not (isinstance(node, Scalar) and node.kind == "broken"):
            message = f"should be a mapping ('name: value' lines), not {described(node)}"
            report.problem(node, path, message)
        return None
    try:
        return shape.model_validate(node)
    except ValidationError as error:
        _explain(error, node, path, shape, report)
        return None


def value(adapter: TypeAdapter[T], node: Node, path: FieldPath, report: Report) -> T | None:
    """Return what `adapter` makes of the node, or None when there is a problem with it."""
    try:
        return adapter.validate_python(node)
    except ValidationError as error:
        _explain(error, node, path, None, report)
        return None


def items(root: Fields, name: str, report: Report) -> list[tuple[FieldPath, Node]]:
    """Return the nodes of a list at the top level, each with its path; [] when there is none."""
    node = root.get(name)
    if node is None or (isinstance(node, Scalar) and node.kind == "broken"):
        return []
    if not isinstance(node, Items):
        report.problem(node, (name,), f"should be a list, each item with a '-', not {described(node)}")
        return []
    return [((name, number), item) for number, item in enumerate(node)]


def place_of(node: Node, path: FieldPath) -> tuple[Place, FieldPath]:
    """Return the deepest node on the path, and the path as far as the file has it, as written."""
    written: list[str | int] = []
    for part in path:
        if isinstance(node, Fields) and isinstance(part, str) and part in node:
            written.append(str(node.keys_as_written[part]))
            node = node[part]
        elif isinstance(node, Items) and isinstance(part, int) and part < len(node):
            written.append(part)
            node = node[part]
        else:
            break
    return node, tuple(written)


def _explain(
    error: ValidationError, node: Node, path: FieldPath, shape: type[Section] | None, report: Report
) -> None:
    for found in error.errors(include_url=False, include_input=False):
        location: FieldPath = found["loc"]
        place, written = place_of(node, location)
        parent, _ = place_of(node, location[:-1])
        if found["type"] == "extra_forbidden" and isinstance(parent, Fields) and shape:
            key = parent.keys_as_written[str(location[-1])]
            inner = _shape_at(shape, location[:-1])
            known = [*inner.names(), *inner.spellings]
            report.problem(key, (*path, *written), f"unknown field; {suggestion(key.split('.')[-1], known)}")
        elif found["type"] == "missing":
            report.problem(place, (*path, *location), "is missing")
        else:
            problem: Any = found.get("ctx", {}).get("error")
            if not isinstance(problem, Reported):
                message = str(problem) if problem else _wanted(found["type"], place)
                report.problem(place, (*path, *written), message)


def _shape_at(shape: type[Section], path: FieldPath) -> type[Section]:
    """Return the section that stands at this path inside a section."""
    for part in path:
        field = shape.model_fields.get(str(part))  # else it is an item of a list
        shape = next(_sections(field.annotation), shape) if field else shape
    return shape


def _sections(annotation: object) -> Iterator[type[Section]]:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
    for each in get_args(annotation):
        yield from _sections(each)


def _wanted(kind: str, place: object) -> str:
    wanted = {"list_type": "a list", "model_type": "a mapping", "dict_type": "a mapping"}.get(kind)
    return f"should be {wanted}, not {described(place)}" if wanted else "is not a possible value"
