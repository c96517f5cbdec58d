"""How the process starts and ends: probes, signals, exit codes, messages. Contract: sections 6 and 7."""

from __future__ import annotations

import contextlib
import signal
import socket
import sys
from pathlib import Path

import pytest

from .conftest import Serve
from .server import Server, check, configuration, free_port, monitor, run, secret_of, until

pytestmark = pytest.mark.real

WITHIN = 15.0  # seconds from SIGTERM to the end, on a busy machine


@pytest.fixture
def server(serve: Serve) -> Server:
    return serve(configuration("job"))


def test_a_started_server_is_live_ready_and_says_nothing_of_a_problem(server: Server) -> None:
    assert server.get("/livez").status == 200
    assert server.get("/readyz").status == 200
    assert server.get("/").status == 200
    assert "Traceback" not in server.log


def test_it_is_not_ready_before_the_loop_has_ticked(serve: Serve) -> None:
    server = serve(configuration("job"), start=False)
    server.launch()
    codes: list[int] = []

    def is_ready() -> bool:
        with contextlib.suppress(ConnectionError):
            codes.append(server.get("/readyz").status)
        return 200 in codes

    until(is_ready, 60, "GET /readyz 200")
    assert set(codes) <= {503, 200}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_quickly_and_cleanly(server: Server, number: signal.Signals) -> None:
    assert server.target("job").beat("kept").status == 200
    assert server.process

    server.signal(number)

    assert server.process.wait(WITHIN) in ((0,) if number == signal.SIGTERM else (0, 130))
    assert not server.listens()
    assert "Traceback" not in server.log
    assert server.messages() == {"kept"}


def test_after_the_end_the_database_is_one_file(server: Server) -> None:
    assert server.target("job").beat("kept").status == 200
    assert server.get("/history").status == 200  # read by a thread
    assert server.get("/").status == 200
    assert server.stop(WITHIN) == 0
    assert {file.name for file in server.database.parent.glob("kener.db*")} == {"kener.db", "kener.db.lock"}


def test_a_second_sigterm_does_no_harm(server: Server) -> None:
    assert server.target("job").beat("kept").status == 200
    assert server.process

    server.signal(signal.SIGTERM)
    with contextlib.suppress(ProcessLookupError):
        server.signal(signal.SIGTERM)

    assert server.process.wait(WITHIN) == 0
    assert "Traceback" not in server.log
    assert server.messages() == {"kept"}


def test_idle_connections_do_not_delay_the_end(server: Server) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            plain = stack.enter_context(server.connection())
            plain.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert plain.recv(1000).startswith(b"HTTP/1.1 200 ")
        assert server.stop(WITHIN) == 0


def test_a_client_that_never_finishes_does_not_prevent_the_end(server: Server) -> None:
    head = f"POST {server.target('job').path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n"

    with server.connection() as plain:
        plain.sendall(head.encode() + b"and then nothing")
        assert server.target("job").beat("another").status == 200
        assert server.stop(20) == 0


def test_it_restarts_on_the_same_port_at_once(server: Server) -> None:
    assert server.target("job").beat("one").status == 200
    server.restart()
    assert server.target("job").beat("two").status == 200
    server.kill()
    server.start()
    assert server.target("job").beat("three").status == 200

    assert [row["message"] for row in server.target("job").rows()] == ["one", "two", "three"]


def test_a_port_in_use_is_a_clear_refusal(serve: Serve) -> None:
    server = serve(configuration("job"), start=False)
    with socket.socket() as other:
        other.bind(("127.0.0.1", server.port))
        other.listen()

        code, errors = server.refused()

    assert code > 0
    assert "Traceback" not in errors
    assert "panic" not in errors
    assert any(str(server.port) in line for line in errors.splitlines()), errors


def test_a_second_server_on_the_same_port_leaves_the_first_alone(serve: Serve, server: Server) -> None:
    second = serve(configuration("job"), start=False)
    second.port = server.port

    code, errors = second.refused()

    assert code > 0
    assert "Traceback" not in errors
    assert server.target("job").beat("still here").status == 200


# --- where the settings come from


def test_a_flag_beats_the_environment_and_that_beats_the_file(serve: Serve, tmp_path: Path) -> None:
    in_file, in_environment = free_port(), free_port()
    section = {"host": "127.0.0.1", "port": in_file, "database": "from-file.db"}
    env = {"KENER_PORT": str(in_environment), "KENER_DATABASE": str(tmp_path / "from-environment.db")}
    text = configuration("job", server=section)

    from_file = serve(text, flags=False, start=False)
    from_file.port, from_file.database = in_file, from_file.folder / "from-file.db"
    from_file.start()
    assert from_file.target("job").beat("file").status == 200
    assert from_file.messages() == {"file"}, "a relative path in the file is relative to the file"
    assert from_file.stop() == 0

    from_environment = serve(text, flags=False, env=env, start=False)
    from_environment.port, from_environment.database = in_environment, tmp_path / "from-environment.db"
    from_environment.start()
    assert from_environment.target("job").beat("environment").status == 200
    assert from_environment.messages() == {"environment"}
    assert from_environment.stop() == 0

    from_flag = serve(text, env=env)
    assert from_flag.target("job").beat("flag").status == 200
    assert from_flag.messages() == {"flag"}


def test_secrets_may_come_from_the_environment_and_from_files(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("from-a-file-0123456789\n")
    text = configuration(
        monitor("env", secretString="${JOB_SECRET}"),
        monitor("default", secretString="${NOBODY_HAS_SET_THIS:-by-default-0123456789}"),
        monitor("file", secretString=f"${{file:{tmp_path / 'secret.txt'}}}"),
    )

    server = serve(text, env={"JOB_SECRET": "from-the-environment-0123456789"})

    assert server.target("env", "from-the-environment-0123456789").beat().status == 200
    assert server.target("default", "by-default-0123456789").beat().status == 200
    assert server.target("file", "from-a-file-0123456789").beat().status == 200


def test_kener_s_own_spelling_works(serve: Serve) -> None:
    """Thresholds and secret under type_data, as Kener stores them."""
    text = configuration(
        {
            "tag": "moved",
            "name": "Moved here",
            "monitor_type": "HEARTBEAT",
            "cron": "* * * * * */1",
            "type_data": {
                "degradedRemainingMinutes": 0.03,
                "downRemainingMinutes": 0.06,
                "secretString": secret_of("moved"),
            },
        }
    )
    server = serve(text)

    assert server.get(f"/ext/heartbeat/moved/{secret_of('moved')}").status == 200

    assert server.target("moved").becomes("DOWN")


# --- a wrong file


def refusals(server: Server) -> list[tuple[int, str]]:
    """Exit code and stderr of `serve` and of `check` on the same file."""
    code, _, errors = check(server.config)
    return [server.refused(), (code, errors)]


def test_check_accepts_a_good_file(serve: Serve) -> None:
    server = serve(configuration("job"), start=False)

    code, _, errors = check(server.config)

    assert (code, "Traceback" in errors) == (0, False), errors
    assert not server.database.exists()


def test_check_warns_of_a_short_secret_without_telling_it(serve: Serve) -> None:
    server = serve(configuration(monitor("job", secretString="xq7")), start=False)

    code, out, errors = check(server.config)

    assert code == 0
    assert "job" in out + errors
    assert "secret" in (out + errors).lower()
    assert "xq7" not in out + errors


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("monitors:\n  - tag: job\n    name: [unclosed\n", None),
        ("monitors:\n  - tag: job\n   name: bad indent\n", 3),
        ("monitors:\n\t- tag: job\n", 2),
        (f"monitors:\n  - tag: job\n    secretString: {secret_of('job')}\n    graec: 5m\n", 4),
        (f"monitors:\n  - tag: Job Nine\n    secretString: {secret_of('job')}\n", 2),
        (f"monitors:\n  - tag: job\n    secretString: {secret_of('job')}\n    cron: every day\n", 4),
        (f"server:\n  port: many\nmonitors:\n  - tag: job\n    secretString: {secret_of('job')}\n", 2),
        ("monitors:\n  - tag: job\n    secretString: ${NOBODY_HAS_SET_THIS}\n", 3),
    ],
    ids=["unclosed", "indent", "tab", "unknown field", "tag", "cron", "port", "variable"],
)
def test_a_broken_file_is_refused_with_its_place(serve: Serve, text: str, line: int | None) -> None:
    server = serve(text, start=False)

    for code, errors in refusals(server):
        assert code == 78, errors
        assert "Traceback" not in errors
        assert f"config.yaml:{line}:" in errors if line else "config.yaml:" in errors, errors
        assert secret_of("job") not in errors
    assert not server.database.exists()


def test_all_problems_are_named_at_once_with_a_suggestion(serve: Serve) -> None:
    text = configuration(
        monitor("one", graec="5m"),
        monitor("two", degradedRemainingMinutes=10, downRemainingMinutes=5),
        monitor("three", cron="every day"),
        "four",
        "four",
    )
    server = serve(text, start=False)

    for code, errors in refusals(server):
        assert code == 78
        for line in (2, 3, 4, 6):
            assert f"config.yaml:{line}:" in errors, errors
        assert "grace" in errors
        assert not [tag for tag in ("one", "two", "three", "four") if secret_of(tag) in errors]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    code, _, errors = check(tmp_path / "nowhere.yaml")

    assert code == 78
    assert "nowhere.yaml" in errors
    assert "Traceback" not in errors


def test_the_configuration_may_be_named_by_the_environment_or_lie_here(serve: Serve) -> None:
    server = serve(configuration("job"), start=False)
    elsewhere = server.folder / "elsewhere"
    elsewhere.mkdir()
    words = [sys.executable, "-m", "kener_py", "check"]

    assert run(words, cwd=server.folder)[0] == 0
    assert run(words, cwd=elsewhere)[0] == 78
    assert run(words, cwd=elsewhere, env={"KENER_CONFIG": str(server.config)})[0] == 0


def test_an_unknown_option_is_a_usage_error(serve: Serve) -> None:
    server = serve(configuration("job"), start=False)

    code, _, errors = run([*server.command(), "--nonsense"], cwd=server.folder)

    assert code == 2
    assert "--nonsense" in errors


def test_the_log_has_a_line_per_event(server: Server) -> None:
    server.edit(configuration("job", "more"))
    until(lambda: server.target("more").beat().status == 200, 10, "the new monitor")
    assert server.stop() == 0

    lines = [line for line in (server.folder / "stderr.log").read_text().splitlines() if line.strip()]
    assert str(server.port) in "".join(lines), "where it listens"
    assert len(lines) >= 3  # started, reloaded, ended
    assert (server.folder / "stdout.log").read_text() == "", "messages belong on stderr"
