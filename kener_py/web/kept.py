"""Answers kept until something that they show changes, and given out ahead of Flask's dispatch.

What is kept is exactly what Flask answered: rendered, compressed, named. It holds while the service says
that nothing has changed, and until the next instant at which time alone changes what is shown.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
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

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

Key = tuple[str, ...]

# What makes an answer somebody's own, or asks for what only Flask's side knows.
_RARE = frozenset({"HTTP_AUTHORIZATION", "HTTP_X_API_KEY", "HTTP_IF_MATCH", "HTTP_IF_UNMODIFIED_SINCE"})

_MOST_BYTES = 16 * 1024 * 1024
_MOST_ANSWERS = 2_000
_LONGEST_KEY = 2_000  # characters; a longer address is nobody's bookmark
_LONGEST_WAIT = 10.0  # seconds for another request that renders the same


@dataclass(frozen=True, slots=True)
class Shown:
    """What an answer was made from: it holds while this is so."""

    version: object
    until: Instant


@dataclass(frozen=True, slots=True)
class _Kept:
    shown: Shown
    is_heard: bool  # whether it shows heartbeats
    route: str
    whole: list[tuple[str, str]]  # the head of 200
    unchanged: list[tuple[str, str]]  # the head of 304
    body: bytes
    is_tagged: Callable[[str], bool]  # whether an If-None-Match names this answer
    size: int


class Keeper:
    """The answers of one application; `Ahead` gives them out, `remember` takes them in."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._lock = threading.Lock()
        self._kept: OrderedDict[Key, _Kept] = OrderedDict()
        self._size = 0
        self._making: dict[Key, threading.Event] = {}

    def shown(self, is_heard: bool) -> Shown:
        """What an answer that is made from now on shows."""
        return Shown(self._service.version(is_heard), self._service.holds_until())

    def find(self, key: Key) -> _Kept | None:
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

    def was_kept(self, key: Key) -> bool:
        return key in self._kept

    def remember(self, answer: Response, shown: Shown, is_heard: bool) -> None:
        """Keep a complete answer of 200, before it is made conditional."""
        key = key_of(request.environ)
        if key is None or answer.status_code != 200 or request.method not in ("GET", "HEAD"):
            return
        if sum(map(len, key)) > _LONGEST_KEY:
            return
        body = answer.get_data()
        headers = [(name, value) for name, value in answer.headers if name != "Content-Length"]
        whole = [*headers, ("Content-Length", str(len(body)))]
        unchanged = [each for each in headers if each[0] not in _OF_A_BODY]
        route = request.url_rule.rule if request.url_rule else ""
        is_tagged = _tagged(answer.headers.get("ETag", ""))
        size = len(body) + sum(len(name) + len(value) + 200 for name, value in headers)
        kept = _Kept(shown, is_heard, route, whole, unchanged, body, is_tagged, size)
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

    # ---- one render for all who wait for the same ----

    def begin(self, key: Key) -> bool:
        """Whether the caller shall make the answer; if not, another one just has, or was too slow."""
        with self._lock:
            other = self._making.get(key)
            if other is None:
                self._making[key] = threading.Event()
                return True
        other.wait(_LONGEST_WAIT)
        return False

    def end(self, key: Key) -> None:
        with self._lock:
            self._making.pop(key).set()


class Ahead:
    """A WSGI application in front of `rest`: answers from what is kept, and leaves all else to it."""

    def __init__(self, service: Service, keeper: Keeper, rest: WSGIApplication) -> None:
        self._service, self._keeper, self.rest = service, keeper, rest

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        key = key_of(environ) if method in ("GET", "HEAD") else None
        if key is None:
            return self.rest(environ, start)
        began = perf_counter()
        found = self._keeper.find(key)
        if found is not None:
            return self._give(found, environ, start, began)
        if not self._keeper.was_kept(key):
            return self.rest(environ, start)
        if self._keeper.begin(key):
            try:
                return self.rest(environ, start)
            finally:
                self._keeper.end(key)
        found = self._keeper.find(key)
        return self.rest(environ, start) if found is None else self._give(found, environ, start, began)

    def _give(
        self, kept: _Kept, environ: WSGIEnvironment, start: StartResponse, began: float
    ) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        named = environ.get("HTTP_IF_NONE_MATCH")
        if named is not None and kept.is_tagged(named[:LONGEST_WISH]):
            code, status, headers, body = "304", "304 Not Modified", kept.unchanged, b""
        else:
            code, status, headers, body = "200", "200 OK", kept.whole, kept.body
        start(status, headers)
        self._service.requests.add(perf_counter() - began, method, kept.route, code)
        return [] if method == "HEAD" else [body]


_OF_A_BODY = frozenset({"Content-Type", "Content-Encoding", "Content-Language", "Last-Modified"})


def key_of(environ: WSGIEnvironment) -> Key | None:
    """What an answer may depend on; None for a request that is answered anew each time."""
    if not _RARE.isdisjoint(environ):
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
