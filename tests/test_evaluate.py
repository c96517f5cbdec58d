"""Many monitors in one look: the rows are those of as many looks at one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from conftest import OPS, T, config, monitor, rule, short_store, tries
from hypothesis import given, settings
from hypothesis import strategies as st

from kener_py import store
from kener_py.model import (
    HOUR,
    MINUTE,
    SECOND,
    Config,
    Gap,
    Heartbeat,
    IncidentPolicy,
    Instant,
    Limits,
    Millis,
    Severity,
    Status,
)
from kener_py.service import evaluate, maintenance
from kener_py.service.active import active

TAGS = ("a", "b", "c", "d", "e")
ROWS = {
    "state": "select * from state order by monitor",
    "change": "select * from change order by monitor, started",
    "alert": "select * from alert order by id",
    "incident": "select * from incident order by id",
    "incident_monitor": "select * from incident_monitor order by incident, monitor",
    "incident_update": "select * from incident_update order by id",
    # All but the names of deliveries, which are made by chance.
    "delivery": "select number, notifier, target, thread, status, created, due from delivery order by number",
    "delivery_notice": "select d.number, n.number, n.notice from delivery d"
    " join delivery_notice n on n.delivery = d.id order by 1, 2",
}


@dataclass(frozen=True)
class Step:
    """Some jobs report, then time passes, then there is a look;."""

    heard: dict[str, Status]
    passes: Millis
    maintained: tuple[str, ...]


steps = st.lists(
    st.builds(
        Step,
        st.dictionaries(
            st.sampled_from(TAGS), st.sampled_from([Status.UP, Status.UP, Status.DEGRADED, Status.DOWN])
        ),
        st.sampled_from([MINUTE, MINUTE, 3 * MINUTE, 6 * MINUTE, HOUR, -5 * MINUTE]),
        st.sampled_from([(), (), (), TAGS[:2]]),
    ),
    min_size=1,
    max_size=8,
)
few = st.sampled_from([1, 1, 2])


@st.composite
def configs(draw: st.DrawFn) -> Config:
    rules = [
        rule(
            name,
            status,
            monitors=frozenset(draw(st.sets(st.sampled_from(TAGS), min_size=2))),
            notifiers=draw(st.sampled_from([("ops",), ("ops", "boss")])),
            failure_threshold=draw(few),
            success_threshold=draw(few),
            severity=draw(st.sampled_from(Severity)),
            create_incident=draw(st.sampled_from([True, True, False])),
            cooldown=draw(st.sampled_from([0, 15 * MINUTE])),
            remind_every=draw(st.sampled_from([None, 2 * MINUTE])),
            description=draw(st.sampled_from(["", "See the runbook."])),
        )
        for name, status in (("down", Status.DOWN), ("late", Status.DEGRADED), ("more", Status.DOWN))
    ]
    late = st.sampled_from([MINUTE, 2 * MINUTE])
    limits = st.builds(lambda late, more: Limits(late, late + more), late, late)
    return config(
        monitors=tuple(monitor(tag, draw(limits)) for tag in TAGS),
        rules=tuple(rules[: draw(st.integers(1, 3))]),
        notifiers={"ops": (OPS,), "boss": ("json://boss.invalid",)},
        incidents=IncidentPolicy(
            draft=draw(st.booleans()),
            auto_publish_after=5 * MINUTE,
            batch=draw(st.sampled_from([0, 0, MINUTE])),
        ),
    )


def lived(configured: Config, life: Iterable[Step], is_together: bool) -> dict[str, list[tuple[Any, ...]]]:
    """The rows after a life in which all monitors were looked at together, or one after the other."""
    in_force, absences = active(configured), (Gap(T - HOUR, T - 30 * SECOND),)
    groups = [TAGS] if is_together else [(tag,) for tag in TAGS]

    def live(db: store.Database) -> dict[str, list[tuple[Any, ...]]]:
        at: Instant = T
        evaluate.adopt(db, in_force, at)
        for step in life:
            if step.maintained:
                maintenance.create(
                    db,
                    configured,
                    at,
                    title="Upgrade",
                    start=at,
                    end=at + 4 * MINUTE,
                    monitors=step.maintained,
                    description="",
                )
            beats = [Heartbeat(tag, at, status) for tag, status in step.heard.items()]
            evaluate.receive(db, in_force, beats, absences, {})
            at += step.passes
            for tags in groups:
                evaluate.look(db, in_force, tags, at, absences)
        return {table: db.execute(sql).fetchall() for table, sql in ROWS.items()}

    with short_store() as opened:
        return opened.write(live)


@settings(max_examples=tries(100))
@given(configured=configs(), life=steps)
def test_a_look_at_many_monitors_writes_what_a_look_at_each_would_write(
    configured: Config, life: list[Step]
) -> None:
    assert lived(configured, life, is_together=True) == lived(configured, life, is_together=False)


def test_a_mass_failure_is_an_alert_an_incident_and_a_message_for_each() -> None:
    """What the law compares is not nothing."""
    configured = config(monitors=tuple(monitor(tag) for tag in TAGS), rules=(rule(monitors=frozenset(TAGS)),))
    rows = lived(configured, [Step(dict.fromkeys(TAGS, Status.UP), 11 * MINUTE, ())], is_together=True)
    assert [len(rows[table]) for table in ("alert", "incident", "incident_update", "delivery")] == [5] * 4
    assert [row[1] for row in rows["incident"]] == [f"{tag.capitalize()} is down" for tag in TAGS]
