"""A noun with some of its fields changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

T = TypeVar("T")


@cache
def reader(kind: type[Any]) -> tuple[dict[str, int], Callable[[Any], tuple[Any, ...]]]:
    """The names of a noun's fields with their places, and what reads all of them at once."""
    names = [field.name for field in fields(kind)]
    read = attrgetter(*names)
    places = {name: place for place, name in enumerate(names)}
    return places, read if len(names) > 1 else lambda noun: (read(noun),)


def replace(before: T, **changed: Any) -> T:
    """`dataclasses.replace` in a quarter of its time: a tick changes thousands."""
    kind: Any = type(before)
    places, read = reader(kind)
    values = list(read(before))
    for name, value in changed.items():
        values[places[name]] = value
    made: T = kind(*values)
    return made
