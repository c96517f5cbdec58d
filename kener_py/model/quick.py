"""Frozen nouns that are made by the ten thousand, in a quarter of the time."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any, TypeVar

T = TypeVar("T")


def quick(kind: type[T]) -> type[T]:
    """The same frozen dataclass with slots, with another `__init__`.

    That of `dataclasses` calls `object.__setattr__` for each field, because the class refuses plain
    assignments. Here an instance is, until its fields are filled, one of a subclass that does not.
    """
    # Both of them: they share one slot in C, which is slow if one of them is Python's.
    plain = {"__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
    opened = type(kind.__name__, (kind,), {"__slots__": (), **plain})
    known: dict[str, Any] = {"_opened": opened, "_frozen": kind, "_set": object.__setattr__}
    known["_missing"] = MISSING
    parameters, body = [], []
    for field in fields(kind):  # type: ignore[arg-type]
        name, value = field.name, field.name
        if field.default is not MISSING:
            known[f"_{name}"] = field.default
            parameters.append(f"{name}=_{name}")
        elif field.default_factory is not MISSING:
            known[f"_{name}"] = field.default_factory
            parameters.append(f"{name}=_missing")
            value = f"_{name}() if {name} is _missing else {name}"
        else:
            parameters.append(name)
        body.append(f"self.{name} = {value}")
    lines = ["_set(self, '__class__', _opened)", *body, "self.__class__ = _frozen"]
    exec(f"def __init__(self, {', '.join(parameters)}):\n " + "\n ".join(lines), known)
    kind.__init__ = known["__init__"]  # type: ignore[method-assign]
    return kind
