"""The whole public page as files: what the application answers, address by address, written down.

Nothing is rendered here: every file is an answer of `web.create`, with its links turned to those of files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from itertools import product
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

from flask import Flask
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, TestResponse, run_wsgi_app

from kener_py import __version__
from kener_py.model import DAY, LANGUAGES, SECOND, IncidentState, Instant, Millis
from kener_py.service import Service
from kener_py.web import PAGES, copied, create
from kener_py.web.export import folder as folders
from kener_py.web.export.folder import Folder, Refused
from kener_py.web.export.links import Links
from kener_py.web.export.places import Extent, Place, Places

__all__ = ["Refused", "Written", "export"]

DAYS = 90  # of which each monitor has a page of its own
_SETTLED: Millis = 7 * DAY  # after this, nobody is expected to add to what is over
_NOT_FOUND = "404.html"
_SAVE_EVERY: Millis = 5 * SECOND
_BROWSER = Headers({"Accept": "text/html", "User-Agent": "kener-py export"})
_HEAD = '<meta charset="utf-8">\n'


@dataclass(frozen=True, slots=True)
class Written:
    """What came of it, in files."""

    at: Instant  # as of when the page is
    written: int
    unchanged: int
    removed: int
    failed: tuple[str, ...] = ()  # addresses that the application failed at; their files stay


def export(
    service: Service, path: Path, is_forced: bool = False, fresh: Millis | None = None, version: str = ""
) -> Written:
    """Write the page into this folder. Raises Refused, OSError, StoreError.

    What belongs to the past is looked at again when something was said or configured since, when `version`
    is another one, and each hour. `fresh`: if that takes longer than this, the present is written again in
    between.
    """
    with folders.opened(path, is_forced) as folder:
        return _Walk(service, folder, version).run(fresh)


class _Walk:
    """One pass over the site."""

    def __init__(self, service: Service, folder: Folder, version: str) -> None:
        self._service, self._folder = service, folder
        self._app: Flask = create(service)
        site = service.config.site
        self._prefix = urlsplit(site.url).path.rstrip("/")
        at = service.clock()
        zone = ZoneInfo(site.timezone)
        today = datetime.fromtimestamp(at // SECOND, UTC).astimezone(zone).date()
        incidents, windows = service.incidents(), service.maintenances()
        found = {
            ("incidents", str(each.id))
            for each in incidents
            if each.state is IncidentState.RESOLVED and (each.resolved or at) < at - _SETTLED
        } | {("maintenances", str(each.id)) for each in windows if each.end < at - _SETTLED}
        settled = dict.fromkeys(sorted(found))  # in the same order each time: see `_made_of`
        self._days = [(today - timedelta(days=back)).isoformat() for back in range(DAYS)]
        self._numbers = {
            "incidents": [str(each.id) for each in incidents],
            "maintenances": [str(each.id) for each in windows],
        }
        extent = Extent(site, service.public_names().keys(), self._days[0], self._days[-1], settled)
        self._places = Places(self._app, [rule for rule, _view in PAGES], extent)
        self._links = Links(self._places, site.url, self._prefix)
        # Everything that a page of the past may show, and the hour, for what was not thought of.
        shown = (__version__, version, repr(incidents), repr(windows), repr(extent), at // (3_600 * SECOND))
        self._made_of = hashlib.sha256(repr(shown).encode()).hexdigest()[:16]
        self._failed: list[str] = []
        self._kept: set[str] = set()
        self._saved = at

    def run(self, fresh: Millis | None) -> Written:
        self._forget()
        at, past = self._present()
        todo = iter(past)
        seen = {place.file for place in past}
        for place in todo:
            self._kept.add(place.file)
            if self._folder.holds(place.file, self._made_of):
                continue
            more = [each for each in self._write(place) if each.file not in seen]
            seen.update(each.file for each in more)
            past += more
            if fresh is not None and self._service.clock() - at >= fresh:
                at, _ = self._present()
        for name in set(self._folder.entries) - self._kept:
            self._folder.remove(name)
        self._say(at)
        folder = self._folder
        return Written(
            at, folder.written, folder.unchanged, folder.removed, tuple(dict.fromkeys(self._failed))
        )

    def _forget(self) -> None:
        """Remove at once what is no address of ours any more: it may have been hidden."""
        for name, entry in list(self._folder.entries.items()):
            if name not in (_NOT_FOUND, copied.WRITTEN_PATH[1:]) and self._of(entry.address) is None:
                self._folder.remove(name)

    def _of(self, address: str) -> Place | None:
        parts = urlsplit(address)
        return self._places.find(parts.path, dict(parse_qsl(parts.query)))

    def _present(self) -> tuple[Instant, list[Place]]:
        """Write all that changes with time; when that was begun, and what of the past is known."""
        at = self._service.clock()
        known = [
            *self._known(),
            *filter(None, (self._of(each.address) for each in self._folder.entries.values())),
        ]
        todo = list({place.file: place for place in known}.values())
        seen = {place.file for place in todo}
        past = []
        for place in todo:  # which grows meanwhile
            if place.is_past:
                past.append(place)
                continue
            found = {each.file: each for each in self._write(place) if each.file not in seen}
            seen |= found.keys()
            todo += found.values()
        self._write_missing_page()
        self._say(at)
        return at, past

    def _known(self) -> Iterator[Place]:
        """What the rules of the application and the facts of the service name; pages link the rest."""
        folder = Path(self._app.static_folder or "")
        for rule in self._app.url_map.iter_rules():
            if "GET" not in (rule.methods or ()):
                continue
            for path in self._paths(rule.rule, sorted(rule.arguments), folder):
                for language in LANGUAGES if rule.rule in self._page_rules else LANGUAGES[:1]:
                    place = self._places.find(path, {"lang": language})
                    if place is not None:
                        yield place

    _page_rules = frozenset(rule for rule, _view in PAGES)

    def _paths(self, rule: str, names: list[str], static: Path) -> Iterator[str]:
        """Every path of a rule."""
        values: dict[str, Iterable[str]] = {
            "tag": self._service.public_names(),
            "date": self._days,
            "month": self._months(),
            "filename": [file.name for file in sorted(static.iterdir()) if file.is_file()],
            "call": (),
            "update": (),
        }
        values["id"] = values["number"] = self._numbers.get(rule.rpartition("/<")[0].rpartition("/")[2], ())
        for given in product(*(values[name] for name in names)):
            path = rule
            for name, value in zip(names, given, strict=True):
                for written in (f"<{name}>", f"<path:{name}>", f"<rest:{name}>"):
                    path = path.replace(written, value)
            yield path

    def _months(self) -> tuple[str, ...]:
        page = self._service.month_page()
        return page.months if page is not None else ()

    def _write(self, place: Place) -> list[Place]:
        """Write one file; the places that it leads to."""
        answer = self._ask(place.address)
        self._kept.discard(place.file)
        if answer.status_code == 200:
            return self._put(place, answer)
        if answer.status_code >= 500:
            self._failed.append(place.address)
            self._kept.add(place.file)
        return []

    def _write_missing_page(self) -> None:
        """What is shown for an address that is not there."""
        answer = self._ask(f"/{_NOT_FOUND}")
        if answer.status_code == 404:
            self._put(Place(_NOT_FOUND, "/", "", f"/{_NOT_FOUND}", is_html=True), answer)

    def _ask(self, address: str) -> TestResponse:
        """What the application answers to a browser that prefers no language."""
        builder = EnvironBuilder(address, f"http://localhost{self._prefix}", headers=_BROWSER)
        builder.environ_base = {copied.ENVIRON: self._service.clock()}
        try:
            environ = builder.get_environ()
        finally:
            builder.close()
        return TestResponse(*run_wsgi_app(self._app, environ, buffered=True), builder.get_request())

    def _put(self, place: Place, answer: TestResponse) -> list[Place]:
        body, found = answer.data, list[Place]()
        kind = answer.mimetype or ""
        if kind in ("text/html", "text/markdown", "text/plain"):
            text, found = self._links.turned(answer.text, place, kind)
            if place.is_html:
                text = text.replace(_HEAD, _HEAD + _policy(answer), 1)
            body = text.encode()
        digest = hashlib.sha256(copied.NOTE.sub(b"", body)).hexdigest()
        self._folder.put(place.file, place.address, body, digest, self._made_of if place.is_past else "")
        self._kept.add(place.file)
        at = self._service.clock()
        if not 0 <= at - self._saved < _SAVE_EVERY:
            self._folder.save()
            self._saved = at
        return found

    def _say(self, at: Instant) -> None:
        """Tell scripts as of when the newest pages are."""
        body = json.dumps(
            {"written": at, "at": datetime.fromtimestamp(at / SECOND, UTC).isoformat()}
        ).encode()
        name = copied.WRITTEN_PATH[1:]
        self._folder.put(name, copied.WRITTEN_PATH, body + b"\n", hashlib.sha256(body).hexdigest())
        self._kept.add(name)


def _policy(answer: TestResponse) -> str:
    """The page's policy as a part of the page: who gives out files knows no headers of ours.

    A page cannot say by itself who may frame it.
    """
    given = answer.headers["Content-Security-Policy"].split(";")
    kept = ";".join(each for each in given if not each.strip().startswith("frame-ancestors"))
    return f'<meta http-equiv="Content-Security-Policy" content="{escape(kept)}">\n'
