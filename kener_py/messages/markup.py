"""Text that people and jobs wrote, made harmless for plain text, HTML and the Markdown of chats."""

from __future__ import annotations

import html
import re

_BREAKS = re.compile(r"\r\n|[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufffe\uffff]"
)
# Slack shows some backslashes, so none stands where nothing could be meant: nightly_backup, a | b.
_MARKS = re.compile(r"[\\`*~\[\]<>]|(?<![^\W_])_|_(?![^\W_])|\|(?=\|)|(?<=\|)\|")
_BLOCK = re.compile(r"[#+=-]|\d+[.)]")
_ENTITY = re.compile(r"&(?=#?\w{1,40};)")
# Chats look for these words anywhere, and for any name where a word may begin.
_PING = re.compile(r"@(?=everyone|here|channel|all|room)|(?<![\w.+-])@(?=\S)", re.IGNORECASE)
_NOTHING = "\u200b"  # a space of no width: what follows it is text


def lines(text: str) -> list[str]:
    """The lines of a text without control characters and without what turns the writing direction."""
    return [_UNPRINTABLE.sub("\ufffd", line).expandtabs(4).rstrip() for line in _BREAKS.split(text.strip())]


def one_line(text: str) -> str:
    return " ".join(" ".join(lines(text)).split())


def plain(text: str) -> str:
    """Several lines are indented from the second on, so that none can pass for a line of ours."""
    return "\n  ".join(lines(text))


def for_html(text: str) -> str:
    return "<br>".join(html.escape(line) for line in lines(text))


def for_markdown(text: str) -> str:
    """CommonMark that shows the text as it is, and calls nobody: @everyone, <!channel>, <@U123>.

    None of its lines is a heading, a list or code either.
    """
    safe = []
    for line in lines(text):
        line = _MARKS.sub(lambda mark: "\\" + mark[0], line)
        line = _ENTITY.sub("&" + _NOTHING, line)
        safe.append(_PING.sub("@" + _NOTHING, line))
    if _BLOCK.match(safe[0]):
        safe[0] = _NOTHING + safe[0]
    return f"  \n{_NOTHING}".join(safe)
