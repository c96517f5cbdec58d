"""What a page says of itself when it is a copy: as of when, and that nothing later is in it.

The application that writes copies says so in the environment of each request; a server never does.
"""

from __future__ import annotations

import re

from flask import Flask, has_request_context, request

from kener_py.model import MINUTE, Instant, Millis

ENVIRON = "kener_py.copied"  # of a request whose answer is written down: the instant of the copy
WRITTEN_PATH = "/written.json"  # which tells scripts when the newest copy was made
OLD: Millis = 4 * MINUTE  # a copy of this age says that it is old, as app.js does of a server it cannot reach

# Where a page says it: a copy that differs in nothing else is the same.
NOTE = re.compile(rb'<p class="copied.*?</p>', re.DOTALL)


def copied() -> Instant | None:
    """When the copy that is made of this answer was begun; None if it goes to a visitor."""
    return request.environ.get(ENVIRON) if has_request_context() else None


def register(app: Flask) -> None:
    app.jinja_env.globals.update(copied_at=copied, copies_are_old=OLD, written_path=WRITTEN_PATH)
