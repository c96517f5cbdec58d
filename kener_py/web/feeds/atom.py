"""A feed as Atom, RFC 4287, in the frame that Statuspage gives it."""

from __future__ import annotations

from flask import render_template

from kener_py import __version__
from kener_py.web.api import rfc3339
from kener_py.web.feeds import xml
from kener_py.web.feeds.entries import Feed

TYPE = "application/atom+xml; charset=utf-8"


def text(feed: Feed) -> str:
    words = render_template("feed.atom.xml", feed=feed, rfc3339=rfc3339, version=__version__)
    return xml.clean(words)
