"""A real server that speaks HTTPS: who may connect, and what happens when the certificate is replaced."""

from __future__ import annotations

import contextlib
import http.client
import signal
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pairs import Authority, openssl

from .server import Answer, Server, check, configuration, monitor, run, secret_of, until

pytestmark = pytest.mark.real

BEAT = f"/heartbeat/one:{secret_of('one')}"
SOON = 5.0  # seconds


def believing(*authorities: Authority) -> ssl.SSLContext:
    """What a client has that believes these and nobody else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata="".join(each.pem for each in authorities))
    return context


class Safe(Server):
    """A server of HTTPS, and callers who check its certificate."""

    def __init__(self, folder: Path, yaml_text: str, authority: Authority) -> None:
        super().__init__(folder, yaml_text)
        self.authority = authority
        authority.write_pair(folder)

    def request(
        self,
        method: str,
        path: str,
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 60,
    ) -> Answer:
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.port, timeout=timeout, context=believing(self.authority)
        )
        try:
            content = body.encode() if isinstance(body, str) else body
            connection.request(method, path, body=content, headers=dict(headers or {}))
            response = connection.getresponse()
            data = response.read()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, data)
        finally:
            connection.close()

    def is_believed(self, authority: Authority) -> bool:
        """Three times, for while one worker follows another both show what they have."""
        self.authority = authority
        try:
            return all(self.get("/livez").status == 200 for _ in range(3))
        except ssl.SSLCertVerificationError:
            return False


@contextlib.contextmanager
def secured(server: Server, context: ssl.SSLContext) -> Iterator[ssl.SSLSocket]:
    with (
        socket.create_connection(("127.0.0.1", server.port), 30) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as safe,
    ):
        yield safe


Start = Callable[..., Safe]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    made: list[Safe] = []

    def starting(**server: object) -> Safe:
        settings = {"tls_cert": "cert.pem", "tls_key": "key.pem", **server}
        text = configuration(monitor("one"), server=settings)
        made.append(Safe(tmp_path / f"server{len(made)}", text, Authority()))
        started = made[-1].start()
        assert isinstance(started, Safe)
        return started

    try:
        yield starting
    finally:
        for each in made:
            each.close()


def test_heartbeats_and_pages_come_by_https(start: Start) -> None:
    server = start()
    assert server.post(BEAT, "by https").status == 200
    assert "by https" in server.messages()
    page = server.get("/", headers={"Accept": "text/html"})
    assert page.status == 200
    assert "strict-transport-security" not in page.headers, "the file names no address of HTTPS"
    assert f"https://127.0.0.1:{server.port}" in server.log
    code, told, _ = run(
        [*server.command()[:3], "healthcheck", "--config", str(server.config)],
        server.folder,
        {"KENER_PORT": str(server.port), "KENER_DATABASE": str(server.database)},
    )
    assert (code, told) == (0, "ok\n")
    assert server.stop() == 0


def test_nothing_older_than_tls_1_2_is_spoken(start: Start) -> None:
    server = start()

    def version(highest: ssl.TLSVersion) -> str | None:
        context = believing(server.authority)
        context.set_ciphers("DEFAULT:@SECLEVEL=0")  # else it is this side that refuses
        context.minimum_version, context.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED, highest
        with secured(server, context) as safe:
            return safe.version()

    assert version(ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
    assert version(ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
    for old in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        with pytest.warns(DeprecationWarning, match="TLSv1"), pytest.raises((ssl.SSLError, ConnectionError)):
            version(old)


def test_what_is_no_tls_is_only_closed(start: Start) -> None:
    server = start()
    for sent in (
        b"GET / HTTP/1.1\r\nHost: here\r\n\r\n",
        b"\x16\x03\x01\xff\xff" + b"x" * 1_000,
        b"\0" * 9_999,
    ):
        answer = server.raw(sent, timeout=20)
        assert not answer.startswith(b"HTTP")
        assert len(answer) < 100  # an alert of TLS at most
    assert server.post(BEAT).status == 200
    assert "Traceback" not in server.log


def test_500_callers_who_never_shake_hands_keep_nobody_out_and_are_let_go(start: Start) -> None:
    server = start()
    with contextlib.ExitStack() as open_ones:
        silent = [open_ones.enter_context(server.connection(timeout=30)) for _ in range(500)]
        began = time.monotonic()
        assert server.post(BEAT).status == 200
        assert time.monotonic() - began < SOON
        assert silent[0].recv(1) == b""
        assert time.monotonic() - began < 20


def test_another_pair_is_shown_to_new_connections_and_no_request_is_lost(start: Start) -> None:
    server = start()
    first, second = server.authority, Authority()
    goes_on = threading.Event()
    both = believing(first, second)

    def beats(name: str, is_new_each: bool) -> int:
        """Heartbeats until told to stop, on one connection as long as it is kept, or each on its own."""
        count = 0
        connection = http.client.HTTPSConnection("127.0.0.1", server.port, timeout=30, context=both)
        while not goes_on.is_set():
            try:
                connection.request("POST", BEAT, f"{name} {count}")
                answer = connection.getresponse()
            except (http.client.RemoteDisconnected, ConnectionError, ssl.SSLEOFError):
                # One that was idle may be closed at any time; the client then asks again.
                assert not is_new_each
                connection.close()
                continue
            assert answer.status == 200
            answer.read()
            count += 1
            if is_new_each:
                connection.close()
        connection.close()
        return count

    def slow_body() -> bytes:
        with secured(server, both) as safe:
            head = f"POST {BEAT} HTTP/1.1\r\nHost: here\r\nConnection: close\r\nContent-Length: 8\r\n\r\n"
            safe.sendall(head.encode() + b"half")
            begun.set()
            shown.wait(60)
            safe.sendall(b" and")
            return safe.recv(65_536)

    begun, shown = threading.Event(), threading.Event()
    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(beats, "new", True), pool.submit(beats, "kept", False)]
        halfway = pool.submit(slow_body)
        try:
            assert begun.wait(30)
            for authority in (second, first, second):
                authority.write_pair(server.folder)
                until(lambda known=authority: server.is_believed(known), 30, "the other certificate")
                assert not server.is_believed(second if authority is first else first)
                server.authority = authority
            shown.set()
            assert Answer.parse(halfway.result(60)).status == 200
        finally:
            goes_on.set()
            shown.set()
        counts = [each.result(60) for each in running]
    assert min(counts) > 10
    assert "half and" in server.messages()
    rows = server.sql("select beats from state where monitor = 'one'")
    assert rows[0]["beats"] >= sum(counts) + 1
    assert "Traceback" not in server.log
    assert server.stop() == 0


def test_a_broken_pair_changes_nothing_and_is_told(start: Start) -> None:
    server = start()
    before = server.authority
    (server.folder / "key.pem").write_text("no key any more\n")
    until(lambda: "key.pem holds no private key" in server.log, 30, "a line in the log")
    assert "config.yaml:1:" in server.log
    assert server.is_believed(before)
    answer = server.get("/health")
    assert b"tls_key" not in answer.body, "what is wrong is for the operator"
    assert "kener_config_last_reload_successful 0.0" in server.get("/metrics").text

    after = Authority()
    after.write_pair(server.folder)
    until(lambda: server.is_believed(after), 30, "the good pair")
    assert "kener_config_last_reload_successful 1.0" in server.get("/metrics").text


def test_sighup_without_another_pair_changes_no_connection(start: Start) -> None:
    server = start()
    with secured(server, believing(server.authority)) as safe:
        server.signal(signal.SIGHUP)
        until(lambda: "configuration reloaded" in server.log, 30, "the reload")
        safe.sendall(b"GET /livez HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
        assert safe.recv(65_536).startswith(b"HTTP/1.1 200")
    assert "another certificate" not in server.log


def test_without_a_pair_that_fits_no_server_starts_and_check_says_why(start: Start, tmp_path: Path) -> None:
    text = configuration(monitor("one"), server={"tls_cert": "cert.pem", "tls_key": "key.pem"})
    server = Safe(tmp_path / "broken", text, Authority())
    (server.folder / "cert.pem").unlink()
    code, told = server.refused()
    assert code == 78
    assert "config.yaml:1:" in told
    assert "server.tls_cert: the file cert.pem cannot be read" in told.replace(f"{server.folder}/", "")
    assert check(server.config)[0] == 78


def test_a_key_that_only_openssl_reads_is_refused_and_ends_nothing(start: Start) -> None:
    server = start()
    before = server.authority
    openssl(
        *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:brainpoolP256r1", "-nodes"),
        *("-subj", "/CN=odd", "-keyout", server.folder / "key.pem", "-out", server.folder / "cert.pem"),
    )
    until(lambda: "the server cannot use this key; it takes RSA" in server.log, 60, "a line in the log")
    assert server.is_believed(before)
    assert server.stop() == 0
    code, told = server.refused()
    assert code == 1
    assert "the server cannot use this key; it takes RSA" in told
