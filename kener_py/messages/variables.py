"""What a template can say: our names, and those of Kener's templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from kener_py.messages import markup
from kener_py.messages.message import (
    MESSAGE_LENGTH,
    MOST,
    act_url,
    duration,
    incident_url,
    monitor_url,
    subject,
    worst_first,
)
from kener_py.messages.words import expectation, length, moment
from kener_py.model import (
    MINUTE,
    SECOND,
    AlertStatus,
    Instant,
    Limits,
    Monitor,
    Notice,
    Rule,
    Severity,
    Site,
    Status,
)

# By name: what it is. README's table says the same.
OURS = {
    "monitor": "the monitor's tag",
    "name": "its name",
    "status": "UP, DEGRADED, DOWN or MAINTENANCE",
    "severity": "minor, major or critical",
    "kind": "TRIGGERED or RESOLVED",
    "is_triggered": "whether something is wrong",
    "is_resolved": "whether it is over",
    "is_reminder": "whether it was said before",
    "since": "when the trouble began",
    "until": "when it was over; empty while it lasts",
    "duration": "how long it lasted, or lasts",
    "last": "the last heartbeat, or never",
    "expected": "what the monitor waits for",
    "message": "what the job said",
    "description": "the rule's description",
    "rule": "the rule's name",
    "diagnosis": "a list of sentences",
    "incident": "the incident's number, or empty",
    "incident_url": "its page",
    "monitor_url": "the monitor's page",
    "act_url": "where to acknowledge or snooze it",
    "delivery": "the message's id",
    "notices": "all that this message is about, each with the names above",
    "count": "how many they are",
    "site": "site.title, site.url, site.description, site.logo, site.timezone",
    "default_title": "the built-in title",
    "default_body": "the built-in text",
}
KENERS = {
    "alert_id": "rule, tag and beginning; the same when it resolves",
    "alert_name": "the built-in title for the monitor",
    "alert_for": "STATUS",
    "alert_value": "DOWN or DEGRADED: what the rule is about",
    "alert_status": "TRIGGERED or RESOLVED",
    "alert_severity": "WARNING for minor, else CRITICAL",
    "alert_message": "the rule's description, else what the job said",
    "alert_source": "ALERT",
    "alert_timestamp": "when the trouble began, as 2026-01-01T00:00:00Z",
    "alert_cta_url": "the monitor's page",
    "alert_cta_text": "View monitor",
    "alert_incident_id": "the incident's number",
    "alert_incident_url": "its page",
    "alert_failure_threshold": "the rule's",
    "alert_success_threshold": "the rule's",
    "site_url": "site.url",
    "site_name": "site.title",
    "site_logo_url": "site.logo",
    "colors_up": "#67ab95",
    "colors_degraded": "#e6ca61",
    "colors_down": "#ca3038",
    "colors_maintenance": "#6679cc",
}
NAMES = (*OURS, *KENERS)


def variables(
    notices: Sequence[Notice], site: Site, delivery_id: str, rules: Mapping[str, Rule]
) -> dict[str, object]:
    """The value of every name but `default_title` and `default_body`; a batch's are its worst notice's."""
    told = [
        {**_ours(each, site, delivery_id), **_keners(each, site, rules)}
        for each in worst_first(notices)[:MOST]
    ]
    return {**told[0], "notices": told, "count": len(notices)}


def _ours(notice: Notice, site: Site, delivery_id: str) -> dict[str, object]:
    zone = site.timezone
    is_over = notice.kind is AlertStatus.RESOLVED
    return {
        "monitor": notice.monitor,
        "name": markup.one_line(notice.name),
        "status": str(notice.status),
        "severity": str(notice.severity),
        "kind": str(notice.kind),
        "is_triggered": not is_over,
        "is_resolved": is_over,
        "is_reminder": notice.is_reminder,
        "since": moment(notice.since, zone),
        "until": moment(notice.since + duration(notice), zone) if is_over else "",
        "duration": length(duration(notice)),
        "last": "never" if notice.last is None else moment(notice.last, zone),
        "expected": notice.expected,
        "message": "\n".join(markup.lines(notice.message[:MESSAGE_LENGTH])),
        "description": "\n".join(markup.lines(notice.description)),
        "rule": markup.one_line(notice.rule),
        "diagnosis": [markup.one_line(sentence) for sentence in notice.diagnosis],
        "incident": str(notice.incident or ""),
        "incident_url": incident_url(notice, site),
        "act_url": act_url(notice, site),
        "monitor_url": monitor_url(notice, site),
        "delivery": delivery_id,
        "site": {
            "title": site.title,
            "url": site.url,
            "description": site.description,
            "logo": _logo(site),
            "timezone": site.timezone,
        },
    }


def _logo(site: Site) -> str:
    """The address of the logo; where it is a file of ours, the page has it."""
    return site.url + (site.logo or "") if site.logo_file else site.logo or ""


def _keners(notice: Notice, site: Site, rules: Mapping[str, Rule]) -> dict[str, object]:
    rule = rules.get(notice.rule)
    said = notice.description.strip() or notice.message[:MESSAGE_LENGTH]
    return {
        "alert_id": f"{markup.one_line(notice.rule)}:{notice.monitor}:{notice.since}",
        "alert_name": subject(notice),
        "alert_for": "STATUS",
        "alert_value": str(notice.status if rule is None else rule.status),
        "alert_status": str(notice.kind),
        "alert_severity": "WARNING" if notice.severity is Severity.MINOR else "CRITICAL",
        "alert_message": "\n".join(markup.lines(said)),
        "alert_source": "ALERT",
        "alert_timestamp": datetime.fromtimestamp(notice.since // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "alert_cta_url": monitor_url(notice, site),
        "alert_cta_text": "View monitor",
        "alert_incident_id": str(notice.incident or ""),
        "alert_incident_url": incident_url(notice, site),
        "alert_failure_threshold": 1 if rule is None else rule.failure_threshold,
        "alert_success_threshold": 1 if rule is None else rule.success_threshold,
        "site_url": site.url,
        "site_name": site.title,
        "site_logo_url": _logo(site),
        **{name: value for name, value in KENERS.items() if name.startswith("colors_")},
    }


def examples(monitor: Monitor, rule: Rule, at: Instant) -> tuple[Notice, Notice]:
    """The DOWN of the monitor and its RESOLVED, as they would be told."""
    limits = monitor.limits
    down = Notice(
        kind=AlertStatus.TRIGGERED,
        monitor=monitor.tag,
        name=monitor.name,
        status=Status.DOWN,
        severity=monitor.severity or rule.severity,
        rule=rule.name,
        since=at - MINUTE,
        at=at,
        expected=expectation(limits),
        last=at - MINUTE - limits.down_after,
        message="This is an example: nothing is wrong.",
        description=rule.description,
    )
    over = Notice(
        kind=AlertStatus.RESOLVED,
        monitor=monitor.tag,
        name=monitor.name,
        status=Status.UP,
        severity=down.severity,
        rule=rule.name,
        since=down.since,
        at=at + 5 * MINUTE,
        expected=down.expected,
        recovered=at + 5 * MINUTE,
        last=at + 5 * MINUTE,
        description=rule.description,
    )
    return down, over


_LIMITS = Limits(5 * MINUTE, 10 * MINUTE)
EXAMPLE_RULE = Rule("DOWN", Status.DOWN, frozenset(), ())
EXAMPLE_MONITOR = Monitor("job", "Job", _LIMITS)
