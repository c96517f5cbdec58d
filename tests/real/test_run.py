"""`kener-py run` around real commands, in front of a real server or none: nothing of the job may suffer."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import Serve
from .server import Server, configuration, environment, free_port, secret_of, until

pytestmark = pytest.mark.real

KENER = [sys.executable, "-m", "kener_py"]


@pytest.fixture(scope="module")
def server(serve_module: Serve) -> Server:
    return serve_module(configuration("job", "killed", "silent", "hung", "away"))


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder without a configuration, as on another machine."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder


def variables(url: str, tag: str) -> dict[str, str]:
    return environment({"KENER_URL": url, "KENER_SECRET": secret_of(tag)})


_STARTED: list[subprocess.Popen[bytes]] = []


@pytest.fixture(autouse=True)
def _ended() -> Iterator[None]:
    """Nothing that a test started is left behind."""
    yield
    while _STARTED:
        process = _STARTED.pop()
        if process.poll() is None:
            process.kill()
            process.wait(30)
        for pipe in filter(None, (process.stdin, process.stdout, process.stderr)):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


def start(folder: Path, url: str, tag: str, *words: str, **of: Any) -> subprocess.Popen[bytes]:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | of
    command = [*of.pop("before", []), *KENER, "run", tag, *words]
    pipes.pop("before", None)
    _STARTED.append(subprocess.Popen(command, cwd=folder, env=variables(url, tag), **pipes))
    return _STARTED[-1]


def done(process: subprocess.Popen[bytes], given: bytes = b"") -> tuple[int, bytes, str]:
    out, errors = process.communicate(given, timeout=60)
    return process.returncode, out, errors.decode()


def last(server: Server, tag: str = "job") -> tuple[str, str, dict[str, float]]:
    row = server.target(tag).rows()[-1]
    return row["status"], row["message"], json.loads(row["metrics"])


@pytest.mark.parametrize(("code", "status"), [(0, "UP"), (1, "DOWN"), (255, "DOWN")])
def test_the_exit_code_is_that_of_the_job_and_the_server_knows_it(
    server: Server, elsewhere: Path, code: int, status: str
) -> None:
    assert done(start(elsewhere, server.url, "job", "--", "sh", "-c", f"exit {code}")) == (code, b"", "")
    found, _, metrics = last(server)
    assert (found, metrics["exit_code"]) == (status, code)


@pytest.mark.parametrize("words", [[], ["--output"]], ids=["plain", "captured"])
def test_binary_data_passes_through_in_both_directions(
    server: Server, elsewhere: Path, words: list[str]
) -> None:
    data = os.urandom(1_000_000)
    process = start(elsewhere, server.url, "job", *words, "--", "sh", "-c", "cat; echo end >&2")
    code, out, errors = done(process, data)
    assert (code, errors) == (0, "end\n")
    assert out == data


def test_a_reader_that_has_enough_ends_the_job_as_without_us(server: Server, elsewhere: Path) -> None:
    process = start(elsewhere, server.url, "job", "--output", "--", "yes")
    assert process.stdout is not None
    assert process.stdout.read(4) == b"y\ny\n"
    process.stdout.close()
    assert process.wait(30) == 128 + signal.SIGPIPE


def test_a_daemon_that_keeps_the_output_open_does_not_hold_us(server: Server, elsewhere: Path) -> None:
    began = time.monotonic()
    with (elsewhere / "out").open("wb") as out:
        process = start(
            elsewhere, server.url, "job", "--output", "--", "sh", "-c", "sleep 20 & echo begun", stdout=out
        )
        assert done(process)[0] == 0
    assert time.monotonic() - began < 15
    assert (elsewhere / "out").read_bytes() == b"begun\n"
    assert last(server)[1] == "begun"


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1]
)
def test_a_signal_reaches_the_job_and_its_end_is_told(
    server: Server, elsewhere: Path, number: signal.Signals
) -> None:
    process = start(
        *(elsewhere, server.url, "job", "--", "sh", "-c", "ulimit -c 0; echo on; exec sleep 60"),
        before=["env", "--default-signal"],  # the tests themselves may run under nohup
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"on\n"
    process.send_signal(number)
    assert process.wait(30) == 128 + number
    assert last(server)[1].startswith(f"ended by {number.name} after ")


def test_a_job_that_handles_a_signal_ends_as_it_likes(server: Server, elsewhere: Path) -> None:
    script = "trap 'echo tidy; exit 7' TERM; echo on; while :; do sleep 0.05; done"
    process = start(elsewhere, server.url, "job", "--", "sh", "-c", script)
    assert process.stdout is not None
    assert process.stdout.readline() == b"on\n"
    process.terminate()
    code, out, _ = done(process)
    assert (code, out) == (7, b"tidy\n")


def test_a_signal_that_was_ignored_stays_ignored(server: Server, elsewhere: Path) -> None:
    script = "echo on; sleep 1; echo alive"
    process = start(elsewhere, server.url, "job", "--", "sh", "-c", script, before=["nohup"])
    assert process.stdout is not None
    assert process.stdout.readline() == b"on\n"
    process.send_signal(signal.SIGHUP)
    assert done(process)[:2] == (0, b"alive\n")


def test_the_job_finds_signals_and_environment_as_they_were(server: Server, elsewhere: Path) -> None:
    # Of signals the first 28: glibc keeps 32 and 33 to itself.
    signals = "grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status | grep -o '.......$'"
    script = ["sh", "-c", f"{signals}; env | grep -v '^_=' | sort"]
    env = variables(server.url, "job")
    bare = subprocess.run(script, cwd=elsewhere, env=env, capture_output=True, check=True).stdout
    assert done(start(elsewhere, server.url, "job", "--", *script))[1] == bare


def test_a_job_killed_is_down_at_once(server: Server, elsewhere: Path) -> None:
    process = start(elsewhere, server.url, "killed", "--", "sh", "-c", "echo $$; exec sleep 60")
    assert process.stdout is not None
    os.kill(int(process.stdout.readline()), signal.SIGKILL)
    assert process.wait(30) == 137
    server.target("killed").becomes("DOWN")


def test_a_server_that_is_away_for_a_moment_hears_of_the_job(serve: Serve, elsewhere: Path) -> None:
    server = serve(configuration("away"), start=False)
    process = start(elsewhere, server.url, "away", "--", "true")
    time.sleep(1)  # its first attempts find nobody
    server.start()
    code, _, errors = done(process)
    assert (code, errors) == (0, "")
    assert [row["status"] for row in server.target("away").rows()] == ["UP"]


@pytest.fixture
def silence() -> Iterator[int]:
    """The port of somebody who accepts every connection and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(16)
        yield listening.getsockname()[1]


def test_a_server_that_hangs_costs_half_a_minute_and_nothing_else(silence: int, elsewhere: Path) -> None:
    began = time.monotonic()
    code, out, errors = done(
        start(elsewhere, f"http://127.0.0.1:{silence}", "hung", "--", "sh", "-c", "echo ran; exit 5")
    )
    assert (code, out) == (5, b"ran\n")
    assert 15 < time.monotonic() - began < 40
    assert errors.startswith(
        "kener-py: hung: the server was not told that it is down: no answer from http://"
    )
    assert secret_of("hung") not in errors


def test_a_signal_while_the_server_hangs_ends_the_waiting(silence: int, elsewhere: Path) -> None:
    url = f"http://127.0.0.1:{silence}"
    process = start(elsewhere, url, "hung", "--", "sh", "-c", f"touch '{elsewhere}/ended'; exit 5")
    until(lambda: (elsewhere / "ended").exists(), 30, "the end of the job")
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    until(lambda: not children.read_text(), 30, "the job being gone")
    began = time.monotonic()
    process.terminate()
    assert process.wait(30) == 5
    assert time.monotonic() - began < 8


def test_nobody_there_is_said_after_half_a_minute_at_most(elsewhere: Path) -> None:
    began = time.monotonic()
    code, _, errors = done(start(elsewhere, f"http://127.0.0.1:{free_port()}", "job", "--", "true"))
    assert (code, time.monotonic() - began < 40) == (0, True)
    assert "Connection refused; tried" in errors


def test_beside_the_server_its_file_is_enough(server: Server) -> None:
    words = [*KENER, "run", "silent", "--config", str(server.config), "--", "true"]
    env = environment({"KENER_PORT": str(server.port)})
    ran = subprocess.run(words, cwd=server.folder, env=env, capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert last(server, "silent")[0] == "UP"


def test_the_secret_is_on_no_command_line(server: Server, elsewhere: Path) -> None:
    process = start(elsewhere, server.url, "job", "--", "sh", "-c", "echo on; read _")
    assert process.stdout is not None
    process.stdout.readline()
    shown = Path(f"/proc/{process.pid}/cmdline").read_bytes()
    assert secret_of("job").encode() not in shown
    assert done(process, b"\n")[0] == 0


def test_a_job_begins_and_ends_without_noticeable_delay(server: Server, elsewhere: Path) -> None:
    """The server is one whose answer takes no time; the best of five, for others use the machine too."""

    def took(words: list[str]) -> tuple[float, float]:
        began = time.time()
        process = subprocess.run(
            words, cwd=elsewhere, env=variables(server.url, "job"), capture_output=True, text=True, timeout=60
        )
        return float(process.stdout) - began, time.time() - began

    clock = ["date", "+%s.%N"]
    wrapped = [took([*KENER, "run", "job", "--", *clock]) for _ in range(5)]
    until_begin = min(begin for begin, _ in wrapped)
    assert until_begin < 0.3, "0.07 s on an idle machine"
    assert min(end for _, end in wrapped) < 0.6, "0.14 s on an idle machine"
