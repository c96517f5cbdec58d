"""Does one thing with a database again and again, each time killed one step later, until it comes to its end.

`cut_off.py upgrade|restore FOLDER`: it works on a fresh copy of FOLDER's files, in FOLDER/0001 and so on.
Steps are what Python is about to do with files, and each statement given to SQLite. What was cut off stays
as it is; a copy of it in FOLDER/0001/again has seen the same thing once more, undisturbed.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import sys
import tempfile
from pathlib import Path
from typing import Any

from kener_py import store

left = 0  # steps until the end; 0: there is none
FILES = ("open", "os.link", "os.rename", "os.remove", "os.truncate", "os.chmod", "os.chown")


def step(*_: Any) -> None:
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)


def watch(event: str, arguments: tuple[Any, ...]) -> None:
    if left > 0 and event in FILES:
        step()


def watched(*where: Any, connect: Any = sqlite3.connect, **how: Any) -> sqlite3.Connection:
    connection: sqlite3.Connection = connect(*where, **how)
    connection.set_trace_callback(step)
    return connection


def upgrade(folder: Path) -> None:
    store.Store(folder / "kener.db").close()


def restore(folder: Path) -> None:
    store.restore(folder / "kener.db", folder / "copy.db", 0)


DONE = {"upgrade": upgrade, "restore": restore}


def code_of(what: str, folder: Path, steps: int) -> int:
    """How a process ends that is killed after so many steps."""
    global left
    child = os.fork()
    if not child:
        try:
            left = steps
            DONE[what](folder)
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main(what: str, folder: Path) -> None:
    files = [each for each in folder.iterdir() if each.is_file()]
    with tempfile.TemporaryDirectory() as first:
        for each in files:
            shutil.copy(each, first)
        DONE[what](Path(first))  # what is loaded late is loaded
    code, number = -signal.SIGKILL, 0
    while code == -signal.SIGKILL:
        number += 1
        place = folder / f"{number:04}"
        place.mkdir()
        for each in files:
            shutil.copy(each, place)
        code = code_of(what, place, number)
        cut_off = [each for each in place.iterdir() if each.is_file()]
        (place / "again").mkdir()
        for each in cut_off:
            shutil.copy(each, place / "again")
        if code_of(what, place / "again", 0):
            sys.exit(f"{place}: not done after it was cut off")
    sys.exit(code)


if __name__ == "__main__":
    sys.addaudithook(watch)
    sqlite3.connect = watched  # type: ignore[assignment]
    main(sys.argv[1], Path(sys.argv[2]))
