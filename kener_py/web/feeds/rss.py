"""A feed as RSS 2.0. Times are those of RFC 822, in GMT."""

from __future__ import annotations

from email.utils import formatdate

from flask import render_template

from kener_py.model import Instant
from kener_py.web.feeds import xml
from kener_py.web.feeds.entries import Feed

TYPE = "application/rss+xml; charset=utf-8"


def _when(at: Instant) -> str:
    return formatdate(at // 1000, usegmt=True)


def text(feed: Feed) -> str:
    return xml.clean(render_template("feed.rss.xml", feed=feed, rfc822=_when))
