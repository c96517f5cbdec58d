"""A noun with some of its fields changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

T = TypeVar("T")


@cache
def reader(kind: type[Any]) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    """The names of a noun's fields, and what reads them all at once."""
    names = tuple(field.name for field in fields(kind))
    read = attrgetter(*names)
    return names, read if len(names) > 1 else lambda noun: (read(noun),)


def replace(before: T, **changed: Any) -> T:
    """`dataclasses.replace` in a third of its time: a tick changes thousands."""
    kind: Any = type(before)
    names, read = reader(kind)
    made: T = kind(**(dict(zip(names, read(before), strict=True)) | changed))
    return made
