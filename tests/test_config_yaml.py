"""YAML itself: syntax errors, traps, aliases, and files that are no configuration at all."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml
from conftest import tries
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kener_py import config
from kener_py.config import nodes
from kener_py.model import MINUTE, Config


def load(tmp_path: Path, text: str | bytes) -> Config:
    content = text if isinstance(text, bytes) else text.encode()
    (tmp_path / "config.yaml").write_bytes(content)
    return config.load(tmp_path / "config.yaml", {})


def refused(tmp_path: Path, text: str | bytes) -> list[str]:
    with pytest.raises(config.ConfigError) as caught:
        load(tmp_path, text)
    return [
        str(problem).removeprefix(f"{tmp_path}/config.yaml:").strip() for problem in caught.value.problems
    ]


@pytest.fixture(params=["CSafeLoader", "SafeLoader"])
def _any_loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyYAML may come without libyaml; both speak of the same error in other words."""
    monkeypatch.setattr(nodes, "LOADER", getattr(yaml, request.param, yaml.SafeLoader))


@pytest.mark.usefixtures("_any_loader")
@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        ("monitors:\n  - cron: * * * * *\n", "2:11", 'a cron expression too: cron: "* * * * *"'),
        ("monitors:\n  - cron: */5 * * * *\n", "2:11", "text that begins with * needs quotes"),
        ("a: *nope\n", "1:4", "no &anchor of this name comes before it"),
        ("cron: @hourly\n", "1:7", 'cron: "@hourly"'),
        ("site:\n\ttitle: x\n", "2:1", "a tab stands in the indentation"),
        ("site:\n  title: x\n\turl: y\n", "3:1", "a tab stands in the indentation"),
        ("site:\n  title: a: b\n", "2:11", "text with ': ' in it needs quotes"),
        ("site: x\n  title: y\n", "2:8", "this line is indented too far"),
        ('site: {title: "x}\nserver: {}\n', "1:15", "the quote that opens here is never closed"),
        ("monitors: [a, b\nsite: {}\n", "1:11", "the bracket that opens here is never closed"),
        ("site\nserver: {}\n", "2:7", "or the line above lacks a ':'"),
        ("site: {}\nserver\nretention: {}\n", "2:1", "a ':' is missing"),
        ('site: "x" y\n', "1:11", "for text after a closing quote"),
        ("a: 1\n---\nb: 2\n", "2:1", "a second document begins here"),
        ("a: &a [*a]\n", "1:8", "this alias (*name) contains itself"),
        ('site: {title: "\\q"}\n', "1:15", "unknown escape"),
        ("site: {title: a\x00b}\n", "1:16", "the control character U+0000 cannot stand in YAML"),
        ("site: {title: !!python/name:os.system x}\n", "1:15", "YAML tags (!name) are not supported"),
        ("site: !x {title: x}\n", "1:7", "YAML tags (!name) are not supported"),
        ("site:\n  title: a\n  url: ''\n  title: b\n", "4:3", "given twice, first at line 2"),
        ("? [a]\n: b\n", "1:3", "a field's name should be plain text"),
        ("site: {<<: x}\n", "1:8", "should be an alias of a mapping"),
    ],
)
def test_a_yaml_error_says_where_and_what_to_do(tmp_path: Path, text: str, place: str, hint: str) -> None:
    first, *_ = refused(tmp_path, text)
    assert first.startswith(f"{place}: ")
    assert hint in first


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (b"", "the file is empty"),
        (b"# nothing but a comment\n", "the file is empty"),
        (b"---\n", "the file is empty"),
        (b"- tag: a\n", "a list of monitors belongs under 'monitors:'"),
        (b"hello", "the top level should be 'name: value' lines"),
        (b"site: {title: \xff}\n", "1:15: not UTF-8 from here on"),
        ("site: {}".encode("utf-16"), "1:1: not UTF-8"),
    ],
)
def test_a_file_that_is_no_configuration_is_refused(tmp_path: Path, content: bytes, hint: str) -> None:
    (line,) = refused(tmp_path, content)
    assert hint in line


def test_a_path_without_a_readable_file_is_refused(tmp_path: Path) -> None:
    for path, hint in (
        (tmp_path / "nope.yaml", "no such file"),
        (tmp_path, "a directory"),
        (tmp_path / "a\0b", "not a valid path"),
        (tmp_path / ("x" * 5000), "cannot be read"),
    ):
        with pytest.raises(config.ConfigError, match=hint):
            config.load(path, {})


def test_a_byte_order_mark_is_no_problem(tmp_path: Path) -> None:
    assert load(tmp_path, b"\xef\xbb\xbfsite: {title: x}").site.title == "x"


def test_json_is_yaml(tmp_path: Path) -> None:
    assert load(tmp_path, '{"monitors": [{"tag": "a", "interval": "5m"}]}').monitors["a"].limits.interval


def test_anchors_aliases_and_merges_work(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        """
x-defaults: &defaults {interval: 5m, grace: 1x, category: One, secret: 0123456789abcdefg}
x-more: &more {category: Two, description: more}
monitors:
  - {<<: *defaults, tag: a}
  - {<<: [*more, *defaults], tag: b, interval: 1h}
notifiers: {ops: &urls ["json://a"], boss: *urls}
""",
    )
    a, b = loaded.monitors["a"], loaded.monitors["b"]
    assert (a.category, a.limits.degraded_after, a.secret) == ("One", 5 * MINUTE, "0123456789abcdefg")
    assert (b.category, b.limits.degraded_after, b.description) == ("Two", 60 * MINUTE, "more")
    assert loaded.notifiers["boss"].urls == ("json://a",)
    assert loaded.warnings == ()


def test_a_problem_in_a_merged_field_is_reported_where_it_stands(tmp_path: Path) -> None:
    assert refused(tmp_path, "x-a: &a {graec: 5m}\nmonitors: [{<<: *a, tag: a}]") == [
        "1:10: monitors[0].graec: unknown field; did you mean 'grace'?"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "x-0: &x0 [lol]\n"
        + "".join(f"x-{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 10)}]\n" for n in range(1, 30))
        + "monitors: *x29\n",
        "x-a: &a {monitors: [" + "x, " * 20_000 + "]}\nalerts: [" + "*a, " * 20_000 + "]",
        "[" * 200_000,
        "- " * 200_000,
        "{a: " * 200_000,
        "? " * 200_000,
        "a: " + "9" * 200_000,
        "site: {timezone: " + "x" * 200_000 + "}",
        "monitors: [{tag: a, cron: '" + "*/1," * 50_000 + "* * * * *'}]",
    ],
    ids=["laughs", "square", "brackets", "dashes", "braces", "keys", "digits", "zone", "cron"],
)
def test_a_hostile_file_is_refused_in_bounded_time(tmp_path: Path, text: str) -> None:
    began = time.monotonic()
    refused(tmp_path, text)
    assert time.monotonic() - began < 10


def test_merges_of_merges_stay_small(tmp_path: Path) -> None:
    text = "x-0: &x0 {title: x}\n"
    for number in range(1, 200):
        ten = ", ".join([f"*x{number - 1}"] * 10)
        text += f"x-{number}: &x{number} {{<<: [{ten}]}}\n"
    assert load(tmp_path, text + "site: {<<: *x199}").site.title == "x"


TOKENS = r"""
a b monitors: site: alerts: notifiers: api_keys: maintenances: tag: secret: interval: cron: scopes:
type_data: start: monitors - -- : , [ ] { } & &a *a * ! !!int !!map | > ' # % @ ` ? << <<: ~ null
yes 0700 12:30 1e5 5m 2x 2026-12-01 ${A} ${file:x} $${ --- ... " \\ ü 😀
"""
SPACES = ["\x00", "\ufeff", "\u2028", "\t", " ", "\n", "\n\n", "\n  ", "\n- ", "\n  - "]
WORDS = st.lists(st.sampled_from(TOKENS.split() + SPACES), max_size=40)


def assert_refused_in_our_words(tmp_path: Path, text: str | bytes) -> None:
    """Load the text; it may be good, and any other exception than ours ends the test."""
    problems: tuple[config.Problem, ...] = ()
    try:
        load(tmp_path, text)
    except config.ConfigError as error:
        problems = error.problems
    assert not any("ydantic" in problem.message for problem in problems)


@settings(max_examples=tries(300), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.one_of(st.text(), WORDS.map(" ".join), WORDS.map("".join)))
def test_any_text_is_a_configuration_or_a_config_error(tmp_path: Path, text: str) -> None:
    assert_refused_in_our_words(tmp_path, text.encode("utf-8", "surrogatepass"))


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.dates()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def fields_of(node: dict[str, object]) -> st.SearchStrategy[object]:
    """Return values that have the schema's field names and anything behind them."""
    if "properties" in node:
        known = {
            name: st.one_of(VALUES, fields_of(field))
            for name, field in node["properties"].items()  # type: ignore[attr-defined]
        }
        return st.fixed_dictionaries({}, optional=known)
    if "items" in node:
        return st.lists(fields_of(node["items"]), max_size=2)  # type: ignore[arg-type]
    return st.one_of(VALUES, st.sampled_from(node.get("examples") or [None]))  # type: ignore[arg-type]


@settings(max_examples=tries(200), suppress_health_check=list(HealthCheck), deadline=None)
@given(fields_of(config.schema()))
def test_known_fields_with_any_value_never_raise_anything_else(tmp_path: Path, value: object) -> None:
    assert_refused_in_our_words(tmp_path, yaml.safe_dump(value, allow_unicode=True))
