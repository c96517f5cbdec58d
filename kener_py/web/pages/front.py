"""The front page: the state of everything."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Response

from kener_py.model import (
    SECOND,
    Board,
    Incident,
    Instant,
    Maintenance,
    MonitorView,
    Overall,
    Status,
)
from kener_py.service import Service
from kener_py.web import columns
from kener_py.web.language import N_, _, n_, number
from kener_py.web.pages.show import SERVER, show
from kener_py.web.pages.windows import one_each
from kener_py.web.prose import plain
from kener_py.web.strips import facts, under
from kener_py.web.words import share, when_text, word

UPCOMING = 5  # maintenance windows to come on the front page, one of each plan
INCIDENTS_IN_FULL = 5  # of the open ones; more are one line each
UPDATES = 20  # of one of them
CURL_LINES = 5
FEW = 8  # monitors that are seen at a glance
AFFECTED = 20  # lines above the groups
PAST_DAYS = 14
PAST_PER_DAY = 5  # a flapping job can have hundreds
TROUBLE = (Overall.DEGRADED, Overall.PARTIAL_OUTAGE, Overall.MAJOR_OUTAGE)


@dataclass(frozen=True, slots=True)
class Banner:
    """The state of everything in one sentence."""

    status: Status  # whose colour and icon it wears
    title: str  # of the browser's tab, after its mark
    sentence: str
    scope: str = ""
    since: Instant | None = None
    ends: Instant | None = None  # of the maintenance
    is_silent: bool = False  # an outage, and nobody has said a word


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days of the past, by ISO date: one with incidents, or some in a row without any."""

    first: str
    last: str
    incidents: tuple[Incident, ...] = ()


BANNERS: Mapping[Overall, Banner] = {
    Overall.EMPTY: Banner(Status.NO_DATA, N_("Nothing yet"), N_("Nothing to show yet")),
    Overall.WAITING: Banner(Status.NO_DATA, N_("Waiting"), N_("Waiting for the first heartbeat")),
    Overall.UNKNOWN: Banner(Status.NO_DATA, N_("Unknown"), N_("Status unknown")),
    Overall.UP: Banner(Status.UP, N_("Operational"), N_("All systems operational")),
    Overall.MAINTENANCE: Banner(
        Status.MAINTENANCE, N_("Maintenance"), N_("Scheduled maintenance in progress")
    ),
    Overall.DEGRADED: Banner(Status.DEGRADED, N_("Degraded"), N_("Degraded performance")),
    Overall.PARTIAL_OUTAGE: Banner(Status.DOWN, N_("Partial outage"), N_("Partial outage")),
    Overall.MAJOR_OUTAGE: Banner(Status.DOWN, N_("Major outage"), N_("Major outage")),
}


def front(service: Service) -> Response:
    board = service.board()
    views = [view for group in board.groups for view in group.views]
    opened = {incident.id for incident in board.open_incidents}
    past = [incident for incident in board.recent_incidents if incident.id not in opened]
    shown_banner = banner(board, views)
    affected = _affected(board, views)
    folds = len(board.groups) > 1 or len(views) > FEW
    file = service.config.path
    silent = set() if shown_banner.is_silent else _silent(board, views)
    told_on = _by_monitor_and_day(board)
    return show(
        "front",
        site=board.site,
        board=board,
        banner=shown_banner,
        unknown=unknown(),
        is_stale=board.overall is Overall.UNKNOWN,
        is_waiting=board.overall is Overall.WAITING,
        waiting=views[:CURL_LINES],
        unnamed=len(views) - CURL_LINES,
        server=board.site.url or SERVER,
        file=None if file is None else file.name,
        silent=silent,
        row_shows=_row_shows(board, silent, told_on),
        told=board.open_incidents[:INCIDENTS_IN_FULL],
        earlier=UPDATES,
        listed=board.open_incidents[INCIDENTS_IN_FULL:],
        told_on=told_on,
        affected=affected[:AFFECTED],
        further=len(affected) - AFFECTED,
        folds=folds,
        is_sole=len(board.groups) == 1,
        recent=stretches(past, board.site.timezone, board.at),
        per_day=PAST_PER_DAY,
        running=one_each(_running(board)),
        upcoming=one_each([each for each in board.maintenances if each.start > board.at])[:UPCOMING],
        differs=any(view.monitor.include_degraded_in_downtime for view in views),
        table=lambda: _table(board),
    )


# ---- the banner ------------------------------------------------------------------------------


def _in_words(plain: Banner) -> Banner:
    return Banner(plain.status, _(plain.title), _(plain.sentence))


def unknown() -> Banner:
    """What a script shows when the server does not answer any more."""
    return _in_words(BANNERS[Overall.UNKNOWN])


def _running(board: Board) -> list[Maintenance]:
    return [each for each in board.maintenances if each.start <= board.at]


def _silent(board: Board, views: Sequence[MonitorView]) -> set[str]:
    """The tags that are down and that no open incident names."""
    spoken_of = {tag for incident in board.open_incidents for tag in incident.monitors}
    return {view.monitor.tag for view in views if view.status is Status.DOWN} - spoken_of


def banner(board: Board, views: Sequence[MonitorView]) -> Banner:
    """The banner in the visitor's language; `views` are all of the board."""
    chosen = _in_words(BANNERS[board.overall])
    sentence = chosen.sentence
    count = n_("%(num)s monitor", "%(num)s monitors", len(views))
    scope, ends = "", None
    touched = [view for view in views if view.status in (Status.DEGRADED, Status.DOWN)]
    if board.overall in (Overall.EMPTY, Overall.UNKNOWN):
        pass
    elif board.overall is Overall.WAITING:
        scope = _("%(monitors)s, no heartbeat yet", monitors=count)
    elif board.overall is Overall.UP:
        up = sum(view.status is Status.UP for view in views)
        if up < len(views):
            scope = n_(
                "%(up)s of %(num)s monitor up", "%(up)s of %(num)s monitors up", len(views), up=number(up)
            )
        else:
            scope = n_("%(num)s monitor up", "All %(num)s monitors up", up)
    elif board.overall is Overall.MAINTENANCE:
        touched = [view for view in views if view.status is Status.MAINTENANCE]
        ends = max((window.end for window in _running(board)), default=None)
        scope = n_(
            "%(some)s of %(num)s monitor in maintenance",
            "%(some)s of %(num)s monitors in maintenance",
            len(views),
            some=number(len(touched)),
        )
    elif touched:  # else an incident says so, and people wrote it
        scope = n_(
            "%(some)s of %(num)s monitor affected",
            "%(some)s of %(num)s monitors affected",
            len(views),
            some=number(len(touched)),
        )
    judged = sum(view.status not in (Status.NO_DATA, Status.MAINTENANCE) for view in views)
    if board.overall is Overall.DEGRADED and len(touched) < judged:
        sentence = _("Partially degraded")
    since = min((view.since for view in touched if view.since is not None), default=None) if scope else None
    is_silent = board.overall in TROUBLE and not board.open_incidents and bool(_silent(board, views))
    return Banner(chosen.status, chosen.title, sentence, scope, since, ends, is_silent)


def _affected(board: Board, views: Sequence[MonitorView]) -> list[MonitorView]:
    """What is not well, worst first; nothing where that is seen at a glance anyway."""
    if board.overall not in TROUBLE or len(views) <= FEW:
        return []
    touched = [view for view in views if view.status in (Status.DOWN, Status.DEGRADED)]
    return sorted(touched, key=lambda view: (view.status is not Status.DOWN, view.since or 0))


# ---- incidents by day ------------------------------------------------------------------------


def _date(at: Instant, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(at // SECOND, UTC).astimezone(zone).date()


def stretches(past: Sequence[Incident], timezone: str, at: Instant) -> list[Stretch]:
    """The last 14 days of the zone, newest first: by the day on which an incident began.

    Incidents that began earlier and ended within these days follow, each on its own day.
    """
    zone = ZoneInfo(timezone)
    begun: dict[date, list[Incident]] = {}
    for incident in past:
        begun.setdefault(_date(incident.started, zone), []).append(incident)
    today = _date(at, zone)
    window = [today - timedelta(days=back) for back in range(PAST_DAYS)]
    found: list[Stretch] = []
    for day in window:
        iso = day.isoformat()
        if day in begun:
            found.append(Stretch(iso, iso, tuple(begun[day])))
        elif found and not found[-1].incidents:
            found[-1] = Stretch(iso, found[-1].last)
        else:
            found.append(Stretch(iso, iso))
    older = sorted((day for day in begun if day < window[-1]), reverse=True)
    return found + [Stretch(day.isoformat(), day.isoformat(), tuple(begun[day])) for day in older]


def _by_monitor_and_day(board: Board) -> dict[tuple[str, str], list[Incident]]:
    """The incidents of the front page by (tag, ISO date) of each day that they lasted."""
    zone = ZoneInfo(board.site.timezone)
    found: dict[tuple[str, str], list[Incident]] = {}
    seen: set[int | None] = set()
    for incident in (*board.open_incidents, *board.recent_incidents):
        if incident.id in seen:
            continue
        seen.add(incident.id)
        day = _date(incident.started, zone)
        last = _date(board.at if incident.resolved is None else incident.resolved, zone)
        day = max(day, last - timedelta(days=90))  # what is older is on no strip
        while day <= last:
            for tag in incident.monitors:
                found.setdefault((tag, day.isoformat()), []).append(incident)
            day += timedelta(days=1)
    return found


def _row_shows(
    board: Board, silent: set[str], told_on: Mapping[tuple[str, str], Sequence[Incident]]
) -> Callable[[MonitorView, str], Hashable]:
    """What the line of a monitor depends on, beside the language: see the macro `row`."""
    is_stale = board.overall is Overall.UNKNOWN
    measured = board.measured if is_stale else None
    told: dict[str, list[tuple[str, int | None, str]]] = {}
    for (tag, on), incidents in told_on.items():
        told.setdefault(tag, []).extend((on, each.id, each.title) for each in incidents)

    def shows(view: MonitorView, heading: str) -> Hashable:
        monitor, days = view.monitor, view.days
        return (
            heading,
            monitor.tag,
            monitor.name,
            monitor.description,
            board.site.timezone,
            view.status,
            view.since,
            measured,
            is_stale,
            monitor.tag in silent,
            days[-1].date if days else "",
            facts(days),
            under(view),
            tuple(told.get(monitor.tag, ())),
        )

    return shows


# ---- for terminals ---------------------------------------------------------------------------


def _table(board: Board) -> list[tuple[str, list[str]]]:
    """(group, lines) with the same columns in all of them; the first "group" is the heading."""
    is_stale = board.overall is Overall.UNKNOWN
    zone = board.site.timezone
    rows = [[_("Name").upper(), _("Status").upper(), _("Since").upper(), _("Uptime (90 days)").upper()]]
    for group in board.groups:
        for view in group.views:
            status = None if is_stale else view.status
            since = None if is_stale else view.since
            rows.append(
                [
                    plain(view.monitor.name),
                    word(status),
                    "" if since is None else when_text(since, zone),
                    share(view.uptime["90d"]) or _("no data yet"),
                ]
            )
    lines = columns.aligned(rows)
    found = [("", lines[:1])]
    place = 1
    for group in board.groups:
        name = group.name or ("" if len(board.groups) == 1 else _("Other monitors"))
        found.append((name, lines[place : place + len(group.views)]))
        place += len(group.views)
    return found
