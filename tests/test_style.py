"""The stylesheet and what is written against it: every class has a rule, every rule has a use."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from kener_py.model import Status
from kener_py.web import words
from kener_py.web.pages.uptime import BUCKETS

ROOT = Path(__file__).resolve().parent.parent
CSS = re.sub(r"/\*.*?\*/", "", (ROOT / "static" / "style.css").read_text(), flags=re.DOTALL)
TEMPLATES = [*sorted((ROOT / "templates").glob("*.html")), ROOT / "templates" / "icons.svg"]
COLOURS = {words.colour(status) for status in Status}

# What a template prints into a class by a name of its own.
PRINTED = {
    "|colour": COLOURS,
    "bucket(": {name for _, name in BUCKETS} | {"low", "no_data"},
    "path.part": {"cut", "rest"},
    "{{ status }}": COLOURS,
}
VALUE = re.compile(r"""\bclass="((?:\{\{.*?\}\}|\{%.*?%\}|[^"{])*)\"""")


def in_templates() -> Iterator[tuple[str, str]]:
    """File and class; both words of a condition."""
    for file in TEMPLATES:
        text = re.sub(r"\{#.*?#\}", "", file.read_text(), flags=re.DOTALL)
        for value in VALUE.findall(text):
            for printed in re.findall(r"\{\{.*?\}\}", value):
                known = [names for sign, names in PRINTED.items() if sign in printed]
                literal = re.findall(r'"([\w -]*)"', printed)
                assert known or literal, f"{file.name}: what can {printed} be?"
                for name in {each for names in known for each in names} | set(" ".join(literal).split()):
                    yield file.name, name
            for name in re.sub(r"\{\{.*?\}\}|\{%.*?%\}", " ", value).split():
                yield file.name, name


def in_code() -> Iterator[tuple[str, str]]:
    for file in sorted((ROOT / "kener_py" / "web").rglob("*.py")):
        for value in re.findall(r'class="([\w -]+)"', file.read_text()):
            yield from ((file.name, name) for name in value.split())
    for file in sorted((ROOT / "static").glob("*.js")):
        for name in re.findall(r'className: "([\w-]+)"|classList\.add\("([\w-]+)"\)', file.read_text()):
            yield file.name, "".join(name)


def rules() -> Iterator[tuple[str, str]]:
    """The @-rule around each rule, "" for none, and its selectors."""
    around = ""
    depth = 0
    for opened, text in re.findall(r"([^{}]*)([{}])", CSS):
        depth += 1 if text == "{" else -1
        if text == "}":
            around = around if depth else ""
        elif opened.strip().startswith("@"):
            around = " ".join(opened.split())
        else:
            yield around, " ".join(opened.rsplit(";", 1)[-1].split())


USED = {**{name: file for file, name in in_code()}, **{name: file for file, name in in_templates()}}
STYLED = {name for _, selector in rules() for name in re.findall(r"\.([a-z][\w-]*)", selector)}


@pytest.mark.parametrize("name", sorted(USED))
def test_a_class_has_a_rule(name: str) -> None:
    assert name in STYLED, f"{USED[name]} has it"


@pytest.mark.parametrize("name", sorted(STYLED))
def test_a_rule_has_a_use(name: str) -> None:
    assert name in USED


def test_there_is_something_to_look_at() -> None:
    assert len(USED) > 50
    assert len(STYLED) > 50
    assert {around for around, _ in rules()} >= {"", "@media print", "@media (forced-colors: active)"}


def test_a_selector_has_one_rule() -> None:
    """In one place; two people who style the same thing twice will not know which of them wins."""
    assert [rule for rule, count in Counter(rules()).items() if count > 1] == []


def test_every_property_that_is_asked_for_is_set() -> None:
    assert set(re.findall(r"var\((--[\w-]+)\)", CSS)) <= set(re.findall(r"(--[\w-]+)\s*:", CSS))


@pytest.mark.parametrize("name", sorted(set(re.findall(r"#([a-z][\w-]*)", " ".join(s for _, s in rules())))))
def test_an_id_that_is_styled_exists(name: str) -> None:
    assert any(f'id="{name}"' in file.read_text() for file in TEMPLATES)
