"""What single values may be, and what they may not."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kener_py import config
from kener_py.config.nodes import Scalar, kind_of
from kener_py.config.times import UNITS, cron, duration
from kener_py.model import DAY, HOUR, MINUTE, SECOND, Config


def load(tmp_path: Path, text: str, env: dict[str, str] | None = None) -> Config:
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    return config.load(tmp_path / "config.yaml", env or {})


def problem(tmp_path: Path, text: str, env: dict[str, str] | None = None) -> str:
    """Return the message of the only problem, without its place."""
    with pytest.raises(config.ConfigError) as caught:
        load(tmp_path, text, env)
    (found,) = caught.value.problems
    return found.message


def written(text: str) -> Scalar:
    return Scalar.at(text, 1, 1, kind_of(text))


# ---- lengths of time -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("90s", 90 * SECOND),
        ("5m", 5 * MINUTE),
        ("1h30m", 90 * MINUTE),
        ("1h 30m", 90 * MINUTE),
        ("2d", 2 * DAY),
        ("1w", 7 * DAY),
        ("500ms", 500),
        ("1m500ms", MINUTE + 500),
        ("1.5h", 90 * MINUTE),
        ("1w2d3h4m5s6ms", 9 * DAY + 3 * HOUR + 4 * MINUTE + 5 * SECOND + 6),
    ],
)
def test_a_length_of_time_has_units(text: str, length: int) -> None:
    assert duration(written(text)) == length


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("5", "write 5m or 300s"),
        ("12:30", "YAML reads 12:30 as 750; write 12h30m or 12m30s"),
        ("1.5", "a bare number has no unit"),
        ("-5m", "should be a length of time such as 90s"),
        ("0s", "longer than nothing"),
        ("0.1ms", "longer than nothing"),
        ("99999d", "at most 36500 days"),
        ("5 minutes", "units: w d h m s ms"),
        ("5M", "units: w d h m s ms"),
        ("30m1h", "should be a length"),
        ("5m5m", "should be a length"),
        ("", "is empty"),
        ("true", "should be a length"),
    ],
)
def test_what_is_no_length_of_time_is_refused_with_a_hint(text: str, hint: str) -> None:
    with pytest.raises(ValueError, match=hint.replace(".", r"\.")):
        duration(written(text))


@given(st.lists(st.integers(0, 999), min_size=len(UNITS), max_size=len(UNITS)).filter(any))
def test_every_length_of_time_reads_as_the_sum_of_its_parts(counts: list[int]) -> None:
    text = "".join(f"{count}{unit}" for count, unit in zip(counts, UNITS, strict=True) if count)
    assert duration(written(text)) == sum(n * size for n, size in zip(counts, UNITS.values(), strict=True))


# ---- cron ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["* * * * *", "*/5 0-6 1,15 * mon-fri", "* * * * * */10", "@hourly", "@daily", "0 0 29 2 *", "0 0 L * *"],
)
def test_five_fields_six_fields_and_names_are_cron(text: str) -> None:
    assert cron(written(text)) == text


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("* * * *", "five fields"),
        ("* * * * * * *", "this has 7"),
        ("60 * * * *", "is not a cron expression"),
        ("a b c d e", "is not a cron expression"),
        ("*/0 * * * *", "is not a cron expression"),
        ("0 0 30 2 *", "never comes"),
        ("0 0 31 4,6 *", "never comes"),
        ("R * * * *", "H and R"),
        ("0 h(0-5) * * *", "H and R"),
        ("5,R/10 * * * *", "H and R"),
        ("@reboot", "known are @hourly"),
        ("* " * 200, "too long"),
    ],
)
def test_a_cron_that_is_none_or_never_comes_is_refused(text: str, hint: str) -> None:
    with pytest.raises(ValueError, match=hint):
        cron(written(text))


@given(st.text(alphabet="0123456789*/,-LWRH#?@ \tafrimon", max_size=40))
def test_any_text_is_a_cron_or_refused_in_our_words(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert len(cron(Scalar.at(text, 1, 1)).split()) in (1, 5, 6)


# ---- text, numbers, yes and no ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("5", 'YAML reads this as a number; put it in quotes: "5"'),
        ("on", 'YAML reads this as yes or no; put it in quotes: "on"'),
        ("No", 'YAML reads this as yes or no; put it in quotes: "No"'),
        ("12:30", 'YAML reads this as the number 750; put it in quotes: "12:30"'),
        ("0700", 'YAML reads this as the number 448; put it in quotes: "0700"'),
        ("1e5", 'YAML reads this as a number; put it in quotes: "1e5"'),
        ("2026-12-01", 'YAML reads this as a date; put it in quotes: "2026-12-01"'),
        ("~", "is empty; write a text, or remove the line"),
        ("", "is empty; write a text, or remove the line"),
        ("'  '", "is empty; write a text, or remove the line"),
        ("[a]", "should be a text, not a list"),
        ("{a: b}", "should be a text, not a mapping"),
    ],
)
def test_text_that_yaml_takes_for_something_else_needs_quotes(tmp_path: Path, value: str, hint: str) -> None:
    assert problem(tmp_path, f"monitors:\n  - tag: a\n    name: {value}\n") == hint
    if value[:1] not in "~'[{":
        assert load(tmp_path, f"monitors: [{{tag: a, name: '{value or 'x'}'}}]").monitors["a"].name


@pytest.mark.parametrize("value", ["0123", "1e5", "123456", "0x1f", "1_000", "on", "1.5", "2026-12-01"])
def test_a_secret_that_is_no_text_to_yaml_is_refused_without_showing_it(tmp_path: Path, value: str) -> None:
    for field in ("monitors: [{tag: a, secretString: %s}]", "api_keys: [{name: a, key: %s}]"):
        message = problem(tmp_path, field % value)
        assert "put it in quotes" in message
        assert value not in message


@pytest.mark.parametrize("tag", ["Nightly", "a b", "a/b", "ü", "a" * 65, "a.b", "'a\n'"])
def test_a_tag_fits_into_a_url(tmp_path: Path, tag: str) -> None:
    assert "should be 1 to 64 of a-z, 0-9, - and _" in problem(tmp_path, f"monitors:\n  - tag: {tag}\n")


@pytest.mark.parametrize(
    ("value", "flag"),
    [("true", True), ("YES", True), ("'YES'", True), ("on", True), ("NO", False), ("'no'", False)],
)
def test_yes_and_no_are_accepted_for_true_and_false(tmp_path: Path, value: str, flag: bool) -> None:
    assert load(tmp_path, f"monitors: [{{tag: a, hidden: {value}}}]").monitors["a"].is_hidden is flag


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("0700", "YAML reads this as 448; write it without the leading 0"),
        ("12:30", "should be a whole number from 0 to 65535, and YAML reads this as 750"),
        ("'3000'", "should be a number without quotes"),
        ("65536", "should be a whole number from 0 to 65535, not '65536'"),
        ("-1", "should be a whole number from 0 to 65535, not '-1'"),
        ("3000.5", "should be a whole number from 0 to 65535, not '3000.5'"),
        ("true", "should be a whole number from 0 to 65535, not 'true'"),
        ("[1]", "should be a whole number from 0 to 65535, not a list"),
        ("9" * 5000, f"should be a whole number from 0 to 65535, not ''{'9' * 40}'…'"),
    ],
)
def test_a_port_is_a_whole_number(tmp_path: Path, value: str, hint: str) -> None:
    assert problem(tmp_path, f"server: {{port: {value}}}") == hint


@pytest.mark.parametrize("value", ["0", "-1", "5m", "'5'", "abc", ".inf", "5:30", "1e3"])
def test_minutes_are_a_positive_number(tmp_path: Path, value: str) -> None:
    text = f"monitors: [{{tag: a, downRemainingMinutes: {value}}}]"
    assert any(hint in problem(tmp_path, text) for hint in ("a number of minutes", "longer than nothing"))


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("2", "write 2x (times the interval), or 2m"),
        ("0.5x", "should be 1x or more"),
        ("twice", "a multiplier of the interval such as 2x, or extra time such as 90s"),
    ],
)
def test_grace_is_a_multiplier_or_a_length(tmp_path: Path, value: str, hint: str) -> None:
    assert hint in problem(tmp_path, f"monitors: [{{tag: a, interval: 5m, grace: {value}}}]")


# ---- addresses -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value", "is_good"),
    [
        ("url", "https://status.example.org/", True),
        ("url", "http://[::1]:3000/base/", True),
        ("url", "''", True),
        ("url", "status.example.org", False),
        ("url", "https://example.org/?a=b", False),
        ("url", "https://user:hunter2@example.org/", False),
        ("url", "ftp://example.org", False),
        ("url", "https://example.org:99999", False),
        ("logo", "/logo.svg", True),
        ("logo", "//evil.example", False),
        ("logo", "javascript:alert(1)", False),
        ("timezone", "Europe/Berlin", True),
        ("timezone", "Europe", False),
        ("timezone", "../../etc/passwd", False),
    ],
)
def test_site_values_are_checked(tmp_path: Path, field: str, value: str, is_good: bool) -> None:
    text = f"site: {{{field}: {value!r}}}" if value != "''" else "site: {url: ''}"
    if is_good:
        site = load(tmp_path, text).site
        assert not site.url.endswith("/")
    else:
        assert "hunter2" not in problem(tmp_path, text)


def test_a_link_of_a_monitor_is_a_web_address(tmp_path: Path) -> None:
    text = "monitors: [{tag: a, external_url: '%s'}]"
    assert load(tmp_path, text % "https://example.org/?a=b#c").monitors["a"].external_url
    assert "https://" in problem(tmp_path, text % "javascript:alert(1)")


def test_trusted_proxies_are_networks(tmp_path: Path) -> None:
    server = load(tmp_path, "server: {trusted_proxies: [127.0.0.1, 10.0.0.0/8, '::1']}").server
    assert server.trusted_proxies == ("127.0.0.1/32", "10.0.0.0/8", "::1/128")
    message = problem(tmp_path, "server: {trusted_proxies: 10.0.0.1/8}")
    assert message.endswith("not '10.0.0.1/8'; did you mean 10.0.0.0/8?")


# ---- values from outside ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${NAME}", "bob"),
        ("a ${NAME} c", "a bob c"),
        ("${UNSET:-x y}", "x y"),
        ("${EMPTY:-x}", "x"),
        ("$${NAME}", "${NAME}"),
        ("${REF}", "${NAME}"),  # not recursive
        ("${YAML}", "a: [b]"),
        ("${NUMBER}", "007"),
        ("$NAME", "$NAME"),
        ("${file:name.txt}", "from file"),
        ("${file:${FOLDER}/name.txt}", "from file"),
        ("${file:${NOWHERE:-sub}/../${FILE}.txt}.", "from file."),
        ("${NAME}${file:${FOLDER}/${FILE}.txt}${NAME}", "bobfrom filebob"),
    ],
)
def test_references_are_filled_in_once_and_stay_text(tmp_path: Path, text: str, value: str) -> None:
    (tmp_path / "name.txt").write_text("from file\n")
    (tmp_path / "sub").mkdir()
    env = {"NAME": "bob", "EMPTY": "", "REF": "${NAME}", "YAML": "a: [b]", "NUMBER": "007"}
    env |= {"FOLDER": str(tmp_path), "FILE": "name"}
    loaded = load(tmp_path, f"monitors: [{{tag: a, name: '{text}'}}]", env)
    assert loaded.monitors["a"].name == value
    extra = [tmp_path / "name.txt"] if "file" in text else []
    assert [each.resolve() for each in loaded.files] == [tmp_path / "config.yaml", *extra]


def test_a_reference_may_bring_a_number_a_flag_or_a_length(tmp_path: Path) -> None:
    text = "server: {port: '${PORT}'}\nmonitors:\n  - {tag: a, hidden: '${YES}', interval: '${LENGTH}'}\n"
    loaded = load(tmp_path, text, {"PORT": "4000", "YES": "yes", "LENGTH": "5m"})
    assert loaded.server.port == 4000
    assert loaded.monitors["a"].is_hidden
    assert loaded.monitors["a"].limits.interval == 5 * MINUTE


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("${UNSET}", "the environment variable UNSET is not set"),
        ("${UNSET", "never closed"),
        ("${1x}", "write ${NAME}, ${NAME:-default} or ${file:/path}"),
        ("${file:nope}", "cannot be read: No such file or directory"),
        ("${file:.}", "is not a regular file"),
        ("${file:${UNSET}/x}", "the environment variable UNSET is not set"),
        ("${file:${UNSET}", "never closed"),
        ("${file:${UNSET", "never closed"),
        ("${file:${file:big}}", "write ${NAME}, ${NAME:-default} or ${file:/path}"),
        ("${file:/dev/zero}", "is not a regular file"),
        ("${file:big}", "is larger than"),
        ("${file:latin1}", "is not text in UTF-8"),
        ("${EMPTY}", "is empty"),
        ("${LATIN1}", "the environment variable LATIN1 is not text in UTF-8"),
    ],
)
def test_a_reference_without_a_value_is_a_problem_at_its_place(tmp_path: Path, text: str, hint: str) -> None:
    (tmp_path / "big").write_bytes(b"x" * 1_000_001)
    (tmp_path / "latin1").write_bytes(b"\xff")
    assert hint in problem(
        tmp_path, f"monitors: [{{tag: a, secretString: '{text}'}}]", {"EMPTY": "", "LATIN1": "\udcff"}
    )


FIELDS = [
    "site: {url: '%s'}",
    "site: {timezone: '%s'}",
    "server: {port: '%s'}",
    "server: {log_level: '%s'}",
    "server: {trusted_proxies: '%s'}",
    "monitors: [{tag: '%s'}]",
    "monitors: [{tag: a, cron: '%s'}]",
    "monitors: [{tag: a, interval: '%s'}]",
    "monitors: [{tag: a, hidden: '%s'}]",
    "monitors: [{tag: a, downRemainingMinutes: '%s'}]",
    "monitors: [{tag: a, interval: 5m, grace: '%s'}]",
    "alerts: [{monitors: '%s'}]",
    "alerts: [{notifiers: '%s'}]",
    "alerts: [{severity: '%s'}]",
    "notifiers: {ops: '%s'}",
    "api_keys: [{name: a, key_sha256: '%s'}]",
    "api_keys: [{name: a, key: b, expires: '%s'}]",
]


@pytest.mark.parametrize("text", FIELDS)
@pytest.mark.parametrize("value", ["Hunter2!", "12 34 56 78 91", "@Hunter2"])
def test_what_a_reference_brought_is_never_shown(tmp_path: Path, text: str, value: str) -> None:
    assert value not in problem(tmp_path, text % "${SECRET}", {"SECRET": value})


@pytest.mark.parametrize(
    "text",
    [
        "monitors: [{tag: a, secretString: *Hunter2}]",
        "monitors: [{tag: a, secretString: !Hunter2 x}]",
        "monitors: [{tag: a, secretString: [Hunter2]}]",
        "monitors: [{tag: a, secretString: 'Hunter2}]",
        "monitors: [{tag: a, secretString: @Hunter2}]",
        "monitors: [{tag: a, secretString: '${Hunter2!}'}]",
        'monitors: [{tag: a, secretString: "Hunter2\\n"}]',
        "notifiers: {ops: mailto:Hunter2@x}",
        "notifiers: {'json://Hunter2': x}",
        "notifiers: {ops: {'json://Hunter2': x, 'json://Hunter2': y}}",
        "alerts: [{notifiers: 'json://Hunter2'}]",
        "api_keys: [{name: a, key: b, key_sha256: Hunter2}]",
    ],
)
def test_a_secret_is_in_no_message(tmp_path: Path, text: str) -> None:
    with pytest.raises(config.ConfigError) as caught:
        load(tmp_path, text)
    assert "Hunter2" not in str(caught.value)
