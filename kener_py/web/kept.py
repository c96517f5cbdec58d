"""Answers kept until something that they show changes, and given out ahead of Flask.

What is kept is exactly what Flask answered: rendered, compressed, named. It holds while the service says
that nothing has changed, and until the next instant at which time alone changes what is shown.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from time import perf_counter
from typing import TYPE_CHECKING

from flask import Response, g, request
from werkzeug.http import parse_etags

from kener_py.model import Instant
from kener_py.service import Service
from kener_py.web.coding import LONGEST_WISH, best
from kener_py.web.pages.show import is_terminal
from kener_py.web.wsgi import Reply

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

Key = tuple[str, ...]

# What makes an answer somebody's own, or asks for what only Flask's side knows.
_RARE = frozenset({"HTTP_AUTHORIZATION", "HTTP_X_API_KEY", "HTTP_IF_MATCH", "HTTP_IF_UNMODIFIED_SINCE"})

_MOST_BYTES = 16 * 1024 * 1024
_MOST_ANSWERS = 2_000
_LONGEST_KEY = 2_000  # characters; a longer address is nobody's bookmark


@dataclass(frozen=True, slots=True)
class Shown:
    """What an answer was made from: it holds while this is so."""

    version: object
    until: Instant


@dataclass(frozen=True, slots=True)
class Kept:
    shown: Shown
    is_heard: bool  # whether it shows heartbeats
    route: str
    whole: Reply
    unchanged: Reply  # for those who have it already
    is_tagged: Callable[[str], bool]  # whether an If-None-Match names this answer
    size: int


class Keeper:
    """The answers of one application: `remember` takes them in, on Flask's side; `give` gives them out."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._lock = threading.Lock()
        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self._size = 0

    def shown(self, is_heard: bool) -> Shown:
        """What an answer that is made from now on shows."""
        return Shown(self._service.version(is_heard), self._service.holds_until())

    def find(self, key: Key) -> Kept | None:
        """The answer that holds now."""
        found = self._kept.get(key)
        if found is None:
            return None
        shown = found.shown
        if shown.version != self._service.version(found.is_heard) or self._service.clock() >= shown.until:
            return None
        with suppress(KeyError):  # dropped a moment ago
            self._kept.move_to_end(key)
        return found

    def latest(self, key: Key) -> Kept | None:
        """The newest answer, whether it still holds or not."""
        return self._kept.get(key)

    def remember(self, answer: Response, shown: Shown, is_heard: bool) -> None:
        """Keep a complete answer of 200, before it is made conditional."""
        key = key_of(request.environ)
        if key is None or answer.status_code != 200:
            return
        if sum(map(len, key)) > _LONGEST_KEY:
            return
        body = answer.get_data()
        headers = [(name, value) for name, value in answer.headers if name != "Content-Length"]
        whole = Reply(200, [*headers, ("Content-Length", str(len(body)))], body)
        unchanged = Reply(304, [each for each in headers if each[0] not in _OF_A_BODY], b"")
        route = request.url_rule.rule if request.url_rule else ""
        is_tagged = _tagged(answer.headers.get("ETag", ""))
        size = len(body) + sum(len(name) + len(value) + 200 for name, value in headers)
        kept = Kept(shown, is_heard, route, whole, unchanged, is_tagged, size)
        with self._lock:
            self._drop(key)
            self._kept[key] = kept
            self._size += size
            while self._size > _MOST_BYTES or len(self._kept) > _MOST_ANSWERS:
                self._drop(next(iter(self._kept)))

    def _drop(self, key: Key) -> None:
        old = self._kept.pop(key, None)
        if old is not None:
            self._size -= old.size

    def give(self, kept: Kept, environ: WSGIEnvironment, began: float) -> Reply:
        """The answer as it goes to this visitor; `began` is the reading of `perf_counter` when he asked."""
        named = environ.get("HTTP_IF_NONE_MATCH")
        has_it = named is not None and kept.is_tagged(named[:LONGEST_WISH])
        reply = kept.unchanged if has_it else kept.whole
        self._service.requests.add(
            perf_counter() - began, environ["REQUEST_METHOD"], kept.route, str(reply.code)
        )
        return reply


_OF_A_BODY = frozenset({"Content-Type", "Content-Encoding", "Content-Language", "Last-Modified"})


def key_of(environ: WSGIEnvironment) -> Key | None:
    """What an answer may depend on; None for a request that is answered anew each time."""
    if environ["REQUEST_METHOD"] not in ("GET", "HEAD") or not _RARE.isdisjoint(environ):
        return None
    get = environ.get
    if "HTTP_IF_MODIFIED_SINCE" in environ and "HTTP_IF_NONE_MATCH" not in environ:
        return None
    return (
        get("SCRIPT_NAME", ""),
        environ["PATH_INFO"],
        get("QUERY_STRING", ""),
        get("HTTP_ACCEPT", ""),
        get("HTTP_ACCEPT_LANGUAGE", ""),
        best(get("HTTP_ACCEPT_ENCODING", "")[:LONGEST_WISH]),
        "t" if is_terminal(get("HTTP_USER_AGENT", "")[:LONGEST_WISH]) else "",
    )


def _tagged(etag: str) -> Callable[[str], bool]:
    bare = etag.removeprefix("W/").strip('"')

    @lru_cache(maxsize=4)
    def is_tagged(named: str) -> bool:
        return bool(bare) and parse_etags(named).contains_weak(bare)

    return is_tagged


# ---- on Flask's side -------------------------------------------------------------------------


def watch(keeper: Keeper, is_heard: bool | None) -> None:
    """Before the view runs: note what its answer will show; None for a view whose answers are not kept."""
    g.shown = None if is_heard is None else (keeper.shown(is_heard), is_heard)


def keep(keeper: Keeper, answer: Response) -> None:
    """After it: keep the answer."""
    noted: tuple[Shown, bool] | None = g.get("shown")
    if noted is not None:
        keeper.remember(answer, *noted)
