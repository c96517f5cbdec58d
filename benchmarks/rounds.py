"""What is compared runs in turn, A B C A B C …, so that a noisy machine disturbs all of it alike."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import report, wrk
from benchmarks.report import Figure, Section
from benchmarks.server import Server
from benchmarks.wrk import Load

BARE, FLASK = "bare WSGI callable", "no-op Flask route"


# One table, measured when it is called; raises Failed. Who hands it out keeps its servers running meanwhile.
Measure = Callable[[], Section]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    runs: int
    seconds: float  # of each run of wrk
    is_quick: bool  # sizes are as small as can be: whether it works, not how fast it is
    only: str  # a pattern of names, "*" for all
    folder: Path  # where files and databases go

    def wants(self, name: str) -> bool:
        """Whether the pattern is about this name: "front*", or any part of it: "304"."""
        return fnmatch.fnmatchcase(name.lower(), f"*{self.only.lower()}*")


def measure(plan: Plan, measures: Mapping[str, Callable[[], float]]) -> dict[str, list[float]]:
    """What each measure gave in each run, in the order of `measures`."""
    found: dict[str, list[float]] = {name: [] for name in measures}
    for number in range(plan.runs):
        for name, once in measures.items():
            found[name].append(once())
        last = ", ".join(f"{name} {report.short(values[-1])}" for name, values in found.items())
        report.say(f"  run {number + 1} of {plan.runs}: {last}")
    return found


def compare(plan: Plan, measures: Mapping[str, Callable[[], float]]) -> list[Figure]:
    """A figure for each measure; those named BARE and FLASK are what the others are compared with."""
    found = measure(plan, measures)
    bare, flask = found[BARE], found[FLASK]
    return [Figure(name, values, bare, flask) for name, values in found.items()]


def throughput(
    plan: Plan, baselines: Sequence[Server], base: Load, subjects: Mapping[str, Callable[[], float]]
) -> list[Figure]:
    """Answers a second of each subject, and of the baselines under the load `base`."""
    bare, flask = baselines
    return compare(
        plan,
        {
            BARE: lambda: wrk.run(bare, base, plan.seconds).per_second,
            FLASK: lambda: wrk.run(flask, base, plan.seconds).per_second,
            **subjects,
        },
    )
