"""The measures of colours against published figures, and what is said of a palette."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kener_py import contrast
from kener_py.model import PALETTE, Color

ROOT = Path(__file__).resolve().parents[1]
COLORS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def both(name: str, value: str) -> Color:
    return Color(name, value, value)


# ---- contrast --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("color", "ground", "ratio"),
    [
        ("#000000", "#ffffff", 21),
        ("#777777", "#ffffff", 4.48),  # the grey that just fails as text
        ("#767676", "#ffffff", 4.54),
        ("#67ab95", "#ffffff", 2.68),  # Kener's
        ("#e6ca61", "#ffffff", 1.62),
        ("#ca3038", "#ffffff", 5.26),
        ("#6679cc", "#ffffff", 4.06),
        ("#e4e4e7", "#ffffff", 1.27),
        ("#67ab95", "#09090b", 7.42),
        ("#e6ca61", "#09090b", 12.3),
        ("#ca3038", "#09090b", 3.78),
        ("#ffc400", "#ffffff", 1.60),  # Statuspage's
        ("#22c55e", "#ffffff", 2.28),  # Gatus's
    ],
)
def test_contrast_is_that_of_wcag(color: str, ground: str, ratio: float) -> None:
    assert contrast.ratio(color, ground) == pytest.approx(ratio, abs=0.05 if ratio > 10 else 0.006)


@given(COLORS, COLORS)
def test_contrast_has_no_direction_and_its_limits(one: str, other: str) -> None:
    assert contrast.ratio(one, other) == contrast.ratio(other, one)
    assert 1 <= contrast.ratio(one, other) <= 21


# ---- differences -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "delta"),
    [
        # Sharma, Wu, Dalal: "The CIEDE2000 Color-Difference Formula", table 1.
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 3.1571, -77.2803), (50, 0, -82.7485), 2.8615),
        ((50, -1.3802, -84.2814), (50, 0, -82.7485), 1.0000),
        ((50, 0, 0), (50, -1, 2), 2.3669),
        ((50, 2.49, -0.001), (50, -2.49, 0.0009), 7.1792),
        ((50, 2.5, 0), (50, 0, -2.5), 4.3065),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((50, 2.5, 0), (58, 24, 15), 19.4535),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((63.0109, -31.0961, -5.8663), (62.8187, -29.7946, -4.0864), 1.2630),
        ((22.7233, 20.0904, -46.6940), (23.0331, 14.9730, -42.5619), 2.0373),
        ((90.8027, -2.0831, 1.4410), (91.1528, -1.6435, 0.0447), 1.4441),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_a_difference_is_that_of_the_paper(
    one: tuple[float, float, float], other: tuple[float, float, float], delta: float
) -> None:
    assert contrast._delta(one, other) == pytest.approx(delta, abs=1e-4)
    assert contrast._delta(other, one) == pytest.approx(delta, abs=1e-4)


@pytest.mark.parametrize(
    ("one", "other", "eyes", "delta"),
    [
        ("#67ab95", "#e4e4e7", "red-blind", 18.8),  # Kener's up and no data
        ("#ff8b00", "#ff5630", "green-blind", 7.2),  # Statuspage's partial and down
        ("#22c55e", "#ef4444", "green-blind", 7.7),  # Gatus's up and down
        ("#06a880", "#787b84", "green-blind", 13.5),  # ours
        ("#4db296", "#8b8e98", "green-blind", 9.2),
    ],
)
def test_colours_are_as_far_apart_as_measured_before(one: str, other: str, eyes: str, delta: float) -> None:
    assert contrast.difference(one, other, eyes) == pytest.approx(delta, abs=0.06)


@given(COLORS, COLORS, st.sampled_from(["", "red-blind", "green-blind"]))
def test_a_difference_is_finite_and_nothing_between_equals(one: str, other: str, eyes: str) -> None:
    assert 0 <= contrast.difference(one, other, eyes) < 150
    assert contrast.difference(one, one, eyes) == pytest.approx(0, abs=1e-9)


def test_a_mixture_has_the_share_of_each() -> None:
    assert contrast.mixed("#ffffff", "#000000", 0.75) == "#bfbfbf"
    assert contrast.mixed("#102030", "#ffffff", 1) == "#102030"


# ---- a palette -------------------------------------------------------------------------------


def said(*colors: Color) -> list[str]:
    return [f"{each.color}.{each.theme}: {each.message}" for each in contrast.weaknesses(colors)]


def test_our_own_palette_has_no_weakness() -> None:
    assert said(*PALETTE) == said() == []
    for figure in contrast.figures(()):
        assert figure.ratio >= figure.least, figure


def test_our_own_palette_is_that_of_the_style() -> None:
    css = (ROOT / "static" / "style.css").read_text()
    light, dark = css.split("prefers-color-scheme: dark", 1)

    def value(block: str, name: str) -> str:
        found = re.search(rf"--{name}: #([0-9a-f]+);", block)
        assert found, name
        return "#" + (found[1] if len(found[1]) == 6 else "".join(digit * 2 for digit in found[1]))

    for color in PALETTE:
        name = {"background": "ground"}.get(color.name, color.name.replace("_", "-"))
        assert (value(light, name), value(dark, name)) == (color.light, color.dark), name


def test_a_colour_that_is_hard_to_see_is_told_with_its_figure_and_theme() -> None:
    assert said(both("up", "#67ab95")) == [
        "up.light: #67ab95 has 2.68:1 on the light page (#ffffff), and icons and bars need 3:1"
    ]
    (told,) = said(Color("text", "#888888", "#f4f4f5"))
    assert told == "text.light: #888888 has 3.54:1 on the light page (#ffffff), and text needs 4.5:1"


def test_a_figure_that_just_fails_is_not_printed_as_if_it_passed() -> None:
    figure = contrast.Figure("up", "light", "#06aa80", "#ffffff", 2.9999, 3.0)
    assert figure.text == "2.99:1"


def test_a_ground_is_told_what_it_does_to_our_own_colours() -> None:
    told = said(Color("background", "#999999", "#09090b"))
    assert "background.light: down, #890c2c by default," not in "".join(told)
    assert any(each.startswith("background.light: up, #06a880 by default, has 1.") for each in told)


def test_small_print_is_measured_where_the_text_alone_would_pass() -> None:
    (told,) = said(Color("text", "#707070", "#f4f4f5"))
    assert told.startswith("text.light: small print, which is paler than the text, has 3.")


@pytest.mark.parametrize(
    ("colors", "blamed"),
    [
        ([both("up", "#22c55e"), both("down", "#ef4444"), both("degraded", "#0000ff")], "up"),
        ([both("down", "#b06304")], "down"),  # as ours for degraded
    ],
)
def test_states_that_some_eyes_cannot_tell_apart_are_told(colors: list[Color], blamed: str) -> None:
    told = [each for each in said(*colors) if "hard to tell from" in each]
    assert told
    for each in told:
        assert each.startswith(f"{blamed}.")
        assert re.search(
            r"for (red|green)-blind eyes in the (light|dark) theme: ΔE \d\.\d, and 10 is enough$", each
        )
