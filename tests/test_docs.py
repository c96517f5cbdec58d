"""What README and the example file promise is run here."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import commands
import pytest
from real.conftest import Serve, serve  # noqa: F401
from real.server import EVERY_SECOND, environment, until
from receivers import mail_receiver

from kener_py import config, messages, notify
from kener_py.cli import main

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
EXAMPLE = ROOT / "config.example.yaml"


def blocks(kind: str) -> list[str]:
    """The fenced blocks of README in this language, without their indentation."""
    found = re.findall(rf"^( *)```{kind}\n(.*?)^ *```$", README, re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", text, flags=re.MULTILINE) for indent, text in found]


def curl_lines() -> list[str]:
    joined = "\n".join(blocks("sh")).replace("\\\n", " ")
    return [line for line in joined.splitlines() if line.startswith("curl ") and "/heartbeat/" in line]


def test_the_example_file_runs_without_any_environment() -> None:
    loaded = config.load(EXAMPLE, {}, check_url=notify.check)

    assert len(loaded.monitors) >= 3
    assert loaded.server.port == 3000


def test_the_example_file_gives_nobody_a_warning() -> None:
    assert config.load(EXAMPLE, {}).warnings == ()


@pytest.mark.parametrize("text", blocks("yaml"))
def test_a_configuration_in_readme_is_valid(text: str, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(text)

    assert config.load(file, {}, check_url=notify.check, check_template=messages.check).monitors


def test_the_template_in_readme_tells_a_down_and_its_end(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(blocks("yaml")[1])
    loaded = config.load(file, {})
    monitor, rule = loaded.monitors["my-job"], loaded.rules[0]
    down, over = (
        messages.from_template(loaded.notifiers["ops"], [notice], loaded.site, "d-1", {})
        for notice in messages.examples(monitor, rule, 0)
    )

    assert down.title == "DOWN: my-job"
    assert down.text.splitlines()[0].startswith(
        "my-job is DOWN since 1969-12-31 23:59:00 UTC, and waits for a"
    )
    assert over.text == "my-job is UP."


@pytest.mark.parametrize("names", [messages.OURS, messages.KENERS])
def test_readme_says_what_each_name_of_a_template_is(names: dict[str, str]) -> None:
    assert "\n".join(f"| `{name}` | {meaning} |" for name, meaning in names.items()) in README


def test_readme_lists_every_command_and_no_other() -> None:
    table = README[README.index("## Commands") : README.index("## For programs")]
    listed = set(re.findall(r"^\| `kener-py ([a-z][a-z-]*)", table, re.MULTILINE))

    assert listed == {name for name, each in commands.of(main).items() if not each.hidden}


def test_every_command_has_a_help_text() -> None:
    assert all(command.help for command in commands.of(main).values())


def test_readme_names_every_dependency() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    required = re.search(r"^dependencies = \[(.*?)^\]", text, re.MULTILINE | re.DOTALL)
    assert required is not None
    names = re.findall(r'"([A-Za-z0-9-]+)', required[1])

    assert [name for name in names if name not in README.lower()] == []


def test_readme_names_every_family_of_metrics() -> None:
    code = (ROOT / "kener_py" / "web" / "metrics.py").read_text()
    families = set(re.findall(r'"(kener_[a-z_]+)"', code))
    table = README[README.index("## Prometheus and Grafana") : README.index("## Running it")]
    named = {name.removesuffix("_total") for name in re.findall(r"`(kener_[a-z_]+)", table)}
    assert named == families
    assert len(families) > 20


def test_readme_names_every_environment_variable() -> None:
    assert all(f"`{variable}`" in README for variable in config.load.__globals__["VARIABLES"].values())


@pytest.mark.real
def test_the_curl_lines_of_readme_turn_the_first_monitor_green(serve: Serve) -> None:  # noqa: F811
    text = EXAMPLE.read_text().replace('cron: "* * * * *"', f'cron: "{EVERY_SECOND}"')
    server = serve(text)
    lines = curl_lines()
    assert len(lines) == 2

    for line in lines:
        words = shlex.split(line.replace("http://127.0.0.1:3000", server.url))
        done = subprocess.run([*words, "-sS", "--fail"], capture_output=True, text=True, check=True)
        assert '"status":"OK"' in done.stdout

    shown = server.get("/api/v1/monitors").json()[0]
    assert shown["tag"] == "nightly-backup"
    assert shown["status"] == "DEGRADED", "the last line reports it"


@pytest.mark.real
@pytest.mark.parametrize("program", ["curl", "kener-py"])
def test_the_examples_of_incidents_work_as_written(serve: Serve, program: str) -> None:  # noqa: F811
    (script,) = (
        block
        for block in blocks("sh")
        if f"{program} " in block and "incident" in block and "make" not in block
    )
    key = "{name: ops, key: the-key-that-you-put-under-api_keys, scopes: [incidents:write]}"
    server = serve(EXAMPLE.read_text().replace("api_keys: []", f"api_keys: [{key}]"))
    script = script.replace("http://127.0.0.1:3000", server.url).replace("curl ", "curl -sS --fail ")
    script = script.replace("kener-py ", f"{shlex.quote(sys.executable)} -m kener_py ")
    files = {"KENER_CONFIG": str(server.config), "KENER_DATABASE": str(server.database)}

    subprocess.run(
        ["bash", "-e", "-c", script], check=True, capture_output=True, cwd=ROOT, env=environment(files)
    )

    (shown,) = server.get("/api/v1/incidents").json()
    assert (shown["state"], shown["title"]) == ("RESOLVED", "Backups are late")
    assert [each["state"] for each in shown["updates"]] == ["RESOLVED", "IDENTIFIED", "INVESTIGATING"]


@pytest.mark.real
def test_the_first_five_minutes_work_as_written(serve: Serve) -> None:  # noqa: F811
    text = blocks("yaml")[0]
    crontab = re.search(r"&& (curl .*)$", README, re.MULTILINE)
    assert crontab is not None
    with mail_receiver() as mail:
        quick = text.replace("127.0.0.1:2525", mail.address)
        quick = quick.replace("RemainingMinutes: 1", "RemainingMinutes: 0.02")
        quick = quick.replace("RemainingMinutes: 2", "RemainingMinutes: 0.04")
        server = serve(quick.rstrip() + f'\n    cron: "{EVERY_SECOND}"\n')
        line = shlex.split(crontab[1].replace("http://127.0.0.1:3000", server.url))

        subprocess.run(line, check=True, capture_output=True)
        until(lambda: mail.mails, 30, "the mail")
        subprocess.run(line, check=True, capture_output=True)
        until(lambda: len(mail.mails) == 2, 30, "the second mail")

        assert [each.message["subject"].split(":")[0] for each in mail.mails] == ["DOWN", "RESOLVED"]


@pytest.mark.real
def test_notify_test_says_how_it_went(tmp_path: Path) -> None:
    text = blocks("yaml")[0]
    with mail_receiver() as mail:
        file = tmp_path / "config.yaml"
        file.write_text(text.replace("127.0.0.1:2525", mail.address))
        done = subprocess.run(
            [sys.executable, "-m", "kener_py", "notify-test", "--config", file],
            capture_output=True,
            text=True,
            cwd=ROOT,
            check=True,
        )

    assert done.stdout == "me #1 (mailto): sent\n"
    assert len(mail.mails) == 1
