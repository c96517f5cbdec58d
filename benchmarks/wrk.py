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
    """Drive the server for so long. Raises Failed if an answer was 4xx or 5xx, or none came."""
    with NamedTemporaryFile(suffix=".requests") as file:
        file.write(b"".join(request + b"\0" for request in load.requests()))
        file.flush()
        words = ["wrk", "--threads", "1", "--connections", str(load.connections), "--latency"]
        words += ["--duration", f"{max(round(seconds), 1)}s", "--timeout", f"{_PATIENCE}s"]
        words += ["--script", str(_SCRIPT), server.url, "--", file.name]
        ended = subprocess.run(words, capture_output=True, text=True, check=False)
    lines = [line for line in ended.stdout.splitlines() if line.startswith("{")]
    if ended.returncode or not lines:
        raise Failed(f"wrk ended with {ended.returncode}: {ended.stdout[-500:]}{ended.stderr[-500:]}")
    found = json.loads(lines[-1])
    if found["broken"] or found["refused"] or not found["answers"]:
        raise Failed(f"{server.name}, {load.method} {load.paths[0]}: {lines[-1]}")
    return Outcome(
        found["answers"],
        found["answers"] * 1_000_000 / found["microseconds"],
        found["bytes"] / found["answers"],
    )
