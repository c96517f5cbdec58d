"""What people wrote, printed without harm: in a page, and in its twins in Markdown and plain text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from flask import Flask
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup

LINK_SCHEMES = ("http:", "https:", "mailto:")


def register(app: Flask) -> None:
    """Give the app's templates the filters of this module."""
    app.jinja_env.filters.update(bdi=bdi, markdown=markdown, md=md, plain=plain, quoted=quoted)


# ---- in a page -------------------------------------------------------------------------------


def bdi(text: str) -> Markup:
    """Words of others inside a sentence of ours: they keep their direction to themselves."""
    return Markup("<bdi>{}</bdi>").format(text)


@lru_cache(maxsize=256)
def markdown(text: str) -> Markup:
    """Markdown as HTML that cannot run, load or track anything."""
    tokens = _MARKDOWN.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = "h4"  # the page above it uses h1 to h3
    return Markup(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))


def _is_link(url: str) -> bool:
    return url.lower().startswith(LINK_SCHEMES)


def _link_open(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    tokens[index].attrSet("rel", "nofollow noopener")
    return renderer.renderToken(tokens, index, options, env)


_MARKDOWN = MarkdownIt("commonmark", {"html": False, "breaks": True}).disable("image")
_MARKDOWN.validateLink = _is_link  # type: ignore[method-assign]
_MARKDOWN.add_render_rule("link_open", _link_open)


# ---- in its twins ----------------------------------------------------------------------------

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+|~&!])")
_AT_FIRST = re.compile(r"^(?:(?=(?:-+|=+)(?: |$))|([0-9]{1,9})(?=\.(?: |$)))")  # a list, a line, "Title\n==="
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+")


def md(text: object) -> str:
    """A name or a title on one line of Markdown, as nothing but text."""
    return _AT_FIRST.sub(r"\1\\", _SPECIAL.sub(r"\\\1", plain(text)))


def plain(text: object) -> str:
    """The same for plain text: one line that cannot steer a terminal."""
    return " ".join(_UNPRINTABLE.sub(" ", str(text)).split())


def quoted(text: str) -> str:
    """Markdown that people wrote, as a block quote, so that it cannot become a part of ours."""
    return "\n".join("> " + _UNPRINTABLE.sub(" ", line).strip() for line in text.strip().splitlines())
