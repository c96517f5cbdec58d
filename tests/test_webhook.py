"""Webhooks: signed as Standard Webhooks says, verified by its own library at a real receiver."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import T, World, config, rule
from receivers import Answer, WebReceiver, web_receiver
from standardwebhooks.webhooks import Webhook as Verifier

from kener_py import config as configuration
from kener_py import messages, store, webhook
from kener_py.model import (
    MINUTE,
    SECOND,
    AlertStatus,
    Config,
    DeliveryStatus,
    Instant,
    Notice,
    Notifier,
    Severity,
    Site,
    Status,
    Webhook,
    WebhookShape,
)
from kener_py.service.sender import Sender

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
OTHER = "whsec_" + base64.b64encode(b"fedcba9876543210fedcba9876543210").decode()
SITE = Site(title="Acme", url="https://status.acme.example")


def now() -> Instant:
    """The library refuses a timestamp that is not the present."""
    return int(datetime.now(UTC).timestamp()) * SECOND


@pytest.fixture
def receiver() -> Iterator[WebReceiver]:
    with web_receiver() as made:
        yield made


def hook(receiver: WebReceiver, **fields: Any) -> Webhook:
    return Webhook(f"http://{receiver.address}/hook?a=1", **{"secrets": (SECRET,), **fields})


def notice(**fields: Any) -> Notice:
    given = {
        "kind": AlertStatus.TRIGGERED, "monitor": "job", "name": "Nightly “job”", "status": Status.DOWN,
        "severity": Severity.MAJOR, "rule": "down", "since": T, "at": T + MINUTE,
        "expected": "a heartbeat every 5 min", "incident": 42,
    }  # fmt: skip
    return Notice(**{**given, **fields})


# ---- one call --------------------------------------------------------------------------------


@pytest.mark.parametrize("body", ["{}", '{"name":"ünï 🎉"}', "x" * 100_000])
def test_the_library_of_the_standard_verifies_what_arrives(receiver: WebReceiver, body: str) -> None:
    webhook.post(hook(receiver), body, "delivery-1", now())
    (call,) = receiver.requests
    assert (call.method, call.path, call.body) == ("POST", "/hook?a=1", body.encode())
    assert call.headers["content-type"] == "application/json"
    assert call.headers["webhook-id"] == "delivery-1"
    if body.startswith("{"):
        Verifier(SECRET).verify(call.body, call.headers)
        with pytest.raises(Exception, match="No matching signature"):
            Verifier(OTHER).verify(call.body, call.headers)


def test_while_a_secret_is_replaced_both_verify(receiver: WebReceiver) -> None:
    webhook.post(hook(receiver, secrets=(OTHER, SECRET)), "{}", "delivery-1", now())
    (call,) = receiver.requests
    for secret in (SECRET, OTHER):
        Verifier(secret).verify(call.body, call.headers)


@pytest.mark.parametrize("code", [200, 201, 202, 204])
def test_any_success_is_accepted(receiver: WebReceiver, code: int) -> None:
    receiver.answer = Answer(code, "")
    webhook.post(hook(receiver), "{}", "d", now())


@pytest.mark.parametrize(
    ("answer", "reason", "is_permanent", "wait"),
    [
        (Answer(500), "answered 500", False, 0),
        (Answer(404), "answered 404", False, 0),
        (Answer(410), "it wants no more", True, 0),
        (Answer(429, headers={"Retry-After": "120"}), "answered 429", False, 120 * SECOND),
        (Answer(503, headers={"Retry-After": "999999999999"}), "answered 503", False, webhook.LONGEST_WAIT),
        (Answer(503, headers={"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}), "answered 503", False, 0),
        (Answer(302, headers={"Location": "/else"}), "it redirects", False, 0),
    ],
)
def test_anything_else_is_refused_with_a_reason(
    receiver: WebReceiver, answer: Answer, reason: str, is_permanent: bool, wait: int
) -> None:
    receiver.answer = answer
    with pytest.raises(webhook.WebhookError, match=reason) as caught:
        webhook.post(hook(receiver), "{}", "d", now())
    assert (caught.value.is_permanent, caught.value.wait) == (is_permanent, wait)
    assert len(receiver.requests) == 1  # no redirect is followed


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/s3cret-path",
        "http://nowhere.invalid/s3cret-path",
        "https://127.0.0.1:9/s3cret-path",
    ],
)
def test_a_reason_holds_nothing_of_the_path(url: str) -> None:
    with pytest.raises(webhook.WebhookError) as caught:
        webhook.post(Webhook(url, (SECRET,)), "{}", "d", now())
    assert "s3cret" not in str(caught.value)
    assert "whsec" not in repr(Webhook(url, (SECRET,)))


def test_a_receiver_that_drips_is_left_after_a_while(
    receiver: WebReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "DEADLINE", 0.3)
    receiver.answer = Answer(hangs=True)
    with pytest.raises(webhook.WebhookError, match="not accepted within"):
        webhook.post(hook(receiver), "{}", "d", now())


# ---- what it says ----------------------------------------------------------------------------


def test_an_event_says_what_happened_and_is_the_same_at_each_attempt() -> None:
    given = Webhook("https://x.example", (SECRET,))
    text = messages.event(given, [notice()], SITE)
    assert text == messages.event(given, [notice()], SITE)
    told = json.loads(text)
    assert told.keys() == {"type", "timestamp", "data"}
    assert told["type"] == "monitor.down"
    assert told["timestamp"] == "2026-01-01T00:01:00.000Z"
    data = told["data"]
    assert data["monitor"] == {
        "tag": "job", "name": "Nightly “job”", "url": "https://status.acme.example/monitors/job"
    }  # fmt: skip
    assert data["incident"] == {"id": "42", "url": "https://status.acme.example/incidents/42"}
    assert (data["since"], data["until"]) == ("2026-01-01T00:00:00.000Z", None)
    assert data["alert_count"] == len(data["alerts"]) == 1


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({}, "monitor.down"),
        ({"status": Status.DEGRADED}, "monitor.degraded"),
        ({"kind": AlertStatus.RESOLVED, "status": Status.UP, "recovered": T + MINUTE}, "monitor.up"),
        ({"kind": AlertStatus.RESOLVED, "status": Status.DEGRADED}, "monitor.up"),
    ],
)
def test_the_type_is_what_the_monitor_became(fields: dict[str, Any], kind: str) -> None:
    text = messages.event(Webhook("https://x.example", (SECRET,)), [notice(**fields)], SITE)
    assert json.loads(text)["type"] == kind


def test_a_batch_is_one_event_that_stays_small() -> None:
    many = [notice(monitor=f"job-{n}", message="x" * 100_000, name="n" * 50) for n in range(300)]
    text = messages.event(Webhook("https://x.example", (SECRET,)), many, SITE)
    told = json.loads(text)["data"]
    assert told["alert_count"] == 300
    assert len(told["alerts"]) == 20
    assert len(text) < 32_000


def test_statuspages_own_shape_is_a_component_that_changed() -> None:
    given = Webhook("https://x.example", (SECRET,), WebhookShape.STATUSPAGE)
    told = json.loads(messages.event(given, [notice()], SITE))
    assert told.keys() == {"meta", "page", "component_update", "component"}
    assert told["page"]["status_indicator"] == "major"
    assert told["component_update"].keys() == {"id", "created_at", "old_status", "new_status", "component_id"}
    assert told["component_update"]["new_status"] == told["component"]["status"] == "major_outage"
    over = json.loads(
        messages.event(given, [notice(kind=AlertStatus.RESOLVED, status=Status.UP, recovered=T + 9)], SITE)
    )
    assert over["component_update"]["old_status"] == "major_outage"
    assert over["component"]["status"] == "operational"
    assert over["component_update"]["created_at"] == "2026-01-01T00:00:00.009Z"


# ---- through deliveries ----------------------------------------------------------------------


def hooked(url: str, secret: str = SECRET) -> Config:
    given = config(rules=(rule(notifiers=("hook",)),), notifiers={}, site=SITE)
    notifier = Notifier("hook", (), webhook=Webhook(url, (secret,)))
    return Config(
        **{name: getattr(given, name) for name in ("monitors", "rules", "site")}, notifiers={"hook": notifier}
    )


def deliver(world: World) -> None:
    def no_send(*call: object, **fields: object) -> None:
        raise AssertionError("only the webhook is configured")

    sender = Sender(world.service, no_send, webhook.post)
    before = set(threading.enumerate())
    sender.step(world.clock.now)
    for thread in set(threading.enumerate()) - before:
        if thread.name.startswith("send-"):  # the receiver has threads, too
            thread.join(10)


def test_trouble_and_its_end_arrive_once_each(world: World, receiver: WebReceiver) -> None:
    world.restart(hooked(f"http://{receiver.address}/hook"))
    world.beat(Status.DOWN, "disk full")
    deliver(world)
    world.beat()
    world.run(1)
    deliver(world)
    deliver(world)
    kinds = [call.json["type"] for call in receiver.requests]
    assert kinds == ["monitor.down", "monitor.up"]
    assert receiver.requests[0].json["data"]["message"] == "disk full"
    assert len({call.headers["webhook-id"] for call in receiver.requests}) == 2


def test_a_retry_has_the_same_id_and_body_and_waits_as_long_as_it_was_asked_to(
    world: World, receiver: WebReceiver
) -> None:
    world.restart(hooked(f"http://{receiver.address}/hook"))
    receiver.answer = Answer(429, headers={"Retry-After": "600"})
    world.beat(Status.DOWN)
    deliver(world)
    (waiting,) = store.deliveries(world.db.read(), 10)
    assert waiting.status is DeliveryStatus.WAITING
    assert waiting.due == world.clock.now + 600 * SECOND
    receiver.answer = Answer(200)
    world.skip_to(world.clock.now + 601 * SECOND)
    deliver(world)
    first, second = receiver.requests
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == waiting.id
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]


def test_who_wants_no_more_gets_no_more_of_it(world: World, receiver: WebReceiver) -> None:
    world.restart(hooked(f"http://{receiver.address}/hook"))
    receiver.answer = Answer(410)
    world.beat(Status.DOWN)
    deliver(world)
    (given_up,) = store.deliveries(world.db.read(), 10)
    assert given_up.status is DeliveryStatus.FAILED
    assert "410" in given_up.error


def test_a_new_secret_signs_what_was_owed_before(world: World, receiver: WebReceiver) -> None:
    world.restart(hooked(f"http://{receiver.address}/hook"))
    world.beat(Status.DOWN)
    world.service.reload(hooked(f"http://{receiver.address}/hook", OTHER))
    world.clock.now = now()  # the library compares with the present
    deliver(world)
    (call,) = receiver.requests
    Verifier(OTHER).verify(call.body, call.headers)


def test_neither_secret_nor_address_is_in_the_database(world: World, receiver: WebReceiver) -> None:
    world.restart(hooked(f"http://{receiver.address}/a-token-in-the-path"))
    world.beat(Status.DOWN)
    deliver(world)
    path = Path(world.db.path)
    for file in path.parent.glob(f"{path.name}*"):
        assert b"whsec" not in file.read_bytes()
        assert b"a-token-in-the-path" not in file.read_bytes()


# ---- in the file -----------------------------------------------------------------------------


def load(folder: Path, notifier: str) -> Config:
    path = folder / "config.yaml"
    path.write_text(
        f"monitors: [{{tag: job, secret: a-secret-of-the-job-0123456789}}]\nnotifiers:\n  hook: {notifier}\n"
    )
    return configuration.load(path, {})


def test_the_file_gives_address_secret_and_shape(tmp_path: Path) -> None:
    url = "https://x.example/hook"
    plain = load(tmp_path, f"{{webhook: {url}, secret: {SECRET}}}").notifiers["hook"]
    assert plain == Notifier("hook", (), webhook=Webhook(url, (SECRET,)))
    both = load(
        tmp_path,
        f"{{webhook: {url}, secret: [{SECRET}, {OTHER}], format: statuspage, urls: 'json://localhost'}}",
    ).notifiers["hook"]
    assert both.webhook == Webhook(url, (SECRET, OTHER), WebhookShape.STATUSPAGE)
    assert both.urls == ("json://localhost",)


@pytest.mark.parametrize(
    ("notifier", "wrong"),
    [
        ("{title: x}", "neither `urls` nor a `webhook`"),
        ("{webhook: https://x.example}", "needs a `secret`"),
        (f"{{webhook: ftp://x.example, secret: {SECRET}}}", "begins with https:// or http://"),
        ("{webhook: https://x.example, secret: whsec_short}", "24 to 64 bytes as base64"),
        ("{webhook: https://x.example, secret: hunter2}", "24 to 64 bytes as base64"),
        (f"{{webhook: https://x.example, secret: {SECRET}, format: slack}}", "standard or statuspage"),
        (f"{{urls: 'json://localhost', secret: {SECRET}}}", "only for a `webhook`"),
        ("{urls: 'json://localhost', format: standard}", "only for a `webhook`"),
    ],
)
def test_a_wrong_webhook_is_refused_without_showing_its_secret(
    tmp_path: Path, notifier: str, wrong: str
) -> None:
    with pytest.raises(configuration.ConfigError) as caught:
        load(tmp_path, notifier)
    assert wrong in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert SECRET not in str(caught.value)
