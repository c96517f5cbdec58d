"""What one value can be: text, tags, numbers, yes or no. Each type reads a YAML scalar or says what is wrong.

Every reader raises ValueError with our words. What came from `${…}` is never repeated in them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from kener_py.config.nodes import Fields, Items, Scalar, described
from kener_py.config.problems import closest

REFERENCE = r"\$\{"  # the pattern of ${NAME}, ${NAME:-default} and ${file:/path} for the schema


def shape_of(wanted: str, **rules: Any) -> dict[str, Any]:
    """Return a schema whose faults editors explain as we do; other validators leave `errorMessage` alone."""
    return {**rules, "errorMessage": f"should be {wanted}"}


def or_reference(shape: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a value that is of this shape, or comes from outside."""
    choices = shape.get("anyOf", [shape])
    *others, last = choices
    if "pattern" in last:
        choices = [*others, {**last, "pattern": f"{last['pattern']}|{REFERENCE}"}]
    else:
        choices = [*choices, {"type": "string", "pattern": REFERENCE}]
    return {"anyOf": choices} if len(choices) > 1 else choices[0]


class Reported(ValueError):
    """The value has its problem in the report already."""


@dataclass(frozen=True, eq=False)  # hashed by identity: typing hashes what is in Annotated
class Leaf:
    """Ties a reader and its JSON Schema to an annotated type."""

    read: Callable[[Any], Any]
    shape: dict[str, Any]
    is_text: bool = False  # plain text takes a `${…}` anyway

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return dict(self.shape) if self.is_text else or_reference(self.shape)


# ---- text ------------------------------------------------------------------------------------


def scalar(node: object, wanted: str) -> Scalar:
    """Return the one value that `node` is."""
    if not isinstance(node, Scalar):
        raise ValueError(f"should be {wanted}, not {described(node)}")
    if node.kind == "broken":
        raise Reported
    if node.kind == "null":
        raise ValueError(f"is empty; write {wanted}, or remove the line")
    return node


def shown(value: Scalar) -> str:
    """Return the value as a message may show it."""
    if value.is_substituted and value.line:
        return "the value that ${…} brought"
    text = str(value)
    return f"'{text}'" if len(text) <= 60 and text.isprintable() else f"'{text[:40]!a}…'"


def quotes_hint(value: Scalar, is_secret: bool = False) -> str:
    """Say why an unquoted value is no text."""
    text = "…" if is_secret or len(value) > 40 else str(value)
    read = {"bool": "yes or no", "date": "a date"}.get(value.kind, "a number")
    if not is_secret and value.kind == "int" and (number := sexagesimal(value)) is not None:
        read = f"the number {number}"
    elif not is_secret and re.fullmatch(r"0[0-7]+", text):
        read = f"the number {int(text, 8)}"
    return f'YAML reads this as {read}; put it in quotes: "{text}"'


def sexagesimal(value: Scalar) -> int | None:
    """Return what YAML makes of 12:30, which is 750."""
    if len(value) > 40 or not re.fullmatch(r"[-+]?\d[\d_]*(:[0-5]?\d)+", value):
        return None
    number = 0
    for digits in value.lstrip("+-").replace("_", "").split(":"):
        number = number * 60 + int(digits)
    return number


def text(node: object, *, wanted: str = "a text", may_be_empty: bool = False) -> str:
    value = scalar(node, wanted)
    if value.kind != "text":
        raise ValueError(quotes_hint(value))
    if not may_be_empty and not value.strip():
        raise ValueError(
            f"is empty; write {wanted}" + ("" if value.is_substituted else ", or remove the line")
        )
    return str(value)


def secret(node: object) -> str:
    value = scalar(node, "a text")
    if value.kind != "text":
        raise ValueError(quotes_hint(value, is_secret=True))
    if not value.strip():
        raise ValueError("is empty; make one with: openssl rand -hex 16")
    if not value.isprintable():
        raise ValueError("has line breaks or control characters in it; write it on one line, in quotes")
    return str(value)


TAG = r"[a-z0-9_-]{1,64}"


def tag(node: object) -> str:
    value = scalar(node, "a tag")
    written = text(value, wanted="a tag")
    if not re.fullmatch(TAG, written):
        guess = re.sub(r"[^a-z0-9_-]+", "-", written.lower()).strip("-")[:64]
        hint = f", such as '{guess}'" if guess and not value.is_substituted else ""
        raise ValueError(f"should be 1 to 64 of a-z, 0-9, - and _{hint}, because it stands in the URL")
    return written


def choice(node: object, words: dict[str, Any], wanted: str) -> Any:
    """Return what the word stands for; the case does not matter."""
    value = scalar(node, wanted)
    found = words.get(value.casefold())
    if found is None:
        meant = None if value.is_substituted else closest(value, tuple(words))
        hint = f"; did you mean '{meant}'?" if meant else ""
        raise ValueError(f"should be {wanted}, not {shown(value)}{hint}")
    return found


def only(node: object, word: str, otherwise: str) -> str:
    """Accept one word and explain why no other."""
    value = scalar(node, word)
    if value.casefold() != word.casefold():
        raise ValueError(otherwise)
    return word


def words_shape(*words: str, also: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the schema of one of `words`, which editors propose, or `also`; the case does not matter."""
    return {"anyOf": [{"enum": list(words)}, {"type": "string", "pattern": any_case(*words, *also)}]}


def any_case(*words: str) -> str:
    """Return the pattern of these words: what JavaScript can read has no flag inside for it."""
    letters = (
        "".join(f"[{c.upper()}{c.lower()}]" if c.isalpha() else re.escape(c) for c in w) for w in words
    )
    return f"^({'|'.join(letters)})$"


# ---- yes or no, numbers ----------------------------------------------------------------------

FLAGS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def flag(node: object) -> bool:
    value = scalar(node, "true or false")
    found = FLAGS.get(value.casefold())
    if found is None:
        raise ValueError(f"should be true or false, not {shown(value)}")
    return found


def whole(node: object, low: int, high: int | None) -> int:
    wanted = f"a whole number from {low} to {high}" if high is not None else f"a whole number, {low} or more"
    value = scalar(node, wanted)
    if re.fullmatch(r"-?(0|[1-9]\d{0,17})", value, re.ASCII):
        if value.kind == "text" and not value.is_substituted:
            raise ValueError("should be a number without quotes")
        number = int(value)
        if low <= number and (high is None or number <= high):
            return number
    elif value.kind == "int" and re.fullmatch(r"0[0-7]+", value):
        raise ValueError(f"YAML reads this as {int(value, 8)}; write it without the leading 0")
    elif value.kind == "int" and (number_60 := sexagesimal(value)) is not None:
        raise ValueError(f"should be {wanted}, and YAML reads this as {number_60}")
    raise ValueError(f"should be {wanted}, not {shown(value)}")


# ---- lists -----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Many:
    """Ties a list to the spelling that leaves the list out around its only item."""

    wanted: str
    item: dict[str, Any]
    may_be_empty: bool = False

    def read(self, node: object) -> object:
        if isinstance(node, Fields):
            raise ValueError(f"should be {self.wanted}, or a list of them, not a mapping")
        if isinstance(node, Items):
            if not node and not self.may_be_empty:
                raise ValueError(f"is an empty list; it should be {self.wanted}, or a list of them")
            return node
        return [scalar(node, self.wanted)]

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.read, handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        more = {} if self.may_be_empty else {"minItems": 1}
        return {"anyOf": [dict(self.item), {"type": "array", "items": dict(self.item), **more}]}


@dataclass(frozen=True, eq=False)
class FlagOrMany(Many):
    """The same, where true stands for the item * and false for no item."""

    def read(self, node: object) -> object:
        if isinstance(node, Scalar) and node.casefold() in FLAGS:
            return [Scalar.at("*", node.line, node.column)] if FLAGS[node.casefold()] else []
        return super().read(node)

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        shape = super().__get_pydantic_json_schema__(core, handler)
        return {"anyOf": [dict(FLAG_SHAPE), *shape["anyOf"]]}


# ---- mappings --------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Short:
    """Ties a mapping to the spelling that gives one value, which then stands for each of `fields`."""

    wanted: str
    fields: tuple[str, ...]
    item: dict[str, Any]

    def read(self, node: object) -> object:
        if isinstance(node, Items):
            raise ValueError(f"should be {self.wanted}, not a list")
        if not isinstance(node, Scalar):
            return node
        made = Fields(node.line, node.column)
        for name in self.fields:
            made.put(name, Scalar.at(name, node.line, node.column), node)
        return made

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.read, handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [dict(self.item), handler(core)]}


# ---- colours ---------------------------------------------------------------------------------

HEX = r"#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})"


def color(node: object) -> str:
    """Return a colour as #rrggbb."""
    wanted = 'a colour in quotes such as "#06a880"'
    if isinstance(node, Scalar) and node.kind == "null":
        raise ValueError(f"is empty: to YAML # begins a comment; write {wanted}")
    value = scalar(node, wanted)
    written = value.strip()
    if not re.fullmatch(HEX, written):
        is_close = re.fullmatch(HEX, f"#{written}") and not value.is_substituted
        hint = f'; did you mean "#{written}"?' if is_close else ""
        raise ValueError(f"should be {wanted} (#rgb or #rrggbb), not {shown(value)}{hint}")
    digits = written.lower().removeprefix("#")
    return "#" + (digits if len(digits) == 6 else "".join(digit * 2 for digit in digits))


# ---- the types ------------------------------------------------------------------------------

STRING = {"type": "string"}
FILLED = {"type": "string", "minLength": 1}
FLAG_SHAPE = {"anyOf": [{"enum": [True, False]}, {"type": "string", "pattern": any_case(*FLAGS)}]}

Text = Annotated[str, Leaf(text, FILLED, is_text=True)]
AnyText = Annotated[str, Leaf(partial(text, may_be_empty=True), STRING, is_text=True)]
Secret = Annotated[str, Leaf(secret, FILLED, is_text=True)]
TAG_SHAPE = shape_of("1 to 64 of a-z, 0-9, - and _", type="string", pattern=f"^{TAG}$")
Tag = Annotated[str, Leaf(tag, TAG_SHAPE)]
COLOR_SHAPE = shape_of('a colour in quotes such as "#06a880"', type="string", pattern=rf"^\s*{HEX}\s*$")
HexColor = Annotated[str, Leaf(color, COLOR_SHAPE)]
Flag = Annotated[bool, Leaf(flag, FLAG_SHAPE)]


def count(low: int, high: int | None = None) -> Leaf:
    """Return the reader of a whole number."""
    limits = {"minimum": low} | ({} if high is None else {"maximum": high})
    return Leaf(partial(whole, low=low, high=high), {"type": "integer", **limits})
