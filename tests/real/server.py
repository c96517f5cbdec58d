"""A kener_py process as its users see it: HTTP, signals, the YAML file, the log, the database file.

Nothing here imports the product: these tests must hold for any implementation of the contract.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[2]
EVERY_SECOND = "* * * * * */1"
ALMOST_NEVER = "0 0 29 2 *"
STARTUP = 60.0  # seconds; the contract says one, the machine may be busy
STEP = 0.05

T = TypeVar("T")


def until(look: Callable[[], T | None], within: float = 30, what: str = "the expected state") -> T:
    """The first true thing `look` returns; fails after `within` seconds."""
    deadline = time.monotonic() + within
    while True:
        last_look = time.monotonic() >= deadline
        found = look()
        if found:
            return found
        if last_look:
            raise AssertionError(f"{what} did not come within {within:g} seconds; last seen: {found!r}")
        time.sleep(STEP)


# Outside the range from which the kernel hands out ports to clients; none is given out twice in a test run,
# for some servers listen only a while after they were given theirs.
_PORTS = itertools.cycle(random.sample(range(12_000, 30_000), 18_000))


def free_port() -> int:
    """A port nobody listens on."""
    while True:
        port = next(_PORTS)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port


def secret_of(tag: str) -> str:
    return f"secret-of-{tag}-7f3a91c04e"


def monitor(tag: str, **fields: Any) -> dict[str, Any]:
    """One entry of `monitors:`; ticks each second unless told otherwise."""
    return {"tag": tag, "name": f"Job {tag}", "secretString": secret_of(tag), "cron": EVERY_SECOND} | fields


def configuration(*monitors: str | dict[str, Any], **sections: Any) -> str:
    """A whole YAML file, one entry per line."""
    entries = [monitor(entry) if isinstance(entry, str) else entry for entry in monitors]
    lines = [f"{name}: {json.dumps(value)}" for name, value in sections.items()]
    lines += ["monitors:", *(f"  - {json.dumps(entry)}" for entry in entries)]
    return "\n".join(lines) + "\n"


def milliseconds(text: str) -> int:
    """An RFC 3339 time as Unix milliseconds; the offset must be there."""
    moment = datetime.fromisoformat(text)
    assert moment.tzinfo is not None, f"{text} has no offset"
    return round(moment.timestamp() * 1000)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        return json.loads(self.body)

    @classmethod
    def parse(cls, data: bytes) -> Answer:
        """From the raw bytes of a connection; interim answers (100 Continue) are skipped."""
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        assert first.startswith("HTTP/1."), f"no HTTP answer: {data[:200]!r}"
        status = int(first.split()[1])
        if status == 100:
            return cls.parse(body)
        fields = (line.partition(":") for line in lines)
        return cls(status, {name.strip().lower(): value.strip() for name, _, value in fields}, body)


class Server:
    """One configuration, one database, one port; started and ended as often as a test likes."""

    ready = "/readyz"  # what answers 200 when it may be used

    def __init__(
        self,
        folder: Path,
        yaml_text: str | None,
        *,
        config: Path | None = None,
        database: Path | None = None,
        flags: bool = True,
        env: Mapping[str, str] | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.config = config or folder / "config.yaml"
        self.database = database or folder / "kener.db"
        self.port = free_port()
        self.flags = flags
        self.env = dict(env or {})
        self.process: subprocess.Popen[bytes] | None = None
        self._groups: list[int] = []
        if yaml_text is not None:
            self.config.write_text(yaml_text)

    # --- the process

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """All that was ever written to stdout and stderr."""
        files = [self.folder / "stdout.log", self.folder / "stderr.log"]
        return "".join(file.read_text(errors="replace") for file in files if file.exists())

    def command(self) -> list[str]:
        words = [sys.executable, "-m", "kener_py", "serve", "--config", str(self.config)]
        if self.flags:
            words += ["--host", "127.0.0.1", "--port", str(self.port), "--database", str(self.database)]
        return words

    def launch(self) -> subprocess.Popen[bytes]:
        """Start the process without waiting for it."""
        with (self.folder / "stdout.log").open("ab") as out, (self.folder / "stderr.log").open("ab") as err:
            self.process = subprocess.Popen(
                self.command(),
                cwd=self.folder,
                env=environment(self.env),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        self._groups.append(self.process.pid)
        return self.process

    def start(self) -> Server:
        process = self.launch()

        def ready() -> bool:
            if process.poll() is not None:
                raise AssertionError(f"the server ended with {process.returncode}:\n{self.log[-4000:]}")
            try:
                return self.get(self.ready, timeout=5).status == 200
            except (OSError, http.client.HTTPException):
                return False

        until(ready, STARTUP, f"GET {self.ready} 200")
        return self

    def refused(self) -> tuple[int, str]:
        """Exit code and stderr of a start that is expected to fail."""
        return run(self.command(), cwd=self.folder, env=self.env)[0::2]

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self, within: float = 30) -> int:
        """End with SIGTERM; the exit code."""
        self.signal(signal.SIGTERM)
        assert self.process is not None
        return self.process.wait(within)

    def kill(self) -> None:
        """kill -9, and wait until nobody listens any more."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(30)
        until(lambda: not self.listens(), 30, "the port being free after kill -9")

    def restart(self) -> Server:
        if self.process is not None and self.process.poll() is None:
            self.stop()
        return self.start()

    def close(self) -> None:
        """End whatever is left of it, and show the log to whoever reads a failure."""
        for group in self._groups:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
        if self.process is not None:
            self.process.wait(30)
        print(f"--- end of the log of {self.folder.name}:\n{self.log[-4000:]}")

    def listens(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(5)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def is_alive(self) -> bool:
        assert self.process is not None
        return self.process.poll() is None and self.get("/livez").status == 200

    # --- its files

    def edit(self, yaml_text: str) -> None:
        """Write the configuration in place."""
        self.config.write_text(yaml_text)

    def sql(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """Rows from the database file, opened read-only."""
        with contextlib.closing(
            sqlite3.connect(f"file:{quote(str(self.database))}?mode=ro", uri=True, timeout=30)
        ) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(query, values)]

    def messages(self) -> set[str]:
        """The message of every heartbeat on disk."""
        return {row["message"] for row in self.sql("select message from heartbeat")}

    # --- HTTP

    def request(
        self,
        method: str,
        path: str,
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 60,
    ) -> Answer:
        """One request on its own connection; the path is sent as it stands, redirects are not followed."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            content = body.encode() if isinstance(body, str) else body
            connection.request(method, path, body=content, headers=dict(headers or {}))
            response = connection.getresponse()
            data = response.read()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, data)
        finally:
            connection.close()

    def get(self, path: str, headers: Mapping[str, str] | None = None, timeout: float = 60) -> Answer:
        return self.request("GET", path, headers=headers, timeout=timeout)

    def post(
        self, path: str, body: bytes | str | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        return self.request("POST", path, body, headers)

    @contextlib.contextmanager
    def connection(self, timeout: float = 60) -> Iterator[socket.socket]:
        with socket.create_connection(("127.0.0.1", self.port), timeout) as plain:
            yield plain

    def raw(self, data: bytes, *, half_close: bool = False, timeout: float = 60) -> bytes:
        """All that comes back for these bytes until the server closes the connection."""
        with self.connection(timeout) as plain:
            with contextlib.suppress(OSError):  # it may have answered and closed in the middle of this
                plain.sendall(data)
                if half_close:
                    plain.shutdown(socket.SHUT_WR)
            return rest_of(plain)

    def target(self, tag: str, secret: str | None = None) -> Target:
        return Target(self, tag, secret or secret_of(tag))


@dataclass(frozen=True, slots=True)
class Target:
    """One monitor of a server, seen by the job that reports to it."""

    server: Server
    tag: str
    secret: str

    @property
    def path(self) -> str:
        return f"/heartbeat/{self.tag}:{quote(self.secret, safe='')}"

    def beat(
        self, body: bytes | str | None = None, headers: Mapping[str, str] | None = None, query: str = ""
    ) -> Answer:
        return self.server.post(self.path + query, body, headers)

    def rows(self) -> list[dict[str, Any]]:
        """The heartbeats on disk, oldest first."""
        return self.server.sql("select * from heartbeat where monitor = ? order by received", self.tag)

    def shown(self) -> dict[str, Any]:
        """What the public JSON says."""
        answer = self.server.get(f"/api/v1/monitors/{self.tag}")
        assert answer.status == 200, answer
        shown: dict[str, Any] = answer.json()
        return shown

    def becomes(self, status: str, within: float = 30) -> dict[str, Any]:
        """What the public JSON says as soon as it says this status."""
        found: list[dict[str, Any]] = []

        def look() -> bool:
            found[:] = [self.shown()]
            return bool(found[0]["status"] == status)

        until(look, within, f"{self.tag} {status}")
        return found[0]

    def assert_nothing_counted(self) -> None:
        """A good heartbeat now is the only one: nothing before it left a trace, not even belatedly."""
        assert self.beat("the only one").status == 200
        assert [row["message"] for row in self.rows()] == ["the only one"]


def rest_of(plain: socket.socket) -> bytes:
    """What the other side still sends before it closes."""
    data = b""
    with contextlib.suppress(ConnectionError):
        while piece := plain.recv(65_536):
            data += piece
    return data


def environment(more: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KENER_")}
    path = os.pathsep.join(filter(None, [str(ROOT), kept.get("PYTHONPATH")]))
    return kept | {"PYTHONPATH": path} | dict(more)


def run(
    words: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None, within: float = 60
) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command that must end by itself."""
    done = subprocess.run(
        list(words),
        cwd=cwd,
        env=environment(env or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=within,
        check=False,
    )
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


def check(config: Path, env: Mapping[str, str] | None = None) -> tuple[int, str, str]:
    """`kener-py check` on this file."""
    words = [sys.executable, "-m", "kener_py", "check", "--config", str(config)]
    return run(words, cwd=config.parent, env=env)
