"""The picture that goes with a link to a page: one for each state, without words, to fit any language.

They are made by `make pictures` and lie in static/ as preview-<name>.png.
"""

from __future__ import annotations

from collections.abc import Mapping

from flask import Flask

from kener_py.model import Incident, Overall, Severity, Status

WIDTH, HEIGHT = 1200, 630  # pixels, as Open Graph's readers like it

_OF_THE_WHOLE: Mapping[Overall, str] = {
    Overall.UNKNOWN: "no_data",
    Overall.EMPTY: "no_data",
    Overall.WAITING: "no_data",
    Overall.UP: "up",
    Overall.MAINTENANCE: "maintenance",
    Overall.DEGRADED: "degraded",
    Overall.PARTIAL_OUTAGE: "partial_outage",
    Overall.MAJOR_OUTAGE: "major_outage",
}
_OF_A_MONITOR: Mapping[Status, str] = {
    Status.NO_DATA: "no_data",
    Status.UP: "up",
    Status.MAINTENANCE: "maintenance",
    Status.DEGRADED: "degraded",
    Status.DOWN: "major_outage",
}
_OF_AN_INCIDENT: Mapping[Severity, str] = {
    Severity.MINOR: "degraded",
    Severity.MAJOR: "partial_outage",
    Severity.CRITICAL: "major_outage",
}
NAMES = tuple(dict.fromkeys(_OF_THE_WHOLE.values()))


def register(app: Flask) -> None:
    """Give the app's templates what they need to name a picture."""
    app.jinja_env.filters.update(preview=preview)
    app.jinja_env.globals.update(preview_size=(WIDTH, HEIGHT))


def preview(of: Overall | Status | Incident | None) -> str:
    """The file of the picture that shows this state; None is one that nobody can vouch for."""
    if of is None:
        name = "no_data"
    elif isinstance(of, Incident):
        name = "up" if of.resolved is not None else _OF_AN_INCIDENT[of.severity]
    else:
        name = _OF_THE_WHOLE[of] if isinstance(of, Overall) else _OF_A_MONITOR[of]
    return f"preview-{name}.png"
