"""The states of the page, each as a folder with a file and a database that lead to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from kener_py import config, store
from kener_py.demo import chance, company, hostile, site, story, year
from kener_py.demo.site import DEAD, HIDDEN, JOBS, NEVER, Job, Plan
from kener_py.demo.story import Story, Tale, Trouble, Window, added, identified, investigating
from kener_py.model import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Config,
    Instant,
    Limits,
    Millis,
    Severity,
    Status,
    replace,
)
from kener_py.service.active import active

AWAY: Millis = 14 * MINUTE  # since when the loop of "unknown" stands still
_ENOUGH = 300.0  # seconds to write a year; more than any machine needs


@dataclass(frozen=True, slots=True)
class State:
    """What one state adds to the quiet year."""

    jobs: tuple[Job, ...] = (*JOBS, *HIDDEN)
    present: Callable[[Story], Story] = lambda quiet: quiet
    silent: tuple[str, ...] = ()  # no alert rule is about them
    has_loop: bool = True
    is_fresh: bool = False  # nothing has happened yet


@dataclass(frozen=True, slots=True)
class Prepared:
    """One state on disk."""

    name: str
    config: Config
    started_at: Instant  # its present: when its rows end
    calling: Mapping[str, Heart]  # by tag, the jobs that go on calling
    has_loop: bool


@dataclass(frozen=True, slots=True)
class Heart:
    """How a job goes on: how often it calls and what it says."""

    every: Millis
    status: Status = Status.UP
    message: str = ""


def prepare(name: str, folder: Path, address: str, at: Instant) -> Prepared:
    """Make `folder`/config.yaml and the database that it names; `at` is the present of the state.

    `address` is where visitors reach it. Raises StoreError, FileExistsError.
    """
    state = STATES[name]
    at = at if state.has_loop else at - AWAY
    path = folder / "config.yaml"
    folder.mkdir(parents=True, exist_ok=True)
    with path.open("x", encoding="utf-8") as file:
        file.write(_text(name, state, address, at))
    loaded = config.load(path, {})
    limits = {tag: monitor.limits for tag, monitor in loaded.monitors.items()}
    if state.is_fresh:
        return Prepared(name, loaded, at, {}, state.has_loop)
    told = state.present(_quiet(name, state, limits, at))
    began = {job.tag: told.began + job.begins * DAY + HOUR for job in state.jobs if job is not NEVER}
    db = store.Store(loaded.server.database)
    try:
        db.write(lambda db: year.write(db, active(loaded), told, began), wait=_ENOUGH)
    finally:
        db.close()
    return Prepared(name, loaded, at, _calling(told, began, limits), state.has_loop)


def _text(name: str, state: State, address: str, at: Instant) -> str:
    if name == "hostile":
        title = "<b>Evil & Co</b> \u202e"
        return site.text(
            title, state.jobs, (), address, footer="<script>alert(4)</script> [x](javascript:alert(5))"
        )
    if name in ("waiting", "empty", "large"):
        return site.text("Acme", state.jobs, (), address)
    return site.text(
        "Acme", state.jobs, _plans(at), address, footer="Made up by `kener-py demo`.", silent=state.silent
    )


def _plans(at: Instant) -> tuple[Plan, ...]:
    """Recurring ones, so that none of them runs now."""
    week, month = story.weekday(at + 2 * DAY), min(story.day_of_month(at + 6 * DAY), 28)
    return (
        Plan(
            "Weekly restart of the backup servers",
            f"30 3 * * {week}",
            "45m",
            ("Backups",),
            "Backups that would run then begin **half an hour** later.",
        ),
        Plan("Database maintenance", f"0 22 {month} * *", "2h", ("API", "checkout", "payroll")),
    )


def _quiet(name: str, state: State, limits: Mapping[str, Limits], at: Instant) -> Story:
    if name == "hostile":
        return hostile.story(at, at - 30 * DAY)
    if name == "large":
        began = at - story.YEAR
        return Story(began, at, (), tuple(chance.troubles(state.jobs, limits, began, at, (), (), name)))
    return company.year(state.jobs, limits, at, "acme")


def _calling(told: Story, began: Mapping[str, Instant], limits: Mapping[str, Limits]) -> dict[str, Heart]:
    still = {each.tag: each for each in told.troubles if each.ended is None}
    found = {}
    for tag in began:
        trouble = still.get(tag)
        if trouble is None:
            found[tag] = Heart(year.rhythm(limits[tag]))
        elif trouble.reported is Status.DEGRADED:
            found[tag] = Heart(year.rhythm(limits[tag]), Status.DEGRADED, trouble.message)
    return found


# ---- what is wrong now -----------------------------------------------------------------------


def _with(
    quiet: Story, *troubles: Trouble, tales: tuple[Tale, ...] = (), windows: tuple[Window, ...] = ()
) -> Story:
    return replace(
        quiet,
        troubles=(*quiet.troubles, *troubles),
        tales=(*quiet.tales, *tales),
        windows=(*quiet.windows, *windows),
    )


_QUEUE = "queue is long: 12,400 waiting"


def _degraded(quiet: Story) -> Story:
    at = quiet.at
    return _with(
        quiet,
        Trouble("thumbnails", at - 100 * MINUTE, None, Status.DEGRADED, _QUEUE),
        # Silent for longer than it should be, and not long enough to be down.
        Trouble("offsite-copy", at + 2 * HOUR, None),
        tales=(
            Tale(
                "Images appear late",
                at - 95 * MINUTE,
                ("thumbnails",),
                (
                    investigating(5, "New images appear after up to *two hours*."),
                    identified(50, "A second machine helps with the queue from now on."),
                ),
            ),
        ),
    )


def _dead(at: Instant) -> Trouble:
    return Trouble(DEAD.tag, at - 151 * DAY, None)


def _partial(quiet: Story) -> Story:
    at = quiet.at
    return _with(
        quiet,
        _dead(at),
        Trouble(
            "checkout",
            at - 47 * MINUTE,
            None,
            said=(
                added(6, "Our on-call engineer is at work. Baskets are kept; payments wait."),
                identified(
                    21,
                    "**A failed disk** on the payment host. We move to another.\n\nMore in 30 minutes.",
                ),
            ),
        ),
        Trouble("thumbnails", at - 40 * MINUTE, None, Status.DEGRADED, _QUEUE),
        Trouble("vpn-gateway", at - 30 * MINUTE, None, Status.DOWN, "tunnel is closed"),
    )


def _major(quiet: Story) -> Story:
    at = quiet.at
    alive = ("weather", "restore-test", "certificates", "newsletter", "files-backup")
    down = [job.tag for job in JOBS if job.tag not in alive]
    return _with(
        quiet,
        _dead(at),
        *(
            Trouble(tag, at - 25 * MINUTE + n * SECOND, None, Status.DOWN, "no route to host")
            for n, tag in enumerate(down)
        ),
        tales=(
            Tale(
                "Fire alarm in the data centre",
                at - 24 * MINUTE,
                tuple(down),
                (
                    investigating(2, "The whole site has no power. People are safe."),
                    identified(
                        15,
                        "The fire brigade has cut the power. We start the other site:\n\n1. database\n2. API",
                    ),
                ),
                Severity.CRITICAL,
            ),
        ),
    )


def _maintenance(quiet: Story) -> Story:
    at = quiet.at
    return _with(
        quiet,
        Trouble("exchange-rates", at - 20 * MINUTE, None, Status.DOWN, "stopped for the upgrade"),
        Trouble("invoices", at - 31 * MINUTE, None, Status.DOWN, "stopped for the upgrade"),
        windows=(
            Window(
                "Upgrade of the database",
                at - 3 * DAY,
                at - 35 * MINUTE,
                at + 85 * MINUTE,
                ("invoices", "exchange-rates", "stock-import"),
                "Invoices and rates stand still for up to **two hours**. The website is not affected.",
            ),
        ),
    )


def _detected(quiet: Story) -> Story:
    return _with(quiet, Trouble("search", quiet.at - 18 * MINUTE, None))


def _large(quiet: Story) -> Story:
    at = quiet.at
    return _with(
        quiet,
        Trouble("mail-relay-4", at - 3 * HOUR, None),
        Trouble("resolver-7", at - 12 * MINUTE, None, Status.DOWN, "SERVFAIL"),
        Trouble("time-server-1", at - 50 * MINUTE, None, Status.DEGRADED, "offset 900 ms"),
    )


STATES: Mapping[str, State] = {
    "all-up": State(),
    "degraded": State((*JOBS, *HIDDEN, NEVER), _degraded),
    "partial-outage": State((*JOBS, DEAD, *HIDDEN, NEVER), _partial),
    "major-outage": State((*JOBS, DEAD, *HIDDEN, NEVER), _major),
    "maintenance": State(present=_maintenance),
    "detected": State(present=_detected, silent=("search",)),
    "waiting": State(is_fresh=True),
    "empty": State((), is_fresh=True),
    "unknown": State((*JOBS, *HIDDEN, NEVER), has_loop=False),
    "large": State(site.many(200), _large),
    "hostile": State(hostile.JOBS),
}
