"""`kener-py demo` as a newcomer starts it: soon there, ended by Ctrl-C, and its files work on a server."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from .conftest import Serve
from .demo import Demo

pytestmark = pytest.mark.real


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_state_is_served_at_the_root_until_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    demo = Demo(tmp_path, "maintenance")
    try:
        demo.start()
        assert demo.log.splitlines() == [f"{demo.url}/"]
        assert "Scheduled maintenance in progress" in demo.get("/", {"Accept": "text/html"}).text
        assert demo.process is not None
        demo.signal(number)
        assert demo.process.wait(30) == 0
    finally:
        demo.close()


def test_all_states_are_served_below_their_names(tmp_path: Path, serve: Serve) -> None:
    demo = Demo(tmp_path)
    try:
        demo.start()
        index = demo.get("/", {"Accept": "text/html"}).text
        for name in ("all-up", "large", "hostile"):
            assert f"{demo.url}/{name}/" in demo.log
            assert f'href="/{name}/"' in index
        assert demo.get("/all-up/api/v1/monitors/checkout").json()["status"] == "UP"
        assert demo.get("/major-outage/api/v1/monitors/checkout").json()["status"] == "DOWN"
        # A call by hand is as good as those of the made-up jobs.
        secret = "secret-of-checkout-0123456789abcdef"
        assert demo.get(f"/major-outage/heartbeat/checkout:{secret}").status == 200
        assert demo.stop() == 0
    finally:
        demo.close()

    kept = tmp_path / "files" / "partial-outage"
    server = serve(None, config=kept / "config.yaml", database=kept / "kener.db")
    assert server.get("/api/v1/monitors/checkout").json()["status"] == "DOWN"
    assert "Checkout is down" in server.get("/", {"Accept": "text/html"}).text


def test_without_a_folder_nothing_is_left_behind(tmp_path: Path) -> None:
    class Temporary(Demo):
        def command(self) -> list[str]:
            words = super().command()
            at = words.index("--folder")
            return words[:at] + words[at + 2 :]

    demo = Temporary(tmp_path, "empty")
    demo.env["TMPDIR"] = str(tmp_path)
    try:
        demo.start()
        assert [each for each in tmp_path.iterdir() if each.is_dir()]
        assert demo.stop() == 0
        assert [each for each in tmp_path.iterdir() if each.is_dir()] == []
    finally:
        demo.close()
