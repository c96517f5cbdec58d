"""A program that kills itself between two statements, and starts servers on what is left.

It imports the product once and forks for every case, so that a hundred crashes take seconds. The product is
as it is: points are counted where it calls sqlite3, and in the send that the sender is given.

One JSON object per line on stdin, one per answer on stdout; the orders are the functions in `ORDERS`.
"""

from __future__ import annotations

import gc
import json
import os
import re
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kener_py import cli, notify, store
from kener_py.cli import server
from kener_py.model import SECOND, Heartbeat, Instant, Status
from kener_py.service import Service
from kener_py.service.loop import Loop
from kener_py.service.sender import Sender

AGO = 5 * SECOND  # when the history of a case was made
PATIENCE = 30.0  # seconds until a case that does not come to an end counts as failed
_NAMED = re.compile(r"insert (or \w+ )?into \w+|update \w+ set \w+ = [^ ,]+|delete from \w+")


class Points:
    """Counts passages; the one with the chosen number is the last thing the process does."""

    def __init__(self, last: int, record: Path) -> None:
        self.is_armed = False
        self._left = last
        self._record = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._lock = threading.Lock()

    def note(self, text: str) -> None:
        os.write(self._record, f"{text}\n".encode())

    def passage(self, name: str) -> None:
        with self._lock:
            if not self.is_armed:
                return
            self.note(name)
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
                time.sleep(60)  # no further statement, however late the signal is


def connection_with(points: Points) -> type[sqlite3.Connection]:
    class Watched(sqlite3.Connection):
        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            text = " ".join(sql.split()).lower()
            is_border = text in ("begin immediate", "commit")
            if is_border:
                points.passage(f"before {text}")
            done = super().execute(sql, *values)
            if is_border:
                points.passage(f"after {text}")
            elif found := _NAMED.match(text):
                points.passage(f"after {found[0]}")
            return done

    return Watched


def present() -> Instant:
    return server.clock()


def past() -> Instant:
    return present() - AGO


def beat(service: Service, status: Status) -> None:
    service.record(Heartbeat("job", service.clock(), status, "as told by the job"))


def finished(db: store.Store) -> int:
    count: int = db.read().execute("select count(*) from delivery where status <> 'WAITING'").fetchone()[0]
    return count


def wait_for(db: store.Store, outcomes: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while finished(db) < outcomes:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{finished(db)} of {outcomes} deliveries came to an end")
        time.sleep(0.005)


def tell_nobody(*message: str, **facts: str) -> None:
    pass


def look(service: Service) -> None:
    """What the first tick of a process does, so that it does not come in between."""
    for tick in service.active.ticks:
        service.tick(tick, service.clock())


def calm(service: Service) -> None:
    """The job reported five seconds ago and is UP."""
    beat(service, Status.UP)
    look(service)


def troubled(service: Service) -> None:
    """The job reported trouble five seconds ago, and everybody knows."""
    beat(service, Status.DOWN)
    sender = Sender(service, tell_nobody, tell_nobody)
    sender.start()
    wait_for(service.store, 1)
    sender.stop()


def cut_off(service: Service) -> None:
    """The job reported trouble five seconds ago; a process died while it told the first of it."""
    beat(service, Status.DOWN)
    at = service.clock()
    service.store.write(lambda db: store.claim_deliveries(db, at, at + 120 * SECOND, (), 1))


def nothing(service: Service, changed: Path) -> None:
    pass


def report_down(service: Service, changed: Path) -> None:
    beat(service, Status.DOWN)


def report_up(service: Service, changed: Path) -> None:
    beat(service, Status.UP)


def reload(service: Service, changed: Path) -> None:
    service.reload(server.load(changed, {}))


# What was before, what happens, and how many deliveries have an outcome when it is over.
PATHS: dict[str, tuple[Callable[[Service], None], Callable[[Service, Path], None], int]] = {
    "silence": (calm, nothing, 1),
    "report": (calm, report_down, 1),
    "recovery": (troubled, report_up, 2),
    "removal": (troubled, reload, 2),
    "restart": (cut_off, nothing, 1),
}


def play(order: dict[str, Any]) -> None:
    """Go along one path until the point with the given number, or to its end if there is none."""
    database, changed = Path(order["database"]), Path(order["changed"])
    prepare, happen, outcomes = PATHS[order["path"]]
    config = server.load(Path(order["config"]), {})
    db = store.Store(database)
    before = Service(db, config, past)
    before.mark_alive(past())
    prepare(before)
    db.close()

    points = Points(order["last"], Path(order["record"]))
    connect, watched = sqlite3.connect, connection_with(points)
    sqlite3.connect = lambda *where, **how: connect(*where, factory=watched, **how)  # type: ignore[assignment]

    def send(*message: str, **facts: str) -> None:
        points.passage("before send")
        notify.send(*message, **facts)
        points.passage("after send")

    points.is_armed = order["path"] == "restart"
    db = store.Store(database)
    service = Service(db, config, present)
    loop, sender = Loop(service), Sender(service, send, tell_nobody)
    loop.step(present())  # what a loop writes when it begins comes before the points of all other paths
    if order["path"] in ("report", "recovery", "removal"):
        look(service)
    points.is_armed = True
    sender.start()
    loop.start()
    happen(service, changed)
    points.note("answered")
    wait_for(db, outcomes)
    sender.stop()
    loop.stop()
    points.is_armed = False
    db.close()


def serve(order: dict[str, Any]) -> None:
    """What `kener-py serve` does."""
    cli.main(order["words"])


ORDERS = {"play": play, "serve": serve}


def fork(order: dict[str, Any]) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        nowhere = os.open(os.devnull, os.O_RDONLY)
        for number, handle in enumerate((nowhere, log, log)):
            os.dup2(handle, number)
        ORDERS[order["do"]](order)
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)


def end_of(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main() -> None:
    notify.check("json://localhost/loads-what-is-loaded-late")
    gc.freeze()
    serving = 0
    for line in sys.stdin:
        order = json.loads(line)
        answer: dict[str, Any] = {}
        if order["do"] == "stop":
            os.kill(serving, signal.SIGTERM)
            answer["code"] = end_of(serving)
            serving = 0
        elif order["do"] == "play":
            answer["code"] = end_of(fork(order))
        else:
            serving = fork(order)
        print(json.dumps(answer), flush=True)
    if serving:
        os.kill(serving, signal.SIGKILL)
        end_of(serving)


if __name__ == "__main__":
    main()
