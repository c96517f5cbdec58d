"""Text in columns, as a terminal shows it."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

WIDEST = 40  # cells of one column; longer text ends in an ellipsis
SPACE = 2  # between columns


def width(text: str) -> int:
    """How many cells a terminal needs: two for wide characters, none for marks that join another."""
    if text.isascii():
        return len(text)
    return sum(map(_cells, text))


def _cells(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def shortened(text: str, cells: int = WIDEST) -> str:
    """The text in at most this many cells."""
    if width(text[: 4 * cells]) <= cells and len(text) <= 4 * cells:
        return text
    kept, used = [], 1
    for character in text:
        used += _cells(character)
        if used > cells:
            break
        kept.append(character)
    return "".join(kept).rstrip() + "…"


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """One line for each row; every column as wide as its widest text."""
    short = [[shortened(text) for text in row] for row in rows]
    widths = [max(map(width, column)) for column in zip(*short, strict=True)]
    return [
        (" " * SPACE)
        .join(text + " " * (room - width(text)) for text, room in zip(row, widths, strict=True))
        .rstrip()
        for row in short
    ]
