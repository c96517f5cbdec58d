"""From what an evaluation found to alerts, incidents and what is owed to whom. Pure.

`plan` is reconciliation: given the rules and what is open, it returns what has to be so now.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kener_py.messages import expectation, length, moment
from kener_py.model import (
    Alert,
    AlertStatus,
    Gap,
    Incident,
    IncidentPolicy,
    IncidentState,
    IncidentUpdate,
    Instant,
    Monitor,
    Notice,
    Rule,
    Severity,
    Site,
    State,
    Status,
    quick,
    replace,
)

_RANK = {Severity.MINOR: 0, Severity.MAJOR: 1, Severity.CRITICAL: 2}
TROUBLE = {Status.DEGRADED: "degraded", Status.DOWN: "down"}  # in words


@quick
@dataclass(frozen=True, slots=True)
class Look:
    """One evaluation of one monitor, with what alerts need to know about it."""

    monitor: Monitor
    state: State
    at: Instant
    trouble_since: Instant | None  # start of the stretch that is not UP, if a rule is about that
    absences: tuple[Gap, ...] = ()  # when no loop ran, lately
    lately: Mapping[str, Alert] = field(default_factory=dict)  # the last one that resolved, by rule
    is_maintained: bool = False  # a maintenance window runs: silence is expected
    policy: IncidentPolicy = field(default_factory=IncidentPolicy)


Owed = tuple[Notice, tuple[str, ...]]  # what is said, and to whom: as the rules' notifiers


@dataclass(frozen=True, slots=True)
class Closing:
    """The end of an incident: an update in the past tense and the moment that things were well."""

    incident: int
    text: str
    resolved: Instant


@quick
@dataclass(frozen=True, slots=True)
class Plan:
    alerts: tuple[Alert, ...] = ()  # to be inserted or updated
    dropped: tuple[Alert, ...] = ()  # pending ones that came to nothing
    opening: Incident | None = None  # to be inserted
    reopening: int | None = None  # the incident of a relapse
    worsening: Incident | None = None  # the open one, as it is from now on
    text: str = ""  # the update that comes with opening, reopening or worsening
    closing: Closing | None = None  # of the open one
    notices: tuple[Owed, ...] = ()
    is_counting: bool = False


def fails(rule: Rule, status: Status) -> bool:
    """Whether the rule is about this status; DEGRADED means degraded or worse."""
    return status is Status.DOWN or status is rule.status


def quiet_until(look: Look) -> Instant:
    """Until when silence triggers nothing: after our own absence a job gets time to call again.

    As long as we were away, or the monitor's own "degraded after" if that is shorter.
    """
    longest = look.state.limits.degraded_after
    ends = [gap.ended + min(gap.ended - gap.started, longest) for gap in look.absences]
    ends.append(look.state.quiet_until or 0)
    # One that is further away comes from a clock that was ahead.
    return max([end for end in ends if end <= look.at + longest], default=0)


# ---- what an alert is ------------------------------------------------------------------------


def _step(rule: Rule, alert: Alert | None, look: Look, number: int) -> Alert | None:
    """The alert after this evaluation, with this id if it is new; None if there is none."""
    if look.state.status is Status.NO_DATA:
        return alert
    if fails(rule, look.state.status):
        return _failing(rule, alert, look, number)
    return _passing(rule, alert, look)


def _failing(rule: Rule, alert: Alert | None, look: Look, number: int) -> Alert | None:
    state = look.state
    is_triggered = alert is not None and alert.status is AlertStatus.TRIGGERED
    if look.is_maintained and not is_triggered:
        return alert  # neither counted nor forgotten: it is judged when the window has ended
    if alert is None:
        started = state.since if rule.status is Status.DOWN else look.trouble_since
        alert = Alert(
            number,
            rule.name,
            look.monitor.tag,
            AlertStatus.PENDING,
            look.at if started is None else started,
            look.monitor.severity or rule.severity,
        )
    failures = alert.failures + 1
    triggering: dict[str, Any] = {}
    if not is_triggered:
        is_reported = fails(rule, state.reported)  # no flicker, so no counting and no waiting
        if is_reported or (failures >= rule.failure_threshold and look.at >= quiet_until(look)):
            silent_until = _cooldown(rule, look)
            triggering = {"status": AlertStatus.TRIGGERED, "triggered": look.at, "silent_until": silent_until}
    return replace(
        alert,
        started=min(alert.started, look.at),  # a clock that was set back
        failures=failures,
        successes=0,
        recovered=None,
        **triggering,
    )


def _passing(rule: Rule, alert: Alert | None, look: Look) -> Alert | None:
    if alert is None or alert.status is AlertStatus.PENDING:
        return None
    recovered = alert.recovered if alert.recovered is not None else look.state.since
    alert = replace(alert, successes=alert.successes + 1, recovered=recovered)
    if alert.successes >= rule.success_threshold:
        alert = replace(alert, status=AlertStatus.RESOLVED, resolved=look.at)
    return alert


def _cooldown(rule: Rule, look: Look) -> Instant | None:
    """Until when a relapse is silent; None if this is none.

    It counts from the end that people were told, so that a flapping job is not silent for ever.
    """
    last = look.lately.get(rule.name)
    if last is None or last.resolved is None:
        return None
    until = last.resolved + rule.cooldown if last.said is not None else last.silent_until or 0
    return until if last.resolved <= look.at < until else None


# ---- what people are told --------------------------------------------------------------------


def _say(rule: Rule, alert: Alert, look: Look) -> tuple[Alert, Notice | None]:
    """Whether this evaluation is worth a message: news, something worse, a reminder, or the end."""
    if alert.status is AlertStatus.RESOLVED:
        return alert, None if alert.said is None else _notice(rule, alert, look)
    status = look.state.status
    if alert.status is AlertStatus.PENDING or not fails(rule, status):
        return alert, None
    if look.is_maintained or look.at < max(look.state.snoozed_until or 0, alert.silent_until or 0):
        return alert, None
    is_worse = alert.said is Status.DEGRADED and status is Status.DOWN
    is_reminder = not is_worse and _is_reminder_due(rule, alert, look.at)
    if not (alert.said is None or is_worse or is_reminder):
        return alert, None
    told = rule.notifiers if alert.said is None else alert.told
    worst = Status.DOWN if Status.DOWN in (status, alert.said) else status
    alert = replace(alert, said=worst, reminded=look.at, told=told)
    return alert, _notice(rule, alert, look, is_reminder)


def _is_reminder_due(rule: Rule, alert: Alert, at: Instant) -> bool:
    if rule.remind_every is None or alert.reminded is None or alert.acknowledged is not None:
        return False
    return at - alert.reminded >= rule.remind_every


def _notice(rule: Rule, alert: Alert, look: Look, is_reminder: bool = False) -> Notice:
    state = look.state
    away = next((gap for gap in reversed(look.absences) if gap.ended <= look.at), None)
    return Notice(
        kind=alert.status,
        monitor=look.monitor.tag,
        name=look.monitor.name,
        status=state.status,
        severity=alert.severity,
        rule=rule.name,
        since=alert.started,
        at=look.at,
        expected=expectation(state.limits),
        recovered=alert.recovered,
        last=state.last,
        message=state.message,
        description=rule.description,
        incident=alert.incident,
        away=away if away is not None and (state.last is None or state.last < away.ended) else None,
        is_reminder=is_reminder,
        alert=alert.id,
    )


def _once(owed: Sequence[Owed], before: Collection[Alert], after: Iterable[Alert]) -> tuple[Owed, ...]:
    """Each address hears of one monitor once, the gravest; and of the end when all has ended."""
    if len(owed) < 2 and not before:  # nearly always, and when everything fails at once
        return tuple(each for each in owed if each[1])
    standing = [alert for alert in after if alert.status is AlertStatus.TRIGGERED]
    still_told = {address for alert in standing for address in alert.told}
    knows = {(address, alert.said) for alert in before for address in alert.told}
    heard: set[tuple[AlertStatus, str]] = set()
    kept = []
    for notice, addresses in sorted(owed, key=lambda each: (-_RANK[each[0].severity], each[0].since)):
        if notice.kind is AlertStatus.RESOLVED:
            old = still_told
        elif notice.is_reminder:
            old = set()
        else:  # another rule has said so, or said worse, and it is not over
            old = {address for address, said in knows if said in (notice.status, Status.DOWN)}
        rest = tuple(a for a in addresses if a not in old and (notice.kind, a) not in heard)
        heard.update((notice.kind, address) for address in rest)
        if rest:
            kept.append((notice, rest))
    return tuple(kept)


# ---- the plan --------------------------------------------------------------------------------


def _needs_every_tick(rule: Rule, alert: Alert) -> bool:
    if alert.status is AlertStatus.TRIGGERED:
        return alert.successes > 0 or alert.said is None or rule.remind_every is not None
    return alert.status is AlertStatus.PENDING


def plan(
    look: Look,
    rules: Sequence[Rule],
    standing: Mapping[str, Alert],
    incident: Incident | None,
    site: Site,
    next_incident: int = 1,
    next_alert: int = 1,
) -> Plan:
    """What follows from one evaluation: maintenance, open incident, cooldown, creation, in this order.

    `rules` are those about this monitor, `standing` its PENDING and TRIGGERED alerts by rule, and
    `incident` the open one that was made for it. What is new gets the next ids.
    """
    after_all: list[Alert] = []
    saved: list[Alert] = []
    dropped: list[Alert] = []
    owed: list[Owed] = []
    opening, reopening, worsening = None, None, incident
    is_counting = look.is_maintained and any(fails(rule, look.state.status) for rule in rules)
    for rule in rules:
        before = standing.get(rule.name)
        after = _step(rule, before, look, next_alert)
        if after is None:
            if before is not None:
                dropped.append(before)
            continue
        next_alert += before is None
        is_new = after.status is AlertStatus.TRIGGERED and (
            before is None or before.status is not AlertStatus.TRIGGERED
        )
        if is_new and rule.create_incident:
            if worsening is not None:
                worsening = _worse(worsening, after, look)
            elif reopening is None and opening is None and after.silent_until is not None:
                reopening = look.lately[rule.name].incident
            if worsening is None and reopening is None:
                opening = _opening(after, look, opening, next_incident)
            number = reopening if worsening is None else worsening.id
            after = replace(after, incident=next_incident if number is None else number)
        after, notice = _say(rule, after, look)
        if notice is not None:
            if worsening is not None and after.incident == worsening.id:
                worsening = _worse(worsening, after, look)
            owed.append((notice, after.told))
        after_all.append(after)
        if after != before:
            saved.append(after)
        is_counting = is_counting or _needs_every_tick(rule, after)
    is_worse = worsening != incident
    return Plan(
        alerts=tuple(saved),
        dropped=tuple(dropped),
        opening=opening,
        reopening=reopening,
        worsening=worsening if is_worse else None,
        text=_cause(look, rules, site) if opening or reopening or is_worse else "",
        closing=_closing(look, rules, after_all, incident),
        notices=_once(owed, standing.values(), after_all),
        is_counting=is_counting,
    )


def updates(plan: Plan, at: Instant) -> Iterator[IncidentUpdate]:
    """What is said of incidents with a plan."""
    for about in (plan.opening, plan.worsening):
        if about is not None and about.id is not None:
            yield IncidentUpdate(None, about.id, about.state, plan.text, at)
    if plan.reopening is not None:
        yield IncidentUpdate(None, plan.reopening, IncidentState.INVESTIGATING, plan.text, at)
    if plan.closing is not None:
        yield IncidentUpdate(None, plan.closing.incident, IncidentState.RESOLVED, plan.closing.text, at)


def _title(look: Look) -> str:
    return f"{look.monitor.name} is {TROUBLE[look.state.status]}"


def _opening(alert: Alert, look: Look, earlier: Incident | None, number: int) -> Incident:
    if earlier is not None:  # two rules at once: one incident, the earlier start, the worse severity
        severity = max(earlier.severity, alert.severity, key=_RANK.__getitem__)
        return replace(earlier, severity=severity, started=min(earlier.started, alert.started))
    publish_at: Instant | None = look.at
    if look.policy.draft:
        after = look.policy.auto_publish_after
        publish_at = None if after is None else look.at + after
    return Incident(
        id=number,
        title=_title(look),
        state=IncidentState.INVESTIGATING,
        severity=alert.severity,
        started=alert.started,
        created=look.at,
        opened_for=look.monitor.tag,
        is_public=not look.monitor.is_hidden,
        publish_at=publish_at,
        monitors=(look.monitor.tag,),
    )


def _worse(incident: Incident, alert: Alert, look: Look) -> Incident:
    """The open incident when a further alert joins it, or is worse: it gets graver, never milder."""
    severity = max(incident.severity, alert.severity, key=_RANK.__getitem__)
    is_down = look.state.status is Status.DOWN
    return replace(incident, severity=severity, title=_title(look) if is_down else incident.title)


def _closing(
    look: Look, rules: Sequence[Rule], alerts: Sequence[Alert], incident: Incident | None
) -> Closing | None:
    """Whether the open incident is over: no alert holds it, and none is about to."""
    if incident is None or incident.id is None:
        return None
    linked = [alert for alert in alerts if alert.incident == incident.id]
    if any(alert.status is AlertStatus.TRIGGERED for alert in linked):
        return None
    status = look.state.status
    if any(rule.create_incident and fails(rule, status) for rule in rules):
        return None
    if not linked and status in TROUBLE:
        text = "No alert rule asks for this incident any more."
        return Closing(incident.id, text, max(look.at, incident.started))
    recovered = max((alert.recovered for alert in linked if alert.recovered is not None), default=None)
    resolved = max(recovered or look.state.since or look.at, incident.started)
    return Closing(incident.id, f"Resolved after {length(resolved - incident.started)}.", resolved)


def removal(alert: Alert, monitor: Monitor, state: State, at: Instant) -> tuple[Alert, Notice]:
    """The end of a TRIGGERED alert whose monitor or rule is no longer in the file."""
    ended = replace(alert, status=AlertStatus.RESOLVED, resolved=at)
    notice = Notice(
        kind=AlertStatus.RESOLVED,
        monitor=monitor.tag,
        name=monitor.name,
        status=state.status,
        severity=alert.severity,
        rule=alert.rule,
        since=alert.started,
        at=at,
        expected=expectation(state.limits),
        last=state.last,
        incident=alert.incident,
        is_removed=True,
    )
    return ended, notice


# ---- words of incidents ----------------------------------------------------------------------


def _cause(look: Look, rules: Sequence[Rule], site: Site) -> str:
    state = look.state
    if state.reported in TROUBLE:
        text = f"The job reported that it is {TROUBLE[state.reported]}."
    else:
        last = "never" if state.last is None else moment(state.last, site.timezone)
        text = f"Expected {expectation(state.limits)}. The last heartbeat came at {last}."
    notes = [rule.description for rule in rules if rule.description and fails(rule, state.status)]
    return "\n\n".join([text, *notes])
