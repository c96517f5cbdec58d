"""From silence to the message: a real server, a real mail server, a real web receiver, a real crash."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from receivers import Answer, MailReceiver, WebReceiver, mail_receiver, web_receiver

from .conftest import Serve
from .server import Server, configuration, milliseconds, monitor, until

pytestmark = pytest.mark.real

QUICK = {"degradedRemainingMinutes": 0.03, "downRemainingMinutes": 0.06}
SITE = {"title": "Acme", "url": "https://status.example.org", "timezone": "Europe/Berlin"}


@pytest.fixture
def mail() -> Iterator[MailReceiver]:
    with mail_receiver() as receiver:
        yield receiver


@pytest.fixture
def web() -> Iterator[WebReceiver]:
    with web_receiver() as receiver:
        yield receiver


def mail_url(mail: MailReceiver) -> str:
    return f"mailto://bot:right@{mail.address}?from=kener@example.org&to=ops@example.org"


def web_url(web: WebReceiver, path: str = "hook") -> str:
    return f"json://{web.address}/{path}"


def quick(*urls: str, **sections: Any) -> str:
    """One monitor that is down after 3.6 seconds of silence, and who is told."""
    return configuration(
        monitor("job", **QUICK), site=SITE, notifiers={"ops": list(urls)} if urls else {}, **sections
    )


def titles(web: WebReceiver) -> list[str]:
    return [request.json["title"] for request in web.requests]


def deliveries(server: Server) -> list[dict[str, Any]]:
    return server.sql("select * from delivery order by number")


def test_silence_becomes_a_mail_and_an_incident_and_a_heartbeat_ends_both(
    serve: Serve, mail: MailReceiver
) -> None:
    server = serve(quick(mail_url(mail)))
    job = server.target("job")
    assert job.beat("all 3 files copied").status == 200

    until(lambda: mail.mails, 30, "the first mail")
    incident = server.get("/api/v1/incidents").json()[0]
    down = job.shown()
    assert job.beat().status == 200
    until(lambda: len(mail.mails) == 2, 30, "the second mail")

    first, second = mail.mails
    assert first.message["subject"] == "DOWN: Job job (minor)"
    assert "Last heartbeat: " in first.text
    assert "Expected: a heartbeat at least every 1.8 s, down after 3.6 s" in first.text
    assert "The job said: all 3 files copied" in first.text
    assert "https://status.example.org/incidents/1" in first.text
    assert second.message["subject"].startswith("RESOLVED: Job job is UP after ")
    assert incident["started"] == down["since"], "an incident starts at the missed deadline"
    assert milliseconds(down["since"]) == milliseconds(down["last_heartbeat"]) + 3_600
    ended = server.get("/api/v1/incidents/1").json()
    assert ended["state"] == "RESOLVED"
    assert ended["resolved"] == job.becomes("UP")["since"]
    assert "Job job is down" in server.get("/incidents/1").text


def test_a_webhook_gets_the_facts_and_an_id(serve: Serve, web: WebReceiver) -> None:
    server = serve(quick(web_url(web)))
    server.target("job").beat(json.dumps({"status": "down", "message": "disk full"}))

    until(lambda: web.requests, 30, "the webhook")

    body = web.requests[0].json
    assert body["title"] == "DOWN: Job job (minor)"
    assert "The job said: disk full" in body["message"]
    assert web.requests[0].headers["x-kener-delivery"] == deliveries(server)[0]["id"]


def test_a_reported_failure_is_told_at_once_although_the_cron_is_far_away(
    serve: Serve, web: WebReceiver
) -> None:
    server = serve(
        configuration(monitor("job", cron="0 0 29 2 *"), notifiers={"ops": web_url(web)}, site=SITE)
    )

    server.target("job").beat(query="?status=down")

    until(lambda: titles(web) == ["DOWN: Job job (minor)"], 30, "the message")


def test_a_channel_that_hangs_delays_no_other(serve: Serve, web: WebReceiver) -> None:
    web.answers["/hangs"] = Answer(hangs=True)
    web.answers["/fails"] = Answer(status=500)
    server = serve(quick(web_url(web, "hangs"), web_url(web, "fails"), web_url(web, "works")))

    server.target("job").beat(query="?status=down")
    until(lambda: any(each.path == "/works" for each in web.requests), 30, "the message that works")
    server.target("job").beat()

    def told() -> int:
        return sum(each.path == "/works" for each in web.requests)

    until(lambda: told() == 2, 9, "the second message, before the hanging one has timed out")
    by_target = {row["target"]: row for row in deliveries(server) if row["status"] == "SENT"}
    assert len(by_target) == 1


def test_a_failed_delivery_is_tried_again_with_the_same_id(serve: Serve, web: WebReceiver) -> None:
    web.answer = Answer(status=503)
    server = serve(quick(web_url(web)))
    server.target("job").beat(query="?status=down")
    until(lambda: len(web.requests) == 1, 30, "the first attempt")
    until(lambda: "503" in deliveries(server)[0]["error"], 30, "the reason on record")
    web.answer = Answer()

    until(lambda: deliveries(server)[0]["status"] == "SENT", 40, "the second attempt")

    assert len({request.headers["x-kener-delivery"] for request in web.requests}) == 1
    assert deliveries(server)[0]["attempts"] == 2


def test_a_message_that_is_owed_survives_kill_9(serve: Serve, web: WebReceiver) -> None:
    web.answer = Answer(hangs=True)
    server = serve(quick(web_url(web)))
    server.target("job").beat(query="?status=down")
    until(lambda: web.requests, 30, "the attempt that is cut off")
    server.kill()
    web.answer = Answer()

    server.start()

    until(lambda: deliveries(server)[0]["status"] == "SENT", 30, "the message")
    assert len(deliveries(server)) == 1
    assert len({request.headers["x-kener-delivery"] for request in web.requests}) == 1
    assert len(server.get("/api/v1/incidents").json()) == 1


def test_a_job_that_died_while_the_server_was_off_is_still_caught(serve: Serve, web: WebReceiver) -> None:
    server = serve(quick(web_url(web)))
    server.target("job").beat()
    server.target("job").becomes("UP")
    server.kill()

    server.start()

    until(lambda: titles(web) == ["DOWN: Job job (minor)"], 30, "the message")


def test_no_message_and_no_log_line_carries_a_notifier_s_password(
    serve: Serve, mail: MailReceiver, web: WebReceiver
) -> None:
    web.answer = Answer(status=401, text="token-in-the-url-5c1f is wrong")
    server = serve(quick(f"{web_url(web)}/token-in-the-url-5c1f", mail_url(mail)))
    server.target("job").beat(query="?status=down")
    until(lambda: mail.mails and deliveries(server)[0]["error"], 30, "both outcomes")

    server.stop()

    seen = server.log + mail.mails[0].text + json.dumps(deliveries(server))
    assert "token-in-the-url-5c1f" not in seen
    assert ":right@" not in seen


def test_a_hidden_monitor_alerts_without_a_public_incident(serve: Serve, web: WebReceiver) -> None:
    hidden = monitor("job", hidden=True, **QUICK)
    server = serve(configuration(hidden, "other", notifiers={"ops": web_url(web)}, site=SITE))
    server.target("job").beat(query="?status=down")

    until(lambda: titles(web), 30, "the message")

    assert server.get("/api/v1/incidents").json() == []
    assert server.get("/incidents/1").status == 404
    assert server.get("/incidents/1").body == server.get("/incidents/999").body
    assert "Job job" not in server.get("/").text
