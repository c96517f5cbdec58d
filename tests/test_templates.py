"""Templates of a notifier's own: what they can say, what they cannot do, and what they cost."""

from __future__ import annotations

import re
import time
from dataclasses import replace

import pytest
from conftest import T, rule, tries
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from test_messages import BERLIN, NOTICE, NOTICES, OVER

from kener_py import messages
from kener_py.messages import KENERS, OURS, Message, compose, from_template
from kener_py.model import Notice, Notifier

RULES = {"down": rule(failure_threshold=3)}


def render(body: str, *notices: Notice, title: str = "") -> Message:
    notifier = Notifier("ops", ("json://a",), title, body)
    return from_template(notifier, notices or (NOTICE,), BERLIN, "d-1", RULES)


def problems(source: str) -> list[str]:
    return [str(problem) for problem in messages.check(source)]


def test_a_template_says_what_it_was_told() -> None:
    made = render(
        "{{ name }} ({{ monitor }}) since {{ since }}, last {{ last }}. {{ monitor_url }}",
        title="{{ status|lower }}: {{ name }}\n",
    )
    assert made.title == "down: Job"
    assert made.text == (
        "Job (job) since 2026-01-01 01:00:00 CET, last 2026-01-01 00:50:00 CET. "
        "https://status.example.org/monitors/job"
    )
    assert '<a href="https://status.example.org/monitors/job">' in made.html


def test_what_has_no_template_stays_as_it_is_built_in() -> None:
    built_in = compose([NOTICE], BERLIN, "d-1")
    assert render("") == built_in
    assert replace(render("", title="x"), title=built_in.title) == built_in
    assert render("x").title == built_in.title
    assert render("{% if is_resolved %}x{% endif %}") == built_in


def test_a_template_can_wrap_the_built_in_words() -> None:
    built_in = compose([NOTICE], BERLIN, "d-1")
    made = render("Dear all,\n\n{{ default_body }}")
    assert made.text == f"Dear all,\n\n{built_in.text}"
    assert made.markdown == f"Dear all,\n\n{built_in.markdown}"


def test_a_template_goes_through_all_notices_the_worst_first() -> None:
    line = "{{ loop.index }}/{{ loop.length }} {{ n.kind }} {{ n.name }}"
    source = f"{{% for n in notices %}}\n{line}\n{{% endfor %}}"
    assert render(source, OVER, NOTICE).text == "1/2 TRIGGERED Job\n2/2 RESOLVED Job"


@pytest.mark.parametrize("name", [*OURS, *KENERS])
def test_every_name_has_a_value(name: str) -> None:
    assert problems(f"{{{{ {name} }}}}") == []
    for notice in (NOTICE, OVER):
        render(f"[{{{{ {name} }}}}]", notice)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("alert_name", "DOWN: Job (critical)"),
        ("alert_value", "DOWN"),
        ("alert_status", "TRIGGERED"),
        ("alert_severity", "CRITICAL"),
        ("alert_timestamp", "2026-01-01T00:00:00Z"),
        ("alert_failure_threshold", "3"),
        ("alert_cta_url", "https://status.example.org/monitors/job"),
        ("site_url", "https://status.example.org"),
        ("is_triggered", "True"),
    ],
)
def test_kener_s_names_have_kener_s_values(name: str, value: str) -> None:
    assert render(f"{{{{{name}}}}}").text == value


def test_values_are_escaped_for_markdown_and_html_and_the_template_is_not() -> None:
    made = render("**Said:** {{ message }}", replace(NOTICE, message="*x* <b> @everyone"))
    assert made.text == "**Said:** *x* <b> @everyone"
    assert made.markdown == "**Said:** \\*x\\* \\<b\\> @\u200beveryone"
    assert made.html == "<p>**Said:** *x* &lt;b&gt; @everyone</p>"


@pytest.mark.parametrize(
    "source", ["{{ message }}", "{{ message|tojson }}", "{{ 'x' ~ name }}", "{{ notices[0].message|upper }}"]
)
@given(notice=NOTICES)
@settings(max_examples=tries(40), deadline=None)
def test_no_value_breaks_out_of_its_form(source: str, notice: Notice) -> None:
    made = render(source, notice)
    shown = MarkdownIt().render(made.markdown)
    assert set(re.findall(r"</?\w+", shown)) <= {"<p", "</p", "<br", "<strong", "</strong"}
    assert "@everyone" not in made.markdown.lower() or made == compose([notice], BERLIN, "d-1")
    made.html.encode()
    assert "<script" not in made.html


@given(st.text(max_size=60) | st.text("{}%#|~.[]()' nameif", max_size=60))
@settings(max_examples=tries(150), deadline=None)
def test_checking_never_raises(source: str) -> None:
    assert all(str(problem) for problem in messages.check(source))


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("a\n {{ mointor }}", "line 2, column 5: unknown variable 'mointor'; did you mean 'monitor'?"),
        ("{{ name|uper }}", "line 1, column 9: unknown filter 'uper'; did you mean 'upper'?"),
        ("{{ notices[0].naem }}", "unknown field 'naem'; did you mean 'name'?"),
        ("{{ site.titel }}", "unknown field 'titel'; did you mean 'title'?"),
        ("{{ name", "line 1: unexpected end of template"),
        ("{{#is_triggered}}x{{/is_triggered}}", "sections are written {% if is_triggered %} … {% endif %}"),
        ("{{{name}}}", "write two braces"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("x" * 10_001, "is longer than 10,000 characters"),
    ],
)
def test_a_mistake_is_named_with_its_place(source: str, says: str) -> None:
    (problem,) = problems(source)
    assert says in problem


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__ }}",
        "{{ ''['__class__'] }}",
        "{{ name['__cl' ~ 'ass__'] }}",
        "{{ name|attr('__class__') }}",
        "{{ range.__globals__ }}",
        "{% for n in notices %}{{ loop.__init__ }}{% endfor %}",
        "{{ self }}",
        "{{ cycler('a') }}",
        "{{ name.upper() }}",
        "{{ name.format(name) }}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}",
        "{% macro a() %}{{ a() }}{% endmacro %}",
        "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
        "{{ _left }}",
        "{% set _left = [9] %}",
        "{% for i in range(9999999999) %}{% endfor %}",
        "{% for a in range(999) %}{% for b in range(999) %}{{ b }}{% endfor %}{% endfor %}",
        "{% for a in range(1000) %}{{ default_body }}{% endfor %}",
        "{{ 'a' * 1000000000 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ '%999999999d' % 1 }}",
        "{{ name|center(999999999) }}",
        "{% set a = 'aaaaaaaaaa' %}" + "{% set a = a ~ a %}" * 60,
        "{% set a = [1, 2] %}" + "{% set a = a + a %}" * 60,
        "{% set a = 99 %}" + "{% set a = a * a %}" * 60,
        "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
        "{{ " + "9" * 9000 + " }}",
    ],
)
def test_an_attack_is_refused_at_once(source: str) -> None:
    started = time.monotonic()
    assert problems(source)
    assert time.monotonic() - started < 2


def test_a_template_that_fails_while_it_runs_is_an_error_of_its_own() -> None:
    with pytest.raises(messages.TemplateError, match="division by zero"):
        render("{{ 1 / (count - 2) }}", NOTICE, OVER)


def test_the_examples_are_a_down_and_its_end() -> None:
    monitor = messages.examples.__globals__["EXAMPLE_MONITOR"]
    down, over = messages.examples(monitor, rule(), T)
    assert messages.subject(down) == "DOWN: Job (minor)"
    assert messages.subject(over) == "RESOLVED: Job is UP after 6 min"
