"""One maintenance window's page."""

from __future__ import annotations

from datetime import date, datetime

from flask import Response, redirect, request

from kener_py.model import Cadence, MaintenanceState, Recurrence
from kener_py.service import Service
from kener_py.web import language, prose, words
from kener_py.web.api import is_id
from kener_py.web.language import _
from kener_py.web.pages.show import not_found, show
from kener_py.web.words import path

EXCERPT = 200  # characters of the description, for those who only get a link
_MONDAY = date(2024, 1, 1)


def maintenance(service: Service, id: str) -> Response:
    """The page of a public window; 404 for every other id, and every other way to write one."""
    page = service.maintenance_page(int(id)) if is_id(id) else None
    if page is None:
        return not_found(service)
    window = page.maintenance
    return show(
        "maintenance",
        site=page.site,
        page=page,
        window=window,
        names=page.names,
        repeats=None if page.recurrence is None else recurrence(page.recurrence),
        cron=_cron(page.recurrence),
        is_to_come=page.state in (MaintenanceState.SCHEDULED, MaintenanceState.ONGOING),
        excerpt=prose.plain(prose.markdown(window.description).striptags())[:EXCERPT],
    )


def moved(service: Service, id: str) -> Response:
    """The address without the s leads to the one with it; what cannot be an id leads nowhere."""
    if not is_id(id):
        return not_found(service)
    is_twin = request.url_rule is not None and request.url_rule.rule.endswith(".md")
    answer = redirect(path(f"/maintenances/{id}{'.md' if is_twin else ''}"), 301)
    assert isinstance(answer, Response)
    return answer


# ---- in words --------------------------------------------------------------------------------


def recurrence(of: Recurrence) -> str:
    """ "every Sunday at 03:00 (Europe/Berlin), for 2 h"."""
    return _(
        "%(cadence)s (%(zone)s), for %(length)s",
        cadence=_cadence(of),
        zone=of.timezone,
        length=words.duration(of.duration),
    )


def _cadence(of: Recurrence) -> str:
    time = language.clock(datetime(2024, 1, 1, of.hour, of.minute))
    match of.cadence:
        case Cadence.HOURLY:
            return _("every hour at minute %(minute)s", minute=of.minute) if of.minute else _("every hour")
        case Cadence.DAILY:
            return _("every day at %(time)s", time=time)
        case Cadence.WEEKDAYS:
            return _("Monday to Friday at %(time)s", time=time)
        case Cadence.WEEKLY:
            days = [language.weekday(_MONDAY.replace(day=1 + day)) for day in of.days]
            return _("every %(days)s at %(time)s", days=language.listed(days), time=time)
        case Cadence.MONTHLY:
            return _("on day %(day)s of every month at %(time)s", day=language.number(of.days[0]), time=time)
        case Cadence.OTHER:
            return _("on a cron schedule")


def _cron(of: Recurrence | None) -> str | None:
    """The expression, where words do not tell it."""
    return of.schedule if of is not None and of.cadence is Cadence.OTHER else None
