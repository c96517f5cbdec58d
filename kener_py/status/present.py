"""What a monitor is at an instant, from what it reported and how long it has been silent."""

from __future__ import annotations

from collections.abc import Iterable

from kener_py.model import SECOND, Change, Heartbeat, Instant, Limits, State, Status, replace

# For "worst of": NO_DATA says nothing, so anything known is worse.
_BADNESS = {
    Status.NO_DATA: 0,
    Status.UP: 1,
    Status.MAINTENANCE: 2,
    Status.DEGRADED: 3,
    Status.DOWN: 4,
}


def worst(statuses: Iterable[Status]) -> Status:
    """The status that a group of monitors, or a day, is summed up as."""
    return max(statuses, key=_BADNESS.__getitem__, default=Status.NO_DATA)


def begin(tag: str, limits: Limits, at: Instant) -> State:
    """The state of a monitor that was never heard of."""
    return State(monitor=tag, limits=limits, evaluated=at)


def deadlines(state: State) -> tuple[tuple[Instant, Status], ...]:
    """When silence alone makes it worse: (the last instant in time, what it is afterwards).

    A further way to say how long silence may last, such as a schedule of the job, goes here.
    """
    if state.last is None or state.reported is Status.DOWN:
        return ()
    down = (state.last + state.limits.down_after, Status.DOWN)
    if state.reported is Status.DEGRADED or state.limits.degraded_after >= state.limits.down_after:
        return (down,)
    return (state.last + state.limits.degraded_after, Status.DEGRADED), down


def literal(state: State, at: Instant) -> Status:
    """The status by the rule's own words: strict comparisons on exact elapsed time."""
    if state.last is None:
        return Status.NO_DATA
    status = state.reported
    for deadline, worse in deadlines(state):
        if at > deadline:
            status = worse
    return status


def next_expected(state: State) -> Instant | None:
    """When the next heartbeat should be here: after one interval, or before it is degraded."""
    if state.last is None:
        return None
    return state.last + (state.limits.interval or state.limits.degraded_after)


def _move(state: State, started: Instant, status: Status) -> tuple[State, Change]:
    # Two changes never share an instant: the store keys them by it.
    if state.head_since is not None:
        started = max(started, state.head_since + 1)
    return replace(state, head=status, head_since=started), Change(state.monitor, started, status)


def advance(state: State, at: Instant) -> tuple[State, tuple[Change, ...]]:
    """The head moved to `at` by silence alone, with the changes on the way."""
    if state.head is Status.NO_DATA or state.head is Status.DOWN:
        return state, ()
    changes = []
    for deadline, status in deadlines(state):
        if at > deadline and _BADNESS[status] > _BADNESS[state.head]:
            state, change = _move(state, deadline, status)
            changes.append(change)
    return state, tuple(changes)


def receive(state: State, beat: Heartbeat) -> tuple[State, tuple[Change, ...]]:
    """The head moved to the arrival of `beat`, then by what it reports.

    A beat that is older than the last one (two threads, a clock set back) counts as arriving with it.
    """
    at = beat.received if state.last is None else max(beat.received, state.last)
    state, changes = advance(state, at)
    # Not `replace`: it takes half of the time of a heartbeat.
    state = State(
        state.monitor,
        state.limits,
        at,
        beat.status,
        beat.message,
        state.beats + 1,
        state.status,
        state.since,
        state.head,
        state.head_since,
        state.evaluated,
        state.quiet_until,
        state.snoozed_until,
        state.is_counting,
        at if state.first is None else state.first,
    )
    if beat.status is not state.head:
        state, change = _move(state, at, beat.status)
        changes = (*changes, change)
    return state, changes


def _at_present(state: State, at: Instant) -> tuple[State, tuple[Change, ...]]:
    """`advance`, and nothing left that lies in the future."""
    changes: tuple[Change, ...] = ()
    if state.last is not None and state.last > at:
        state = replace(state, last=at)
    # Less than a second ahead is no clock set back, but `_move` keeping two changes apart.
    if state.head_since is not None and state.head_since > at + SECOND:
        changes = (Change(state.monitor, at, state.head),)
        state = replace(state, head_since=at)
    state, silent = advance(state, at)
    return state, (*changes, *silent)


def evaluate(state: State, at: Instant) -> tuple[State, tuple[Change, ...]]:
    """What a tick finds and shows, with the changes that silence made since the last look.

    If the clock was set back, what lies in the future is dated to `at`: silence counts from here,
    and a change supersedes those that are stored after it.
    """
    state, changes = _at_present(state, at)
    return replace(state, status=state.head, since=state.head_since, evaluated=at), changes


def _become(state: State, status: Status, at: Instant) -> tuple[State, tuple[Change, ...]]:
    if status is state.head:
        return state, ()
    state, change = _move(state, at, status)
    return state, (change,)


def adopt(state: State, limits: Limits, at: Instant) -> tuple[State, tuple[Change, ...]]:
    """New limits from `at` on; the time before is judged by the old ones."""
    state, before = _at_present(state, at)
    if limits == state.limits and state.head is not Status.NO_DATA:
        return state, before
    state = replace(state, limits=limits)
    state, after = _become(state, literal(state, at), at)
    return state, (*before, *after)


def retire(state: State, at: Instant) -> tuple[State, tuple[Change, ...]]:
    """Nobody watches this monitor from `at` on; `adopt` takes it up again."""
    state, before = _at_present(state, at)
    state, after = _become(state, Status.NO_DATA, at)
    return state, (*before, *after)


def due(state: State) -> Instant | None:
    """The instant after which an evaluation has something to say; None if only a beat can change it."""
    if (state.head, state.head_since) != (state.status, state.since):
        return 0
    if state.head is Status.NO_DATA:
        return None
    later = [deadline for deadline, status in deadlines(state) if _BADNESS[status] > _BADNESS[state.head]]
    return min(later, default=None)
