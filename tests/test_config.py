"""What a whole file means: monitors, rules, keys, maintenances, server settings, and all problems at once."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from kener_py import config, messages
from kener_py.model import DAY, HOUR, MINUTE, SECOND, Config, Limits, Rule, Severity, Status

EXAMPLE = Path(__file__).parent.parent / "config.example.yaml"
Load = Callable[..., Config]
Problems = Callable[..., list[str]]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def load(text: str, env: dict[str, str] | None = None, **overrides: object) -> Config:
        path = tmp_path / "config.yaml"
        path.write_text(text, encoding="utf-8")
        return config.load(path, env or {}, overrides)

    return load


@pytest.fixture
def problems(load: Load, tmp_path: Path) -> Problems:
    """Return what is wrong with a text, without the folder's name."""

    def problems(text: str, env: dict[str, str] | None = None, **overrides: object) -> list[str]:
        with pytest.raises(config.ConfigError) as caught:
            load(text, env, **overrides)
        lines = [str(problem).removeprefix(f"{tmp_path}/") for problem in caught.value.problems]
        assert str(caught.value).replace(f"{tmp_path}/", "") == "\n".join(lines)
        return lines

    return problems


def monitor(fields: str, tag: str = "job") -> str:
    lines = "".join(f"    {line}\n" for line in fields.splitlines())
    return f"monitors:\n  - tag: {tag}\n{lines}"


# ---- the example -----------------------------------------------------------------------------


def test_the_example_runs_as_it_is_without_a_warning() -> None:
    loaded = config.load(EXAMPLE, {})
    assert loaded.warnings == ()
    assert (loaded.server.host, loaded.server.port) == ("127.0.0.1", 3000)
    first, *others = loaded.monitors.values()
    assert first.tag == "nightly-backup"
    assert f"/heartbeat/{first.tag}:{first.secret}" in EXAMPLE.read_text()
    assert 3 <= len(loaded.monitors) <= 5
    assert len({monitor.category for monitor in loaded.monitors.values()}) == 2
    assert any(monitor.is_hidden for monitor in others)
    assert any(monitor.limits.interval for monitor in others)


def test_the_example_names_every_field_there_is() -> None:
    text = EXAMPLE.read_text()
    kener_only = {"default_status", "image"}

    def names(schema: dict[str, object]) -> set[str]:
        found = set()
        for name, field in schema.get("properties", {}).items():  # type: ignore[attr-defined]
            if not field["description"].startswith(("The same as", "This is Kener's", "Kener's")):
                found.add(name)
            found |= names(field) | names(field.get("items", {}))
        return found

    assert {name for name in names(config.schema()) | kener_only if name not in text} == set()


# ---- monitors --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "limits"),
    [
        ("", Limits(5 * MINUTE, 10 * MINUTE)),
        ("degradedRemainingMinutes: 0.5\ndownRemainingMinutes: 1.25", Limits(30 * SECOND, 75 * SECOND)),
        ("degraded_remaining_minutes: 1\ndown_remaining_minutes: 2", Limits(MINUTE, 2 * MINUTE)),
        ("type_data: {degradedRemainingMinutes: 1, downRemainingMinutes: 2}", Limits(MINUTE, 2 * MINUTE)),
        ("interval: 5m", Limits(10 * MINUTE, 10 * MINUTE, 5 * MINUTE)),
        ("interval: 5m\ngrace: 1.5x", Limits(450 * SECOND, 10 * MINUTE, 5 * MINUTE)),
        ("interval: 5m\ngrace: 90s", Limits(390 * SECOND, 10 * MINUTE, 5 * MINUTE)),
        ("interval: 5m\ngrace: 10m", Limits(15 * MINUTE, 15 * MINUTE, 5 * MINUTE)),
        ("interval: 5m\ngrace: 1x\nmissed_beats: 1", Limits(5 * MINUTE, 5 * MINUTE, 5 * MINUTE)),
        ("interval: 5m\ngrace: 0s\nmissed_beats: 3", Limits(5 * MINUTE, 15 * MINUTE, 5 * MINUTE)),
    ],
)
def test_limits_follow_from_thresholds_or_from_a_rhythm(load: Load, fields: str, limits: Limits) -> None:
    assert load(monitor(fields)).monitors["job"].limits == limits


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (
            "degradedRemainingMinutes: 5\ndownRemainingMinutes: 5",
            "4:27: monitors[0].downRemainingMinutes: should be larger than degradedRemainingMinutes, "
            "which is 5",
        ),
        (
            "degradedRemainingMinutes: 12",
            "3:31: monitors[0].degradedRemainingMinutes: should be smaller than downRemainingMinutes, "
            "which is 10 by default",
        ),
        (
            "interval: 5m\ndownRemainingMinutes: 3",
            "3:5: monitors[0].interval: cannot stand beside 'downRemainingMinutes' (line 4): "
            "give an interval or thresholds, not both",
        ),
        (
            "grace: 2x\ntype_data: {degradedRemainingMinutes: 3}",
            "3:5: monitors[0].grace: cannot stand beside 'type_data.degradedRemainingMinutes' (line 4): "
            "give an interval or thresholds, not both",
        ),
        ("grace: 5m", "3:5: monitors[0].grace: needs an interval beside it"),
        (
            'schedule: "0 2 * * *"',
            "3:5: monitors[0].schedule: the job's own cron schedule is not supported in this version; use "
            "interval with grace instead, such as interval: 1d and grace: 1h (cron is when we look, and is "
            "another thing)",
        ),
        (
            "secret: abc\nsecretString: def",
            "3:5: monitors[0].secret: means the same as 'secretString' at line 4; keep one of them",
        ),
        (
            "monitor_type: PING",
            "3:19: monitors[0].monitor_type: kener-py watches heartbeats only; this should be HEARTBEAT, "
            "or not be here",
        ),
        (
            "status: INACTIVE",
            "3:13: monitors[0].status: a monitor that is not active does not belong here; remove it "
            "(its history is kept for its tag)",
        ),
    ],
)
def test_a_contradiction_in_a_monitor_is_named_with_both_sides(
    problems: Problems, fields: str, problem: str
) -> None:
    assert problems(monitor(fields)) == [f"config.yaml:{problem}"]


def test_a_monitor_takes_what_it_does_not_say_from_the_site(load: Load) -> None:
    loaded = load("site: {timezone: Asia/Tokyo}\n" + monitor('cron: "@hourly"'))
    found = loaded.monitors["job"]
    assert (found.name, found.timezone, found.cron, found.category) == ("job", "Asia/Tokyo", "@hourly", "")


def test_a_monitor_as_kener_spells_it_is_understood(load: Load) -> None:
    loaded = load(
        monitor(
            "name: Job\ncategory_name: Backups\nmonitor_type: HEARTBEAT\nis_hidden: YES\nstatus: ACTIVE\n"
            "include_degraded_in_downtime: NO\nimage: /x.png\ndefault_status: UP\n"
            "day_degraded_minimum_count: 3\n"
            "type_data:\n  secretString: 0123456789abcdef\n  degradedRemainingMinutes: 2"
        )
    )
    found = loaded.monitors["job"]
    assert (found.category, found.is_hidden, found.include_degraded_in_downtime) == ("Backups", True, False)
    assert (found.secret, found.limits) == ("0123456789abcdef", Limits(2 * MINUTE, 10 * MINUTE))
    assert [warning.split(": ", 1)[1] for warning in loaded.warnings] == [
        "monitors[0].image: is Kener's and has no effect here",
        "monitors[0].default_status: has no effect: a monitor is NO_DATA, never green, "
        "before its first heartbeat",
        "monitors[0].day_degraded_minimum_count: is Kener's and has no effect here: "
        "a day is coloured from its exact spans",
    ]


def test_monitors_keep_the_order_of_the_file(load: Load) -> None:
    assert list(load("monitors: [{tag: b}, {tag: a}, {tag: c}]").monitors) == ["b", "a", "c"]


def test_a_tag_is_given_once_even_when_one_of_the_two_is_faulty(problems: Problems) -> None:
    assert problems("monitors:\n  - {tag: a, cron: x}\n  - {tag: a}\n") == [
        "config.yaml:2:20: monitors[0].cron: should be a cron expression of five fields (minute hour "
        "day month weekday), or six with seconds last; this has 1",
        "config.yaml:3:11: monitors[1].tag: two monitors have this tag; the other is at line 2",
    ]


def test_independent_problems_are_reported_in_one_go_sorted_by_place(problems: Problems) -> None:
    text = """site: {timezone: Europe/Berln}
monitors:
  - tag: nightly
    graec: 5m
  - name: no tag
  - tag: ok
alerts:
  - monitors: [nightli]
    notifiers: [opps]
notifiers: {ops: "json://localhost"}
api_keys: [{name: a}]
servre: {}
"""
    assert problems(text, {"KENER_PORT": "http"}) == [
        "KENER_PORT: should be a whole number from 0 to 65535, not 'http'",
        "config.yaml:1:18: site.timezone: unknown time zone; did you mean 'Europe/Berlin'?",
        "config.yaml:4:5: monitors[0].graec: unknown field; did you mean 'grace'?",
        "config.yaml:5:5: monitors[1].tag: is missing",
        "config.yaml:8:16: alerts[0].monitors[0]: unknown monitor or category 'nightli'; "
        "did you mean 'nightly'?",
        "config.yaml:9:17: alerts[0].notifiers[0]: unknown notifier 'opps'; did you mean 'ops'?",
        "config.yaml:11:12: api_keys[0]: needs a key or a key_sha256",
        "config.yaml:12:1: servre: unknown field; did you mean 'server'?",
    ]


@pytest.mark.parametrize(
    ("field", "meant"),
    [("catgory_name", "category_name"), ("secretstring", "secretString"), ("Cron", "cron"), ("tga", "tag")],
)
def test_an_unknown_field_brings_the_one_that_was_meant(problems: Problems, field: str, meant: str) -> None:
    (line,) = problems(f"monitors: [{{tag: a, {field}: x}}]")
    assert line.endswith(f"unknown field; did you mean '{meant}'?")


def test_an_unknown_field_like_no_other_brings_the_list_of_what_exists(problems: Problems) -> None:
    (line,) = problems("retention: {zzz: 1}")
    assert line == "config.yaml:1:13: retention.zzz: unknown field; known are: heartbeats, days"


def test_short_or_awkward_secrets_are_accepted_with_a_warning_that_hides_them(load: Load) -> None:
    loaded = load(monitor("secretString: pass/word"))
    assert loaded.monitors["job"].secret == "pass/word"
    assert [warning.split("secretString: ")[1] for warning in loaded.warnings] == [
        "the secret has characters that must be percent-encoded in the job's URL",
        "the secret has fewer than 16 characters; make one with: openssl rand -hex 16",
    ]
    assert "pass/word" not in str(loaded)


def test_a_monitor_that_nobody_can_reach_brings_a_warning(load: Load) -> None:
    unreachable = (
        "monitors[0]: has no secretString, and no API key may write it: nobody can send its heartbeat"
    )
    assert load(monitor("")).warnings[0].endswith(f"config.yaml:2:5: {unreachable}")
    key = "api_keys: [{name: a, key: 0123456789abcdef, scopes: [%s], monitors: [%s]}]\n"
    assert load(key % ("'*'", "job") + monitor("")).warnings == ()
    assert len(load(key % ("incidents:write", "job") + monitor("")).warnings) == 1
    assert len(load(key % ("'*'", "other") + monitor("") + "  - tag: other\n").warnings) == 1


# ---- notifiers and rules ---------------------------------------------------------------------

TWO = """
notifiers: {ops: ["json://a", "json://b"], boss: "json://c"}
monitors: [{tag: a, category: one}, {tag: b, category: one}, {tag: one, category: c}, {tag: d}]
"""


def rules(load: Load, alerts: str) -> tuple[Rule, ...]:
    return load(f"{TWO}alerts:\n{alerts}").rules


def test_notifiers_without_rules_tell_everybody_of_every_down(load: Load) -> None:
    (rule,) = load(TWO).rules
    assert (rule.name, rule.status, rule.notifiers) == ("DOWN", Status.DOWN, ("ops", "boss"))
    assert rule.monitors == {"a", "b", "one", "d"}
    assert load(TWO).notifiers["boss"].urls == ("json://c",)
    assert load("monitors: [{tag: a}]").rules == ()


def test_an_empty_list_of_rules_is_none_and_brings_a_warning(load: Load) -> None:
    loaded = load(f"{TWO}alerts: []")
    assert loaded.rules == ()
    assert any("nobody is ever told" in warning for warning in loaded.warnings)


def test_rules_have_defaults_and_names_of_their_own(load: Load) -> None:
    first, second, third, fourth = rules(
        load, "  - {}\n  - {status: DEGRADED}\n  - {status: down}\n  - {name: DOWN 3, monitors: a}\n"
    )
    assert [first.name, second.name, third.name, fourth.name] == ["DOWN", "DEGRADED", "DOWN 2", "DOWN 3"]
    assert first == Rule(
        "DOWN", Status.DOWN, frozenset({"a", "b", "one", "d"}), ("ops", "boss"), cooldown=15 * MINUTE
    )


@pytest.mark.parametrize(
    ("names", "tags"),
    [
        ("all", {"a", "b", "one", "d"}),
        ("[all]", {"a", "b", "one", "d"}),
        ("a", {"a"}),
        ("[a, d]", {"a", "d"}),
        ("one", {"one"}),  # a tag before a category of the same name
        ("category:one", {"a", "b"}),
        ("[c]", {"one"}),
    ],
)
def test_a_rule_names_tags_and_categories(load: Load, names: str, tags: set[str]) -> None:
    (rule,) = rules(load, f"  - monitors: {names}\n")
    assert rule.monitors == tags


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("WARNING", Severity.MINOR),
        ("CRITICAL", Severity.CRITICAL),
        ("Major", Severity.MAJOR),
        ("minor", Severity.MINOR),
    ],
)
def test_severities_are_ours_or_keners_in_any_case(load: Load, word: str, severity: Severity) -> None:
    assert rules(load, f"  - severity: {word}\n")[0].severity == severity


def test_a_rule_as_kener_spells_it_is_understood(load: Load) -> None:
    (rule,) = rules(
        load,
        "  - {alert_for: STATUS, alert_value: DEGRADED, failureThreshold: 3, successThreshold: 2,\n"
        "     create_incident: NO, alert_description: Look,\n"
        "     triggers: [ops], is_active: YES, severity: WARNING}\n",
    )
    assert (rule.status, rule.failure_threshold, rule.success_threshold) == (Status.DEGRADED, 3, 2)
    assert (rule.create_incident, rule.description, rule.notifiers) == (False, "Look", ("ops",))


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ("{status: UP}", "status: should be DOWN or DEGRADED, not 'UP'"),
        ("{failure_threshold: 0}", "failure_threshold: should be a whole number, 1 or more, not '0'"),
        ("{alert_for: LATENCY}", "alert_for: kener-py has rules for a status only"),
        ("{is_active: NO}", "is_active: a rule that is not active does not belong here; remove it"),
        ("{monitors: []}", "monitors: is an empty list; it should be a name, or a list of them"),
        ("{severity: high}", "severity: should be minor, major or critical, not 'high'"),
        ("{remind_every: 0s}", "remind_every: should be longer than nothing"),
    ],
)
def test_a_wrong_rule_is_refused(problems: Problems, rule: str, problem: str) -> None:
    (line,) = problems(f"{TWO}alerts:\n  - {rule}")
    assert f"alerts[0].{problem}" in line


@pytest.mark.parametrize(
    ("urls", "problem"),
    [
        ("[]", "is an empty list; it should be an Apprise URL, or a list of them"),
        ("[{a: b}]", "should be an Apprise URL, not a mapping"),
        ("hunter2", "should be an Apprise URL such as mailto://…, slack://… or json://…"),
        ("5", "should be an Apprise URL such as mailto://…, slack://… or json://…"),
        ("", "is empty; write an Apprise URL, or remove the line"),
    ],
)
def test_a_notifier_has_urls(problems: Problems, urls: str, problem: str) -> None:
    (line,) = problems(f"notifiers:\n  ops: {urls}\n")
    assert line.endswith((f"notifiers.ops: {problem}", f"notifiers.ops[0]: {problem}"))


def test_a_notifier_can_have_words_of_its_own(load: Load) -> None:
    ops = load("notifiers:\n  ops: {urls: 'json://a', title: '{{ name }}', body: x}\n").notifiers["ops"]
    assert (ops.urls, ops.title, ops.body) == (("json://a",), "{{ name }}", "x")


def test_a_misspelt_field_of_a_notifier_is_named(problems: Problems) -> None:
    assert problems("notifiers:\n  ops: {title: x, bdy: y}\n") == [
        "config.yaml:2:19: notifiers.ops.bdy: unknown field; did you mean 'body'?",
    ]


def test_a_url_of_a_notifier_with_words_is_checked(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("notifiers:\n  ops: {urls: ['json://a', 'json://b']}\nmonitors: []\n")
    with pytest.raises(config.ConfigError, match=r":2:28: notifiers\.ops\.urls\[1\]: not this one"):
        config.load(file, {}, check_url=lambda url: "not this one" if url.endswith("b") else None)


def test_a_template_that_cannot_work_is_refused_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(
        "notifiers:\n  ops:\n    urls: json://a\n    title: '{{ staus }}'\n"
        "    body: |\n      Hello\n      {{ mointor }} {{ name }\nmonitors: []\n"
    )
    with pytest.raises(config.ConfigError) as caught:
        config.load(file, {}, check_template=messages.check)
    first, second = map(str, caught.value.problems)
    assert first.endswith(
        "config.yaml:4:12: notifiers.ops.title: the template, line 1, column 4: "
        "unknown variable 'staus'; did you mean 'status'?"
    )
    assert "config.yaml:5:11: notifiers.ops.body: the template, line 2: unexpected '}'" in second


# ---- API keys --------------------------------------------------------------------------------


def test_only_the_digest_of_an_api_key_is_kept(load: Load) -> None:
    digest = hashlib.sha256(b"the key of twenty characters").hexdigest()
    text = """
site: {timezone: Europe/Berlin}
monitors: [{tag: a, category: One}]
api_keys:
  - {name: plain, key: the key of twenty characters, expires: 2030-01-01}
  - name: digest
    key_sha256: "%s"
    scopes: [incidents:write, '*']
    monitors: One
    expires: 2030-01-01T00:00:00Z
"""
    plain, other = load(text % ("A" * 64)).api_keys
    assert (plain.sha256, plain.scopes, plain.monitors) == (digest, {"heartbeat:write"}, None)
    assert (other.sha256, other.scopes, other.monitors) == ("a" * 64, {"incidents:write", "*"}, {"a"})
    assert (plain.expires, other.expires) == (1893452400000, 1893456000000)


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ("[{name: a, key: k, key_sha256: %s}]" % ("a" * 64), "needs a key or a key_sha256, not both"),
        ("[{name: a, key: k}, {name: a, key: l}]", "two keys have this name; the other is at line 1"),
        ("[{name: a, key: k}, {name: b, key: k}]", "the same key stands at line 1 already"),
        ("[{name: a, key: k, scopes: []}]", "is an empty list; it should be a scope, or a list of them"),
        (
            "[{name: a, key: k, scopes: write}]",
            "should be heartbeat:write, incidents:write or *, not 'write'",
        ),
        (
            "[{name: a, key_sha256: abc}]",
            "should be 64 hexadecimal digits, as printf %s KEY | sha256sum prints them",
        ),
        (
            "[{name: a, key: k, monitors: nope}]",
            "unknown monitor or category 'nope'; the file has no monitors",
        ),
        ("[{name: a, key: k, expires: tomorrow}]", "should be a date or a time such as 2026-12-01"),
    ],
)
def test_a_wrong_api_key_is_refused(problems: Problems, keys: str, problem: str) -> None:
    (line,) = problems(f"api_keys: {keys}")
    assert problem in line


# ---- maintenances, and what has no effect yet ------------------------------------------------


def test_maintenances_are_once_or_again_and_again(load: Load) -> None:
    once, again = load(
        """
monitors: [{tag: a}, {tag: b}]
maintenances:
  - {title: Once, start: 2026-12-01 22:00, end: "2026-12-02", monitors: [a], timezone: Europe/Berlin}
  - {title: Again, schedule: "0 3 * * sun", duration: 2h}
"""
    ).maintenances
    assert (once.start, once.end, once.monitors) == (1796158800000, 1796166000000, {"a"})
    assert (again.schedule, again.duration, again.timezone) == ("0 3 * * sun", 2 * HOUR, "UTC")
    assert again.monitors == {"a", "b"}


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ("start: 2026-12-01", "needs start and end, or schedule and duration; this has start"),
        ("start: 2026-12-01, end: 2026-12-01", "should be later than the start"),
        ("start: 2026-12-01, end: 2026-12-02, duration: 1h", "this has duration and end and start"),
        ("start: 2026-13-01, end: 2026-12-02", "should be a date or a time such as 2026-12-01"),
    ],
)
def test_a_maintenance_that_is_neither_is_refused(problems: Problems, fields: str, problem: str) -> None:
    (line,) = problems(f"maintenances: [{{title: x, {fields}}}]")
    assert problem in line


def test_every_field_of_the_safeguards_has_an_effect(load: Load) -> None:
    loaded = load(
        f"{TWO}incidents: {{draft: false, auto_publish_after: 1h, batch: 60s}}\n"
        "alerts: [{cooldown: 1h, remind_every: off}]"
    )
    late = [warning.split(": ")[1] for warning in loaded.warnings if warning.endswith("no effect yet")]
    assert late == []
    assert (loaded.incidents.auto_publish_after, loaded.incidents.batch) == (HOUR, MINUTE)
    assert (loaded.rules[0].cooldown, loaded.rules[0].remind_every) == (HOUR, None)


# ---- server settings -------------------------------------------------------------------------


def test_a_flag_wins_over_the_environment_over_the_file_over_the_default(load: Load) -> None:
    env = {"KENER_PORT": "4001", "KENER_THREADS": "7", "KENER_LOG_FORMAT": "", "KENER_HOST": "::"}
    server = load("server: {port: 4000, threads: 9, log_level: debug}", env, port=4002, host=None).server
    assert (server.port, server.threads, server.log_level) == (4002, 7, "debug")
    assert (server.log_format, server.host) == ("plain", "::")


def test_a_database_is_relative_to_who_named_it(load: Load, tmp_path: Path) -> None:
    assert load("site: {}").server.database == tmp_path / "kener.db"
    assert load("server: {database: data/x.db}").server.database == tmp_path / "data" / "x.db"
    assert load("server: {database: /x.db}").server.database == Path("/x.db")
    assert load("server: {database: x.db}", {"KENER_DATABASE": "y.db"}).server.database == Path.cwd() / "y.db"
    assert load("site: {}", database=Path("z.db")).server.database == Path.cwd() / "z.db"


@pytest.mark.parametrize(
    ("env", "overrides", "problem"),
    [
        ({"KENER_PORT": "70000"}, {}, "KENER_PORT: should be a whole number from 0 to 65535, not '70000'"),
        (
            {"KENER_LOG_LEVEL": "loud"},
            {},
            "KENER_LOG_LEVEL: should be debug, info, warning or error, not 'loud'",
        ),
        ({}, {"threads": 0}, "--threads: should be a whole number from 1 to 512, not '0'"),
    ],
)
def test_a_bad_value_from_outside_is_named_by_its_source(
    problems: Problems, env: dict[str, str], overrides: dict[str, object], problem: str
) -> None:
    assert problems("site: {}", env, **overrides) == [problem]


def test_sections_that_are_commented_out_count_as_not_written(load: Load) -> None:
    loaded = load("site:\nserver:\nnotifiers:\n  # ops: json://x\nalerts:\nmonitors:\n  - tag: a\n")
    assert (loaded.notifiers, loaded.rules, list(loaded.monitors)) == ({}, (), ["a"])


# ---- the signature ---------------------------------------------------------------------------


def test_the_signature_changes_with_any_content_and_with_nothing_else(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_text("one")
    link.symlink_to(real)
    before = config.signature([link])
    os.utime(real, (0, 0))
    assert config.signature([link]) == before
    (tmp_path / "other").write_text("two")
    (tmp_path / "new").symlink_to(tmp_path / "other")
    (tmp_path / "new").replace(link)
    swapped = config.signature([link])
    assert swapped != before
    link.unlink()
    gone = config.signature([link])
    link.write_text("")
    assert len({before, swapped, gone, config.signature([link]), config.signature([])}) == 5


def test_a_pipe_or_a_directory_never_blocks_the_signature(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert config.signature([tmp_path / "pipe", tmp_path]) == config.signature([tmp_path / "pipe", tmp_path])


# ---- the schema ------------------------------------------------------------------------------


def test_the_schema_is_draft_07_in_one_piece_and_describes_every_field() -> None:
    schema = config.schema()
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert "$ref" not in json.dumps(schema)

    def check(node: dict[str, object]) -> None:
        if "properties" in node:
            assert node["additionalProperties"] is False
        for name, field in node.get("properties", {}).items():  # type: ignore[attr-defined]
            assert {"title", "description"} <= field.keys(), name
            check(field)
            check(field.get("items", {}))

    check(schema)


def test_the_schema_knows_other_spellings_and_defaults_as_one_writes_them() -> None:
    monitor = config.schema()["properties"]["monitors"]["items"]  # type: ignore[index]
    fields = monitor["properties"]
    assert {"secret", "secretString", "type_data", "is_hidden", "category_name", "image"} <= fields.keys()
    assert monitor["required"] == ["tag"]
    assert (fields["grace"]["default"], fields["degradedRemainingMinutes"]["default"]) == ("2x", 5)
    assert config.schema()["properties"]["alerts"]["items"]["properties"]["cooldown"]["default"] == "15m"  # type: ignore[index]


def test_ten_thousand_monitors_are_all_there(load: Load) -> None:
    text = "x-all: &all {interval: 1d, category: Many}\nmonitors:\n"
    text += "".join(f"  - {{<<: *all, tag: job-{number}}}\n" for number in range(10_000))
    loaded = load(text)
    assert len(loaded.monitors) == 10_000
    assert loaded.monitors["job-9999"].limits == Limits(2 * DAY, 2 * DAY, DAY)
