"""The addresses of feeds. They speak the language of the site, whoever asks, and so are the same for all.

Each feed has an address of its own and some that other status pages use: who reads one of those learns
the first from what it gets.
"""

from __future__ import annotations

from email.utils import formatdate

from flask import Response

from kener_py.model import Instant
from kener_py.service import Service
from kener_py.web import language
from kener_py.web.feeds import atom, json, rss
from kener_py.web.feeds.entries import Scope, feed
from kener_py.web.pages.show import not_found

CACHE = "public, max-age=30, stale-while-revalidate=60"
_FORMS = {"atom": (atom.TYPE, atom.text), "rss": (rss.TYPE, rss.text), "json": (json.TYPE, json.text)}


def history_atom(service: Service, tag: str | None = None) -> Response:
    return _answer(service, "atom", tag)


def history_rss(service: Service, tag: str | None = None) -> Response:
    return _answer(service, "rss", tag)


def history_json(service: Service, tag: str | None = None) -> Response:
    return _answer(service, "json", tag)


def updates_atom(service: Service) -> Response:
    return _answer(service, "atom", None, Scope.UPDATES)


def _answer(service: Service, form: str, tag: str | None, scope: Scope = Scope.HISTORY) -> Response:
    """404 for a monitor that is hidden or not there. A query string changes nothing."""
    news = service.news(tag)
    if news is None:
        return not_found(service)
    language.speak(service.config.site.language)
    made = feed(service, news, scope, form)
    content_type, text = _FORMS[form]
    return shared(Response(text(made), content_type=content_type), made.updated)


def shared(answer: Response, updated: Instant | None) -> Response:
    """A document that every page may read, and that caches on the way may keep for a moment."""
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["Cache-Control"] = CACHE
    if updated is not None:
        answer.headers["Last-Modified"] = formatdate(updated // 1000, usegmt=True)
    return answer
