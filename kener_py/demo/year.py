"""A story written down as the rows that a server would have left: by the same rules, at the story's instants.

A job that calls in its rhythm changes nothing, so the calls between two events are not played, only counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from kener_py import status, store
from kener_py.demo.story import Story, Tale, Trouble, Window
from kener_py.model import (
    DAY,
    MINUTE,
    SECOND,
    Gap,
    Heartbeat,
    IncidentState,
    Instant,
    Limits,
    Millis,
    Status,
    replace,
)
from kener_py.service import evaluate, incidents, maintenance
from kener_py.service.active import Active

Event = tuple[Instant, Callable[[store.Database], object]]

_KEPT = 30  # calls in each job's log
_CLIENT = ("GET", "curl/8.5.0", "192.0.2.17")
_SYNCED_EVERY: Millis = 7 * DAY  # shorter than the windows of a plan are made ahead


def rhythm(limits: Limits) -> Millis:
    """How often the job calls."""
    return limits.interval or max(limits.degraded_after // 5, SECOND)


def write(db: store.Database, active: Active, story: Story, started: dict[str, Instant]) -> None:
    """Every row of the story. `started` has the first heartbeat of each job that was ever heard.

    Runs inside a job of the writer, on a database that was made just now.
    """
    evaluate.adopt(db, active, story.began)
    events = [*_lives(active, story, started), *_plans(active, story)]
    for trouble in story.troubles:
        if trouble.tag in started:
            events += _trouble(active, story, trouble)
    for tale in story.tales:
        events += _tale(active, tale)
    for window in story.windows:
        events += _window(active, window)
    for _, happen in sorted((each for each in events if each[0] <= story.at), key=lambda each: each[0]):
        happen(db)
    _bring_to_present(db, active, story, started)


# ---- ours ------------------------------------------------------------------------------------


def _lives(active: Active, story: Story, started: dict[str, Instant]) -> Iterator[Event]:
    """The loop's own life with its gaps, and the first heartbeat of each job."""
    long = 2 * (story.at - story.began)
    yield story.began, partial(store.mark_alive, at=story.began, joins_within=long)
    for gap in story.absences:
        yield gap.started, partial(store.mark_alive, at=gap.started, joins_within=long)
        yield gap.ended, partial(store.mark_alive, at=gap.ended, joins_within=status.SHORTEST_GAP)
        yield from _after_absence(active, story, gap, started)
    yield story.at, partial(store.mark_alive, at=story.at, joins_within=long)
    for tag, first in started.items():
        yield first, _call(active, story, Heartbeat(tag, first, Status.UP, "", (), *_CLIENT))
        yield _minute_after(first), _look(active, story, tag, _minute_after(first))


def _after_absence(active: Active, story: Story, gap: Gap, started: dict[str, Instant]) -> Iterator[Event]:
    """Calls were refused meanwhile, and tried again: who would be late is heard at once."""
    for tag, first in started.items():
        limits = active.config.monitors[tag].limits
        if first < gap.started and gap.ended - gap.started > limits.degraded_after:
            yield gap.started, partial(_keep_calling, tag=tag, until=gap.started - SECOND)
            yield gap.ended, _call(active, story, Heartbeat(tag, gap.ended, Status.UP, "", (), *_CLIENT))
            yield _minute_after(gap.ended), _look(active, story, tag, _minute_after(gap.ended))


def _plans(active: Active, story: Story) -> Iterator[Event]:
    for at in range(story.began, story.at, _SYNCED_EVERY):
        yield at, partial(maintenance.sync, config=active.config, at=at)


# ---- jobs ------------------------------------------------------------------------------------


def _minute_after(at: Instant) -> Instant:
    return (at // MINUTE + 1) * MINUTE


def _look(active: Active, story: Story, tag: str, at: Instant) -> Callable[[store.Database], object]:
    lately = tuple(gap for gap in story.absences if gap.ended <= at)
    return lambda db: evaluate.look(db, active, [tag], at, lately)


def _call(active: Active, story: Story, beat: Heartbeat) -> Callable[[store.Database], object]:
    lately = tuple(gap for gap in story.absences if gap.ended <= beat.received)
    return lambda db: evaluate.receive(db, active, [beat], lately, {})


def _keep_calling(db: store.Database, tag: str, until: Instant) -> None:
    """The job called in its rhythm until then, and said what it had said before."""
    state = store.state(db, tag)
    if state is None or state.last is None or state.last >= until or state.head is not state.reported:
        return
    calls = max((until - state.last) // rhythm(state.limits), 1)
    state = replace(state, last=until, beats=state.beats + calls)
    store.save_states(db, [(state, 0 if state.is_counting else status.due(state))])


def _trouble(active: Active, story: Story, trouble: Trouble) -> Iterator[Event]:
    tag, started, ended = trouble.tag, trouble.started, trouble.ended
    limits = active.config.monitors[tag].limits
    if trouble.reported is None:
        last = started - limits.down_after
        yield last, partial(_keep_calling, tag=tag, until=last)
        for deadline in (last + limits.degraded_after, started):
            yield _minute_after(deadline), _look(active, story, tag, _minute_after(deadline))
    else:
        beat = Heartbeat(tag, started, trouble.reported, trouble.message, (), *_CLIENT)
        yield started, partial(_keep_calling, tag=tag, until=started - SECOND)
        yield started, _call(active, story, beat)
    if trouble.title:
        yield _minute_after(started) + MINUTE, partial(_rename, active, trouble)
    for said in trouble.said:
        at = started + said.after
        yield at, partial(_comment, tag=tag, at=at, state=said.state, text=said.text)
    if ended is not None:
        yield ended, partial(_keep_calling, tag=tag, until=ended - SECOND)
        yield ended, _call(active, story, Heartbeat(tag, ended, Status.UP, "", (), *_CLIENT))
        yield _minute_after(ended), _look(active, story, tag, _minute_after(ended))


def _bring_to_present(db: store.Database, active: Active, story: Story, started: dict[str, Instant]) -> None:
    """Who calls has just called; every job's log has its newest calls."""
    for tag in started:
        limits = active.config.monitors[tag].limits
        every = rhythm(limits)
        # Not all at once: each at its own time within its rhythm.
        _keep_calling(db, tag, story.at - sum(tag.encode()) * 7919 % min(every, limits.degraded_after))
        evaluate.look(db, active, [tag], story.at, story.absences)
        state = store.state(db, tag)
        if state is None or state.last is None:
            continue
        beats = []
        for back in reversed(range(min(_KEPT, state.beats))):
            said = (state.reported, state.message) if not back else (Status.UP, "")
            beat = Heartbeat(tag, state.last - back * every, *said, (), *_CLIENT)
            beats.append((beat, state.beats - back))
        store.log_beats(db, beats, active.config.retention.heartbeats)


# ---- what people do --------------------------------------------------------------------------


def _rename(active: Active, trouble: Trouble, db: store.Database) -> None:
    for incident in store.incidents(db, trouble.started, trouble.tag):
        if incident.opened_for == trouble.tag and incident.id is not None:
            incidents.edit(db, active.config, incident.id, incident.created, title=trouble.title)


def _comment(db: store.Database, tag: str, at: Instant, state: IncidentState | None, text: str) -> None:
    """An update of the incident that was opened for this job last."""
    for incident in store.incidents(db, 0, tag):
        if incident.opened_for == tag and incident.id is not None:
            incidents.update(db, incident.id, text, at, state=state if incident.resolved is None else None)
            return


def _tale(active: Active, tale: Tale) -> Iterator[Event]:
    """The incident is made by its first update, and found again by the others through its title."""
    first, *later = tale.said
    yield tale.started + first.after, partial(_open, active, tale)
    for said in later:
        at = tale.started + said.after
        yield at, partial(_go_on, tale=tale, at=at, state=said.state, text=said.text)


def _open(active: Active, tale: Tale, db: store.Database) -> None:
    first = tale.said[0]
    incidents.create(
        db,
        active.config,
        tale.title,
        first.text,
        tale.started + first.after,
        state=first.state or IncidentState.INVESTIGATING,
        severity=tale.severity,
        monitors=[tag for tag in tale.monitors if tag in active.config.monitors],
        started=tale.started,
        is_draft=tale.is_draft,
    )


def _go_on(db: store.Database, tale: Tale, at: Instant, state: IncidentState | None, text: str) -> None:
    for incident in store.incidents(db, tale.started):
        if (incident.started, incident.title) == (tale.started, tale.title) and incident.id is not None:
            incidents.update(db, incident.id, text, at, state=state)


def _window(active: Active, window: Window) -> Iterator[Event]:
    tags = _known(active, window.monitors)
    if not tags:
        return
    yield (
        window.made,
        lambda db: maintenance.create(
            db,
            active.config,
            window.made,
            title=window.title,
            start=window.start,
            end=window.end,
            monitors=tags,
            description=window.description,
        ),
    )
    if window.cancelled is not None:
        yield window.cancelled, partial(_cancel, window, window.cancelled)


def _cancel(window: Window, at: Instant, db: store.Database) -> None:
    for each in store.maintenances(db, window.start, window.end):
        if each.title == window.title and each.id is not None:
            maintenance.cancel(db, each.id, at)


def _known(active: Active, tags: Iterable[str]) -> Sequence[str]:
    return [tag for tag in tags if tag in active.config.monitors]
