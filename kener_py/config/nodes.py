"""The YAML file as a tree of texts, mappings and lists that know their place.

It is built from PyYAML's events and not from `yaml.compose`: that one recurses in C, so that a deeply
nested file would end the process. Nothing is converted here: what a plain `0700` is supposed to be
only the field knows that it was written for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import yaml
from yaml.resolver import Resolver

from kener_py.config.problems import ConfigError, FieldPath, Place, Report
from kener_py.config.references import ReferenceProblem
from kener_py.config.syntax import STAR, syntax_error

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DEPTH = 40
UNFOLDED = 5_000_000  # values that aliases and merges may add; 100,000 monitors with `<<` need half of it

KINDS = {
    "tag:yaml.org,2002:str": "text",
    "tag:yaml.org,2002:int": "int",
    "tag:yaml.org,2002:float": "float",
    "tag:yaml.org,2002:bool": "bool",
    "tag:yaml.org,2002:null": "null",
    "tag:yaml.org,2002:timestamp": "date",
}
NUMBER = re.compile(r"[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?|0o[0-7]+|0x[0-9a-fA-F]+")
UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Scalar(str):
    """One value as it was written. `kind` is what YAML takes it for; a quoted one is a `text`.

    `broken` is a value about which a problem was reported already.
    """

    __slots__ = ("column", "is_substituted", "kind", "line")
    line: int
    column: int
    kind: str
    is_substituted: bool

    @classmethod
    def at(
        cls, text: str, line: int, column: int, kind: str = "text", is_substituted: bool = False
    ) -> Scalar:
        made = cls(text)
        made.line, made.column, made.kind, made.is_substituted = line, column, kind, is_substituted
        return made


class Fields(dict[str, "Node"]):
    """A mapping. `keys_as_written` has, by name, the key as it stands in the file."""

    __slots__ = ("column", "keys_as_written", "line", "size")
    keys_as_written: dict[str, Scalar]

    def __init__(self, line: int = 0, column: int = 0) -> None:
        super().__init__()
        self.line, self.column, self.size = line, column, 1
        self.keys_as_written = {}

    def put(self, name: str, key: Scalar, node: Node) -> None:
        self[name] = node
        self.keys_as_written[name] = key

    def take(self, name: str) -> tuple[Scalar, Node]:
        return self.keys_as_written.pop(name), self.pop(name)


class Items(list["Node"]):
    """A list."""

    __slots__ = ("column", "line", "size")

    def __init__(self, line: int = 0, column: int = 0) -> None:
        super().__init__()
        self.line, self.column, self.size = line, column, 1


Node = Scalar | Fields | Items
Fill = Callable[[str], str]


def described(node: object) -> str:
    """Return what a node is, for messages."""
    return "a mapping" if isinstance(node, Fields) else "a list" if isinstance(node, Items) else "one value"


def kind_of(text: str) -> str:
    """Return what YAML takes an unquoted text for."""
    for tag, pattern in Resolver.yaml_implicit_resolvers.get(text[:1], ()):
        if pattern.match(text):
            return KINDS.get(tag, "text")
    # YAML 1.2 sees numbers where 1.1, which PyYAML speaks, sees text: 1e5, 0189. Neither is what was meant.
    return "float" if NUMBER.fullmatch(text) else "text"


def compose(text: str, fill: Fill, report: Report) -> Fields:
    """Return the tree of the one document in `text`; `fill` puts values for `${…}`.

    Raises ConfigError where nothing behind can be read any more; lesser problems go to `report`.
    """
    if found := UNPRINTABLE.search(text):
        before = text[: found.start()]
        line, column = before.count("\n") + 1, found.start() - before.rfind("\n")
        raise report.fail(f"the control character U+{ord(found[0]):04X} cannot stand in YAML", line, column)
    try:
        root = _Composer(yaml.parse(text, Loader=LOADER), fill, report).document()
    except yaml.MarkedYAMLError as error:
        raise syntax_error(error, text, report) from None
    except yaml.YAMLError:
        raise report.fail("not valid YAML") from None
    if root is None or (isinstance(root, Scalar) and root.kind == "null"):
        raise report.fail("the file is empty; config.example.yaml shows what can stand in it")
    if isinstance(root, Items):
        message = "the top level should be 'name: value' lines; a list of monitors belongs under 'monitors:'"
        raise report.fail(message, root.line, root.column)
    if isinstance(root, Scalar):
        raise report.fail("the top level should be 'name: value' lines", root.line, root.column)
    return root


class _Composer:
    def __init__(self, events: Iterator[Any], fill: Fill, report: Report) -> None:
        self.events = events
        self.fill = fill
        self.report = report
        self.anchors: dict[str, Node | None] = {}  # None while the anchored node is still open
        self.path: list[str | int] = []
        self.depth = 0
        self.unfolded = 0

    def document(self) -> Node | None:
        next(self.events)  # the stream's start
        if isinstance(next(self.events), yaml.StreamEndEvent):
            return None
        root = self.node(next(self.events))
        next(self.events)  # the document's end
        more = next(self.events)
        if not isinstance(more, yaml.StreamEndEvent):
            message = "a second document begins here ('---'); the whole configuration should be one"
            raise self.fail(more.start_mark, message)
        return root

    def fail(self, mark: Any, message: str) -> ConfigError:
        return self.report.fail(message, mark.line + 1, mark.column + 1)

    def node(self, event: Any) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event)
        anchor = event.anchor
        if anchor is not None:
            self.anchors[anchor] = None
        node: Node
        if isinstance(event, yaml.ScalarEvent):
            node = self.scalar(event)
        else:
            self.depth += 1  # the path does not grow inside of keys
            if self.depth > DEPTH:
                raise self.fail(event.start_mark, f"nested deeper than {DEPTH} levels")
            mapping = isinstance(event, yaml.MappingStartEvent)
            node = self.fields(event) if mapping else self.items(event)
            self.depth -= 1
            if event.tag not in (None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
                self.report.problem(node, tuple(self.path), "YAML tags (!name) are not supported; remove it")
        if anchor is not None:
            self.anchors[anchor] = node
        return node

    def alias(self, event: Any) -> Node:
        # The name is not repeated in messages: it may be a secret that begins with *.
        if event.anchor not in self.anchors:
            raise self.fail(event.start_mark, f"no &anchor of this name comes before it; {STAR}")
        node = self.anchors[event.anchor]
        if node is None:
            raise self.fail(event.start_mark, "this alias (*name) contains itself")
        self.unfold(event.start_mark, 1 if isinstance(node, Scalar) else node.size)
        return node

    def unfold(self, mark: Any, count: int) -> None:
        self.unfolded += count
        if self.unfolded > UNFOLDED:
            raise self.fail(mark, f"the aliases (*name) up to here unfold to more than {UNFOLDED:,} values")

    def scalar(self, event: Any) -> Scalar:
        text, mark = event.value, event.start_mark
        line, column = mark.line + 1, mark.column + 1
        if event.tag is None or event.tag == "!":
            kind = kind_of(text) if event.implicit[0] and event.tag is None else "text"
        elif event.tag in KINDS:
            kind = KINDS[event.tag]
        else:
            place = Scalar.at("", line, column, "broken")
            message = "YAML tags (!name) are not supported; text that begins with ! needs quotes"
            self.report.problem(place, tuple(self.path), message)
            return place
        if "${" in text:
            try:
                return Scalar.at(self.fill(text), line, column, is_substituted=True)
            except ReferenceProblem as problem:
                place = Scalar.at("", line, column, "broken")
                self.report.problem(place, tuple(self.path), str(problem))
                return place
        return Scalar.at(text, line, column, kind)

    def items(self, event: Any) -> Items:
        items = Items(event.start_mark.line + 1, event.start_mark.column + 1)
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            self.path.append(len(items))
            node = self.node(event)
            items.append(node)
            items.size += 1 if isinstance(node, Scalar) else node.size
            self.path.pop()
        return items

    def fields(self, event: Any) -> Fields:
        fields = Fields(event.start_mark.line + 1, event.start_mark.column + 1)
        merged: tuple[Scalar, Node] | None = None
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            mark = event.start_mark
            if not isinstance(event, yaml.ScalarEvent):
                self.node(event)
                self.node(next(self.events))
                place = Scalar.at("", mark.line + 1, mark.column + 1)
                self.report.problem(place, tuple(self.path), "a field's name should be plain text")
                continue
            name = event.value
            key = Scalar.at(name, mark.line + 1, mark.column + 1)
            if event.anchor is not None:
                self.anchors[event.anchor] = key
            self.path.append(name)
            node = self.node(next(self.events))
            if name == "<<" and event.implicit[0]:
                if merged:
                    self.repeated(key, merged[0], "; several mappings are merged with <<: [*one, *other]")
                merged = key, node
            elif name in fields:
                self.repeated(key, fields.keys_as_written[name])
            else:
                fields.put(name, key, node)
                fields.size += 1 if isinstance(node, Scalar) else node.size
            self.path.pop()
        if merged:
            self.merge(fields, *merged)
        return fields

    def repeated(self, key: Scalar, first: Place, hint: str = "") -> None:
        message = f"given twice, first at line {first.line}; remove one of them{hint}"
        self.report.problem(key, tuple(self.path), message)

    def merge(self, fields: Fields, key: Scalar, node: Node) -> None:
        """Add what `<<` brings. A field's own value wins, then the first of several mappings."""
        path: FieldPath = (*self.path, "<<")
        for source in node if isinstance(node, Items) else [node]:
            if not isinstance(source, Fields):
                self.report.problem(key, path, "should be an alias of a mapping: <<: *name")
                continue
            mark = yaml.Mark("", 0, key.line - 1, key.column - 1, None, 0)
            self.unfold(mark, len(source))
            for name, value in source.items():
                if name not in fields:
                    fields.put(name, source.keys_as_written[name], value)
                    fields.size += 1 if isinstance(value, Scalar) else value.size
