"""Completion as people have it: scripts installed as the help says, and the key pressed in real shells."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .programs import demand
from .server import ROOT

pytestmark = pytest.mark.real

SHELLS = ("bash", "zsh", "fish")
ON_DEMAND = Path("/usr/share/bash-completion/bash_completion")
SCRIPTS = sysconfig.get_path("scripts")
CONFIG = """\
notifiers: {operations: "json://127.0.0.1:9"}
monitors:
  - {tag: nightly-backup, name: Nightly backup, secret: a-secret-that-is-long-enough}
  - {tag: mail-queue, name: Mail, secret: another-secret-that-is-long}
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "config.yaml").write_text(CONFIG)
    return tmp_path


def environment(home: Path) -> dict[str, str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("KENER_", "XDG_", "COMP_")) and name not in ("BASH_ENV", "ENV", "ZDOTDIR")
    }
    ours = {
        "HOME": str(home),
        "PATH": f"{SCRIPTS}:{os.environ['PATH']}",
        "TERM": "xterm",
        "LC_ALL": "C.UTF-8",
    }
    return inherited | ours | {"PYTHONPATH": str(ROOT)}


def script(shell: str, home: Path) -> str:
    words = [sys.executable, "-m", "kener_py", "completion", shell]
    return subprocess.run(words, capture_output=True, text=True, check=True, env=environment(home)).stdout


class Terminal:
    """A shell that believes somebody sits in front of it."""

    def __init__(self, output: int) -> None:
        self.output = output
        self.shown = ""

    def type(self, text: str) -> None:
        os.write(self.output, text.encode())

    def wait_for(self, pattern: str, within: float = 30) -> None:
        """Until this has been shown since the last time; fails after `within` seconds."""
        deadline = time.monotonic() + within
        while not re.search(pattern, self.shown):
            left = deadline - time.monotonic()
            assert left > 0, f"{pattern!r} was never shown: {self.shown[-2000:]!r}"
            if select.select([self.output], [], [], min(left, 0.2))[0]:
                # Without what moves the cursor and colours the text.
                read = os.read(self.output, 65_536).decode("utf-8", "replace")
                self.shown += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\x07", "", read)
        self.shown = ""


@contextmanager
def terminal(words: list[str], home: Path) -> Iterator[Terminal]:
    output, theirs = pty.openpty()
    # The first terminal that the leader of a session opens is the one that it is run from.
    command = ["sh", "-c", 'exec "$@" < "$0" > "$0" 2>&1', os.ttyname(theirs), *words]
    child = subprocess.Popen(command, cwd=home, env=environment(home), start_new_session=True)
    try:
        yield Terminal(output)
    finally:
        child.kill()
        child.wait(30)
        os.close(theirs)
        os.close(output)


@contextmanager
def ready(shell: str, home: Path, way: str) -> Iterator[Terminal]:
    """The shell with our script installed in one of the ways of the help, at its prompt."""
    demand(shell)
    text = script(shell, home)
    if shell == "zsh":
        (home / "functions").mkdir()
        (home / "functions" / "_kener-py").write_text(text)
        (home / ".zshrc").write_text(
            "fpath=(~/functions $fpath)\nautoload -Uz compinit\ncompinit -u\nPS1='read''y> '\n"
        )
        words = ["zsh", "-i"]
    elif way == "on demand":
        demand(str(ON_DEMAND))
        place = home / ".local" / "share" / "bash-completion" / "completions"
        place.mkdir(parents=True)
        (place / "kener-py").write_text(text)
        (home / ".bashrc").write_text(f"source {ON_DEMAND}\nPS1='read''y> '\n")
        words = ["bash", "--rcfile", str(home / ".bashrc"), "-i"]
    else:
        (home / ".bashrc").write_text("eval \"$(kener-py completion bash)\"\nPS1='read''y> '\n")
        words = ["bash", "--rcfile", str(home / ".bashrc"), "-i"]
    with terminal(words, home) as opened:
        opened.wait_for("ready> ")
        yield opened


@pytest.mark.parametrize(
    ("shell", "way"), [("bash", "eval"), ("bash", "on demand"), ("zsh", "fpath")], ids=lambda each: str(each)
)
def test_the_key_completes_commands_options_and_what_stands_in_the_file(
    home: Path, shell: str, way: str
) -> None:
    with ready(shell, home, way) as opened:
        for typed, completed in [
            ("kener-py sno", "oze "),
            ("nig", "htly-backup "),
            ("\x15kener-py maintenance create --mon", "itor "),
            ("ma", "il-queue "),
            ("\x15kener-py notify-test op", "erations "),
            ("\x15kener-py incident create --state iden", "TIFIED|identified"),
            ("\x15kener-py ack --conf", "ig "),
            ("conf", "ig.yaml "),
            ("nig", "htly-backup "),
        ]:
            opened.type(typed + "\t")
            opened.wait_for(completed)


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_broken_file_completes_nothing_and_says_nothing(home: Path, shell: str) -> None:
    (home / "config.yaml").write_text("monitors: [{tag: nightly-backup")
    with ready(shell, home, "eval") as opened:
        opened.type("kener-py ack nig\t")
        opened.type("X")
        opened.wait_for(r"kener-py ack nig\x07?X$")


def test_fish_completes_with_what_stands_beside_each(home: Path) -> None:
    demand("fish")
    place = home / ".config" / "fish" / "completions"
    place.mkdir(parents=True)
    (place / "kener-py.fish").write_text(script("fish", home))

    def completed(line: str) -> list[str]:
        words = ["fish", "-c", f"complete -C '{line}'"]
        done = subprocess.run(
            words, capture_output=True, text=True, env=environment(home), cwd=home, timeout=60
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.splitlines()

    assert completed("kener-py ack nig") == ["nightly-backup\tNightly backup"]
    assert completed("kener-py notify-test ") == ["operations"]
    assert [line.split("\t")[0] for line in completed("kener-py s")] == [
        "schema",
        "serve",
        "snooze",
        "status",
    ]
    assert "--monitor\tRepeat for several." in completed("kener-py incident create --mon")
    assert completed("kener-py check --config conf") == ["config.yaml"]
    (home / "config.yaml").write_text("monitors: [")
    assert completed("kener-py ack nig") == []


@pytest.mark.parametrize("shell", SHELLS)
def test_the_shell_can_read_its_script(home: Path, shell: str) -> None:
    demand(shell)
    done = subprocess.run([shell, "-n"], input=script(shell, home), capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_shellcheck_finds_no_error_in_the_script_for_bash(home: Path) -> None:
    demand("shellcheck")
    done = subprocess.run(
        ["shellcheck", "--shell=bash", "--severity=error", "-"],
        input=script("bash", home),
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "")
