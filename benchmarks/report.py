"""Figures as they are told: a Markdown table with median, least and most, and the same as JSON."""

from __future__ import annotations

import math
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from kener_py import __version__, store


@dataclass(frozen=True, slots=True)
class Figure:
    """One row: what was measured in each run, and what the baselines had in the same run."""

    name: str
    values: Sequence[float]
    bare: Sequence[float] = ()  # of the bare WSGI callable
    flask: Sequence[float] = ()  # of the no-op Flask route
    note: str = ""

    def ratios(self, base: Sequence[float]) -> list[float]:
        return [value / each for value, each in zip(self.values, base, strict=True)] if base else []


@dataclass(frozen=True, slots=True)
class Section:
    """One table. All its figures have one unit."""

    title: str
    unit: str
    figures: Sequence[Figure]
    text: str = ""  # below the title: what is compared with what
    bases: tuple[str, ...] = ("of bare WSGI", "of no-op Flask")  # the headings of the ratios
    notes: str = ""  # the heading of the notes; without it they are not shown

    def markdown(self) -> str:
        lines = [f"### {self.title}", ""]
        if self.text:
            lines += [self.text, ""]
        heads = ["", self.unit, *self.bases, *([self.notes] if self.notes else [])]
        lines += [f"| {' | '.join(heads)} |", "|---" + "|---:" * (len(heads) - 1) + "|"]
        for figure in self.figures:
            bases = (figure.bare, figure.flask)[: len(self.bases)]
            cells = [figure.name, spread(figure.values), *(spread(figure.ratios(base)) for base in bases)]
            lines.append(f"| {' | '.join([*cells, *([figure.note] if self.notes else [])])} |")
        return "\n".join(lines)

    def fields(self) -> dict[str, object]:
        return {
            "title": self.title,
            "unit": self.unit,
            "figures": [
                {
                    "name": figure.name,
                    "values": list(figure.values),
                    "of_bare": figure.ratios(figure.bare),
                    "of_flask": figure.ratios(figure.flask),
                    "note": figure.note,
                }
                for figure in self.figures
            ],
        }


def spread(values: Sequence[float]) -> str:
    """The median, with the least and the most when they differ."""
    if not values:
        return ""
    least, middle, most = short(min(values)), short(statistics.median(values)), short(max(values))
    return middle if least == most else f"{middle} ({least}–{most})"


def short(value: float) -> str:
    """Three digits that count: 24,300 · 12.4 · 0.0312."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.{max(2 - math.floor(math.log10(abs(rounded))), 0)}f}"


def machine(folder: Path) -> list[str]:
    """What it was measured with, without any name; `folder` is where the databases lie."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    load = os.getloadavg()[0]
    return [
        f"- {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, kener-py {__version__}",
        f"- {os.cpu_count()} cores ({model}), {memory:.0f} GB; load of others before the run: {load:.1f}",
        f"- Linux {platform.release()}, Python {platform.python_version()}, SQLite {store.sqlite_version()}",
        f"- databases on {_filesystem(folder)}, where 4 kB are on disk after {_sync(folder):.2f} ms",
    ]


def _filesystem(folder: Path) -> str:
    found = ("", "?")
    for line in Path("/proc/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split()
        if folder.resolve().is_relative_to(place) and len(place) >= len(found[0]):
            found = (place, kind)
    return found[1]


def _sync(folder: Path) -> float:
    """Milliseconds, the median of many."""
    times = []
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        for _ in range(100):
            before = time.perf_counter()
            file.write(b"x" * 4096)
            file.flush()
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - before) * 1000)
    return statistics.median(times)


def say(text: str) -> None:
    """Progress, for who waits."""
    print(text, file=sys.stderr, flush=True)
