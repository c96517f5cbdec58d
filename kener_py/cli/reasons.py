"""Why a monitor is what it is, from the database beside the server: facts, then words or fields for JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kener_py import diagnosis, maintenance, messages, status, store
from kener_py.model import (
    Alert,
    Config,
    Heartbeat,
    Incident,
    Instant,
    Maintenance,
    MaintenanceState,
    Monitor,
    Rejection,
    State,
    Status,
)
from kener_py.service import board, incidents
from kener_py.web import addresses
from kener_py.web.api import rfc3339

_SHOWN = 500  # characters of a message
_ARRIVALS = 20


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known of one monitor at `at`."""

    monitor: Monitor
    at: Instant
    zone: str
    state: State
    is_known: bool  # whether the server has ever had this monitor
    measured: Instant | None  # when a loop last said that it runs
    is_stale: bool
    beat: Heartbeat | None  # the last one, while the log has it
    rejections: tuple[Rejection, ...]
    strays: tuple[Rejection, ...]  # calls for tags that no monitor has
    window: Maintenance | None  # the one that runs
    alerts: tuple[Alert, ...]
    incidents: tuple[Incident, ...]  # that are open
    diagnosis: tuple[str, ...]
    url: str  # where to call, the secret masked

    @property
    def status(self) -> Status:
        """As people are shown it."""
        from kener_py.model import Status

        return self.state.status if self.window is None else Status.MAINTENANCE


def gather(db: store.Database, config: Config, monitor: Monitor, at: Instant) -> Facts:
    tag = monitor.tag
    stored = store.state(db, tag)
    state = stored or status.begin(tag, monitor.limits, at)
    beats = store.beats(db, tag, _ARRIVALS)
    rejections = store.rejections(db, [tag])
    windows = store.maintenances(db, at, at + 1, tag)
    measured = store.last_alive(db)
    call = f"/heartbeat/{tag}:***" if monitor.secret else f"/api/heartbeat/{tag}"
    return Facts(
        monitor=monitor,
        at=at,
        zone=config.site.timezone,
        state=state,
        is_known=stored is not None,
        measured=measured,
        is_stale=board.is_stale(measured, at),
        beat=beats[0] if beats else None,
        rejections=rejections,
        strays=store.rejections(db, [""]),
        window=next(
            (each for each in windows if maintenance.state(each, at) is MaintenanceState.ONGOING), None
        ),
        alerts=tuple(store.standing_alerts(db, [tag]).get(tag, {}).values()),
        incidents=tuple(each for each in store.incidents(db, at, tag) if each.resolved is None),
        diagnosis=diagnosis.diagnose(
            state.limits, [each.received for each in beats], rejections, state.last, at
        ),
        url=addresses.base(config) + call,
    )


# ---- for people ----------------------------------------------------------------------------------


def lines(facts: Facts) -> Iterator[str]:
    monitor, state = facts.monitor, facts.state
    named = f" ({monitor.name})" if monitor.name != monitor.tag else ""
    since = state.since if facts.window is None else facts.window.start
    after = f" since {_moment(facts, since)}" if since is not None else ""
    yield f"{monitor.tag}{named}: {facts.status}{after}{', hidden' if monitor.is_hidden else ''}"
    yield from (f"  {sentence}" for sentence in reasons(facts))
    yield f"  expected: {messages.expectation(state.limits)}; looked at by cron {monitor.cron}"
    yield from (f"  {text}" for text in _deadlines(facts))
    yield from (f"  {text}" for text in _last(facts))
    for each in facts.rejections:
        count = "1 call" if each.count == 1 else f"{each.count} calls"
        yield f"  turned away: {count}, {each.reason}, the latest {_moment(facts, each.last)}"
    for alert in facts.alerts:
        yield f"  alert: {_alert(facts, alert)}"
    if state.snoozed_until is not None and state.snoozed_until > facts.at:
        yield f"  snoozed until {_moment(facts, state.snoozed_until)}"
    for incident in facts.incidents:
        draft = ", a draft" if _is_draft(facts, incident) else ""
        yield f"  incident {incident.id}: {incident.state}, {_plain(incident.title)}{draft}"
    yield from (f"  diagnosis: {sentence}" for sentence in facts.diagnosis)
    yield from (f"  next: {text}" for text in _advice(facts))


def reasons(facts: Facts) -> Iterator[str]:
    """Why, in sentences; the first one says it."""
    state = facts.state
    if facts.is_stale:
        last = "never" if facts.measured is None else _moment(facts, facts.measured)
        yield f"No loop is running (the last tick: {last}): the page says that nothing is known."
    if facts.window is not None:
        end = _moment(facts, facts.window.end)
        yield f"Maintenance runs until {end}: {_plain(facts.window.title)}. Without it: {state.status}."
    if not facts.is_known:
        yield "The server has not seen this monitor yet: it has not read this file, or not started."
    elif state.last is None:
        yield "No heartbeat has ever come; until one does, no alert is made."
    elif state.status is Status.NO_DATA and state.head is not Status.NO_DATA:
        yield "The first heartbeat has come; the next look shows it."
    elif state.reported is not Status.UP and state.status is state.reported:
        yield f"The job itself said {state.reported}."
    elif state.status in (Status.DOWN, Status.DEGRADED):
        limits = state.limits
        limit = limits.down_after if state.status is Status.DOWN else limits.degraded_after
        silence = messages.length(_seconds(facts.at - state.last))
        if state.head is state.status:
            yield f"Nothing was heard for {silence}; the limit is {messages.length(limit)}."
    elif state.status is Status.UP:
        ago = messages.length(_seconds(facts.at - state.last))
        yield f"The last heartbeat came {ago} ago and said UP."
    now = status.literal(state, facts.at)
    if state.last is not None and now is not state.status and facts.is_known:
        yield f"By now it is {now}; the next look will show that."
    if facts.is_known and state.limits != facts.monitor.limits:
        yield "The server judges by other limits than the file has now: it has not read it since."


def _deadlines(facts: Facts) -> Iterator[str]:
    expected = status.next_expected(facts.state)
    if expected is not None:
        verb = "expected" if expected >= facts.at else "was expected"
        yield f"next heartbeat: {verb} by {_moment(facts, expected)}"
    for deadline, worse in status.deadlines(facts.state):
        verb = "turns" if deadline >= facts.at else "turned"
        yield f"without one it {verb} {worse} after {_moment(facts, deadline)}"


def _last(facts: Facts) -> Iterator[str]:
    if facts.state.last is None:
        return
    beat = facts.beat
    origin = f", {beat.method} from {beat.address or 'unknown'}" if beat is not None else ""
    agent = f" by {_plain(beat.user_agent)}" if beat is not None and beat.user_agent else ""
    yield f"last heartbeat: {facts.state.reported} at {_moment(facts, facts.state.last)}{origin}{agent}"
    if said := _plain(facts.state.message):
        yield f"it said: {said}"
    if beat is not None and beat.metrics:
        yield "its metrics: " + ", ".join(f"{_plain(name)} {value:g}" for name, value in beat.metrics)


def _alert(facts: Facts, alert: Alert) -> str:
    parts = [
        f"rule '{alert.rule}' {alert.status}, {alert.severity}, trouble since {_moment(facts, alert.started)}"
    ]
    if alert.triggered is None:
        parts.append(f"{alert.failures} looks have failed, nobody was told")
    elif alert.said is None:
        parts.append("nobody was told")
    if alert.acknowledged is not None:
        parts.append(f"acknowledged {_moment(facts, alert.acknowledged)}")
    return ", ".join(parts)


def _advice(facts: Facts) -> Iterator[str]:
    how = "" if facts.monitor.secret else " with an API key that may write heartbeats"
    if facts.is_stale:
        yield "start the server (kener-py serve), or see why its loop stands still"
    if not facts.is_known:
        yield "start the server, or see in its log whether it has refused the file"
    elif facts.state.last is None or (
        facts.state.reported is Status.UP and facts.state.status is not Status.UP
    ):
        yield f"let the job call {facts.url}{how} when it has succeeded"
        yield f"see whether the job runs; kener-py ping {facts.monitor.tag} shows whether a call arrives"
        if facts.strays:
            count = sum(each.count for each in facts.strays)
            latest = _moment(facts, max(each.last for each in facts.strays))
            calls = "1 call" if count == 1 else f"{count} calls"
            stray = f"{calls} named one that does not exist, the latest {latest}"
            yield f"compare the tag that the job uses: {stray}"
    elif facts.state.status in (Status.DOWN, Status.DEGRADED):
        yield f"see what the job reports; its next success, sent to {facts.url}{how}, ends it"


def _moment(facts: Facts, at: Instant) -> str:
    return messages.moment(at, facts.zone)


def _seconds(millis: int) -> int:
    """Without what is less than a second; a clock may have been set back."""
    return max(millis, 0) // 1_000 * 1_000


def _plain(text: str) -> str:
    """One line that a terminal prints as it stands."""
    line = " ".join(text.split())
    shown = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in line[:_SHOWN])
    return shown + ("…" if len(line) > _SHOWN else "")


def _is_draft(facts: Facts, incident: Incident) -> bool:
    return incidents.is_draft(incident, facts.at)


# ---- for programs --------------------------------------------------------------------------------


def fields(facts: Facts) -> dict[str, object]:
    state, beat, window = facts.state, facts.beat, facts.window
    return {
        "tag": facts.monitor.tag,
        "name": facts.monitor.name,
        "hidden": facts.monitor.is_hidden,
        "status": facts.status,
        "since": rfc3339(state.since if window is None else window.start),
        "status_now": status.literal(state, facts.at),
        "is_stale": facts.is_stale,
        "reasons": list(reasons(facts)),
        "expected": messages.expectation(state.limits),
        "cron": facts.monitor.cron,
        "next_expected": rfc3339(status.next_expected(state)),
        "deadlines": [
            {"status": worse, "after": rfc3339(deadline)} for deadline, worse in status.deadlines(state)
        ],
        "last_heartbeat": None
        if state.last is None
        else {
            "received": rfc3339(state.last),
            "reported": state.reported,
            "message": state.message,
            "metrics": dict(beat.metrics) if beat else {},
            "method": beat.method if beat else None,
            "address": beat.address if beat else None,
            "user_agent": beat.user_agent if beat else None,
        },
        "rejections": [
            {"reason": each.reason, "count": each.count, "last": rfc3339(each.last)}
            for each in facts.rejections
        ],
        "maintenance": None
        if window is None
        else {"id": str(window.id), "title": window.title, "end": rfc3339(window.end)},
        "alerts": [
            {
                "rule": each.rule,
                "status": each.status,
                "severity": each.severity,
                "started": rfc3339(each.started),
                "triggered": rfc3339(each.triggered),
                "acknowledged": rfc3339(each.acknowledged),
            }
            for each in facts.alerts
        ],
        "snoozed_until": rfc3339(state.snoozed_until),
        "incidents": [
            {"id": str(each.id), "title": each.title, "state": each.state, "draft": _is_draft(facts, each)}
            for each in facts.incidents
        ],
        "diagnosis": list(facts.diagnosis),
        "next": list(_advice(facts)),
        "url": facts.url,
    }
