"""What people give for an incident, checked: every field that is wrong is told at once."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from kener_py.config.problems import closest
from kener_py.model import Config, Instant

LONGEST_TITLE = 200  # characters
LONGEST_TEXT = 20_000


class Refused(Exception):
    """What was said cannot be so; nothing is written. `others` are further fields that are wrong."""

    def __init__(self, field: str, text: str, *others: Refused) -> None:
        super().__init__(field, text, *others)
        self.field = field
        self.text = text
        self.others = others

    def __str__(self) -> str:
        return "; ".join(f"{each.field}: {each.text}" for each in (self, *self.others))


class Unknown(Refused):
    """There is no such incident, or it has no such update."""

    def __str__(self) -> str:
        return self.text


class Forbidden(Refused):
    """It is about monitors that the caller may not speak of."""

    def __str__(self) -> str:
        return self.text


class Problems(list[Refused]):
    """Every field that is wrong, so that all of them are told at once."""

    @contextmanager
    def noted(self) -> Iterator[None]:
        try:
            yield
        except Refused as refused:
            self.append(refused)

    def tell(self) -> None:
        if self:
            first, *others = self
            raise Refused(first.field, first.text, *others)


def _storable(field: str, value: str, longest: int, allowed: str = "") -> str:
    """`value` without blanks around it, if it is a text that can be kept and shown."""
    value = value.strip()
    if not value:
        raise Refused(field, "should not be empty")
    if len(value) > longest:
        raise Refused(field, f"is {len(value)} characters long; at most {longest} are kept")
    odd = next((c for c in value if unicodedata.category(c) in ("Cc", "Cs") and c not in allowed), None)
    if odd is not None:
        raise Refused(field, f"has a character that is no text: U+{ord(odd):04X}")
    return value


def title(value: str) -> str:
    return _storable("title", value, LONGEST_TITLE)


def text(value: str) -> str:
    return _storable("text", value.replace("\r\n", "\n"), LONGEST_TEXT, allowed="\n\t")


def tags(config: Config, tags: Collection[str], known: Collection[str] = ()) -> tuple[str, ...]:
    """The tags, each once and sorted as the store does; `known` ones may have left the file."""
    for tag in tags:
        if tag not in config.monitors and tag not in known:
            meant = closest(tag, tuple(config.monitors))
            shown = tag[:50].encode("utf-8", "replace").decode()
            hint = f"; did you mean '{meant}'?" if meant else ""
            raise Refused("monitors", f"no monitor has the tag '{shown}'{hint}")
    return tuple(sorted(set(tags)))


def past(field: str, moment: Instant, at: Instant) -> Instant:
    if moment > at:
        raise Refused(field, "lies in the future")
    return moment


def in_order(started: Instant, resolved: Instant) -> None:
    if resolved < started:
        raise Refused("resolved", "is before the incident started")
