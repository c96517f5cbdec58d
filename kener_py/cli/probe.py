"""One question to a server of ours over HTTP, as `kener-py healthcheck` and the watchdog ask it."""

from __future__ import annotations

import http.client
import ssl

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # who listens there is asked here


class NoAnswer(Exception):
    """Nobody answered in time, or not by HTTP; the message says who was asked, and what happened."""


def ask(host: str, port: int, path: str, patience: float, is_https: bool = False) -> tuple[int, str]:
    """Return the code and the beginning of the text; `patience` is in seconds. Raises NoAnswer."""
    host = EVERYWHERE.get(host, host)
    connection = http.client.HTTPConnection(host, port, timeout=patience)
    if is_https:
        # Nobody's word is taken for more than "ready", and the certificate is not for this address.
        unverified = ssl.create_default_context()
        unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(host, port, timeout=patience, context=unverified)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read(1000).decode("utf-8", "replace").strip()
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswer(f"no answer from {host}:{port}: {error}") from None
    finally:
        connection.close()


def is_live(host: str, port: int, patience: float, is_https: bool) -> bool:
    try:
        return ask(host, port, "/livez", patience, is_https)[0] == 200
    except NoAnswer:
        return False
