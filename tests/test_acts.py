"""The links in a message: only ours, only by a button, and only while there is something to do."""

from __future__ import annotations

import pytest
from conftest import World, config, rule
from flask.testing import FlaskClient

from kener_py import web
from kener_py.model import HOUR, MINUTE, Status


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
