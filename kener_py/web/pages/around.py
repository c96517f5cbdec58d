"""A stretch of time as SVG path data: one path per status, the worse the higher, so that shape alone tells.

The width is cut into slots; what is shorter than a slot fills it, so that no outage is too short to be seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kener_py.model import Instant, Span, Status
from kener_py.web.bars import Path

SLOTS = 300
HEIGHT = 20
VIEW_BOX = f"0 0 {SLOTS} {HEIGHT}"

# Top and bottom of what each status fills. Drawn in this order: the worse covers the better.
_SHAPES: tuple[tuple[Status, tuple[tuple[int, int], ...]], ...] = (
    (Status.NO_DATA, ((18, 20),)),
    (Status.UP, ((10, 20),)),
    (Status.MAINTENANCE, ((10, 13), (17, 20))),  # two lines
    (Status.DEGRADED, ((5, 20),)),
    (Status.DOWN, ((0, 20),)),
)


def paths(history: Sequence[Span], started: Instant, ended: Instant) -> tuple[Path, ...]:
    """The paths of [started, ended) in units of `VIEW_BOX`."""
    length = max(ended - started, 1)
    touched: dict[Status, set[int]] = {}
    for span in history:
        first = (max(span.started, started) - started) * SLOTS // length
        last = -((started - min(span.ended, ended)) * SLOTS // length)  # the ceiling
        touched.setdefault(span.status, set()).update(range(first, min(last, SLOTS)))
    return tuple(
        Path(status, "".join(_block(run, part) for run in _runs(touched[status]) for part in parts))
        for status, parts in _SHAPES
        if touched.get(status)
    )


def _runs(slots: Iterable[int]) -> Iterable[tuple[int, int]]:
    """Neighbouring slots as [first, end)."""
    first: int | None = None
    end = 0
    for slot in sorted(slots):
        if first is not None and slot == end:
            end += 1
            continue
        if first is not None:
            yield first, end
        first, end = slot, slot + 1
    if first is not None:
        yield first, end


def _block(run: tuple[int, int], part: tuple[int, int]) -> str:
    (left, right), (top, bottom) = run, part
    return f"M{left} {top}H{right}V{bottom}H{left}z"
