"""Monitors: from what the file says of one to `model.Monitor`, with the lengths its silence may have."""

from __future__ import annotations

import re
from fractions import Fraction

from kener_py.config import reading, spelling
from kener_py.config.monitor_sections import MonitorSection
from kener_py.config.nodes import Fields, Items, Node, Scalar
from kener_py.config.problems import FieldPath, Report
from kener_py.config.times import Grace
from kener_py.model import DAY, MINUTE, Limits, Millis, Monitor

SHORT = 16
LONGEST_SILENCE: Millis = 365_000 * DAY
THRESHOLDS = ("degradedRemainingMinutes", "downRemainingMinutes")
RHYTHM = ("interval", "grace", "missed_beats")
NO_SCHEDULE = (
    "the job's own cron schedule is not supported in this version; use interval with grace instead, "
    "such as interval: 1d and grace: 1h (cron is when we look, and is another thing)"
)


def read(root: Fields, zone: str, report: Report) -> tuple[dict[str, Monitor], dict[str, Fields]]:
    """Return the good monitors and the node of each, by tag in the file's order."""
    monitors: dict[str, Monitor] = {}
    nodes: dict[str, Fields] = {}
    lines: dict[str, int] = {}
    for path, node in reading.items(root, "monitors", report):
        tag = node.get("tag") if isinstance(node, Fields) else None
        if isinstance(tag, Scalar) and tag:
            if tag in lines:
                message = f"two monitors have this tag; the other is at line {lines[tag]}"
                report.problem(tag, (*path, "tag"), message)
            lines.setdefault(tag, tag.line)
        monitor = _monitor(node, path, zone, report)
        if monitor and isinstance(node, Fields):
            monitors[monitor.tag], nodes[monitor.tag] = monitor, node
    return monitors, nodes


def named(root: Fields) -> tuple[dict[str, None], dict[str, None]]:
    """Return all tags and all categories, those of faulty monitors as well.

    So a mistake in a monitor brings no second problem in a rule that names it.
    """
    tags: dict[str, None] = {}
    categories: dict[str, None] = {}
    listed = root.get("monitors")
    for node in listed if isinstance(listed, Items) else []:
        if isinstance(node, Fields):
            for name, known in (("tag", tags), ("category", categories)):
                if isinstance(text := node.get(name), Scalar) and text.strip():
                    known[text.strip()] = None
    return tags, categories


def _monitor(node: Node, path: FieldPath, zone: str, report: Report) -> Monitor | None:
    before = len(report.problems)
    if isinstance(node, Fields):
        spelling.respell(node, spelling.MONITOR, path, report)
        spelling.lift_type_data(node, path, report)
        spelling.drop_kener_only(node, path, report)
        _refuse_mixtures(node, path, report)
    section = reading.section(MonitorSection, node, path, report)
    if section is None or not isinstance(node, Fields):
        return None
    found = limits(section, node, path, report)
    if found is None or len(report.problems) > before:
        return None
    _warn(section, node, path, report)
    return Monitor(
        tag=section.tag,
        name=section.name or section.tag,
        limits=found,
        description=section.description,
        category=section.category.strip(),
        secret=section.secret,
        cron=section.cron,
        timezone=section.timezone or zone,
        is_hidden=section.hidden,
        include_degraded_in_downtime=section.include_degraded_in_downtime,
        severity=section.severity,
        external_url=section.external_url,
    )


def _refuse_mixtures(node: Fields, path: FieldPath, report: Report) -> None:
    """Limits are given in one way; say which two fields are of different ones."""
    if "schedule" in node:
        key, _ = node.take("schedule")
        report.problem(key, (*path, "schedule"), NO_SCHEDULE)
        return
    rhythm = [name for name in RHYTHM if name in node]
    thresholds = [name for name in THRESHOLDS if name in node]
    if rhythm and thresholds:
        key, other = node.keys_as_written[rhythm[0]], node.keys_as_written[thresholds[0]]
        message = (
            f"cannot stand beside '{other}' (line {other.line}): give an interval or thresholds, not both"
        )
        report.problem(key, (*path, str(key)), message)
    elif rhythm and "interval" not in node:
        key = node.keys_as_written[rhythm[0]]
        message = "needs an interval beside it"
        report.problem(key, (*path, str(key)), message)


def limits(section: MonitorSection, node: Fields, path: FieldPath, report: Report) -> Limits | None:
    """Return how long the silence may last. A third way, the job's `schedule`, will be decided here."""
    if section.interval is None:
        if section.down > section.degraded:
            return Limits(section.degraded, section.down)
        wrong, other = "downRemainingMinutes", "degradedRemainingMinutes"
        if wrong not in node:  # its default is too small for the other
            wrong, other = other, wrong
        name = "larger" if wrong.startswith("down") else "smaller"
        against = Fraction(section.degraded if other.startswith("degraded") else section.down, MINUTE)
        default = "" if other in node else " by default"
        place, written = reading.place_of(node, (wrong,))
        report.problem(
            place, (*path, *written), f"should be {name} than {other}, which is {float(against):g}{default}"
        )
        return None
    grace = section.grace or Grace(times=Fraction(2))
    degraded = (
        section.interval + grace.extra if grace.times is None else round(section.interval * grace.times)
    )
    down = max(degraded, section.interval * section.missed_beats)
    if down > LONGEST_SILENCE:
        place, written = reading.place_of(node, ("interval",))
        report.problem(
            place, (*path, *written), "with its grace and missed_beats this is more than 1000 years"
        )
        return None
    return Limits(degraded, down, section.interval)


def _warn(section: MonitorSection, node: Fields, path: FieldPath, report: Report) -> None:
    if section.secret is not None:
        place, written = reading.place_of(node, ("secretString",))
        if len(section.secret) < SHORT:
            message = f"the secret has fewer than {SHORT} characters; make one with: openssl rand -hex 16"
            report.warning(place, (*path, *written), message)
        if re.search(r"[^A-Za-z0-9._~!$&'()*+,;=:@-]", section.secret):
            message = "the secret has characters that must be percent-encoded in the job's URL"
            report.warning(place, (*path, *written), message)
    if section.default_status != "NO_DATA":
        place, written = reading.place_of(node, ("default_status",))
        message = "has no effect: a monitor is NO_DATA, never green, before its first heartbeat"
        report.warning(place, (*path, *written), message)
