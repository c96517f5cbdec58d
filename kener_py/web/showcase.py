"""Several sites below one address, with a page that leads to each."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Flask, Response

from kener_py.model import Site
from kener_py.web import ASSETS, language, words
from kener_py.web.ahead import Ahead, Call, answer
from kener_py.web.finish import conditional, finish
from kener_py.web.language import N_, _
from kener_py.web.pages.show import show
from kener_py.web.wsgi import Scope, Threads, environ_of

# Name: what is seen there, in one sentence.
STATES: Mapping[str, str] = {
    "all-up": N_("Everything is well, with a year of history behind it."),
    "degraded": N_("One job reports that it is slow, another one is late."),
    "partial-outage": N_("Some monitors are down, and people have said why."),
    "major-outage": N_("Most monitors are down."),
    "maintenance": N_("A maintenance window runs, and silence is expected."),
    "detected": N_("A monitor is down, and nobody has said anything yet."),
    "waiting": N_("A fresh installation: no heartbeat has arrived yet."),
    "empty": N_("No monitors are configured."),
    "unknown": N_("The loop stands still, so nothing can be vouched for."),
    "large": N_("Two hundred monitors in twelve groups."),
    "hostile": N_("Names and texts that try to break the page."),
}


class Showcase:
    """Each site below its name, and at / the list of them."""

    def __init__(self, sites: Mapping[str, Ahead]) -> None:
        self._sites = sites
        self._index = Threads(_index(list(sites)).wsgi_app, 1)

    async def __rsgi__(self, scope: Scope, call: Call) -> None:
        name = scope.path[1:].partition("/")[0]
        if name in self._sites:
            await self._sites[name].serve(scope, call, f"/{name}")
        else:
            answer(call, await self._index.answer(scope, environ_of(scope, ""), call))

    def close(self) -> None:
        self._index.close()
        for site in self._sites.values():
            site.close()


def _index(names: list[str]) -> Flask:
    index = Flask(__name__, template_folder=str(ASSETS / "templates"), static_folder=str(ASSETS / "static"))
    words.register(index)

    def listed(**_path: str) -> Response:
        return show("showcase", site=None, states=[(name, _(STATES[name])) for name in names])

    def missing(_failure: Exception) -> Response:
        return show("not_found", 404, site=None)

    for address in ("/", "/index.md"):
        index.add_url_rule(address, address, listed)
    index.before_request(lambda: language.choose(language.SOURCE))
    index.after_request(lambda answer: conditional(finish(Site(), answer)))
    index.register_error_handler(404, missing)
    return index
