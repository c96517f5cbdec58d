"""What templates print with: times, lengths, links, Markdown."""

from pathlib import Path

import pytest
from babel import localedata
from babel.core import get_global
from flask import Flask

from kener_py.model import DAY, HOUR, LANGUAGES, MINUTE, SECOND
from kener_py.web import language, prose, words

AT = 1_790_768_460_000  # 2026-09-30T11:41:00Z


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("Europe/Berlin", "30 Sep 2026, 13:41 CEST"),
        ("UTC", "30 Sep 2026, 11:41 UTC"),
        ("America/New_York", "30 Sep 2026, 07:41 EDT"),
        ("Asia/Dubai", "30 Sep 2026, 15:41 UTC+04:00"),
        ("America/St_Johns", "30 Sep 2026, 09:11 NDT"),
        ("America/Sao_Paulo", "30 Sep 2026, 08:41 UTC-03:00"),
        ("Pacific/Kiritimati", "1 Oct 2026, 01:41 UTC+14:00"),
    ],
)
def test_a_time_is_printed_in_the_zone_and_carries_utc(zone: str, text: str) -> None:
    assert words.when(AT, zone) == f'<time datetime="2026-09-30T11:41:00Z">{text}</time>'


def test_the_repeated_hour_is_told_apart_by_its_abbreviation() -> None:
    first = 1_792_888_200_000  # 2026-10-25T00:30:00Z
    assert "02:30 CEST" in words.when(first, "Europe/Berlin")
    assert "02:30 CET" in words.when(first + HOUR, "Europe/Berlin")


def test_milliseconds_never_round_a_time_up() -> None:
    assert "11:41:00Z" in words.when(AT + 999, "UTC")


def test_a_day_is_printed_without_a_zone() -> None:
    assert words.day("2026-03-01") == '<time datetime="2026-03-01">1 Mar 2026</time>'


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (0, "0 s"),
        (1, "under 1 s"),
        (SECOND, "1 s"),
        (59 * SECOND + 999, "59 s"),
        (MINUTE, "1 min"),
        (12 * MINUTE + 30 * SECOND, "12 min 30 s"),
        (2 * HOUR, "2 h"),
        (2 * HOUR + 13 * MINUTE + 59 * SECOND, "2 h 13 min"),
        (DAY + HOUR, "1 d 1 h"),
        (400 * DAY + 59 * MINUTE, "400 d"),
    ],
)
def test_a_duration_is_its_two_largest_units(length: int, text: str) -> None:
    assert words.duration(length) == text


@pytest.mark.parametrize(
    ("distance", "text"),
    [
        (0, "just now"),
        (-30 * SECOND, "30 s ago"),
        (-4 * MINUTE - 59 * SECOND, "4 min ago"),
        (4 * MINUTE, "in 4 min"),
        (-DAY, "1 d ago"),
    ],
)
def test_a_relative_time_has_no_needless_seconds(distance: int, text: str) -> None:
    assert words.ago(AT + distance, AT) == text


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://shop.example/path?key=1", "shop.example"),
        ("http://[::1]:80/", "::1"),
        ("https://user:secret@shop.example/", "shop.example"),
        ("javascript:alert(1)", None),
        ("//shop.example", None),
        ("https://", None),
        ("http://[broken", None),
        ("", None),
        (None, None),
    ],
)
def test_only_web_addresses_are_linked(url: str | None, host: str | None) -> None:
    assert words.host(url) == host


def test_markdown_keeps_what_an_update_needs() -> None:
    html = prose.markdown(
        "# Cause\nA **disk**\nwas full, see [notes](https://x.example/?a=1&b=2).\n\n- one\n"
    )
    assert "<h4>Cause</h4>" in html
    assert "A <strong>disk</strong><br />\nwas full" in html
    assert '<a href="https://x.example/?a=1&amp;b=2" rel="nofollow noopener">notes</a>' in html
    assert "<li>one</li>" in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt&colon;alert(1))",
        "[x](java&#10;script:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "[x](vbscript:x)",
        "[x](//evil.example)",
        "<javascript:alert(1)>",
        "![x](https://evil.example/track.png)",
        '[x](https://a.example "\\" onmouseover=\\"alert(1)")',
        "[x]: javascript:alert(1)\n\n[x]",
        '<b style="position:fixed">',
    ],
)
def test_markdown_cannot_run_load_or_style_anything(text: str) -> None:
    html = prose.markdown(text)
    for evil in ("<script", "<img", "<b ", 'href="java', 'href="data', 'href="vb', 'href="//', '" onmouse'):
        assert evil not in html.lower()


def test_an_asset_is_named_by_its_content(tmp_path: Path) -> None:
    def url(text: str) -> str:
        (tmp_path / "style.css").write_text(text)
        app = Flask("x", static_folder=tmp_path, static_url_path="/static")
        words.register(app)
        return app.jinja_env.globals["asset"]("style.css")

    assert url("a").startswith("/static/style.css?v=")
    assert url("a") == url("a") != url("b")


def test_paths_follow_the_prefix_we_are_mounted_at() -> None:
    with Flask("x").test_request_context("/", base_url="http://x.example/status"):
        assert words.path("/monitors/a") == "/status/monitors/a"
    assert words.path("/monitors/a") == "/monitors/a"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Nightly backup", "Nightly backup"),
        ("[a](javascript:x) <b>*bold*", r"\[a\]\(javascript:x\) \<b\>\*bold\*"),
        ("two\nlines\x1b[31m\u202e", r"two lines \[31m"),
    ],
)
def test_a_name_in_a_twin_is_one_line_of_text(text: str, line: str) -> None:
    assert prose.md(text) == line


def test_plain_text_cannot_steer_a_terminal() -> None:
    assert prose.plain("a\x1b[2J\r\nb\u202ec") == "a [2J b c"


def test_what_people_wrote_stays_in_its_quote() -> None:
    assert prose.quoted("# Not a heading\n\nof ours\x1b\n") == "> # Not a heading\n> \n> of ours"


# ---- what Babel knows ------------------------------------------------------------------------


def test_what_no_page_says_is_not_held_in_memory() -> None:
    for name in LANGUAGES:
        assert language.own_name(name)
        assert not localedata.load(name).keys() & set(language._UNSAID), name
    assert not any(map(get_global, language._UNASKED))


def test_what_is_left_out_is_called_so_by_babel() -> None:
    assert set(language._UNSAID) <= localedata.load("sv").keys()  # which nobody has made smaller
