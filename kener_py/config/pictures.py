"""Which kind of image a file is: its name says one, and its first bytes have to agree."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from kener_py.config.references import ReferenceProblem
from kener_py.model import Picture

LARGEST = 1_000_000  # bytes
TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".svg": "image/svg+xml",
    ".ico": "image/vnd.microsoft.icon",
}
_BEGINNINGS = {
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/gif": re.compile(rb"GIF8[79]a"),
    "image/webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
    "image/vnd.microsoft.icon": re.compile(rb"\x00\x00\x01\x00"),
}
# What may stand before an SVG's element: a declaration, comments, a document type.
_XML_PROLOGUE = re.compile(r"\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*(\[[^\]]*\]\s*)?>", re.DOTALL)
_SVG = re.compile(r"<(\w+:)?svg[\s>]")


def picture(path: Path, content: bytes) -> Picture:
    """Return the content of the file as an image; raises ReferenceProblem if it is none."""
    named = TYPES.get(path.suffix.lower())
    if named is None:
        raise ReferenceProblem(f"the file {path} should be an image: {', '.join(TYPES)}")
    found = _kind(content)
    if found is None:
        raise ReferenceProblem(f"the file {path} is no image: it does not begin like {_spoken(named)}")
    if found != named:
        raise ReferenceProblem(f"the file {path} is {_spoken(found)} and not {_spoken(named)}; rename it")
    return Picture(content, named, hashlib.sha256(content).hexdigest()[:12])


def _kind(content: bytes) -> str | None:
    for kind, beginning in _BEGINNINGS.items():
        if beginning.match(content):
            return kind
    return TYPES[".svg"] if _is_svg(content) else None


def _is_svg(content: bytes) -> bool:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    at = 0
    while found := _XML_PROLOGUE.match(text, at):
        at = found.end()
    return _SVG.match(text, at) is not None


def _spoken(kind: str) -> str:
    suffix = next(suffix for suffix, each in TYPES.items() if each == kind)
    return f"a {suffix} file"
