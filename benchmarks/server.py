"""Processes that serve: started as their users start them, asked, weighed, and ended whatever happens."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_PATIENCE = 900.0  # seconds to the first answer; a hundred thousand monitors take their time


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes


class Server:
    """One process that answers HTTP on a free port of this machine."""

    def __init__(self, name: str, folder: Path, command: list[str]) -> None:
        """`command` gets the port as its last word."""
        self.name = name
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._command = [*command, str(self.port)]
        self._process: subprocess.Popen[bytes] | None = None
        self.started_in = 0.0  # seconds

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def database(self) -> Path:
        return self.folder / "kener.db"

    @property
    def log(self) -> str:
        return (self.folder / f"{self.name}.log").read_text(errors="replace")

    def start(self, path: str = "/livez") -> float:
        """Seconds from the start of the process to its first 200 at `path`; `started_in` keeps them."""
        before = time.perf_counter()
        with (self.folder / f"{self.name}.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self.folder,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        while time.perf_counter() - before < _PATIENCE:
            if self._process.poll() is not None:
                raise RuntimeError(f"{self.name} ended with {self._process.returncode}: {self.log[-2000:]}")
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.ask(path).status == 200:
                    self.started_in = time.perf_counter() - before
                    return self.started_in
            time.sleep(0.002)
        raise RuntimeError(f"{self.name} did not answer within {_PATIENCE:.0f} seconds")

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    @contextlib.contextmanager
    def running(self) -> Iterator[Server]:
        try:
            self.start()
            yield self
        finally:
            self.stop()

    def ask(
        self, path: str, method: str = "GET", headers: Mapping[str, str] | None = None, body: str = ""
    ) -> Answer:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body.encode() or None, dict(headers or {}))
            answer = connection.getresponse()
            fields = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, fields, answer.read())
        finally:
            connection.close()

    def memory(self) -> float:
        """Megabytes of memory that all its processes hold (RSS)."""
        assert self._process is not None
        return sum(resident(pid) for pid in _family(self._process.pid))


def _family(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from _family(int(child))


def resident(pid: int) -> float:
    """Megabytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def kener(folder: Path) -> Server:
    """The product on `folder`/config.yaml, by the command that users call."""
    command = [sys.executable, "-m", "kener_py", "serve", "--config", "config.yaml", "--port"]
    return Server("kener-py", folder, command)


def baselines(folder: Path) -> tuple[Server, Server]:
    """A bare WSGI callable and a no-op Flask route, each in a process of its own."""
    bare, flask = (
        Server(name, folder, [sys.executable, "-m", "benchmarks.baseline", kind])
        for name, kind in (("bare", "bare"), ("flask", "flask"))
    )
    return bare, flask
