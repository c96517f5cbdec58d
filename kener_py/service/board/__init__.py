"""What people are shown, put together from rows: every reader gets the same facts from here."""

from kener_py.service.board.front import board, overall
from kener_py.service.board.incident import incident_page, maintenance_page
from kener_py.service.board.monitor import monitor_page
from kener_py.service.board.public import incidents, names
from kener_py.service.board.public import monitors as public
from kener_py.service.board.views import is_stale, views

__all__ = [
    "board",
    "incident_page",
    "incidents",
    "is_stale",
    "maintenance_page",
    "monitor_page",
    "names",
    "overall",
    "public",
    "views",
]
