"""For programs that read: the state on one line for scripts, and a map of what else there is."""

from __future__ import annotations

from flask import Response, current_app, make_response

from kener_py.model import Overall, Site
from kener_py.service import Service
from kener_py.web import api, language
from kener_py.web.api import rfc3339
from kener_py.web.pages.front import banner
from kener_py.web.prose import md, plain
from kener_py.web.words import absolute, path, root

MONITORS = 200  # links to single ones; the list itself has them all

# (title, address, what it is). What a server does not have is not in its map.
_PAGES = (
    ("Status", "/index.md", "the state of every monitor, open incidents, maintenance"),
    ("History", "/history.md", "incidents and maintenance by month"),
    ("Uptime", "/uptime.md", "uptime by monitor and month"),
    ("About", "/about.md", "what uptime means here"),
    ("Subscribe", "/subscribe.md", "feeds, calendar and other ways to hear of a change"),
    ("API", "/api.md", "every call of programs with an example"),
)
_DATA = (
    ("Status line", "/status.txt", "one word for the whole, one line for each monitor"),
    ("Monitors", "/api/v1/monitors", "status, times and uptime of every monitor"),
    ("Incidents", "/api/v1/incidents", "incidents with their updates"),
    ("Maintenance", "/api/v1/maintenances", "maintenance windows"),
    ("Summary", "/api/v2/summary.json", "the same in Statuspage's form"),
    ("OpenAPI", "/openapi.json", "a description of the programming interface"),
    ("Atom feed", "/history.atom", "incidents and maintenance"),
    ("JSON Feed", "/feed.json", "incidents and maintenance"),
    ("Calendar", "/maintenance.ics", "maintenance windows"),
)


def status_txt(service: Service) -> Response:
    """Always English and always the same form.

    "PARTIAL_OUTAGE Partial outage" first: the words are those of `Overall`. Then a line for each monitor
    in the order of the file: tag, status, since when in UTC ("-" if that is not known). While the loop
    stands still every status is UNKNOWN.
    """
    language.speak(language.SOURCE)
    board = service.board()
    views = [view for group in board.groups for view in group.views]
    is_stale = board.overall is Overall.UNKNOWN
    lines = [f"{board.overall} {banner(board, views).sentence}"]
    by_tag = {view.monitor.tag: view for view in views}
    for tag in service.config.monitors:
        if tag in by_tag:
            view = by_tag[tag]
            status, since = ("UNKNOWN", None) if is_stale else (view.status.value, view.since)
            lines.append(f"{tag} {status} {rfc3339(since) or '-'}")
    return _text("\n".join(lines) + "\n")


def llms_txt(service: Service) -> Response:
    """The map of this server in the form of llmstxt.org; in English, as its titles are."""
    language.speak(language.SOURCE)
    config = service.config  # one look at it: a reload may come at any time
    site = config.site
    names = {tag: monitor.name for tag, monitor in config.monitors.items() if not monitor.is_hidden}
    lines = [f"# {md(site.title)}", "", f"> {md(site.description or 'A status page.')}", "", "## Pages", ""]
    lines += [_link(site, title, path(address), what) for title, address, what in _PAGES if _is_here(address)]
    if names:
        lines += ["", "## Monitors", ""]
        lines += [
            _link(site, name, path(f"/monitors/{tag}.md")) for tag, name in list(names.items())[:MONITORS]
        ]
    lines += ["", "## Data", ""]
    lines += [_link(site, title, root(address), what) for title, address, what in _DATA if _is_here(address)]
    return _text("\n".join(lines) + "\n")


def _is_here(address: str) -> bool:
    return current_app.url_map.bind("localhost").test(address, "GET")


def _link(site: Site, title: str, address: str, what: str = "") -> str:
    line = f"- [{md(plain(title)[:200])}]({absolute(site, address)})"
    return f"{line}: {what}" if what else line


def _text(body: str) -> Response:
    answer = api.public(make_response(body))
    answer.mimetype = "text/plain"
    return answer
