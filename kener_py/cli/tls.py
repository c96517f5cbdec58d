"""Whether the HTTP server can show a pair of certificate and key; one that it cannot ends its process.

So another process tries first. OpenSSL, which looked at the pair before, reads more kinds of keys.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from kener_py.cli import hidden
from kener_py.model import Server, Tls

KINDS = "it takes RSA of 2048 to 4096 bits, ECDSA P-256 and P-384, and Ed25519"
_WITHIN = 30.0  # seconds; it takes one


def is_usable(tls: Tls) -> bool:
    """Whether a server with this pair shakes hands. Takes a second."""
    given = json.dumps([str(tls.cert.absolute()), str(tls.key.absolute()), tls.password])
    try:
        done = subprocess.run(
            hidden.words(hidden.try_certificate),
            input=given,  # and not an argument, which others see
            text=True,
            capture_output=True,
            timeout=_WITHIN,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def attempt() -> None:
    """The other process: ends with 0 once somebody has shaken hands with it, and else otherwise."""
    from kener_py.cli import server

    cert, key, password = json.load(sys.stdin)
    host, port = server.listening_at(Server("127.0.0.1", 0))
    http = server.prepared(host, port, tls=Tls(Path(cert), Path(key), password))
    threading.Thread(target=_shake, args=(host, port), daemon=True).start()
    http.serve(target_loader=lambda *_: _nothing)


async def _nothing(_scope: Any, call: Any) -> None:
    call.response_empty(404, [])


def _shake(host: str, port: int) -> None:
    anybody = ssl.create_default_context()
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    for _ in range(200):
        try:
            with socket.create_connection((host, port), 5) as plain, anybody.wrap_socket(plain):
                os._exit(0)
        except OSError:
            time.sleep(0.05)
    os._exit(1)
