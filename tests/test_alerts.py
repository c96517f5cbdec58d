"""The alert rules by themselves: from one evaluation to the next, without a store or a clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from conftest import LIMITS, T, monitor, rule

from kener_py import alerts
from kener_py.alerts import Look, Plan
from kener_py.model import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Alert,
    AlertStatus,
    Gap,
    Incident,
    Instant,
    Millis,
    Notice,
    Rule,
    Severity,
    Site,
    State,
    Status,
)

UP, DEGRADED, DOWN, NO_DATA = Status.UP, Status.DEGRADED, Status.DOWN, Status.NO_DATA
BERLIN = Site(url="https://status.example.org", timezone="Europe/Berlin")


def look(
    status: Status,
    at: Instant = T,
    *,
    since: Instant | None = None,
    trouble_since: Instant | None = None,
    away: Gap | None = None,
    **facts: object,
) -> Look:
    """An evaluation that finds `status`; it began at the instant of the look unless said otherwise."""
    since = at if since is None else since
    state = State("job", LIMITS, last=T - HOUR, status=status, since=since, head=status, head_since=since)
    if status in (DEGRADED, DOWN) and trouble_since is None:
        trouble_since = since
    return Look(monitor(), replace(state, **facts), at, trouble_since, () if away is None else (away,))


class Book:
    """What the store would keep between two evaluations, and everything that was said."""

    def __init__(self, *rules: Rule) -> None:
        self.rules = rules
        self.standing: dict[str, Alert] = {}
        self.incident: Incident | None = None
        self.said: list[Notice] = []

    def plan(self, seen: Look) -> Plan:
        found = alerts.plan(seen, self.rules, self.standing, self.incident, Site())
        for alert in found.dropped:
            del self.standing[alert.rule]
        for alert in found.alerts:
            self.standing[alert.rule] = alert
            if alert.status is AlertStatus.RESOLVED:
                del self.standing[alert.rule]
        if found.opening is not None:
            self.incident = found.opening
        if found.closing is not None:
            self.incident = None
        self.said += [notice for notice, _ in found.notices]
        return found

    def see(self, *statuses: Status) -> list[str]:
        """One evaluation a minute; what was said at which of them."""
        before = len(self.said)
        for minute, status in enumerate(statuses, start=1):
            self.plan(look(status, T + minute * MINUTE))
        return [f"{(notice.at - T) // MINUTE} {notice.kind}" for notice in self.said[before:]]


# ---- thresholds ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("about", "status", "expected"),
    [
        (DOWN, DOWN, True),
        (DOWN, DEGRADED, False),
        (DOWN, UP, False),
        (DOWN, NO_DATA, False),
        (DEGRADED, DOWN, True),
        (DEGRADED, DEGRADED, True),
        (DEGRADED, UP, False),
        (DEGRADED, NO_DATA, False),
    ],
)
def test_a_rule_is_about_its_status_or_worse(about: Status, status: Status, expected: bool) -> None:
    assert alerts.fails(rule(status=about), status) is expected


@pytest.mark.parametrize("threshold", [1, 2, 3, 5])
def test_an_alert_triggers_at_the_failing_look_that_the_threshold_names(threshold: int) -> None:
    book = Book(rule(failure_threshold=threshold))
    assert book.see(*[DOWN] * 6) == [f"{threshold} TRIGGERED"]


@pytest.mark.parametrize("threshold", [1, 2, 3, 5])
def test_an_alert_resolves_at_the_passing_look_that_the_threshold_names(threshold: int) -> None:
    book = Book(rule(success_threshold=threshold))
    assert book.see(DOWN, *[UP] * 6) == ["1 TRIGGERED", f"{1 + threshold} RESOLVED"]


def test_failing_looks_count_only_in_a_row() -> None:
    book = Book(rule(failure_threshold=3))
    assert book.see(DOWN, DOWN, UP, DOWN, DOWN, UP) == []


def test_passing_looks_count_only_in_a_row() -> None:
    book = Book(rule(success_threshold=3))
    assert book.see(DOWN, UP, UP, DOWN, UP, UP, DOWN) == ["1 TRIGGERED"]


def test_a_relapse_before_the_threshold_forgets_when_it_began_to_pass() -> None:
    book = Book(rule(success_threshold=2))
    book.see(DOWN, UP, DOWN, UP, UP)
    assert [notice.recovered for notice in book.said] == [None, T + 4 * MINUTE]


def test_a_pending_alert_that_comes_to_nothing_is_dropped_in_silence() -> None:
    book = Book(rule(failure_threshold=2))
    book.plan(look(DOWN))
    (pending,) = book.standing.values()
    found = book.plan(look(UP, T + MINUTE))
    assert found == Plan(dropped=(pending,))


def test_degraded_passes_a_rule_about_down() -> None:
    assert Book(rule()).see(DEGRADED, DOWN, DEGRADED) == ["2 TRIGGERED", "3 RESOLVED"]


def test_a_rule_about_degraded_speaks_up_when_it_gets_worse_but_not_when_it_gets_better() -> None:
    said = Book(rule(status=DEGRADED)).see(DEGRADED, DOWN, DEGRADED, DOWN, UP)
    assert said == ["1 TRIGGERED", "2 TRIGGERED", "5 RESOLVED"]


def test_no_data_is_no_news() -> None:
    book = Book(rule(), rule("late", DEGRADED))
    assert book.plan(look(NO_DATA, last=None, since=None)) == Plan()


@pytest.mark.parametrize("statuses", [(DOWN,), (DOWN, UP)], ids=["pending", "passing"])
def test_an_alert_that_counts_wants_every_tick(statuses: Sequence[Status]) -> None:
    failures = 2 if statuses == (DOWN,) else 1
    book = Book(rule(failure_threshold=failures, success_threshold=2))
    found = [book.plan(look(status, T + n * MINUTE)) for n, status in enumerate(statuses)]
    assert found[-1].is_counting


@pytest.mark.parametrize("statuses", [(DOWN,), (DOWN, UP, DOWN), (DOWN, UP, UP)])
def test_an_alert_that_does_not_count_wants_no_tick(statuses: Sequence[Status]) -> None:
    book = Book(rule(success_threshold=2))
    found = [book.plan(look(status, T + n * MINUTE)) for n, status in enumerate(statuses)]
    assert not found[-1].is_counting


# ---- what the job itself reports -------------------------------------------------------------


@pytest.mark.parametrize("reported", [DOWN, DEGRADED])
def test_a_reported_status_counts_as_the_threshold_reached(reported: Status) -> None:
    book = Book(rule(status=reported, failure_threshold=5))
    book.plan(look(reported, reported=reported))
    assert [notice.kind for notice in book.said] == [AlertStatus.TRIGGERED]


def test_a_report_of_degraded_does_not_hasten_a_rule_about_down() -> None:
    book = Book(rule(failure_threshold=2))
    book.plan(look(DOWN, reported=DEGRADED))
    assert book.said == []


def test_a_report_of_degraded_hastens_a_rule_about_degraded_even_when_it_is_down_by_now() -> None:
    book = Book(rule(status=DEGRADED, failure_threshold=2))
    book.plan(look(DOWN, reported=DEGRADED))
    assert [notice.kind for notice in book.said] == [AlertStatus.TRIGGERED]


# ---- incidents -------------------------------------------------------------------------------


def test_an_incident_starts_at_the_missed_deadline_and_not_at_the_look() -> None:
    opening = Book(rule()).plan(look(DOWN, T + 50 * SECOND, since=T)).opening
    assert opening is not None
    assert (opening.started, opening.created) == (T, T + 50 * SECOND)


def test_a_late_look_dates_each_rule_by_its_own_deadline() -> None:
    book = Book(rule(), rule("late", DEGRADED))
    book.plan(look(DOWN, T + 10 * MINUTE, since=T + 5 * MINUTE, trouble_since=T))
    assert {alert.rule: alert.started for alert in book.standing.values()} == {
        "down": T + 5 * MINUTE,
        "late": T,
    }


def test_two_rules_that_trigger_at_once_open_one_incident() -> None:
    book = Book(rule(severity=Severity.CRITICAL), rule("late", DEGRADED, severity=Severity.MINOR))
    found = book.plan(look(DOWN, T + 10 * MINUTE, since=T + 5 * MINUTE, trouble_since=T))
    assert found.opening is not None
    assert (found.opening.severity, found.opening.started) == (Severity.CRITICAL, T)
    assert {alert.incident for alert in found.alerts} == {1}


@pytest.mark.parametrize("severities", [(Severity.MINOR, Severity.MAJOR), (Severity.MAJOR, Severity.MINOR)])
def test_the_worse_severity_wins_in_whichever_order_the_rules_stand(severities: tuple[Severity, ...]) -> None:
    opening = Book(*(rule(each, severity=each) for each in severities)).plan(look(DOWN)).opening
    assert opening is not None
    assert opening.severity is Severity.MAJOR


def test_a_rule_that_triggers_later_joins_the_open_incident() -> None:
    book = Book(rule("late", DEGRADED), rule())
    book.see(DEGRADED)
    found = book.plan(look(DOWN, T + 2 * MINUTE))
    assert found.opening is None
    assert {alert.incident for alert in found.alerts} == {1}


def test_a_rule_without_incidents_opens_none() -> None:
    book = Book(rule(create_incident=False))
    found = book.plan(look(DOWN))
    assert found.opening is None
    assert [(notice.kind, notice.incident) for notice in book.said] == [(AlertStatus.TRIGGERED, None)]


def test_a_rule_without_incidents_does_not_keep_one_open() -> None:
    book = Book(rule(), rule("late", DEGRADED, create_incident=False))
    book.see(DOWN, DEGRADED)
    assert book.incident is None
    assert set(book.standing) == {"late"}


def test_an_incident_stays_open_until_the_last_of_its_alerts_is_over() -> None:
    book = Book(rule(), rule("late", DEGRADED))
    book.see(DOWN, DEGRADED)
    assert book.incident is not None
    book.see(UP)
    assert book.incident is None


def test_an_incident_of_a_hidden_monitor_is_not_public() -> None:
    seen = replace(look(DOWN), monitor=monitor(is_hidden=True))
    opening = Book(rule()).plan(seen).opening
    assert opening is not None
    assert not opening.is_public


def test_an_incident_is_resolved_with_the_total_downtime() -> None:
    book = Book(rule())
    book.plan(look(DOWN, T + MINUTE, since=T))
    closing = book.plan(look(UP, T + HOUR, since=T + 30 * MINUTE + 5 * SECOND)).closing
    assert closing == alerts.Closing(1, "Resolved after 30 min 5 s.", T + 30 * MINUTE + 5 * SECOND)


def test_downtime_ends_where_it_began_to_pass_however_long_the_passing_is_counted() -> None:
    book = Book(rule(success_threshold=2))
    book.plan(look(DOWN, T))
    book.plan(look(UP, T + 20 * MINUTE, since=T + 10 * MINUTE))
    closing = book.plan(look(DEGRADED, T + 40 * MINUTE, since=T + 30 * MINUTE)).closing
    assert closing == alerts.Closing(1, "Resolved after 10 min.", T + 10 * MINUTE)
    assert book.said[-1].recovered == T + 10 * MINUTE


def test_trouble_never_starts_in_the_future() -> None:
    book = Book(rule(failure_threshold=2))
    book.plan(look(DOWN, T + DAY))
    found = book.plan(look(DOWN, T))  # the clock was set back
    assert found.opening is not None
    assert found.opening.started == T
    assert found.alerts[0].started == T


def test_an_address_that_two_rules_name_hears_of_a_monitor_once() -> None:
    book = Book(rule(notifiers=("ops",)), rule("late", DEGRADED, notifiers=("boss", "ops")))
    found = book.plan(look(DOWN))
    assert [(notice.rule, names) for notice, names in found.notices] == [
        ("down", ("ops",)),
        ("late", ("boss",)),
    ]


# ---- when we were not looking ----------------------------------------------------------------


def away(length: Millis, resumed: Instant = T) -> Gap:
    return Gap(resumed - length, resumed)


@pytest.mark.parametrize(
    ("length", "quiet_for"),
    [
        (2 * MINUTE, 2 * MINUTE),
        (5 * MINUTE - 1, 5 * MINUTE - 1),
        (5 * MINUTE, 5 * MINUTE),
        (DAY, 5 * MINUTE),
    ],
)
def test_silence_triggers_nothing_until_we_are_back_for_as_long_as_we_were_away_or_as_silence_may_last(
    length: Millis, quiet_for: Millis
) -> None:
    book = Book(rule())
    book.plan(look(DOWN, T + quiet_for - 1, since=T, away=away(length)))
    assert book.said == []
    book.plan(look(DOWN, T + quiet_for, since=T, away=away(length)))
    assert [notice.kind for notice in book.said] == [AlertStatus.TRIGGERED]


@pytest.mark.parametrize("reported", [DOWN, DEGRADED])
def test_what_the_job_reports_is_no_silence(reported: Status) -> None:
    book = Book(rule(status=reported))
    book.plan(look(reported, T + 1, away=away(DAY), reported=reported))
    assert [notice.kind for notice in book.said] == [AlertStatus.TRIGGERED]


def test_failing_looks_count_while_it_is_quiet() -> None:
    book = Book(rule(failure_threshold=3))
    for minute in range(6):
        book.plan(look(DOWN, T + minute * MINUTE, since=T, away=away(DAY)))
    assert [notice.at for notice in book.said] == [T + 5 * MINUTE]


def test_an_open_alert_resolves_also_while_it_is_quiet() -> None:
    book = Book(rule())
    book.plan(look(DOWN, T - DAY))
    book.plan(look(UP, T + MINUTE, away=away(HOUR)))
    assert book.said[-1].kind is AlertStatus.RESOLVED


def test_a_message_says_that_we_were_away_when_no_heartbeat_came_since() -> None:
    book = Book(rule())
    gap = away(DAY)
    book.plan(look(DOWN, T + HOUR, away=gap, last=T - 1))
    assert book.said[0].away == gap


def test_a_message_does_not_speak_of_an_absence_before_the_last_heartbeat() -> None:
    book = Book(rule())
    book.plan(look(DOWN, T + HOUR, away=away(DAY), last=T))
    assert book.said[0].away is None


def test_an_absence_that_lies_in_the_future_keeps_nobody_quiet() -> None:
    book = Book(rule())
    book.plan(look(DOWN, T, away=Gap(T, T + DAY)))  # a clock that was a day ahead and is right again
    assert [notice.kind for notice in book.said] == [AlertStatus.TRIGGERED]


def test_a_return_that_lies_in_the_future_keeps_nobody_quiet() -> None:
    book = Book(rule())
    book.plan(look(DOWN, T, quiet_until=T + DAY + LIMITS.degraded_after))
    assert [notice.kind for notice in book.said] == [AlertStatus.TRIGGERED]


def test_a_monitor_that_came_back_is_given_time_to_call() -> None:
    book = Book(rule())
    book.plan(look(DOWN, T, quiet_until=T + 1))
    assert book.said == []
    book.plan(look(DOWN, T + 1, since=T, quiet_until=T + 1))
    assert [notice.kind for notice in book.said] == [AlertStatus.TRIGGERED]


# ---- words of incidents -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reported", "words"),
    [
        (DOWN, "The job reported that it is down."),
        (
            UP,
            "Expected a heartbeat at least every 5 min, down after 10 min. "
            "The last heartbeat came at 2025-12-31 23:00:00 UTC.",
        ),
    ],
)
def test_an_incident_says_what_was_expected_and_what_was_seen(reported: Status, words: str) -> None:
    found = Book(rule()).plan(look(DOWN, reported=reported))
    assert found.text == words


def test_an_incident_carries_the_notes_of_the_rules_that_it_breaks() -> None:
    rules = (rule(description="See the runbook."), rule("late", DEGRADED, description="Have a look."))
    text = Book(*rules).plan(look(DEGRADED, reported=DEGRADED)).text
    assert text == "The job reported that it is degraded.\n\nHave a look."


@pytest.mark.parametrize(("status", "title"), [(DOWN, "Job is down"), (DEGRADED, "Job is degraded")])
def test_an_incident_is_titled_by_its_monitor_and_what_it_is(status: Status, title: str) -> None:
    opening = Book(rule(status=DEGRADED)).plan(look(status)).opening
    assert opening is not None
    assert opening.title == title
