"""Which maintenance windows of a recurring plan are worth a line."""

from __future__ import annotations

from kener_py.model import (
    Maintenance,
)


def one_each(windows: list[Maintenance]) -> list[Maintenance]:
    """The first window of each plan, and all those made by hand."""
    found: dict[object, Maintenance] = {}
    for window in windows:
        found.setdefault(window.plan or window.id, window)
    return list(found.values())
