"""The single binary on a Debian without anything else: no Python, time zones, certificates or rights."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from receivers import MailReceiver, WebReceiver, mail_receiver, web_receiver

from kener_py import __version__
from kener_py.model import LANGUAGES

from .binary import Bare, bare_debian, built, folder_with_binary
from .debian import needs_debian
from .server import EVERY_SECOND, configuration, monitor, secret_of, until

pytestmark = [pytest.mark.real, needs_debian]

SIGNED = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
WITHIN = 15.0  # seconds from a signal to the end, on a busy machine

Start = Callable[..., Bare]


@pytest.fixture(scope="module")
def debian() -> Path:
    built()
    return bare_debian()


@pytest.fixture
def start(debian: Path) -> Iterator[Start]:
    """Start the binary in a folder of its own; `run=False` only prepares it."""
    made: list[Bare] = []
    with folder_with_binary(debian) as folder:

        def begin(yaml_text: str, *, mount: str | None = None, run: bool = True) -> Bare:
            server = Bare(debian, folder, yaml_text, mount)
            made.append(server)
            if run:
                server.start()
            return server

        try:
            yield begin
        finally:
            for server in made:
                server.close()


def ended(server: Bare, *words: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of these words of kener-py."""
    done = subprocess.run(
        server.words(*words), cwd=server.folder, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stdout, done.stderr


# ---- words and exit codes ----------------------------------------------------------------------


def test_it_says_its_version_checks_a_file_and_hands_its_exit_codes_on(start: Start) -> None:
    server = start(configuration("job"), run=False)
    config = server.seen(server.config)
    broken = server.folder / "broken.yaml"
    broken.write_text("monitors: [{tag: job, graec: 5m}]")

    assert ended(server, "--version") == (0, f"kener-py {__version__}\n", "")
    assert ended(server, "--help")[1].startswith("Usage: kener-py [OPTIONS] COMMAND")
    code, out, errors = ended(server, "check", "--config", config)
    assert (code, errors) == (0, "")
    assert out.endswith(f"{config}: valid; 1 monitor, 0 alert rules\n")
    code, _, errors = ended(server, "check", "--config", server.seen(broken))
    assert code == 78
    assert "did you mean 'grace'" in errors
    assert ended(server, "status", "--config", config)[0] == 1, "there is no database"
    assert ended(server, "serve", "--nonsense")[0] == 2
    assert server.unpacked == []


# ---- a life ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Life:
    server: Bare
    mail: MailReceiver
    web: WebReceiver


@pytest.fixture
def life(start: Start) -> Iterator[Life]:
    with mail_receiver() as mail, web_receiver() as web:
        limits = {"degradedRemainingMinutes": 0.02, "downRemainingMinutes": 0.04}
        text = configuration(
            monitor("job", **limits),
            monitor("noon", cron=EVERY_SECOND, timezone="America/New_York"),
            site={"title": "Jobs of ${HERE:-Tokyo}", "timezone": "Asia/Tokyo"},
            export={"folder": "page"},
            notifiers={
                "mail": f"mailto://{mail.address}?from=kener@example.org&to=me@example.org",
                "hook": f"json://{web.address}/hook",
                "program": {"webhook": f"http://{web.address}/program", "secret": SIGNED},
            },
        )
        yield Life(start(text), mail, web)


def test_a_job_that_falls_silent_is_told_by_mail_and_by_webhook(life: Life) -> None:
    server = life.server

    assert server.target("job").beat("the first").status == 200
    server.target("job").becomes("UP")
    server.target("job").becomes("DOWN")
    until(lambda: life.mail.mails and len(life.web.requests) >= 2, 30, "the messages")

    assert life.mail.mails[0].message["subject"].startswith("DOWN: Job job")
    assert "JST" in life.mail.mails[0].text, "the time zone of the site"
    assert {request.path for request in life.web.requests} == {"/hook", "/program"}
    until(
        lambda: {row["status"] for row in server.sql("select status from delivery")} == {"SENT"},
        10,
        "all of them being sent",
    )
    assert server.messages() == {"the first"}
    assert "Traceback" not in server.log


def test_its_pages_are_whole_in_every_language(life: Life) -> None:
    server = life.server
    texts = set()

    for language in LANGUAGES:
        page = server.get("/", {"Accept-Language": language, "Accept": "text/html"})
        assert page.headers["content-language"] == language
        assert "Jobs of Tokyo" in page.text
        texts.add(re.sub(r"<[^>]*>|\d", "", page.text[page.text.index("<main") :]))
    assert len(texts) == len(LANGUAGES)
    linked = set(re.findall(r'(?:href|src)="(/(?:static/|site)[^"]+)"', page.text))
    answers = {address.partition("?")[0]: server.get(address) for address in linked}
    assert {answer.status for answer in answers.values()} == {200}
    assert answers["/site.css"].headers["content-type"].startswith("text/css")
    assert "/static/app.js" in answers
    for path in ("/monitors/noon", "/history", "/uptime", "/api", "/openapi.json", "/maintenance.ics"):
        assert server.get(path).status == 200, path


def test_it_writes_its_page_down_by_command_and_by_itself(life: Life) -> None:
    server = life.server
    by_itself, by_command = server.folder / "page", server.folder / "again"

    until(lambda: (by_itself / ".kener-export.json").exists(), 60, "the server's export")
    code, out, errors = ended(
        server, "export", "--config", server.seen(server.config), server.seen(by_command)
    )

    assert (code, errors) == (0, "")
    assert " 0 removed" in out
    for folder in (by_itself, by_command):
        assert "Jobs of Tokyo" in (folder / "index.html").read_text()
        assert (folder / "static" / "app.js").exists()


def test_nothing_of_its_own_reaches_the_environment_of_what_it_starts(start: Start) -> None:
    shown = "title: '${LD_LIBRARY_PATH:-unset} ${_PYI_ARCHIVE_FILE:-unset} ${SSL_CERT_FILE:-unset}'"
    text = configuration("job") + f"site: {{{shown}}}\n"

    server = start(text)
    found = re.search(r"unset unset (/tmp/_MEI\w+/certifi/cacert.pem)", server.get("/").text)
    assert found is not None, "the authorities that it brings, for there are no others"
    authorities = server.root / found[1].lstrip("/")
    assert authorities.read_text().count("BEGIN CERTIFICATE") > 50
    assert server.stop(WITHIN) == 0

    server.inside |= {"LD_LIBRARY_PATH": "/opt/lib", "SSL_CERT_FILE": "/opt/ca.pem"}
    server.start()
    assert "/opt/lib unset /opt/ca.pem" in server.get("/").text


def test_a_job_around_which_it_is_put_sees_nothing_of_it(start: Start) -> None:
    server = start(configuration("job"))
    server.inside |= {
        "KENER_URL": server.url,
        "KENER_SECRET": secret_of("job"),
        "LD_LIBRARY_PATH": "/opt/lib",
    }

    code, out, errors = ended(server, "run", "job", "--", "/bin/sh", "-c", "export -p; exit 3")

    assert (code, errors) == (3, "")
    assert "LD_LIBRARY_PATH='/opt/lib'" in out
    assert "_PYI_" not in out
    assert [row["status"] for row in server.target("job").rows()] == ["DOWN"]
    assert server.target("job").rows()[0]["message"].startswith("exit code 3 after ")


def test_a_message_that_needs_tls_finds_the_authorities(start: Start) -> None:
    with web_receiver() as web:  # which does not speak TLS
        server = start(configuration("job", notifiers={"ops": f"jsons://{web.address}/"}), run=False)
        code, out, errors = ended(server, "notify-test", "--config", server.seen(server.config))

    assert code == 1
    assert "SSL" in out + errors
    assert "bundle" not in out + errors


# ---- two processes that are one ----------------------------------------------------------------


@pytest.mark.parametrize("to", ["the first", "the second", "both"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_whoever_gets_it(start: Start, to: str, number: signal.Signals) -> None:
    server = start(configuration("job"))
    assert server.target("job").beat("kept").status == 200
    assert server.process
    assert len(server.unpacked) == 1
    processes = {"the first": [server.process.pid], "the second": [server.worker]}
    began = time.monotonic()

    for process in processes.get(to) or [server.process.pid, server.worker]:
        os.kill(process, number)

    assert server.process.wait(WITHIN) == 0
    assert time.monotonic() - began < 5
    assert not server.listens()
    assert server.unpacked == []
    assert server.messages() == {"kept"}


def test_a_hangup_is_handed_on_and_reads_the_configuration_anew(start: Start) -> None:
    server = start(configuration("job"))
    server.edit(configuration("job", "more"))

    server.signal(signal.SIGHUP)

    until(lambda: server.target("more").beat().status == 200, 10, "the new monitor")
    assert server.is_alive()
    assert server.stop(WITHIN) == 0


def test_kill_9_of_the_first_leaves_nobody_on_the_port_and_nothing_in_the_way(start: Start) -> None:
    server = start(configuration("job"))
    assert server.target("job").beat("kept").status == 200
    assert server.process

    server.process.kill()
    server.process.wait(WITHIN)

    until(lambda: not server.listens(), 5, "the port being free")
    until(lambda: not server.unpacked, 5, "the folder being removed")
    assert "stopped" in server.log, "it came to its own end"
    server.start()
    assert server.messages() == {"kept"}


def test_kill_9_of_the_second_is_the_end_of_the_first(start: Start) -> None:
    server = start(configuration("job"))
    assert server.process

    os.kill(server.worker, signal.SIGKILL)

    assert server.process.wait(WITHIN) == -signal.SIGKILL
    assert server.unpacked == []


# ---- folders that cannot be used ---------------------------------------------------------------


def test_where_nothing_may_be_executed_it_names_the_folder_and_another_one_helps(start: Start) -> None:
    server = start(configuration("job"), mount="noexec", run=False)

    code, out, errors = ended(server, "--version")

    assert (code, out) == (255, "")
    assert "failed to map segment" in errors
    assert "'/tmp/_MEI" in errors
    server.inside["TMPDIR"] = server.seen(server.folder)
    assert ended(server, "--version")[:2] == (0, f"kener-py {__version__}\n")
    server.start()
    assert server.target("job").beat().status == 200
    assert server.stop(WITHIN) == 0
    assert not list(server.folder.glob("_MEI*"))


def test_where_nothing_may_be_written_it_goes_elsewhere(start: Start) -> None:
    server = start(configuration("job"), mount="ro")

    assert server.target("job").beat().status == 200
    assert list(server.root.glob("var/tmp/_MEI*"))
    assert server.stop(WITHIN) == 0
    assert not list(server.root.glob("var/tmp/_MEI*"))


def test_without_room_for_itself_it_says_so(start: Start) -> None:
    server = start(configuration("job"), mount="size=8m", run=False)

    code, out, errors = ended(server, "--version")

    assert (code, out) == (255, "")
    assert "Failed to extract" in errors
