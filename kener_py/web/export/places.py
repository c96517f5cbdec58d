"""Where each public address lies among files that any web server can give out.

A page lies in a folder of its own, `monitors/backup/index.html`, so that its address stays as it is. What
else has no extension gets one; what our pages ask for in a query gets a path; other languages get a folder.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlencode

from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from kener_py.model import FAVICON_PATH, LANGUAGES, LOGO_PATH, Site

# What takes calls, is for operators or for single people, or only leads to another address.
NOT_WRITTEN = re.compile(
    r"/(heartbeat|ext|api/heartbeat|api/v1/heartbeat|alerts|maintenance|-)/|/events$|/events/|/metrics$"
    r"|/livez|/readyz|/health|/\.well-known/api-catalog"
)
# How the path of what has no extension goes on, by the beginning of its path.
_EXTENSIONS = (("/api/", ".json"), ("/badge/", ".svg"), ("/feed/atom", ".atom"), ("/feed/rss", ".rss"),
               ("/feed/json", ".json"), ("/embed/", ".js"))  # fmt: skip
_PICTURES = {
    "image/svg+xml": ".svg",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/avif": ".avif",
    "image/x-icon": ".ico",
    "image/vnd.microsoft.icon": ".ico",
}
_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
# The parameter of a page that chooses a month, by its rule; of a twin, too.
_CHOOSES = {"/monitors/<tag>": "month", "/uptime": "to"}


@dataclass(frozen=True, slots=True)
class Place:
    """One file, and what the application is asked for to fill it."""

    file: str  # from the folder on: "de/monitors/backup/index.html"
    path: str
    query: str = ""
    link: str = ""  # how pages link it, from the prefix on: "/de/monitors/backup"
    is_html: bool = False
    is_past: bool = False  # whether it changes only with what people write or configure

    @property
    def address(self) -> str:
        """What the application is asked for."""
        return f"{self.path}?{self.query}" if self.query else self.path


@dataclass(frozen=True, slots=True)
class Extent:
    """What of the site is written down, and what of that belongs to the past."""

    site: Site
    names: Collection[str]  # the tags of public monitors
    today: str  # ISO
    first_day: str  # of which monitors have a page; earlier ones are told by their month
    settled: Collection[tuple[str, str]] = ()  # ("incidents", "42"): over for so long that nobody adds to it


class Places:
    def __init__(self, app: Flask, pages: Collection[str], extent: Extent) -> None:
        """`pages` are the rules of what people read."""
        self._urls = app.url_map.bind("localhost")
        self._pages = frozenset(pages)
        self._twins = {"/index.md" if rule == "/" else f"{rule}.md": rule for rule in pages}
        self.extent = extent

    def find(self, path: str, query: Mapping[str, str] = {}) -> Place | None:
        """Where this is written; None for what is not, or is not ours."""
        if NOT_WRITTEN.match(path):
            return None
        try:
            rule, given = self._urls.match(path, "GET", return_rule=True)
        except (HTTPException, RequestRedirect):
            return None
        tag = given.get("tag", "{tag}")
        if tag not in self.extent.names and tag != "{tag}":  # which a script fills in
            return None
        if rule.rule in self._pages:
            return self._page(rule.rule, path, query, given)
        if rule.rule in self._twins:
            return self._twin(self._twins[rule.rule], path, query, given)
        if rule.rule.startswith("/embed/") and not rule.rule.endswith("/js"):
            return Place(f"{path[1:]}/index.html", path, "", path, is_html=True)
        if rule.rule == "/maintenance.ics" and query.get("monitor") in self.extent.names:
            link = f"/monitors/{query['monitor']}/maintenance.ics"
            return Place(link[1:], path, urlencode({"monitor": query["monitor"]}), link)
        link = path + self._extension(path)
        return Place(link[1:], path, "", link, is_past=self._is_past(path, given))

    def _page(self, rule: str, path: str, query: Mapping[str, str], given: Mapping[str, str]) -> Place | None:
        date = given.get("date", "")
        if _DATE.fullmatch(date) and date < self.extent.first_day:
            return self.find(f"/history/{date[:7]}", query)
        month = _chosen(rule, query)
        asked = query.get("lang", "")
        language = asked if asked in LANGUAGES and asked != self.extent.site.language else ""
        place = path.rstrip("/") + (f"/{month}" if month else "")
        link = (f"/{language}" if language else "") + (place or "/")
        wanted = {_CHOOSES.get(rule, ""): month, "lang": language}
        return Place(
            f"{link.strip('/')}/index.html".lstrip("/"),
            path,
            urlencode({name: value for name, value in wanted.items() if value}),
            link,
            is_html=True,
            is_past=bool(month) or self._is_past(path, given),
        )

    def _twin(self, rule: str, path: str, query: Mapping[str, str], given: Mapping[str, str]) -> Place | None:
        """In Markdown there is only the site's own language."""
        date = given.get("date", "")
        if _DATE.fullmatch(date) and date < self.extent.first_day:
            return self.find(f"/history/{date[:7]}.md")
        month = _chosen(rule, query)
        link = f"{path.removesuffix('.md')}/{month}.md" if month else path
        wanted = urlencode({_CHOOSES[rule]: month}) if month else ""
        return Place(link[1:], path, wanted, link, is_past=bool(month) or self._is_past(path, given))

    def _is_past(self, path: str, given: Mapping[str, str]) -> bool:
        """Of a page that does not change by itself any more."""
        date, month = given.get("date", ""), given.get("month", "")
        if _DATE.fullmatch(date):
            return date < self.extent.today
        if _MONTH.fullmatch(month):
            return month < self.extent.today[:7]
        number = given.get("id") or given.get("number") or ""
        return bool(number) and (path.rstrip("/").rsplit("/", 2)[-2], number) in self.extent.settled

    def _extension(self, path: str) -> str:
        """What a file of this path needs for a web server to know what it is; "" if it has it."""
        site = self.extent.site
        for address, picture in ((LOGO_PATH, site.logo_file), (FAVICON_PATH, site.favicon_file)):
            if path == address:
                return _PICTURES.get(picture.media_type, "") if picture else ""
        if "." in path.rsplit("/", 1)[-1]:
            return ""
        return next((extension for start, extension in _EXTENSIONS if path.startswith(start)), "")


def _chosen(rule: str, query: Mapping[str, str]) -> str:
    """The month that the query chooses; "" for none."""
    month = query.get(_CHOOSES.get(rule, ""), "")
    return month if _MONTH.fullmatch(month) else ""


def split(address: str, prefix: str) -> str | None:
    """The path of ours that this one is below the prefix; None if it is somebody else's."""
    path = unquote(address)
    if prefix and path != prefix and not path.startswith(f"{prefix}/"):
        return None
    return path[len(prefix) :] or "/"


def quoted(link: str) -> str:
    """A link as it stands in a page; braces are for a script to fill in."""
    return quote(link, safe="/{}")
