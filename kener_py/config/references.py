"""Values from outside the file: `${NAME}`, `${NAME:-default}`, `${file:/run/x}`, `${file:${FOLDER}/x}`.

They are put into values that are parsed already, once, so that a value can neither add YAML nor refer on.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Mapping
from pathlib import Path

LARGEST = 1_000_000
# The name of a file may hold variables, for a folder such as $CREDENTIALS_DIRECTORY.
REFERENCE = re.compile(r"\$\$\{|\$\{(?P<inside>file:(?:\$\{[^}]*\}|[^}])*|[^}]*)(?P<closed>\}?)")
NAME = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>.*))?", re.DOTALL)


class ReferenceProblem(ValueError):
    """A `${…}` that has no value. The message is fit for users and holds no value."""


class References:
    """Fills in `${…}`; `files` lists, in order, every file that was asked for."""

    def __init__(self, env: Mapping[str, str], folder: Path) -> None:
        self.env = env
        self.folder = folder
        self.files: list[Path] = []

    def fill(self, text: str) -> str:
        """Return `text` with every reference replaced, and `$${` as `${`; raises ReferenceProblem."""
        return REFERENCE.sub(self.value, text)

    def value(self, found: re.Match[str]) -> str:
        if found[0] == "$${":
            return "${"
        if not found["closed"]:
            raise ReferenceProblem("${ is never closed with }; for a literal ${ write $${")
        inside = found["inside"]
        if inside.startswith("file:"):
            name = REFERENCE.sub(self._variable, inside.removeprefix("file:").strip())
            return self.text(self.folder / name)
        return self._variable(found)

    def _variable(self, found: re.Match[str]) -> str:
        if found[0] == "$${":
            return "${"
        inside = found["inside"]
        matched = NAME.fullmatch(inside)
        if not matched:
            # What stands inside is not repeated: somebody may have put the secret itself there.
            raise ReferenceProblem(
                "write ${NAME}, ${NAME:-default} or ${file:/path}; for a literal ${ write $${"
            )
        name, default = matched["name"], matched["default"]
        if default is not None:
            return _text(self.env.get(name) or default, name)
        if name not in self.env:
            raise ReferenceProblem(
                f"the environment variable {name} is not set; set it, or give a default: ${{{name}:-default}}"
            )
        return _text(self.env[name], name)

    def content(self, path: Path, largest: int) -> bytes:
        """Return what is in the file, and remember that it was asked for."""
        if path not in self.files:
            self.files.append(path)
        try:
            if not stat.S_ISREG(path.stat().st_mode):
                raise ReferenceProblem(f"the file {path} is not a regular file")
            with path.open("rb") as opened:
                content = opened.read(largest + 1)
        except OSError as error:
            raise ReferenceProblem(f"the file {path} cannot be read: {error.strerror}") from None
        except ValueError as error:  # a NUL byte in the path
            if isinstance(error, ReferenceProblem):
                raise
            raise ReferenceProblem("this is not a valid path") from None
        if len(content) > largest:
            raise ReferenceProblem(f"the file {path} is larger than {largest:,} bytes")
        return content

    def text(self, path: Path, largest: int = LARGEST) -> str:
        """Return the same as text, without the line breaks at its end."""
        try:
            return self.content(path, largest).decode("utf-8-sig").rstrip("\r\n")
        except UnicodeDecodeError:
            raise ReferenceProblem(f"the file {path} is not text in UTF-8") from None


def _text(value: str, name: str) -> str:
    """Return the value of a variable; its bytes that are no UTF-8 arrive as surrogates."""
    if any("\ud800" <= char <= "\udfff" for char in value):
        raise ReferenceProblem(f"the environment variable {name} is not text in UTF-8")
    return value
