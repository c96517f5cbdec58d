"""What went wrong in the made-up year, and what people said about it. Pure: the present is an argument."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from kener_py.demo.site import HOSTILE, ZONE, Job
from kener_py.model import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Gap,
    IncidentState,
    Instant,
    Limits,
    Millis,
    Severity,
    Status,
)

YEAR: Millis = 395 * DAY  # a little more than the pages show, a little less than is kept
_CALM: Millis = DAY  # nothing of the past reaches into the present
_APART: Millis = 2 * HOUR


@dataclass(frozen=True, slots=True)
class Said:
    """One update of an incident, this long after the trouble began; None leaves its state alone."""

    after: Millis
    state: IncidentState | None
    text: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """A job that is silent, or says itself that it is not well; None for `ended`: still so."""

    tag: str
    started: Instant  # of DOWN if it is silent
    ended: Instant | None
    reported: Status | None = None  # None: silence
    message: str = ""
    said: tuple[Said, ...] = ()  # about the incident that its alert opens
    title: str = ""  # that people give to that incident


@dataclass(frozen=True, slots=True)
class Tale:
    """An incident that people wrote; the first of `said` opens it."""

    title: str
    started: Instant
    monitors: tuple[str, ...]
    said: tuple[Said, ...]
    severity: Severity = Severity.MINOR
    is_draft: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """A maintenance window that people made."""

    title: str
    made: Instant
    start: Instant
    end: Instant
    monitors: tuple[str, ...]
    description: str = ""
    cancelled: Instant | None = None


@dataclass(frozen=True, slots=True)
class Story:
    began: Instant
    at: Instant  # the present that it leads to
    absences: tuple[Gap, ...] = ()  # when no loop of ours ran
    troubles: tuple[Trouble, ...] = ()
    tales: tuple[Tale, ...] = ()
    windows: tuple[Window, ...] = ()


# ---- time ------------------------------------------------------------------------------------


def local(at: Instant, days: int, clock: str) -> Instant:
    """The instant at which the site's clocks show `clock`, this many days from the day of `at`."""
    hour, _, minute = clock.partition(":")
    day = datetime.fromtimestamp(at // SECOND, ZoneInfo(ZONE)) + timedelta(days=days)
    moment = day.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0, fold=0)
    return int(moment.timestamp()) * SECOND


def weekday(at: Instant) -> int:
    """As cron counts: Sunday is 0."""
    return datetime.fromtimestamp(at // SECOND, ZoneInfo(ZONE)).isoweekday() % 7


def day_of_month(at: Instant) -> int:
    return datetime.fromtimestamp(at // SECOND, ZoneInfo(ZONE)).day


def clock_changes(began: Instant, at: Instant) -> list[Instant]:
    """When the site's clocks were moved, to the hour."""
    zone = ZoneInfo(ZONE)

    def offset(moment: Instant) -> timedelta | None:
        return datetime.fromtimestamp(moment // SECOND, UTC).astimezone(zone).utcoffset()

    hours = range(began - began % HOUR, at, HOUR)
    return [hour for hour in hours if offset(hour) != offset(hour - 1)]


# ---- what went wrong -------------------------------------------------------------------------

_MESSAGES = (
    "exit code 1", "disk is full: /var/lib/data", "connection refused by db-2", "timed out after 300 s",
    "certificate has expired", "checksum does not match", "HTTP 502 from the payment provider",
)  # fmt: skip
_LATE = ("queue is long: 12,400 waiting", "took 48 s instead of 5 s", "one of three workers is gone")
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
_POST_MORTEM = """\
### What happened

At the end of a deployment the new version could not read the *old* queue. Everything that was waiting stayed there.

1. The deployment was rolled back.
2. The queue was read by the old version.
3. `queue_version` is part of every message from now on.

> Nothing was lost. Some orders were late by up to two hours.
"""


def absences(at: Instant) -> tuple[Gap, ...]:
    """Our own: a short one, a long one of a night, and one that few will notice."""
    found = []
    for days, clock, length in ((-212, "23:10", 9 * HOUR), (-57, "14:20", 40 * MINUTE), (-9, "04:05", 6 * MINUTE)):
        started = local(at, days, clock)
        found.append(Gap(started, started + length))
    return tuple(found)


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
            return Trouble(tag, started, ended, None, said=_said(length, chance))
        if kind < 0.75:
            message = chance.choice(_MESSAGES)
            return Trouble(tag, started, ended, Status.DOWN, message, said=_said(length, chance))
        return Trouble(tag, started, ended, Status.DEGRADED, chance.choice(_LATE))
    return None


def _said(length: Millis, chance: random.Random) -> tuple[Said, ...]:
    """What people add to an incident of this length; nothing to a short one."""
    if length < 25 * MINUTE:
        return ()
    found = [Said(length // 5, None, chance.choice(_INVESTIGATED))]
    found.append(Said(length // 2, IncidentState.IDENTIFIED, chance.choice(_FOUND)))
    if length > HOUR:
        found.append(Said(length * 4 // 5, IncidentState.MONITORING, chance.choice(_WATCHED)))
    return tuple(found)


def _resolved(minutes: int, text: str) -> Said:
    return Said(minutes * MINUTE, IncidentState.RESOLVED, text)


def chosen_troubles(at: Instant, began: Instant) -> Iterator[Trouble]:
    """Those that no chance may leave out."""
    midnight = local(at, -6, "23:20")
    yield Trouble(
        "checkout", midnight, midnight + 140 * MINUTE, None,
        title="Payments fail for some cards",
        said=(
            Said(12 * MINUTE, IncidentState.IDENTIFIED, "The payment provider answers **HTTP 502**. We are in touch."),
            Said(75 * MINUTE, IncidentState.MONITORING, "Payments go through a second provider for now."),
            Said(2 * DAY, None, _POST_MORTEM),
        ),
    )  # fmt: skip
    lately = at - 3 * DAY
    month_end = local(lately, -day_of_month(lately), "22:15")
    yield Trouble("invoices", month_end, month_end + 5 * HOUR, Status.DOWN, "no numbers left in the old series",
                  title="Invoices are late", said=_said(5 * HOUR, random.Random("month")))  # fmt: skip
    for change in clock_changes(began, at):
        yield Trouble("log-shipping", change - 50 * MINUTE, change + 65 * MINUTE, None)
        yield Trouble("stock-import", change - 20 * MINUTE, change + 30 * MINUTE, Status.DEGRADED, _LATE[1])
    relapse = local(at, -3, "11:00")  # within the cooldown: the incident is opened again
    yield Trouble("webhooks", relapse, relapse + 9 * MINUTE, Status.DOWN, _MESSAGES[2])
    yield Trouble("webhooks", relapse + 16 * MINUTE, relapse + 58 * MINUTE, Status.DOWN, _MESSAGES[2])
    yield Trouble("search", local(at, -2, "15:30"), local(at, -2, "16:12"), Status.DEGRADED, _LATE[1])
    yield Trouble("payroll", local(at, -4, "06:00"), local(at, -4, "09:00"), Status.DOWN, _MESSAGES[0])


def tales(at: Instant) -> Iterator[Tale]:
    """Incidents that people wrote, with drafts and with some about hidden monitors."""
    search = local(at, -2, "15:28")
    yield Tale(
        "Slow search results", search, ("search",),
        (
            Said(4 * MINUTE, IncidentState.INVESTIGATING, "Searches take up to `20 s`. We are looking into it."),
            Said(18 * MINUTE, IncidentState.IDENTIFIED, "An index is rebuilt while it is used. We let it finish."),
            _resolved(44, "The index is complete, and searches are as fast as ever."),
        ),
    )  # fmt: skip
    leak = local(at, -33, "09:10")
    yield Tale(
        "Wrong prices for twenty minutes", leak, ("homepage", "checkout", "public-api"),
        (
            Said(9 * MINUTE, IncidentState.IDENTIFIED, "Some prices were shown without tax.\n\n* EUR: wrong\n* CHF: right"),
            Said(22 * MINUTE, IncidentState.MONITORING, "Prices are right again. **Orders of that time are corrected by us.**"),
            _resolved(240, "All 31 orders are corrected, and their buyers have a message from us."),
            Said(4 * DAY, None, _POST_MORTEM),
        ),
        Severity.CRITICAL,
    )  # fmt: skip
    yield Tale(
        "Announcement: the old API ends next spring", local(at, -70, "10:00"), (),
        (
            Said(0, IncidentState.IDENTIFIED, "Version 1 answers until 31 March. See [the guide](https://example.org/v2)."),
            _resolved(60, "This was only to let you know."),
        ),
    )  # fmt: skip
    yield Tale("Phone line of the support is busy", local(at, -130, "08:30"), ("accounts",),
               (Said(MINUTE, IncidentState.INVESTIGATING, "Please write to us instead."), _resolved(200, "Solved.")))  # fmt: skip
    # Nobody may ever see these two.
    yield Tale("Unconfirmed draft", local(at, -1, "10:00"), ("checkout",),
               (Said(0, IncidentState.INVESTIGATING, "Unconfirmed: cards of one bank fail."),), Severity.MAJOR, True)  # fmt: skip
    yield Tale("Payroll run late", local(at, -4, "06:10"), ("payroll",),
               (Said(0, IncidentState.INVESTIGATING, "Salaries are late."), _resolved(170, "Paid.")), Severity.MAJOR)  # fmt: skip


def windows(at: Instant) -> Iterator[Window]:
    """Maintenance that people made: past, cancelled, to come, and one about a hidden monitor."""
    moved = local(at, -40, "21:00")
    yield Window("Move to the new data centre", moved - 12 * DAY, moved, moved + 7 * HOUR,
                 ("homepage", "checkout", "search", "accounts", "public-api"),
                 "Expect **short pauses** of a few seconds.\n\n1. Website\n2. API")  # fmt: skip
    yield Window("Kernel updates", moved + 20 * DAY, moved + 24 * DAY, moved + 24 * DAY + 90 * MINUTE,
                 ("log-shipping", "dns-sync"), cancelled=moved + 24 * DAY + 35 * MINUTE)  # fmt: skip
    yield Window("Test of the emergency power", moved + 18 * DAY, moved + 32 * DAY, moved + 32 * DAY + HOUR,
                 ("weather",), cancelled=moved + 30 * DAY)  # fmt: skip
    coming = local(at, 5, "22:00")
    yield Window("Payment provider changes its certificates", at - 2 * DAY, coming, coming + 2 * HOUR, ("checkout",),
                 "Payments may fail **once**; a second try works.")  # fmt: skip
    yield Window("Payroll server is replaced", at - 2 * DAY, coming, coming + 3 * HOUR, ("payroll",))


# ---- what attackers write --------------------------------------------------------------------


def hostile(at: Instant, began: Instant) -> Story:
    tags = tuple(job.tag for job in HOSTILE)
    said = (
        Said(MINUTE, IncidentState.INVESTIGATING, "<script>alert(1)</script>\n\n[x](javascript:alert(1)) ![i](//example.org/i.png)"),
        Said(9 * MINUTE, IncidentState.IDENTIFIED, "# One\n## Two\n\n" + "w" * 15_000),
        Said(19 * MINUTE, IncidentState.MONITORING, "\u202e\u202e dne eht litnu\n\n> > > deep\n\n```\n</code></pre><b>\n```"),
    )  # fmt: skip
    return Story(
        began, at,
        troubles=tuple(
            Trouble(tag, at - (2 + n) * DAY, at - (2 + n) * DAY + 50 * MINUTE, Status.DOWN, "<b>" * 90, said)
            for n, tag in enumerate(tags)
        ) + (Trouble(tags[0], at - HOUR, None, Status.DOWN, "\u202e</p><script>alert(3)</script>", said),),
        tales=(
            Tale("<script>alert(1)</script> & \u202e\"'><img src=x onerror=alert(1)>", at - 5 * HOUR, tags, said),
            Tale("W" * 200, at - 30 * HOUR, tags, (*said, _resolved(90, "z" * 20_000)), Severity.CRITICAL),
        ),
        windows=(
            Window("[x](javascript:alert(1)) <b>", at - DAY, at - HOUR, at + HOUR, tags[2:4], "<i>" + "v" * 10_000),
            Window("\u202e" + "M" * 180, at - DAY, at + DAY, at + DAY + HOUR, tags, "`" * 500),
        ),
    )  # fmt: skip


def year(jobs: Sequence[Job], limits: Mapping[str, Limits], at: Instant, seed: str) -> Story:
    """The year of the made-up company up to `at`, with nothing wrong at its end."""
    began, gaps = at - YEAR, absences(at)
    given = tuple(chosen_troubles(at, began))
    found = (*given, *troubles(jobs, limits, began, at, gaps, given, seed))
    return Story(began, at, gaps, found, tuple(tales(at)), tuple(windows(at)))
