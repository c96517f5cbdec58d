"""One export in a process of its own: `kener-py export` is one, and the server starts one when it is time.

To render takes the interpreter for as long as it lasts: in the server's own, heartbeats would wait for it.
"""

from __future__ import annotations

import logging
import os
import pickle
import subprocess
import sys
from pathlib import Path

from kener_py import config as configuration
from kener_py import store
from kener_py.cli import beside, logs
from kener_py.model import Config, Export
from kener_py.service.onlooker import Onlooker
from kener_py.web.export import Refused, Written, export

__all__ = ["Child", "Refused", "fields", "written"]

GIVEN = "export-given"  # the hidden command that the process runs
# The single binary is its own interpreter.
_OURSELVES = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "kener_py"]
_NICE = 10
_FAILED = 1


def written(config: Config, folder: Path, is_forced: bool = False, fresh: int | None = None) -> Written:
    """Write the page of this configuration's database. Raises Refused, StoreError, OSError."""
    db = store.Onlooker(config.server.database)
    try:
        service = Onlooker(db, config, beside.now)
        version = configuration.signature(config.files).hex()
        return export(service, folder, is_forced, fresh, version)
    finally:
        db.close()


def fields(done: Written) -> dict[str, object]:
    """For a program to read."""
    return {
        "written": done.written,
        "unchanged": done.unchanged,
        "removed": done.removed,
        "failed": list(done.failed),
        "at": done.at,
    }


class Child:
    """The process that a server starts for each export; `write` waits for its end, `end` makes it end."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def write(self, config: Config) -> str | None:
        """Write the page as it is now; what went wrong, None if nothing did."""
        assert config.export is not None, "nobody asked for an export"
        # The configuration in force, which need not be the one on disk, and whose secrets no file shall see.
        given = pickle.dumps(config)
        words = [*_OURSELVES, GIVEN]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            self._process = process
            told, _ = process.communicate(given)
        self._process = None
        if process.returncode == 0:
            return None
        said = told.decode(errors="replace").strip()
        return said or f"the exporting process ended with code {process.returncode}"

    def end(self) -> None:
        process = self._process
        if process is not None:
            process.terminate()


def main() -> None:
    """The other side: a configuration on stdin, what went wrong on stdout. Its log joins the server's."""
    os.nice(_NICE)
    given: Config = pickle.loads(sys.stdin.buffer.read())
    wanted: Export | None = given.export
    assert wanted is not None
    logs.set_up(given.server.log_format, given.server.log_level)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    try:
        done = written(given, wanted.folder, fresh=wanted.every)
    except (Refused, store.StoreError) as error:
        sys.exit(_say(str(error)))
    except OSError as error:
        sys.exit(_say(f"{error.filename or wanted.folder}: {error.strerror or error}"))
    except Exception as error:
        if not store.is_disk_trouble(error):
            raise
        sys.exit(_say(f"{given.server.database}: cannot be read: {error}"))
    if done.failed:
        sys.exit(_say(f"{len(done.failed)} addresses could not be rendered, such as {done.failed[0]}"))


def _say(text: str) -> int:
    print(text)
    return _FAILED
