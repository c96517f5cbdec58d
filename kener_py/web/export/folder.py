"""A folder of written files: what is new is swapped in whole, what is the same is not touched.

A manifest in it says which files are ours, so that nobody else's are ever removed.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

MANIFEST = ".kener-export.json"
_FORM = 1  # of the manifest


class Refused(Exception):
    """The folder cannot be written to; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of ours."""

    address: str  # that the application was asked for
    digest: str  # of what counts in it; see `Folder.put`
    size: int  # bytes
    made_of: str = ""  # for what belongs to the past: while this is so, it is not looked at again


class Folder:
    def __init__(self, path: Path, entries: dict[str, Entry]) -> None:
        self.path, self.entries = path, entries
        self.written = self.removed = self.unchanged = 0

    def put(self, name: str, address: str, body: bytes, digest: str, made_of: str = "") -> None:
        """Make this file what it shall be; not if one of this digest is there. Raises OSError."""
        before, file = self.entries.get(name), self.path / name
        if before is not None and before.digest == digest and _size(file) == before.size:
            self.entries[name] = Entry(address, digest, before.size, made_of)
            self.unchanged += 1
            return
        write(file, body)
        self.entries[name] = Entry(address, digest, len(body), made_of)
        self.written += 1

    def holds(self, name: str, made_of: str) -> bool:
        """Whether this file is there and was made of this."""
        entry = self.entries.get(name)
        return entry is not None and entry.made_of == made_of and _size(self.path / name) == entry.size

    def remove(self, name: str) -> None:
        """Remove a file of ours, and the folders that it leaves empty. Raises OSError."""
        if self.entries.pop(name, None) is None:
            return
        file = self.path / name
        file.unlink(missing_ok=True)
        self.removed += 1
        with suppress(OSError):  # not empty
            for parent in file.parents:
                if parent == self.path:
                    break
                parent.rmdir()

    def save(self) -> None:
        """Write down which files are ours. Raises OSError."""
        told = {"form": _FORM, "files": {name: asdict(entry) for name, entry in sorted(self.entries.items())}}
        write(self.path / MANIFEST, json.dumps(told, indent=0).encode())


@contextmanager
def opened(path: Path, is_forced: bool = False) -> Iterator[Folder]:
    """The folder for this process alone. Raises Refused, OSError.

    One that is not empty and was not written by us is refused, unless `is_forced`; what lies in it stays,
    but for what has the name of a file of ours.
    """
    path.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Refused(f"{path}: another export writes to it; wait for its end") from None
        folder = Folder(path, _entries(path, is_forced))
        folder.save()  # from now on it is ours, whatever happens
        try:
            yield folder
        finally:
            with suppress(OSError):  # a full disk has been told of already
                folder.save()
    finally:
        os.close(handle)


def _entries(path: Path, is_forced: bool) -> dict[str, Entry]:
    try:
        told = json.loads((path / MANIFEST).read_bytes())
        if told["form"] == _FORM:
            return {name: Entry(**entry) for name, entry in told["files"].items() if _is_inside(name)}
    except FileNotFoundError:
        if not is_forced and any(path.iterdir()):
            raise Refused(
                f"{path}: not empty, and not written by kener-py; name an empty folder, or use --force"
            ) from None
        return {}
    except (ValueError, TypeError, KeyError, AttributeError):
        pass
    if is_forced:
        return {}
    raise Refused(
        f"{path / MANIFEST}: damaged; empty the folder, or use --force, which keeps what lies in it"
    )


def _is_inside(name: str) -> bool:
    """Whether a name of the manifest is one that we may have written: somebody may have edited it."""
    return not name.startswith("/") and ".." not in name.split("/")


def _size(file: Path) -> int | None:
    try:
        return file.stat().st_size
    except OSError:
        return None


def write(file: Path, body: bytes) -> None:
    """Put these bytes in the place of a file at once: who reads it gets the old ones or the new ones."""
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f".{file.name}.new")
    try:
        beside.write_bytes(body)
        beside.chmod(0o644)
        beside.replace(file)
    except BaseException:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise
