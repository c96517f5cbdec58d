from __future__ import annotations

import io
import logging
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
import requests
from conftest import LIMITS, T, rule, tries
from hypothesis import given, settings
from hypothesis import strategies as st
from receivers import Answer, MailReceiver, Request, WebReceiver, mail_receiver, web_receiver

from kener_py import messages, notify
from kener_py.model import Monitor, Site

# Apprise looks for imghdr, gone in Python 3.13, when it loads its e-mail plugin.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

SECRET = "s3cr3t-T0ken"
NASTY = 'Tom & Jerry <b>"it\'s"</b> 100% \\n *bold* _x_ `y` #1 @all\n\n  second — ünïcödé 🚨\ttab\n.\nlast'


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def web() -> Iterator[WebReceiver]:
    with web_receiver() as receiver:
        yield receiver


@pytest.fixture
def post() -> Iterator[MailReceiver]:
    with mail_receiver() as receiver:
        yield receiver


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that reaches the root logger; unlike caplog, as in a program of ours."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield text
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture
def services(web: WebReceiver, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Makes `web` stand for every host on the internet; the hosts that were asked for."""
    hosts: list[str] = []
    send = requests.adapters.HTTPAdapter.send

    def to_loopback(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        hosts.append(urlsplit(request.url).netloc)
        request.url = f"http://{web.address}{request.path_url}"
        return send(self, request, *args, **kwargs)

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", to_loopback)
    return hosts


def send(url: str, title: str = "Backup is DOWN", body: str = "No heartbeat.", **more: str) -> None:
    notify.send(url, title, body, **{"severity": "major", "delivery": "d-1", **more})


def refusal(url: str, **more: str) -> notify.NotifyError:
    with pytest.raises(notify.NotifyError) as caught:
        send(url, **more)
    return caught.value


def mailto(post: MailReceiver, more: str = "", password: str = "right") -> str:
    return f"mailto://bot:{password}@{post.address}?from=kener@example.org&to=ops@example.com{more}"


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


# ---- names for a URL ---------------------------------------------------------------------------


def test_a_kind_is_the_scheme() -> None:
    assert notify.kind("mailto://a:b@c.org") == "mailto"
    assert notify.kind(" Slack://a/b/c") == "slack"
    assert notify.kind("no url") == "unknown"


def test_importing_the_module_does_not_import_apprise() -> None:
    code = "import sys, kener_py.notify as n; n.kind('json://h'); sys.exit('apprise' in sys.modules)"
    root = Path(__file__).parents[1]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


# ---- check ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "json://127.0.0.1:8080/hook",
        "jsons://user:pass@example.org/hook?+X-Token=abc&cto=3",
        "mailto://user:pass@127.0.0.1:25?from=a@example.org&to=b@example.org",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#ops",
        "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
        "discord://123456789012345678/abcdefghijklmnop",
        "  ntfy://topic  ",
    ],
)
def test_a_good_url_passes(url: str) -> None:
    assert notify.check(url) is None


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "not an Apprise URL: it should begin like mailto:// or slack://"),
        (f"{SECRET}@example.org", "not an Apprise URL"),
        (f"slak://{SECRET}/b/c", "slak:// is not a service that Apprise knows; did you mean slack://?"),
        (f"qqqqqqqq://{SECRET}", "is not a service that Apprise knows; see https://"),
        (f"https://example.org/{SECRET}", "for a webhook of your own write jsons://"),
        (f"file:///etc/{SECRET}", "list the URLs themselves"),
        (f"json://a.org/{SECRET}, json://b.org", "several URLs: write one URL per list item"),
        (f"json://a.org/{SECRET} mailto://b.org", "several URLs"),
        ("json://", "json:// URL cannot be used"),
        (f"json://[::1/{SECRET}", "json:// URL cannot be used"),
        (f"slack://{SECRET}", "write slack://{token_a}/{token_b}/{token_c}"),
        (f"slack://{SECRET}!!/b/c", "An invalid Slack (first) Token (***) was specified"),
        (f"mailto://u:{SECRET}@example.org?to=nobody", "Dropped invalid To email"),
        (f"json://h.org/{SECRET}?overflow=maybe", "Unsupported overflow mode"),
        ("vapid://a@b.org/c", "it needs cryptography"),
    ],
)
def test_a_bad_url_is_explained_without_its_secrets(url: str, says: str) -> None:
    problem = notify.check(url)
    assert problem is not None
    assert says in problem
    assert SECRET not in problem
    assert "\n" not in problem


ODD = st.text(st.characters(exclude_categories=()))  # with lone surrogates


@given(ODD | st.builds("{}://{}".format, st.sampled_from(["json", "mailto", "slack", "x"]), ODD))
@settings(max_examples=tries(60), deadline=None)
def test_check_never_raises(url: str) -> None:
    problem = notify.check(url)
    assert problem is None or problem.encode()


def test_a_url_that_apprise_does_not_know_is_a_permanent_error() -> None:
    assert refusal(f"slak://{SECRET}/b/c").is_permanent
    assert refusal("json://").is_permanent
    assert refusal("json://a.org json://b.org").is_permanent


# ---- e-mail --------------------------------------------------------------------------------------


@pytest.mark.real
def test_a_mail_arrives_as_readable_text(post: MailReceiver) -> None:
    send(mailto(post), "Backup is DOWN 🚨", NASTY)
    (mail,) = post.mails
    assert mail.sender == "kener@example.org"
    assert mail.recipients == ("ops@example.com",)
    assert mail.login == "bot"
    assert mail.message["Subject"] == "Backup is DOWN 🚨"
    assert parseaddr(mail.message["From"]) == ("", "kener@example.org")
    assert parseaddr(mail.message["To"])[1] == "ops@example.com"
    assert mail.message.get_content_type() == "text/plain"
    assert mail.message.get_content_charset() == "utf-8"
    assert mail.text == NASTY
    assert mail.message["X-Kener-Delivery"] == "d-1"
    assert len(mail.message.get_all("Message-ID")) == 1


@pytest.mark.real
def test_a_title_cannot_inject_a_mail_header(post: MailReceiver) -> None:
    send(mailto(post), "DOWN\r\nBcc: eve@example.net\u2028X-Evil: 1\x85\x0bX: 2\n\nbody", "text")
    (mail,) = post.mails
    assert mail.recipients == ("ops@example.com",)
    assert mail.message["Bcc"] is None
    assert mail.message["X-Evil"] is None
    assert mail.message["Subject"].startswith("DOWN Bcc: eve@example.net X-Evil: 1")
    assert mail.text == "text"


@pytest.mark.real
def test_every_recipient_in_a_mail_url_is_written_to(post: MailReceiver) -> None:
    send(mailto(post, ",second@example.com"))
    assert [mail.recipients for mail in post.mails] == [("ops@example.com",), ("second@example.com",)]


@pytest.mark.real
def test_a_refused_mail_names_the_servers_reason(post: MailReceiver) -> None:
    post.reply = "554 5.7.1 we do not like you"
    assert "we do not like you" in str(refusal(mailto(post)))
    assert not post.mails


@pytest.mark.real
def test_a_wrong_mail_password_is_told_but_not_shown(post: MailReceiver) -> None:
    error = refusal(mailto(post, password=SECRET))
    assert "535" in str(error)
    assert SECRET not in str(error)
    assert not error.is_permanent


@pytest.mark.real
def test_a_mail_server_that_is_silent_is_left_in_time(web: WebReceiver) -> None:
    # A web server waits for the client to speak first, just as this client waits for the server.
    started = time.monotonic()
    error = refusal(f"mailto://u:{SECRET}@{web.address}?from=a@example.org&to=b@example.org&cto=0.5")
    assert "timed out" in str(error)
    assert time.monotonic() - started < 5


# ---- webhooks ------------------------------------------------------------------------------------


@pytest.mark.real
@pytest.mark.parametrize(
    ("severity", "kind"),
    [("ok", "success"), ("minor", "warning"), ("major", "failure"), ("critical", "failure")],
)
def test_a_webhook_gets_title_message_and_type(web: WebReceiver, severity: str, kind: str) -> None:
    send(f"json://{web.address}/hook", severity=severity)
    (request,) = web.requests
    assert (request.method, request.path) == ("POST", "/hook")
    assert request.json["title"] == "Backup is DOWN"
    assert request.json["message"] == "No heartbeat."
    assert request.json["type"] == kind
    assert request.headers["user-agent"] == "kener-py"


@pytest.mark.real
@pytest.mark.parametrize("scheme", ["json", "xml", "form"])
def test_a_retry_carries_the_same_delivery_header(web: WebReceiver, scheme: str) -> None:
    for delivery in ("d-7", "d-7", "d-8"):
        send(f"{scheme}://{web.address}/?+X-Own=mine", delivery=delivery)
    assert [request.headers["x-kener-delivery"] for request in web.requests] == ["d-7", "d-7", "d-8"]
    assert web.requests[0].headers["x-own"] == "mine"


@pytest.mark.real
def test_a_delivery_header_in_the_url_is_left_alone(web: WebReceiver) -> None:
    send(f"json://{web.address}/?+X-Kener-Delivery=mine")
    assert web.requests[0].headers["x-kener-delivery"] == "mine"


def json_text(request: Request) -> str:
    return str(request.json["message"])


def xml_text(request: Request) -> str:
    (found,) = [one.text for one in ElementTree.fromstring(request.body).iter() if one.tag == "Message"]
    return found or ""


def form_text(request: Request) -> str:
    return parse_qs(request.body.decode())["message"][0]


READERS: list[tuple[str, Callable[[Request], str]]] = [
    ("json", json_text),
    ("xml", xml_text),
    ("form", form_text),
]


@pytest.mark.real
@pytest.mark.parametrize(("scheme", "text"), READERS)
def test_odd_text_survives(web: WebReceiver, scheme: str, text: Callable[[Request], str]) -> None:
    send(f"{scheme}://{web.address}/", "title", NASTY)
    assert text(web.requests[0]) == NASTY


@pytest.mark.real
@pytest.mark.parametrize(("scheme", "text"), READERS)
def test_text_that_cannot_be_sent_is_mended(
    web: WebReceiver, scheme: str, text: Callable[[Request], str]
) -> None:
    send(f"{scheme}://{web.address}/", "ti\0tle", "a\0b \ud83d c \ud83d\udea8 \x1b[31m \uffff\r\nd\re")
    assert text(web.requests[0]) == "a\ufffdb \ufffd c 🚨 \ufffd[31m \ufffd\nd\ne"


@pytest.mark.real
def test_unsendable_text_does_not_stop_a_mail(post: MailReceiver) -> None:
    send(mailto(post), "ti\0tle \ud83d", "a\0b \ud83d")
    assert post.mails[0].message["Subject"] == "ti\ufffdtle \ufffd"
    assert post.mails[0].text == "a\ufffdb \ufffd"


@pytest.mark.real
def test_a_message_without_a_body_says_its_title(web: WebReceiver) -> None:
    send(f"json://{web.address}/", "only a title", "")
    assert web.requests[0].json["message"] == "only a title"


@pytest.mark.real
def test_a_slow_receiver_is_waited_for(web: WebReceiver) -> None:
    web.answer = Answer(delay=0.5)
    send(f"json://{web.address}/")
    assert len(web.requests) == 1


# ---- failures --------------------------------------------------------------------------------------


@pytest.mark.real
def test_a_server_error_is_named_with_what_the_server_said(web: WebReceiver) -> None:
    web.answer = Answer(500, "disk on fire")
    error = refusal(f"json://{web.address}/{SECRET}")
    assert "500" in str(error)
    assert "disk on fire" in str(error)
    assert not error.is_permanent
    assert len(web.requests) == 1


@pytest.mark.real
def test_a_reason_can_be_stored_and_shown_on_one_line(web: WebReceiver) -> None:
    web.answer = Answer(500, "first\nsecond \x1b[31m \0 " + "long " * 200)
    reason = str(refusal(f"json://{web.address}/"))
    assert reason.isprintable()
    assert len(reason) < 400


@pytest.mark.real
def test_a_receiver_that_hangs_is_left_in_time(web: WebReceiver) -> None:
    web.answer = Answer(hangs=True)
    started = time.monotonic()
    error = refusal(f"json://{web.address}/{SECRET}?rto=0.5")
    assert "Read timed out" in str(error)
    assert time.monotonic() - started < 5


@pytest.mark.real
def test_a_receiver_that_hangs_is_left_after_ten_seconds_unless_the_url_says_else(
    web: WebReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    real = requests.Session.send

    def noted(self: Any, request: Any, **kwargs: Any) -> Any:
        asked.append(kwargs["timeout"])
        return real(self, request, **kwargs)

    monkeypatch.setattr(requests.Session, "send", noted)
    send(f"json://{web.address}/")
    send(f"json://{web.address}/?cto=4&rto=4")
    assert asked == [(10.0, 10.0), (4.0, 4.0)]


@pytest.mark.real
def test_a_receiver_that_drips_is_left_at_the_deadline(
    web: WebReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "DEADLINE", 0.7)
    web.answer = Answer(text="x" * 100, drip=0.1)
    started = time.monotonic()
    assert "not accepted within 0.7 seconds" in str(refusal(f"json://{web.address}/{SECRET}?rto=5"))
    assert time.monotonic() - started < 3


@pytest.mark.real
def test_a_refused_connection_is_named() -> None:
    assert "Connection refused" in str(refusal(f"json://127.0.0.1:{closed_port()}/{SECRET}"))
    assert "Connection refused" in str(refusal(f"mailto://u:p@127.0.0.1:{closed_port()}?from=a@example.org"))


def test_a_host_that_does_not_resolve_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*args: Any, **kwargs: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fails)
    error = str(refusal(f"json://nowhere.example/{SECRET}"))
    assert "Failed to resolve 'nowhere.example'" in error
    assert "Name or service not known" in error


@pytest.mark.real
@pytest.mark.parametrize("status", [301, 302, 307])
def test_a_redirect_is_a_failure_because_following_it_may_drop_the_text(
    web: WebReceiver, status: int
) -> None:
    web.answers["/old"] = Answer(status, headers={"Location": "/new"})
    error = str(refusal(f"json://{web.address}/old"))
    assert f"error={status}" in error
    assert "write the address it redirects to" in error
    assert [request.path for request in web.requests] == ["/old"]


@pytest.mark.real
def test_a_redirect_is_followed_when_the_url_says_so(web: WebReceiver) -> None:
    web.answers["/old"] = Answer(307, headers={"Location": "/new"})
    send(f"json://{web.address}/old?redirect=yes")
    assert [request.path for request in web.requests] == ["/old", "/new"]
    assert web.requests[1].json["message"] == "No heartbeat."


@pytest.mark.real
def test_an_optional_url_that_fails_is_a_failure(web: WebReceiver) -> None:
    web.answer = Answer(500)
    assert "500" in str(refusal(f"json://{web.address}/?optional=yes"))


@pytest.mark.real
def test_a_plugin_that_crashes_is_a_failure(web: WebReceiver) -> None:
    assert "raised an exception" in str(refusal(f"json://{web.address}/{SECRET}?cto=0"))


def failing_urls(web: WebReceiver, post: MailReceiver) -> list[str]:
    token = f"{SECRET}%2Fplus"
    closed = f"127.0.0.1:{closed_port()}"
    return [
        f"json://user:{token}@{web.address}/echo/{token}?+X-Token={token}&-key={token}&:field={token}",
        f"form://{web.address}/{token}?method=GET&-key={token}",
        f"json://{closed}/{token}?-key={token}",
        f"json://{web.address}/hang/{token}?rto=0.3",
        f"json://{web.address}/redirect/{token}",
        f"json://{web.address}/{token}?cto=0",
        f"json://{web.address}/{token}?retry=1&wait=0",
        f"json://{token}.invalid:{closed_port()}9/",
        f"mailto://bot:{token}@{post.address}?from=a@example.org&to=b@example.org",
        f"mailto://bot:{token}@{closed}?from=a@example.org&to=b@example.org",
        f"mailto://bot:{token}@example.org?from={token}&smtp=127.0.0.1",
        f"slack://{SECRET}/b/c",
        f"unknown://{token}",
        f"json://[{token}/",
    ]


@pytest.mark.real
@pytest.mark.parametrize("number", range(14))
def test_no_failure_shows_a_secret(
    web: WebReceiver,
    post: MailReceiver,
    number: int,
    log: io.StringIO,
    capfd: pytest.CaptureFixture[str],
) -> None:
    web.answer = Answer(403, f"bad token {SECRET}/plus for user")
    urls = failing_urls(web, post)
    assert len(urls) == 14
    web.answers[f"/hang/{SECRET}%2Fplus"] = Answer(hangs=True)
    web.answers[f"/redirect/{SECRET}%2Fplus"] = Answer(302, headers={"Location": f"http://{SECRET}/"})
    error = refusal(urls[number])
    everything = (
        f"{error} {error!r} {notify.check(urls[number])} {log.getvalue()} {''.join(capfd.readouterr())}"
    )
    for part in (SECRET, SECRET.lower(), "s3cr3t"):
        assert part not in everything
    assert "http://" not in str(error)
    assert error.__cause__ is None
    assert error.__context__ is None or error.__suppress_context__


@pytest.mark.real
@pytest.mark.parametrize(
    "url", [f"tgram://123456789:{SECRET}/1/", f"slack://T1JJ3T3L2/A1BRTD4JD/{'s3cr3tT0ken' * 2}xx"]
)
@pytest.mark.parametrize("answer", [Answer(404), Answer(hangs=True), Answer(302, headers={"Location": "/"})])
def test_no_failure_of_a_chat_service_shows_a_token(
    web: WebReceiver, services: list[str], log: io.StringIO, url: str, answer: Answer
) -> None:
    web.answer = replace(answer, text=f"cannot {url}")
    error = refusal(f"{url}?rto=0.3")
    assert web.requests
    assert "s3cr3t" not in f"{error} {log.getvalue()}"


@pytest.mark.real
def test_apprise_says_nothing_on_its_own(
    web: WebReceiver, log: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    send(f"json://{web.address}/{SECRET}")
    web.answer = Answer(500)
    refusal(f"json://{web.address}/{SECRET}")
    assert SECRET not in log.getvalue()
    assert capfd.readouterr() == ("", "")


@pytest.mark.real
def test_a_short_password_is_hidden_and_words_around_it_stay(web: WebReceiver) -> None:
    web.answer = Answer(500, "pw is wrong, pwd is not")
    assert "*** is wrong, pwd is not" in str(refusal(f"json://u:pw@{web.address}/"))


@pytest.mark.real
def test_parallel_sends_do_not_mix_their_reasons(web: WebReceiver) -> None:
    def one(number: int) -> str:
        status = 400 + number
        web.answers[f"/{status}"] = Answer(status, f"reason {status}", delay=0.02 * (number % 3))
        return str(refusal(f"json://{web.address}/{status}"))

    with ThreadPoolExecutor(16) as pool:
        errors = list(pool.map(one, range(40)))
    for number, error in enumerate(errors):
        assert f"error={400 + number}" in error
        assert len({word for word in error.split() if word.startswith("error=")}) == 1


@pytest.mark.real
def test_receivers_that_hang_do_not_delay_the_others(web: WebReceiver) -> None:
    web.answers["/hang"] = Answer(hangs=True)
    with ThreadPoolExecutor(32) as pool:
        hung = [pool.submit(refusal, f"json://{web.address}/hang?rto=2") for _ in range(30)]
        time.sleep(0.3)
        started = time.monotonic()
        send(f"json://{web.address}/")
        assert time.monotonic() - started < 1
        assert all("timed out" in str(one.result()) for one in hung)


# ---- chat services -----------------------------------------------------------------------------------


SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#ops"
DISCORD = "discord://123456789012345678/abcdefghijklmnop"
TELEGRAM = "tgram://123456789:abcdefg_hijklmnop/12315544/"


@pytest.mark.real
def test_slack_gets_title_text_and_colour(web: WebReceiver, services: list[str]) -> None:
    send(SLACK, "Backup <DOWN>", "Tom & Jerry <!channel>\nline")
    (request,) = web.requests
    assert services == ["hooks.slack.com"]
    assert request.path == "/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
    (attachment,) = request.json["attachments"]
    assert request.json["channel"] == "#ops"
    assert attachment["title"] == "Backup &lt;DOWN&gt;"
    assert attachment["text"] == "Tom &amp; Jerry &lt;!channel&gt;\nline"
    assert attachment["color"] == "#A32037"
    assert attachment["footer"] == "kener-py"


@pytest.mark.real
def test_slack_colours_follow_the_severity(web: WebReceiver, services: list[str]) -> None:
    for severity in ("ok", "minor", "major", "critical"):
        send(SLACK, severity=severity)
    colours = [request.json["attachments"][0]["color"] for request in web.requests]
    assert colours == ["#3AA337", "#CACF29", "#A32037", "#A32037"]


@pytest.mark.real
def test_slacks_own_web_address_works_too(web: WebReceiver, services: list[str]) -> None:
    send("https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ")
    assert web.requests[0].json["attachments"][0]["text"] == "No heartbeat."


@pytest.mark.real
def test_discord_gets_title_and_text(web: WebReceiver, services: list[str]) -> None:
    send(DISCORD, body="Tom & Jerry <b>\nline")
    (request,) = web.requests
    assert services == ["discord.com"]
    assert request.path == "/api/webhooks/123456789012345678/abcdefghijklmnop"
    assert request.json["content"] == "Backup is DOWN\r\nTom & Jerry <b>\nline"


@pytest.mark.real
def test_discord_gets_a_colour_when_the_url_asks_for_markdown(web: WebReceiver, services: list[str]) -> None:
    send(f"{DISCORD}?format=markdown", body="No heartbeat")
    (embed,) = web.requests[0].json["embeds"]
    assert embed["title"] == "Backup is DOWN"
    assert embed["description"] == "No heartbeat"
    assert embed["color"] == 0xA32037


@pytest.mark.real
@pytest.mark.parametrize(
    ("url", "most"),
    [(SLACK, 35_000), (DISCORD, 2_000), (TELEGRAM, 4_096), ("ntfy://topic", 7_800), ("json://h.org", 32_768)],
)
def test_a_long_text_is_one_message_that_begins_with_the_facts(
    web: WebReceiver, services: list[str], url: str, most: int
) -> None:
    web.answer = Answer(text='{"ok": true}' if url == TELEGRAM else "ok")
    send(url, body="Facts first.\n" + "0123456789 " * 1_000)
    (request,) = web.requests
    payload = request.json
    text = payload.get("content") or payload.get("text") or payload.get("message")
    text = text or payload["attachments"][0]["text"]
    assert len(text) <= most
    assert "Facts first." in text[:60]


@pytest.mark.real
def test_a_long_mail_arrives_whole(post: MailReceiver) -> None:
    body = "Facts first.\n" + "0123456789 & <🚨>\n" * 600
    send(mailto(post), body=body)
    (mail,) = post.mails
    assert mail.text == body.rstrip()


@pytest.mark.real
def test_a_long_text_for_telegram_is_not_cut_inside_an_escape(web: WebReceiver, services: list[str]) -> None:
    web.answer = Answer(text='{"ok": true}')
    for shift in range(5):
        send(TELEGRAM, body="x" * shift + "&<" * 5_000)
    for request in web.requests:
        assert request.json["parse_mode"] == "HTML"
        ElementTree.fromstring(f"<p>{request.json['text']}</p>")


@pytest.mark.real
def test_a_text_can_go_on_in_a_second_message_when_the_url_says_so(
    web: WebReceiver, services: list[str]
) -> None:
    send(f"{DISCORD}?overflow=split", body="line\n" * 700)
    assert len(web.requests) == 2


# ---- the form that a service shows ---------------------------------------------------------------


FORMS = {"html": "<p><b>Status:</b> DOWN &lt;now&gt;</p>", "markdown": "**Status:** DOWN \\<now\\>"}


@pytest.mark.real
def test_a_mail_is_html_with_a_text_beside_it(post: MailReceiver) -> None:
    send(mailto(post), body="Status: DOWN <now>", **FORMS)
    (mail,) = post.mails
    text, html = mail.message.iter_parts()
    assert mail.message.get_content_type() == "multipart/alternative"
    assert text.get_content().strip() == "Status: DOWN <now>"
    assert html.get_content().strip() == FORMS["html"]
    assert mail.message["X-Kener-Delivery"] == "d-1"


@pytest.mark.real
def test_a_url_can_ask_for_a_mail_in_plain_text(post: MailReceiver) -> None:
    send(mailto(post, "&format=text"), body="Status: DOWN <now>", **FORMS)
    assert post.mails[0].text == "Status: DOWN <now>"


@pytest.mark.real
def test_mails_of_one_thread_refer_to_the_same_message(post: MailReceiver) -> None:
    for title in ("DOWN: Job", "RESOLVED: Job"):
        send(mailto(post), title, thread="incident-7.status.example.org", **FORMS)
    send(mailto(post))
    first, second, other = (mail.message for mail in post.mails)
    assert first["References"] == "<incident-7.status.example.org@kener-py.invalid>"
    assert first["In-Reply-To"] == second["In-Reply-To"] == first["References"] == second["References"]
    assert first["Message-ID"] != second["Message-ID"]
    assert other["References"] is None


@pytest.mark.real
def test_a_thread_cannot_inject_a_mail_header(post: MailReceiver) -> None:
    send(mailto(post), thread="a>\r\nBcc: eve@example.net\r\n\r\nbody \u2028ü" + "x" * 500)
    (mail,) = post.mails
    assert mail.recipients == ("ops@example.com",)
    assert mail.message["Bcc"] is None
    assert mail.message["References"].startswith("<a-Bcc-eve-example.net-body-x")
    assert mail.message["References"].count("@") == 1
    assert mail.text == "No heartbeat."


@pytest.mark.real
@pytest.mark.parametrize(("scheme", "text"), READERS)
def test_a_webhook_gets_the_text(web: WebReceiver, scheme: str, text: Callable[[Request], str]) -> None:
    send(f"{scheme}://{web.address}/", thread="incident-7", **FORMS)
    (request,) = web.requests
    assert text(request) == "No heartbeat."
    assert "references" not in request.headers


@pytest.mark.real
def test_slack_gets_markdown_in_its_own_spelling(web: WebReceiver, services: list[str]) -> None:
    send(SLACK, "Backup <!here>", **FORMS | {"markdown": "**Status:** DOWN \\<!channel\\> *x*"})
    (attachment,) = web.requests[0].json["attachments"]
    assert web.requests[0].json["mrkdwn"] is True
    assert attachment["text"] == "*Status:* DOWN &lt;!channel&gt; _x_"
    assert attachment["title"] == "Backup &lt;!here&gt;"


@pytest.mark.real
def test_discord_gets_markdown_and_a_title_that_is_none(web: WebReceiver, services: list[str]) -> None:
    send(DISCORD, "*Backup* @everyone", **FORMS)
    assert web.requests[0].json["content"] == "\\*Backup\\* @\u200beveryone\r\n" + FORMS["markdown"]


@pytest.mark.real
def test_a_text_for_a_chat_calls_nobody(web: WebReceiver, services: list[str]) -> None:
    send(f"{DISCORD}?format=text", body="@everyone <@123> <@&4> @HERE", **FORMS)
    content = web.requests[0].json["content"]
    assert not any(ping in content for ping in ("@everyone", "<@123", "<@&4", "@HERE"))


@pytest.mark.real
def test_telegram_gets_html_that_it_accepts(web: WebReceiver, services: list[str]) -> None:
    web.answer = Answer(text='{"ok": true}')
    send(TELEGRAM, "Backup <DOWN> & out", **FORMS)
    payload = web.requests[0].json
    assert payload["parse_mode"] == "HTML"
    assert "Backup &lt;DOWN&gt; &amp; out" in payload["text"]
    assert "<b>Status:</b> DOWN &lt;now&gt;" in payload["text"]
    ElementTree.fromstring(f"<p>{payload['text']}</p>")


@pytest.mark.real
def test_the_built_in_message_arrives_readable_and_calls_nobody(
    web: WebReceiver, post: MailReceiver, services: list[str]
) -> None:
    down, _ = messages.examples(Monitor("nightly_backup", "My *job*", LIMITS), rule(), T)
    notice = replace(down, message="<!channel> @everyone <@U123>\n# 5 [x](http://e.org)")
    made = messages.compose([notice], Site(url="https://status.example.org"), "d-1")
    for url in (SLACK, DISCORD, mailto(post)):
        send(url, made.title, made.text, html=made.html, markdown=made.markdown)
    slack = web.requests[0].json["attachments"][0]["text"]
    discord = web.requests[1].json["content"]
    assert "*Monitor:* My \\*job\\* (nightly_backup)" in slack
    assert "**Monitor:** My \\*job\\* (nightly_backup)" in discord
    assert discord.startswith("DOWN: My \\*job\\* (minor)\r\n")
    for text in (slack, discord):
        assert "https://status.example.org/monitors/nightly_backup" in text
        assert not any(ping in text for ping in ("<!channel", "@everyone", "<@U123"))
        assert "\n# 5" not in text
    (mail,) = post.mails
    assert mail.message["Subject"] == "DOWN: My *job* (minor)"
    assert "Monitor: My *job* (nightly_backup)" in mail.text
    assert "The job said: <!channel> @everyone <@U123>" in mail.text


@pytest.mark.real
def test_ntfy_gets_text_unless_its_url_asks_for_markdown(web: WebReceiver, services: list[str]) -> None:
    send("ntfy://topic", **FORMS)
    send("ntfy://topic?format=markdown", **FORMS)
    assert [request.json["message"] for request in web.requests] == ["No heartbeat.", FORMS["markdown"]]
    assert "x-markdown" not in web.requests[0].headers
    assert web.requests[1].headers["x-markdown"] == "yes"
