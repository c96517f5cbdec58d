"""How long until the first answer, and how much memory."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from benchmarks import rounds, site, wrk
from benchmarks.heartbeats import CURL
from benchmarks.pages import BROWSER
from benchmarks.report import Figure, Section
from benchmarks.rounds import BARE, FLASK, Measure, Plan
from benchmarks.server import Server, baselines, kener
from benchmarks.wrk import Load


def sections(plan: Plan, sites: site.Sites) -> Iterator[Measure]:
    if plan.wants("Start"):
        yield partial(_start, plan)
    if plan.wants("Memory"):
        yield partial(_memory, plan, sites)


def _seconds(server: Server, path: str) -> float:
    try:
        return server.start(path)
    finally:
        server.stop()


def _first(folder: Path, path: str) -> float:
    for file in folder.glob("kener.db*"):
        file.unlink()
    return _again(folder, path)


def _again(folder: Path, path: str) -> float:
    return _seconds(kener(folder), path)


def _start(plan: Plan) -> Section:
    measures: dict[str, Callable[[], float]] = {}
    bare, flask = baselines(plan.folder)
    measures[BARE], measures[FLASK] = partial(_seconds, bare, "/"), partial(_seconds, flask, "/")
    for monitors in (10,) if plan.is_quick else (10, 10_000):
        folder = plan.folder / f"start-{monitors}"
        site.write(folder, monitors)
        measures[f"{monitors:,} monitors, new database"] = partial(_first, folder, "/livez")
        measures[f"{monitors:,} monitors, restart"] = partial(_again, folder, "/livez")
        measures[f"{monitors:,} monitors, restart, to the first page"] = partial(_again, folder, "/")
    text = (
        "Seconds from the start of the process to its first answer with 200. The baselines are processes "
        "that have loaded the same modules, so the ratio says what a site's data takes."
    )
    return Section("Start", "s", rounds.compare(plan, measures), text)


def _memory(plan: Plan, sites: site.Sites) -> Section:
    monitors = 10 if plan.is_quick else 1_000
    after: dict[str, list[float]] = {}

    def weigh(name: str, server: Server, *loads: Load) -> float:
        """Started anew, read once, then under load."""
        with server.running():
            server.ask("/", headers=BROWSER)
            idle = server.memory()
            for load in loads:
                wrk.run(server, load, plan.seconds)
            after.setdefault(name, []).append(server.memory())
            return idle

    pages = Load(["/"], 8, headers=BROWSER)
    beats = Load([site.path(number) for number in range(monitors)], 256, headers=CURL)
    bare, flask = baselines(plan.folder)

    def weigh_kener(name: str) -> float:
        folder = sites.copy(monitors)
        try:
            return weigh(name, kener(folder), beats, pages)
        finally:
            shutil.rmtree(folder)

    subject = f"{monitors:,} monitors"
    found = rounds.compare(
        plan,
        {
            BARE: partial(weigh, BARE, bare, pages),
            FLASK: partial(weigh, FLASK, flask, pages),
            subject: partial(weigh_kener, subject),
        },
    )
    figures = [replace(each, name=f"{each.name}, one page read") for each in found]
    figures += [
        Figure(f"{name}, after load", values, after[BARE], after[FLASK]) for name, values in after.items()
    ]
    text = (
        f"Megabytes of all processes (RSS) with {site.PAST} days of history; the load is {plan.seconds:.0f} "
        "s of heartbeats on 256 connections and as long of front pages on 8. Baselines as above."
    )
    return Section("Memory", "MB", figures, text)
