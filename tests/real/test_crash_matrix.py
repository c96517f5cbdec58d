"""kill -9 at every point between a status that changes and the outcome of the last message about it.

For each path the points are found by going along it once; then it is gone along again for each of them, the
process is killed there, and a server is started on what is left. Contract: every message arrives, nothing is
opened twice, and only a message that was cut off between its arrival and its outcome may arrive twice.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import queue
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from receivers import WebReceiver, web_receiver

from .server import ALMOST_NEVER, EVERY_SECOND, ROOT, Server, configuration, environment, monitor, until

pytestmark = pytest.mark.real

AT_ONCE = 10
ONE_TICK = 1.2  # seconds; whatever a server still says after it was quiet, it says by then
SECONDS = {"silence": (1.2, 2.4)}  # until DEGRADED and DOWN; in the other paths silence plays no part
TICKING = ("silence", "recovery")  # nothing in the others needs a tick
RULES = [
    {"name": "down", "status": "DOWN", "severity": "critical"},
    {"name": "late", "status": "DOWN", "severity": "minor"},  # one address: one message for both
]

Rows = list[dict[str, Any]]


class Forge:
    """A `crash_points.py` that waits for orders."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "tests" / "crash_points.py")],
            env=environment({}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def order(self, do: str, **details: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": do} | details) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "crash_points.py has ended"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        with self.process:
            pass


@dataclass(frozen=True)
class Disk:
    """What stands in a database file."""

    alerts: Rows
    incidents: Rows
    updates: Rows
    deliveries: Rows  # with the `rule` and the `kind` of the message
    changes: Rows
    state: dict[str, Any]
    integrity: str

    @classmethod
    def read(cls, path: Path) -> Disk:
        """From a copy, so that nobody but the server repairs what a crash has left."""
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            for each in path.parent.glob(f"{path.name}*"):
                shutil.copy(each, folder)
            with contextlib.closing(sqlite3.connect(Path(folder) / path.name)) as connection:
                connection.row_factory = sqlite3.Row

                def rows(query: str) -> Rows:
                    return [dict(row) for row in connection.execute(query)]

                return cls(
                    alerts=rows("select * from alert order by rule"),
                    incidents=rows("select * from incident"),
                    updates=rows("select * from incident_update order by id"),
                    deliveries=rows(
                        "select delivery.*, notice ->> '$.rule' as rule, notice ->> '$.kind' as kind"
                        " from delivery join delivery_notice on delivery = id order by delivery.number"
                    ),
                    changes=rows("select * from change where monitor = 'job' order by started"),
                    state=rows("select * from state where monitor = 'job'")[0],
                    integrity=rows("pragma integrity_check")[0]["integrity_check"],
                )

    def owed(self) -> list[str]:
        return [row["kind"] for row in self.deliveries]

    def assert_rows_agree(self) -> None:
        """True at every moment, and so after a crash at any of them."""
        assert self.integrity == "ok"
        assert len(self.incidents) <= 1
        statuses = {alert["status"] for alert in self.alerts}
        assert len(statuses) <= 1, "two alerts of one evaluation, and one of them was left behind"
        assert all(alert["incident"] == self.incidents[0]["id"] for alert in self.alerts)
        expected = {"TRIGGERED": ["TRIGGERED"], "RESOLVED": ["TRIGGERED", "RESOLVED"]}
        assert self.owed() == [kind for status in statuses for kind in expected[status]]
        standing = [alert for alert in self.alerts if alert["status"] == "TRIGGERED"]
        opened = [incident for incident in self.incidents if incident["resolved"] is None]
        assert len(standing) == 2 * len(opened), "alerts and incident disagree"
        said = [update["state"] for update in self.updates]
        assert said == ["INVESTIGATING", "RESOLVED"][: len(said)]
        assert len(said) == len(self.incidents) + sum(row["resolved"] is not None for row in self.incidents)
        if self.state["status"] == "DOWN" and self.state["tick"] is not None:
            assert len(standing) == 2, "DOWN, and nobody was told"
        for delivery in self.deliveries:
            is_over = delivery["status"] == "SENT"
            assert is_over or delivery["status"] == "WAITING", delivery
            assert is_over == (delivery["finished"] is not None)


@dataclass(frozen=True)
class Outcome:
    point: str  # what was done last
    is_killed: bool
    duplicates: int
    lost: int


class Case:
    """One walk along one path, with a folder and a place at the receiver of its own."""

    def __init__(self, folder: Path, path: str, last: int, web: WebReceiver, again: int = 0) -> None:
        self.path, self.last, self.web = path, last, web
        self.name = f"{path}-{last}-{again}"
        degraded, down = SECONDS.get(path, (3_600, 7_200))
        cron = EVERY_SECOND if path in TICKING else ALMOST_NEVER
        limits = {"degradedRemainingMinutes": degraded / 60, "downRemainingMinutes": down / 60}
        job, other = monitor("job", cron=cron, **limits), monitor("other", cron=cron)
        sections = {"notifiers": {"ops": f"json://{web.address}/{self.name}"}, "alerts": RULES}
        self.server = Server(folder / self.name, configuration(job, other, **sections))
        self.changed = self.server.folder / "changed.yaml"
        self.changed.write_text(configuration(other, **sections))
        self.record = self.server.folder / "points"

    def arrived(self) -> Counter[str]:
        """How often each message came, by its id."""
        return Counter(
            request.headers["x-kener-delivery"]
            for request in list(self.web.requests)
            if request.path == f"/{self.name}"
        )

    def walk(self, forge: Forge) -> list[str]:
        """The points passed, the last one being the one where the process was killed."""
        answer = forge.order(
            "play",
            path=self.path,
            last=self.last,
            config=str(self.server.config),
            changed=str(self.changed),
            database=str(self.server.database),
            record=str(self.record),
            log=str(self.server.folder / "stderr.log"),
        )
        self.is_killed = answer["code"] == -signal.SIGKILL
        assert self.is_killed or answer["code"] == 0, self.server.log
        self.is_answered = "answered" in self.noted()
        return self.points()

    def noted(self) -> list[str]:
        return self.record.read_text().splitlines()

    def points(self) -> list[str]:
        return [each for each in self.noted() if each != "answered"]

    def report_again(self) -> bool:
        """As a job does that got no answer; true when it got one."""
        try:
            query = "?status=down" if self.path == "report" else ""
            return self.server.target("job").beat(query=query).status == 200
        except (OSError, http.client.HTTPException):
            return False

    def is_quiet(self) -> bool:
        expected = 1 if self.path in ("silence", "report", "restart") else 2
        rows = self.server.sql("select status from delivery")
        return len(rows) >= expected and all(row["status"] != "WAITING" for row in rows)

    def run(self, forge: Forge) -> Outcome:
        points = self.walk(forge)
        left = Disk.read(self.server.database)
        seen = self.arrived()
        left.assert_rows_agree()
        assert set(seen.values()) <= {1}

        if self.path == "removal":
            self.server.config = self.changed
        log = str(self.server.folder / "stderr.log")
        forge.order("serve", words=self.server.command()[3:], log=log)
        try:
            if self.path in ("report", "recovery") and not self.is_answered:
                until(self.report_again, 30, "an answer to the heartbeat")
            until(self.is_quiet, 30, "an outcome of every message")
            time.sleep(ONE_TICK)
        finally:
            code = forge.order("stop")["code"]
        assert code == 0
        end = Disk.read(self.server.database)
        self.assert_over(end)
        return Outcome(points[-1], self.is_killed, *self.told(left, seen, end))

    def assert_over(self, end: Disk) -> None:
        end.assert_rows_agree()
        is_well = self.path in ("recovery", "removal")
        assert [alert["rule"] for alert in end.alerts] == ["down", "late"]
        assert {alert["status"] for alert in end.alerts} == {"RESOLVED" if is_well else "TRIGGERED"}
        (incident,) = end.incidents
        assert (incident["resolved"] is not None) == is_well
        assert incident["severity"] == "critical"
        wanted = {
            "silence": ["UP", "DEGRADED", "DOWN"],
            "report": ["UP", "DOWN"],
            "recovery": ["DOWN", "UP"],
            "removal": ["DOWN", "NO_DATA"],
            "restart": ["DOWN"],
        }
        assert [change["status"] for change in end.changes] == wanted[self.path]
        assert all(change["detected"] is not None for change in end.changes)

    def told(self, left: Disk, seen: Counter[str], end: Disk) -> tuple[int, int]:
        """How many messages came twice because they had to, and how many never came."""
        arrived = self.arrived()
        was = {row["id"]: row["status"] for row in left.deliveries}
        cut_off = {number for number in seen if was[number] == "WAITING"}
        news = ["RESOLVED"] if self.path in ("recovery", "removal") else ["TRIGGERED"]
        owed = {row["id"] for row in end.deliveries if row["kind"] in news}
        assert was.keys() <= {row["id"] for row in end.deliveries}, "a message that was owed is forgotten"
        assert len(owed) == 1
        assert len(cut_off) <= 1
        twice = {number for number, count in arrived.items() if count > 1}
        assert twice == cut_off, "sent again without need, or not sent again"
        assert set(arrived.values()) <= {1, 2}
        assert arrived.keys() <= owed, "a message of another process is sent again"
        return len(twice), len(owed - arrived.keys())


def part_of(transaction: list[str]) -> str:
    """What a transaction does, by its statements."""
    found = []
    if "after insert into delivery" in transaction:
        found.append("evaluation")
    if "after update delivery set lease_until = ?" in transaction:
        found.append("claim")
    if "after update delivery set status = ?" in transaction:
        found.append("outcome")
    if "after insert or replace into heartbeat" in transaction and not found:
        found.append("heartbeat")
    return " + ".join(found) or "start"


def parts(points: list[str]) -> list[str]:
    """For each point what the process was about."""
    found: list[str] = []
    inside: list[str] = []
    for point in points:
        if point.endswith("send"):
            found.append("send")
            continue
        inside.append(point)
        if point == "after commit":
            found += [part_of(inside)] * len(inside)
            inside = []
    assert not inside
    return found


@pytest.fixture
def web() -> Iterator[WebReceiver]:
    with web_receiver() as receiver:
        yield receiver


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: the kernel outlives these crashes, and disks are slow."""
    shared = Path("/dev/shm")
    if not shared.is_dir():
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=shared) as name:
        yield Path(name)


@pytest.fixture(scope="module")
def forges() -> Iterator[queue.Queue[Forge]]:
    made = [Forge() for _ in range(AT_ONCE)]
    free: queue.Queue[Forge] = queue.Queue()
    for each in made:
        free.put(each)
    try:
        yield free
    finally:
        for each in made:
            each.close()


def show(path: str, parts_of_points: list[str], outcomes: list[Outcome], seconds: float) -> None:
    """The table, in the output of the test."""

    def line(name: str, mine: list[Outcome]) -> str:
        kills, twice = sum(each.is_killed for each in mine), sum(each.duplicates for each in mine)
        return f"{name:12}{len(mine):8}{kills:8}{twice:12}{sum(each.lost for each in mine):6}"

    print(f"{path:12}{'points':>8}{'kills':>8}{'duplicates':>12}{'lost':>6}")
    for part in dict.fromkeys(parts_of_points):
        pairs = zip(parts_of_points, outcomes, strict=True)
        print(line(f"  {part}", [outcome for name, outcome in pairs if name == part]))
    print(f"{line('  all', outcomes)}   in {seconds:.1f} s")


@pytest.mark.parametrize("path", ["silence", "report", "recovery", "removal", "restart"])
def test_whatever_the_point_of_the_crash_everything_is_told_and_nothing_is_doubled(
    path: str, web: WebReceiver, memory: Path, forges: queue.Queue[Forge]
) -> None:
    began = time.monotonic()

    def run(last: int, again: int = 0) -> Outcome:
        case = Case(memory, path, last, web, again)
        forge = forges.get()
        try:
            outcome = case.run(forge)
        except AssertionError as error:
            raise AssertionError(f"{case.name}: {error}\n{case.points()}\n{case.server.log}") from error
        finally:
            forges.put(forge)
        is_as_planned = last > len(points) or outcome.point == points[last - 1]
        # Another thread came in between: this crash counts for nothing, the planned one is still to do.
        return outcome if is_as_planned or again == 3 else run(last, again + 1)

    forge = forges.get()
    points = Case(memory, path, 0, web).walk(forge)
    forges.put(forge)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        *outcomes, survivor = pool.map(run, range(1, len(points) + 2))

    show(path, parts(points), outcomes, time.monotonic() - began)
    assert all(outcome.is_killed for outcome in outcomes), "a point was not reached"
    assert not survivor.is_killed, "there are points after the last"
    assert [outcome.point for outcome in outcomes] == points, "the points are not the same each time"
    decides = "start" if path == "restart" else "evaluation"
    assert {decides, "claim", "send", "outcome"} <= set(parts(points))
    unavoidable = {
        number
        for number, (part, point) in enumerate(zip(parts(points), points, strict=True))
        if point == "after send" or (part == "outcome" and point != "after commit")
    }
    assert not sum(outcome.lost for outcome in outcomes)
    doubled = {number for number, outcome in enumerate(outcomes) if outcome.duplicates}
    assert doubled == unavoidable
