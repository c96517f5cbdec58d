"""A look at some monitors, written down: status, alerts, incidents and what is owed, in one transaction.

Everything here runs inside a job of the writer.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import count

from kener_py import alerts, diagnosis, status, store
from kener_py.model import (
    Alert,
    AlertStatus,
    Change,
    Delivery,
    DeliveryStatus,
    Gap,
    Heartbeat,
    Instant,
    Limits,
    Monitor,
    Notice,
    Rejection,
    State,
    Status,
    replace,
)
from kener_py.service.active import Active, Target, tick_of

_DIAGNOSED = 20  # heartbeats
_MOST_KNOWN = 20_000  # states in memory, about 1 kB each
_SHORT = 500  # characters of a message that may be kept there


def _due(state: State) -> Instant | None:
    return 0 if state.is_counting else status.due(state)


def _save(db: store.Database, states: Iterable[State]) -> None:
    store.save_states(db, [(state, _due(state)) for state in states])


# ---- what is owed ----------------------------------------------------------------------------


def _owe(db: store.Database, active: Active, owed: Iterable[alerts.Owed], at: Instant) -> None:
    """A message to each URL for each notice, or one for all of them where messages are batched."""
    batch = active.config.incidents.batch
    ids = _ids(at)
    wanted = [(target, notice) for notice, addresses in owed for target in _targets(active, addresses)]
    if not batch:
        store.add_deliveries(db, [_delivery(next(ids), target, (one,), at, at) for target, one in wanted])
        return
    together: dict[Target, list[Notice]] = {}
    for target, notice in wanted:
        together.setdefault(target, []).append(notice)
    for target, notices in together.items():
        store.batch_delivery(db, _delivery(next(ids), target, tuple(notices), at, at + batch))


def _ids(at: Instant) -> Iterator[str]:
    """For deliveries. What is written together lies together in an index, which random ids would not."""
    start = f"{at:012x}{secrets.token_hex(7)}"
    return (f"{start}{number:06x}" for number in count())


def _targets(active: Active, addresses: Iterable[str]) -> Iterable[Target]:
    """Where messages to these addresses go now, each once."""
    known = (active.target(*address.split(" ", 1)) for address in addresses)
    return dict.fromkeys(target for target in known if target is not None)


def _delivery(id: str, target: Target, notices: tuple[Notice, ...], at: Instant, due: Instant) -> Delivery:
    return Delivery(
        id=id,
        notifier=target.notifier,
        target=target.fingerprint,
        status=DeliveryStatus.WAITING,
        created=at,
        due=due,
        notices=notices,
    )


def _diagnosed(
    db: store.Database, states: Mapping[str, State], owed: Sequence[alerts.Owed], at: Instant
) -> list[alerts.Owed]:
    """The same notices, those about silence with what the log says about it."""
    silent = {
        notice.monitor
        for notice, _ in owed
        if notice.status in alerts.TROUBLE and states[notice.monitor].reported is Status.UP
    }
    if not silent:
        return list(owed)
    arrivals = store.arrivals(db, sorted(silent), _DIAGNOSED)
    turned_away: dict[str, list[Rejection]] = {tag: [] for tag in silent}
    for each in store.rejections(db, sorted(silent)):
        turned_away[each.monitor].append(each)
    causes = {
        tag: diagnosis.diagnose(states[tag].limits, arrivals[tag], turned_away[tag], states[tag].last, at)
        for tag in silent
    }
    return [
        (replace(notice, diagnosis=causes[notice.monitor]) if causes.get(notice.monitor) else notice, to)
        for notice, to in owed
    ]


# ---- one look --------------------------------------------------------------------------------


def _plans(
    db: store.Database, active: Active, states: Sequence[State], at: Instant, absences: tuple[Gap, ...]
) -> dict[str, alerts.Plan]:
    """What follows for each monitor that has an alert or an incident of its own, or should have one."""
    tags = [state.monitor for state in states]
    standing, incidents = store.standing_alerts(db, tags), store.open_incidents_for(db, tags)
    failing = [
        state.monitor
        for state in states
        if any(alerts.fails(rule, state.status) for rule in active.rules.get(state.monitor, ()))
    ]
    if not (standing or incidents or failing):
        return {}
    late = [tag for tag in failing if any(rule.status is Status.DEGRADED for rule in active.rules[tag])]
    trouble_since, lately = store.trouble_since(db, late), store.last_resolved_alerts(db, failing)
    maintained = store.maintained(db, failing, at)
    next_incident, next_alert = store.next_incident(db), store.next_alert(db)
    concerned = {*standing, *incidents, *failing}
    plans: dict[str, alerts.Plan] = {}
    for state in states:
        tag = state.monitor
        if tag not in concerned:
            continue
        look = alerts.Look(
            active.config.monitors[tag],
            state,
            at,
            trouble_since.get(tag),
            absences,
            lately.get(tag, {}),
            tag in maintained,
            active.config.incidents,
        )
        rules, ours = active.rules.get(tag, ()), standing.get(tag, {})
        plan = alerts.plan(
            look, rules, ours, incidents.get(tag), active.config.site, next_incident, next_alert
        )
        next_incident += plan.opening is not None
        next_alert += sum(alert.rule not in ours for alert in plan.alerts)
        plans[tag] = plan
    return plans


def _write(db: store.Database, plans: Collection[alerts.Plan], at: Instant) -> None:
    """Make the rows of alerts and incidents what the plans say."""
    store.add_incidents(db, [plan.opening for plan in plans if plan.opening is not None])
    store.reopen_incidents(db, [plan.reopening for plan in plans if plan.reopening is not None])
    store.worsen_incidents(db, [plan.worsening for plan in plans if plan.worsening is not None])
    closings = [plan.closing for plan in plans if plan.closing is not None]
    store.resolve_incidents(db, [(closing.incident, closing.resolved) for closing in closings], at)
    store.add_updates(db, [update for plan in plans for update in alerts.updates(plan, at)])
    store.save_alerts(db, [alert for plan in plans for alert in plan.alerts])
    store.drop_alerts(db, [alert for plan in plans for alert in plan.dropped])


def show(
    db: store.Database, active: Active, before: Sequence[State], at: Instant, absences: tuple[Gap, ...]
) -> tuple[dict[str, State], bool]:
    """Evaluate at `at` what these states and their stored changes say.

    The states then by tag, and whether messages are owed.
    """
    evaluated = [status.evaluate(state, at) for state in before]
    store.add_changes(db, [change for _, silent in evaluated for change in silent])
    store.show_changes(db, [state.monitor for state in before], at)
    plans = _plans(db, active, [state for state, _ in evaluated], at, absences)
    _write(db, plans.values(), at)
    after = {state.monitor: _settled(state, plans.get(state.monitor)) for state, _ in evaluated}
    owed = [notice for plan in plans.values() for notice in plan.notices]
    _owe(db, active, _diagnosed(db, after, owed, at), at)
    _save(db, after.values())
    return after, bool(owed)


def _settled(state: State, plan: alerts.Plan | None) -> State:
    """The state with what follows for the next look."""
    is_counting = plan is not None and plan.is_counting
    # A snooze ends with the trouble that it was for.
    ends_snooze = plan is not None and state.snoozed_until is not None and state.status not in alerts.TROUBLE
    if is_counting is state.is_counting and not ends_snooze:
        return state
    return replace(state, is_counting=is_counting, snoozed_until=None if ends_snooze else state.snoozed_until)


def look(
    db: store.Database, active: Active, tags: Sequence[str], at: Instant, absences: tuple[Gap, ...]
) -> bool:
    """One tick of some monitors; whether messages are owed."""
    states = store.states_of(db, tags)
    known = [states[tag] for tag in tags if tag in states and tag in active.config.monitors]
    return show(db, active, known, at, absences)[1]


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
            _save(db, [before])
        state, changes = status.receive(before, beat)
        fresh.append((beat, state.beats))
        heard[tag] = state
        if changes:
            store.add_changes(db, changes)
        is_owed = False
        if beat.status is not Status.UP:
            _keep(db, active, fresh, heard, known)
            shown, is_owed = show(db, active, [state], beat.received, absences)
            known |= shown
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


def _standing(db: store.Database, tag: str) -> Collection[Alert]:
    return store.standing_alerts(db, [tag]).get(tag, {}).values()


def acknowledge(db: store.Database, tag: str, at: Instant) -> int:
    """Somebody is on it: no reminders about what is TRIGGERED now. How many alerts that are."""
    triggered = [alert for alert in _standing(db, tag) if alert.status is AlertStatus.TRIGGERED]
    store.save_alerts(db, [replace(alert, acknowledged=at) for alert in triggered])
    return len(triggered)


def snooze(db: store.Database, tag: str, until: Instant) -> bool:
    """No message of trouble about this monitor before `until`, or its recovery; False if unknown."""
    state = store.state(db, tag)
    if state is None:
        return False
    _save(db, [replace(state, snoozed_until=until)])
    return True


# ---- a new configuration ---------------------------------------------------------------------


def adopt(db: store.Database, active: Active, at: Instant) -> None:
    """Rows made to agree with the configuration: new tags, new limits, tags that went or came back."""
    states, ticks = store.states(db), store.ticks(db)
    saved: list[State] = []
    changes: list[Change] = []
    for tag, monitor in active.config.monitors.items():
        before = states.get(tag)
        if before is None:
            saved.append(status.begin(tag, monitor.limits, at))
        elif before.limits != monitor.limits or ticks[tag] is None:
            state, new = status.adopt(before, monitor.limits, at)
            if ticks[tag] is None:
                state = replace(state, quiet_until=at + monitor.limits.degraded_after)
            saved.append(state)
            changes += new
        if monitor.is_hidden:  # for good: its tag may leave the file, and its name must not come back
            store.hide_incidents(db, tag)
    store.add_changes(db, changes)
    _save(db, saved)
    wanted = {tag: tick_of(monitor) for tag, monitor in active.config.monitors.items()}
    store.set_ticks(db, [(tag, tick) for tag, tick in wanted.items() if ticks.get(tag) != tick])
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
    store.show_changes(db, [state.monitor], at)
    _save(db, [replace(state, is_counting=False)])
    store.set_ticks(db, [(state.monitor, None)])
    incident = store.open_incidents_for(db, [state.monitor]).get(state.monitor)
    if incident is not None and incident.id is not None:
        text = "This monitor was removed from the configuration."
        store.resolve_incident(db, incident.id, max(at, incident.started), text, at)


def _end_if_gone(db: store.Database, active: Active, alert: Alert, at: Instant) -> None:
    """End an alert that no rule covers any more, and tell those who heard of it."""
    if any(rule.name == alert.rule for rule in active.rules.get(alert.monitor, ())):
        return
    if alert.status is AlertStatus.PENDING:
        store.drop_alerts(db, [alert])
        return
    state = store.state(db, alert.monitor) or status.begin(alert.monitor, Limits(0, 0), at)
    monitor = active.config.monitors.get(alert.monitor)
    watched = monitor or Monitor(alert.monitor, alert.monitor, state.limits)
    ended, notice = alerts.removal(alert, watched, state, at)
    store.save_alerts(db, [ended])
    still_told = {address for other in _standing(db, alert.monitor) for address in other.told}
    _owe(db, active, [(notice, tuple(each for each in alert.told if each not in still_told))], at)
