"""Channels that fail in every way and all at once. Contract: nothing is lost, nobody is delayed."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import socket
import sqlite3
import struct
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from receivers import Answer, Request, WebReceiver, web_receiver

from .conftest import Serve
from .programs import needs
from .server import Server, configuration, monitor, until
from .test_crash import fill, mount

pytestmark = pytest.mark.real

DAY = 24 * 3600 * 1000
TOKEN = "token-in-the-url-5c1f"
PATIENT = {"degradedRemainingMinutes": 60, "downRemainingMinutes": 120}


class Arrivals(list[Request]):
    """Requests, and the Unix milliseconds at which each came."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []

    def append(self, request: Request) -> None:
        self.times.append(time.time() * 1000)
        super().append(request)

    def at(self, path: str) -> list[tuple[float, Request]]:
        pairs = list(zip(self.times, self, strict=False))
        return [(moment, request) for moment, request in pairs if request.path.startswith(path)]


@contextlib.contextmanager
def arrivals() -> Iterator[tuple[WebReceiver, Arrivals]]:
    with web_receiver() as web:
        web.requests = seen = Arrivals()
        yield web, seen


@pytest.fixture
def web() -> Iterator[WebReceiver]:
    with arrivals() as (receiver, _):
        yield receiver


def address(web: WebReceiver, path: str) -> str:
    return f"json://{web.address}/{path}/{TOKEN}"


def silent_for(seconds: float) -> dict[str, float]:
    """Limits of a monitor that is DOWN after so many seconds."""
    return {
        "degradedRemainingMinutes": round(seconds / 120, 6),
        "downRemainingMinutes": round(seconds / 60, 6),
    }


def deliveries(server: Server, monitor: str = "job") -> list[dict[str, Any]]:
    return server.sql("select * from delivery where thread = ? order by number", monitor)


def identity(request: Request) -> str:
    return request.headers["x-kener-delivery"]


def change(server: Server, query: str, *values: object) -> None:
    """A statement in the file of a server that does not run."""
    with contextlib.closing(sqlite3.connect(server.database)) as connection:
        connection.execute(query, values)
        connection.commit()


# ---- six bad channels and a good one, for three attempts ----------------------------------------


@contextlib.contextmanager
def receiver_that_hangs_up() -> Iterator[str]:
    """Takes some bytes of a request, then resets the connection; its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def run() -> None:
            with contextlib.suppress(OSError):
                while True:
                    plain, _ = listener.accept()
                    with plain:
                        plain.recv(20)
                        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


SILENCES = (6, 16, 26)  # seconds until one monitor each is DOWN, while others are being retried


@dataclass(frozen=True)
class Story:
    server: Server
    seen: Arrivals

    def row(self, notifier: str, monitor: str = "job") -> dict[str, Any]:
        (row,) = (row for row in deliveries(self.server, monitor) if row["notifier"] == notifier)
        return row


@pytest.fixture(scope="module")
def story(serve_module: Serve) -> Iterator[Story]:
    """A server with seven channels that has run until the third attempt at the one that answers 500."""
    with arrivals() as (web, seen), receiver_that_hangs_up() as hung_up:
        web.answers[f"/fails/{TOKEN}"] = Answer(status=500, text=f"{TOKEN} made me fall over")
        web.answers[f"/hangs/{TOKEN}"] = Answer(hangs=True)
        web.answers[f"/late/{TOKEN}"] = Answer(delay=4)
        web.answers[f"/moved/{TOKEN}"] = Answer(
            status=302, headers={"Location": f"http://{web.address}/elsewhere"}
        )
        names = {f"{name}": address(web, name) for name in ("good", "fails", "hangs", "late", "moved")} | {
            "nowhere": f"json://name.invalid/{TOKEN}",
            "cut": f"json://{hung_up}/{TOKEN}",
        }
        silent = [monitor(f"silent-{seconds}", **silent_for(seconds)) for seconds in SILENCES]
        server = serve_module(configuration(monitor("job", **PATIENT), *silent, notifiers=names))
        for each in silent:
            assert server.target(each["tag"]).beat().status == 200
        assert server.target("job").beat("the tape is full", query="?status=down").status == 200

        told = Story(server, seen)

        def has_failed_three_times() -> bool:
            row = told.row("fails")
            return bool(row["attempts"] == 3 and row["lease_until"] is None)

        until(has_failed_three_times, 60, "the third attempt on record")
        yield told


def test_the_good_channel_is_told_at_once_while_six_others_fail(story: Story) -> None:
    came = {identity(request): moment for moment, request in story.seen.at("/good")}
    for tag in ("job", *(f"silent-{seconds}" for seconds in SILENCES)):
        row = story.row("good", tag)
        assert (row["status"], row["attempts"], row["error"]) == ("SENT", 1, "")
        assert came[row["id"]] - row["created"] < 2_500, tag
    assert len(story.seen.at("/good")) == 1 + len(SILENCES)


def test_silence_is_noticed_on_time_while_messages_hang(story: Story) -> None:
    for seconds in SILENCES:
        (down,) = story.server.sql(
            "select * from change where monitor = ? and status = 'DOWN'", f"silent-{seconds}"
        )
        assert 0 <= down["detected"] - down["started"] < 2_500


def test_attempts_at_a_channel_that_answers_500_grow_apart(story: Story) -> None:
    mine = story.row("fails")["id"]
    moments = [moment for moment, request in story.seen.at("/fails") if identity(request) == mine]

    first, second = (later - earlier for earlier, later in pairwise(moments))

    assert 9_900 < first < 14_500  # ten seconds and up to a quarter, and the server's own time
    assert 19_900 < second < 27_000
    assert story.row("fails")["due"] - moments[-1] > 39_900, "the next wait is twice as long again"


def test_an_answer_that_comes_late_counts_and_is_not_asked_for_again(story: Story) -> None:
    row = story.row("late")

    assert (row["status"], row["attempts"]) == ("SENT", 1)
    assert row["finished"] - row["created"] >= 4_000
    counts = Counter(identity(request) for _, request in story.seen.at("/late"))
    assert set(counts.values()) == {1}


@pytest.mark.parametrize(
    ("notifier", "words"),
    [
        ("fails", "500"),
        ("hangs", "timed out"),
        ("nowhere", "resol"),
        ("cut", "closed connection|reset by peer"),
        ("moved", "redirects"),
    ],
)
def test_why_a_channel_fails_is_on_record_without_its_token(story: Story, notifier: str, words: str) -> None:
    row = story.row(notifier)

    assert row["status"] == "WAITING"
    assert row["attempts"] >= 2
    assert re.search(words, row["error"])
    assert TOKEN not in json.dumps(row)


def test_nothing_is_sent_to_where_a_channel_redirects(story: Story) -> None:
    assert {request.method for _, request in story.seen.at("/moved")} == {"POST"}
    assert not story.seen.at("/elsewhere")


def test_no_log_line_carries_a_token(story: Story) -> None:
    assert "fails" in story.server.log
    assert TOKEN not in story.server.log


# ---- the end of the retries --------------------------------------------------------------------


def test_after_a_day_of_failures_the_message_is_given_up_visibly_and_the_next_one_leaves(
    serve: Serve, web: WebReceiver
) -> None:
    web.answer = Answer(status=500)
    server = serve(configuration(monitor("job", **PATIENT), notifiers={"ops": address(web, "hook")}))
    server.target("job").beat(query="?status=down")
    until(lambda: deliveries(server) and deliveries(server)[0]["error"], 30, "the first failure")
    server.stop()
    change(server, "update delivery set created = created - ?, due = 0", DAY)

    server.start()
    until(lambda: deliveries(server)[0]["status"] == "FAILED", 30, "the end")

    row = deliveries(server)[0]
    assert row["finished"] is not None
    assert "500" in row["error"]
    assert row["attempts"] == 2
    until(lambda: f"delivery {row['id']} to ops, attempt 2" in server.log, 10, "its line in the log")
    assert TOKEN not in server.log + json.dumps(row)
    web.answer = Answer()
    assert server.target("job").beat().status == 200
    until(lambda: web.requests[-1].json["title"].startswith("RESOLVED: Job job is UP"), 20, "the next one")
    assert [row["status"] for row in deliveries(server)] == ["FAILED", "SENT"]


# ---- a new configuration while messages wait ---------------------------------------------------


def test_a_message_that_waits_follows_its_notifier_to_a_new_url_and_ends_with_it(
    serve: Serve, web: WebReceiver
) -> None:
    web.answers[f"/old/{TOKEN}"] = web.answers[f"/gone/{TOKEN}"] = Answer(status=503)
    job = monitor("job", **PATIENT)
    before = {"moves": address(web, "old"), "vanishes": address(web, "gone"), "stays": address(web, "stays")}
    server = serve(configuration(job, notifiers=before))
    server.target("job").beat(query="?status=down")
    until(lambda: sum(bool(row["error"]) for row in deliveries(server)) == 2, 30, "both failures")

    server.edit(configuration(job, notifiers={"moves": address(web, "new"), "stays": address(web, "stays")}))
    until(lambda: all(row["status"] != "WAITING" for row in deliveries(server)), 40, "both outcomes")

    rows = {row["notifier"]: row for row in deliveries(server)}
    assert {name: row["status"] for name, row in rows.items()} == {
        "moves": "SENT",
        "vanishes": "CANCELLED",
        "stays": "SENT",
    }
    assert rows["vanishes"]["error"] == "the notifier is no longer in the configuration"
    assert rows["vanishes"]["finished"] is not None
    counts = Counter((request.path.split("/")[1], identity(request)) for request in web.requests)
    assert counts == {
        ("old", rows["moves"]["id"]): 1,
        ("new", rows["moves"]["id"]): 1,
        ("gone", rows["vanishes"]["id"]): 1,
        ("stays", rows["stays"]["id"]): 1,
    }


# ---- no room to write down what is to be said --------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MB of its own."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount("-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_an_alert_for_which_the_disk_has_no_room_comes_once_there_is(
    small_disk: Path, serve: Serve, web: WebReceiver
) -> None:
    server = serve(
        configuration(
            monitor("job", **silent_for(8)),
            monitor("writer", **PATIENT),
            notifiers={"ops": address(web, "hook")},
            retention={"heartbeats": 10_000, "days": 400},
        ),
        database=small_disk / "kener.db",
    )
    assert server.target("job").beat().status == 200
    server.target("job").becomes("UP")

    def is_refused(message: str) -> bool:
        return server.target("writer").beat(message).status == 503

    filler = fill(small_disk)
    for size in (90_000, 4_000, 1):  # what is left of the journal
        until(partial(is_refused, "x" * size), 20, "no room")
    until(lambda: "nothing could be evaluated" in server.log, 30, "an evaluation that failed")
    time.sleep(3)
    told, owed = len(web.requests), len(deliveries(server))
    assert told == owed == 0, "a message that is on no disk"
    assert server.is_alive()

    filler.unlink()

    until(lambda: web.requests, 30, "the message")
    until(lambda: [row["status"] for row in deliveries(server)] == ["SENT"], 30, "its outcome")
    time.sleep(2)
    assert [request.json["title"] for request in web.requests] == ["DOWN: Job job (minor)"]
    assert len(server.get("/api/v1/incidents").json()) == 1
    assert len(server.sql("select * from alert")) == 1
    assert server.sql("pragma integrity_check") == [{"integrity_check": "ok"}]


# ---- everything at once ------------------------------------------------------------------------

MANY = 1_000
SILENCE = 12  # seconds; long enough for a thousand first heartbeats


class Reporter(contextlib.AbstractContextManager["Reporter"]):
    """One connection that is kept."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)

    def __exit__(self, *failure: object) -> None:
        self.connection.close()

    def beat(self, tag: str) -> float:
        """Seconds until the 200."""
        began = time.monotonic()
        self.connection.request("POST", self.server.target(tag).path)
        response = self.connection.getresponse()
        response.read()
        assert response.status == 200
        return time.monotonic() - began


@pytest.mark.parametrize("batch", [None, "5s"])
def test_a_thousand_monitors_that_fail_together_are_all_told_within_a_minute(
    serve: Serve, web: WebReceiver, batch: str | None
) -> None:
    tags = [f"job-{n}" for n in range(MANY)]
    server = serve(
        configuration(
            *(monitor(tag, **silent_for(SILENCE)) for tag in tags),
            monitor("calm", **PATIENT),
            notifiers={"ops": address(web, "hook")},
            **({"incidents": {"batch": batch}} if batch else {}),
        )
    )
    sent = "select count(*) as n from delivery_notice join delivery on id = delivery where status = 'SENT'"
    with ThreadPoolExecutor(8) as pool:

        def report(mine: list[str]) -> None:
            with Reporter(server) as reporter:
                for tag in mine:
                    reporter.beat(tag)

        began = time.time() * 1000
        list(pool.map(report, [tags[n::8] for n in range(8)]))
        took = time.time() * 1000 - began
    assert took < SILENCE * 1000, "this machine is too slow to let them fail together"

    until(lambda: web.requests, SILENCE + 15, "the first message")
    first = time.monotonic()
    waits: list[float] = []
    marks: set[int] = set()

    def all_told() -> bool:
        waits.append(calm.beat("calm"))
        answer = server.get("/readyz")
        assert answer.status == 200, answer
        marks.add(server.sql("select max(ended) as at from alive")[0]["at"])
        return server.sql(sent)[0]["n"] >= MANY

    with Reporter(server) as calm:
        until(all_told, 60, "a thousand messages")
    took_to_tell = time.monotonic() - first

    if batch:
        assert len(web.requests) <= 5
        assert "monitors" in web.requests[0].json["title"]
    else:
        titles = Counter(request.json["title"] for request in web.requests)
        assert titles == Counter(f"DOWN: Job {tag} (minor)" for tag in tags)
    late = server.sql("select max(detected - started) as most from change where status = 'DOWN'")[0]["most"]
    print(
        f"{MANY} alerts in {len(web.requests)} messages in {took_to_tell:.1f} s; "
        f"the last DOWN was noticed {late} ms after its deadline; "
        f"{len(waits)} heartbeats meanwhile, the slowest in {max(waits) * 1000:.0f} ms; {len(marks)} marks"
    )
    assert late < 5_000
    assert max(waits) < 3
    assert time.time() * 1000 - max(marks) < 60_000, "the loop stood still"
    assert server.sql("select count(*) as n from incident where resolved is null") == [{"n": MANY}]
    assert "Traceback" not in server.log


# ---- clocks that jump --------------------------------------------------------------------------

FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
needs_faketime = needs(str(FAKETIME or "libfaketime"))


class Jumping:
    """The clock of one server process: seconds ahead of the real one."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "faketime"
        self.set(0)

    def set(self, seconds: int) -> None:
        spare = self.file.with_suffix(".new")
        spare.write_text(f"{seconds:+d}\n")
        spare.replace(self.file)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": str(FAKETIME),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }


@needs_faketime
def test_a_clock_that_jumps_raises_no_alarm_for_a_job_that_reports_and_one_for_a_job_that_stops(
    serve: Serve, web: WebReceiver, tmp_path: Path
) -> None:
    clock = Jumping(tmp_path)
    server = serve(
        configuration(monitor("job", **silent_for(8)), notifiers={"ops": address(web, "hook")}),
        env=clock.environment,
    )
    target = server.target("job")
    ending = threading.Event()
    codes: set[int] = set()

    def report() -> None:
        while not ending.is_set():
            codes.add(target.beat().status)
            ending.wait(0.3)

    def has_jumped(seconds: int) -> bool:
        latest = server.sql("select received from heartbeat order by number desc limit 1")[0]["received"]
        return abs(latest / 1000 - seconds - time.time()) < 60

    thread = threading.Thread(target=report, daemon=True)
    thread.start()
    try:
        target.becomes("UP")
        for seconds in (-3_600, 86_400):
            clock.set(seconds)
            until(partial(has_jumped, seconds), 10, "a heartbeat by the new clock")
            time.sleep(10)  # longer than the limits, and than the loop's longest nap
            target.becomes("UP", 10)
            assert server.get("/readyz").status == 200
            assert not web.requests, f"a false alarm after {seconds} seconds"
    finally:
        ending.set()
        thread.join(60)

    until(lambda: web.requests, 30, "the true alarm")
    time.sleep(2)
    assert [request.json["title"] for request in web.requests] == ["DOWN: Job job (minor)"]
    assert codes == {200}
    assert len(server.sql("select * from incident")) == 1


@needs_faketime
def test_a_message_that_waits_leaves_although_the_clock_was_set_back_an_hour(
    serve: Serve, web: WebReceiver, tmp_path: Path
) -> None:
    clock = Jumping(tmp_path)
    web.answer = Answer(status=503)
    server = serve(
        configuration(monitor("job", **PATIENT), notifiers={"ops": address(web, "hook")}),
        env=clock.environment,
    )
    server.target("job").beat(query="?status=down")
    until(lambda: deliveries(server) and deliveries(server)[0]["error"], 30, "the first failure")
    web.answer = Answer()

    clock.set(-3_600)

    until(lambda: deliveries(server)[0]["status"] == "SENT", 30, "the message")
    assert [identity(request) for request in web.requests] == [deliveries(server)[0]["id"]] * 2
