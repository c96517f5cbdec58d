"""One look at one monitor, written down: status, alerts, incident and what is owed, in one transaction.

Everything here runs inside a job of the writer.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace

from kener_py import alerts, diagnosis, status, store
from kener_py.model import (
    Alert,
    AlertStatus,
    Delivery,
    DeliveryStatus,
    Gap,
    Heartbeat,
    Instant,
    Limits,
    Monitor,
    Notice,
    State,
    Status,
)
from kener_py.service import maintenance
from kener_py.service.active import Active, tick_of

_DIAGNOSED = 20  # heartbeats
_MOST_KNOWN = 20_000  # states in memory, about 1 kB each
_SHORT = 500  # characters of a message that may be kept there


def _due(state: State) -> Instant | None:
    return 0 if state.is_counting else status.due(state)


def _save(db: store.Database, state: State) -> None:
    store.save_state(db, state, _due(state))


def _owe(db: store.Database, active: Active, notice: Notice, addresses: Sequence[str]) -> None:
    known = (active.target(*address.split(" ", 1)) for address in addresses)
    for target in dict.fromkeys(target for target in known if target is not None):
        batch = active.config.incidents.batch
        delivery = Delivery(
            id=uuid.uuid4().hex,
            notifier=target.notifier,
            target=target.fingerprint,
            status=DeliveryStatus.WAITING,
            created=notice.at,
            due=notice.at + batch,
            notices=(notice,),
        )
        if batch:
            store.batch_delivery(db, delivery)
        else:
            store.add_delivery(db, delivery)


def _diagnosis(db: store.Database, state: State, at: Instant) -> tuple[str, ...]:
    """What the log says about a silence."""
    arrivals = [beat.received for beat in store.beats(db, state.monitor, _DIAGNOSED)]
    rejections = [each for each in store.rejections(db) if each.monitor == state.monitor]
    return diagnosis.diagnose(state.limits, arrivals, rejections, state.last, at)


def _reconcile(
    db: store.Database,
    active: Active,
    monitor: Monitor,
    state: State,
    at: Instant,
    absences: tuple[Gap, ...],
) -> tuple[State, bool]:
    """Alerts, incident and deliveries made to agree with `state`; whether messages are owed."""
    rules = active.rules.get(monitor.tag, ())
    is_trouble = state.status in (Status.DEGRADED, Status.DOWN)
    standing = store.standing_alerts(db, monitor.tag)
    incident = store.open_incident_for(db, monitor.tag)
    if not standing and incident is None and not (rules and is_trouble):
        return replace(state, is_counting=False), False
    look = alerts.Look(
        monitor,
        state,
        at,
        trouble_since=store.trouble_since(db, monitor.tag) if is_trouble else None,
        absences=absences,
        lately=store.last_resolved_alerts(db, monitor.tag) if is_trouble else {},
        is_maintained=is_trouble and maintenance.running(db, monitor.tag, at) is not None,
        policy=active.config.incidents,
    )
    plan = alerts.plan(look, rules, standing, incident, active.config.site)

    opened: int | None = None
    if plan.opening is not None:
        opened = store.add_incident(db, plan.opening, plan.text)

    def known(number: int | None) -> int | None:
        return opened if number == alerts.OPENING else number

    if plan.reopening is not None:
        store.reopen_incident(db, plan.reopening, plan.text, at)
    if plan.worsening is not None:
        store.worsen_incident(db, plan.worsening, plan.text, at)
    ids = {
        alert.rule: store.save_alert(db, replace(alert, incident=known(alert.incident)))
        for alert in plan.alerts
    }
    for alert in plan.dropped:
        store.drop_alert(db, alert)
    if plan.closing is not None and incident is not None and incident.id is not None:
        store.resolve_incident(db, incident.id, plan.closing.resolved, plan.closing.text, at)
    for notice, addresses in plan.notices:
        notice = replace(
            notice,
            incident=known(notice.incident),
            alert=ids.get(notice.rule),
            diagnosis=_diagnosis(db, state, at) if is_trouble and state.reported is Status.UP else (),
        )
        _owe(db, active, notice, addresses)
    if not is_trouble:
        state = replace(state, snoozed_until=None)  # a snooze ends with the trouble that it was for
    return replace(state, is_counting=plan.is_counting), bool(plan.notices)


def show(
    db: store.Database,
    active: Active,
    monitor: Monitor,
    before: State,
    at: Instant,
    absences: tuple[Gap, ...],
) -> tuple[State, bool]:
    """Evaluate at `at` what `before` and its stored changes say; the state then, and if messages are owed."""
    state, silent = status.evaluate(before, at)
    store.add_changes(db, silent)
    store.show_changes(db, monitor.tag, at)
    state, is_owed = _reconcile(db, active, monitor, state, at, absences)
    _save(db, state)
    return state, is_owed


def look(db: store.Database, active: Active, tag: str, at: Instant, absences: tuple[Gap, ...]) -> bool:
    """One tick of one monitor; whether messages are owed."""
    monitor = active.config.monitors.get(tag)
    state = store.state(db, tag)
    if monitor is None or state is None:
        return False
    return show(db, active, monitor, state, at, absences)[1]


def receive(
    db: store.Database,
    active: Active,
    beats: Sequence[Heartbeat],
    absences: tuple[Gap, ...],
    known: dict[str, State],
) -> list[bool | None]:
    """Heartbeats kept, and judged at once where they are news.

    For each whether messages are owed; None if its monitor is not in the file. `known` has states as
    they are stored, by tag, and is kept up to date.
    """
    results: list[bool | None] = []
    fresh: list[tuple[Heartbeat, int]] = []  # with its number; not yet in the log
    heard: dict[str, State] = {}  # not yet saved
    for beat in beats:
        monitor = active.config.monitors.get(beat.monitor)
        if monitor is None:
            results.append(None)
            continue
        tag = beat.monitor
        before = heard.get(tag) or known.get(tag) or store.state(db, tag)
        if before is None:
            before = status.begin(tag, monitor.limits, beat.received)
            _save(db, before)
        state, changes = status.receive(before, beat)
        fresh.append((beat, state.beats))
        heard[tag] = state
        if changes:
            store.add_changes(db, changes)
        is_owed = False
        if beat.status is not Status.UP:
            _keep(db, active, fresh, heard, known)
            known[tag], is_owed = show(db, active, monitor, state, beat.received, absences)
        results.append(is_owed)
    _keep(db, active, fresh, heard, known)
    return results


def _keep(
    db: store.Database,
    active: Active,
    fresh: list[tuple[Heartbeat, int]],
    heard: dict[str, State],
    known: dict[str, State],
) -> None:
    """Write down what came, and remember the states if that takes little room."""
    if len(known) > _MOST_KNOWN:
        known.clear()
    for tag, state in heard.items():
        if len(state.message) <= _SHORT:
            known[tag] = state
        else:
            known.pop(tag, None)
    store.log_beats(db, fresh, active.config.retention.heartbeats)
    store.save_heard(db, [(state, _due(state)) for state in heard.values()])
    fresh.clear()
    heard.clear()


# ---- what an operator says -------------------------------------------------------------------


def acknowledge(db: store.Database, tag: str, at: Instant) -> int:
    """Somebody is on it: no reminders about what is TRIGGERED now. How many alerts that are."""
    triggered = [
        alert for alert in store.standing_alerts(db, tag).values() if alert.status is AlertStatus.TRIGGERED
    ]
    for alert in triggered:
        store.save_alert(db, replace(alert, acknowledged=at))
    return len(triggered)


def snooze(db: store.Database, tag: str, until: Instant) -> bool:
    """No message of trouble about this monitor before `until`, or its recovery; False if unknown."""
    state = store.state(db, tag)
    if state is None:
        return False
    _save(db, replace(state, snoozed_until=until))
    return True


# ---- a new configuration ---------------------------------------------------------------------


def adopt(db: store.Database, active: Active, at: Instant) -> None:
    """Rows made to agree with the configuration: new tags, new limits, tags that went or came back."""
    states = store.states(db)
    ticks = store.ticks(db)
    for tag, monitor in active.config.monitors.items():
        before = states.get(tag)
        tick = tick_of(monitor)
        if before is None:
            _save(db, status.begin(tag, monitor.limits, at))
        elif before.limits != monitor.limits or ticks[tag] is None:
            state, changes = status.adopt(before, monitor.limits, at)
            if ticks[tag] is None:
                state = replace(state, quiet_until=at + monitor.limits.degraded_after)
            store.add_changes(db, changes)
            _save(db, state)
        if ticks.get(tag) != tick:
            store.set_tick(db, tag, tick)
        if monitor.is_hidden:  # for good: its tag may leave the file, and its name must not come back
            store.hide_incidents(db, tag)
    for tag, tick_before in ticks.items():
        if tick_before is not None and tag not in active.config.monitors:
            _retire(db, states[tag], at)
    for alert in store.all_standing_alerts(db):
        _end_if_gone(db, active, alert, at)
    store.look_at_all(db)


def _retire(db: store.Database, before: State, at: Instant) -> None:
    state, changes = status.retire(before, at)
    state, dated = status.evaluate(state, at)
    store.add_changes(db, (*changes, *dated))
    store.show_changes(db, state.monitor, at)
    _save(db, replace(state, is_counting=False))
    store.set_tick(db, state.monitor, None)
    incident = store.open_incident_for(db, state.monitor)
    if incident is not None and incident.id is not None:
        text = "This monitor was removed from the configuration."
        store.resolve_incident(db, incident.id, max(at, incident.started), text, at)


def _end_if_gone(db: store.Database, active: Active, alert: Alert, at: Instant) -> None:
    """End an alert that no rule covers any more, and tell those who heard of it."""
    if any(rule.name == alert.rule for rule in active.rules.get(alert.monitor, ())):
        return
    if alert.status is AlertStatus.PENDING:
        store.drop_alert(db, alert)
        return
    state = store.state(db, alert.monitor) or status.begin(alert.monitor, Limits(0, 0), at)
    monitor = active.config.monitors.get(alert.monitor)
    watched = monitor or Monitor(alert.monitor, alert.monitor, state.limits)
    ended, notice = alerts.removal(alert, watched, state, at)
    store.save_alert(db, ended)
    others = store.standing_alerts(db, alert.monitor).values()
    still_told = {address for other in others for address in other.told}
    _owe(db, active, notice, [address for address in alert.told if address not in still_told])
