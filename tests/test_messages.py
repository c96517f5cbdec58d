"""The words of messages: what they say, and that nothing in them breaks out of its form."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from conftest import T, monitor, rule, tries
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from kener_py import messages
from kener_py.messages import compose, expectation, forecast, length, moment
from kener_py.model import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    AlertStatus,
    Gap,
    Instant,
    Limits,
    Millis,
    Notice,
    Severity,
    Site,
    Status,
)

UP, DEGRADED, DOWN = Status.UP, Status.DEGRADED, Status.DOWN
BERLIN = Site(url="https://status.example.org", timezone="Europe/Berlin")


def body(notice: Notice, site: Site) -> str:
    return compose([notice], site, "d-1").text


# ---- words -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("millis", "words"),
    [
        (0, "0 s"),
        (1, "0.001 s"),
        (1500, "1.5 s"),
        (10 * SECOND, "10 s"),
        (59_999, "59.999 s"),
        (MINUTE, "1 min"),
        (MINUTE + 999, "1 min"),
        (90 * SECOND, "1 min 30 s"),
        (HOUR, "1 h"),
        (HOUR + 59 * SECOND, "1 h"),
        (2 * HOUR + 13 * MINUTE + 5 * SECOND, "2 h 13 min"),
        (DAY + MINUTE, "1 d"),
        (400 * DAY + 3 * HOUR, "400 d 3 h"),
    ],
)
def test_a_length_is_told_by_its_two_largest_units(millis: Millis, words: str) -> None:
    assert length(millis) == words


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (1_790_768_460_000, "2026-09-30 13:41:00 CEST"),
        (T + 999, "2026-01-01 01:00:00 CET"),
    ],
)
def test_a_moment_names_its_zone(at: Instant, words: str) -> None:
    assert moment(at, "Europe/Berlin") == words


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (
            Limits(10 * MINUTE, HOUR),
            "a heartbeat at least every 10 min, down after 1 h",
        ),
        (
            Limits(10 * MINUTE, HOUR, 5 * MINUTE),
            "a heartbeat every 5 min, down after 1 h without",
        ),
    ],
)
def test_what_is_expected_is_said_in_the_words_of_the_file(limits: Limits, words: str) -> None:
    assert expectation(limits) == words


NOTICE = Notice(
    kind=AlertStatus.TRIGGERED,
    monitor="job",
    name="Job",
    status=DOWN,
    severity=Severity.CRITICAL,
    rule="down",
    since=T,
    at=T + MINUTE,
    expected="a heartbeat at least every 5 min, down after 10 min",
    last=T - 10 * MINUTE,
)
OVER = replace(NOTICE, kind=AlertStatus.RESOLVED, status=UP, at=T + HOUR, recovered=T + 13 * MINUTE)


@pytest.mark.parametrize(
    ("notice", "words"),
    [
        (NOTICE, "DOWN: Job (critical)"),
        (replace(NOTICE, status=DEGRADED, severity=Severity.MINOR), "DEGRADED: Job (minor)"),
        (OVER, "RESOLVED: Job is UP after 13 min"),
        (replace(OVER, status=DEGRADED), "RESOLVED: Job is DEGRADED after 13 min"),
        (replace(OVER, recovered=T - 1), "RESOLVED: Job is UP after 0 s"),
        (replace(OVER, is_removed=True), "RESOLVED: Job is no longer watched by 'down'"),
    ],
)
def test_a_subject_begins_with_the_state(notice: Notice, words: str) -> None:
    assert messages.subject(notice) == words


def test_a_message_says_everything_that_a_person_needs() -> None:
    notice = replace(NOTICE, message="disk full", description="See the runbook.", incident=7)
    assert body(notice, BERLIN).splitlines() == [
        "Monitor: Job (job)",
        "Status: DOWN since 2026-01-01 01:00:00 CET",
        "Severity: critical",
        "Last heartbeat: 2026-01-01 00:50:00 CET",
        "Expected: a heartbeat at least every 5 min, down after 10 min",
        "The job said: disk full",
        "Note: See the runbook.",
        "Incident: https://status.example.org/incidents/7",
        "Rule: down",
        "Message: d-1",
    ]


@pytest.mark.parametrize(
    ("notice", "line"),
    [
        (OVER, "Status: UP since 2026-01-01 01:13:00 CET"),
        (OVER, "Trouble: from 2026-01-01 01:00:00 CET, 13 min"),
        (replace(OVER, is_removed=True), "Status: UP; the configuration no longer watches it by this rule"),
        (replace(NOTICE, last=None), "Last heartbeat: never"),
        (NOTICE, "Monitor: https://status.example.org/monitors/job"),
        (
            replace(NOTICE, away=Gap(T - HOUR, T - MINUTE)),
            "Careful: this server itself was away from 2026-01-01 00:00:00 CET to 2026-01-01 00:59:00 CET",
        ),
    ],
)
def test_a_message_has_a_line_for_what_is_special(notice: Notice, line: str) -> None:
    assert line in body(notice, BERLIN).splitlines()


def test_a_message_without_the_page_s_address_has_no_link() -> None:
    assert "://" not in body(replace(NOTICE, incident=7), Site())


def test_of_what_the_job_said_a_message_carries_the_beginning() -> None:
    lines = body(replace(NOTICE, message="x" * 5000), BERLIN).splitlines()
    assert f"The job said: {'x' * 1000}" in lines


def test_a_forecast_tells_whom_each_rule_tells_when() -> None:
    rules = (rule(), rule("late", DEGRADED, failure_threshold=3, notifiers=()))
    assert forecast(monitor(), rules) == (
        "rule 'down' tells ops 10 min after the last heartbeat, at the next look; "
        "rule 'late' tells nobody 5 min after the last heartbeat, when 3 looks in a row have failed"
        " (cron * * * * *)"
    )


def test_a_forecast_without_rules_says_so() -> None:
    assert forecast(monitor(), ()) == "no alert rule is about it"


# ---- forms -----------------------------------------------------------------------------------


def test_a_message_ends_with_the_id_of_its_delivery() -> None:
    made = compose([NOTICE], BERLIN, "d-1")
    assert made.text.endswith("\nMessage: d-1")
    assert made.html.endswith("<p><small>Message: d-1</small></p>")
    assert made.markdown.endswith("\n\nMessage: d-1")


def test_a_reminder_says_that_it_is_one() -> None:
    notice = replace(NOTICE, is_reminder=True, at=T + 2 * HOUR)
    assert messages.subject(notice) == "DOWN: Job (critical), reminder: still DOWN after 2 h"
    assert "Reminder: still DOWN after 2 h" in body(notice, BERLIN).splitlines()


def test_a_message_tells_each_finding_of_the_diagnosis() -> None:
    notice = replace(NOTICE, diagnosis=("It comes late.", "A secret is wrong."))
    assert {"Diagnosis: It comes late.", "Diagnosis: A secret is wrong."} <= set(
        body(notice, BERLIN).splitlines()
    )


def test_what_a_job_said_in_several_lines_cannot_pass_for_lines_of_ours() -> None:
    lines = body(replace(NOTICE, message="a\nStatus: UP\r\n\nb\u2028Rule: x"), BERLIN).splitlines()
    assert [line for line in lines if line.startswith(("Status:", "Rule:"))] == [
        "Status: DOWN since 2026-01-01 01:00:00 CET",
        "Rule: down",
    ]
    assert "  Status: UP" in lines


def test_html_escapes_and_links_only_to_the_page() -> None:
    html = compose([replace(NOTICE, name='<b>"x"', message="<img src=x>\nb")], BERLIN, "d").html
    assert "&lt;b&gt;&quot;x&quot; (job)" in html
    assert "&lt;img src=x&gt;<br>b" in html
    assert html.count("<a href=") == 1
    assert '<a href="https://status.example.org/monitors/job">' in html


@pytest.mark.parametrize(
    "ping",
    ["@everyone", "@here", "@channel", "@all", "x@everyone", "<@U123>", "<@&99>", "<!channel>", "@bob"],
)
def test_markdown_calls_nobody(ping: str) -> None:
    notice = replace(NOTICE, name=ping, message=f"a {ping}\n{ping}", description=ping, diagnosis=(ping,))
    for made in (compose([notice], BERLIN, "d"), compose([notice, OVER], BERLIN, "d")):
        assert ping not in made.markdown


@pytest.mark.parametrize(
    "text", ["*a*", "[x](http://e.org)", "`a`", "# a", "x\n# a", "x\n- a", "x\n    a", "&lt;b>"]
)
def test_markdown_shows_markup_as_text(text: str) -> None:
    html = MarkdownIt().render(compose([replace(NOTICE, message=text)], Site(), "d").markdown)
    assert not any(f"<{tag}" in html for tag in ("em>", "a ", "code", "h1", "ul", "pre"))


def test_several_notices_are_one_message_with_the_worst_first() -> None:
    late = replace(NOTICE, monitor="late", name="Late", status=DEGRADED, severity=Severity.MINOR)
    over = replace(OVER, monitor="over", name="Over")
    made = compose([over, late, NOTICE], BERLIN, "d-1")
    assert made.title == "3 monitors: 1 DOWN, 1 DEGRADED, 1 RESOLVED"
    heads = [line for line in made.text.splitlines() if line.startswith(("DOWN:", "DEGRADED:", "RESOLVED:"))]
    assert heads == ["DOWN: Job (critical)", "DEGRADED: Late (minor)", "RESOLVED: Over is UP after 13 min"]


def test_of_many_notices_fifty_are_told_in_full() -> None:
    many = [replace(NOTICE, monitor=f"m{number}") for number in range(53)]
    made = compose(many, BERLIN, "d")
    assert made.title == "53 monitors: 53 DOWN"
    assert made.text.count("Monitor: Job") == 50
    assert made.text.endswith("\n\nand 3 more\n\nMessage: d")
    assert "<p>and 3 more</p>" in made.html


# ---- laws ------------------------------------------------------------------------------------

ODD = st.text(st.characters(exclude_categories=())) | st.sampled_from(
    [
        "</div><script>",
        "**",
        "](",
        "\\",
        "<!here>",
        "@everyone",
        "\n\n# x",
        "\r\n---\r\n",
        "```",
        "&#64;everyone",
    ]
)
NOTICES = st.builds(
    Notice,
    kind=st.sampled_from([AlertStatus.TRIGGERED, AlertStatus.RESOLVED]),
    monitor=st.just("job"),
    name=ODD,
    status=st.sampled_from(Status),
    severity=st.sampled_from(Severity),
    rule=ODD,
    since=st.integers(0, T),
    at=st.integers(0, T),
    expected=st.just("a heartbeat"),
    recovered=st.none() | st.integers(0, T),
    last=st.none() | st.integers(0, T),
    message=ODD,
    description=ODD,
    incident=st.none() | st.integers(0, 9),
    away=st.none() | st.just(Gap(0, T)),
    is_removed=st.booleans(),
    is_reminder=st.booleans(),
    diagnosis=st.lists(ODD, max_size=2).map(tuple),
)


@given(st.lists(NOTICES, max_size=3), ODD)
@settings(max_examples=tries(150), deadline=None)
def test_no_text_breaks_out_of_its_form(notices: list[Notice], delivery: str) -> None:
    made = compose(notices, BERLIN, delivery)
    assert "\n" not in made.title
    for text in (made.title, made.text, made.html, made.markdown):
        text.encode()
    tags = set(re.findall(r"</?[^>]*>", made.html))
    assert {re.split(r"[ />]", tag.lstrip("</"))[0] for tag in tags} <= {"div", "p", "b", "br", "a", "small"}
    assert all("status.example.org" in tag for tag in tags if tag.startswith("<a"))
    shown = MarkdownIt().render(made.markdown)
    assert set(re.findall(r"</?\w+", shown)) <= {"<p", "</p", "<strong", "</strong", "<br"}
    assert "@everyone" not in shown
    assert "<!here>" not in made.markdown
