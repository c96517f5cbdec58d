"""The only place where time passes: record, tick, deliver, reload. `Service` joins store and rules."""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import count
from typing import TypeVar

from kener_py import maintenance as windows
from kener_py import status, store
from kener_py.model import (
    DAY,
    SECOND,
    About,
    Alert,
    ApiKey,
    Board,
    Check,
    Config,
    DayPage,
    Gap,
    Heartbeat,
    Incident,
    IncidentPage,
    Instant,
    Maintenance,
    MaintenancePage,
    Millis,
    Monitor,
    MonitorPage,
    MonitorView,
    MonthPage,
    News,
    Overall,
    Published,
    State,
    Status,
    Telemetry,
    Uptime,
    UptimeTable,
)
from kener_py.service import board, evaluate, health, incidents, maintenance
from kener_py.service.active import Active, active
from kener_py.service.attempts import Attempts
from kener_py.service.counts import Counts, Durations

__all__ = ["Service", "Unwatched"]

T = TypeVar("T")

_log = logging.getLogger("kener_py.service")


class Unwatched(Exception):
    """The monitor went out of the file between the call's arrival and its record."""


ALIVE_EVERY = 20 * SECOND  # how often the loop records that it runs
_ABSENCES = 50  # how many of our own we remember for alerts
_CHUNK = 200  # monitors evaluated in one transaction, so that heartbeats get in between


class Service:
    """What the edges of the process call. Every method may be called from any thread.

    `clock` gives the present instant. Raises store.Unavailable where something could not be written.
    """

    percent = staticmethod(status.percent)
    is_stale = staticmethod(board.is_stale)
    maintenance_state = staticmethod(windows.state)

    def __init__(self, db: store.Store, config: Config, clock: Callable[[], Instant]) -> None:
        self.store = db
        self.clock = clock
        self.is_owed = threading.Event()  # a message waits: the sender may begin
        self.reload_error: str | None = None
        self.reloaded: Instant = 0  # when the configuration in force was
        self.sender_seen: Instant | None = None  # when the sender last looked for work
        self.loop_seen: Instant | None = None  # when the loop last said that it runs, written down or not
        self.exported: Instant | None = None  # as of when the files of the last good export are
        self.export_error: str | None = None  # why the last one failed
        self.counts, self.ticks, self.requests = Counts(), Durations(), Durations()
        self._rejected: Counter[tuple[str, str]] = Counter()
        self._rejected_lock = threading.Lock()
        self._attempts = Attempts()
        self._active = active(config)
        self._absences: tuple[Gap, ...] = ()
        self._marked: Instant = 0
        self._states: dict[str, State] = {}  # of monitors that called lately; the writer's own
        self._hearing = count(1)
        self._heard = 0  # another one after each heartbeat
        self._signing_key = b""
        self.site_id = bytes(16)  # what names this site in feeds when it has no address
        self._take_up(config)

    def _take_up(self, config: Config) -> None:
        """Make the rows agree with the configuration, and take over what an earlier process left."""
        self.store.work_on_items(self._receive)
        self.reload(config)
        self.store.write(store.release_leases)
        self._signing_key = self.store.write(
            lambda db: store.keep_secret(db, "links", secrets.token_bytes(32))
        )
        # No secret, but made once and kept like one.
        self.site_id = self.store.write(lambda db: store.keep_secret(db, "site", secrets.token_bytes(16)))
        self._absences = store.gaps(self.store.read(), _ABSENCES)

    @property
    def config(self) -> Config:
        return self._active.config

    @property
    def active(self) -> Active:
        return self._active

    # ---- facts in ----

    def record(self, beat: Heartbeat) -> None:
        """Keep a heartbeat. When this returns it is on disk. Raises Unwatched, Unavailable."""
        self._recorded(beat, self.store.put(beat))

    async def record_async(self, beat: Heartbeat) -> None:
        """`record` for a caller on an event loop."""
        self._recorded(beat, await self.store.put_async(beat))

    def _recorded(self, beat: Heartbeat, is_owed: bool | None) -> None:
        """After it is on disk. `is_owed`: whether a message may be; None if nobody watches this monitor."""
        if is_owed is None:
            raise Unwatched(beat.monitor)
        self._heard = next(self._hearing)
        if beat.status is not Status.UP:
            self.store.touch()  # it was judged at once
        if is_owed:
            self.is_owed.set()
        self.counts.add("heartbeats", beat.monitor, beat.status.lower())

    def _receive(
        self, db: store.Database, beats: Sequence[Heartbeat], is_alone: bool
    ) -> Sequence[bool | None]:
        """Runs in the writer, which says whether nobody else has written since the last call."""
        if not is_alone:
            self._states = {}
        return evaluate.receive(db, self._active, beats, self._absences, self._states)

    def monitor(self, tag: str) -> Monitor | None:
        return self.config.monitors.get(tag)

    def key(self, presented: str) -> ApiKey | None:
        """The API key with this secret; it may have expired."""
        return self._active.keys.get(hashlib.sha256(presented.encode()).hexdigest())

    def reject(self, tag: str, reason: str) -> None:
        """Count a call that was turned away, for the operator."""
        known = tag if tag in self.config.monitors else ""
        with self._rejected_lock:
            self._rejected[known, reason] += 1

    def wrong_secret(self, address: str) -> int:
        """Count a wrong secret from there; the seconds to wait if there were too many, else 0."""
        most = self.config.server.wrong_secrets_per_minute
        wait = self._attempts.add(address, self.clock(), most) if most else 0
        if wait:
            self.counts.add("limited")
        return wait

    def acknowledge(self, tag: str) -> int:
        """No reminders about what is TRIGGERED now; how many alerts that are."""
        return self.store.write(lambda db: evaluate.acknowledge(db, tag, self.clock()))

    def snooze(self, tag: str, length: Millis) -> Instant | None:
        """No message of trouble about a monitor for this long; until when, None if it is unknown."""
        until = self.clock() + length
        return until if self.store.write(lambda db: evaluate.snooze(db, tag, until)) else None

    def signature(self, alert: int) -> str:
        """What shows that a link about this alert came out of a message of ours."""
        return hmac.new(self._signing_key, f"alert {alert}".encode(), "sha256").hexdigest()[:32]

    def alert(self, number: int) -> Alert | None:
        return store.alert(self.store.read(), number)

    def change(self, job: Callable[[store.Database, Config, Instant], T]) -> T:
        """What people change by hand, on disk when this returns. Raises Unavailable, or what `job` raises."""
        at = self.clock()
        return self.store.write(lambda db: job(db, self.config, at))

    # ---- time passes ----

    def tick(self, tick: str, at: Instant) -> None:
        """Evaluate the monitors of one "cron|zone" about which there is something to say."""
        began = self.clock()
        tags = store.due_tags(self.store.read(), tick, at)
        for first in range(0, len(tags), _CHUNK):
            if self.store.write(partial(self._look, tags=tags[first : first + _CHUNK], at=at)):
                self.is_owed.set()
            self.mark_alive(self.clock())
        self.ticks.add((self.clock() - began) / SECOND)

    def _look(self, db: store.Database, tags: list[str], at: Instant) -> bool:
        now = max(at, self.clock())  # not before a heartbeat that came while the tick ran
        try:
            with db.atomic():  # a savepoint
                return evaluate.look(db, self._active, tags, now, self._absences)
        except Exception as error:
            if store.is_disk_trouble(error):
                raise
            if len(tags) == 1:
                _log.exception("monitor %s could not be evaluated; the next tick tries again", tags[0])
                return False
        found = [self._look(db, [tag], at) for tag in tags]  # a bad monitor fails alone
        return any(found)

    def mark_alive(self, at: Instant) -> None:
        """Record that the loop runs, and with it the calls turned away, if the last mark is old."""
        self.loop_seen = at
        if 0 <= at - self._marked < ALIVE_EVERY:
            return
        was_set_back = at < self._marked
        with self._rejected_lock:
            rejected, self._rejected = self._rejected, Counter()

        def job(db: store.Database) -> Gap | None:
            store.add_rejections(db, rejected, at)
            return store.mark_alive(db, at, status.SHORTEST_GAP)

        try:
            gap = self.store.write(job, is_quiet=True)
        except store.StoreError:
            with self._rejected_lock:
                self._rejected += rejected
            raise
        if gap is not None or was_set_back or not self._marked:
            self.store.touch()
        self._marked = at
        if gap is not None:
            _log.warning(
                "no loop ran for %d seconds; that time counts as unobserved",
                (gap.ended - gap.started) // SECOND,
            )
        if gap is not None or was_set_back:
            self._absences = store.gaps(self.store.read(), _ABSENCES)

    def clock_was_set_back(self) -> None:
        """Let the next tick look at every monitor: what lies in the future is dated anew."""
        self.store.write(store.look_at_all)

    def tidy(self, at: Instant) -> None:
        """Delete what is older than the retention, in small steps, and make the windows of the next days."""
        keep = self.config.retention
        before = at - keep.days * DAY
        self._in_steps(lambda db: store.trim_beats(db, keep.heartbeats))
        self._in_steps(lambda db: store.forget_old(db, before))
        self.store.write(lambda db: store.forget_alive(db, before))
        self.store.write(lambda db: store.forget_maintenances(db, before))
        self.store.write(lambda db: maintenance.sync(db, self.config, at))
        self._in_steps(lambda db: store.forget_changes(db, before))

    def _in_steps(self, delete: Callable[[store.Database], int]) -> None:
        """Delete until nothing is left to be, with room for heartbeats in between."""
        while self.store.write(delete):
            pass

    def reload(self, config: Config) -> None:
        """Put a configuration in force, all or nothing."""
        old, new, at = self._active, active(config), self.clock()

        def job(db: store.Database) -> None:
            maintenance.sync(db, config, at)
            evaluate.adopt(db, new, at)
            self._active = new  # here, so that rows and configuration change between two jobs

        try:
            self.store.write(job, wait=120.0)
        except BaseException:
            self._active = old
            raise
        self.reload_error, self.reloaded = None, at
        self.is_owed.set()

    # ---- maintenance windows, by hand ----

    def add_maintenance(
        self,
        title: str,
        start: Instant,
        end: Instant,
        monitors: Iterable[str] | None = None,
        description: str = "",
    ) -> Maintenance:
        """A new window; None for monitors means all. Raises maintenance.Invalid."""
        tags = None if monitors is None else tuple(monitors)
        return self.store.write(
            lambda db: maintenance.create(
                db,
                self.config,
                self.clock(),
                title=title,
                start=start,
                end=end,
                monitors=tags,
                description=description,
            )
        )

    def maintenance(self, number: int) -> Maintenance | None:
        """One window with hidden monitors in it, for those who may write."""
        return store.maintenance(self.store.read(), number)

    def update_maintenance(self, changed: Maintenance) -> Maintenance | None:
        """The window as changed; None if it is not there. Raises maintenance.Invalid, Refused."""
        return self.store.write(lambda db: maintenance.update(db, self.config, changed, self.clock()))

    def cancel_maintenance(self, number: int) -> Maintenance | None:
        """The window, cancelled; None if it is not there. Raises maintenance.Refused."""
        return self.store.write(lambda db: maintenance.cancel(db, number, self.clock()))

    # ---- what answers may be kept ----

    def version(self, with_heartbeats: bool) -> object:
        """Equal as long as nothing has changed that visitors see, but for the time."""
        return self.store.version(), self._heard if with_heartbeats else None

    def holds_until(self) -> Instant:
        """The next instant at which time alone changes what visitors see.

        That is the full minute at the latest, for lengths and shares grow: so midnight is one too.
        """
        with self.store.snapshot() as db:
            return board.holds_until(db, self.clock())

    # ---- facts out ----

    def board(self) -> Board:
        with self.store.snapshot() as db:
            return board.board(db, self.config, self.clock())

    def present_board(self) -> Board:
        """The same without uptime and days, which take most of the time."""
        with self.store.snapshot() as db:
            return board.board(db, self.config, self.clock(), with_figures=False)

    def public_names(self) -> Mapping[str, str]:
        """The names of the public monitors by tag, in the order of the file."""
        return board.names(self.config)

    def monitor_views(self) -> list[MonitorView]:
        """The public monitors in the order of the file."""
        with self.store.snapshot() as db:
            return board.monitor_views(db, self.config, board.public_monitors(self.config), self.clock())

    def published(self) -> Published:
        """Everything that programs are told, out of one look."""
        with self.store.snapshot() as db:
            return board.published(db, self.config, self.clock())

    def uptime_of(self, tag: str | None, length: Millis) -> Uptime:
        """The time per status within the last `length`: of one public monitor, or of all together."""
        at = self.clock()
        with self.store.snapshot() as db:
            return board.uptime_of(db, self.config, tag, at - length, at)

    def telemetry(self, with_hidden: bool = False) -> Telemetry:
        """What a program that watches this server is told; hidden monitors only on demand."""
        at = self.clock()
        with self.store.snapshot() as db:
            return board.telemetry(db, self.config, at, self.store.size(), with_hidden)

    def overall(self) -> Overall:
        """The state of everything in one word."""
        with self.store.snapshot() as db:
            return board.overall_now(db, self.config, self.clock())

    def present(self, tag: str) -> tuple[Monitor, Status | None] | None:
        """A public monitor and what it is now, None if nobody can tell; None if there is no such monitor."""
        with self.store.snapshot() as db:
            return board.present_view(db, self.config, tag, self.clock())

    def monitor_view(self, tag: str) -> MonitorView | None:
        with self.store.snapshot() as db:
            return board.monitor_view(db, self.config, tag, self.clock())

    def monitor_page(self, tag: str, month: str | None = None) -> MonitorPage | None:
        with self.store.snapshot() as db:
            return board.monitor_page(db, self.config, tag, self.clock(), month)

    def day_page(self, tag: str, date: str) -> DayPage | None:
        with self.store.snapshot() as db:
            return board.day_page(db, self.config, tag, date, self.clock())

    def incident_page(self, number: int) -> IncidentPage | None:
        with self.store.snapshot() as db:
            return board.incident_page(db, self.config, number, self.clock())

    def public_incident(self, number: int) -> Incident | None:
        """What that page tells of, without the page."""
        with self.store.snapshot() as db:
            return board.public_incident(db, self.config, number, self.clock())

    def incidents(self) -> tuple[Incident, ...]:
        """The public incidents of the time that history is kept for, newest first."""
        at = self.clock()
        with self.store.snapshot() as db:
            return board.incidents(db, self.config, at - self.config.retention.days * DAY, at)

    def all_incidents(self) -> tuple[Incident, ...]:
        """The same with drafts and hidden ones, for operators."""
        at = self.clock()
        with self.store.snapshot() as db:
            return incidents.listed(db, at, since=at - self.config.retention.days * DAY)

    def any_incident(self, number: int) -> Incident | None:
        """One incident, whoever may see it."""
        with self.store.snapshot() as db:
            return store.incident(db, number)

    def maintenances(self) -> tuple[Maintenance, ...]:
        """Public windows: running, of the next 60 days, of the last 90."""
        with self.store.snapshot() as db:
            return maintenance.listed(db, self.config, self.clock())

    def maintenance_page(self, number: int) -> MaintenancePage | None:
        with self.store.snapshot() as db:
            return board.maintenance_page(db, self.config, number, self.clock())

    def public_maintenance(self, number: int) -> Maintenance | None:
        """What that page tells of, without the page."""
        with self.store.snapshot() as db:
            return board.public_maintenance(db, self.config, number)

    def news(self, tag: str | None = None) -> News | None:
        """What feeds tell, of one monitor if named; None if there is no such public monitor."""
        with self.store.snapshot() as db:
            return board.news(db, self.config, self.clock(), tag)

    def timetable(self, tag: str | None = None) -> tuple[Maintenance, ...] | None:
        """What calendars tell, in the same way: public windows to come and of the last 90 days."""
        with self.store.snapshot() as db:
            return board.timetable(db, self.config, self.clock(), tag)

    def month_page(
        self, month: str | None = None, tag: str | None = None, group: str | None = None
    ) -> MonthPage | None:
        """One calendar month, "YYYY-MM" (the present one); None if there is no page of it."""
        with self.store.snapshot() as db:
            return board.month_page(db, self.config, self.clock(), month, tag, group)

    def uptime_table(self, until: str | None = None, columns: int | None = None) -> UptimeTable | None:
        """The public monitors by the last months up to `until`; None if nothing is known of that month."""
        with self.store.snapshot() as db:
            return board.uptime_table(db, self.config, self.clock(), until, columns)

    def about(self) -> About:
        return board.about(self.config)

    def trouble(self) -> str | None:
        """Why this server is not ready, for an operator; None if it is."""
        at = self.clock()
        found = (health.scheduler(self._marked, at), health.sender(self.sender_seen, at))
        return next((check.text for check in found if check.text), None)

    def checks(self) -> tuple[Check, ...]:
        """How the server itself does, part by part."""
        at = self.clock()
        return (
            health.scheduler(self._marked, at),
            health.sender(self.sender_seen, at),
            health.queue(self.store.read(), at),
            health.configuration(self.reload_error),
            *([health.export(self.export_error)] if self.config.export else []),
            health.database(self.store.size()),
        )

    def measured(self) -> Instant | None:
        """When the loop last recorded that it runs."""
        return store.last_alive(self.store.read())
