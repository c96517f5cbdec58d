"""Reading the YAML file, and telling whether any file of a configuration has changed."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterable
from pathlib import Path

from kener_py.config.problems import Report

LARGEST = 100_000_000


def read(path: Path, report: Report) -> str:
    """Return the text of the file; raises ConfigError when there is none to be had."""
    try:
        with path.open("rb") as opened:
            content = opened.read(LARGEST + 1)
    except FileNotFoundError:
        raise report.fail("there is no such file; config.example.yaml is a good one to begin with") from None
    except IsADirectoryError:
        raise report.fail("this is a directory; name the YAML file in it") from None
    except OSError as error:
        raise report.fail(f"cannot be read: {error.strerror}") from None
    except ValueError:  # a NUL byte in the path
        raise report.fail("this is not a valid path") from None
    if len(content) > LARGEST:
        raise report.fail(f"larger than {LARGEST:,} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        raise report.fail("not UTF-8 from here on; save the file as UTF-8", line, column) from None


def signature(files: Iterable[Path]) -> bytes:
    """Return a digest of what these files contain right now.

    Symlinks are followed and contents are compared, so a file that an editor replaced and a mount that
    was swapped are seen, and a touch is not. A missing file is a content of its own.
    """
    digest = hashlib.sha256()
    for path in files:
        digest.update(hashlib.sha256(str(path).encode(errors="surrogateescape")).digest())
        digest.update(_content_digest(path))
    return digest.digest()


def _content_digest(path: Path) -> bytes:
    try:
        # Opening a pipe would wait for its writer.
        if not stat.S_ISREG(path.stat().st_mode):
            return hashlib.sha256(b"special").digest()
        with path.open("rb") as opened:
            return b"\0" + hashlib.file_digest(opened, "sha256").digest()
    except (OSError, ValueError):
        return hashlib.sha256(b"missing").digest()
