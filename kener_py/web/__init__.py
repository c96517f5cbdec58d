"""HTTP in; HTML and JSON out. All URLs stand in `ROUTES`; a view reads, calls one thing, renders."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path

from flask import Flask, Response, g, make_response, request
from flask.templating import Environment
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter, Map

from kener_py import store
from kener_py.model import FAVICON_PATH, LOGO_PATH
from kener_py.service import Service
from kener_py.web import (
    acts,
    api,
    badges,
    branding,
    calendar,
    copied,
    embeds,
    fragments,
    headers,
    health,
    heartbeat,
    incidents,
    language,
    maintenances,
    metrics,
    monitors,
    openapi,
    previews,
    sitemap,
    statuspage,
    strips,
    wellknown,
    words,
)
from kener_py.web.ahead import Ahead
from kener_py.web.feeds import views as feeds
from kener_py.web.finish import conditional, finish
from kener_py.web.kept import Keeper, keep, watch
from kener_py.web.mounted import Mounted
from kener_py.web.pages import (
    about,
    day,
    front,
    history,
    incident,
    maintenance,
    monitor,
    reference,
    subscribe,
    text,
    uptime,
)
from kener_py.web.pages.show import error, not_found

_log = logging.getLogger("kener_py.web")

_PACKAGE = Path(__file__).resolve().parent.parent
# In a wheel templates and static files lie inside the package, in a checkout beside it.
ASSETS = _PACKAGE if (_PACKAGE / "templates").is_dir() else _PACKAGE.parent

ROUTES: list[tuple[list[str], str, Callable[..., ResponseReturnValue]]] = [
    (heartbeat.METHODS, "/heartbeat/<rest:call>", heartbeat.view(heartbeat.by_secret)),
    (heartbeat.METHODS, "/ext/heartbeat/<rest:call>", heartbeat.view(heartbeat.by_secret)),
    (heartbeat.METHODS, "/api/heartbeat/<rest:call>", heartbeat.view(heartbeat.by_key)),
    (heartbeat.METHODS, "/api/v1/heartbeat/<rest:call>", heartbeat.view(heartbeat.by_key)),
    (["GET"], "/api/v1/monitors", api.monitors),
    (["GET"], "/api/v1/monitors/<tag>", api.monitor),
    (["POST"], "/api/v1/monitors/<tag>/acknowledge", monitors.acknowledge),
    (["POST"], "/api/v1/monitors/<tag>/snooze", monitors.snooze),
    (["GET"], "/api/v1/incidents", incidents.listed),
    (["POST"], "/api/v1/incidents", incidents.create),
    (["GET"], "/api/v1/incidents/<number>", incidents.one),
    (["PATCH"], "/api/v1/incidents/<number>", incidents.edit),
    (["DELETE"], "/api/v1/incidents/<number>", incidents.delete),
    (["POST"], "/api/v1/incidents/<number>/publish", incidents.publish),
    (["POST"], "/api/v1/incidents/<number>/resolve", incidents.resolve),
    (["POST"], "/api/v1/incidents/<number>/updates", incidents.add_update),
    (["PATCH"], "/api/v1/incidents/<number>/updates/<update>", incidents.edit_update),
    (["DELETE"], "/api/v1/incidents/<number>/updates/<update>", incidents.delete_update),
    (["GET"], "/api/v1/maintenances", maintenances.listed),
    (["POST"], "/api/v1/maintenances", maintenances.add),
    (["GET"], "/api/v1/maintenances/<number>", maintenances.shown),
    (["PATCH"], "/api/v1/maintenances/<number>", maintenances.change),
    (["DELETE"], "/api/v1/maintenances/<number>", maintenances.cancel),
    (["GET"], "/api/v2/summary.json", statuspage.summary),
    (["GET"], "/api/v2/status.json", statuspage.status),
    (["GET"], "/api/v2/components.json", statuspage.components),
    (["GET"], "/api/v2/incidents.json", statuspage.incidents),
    (["GET"], "/api/v2/incidents/unresolved.json", statuspage.unresolved),
    (["GET"], "/api/v2/scheduled-maintenances.json", statuspage.maintenances),
    (["GET"], "/api/v2/scheduled-maintenances/upcoming.json", statuspage.upcoming),
    (["GET"], "/api/v2/scheduled-maintenances/active.json", statuspage.active),
    (["GET"], "/badge/<tag>/status", badges.status),
    (["GET"], "/badge/<tag>/status.svg", badges.status),
    (["GET"], "/badge/<tag>/status.json", badges.status_json),
    (["GET"], "/badge/<tag>/status.shields", badges.status_json),
    (["GET"], "/badge/<tag>/uptime", badges.uptime),
    (["GET"], "/badge/<tag>/uptime.svg", badges.uptime),
    (["GET"], "/badge/<tag>/uptime.json", badges.uptime_json),
    (["GET"], "/badge/<tag>/uptime.shields", badges.uptime_json),
    (["GET"], "/badge/<tag>/dot", badges.dot),
    (["GET"], "/badge/<tag>/dot.svg", badges.dot),
    (["GET"], "/embed.js", embeds.script),
    (["GET"], "/embed/status", embeds.status),
    (["GET"], "/embed/events/live", embeds.events),
    (["GET"], "/embed/bars/<tag>", embeds.bars),
    (["GET"], "/embed/monitor-<tag>", embeds.monitor),
    (["GET"], "/embed/monitor-<tag>/js", embeds.script_of_monitor),
    (["GET"], "/embed/<tag>", embeds.monitor),
    (["GET"], "/openapi.json", openapi.openapi_json),
    (["GET"], wellknown.CATALOG, wellknown.api_catalog),
    (["GET"], "/.well-known/security.txt", wellknown.security_txt),
    (["GET"], "/robots.txt", wellknown.robots_txt),
    (["GET"], "/sitemap.xml", sitemap.sitemap_xml),
    (["GET"], "/metrics", metrics.metrics),
    (["GET"], "/livez", health.livez),
    (["GET"], "/healthz", health.livez),
    (["GET"], "/healthcheck", health.livez),
    (["GET"], "/-/healthy", health.livez),
    (["GET"], "/readyz", health.readyz),
    (["GET"], "/-/ready", health.readyz),
    (["GET"], "/health", health.health),
    (["GET", "POST"], "/alerts/<number>", acts.alert),
    (["GET"], "/status.txt", text.status_txt),
    (["GET"], "/llms.txt", text.llms_txt),
    (["GET"], branding.STYLESHEET_PATH, branding.stylesheet),
    (["GET"], LOGO_PATH, branding.logo),
    (["GET"], FAVICON_PATH, branding.favicon),
    (["GET"], "/history.atom", feeds.history_atom),
    (["GET"], "/feed.atom", feeds.history_atom),
    (["GET"], "/feed/atom", feeds.history_atom),
    (["GET"], "/monitors/<tag>/feed.atom", feeds.history_atom),
    (["GET"], "/history.rss", feeds.history_rss),
    (["GET"], "/feed.rss", feeds.history_rss),
    (["GET"], "/feed/rss", feeds.history_rss),
    (["GET"], "/rss.xml", feeds.history_rss),
    (["GET"], "/index.xml", feeds.history_rss),
    (["GET"], "/monitors/<tag>/feed.rss", feeds.history_rss),
    (["GET"], "/monitors/<tag>/rss.xml", feeds.history_rss),
    (["GET"], "/feed.json", feeds.history_json),
    (["GET"], "/feed/json", feeds.history_json),
    (["GET"], "/monitors/<tag>/feed.json", feeds.history_json),
    (["GET"], "/updates.atom", feeds.updates_atom),
    (["GET"], "/maintenance.ics", calendar.all_windows),
    (["GET"], "/maintenances/<id>.ics", calendar.one_window),
    (["GET"], "/maintenance/<id>.ics", calendar.one_window),
    (["GET"], "/uptime.csv", uptime.csv),
    (["GET"], "/events", history.events),
    (["GET"], "/events/<month>", history.events),
]

# Pages for people; each has its twin in Markdown: `/index.md`, `/monitors/<tag>.md`.
PAGES: list[tuple[str, Callable[..., ResponseReturnValue]]] = [
    ("/", front.front),
    ("/monitors/<tag>", monitor.monitor),
    ("/monitors/<tag>/<date>", day.day),
    ("/incidents/<id>", incident.incident),
    ("/subscribe", subscribe.subscribe),
    ("/history", history.history),
    ("/history/<month>", history.history),
    ("/uptime", uptime.uptime),
    ("/about", about.about),
    ("/api", reference.reference),
    ("/maintenances/<id>", maintenance.maintenance),
    ("/maintenance/<id>", maintenance.moved),
]

# Answers that are kept while nothing changes that they show; see `kept`.
_STEADY: frozenset[Callable[..., ResponseReturnValue]] = frozenset(
    {
        about.about,
        badges.dot,
        badges.status,
        badges.status_json,
        badges.uptime,
        badges.uptime_json,
        calendar.all_windows,
        calendar.one_window,
        embeds.bars,
        embeds.events,
        embeds.monitor,
        embeds.status,
        feeds.history_atom,
        feeds.history_json,
        feeds.history_rss,
        feeds.updates_atom,
        front.front,
        history.history,
        incident.incident,
        incidents.listed,
        incidents.one,
        maintenance.maintenance,
        maintenances.listed,
        maintenances.shown,
        openapi.openapi_json,
        reference.reference,
        sitemap.sitemap_xml,
        statuspage.active,
        statuspage.components,
        statuspage.incidents,
        statuspage.maintenances,
        statuspage.status,
        statuspage.summary,
        statuspage.unresolved,
        statuspage.upcoming,
        subscribe.subscribe,
        text.llms_txt,
        text.status_txt,
        uptime.csv,
        uptime.uptime,
    }
)
# The same, and while no heartbeat came: these say when the last one did.
_HEARD: frozenset[Callable[..., ResponseReturnValue]] = frozenset(
    {api.monitor, api.monitors, day.day, monitor.monitor}
)

# Of those that say nothing else: browsers ask each time, and a cache in front asks for all of them.
_SHARED = "public, max-age=0, s-maxage=5"

_FOR_PROGRAMS = (
    "/api/",
    "/heartbeat/",
    "/ext/",
    "/openapi.json",
    "/livez",
    "/readyz",
    "/metrics",
    "/health",
    "/-/healthy",
    "/-/ready",
)


class _Rest(BaseConverter):
    """The rest of the path with every slash and colon in it: secrets may have both."""

    regex = ".*"
    part_isolating = False


def serving(service: Service) -> Ahead:
    """The application of one site as it is served."""
    keeper = Keeper(service)
    return Ahead(service, keeper, create(service, keeper).wsgi_app, service.config.server.threads)


def create(service: Service, keeper: Keeper | None = None) -> Flask:
    """Flask's part of it, over a running service; what it answers is kept by `keeper`."""
    app = Flask(__name__, static_folder=None)
    app.static_folder = str(ASSETS / "static")  # its address is one of those that are shared
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.url_map, app.jinja_env = _shared()
    app.view_functions |= {name: partial(view, service) for name, _, _, view in _addresses()}
    app.view_functions["static"] = app.send_static_file
    keeper = keeper or Keeper(service)
    app.wsgi_app = Mounted(service, headers.tamed(app.wsgi_app))  # type: ignore[assignment, method-assign]
    app.before_request(lambda: _begin(service, keeper))
    app.after_request(lambda answer: _end(service, keeper, answer))
    app.register_error_handler(HTTPException, partial(_http_error, service))
    app.register_error_handler(store.StoreError, _unavailable)
    app.register_error_handler(Exception, _fault)
    return app


def _addresses() -> Iterator[tuple[str, list[str], str, Callable[..., ResponseReturnValue]]]:
    """Name, methods, rule and view of every URL."""
    for methods, rule, view in ROUTES:
        yield f"{methods[0]} {rule}", methods, rule, view  # one URL may have several views
    for rule, view in PAGES:
        for address in (rule, "/index.md" if rule == "/" else f"{rule}.md"):
            yield address, ["GET"], address, view


@cache
def _shared() -> tuple[Map, Environment]:
    """The names of all URLs, and the templates: made once, for they take long and are of no service."""
    app = Flask(__name__, template_folder=str(ASSETS / "templates"), static_folder=str(ASSETS / "static"))
    app.url_map.converters["rest"] = _Rest
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False  # a redirect would lose a heartbeat
    for name, methods, rule, _ in _addresses():
        app.add_url_rule(rule, name, methods=methods, provide_automatic_options=False)
    words.register(app)
    strips.register(app)
    previews.register(app)
    fragments.register(app)
    copied.register(app)
    return app.url_map, app.jinja_env


@cache
def _kept() -> Mapping[str | None, bool]:
    """By the name of a URL whose answers are kept: whether it shows heartbeats."""
    return {name: view in _HEARD for name, _, _, view in _addresses() if view in _STEADY or view in _HEARD}


def _begin(service: Service, keeper: Keeper) -> None:
    metrics.begin()
    if not _is_for_program():
        language.choose(service.config.site.language)
    watch(keeper, _kept().get(request.endpoint))


def _end(service: Service, keeper: Keeper, answer: Response) -> Response:
    if g.get("shown") is not None and answer.status_code == 200:
        answer.headers.setdefault("Cache-Control", _SHARED)
    answer = finish(service.config.site, wellknown.discover(answer))
    keep(keeper, answer)
    answer = conditional(answer)
    metrics.observe(service, answer)
    return answer


def _is_for_program() -> bool:
    return request.path.startswith(_FOR_PROGRAMS) and request.path != "/api/"  # which is a page


def _options(allowed: list[str]) -> Response:
    """OPTIONS asks what is possible; it is never a heartbeat."""
    answer = Response(status=204)
    answer.headers["Allow"] = answer.headers["Access-Control-Allow-Methods"] = ", ".join(allowed)
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type, X-API-Key"
    return answer


def _http_error(service: Service, failure: HTTPException) -> ResponseReturnValue:
    code = failure.code or 500
    allowed = sorted(getattr(failure, "valid_methods", None) or [])
    if code == 405 and request.method == "OPTIONS":
        return _options(allowed)
    if _is_for_program():
        text = {404: "There is nothing here", 405: f"Use {' or '.join(allowed)}"}.get(code)
        answer = api.error(code, text or failure.name)
    else:
        page = not_found(service) if code == 404 else error(code)
        answer = make_response(page)
    if allowed:
        answer.headers["Allow"] = ", ".join(allowed)
    return answer


def _trouble(code: int, text: str) -> Response:
    return api.error(code, text) if _is_for_program() else make_response(error(code))


def _unavailable(failure: store.StoreError) -> Response:
    answer = _trouble(503, f"The database cannot be written now ({failure}); try again")
    answer.headers["Retry-After"] = "5"
    return answer


def _fault(failure: Exception) -> Response:
    _log.error("%s %s failed", request.method, request.url_rule, exc_info=failure)
    if store.is_disk_trouble(failure):
        return _unavailable(store.StoreError(str(failure)))
    return _trouble(500, "This server failed; its log says why")
