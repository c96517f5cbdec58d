"""One incident's page: its facts, what it did to whom, and its story."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from flask import Response

from kener_py.model import (
    Effect,
    Incident,
    IncidentPage,
    IncidentState,
    IncidentUpdate,
    Instant,
    Millis,
    Status,
    Step,
)
from kener_py.service import Service
from kener_py.web import prose, words
from kener_py.web.api import is_id
from kener_py.web.bars import Path
from kener_py.web.language import _, n_, number
from kener_py.web.pages import around
from kener_py.web.pages.show import not_found, show

ENTRIES = 200  # of the timeline; a flapping job can have thousands
BANDS = 20  # monitors whose time around the incident is drawn
EXCERPT = 200  # characters of the newest update, for those who only get a link


@dataclass(frozen=True, slots=True)
class Row:
    """One affected monitor as the table prints it; what history does not tell is ""."""

    tag: str
    name: str
    then: Status | None
    now: Status | None  # None: nobody can vouch for it
    down: str
    degraded: str
    uptime: str
    lost: str
    band: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """What was said at one time, or what monitors became between two such words; both newest first."""

    update: IncidentUpdate | None = None
    steps: tuple[Step, ...] = ()


def incident(service: Service, id: str) -> Response:
    """The page of a public incident; 404 for every other id, and every other way to write one."""
    page = service.incident_page(int(id)) if is_id(id) else None
    if page is None:
        return not_found(service)
    found = page.incident
    after, told = _post_mortem(found)
    updates, steps, left_out = _cut(told, page.steps)
    rows = [_row(page, effect) for effect in page.effects]
    return show(
        "incident",
        site=page.site,
        page=page,
        incident=found,
        names=page.names,
        noticed=_noticed(page),
        identified=_identified(found),
        duration=_duration(page),
        downtime=_downtime(page.effects),
        rows=rows,
        is_told=any(row.then is not None for row in rows),
        is_counted=any(row.uptime for row in rows),
        bands=[row for row in rows if row.band][:BANDS],
        view_box=around.VIEW_BOX,
        after=after,
        timeline=_timeline(updates, steps),
        left_out=left_out,
        excerpt=_excerpt(found),
    )


# ---- facts -----------------------------------------------------------------------------------


def _noticed(page: IncidentPage) -> str:
    if page.detected is None:
        return ""
    later = page.detected - page.incident.started
    return _("after %(length)s", length=words.duration(later)) if later else _("at once")


def _identified(incident: Incident) -> Instant | None:
    said = [each.created for each in incident.updates if each.state is IncidentState.IDENTIFIED]
    return min(said, default=None)


def _duration(page: IncidentPage) -> str:
    found = page.incident
    if found.resolved is not None:
        return words.duration(found.resolved - found.started)
    return _("%(length)s so far", length=words.duration(max(page.at - found.started, 0)))


def _downtime(effects: Iterable[Effect]) -> str:
    """Of all monitors together; "" if history tells of none of them."""
    known = [words.downtime(effect.during) for effect in effects if effect.during is not None]
    if not known:
        return ""
    down = [length for length in known if length]
    if not down:
        return _("none")
    total = words.duration(sum(down))
    if len(down) == 1:
        return total
    return n_(
        "%(length)s of %(num)s monitor",
        "%(length)s, added up over %(num)s monitors",
        len(down),
        length=total,
    )


def _row(page: IncidentPage, effect: Effect) -> Row:
    band: tuple[Path, ...] = ()
    if page.around is not None:
        band = around.paths(effect.history, page.around.started, page.around.ended)
    uptime, lost = _uptime(effect)
    return Row(
        tag=effect.monitor,
        name=page.names[effect.monitor],
        then=effect.then,
        now=effect.now,
        down=_length(None if effect.during is None else effect.during.down),
        degraded=_length(None if effect.during is None else effect.during.degraded),
        uptime=uptime,
        lost=lost,
        band=band,
    )


def _length(length: Millis | None) -> str:
    if length is None:
        return ""
    return words.duration(length) if length else _("none")


def _uptime(effect: Effect) -> tuple[str, str]:
    """What the uptime of the 90 days is and would be, and how far these lie apart."""
    share = None if effect.quarter is None else words.share(effect.quarter)
    if share is None or effect.spared is None:
        return "", ""
    if effect.cost is None:
        return _("%(share)s, unchanged", share=share), ""
    if effect.cost:
        points = number((Decimal(effect.cost) / 1_000).normalize())
    else:
        points = _("under %(least)s", least=number(Decimal("0.001")))
    both = _("%(share)s instead of %(spared)s", share=share, spared=words.share(effect.spared))
    return both, _("percentage points lost: %(points)s", points=points)


def _excerpt(incident: Incident) -> str:
    """The beginning of the newest update as plain words."""
    if not incident.updates:
        return ""
    return prose.plain(prose.markdown(incident.updates[0].text).striptags())[:EXCERPT]


# ---- the story -------------------------------------------------------------------------------


def _post_mortem(
    incident: Incident,
) -> tuple[tuple[IncidentUpdate, ...], tuple[IncidentUpdate, ...]]:
    """What was said after the incident was over, and what up to then; both newest first."""
    said = incident.updates
    if incident.resolved is None:
        return (), said
    count = next((n for n, each in enumerate(said) if each.state is not IncidentState.RESOLVED), len(said))
    # The oldest of them is the one that resolved it.
    return said[: max(count - 1, 0)], said[max(count - 1, 0) :]


def _cut(
    updates: Sequence[IncidentUpdate], steps: Sequence[Step]
) -> tuple[Sequence[IncidentUpdate], Sequence[Step], int]:
    """The newest of both that fit on a page, what people said before what was measured; how much is left out.

    `updates` are newest first, `steps` oldest first.
    """
    kept = updates[:ENTRIES]
    room = ENTRIES - len(kept)
    walked = steps[-room:] if room else ()
    return kept, walked, len(updates) + len(steps) - len(kept) - len(walked)


def _timeline(updates: Sequence[IncidentUpdate], steps: Sequence[Step]) -> list[Entry]:
    """Both in order of time, newest first; what was said of a change stands above it."""
    entries: list[Entry] = []
    rest = list(steps)  # oldest first: the newest is taken off its end

    def walk(until: Instant | None) -> None:
        walked = []
        while rest and (until is None or rest[-1].at > until):
            walked.append(rest.pop())
        if walked:
            entries.append(Entry(steps=tuple(walked)))

    for update in updates:
        walk(update.created)
        entries.append(Entry(update))
    walk(None)
    return entries
