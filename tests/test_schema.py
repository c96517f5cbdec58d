"""The JSON Schema of the file says to editors what the loader says of the file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
import yaml
from click.testing import CliRunner
from conftest import tries
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from pairs import Authority
from pydantic import TypeAdapter, ValidationError

from kener_py import config
from kener_py.cli import main
from kener_py.config.addresses import ContactAddress, LinkAddress, SiteUrl, WebAddress
from kener_py.config.fields import Flag, HexColor, Tag, count
from kener_py.config.nodes import Scalar, kind_of
from kener_py.config.shapes import Language, NotifierUrl, RuleStatus, Scope, SeverityWord
from kener_py.config.times import Cron, Duration, DurationOrOff, DurationOrZero, GraceTime, Minutes, Moment

Json = dict[str, Any]

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "config.example.yaml"
COMMITTED = ROOT / "packaging" / "kener-py.schema.json"
SCHEMA: Json = config.schema()
JUDGE = Draft7Validator(SCHEMA)


class Editor(yaml.SafeLoader):
    """Reads YAML 1.2 as editors do: no dates, and true and false are the only words for yes and no."""


Editor.yaml_implicit_resolvers = {
    first: [
        (tag, re.compile("true|false") if tag.endswith(":bool") else pattern)
        for tag, pattern in resolvers
        if not tag.endswith(":timestamp")
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def marks(text: str) -> list[str]:
    """What an editor would mark: where, and what is wrong."""
    written = yaml.load(text, Loader=Editor)
    return [f"{each.json_path}: {each.message}" for each in JUDGE.iter_errors(written)]


def problems(folder: Path, text: str) -> list[str]:
    """What the loader says."""
    file = folder / "config.yaml"
    file.write_text(text)
    try:
        config.load(file, {"NAME": "value"})
    except config.ConfigError as error:
        return [str(each) for each in error.problems]
    return []


def parts(node: object, path: str = "") -> Iterator[tuple[str, Json]]:
    """Every schema in the schema, with the names that lead to it."""
    if not isinstance(node, dict):
        return
    yield path, node
    for name, field in node.get("properties", {}).items():
        yield from parts(field, f"{path}.{name}")
    for inside in ("items", "additionalProperties"):
        yield from parts(node.get(inside), f"{path}[]")
    for choice in node.get("anyOf", ()):
        yield from parts(choice, path)


def fields() -> Iterator[tuple[str, Json]]:
    for path, node in parts(SCHEMA):
        for name, field in node.get("properties", {}).items():
            yield f"{path}.{name}", field


FIELDS = dict(fields())


# ---- the schema itself -------------------------------------------------------------------------


def test_it_is_valid_draft_07():
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"
    Draft7Validator.check_schema(SCHEMA)


def test_the_committed_file_is_what_the_command_prints():
    printed = CliRunner().invoke(main, ["schema"]).stdout
    assert COMMITTED.read_text() == printed, "make schema"


def test_every_field_has_a_title_and_a_sentence():
    assert len(FIELDS) > 100
    lacking = {name: {"title", "description"} - field.keys() for name, field in FIELDS.items()}
    assert {name: what for name, what in lacking.items() if what} == {}
    assert {
        name for name, field in FIELDS.items() if not field["description"].endswith((".", "sha256sum"))
    } == set()


def test_no_section_takes_a_field_that_it_does_not_know():
    # Those of `together` only narrow what stands beside them.
    sections = [node for _, node in parts(SCHEMA) if "properties" in node]
    assert len(sections) > 10
    assert all(node["additionalProperties"] is False for node in sections)


def test_titles_are_words_and_no_names_of_classes():
    titles = {node["title"] for _, node in parts(SCHEMA) if "title" in node}
    assert [title for title in titles if "Section" in title or title in ("ConfigFile", "TypeData")] == []


def test_every_pattern_means_the_same_to_python_and_to_javascript():
    patterns = {node["pattern"] for _, node in parts(SCHEMA) if "pattern" in node}
    assert len(patterns) > 10
    # \d and \w know other digits and letters here; (?i) and (?P<…>) are unknown there.
    assert [pattern for pattern in patterns if re.search(r"\\[dwbAZz]|\(\?[^=!:]", pattern)] == []


def test_defaults_and_examples_are_what_a_field_takes():
    shown = [
        (name, value)
        for name, field in FIELDS.items()
        for value in [*([field["default"]] if "default" in field else []), *field.get("examples", ())]
    ]
    assert len(shown) > 100
    assert [each for each in shown if not Draft7Validator(FIELDS[each[0]]).is_valid(each[1])] == []


def test_every_value_may_come_from_outside():
    values = {
        name: Draft7Validator(field)
        for name, field in FIELDS.items()
        if name.count(".") > 1
        and field.get("type") not in ("array", "object")
        and any(
            "properties" not in choice and "items" not in choice for choice in field.get("anyOf", [field])
        )
    }
    assert len(values) > 80
    for text in ("${NAME}", "${NAME:-default}", "${file:/run/secrets/x}"):
        assert [name for name, judge in values.items() if not judge.is_valid(text)] == []


# ---- whole files -------------------------------------------------------------------------------


def uncommented(text: str) -> str:
    """The example with each of its proposals switched on."""
    head, _, _ = text.partition("# ---- read and checked, but without effect")
    lines, found = head.splitlines(), []
    for line in lines:
        # Lines such as "# alerts:" and "  # logo: logo.svg"; sentences have no colon at a word's end.
        if matched := re.fullmatch(r"( *)# ( *(?:- )?[a-z_0-9]+:(?: .*)?| *- \S.*)", line):
            line = matched[1] + matched[2]
        found.append(line)
    text = "\n".join(found)
    for empty in ("notifiers: {}\n", "api_keys: []\n", "maintenances: []\n"):
        assert empty in text
        text = text.replace(empty, "")
    return text


def test_the_example_is_marked_nowhere():
    assert marks(EXAMPLE.read_text()) == []


def test_its_proposals_are_taken_and_marked_nowhere(tmp_path):
    text = uncommented(EXAMPLE.read_text())
    (tmp_path / "config.yaml").write_text(text)
    (tmp_path / "logo.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    (tmp_path / "custom.css").write_text("body { margin: 0 }")
    Authority().write_pair(tmp_path)
    (tmp_path / "cert.pem").rename(tmp_path / "status.example.org.pem")
    (tmp_path / "key.pem").rename(tmp_path / "status.example.org.key")
    env = {name: f"value-of-{name}-0123456789" for name in re.findall(r"\$\{([A-Z_]+)\}", text)}
    loaded = config.load(
        tmp_path / "config.yaml", env | {"WEBHOOK_SECRET": "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"}
    )
    assert (len(loaded.rules), len(loaded.maintenances), len(loaded.notifiers)) == (2, 2, 4)
    assert loaded.site.logo is not None
    assert marks(text) == []


@pytest.mark.parametrize(
    "text",
    re.findall(
        r"```yaml\n(.*?)```", re.sub("(?m)^ +(?=```)", "", (ROOT / "README.md").read_text()), re.DOTALL
    ),
)
def test_the_files_of_readme_are_marked_nowhere(text):
    assert marks(text) == []


TAG = "monitors:\n  - tag: job\n    secretString: a-secret-that-is-long-enough\n"


@pytest.mark.parametrize(
    "text",
    [
        TAG,
        TAG + "    type_data: {degradedRemainingMinutes: 1, downRemainingMinutes: 2.5}\n",
        TAG
        + "    monitor_type: HEARTBEAT\n    is_hidden: YES\n    status: active\n    category_name: Jobs\n",
        TAG + "    monitor_type: heartbeat\n    hidden: Off\n    default_status: Up\n",
        TAG + "    include_degraded_in_downtime: no\n    severity: WARNING\n    image: logo.png\n",
        TAG + "    interval: 1h 30m\n    grace: 1.5X\n    missed_beats: 3\n",
        TAG + "    interval: 1.5h\n    grace: 0s\n    cron: '*/5 * * * mon-fri'\n",
        TAG + "    interval: 500ms\n    cron: '@Hourly'\n    timezone: Europe/Berlin\n",
        TAG + "    cron: '0 0 L * *'\n",
        TAG + "alerts:\nnotifiers:\nmaintenances:\nsite:\nserver:\nretention:\nincidents:\napi_keys:\n",
        TAG + "alerts: [{status: Degraded, remind_every: Never, severity: Major, cooldown: 0s}]\n",
        TAG + "alerts: [{alert_value: DOWN, failureThreshold: 2, createIncident: NO, remind_every: off}]\n",
        TAG + "server: {log_level: WARNING, log_format: Json, trusted_proxies: 10.0.0.0/8, port: 0}\n",
        TAG + "site: {language: DE, url: '', colors: {up: '#abc', text: {light: '#112233'}}}\n",
        TAG + "site: {announcement: Hello, links: [{name: Us, url: 'MAILTO:us@example.org'}]}\n",
        TAG + "api_keys: [{name: ci, key: a-key-that-is-long-enough, scopes: '*', expires: 2030-01-01}]\n",
        TAG + "maintenances: [{title: Move, start: 2026-12-01 22:00, end: 2026-12-02T02:00:00Z}]\n",
        TAG + "maintenances: [{title: Move, schedule: '0 3 * * sun', duration: 30m, monitors: all}]\n",
        TAG + "incidents: {draft: yes, auto_publish_after: 10m, batch: 0s}\n",
        TAG + "notifiers: {ops: 'json://localhost', chat: ['json://localhost', 'xml://localhost']}\n",
        "x-all: &all {interval: 1d}\nmonitors:\n  - {<<: *all, tag: job, secret: a-secret-that-is-long}\n",
    ],
)
def test_what_the_loader_takes_is_not_marked(tmp_path, text):
    assert problems(tmp_path, text) == []
    assert marks(text) == []


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (TAG + "    graec: 2x\n", "$.monitors[0]"),
        (TAG + "monitorz: []\n", "$"),
        (TAG.replace("tag: job", "tag: A Job"), "$.monitors[0].tag"),
        (TAG.replace("tag: job\n    ", ""), "$.monitors[0]"),
        (TAG + "    interval: 90\n", "$.monitors[0].interval"),
        (TAG + "    interval: 5 minutes\n", "$.monitors[0].interval"),
        (TAG + "    interval: 0s\n", "$.monitors[0].interval"),
        (TAG + "    grace: 2x\n", "$.monitors[0]"),
        (TAG + "    interval: 5m\n    grace: 2\n", "$.monitors[0].grace"),
        (TAG + "    interval: 5m\n    grace: 0x\n", "$.monitors[0].grace"),
        (TAG + "    interval: 5m\n    downRemainingMinutes: 10\n", "$.monitors[0]"),
        (TAG + "    interval: 5m\n    type_data: {degradedRemainingMinutes: 1}\n", "$.monitors[0].type_data"),
        (TAG + "    downRemainingMinutes: 0\n", "$.monitors[0].downRemainingMinutes"),
        (TAG + "    downRemainingMinutes: 99999999999\n", "$.monitors[0].downRemainingMinutes"),
        (TAG + "    cron: '* * * *'\n", "$.monitors[0].cron"),
        (TAG + "    cron: '@sometimes'\n", "$.monitors[0].cron"),
        (TAG + "    hidden: maybe\n", "$.monitors[0].hidden"),
        (TAG + "    severity: terrible\n", "$.monitors[0].severity"),
        (TAG + "    monitor_type: API\n", "$.monitors[0].monitor_type"),
        (TAG + "    schedule: '0 2 * * *'\n", "$.monitors[0]"),
        (TAG + "server: {port: 70000}\n", "$.server.port"),
        (TAG + "server: {log_level: loud}\n", "$.server.log_level"),
        (TAG + "site: {colors: {up: green}}\n", "$.site.colors.up"),
        (TAG + "site: {url: status.example.org}\n", "$.site.url"),
        (TAG + "alerts: [{status: UP}]\n", "$.alerts[0].status"),
        (TAG + "alerts: [{monitors: []}]\n", "$.alerts[0].monitors"),
        (TAG + "notifiers: {ops: not-a-url}\n", "$.notifiers.ops"),
        (TAG + "notifiers: {ops: {title: Down}}\n", "$.notifiers.ops"),
        (TAG + "notifiers: {ops: {webhook: 'https://example.org'}}\n", "$.notifiers.ops"),
        (TAG + "api_keys: [{name: ci}]\n", "$.api_keys[0]"),
        (TAG + f"api_keys: [{{name: ci, key: a-key, key_sha256: {'a' * 64}}}]\n", "$.api_keys[0]"),
        (TAG + "api_keys: [{name: ci, key: a-key, scopes: [everything]}]\n", "$.api_keys[0].scopes"),
        (TAG + "maintenances: [{title: Move, start: 2026-12-01}]\n", "$.maintenances[0]"),
        (
            TAG + "maintenances: [{title: Move, start: tomorrow, end: 2026-12-01}]\n",
            "$.maintenances[0].start",
        ),
        ("monitors: job\n", "$.monitors"),
    ],
)
def test_what_the_loader_refuses_is_marked_where_it_stands(tmp_path, text, where):
    assert problems(tmp_path, text)
    assert [mark.partition(": ")[0] for mark in marks(text)] == [where]


def test_a_misspelt_field_is_refused_by_both(tmp_path):
    names = [name for name in FIELDS if "[]" not in name or name.startswith((".monitors[]", ".alerts[]"))]
    assert len(names) > 80
    for name in names:
        *above, last = re.findall(r"\w+|\[\]", name)
        value: Any = {f"{last}x": "1"}
        for step in reversed(above):
            value = [value] if step == "[]" else {step: value}
        text = yaml.safe_dump(value)
        assert any(f"'{last}x'" in mark or "not valid under any" in mark for mark in marks(text)), name
        assert any(f"{last}x: unknown field" in problem for problem in problems(tmp_path, text)), name


# ---- single values -----------------------------------------------------------------------------

PIECES = {
    Duration: ["1", "90", "0", ".5", "1.5", "w", "d", "h", "m", "s", "ms", " ", "\t", "x"],
    DurationOrZero: ["0", "1", "s", "m", "h", " ", "00", ".0"],
    DurationOrOff: ["off", "OFF", "No", "never", "false", "1", "h", " ", "0", "s"],
    GraceTime: ["1", "0", ".5", "12", "x", "X", " ", "s", "m", "0s"],
    Minutes: ["1", "0", ".5", "5", "52560000", "e3", "-"],
    Cron: [
        "*",
        "*/5",
        "0",
        "59",
        " ",
        "mon",
        "SUN",
        "L",
        "1-5",
        ",",
        "?",
        "#2",
        "@daily",
        "@Weekly",
        "7",
        "\t",
    ],
    Moment: ["2026-12-01", "2026-W50-1", " ", "T", "22:00", ":30", "Z", "+01:00", "20261201", ".5"],
    Tag: ["a", "job", "-", "_", "0", "A", " ", "é"],
    HexColor: ["#", "abc", "ABC", "012", "0f", " ", "g"],
    Flag: ["yes", "No", "ON", "off", "TRUE", "False", "y", "1", " "],
    SeverityWord: ["minor", "MAJOR", "Critical", "warning", "Warning", " ", "low"],
    RuleStatus: ["DOWN", "Down", "degraded", "UP", " "],
    Scope: ["*", "heartbeat:write", "Incidents:Write", " ", "."],
    Language: ["en", "De", "FR", "ar", "xx"],
    WebAddress: ["https://", "HTTP://", "example.org", " ", "/x", ":80", "?y"],
    SiteUrl: ["https://", "http://", "example.org", "/status", " ", "/", "?", "#"],
    LinkAddress: ["/", "support", "mailto:", "Mailto:", "a@b.c", "https://", "x", " "],
    ContactAddress: ["mailto:", "MAILTO:", "a@b.c", "https://", "http://", "x", " "],
    NotifierUrl: ["json", "mailto", "://", "x", " ", "user:pass@", "+", "1"],
}


def of_pieces(kind: object) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(PIECES[kind]), min_size=1, max_size=7).map("".join)


KINDS = {kind: (TypeAdapter(kind), Draft7Validator(TypeAdapter(kind).json_schema())) for kind in PIECES}


@settings(max_examples=tries(600))
@given(st.sampled_from(list(PIECES)).flatmap(lambda kind: st.tuples(st.just(kind), of_pieces(kind))))
def test_a_value_that_is_read_is_not_marked(drawn):
    kind, text = drawn
    reader, judge = KINDS[kind]
    try:
        reader.validate_python(Scalar.at(text, 1, 1, kind_of(text)))
    except ValidationError:
        return
    value = float(text) if kind is Minutes else text
    assert judge.is_valid(value), (text, judge.schema)


@given(st.integers(-5, 20), st.integers(0, 5), st.integers(0, 10))
def test_a_whole_number_is_marked_where_it_is_refused(number, low, more):
    reader = TypeAdapter(Annotated[int, count(low, low + more)])
    try:
        reader.validate_python(Scalar.at(str(number), 1, 1, "int"))
        is_read = True
    except ValidationError:
        is_read = False
    assert Draft7Validator(reader.json_schema()).is_valid(number) is is_read


def test_every_kind_of_value_is_drawn_and_some_are_read():
    for kind, (reader, _) in KINDS.items():
        assert any(reads(reader, text) for text in [*PIECES[kind], *EXAMPLES.get(kind, ())]), kind


EXAMPLES = {
    Duration: ["1h30m"], DurationOrZero: ["0s"], GraceTime: ["2x"], Cron: ["* * * * *"], HexColor: ["#abc"],
    WebAddress: ["https://example.org"], SiteUrl: ["https://example.org"], ContactAddress: ["mailto:a@b.c"],
    NotifierUrl: ["json://x"],
}  # fmt: skip


def reads(reader: TypeAdapter[Any], text: str) -> bool:
    try:
        reader.validate_python(Scalar.at(text, 1, 1, kind_of(text)))
    except ValidationError:
        return False
    return True


def test_the_schema_is_small_enough_to_read_at_once():
    assert len(json.dumps(SCHEMA)) < 60_000
