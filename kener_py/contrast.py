"""How well the page's colours are seen on its ground, and told apart by eyes that see fewer of them.

Contrast is that of WCAG 2.2. A difference is ΔE2000 (Sharma, Wu, Dalal 2005; below 1 nobody sees it) of
what protanopia and deuteranopia leave of two colours (Machado, Oliveira, Fernandes 2009).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from math import atan2, cos, degrees, exp, hypot, radians, sin, sqrt

from kener_py.model import PALETTE, Color

FOR_TEXT = 4.5  # WCAG 1.4.3
FOR_GRAPHICS = 3.0  # WCAG 1.4.11
APART = 10.0  # ΔE2000; two bars side by side are easily mixed up below it
SMALL_PRINT = 0.75  # of the text's colour, the rest is the ground's; as the stylesheet mixes it

THEMES = ("light", "dark")
GRAPHICS = ("up", "degraded", "down", "maintenance", "no_data", "accent")
_STATES = ("up", "degraded", "down")  # told apart by colour first; the others by their shape

_Triple = tuple[float, float, float]
_Matrix = tuple[_Triple, _Triple, _Triple]

# What severity 1 of each leaves of linear red, green and blue.
_EYES: Mapping[str, _Matrix] = {
    "red-blind": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "green-blind": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
}
_TO_XYZ: _Matrix = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
_LUMINANCE = (0.2126, 0.7152, 0.0722)  # as WCAG rounds it
_WHITE: _Triple = (0.95047, 1.0, 1.08883)


@dataclass(frozen=True, slots=True)
class Figure:
    """How a colour stands out from the ground in one theme."""

    color: str
    theme: str
    value: str
    ground: str
    ratio: float  # 1 to 21
    least: float  # below it, it is hard to see

    @property
    def text(self) -> str:
        """ "2.68:1"; what just fails is never rounded up to what passes."""
        shown = self.ratio if self.ratio >= self.least else min(self.ratio, self.least - 0.01)
        return f"{shown:.2f}:1"


@dataclass(frozen=True, slots=True)
class Weakness:
    """What is hard to see or to tell apart, and the colour of the file that makes it so."""

    color: str
    theme: str
    message: str


# ---- the measures ----------------------------------------------------------------------------


def ratio(one: str, other: str) -> float:
    """The contrast of two colours (#rrggbb): 1 is none, 21 black on white."""
    darker, lighter = sorted(
        sum(weight * part for weight, part in zip(_LUMINANCE, _linear(each), strict=True))
        for each in (one, other)
    )
    return (lighter + 0.05) / (darker + 0.05)


def difference(one: str, other: str, eyes: str = "") -> float:
    """ΔE2000 of two colours (#rrggbb), for "red-blind" or "green-blind" eyes, or for all others."""
    return _delta(
        *(_lab(_transformed(_EYES[eyes], _linear(each)) if eyes else _linear(each)) for each in (one, other))
    )


def mixed(one: str, other: str, share: float) -> str:
    """The colour with this share of the first, as CSS mixes in sRGB."""
    parts = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{round(255 * (share * a + (1 - share) * b)):02x}" for a, b in parts)


# ---- a palette -------------------------------------------------------------------------------


def figures(colors: tuple[Color, ...]) -> Iterator[Figure]:
    """Every colour of the page on its ground, with ours for what `colors` leaves out."""
    for theme in THEMES:
        values = _values(colors, theme)
        ground = values["background"]
        for name in GRAPHICS:
            yield Figure(name, theme, values[name], ground, ratio(values[name], ground), FOR_GRAPHICS)
        yield Figure("text", theme, values["text"], ground, ratio(values["text"], ground), FOR_TEXT)


def weaknesses(colors: tuple[Color, ...]) -> Iterator[Weakness]:
    """What is wrong with the colours that the file names; ours alone are never at fault."""
    named = {color.name for color in colors}
    for figure in figures(colors):
        where = f"{figure.theme} page ({figure.ground})"
        if figure.ratio >= figure.least or not {figure.color, "background"} & named:
            continue
        kind = "text needs" if figure.least == FOR_TEXT else "icons and bars need"
        has = f"has {figure.text} on the {where}, and {kind} {figure.least:g}:1"
        if figure.color in named:
            yield Weakness(figure.color, figure.theme, f"{figure.value} {has}")
        else:
            subject = f"{figure.color}, {figure.value} by default,"
            yield Weakness("background", figure.theme, f"{subject} {has}")
    yield from _small_print(colors, named)
    for theme in THEMES:
        values = _values(colors, theme)
        for one, other in combinations(_STATES, 2):
            if not {one, other} & named:
                continue
            eyes, apart = min(
                ((eyes, difference(values[one], values[other], eyes)) for eyes in _EYES),
                key=lambda each: each[1],
            )
            if apart < APART:
                blamed, left = (one, other) if one in named else (other, one)
                message = (
                    f"{values[blamed]} is hard to tell from {left} ({values[left]}) for {eyes} eyes "
                    f"in the {theme} theme: ΔE {int(apart * 10) / 10:.1f}, and {APART:g} is enough"
                )
                yield Weakness(blamed, theme, message)


def _small_print(colors: tuple[Color, ...], named: set[str]) -> Iterator[Weakness]:
    if not {"text", "background"} & named:
        return
    for theme in THEMES:
        values = _values(colors, theme)
        text, ground = values["text"], values["background"]
        small = Figure("text", theme, text, ground, ratio(mixed(text, ground, SMALL_PRINT), ground), FOR_TEXT)
        if small.ratio < FOR_TEXT <= ratio(text, ground):
            message = (
                f"small print, which is paler than the text, has {small.text} on the {theme} page "
                f"({ground}), and text needs {FOR_TEXT:g}:1"
            )
            yield Weakness("text" if "text" in named else "background", theme, message)


def _values(colors: tuple[Color, ...], theme: str) -> dict[str, str]:
    return {color.name: color.light if theme == "light" else color.dark for color in (*PALETTE, *colors)}


# ---- the arithmetic --------------------------------------------------------------------------


def _channels(color: str) -> _Triple:
    red, green, blue = (int(color[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return red, green, blue


def _linear(color: str) -> _Triple:
    red, green, blue = (
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in _channels(color)
    )
    return red, green, blue


def _transformed(matrix: _Matrix, by: _Triple) -> _Triple:
    first, second, third = (sum(a * b for a, b in zip(row, by, strict=True)) for row in matrix)
    return first, second, third


def _lab(linear: _Triple) -> _Triple:
    """CIELAB under D65. What a simulation put outside of the screen's colours is cut off."""
    cut = [min(max(each, 0.0), 1.0) for each in linear]
    x, y, z = (
        part ** (1 / 3) if part > 216 / 24389 else (24389 / 27 * part + 16) / 116
        for part in (
            value / white
            for value, white in zip(_transformed(_TO_XYZ, (cut[0], cut[1], cut[2])), _WHITE, strict=True)
        )
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def _delta(one: _Triple, other: _Triple) -> float:
    """CIEDE2000, in the names of the paper: L lightness, C chroma, h hue, S and T their weights."""
    chroma_7 = ((hypot(*one[1:]) + hypot(*other[1:])) / 2) ** 7
    stretch = 1.5 - 0.5 * sqrt(chroma_7 / (chroma_7 + 25**7))
    a1, a2 = one[1] * stretch, other[1] * stretch
    c1, c2 = hypot(a1, one[2]), hypot(a2, other[2])
    h1, h2 = degrees(atan2(one[2], a1)) % 360, degrees(atan2(other[2], a2)) % 360

    turn = (h2 - h1 + 180) % 360 - 180 if c1 and c2 else 0.0
    d_light, d_chroma = other[0] - one[0], c2 - c1
    d_hue = 2 * sqrt(c1 * c2) * sin(radians(turn / 2))

    light, chroma = (one[0] + other[0]) / 2, (c1 + c2) / 2
    hue = (h1 + turn / 2) % 360 if c1 and c2 else h1 + h2
    weight = (
        1
        - 0.17 * cos(radians(hue - 30))
        + 0.24 * cos(radians(2 * hue))
        + 0.32 * cos(radians(3 * hue + 6))
        - 0.20 * cos(radians(4 * hue - 63))
    )
    s_light = 1 + 0.015 * (light - 50) ** 2 / sqrt(20 + (light - 50) ** 2)
    s_chroma, s_hue = 1 + 0.045 * chroma, 1 + 0.015 * chroma * weight
    rotation = -2 * sqrt(chroma**7 / (chroma**7 + 25**7)) * sin(radians(60 * exp(-(((hue - 275) / 25) ** 2))))
    light_part, chroma_part, hue_part = d_light / s_light, d_chroma / s_chroma, d_hue / s_hue
    return sqrt(light_part**2 + chroma_part**2 + hue_part**2 + rotation * chroma_part * hue_part)
