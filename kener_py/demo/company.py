"""The year of the made-up company: what chance may not leave out, and what people wrote."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence

from kener_py.demo import chance
from kener_py.demo.site import Job
from kener_py.demo.story import (
    YEAR,
    Story,
    Tale,
    Trouble,
    Window,
    added,
    clock_changes,
    day_of_month,
    identified,
    investigating,
    local,
    monitoring,
    resolved,
)
from kener_py.model import DAY, HOUR, MINUTE, Gap, Instant, Limits, Severity, Status

POST_MORTEM = """\
### What happened

At the end of a deployment the new version could not read the *old* queue. What was waiting stayed there.

1. The deployment was rolled back.
2. The queue was read by the old version.
3. `queue_version` is part of every message from now on.

> Nothing was lost. Some orders were late by up to two hours.
"""


def absences(at: Instant) -> tuple[Gap, ...]:
    """Our own: a short one, a long one of a night, and one that few will notice."""
    found = []
    for days, clock, length in (
        (-212, "23:10", 9 * HOUR),
        (-57, "14:20", 40 * MINUTE),
        (-9, "04:05", 6 * MINUTE),
    ):
        started = local(at, days, clock)
        found.append(Gap(started, started + length))
    return tuple(found)


def chosen_troubles(at: Instant, began: Instant) -> Iterator[Trouble]:
    """Those that no chance may leave out."""
    midnight = local(at, -6, "23:20")
    yield Trouble(
        "checkout",
        midnight,
        midnight + 140 * MINUTE,
        None,
        title="Payments fail for some cards",
        said=(
            identified(12, "The payment provider answers **HTTP 502**. We are in touch."),
            monitoring(75, "Payments go through a second provider for now."),
            added(2 * 24 * 60, POST_MORTEM),
        ),
    )
    lately = at - 3 * DAY
    month_end = local(lately, -day_of_month(lately), "22:15")
    yield Trouble(
        "invoices",
        month_end,
        month_end + 5 * HOUR,
        Status.DOWN,
        "no numbers left in the old series",
        title="Invoices are late",
        said=chance.said(5 * HOUR, random.Random("month")),
    )
    for change in clock_changes(began, at):
        yield Trouble("log-shipping", change - 50 * MINUTE, change + 65 * MINUTE, None)
        yield Trouble(
            "stock-import", change - 20 * MINUTE, change + 30 * MINUTE, Status.DEGRADED, chance.LATE[1]
        )
    relapse = local(at, -3, "11:00")  # within the cooldown: the incident is opened again
    yield Trouble("webhooks", relapse, relapse + 9 * MINUTE, Status.DOWN, chance.MESSAGES[2])
    yield Trouble("webhooks", relapse + 16 * MINUTE, relapse + 58 * MINUTE, Status.DOWN, chance.MESSAGES[2])
    yield Trouble("search", local(at, -2, "15:30"), local(at, -2, "16:12"), Status.DEGRADED, chance.LATE[1])
    yield Trouble("payroll", local(at, -4, "06:00"), local(at, -4, "09:00"), Status.DOWN, chance.MESSAGES[0])


def tales(at: Instant) -> Iterator[Tale]:
    """Incidents that people wrote, with drafts and with some about hidden monitors."""
    search = local(at, -2, "15:28")
    yield Tale(
        "Slow search results",
        search,
        ("search",),
        (
            investigating(4, "Searches take up to `20 s`. We are looking into it."),
            identified(18, "An index is rebuilt while it is used. We let it finish."),
            resolved(44, "The index is complete, and searches are as fast as ever."),
        ),
    )
    leak = local(at, -33, "09:10")
    yield Tale(
        "Wrong prices for twenty minutes",
        leak,
        ("homepage", "checkout", "public-api"),
        (
            identified(9, "Some prices were shown without tax.\n\n* EUR: wrong\n* CHF: right"),
            monitoring(22, "Prices are right again. **Orders of that time are corrected by us.**"),
            resolved(240, "All 31 orders are corrected, and their buyers have a message from us."),
            added(4 * 24 * 60, POST_MORTEM),
        ),
        Severity.CRITICAL,
    )
    yield Tale(
        "Announcement: the old API ends next spring",
        local(at, -70, "10:00"),
        (),
        (
            identified(0, "Version 1 answers until 31 March. See [the guide](https://example.org/v2)."),
            resolved(60, "This was only to let you know."),
        ),
    )
    yield Tale(
        "Phone line of the support is busy",
        local(at, -130, "08:30"),
        ("accounts",),
        (investigating(1, "Please write to us instead."), resolved(200, "Solved.")),
    )
    # Nobody may ever see these two.
    yield Tale(
        "Unconfirmed draft",
        local(at, -1, "10:00"),
        ("checkout",),
        (investigating(0, "Unconfirmed: cards of one bank fail."),),
        Severity.MAJOR,
        True,
    )
    yield Tale(
        "Payroll run late",
        local(at, -4, "06:10"),
        ("payroll",),
        (investigating(0, "Salaries are late."), resolved(170, "Paid.")),
        Severity.MAJOR,
    )


def windows(at: Instant) -> Iterator[Window]:
    """Maintenance that people made: past, cancelled, to come, and one about a hidden monitor."""
    moved = local(at, -40, "21:00")
    yield Window(
        "Move to the new data centre",
        moved - 12 * DAY,
        moved,
        moved + 7 * HOUR,
        ("homepage", "checkout", "search", "accounts", "public-api"),
        "Expect **short pauses** of a few seconds.\n\n1. Website\n2. API",
    )
    yield Window(
        "Kernel updates",
        moved + 20 * DAY,
        moved + 24 * DAY,
        moved + 24 * DAY + 90 * MINUTE,
        ("log-shipping", "dns-sync"),
        cancelled=moved + 24 * DAY + 35 * MINUTE,
    )
    yield Window(
        "Test of the emergency power",
        moved + 18 * DAY,
        moved + 32 * DAY,
        moved + 32 * DAY + HOUR,
        ("weather",),
        cancelled=moved + 30 * DAY,
    )
    coming = local(at, 5, "22:00")
    yield Window(
        "Payment provider changes its certificates",
        at - 2 * DAY,
        coming,
        coming + 2 * HOUR,
        ("checkout",),
        "Payments may fail **once**; a second try works.",
    )
    yield Window("Payroll server is replaced", at - 2 * DAY, coming, coming + 3 * HOUR, ("payroll",))


def year(jobs: Sequence[Job], limits: Mapping[str, Limits], at: Instant, seed: str) -> Story:
    """The year of the made-up company up to `at`, with nothing wrong at its end."""
    began, gaps = at - YEAR, absences(at)
    given = tuple(chosen_troubles(at, began))
    found = (*given, *chance.troubles(jobs, limits, began, at, gaps, given, seed))
    return Story(began, at, gaps, found, tuple(tales(at)), tuple(windows(at)))
