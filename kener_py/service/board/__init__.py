"""What people are shown, put together from rows: every reader gets the same facts from here."""

from kener_py.service.board.day import day_page
from kener_py.service.board.front import board, overall
from kener_py.service.board.incident import incident_page, maintenance_page
from kener_py.service.board.metrics import telemetry
from kener_py.service.board.monitor import monitor_page, monitor_view
from kener_py.service.board.news import news, timetable
from kener_py.service.board.programs import published
from kener_py.service.board.public import incidents, names
from kener_py.service.board.public import monitors as public_monitors
from kener_py.service.board.views import is_stale, monitor_views, uptime_of

__all__ = [
    "board",
    "day_page",
    "incident_page",
    "incidents",
    "is_stale",
    "maintenance_page",
    "monitor_page",
    "monitor_view",
    "monitor_views",
    "names",
    "news",
    "overall",
    "public_monitors",
    "published",
    "telemetry",
    "timetable",
    "uptime_of",
]
