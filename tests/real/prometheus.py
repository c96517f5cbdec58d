"""A Prometheus of Debian that scrapes what a test serves, and is asked over its HTTP API."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import yaml

from .programs import program
from .server import free_port, until


class Prometheus:
    """One configuration, one folder for its data, one port."""

    def __init__(self, folder: Path, port: int) -> None:
        self.log = folder / "prometheus.log"
        self.url = f"http://127.0.0.1:{port}"

    def ask(self, what: str, **words: str) -> Any:
        """The data of an answer of its API; a failed query is a failed test."""
        try:
            with urlopen(f"{self.url}/api/v1/{what}?{urlencode(words)}", timeout=30) as answer:
                return json.load(answer)["data"]
        except HTTPError as error:
            raise AssertionError(f"{words}: {error.read().decode()}") from None

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The samples of an expression now: `metric` has the labels, `value` the time and the number."""
        found: list[dict[str, Any]] = self.ask("query", query=expression)["result"]
        return found

    def values(self, expression: str, label: str) -> dict[str, float]:
        """The numbers of an expression by one label."""
        return {each["metric"].get(label, ""): float(each["value"][1]) for each in self.query(expression)}

    def targets(self) -> dict[str, dict[str, Any]]:
        """What it scrapes, by job."""
        return {each["labels"]["job"]: each for each in self.ask("targets", state="active")["activeTargets"]}

    def alerts(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("alerts")["alerts"]
        return found

    def is_ready(self) -> bool:
        try:
            with urlopen(f"{self.url}/-/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False


@contextmanager
def prometheus(folder: Path, configuration: dict[str, Any]) -> Iterator[Prometheus]:
    """One that runs until the end of the block; its configuration may name files in `folder`."""
    file = folder / "prometheus.yml"
    file.write_text(yaml.safe_dump(configuration))
    made = Prometheus(folder, free_port())
    words = [
        program("prometheus"),
        f"--config.file={file}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={made.url.removeprefix('http://')}",
        "--log.level=warn",
    ]
    with made.log.open("wb") as log:
        process = subprocess.Popen(words, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        until(lambda: made.is_ready() or process.poll() is not None, 60, "a Prometheus that is ready")
        assert process.poll() is None, made.log.read_text()
        yield made
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)
        print(made.log.read_text()[-4000:])
