"""How the benchmarks tell their figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.report import Figure, Section, short, spread
from benchmarks.rounds import Plan
from benchmarks.wrk import Load


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.0312, "0.0312"),
        (0.99951, "1.00"),
        (1, "1.00"),
        (12.44, "12.4"),
        (831.2, "831"),
        (24_317, "24,300"),
        (1_234_567, "1,230,000"),
        (float("inf"), "inf"),
    ],
)
def test_a_figure_has_three_digits_that_count(value: float, text: str) -> None:
    assert short(value) == text


def test_runs_are_told_by_median_least_and_most() -> None:
    assert spread([3, 1, 2]) == "2.00 (1.00–3.00)"
    assert spread([2.0, 2.0]) == "2.00"
    assert spread([]) == ""


def test_a_ratio_is_one_of_the_same_run() -> None:
    section = Section("Title", "a second", [Figure("page", [10, 30], bare=[20, 40], flask=[10, 10])])

    assert section.markdown().splitlines()[2:] == [
        "|  | a second | of bare WSGI | of no-op Flask |",
        "|---|---:|---:|---:|",
        "| page | 20.0 (10.0–30.0) | 0.625 (0.500–0.750) | 2.00 (1.00–3.00) |",
    ]


@pytest.mark.parametrize(
    ("only", "wants"), [("", True), ("front", True), ("FRONT page", True), ("f*10", True), ("badges", False)]
)
def test_a_pattern_is_any_part_of_a_title(only: str, wants: bool) -> None:
    assert Plan(1, 1, True, only, Path()).wants("Front page, 10 monitors") is wants


def test_a_request_goes_over_the_wire_as_it_stands() -> None:
    load = Load(["/a", "/b"], method="POST", headers={"Accept": "*/*"}, body="é")

    assert load.requests()[1] == (
        b"POST /b HTTP/1.1\r\nHost: status.example.org\r\nAccept: */*\r\nContent-Length: 2\r\n\r\n\xc3\xa9"
    )
