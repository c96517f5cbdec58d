"""The language of templates: Jinja without calls, with a bound on loops, texts and time.

A template sees texts, numbers and lists only.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache, lru_cache
from typing import Any

from kener_py.messages import markup
from kener_py.messages.variables import NAMES

LARGEST = 100_000  # characters that a template may make
LONGEST = 10_000  # characters of the template itself
STEPS = 100_000  # what loops and filters may cost together
_LOOP = 10
_RANGE = 1_000
_NUMBER = 10**15

_NODES = frozenset(
    {"Template", "Output", "TemplateData", "Name", "Const", "Getattr", "Getitem", "Slice", "If", "For"}
    | {"CondExpr", "Compare", "Operand", "And", "Or", "Not", "Neg", "Pos", "Add", "Sub", "Mul", "Div"}
    | {"FloorDiv", "Mod", "Concat", "Filter", "Test", "Assign", "Call", "Keyword", "List", "Tuple"}
)
_TESTS = frozenset({"defined", "undefined", "none", "string", "number", "even", "odd", "in", "true", "false"})
_WORDS = {"CallBlock": "call", "FromImport": "import", "AssignBlock": "set", "Pow": "**"}


class TemplateError(Exception):
    """Why a template cannot be used, in words for its author. `line` and `column` count from 1."""

    def __init__(self, reason: str, line: int = 0, column: int = 0) -> None:
        super().__init__(reason)
        self.line, self.column = line, column

    def __str__(self) -> str:
        place = f"line {self.line}" + (f", column {self.column}" if self.column else "")
        return f"{place}: {self.args[0]}" if self.line else str(self.args[0])


class Ready(str):
    """Text that is in the right form already: an address, or the built-in body."""

    __slots__ = ()


# ---- what a template may hold ----------------------------------------------------------------


class Problems(Exception):
    def __init__(self, found: Sequence[TemplateError]) -> None:
        super().__init__(str(found[0]))
        self.found = tuple(found)


def one_line(text: str) -> str:
    return markup.one_line(text)[:300]


@lru_cache(maxsize=64)
def compiled(source: str, form: str) -> Any:
    """The template, ready to run; raises Problems. `form` keeps the forms apart in the cache."""
    import jinja2

    if len(source) > LONGEST:
        raise Problems([TemplateError(f"is longer than {LONGEST:,} characters")])
    environment = _environment()
    try:
        tree = environment.parse(source)
        if found := _problems(tree, source):
            raise Problems(found)
        return environment.from_string(_bounded(tree))
    except jinja2.TemplateSyntaxError as error:
        raise Problems([TemplateError(_syntax(str(error.message), source), error.lineno)]) from None
    except Problems:
        raise
    except Exception as error:  # nested too deeply, a number of ten thousand digits
        raise Problems([TemplateError(f"cannot be read: {one_line(str(error))}")]) from None


def _syntax(message: str, source: str) -> str:
    hint = ""
    if found := re.search(r"\{\{\s*([#^/])\s*(\w*)", source):
        hint = f"; sections are written {{% if {found[2] or 'is_triggered'} %}} … {{% endif %}}"
    elif "{{{" in source:
        hint = "; write two braces: {{ message }}"
    return one_line(message) + hint


def _problems(tree: Any, source: str) -> list[TemplateError]:
    from jinja2 import nodes

    lines = source.splitlines() or [""]
    own = {node.name for node in tree.find_all(nodes.Name) if node.ctx == "store"}
    known = [*NAMES, "range", "loop", *own]
    found = []

    def problem(node: Any, name: str, message: str) -> None:
        line = min(node.lineno, len(lines))
        place = re.search(rf"\b{re.escape(name)}\b", lines[line - 1]) if name else None
        found.append(TemplateError(message, line, place.start() + 1 if place else 0))

    for node in _walk(tree):
        kind = type(node).__name__
        if kind not in _NODES or (kind == "For" and node.recursive):
            problem(node, "", f"'{_WORDS.get(kind, kind.lower())}' is not for templates of messages")
        elif kind == "Call":
            if not isinstance(node.node, nodes.Name) or node.node.name != "range":
                problem(
                    node, "", "a template calls nothing but range(); filters are written {{ name|upper }}"
                )
        elif kind == "Name" and node.ctx == "load" and node.name not in known:
            problem(node, node.name, f"unknown variable '{node.name}'{_meant(node.name, known)}")
        elif kind == "Name" and node.ctx == "store" and node.name.startswith("_"):
            problem(node, node.name, "a name cannot begin with _")
        elif kind == "Getattr" and node.attr.startswith("_"):
            problem(node, node.attr, f"'{node.attr}' cannot be asked for")
        elif kind == "Filter" and (node.name not in _environment().filters or node.name.startswith("_")):
            names = [name for name in _environment().filters if not name.startswith("_")]
            problem(node, node.name, f"unknown filter '{node.name}'{_meant(node.name, names)}")
        elif kind == "Test" and node.name not in _TESTS:
            problem(node, node.name, f"unknown test '{node.name}'{_meant(node.name, _TESTS)}")
    return found


def _walk(node: Any) -> Iterator[Any]:
    for child in node.iter_child_nodes():
        yield child
        yield from _walk(child)


def _meant(name: str, known: Sequence[str] | frozenset[str]) -> str:
    close = difflib.get_close_matches(name[:64], sorted(known), n=1)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; known are: {', '.join(sorted(known))}" if len(known) <= 20 else "; README lists what there is"


# ---- what it may cost ------------------------------------------------------------------------


def _bounded(tree: Any) -> Any:
    """The tree with what counts put around loops and texts that are joined."""
    from jinja2 import nodes

    def counted(node: Any, name: str) -> Any:
        return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)

    for node in list(tree.find_all(nodes.For)):
        node.iter = counted(node.iter, "_steps")
    _replace_concat(tree, nodes, counted)
    return tree.set_environment(_environment())


def _replace_concat(node: Any, nodes: Any, counted: Callable[[Any, str], Any]) -> None:
    """`a ~ b` is not intercepted by a sandbox, `a + b` is."""

    def made(child: Any) -> Any:
        if not isinstance(child, nodes.Node):
            return child
        _replace_concat(child, nodes, counted)
        if not isinstance(child, nodes.Concat):
            return child
        first, *rest = [counted(each, "string") for each in child.nodes]
        for each in rest:
            first = nodes.Add(first, each, lineno=child.lineno)
        return first

    for name in node.fields:
        value = getattr(node, name)
        setattr(node, name, [made(each) for each in value] if isinstance(value, list) else made(value))


@cache
def _environment() -> Any:
    import jinja2
    from jinja2.runtime import LoopContext
    from jinja2.sandbox import SandboxedEnvironment

    def spend(context: Any, cost: int) -> None:
        left = context["_left"]
        left[0] -= cost
        if left[0] < 0:
            raise TemplateError("takes too long: too many rounds of its loops")

    class Environment(SandboxedEnvironment):
        """Values are texts, numbers, lists and mappings: nothing has attributes but a loop."""

        intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            spend(context, 1)
            if operator == "+" and isinstance(left, str) and isinstance(right, str):
                if len(left) + len(right) > LARGEST:
                    raise TemplateError(f"makes more than {LARGEST:,} characters")
                spend(context, (len(left) + len(right)) // 100)
                return str(left) + str(right)
            if operator == "**" or not (isinstance(left, int | float) and isinstance(right, int | float)):
                raise TemplateError(f"'{operator}' is for numbers; texts are joined with ~")
            result = super().call_binop(context, operator, left, right)
            if abs(result) > _NUMBER:
                raise TemplateError("a number becomes too large")
            return result

        def getattr(self, obj: Any, attribute: str) -> Any:
            if isinstance(obj, LoopContext):
                return super().getattr(obj, attribute)
            return self.getitem(obj, attribute)

        def getitem(self, obj: Any, argument: Any) -> Any:
            if isinstance(obj, dict) and isinstance(argument, str):
                if argument in obj:
                    return obj[argument]
                raise TemplateError(f"unknown field '{argument[:60]}'{_meant(argument, list(obj))}")
            if isinstance(obj, str | list | tuple) and isinstance(argument, int | slice):
                try:
                    return obj[argument]
                except IndexError:
                    return self.undefined(obj=obj, name=str(argument))
            raise TemplateError(f"there is no '{str(argument)[:60]}' in it")

    @jinja2.pass_context
    def shown(context: Any, value: Any) -> str:
        spend(context, 1)
        if isinstance(value, Ready | jinja2.Undefined):
            return str(value)
        escaped: str = context["_escape"](value if type(value) is str else str(value))
        return escaped

    def costing(function: Callable[..., Any]) -> Any:
        @jinja2.pass_context
        def run(context: Any, value: Any, *args: Any, **more: Any) -> Any:
            size = len(value) if isinstance(value, str | list | tuple) else 1
            spend(context, 1 + size // 100)
            return function(value, *args, **more)

        return run

    @jinja2.pass_context
    def steps(context: Any, values: Any) -> Iterator[Any]:
        for value in values:
            spend(context, _LOOP)
            yield value

    @jinja2.pass_context
    def bounded_range(context: Any, *limits: int) -> range:
        made = range(*limits)
        if len(made) > _RANGE:
            raise TemplateError(f"range() goes up to {_RANGE:,} numbers")
        return made

    @jinja2.pass_context
    def tojson(context: Any, value: Any) -> str:
        spend(context, 1 + len(value) // 100 if isinstance(value, str) else _LOOP)
        return str(jinja2.filters.FILTERS["tojson"](context.eval_ctx, value))

    environment = Environment(
        undefined=jinja2.StrictUndefined, finalize=shown, optimized=False, keep_trailing_newline=False
    )
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.globals = {"range": bounded_range}
    filters: dict[str, Callable[..., Any]] = {
        "upper": lambda value: str(value).upper(),
        "lower": lambda value: str(value).lower(),
        "capitalize": lambda value: str(value).capitalize(),
        "title": lambda value: str(value).title(),
        "trim": lambda value: str(value).strip(),
        "string": str,
        "length": len,
        "count": len,
        "first": lambda value: value[0] if value else "",
        "last": lambda value: value[-1] if value else "",
        "default": _default,
        "d": _default,
        "join": _join,
        "replace": _replace,
        "truncate": _truncate,
        "round": lambda value, digits=0: round(value, max(-9, min(9, digits))),
    }
    environment.filters = {name: costing(function) for name, function in filters.items()}
    environment.filters |= {"tojson": tojson, "_steps": steps}
    environment.tests = {name: test for name, test in environment.tests.items() if name in _TESTS}
    return environment


def _default(value: Any, other: Any = "", always: bool = False) -> Any:
    return other if value is None or value == "" or (always and not value) else value


def _join(values: Any, separator: str = "") -> str:
    texts = [str(value) for value in values]
    if sum(map(len, texts)) + len(separator) * len(texts) > LARGEST:
        raise TemplateError(f"makes more than {LARGEST:,} characters")
    return str(separator).join(texts)


def _replace(value: Any, old: str, new: str) -> str:
    text = str(value)
    if len(text) + text.count(old) * len(new) > LARGEST:
        raise TemplateError(f"makes more than {LARGEST:,} characters")
    return text.replace(old, new)


def _truncate(value: Any, most: int = 255, end: str = "…") -> str:
    text = str(value)
    return text if len(text) <= most else text[: max(most - len(end), 0)] + end
