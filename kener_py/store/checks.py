"""Whether a database is whole: SQLite's own opinion, and what always holds between our rows."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from enum import StrEnum

from sqlite_utils import Database

from kener_py.model import AlertStatus, DeliveryStatus, IncidentState, Severity, Status
from kener_py.store.opening import damage
from kener_py.store.schema import MIGRATIONS

_MOST = 10  # problems told of one kind

# What is wrong with the rows that a query finds, in words with its columns.
_RULES = (
    (
        "alive: the stretch that began at {} ends before it began, or in the next one",
        "select started from (select started, ended, lead(started) over (order by started) as next"
        " from alive) where ended < started or ended >= next",
    ),
    (
        "change: {} has a history, but no state",
        "select distinct monitor from change where monitor not in (select monitor from state)",
    ),
    (
        "heartbeat: {} has heartbeats, but no state",
        "select distinct monitor from heartbeat where monitor not in (select monitor from state)",
    ),
    (
        "heartbeat: {} has number {}, and only {} were counted",
        "select monitor, max(number), beats from heartbeat join state using (monitor)"
        " group by monitor having max(number) > beats",
    ),
    (
        "change: the open span of {} began at {} as {}, and its state says {} as {}",
        "select monitor, started, c.status, head_since, head from state left join"
        " (select monitor, max(started) as started, status from change group by monitor) c using (monitor)"
        " where head_since is not started or (started is not null and head <> c.status)",
    ),
    (
        "change: two spans of {} follow each other at {} with one status, {}",
        "select monitor, started, status from (select monitor, started, status,"
        " lag(status) over (partition by monitor order by started) as before from change)"
        " where status = before",
    ),
    (
        "incident_update: {} belongs to no incident ({})",
        "select id, incident from incident_update where incident not in (select id from incident)",
    ),
    (
        "incident_monitor: {} is in no incident ({})",
        "select monitor, incident from incident_monitor where incident not in (select id from incident)",
    ),
    (
        "incident: {} is {}, and yet {}",
        "select id, state, iif(resolved is null, 'has no end', 'has an end') from incident"
        " where (state = 'RESOLVED') <> (resolved is not null)",
    ),
    (
        "delivery_notice: a notice belongs to no delivery ({})",
        "select distinct delivery from delivery_notice where delivery not in (select id from delivery)",
    ),
    (
        "delivery: {} says nothing",
        "select id from delivery where id not in (select delivery from delivery_notice)",
    ),
    (
        "delivery: {} is {}, and yet {}",
        "select id, status, iif(finished is null, 'has no end', 'has an end') from delivery"
        " where (status = 'WAITING') <> (finished is null)",
    ),
    (
        "maintenance_monitor: {} is in no window ({})",
        "select monitor, maintenance from maintenance_monitor where maintenance not in"
        " (select id from maintenance)",
    ),
    ("maintenance: {} ends before it begins", 'select id from maintenance where "end" < start'),
    (
        "heartbeat: number {1} of {0} has metrics that are no JSON",
        "select monitor, number from heartbeat where not json_valid(metrics)",
    ),
    (
        "delivery_notice: a notice of {} is no JSON",
        "select delivery from delivery_notice where not json_valid(notice)",
    ),
    ("alert: {} does not say in JSON who was told", "select id from alert where not json_valid(told)"),
)
_WORDS: tuple[tuple[str, str, type[StrEnum]], ...] = (
    ("select distinct status from state", "state.status", Status),
    ("select distinct head from state", "state.head", Status),
    ("select distinct reported from state", "state.reported", Status),
    ("select distinct status from change", "change.status", Status),
    ("select distinct status from heartbeat", "heartbeat.status", Status),
    ("select distinct status from alert", "alert.status", AlertStatus),
    ("select distinct severity from alert", "alert.severity", Severity),
    ("select distinct state from incident", "incident.state", IncidentState),
    ("select distinct severity from incident", "incident.severity", Severity),
    ("select distinct state from incident_update", "incident_update.state", IncidentState),
    ("select distinct status from delivery", "delivery.status", DeliveryStatus),
)


def problems(db: Database) -> list[str]:
    """Every problem in words, of one instant; none in a database that is whole. Raises sqlite3.Error."""
    db.execute("begin")
    try:
        return list(_problems(db))
    finally:
        db.execute("rollback")


def _problems(db: Database) -> Iterator[str]:
    damaged = damage(db.conn)
    yield from (f"damage: {each}" for each in damaged)
    for table, row, parent, _ in db.execute("pragma foreign_key_check"):
        yield f"{table}: row {row} refers to nothing in {parent}"
    differences = list(_differences(db))
    yield from differences
    if damaged or differences:
        return  # the queries below could not be trusted
    for words, query in _RULES:
        yield from _told(words.format(*row) for row in db.execute(query))
    for query, column, kind in _WORDS:
        known = {each.value for each in kind}
        used = {row[0] for row in db.execute(query)}
        yield from _told(f"{column}: unknown word {json.dumps(each)}" for each in sorted(used - known))


def _told(found: Iterator[str]) -> Iterator[str]:
    for number, each in enumerate(found):
        if number < _MOST:
            yield each
        else:
            yield each.partition(":")[0] + f": and {1 + sum(1 for _ in found)} more like that"


# ---- the tables themselves -------------------------------------------------------------------


def _differences(db: Database) -> Iterator[str]:
    """How the tables and indexes differ from what our migrations make; others may stand beside them."""
    found = shape(db)
    with closing(Database(sqlite3.connect(":memory:", isolation_level=None))) as fresh:
        MIGRATIONS.apply(fresh)
        expected = shape(fresh)
    for name, sql in expected.items():
        if found.get(name) != sql:
            yield f"schema: {name} is {'not as this version makes it' if name in found else 'not there'}"


def shape(db: Database) -> dict[str, str]:
    """What made each table and index, by name, without comments and line breaks."""
    rows = db.execute("select name, sql from sqlite_master where sql is not null and name not like 'sqlite%'")
    return {name: " ".join(re.sub(r"--.*", "", sql).split()) for name, sql in rows}
