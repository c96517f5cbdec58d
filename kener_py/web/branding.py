"""The page's look as the file gives it: its stylesheet and pictures, and what its head says of itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

from flask import Response, current_app, request
from flask.typing import ResponseReturnValue

from kener_py.model import LANGUAGES, PALETTE, Announcement, Color, Instant, Picture, Site
from kener_py.service import Service
from kener_py.web import language
from kener_py.web.pages.show import not_found

STYLESHEET_PATH = "/site.css"
FOREVER = "public, max-age=31536000, immutable"
# A picture is looked at and nothing else: an SVG that is opened by itself runs and loads nothing.
PICTURE_POLICY = "default-src 'none'; sandbox; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

_VARIABLES = {color.name: f"--{color.name.replace('_', '-')}" for color in PALETTE} | {
    "background": "--ground"
}
# Paler shades of a text or a ground of the operator's own. `:root` thrice: they win in both themes.
_SHADES = """@media not all and (prefers-contrast: more) {
  :root:root:root {
    --muted: color-mix(in srgb, var(--text) 75%, var(--ground));
    --line: color-mix(in srgb, var(--text) 14%, var(--ground));
    --soft: color-mix(in srgb, var(--text) 4%, var(--ground));
  }
}
"""


# ---- the stylesheet --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stylesheet:
    text: str
    version: str  # changes with the text


def stylesheet_path(site: Site) -> str:
    """Where this site's stylesheet is; it changes with its content, so it may be cached for ever."""
    return f"{STYLESHEET_PATH}?v={_of(site).version}"


def stylesheet(service: Service) -> Response:
    """The page's own style, then the operator's colours, then the operator's file."""
    sheet = _of(service.config.site)
    return _sent(sheet.text.encode(), "text/css", sheet.version)


def _of(site: Site) -> Stylesheet:
    return _made(_ours(current_app.static_folder or ""), site.colors, site.css)


@lru_cache
def _ours(folder: str) -> str:
    return (Path(folder) / "style.css").read_text(encoding="utf-8")


@lru_cache(maxsize=4)
def _made(ours: str, colors: tuple[Color, ...], css: str) -> Stylesheet:
    text = "\n".join(part for part in (ours, overrides(colors), css) if part)
    return Stylesheet(text, hashlib.sha256(text.encode()).hexdigest()[:12])


def overrides(colors: tuple[Color, ...]) -> str:
    """The rules that put these colours in place of the page's own, in both themes; "" for none."""
    if not colors:
        return ""
    light = " ".join(f"{_VARIABLES[color.name]}: {color.light};" for color in colors)
    dark = " ".join(f"{_VARIABLES[color.name]}: {color.dark};" for color in colors)
    rules = (
        f":root {{ {light} }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root:not([data-theme=light]) {{ {dark} }} }}\n"
        f":root[data-theme=dark] {{ {dark} }}\n"
    )
    return rules + _SHADES if {"text", "background"} & {color.name for color in colors} else rules


def grounds(site: Site | None) -> tuple[str, str]:
    """The colour of the page's ground in the light theme and in the dark one."""
    for color in site.colors if site else ():
        if color.name == "background":
            return color.light, color.dark
    (ours,) = (color for color in PALETTE if color.name == "background")
    return ours.light, ours.dark


# ---- pictures --------------------------------------------------------------------------------


def logo(service: Service) -> ResponseReturnValue:
    return _picture(service, service.config.site.logo_file)


def favicon(service: Service) -> ResponseReturnValue:
    return _picture(service, service.config.site.favicon_file)


def _picture(service: Service, picture: Picture | None) -> ResponseReturnValue:
    if picture is None:
        return not_found(service)
    answer = _sent(picture.content, picture.media_type, picture.version)
    answer.headers["Content-Security-Policy"] = PICTURE_POLICY
    return answer


def _sent(content: bytes, media_type: str, version: str) -> Response:
    answer = Response(content, mimetype=media_type)
    if request.args.get("v") == version:  # another one names content that is gone, or does not exist yet
        answer.headers["Cache-Control"] = FOREVER
    return answer


def picture_hosts(site: Site) -> Iterator[str]:
    """The other hosts that a page loads a picture from, as a policy names them."""
    for address in (site.logo, site.favicon):
        try:
            parts = urlsplit(address or "")
            host = (parts.hostname or "").encode("idna").decode()
            port = f":{parts.port}" if parts.port else ""
        except ValueError:
            continue
        if host and set(host) <= _IN_HOSTS:
            yield f"{parts.scheme}://{host}{port}"


_IN_HOSTS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-_")


# ---- what is announced -----------------------------------------------------------------------


def announced(site: Site, at: Instant) -> Announcement | None:
    """What is to be read first at this instant."""
    given = site.announcement
    return given if given and (given.until is None or at < given.until) else None


# ---- where a page is -------------------------------------------------------------------------


_READ = ("group", "monitor", "month", "sig", "to")


def in_language(name: str) -> str:
    """A link from a page to itself in another language."""
    return "?" + urlencode([*_query(), ("lang", name)])


def twin() -> str | None:
    """The path of the same page in Markdown, if it has one."""
    rule = request.url_rule.rule if request.url_rule else ""
    if (f"{rule}.md" if rule != "/" else "/index.md") not in current_app.view_functions:
        return None
    asked = language.asked_for()
    query = [*_query(), *([("lang", asked)] if asked else [])]
    path = quote(request.path.rstrip("/") or "/index")
    return f"{path}.md" + (f"?{urlencode(query)}" if query else "")


def _query() -> list[tuple[str, str]]:
    """What of the query our pages read. The rest may be anything, a secret as well, and is never repeated."""
    return [(name, value) for name, value in request.args.items(multi=True) if name in _READ]


def canonical(site: Site, place: str | None = None) -> str:
    """This page's public address, in the language that its address asks for.

    `place` is its path where the request's is only another one for the same.
    """
    asked = language.asked_for()
    return _public(site, place) + (f"?lang={asked}" if asked else "")


def alternates(site: Site, place: str | None = None) -> list[tuple[str, str]]:
    """This page's public address in each language, and that which leaves it to the browser."""
    here = _public(site, place)
    return [*((name, f"{here}?lang={name}") for name in LANGUAGES), ("x-default", here)]


def _public(site: Site, place: str | None) -> str:
    return site.url + quote(place or request.path.rstrip("/") or "/")
