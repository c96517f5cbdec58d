"""Parts of pages that are rendered once and remembered: after a change, only what changed is made anew."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import lru_cache

from flask import Flask, request
from markupsafe import Markup

from kener_py.web import language

_MOST = 4_000  # fragments, of 1 kB or so


class _Key:
    """All that a fragment shows; `make` is what shows it, and is no part of it."""

    __slots__ = ("make", "shown")

    def __init__(self, shown: Hashable, make: Callable[[], Markup]) -> None:
        self.shown, self.make = shown, make

    def __hash__(self) -> int:
        return hash(self.shown)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.shown == other.shown


@lru_cache(maxsize=_MOST)
def _made(key: _Key) -> Markup:
    made, key.make = key.make(), _forgotten
    return made


def _forgotten() -> Markup:
    raise AssertionError("a fragment is made once")


def remembered(name: str, shown: Hashable, macro: Callable[..., Markup], *given: object) -> Markup:
    """What `macro` renders, for everybody who asks in this language and below this prefix.

    `shown` is everything else that it depends on.
    """
    whole = (name, language.current(), language.asked_for(), request.script_root, shown)
    return _made(_Key(whole, lambda: macro(*given)))


def register(app: Flask) -> None:
    app.jinja_env.globals["remembered"] = remembered
