"""What is wrong with a configuration, each with its place, and the error that carries all of it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Protocol


class Place(Protocol):
    """Anything that knows where it stands in the file."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong. `line` and `column` count from 1; 0 means that it is in no file."""

    file: str
    line: int
    column: int
    field: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return ": ".join(part for part in (place, self.field, self.message) if part)


class ConfigError(Exception):
    """The configuration cannot be used; `problems` has everything that is wrong, sorted by place.

    `files` are those that it asked for beside the YAML file: when one of them changes, try again.
    """

    def __init__(self, problems: Iterable[Problem], files: Iterable[Path] = ()) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems)))
        self.files = tuple(files)
        super().__init__("\n".join(str(problem) for problem in self.problems))


FieldPath = tuple[str | int, ...]


@dataclass(slots=True)
class Report:
    """Collects problems and warnings while the file is read."""

    file: str
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def problem(self, place: Place, path: FieldPath, message: str) -> None:
        self.problems.append(Problem(self.file, place.line, place.column, dotted(path), message))

    def warning(self, place: Place, path: FieldPath, message: str) -> None:
        self.warnings.append(Problem(self.file, place.line, place.column, dotted(path), message))

    def fail(self, message: str, line: int = 0, column: int = 0) -> ConfigError:
        """Return the error for a file that cannot be read any further."""
        return ConfigError([*self.problems, Problem(self.file, line, column, "", message)])


def dotted(path: FieldPath) -> str:
    """Return a path as people write it: `monitors[2].grace`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            # A notifier's URL that slipped into a key's place carries a password.
            name = "…" if "://" in part or len(part) > 64 or not part.isprintable() else part
            text += f".{name}" if text else name
    return text


@lru_cache(maxsize=1024)
def closest(word: str, words: tuple[str, ...]) -> str | None:
    """Return the one of `words` that `word` was probably meant to be."""
    if len(word) > 64 or len(words) > 2_000:  # it takes milliseconds per word, for each problem
        return None
    spelled = {known.casefold(): known for known in words}
    found = difflib.get_close_matches(word.casefold(), spelled, n=1)
    return spelled[found[0]] if found else None


def suggestion(word: str, words: Iterable[str], none: str = "there are none") -> str:
    """Return the end of a message about an unknown word: the closest one, or what there is."""
    known = tuple(words)
    if meant := closest(word, known):
        return f"did you mean '{meant}'?"
    if not known:
        return none
    more = f" and {len(known) - 20} more" if len(known) > 20 else ""
    return f"known are: {', '.join(known[:20])}{more}"
