"""The entries of a feed, from news: who reads Atom, RSS or JSON reads the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from markupsafe import Markup

from kener_py.model import (
    Incident,
    Instant,
    Maintenance,
    MaintenanceState,
    News,
    ToldWindow,
)
from kener_py.service import Service
from kener_py.web import addresses, language
from kener_py.web.language import N_, _, n_
from kener_py.web.prose import markdown, plain
from kener_py.web.words import when, when_text, word

MOST = 50
NAMES = 10  # of the monitors that an entry is about, in words

STEPS: Mapping[MaintenanceState, str] = {
    MaintenanceState.SCHEDULED: N_("%(start)s to %(end)s"),
    MaintenanceState.ONGOING: N_("The maintenance has begun. It should be over at %(end)s."),
    MaintenanceState.COMPLETED: N_("The maintenance is over."),
    MaintenanceState.CANCELLED: N_("The maintenance was cancelled."),
}


class Scope(StrEnum):
    HISTORY = "history"  # an entry for each incident and window, which changes in place
    UPDATES = "updates"  # an entry for each update: chats tell only of ids that they do not know


@dataclass(frozen=True, slots=True)
class Entry:
    """What a reader keeps under one id. `html` is safe, and written for readers that sanitise it again."""

    id: str
    url: str
    title: str
    published: Instant
    updated: Instant
    html: str
    state: str
    impact: str  # "minor", "major", "critical" or "maintenance"
    affected: tuple[str, ...]  # tags
    categories: tuple[tuple[str, str], ...]  # of a term, and how people read it


@dataclass(frozen=True, slots=True)
class Feed:
    id: str
    url: str  # its own
    home: str  # the page that it is about
    site: str
    title: str
    author: str
    description: str
    logo: str | None
    language: str
    updated: Instant | None  # None while nothing has happened
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class _Update:
    id: str
    anchor: str
    state: str
    at: Instant
    html: Markup


@dataclass(frozen=True, slots=True)
class _Story:
    """An incident or a window: from it comes one entry, or one for each of its updates."""

    id: str
    url: str
    title: str
    published: Instant
    updated: Instant
    state: str
    impact: tuple[str, str]
    affected: tuple[str, ...]
    updates: tuple[_Update, ...]  # newest first
    coda: Markup


def feed(service: Service, news: News, scope: Scope, form: str) -> Feed:
    """The feed in the current language; `form` is "atom", "rss" or "json"."""
    site, base = news.site, addresses.base(service.config)
    author = plain(site.title)
    if news.monitor is not None:
        home = f"{base}/monitors/{news.monitor.tag}"
        url, id = f"{home}/feed.{form}", f"/monitors/{news.monitor.tag}"
        title = _("%(site)s - %(monitor)s", site=author, monitor=plain(news.monitor.name))
    elif scope is Scope.UPDATES:
        home, url, id = f"{base}/", f"{base}/updates.atom", "/updates"
        title = _("%(site)s - Every update", site=author)
    else:
        home, id = f"{base}/", "/history"
        url = f"{base}/feed.json" if form == "json" else f"{base}/history.{form}"
        title = _("%(site)s - Incident history", site=author)
    stories = [
        *(_of_incident(service, base, news.names, each) for each in news.incidents),
        *(_of_window(service, base, news.names, each) for each in news.announcements),
    ]
    stories.sort(key=lambda each: (each.updated, each.url), reverse=True)
    updated = max((each.updated for each in stories), default=None)
    told = stories[:MOST]
    if scope is Scope.UPDATES:
        entries = [_entry_of_update(each, update) for each in told for update in each.updates]
        entries.sort(key=lambda entry: entry.updated, reverse=True)
    else:
        entries = [_entry(each) for each in told]
    return Feed(
        id=addresses.name(service, id),
        url=url,
        home=home,
        site=f"{base}/",
        title=title,
        author=author,
        description=plain(site.description) or title,
        logo=site.logo if site.logo and not site.logo.startswith("/") else None,
        language=language.current(),
        updated=updated,
        entries=tuple(entries[:MOST]),
    )


# ---- stories ---------------------------------------------------------------------------------


def _of_incident(service: Service, base: str, names: Mapping[str, str], told: Incident) -> _Story:
    zone = service.config.site.timezone
    # Nobody saw an update before the incident was published.
    seen_from = max(told.created if told.publish_at is None else told.publish_at, 0)
    id = f"Incident/{told.id}"
    updates = tuple(
        _Update(
            id=addresses.name(service, f"{id}/Update/{each.id}"),
            anchor=f"#u{each.id}",
            state=word(each.state),
            at=max(each.created, seen_from),
            html=html,
        )
        for each, html in zip(told.updates[:MOST], _updates(told, zone, language.current()), strict=True)
    )
    return _Story(
        id=addresses.name(service, id),
        url=f"{base}/incidents/{told.id}",
        title=plain(told.title),
        published=told.started,
        updated=max([told.started, *(each.at for each in updates)]),
        state=told.state,
        impact=(told.severity, word(told.severity)),
        affected=tuple(tag for tag in told.monitors if tag in names),
        updates=updates,
        coda=_coda(told.monitors, names),
    )


def _of_window(service: Service, base: str, names: Mapping[str, str], told: ToldWindow) -> _Story:
    window, zone = told.window, service.config.site.timezone
    id = f"Maintenance/{window.id}"
    description = markdown(window.description)
    updates = tuple(
        _Update(
            id=addresses.name(service, f"{id}/{_step(window, state)}"),
            anchor="",
            state=word(state),
            at=at,
            html=_said(
                word(state),
                at,
                zone,
                _paragraph(
                    _(
                        STEPS[state],
                        start=when_text(window.start, zone),
                        end=when_text(window.end, zone),
                    )
                ),
            ),
        )
        for state, at in told.course
    )
    return _Story(
        id=addresses.name(service, id),
        url=f"{base}/maintenances/{window.id}",
        title=plain(window.title),
        # Its start may lie in the future, which readers hide or keep on top.
        published=min(window.created, window.start),
        updated=max(window.updated, updates[0].at),
        state=told.course[0][0],
        impact=("maintenance", _("Maintenance")),
        affected=tuple(tag for tag in window.monitors if tag in names),
        updates=updates,
        coda=description + _coda(window.monitors, names),
    )


def _step(window: Maintenance, state: MaintenanceState) -> str:
    """Other times are news; other words are not."""
    return f"{state}/{window.start // 1000}-{window.end // 1000}"


# ---- words -----------------------------------------------------------------------------------


def _paragraph(text: str) -> Markup:
    return Markup("<p>{}</p>\n").format(text)


def _said(state: str, at: Instant, zone: str, html: Markup) -> Markup:
    """An update as Statuspage writes it: readers look for the state in the first `<strong>`."""
    head = Markup("<p><small>{}</small><br><strong>{}</strong> - ").format(when(at, zone), state)
    first = Markup("<p>")
    if html.startswith(first):
        return head + Markup(html.removeprefix(first))
    return head + Markup("</p>\n") + html


@lru_cache(maxsize=256)  # readers ask all day, and incidents of the past stay as they are
def _updates(told: Incident, zone: str, _language: str) -> tuple[Markup, ...]:
    return tuple(
        _said(word(each.state), each.created, zone, markdown(each.text)) for each in told.updates[:MOST]
    )


def affected(tags: Sequence[str], names: Mapping[str, str]) -> str:
    """ "Affected: Shop, Mail, and 3 more"; "" if it is about no monitor of `names`."""
    known = [plain(names[tag]) for tag in tags if tag in names]
    if not known:
        return ""
    if len(known) > 1 and len(known) == len(names):
        return _("Affected: all monitors")
    shown, more = known[:NAMES], len(known) - NAMES
    if more > 0:
        shown.append(n_("%(num)s more", "%(num)s more", more))
    return _("Affected: %(monitors)s", monitors=language.listed(shown))


def _coda(tags: Sequence[str], names: Mapping[str, str]) -> Markup:
    text = affected(tags, names)
    return Markup("<p><small>{}</small></p>\n").format(text) if text else Markup()


# ---- entries ---------------------------------------------------------------------------------


def _entry(story: _Story) -> Entry:
    html = Markup().join(each.html for each in story.updates) + story.coda
    return _made(story, story.id, story.url, story.title, (story.published, story.updated), html)


def _entry_of_update(story: _Story, update: _Update) -> Entry:
    title = _("%(state)s: %(title)s", state=update.state, title=story.title)
    url = story.url + update.anchor
    return _made(story, update.id, url, title, (update.at, update.at), update.html + story.coda)


def _made(
    story: _Story, id: str, url: str, title: str, times: tuple[Instant, Instant], html: Markup
) -> Entry:
    return Entry(
        id=id,
        url=url,
        title=title,
        published=times[0],
        updated=times[1],
        html=str(html),
        state=story.state,
        impact=story.impact[0],
        affected=story.affected,
        categories=(story.impact,),
    )
