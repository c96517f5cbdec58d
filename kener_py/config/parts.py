"""Alert rules, API keys, maintenances: the sections that name monitors."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pydantic import TypeAdapter

from kener_py.config import reading, spelling
from kener_py.config.monitor_sections import RuleSection
from kener_py.config.nodes import Fields, Items, Node, Scalar
from kener_py.config.problems import FieldPath, Report, suggestion
from kener_py.config.sections import ApiKeySection, MaintenanceSection, NotifierSection
from kener_py.config.shapes import NotifierUrls
from kener_py.config.times import instant
from kener_py.model import ApiKey, MaintenancePlan, Monitor, Notifier, Rule, Status, Webhook, replace

URLS: TypeAdapter[list[str]] = TypeAdapter(NotifierUrls)
SHORT_KEY = 16


@dataclass(frozen=True, slots=True)
class Names:
    """What a section may name."""

    monitors: dict[str, Monitor]
    tags: dict[str, None]
    categories: dict[str, None]

    def resolve(self, names: Iterable[str], node: Fields, path: FieldPath, report: Report) -> frozenset[str]:
        """Return the tags that these tags and categories stand for."""
        found: set[str] = set()
        for number, name in enumerate(names):
            category = name.removeprefix("category:").strip()
            if name.casefold() == "all" or name == "*":
                found.update(self.monitors)
            elif name in self.tags:
                found.add(name)
            elif category in self.categories:
                found.update(self.members(category))
            else:
                place, written = reading.place_of(node, ("monitors", number))
                is_hidden = "://" in name or (isinstance(place, Scalar) and place.is_substituted)
                known = [*self.tags, *(name for name in self.categories if name not in self.tags)]
                hint = (
                    ""
                    if is_hidden
                    else f" '{name}'; {suggestion(category, known, 'the file has no monitors')}"
                )
                report.problem(place, (*path, *written), f"unknown monitor or category{hint}")
        return frozenset(found)

    def members(self, category: str) -> list[str]:
        return [tag for tag, monitor in self.monitors.items() if monitor.category == category]


CheckUrl = Callable[[str], str | None]  # what is wrong with an Apprise URL, without its secrets
CheckTemplate = Callable[[str], Iterable[object]]  # all that is wrong with a template, each fit for str()


def notifiers(
    root: Fields, check_url: CheckUrl, check_template: CheckTemplate, report: Report
) -> dict[str, Notifier]:
    node = root.get("notifiers")
    if node is None:
        return {}
    if not isinstance(node, Fields):
        report.problem(
            node, ("notifiers",), "should be a mapping: a name and a list of Apprise URLs for each"
        )
        return {}
    found = {}
    for name, urls in node.items():
        path: FieldPath = ("notifiers", name)
        if not name.strip() or "://" in name:
            message = "a URL cannot be the name: write a name, and the URL in quotes behind it"
            report.problem(node.keys_as_written[name], ("notifiers",), message)
        elif isinstance(urls, Fields):
            found_one = _notifier(name, urls, path, check_url, check_template, report)
            if found_one is not None:
                found[name] = found_one
        elif (read := reading.value(URLS, urls, path, report)) is not None:
            _check_urls(read, urls, path, check_url, report)
            found[name] = Notifier(name, tuple(dict.fromkeys(read)))
    return found


def _notifier(
    name: str,
    node: Fields,
    path: FieldPath,
    check_url: CheckUrl,
    check_template: CheckTemplate,
    report: Report,
) -> Notifier | None:
    section = reading.section(NotifierSection, node, path, report)
    if section is None:
        return None
    if section.urls is None and section.webhook is None:
        report.problem(node, path, "has neither `urls` nor a `webhook`, so nobody hears of anything")
    if section.webhook is not None and section.secret is None:
        report.problem(node["webhook"], (*path, "webhook"), "needs a `secret` to sign with")
    if section.webhook is None:
        for field in ("secret", "format"):
            if field in node:
                report.problem(node[field], (*path, field), "is only for a `webhook`")
    urls = section.urls or []
    if urls:
        _check_urls(urls, node["urls"], (*path, "urls"), check_url, report)
    for field, template in (("title", section.title), ("body", section.body)):
        for problem in check_template(template) if template else ():
            report.problem(node[field], (*path, field), f"the template, {problem}")
    hook = None
    if section.webhook is not None:
        hook = Webhook(section.webhook, tuple(section.secret or ()), section.format)
    return Notifier(name, tuple(dict.fromkeys(urls)), section.title or "", section.body or "", hook)


def _check_urls(urls: list[str], node: Node, path: FieldPath, check_url: CheckUrl, report: Report) -> None:
    for number, url in enumerate(urls):
        if (trouble := check_url(url)) is not None:
            place, at = (node[number], (*path, number)) if isinstance(node, Items) else (node, path)
            report.problem(place, at, trouble)


def rules(root: Fields, known: Names, targets: dict[str, Notifier], report: Report) -> tuple[Rule, ...]:
    everyone = tuple(targets)
    if "alerts" not in root:
        every = frozenset(known.monitors)
        return (Rule("DOWN", Status.DOWN, every, everyone),) if everyone else ()
    written = root.get("notifiers")
    named: Iterable[str] = written if isinstance(written, Fields) else ()
    read: list[tuple[RuleSection, Rule]] = []
    taken: dict[str, int] = {}
    for path, node in reading.items(root, "alerts", report):
        if isinstance(node, Fields):
            spelling.respell(node, spelling.RULE, path, report)
        section = reading.section(RuleSection, node, path, report)
        if section is None or not isinstance(node, Fields):
            continue
        if section.name in taken:
            message = f"two rules have this name; the other is at line {taken[section.name]}"
            report.problem(node["name"], (*path, "name"), message)
        elif section.name:
            taken[section.name] = node["name"].line
        if not section.is_active:
            key = node.keys_as_written["is_active"]
            report.problem(
                key, (*path, "is_active"), "a rule that is not active does not belong here; remove it"
            )
        for number, name in enumerate(section.notifiers or ()):
            if name not in named:
                place, where = reading.place_of(node, ("notifiers", number))
                is_hidden = "://" in name or (isinstance(place, Scalar) and place.is_substituted)
                hint = (
                    "" if is_hidden else f" '{name}'; {suggestion(name, named, 'the file has no notifiers')}"
                )
                report.problem(place, (*path, *where), f"unknown notifier{hint}")
        read.append((section, _rule(section, known.resolve(section.monitors, node, path, report), everyone)))
    return tuple(_with_names(read, set(taken)))


def _rule(section: RuleSection, monitors: frozenset[str], everyone: tuple[str, ...]) -> Rule:
    chosen = everyone if section.notifiers is None else tuple(dict.fromkeys(section.notifiers))
    return Rule(
        name=section.name or "",
        status=section.status,
        monitors=monitors,
        notifiers=chosen,
        failure_threshold=section.failure_threshold,
        success_threshold=section.success_threshold,
        severity=section.severity,
        create_incident=section.create_incident,
        description=section.description,
        cooldown=section.cooldown,
        remind_every=section.remind_every,
    )


def _with_names(read: list[tuple[RuleSection, Rule]], taken: set[str]) -> Iterable[Rule]:
    """Call a rule without a name after its status: DOWN, DOWN 2, DOWN 3."""
    for section, rule in read:
        name, number = section.name or str(section.status), 1
        while not section.name and name in taken:
            number += 1
            name = f"{section.status} {number}"
        taken.add(name)
        yield replace(rule, name=name)


def api_keys(root: Fields, known: Names, zone: str, report: Report) -> tuple[ApiKey, ...]:
    found: list[ApiKey] = []
    names: dict[str, int] = {}
    digests: dict[str, int] = {}
    for path, node in reading.items(root, "api_keys", report):
        section = reading.section(ApiKeySection, node, path, report)
        if section is None or not isinstance(node, Fields):
            continue
        if section.name in names:
            message = f"two keys have this name; the other is at line {names[section.name]}"
            report.problem(node["name"], (*path, "name"), message)
        names.setdefault(section.name, node["name"].line)
        if (section.key is None) == (section.key_sha256 is None):
            message = "needs a key or a key_sha256" + (", not both" if section.key else "")
            report.problem(node, path, message)
            continue
        digest = section.key_sha256 or hashlib.sha256((section.key or "").encode()).hexdigest()
        field = "key" if section.key else "key_sha256"
        if digest in digests:
            message = f"the same key stands at line {digests[digest]} already"
            report.problem(node[field], (*path, field), message)
        digests.setdefault(digest, node[field].line)
        if section.key and len(section.key) < SHORT_KEY:
            message = f"the key has fewer than {SHORT_KEY} characters; make one with: openssl rand -hex 16"
            report.warning(node["key"], (*path, "key"), message)
        monitors = None if section.monitors is None else known.resolve(section.monitors, node, path, report)
        expires = instant(section.expires, zone) if section.expires else None
        found.append(ApiKey(section.name, digest, frozenset(section.scopes), monitors, expires))
    return tuple(found)


def warn_of_unreachable(
    monitors: dict[str, Monitor],
    nodes: dict[str, Fields],
    keys: Iterable[ApiKey],
    root: Fields,
    report: Report,
) -> None:
    """Name the monitors that no call can reach: no secret, and no API key that may write."""
    writing = [key for key in keys if key.scopes & {"heartbeat:write", "*"}]
    numbers = {id(node): number for number, node in enumerate(root.get("monitors", ()))}
    for tag, monitor in monitors.items():
        if monitor.secret is None and not any(key.monitors is None or tag in key.monitors for key in writing):
            message = "has no secretString, and no API key may write it: nobody can send its heartbeat"
            report.warning(nodes[tag], ("monitors", numbers[id(nodes[tag])]), message)


def maintenances(root: Fields, known: Names, zone: str, report: Report) -> tuple[MaintenancePlan, ...]:
    found = []
    for path, node in reading.items(root, "maintenances", report):
        section = reading.section(MaintenanceSection, node, path, report)
        if section is not None and isinstance(node, Fields):
            found.append(_plan(section, node, path, known, zone, report))
    return tuple(found)


def _plan(
    section: MaintenanceSection, node: Fields, path: FieldPath, known: Names, zone: str, report: Report
) -> MaintenancePlan:
    own_zone = section.timezone or zone
    start = instant(section.start, own_zone) if section.start else None
    end = instant(section.end, own_zone) if section.end else None
    once, again = {"start", "end"} & node.keys(), {"schedule", "duration"} & node.keys()
    if (once and again) or (len(once), len(again)) not in ((2, 0), (0, 2)):
        report.problem(node, path, "needs start and end, or schedule and duration" + _which({*once, *again}))
    elif start is not None and end is not None and end <= start:
        report.problem(node["end"], (*path, "end"), "should be later than the start")
    return MaintenancePlan(
        title=section.title,
        monitors=known.resolve(section.monitors, node, path, report),
        description=section.description,
        start=start,
        end=end,
        schedule=section.schedule,
        duration=section.duration,
        timezone=own_zone,
    )


def _which(given: set[str]) -> str:
    return f"; this has {' and '.join(sorted(given))}" if given else ""
