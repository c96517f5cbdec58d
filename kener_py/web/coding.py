"""How a body is packed for its way: Brotli or gzip, whatever the client takes."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from functools import lru_cache

import brotli
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

LONGEST_WISH = 500  # characters of a header; what is remembered of visitors stays small


def _brotli(body: bytes) -> bytes:
    packed: bytes = brotli.compress(body, mode=brotli.MODE_TEXT, quality=5)
    return packed


CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "br": _brotli,
    "gzip": lambda body: gzip.compress(body, 6, mtime=0),
}


@lru_cache(maxsize=256)
def best(accepted: str) -> str:
    """The coding for a client that sent this Accept-Encoding, or its beginning; "" for none."""
    wanted = {name.lower(): quality for name, quality in parse_accept_header(accepted, Accept)}
    offered = [name for name in CODINGS if wanted.get(name, 0) > 0]
    return max(offered, key=lambda name: wanted[name], default="")
