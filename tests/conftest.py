"""What the tests share: a clock that is set, a list that is sent to, a real store, and no network."""

from __future__ import annotations

import gc
import ipaddress
import os
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from kener_py import store
from kener_py.model import (
    DAY,
    DEFAULT_CRON,
    MINUTE,
    Alert,
    Config,
    Heartbeat,
    Incident,
    Instant,
    Limits,
    Monitor,
    Notice,
    Notifier,
    Rule,
    State,
    Status,
)
from kener_py.service import Service
from kener_py.service.active import tick_of

T: Instant = 1_767_225_600_000  # 2026-01-01T00:00:00Z
TICK = f"{DEFAULT_CRON}|UTC"
LIMITS = Limits(degraded_after=5 * MINUTE, down_after=10 * MINUTE)
OPS = "json://ops.invalid/hook"


# ---- no network ------------------------------------------------------------------------------


class NoNetwork(RuntimeError):
    """A test tried to leave this machine."""


def is_near(address: object) -> bool:
    """Whether an address as `connect` takes it is on this machine."""
    if not isinstance(address, tuple):
        return True  # a path: a socket of the file system
    try:
        return ipaddress.ip_address(str(address[0]).partition("%")[0]).is_loopback
    except ValueError:
        return address[0] == "localhost"


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def guarded(connect: Callable[[socket.socket, Any], Any]) -> Callable[[socket.socket, Any], Any]:
        def guard(self: socket.socket, address: Any) -> Any:
            if not is_near(address):
                raise NoNetwork(f"a test connects to {address}")
            return connect(self, address)

        return guard

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, guarded(getattr(socket.socket, name)))


# ---- laws ------------------------------------------------------------------------------------

# `make test`, and whatever runs where CI is set, tries a law as often as it says; all else a quarter of that.
settings.register_profile("thorough", settings.default, deadline=None)
settings.register_profile("quick", settings.default, deadline=None, max_examples=25)
settings.load_profile("thorough" if "CI" in os.environ else "quick")


def tries(number: int) -> int:
    """So many examples, or the share of them that the profile asks for."""
    return max(number * settings.default.max_examples // 100, 5)


# ---- what is left out ------------------------------------------------------------------------


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """All that is in `real` carries that mark; who wants none of it need not wait for its imports."""
    wants_none = config.option.markexpr.startswith("not real")
    is_left_out = wants_none and collection_path == Path(__file__).parent / "real"
    return is_left_out or None


# ---- garbage ---------------------------------------------------------------------------------


def pytest_collection_finish() -> None:
    """What pytest knows of thousands of tests stays: to search it for garbage took a fifth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


# ---- fakes -----------------------------------------------------------------------------------


@dataclass
class Clock:
    now: Instant = T

    def __call__(self) -> Instant:
        return self.now


@dataclass(frozen=True)
class Message:
    url: str
    title: str
    body: str
    severity: str
    delivery: str
    thread: str
    html: str
    markdown: str


class Sent(list[Message]):
    """A send that remembers instead."""

    def __call__(
        self,
        url: str,
        title: str,
        text: str,
        *,
        severity: str,
        delivery: str,
        thread: str = "",
        html: str = "",
        markdown: str = "",
    ) -> None:
        self.append(Message(url, title, text, severity, delivery, thread, html, markdown))


def no_post(*call: object) -> None:
    """A post for those who have no webhook."""
    raise AssertionError(f"no webhook is configured, and yet one is called: {call}")


# ---- configurations --------------------------------------------------------------------------


def monitor(tag: str = "job", limits: Limits = LIMITS, **fields: Any) -> Monitor:
    return Monitor(tag, tag.capitalize(), limits, **fields)


def rule(name: str = "down", status: Status = Status.DOWN, **fields: Any) -> Rule:
    given = {"monitors": frozenset({"job"}), "notifiers": ("ops",), "cooldown": 0} | fields
    return Rule(**given, name=name, status=status)


def config(
    monitors: tuple[Monitor, ...] = (monitor(),),
    rules: tuple[Rule, ...] = (rule(),),
    notifiers: Mapping[str, tuple[str, ...]] = {"ops": (OPS,)},
    **fields: Any,
) -> Config:
    return Config(
        monitors={each.tag: each for each in monitors},
        rules=rules,
        notifiers={name: Notifier(name, urls) for name, urls in notifiers.items()},
        **fields,
    )


# ---- files -----------------------------------------------------------------------------------


@contextmanager
def new_folder() -> Iterator[Path]:
    """In memory where there is one: a disk takes 5 ms to be sure, and nothing crashes here."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


@cache
def empty_database() -> bytes:
    """The file that all migrations leave behind: to run them takes ten times as long as to open it."""
    with new_folder() as folder:
        store.Store(folder / "kener.db").close()
        return (folder / "kener.db").read_bytes()


def new_store(path: Path) -> store.Store:
    """A store over a new file."""
    path.write_bytes(empty_database())
    return store.Store(path)


@contextmanager
def short_store() -> Iterator[store.Store]:
    """A store for those who cannot have the fixture `db`, which is one test's."""
    with new_folder() as folder:
        opened = new_store(folder / "kener.db")
        yield opened
        opened.close()


# ---- a world ---------------------------------------------------------------------------------


class World:
    """A service that is driven minute by minute, and what can be seen of it from outside."""

    def __init__(self, db: store.Store, clock: Clock, given: Config) -> None:
        self.db = db
        self.clock = clock
        self.service = Service(db, given, clock)
        self.service.mark_alive(clock.now)

    def restart(self, given: Config | None = None) -> None:
        """Another process takes over the file."""
        self.service = Service(self.db, given or self.service.config, self.clock)

    def beat(self, status: Status = Status.UP, message: str = "", tag: str = "job") -> None:
        self.service.record(Heartbeat(tag, self.clock.now, status, message))

    def look(self) -> None:
        """One tick of every cron, now."""
        self.service.mark_alive(self.clock.now)
        for tick in sorted({tick_of(each) for each in self.service.config.monitors.values()}):
            self.service.tick(tick, self.clock.now)

    def skip_to(self, at: Instant) -> None:
        """The loop lives until `at` without a tick that is due."""
        since = self.clock.now
        self.clock.now = at
        self.db.write(lambda db: store.mark_alive(db, at, max(at - since, 0) + DAY))

    def look_at(self, at: Instant) -> None:
        self.skip_to(at)
        self.look()

    def run(self, minutes: int) -> None:
        """Tick at each of the next minutes."""
        for _ in range(minutes):
            self.look_at(self.clock.now + MINUTE)

    def fail(self, tag: str = "job") -> None:
        """The job is heard once and then never again: DOWN at the next look, which is not taken."""
        self.beat(tag=tag)
        self.skip_to(self.clock.now + 10 * MINUTE + 1)

    # ---- what is seen ----

    def state(self, tag: str = "job") -> State:
        found = store.state(self.db.read(), tag)
        assert found is not None
        return found

    def status(self, tag: str = "job") -> Status:
        return self.state(tag).status

    def notices(self) -> list[Notice]:
        """What was said, in order, to one URL or several."""
        owed = store.deliveries(self.db.read(), 10_000)
        return [notice for delivery in reversed(owed) for notice in delivery.notices]

    def told(self) -> list[str]:
        """The same in short: "down TRIGGERED"."""
        return [f"{notice.rule} {notice.kind}" for notice in self.notices()]

    def standing(self, tag: str = "job") -> dict[str, Alert]:
        return store.standing_alerts(self.db.read(), [tag]).get(tag, {})

    def incidents(self, tag: str | None = None) -> list[Incident]:
        """All that ever were, oldest first."""
        return sorted(store.incidents(self.db.read(), 0, tag), key=lambda each: each.id or 0)

    def incident(self) -> Incident:
        (only,) = self.incidents()
        return only


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sent() -> Sent:
    return Sent()


@pytest.fixture
def folder() -> Iterator[Path]:
    with new_folder() as made:
        yield made


@pytest.fixture
def db(folder: Path) -> Iterator[store.Store]:
    opened = new_store(folder / "kener.db")
    yield opened
    opened.close()


@pytest.fixture
def world(db: store.Store, clock: Clock) -> World:
    return World(db, clock, config())


@pytest.fixture
def service(world: World) -> Service:
    """With one monitor, "job", and one rule that tells "ops" when it is DOWN."""
    return world.service
