"""The links in a message: only ours, only by a button, and only while there is something to do."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from conftest import World, config, rule
from flask.testing import FlaskClient

from kener_py import store, web
from kener_py.cli import main
from kener_py.model import HOUR, MINUTE, ApiKey, DeliveryStatus, Status


@pytest.fixture
def client(world: World) -> FlaskClient:
    world.service.reload(config(rules=(rule(remind_every=HOUR),)))
    world.beat(Status.DOWN)
    return web.create(world.service).test_client()


def link(world: World, alert: int = 1) -> str:
    return f"/alerts/{alert}?sig={world.service.signature(alert)}"


def test_a_link_that_is_followed_does_nothing(world: World, client: FlaskClient) -> None:
    page = client.get(link(world))
    assert page.status_code == 200
    assert "I am on it" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert "form-action 'self'" in page.headers["Content-Security-Policy"]
    assert world.standing()["down"].acknowledged is None


def test_a_button_acknowledges(world: World, client: FlaskClient) -> None:
    page = client.post(link(world), data={"act": "acknowledge"})
    assert "no reminders" in page.text
    assert world.standing()["down"].acknowledged == world.clock.now
    world.run(70)
    assert len(world.notices()) == 1


def test_a_button_snoozes(world: World, client: FlaskClient) -> None:
    page = client.post(link(world), data={"act": "4h"})
    assert "Snoozed until" in page.text
    assert world.state().snoozed_until == world.clock.now + 4 * HOUR


@pytest.mark.parametrize("act", ["", "delete", "9999h"])
def test_another_word_does_nothing(world: World, client: FlaskClient, act: str) -> None:
    assert client.post(link(world), data={"act": act}).status_code == 200
    assert world.state().snoozed_until is None
    assert world.standing()["down"].acknowledged is None


@pytest.mark.parametrize(
    "path", ["/alerts/1", "/alerts/1?sig=", "/alerts/1?sig=é", "/alerts/x", "/alerts/01"]
)
def test_without_our_signature_there_is_nothing(client: FlaskClient, path: str) -> None:
    for answer in (client.get(path), client.post(path, data={"act": "acknowledge"})):
        assert answer.status_code == 404
        assert answer.data == client.get("/nothing").data


def test_a_signature_is_good_for_one_alert(world: World, client: FlaskClient) -> None:
    world.beat()
    world.clock.now += HOUR
    world.run(1)
    world.beat(Status.DOWN)
    first = world.service.signature(1)
    assert client.get(f"/alerts/2?sig={first}").status_code == 404


def test_an_alert_that_is_over_cannot_be_acted_on(world: World, client: FlaskClient) -> None:
    world.beat()
    world.clock.now += MINUTE
    world.run(1)
    page = client.post(link(world), data={"act": "24h"})
    assert "is over" in page.text
    assert world.state().snoozed_until is None


def test_links_stay_good_over_a_restart(world: World, client: FlaskClient) -> None:
    before = world.service.signature(1)
    world.restart()
    assert world.service.signature(1) == before


# ---- by program and by command ---------------------------------------------------------------

KEY = "a-key-of-32-characters-0123456789"


def keyed(world: World, *scopes: str, monitors: frozenset[str] | None = None) -> dict[str, str]:
    """The header of a key with these scopes, once it is in force."""
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    made = ApiKey("ci", digest, frozenset(scopes), monitors)
    world.service.reload(config(rules=(rule(),), api_keys=(made,)))
    return {"X-API-Key": KEY}


def test_a_program_acknowledges_and_snoozes(world: World, client: FlaskClient) -> None:
    key = keyed(world, "incidents:write")
    answer = client.post("/api/v1/monitors/job/acknowledge", headers=key)
    assert answer.get_json() == {"monitor": "job", "acknowledged": 1}
    until = {"until": "2026-01-01T04:00:00Z"}
    answer = client.post("/api/v1/monitors/job/snooze", headers=key, json=until)
    assert answer.get_json() == {"monitor": "job", "snoozed_until": "2026-01-01T04:00:00.000Z"}
    assert world.state().snoozed_until == world.clock.now + 4 * HOUR


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 400),
        ({"until": "soon"}, 400),
        ({"until": "2025-01-01T00:00:00Z"}, 400),
        ({"untl": "2027-01-01T00:00:00Z"}, 400),
        ([], 400),
    ],
)
def test_a_snooze_that_makes_no_sense_is_refused(
    world: World, client: FlaskClient, body: object, code: int
) -> None:
    answer = client.post("/api/v1/monitors/job/snooze", headers=keyed(world, "*"), json=body)
    assert answer.status_code == code
    assert list(answer.get_json()) == ["error"]


@pytest.mark.parametrize("act", ["acknowledge", "snooze"])
def test_acting_needs_a_key_for_it(world: World, client: FlaskClient, act: str) -> None:
    path, until = f"/api/v1/monitors/job/{act}", {"until": "2027-01-01T00:00:00Z"}
    assert client.post(path, json=until).status_code == 401
    assert client.post(path, headers=keyed(world, "heartbeat:write"), json=until).status_code == 403
    elsewhere = keyed(world, "*", monitors=frozenset({"other"}))
    assert client.post(path, headers=elsewhere, json=until).status_code == 403
    assert client.post(path.replace("job", "x"), headers=keyed(world, "*"), json=until).status_code == 404


@pytest.fixture
def file(world: World, client: FlaskClient, tmp_path: Path) -> Path:
    """A configuration beside the world's database, whose monitor is down."""
    written = tmp_path / "config.yaml"
    written.write_text(
        f"server: {{database: {world.db.path}}}\n"
        "monitors: [{tag: job, secret: secret-of-job-0123456789}]\n"
        'notifiers: {ops: "json://ops.invalid"}\n'
    )
    return written


def run(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def test_commands_acknowledge_and_snooze_beside_a_server(world: World, file: Path) -> None:
    assert run("ack", "job", "--config", file).output == (
        "job: acknowledged; no reminders until it is over\n"
    )
    assert world.standing()["down"].acknowledged is not None
    assert run("snooze", "job", "2h", "--config", file).output.startswith("job: snoozed until ")
    assert world.state().snoozed_until is not None


def test_commands_say_what_cannot_be(world: World, file: Path) -> None:
    assert run("ack", "jobb", "--config", file).exit_code == 2
    assert run("snooze", "job", "2", "--config", file).exit_code == 2
    world.beat()
    world.clock.now += MINUTE
    world.run(1)
    assert "no alert is open" in run("ack", "job", "--config", file).output


def test_deliveries_show_how_each_message_ended(world: World, file: Path) -> None:
    (owed,) = store.deliveries(world.db.read(), 9)
    world.db.write(
        lambda db: store.finish_delivery(db, owed.id, DeliveryStatus.FAILED, world.clock.now, 0, "HTTP 410")
    )
    shown = run("deliveries", "--failed", "--config", file).output
    assert "FAILED" in shown
    assert "HTTP 410" in shown
    assert json.loads(run("deliveries", "--json", "--config", file).output)[0]["error"] == "HTTP 410"
