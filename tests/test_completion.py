"""What a shell is told that could stand next, and how little it takes to find out."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import commands
import pytest
from click.shell_completion import get_completion_class
from click.testing import CliRunner

from kener_py import config, demo, glance, store
from kener_py.cli import complete, main
from kener_py.model import DAY, HOUR, MINUTE, Heartbeat, Instant, Status
from kener_py.service import Service, incidents, maintenance

GOOD = """\
notifiers:
  ops: json://127.0.0.1:9
  on call: json://127.0.0.1:9
monitors:
  - {tag: nightly-backup, name: Nightly backup, secret: a-secret-that-is-long-enough}
  - {tag: night-train, secret: another-secret-that-is-long}
  - {tag: mail, name: "Mail: queue", secret: a-third-secret-that-is-long}
"""
TAGS = ["nightly-backup", "night-train", "mail"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for variable in [name for name in os.environ if name.startswith("KENER_")]:
        monkeypatch.delenv(variable)
    (tmp_path / "config.yaml").write_text(GOOD)
    return tmp_path


def proposed(*words: str) -> dict[str, str | None]:
    """What could stand in place of the last word, each with what is said of it."""
    kind = get_completion_class("zsh")
    assert kind is not None
    made = kind(main, {}, complete.NAME, complete.VARIABLE)
    return {each.value: each.help for each in made.get_completions(list(words[:-1]), words[-1])}


# ---- words that never change -------------------------------------------------------------------


def test_commands_are_proposed_with_what_they_do(folder):
    assert proposed("").keys() == {name for name, each in commands.of(main).items() if not each.hidden}
    assert proposed("s").keys() == {"schema", "serve", "snooze", "status"}
    assert proposed("status", "") == {}
    assert "cancel" in proposed("maintenance", "")
    assert (proposed("ser")["serve"] or "").startswith("Run the server")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["serve", "--log-"], {"--log-format", "--log-level"}),
        (["serve", "--log-level", ""], {"debug", "info", "warning", "error"}),
        (["incident", "create", "--state", ""], {"INVESTIGATING", "IDENTIFIED", "MONITORING", "RESOLVED"}),
        (["incident", "update", "--state", "mon"], {"MONITORING"}),
        (["incident", "create", "--severity", ""], {"minor", "major", "critical"}),
        (["snooze", "mail", ""], {"30m", "1h", "4h", "8h", "1d"}),
        (["completion", ""], {"bash", "zsh", "fish"}),
        (["demo", "--state", "ma"], {"major-outage", "maintenance"}),
    ],
)
def test_options_and_their_words_are_proposed(folder, words, found):
    assert {each.upper() for each in proposed(*words)} == {each.upper() for each in found}


def test_the_states_of_the_demo_are_those_that_there_are():
    assert tuple(demo.STATES) == complete.DEMO


def below(group: click.Group, path: str = "") -> Iterator[tuple[str, click.Command]]:
    for name, command in commands.of(group).items():
        if isinstance(command, click.Group):
            yield from below(command, f"{path}{name} ")
        else:
            yield f"{path}{name}", command


def test_no_tag_notifier_or_id_is_left_without_proposals():
    lacking = [
        f"{name} {param.name}"
        for name, command in below(main)
        for param in command.params
        if (param.metavar or param.name or "").strip("[]").upper() in ("TAG", "NOTIFIER", "ID")
        and param._custom_shell_complete is None
    ]
    assert lacking == []


# ---- what stands in the file -------------------------------------------------------------------

TAKE_A_TAG = [
    ["ack"],
    ["snooze"],
    ["notify-test", "--monitor"],
    ["incident", "create", "--monitor"],
    ["incident", "update", "1", "--monitor"],
    ["maintenance", "create", "--monitor"],
]


@pytest.mark.parametrize("words", TAKE_A_TAG)
def test_tags_are_proposed_with_the_names_of_their_monitors(folder, words):
    found = proposed(*words, "")
    assert list(found) == TAGS
    assert (found["nightly-backup"], found["night-train"]) == ("Nightly backup", None)
    assert list(proposed(*words, "nightl")) == ["nightly-backup"]


def test_a_tag_that_is_named_already_is_not_proposed_again(folder):
    assert list(proposed("maintenance", "create", "--monitor", "mail", "--monitor", "")) == TAGS[:2]


def test_notifiers_are_proposed_unless_the_shell_would_split_them(folder):
    assert list(proposed("notify-test", "")) == ["ops"]


def test_the_file_is_that_which_the_command_would_read(folder, monkeypatch):
    other = folder / "other.yaml"
    other.write_text("monitors: [{tag: elsewhere}]")
    assert list(proposed("ack", "--config", str(other), "")) == ["elsewhere"]
    assert list(proposed("ack", f"--config={other}", "")) == ["elsewhere"]
    monkeypatch.setenv("KENER_CONFIG", str(other))
    assert list(proposed("ack", "")) == ["elsewhere"]
    assert list(proposed("ack", "--config", "config.yaml", "")) == TAGS
    monkeypatch.setenv("HOME", str(folder))
    assert list(proposed("ack", "--config", "~/config.yaml", "")) == TAGS


@pytest.mark.parametrize("line", ["kener-py ack --config = other.yaml ", "kener-py ack --config other.yaml "])
def test_bash_takes_the_equals_sign_for_a_word_of_its_own(folder, monkeypatch, line):
    (folder / "other.yaml").write_text("monitors: [{tag: elsewhere}]")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(line.split())))
    kind = get_completion_class("bash")
    assert kind is not None
    assert kind(main, {}, complete.NAME, complete.VARIABLE).complete() == "plain,elsewhere"


@pytest.mark.parametrize("words", [["--log-level", "="], ["--log-level", "=", "war"]])
def test_a_value_behind_an_equals_sign_is_completed_in_bash(folder, monkeypatch, words):
    line = ["kener-py", "serve", *words]
    monkeypatch.setenv("COMP_WORDS", " ".join(line))
    monkeypatch.setenv("COMP_CWORD", str(len(line) - 1))
    kind = get_completion_class("bash")
    assert kind is not None
    assert "plain,warning" in kind(main, {}, complete.NAME, complete.VARIABLE).complete().split("\n")


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("", []),
        ("monitors: [", []),
        ("\x00", []),
        ("[" * 100_000, []),
        ("- a list", []),
        ("monitors: job", []),
        ("monitors: [job, [x], {tag: [y]}, {tag: good}, {tag: ''}, {name: none}]", ["good"]),
        ("monitors: [{tag: '${TAG}'}, {tag: good}]", ["good"]),
        ("monitors: [{tag: $(rm -rf), name: bad}, {tag: good}]", ["good"]),
        ("? {a: b}\n: c\nmonitors: [{tag: good}]", ["good"]),
        ("monitorz: 1\nserver: {port: many}\nmonitors: [{tag: good, graec: 1}]", ["good"]),
        ("x-all: &all {interval: 1d}\nmonitors: [{<<: *all, tag: good}]", ["good"]),
        ("\ufeffmonitors: [{tag: good}]", ["good"]),
    ],
)
def test_of_a_broken_file_what_can_be_read_is_proposed_and_nothing_said(folder, capfd, text, tags):
    (folder / "config.yaml").write_text(text)
    assert list(proposed("ack", "")) == tags
    assert capfd.readouterr() == ("", "")


def test_what_is_no_file_proposes_nothing_and_never_waits(folder):
    (folder / "bytes.yaml").write_bytes(b"monitors: [{tag: \xff\xfe}]")
    os.mkfifo(folder / "pipe")
    for name in ("missing.yaml", "bytes.yaml", "pipe", "."):
        assert proposed("ack", "--config", name, "") == {}


# ---- what stands in the database ---------------------------------------------------------------


@pytest.fixture
def numbered(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two incidents, one of them over, and two windows, one of them cancelled."""
    now: Instant = 1_790_768_460_000
    monkeypatch.setattr("kener_py.cli.beside.now", lambda: now)
    opened = store.Store(folder / "kener.db")
    loaded = config.load(folder / "config.yaml", {})
    service = Service(opened, loaded, lambda: now)
    service.mark_alive(now)
    service.record(Heartbeat("mail", now, Status.UP, ""))
    opened.close()
    with store.beside(folder / "kener.db") as db:
        first = incidents.create(db, loaded, "A full disk", "We look.", now - HOUR)
        incidents.resolve(db, first.id, now - MINUTE, "More disk.")
        incidents.create(db, loaded, "No mail", "We look.", now)
        for title in ("Upgrade", "Move"):
            window = maintenance.create(db, loaded, now, title=title, start=now, end=now + DAY)
        maintenance.cancel(db, window.id, now)
    return folder


def test_incidents_are_proposed_by_their_ids_with_their_titles(numbered):
    assert proposed("incident", "show", "") == {"2": "INVESTIGATING No mail", "1": "RESOLVED A full disk"}
    assert list(proposed("incident", "delete", "")) == ["2", "1"]
    for command in ("resolve", "update", "publish"):
        assert list(proposed("incident", command, "")) == ["2"]


def test_windows_are_proposed_by_their_ids_with_their_titles(numbered):
    assert proposed("maintenance", "show", "") == {"1": "Upgrade", "2": "Move"}
    assert proposed("maintenance", "cancel", "") == {"1": "Upgrade"}


@pytest.mark.parametrize("words", [["incident", "show"], ["maintenance", "show"]])
def test_without_a_database_no_id_is_proposed_and_none_is_made(folder, capfd, words):
    assert proposed(*words, "") == {}
    assert not (folder / "kener.db").exists()
    (folder / "kener.db").write_text("this is not SQLite, however long it may be" * 100)
    assert proposed(*words, "") == {}
    (folder / "config.yaml").write_text("server: {database: '${DATABASE}'}")
    assert proposed(*words, "") == {}
    assert capfd.readouterr() == ("", "")


def test_the_database_is_that_of_the_environment_or_of_the_file(folder):
    path = folder / "config.yaml"
    assert glance.at(path, {}).database == folder / "kener.db"
    path.write_text("server: {database: data/other.db}")
    assert glance.at(path, {}).database == folder / "data" / "other.db"
    assert glance.at(path, {"KENER_DATABASE": "/srv/kener.db"}).database == Path("/srv/kener.db")


# ---- the scripts -------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_asks_the_command_by_its_name(shell):
    printed = CliRunner().invoke(main, ["completion", shell])
    assert printed.exit_code == 0
    assert f"_KENER_PY_COMPLETE={shell}_complete" in printed.stdout
    assert "kener-py" in printed.stdout
    assert printed.stderr == ""


def test_other_shells_are_refused_by_name():
    refused = CliRunner().invoke(main, ["completion", "csh"])
    assert refused.exit_code == 2
    assert "'bash', 'zsh', 'fish'" in refused.stderr


HEAVY = ["apprise", "croniter", "flask", "granian", "pydantic", "sqlite3", "sqlite_utils", "kener_py.config"]


@pytest.mark.parametrize(
    "line", ["kener-py ack ", "kener-py notify-test ", "kener-py demo --state ", "kener-py "]
)
def test_completing_loads_nothing_heavy(folder, line):
    script = (
        "import sys; from kener_py.cli import main\n"
        "try: main([], prog_name='kener-py')\n"
        f"except SystemExit: print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    words = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split())), "_KENER_PY_COMPLETE": "bash_complete"}
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=os.environ | words, cwd=folder
    )
    assert ran.stderr == "[]\n"
    assert ran.stdout.startswith("plain,")
