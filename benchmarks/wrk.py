"""Requests as wrk sends them: each connection its next one as soon as the last one is answered."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile

from benchmarks.server import Server

_SCRIPT = Path(__file__).with_name("requests.lua")
_PATIENCE = 20  # seconds that an answer may take before it counts as broken


class Failed(Exception):
    """What was measured is not what was meant; the message says which answers were wrong."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked for, in turn."""

    paths: Sequence[str]
    connections: int = 32
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""

    def requests(self) -> list[bytes]:
        """Each as it goes over the wire."""
        content = self.body.encode()
        headers = {"Host": "status.example.org", **self.headers}
        if content:
            headers["Content-Length"] = str(len(content))
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
        return [f"{self.method} {path} HTTP/1.1\r\n{lines}".encode() + content for path in self.paths]


@dataclass(frozen=True, slots=True)
class Outcome:
    answers: int
    per_second: float
    bytes_each: float  # of an answer with its head


def run(server: Server, load: Load, seconds: float) -> Outcome:
    """Drive the server for so long, or longer if nothing was answered by then.

    Raises Failed if an answer was 4xx or 5xx, or none came.
    """
    found = _wrk(server, load, seconds)
    if not found["answers"]:
        found = _wrk(server, load, _PATIENCE)
    if found["broken"] or found["refused"] or not found["answers"]:
        raise Failed(f"{server.name}, {load.method} {load.paths[0]}: {found}")
    return Outcome(
        found["answers"],
        found["answers"] * 1_000_000 / found["microseconds"],
        found["bytes"] / found["answers"],
    )


def _wrk(server: Server, load: Load, seconds: float) -> dict[str, int]:
    """What `requests.lua` prints."""
    with NamedTemporaryFile(suffix=".requests") as file:
        file.write(b"".join(request + b"\0" for request in load.requests()))
        file.flush()
        words = ["wrk", "--threads", "1", "--connections", str(load.connections)]
        words += ["--duration", f"{max(round(seconds), 1)}s", "--timeout", f"{_PATIENCE}s"]
        words += ["--script", str(_SCRIPT), server.url, "--", file.name]
        ended = subprocess.run(words, capture_output=True, text=True, check=False)
    lines = [line for line in ended.stdout.splitlines() if line.startswith("{")]
    if ended.returncode or not lines:
        raise Failed(f"wrk ended with {ended.returncode}: {ended.stdout[-500:]}{ended.stderr[-500:]}")
    found: dict[str, int] = json.loads(lines[-1])
    return found
