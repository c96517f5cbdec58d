"""What `kener-py run` and `ping` call, with which secret, what they send, and when they try again."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from receivers import Answer, WebReceiver, web_receiver

from kener_py.cli import caller, main
from kener_py.cli.caller import Call, Target
from kener_py.cli.tail import KEPT, Output

pytestmark = pytest.mark.long

SECRET = "s3cret/of backup:0123456789"
SPELLED = "s3cret%2Fof%20backup%3A0123456789"
RECORDED = Answer(text='{"status":"OK","monitor":"backup","received":"2026-09-30T11:41:00Z","reported":"UP"}')
FILE = f"""\
server: {{port: 4404}}
monitors:
  - {{tag: backup, secretString: {json.dumps(SECRET)}}}
  - {{tag: kener, type_data: {{secretString: of-kener-0123456789}}}}
  - {{tag: variable, secret: "${{BACKUP}}"}}
  - {{tag: mixed, secret: "a-${{BACKUP:-b}}"}}
  - {{tag: file, secret: "${{file:secret.txt}}"}}
  - {{tag: unset, secret: "${{NOT_SET}}"}}
  - {{tag: keyed}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for variable in [name for name in os.environ if name.startswith("KENER_") or "proxy" in name.lower()]:
        monkeypatch.delenv(variable)
    return tmp_path


@pytest.fixture
def file(folder: Path) -> Path:
    path = folder / "config.yaml"
    path.write_text(FILE)
    (folder / "secret.txt").write_text("from-a-file\n")
    return path


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[WebReceiver]:
    """A server that records whatever is sent, in the words of ours; waits between attempts are short."""
    monkeypatch.setattr(caller, "_FIRST_WAIT", 0.01)
    # A process that runs a job has one thread; the receiver's are not to take the news of its end.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
    with web_receiver() as receiver:
        receiver.answer = RECORDED
        yield receiver
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def found(
    tag: str, path: Path, url: str | None = None, secret_file: Path | None = None, **env: str
) -> Target:
    return caller.target(tag, path, url, secret_file, env)


def run(*words: str, **env: str) -> Result:
    return CliRunner().invoke(main, list(words), env=env)


def pinged(web: WebReceiver, *words: str) -> Result:
    return run("ping", "backup", *words, KENER_URL=f"http://{web.address}", KENER_SECRET=SECRET)


# ---- where to --------------------------------------------------------------------------------


def test_the_file_of_the_server_says_where_and_with_which_secret(file):
    to = found("backup", file)
    assert (to.base, to.secret) == ("http://127.0.0.1:4404", SECRET)
    assert to.url == f"http://127.0.0.1:4404/heartbeat/backup:{SPELLED}"


@pytest.mark.parametrize(
    ("tag", "env", "secret"),
    [
        ("kener", {}, "of-kener-0123456789"),
        ("variable", {"BACKUP": "of-a-variable"}, "of-a-variable"),
        ("mixed", {}, "a-b"),
        ("mixed", {"BACKUP": "c"}, "a-c"),
        ("file", {}, "from-a-file"),
    ],
)
def test_a_secret_is_found_however_the_file_has_it(file, tag, env, secret):
    assert found(tag, file, **env).secret == secret


def test_a_machine_without_a_file_needs_only_two_variables(folder):
    to = found("backup", folder / "config.yaml", KENER_URL="https://x.example/status/", KENER_SECRET="abc")
    assert to.url == "https://x.example/status/heartbeat/backup:abc"


def test_options_win_over_variables_and_those_over_the_file(file):
    (file.parent / "given").write_text("from-the-option\n")
    both = {"KENER_URL": "http://variable.example", "KENER_SECRET": "from-the-variable"}
    to = found("backup", file, **both)
    assert (to.base, to.secret) == ("http://variable.example", "from-the-variable")
    to = found("backup", file, "http://option.example", file.parent / "given", **both)
    assert (to.base, to.secret) == ("http://option.example", "from-the-option")


@pytest.mark.parametrize(
    ("host", "base"),
    [
        ("0.0.0.0", "http://127.0.0.1:4404"),
        ("::", "http://[::1]:4404"),
        ("db.example", "http://db.example:4404"),
    ],
)
def test_a_server_that_listens_everywhere_is_called_here(file, host, base):
    file.write_text(FILE.replace("{port", f'{{host: "{host}", port'))
    assert found("backup", file).base == base


@pytest.mark.parametrize(
    ("tag", "env", "text"),
    [
        ("bakcup", {}, "config.yaml has no monitor 'bakcup'; did you mean 'backup'?"),
        ("keyed", {}, "config.yaml has no secret for 'keyed': set KENER_SECRET"),
        ("unset", {}, "the environment variable NOT_SET is not set"),
        ("backup", {"KENER_URL": "status.example.org"}, "KENER_URL should be the server's address"),
        ("backup", {"KENER_URL": "ftp://x.example"}, "KENER_URL should be the server's address"),
        ("backup", {"KENER_URL": "http://x.example:99999"}, "KENER_URL should be the server's address"),
        ("backup", {"KENER_URL": "http://x.example/a b"}, "KENER_URL should be the server's address"),
        ("backup", {"KENER_URL": f"http://x.example/heartbeat/a:{SPELLED}"}, "address of the server alone"),
        ("backup", {"KENER_URL": f"http://me:{SPELLED}@x.example"}, "address of the server alone"),
    ],
)
def test_what_is_missing_is_said_without_any_secret(file, tag, env, text):
    with pytest.raises(caller.Unknown) as unknown:
        found(tag, file, **env)
    assert text in str(unknown.value)
    assert SPELLED not in str(unknown.value)


def test_without_file_and_variables_it_is_said_what_to_give(folder):
    path = folder / "config.yaml"
    with pytest.raises(caller.Unknown, match="no server to call: set KENER_URL"):
        found("backup", path)
    with pytest.raises(caller.Unknown, match="no secret for 'backup': set KENER_SECRET"):
        found("backup", path, KENER_URL="http://x.example")


@pytest.mark.parametrize(
    ("content", "text"), [(None, "No such file"), (b" \n", "is empty"), (b"\xff", "UTF-8")]
)
def test_a_file_that_holds_no_secret_is_named(folder, content, text):
    if content is not None:
        (folder / "secret").write_bytes(content)
    with pytest.raises(caller.Unknown, match=text):
        found("backup", folder / "config.yaml", "http://x.example", folder / "secret")


def test_a_target_does_not_show_its_secret():
    to = Target("http://x.example", "backup", SECRET)
    assert "s3cret" not in repr(to)
    assert to.hide(f"a {SECRET} b {to.url}") == "a *** b http://x.example/heartbeat/backup:***"


# ---- what is sent ----------------------------------------------------------------------------


def test_a_ping_sends_what_it_was_given_and_prints_what_the_server_says(folder, web):
    result = pinged(
        web, "--status", "degraded", "--message", "slöw", "--metric", "rows=12", "--metric", "t=.5"
    )
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "backup: UP, recorded at 2026-09-30T11:41:00Z\n"
    (request,) = web.requests
    assert (request.method, request.path) == ("POST", f"/heartbeat/backup:{SPELLED}")
    assert request.json == {"status": "degraded", "message": "slöw", "metrics": {"rows": 12, "t": 0.5}}
    assert request.headers["user-agent"].startswith("kener-py/")


def test_a_ping_is_json_for_programs(folder, web):
    result = pinged(web, "--json")
    assert (result.exit_code, json.loads(result.stdout)["status"]) == (0, "OK")


def test_what_the_server_warns_of_is_on_stderr(folder, web):
    web.answer = Answer(text='{"status":"OK","received":"now","reported":"UP","warning":"too long"}')
    result = pinged(web)
    assert (result.exit_code, result.stderr) == (0, "kener-py: too long\n")


@pytest.mark.parametrize("given", ["rows", "=3", "rows=", "rows=many", "rows=nan", "rows=inf"])
def test_a_metric_that_is_no_number_is_a_mistake_in_usage(folder, web, given):
    result = pinged(web, "--metric", given)
    assert (result.exit_code, web.requests) == (2, [])
    assert "should be a name and a number" in result.stderr


def test_a_ping_without_a_server_is_a_mistake_in_usage(folder):
    result = run("ping", "backup")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("kener-py: no server to call")


# ---- when it is not recorded -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (Answer(404, '{"error":"Unknown tag or wrong secret"}'), "answered 404: Unknown tag or wrong secret"),
        (Answer(400, '{"error":"unknown status"}'), "answered 400: unknown status"),
        (Answer(403, "<h1>no</h1>"), "answered 403: Forbidden"),
        (Answer(200, "<h1>Welcome</h1>"), "answered, but it is no kener-py"),
        (Answer(200, '{"status":"fine"}'), "answered, but it is no kener-py"),
        (Answer(404, json.dumps({"error": f"no {SECRET} and {SPELLED}"})), "answered 404: no *** and ***"),
    ],
)
def test_what_no_other_try_would_mend_fails_at_once(folder, web, answer, text):
    web.answer = answer
    result = pinged(web)
    assert (result.exit_code, result.stdout, len(web.requests)) == (1, "", 1)
    assert result.stderr == f"kener-py: backup: http://{web.address} {text}\n"


def test_a_failure_is_json_for_programs_too(folder, web):
    web.answer = Answer(404, '{"error":"Unknown tag or wrong secret"}')
    result = pinged(web, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"].endswith("answered 404: Unknown tag or wrong secret")


@pytest.mark.parametrize("code", [408, 429, 500, 502, 503, 504])
def test_a_server_that_is_not_ready_is_tried_again(folder, web, code):
    web.answer = Answer(code, "later")
    to = Target(f"http://{web.address}", "backup", SECRET)

    def heal(why: str) -> None:
        assert f"answered {code}" in why
        if len(web.requests) == 3:
            web.answer = RECORDED

    assert caller.deliver(to, Call(), missed=heal)["status"] == "OK"
    assert len(web.requests) == 4


def test_who_asks_for_more_patience_than_there_is_ends_it(folder, web):
    web.answer = Answer(429, '{"error":"too many"}', {"Retry-After": "600"})
    result = pinged(web)
    assert (result.exit_code, len(web.requests)) == (1, 1)
    assert "429: too many" in result.stderr


def test_tries_end_with_the_budget_and_are_counted(folder, web, monkeypatch):
    monkeypatch.setattr(caller, "BUDGET", 0.2)
    web.answer = Answer(503, '{"error":"starting"}')
    result = pinged(web)
    assert result.exit_code == 1
    assert f"503: starting; tried {len(web.requests)} times\n" in result.stderr
    assert len(web.requests) > 2


def test_a_server_that_hangs_is_left(folder, web, monkeypatch):
    monkeypatch.setattr(caller, "BUDGET", 0.2)
    web.answer = Answer(hangs=True)
    result = pinged(web)
    assert result.exit_code == 1
    assert f"no answer from http://{web.address} within " in result.stderr


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_a_report_of_failure_survives_a_redirect(folder, web, code):
    web.answers[f"/heartbeat/backup:{SPELLED}"] = Answer(
        code, "", {"Location": f"http://{web.address}/there"}
    )
    assert pinged(web, "--status", "down").exit_code == 0
    assert [(each.method, each.path, each.json) for each in web.requests[1:]] == [
        ("POST", "/there", {"status": "down"})
    ]


def test_a_redirect_that_asks_for_another_method_is_not_followed(folder, web):
    web.answers[f"/heartbeat/backup:{SPELLED}"] = Answer(303, "", {"Location": f"http://{web.address}/there"})
    assert pinged(web).exit_code == 1
    assert len(web.requests) == 1


def test_a_server_of_this_machine_is_not_looked_for_behind_a_proxy(folder, web, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert pinged(web).exit_code == 0


# ---- run -------------------------------------------------------------------------------------


def wrapped(web: WebReceiver, *words: str, **more: str) -> Result:
    env = {"KENER_URL": f"http://{web.address}", "KENER_SECRET": SECRET} | more
    return run("run", "backup", *words, **env)


def test_success_is_up_with_its_duration_and_no_output(folder, web, capfd):
    result = wrapped(web, "--", "sh", "-c", "echo heard")
    assert (result.exit_code, result.stderr) == (0, "")
    assert capfd.readouterr() == ("heard\n", "")
    (request,) = web.requests
    assert request.json["status"] == "up"
    assert "message" not in request.json
    assert request.json["metrics"]["exit_code"] == 0
    assert 0 <= request.json["metrics"]["duration_seconds"] < 20


def test_failure_is_down_and_says_how(folder, web):
    assert wrapped(web, "--", "sh", "-c", "exit 3").exit_code == 3
    (request,) = web.requests
    assert request.json["status"] == "down"
    assert request.json["message"].startswith("exit code 3 after ")
    assert request.json["metrics"]["exit_code"] == 3


def test_a_command_that_a_signal_ends_has_the_exit_code_of_a_shell(folder, web):
    assert wrapped(web, "--", "sh", "-c", "kill -KILL $$").exit_code == 137
    assert web.requests[0].json["message"].startswith("ended by SIGKILL after ")


def test_a_command_that_cannot_be_started_is_down(folder, web):
    (folder / "plain").write_text("echo")
    (folder / "script").write_text("echo")
    (folder / "script").chmod(0o755)
    codes = [wrapped(web, "--", name).exit_code for name in ("./nowhere", "./plain", "./script")]
    assert codes == [127, 126, 126]
    messages = [request.json["message"] for request in web.requests]
    assert messages[:2] == [
        "./nowhere could not be started: No such file or directory",
        "./plain could not be started: Permission denied",
    ]
    assert "#!/bin/sh" in messages[2]


def test_output_is_sent_when_asked_for_and_passed_on_all_the_same(folder, web, capfd):
    command = ("sh", "-c", f"echo out; echo err >&2; echo '{SECRET}'; exit 1")
    assert wrapped(web, "--output", "--", *command).exit_code == 1
    assert capfd.readouterr() == (f"out\n{SECRET}\n", "err\n")
    message = web.requests[0].json["message"]
    first, *rest = message.splitlines()
    assert first.endswith("; the end of its output:")
    assert sorted(rest) == ["***", "err", "out"]


def test_of_much_output_the_end_is_sent(folder, web, capfd):
    assert wrapped(web, "--output", "--", "seq", "1", "50000").exit_code == 0
    assert capfd.readouterr().out == "".join(f"{number}\n" for number in range(1, 50_001))
    message = web.requests[0].json["message"]
    assert len(message.encode()) <= KEPT
    assert message.splitlines()[0] == "[… 288894 bytes in all; the last of them:]"
    assert message.endswith("49999\n50000")


def test_the_end_of_output_is_text_whatever_it_was():
    output = Output()
    output.finish()
    output._kept, output._seen = bytearray("ü€".encode() * 3_000 + b"\xff\0"), 15_002
    text = output.text(None)
    assert len(text.encode()) <= KEPT
    assert text.endswith("ü€\ufffd\0")


def test_options_of_the_command_are_its_own(folder, web, capfd):
    assert wrapped(web, "--", "echo", "--output", "--url", "x", "--", "-h").exit_code == 0
    assert capfd.readouterr().out == "--output --url x -- -h\n"


@pytest.mark.parametrize("words", [["true"], ["ls", "-l"], ["--"], []])
def test_without_dashes_nothing_is_run(folder, web, words):
    result = wrapped(web, *words)
    assert (result.exit_code, web.requests) == (2, [])
    assert "Put -- before the command: kener-py run TAG -- COMMAND" in result.stderr


def test_without_a_tag_nothing_is_run(folder, web):
    assert "Missing argument 'TAG'" in run("run", "--", "true").stderr


def test_a_job_runs_though_nobody_can_be_told(folder, capfd):
    result = run("run", "backup", "--", "sh", "-c", "echo ran; exit 4")
    assert result.exit_code == 4
    assert capfd.readouterr().out == "ran\n"
    assert result.stderr.startswith("kener-py: backup: nobody will hear of this run: no server to call")


def test_a_job_keeps_its_exit_code_when_the_server_refuses(folder, web):
    web.answer = Answer(404, '{"error":"Unknown tag or wrong secret"}')
    result = wrapped(web, "--", "true")
    assert result.exit_code == 0
    assert "backup: the server was not told that it is up: " in result.stderr
    assert SPELLED not in result.stderr


def test_signals_are_as_before_when_it_ends(folder, web):
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    wrapped(web, "--", "true")
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before
    assert signal.getsignal(signal.SIGCHLD) == signal.SIG_DFL


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (59.9, "59.9 s"), (125, "2 min 5 s"), (7_380, "2 h 3 min")]
)
def test_a_duration_is_told_in_two_units(seconds, text):
    from kener_py.cli.run import _length

    assert _length(seconds) == text
