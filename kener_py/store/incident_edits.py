"""Rows of incidents as people change them. Which change makes sense is the caller's business."""

from __future__ import annotations

from sqlite_utils import Database

from kener_py.model import Incident, IncidentUpdate


def save_incident(db: Database, after: Incident) -> None:
    """Write every field of a known incident but its updates."""
    db.execute(
        "update incident set title = ?, state = ?, severity = ?, started = ?, resolved = ?, is_public = ?,"
        " publish_at = ? where id = ?",
        [
            after.title,
            after.state,
            after.severity,
            after.started,
            after.resolved,
            after.is_public,
            after.publish_at,
            after.id,
        ],
    )
    db.execute("delete from incident_monitor where incident = ?", [after.id])
    for tag in after.monitors:
        db.execute("insert into incident_monitor (incident, monitor) values (?, ?)", [after.id, tag])


def save_update(db: Database, after: IncidentUpdate) -> None:
    db.execute(
        "update incident_update set state = ?, text = ?, created = ? where id = ?",
        [after.state, after.text, after.created, after.id],
    )


def delete_update(db: Database, id: int) -> None:
    db.execute("delete from incident_update where id = ?", [id])


def delete_incident(db: Database, number: int) -> None:
    """Delete it with all that was said; its alerts stay and point to none."""
    db.execute("update alert set incident = null where incident = ?", [number])
    for table in ("incident_monitor", "incident_update"):
        db.execute(f"delete from {table} where incident = ?", [number])
    db.execute("delete from incident where id = ?", [number])
