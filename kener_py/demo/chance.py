"""The troubles that chance brings to each job, and what people say about them. The same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence

from kener_py.demo.site import Job
from kener_py.demo.story import Said, Trouble, added, identified, monitoring
from kener_py.model import DAY, HOUR, MINUTE, Gap, Instant, Limits, Millis, Status

_CALM: Millis = DAY  # nothing of the past reaches into the present
_APART: Millis = 2 * HOUR

MESSAGES = (
    "exit code 1",
    "disk is full: /var/lib/data",
    "connection refused by db-2",
    "timed out after 300 s",
    "certificate has expired",
    "checksum does not match",
    "HTTP 502 from the payment provider",
)
LATE = ("queue is long: 12,400 waiting", "took 48 s instead of 5 s", "one of three workers is gone")
_INVESTIGATED = (
    "We are looking into it.",
    "Our on-call engineer has been paged and is looking at the logs.",
    "We see it, too. More in half an hour.",
)
_FOUND = (
    "A disk on one of the hosts has failed. The job moves to another host.",
    "A configuration change of this morning is the reason. **We are rolling it back.**",
    "Our provider has a disturbance in one zone; see [their page](https://example.org/status).",
    "The database ran out of connections:\n\n- the limit was reached by a report\n- the report is stopped\n"
    "- connections come back slowly",
)
_WATCHED = ("A fix is in place. We are watching it.", "Things look normal again; we wait for the next run.")


def troubles(
    jobs: Iterable[Job],
    limits: Mapping[str, Limits],
    began: Instant,
    at: Instant,
    gaps: Sequence[Gap],
    given: Sequence[Trouble],
    seed: str,
) -> Iterator[Trouble]:
    """What chance brings to each job over the year; the same for the same seed and present."""
    for job in jobs:
        chance = random.Random(f"{seed} {job.tag}")
        taken = [*gaps, *(Gap(each.started - DAY, each.ended or at) for each in given if each.tag == job.tag)]
        first, last = began + (job.begins + 5) * DAY, at - _CALM
        for _ in range(job.troubles):
            found = _trouble(job.tag, limits[job.tag], first, last, taken, chance)
            if found is None or found.ended is None:
                continue
            taken.append(Gap(found.started - limits[job.tag].down_after, found.ended))
            yield found


def _trouble(
    tag: str, limits: Limits, first: Instant, last: Instant, taken: Sequence[Gap], chance: random.Random
) -> Trouble | None:
    for _ in range(20):
        # Half of it lies in the last two months, where people look.
        newest = last - chance.randrange(61) * DAY if chance.random() < 0.5 else None
        base = chance.randrange(first, last) if newest is None else max(newest, first)
        started = base - base % DAY + chance.randrange(DAY)
        length = int(min(chance.lognormvariate(3.4, 1.1), 600.0) * MINUTE) + chance.randrange(MINUTE)
        ended = started + length
        silent_since = started - limits.down_after
        if silent_since < first or ended > last:
            continue
        if any(gap.started < ended + _APART and gap.ended > silent_since - _APART for gap in taken):
            continue
        kind = chance.random()
        if kind < 0.45:
            return Trouble(tag, started, ended, None, said=said(length, chance))
        if kind < 0.75:
            message = chance.choice(MESSAGES)
            return Trouble(tag, started, ended, Status.DOWN, message, said=said(length, chance))
        return Trouble(tag, started, ended, Status.DEGRADED, chance.choice(LATE))
    return None


def said(length: Millis, chance: random.Random) -> tuple[Said, ...]:
    """What people add to an incident of this length; nothing to a short one."""
    if length < 25 * MINUTE:
        return ()
    minutes = length // MINUTE
    found = [added(minutes // 5, chance.choice(_INVESTIGATED))]
    found.append(identified(minutes // 2, chance.choice(_FOUND)))
    if length > HOUR:
        found.append(monitoring(minutes * 4 // 5, chance.choice(_WATCHED)))
    return tuple(found)
