"""Atlassian Statuspage's public API v2, complete: what its clients read works here too.

https://metastatuspage.com/api has the original. Every key is always there, null when it has nothing to say;
every word is one of the original's, for clients take an unknown one for a broken page.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import Response, jsonify

from kener_py.model import (
    SECOND,
    Group,
    Incident,
    IncidentState,
    Instant,
    Maintenance,
    MaintenanceState,
    MonitorView,
    Overall,
    Published,
    Site,
    Span,
    Status,
)
from kener_py.service import Service
from kener_py.service.board.programs import NEWEST
from kener_py.web import addresses
from kener_py.web.api import rfc3339

MOST = NEWEST  # incidents, and windows, of a document that lists all

Json = dict[str, object]

# `maintenance` is what the original's pages send, although its documentation does not name it. While the
# loop stands still nothing is known: that is no "none".
INDICATORS: Mapping[Overall, tuple[str, str]] = {
    Overall.UNKNOWN: ("minor", "Status Unknown"),
    Overall.EMPTY: ("none", "Nothing to Show Yet"),
    Overall.WAITING: ("none", "Waiting for the First Heartbeat"),
    Overall.UP: ("none", "All Systems Operational"),
    Overall.MAINTENANCE: ("maintenance", "Service Under Maintenance"),
    Overall.DEGRADED: ("minor", "Partially Degraded Service"),
    Overall.PARTIAL_OUTAGE: ("major", "Partial System Outage"),
    Overall.MAJOR_OUTAGE: ("critical", "Major System Outage"),
}
COMPONENTS: Mapping[Status, str] = {
    Status.NO_DATA: "operational",  # only what it was before an incident; else it is left out
    Status.UP: "operational",
    Status.DEGRADED: "degraded_performance",
    Status.DOWN: "major_outage",
    Status.MAINTENANCE: "under_maintenance",
}
WINDOWS: Mapping[MaintenanceState, str] = {
    MaintenanceState.SCHEDULED: "scheduled",
    MaintenanceState.ONGOING: "in_progress",
    MaintenanceState.COMPLETED: "completed",
    MaintenanceState.CANCELLED: "completed",
}


# ---- the documents ---------------------------------------------------------------------------


def summary(service: Service) -> Response:
    """Everything of now: components, unresolved incidents, windows to come and in progress."""
    page = _Page(service)
    return page.answer(
        status=page.status(),
        components=page.components,
        incidents=page.incidents(open_only=True),
        scheduled_maintenances=page.windows(MaintenanceState.SCHEDULED, MaintenanceState.ONGOING),
    )


def status(service: Service) -> Response:
    page = _Page(service)
    return page.answer(status=page.status())


def components(service: Service) -> Response:
    page = _Page(service)
    return page.answer(components=page.components)


def incidents(service: Service) -> Response:
    """The newest, in any state."""
    page = _Page(service)
    return page.answer(incidents=page.incidents())


def unresolved(service: Service) -> Response:
    page = _Page(service)
    return page.answer(incidents=page.incidents(open_only=True))


def maintenances(service: Service) -> Response:
    """The latest, in any state."""
    page = _Page(service)
    return page.answer(scheduled_maintenances=page.windows(*MaintenanceState)[:MOST])


def upcoming(service: Service) -> Response:
    page = _Page(service)
    return page.answer(scheduled_maintenances=page.windows(MaintenanceState.SCHEDULED))


def active(service: Service) -> Response:
    page = _Page(service)
    return page.answer(scheduled_maintenances=page.windows(MaintenanceState.ONGOING))


# ---- what they are made of -------------------------------------------------------------------


def page_id(site: Site) -> str:
    """The host that visitors know the page by."""
    return urlsplit(site.url).hostname or "status"


def group_id(name: str) -> str:
    """Stable as long as the category is called so."""
    return "group-" + hashlib.sha256(name.encode()).hexdigest()[:12]


class _Page:
    """One look at the service, and how it is told."""

    def __init__(self, service: Service) -> None:
        self.told: Published = service.published()
        self.site = self.told.board.site
        self.url = addresses.base(service.config)
        self.id = page_id(self.site)
        views = [view for group in self.told.board.groups for view in group.views]
        # What was never heard has no status in the original's words; nothing has while nobody measures.
        is_known = self.told.board.overall is not Overall.UNKNOWN
        self.views = {
            view.monitor.tag: view for view in views if is_known and view.status is not Status.NO_DATA
        }

    def answer(self, **documents: object) -> Response:
        answer: Response = jsonify(
            page={
                "id": self.id,
                "name": self.site.title,
                "url": self.url,
                "time_zone": "Etc/UTC" if self.site.timezone == "UTC" else self.site.timezone,
                "updated_at": rfc3339(self.told.changed),
            },
            **documents,
        )
        answer.headers["Access-Control-Allow-Origin"] = "*"
        answer.headers["Cache-Control"] = "public, max-age=30, stale-while-revalidate=60"
        answer.last_modified = datetime.fromtimestamp(self.told.changed // SECOND, ZoneInfo("UTC"))
        return answer

    def status(self) -> Json:
        indicator, description = INDICATORS[self.told.board.overall]
        return {"indicator": indicator, "description": description}

    # ---- components ----

    @cached_property
    def components(self) -> list[Json]:
        """Groups and monitors, in the order of the file; a position counts within the group."""
        found: list[Json] = []
        top = 0
        for group in self.told.board.groups:
            inside = [view for view in group.views if view.monitor.tag in self.views]
            if not inside:
                continue
            if not group.name:
                for view in inside:
                    top += 1
                    found.append(self._component(view, top, None))
                continue
            top += 1
            found.append(self._group(group, inside, top))
            found += [
                self._component(view, place, group_id(group.name)) for place, view in enumerate(inside, 1)
            ]
        return found

    def _component(self, view: MonitorView, position: int, group: str | None) -> Json:
        first = view.first or view.since or 0
        return {
            "id": view.monitor.tag,
            "name": view.monitor.name,
            "status": COMPONENTS[view.status],
            "created_at": rfc3339(first),
            "updated_at": rfc3339(max(view.since or 0, first)),
            "position": position,
            "description": view.monitor.description or None,
            "showcase": True,
            "start_date": self._date(first),
            "group_id": group,
            "page_id": self.id,
            "group": False,
            "only_show_if_degraded": False,
        }

    def _group(self, group: Group, inside: Sequence[MonitorView], position: int) -> Json:
        firsts = [view.first or view.since or 0 for view in inside]
        return {
            "id": group_id(group.name),
            "name": group.name,
            "status": COMPONENTS[group.status],
            "created_at": rfc3339(min(firsts)),
            "updated_at": rfc3339(max(view.since or 0 for view in inside)),
            "position": position,
            "description": None,
            "showcase": True,
            "start_date": self._date(min(firsts)),
            "group_id": None,
            "page_id": self.id,
            "group": True,
            "only_show_if_degraded": False,
            "components": [view.monitor.tag for view in inside],
        }

    def _date(self, at: Instant) -> str:
        return datetime.fromtimestamp(at // SECOND, ZoneInfo(self.site.timezone)).date().isoformat()

    def _affected(self, tags: Iterable[str]) -> list[Json]:
        """The monitors of an incident as full components, as they are now."""
        return [self._by_id[tag] for tag in tags if tag in self._by_id]

    @cached_property
    def _by_id(self) -> dict[str, Json]:
        return {str(each["id"]): each for each in self.components}

    def _label(self, tag: str) -> str:
        """ "Group - Child", as the original calls a member of a group."""
        monitor = self.views[tag].monitor
        return f"{monitor.category} - {monitor.name}" if monitor.category else monitor.name

    # ---- incidents ----

    def incidents(self, open_only: bool = False) -> list[Json]:
        found = [each for each in self.told.incidents if not open_only or each.resolved is None]
        return [self._incident(each) for each in (found if open_only else found[:MOST])]

    def _incident(self, incident: Incident) -> Json:
        moments = [each.created for each in incident.updates] or [incident.created]
        monitoring = [each.created for each in incident.updates if each.state is IncidentState.MONITORING]
        return {
            "id": str(incident.id),
            "name": incident.title,
            "status": incident.state.lower(),
            "created_at": rfc3339(incident.created),
            "updated_at": rfc3339(max(moments)),
            "monitoring_at": rfc3339(min(monitoring, default=None)),
            "resolved_at": rfc3339(incident.resolved),
            "impact": incident.severity.value,
            "shortlink": f"{self.url}/incidents/{incident.id}",
            "started_at": rfc3339(incident.started),
            "page_id": self.id,
            "incident_updates": self._updates(incident),
            "components": self._affected(incident.monitors),
            "reminder_intervals": None,
        }

    def _updates(self, incident: Incident) -> list[Json]:
        """Newest first, each with what the affected monitors were before and at it."""
        found: list[Json] = []
        before = incident.started - 1
        for update in reversed(incident.updates):
            found.insert(
                0,
                self._update(
                    str(update.id),
                    str(incident.id),
                    update.state.lower(),
                    update.text,
                    update.created,
                    [
                        self._affected_component(tag, before, update.created)
                        for tag in incident.monitors
                        if tag in self.views
                    ],
                ),
            )
            before = update.created
        return found

    def _affected_component(self, tag: str, before: Instant, at: Instant) -> Json:
        history = self.told.histories.get(tag, ())
        return {
            "code": tag,
            "name": self._label(tag),
            "old_status": COMPONENTS[_status_at(history, before)],
            "new_status": COMPONENTS[_status_at(history, at)],
        }

    @staticmethod
    def _update(number: str, of: str, state: str, body: str, created: Instant, affected: list[Json]) -> Json:
        return {
            "id": number,
            "status": state,
            "body": body,
            "incident_id": of,
            "created_at": rfc3339(created),
            "updated_at": rfc3339(created),
            "display_at": rfc3339(created),
            "affected_components": affected or None,
            "deliver_notifications": True,
            "custom_tweet": None,
            "tweet_id": None,
        }

    # ---- maintenance ----

    def windows(self, *states: MaintenanceState) -> list[Json]:
        return [
            self._window(each.maintenance, each.state) for each in self.told.windows if each.state in states
        ]

    def _window(self, window: Maintenance, state: MaintenanceState) -> Json:
        at = self.told.board.at
        end = window.end if window.cancelled is None else window.cancelled
        is_over = state in (MaintenanceState.COMPLETED, MaintenanceState.CANCELLED)
        number = f"m{window.id}"  # incidents have numbers of their own, and one list of ids may hold both
        said = [("scheduled", window.description or "Scheduled.", window.created)]
        if window.start <= min(at, end):
            said.append(("in_progress", "In progress.", window.start))
        if is_over:
            words = "Cancelled." if state is MaintenanceState.CANCELLED else "Completed."
            said.append(("completed", words, end))
        affected: list[Json] = [
            {
                "code": tag,
                "name": self._label(tag),
                "old_status": COMPONENTS[now],
                "new_status": COMPONENTS[now],
            }
            for tag in window.monitors
            if tag in self.views
            for now in (self.views[tag].status,)
        ]
        updates = [
            self._update(f"{number}-{place}", number, word, body, moment, affected)
            for place, (word, body, moment) in enumerate(said, 1)
        ]
        return {
            "id": number,
            "name": window.title,
            "status": WINDOWS[state],
            "created_at": rfc3339(window.created),
            "updated_at": rfc3339(max(window.updated, *(moment for _, _, moment in said))),
            "monitoring_at": None,
            "resolved_at": rfc3339(end) if is_over else None,
            "impact": "maintenance",
            "shortlink": f"{self.url}/maintenances/{window.id}",
            "started_at": rfc3339(window.start),
            "page_id": self.id,
            "incident_updates": updates[::-1],
            "components": self._affected(window.monitors),
            "reminder_intervals": None,
            "scheduled_for": rfc3339(window.start),
            "scheduled_until": rfc3339(window.end),
        }


def _status_at(history: Sequence[Span], at: Instant) -> Status:
    return next((span.status for span in history if span.started <= at < span.ended), Status.NO_DATA)
