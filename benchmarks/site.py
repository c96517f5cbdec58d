"""Sites to measure: the YAML file as a user would write it, and a database with a past of 90 days."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from kener_py import config, store
from kener_py.demo import chance, year
from kener_py.demo.site import Job
from kener_py.demo.story import Story
from kener_py.model import DAY, HOUR, Instant
from kener_py.service.active import active

PAST = 90  # days
KEY = "key-of-the-benchmark-51f0c27b9a"
_CATEGORIES = (
    "Website",
    "Shop",
    "Search",
    "Payments",
    "Mail",
    "Reports",
    "Backups",
    "Storage",
    "Network",
    "Office",
)
_ENOUGH = 900.0  # seconds to write a past

_HEAD = """\
site:
  title: Acme status
  timezone: Europe/Berlin
  description: What runs by itself at Acme.
server:
  database: kener.db
  log_level: warning
api_keys:
  - name: editors
    key: {key}
    scopes: ["incidents:write"]
notifiers: {notifiers}
alerts:{alerts}
monitors:
"""
_RULE = """
  - name: Down
    status: DOWN
    severity: major"""
_ENTRY = """\
  - tag: {tag}
    name: {name}
    category: {category}
    secretString: {secret}
    {rhythm}
"""
# They call once an hour, so that nobody is late before a benchmark is over.
_HOURLY = "interval: 1h\n    grace: 3x\n    missed_beats: 4"
# Everybody's default: late after 5 minutes, down after 10.
PLAIN = "degradedRemainingMinutes: 5\n    downRemainingMinutes: 10"


def tag(number: int) -> str:
    return f"job-{number:06}"


def secret(number: int) -> str:
    return f"secret-of-{number:06}-7f3a91c04e"


def path(number: int) -> str:
    """Where this job reports."""
    return f"/heartbeat/{tag(number)}:{secret(number)}"


def text(monitors: int, rhythm: str = _HOURLY, notifiers: str = "{}", *, has_rule: bool = True) -> str:
    """The YAML file; `rhythm` is what says how long each job may be silent, `notifiers` who is told.

    With a rule, each that is DOWN has an alert and an incident.
    """
    entries = [
        _ENTRY.format(
            tag=tag(number),
            name=f"{_CATEGORIES[number % 10]} job {number}",
            category=_CATEGORIES[number % 10],
            secret=secret(number),
            rhythm=rhythm,
        )
        for number in range(monitors)
    ]
    head = _HEAD.format(key=KEY, notifiers=notifiers, alerts=_RULE if has_rule else " []")
    return head + "".join(entries)


def write(
    folder: Path, monitors: int, rhythm: str = _HOURLY, notifiers: str = "{}", *, has_rule: bool = True
) -> None:
    """The file alone: a site on its first day."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(text(monitors, rhythm, notifiers, has_rule=has_rule))


def write_with_past(folder: Path, monitors: int) -> None:
    """The file and 90 days, in which each job had up to three troubles, and nothing is wrong now."""
    write(folder, monitors)
    loaded = config.load(folder / "config.yaml", {})
    at: Instant = time.time_ns() // 1_000_000
    began = at - PAST * DAY
    jobs = [Job(tag(number), "", troubles=number % 4) for number in range(monitors)]
    limits = {each: monitor.limits for each, monitor in loaded.monitors.items()}
    told = Story(began, at, (), tuple(chance.troubles(jobs, limits, began, at, (), (), "benchmark")))
    db = store.Store(folder / "kener.db")
    try:
        started = dict.fromkeys(loaded.monitors, began + HOUR)
        db.write(lambda rows: year.write(rows, active(loaded), told, started), wait=_ENOUGH)
    finally:
        db.close()


class Sites:
    """Sites by their number of monitors, each made once and handed out as copies."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._copies = 0

    def copy(self, monitors: int) -> Path:
        """A folder of its own with the file and the past."""
        made = self._folder / f"site-{monitors}"
        if not made.exists():
            write_with_past(made, monitors)
        self._copies += 1
        return Path(shutil.copytree(made, self._folder / f"copy-{self._copies}"))


def beats(database: Path) -> int:
    """Heartbeats that the database has ever been given; those that left the log count."""
    db = store.read_only(database)
    try:
        return sum(state.beats for state in store.states(db).values())
    finally:
        db.close()
