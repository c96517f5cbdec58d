"""What `kener-py status` prints, read beside a running server, and what `check` says of colours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kener_py import contrast, messages, status, store
from kener_py.model import Config, Instant, MonitorView
from kener_py.service import board
from kener_py.web.api import monitor_fields


@dataclass(frozen=True, slots=True)
class Report:
    """A snapshot: one line for people and one object for programs per monitor."""

    lines: tuple[str, ...]
    fields: tuple[dict[str, object], ...]


def _line(view: MonitorView, width: int, at: Instant, zone: str) -> str:
    uptime = status.percent(view.uptime["90d"])
    parts = [view.monitor.tag.ljust(width), view.status.ljust(len("MAINTENANCE"))]
    if view.last is None:
        parts.append("waiting for the first heartbeat")
    else:
        since = view.last if view.since is None else view.since
        parts.append(f"since {messages.moment(since, zone)}")
        parts.append(f"last heartbeat {messages.length(max(at - view.last, 0))} ago")
        parts.append("no uptime yet" if uptime is None else f"{uptime} % up")
    return "  ".join(parts)


def monitors(db: store.Database, config: Config, at: Instant) -> Report:
    """Every monitor of the file as its last evaluation found it."""
    measured = store.last_alive(db)
    stale = board.is_stale(measured, at)
    found = board.monitor_views(db, config, config.monitors.values(), at)
    width = max((len(view.monitor.tag) for view in found), default=0)
    lines = [_line(view, width, at, config.site.timezone) for view in found]
    if stale:
        last = "never" if measured is None else messages.moment(measured, config.site.timezone)
        lines.insert(0, f"No loop is running (the last tick: {last}): what follows may be old.")
    fields = tuple(monitor_fields(view, stale) for view in found)
    return Report(tuple(lines), fields)


def colors(config: Config) -> Iterator[str]:
    """A line for each colour that the file names: how it stands out from the page's ground in each theme."""
    figures = list(contrast.figures(config.site.colors))
    for color in config.site.colors:
        # A ground is as good as the text on it.
        measured, of = ("text", "text ") if color.name == "background" else (color.name, "")
        parts = [
            f"{of}{figure.value} on {figure.ground} {figure.text} ({figure.theme})"
            for figure in figures
            if figure.color == measured
        ]
        yield f"site.colors.{color.name}: " + ", ".join(parts)
