"""Incidents by hand: what people may say, and what follows from it.

Everything here runs inside one transaction: a job of the writer, or `store.beside`.
"""

from __future__ import annotations

from collections.abc import Collection

from kener_py import store
from kener_py.model import (
    Config,
    Incident,
    IncidentState,
    IncidentUpdate,
    Instant,
    Severity,
    replace,
)
from kener_py.service import given
from kener_py.service.given import LONGEST_TEXT as LONGEST_TEXT
from kener_py.service.given import LONGEST_TITLE as LONGEST_TITLE
from kener_py.service.given import Forbidden as Forbidden
from kener_py.service.given import Refused as Refused
from kener_py.service.given import Unknown as Unknown

RESOLVED_TEXT = "This incident is resolved."


# ---- what is there ---------------------------------------------------------------------------


def _is_public(config: Config, tags: Collection[str]) -> bool:
    """False if it is about hidden monitors only: nobody may learn of them, now or later."""
    hidden = {tag for tag, monitor in config.monitors.items() if monitor.is_hidden}
    return not tags or not hidden.issuperset(tags)


def is_draft(incident: Incident, at: Instant) -> bool:
    return incident.publish_at is None or incident.publish_at > at


def found(db: store.Database, number: int) -> Incident:
    """The incident whoever may see it. Raises Unknown."""
    incident = store.incident(db, number)
    if incident is None:
        raise Unknown("id", "No incident has this id")
    return incident


def listed(
    db: store.Database,
    at: Instant,
    *,
    since: Instant = 0,
    only_open: bool = False,
    only_drafts: bool = False,
) -> tuple[Incident, ...]:
    """Incidents for operators, drafts and hidden ones included, newest first."""
    return tuple(
        each
        for each in store.incidents(db, since)
        if not (only_open and each.resolved is not None) and not (only_drafts and not is_draft(each, at))
    )


def is_within(incident: Incident, tags: Collection[str] | None) -> bool:
    """Whether it is about these monitors and no other; None stands for all there are."""
    return tags is None or (bool(incident.monitors) and set(incident.monitors) <= set(tags))


def check_within(incident: Incident, tags: Collection[str] | None) -> Incident:
    """The same incident. Raises Forbidden if it is about other monitors than `tags`."""
    if not is_within(incident, tags):
        raise Forbidden("monitors", "This API key is limited to other monitors")
    return incident


def _update_of(incident: Incident, update: int) -> IncidentUpdate:
    for each in incident.updates:
        if each.id == update:
            return each
    raise Unknown("update", "This incident has no update with this id")


# ---- what people do --------------------------------------------------------------------------


def create(
    db: store.Database,
    config: Config,
    title: str,
    text: str,
    at: Instant,
    *,
    state: IncidentState = IncidentState.INVESTIGATING,
    severity: Severity = Severity.MINOR,
    monitors: Collection[str] = (),
    started: Instant | None = None,
    resolved: Instant | None = None,
    is_draft: bool = False,
) -> Incident:
    """A new incident with its first update; times default to `at`."""
    problems = given.Problems()
    with problems.noted():
        title = given.title(title)
    with problems.noted():
        text = given.text(text)
    with problems.noted():
        monitors = given.tags(config, monitors)
    with problems.noted():
        started = at if started is None else given.past("started", started, at)
    with problems.noted():
        if resolved is not None and state is not IncidentState.RESOLVED:
            raise Refused("resolved", "goes with the state RESOLVED only")
        if state is IncidentState.RESOLVED:
            resolved = at if resolved is None else given.past("resolved", resolved, at)
            given.in_order(at if started is None else started, resolved)
    problems.tell()
    new = Incident(
        id=None,
        title=title,
        state=state,
        severity=severity,
        started=at if started is None else started,
        created=at,
        resolved=resolved,
        is_public=_is_public(config, monitors),
        publish_at=None if is_draft else at,
        monitors=tuple(monitors),
    )
    return found(db, store.add_incident(db, new, text))


def update(
    db: store.Database,
    number: int,
    text: str,
    at: Instant,
    *,
    state: IncidentState | None = None,
    created: Instant | None = None,
) -> Incident:
    """The incident with one more update, which is dated `created`.

    Its state is the state of its newest update. Without `state` the update changes nothing about it.
    """
    before = found(db, number)
    newest = before.updates[0].created if before.updates else before.started
    problems = given.Problems()
    with problems.noted():
        text = given.text(text)
    with problems.noted():
        if created is None:
            created = max(at, newest)  # a clock that was set back must not make it an old one
        else:
            _date(before, created, at)
            if created < newest and state is IncidentState.RESOLVED:
                raise Refused(
                    "state", "a newer update says otherwise; resolve it and give the time that it ended"
                )
    problems.tell()
    assert created is not None
    if state is None:
        state = before.state if created >= newest else _state_at(before, created)
    store.add_updates(db, [IncidentUpdate(None, number, state, text, created)])
    return _follow(db, before)


def _date(incident: Incident, created: Instant, at: Instant) -> None:
    given.past("created", created, at)
    if created < incident.started:
        raise Refused("created", "is before the incident started")


def _state_at(incident: Incident, at: Instant) -> IncidentState:
    """What the newest update until then said."""
    return next((each.state for each in incident.updates if each.created <= at), IncidentState.INVESTIGATING)


def _follow(db: store.Database, before: Incident) -> Incident:
    """The incident after a change of its updates: if another is the newest now, its state follows."""
    assert before.id is not None
    after = found(db, before.id)
    newest = after.updates[0]
    if before.updates and (before.updates[0].id, before.updates[0].state) == (newest.id, newest.state):
        return after
    if newest.state is not after.state:
        is_over = newest.state is IncidentState.RESOLVED
        if after.opened_for is not None and not is_over and after.resolved is not None:
            raise Refused(
                "state", "an alert opened this incident, and it is over; a new alert opens a new one"
            )
        after = replace(
            after, state=newest.state, resolved=max(newest.created, after.started) if is_over else None
        )
        store.save_incident(db, after)
    return after


def edit_update(
    db: store.Database,
    number: int,
    id: int,
    at: Instant,
    *,
    text: str | None = None,
    state: IncidentState | None = None,
    created: Instant | None = None,
) -> Incident:
    """The incident with one update said differently; what is None stays."""
    before = found(db, number)
    old = _update_of(before, id)
    problems = given.Problems()
    with problems.noted():
        text = old.text if text is None else given.text(text)
    with problems.noted():
        if created is not None:
            _date(before, created, at)
    problems.tell()
    store.save_update(
        db,
        replace(
            old,
            text=old.text if text is None else text,
            state=old.state if state is None else state,
            created=old.created if created is None else created,
        ),
    )
    return _follow(db, before)


def delete_update(db: store.Database, number: int, id: int) -> Incident:
    """The incident without one of its updates; the last one stays."""
    before = found(db, number)
    _update_of(before, id)
    if len(before.updates) == 1:
        raise Refused("update", "an incident keeps at least one update; delete the incident instead")
    store.delete_update(db, id)
    return _follow(db, before)


def publish(db: store.Database, number: int, at: Instant) -> Incident:
    """The incident, visible from now on; one that is visible already stays as it is."""
    before = found(db, number)
    if not before.is_public:
        raise Refused("id", "this incident is about hidden monitors, so nobody may see it")
    if is_draft(before, at):
        store.save_incident(db, replace(before, publish_at=at))
    return found(db, number)


def resolve(
    db: store.Database,
    number: int,
    at: Instant,
    text: str = RESOLVED_TEXT,
    *,
    resolved: Instant | None = None,
) -> Incident:
    """The incident, over since `resolved`. The alert that opened it, if one did, stays as it is."""
    before = found(db, number)
    problems = given.Problems()
    with problems.noted():
        text = given.text(text)
    with problems.noted():
        if before.resolved is not None:
            raise Refused("state", "it is resolved already")
        if resolved is not None:
            given.in_order(before.started, given.past("resolved", resolved, at))
    problems.tell()
    update(db, number, text, at, state=IncidentState.RESOLVED)
    ended = max(at, before.started) if resolved is None else resolved
    store.save_incident(db, replace(before, state=IncidentState.RESOLVED, resolved=ended))
    return found(db, number)


def edit(
    db: store.Database,
    config: Config,
    number: int,
    at: Instant,
    *,
    title: str | None = None,
    severity: Severity | None = None,
    monitors: Collection[str] | None = None,
    started: Instant | None = None,
    resolved: Instant | None = None,
) -> Incident:
    """The incident with some of its fields changed; what is None stays."""
    before = after = found(db, number)
    problems = given.Problems()
    if title is not None:
        with problems.noted():
            after = replace(after, title=given.title(title))
    if severity is not None:
        after = replace(after, severity=severity)
    if monitors is not None:
        with problems.noted():
            after = replace(after, monitors=given.tags(config, monitors, before.monitors))
            if before.opened_for is None:  # that of a hidden monitor stays hidden for good
                after = replace(after, is_public=_is_public(config, after.monitors))
    if started is not None:
        with problems.noted():
            after = replace(after, started=given.past("started", started, at))
            if any(each.created < started for each in before.updates):
                raise Refused("started", "is after the first update")
    if resolved is not None:
        with problems.noted():
            if before.resolved is None:
                raise Refused("resolved", "it is not resolved yet")
            after = replace(after, resolved=given.past("resolved", resolved, at))
    if after.resolved is not None:
        with problems.noted():
            given.in_order(after.started, after.resolved)
    problems.tell()
    store.save_incident(db, after)
    return after


def delete(db: store.Database, number: int) -> None:
    """Forget it and all that was said about it. Its id is never given again."""
    found(db, number)
    store.delete_incident(db, number)
