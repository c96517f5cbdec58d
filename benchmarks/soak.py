"""Full load for many minutes: does memory stay, does the database stop growing?"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from functools import partial

from benchmarks import report, site, wrk
from benchmarks.heartbeats import CURL, kept
from benchmarks.pages import BROWSER
from benchmarks.report import Figure, Section
from benchmarks.rounds import Measure, Plan
from benchmarks.server import Server, kener
from benchmarks.wrk import Load

_FLAT = 0.05  # of the memory of the second quarter, by which the last may be more


def sections(plan: Plan, minutes: float) -> Iterator[Measure]:
    yield partial(_soak, plan, minutes)


def _soak(plan: Plan, minutes: float) -> Section:
    monitors = 10 if plan.is_quick else 1_000
    load = Load([site.path(number) for number in range(monitors)], 64, headers=CURL)
    reading = Load(["/", f"/monitors/{site.tag(1)}", "/api/v2/summary.json", "/history"], 8, headers=BROWSER)
    slices = 4 if plan.is_quick else 40
    each = 1.0 if plan.is_quick else max(minutes * 60 / slices, 2.0)
    folder = site.Sites(plan.folder).copy(monitors)
    rates: list[float] = []
    pages: list[float] = []
    memory: list[float] = []
    sizes: list[float] = []
    with kener(folder).running() as server:
        began = time.monotonic()
        for number in range(slices):
            rates.append(_beats(server, load, each * 0.75))
            pages.append(wrk.run(server, reading, each * 0.25).per_second)
            memory.append(server.memory())
            sizes.append(sum(file.stat().st_size for file in folder.glob("kener.db*")) / 1e6)
            report.say(
                f"  {number + 1} of {slices}: {memory[-1]:.1f} MB, {report.short(rates[-1])} heartbeats/s"
            )
        lasted = (time.monotonic() - began) / 60
    quarter = slices // 4
    figures = [
        Figure(name, values[quarter : 2 * quarter], note=report.spread(values[-quarter:]))
        for name, values in (
            ("memory (RSS), MB", memory),
            ("database with its log, MB", sizes),
            ("heartbeats a second", rates),
            ("pages a second", pages),
        )
    ]
    early, late = statistics.median(memory[quarter : 2 * quarter]), statistics.median(memory[-quarter:])
    change = late / early - 1
    verdict = "flat" if change <= _FLAT else "growing"
    text = (
        f"{lasted:.0f} minutes, {monitors:,} monitors, heartbeats on 64 connections and pages on 8 in turn, "
        "three quarters and one quarter of the time. All heartbeats that were answered with 200 are in the "
        f"database. From the second quarter of the soak to the last, memory changed by {change:+.1%}: "
        f"{verdict}."
    )
    return Section("Soak", "second quarter", figures, text, bases=(), notes="last quarter")


def _beats(server: Server, load: Load, seconds: float) -> float:
    outcomes: list[wrk.Outcome] = []

    def send() -> int:
        outcomes.append(wrk.run(server, load, seconds))
        return outcomes[-1].answers

    kept(server, send)
    return outcomes[-1].per_second
