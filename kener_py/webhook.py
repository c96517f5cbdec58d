"""One event to one webhook, signed as Standard Webhooks says. It keeps nothing and never tries twice."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import socket
import ssl
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from urllib.parse import urlsplit

from kener_py.model import SECOND, Instant, Millis, Webhook

TIMEOUT = 20.0  # seconds to connect, and again for each read
DEADLINE = 60.0  # seconds for the whole of one call
LONGEST_WAIT: Millis = 3_600 * SECOND  # that a receiver may ask for with Retry-After
PREFIX = "whsec_"
_GONE = 410


class WebhookError(Exception):
    """Why an event was not accepted, in words that are safe to log and to store.

    `is_permanent`: the receiver wants no more. `wait` is how long it asked to be left alone, in ms.
    """

    def __init__(self, reason: str, *, is_permanent: bool = False, wait: Millis = 0) -> None:
        super().__init__(reason)
        self.is_permanent = is_permanent
        self.wait = wait


def signature(secrets: Sequence[str], delivery: str, timestamp: int, body: str) -> str:
    """The header's value: one signature for each secret, so that secrets can be rotated."""
    signed = f"{delivery}.{timestamp}.{body}".encode()
    digests = (
        hmac.digest(base64.b64decode(secret.removeprefix(PREFIX)), signed, hashlib.sha256)
        for secret in secrets
    )
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)


def post(webhook: Webhook, body: str, delivery: str, at: Instant) -> None:
    """Return when the receiver has accepted it: any 2xx, and no redirect. Raises WebhookError.

    `delivery` is the same over retries; `at` is the instant of this attempt.
    """
    accepted: Future[None] = Future()

    def run() -> None:
        try:
            _post(webhook, body, delivery, at // SECOND)
        except BaseException as error:
            accepted.set_exception(error)
        else:
            accepted.set_result(None)

    # A thread per call, for a receiver that drips never hits a time limit of a single read.
    threading.Thread(target=run, name="webhook", daemon=True).start()
    try:
        accepted.result(DEADLINE)
    except TimeoutError:
        raise WebhookError(f"webhook: not accepted within {DEADLINE:g} seconds") from None


def _post(webhook: Webhook, body: str, delivery: str, timestamp: int) -> None:
    address = urlsplit(webhook.url)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "kener-py",
        "webhook-id": delivery,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(webhook.secrets, delivery, timestamp, body),
    }
    host = address.hostname or ""
    if address.scheme == "https":
        context = ssl.create_default_context()
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            host, address.port, timeout=TIMEOUT, context=context
        )
    else:
        connection = http.client.HTTPConnection(host, address.port, timeout=TIMEOUT)
    target = (address.path or "/") + (f"?{address.query}" if address.query else "")
    try:
        connection.request("POST", target, body.encode(), headers)
        with connection.getresponse() as answer:
            _judge(answer.status, answer.getheader("Retry-After"), host)
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        # The text of these may hold the address, and an address may hold a token.
        reason = type(error).__name__
        if isinstance(error, socket.gaierror):
            reason = "the host cannot be found"
        elif isinstance(error, TimeoutError):
            reason = "no answer in time"
        raise WebhookError(f"webhook: {host}: {reason}") from None
    finally:
        connection.close()


def _judge(code: int, retry_after: str | None, host: str) -> None:
    if 200 <= code < 300:
        return
    if code == _GONE:
        raise WebhookError(f"webhook: {host} answered 410: it wants no more", is_permanent=True)
    hint = " (it redirects: write the address it redirects to)" if 300 <= code < 400 else ""
    wait = 0
    if retry_after is not None and retry_after.strip().isdecimal():
        wait = min(int(retry_after.strip()[:9]) * SECOND, LONGEST_WAIT)
    raise WebhookError(f"webhook: {host} answered {code}{hint}", wait=wait)
