"""The JSON object in the body of a request, read strictly: every field that is wrong is named at once."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, NoReturn, TypeVar

from flask import request

from kener_py.model import Instant
from kener_py.web import body

E = TypeVar("E", bound=StrEnum)

LONGEST = 1_000_000  # bytes of a body
_MOST_NAMED = 10  # in an error: the answer stays short
_RFC3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Malformed(Exception):
    """The body is not what it should be; `code` is the HTTP status that says so."""

    def __init__(self, text: str, code: int = 400) -> None:
        super().__init__(text)
        self.code = code


def text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("should be a text")
    return value


def flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("should be true or false")
    return value


def tags(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ValueError("should be a list of tags")
    return tuple(value)


def one_of(kind: type[E]) -> Callable[[object], E]:
    """A reader of one of the words, in any case."""
    words = {word.casefold(): word for word in kind}

    def read(value: object) -> E:
        known = words.get(value.casefold()) if isinstance(value, str) else None
        if known is None:
            raise ValueError(f"should be one of {', '.join(kind)}")
        return known

    return read


def moment(value: object) -> Instant:
    """RFC 3339 as an instant; what is finer than a millisecond is cut off."""
    wanted = "should be a time such as 2026-12-01T22:00:00Z"
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        raise ValueError(wanted)
    try:
        found = datetime.fromisoformat(value.upper())
    except ValueError:  # a 31st of June
        raise ValueError(wanted) from None
    if not 1971 <= found.year <= 9000:
        raise ValueError("the year should be between 1971 and 9000")
    return (found - _EPOCH) // timedelta(milliseconds=1)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _object() -> dict[str, Any]:
    came = body.read(request.environ["wsgi.input"], request.content_length)
    if came.tail or came.left_out or len(came.head) > LONGEST:
        raise Malformed(f"The body is too long; at most {LONGEST} bytes are read", 413)
    if came.is_broken:
        raise Malformed("The body ended early")
    if not came.head.strip():
        return {}
    try:
        found = json.loads(came.head.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise Malformed("The body is not valid JSON in UTF-8") from None
    if not isinstance(found, dict):
        raise Malformed("The body should be a JSON object")
    return found


def read(
    known: Mapping[str, Callable[[object], Any]], required: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """The fields of this request's body, each through its reader. Raises Malformed."""
    given = _object()
    problems = [f"{name}: is missing" for name in known if name in required and name not in given]
    found = {}
    for name, value in given.items():
        if name not in known and len(problems) >= _MOST_NAMED:
            problems.append("")  # only counted: to guess what each was meant to be takes long
        elif name not in known:
            meant = difflib.get_close_matches(name.casefold()[:64], known, n=1)
            hint = f"did you mean '{meant[0]}'?" if meant else f"known are {', '.join(known) or 'none'}"
            problems.append(f"{body.clean(name)[:64]}: unknown field; {hint}")
        else:
            try:
                found[name] = known[name](value)
            except ValueError as problem:
                problems.append(f"{name}: {problem}")
    if len(problems) > _MOST_NAMED:
        problems[_MOST_NAMED:] = [f"and {len(problems) - _MOST_NAMED} more"]
    if problems:
        raise Malformed("; ".join(problems))
    return found
