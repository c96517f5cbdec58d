"""What XML 1.0 cannot hold, not even escaped."""

from __future__ import annotations

import re

_NO_CHARACTER = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(document: str) -> str:
    """The document without the characters that no parser takes (https://www.w3.org/TR/xml/#charsets)."""
    return _NO_CHARACTER.sub("", document)
