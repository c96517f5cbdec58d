"""The built-in message: what a person needs to act on a notice, as text, HTML and chat Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from kener_py.messages import markup
from kener_py.messages.words import length, moment
from kener_py.model import AlertStatus, Instant, Millis, Notice, Severity, Site, Status

MOST = 50  # notices told in full; of the rest only how many
MESSAGE_LENGTH = 1_000  # of what the job said
_TITLE_LENGTH = 200

_STATUS_RANK = {Status.DOWN: 2, Status.DEGRADED: 1}
_SEVERITY_RANK = {Severity.MINOR: 0, Severity.MAJOR: 1, Severity.CRITICAL: 2}
_COLOURS = {Status.DOWN: "#ca3038", Status.DEGRADED: "#e6ca61"}
_WELL = "#67ab95"


@dataclass(frozen=True, slots=True)
class Message:
    """One message in the forms that services take. `html` needs no style sheet and loads nothing."""

    title: str
    text: str
    html: str
    markdown: str


@dataclass(frozen=True, slots=True)
class _Line:
    label: str
    value: str
    is_link: bool = False


def ended(notice: Notice) -> Instant:
    """When the trouble of a RESOLVED notice was over."""
    return notice.at if notice.recovered is None else notice.recovered


def duration(notice: Notice) -> Millis:
    """How long the trouble lasted, or lasts."""
    end = ended(notice) if notice.kind is AlertStatus.RESOLVED else notice.at
    return max(end - notice.since, 0)


def monitor_url(notice: Notice, site: Site) -> str:
    return f"{site.url}/monitors/{notice.monitor}" if site.url else ""


def act_url(notice: Notice, site: Site) -> str:
    return f"{site.url}{notice.act_path}" if site.url and notice.act_path else ""


def incident_url(notice: Notice, site: Site) -> str:
    return f"{site.url}/incidents/{notice.incident}" if site.url and notice.incident else ""


def worst_first(notices: Sequence[Notice]) -> list[Notice]:
    """What is wrong before what is over, DOWN before DEGRADED, graver before milder, older before newer."""

    def rank(notice: Notice) -> tuple[bool, int, int, Instant, str]:
        status, severity = _STATUS_RANK.get(notice.status, 0), _SEVERITY_RANK[notice.severity]
        return notice.kind is AlertStatus.RESOLVED, -status, -severity, notice.since, notice.monitor

    return sorted(notices, key=rank)


def subject(notice: Notice) -> str:
    """The title of a message: the state first, so that an inbox sorts by it."""
    name = markup.one_line(notice.name)
    if len(name) > _TITLE_LENGTH:
        name = name[: _TITLE_LENGTH - 1] + "…"
    if notice.is_removed:
        return f"RESOLVED: {name} is no longer watched by '{markup.one_line(notice.rule)}'"
    if notice.kind is AlertStatus.RESOLVED:
        return f"RESOLVED: {name} is {notice.status} after {length(duration(notice))}"
    if notice.is_reminder:
        still = f"reminder: still {notice.status} after {length(duration(notice))}"
        return f"{notice.status}: {name} ({notice.severity}), {still}"
    return f"{notice.status}: {name} ({notice.severity})"


def title(notices: Sequence[Notice]) -> str:
    """The subject of the only notice, or how many are what: "3 monitors: 2 DOWN, 1 RESOLVED"."""
    if len(notices) == 1:
        return subject(notices[0])
    kinds = Counter(
        "RESOLVED" if each.kind is AlertStatus.RESOLVED else str(each.status) for each in worst_first(notices)
    )
    monitors = len({each.monitor for each in notices})
    counted = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    return f"{monitors} monitor{'' if monitors == 1 else 's'}: {counted}"


def gravity(notices: Sequence[Notice]) -> str:
    """The worst severity of what is wrong; "ok" if all of it is over."""
    open_ones = [each.severity for each in notices if each.kind is not AlertStatus.RESOLVED]
    return str(max(open_ones, key=_SEVERITY_RANK.__getitem__)) if open_ones else "ok"


def thread(notices: Sequence[Notice], site: Site) -> str:
    """A name that all messages about one incident share, or about one monitor; "" if there are several."""
    host = site.url.partition("://")[2].replace("/", ".") or "kener"
    names = {f"incident-{n.incident}.{host}" if n.incident else f"{n.monitor}.{host}" for n in notices}
    return names.pop() if len(names) == 1 else ""


def compose(notices: Sequence[Notice], site: Site, delivery_id: str) -> Message:
    """The message about one notice, or about several, the worst first.

    What people and jobs wrote is shown as it is in every form: no markup, no link, no mention.
    """
    shown = worst_first(notices)
    facts = [_facts(notice, site) for notice in shown[:MOST]]
    rest = len(shown) - len(facts)
    more = f"and {rest} more" if rest else ""
    heads = [subject(notice) for notice in shown[:MOST]] if len(shown) > 1 else []
    return Message(
        title=title(shown) if shown else "Nothing to tell",
        text=_text(heads, facts, more, delivery_id),
        html=_html(heads, facts, more, delivery_id, shown),
        markdown=_markdown(heads, facts, more, delivery_id),
    )


def _facts(notice: Notice, site: Site) -> list[_Line]:
    """The most important first: a service may cut the end off."""
    zone = site.timezone
    found = [_Line("Monitor", f"{markup.one_line(notice.name)} ({notice.monitor})")]
    if notice.is_removed:
        found.append(_Line("Status", f"{notice.status}; the configuration no longer watches it by this rule"))
    elif notice.kind is AlertStatus.RESOLVED:
        found.append(_Line("Status", f"{notice.status} since {moment(ended(notice), zone)}"))
        found.append(_Line("Trouble", f"from {moment(notice.since, zone)}, {length(duration(notice))}"))
    else:
        found.append(_Line("Status", f"{notice.status} since {moment(notice.since, zone)}"))
        if notice.is_reminder:
            found.append(_Line("Reminder", f"still {notice.status} after {length(duration(notice))}"))
    found.append(_Line("Severity", str(notice.severity)))
    found.append(_Line("Last heartbeat", "never" if notice.last is None else moment(notice.last, zone)))
    found.append(_Line("Expected", notice.expected))
    if notice.message.strip():
        found.append(_Line("The job said", notice.message[:MESSAGE_LENGTH]))
    found.extend(_Line("Diagnosis", sentence) for sentence in notice.diagnosis)
    if notice.away is not None:
        away = f"{moment(notice.away.started, zone)} to {moment(notice.away.ended, zone)}"
        found.append(_Line("Careful", f"this server itself was away from {away}"))
    if notice.description.strip():
        found.append(_Line("Note", notice.description))
    if url := incident_url(notice, site):
        found.append(_Line("Incident", url, is_link=True))
    elif url := monitor_url(notice, site):
        found.append(_Line("Monitor", url, is_link=True))
    if url := act_url(notice, site):
        found.append(_Line("Acknowledge or snooze", url, is_link=True))
    found.append(_Line("Rule", markup.one_line(notice.rule)))
    return found


def _text(heads: list[str], facts: list[list[_Line]], more: str, delivery_id: str) -> str:
    blocks = ["\n".join(f"{line.label}: {markup.plain(line.value)}" for line in each) for each in facts]
    if heads:
        blocks = [f"{head}\n{block}" for head, block in zip(heads, blocks, strict=True)]
    if more:
        blocks.append(more)
    gap = "\n\n" if heads else "\n"
    return gap.join([*blocks, f"Message: {markup.one_line(delivery_id)}"])


def _html(
    heads: list[str], facts: list[list[_Line]], more: str, delivery_id: str, notices: list[Notice]
) -> str:
    """A fragment without colours of text and ground, so that it is readable in the dark as well."""

    def value(line: _Line) -> str:
        safe = markup.for_html(line.value)
        return f'<a href="{safe}">{safe}</a>' if line.is_link else safe

    blocks = []
    for number, each in enumerate(facts):
        notice = notices[number]
        colour = _WELL if notice.kind is AlertStatus.RESOLVED else _COLOURS.get(notice.status, _WELL)
        head = f"<p><b>{markup.for_html(heads[number])}</b></p>" if heads else ""
        lines = "<br>".join(f"<b>{line.label}:</b> {value(line)}" for line in each)
        blocks.append(
            f'<div style="border-left:4px solid {colour};padding-left:12px;margin-bottom:16px">'
            f"{head}<p>{lines}</p></div>"
        )
    if more:
        blocks.append(f"<p>{more}</p>")
    return "\n".join([*blocks, f"<p><small>Message: {markup.for_html(delivery_id)}</small></p>"])


def _markdown(heads: list[str], facts: list[list[_Line]], more: str, delivery_id: str) -> str:
    def value(line: _Line) -> str:
        return line.value if line.is_link else markup.for_markdown(line.value)

    blocks = ["  \n".join(f"**{line.label}:** {value(line)}" for line in each) for each in facts]
    if heads:
        blocks = [
            f"**{markup.for_markdown(head)}**  \n{block}" for head, block in zip(heads, blocks, strict=True)
        ]
    if more:
        blocks.append(more)
    return "\n\n".join([*blocks, f"Message: {markup.for_markdown(delivery_id)}"])
