"""Words to calls: what is printed where, how a command ends, and how soon it starts."""

import contextlib
import http.server
import json
import os
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import commands
import pytest
from click.testing import CliRunner, Result

from kener_py import __version__, config, glance, notify, store
from kener_py.cli import main
from kener_py.model import MINUTE, Heartbeat, Instant, Status
from kener_py.service import Service

NOW: Instant = 1_790_768_460_000  # 2026-09-30T11:41:00Z
SECRET = "s3cret-of-backup-0123456789"
TOKEN = "tokenthatnobodymaysee"
COMMANDS = [
    "ack",
    "backup",
    "check",
    "completion",
    "db",
    "deliveries",
    "demo",
    "explain",
    "export",
    "healthcheck",
    "incident",
    "maintenance",
    "notify-test",
    "ping",
    "restore",
    "run",
    "schema",
    "serve",
    "snooze",
    "status",
]
# Without a file, or with arguments of their own.
ALONE = (
    "schema",
    "completion",
    "ack",
    "snooze",
    "demo",
    "backup",
    "restore",
    "export",
    "ping",
    "run",
    "explain",
)
GROUPS = ("db", "incident", "maintenance")
WITH_FILE = [
    *(each for each in COMMANDS if each not in (*ALONE, *GROUPS)),
    *(f"{group} list" for group in GROUPS if group != "db"),
    *(
        "backup copy.db",
        "restore copy.db",
        "db check",
        "db stats",
        "db vacuum",
        "export page",
        "explain backup",
    ),
]

GOOD = f"""\
site: {{title: Acme, timezone: Europe/Berlin}}
notifiers:
  ops: ["json://127.0.0.1:9/{TOKEN}"]
  chat: ["json://127.0.0.1:9/{TOKEN}", "json://127.0.0.1:9/other"]
monitors:
  - {{tag: backup, name: Backup, secretString: {SECRET}}}
  - {{tag: mail, secretString: another-{SECRET}, interval: 1h, grace: 90s}}
  - {{tag: payroll, secretString: third-{SECRET}, hidden: true}}
"""
PLAIN = f"monitors: [{{tag: backup, secretString: {SECRET}}}]\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for variable in [name for name in os.environ if name.startswith("KENER_")]:
        monkeypatch.delenv(variable)
    return tmp_path


@pytest.fixture
def file(folder: Path) -> Path:
    path = folder / "config.yaml"
    path.write_text(GOOD)
    return path


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str]]:
    """What would have been sent; a URL that ends in "other" is refused."""
    found: list[tuple[str, str, str]] = []

    def send(url: str, title: str, text: str, *, severity: str, delivery: str, **more: str) -> None:
        if url.endswith("other"):
            raise notify.NotifyError("json: connection refused")
        found.append((url, title, severity))

    monkeypatch.setattr(notify, "send", send)
    return found


def run(*words: str, **env: str) -> Result:
    return CliRunner().invoke(main, list(words), env=env)


def program(*words: str, **of) -> subprocess.CompletedProcess[str]:
    """The same in a process of its own, as a shell would start it."""
    command = [sys.executable, "-m", "kener_py", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, **of)


def fill(path: Path) -> None:
    """A database as a server would leave it: one monitor reported, then silence."""
    now = NOW
    opened = store.Store(path.parent / "kener.db")
    service = Service(opened, config.load(path, {}), lambda: now)
    service.mark_alive(now)
    service.record(Heartbeat("backup", now, Status.UP, "done"))
    for _ in range(20):
        now += MINUTE
        service.mark_alive(now)
        service.tick("* * * * *|Europe/Berlin", now)
    opened.close()


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch):
    """Set the time that a command finds."""
    return lambda now: monkeypatch.setattr("time.time_ns", lambda: now * 1_000_000)


# ---- help ------------------------------------------------------------------------------------


def test_the_version_is_that_of_the_package():
    result = run("--version")
    assert (result.exit_code, result.stdout) == (0, f"kener-py {__version__}\n")


def test_a_server_imports_no_other_command():
    script = "import sys, kener_py.cli.server; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    names = {name.removeprefix("kener_py.cli.") for name in loaded.stdout.split() if "kener_py.cli." in name}
    assert "server" in names
    assert names.isdisjoint({"alerts", "database", "demo", "explain", "incidents", "maintenances", "run"})


def test_the_commands_are_those_listed_here():
    assert sorted(name for name, each in commands.of(main).items() if not each.hidden) == COMMANDS


@pytest.mark.parametrize("option", ["--help", "-h"])
@pytest.mark.parametrize("command", [[], *([command] for command in COMMANDS)], ids=str)
def test_every_command_explains_itself(folder, command, option):
    result = run(*command, option)
    assert result.exit_code == 0
    assert result.stdout.startswith("Usage: main" if not command else f"Usage: main {command[0]}")
    assert result.stderr == ""
    assert list(folder.iterdir()) == []


def test_the_list_of_commands_says_what_each_is_for():
    lines = run("--help").stdout.partition("Commands:\n")[2].splitlines()
    assert [line.split()[0] for line in lines] == COMMANDS
    assert all(len(line.split()) > 3 for line in lines)


@pytest.mark.parametrize(
    "words", [["nonsense"], ["check", "--nonsense"], ["serve", "--port", "x"], ["serve", "x"]]
)
def test_words_that_nobody_knows_are_a_mistake_in_usage(words):
    result = run(*words)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Usage:" in result.stderr


HEAVY = ["apprise", "croniter", "flask", "granian", "pydantic", "sqlite3", "sqlite_utils", "yaml"]


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["serve", "--help"], ["status", "--help"]])
def test_help_loads_nothing_heavy(words):
    script = (
        "import sys; from kener_py.cli import main\n"
        "try: main(sys.argv[1:], prog_name='kener-py')\n"
        f"except SystemExit: print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True)
    assert ran.stderr == "[]\n"
    assert "kener-py" in ran.stdout


def test_the_package_can_be_run(folder):
    ran = program("--version", cwd=folder)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.endswith(f" {__version__}\n")


# ---- check -----------------------------------------------------------------------------------


def test_check_says_when_each_monitor_would_alert(file):
    result = run("check")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].startswith("backup: expects a heartbeat at least every ")
    assert "10 min after the last heartbeat" in lines[1]
    assert [line.split(":")[0] for line in lines if not line.startswith(" ")] == [
        "backup",
        "mail",
        "payroll",
        "config.yaml",
    ]
    assert lines[-1] == "config.yaml: valid; 3 monitors, 1 alert rule"
    assert result.stderr == ""


@pytest.mark.parametrize("how", ["flag", "variable", "here"])
def test_the_file_is_the_one_that_was_named(folder, how):
    named = folder / "other.yaml"
    (named if how != "here" else folder / "config.yaml").write_text(PLAIN)
    result = {
        "flag": lambda: run("check", "--config", str(named)),
        "variable": lambda: run("check", KENER_CONFIG=str(named)),
        "here": lambda: run("check"),
    }[how]()
    assert result.exit_code == 0
    assert "valid; 1 monitor," in result.stdout


def test_a_flag_wins_over_the_variable(file):
    assert run("check", "--config", str(file), KENER_CONFIG="nowhere.yaml").exit_code == 0


def test_check_tells_every_problem_at_once_on_stderr(file):
    file.write_text("monitors:\n  - {tag: A B, graec: 5m}\n  - {tag: x, cron: never}\nsiet: {}\n")
    result = run("check")
    assert result.exit_code == 78
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) >= 5
    assert all(line.startswith("config.yaml:") for line in lines[:-1])
    assert lines[-1] == f"kener-py: {len(lines) - 1} problems in the configuration"


def test_one_problem_is_counted_as_one(file):
    file.write_text(f"{PLAIN}siet: {{}}\n")
    assert run("check").stderr.endswith("kener-py: 1 problem in the configuration\n")


def test_a_missing_file_is_a_wrong_configuration(folder):
    result = run("check")
    assert result.exit_code == 78
    assert "config.yaml: there is no such file" in result.stderr


def test_check_warns_on_stderr_and_is_content(file):
    file.write_text("monitors: [{tag: backup, secretString: short}]\n")
    result = run("check")
    assert result.exit_code == 0
    assert "warning: config.yaml:1:" in result.stderr
    assert "fewer than" in result.stderr
    assert "warning" not in result.stdout


def test_check_tells_no_secret(file):
    file.write_text(
        GOOD.replace(SECRET, f"{SECRET} \\ü?", 1) + "api_keys: [{name: k, key: tiny-key}]\nx: 1\n"
    )
    for text in (file.read_text(), GOOD):
        file.write_text(text)
        result = run("check")
        for secret in (SECRET, TOKEN, "tiny-key"):
            assert secret not in result.output


def test_check_is_json_for_programs(file):
    file.write_text(GOOD.replace("site: {", "site: {colors: {up: '#0a8f6c'}, "))
    result = run("check", "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    found = json.loads(result.stdout)
    assert (found["file"], found["valid"], found["problems"]) == ("config.yaml", True, [])
    assert [each["tag"] for each in found["monitors"]] == ["backup", "mail", "payroll"]
    mail = found["monitors"][1]
    assert (mail["degraded_after_seconds"], mail["down_after_seconds"]) == (3690, 7200)
    text = run("check").stdout
    for each in found["monitors"]:
        assert f"{each['tag']}: expects {each['expects']}\n  {each['alerts']}\n" in text
    assert {each["color"] for each in found["colors"]} == {"up"}
    assert all(each["contrast"] in text for each in found["colors"])


def test_problems_are_json_with_their_places(file):
    file.write_text("monitors:\n  - {tag: A B, graec: 5m}\n  - {tag: x, cron: never}\nsiet: {}\n")
    result = run("check", "--json")
    assert (result.exit_code, result.stderr) == (78, "")
    found = json.loads(result.stdout)
    assert found["valid"] is False
    by_field = {each["field"]: each for each in found["problems"]}
    place = {"file": "config.yaml", "line": 2, "column": 16, "field": "monitors[0].graec"}
    text = by_field["monitors[0].graec"].pop("text")
    assert by_field["monitors[0].graec"] == place
    assert text.startswith("unknown field")
    lines = run("check").stderr.splitlines()[:-1]
    assert len(lines) == len(found["problems"])
    assert f"config.yaml:2:16: monitors[0].graec: {text}" in lines


def test_warnings_are_json_with_their_places(file):
    file.write_text("monitors: [{tag: backup, secretString: short}]\n")
    found = json.loads(run("check", "--json").stdout)
    assert found["valid"] is True
    assert any(each["line"] == 1 and "fewer than" in each["text"] for each in found["warnings"])


def test_a_missing_file_is_a_problem_without_a_place(folder):
    result = run("check", "--json")
    assert result.exit_code == 78
    (problem,) = json.loads(result.stdout)["problems"]
    assert (problem["file"], problem["line"], problem["field"]) == ("config.yaml", None, None)


def test_check_makes_no_database(file):
    run("check")
    assert [each.name for each in file.parent.iterdir()] == ["config.yaml"]


def test_exit_codes_reach_the_shell(folder):
    ran = program("check", cwd=folder)
    assert (ran.returncode, ran.stdout) == (78, "")
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("command", [each for each in WITH_FILE if each != "healthcheck"])
def test_every_command_refuses_a_wrong_file(file, command):
    file.write_text("monitors: 5\n")
    result = run(*command.split())
    assert result.exit_code == 78
    assert "config.yaml:1:" in result.stderr
    assert [each.name for each in file.parent.iterdir()] == ["config.yaml"]


# ---- schema ----------------------------------------------------------------------------------


def test_the_schema_is_json_that_editors_read(folder):
    result = run("schema")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert found["$schema"].startswith("http://json-schema.org/draft")
    assert {"monitors", "site", "server", "notifiers", "alerts"} <= found["properties"].keys()


# ---- status ----------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_status_without_a_database_fails_and_makes_none(file, words):
    result = run("status", *words)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "kener.db: no such database; `kener-py serve` creates it" in result.stderr
    assert [each.name for each in file.parent.iterdir()] == ["config.yaml"]


@pytest.mark.parametrize("content", [b"", b"hello" * 1000])
def test_status_of_what_is_no_database_of_ours_fails(file, content):
    database = file.parent / "kener.db"
    database.write_bytes(content)
    result = run("status")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("kener-py: ")
    assert database.read_bytes() == content


def test_status_prints_every_monitor_hidden_ones_too(file, at):
    fill(file)
    at(NOW + 20 * MINUTE)
    result = run("status")
    assert (result.exit_code, result.stderr) == (0, "")
    backup, mail, payroll = result.stdout.splitlines()
    assert backup.split()[:2] == ["backup", "DOWN"]
    assert "since 2026-09-30 13:51" in backup
    assert "last heartbeat 20 min ago" in backup
    assert "% up" in backup
    assert mail.split()[:2] == ["mail", "NO_DATA"]
    assert "waiting for the first heartbeat" in mail
    assert payroll.split()[:2] == ["payroll", "NO_DATA"]


def test_status_is_json_for_programs(file, at):
    fill(file)
    at(NOW + 20 * MINUTE)
    result = run("status", "--json")
    assert result.exit_code == 0
    found = {each["tag"]: each for each in json.loads(result.stdout)}
    assert list(found) == ["backup", "mail", "payroll"]
    assert found["backup"]["status"] == "DOWN"
    assert found["backup"]["last_heartbeat"] == "2026-09-30T11:41:00.000Z"
    assert found["mail"]["since"] is None


def test_status_works_beside_a_server(file, at):
    fill(file)
    at(NOW + 20 * MINUTE)
    serving = store.Store(file.parent / "kener.db")
    assert run("status").stdout.startswith("backup")
    serving.close()


def test_status_says_that_no_server_runs(file, at):
    fill(file)
    at(NOW + 30 * MINUTE)
    result = run("status")
    assert result.exit_code == 0
    assert result.stdout.startswith("No loop is running (the last tick: 2026-09-30 14:01")
    assert {each["status"] for each in json.loads(run("status", "--json").stdout)} == {"NO_DATA"}


def test_status_looks_at_the_database_that_the_environment_names(file, at):
    fill(file)
    at(NOW + 20 * MINUTE)
    (file.parent / "kener.db").rename(file.parent / "moved.db")
    assert run("status").exit_code == 1
    assert run("status", KENER_DATABASE=str(file.parent / "moved.db")).exit_code == 0


def test_status_of_a_damaged_database_is_one_sentence(file):
    fill(file)
    database = file.parent / "kener.db"
    with contextlib.closing(sqlite3.connect(database)) as other:
        (page,) = other.execute("select rootpage from sqlite_master where name = 'change'").fetchone()
        (size,) = other.execute("pragma page_size").fetchone()
    with database.open("r+b") as damaged:
        damaged.seek((page - 1) * size)
        damaged.write(b"\xff" * size)
    ran = program("status", cwd=file.parent)
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr


# ---- notify-test -----------------------------------------------------------------------------


def test_without_notifiers_there_is_nothing_to_test(file):
    file.write_text(PLAIN)
    result = run("notify-test")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.endswith("kener-py: the file has no notifiers\n")


def test_an_unknown_notifier_is_a_mistake_in_usage(file, sent):
    result = run("notify-test", "opps")
    assert result.exit_code == 2
    assert "there is no notifier 'opps'; there are: ops, chat" in result.stderr
    assert sent == []


def test_a_message_goes_to_every_url_of_a_notifier(file, sent):
    result = run("notify-test", "ops")
    assert result.exit_code == 0
    assert sent == [(f"json://127.0.0.1:9/{TOKEN}", "Test: Acme", "ok")]
    assert result.stdout == "ops #1 (json): sent\n"


def test_every_notifier_is_tried_and_one_failure_fails(file, sent):
    result = run("notify-test")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "ops #1 (json): sent",
        "chat #1 (json): sent",
        "chat #2 (json): failed: json: connection refused",
    ]
    assert TOKEN not in result.output


def test_an_alert_and_its_end_are_rehearsed(file, sent):
    result = run("notify-test", "ops", "--alert")
    assert result.exit_code == 0
    assert [(title, severity) for _, title, severity in sent] == [
        ("[Test] DOWN: Backup (minor)", "minor"),
        ("[Test] RESOLVED: Backup is UP after 6 min", "ok"),
    ]
    assert result.stdout == "ops #1 (json): TRIGGERED sent\nops #1 (json): RESOLVED sent\n"


def test_a_rehearsal_is_about_the_monitor_that_is_named(file, sent):
    assert run("notify-test", "ops", "--alert", "--monitor", "payroll").exit_code == 0
    assert sent[0][1] == "[Test] DOWN: payroll (minor)"


def test_a_dry_run_prints_the_notifier_s_own_words_and_sends_nothing(file, sent):
    own = "{urls: 'json://127.0.0.1:9/x', title: '{{ name }}!', body: '{{ kind }} {{ rule }}'}"
    file.write_text(f"notifiers: {{ops: {own}}}\n{PLAIN}")
    result = run("notify-test", "--alert", "--dry-run")
    assert result.exit_code == 0
    assert result.stdout == (
        "---- ops (json)\n[Test] backup!\n\nTRIGGERED DOWN\n\n"
        "---- ops (json)\n[Test] backup!\n\nRESOLVED DOWN\n\n"
    )
    assert sent == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--alert", "--monitor", "bakup"], "there is no monitor 'bakup'; there are: backup, mail, payroll"),
        (["--monitor", "backup"], "--monitor goes with --alert"),
    ],
)
def test_a_rehearsal_of_nothing_is_a_mistake_in_usage(file, sent, words, says):
    result = run("notify-test", *words)
    assert result.exit_code == 2
    assert says in result.stderr
    assert sent == []


def test_a_template_that_cannot_work_is_refused_by_check(file):
    file.write_text("notifiers:\n  ops: {urls: 'json://a', title: '{{ nam }}'}\n" + PLAIN)
    result = run("check")
    assert result.exit_code == 78
    assert "config.yaml:2:34: notifiers.ops.title: the template, line 1, column 4: unknown variable" in (
        result.stderr
    )
    assert "did you mean 'name'?" in result.stderr


# ---- healthcheck -----------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def answering() -> Iterator[tuple[int, list[tuple[int, bytes]]]]:
    """A server on a port that gives the one answer in the list."""
    answers: list[tuple[int, bytes]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            code, text = answers[-1] if self.path == "/readyz" else (404, b"wrong path")
            self.send_response(code)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port, answers
        server.shutdown()
        thread.join()


def test_nobody_answers_is_not_healthy(file):
    port = free_port()
    result = run("healthcheck", "--timeout", "1", KENER_PORT=str(port))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"kener-py: no answer from 127.0.0.1:{port}: ")


def test_a_server_that_accepts_and_says_nothing_is_not_healthy(file):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        result = run("healthcheck", "--timeout", "0.05", KENER_PORT=str(silent.getsockname()[1]))
    assert result.exit_code == 1
    assert "no answer from" in result.stderr


def test_a_server_that_is_ready_is_healthy(file, answering):
    port, answers = answering
    answers.append((200, b"ok\n"))
    result = run("healthcheck", KENER_PORT=str(port))
    assert (result.exit_code, result.stdout, result.stderr) == (0, "ok\n", "")


@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1", "localhost"])
def test_a_server_that_listens_everywhere_is_asked_here(file, answering, host):
    port, answers = answering
    answers.append((200, b"ok\n"))
    assert run("healthcheck", KENER_PORT=str(port), KENER_HOST=host).exit_code == 0


def test_a_server_that_is_not_ready_is_not_healthy_and_says_why(file, answering):
    port, answers = answering
    answers.append((503, b"the loop has not ticked for 99 seconds\n"))
    result = run("healthcheck", KENER_PORT=str(port))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "kener-py: the loop has not ticked for 99 seconds\n"


def test_an_edit_that_the_server_refused_does_not_make_it_unhealthy(file, answering):
    port, answers = answering
    answers.append((200, b"ok\n"))
    file.write_text(f"server: {{port: {port}}}\nmonitors: 5\n")
    assert run("healthcheck").exit_code == 0
    file.write_text("server: [")
    assert run("healthcheck", KENER_HOST="127.0.0.1", KENER_PORT=str(port)).exit_code == 0
    assert run("healthcheck", KENER_PORT=str(port)).exit_code == 78


@pytest.mark.parametrize("port", ["${PORT}", "0", "99999", "http"])
def test_an_address_that_a_glance_cannot_tell_is_left_to_a_whole_load(file, port):
    glanced = glance.at(file, {"KENER_PORT": port}).address
    assert glanced is None
    file.write_text(f"server: {{port: '{port}'}}\n")
    assert glance.at(file, {}).address is None


def test_a_server_on_the_new_protocol_alone_is_asked_there(file):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    class Six(http.server.HTTPServer):
        address_family = socket.AF_INET6

    with Six(("::1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            for host in ("::", "::1"):
                assert run("healthcheck", KENER_PORT=str(server.server_port), KENER_HOST=host).exit_code == 0
        finally:
            server.shutdown()
            thread.join()


def test_a_time_that_nobody_can_wait_is_a_mistake_in_usage(file):
    for seconds in ("-1", "0"):
        ran = program("healthcheck", "--timeout", seconds, cwd=file.parent)
        assert ran.returncode == 2
        assert "Traceback" not in ran.stderr


# ---- serve -----------------------------------------------------------------------------------


@pytest.mark.real
def test_a_port_that_is_taken_is_told_in_one_sentence(file):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = program("serve", "--port", str(port), cwd=file.parent)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert f"kener-py: cannot listen on 127.0.0.1:{port}: Address already in use" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert not (file.parent / "kener.db").exists()


@pytest.mark.real
def test_a_database_that_is_none_is_told_in_one_sentence(file):
    (file.parent / "kener.db").write_bytes(b"hello" * 1000)
    ran = program("serve", "--port", "0", cwd=file.parent)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "not a SQLite database" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert (file.parent / "kener.db").read_bytes() == b"hello" * 1000


@pytest.mark.parametrize(
    "words", [["--port", "65536"], ["--port", "-1"], ["--log-format", "xml"], ["--log-level", "loud"]]
)
def test_a_flag_out_of_range_is_a_mistake_in_usage(file, words):
    assert run("serve", *words).exit_code == 2
