"""One monitor's page."""

from __future__ import annotations

from flask import Response

from kener_py.model import (
    IncidentState,
    Maintenance,
    MonitorPage,
    Status,
)
from kener_py.service import Service
from kener_py.web.pages.show import SERVER, not_found, show
from kener_py.web.pages.windows import one_each

MAINTENANCES = 20  # of one monitor
OUTAGES = 50  # rows of the table; a flapping job can have thousands


def monitor(service: Service, tag: str) -> Response:
    page = service.monitor_page(tag)
    if page is None:
        return not_found(service)
    return show(
        "monitor",
        site=page.site,
        page=page,
        view=page.view,
        monitor=page.view.monitor,
        status=None if page.is_stale else page.view.status,
        is_stale=page.is_stale,
        is_waiting=page.view.status is Status.NO_DATA and page.view.last is None,
        is_spoken_of=any(incident.state is not IncidentState.RESOLVED for incident in page.incidents),
        outages=page.outages[:OUTAGES],
        planned=[(each, service.maintenance_state(each, page.at)) for each in _shown(page)],
        server=page.site.url or SERVER,
    )


def _shown(page: MonitorPage) -> list[Maintenance]:
    """What runs, the next of each plan, and the newest of the past."""
    to_come = [each for each in page.maintenances if each.start > page.at and each.cancelled is None]
    begun = [each for each in page.maintenances if each not in to_come]
    return [*reversed(one_each(to_come)), *begun][:MAINTENANCES]
