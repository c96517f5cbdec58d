"""In which form a page leaves: HTML for browsers, Markdown and plain text for terminals and programs."""

from __future__ import annotations

import re
from functools import lru_cache

from flask import Response, make_response, render_template, request
from jinja2 import Template

from kener_py.service import Service

TYPES = {"html": "text/html", "md": "text/markdown", "txt": "text/plain"}
_TERMINAL = re.compile(r"(curl|Wget|HTTPie|xh)/", re.IGNORECASE)
SERVER = "http://<this server>"  # never the Host header: the visitor writes that


def form() -> str:
    """ "html", "md" or "txt": what the address ends in, else what `Accept` names, else what asks.

    Only who names it gets Markdown or text instead of HTML; of those who take anything, only terminals.
    """
    rule = request.url_rule.rule if request.url_rule else ""
    if rule.endswith((".md", ".txt")):
        return rule.rpartition(".")[2]
    return _named() or ("txt" if is_terminal(request.user_agent.string) else "html")


@lru_cache(maxsize=1_024)
def is_terminal(user_agent: str) -> bool:
    """Whether it calls from a command line."""
    return _TERMINAL.match(user_agent) is not None


def _named() -> str | None:
    """The form that `Accept` names; None if it names none of ours, and who asks decides."""
    accepted = request.accept_mimetypes
    named = {name for name, quality in accepted if "*" not in name and quality > 0}
    if TYPES["md"] in named and accepted[TYPES["md"]] >= accepted[TYPES["html"]]:
        return "md"
    if {TYPES["html"], "application/xhtml+xml"} & named:
        return "html"
    return "txt" if TYPES["txt"] in named else None


def show(template: str, code: int = 200, /, **facts: object) -> Response:
    """The page rendered from `template` in the form that was asked for.

    Every page has templates/<name>.html and <name>.md; plain text is <name>.txt if there is one, else the
    Markdown.
    """
    chosen = form()
    files: list[str | Template] = [f"{template}.{chosen}"]
    if chosen == "txt":
        files.append(f"{template}.md")
    answer = make_response(render_template(files, **facts), code)
    answer.mimetype = TYPES[chosen]
    answer.vary.update(["Accept", "Accept-Language"])
    if _named() is None:
        answer.vary.add("User-Agent")
    return answer


def not_found(service: Service) -> Response:
    """The same bytes for what never was, what is hidden and what is a draft."""
    return show("not_found", 404, site=service.config.site)


def error(code: int = 500) -> Response:
    """The page for our own faults; it asks the service nothing, for that may be what failed."""
    return show("error", code, code=code)
