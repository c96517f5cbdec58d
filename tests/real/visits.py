"""A calm site with a past, and visitors of it, for the tests in a browser."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from conftest import Clock, World

from kener_py import config, store
from kener_py.model import DAY, MINUTE, Status

from .browser import Browser, Page
from .server import Server, configuration, monitor

HOSTILE = "x" * 10_000
NEVER = {"degradedRemainingMinutes": 500_000, "downRemainingMinutes": 1_000_000}  # silence is no trouble
CALM = configuration(
    monitor("backup", name="Nightly backup", **NEVER),
    monitor("mail", name="Mail", **NEVER),
    monitor("hostile", name=HOSTILE, description=HOSTILE, **NEVER),
    site={"title": "Acme", "timezone": "Europe/Berlin"},
    alerts=[{"status": "DOWN"}],
)


def calm_site(serve: Callable[..., Server], folder: Path) -> Server:
    """Sixty days without trouble, but for "backup": down for 12 minutes of the fourth day before today."""
    file = folder / "past.yaml"
    file.write_text(CALM)
    now = round(time.time() * 1000)
    clock = Clock(now - 60 * DAY)
    db = store.Store(folder / "past.db")
    world = World(db, clock, config.load(file, {}))
    for tag in world.service.config.monitors:
        world.beat(tag=tag)
    world.look_at(now - now % DAY - 4 * DAY + 600 * MINUTE)
    world.beat(Status.DOWN, tag="backup")
    world.skip_to(clock.now + 12 * MINUTE)
    world.beat(tag="backup")
    world.look()
    world.look_at(now - MINUTE)
    db.close()
    return serve(CALM, database=folder / "past.db")


class Visit:
    """Opens pages of one site."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.browser = browser
        self.url = url
        self.pages: list[Page] = []

    def __call__(self, path: str = "/", **options: object) -> Page:
        self.pages.append(self.browser.open(self.url + path, **options))
        return self.pages[-1]

    def leave(self) -> None:
        """Close all; no console may have had anything to complain about."""
        complaints = [complaint for page in self.pages for complaint in page.complaints]
        for page in self.pages:
            page.close()
        assert complaints == []
