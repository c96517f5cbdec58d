"""One incident's page, and one maintenance window's."""

from __future__ import annotations

from flask import Response

from kener_py.service import Service
from kener_py.web.api import is_id
from kener_py.web.pages.show import not_found, show


def incident(service: Service, id: str) -> Response:
    page = service.incident_page(int(id)) if is_id(id) else None
    if page is None:
        return not_found(service)
    return show("incident", site=page.site, page=page, incident=page.incident, names=page.names)


def maintenance(service: Service, id: str) -> Response:
    page = service.maintenance_page(int(id)) if is_id(id) else None
    if page is None:
        return not_found(service)
    return show("maintenance", site=page.site, page=page, window=page.maintenance, names=page.names)
