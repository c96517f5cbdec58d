"""A world with a past: a real service over what monitors reported at instants of the last weeks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from conftest import Clock, World, config, monitor
from flask.testing import FlaskClient
from page import Page

from kener_py import store
from kener_py.model import DAY, SECOND, Incident, Instant, Limits, MaintenancePlan, Monitor, Site, Status
from kener_py.service import incidents
from kener_py.web import create

NOW: Instant = 1_790_768_460_000  # 2026-09-30T11:41:00Z
BEGIN = NOW - 100 * DAY
SITE = Site(title="Acme", url="https://status.acme.example", timezone="Europe/Berlin")
PATIENT = Limits(400 * DAY, 401 * DAY)  # nothing changes but by report
HOSTILE = "<script>alert(1)</script>\u202e'\"&" + "x" * 10_000

Event = tuple[Instant, str, Status]


def job(tag: str = "backup", **fields: Any) -> Monitor:
    return replace(monitor(tag, PATIENT), **fields)


def up(*tags: str, at: Instant = BEGIN) -> list[Event]:
    return [(at, tag, Status.UP) for tag in tags]


def trouble(tag: str, ago: int, length: int, status: Status = Status.DOWN) -> list[Event]:
    """It was `status` for `length`, from `ago` before NOW on."""
    return [(NOW - ago, tag, status), (NOW - ago + length, tag, Status.UP)]


def world(
    db: store.Store, monitors: Iterable[Monitor], events: Iterable[Event] = (), away: int = 0, **fields: Any
) -> World:
    """The world 20 seconds after a look at NOW, or `away` later without another one."""
    clock = Clock(BEGIN)
    made = World(db, clock, config(tuple(monitors), **({"site": SITE, "rules": ()} | fields)))
    for at, tag, status in sorted(events, key=lambda event: event[0]):
        made.skip_to(at)
        made.beat(status, tag=tag)
    made.look_at(NOW)
    clock.now += away or 20 * SECOND
    return made


def tell(world: World, title: str = "Backup is down", text: str = "We are looking.", **of: Any) -> Incident:
    """An incident that somebody wrote."""
    given = {"started": NOW - 43 * 60 * SECOND, "monitors": ("backup",), **of}
    return world.service.change(lambda db, config, at: incidents.create(db, config, title, text, at, **given))


def add(world: World, incident: Incident, text: str, **of: Any) -> None:
    world.service.change(lambda db, _, at: incidents.update(db, incident.id, text, at, **of))


def window(title: str, start: Instant, end: Instant, *tags: str, **of: Any) -> MaintenancePlan:
    return MaintenancePlan(title, frozenset(tags), start=start, end=end, **of)


def client(world: World) -> FlaskClient:
    return create(world.service).test_client()


def get(world: World, address: str = "/", code: int = 200) -> Page:
    answer = client(world).get(address, headers={"Accept": "text/html"})
    assert answer.status_code == code
    return Page(answer.text)


def text(world: World, address: str = "/") -> str:
    """As a terminal gets it."""
    answer = client(world).get(address, headers={"User-Agent": "curl/8.5"})
    assert answer.status_code == 200
    return answer.text
