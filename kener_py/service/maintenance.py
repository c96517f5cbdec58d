"""Maintenance windows: those of the file's plans made rows, those made by hand, and what people are shown.

What changes rows runs inside a job of the writer, or beside a running server in `store.beside`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from kener_py import maintenance, store
from kener_py.model import (
    DAY,
    Config,
    Gap,
    Instant,
    Maintenance,
    MaintenancePage,
    MaintenancePlan,
    MaintenanceState,
    Millis,
    replace,
)

AHEAD: Millis = 15 * DAY  # how early the windows of a schedule are made
UPCOMING: Millis = 60 * DAY
PAST: Millis = 90 * DAY
ON_BOARD: Millis = 14 * DAY
LATEST: Instant = 221_845_392_000_000  # the year 9000
LONGEST_TITLE = 200
LONGEST_DESCRIPTION = 20_000


class Invalid(ValueError):
    """A window cannot be like this; `field` names what is wrong."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


class Refused(Exception):
    """The window is as it should be, but may not be changed any more, or not in this way."""


# ---- of the file -----------------------------------------------------------------------------


def _plans(config: Config) -> dict[str, MaintenancePlan]:
    """The plans by what names them; two with one name are one about the monitors of both."""
    found: dict[str, MaintenancePlan] = {}
    for plan in config.maintenances:
        name = maintenance.identity(plan)
        same = found.get(name)
        found[name] = plan if same is None else replace(same, monitors=same.monitors | plan.monitors)
    return found


def sync(db: store.Database, config: Config, at: Instant) -> None:
    """Make rows of the windows that the file plans, and take back those that it plans no more.

    A window of a plan that left the file, or changed, goes if it has not begun, and ends now if it runs.
    """
    plans = _plans(config)
    for window in store.planned_maintenances(db, at):
        if window.plan in plans or window.id is None:
            continue
        if window.start > at:
            store.drop_maintenance(db, window.id)
        else:
            store.cancel_maintenance(db, window.id, at)
            store.release_maintenance(db, window.id)
    kept = at - config.retention.days * DAY
    for name, plan in plans.items():
        since, until = (kept, LATEST) if plan.schedule is None else (at, at + AHEAD)
        for start, end in maintenance.occurrences(plan, since, until):
            store.plan_maintenance(
                db,
                Maintenance(
                    id=None,
                    title=plan.title,
                    start=start,
                    end=end,
                    monitors=tuple(sorted(plan.monitors)),
                    description=plan.description,
                    plan=name,
                    created=at,
                    updated=at,
                ),
            )


# ---- by hand ---------------------------------------------------------------------------------


def _checked(window: Maintenance, known: Collection[str]) -> Maintenance:
    """The window as it may be stored. Raises Invalid."""
    title = " ".join(window.title.split())
    if not title:
        raise Invalid("title", "should not be empty")
    if len(title) > LONGEST_TITLE:
        raise Invalid("title", f"should have at most {LONGEST_TITLE} characters")
    if len(window.description) > LONGEST_DESCRIPTION:
        raise Invalid("description", f"should have at most {LONGEST_DESCRIPTION} characters")
    for field, text in (("title", title), ("description", window.description)):
        try:
            text.encode()
        except UnicodeEncodeError:
            raise Invalid(field, "should be valid Unicode") from None
    for field, moment in (("start", window.start), ("end", window.end)):
        if not 0 <= moment < LATEST:
            raise Invalid(field, "should lie between the years 1970 and 9000")
    if window.end <= window.start:
        raise Invalid("end", "should be later than the start")
    unknown = [tag for tag in window.monitors if tag not in known]
    if unknown:
        raise Invalid("monitors", f"there is no monitor '{unknown[0][:64]}'")
    if not window.monitors:
        raise Invalid("monitors", "should name at least one monitor")
    return replace(window, title=title, monitors=tuple(sorted(set(window.monitors))))


def create(
    db: store.Database,
    config: Config,
    at: Instant,
    *,
    title: str,
    start: Instant,
    end: Instant,
    monitors: Iterable[str] | None = None,
    description: str = "",
) -> Maintenance:
    """A new window; None for monitors means all that there are now. Raises Invalid."""
    tags = tuple(config.monitors if monitors is None else monitors)
    wanted = Maintenance(None, title, start, end, tags, description, created=at, updated=at)
    made = _checked(wanted, config.monitors)
    return replace(made, id=store.add_maintenance(db, made))


def update(db: store.Database, config: Config, changed: Maintenance, at: Instant) -> Maintenance | None:
    """The window with new words, times or monitors; None if it is not there. Raises Invalid, Refused."""
    before = None if changed.id is None else store.maintenance(db, changed.id)
    if before is None:
        return None
    if before.plan is not None:
        raise Refused("the configuration file plans this window; edit it there, or cancel it")
    if maintenance.state(before, at) in (MaintenanceState.COMPLETED, MaintenanceState.CANCELLED):
        raise Refused("this window is over")
    known = {*config.monitors, *before.monitors}  # one that left the file may stay
    after = replace(
        _checked(changed, known), plan=None, cancelled=before.cancelled, created=before.created, updated=at
    )
    store.save_maintenance(db, after)
    return after


def cancel(db: store.Database, number: int, at: Instant) -> Maintenance | None:
    """The window, which runs no longer or never will; None if it is not there. Raises Refused.

    Cancelling twice is cancelling once.
    """
    window = store.maintenance(db, number)
    if window is None:
        return None
    if maintenance.state(window, at) is MaintenanceState.COMPLETED:
        raise Refused("this window is over")
    store.cancel_maintenance(db, number, at)
    return store.maintenance(db, number)


# ---- for people ------------------------------------------------------------------------------


def gaps(
    db: store.Database, since: Instant, at: Instant, tag: str | None = None
) -> Mapping[str, tuple[Gap, ...]]:
    """By monitor: when silence was expected of it, from `since` up to and with `at`."""
    found: dict[str, list[Gap]] = {}
    for window in store.maintenances(db, since, at + 1, tag):
        gap = maintenance.effective(window)
        if gap is not None:
            for monitor in window.monitors:
                found.setdefault(monitor, []).append(gap)
    return {monitor: tuple(each) for monitor, each in found.items()}


def begun(found: Iterable[Gap], at: Instant) -> Instant | None:
    """When the first of the windows that run at `at` began; None if none does."""
    return min((gap.started for gap in found if gap.started <= at < gap.ended), default=None)


def for_public(config: Config, window: Maintenance) -> Maintenance | None:
    """The window as a visitor may see it; None if it is about no monitor that visitors may see."""
    shown = tuple(
        tag for tag in window.monitors if tag in config.monitors and not config.monitors[tag].is_hidden
    )
    return replace(window, monitors=shown) if shown or not window.monitors else None


def between(
    db: store.Database, config: Config, since: Instant, until: Instant, tag: str | None = None
) -> list[Maintenance]:
    """Public windows that overlap [since, until), cancelled ones too, oldest first."""
    found = (for_public(config, window) for window in store.maintenances(db, since, until, tag))
    return [window for window in found if window is not None]


def on_board(db: store.Database, config: Config, at: Instant) -> tuple[Maintenance, ...]:
    """The public windows that run or begin within 14 days, oldest first."""
    soon = (MaintenanceState.ONGOING, MaintenanceState.SCHEDULED)
    found = between(db, config, at, at + ON_BOARD)
    return tuple(window for window in found if maintenance.state(window, at) in soon)


def listed(
    db: store.Database, config: Config, at: Instant, tag: str | None = None
) -> tuple[Maintenance, ...]:
    """Public windows: those that run, those of the next 60 days, then those of the last 90, newest first."""
    found = between(db, config, at - PAST, at + UPCOMING, tag)
    by_state: dict[MaintenanceState, list[Maintenance]] = {state: [] for state in MaintenanceState}
    for window in found:
        by_state[maintenance.state(window, at)].append(window)
    over = by_state[MaintenanceState.COMPLETED] + by_state[MaintenanceState.CANCELLED]
    over.sort(key=lambda window: (window.start, window.id or 0), reverse=True)
    return (*by_state[MaintenanceState.ONGOING], *by_state[MaintenanceState.SCHEDULED], *over)


def page(
    db: store.Database, config: Config, number: int, at: Instant, names: Mapping[str, str]
) -> MaintenancePage | None:
    """One window's page; None if there is no such public window."""
    window = store.maintenance(db, number)
    seen = None if window is None else for_public(config, window)
    if seen is None:
        return None
    plan = None if seen.plan is None else _plans(config).get(seen.plan)
    return MaintenancePage(
        site=config.site,
        at=at,
        maintenance=seen,
        state=maintenance.state(seen, at),
        names=names,
        recurrence=None if plan is None else maintenance.recurrence(plan),
    )
