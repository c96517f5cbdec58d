"""A `kener-py demo` process: every state of the page, with a year behind it."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from .server import Server


class Demo(Server):
    """All states below their names, or only one at the root."""

    def __init__(self, folder: Path, state: str | None = None) -> None:
        super().__init__(folder, None)
        self.state = state
        # The large one, or the last of the others, whose loops tick after it.
        self.ready = "/readyz" if state else "/hostile/readyz"

    def command(self) -> list[str]:
        words = [sys.executable, "-m", "kener_py", "demo", "--host", "127.0.0.1", "--port", str(self.port)]
        words += ["--folder", str(self.folder / "files")]
        return [*words, "--state", self.state] if self.state else words

    def listed(self, what: str, state: str) -> list[dict[str, Any]]:
        """The public JSON list of a state's monitors, incidents or maintenances."""
        answer = self.get(f"/{state}/api/v1/{what}")
        assert answer.status == 200, answer
        found: list[dict[str, Any]] = answer.json()
        return found


def today() -> str:
    """Where the demo is."""
    return datetime.now(ZoneInfo("Europe/Berlin")).date().isoformat()


def yesterday() -> str:
    return (datetime.now(UTC) - timedelta(days=1)).date().isoformat()


def last_month() -> str:
    first = datetime.now(UTC).replace(day=1)
    return (first - timedelta(days=1)).strftime("%Y-%m")
