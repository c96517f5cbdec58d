"""What people are shown, put together from rows: every reader gets the same facts from here."""

from kener_py.service.board.front import board, overall
from kener_py.service.board.incident import incident_page
from kener_py.service.board.monitor import monitor_page
from kener_py.service.board.public import incidents
from kener_py.service.board.public import monitors as public
from kener_py.service.board.views import is_stale, views
from kener_py.service.board.window import maintenance_page

__all__ = [
    "board",
    "incident_page",
    "incidents",
    "is_stale",
    "maintenance_page",
    "monitor_page",
    "overall",
    "public",
    "views",
]
