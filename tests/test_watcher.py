"""The watcher: which edits of the file are seen, and what a broken one does."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from conftest import Clock

from kener_py import config as configuration
from kener_py import store
from kener_py.model import Config
from kener_py.service import Service
from kener_py.service.watcher import Watcher

WAIT = 10.0  # seconds that a thread may take before a test gives up
SECRET = "secretString: a-secret-of-32-characters-xxxxxx"


def written(*tags: str, more: str = "") -> str:
    lines = [f"  - {{tag: {tag}, {SECRET}}}" for tag in tags]
    return "\n".join(["monitors:", *lines, more, ""])


@dataclass
class Edited:
    """A configuration file, the service that runs on it, and its watcher."""

    path: Path
    service: Service
    watcher: Watcher
    loads: list[Config]

    def write(self, text: str) -> None:
        self.path.write_text(text)

    def step(self) -> list[str]:
        """One look; the tags in force then."""
        self.watcher.step()
        return list(self.service.config.monitors)


Start = Callable[[Path], Edited]


@pytest.fixture
def start(db: store.Store, clock: Clock) -> Start:
    def started(path: Path) -> Edited:
        loads: list[Config] = []

        def load() -> Config:
            loads.append(configuration.load(path, {}))
            return loads[-1]

        service = Service(db, configuration.load(path, {}), clock)
        return Edited(path, service, Watcher(service, load), loads)

    return started


@pytest.fixture
def edited(folder: Path, start: Start) -> Edited:
    path = folder / "config.yaml"
    path.write_text(written("a"))
    return start(path)


# ---- what is seen ----------------------------------------------------------------------------


def test_an_edit_is_put_in_force(edited: Edited) -> None:
    edited.write(written("a", "b"))
    assert edited.step() == ["a", "b"]


def test_nothing_is_read_when_nothing_changed(edited: Edited) -> None:
    for _ in range(3):
        edited.step()
    assert edited.loads == []


def test_an_edit_is_read_once(edited: Edited) -> None:
    edited.write(written("a", "b"))
    for _ in range(3):
        edited.step()
    assert len(edited.loads) == 1


def test_an_edit_of_the_same_length_and_time_is_seen(edited: Edited) -> None:
    before = edited.path.stat()
    edited.write(written("b"))
    os.utime(edited.path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert edited.step() == ["b"]


def test_a_touch_is_no_edit(edited: Edited) -> None:
    os.utime(edited.path, (0, 0))
    edited.step()
    assert edited.loads == []


def test_a_file_that_an_editor_replaces_is_seen_each_time(edited: Edited) -> None:
    for tag in ("b", "c"):
        other = edited.path.with_suffix(".new")
        other.write_text(written(tag))
        other.rename(edited.path)
        assert edited.step() == [tag]


def test_a_mount_that_swaps_a_link_is_seen(folder: Path, start: Start) -> None:
    for name, tag in (("one", "a"), ("two", "b")):
        (folder / name).mkdir()
        (folder / name / "config.yaml").write_text(written(tag))
    (folder / "data").symlink_to("one")
    (folder / "config.yaml").symlink_to("data/config.yaml")
    edited = start(folder / "config.yaml")
    (folder / "data.new").symlink_to("two")
    (folder / "data.new").rename(folder / "data")
    assert edited.step() == ["b"]


def test_a_file_that_the_configuration_takes_in_is_watched_too(folder: Path, start: Start) -> None:
    (folder / "secret").write_text("a-secret-of-32-characters-xxxxxx")
    (folder / "config.yaml").write_text('monitors: [{tag: a, secretString: "${file:secret}"}]')
    edited = start(folder / "config.yaml")
    (folder / "secret").write_text("another-secret-of-32-characters-")
    edited.step()
    assert edited.service.config.monitors["a"].secret == "another-secret-of-32-characters-"


def test_a_file_that_an_edit_takes_in_is_watched_from_then_on(edited: Edited) -> None:
    secret = edited.path.with_name("secret")
    secret.write_text("a-secret-of-32-characters-xxxxxx")
    edited.write('monitors: [{tag: a, secretString: "${file:secret}"}]')
    edited.step()
    secret.write_text("another-secret-of-32-characters-")
    edited.step()
    assert edited.service.config.monitors["a"].secret == "another-secret-of-32-characters-"


def test_an_edit_that_comes_while_the_file_is_read_is_not_missed(
    edited: Edited, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = configuration.load
    later: Iterator[str] = iter([written("c")])

    def slow(path: Path, env: dict[str, str]) -> Config:
        found = load(path, env)
        if (text := next(later, None)) is not None:
            path.write_text(text)
        return found

    monkeypatch.setattr(configuration, "load", slow)
    edited.write(written("b"))
    edited.step()
    assert edited.step() == ["c"]


# ---- a broken edit ---------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["monitors: [", "monitors: [{tag: A B}]", "nonsense: 1", "\x00", "- a"])
def test_a_broken_edit_keeps_the_last_good_configuration(edited: Edited, text: str) -> None:
    edited.write(text)
    assert edited.step() == ["a"]


def test_a_file_that_is_gone_keeps_the_last_good_configuration(edited: Edited) -> None:
    edited.path.unlink()
    assert edited.step() == ["a"]
    edited.write(written("b"))
    assert edited.step() == ["b"]


def test_a_broken_edit_is_shown_to_the_operator(edited: Edited, caplog: pytest.LogCaptureFixture) -> None:
    edited.write(written("a", more="nonsense: 1"))
    edited.step()
    assert edited.service.reload_error is not None
    assert "nonsense: unknown field" in edited.service.reload_error
    assert "nonsense: unknown field" in caplog.text


def test_a_broken_edit_is_complained_of_once(edited: Edited, caplog: pytest.LogCaptureFixture) -> None:
    edited.write("nonsense: 1")
    for _ in range(3):
        edited.step()
    assert len(caplog.records) == 1


@pytest.mark.parametrize("tags", [("a",), ("a", "b")], ids=["taken back", "mended"])
def test_a_broken_edit_that_is_mended_is_forgotten(edited: Edited, tags: tuple[str, ...]) -> None:
    edited.write("nonsense: 1")
    edited.step()
    edited.write(written(*tags))
    assert edited.step() == list(tags)
    assert edited.service.reload_error is None


def test_a_file_that_a_broken_edit_waits_for_is_seen_when_it_comes(edited: Edited) -> None:
    edited.write('monitors: [{tag: b, secretString: "${file:secret}"}]')
    assert edited.step() == ["a"]
    edited.path.with_name("secret").write_text("a-secret-of-32-characters-xxxxxx")
    assert edited.step() == ["b"]


def test_a_configuration_that_cannot_be_written_down_is_tried_again(
    edited: Edited, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise store.Unavailable("disk full")

    edited.write(written("b"))
    with monkeypatch.context() as patch:
        patch.setattr(edited.service.store, "write", fail)
        assert edited.step() == ["a"]
    assert edited.step() == ["b"]


def test_a_reload_that_fails_in_another_way_is_shown_to_the_operator(
    edited: Edited, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr(edited.service, "reload", fail)
    edited.write(written("b"))
    with pytest.raises(ValueError, match="a bug"):
        edited.step()
    assert edited.service.reload_error is not None


# ---- what is said ----------------------------------------------------------------------------


def test_warnings_of_the_new_configuration_are_logged(
    edited: Edited, caplog: pytest.LogCaptureFixture
) -> None:
    edited.write("monitors: [{tag: a, secretString: hunter2}]")
    edited.step()
    assert "fewer than 16 characters" in caplog.text
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize(("more", "is_said"), [("server: {port: 4000}", True), ("site: {title: A}", False)])
def test_what_needs_a_restart_is_said(
    edited: Edited, caplog: pytest.LogCaptureFixture, more: str, is_said: bool
) -> None:
    edited.write(written("a", more=more))
    edited.step()
    assert ("after a restart" in caplog.text) is is_said


# ---- being asked -----------------------------------------------------------------------------


def test_it_reads_when_it_is_asked_though_nothing_changed(edited: Edited) -> None:
    edited.watcher.ask()
    edited.step()
    edited.step()
    assert len(edited.loads) == 1


def test_the_thread_reloads_at_once_when_it_is_asked_and_stops(
    edited: Edited, monkeypatch: pytest.MonkeyPatch
) -> None:
    reloaded = threading.Event()
    monkeypatch.setattr(edited.service, "reload", lambda _: reloaded.set())
    edited.watcher.start()
    edited.watcher.ask()
    assert reloaded.wait(WAIT)
    edited.watcher.stop()
    assert not edited.watcher.is_alive()


def test_nothing_that_happens_in_a_look_ends_the_thread(
    edited: Edited, monkeypatch: pytest.MonkeyPatch
) -> None:
    reloaded = threading.Event()
    tried: list[Config] = []

    def flaky(new: Config) -> None:
        tried.append(replace(new))
        if len(tried) == 1:
            edited.watcher.ask()
            raise RuntimeError("a bug")
        reloaded.set()

    monkeypatch.setattr(edited.service, "reload", flaky)
    edited.watcher.start()
    edited.watcher.ask()
    assert reloaded.wait(WAIT)
    edited.watcher.stop()


def test_a_hangup_in_the_middle_of_another_waits_for_nothing(start: Start, folder: Path) -> None:
    """A signal comes between any two steps of the one that is being handled."""
    path = folder / "config.yaml"
    path.write_text(written("job"))
    watcher, done = start(path).watcher, threading.Event()

    def interrupt(*_: object) -> Callable[..., object]:
        watcher.ask()
        return interrupt

    def ask() -> None:
        sys.settrace(interrupt)
        watcher.ask()
        sys.settrace(None)
        done.set()

    threading.Thread(target=ask, daemon=True).start()
    assert done.wait(WAIT), "it waits for itself"
