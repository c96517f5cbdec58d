"""Freezes the database that the present program makes, for the tests of all later ones.

`python tests/frozen/make.py FILE` runs a real server for some seconds: jobs that report, one that falls
silent and comes back, one in trouble, messages delivered and refused, incidents and windows by command.
It is done once for each migration, when it is written; a frozen file is never made again.
"""

from __future__ import annotations

import contextlib
import http.client
import http.server
import json
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

WITHIN = 30.0  # seconds until something that should happen counts as not happening


class Listener(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def silence(degraded: float, down: float) -> dict[str, float]:
    return {"degradedRemainingMinutes": degraded, "downRemainingMinutes": down}


def configuration(listening: int, refusing: int) -> str:
    often = "* * * * * */1"
    monitors = [
        {"tag": "steady", "name": "Steady", "secret": "a", **silence(60, 90)},
        {"tag": "silent", "name": "Silent", "secret": "a", **silence(0.02, 0.04)},
        {"tag": "broken", "name": "Broken", "secret": "a", "interval": "1h"},
        {"tag": "never", "name": "Never heard of", "secret": "a", "interval": "1h"},
        {"tag": "hidden", "name": "Hidden", "secret": "a", "interval": "1h", "hidden": True},
    ]  # fmt: skip
    hooks = {"ops": f"json://127.0.0.1:{listening}/", "gone": f"json://127.0.0.1:{refusing}/"}
    rule = {"name": "down", "status": "DOWN", "notifiers": ["ops", "gone"], "severity": "major"}
    return json.dumps(
        {
            "notifiers": hooks,
            "alerts": [rule],
            "monitors": [each | {"cron": often} for each in monitors],
        }
    )


def until(look, what: str) -> None:
    deadline = time.monotonic() + WITHIN
    while not look():
        if time.monotonic() > deadline:
            sys.exit(f"{what} did not happen")
        time.sleep(0.1)


def main(target: Path) -> None:
    with (
        tempfile.TemporaryDirectory() as name,
        http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener) as hook,
    ):
        threading.Thread(target=hook.serve_forever, daemon=True).start()
        folder, port = Path(name), free_port()
        (folder / "config.yaml").write_text(configuration(hook.server_port, free_port()))
        live(folder, port)
        hook.shutdown()
        with contextlib.closing(sqlite3.connect(folder / "kener.db")) as made:
            target.write_text("\n".join(made.iterdump()) + "\n")


def live(folder: Path, port: int) -> None:
    database = folder / "kener.db"
    program = [sys.executable, "-m", "kener_py"]
    given = os.environ | {"KENER_CONFIG": str(folder / "config.yaml"), "KENER_DATABASE": str(database)}

    def call(path: str, body: str = "") -> int:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WITHIN)
        with contextlib.closing(connection):
            connection.request("POST" if body else "GET", path, body or None)
            return connection.getresponse().status

    def answers() -> bool:
        with contextlib.suppress(OSError):
            return call("/livez") == 200
        return False

    def count(query: str) -> int:
        with contextlib.closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as beside:
            return int(beside.execute(query).fetchone()[0])

    def command(*words: str) -> None:
        done = subprocess.run([*program, *words], env=given, cwd=folder, capture_output=True, text=True)
        if "No such command" not in done.stderr and done.returncode:
            sys.exit(done.stderr)

    server = subprocess.Popen([*program, "serve", "--port", str(port)], env=given, cwd=folder)
    try:
        until(answers, "an answer")
        for tag in ("steady", "silent", "broken", "hidden"):
            call(f"/heartbeat/{tag}:a", json.dumps({"message": f"{tag} says ✓", "metrics": {"files": 42}}))
        until(lambda: count("select count(*) from change where status = 'UP'") >= 4, "the first look")
        call("/heartbeat/steady:wrong")
        call("/heartbeat/broken:a", '{"status": "down", "message": "disk full"}')
        call("/heartbeat/hidden:a", '{"status": "degraded", "message": "slow"}')
        until(lambda: count("select count(*) from incident where resolved is null") == 2, "two incidents")
        until(lambda: count("select count(*) from delivery where status = 'SENT'") >= 2, "two messages")
        call("/heartbeat/silent:a", "back again")
        until(
            lambda: count("select count(*) from incident where resolved is not null") == 1, "the end of one"
        )
        command("incident", "create", "Slow disks", "--text", "We look.", "--monitor", "steady", "--draft")
        command("incident", "create", "Told by hand", "--text", "It *was* us.", "--monitor", "steady")
        command("maintenance", "create", "--title", "Disk swap", "--start", "now", "--duration", "30m",
                "--monitor", "steady")  # fmt: skip
        command("ack", "broken")
        call("/heartbeat/silent:a", "the last words")
    finally:
        server.terminate()
        server.wait(WITHIN)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
