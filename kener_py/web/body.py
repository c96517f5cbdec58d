"""What a heartbeat says of itself, read from its body and query. Nothing in here may lose a beat.

The one thing refused is an explicit status that is none of the three words.
"""

from __future__ import annotations

import json
import math
from collections.abc import AsyncIterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import IO, Any
from urllib.parse import parse_qs

from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

from kener_py.model import Status, quick
from kener_py.running import at_most

KEPT = 100_000  # bytes of a message: head and tail
UNDERSTOOD = 4 * 1024 * 1024  # a body up to this size is read as JSON or a form
_DRAINED = 64 * 1024 * 1024  # beyond this we stop listening
_CHUNK = 64 * 1024
PATIENCE = 60.0  # seconds
_MOST_METRICS = 100
_LONGEST_NAME = 100
_MOST_NAMED = 10  # in warnings: the answer stays short

_STATUS = {"up": Status.UP, "down": Status.DOWN, "degraded": Status.DEGRADED}
_FIELDS = {"status", "message", "metrics"}
_BROKEN = "the body is not valid UTF-8; the broken bytes were replaced"


class UnknownStatus(ValueError):
    """The status is given, and is none of the three words."""


@quick
@dataclass(frozen=True, slots=True)
class Body:
    """Bytes as they came: whole, or head and tail with a count of what lies between."""

    head: bytes
    tail: bytes = b""
    left_out: int = 0
    is_broken: bool = False  # it ended before the length that it had announced


EMPTY = Body(b"")


@quick
@dataclass(frozen=True, slots=True)
class Report:
    status: Status
    message: str
    metrics: tuple[tuple[str, float], ...]
    warnings: tuple[str, ...]


SILENT = Report(Status.UP, "", (), ())  # what a call without body and query says


class _Taken:
    """What has come of a body until now: its first `most` bytes, and the end of what is longer."""

    def __init__(self, length: int | None, most: int = UNDERSTOOD) -> None:
        self._length, self._most = length, most
        # Not beyond the announced end: to be told that there is nothing more takes as long as the body.
        self._end = min(length, _DRAINED) if length else _DRAINED
        self._head, self._tail, self._seen = bytearray(), bytearray(), 0

    def add(self, chunk: bytes) -> bool:
        """Whether there is room for more."""
        self._seen += len(chunk)
        room = self._most - len(self._head)
        self._head += chunk[:room]
        if len(chunk) > room and self._most == UNDERSTOOD:
            self._tail = (self._tail + chunk[max(room, 0) :])[-KEPT:]
        return self._seen < self._end

    def body(self, is_broken: bool) -> Body:
        is_short = self._length is not None and self._seen < min(self._length, _DRAINED)
        left_out = self._seen - len(self._head) - len(self._tail)
        return Body(bytes(self._head), bytes(self._tail), left_out, is_broken or is_short)


def read(stream: IO[bytes], length: int | None) -> Body:
    """All of the body if it is of a sane size, else its head and tail."""
    taken, is_broken = _Taken(length), False
    try:
        while (chunk := stream.read(_CHUNK)) and taken.add(chunk):
            pass
    except Exception:  # the caller hung up, or sent broken chunks: what came until then counts
        is_broken = True
    return taken.body(is_broken)


async def receive(chunks: AsyncIterable[bytes], length: int | None, most: int = UNDERSTOOD) -> Body:
    """The same on an event loop; who takes longer than `PATIENCE` to send it gets no further hearing.

    With a smaller `most` only so many bytes of the beginning are kept.
    """
    taken, is_broken = _Taken(length, most), False
    try:
        with at_most(PATIENCE):
            async for chunk in chunks:
                if not taken.add(chunk):
                    break
    except Exception:
        is_broken = True
    return taken.body(is_broken)


def _text(raw: bytes, warnings: list[str]) -> str:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        warnings.append(_BROKEN)
        text = raw.decode("utf-8", "replace")
    return text


def clean(text: str) -> str:
    """Text that SQLite and UTF-8 can hold: no NUL, no half of a surrogate pair."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def _fitted(text: str, warnings: list[str], left_out: int = 0) -> str:
    raw = clean(text).encode()
    if len(raw) <= KEPT and not left_out:
        return raw.decode()
    half = KEPT // 2 - 50
    missing = left_out + len(raw) - 2 * half
    warnings.append(f"the message is too long; its head and tail are kept, {missing} bytes are not")
    head, tail = raw[:half].decode(errors="ignore"), raw[-half:].decode(errors="ignore")
    return f"{head}\n[… {missing} bytes …]\n{tail}"


def _status(value: object) -> Status:
    known = _STATUS.get(value.strip().lower()) if isinstance(value, str) else None
    if known is None:
        shown = clean(str(value))[:50]
        raise UnknownStatus(f"unknown status '{shown}': use up, degraded or down; nothing was recorded")
    return known


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _metrics(value: object, warnings: list[str]) -> tuple[tuple[str, float], ...]:
    if isinstance(value, str):  # a query or form field holds JSON text
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = None
    if not isinstance(value, dict):
        warnings.append("metrics must be an object of name and number; they were left out")
        return ()
    found: dict[str, float] = {}
    bad: list[str] = []
    for name, number in value.items():
        known = _number(number)
        if known is None:
            bad.append(clean(name)[:_LONGEST_NAME])
        elif len(found) < _MOST_METRICS:
            found[clean(name)[:_LONGEST_NAME]] = known
    for name in bad[:_MOST_NAMED]:
        warnings.append(f"metric '{name}' is not a number; it was left out")
    if len(bad) > _MOST_NAMED:
        warnings.append(f"{len(bad) - _MOST_NAMED} more metrics are not numbers; they were left out")
    if len(value) > _MOST_METRICS:
        warnings.append(f"only the first {_MOST_METRICS} metrics were kept")
    return tuple(found.items())


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= 300 else math.inf


# So that no report of trouble is read as UP: scripts put Latin-1 and bare line breaks into texts, and an
# overlong number is one that we cannot keep, not a broken object.
_LENIENT = json.JSONDecoder(strict=False, parse_int=_integer)


def _json(raw: bytes, warnings: list[str]) -> dict[str, Any] | None:
    """The JSON object that these bytes are, whatever their Content-Type says; else None."""
    encoding = json.detect_encoding(raw)
    text = raw.decode(encoding, "replace").lstrip()
    if not text.startswith("{"):
        return None
    try:
        found = _LENIENT.decode(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    if text != raw.decode(encoding, "ignore").lstrip():
        warnings.append(_BROKEN)
    return found


def _form(raw: bytes, content_type: str, warnings: list[str]) -> dict[str, Any] | None:
    """The fields of a form, if it is one that means us: curl sends any text as a form too.

    It does if it has our fields and no other, or if it has a status that is one of the three words.
    """
    kind, options = parse_options_header(content_type)
    found: dict[str, Any] = {}
    if kind == "application/x-www-form-urlencoded" and b"=" in raw:
        try:
            text = raw.decode("utf-8", "replace")
            fields = parse_qs(text, keep_blank_values=True, max_num_fields=20)
        except ValueError:
            return None
        found = {name: values[0] for name, values in fields.items()}
    elif kind == "multipart/form-data":
        parser = FormDataParser(max_form_memory_size=UNDERSTOOD, max_form_parts=20)
        try:
            _, parts, files = parser.parse(BytesIO(raw), kind, len(raw), options)
        except Exception:  # werkzeug raises HTTP errors here; a broken form is a message
            return None
        for name, file in files.items(multi=True):
            found[name] = file.read().decode("utf-8", "replace")
            file.close()
        found |= parts.items()
    is_report = str(found.get("status")).strip().lower() in _STATUS
    if not found or not (found.keys() <= _FIELDS or is_report):
        return None
    if any("\N{REPLACEMENT CHARACTER}" in str(value) for value in found.values()):
        warnings.append(_BROKEN)
    return found


def understand(body: Body, content_type: str, query: Mapping[str, str]) -> Report:
    """What the call says; raises UnknownStatus. A field of the body wins over one of the query."""
    warnings: list[str] = []
    fields: dict[str, Any] = {name: query[name] for name in _FIELDS if name in query}
    if body.is_broken:
        warnings.append("the body ended early; what arrived is kept")
    is_whole = not body.tail and not body.left_out
    found = None
    if is_whole and body.head:
        found = _json(body.head, warnings)
        if found is None:
            found = _form(body.head, content_type, warnings)
    if found is not None:
        fields |= {name: found[name] for name in _FIELDS if found.get(name) is not None}
        unknown = sorted(clean(str(name))[:_LONGEST_NAME] for name in found if name not in _FIELDS)
        if unknown:
            warnings.append(f"unknown fields were left out: {', '.join(unknown[:_MOST_NAMED])}")
    elif body.head:
        if is_whole and body.head.lstrip().startswith(b"{"):
            warnings.append("the body is not valid JSON; it was kept as the message")
        fields["message"] = _text(body.head, warnings)

    status = _status(fields["status"]) if "status" in fields else Status.UP
    message = fields.get("message", "")
    if not isinstance(message, str):
        message = json.dumps(message, ensure_ascii=False)
    if not is_whole:
        message += body.tail.decode("utf-8", "replace")
    metrics = _metrics(fields["metrics"], warnings) if "metrics" in fields else ()
    return Report(status, _fitted(message, warnings, body.left_out), metrics, tuple(warnings))
