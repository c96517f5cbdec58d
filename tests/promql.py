"""Which metrics an expression of Prometheus asks for. Whether it is valid, Prometheus itself says."""

from __future__ import annotations

import re

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_MATCHERS = re.compile(r"\{[^{}]*\}|\[[^\[\]]*\]")
_LABELS = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^()]*\)")
_NAME = re.compile(r"(?<![\w:.])[A-Za-z_:][\w:]*(?!\w)(?!\s*\()")
_WORDS = {"and", "or", "unless", "bool", "offset", "by", "without"}


def metrics(expression: str) -> set[str]:
    text = _LABELS.sub(" ", _MATCHERS.sub(" ", _QUOTED.sub('""', expression)))
    return {name for name in _NAME.findall(text) if name.lower() not in _WORDS}
