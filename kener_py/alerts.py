"""From what an evaluation found to alerts, incidents and what is owed to whom. Pure.

`plan` is reconciliation: given the rules and what is open, it returns what has to be so now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kener_py.messages import expectation, length, moment
from kener_py.model import (
    DAY,
    HOUR,
    SECOND,
    Alert,
    AlertStatus,
    Gap,
    Incident,
    IncidentState,
    Instant,
    Millis,
    Monitor,
    Notice,
    Rule,
    Severity,
    Site,
    State,
    Status,
)

OPENING = 0  # stands for the id of the incident that a plan opens, until the store has given it one

RETRY_FOR: Millis = DAY
_FIRST_RETRY: Millis = 10 * SECOND
_LONGEST_RETRY: Millis = HOUR

_RANK = {Severity.MINOR: 0, Severity.MAJOR: 1, Severity.CRITICAL: 2}
_TROUBLE = {Status.DEGRADED: "degraded", Status.DOWN: "down"}


@dataclass(frozen=True, slots=True)
class Look:
    """One evaluation of one monitor, with what alerts need to know about it."""

    monitor: Monitor
    state: State
    at: Instant
    trouble_since: Instant | None  # start of the stretch that is not UP, if it is not UP
    absences: tuple[Gap, ...] = ()  # when no loop ran, lately


@dataclass(frozen=True, slots=True)
class Closing:
    """The end of an incident: an update in the past tense and the moment that things were well."""

    text: str
    resolved: Instant


@dataclass(frozen=True, slots=True)
class Plan:
    alerts: tuple[Alert, ...] = ()  # to be inserted or updated
    dropped: tuple[Alert, ...] = ()  # pending ones that came to nothing
    opening: Incident | None = None  # to be inserted; its id replaces OPENING
    text: str = ""  # the update that comes with opening or worsening
    worsening: Incident | None = None  # the open one, as it is from now on
    closing: Closing | None = None  # of the open one
    notices: tuple[tuple[Notice, tuple[str, ...]], ...] = ()  # and to whom: as the rules' notifiers
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
    return max(end for end in (*ends, 0) if end <= look.at + longest)


def _step(rule: Rule, alert: Alert | None, look: Look) -> Alert | None:
    """The alert after this evaluation; None if there is none."""
    state = look.state
    if state.status is Status.NO_DATA:
        return alert
    if fails(rule, state.status):
        if alert is None:
            started = state.since if rule.status is Status.DOWN else look.trouble_since
            alert = Alert(
                None,
                rule.name,
                look.monitor.tag,
                AlertStatus.PENDING,
                look.at if started is None else started,
                rule.severity,
            )
        alert = replace(
            alert,
            started=min(alert.started, look.at),  # a clock that was set back
            failures=alert.failures + 1,
            successes=0,
            recovered=None,
        )
        if alert.status is AlertStatus.TRIGGERED:
            return alert
        is_reported = fails(rule, state.reported)  # no flicker, so no counting and no waiting
        is_due = alert.failures >= rule.failure_threshold and look.at >= quiet_until(look)
        if is_reported or is_due:
            alert = replace(alert, status=AlertStatus.TRIGGERED, triggered=look.at, told=rule.notifiers)
        return alert
    if alert is None or alert.status is AlertStatus.PENDING:
        return None
    recovered = alert.recovered if alert.recovered is not None else state.since
    alert = replace(alert, successes=alert.successes + 1, recovered=recovered)
    if alert.successes >= rule.success_threshold:
        alert = replace(alert, status=AlertStatus.RESOLVED, resolved=look.at)
    return alert


def _is_counting(alert: Alert) -> bool:
    return alert.status is AlertStatus.PENDING or (
        alert.status is AlertStatus.TRIGGERED and alert.successes > 0
    )


def _notice(rule: Rule, alert: Alert, look: Look) -> Notice:
    state = look.state
    missed = [gap for gap in look.absences if state.last is None or state.last < gap.ended <= look.at]
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
        away=missed[-1] if missed else None,
    )


def plan(
    look: Look,
    rules: Sequence[Rule],
    standing: Mapping[str, Alert],
    incident: Incident | None,
    site: Site,
) -> Plan:
    """What follows from one evaluation.

    `rules` are those about this monitor, `standing` its PENDING and TRIGGERED alerts by rule, and
    `incident` the open one that was made for it.
    """
    after_all: list[Alert] = []
    saved: list[Alert] = []
    dropped: list[Alert] = []
    owed: list[tuple[Notice, tuple[str, ...]]] = []
    opening, worsening = None, incident
    for rule in rules:
        before = standing.get(rule.name)
        after = _step(rule, before, look)
        if after is None:
            if before is not None:
                dropped.append(before)
            continue
        if after == before:
            after_all.append(after)
            continue
        is_news = before is None or before.status is not after.status
        if is_news and after.status is AlertStatus.TRIGGERED and rule.create_incident:
            if worsening is None:
                opening = _opening(after, look, opening)
            else:
                worsening = _worse(worsening, after, look)
            after = replace(after, incident=OPENING if worsening is None else worsening.id)
        after_all.append(after)
        saved.append(after)
        if is_news and after.status is not AlertStatus.PENDING:
            owed.append((_notice(rule, after, look), after.told))
    is_worse = worsening != incident
    return Plan(
        alerts=tuple(saved),
        dropped=tuple(dropped),
        opening=opening,
        worsening=worsening if is_worse else None,
        text=_cause(look, rules, site) if opening or is_worse else "",
        closing=_closing(look, rules, after_all, incident),
        notices=tuple(owed),
        is_counting=any(_is_counting(alert) for alert in after_all),
    )


def _title(look: Look) -> str:
    return f"{look.monitor.name} is {_TROUBLE[look.state.status]}"


def _opening(alert: Alert, look: Look, earlier: Incident | None) -> Incident:
    if earlier is not None:  # two rules at once: one incident, the earlier start, the worse severity
        severity = max(earlier.severity, alert.severity, key=_RANK.__getitem__)
        return replace(earlier, severity=severity, started=min(earlier.started, alert.started))
    return Incident(
        id=None,
        title=_title(look),
        state=IncidentState.INVESTIGATING,
        severity=alert.severity,
        started=alert.started,
        created=look.at,
        opened_for=look.monitor.tag,
        is_public=not look.monitor.is_hidden,
        publish_at=look.at,
        monitors=(look.monitor.tag,),
    )


def _worse(incident: Incident, alert: Alert, look: Look) -> Incident:
    """The open incident when a further alert joins it: it may get graver, never milder."""
    severity = max(incident.severity, alert.severity, key=_RANK.__getitem__)
    is_down = look.state.status is Status.DOWN
    return replace(incident, severity=severity, title=_title(look) if is_down else incident.title)


def _closing(
    look: Look, rules: Sequence[Rule], alerts: Sequence[Alert], incident: Incident | None
) -> Closing | None:
    """Whether the open incident is over: no alert holds it, and none is about to."""
    if incident is None:
        return None
    linked = [alert for alert in alerts if alert.incident == incident.id]
    if any(alert.status is AlertStatus.TRIGGERED for alert in linked):
        return None
    status = look.state.status
    if any(rule.create_incident and fails(rule, status) for rule in rules):
        return None
    if not linked and status in _TROUBLE:
        return Closing("No alert rule asks for this incident any more.", max(look.at, incident.started))
    recovered = max((alert.recovered for alert in linked if alert.recovered is not None), default=None)
    resolved = max(recovered or look.state.since or look.at, incident.started)
    return Closing(f"Resolved after {length(resolved - incident.started)}.", resolved)


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


def retry_at(created: Instant, attempts: int, at: Instant, jitter: float) -> Instant | None:
    """When a delivery that failed `attempts` times is tried again; None when its day is over.

    Waits double from 10 seconds to an hour; `jitter` in [0, 1) stretches each by up to a quarter.
    """
    wait = min(_FIRST_RETRY * 2 ** min(attempts - 1, 20), _LONGEST_RETRY)
    due = at + int(wait * (1 + jitter / 4))
    return due if due < created + RETRY_FOR else None


# ---- words of incidents ----------------------------------------------------------------------


def _cause(look: Look, rules: Sequence[Rule], site: Site) -> str:
    state = look.state
    if state.reported in _TROUBLE:
        text = f"The job reported that it is {_TROUBLE[state.reported]}."
    else:
        last = "never" if state.last is None else moment(state.last, site.timezone)
        text = f"Expected {expectation(state.limits)}. The last heartbeat came at {last}."
    notes = [rule.description for rule in rules if rule.description and fails(rule, state.status)]
    return "\n\n".join([text, *notes])
