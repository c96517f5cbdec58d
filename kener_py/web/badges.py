"""Badges: small SVG images for a README or another page, and the same for shields.io as JSON.

Addresses and query names are Kener's: label, labelColor, color, style, sinceLast, hideDuration, locale.
Whatever cannot be understood is left at its default, for a picture can show no error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from flask import Response, jsonify, make_response, render_template, request

from kener_py.model import DAY, LANGUAGES, MINUTE, SECOND, Millis, Overall, Status, Uptime
from kener_py.service import Service
from kener_py.web import language, prose, words
from kener_py.web.feeds import xml
from kener_py.web.language import N_, _

ALL = "_"
SHORTEST: Millis = MINUTE
LONGEST: Millis = 90 * DAY
STYLES = ("flat", "flat-square", "plastic", "for-the-badge", "social")
POLICY = "default-src 'none'; sandbox"

# Dark enough for white text of 4.5:1.
FILLS: Mapping[Status, str] = {
    Status.UP: "#047a5d",
    Status.DEGRADED: "#9a5503",
    Status.DOWN: "#890c2c",
    Status.MAINTENANCE: "#5a589b",
    Status.NO_DATA: "#5f626b",
}
LABEL_FILL = "#3f3f46"
# The names that shields.io gives colours by meaning.
MEANINGS: Mapping[Status, str] = {
    Status.UP: "success",
    Status.DEGRADED: "important",
    Status.DOWN: "critical",
    Status.MAINTENANCE: "informational",
    Status.NO_DATA: "inactive",
}
OVERALL: Mapping[Overall, tuple[Status, str]] = {
    Overall.UNKNOWN: (Status.NO_DATA, N_("Unknown")),
    Overall.EMPTY: (Status.NO_DATA, N_("No data")),
    Overall.WAITING: (Status.NO_DATA, N_("No data")),
    Overall.UP: (Status.UP, N_("Up")),
    Overall.MAINTENANCE: (Status.MAINTENANCE, N_("Maintenance")),
    Overall.DEGRADED: (Status.DEGRADED, N_("Degraded")),
    Overall.PARTIAL_OUTAGE: (Status.DOWN, N_("Partial outage")),
    Overall.MAJOR_OUTAGE: (Status.DOWN, N_("Major outage")),
}


@dataclass(frozen=True, slots=True)
class _Fact:
    """What a badge says."""

    label: str
    message: str
    status: Status
    is_known: bool = True


@dataclass(frozen=True, slots=True)
class _Part:
    """One half of a badge; lengths in pixels, `x` is its middle."""

    text: str
    fill: str
    ink: str
    length: int
    width: int
    x: float


# ---- the routes ------------------------------------------------------------------------------


def status(service: Service, tag: str) -> Response:
    return _drawn(_of_status(service, tag))


def status_json(service: Service, tag: str) -> Response:
    return _shields(_of_status(service, tag))


def uptime(service: Service, tag: str) -> Response:
    return _drawn(_of_uptime(service, tag))


def uptime_json(service: Service, tag: str) -> Response:
    return _shields(_of_uptime(service, tag))


def dot(service: Service, tag: str) -> Response:
    """A coloured circle; `animate=ping` lets it pulse, `fillColor` chooses its colour."""
    fact = _of_status(service, tag)
    return _svg(
        "dot.svg",
        fact,
        title=f"{_short(fact.label)}: {_short(fact.message)}",
        fill=_colour("fillColor", FILLS[fact.status]),
        pings=request.args.get("animate") == "ping",
    )


# ---- what is said ----------------------------------------------------------------------------


def _speak(service: Service) -> None:
    """In the language of the address, else of the site: a picture is cached for everybody."""
    wanted = request.args.get("locale", "") or request.args.get("lang", "")
    language.speak(wanted if wanted in LANGUAGES else service.config.site.language)


def _of_status(service: Service, tag: str) -> _Fact:
    _speak(service)
    if tag == ALL:
        found, word = OVERALL[service.overall()]
        return _Fact(service.config.site.title, _(word), found)
    present = service.present(tag)
    if present is None:
        return _unknown()
    monitor, now = present
    return _Fact(monitor.name, words.word(now), now or Status.NO_DATA)


def _of_uptime(service: Service, tag: str) -> _Fact:
    """Of the last `sinceLast` seconds, 90 days by default; the colour is that of the present status."""
    now = _of_status(service, tag)
    if not now.is_known:
        return now
    length = _length()
    total = service.uptime_of(None if tag == ALL else tag, length)
    share = words.share(total)
    if request.args.get("hideDuration") == "true":
        name = _("%(name)s uptime", name=now.label)
    else:
        name = _("%(name)s uptime %(length)s", name=now.label, length=words.duration(length))
    return _Fact(name, share or _("no data yet"), _tint(total))


def _tint(total: Uptime) -> Status:
    """Green from 99.9 %, amber from 99 %."""
    text = Service.percent(total)
    if text is None:
        return Status.NO_DATA
    share = Decimal(text)
    return Status.UP if share >= Decimal("99.9") else Status.DEGRADED if share >= 99 else Status.DOWN


def _unknown() -> _Fact:
    """What is not there and what is hidden look the same, and are a picture all the same."""
    return _Fact(_("Status"), _("unknown monitor"), Status.NO_DATA, is_known=False)


def _length() -> Millis:
    wanted = request.args.get("sinceLast", "")
    if not re.fullmatch("[0-9]{1,9}", wanted, re.ASCII):
        return LONGEST
    return min(max(int(wanted) * SECOND, SHORTEST), LONGEST)


# ---- how it looks ----------------------------------------------------------------------------

_COLOURS = {
    "brightgreen": "#047a5d", "green": "#3f7a10", "yellowgreen": "#6b7016", "yellow": "#876a08",
    "orange": "#b34e12", "red": "#c2331f", "blue": "#0968a8", "lightgrey": "#6b6b6b", "grey": "#555555",
    "success": "#047a5d", "important": "#9a5503", "critical": "#890c2c", "informational": "#0968a8",
    "inactive": "#5f626b", "black": "#000000", "white": "#ffffff",
}  # fmt: skip


def _colour(name: str, otherwise: str) -> str:
    """The colour of a query field: a word of shields.io, or three or six hexadecimal digits."""
    wanted = request.args.get(name, "").strip().lower()
    digits = wanted.removeprefix("#")
    if re.fullmatch("[0-9a-f]{3}|[0-9a-f]{6}", digits, re.ASCII):
        return f"#{digits}"
    return _COLOURS.get(wanted, otherwise)


def _ink(fill: str) -> str:
    """Black or white, whichever is easier to read on it (WCAG 2 relative luminance)."""
    digits = fill[1:] if len(fill) == 7 else "".join(each * 2 for each in fill[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#fff" if luminance < 0.179 else "#000"


_NARROW, _WIDE = frozenset("fijlrtI.,:;'!|()[]1 "), frozenset("mwMW@%")


def _ems(letter: str) -> float:
    if letter in _NARROW:
        return 0.42
    if letter in _WIDE:
        return 0.95
    return 0.62 if letter < "\u2e80" else 1.0


def _measure(text: str, size: int) -> int:
    """About how many pixels the text takes in Verdana; `textLength` makes it fit exactly."""
    return round(sum(map(_ems, text)) * size)


def _short(text: str) -> str:
    text = prose.plain(text)
    return text if len(text) <= 80 else text[:79] + "…"


def _drawn(fact: _Fact) -> Response:
    style = request.args.get("style", "")
    style = style if style in STYLES else "flat"
    is_big = style == "for-the-badge"
    height, size, pad = (28, 10, 12) if is_big else (20, 11, 6)
    label = _short(request.args.get("label", fact.label))
    message = _short(fact.message)
    if is_big:
        label, message = label.upper(), message.upper()
    found, x = [], 0
    fills = (_colour("labelColor", LABEL_FILL), _colour("color", FILLS[fact.status]))
    for text, fill in zip((label, message), fills, strict=True):
        length = _measure(text, size) + (len(text) if is_big else 0)
        width = length + 2 * pad if text else 0
        found.append(_Part(text, fill, _ink(fill), length, width, x + width / 2))
        x += width
    return _svg(
        "badge.svg",
        fact,
        title=f"{label}: {message}" if label else message,
        width=x,
        height=height,
        size=size,
        bold=is_big,
        baseline=18 if is_big else 14,
        radius={"flat-square": 0, "for-the-badge": 0, "plastic": 4, "social": 4}.get(style, 3),
        gloss=style == "plastic",
        left=found[0],
        right=found[1],
        direction=language.direction(),
    )


def _svg(template: str, fact: _Fact, /, **facts: object) -> Response:
    """The picture; browsers show one that says "unknown monitor" with its 404, too."""
    answer = make_response(xml.clean(render_template(template, **facts)), 200 if fact.is_known else 404)
    answer.mimetype = "image/svg+xml"
    answer.headers["Content-Security-Policy"] = POLICY
    return _cached(answer)


def _shields(fact: _Fact) -> Response:
    """shields.io's endpoint schema 1; an unknown tag is a badge too."""
    told: dict[str, object] = {
        "schemaVersion": 1,
        "label": _short(request.args.get("label", fact.label)),
        "message": _short(fact.message),
        "color": MEANINGS[fact.status],
        "cacheSeconds": 60,
    }
    if not fact.is_known:
        told["isError"] = True
    return _cached(jsonify(told))


def _cached(answer: Response) -> Response:
    answer.headers["Cache-Control"] = "public, max-age=60"
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer
