"""How costs grow with the number of monitors, and the database with time. No load over HTTP."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from benchmarks import report, site
from benchmarks.report import Figure, Section
from benchmarks.rounds import Measure, Plan
from benchmarks.server import ROOT, kener
from benchmarks.ticks import Costs
from benchmarks.wrk import Failed

# Nobody listens there: messages are owed, and in these benchmarks nobody sends them.
_NOTIFIERS = '{ops: "json://127.0.0.1:9/"}'
_MONITORS = 2  # that live through the year
_MEMORY = Path("/dev/shm")  # the year has a million commits, and only their size is asked


def sections(plan: Plan, days: int, most: int) -> Iterator[Measure]:
    sizes = [100] if plan.is_quick else [size for size in (1_000, 10_000, 100_000) if size <= most]
    if plan.wants("Ticks"):
        yield partial(_ticks, plan, sizes)
    if plan.wants("Start by monitors"):
        yield partial(_start, plan, sizes)
    if plan.wants("Memory by monitors"):
        yield partial(_memory, plan, sizes)
    if plan.wants("Growth of the database"):
        yield partial(_growth, 2 if plan.is_quick else days)


def _site(plan: Plan, monitors: int, *, has_rule: bool = True) -> tempfile.TemporaryDirectory[str]:
    """A folder with the file of a site on its first day."""
    made = tempfile.TemporaryDirectory(prefix=f"scale-{monitors}-", dir=plan.folder)
    site.write(Path(made.name), monitors, site.PLAIN, _NOTIFIERS, has_rule=has_rule)
    return made


def _process(*words: str) -> subprocess.Popen[str]:
    """One that prints JSON; each measure has its own, so that none is burdened with what another left."""
    return subprocess.Popen([sys.executable, "-m", *words], cwd=ROOT, stdout=subprocess.PIPE, text=True)


def _printed(process: subprocess.Popen[str]) -> str:
    text = process.communicate()[0]
    if process.returncode:
        raise Failed(f"{process.args!r} ended with {process.returncode}")
    return text


# ---- ticks -----------------------------------------------------------------------------------


def _ticks(plan: Plan, sizes: Sequence[int]) -> Section:
    figures: list[Figure] = []
    for monitors in sizes:
        lives: dict[bool, list[Costs]] = {False: [], True: []}
        for number in range(plan.runs):
            for has_rule, lived in lives.items():
                with _site(plan, monitors, has_rule=has_rule) as folder:
                    lived.append(Costs(**json.loads(_printed(_process("benchmarks.ticks", folder)))))
            downs = " and ".join(f"{lived[-1].down:.2f} s" for lived in lives.values())
            report.say(f"  {monitors:,} monitors, run {number + 1} of {plan.runs}: {downs}")
        figures += _tick_figures(f"{monitors:,} monitors: ", lives[False], lives[True])
    text = (
        "One step of the loop, in milliseconds, and how many times what SQLite alone takes to change as "
        "many rows in one transaction. Every job has the default limits. In the lower rows all have one "
        "alert rule and one notifier."
    )
    return Section("Ticks", "ms", figures, text, ("of as many bare updates",))


def _tick_figures(label: str, plain: Sequence[Costs], told: Sequence[Costs]) -> Iterator[Figure]:
    """Of sites where nothing follows from a status, then of sites where something does."""
    bare = [each.bare * 1000 for each in plain]
    yield Figure(f"{label}bare updates", bare, bare)
    steps = {
        "nothing is due": [statistics.median(each.quiet) for each in plain],
        "all were heard for the first time": [each.first for each in plain],
        "all become DEGRADED": [each.degraded for each in plain],
        "all become DOWN": [each.down for each in plain],
        "all are UP again": [each.recovered for each in plain],
    }
    for name, seconds in steps.items():
        yield Figure(f"{label}{name}", [each * 1000 for each in seconds], bare)
    yield from _beside(f"{label}a heartbeat while all become DOWN", plain, bare)
    bare = [each.bare * 1000 for each in told]
    for name, seconds in {
        "all become DOWN, with alert, incident and message": [each.down for each in told],
        "all are UP again, which ends them with a message": [each.recovered for each in told],
    }.items():
        yield Figure(f"{label}{name}", [each * 1000 for each in seconds], bare)
    yield from _beside(f"{label}a heartbeat while all become DOWN with all that", told, bare)


def _beside(label: str, lives: Sequence[Costs], bare: Sequence[float]) -> Iterator[Figure]:
    took = [sorted(each.heartbeats) for each in lives]
    yield Figure(f"{label}, 99 of 100", [each[int(len(each) * 0.99)] for each in took], bare)
    yield Figure(f"{label}, the slowest", [each[-1] for each in took], bare)


# ---- start and memory ------------------------------------------------------------------------


def _start(plan: Plan, sizes: Sequence[int]) -> Section:
    figures: list[Figure] = []
    for monitors in (1, *sizes):
        first: list[float] = []
        again: list[float] = []
        for _ in range(plan.runs):
            with _site(plan, monitors) as folder:
                for seconds in (first, again):
                    with kener(Path(folder)).running() as server:
                        seconds.append(server.started_in)
        report.say(f"  {monitors:,} monitors start in {again[-1]:.2f} s")
        base = figures[1].values if figures else again
        figures.append(Figure(f"{monitors:,}, new database", first, base))
        figures.append(Figure(f"{monitors:,}, restart", again, base))
    text = (
        "Of the real command, to its first answer with 200; how many times that of a site with one monitor."
    )
    return Section("Start by monitors", "s", figures, text, ("of one monitor's restart",))


def _memory(plan: Plan, sizes: Sequence[int]) -> Section:
    figures: list[Figure] = []
    for monitors in (1, *sizes):
        weights: list[float] = []
        for _ in range(plan.runs):
            with _site(plan, monitors) as folder:
                for _ in ("new database", "restart"):
                    with kener(Path(folder)).running() as server:
                        memory = server.memory()
                weights.append(memory)
        report.say(f"  {monitors:,} monitors need {weights[-1]:.0f} MB")
        figures.append(Figure(f"{monitors:,}", weights, figures[0].values if figures else weights))
    text = "Of all processes, after a restart, before anybody asks for anything."
    return Section("Memory by monitors", "MB (RSS)", figures, text, ("of one monitor",))


# ---- growth ----------------------------------------------------------------------------------


def _growth(days: int) -> Section:
    kinds = {"stays UP": "up", "is DOWN once a day": "fails"}
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as name:
        processes = []
        for kind in kinds.values():
            folder = Path(name, kind)
            site.write(folder, _MONITORS, site.PLAIN)
            processes.append(_process("benchmarks.growth", str(folder), str(days), kind))
        report.say(f"  {days} days pass, minute by minute")
        curves = [json.loads(_printed(process)) for process in processes]
    figures = [
        Figure(
            f"{kind}: after {passed} day{'s' if passed != '1' else ''}", [size], [next(iter(curve.values()))]
        )
        for kind, curve in zip(kinds, curves, strict=True)
        for passed, size in curve.items()
    ]
    text = (
        f"Kilobytes for each of {_MONITORS} monitors that call every minute, with the default retention of "
        "100 heartbeats and 400 days. One that is DOWN each day adds changes, alerts, incidents and their "
        "updates."
    )
    return Section("Growth of the database", "kB a monitor", figures, text, ("of the first day",))
