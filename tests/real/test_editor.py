"""The configuration in an editor: yaml-language-server with the schema that `kener-py schema` prints."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from . import node
from .programs import needs
from .server import ROOT

pytestmark = [pytest.mark.real, needs("node", "npm:yaml-language-server")]

EXAMPLE = ROOT / "config.example.yaml"
CURSOR = "‸"
MODELINES = ("# yaml-language-server: $schema=kener-py.schema.json", "# $schema: kener-py.schema.json")
JOB = "monitors:\n  - tag: job\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as README says to set it up: the schema, and the file beside it."""
    made = tmp_path_factory.mktemp("editor")
    with (made / "kener-py.schema.json").open("w") as file:
        subprocess.run([sys.executable, "-m", "kener_py", "schema"], stdout=file, check=True, cwd=ROOT)
    return made


def opened(folder: Path, text: str, modeline: str = MODELINES[0]) -> dict[str, Any]:
    """What the editor shows of this text; a cursor in it asks for help and for what could stand there."""
    before, found, after = text.partition(CURSOR)
    document: dict[str, Any] = {"file": str(folder / "config.yaml"), "text": f"{modeline}\n{before}{after}"}
    if found:
        *lines, last = before.split("\n")
        place = {"line": len(lines) + 1, "character": len(last)}
        document |= {"hover": place, "complete": place}
    (shown,) = node.run("yaml.mjs", [document])
    return dict(shown)


def marked(text: str, shown: dict[str, Any]) -> list[tuple[str, str]]:
    """What is marked in the text, and what is said of it."""
    lines, found = ["", *text.split("\n")], []
    for each in shown["diagnostics"]:
        start, end = each["range"]["start"], each["range"]["end"]
        assert start["line"] == end["line"]
        found.append((lines[start["line"]][start["character"] : end["character"]], each["message"]))
    return found


def labels(shown: dict[str, Any]) -> set[str]:
    return {each["label"] for each in shown["completions"]}


def test_nothing_is_marked_in_the_example() -> None:
    (shown,) = node.run("yaml.mjs", [{"file": str(EXAMPLE), "text": EXAMPLE.read_text()}])
    assert shown["diagnostics"] == []


def test_the_first_line_of_the_example_is_what_makes_the_difference() -> None:
    wrong = EXAMPLE.read_text().replace("monitors:\n", "monitorz:\n", 1)
    _, _, alone = wrong.split("\n", 2)
    with_line, without = node.run(
        "yaml.mjs", [{"file": str(EXAMPLE), "text": text} for text in (wrong, alone)]
    )
    (mark,) = with_line["diagnostics"]
    line = wrong.split("\n").index("monitorz:")
    assert mark["range"] == {"start": {"line": line, "character": 0}, "end": {"line": line, "character": 8}}
    assert "monitorz" in mark["message"]
    assert without["diagnostics"] == []


def test_readme_says_which_lines_do_it() -> None:
    assert "```\n" + "\n".join(MODELINES) + "\n```\n" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("modeline", MODELINES)
def test_a_misspelt_field_is_marked_where_it_stands(folder: Path, modeline: str) -> None:
    text = JOB + "    graec: 2x\n"
    shown = opened(folder, text, modeline)
    (mark,) = shown["diagnostics"]
    assert mark["range"] == {"start": {"line": 3, "character": 4}, "end": {"line": 3, "character": 9}}
    assert marked(text, shown) == [("graec", "Property graec is not allowed.")]


@pytest.mark.parametrize(
    ("text", "what", "words"),
    [
        (JOB + "alerts:\n  - status: BROKEN\n", "BROKEN", '"DOWN", "DEGRADED"'),
        (JOB + "    severity: terrible\n", "terrible", '"minor", "major", "critical"'),
        (JOB + "    hidden: maybe\n", "maybe", "true, false"),
        (JOB + "    interval: 90\n", "90", "should be a length of time such as 90s"),
        (JOB + "    cron: every day\n", "every day", "should be a cron expression: five fields"),
        (JOB + "    interval: 1h\n    downRemainingMinutes: 5\n", "downRemainingMinutes", "not allowed"),
        (JOB + "server:\n  port: http\n", "http", 'Expected "integer"'),
        ("monitors:\n  - tag: My Job\n", "My Job", "should be 1 to 64 of a-z, 0-9, - and _"),
    ],
)
def test_a_wrong_value_is_marked_with_what_would_be_right(
    folder: Path, text: str, what: str, words: str
) -> None:
    ((found, message),) = marked(text, opened(folder, text))
    assert found == what
    assert words in message


def test_a_field_of_kener_that_does_nothing_is_said_to(folder: Path) -> None:
    text = JOB + "    image: logo.png\n    is_hidden: YES\n    category_name: Jobs\n"
    assert marked(text, opened(folder, text)) == [("image: logo.png", "is Kener's and has no effect here")]


def test_values_from_outside_are_left_alone(folder: Path) -> None:
    text = (
        JOB
        + "    interval: ${EVERY}\n    hidden: ${HIDE:-no}\nserver:\n  port: ${PORT}\n  log_level: ${LEVEL}\n"
    )
    assert opened(folder, text)["diagnostics"] == []


@pytest.mark.parametrize(
    ("text", "title", "sentence"),
    [
        (JOB + f"    gra{CURSOR}ce: 2x\n    interval: 5m\n", "Grace", "DEGRADED after this many intervals"),
        (f"ser{CURSOR}ver:\n  port: 80\n", "Server", "The process."),
        (f"server:\n  log_{CURSOR}level: info\n", "Log level", "debug, info, warning or error."),
    ],
)
def test_a_field_is_explained_under_the_pointer(folder: Path, text: str, title: str, sentence: str) -> None:
    heading, _, more = opened(folder, text)["hover"].partition("\n\n")
    assert heading == f"#### {title}"
    assert more.startswith(sentence)


def test_the_name_of_a_field_is_completed(folder: Path) -> None:
    shown = opened(folder, JOB + f"    inte{CURSOR}\n")
    assert "interval" in labels(shown)
    (interval,) = (each for each in shown["completions"] if each["label"] == "interval")
    assert interval["insertText"].startswith("interval: ")
    assert interval["documentation"] == "The job's rhythm, instead of thresholds."
    # One spelling of each, and none that does nothing.
    assert labels(shown).isdisjoint({"is_hidden", "secret", "degraded_remaining_minutes", "image"})
    assert {"secretString", "downRemainingMinutes", "hidden"} <= labels(shown)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (JOB + f"alerts:\n  - status: {CURSOR}\n", {"DOWN", "DEGRADED"}),
        (JOB + f"    severity: {CURSOR}\n", {"minor", "major", "critical"}),
        (JOB + f"    hidden: {CURSOR}\n", {"true", "false"}),
        (f"server:\n  log_format: {CURSOR}\n", {"plain", "json"}),
    ],
)
def test_the_words_that_a_field_takes_are_completed(folder: Path, text: str, values: set[str]) -> None:
    assert labels(opened(folder, text)) == values
