"""What happened since this process began, added up for /metrics. Any thread may add."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds, inclusive

Labels = tuple[str, ...]


class Counts:
    """Counters by name and labels."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: Counter[tuple[str, Labels]] = Counter()

    def add(self, name: str, *labels: str) -> None:
        with self._lock:
            self._found[name, labels] += 1

    def of(self, name: str) -> dict[Labels, int]:
        """How many by labels."""
        with self._lock:
            return {labels: count for (known, labels), count in self._found.items() if known == name}


class Durations:
    """How long something took, in seconds, by labels: the counts of a histogram with `BUCKETS`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[Labels, tuple[list[int], list[float]]] = {}

    def add(self, seconds: float, *labels: str) -> None:
        place = bisect_left(BUCKETS, seconds)
        with self._lock:
            found = self._found.get(labels)
            if found is None:
                found = self._found[labels] = [0] * (len(BUCKETS) + 1), [0.0]
            counts, total = found
            counts[place] += 1
            total[0] += seconds

    def all(self) -> dict[Labels, tuple[tuple[int, ...], float]]:
        """(how many fell into each bucket, the last without an end; the sum of seconds) by labels."""
        with self._lock:
            return {labels: (tuple(counts), total[0]) for labels, (counts, total) in self._found.items()}
