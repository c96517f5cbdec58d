"""What people are shown, put together from rows: every reader gets the same facts from here."""

from kener_py.service.board.about import about
from kener_py.service.board.day import day_page
from kener_py.service.board.front import board, overall, overall_now
from kener_py.service.board.history import month_page
from kener_py.service.board.holding import holds_until
from kener_py.service.board.incident import incident_page, public_incident
from kener_py.service.board.metrics import telemetry
from kener_py.service.board.monitor import monitor_page, monitor_view, present_view
from kener_py.service.board.news import news, timetable
from kener_py.service.board.programs import published
from kener_py.service.board.public import incidents, names
from kener_py.service.board.public import monitors as public_monitors
from kener_py.service.board.uptime import uptime_table
from kener_py.service.board.views import is_stale, monitor_views, uptime_of
from kener_py.service.board.window import maintenance_page, public_maintenance

__all__ = [
    "about",
    "board",
    "day_page",
    "holds_until",
    "incident_page",
    "incidents",
    "is_stale",
    "maintenance_page",
    "monitor_page",
    "monitor_view",
    "monitor_views",
    "month_page",
    "names",
    "news",
    "overall",
    "overall_now",
    "present_view",
    "public_incident",
    "public_maintenance",
    "public_monitors",
    "published",
    "telemetry",
    "timetable",
    "uptime_of",
    "uptime_table",
]
