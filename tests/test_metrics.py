"""/metrics, read by Prometheus' own parsers."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import Sent, T, World, config, monitor, no_post, rule
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain

from kener_py import store
from kener_py.model import DAY, HOUR, MINUTE, Server, Status
from kener_py.service.sender import Sender
from kener_py.web import create

MONITORS = (monitor("job", category="Jobs"), monitor("mail"), monitor("hidden-one", is_hidden=True))
OPEN = {"Accept": "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"}
NAMES = {
    "kener_build_info", "kener_monitor_info", "kener_monitor_up", "kener_monitor_status",
    "kener_monitor_last_heartbeat_timestamp_seconds", "kener_monitor_next_due_timestamp_seconds",
    "kener_monitor_uptime_ratio", "kener_heartbeats", "kener_heartbeats_rejected", "kener_incidents_open",
    "kener_maintenance_active", "kener_notifications", "kener_notification_queue_length",
    "kener_notification_oldest_age_seconds", "kener_scheduler_last_tick_timestamp_seconds",
    "kener_scheduler_tick_duration_seconds", "kener_config_last_reload_successful",
    "kener_config_last_reload_success_timestamp_seconds", "kener_database_size_bytes",
    "kener_http_request_duration_seconds", "kener_database_write_failures",
    "kener_wrong_secrets_limited",
}  # fmt: skip
Values = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture
def world(db: store.Store, clock: Any) -> World:
    rules = (rule(monitors=frozenset(each.tag for each in MONITORS)),)
    return World(db, clock, config(MONITORS, rules))


def scrape(world: World, **headers: str) -> Values:
    answer = create(world.service).test_client().get("/metrics", headers=headers)
    assert answer.status_code == 200
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in plain(answer.text)
        for sample in family.samples
    }


def one(values: Values, name: str, /, **labels: str) -> float:
    return values[name, tuple(sorted(labels.items()))]


def test_both_formats_have_the_same_families_with_a_text_each(world: World) -> None:
    client = create(world.service).test_client()
    world.beat()
    world.run(1)
    client.get("/")  # so that a request was counted
    answers = client.get("/metrics"), client.get("/metrics", headers=OPEN)
    assert [each.headers["Content-Type"] for each in answers] == [
        "text/plain; version=0.0.4; charset=utf-8",
        "application/openmetrics-text; version=1.0.0; charset=utf-8",
    ]
    assert answers[1].text.endswith("# EOF\n")
    for parse, answer in zip((plain, openmetrics), answers, strict=True):
        families = {family.name: family for family in parse(answer.text)}
        assert families.keys() >= NAMES
        assert all(family.documentation for family in families.values())
        assert {name for name in families if not name.startswith(("kener_", "process_", "python_"))} == set()


def test_a_monitor_is_in_one_status(world: World) -> None:
    world.beat()
    world.look()
    values = scrape(world)
    assert one(values, "kener_monitor_up", monitor="job") == 1
    statuses = {
        each: one(values, "kener_monitor_status", monitor="job", status=each.lower()) for each in Status
    }
    assert statuses == {each: float(each is Status.UP) for each in Status}
    assert one(values, "kener_monitor_last_heartbeat_timestamp_seconds", monitor="job") == T / 1000
    assert one(values, "kener_monitor_next_due_timestamp_seconds", monitor="job") == T / 1000 + 300
    labels = {"monitor": "job", "name": "Job", "group": "Jobs", "schedule": "* * * * *"}
    assert one(values, "kener_monitor_info", **labels) == 1


def test_what_is_not_known_has_no_series(world: World) -> None:
    world.look()
    values = scrape(world)
    assert one(values, "kener_monitor_status", monitor="mail", status="no_data") == 1
    absent = {
        "kener_monitor_up",
        "kener_monitor_uptime_ratio",
        "kener_monitor_last_heartbeat_timestamp_seconds",
    }
    assert absent & {name for name, _ in values} == set()


def test_degraded_is_up_and_down_is_not(world: World) -> None:
    world.beat(Status.DEGRADED)
    world.beat(Status.DOWN, tag="mail")
    world.look()
    values = scrape(world)
    assert one(values, "kener_monitor_up", monitor="job") == 1
    assert one(values, "kener_monitor_up", monitor="mail") == 0
    assert one(values, "kener_incidents_open", impact="minor") == 1
    assert one(values, "kener_notification_queue_length") == 1


def test_a_ratio_is_one_only_without_any_downtime(world: World) -> None:
    world.beat()
    world.look()
    world.skip_to(world.clock.now + 30 * DAY)
    world.look()
    world.beat()
    world.run(1)
    assert one(scrape(world), "kener_monitor_uptime_ratio", monitor="job", window="90d") < 0.01
    assert all(0 <= value <= 1 for (name, _), value in scrape(world).items() if name.endswith("_ratio"))


def test_nothing_is_said_of_monitors_while_the_loop_stands_still(world: World) -> None:
    world.beat()
    world.look()
    ticked = one(scrape(world), "kener_scheduler_last_tick_timestamp_seconds")
    world.clock.now += HOUR
    values = scrape(world)
    assert one(values, "kener_monitor_status", monitor="job", status="no_data") == 1
    assert "kener_monitor_up" not in {name for name, _ in values}
    assert one(values, "kener_scheduler_last_tick_timestamp_seconds") == ticked == T / 1000


def test_heartbeats_and_calls_turned_away_are_counted(world: World) -> None:
    for status in (Status.UP, Status.UP, Status.DOWN):
        world.beat(status)
    client = create(world.service).test_client()
    assert client.get("/heartbeat/job:wrong").status_code == 404
    world.run(1)
    values = scrape(world)
    assert one(values, "kener_heartbeats_total", monitor="job", status="up") == 2
    assert one(values, "kener_heartbeats_total", monitor="job", status="down") == 1
    assert sum(value for (name, _), value in values.items() if name == "kener_heartbeats_rejected_total") == 1


def test_requests_are_counted_by_route_and_never_by_address(world: World) -> None:
    client = create(world.service).test_client()
    client.get("/monitors/job?secret=1")
    client.get("/heartbeat/job:a-secret-that-is-wrong")
    client.open("/", method="BREW")
    for number in range(20):
        client.get(f"/nothing/{number}")
    text = client.get("/metrics").text
    assert 'route="/monitors/<tag>"' in text
    assert "a-secret" not in text
    assert "/nothing" not in text
    assert "BREW" not in text
    values = {
        sample.labels["code"]: sample.value
        for family in plain(text)
        for sample in family.samples
        if sample.name == "kener_http_request_duration_seconds_count" and sample.labels["route"] == "(none)"
    }
    assert values["404"] == 20


def test_a_histogram_counts_each_request_once_in_the_last_bucket(world: World) -> None:
    client = create(world.service).test_client()
    for _ in range(7):
        client.get("/livez")
    samples = [
        sample
        for family in plain(client.get("/metrics").text)
        for sample in family.samples
        if family.name == "kener_http_request_duration_seconds" and sample.labels["route"] == "/livez"
    ]
    buckets = [sample.value for sample in samples if sample.name.endswith("_bucket")]
    assert buckets == sorted(buckets)
    assert buckets[-1] == 7
    assert {sample.value for sample in samples if sample.name.endswith("_count")} == {7}


def test_hidden_monitors_are_in_it_only_for_who_has_the_token(world: World) -> None:
    world.beat(tag="hidden-one")
    world.look()
    assert "hidden-one" not in create(world.service).test_client().get("/metrics").text
    given = replace(world.service.config, server=Server(metrics_token="a-token-for-metrics"))
    world.restart(given)
    client = create(world.service).test_client()
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "a-token-for-metrics"}):
        refused = client.get("/metrics", headers=headers)
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"].startswith("Bearer")
        assert "kener_" not in refused.text
    allowed = client.get("/metrics", headers={"Authorization": "Bearer a-token-for-metrics"})
    assert 'monitor="hidden-one"' in allowed.text


def test_a_refused_reload_shows(world: World) -> None:
    assert one(scrape(world), "kener_config_last_reload_successful") == 1
    world.service.reload_error = "config.yaml:1:1: something"
    world.clock.now += MINUTE
    values = scrape(world)
    assert one(values, "kener_config_last_reload_successful") == 0
    assert one(values, "kener_config_last_reload_success_timestamp_seconds") == T / 1000


def test_names_of_monitors_cannot_break_the_format(world: World) -> None:
    given = config((replace(monitor("job"), name='a"b\\c\nd{}\x1b[2J'),))
    world.restart(given)
    world.beat()
    world.look()
    client = create(world.service).test_client()
    for parse, headers in ((plain, {}), (openmetrics, OPEN)):
        families = {each.name: each for each in parse(client.get("/metrics", headers=headers).text)}
        assert families["kener_monitor_info"].samples[0].labels["name"] == 'a"b\\c d{} [2J'


def test_the_size_is_that_of_the_file_and_its_log(world: World) -> None:
    world.beat()
    path = Path(world.db.path)
    on_disk = path.stat().st_size + path.with_name(path.name + "-wal").stat().st_size
    assert one(scrape(world), "kener_database_size_bytes") == on_disk


def test_a_counter_begins_at_zero_so_that_the_first_event_is_an_increase(world: World) -> None:
    values = scrape(world)
    for status in ("up", "degraded", "down"):
        assert one(values, "kener_heartbeats_total", monitor="job", status=status) == 0
    for result in ("delivered", "retried", "failed", "cancelled"):
        assert one(values, "kener_notifications_total", channel="ops", result=result) == 0
    assert one(values, "kener_scheduler_tick_duration_seconds_count") == 0


def test_the_sender_shows_that_it_lives(world: World) -> None:
    name = "kener_notification_sender_timestamp_seconds"
    assert name not in {each for each, _ in scrape(world)}, "none was started"
    Sender(world.service, Sent(), no_post).step(world.clock.now)
    assert one(scrape(world), name) == T / 1000


def test_writes_that_fail_are_counted(world: World) -> None:
    assert one(scrape(world), "kener_database_write_failures_total") == 0
    world.db.write(lambda db: db.execute("pragma max_page_count = 1"))
    for number in range(3):
        with pytest.raises(store.Unavailable):
            world.db.write(lambda db, n=number: store.keep_secret(db, f"big {n}", b"x" * 1_000_000))
    assert one(scrape(world), "kener_database_write_failures_total") == 3
    with pytest.raises(ZeroDivisionError):
        world.db.write(lambda db: 1 // 0)
    assert one(scrape(world), "kener_database_write_failures_total") == 3, "a bad job is no bad disk"


def test_a_write_that_takes_too_long_is_counted_as_well(world: World) -> None:
    go_on = threading.Event()
    with pytest.raises(store.Unavailable, match="did not answer"):
        world.db.write(lambda db: go_on.wait(10), wait=0)
    go_on.set()
    assert one(scrape(world), "kener_database_write_failures_total") == 1
