"""`kener-py explain`: for each state of a monitor, why, since when, until when, and what to do."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import past
import pytest
from click.testing import CliRunner
from conftest import World, monitor, rule
from past import NOW, tell, up, window

from kener_py import store
from kener_py.cli import main, reasons
from kener_py.model import HOUR, MINUTE, SECOND, Heartbeat, Limits, Status

SECRET = "s3cret-of-backup-0123456789"
LIMITS = Limits(5 * MINUTE, 10 * MINUTE)


def job(tag: str = "backup", **fields):
    return replace(monitor(tag, LIMITS), **{"secret": SECRET, **fields})


def made(db: store.Store, *events: past.Event, away: int = 0, **of) -> World:
    return past.world(db, of.pop("jobs", [job()]), events, away, **of)


def facts(world: World, tag: str = "backup") -> reasons.Facts:
    config = world.service.config
    return reasons.gather(world.db.read(), config, config.monitors[tag], world.clock.now)


def told(world: World, tag: str = "backup") -> str:
    found = facts(world, tag)
    text = "\n".join(reasons.lines(found))
    assert SECRET not in text
    assert SECRET not in json.dumps(reasons.fields(found))
    return text


def heard(ago: int, status: Status = Status.UP, tag: str = "backup") -> past.Event:
    return NOW - ago, tag, status


def test_a_monitor_that_is_up_says_until_when(db):
    text = told(made(db, heard(2 * MINUTE)))
    assert text.startswith("backup (Backup): UP since 2026-09-30 13:39:00 CEST\n")
    assert "The last heartbeat came 2 min 20 s ago and said UP." in text
    assert "next heartbeat: expected by 2026-09-30 13:44:00 CEST" in text
    assert "without one it turns DEGRADED after 2026-09-30 13:44:00 CEST" in text
    assert "without one it turns DOWN after 2026-09-30 13:49:00 CEST" in text
    assert "next: " not in text


def test_a_monitor_that_fell_silent_says_how_long_and_where_to_call(db):
    text = told(made(db, heard(HOUR)))
    assert text.startswith("backup (Backup): DOWN since 2026-09-30 12:51:00 CEST\n")
    assert "Nothing was heard for 1 h; the limit is 10 min." in text
    assert "without one it turned DOWN after 2026-09-30 12:51:00 CEST" in text
    assert "next: let the job call https://status.acme.example/heartbeat/backup:*** when" in text


def test_a_late_monitor_is_measured_by_its_first_limit(db):
    text = told(made(db, heard(7 * MINUTE)))
    assert "DEGRADED since" in text
    assert "Nothing was heard for 7 min 20 s; the limit is 5 min." in text
    assert "it turned DEGRADED" in text
    assert "it turns DOWN" in text


@pytest.mark.parametrize("status", [Status.DOWN, Status.DEGRADED])
def test_what_the_job_said_is_the_reason(db, status):
    world = made(db, heard(MINUTE, status))
    world.clock.now += SECOND
    world.service.record(
        Heartbeat(
            "backup",
            world.clock.now,
            status,
            "disk\x1b[31m full\n",
            (("free", 0.5),),
            "POST",
            "curl/8",
            "10.0.0.7",
        )
    )
    text = told(world)
    assert f"The job itself said {status}." in text
    assert f"last heartbeat: {status} at 2026-09-30 13:41:21 CEST, POST from 10.0.0.7 by curl/8" in text
    assert "it said: disk\ufffd[31m full" in text
    assert "its metrics: free 0.5" in text
    assert "next: see what the job reports" in text


def test_a_monitor_never_heard_of_says_what_was_turned_away(db):
    world = made(db)
    for _ in range(3):
        world.service.reject("backup", "wrong secret")
    world.service.reject("bakcup", "wrong secret")
    world.service.mark_alive(world.clock.now)
    text = told(world)
    assert text.startswith("backup (Backup): NO_DATA\n")
    assert "No heartbeat has ever come" in text
    assert "turned away: 3 calls, wrong secret, the latest 2026-09-30 13:41:20 CEST" in text
    assert "diagnosis: 3 calls with a wrong secret were turned away" in text
    assert "1 call named one that does not exist" in text


def test_a_rhythm_that_is_too_slow_is_diagnosed(db):
    beats = [heard(number * 31 * MINUTE) for number in range(1, 9)]
    assert "diagnosis: The last 8 heartbeats came every 31 min; the limit is 10 min." in told(
        made(db, *beats)
    )


def test_a_look_that_is_due_is_announced(db):
    text = told(made(db, heard(9 * MINUTE + 50 * SECOND), away=MINUTE))
    assert "DEGRADED since" in text
    assert "By now it is DOWN; the next look will show that." in text


def test_a_loop_that_stands_still_comes_first(db):
    text = told(made(db, heard(MINUTE), away=HOUR))
    assert text.splitlines()[1].startswith("  No loop is running (the last tick: 2026-09-30 13:41:00 CEST)")
    assert "next: start the server" in text


def test_maintenance_says_until_when_and_what_lies_beneath(db):
    plan = window("Move", NOW - HOUR, NOW + HOUR, "backup")
    text = told(made(db, heard(2 * HOUR), maintenances=(plan,)))
    assert text.startswith("backup (Backup): MAINTENANCE since 2026-09-30 12:41:00 CEST\n")
    assert "Maintenance runs until 2026-09-30 14:41:00 CEST: Move. Without it: DOWN." in text


def test_maintenance_of_others_or_at_another_time_is_not_mentioned(db):
    plans = (
        window("Other", NOW - HOUR, NOW + HOUR, "mail"),
        window("Later", NOW + HOUR, NOW + 2 * HOUR, "backup"),
    )
    text = told(made(db, heard(MINUTE), jobs=[job(), job("mail")], maintenances=plans))
    assert "aintenance" not in text


def test_alerts_and_incidents_are_named(db):
    rules = (rule(monitors=frozenset({"backup"})),)
    world = made(db, heard(HOUR), rules=rules)
    tell(world, title="Disk is full")
    tell(world, title="Not yet", is_draft=True)
    text = told(world)
    assert "alert: rule 'down' " in text
    assert "Disk is full\n" in text
    assert "Not yet, a draft" in text
    found = reasons.fields(facts(world))
    assert {each["title"] for each in found["incidents"]} >= {"Disk is full", "Not yet"}
    assert [each["rule"] for each in found["alerts"]] == ["down"]


def test_other_limits_in_the_file_are_noticed(db):
    world = made(db, heard(MINUTE))
    config = world.service.config
    changed = replace(config.monitors["backup"], limits=Limits(HOUR, 2 * HOUR))
    found = reasons.gather(world.db.read(), config, changed, world.clock.now)
    assert any("other limits than the file" in sentence for sentence in reasons.reasons(found))


def test_a_monitor_that_the_server_has_not_read_is_told(db):
    world = made(db, heard(MINUTE))
    found = reasons.gather(world.db.read(), world.service.config, job("new"), world.clock.now)
    assert any("has not seen this monitor" in sentence for sentence in reasons.reasons(found))


def test_without_a_secret_an_api_key_is_asked_for(db):
    text = told(made(db, jobs=[job(secret=None)]))
    assert "call https://status.acme.example/api/heartbeat/backup with an API key" in text


def test_json_has_the_same_facts(db):
    world = made(db, *up("backup", at=NOW - 7 * MINUTE), jobs=[job(is_hidden=True)])
    found = json.loads(json.dumps(reasons.fields(facts(world))))
    assert (found["status"], found["status_now"], found["hidden"]) == ("DEGRADED", "DEGRADED", True)
    assert found["deadlines"] == [
        {"status": "DEGRADED", "after": "2026-09-30T11:39:00.000Z"},
        {"status": "DOWN", "after": "2026-09-30T11:44:00.000Z"},
    ]
    assert found["last_heartbeat"]["received"] == "2026-09-30T11:34:00.000Z"
    assert found["url"].endswith("/heartbeat/backup:***")


# ---- the command -----------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "config.yaml"
    path.write_text(f"monitors: [{{tag: backup, hidden: true, secretString: {SECRET}}}]\n")
    return path


def test_an_unknown_tag_is_answered_with_the_nearest(file):
    result = CliRunner().invoke(main, ["explain", "bakcup"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "kener-py: no monitor has the tag 'bakcup'; did you mean 'backup'?\n"


def test_without_a_database_it_fails(file):
    result = CliRunner().invoke(main, ["explain", "backup"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert "no such database" in result.stderr


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_a_hidden_monitor_is_explained_beside_a_server(file, words):
    serving = store.Store(file.parent / "kener.db")
    result = CliRunner().invoke(main, ["explain", "backup", *words])
    serving.close()
    assert (result.exit_code, result.stderr) == (0, "")
    assert "has not seen this monitor" in result.stdout
    assert SECRET not in result.stdout
