"""A feed as JSON Feed 1.1, https://www.jsonfeed.org/version/1.1/."""

from __future__ import annotations

import json

from kener_py.web.api import rfc3339
from kener_py.web.feeds.entries import Entry, Feed

TYPE = "application/feed+json"
VERSION = "https://jsonfeed.org/version/1.1"


def text(feed: Feed) -> str:
    facts: dict[str, object] = {
        "version": VERSION,
        "title": feed.title,
        "home_page_url": feed.home,
        "feed_url": feed.url,
        "description": feed.description,
        "language": feed.language,
        "authors": [{"name": feed.author, "url": feed.site}],
    }
    if feed.logo:
        facts["icon"] = feed.logo
    return json.dumps(facts | {"items": [_item(each) for each in feed.entries]}, ensure_ascii=False)


def _item(entry: Entry) -> dict[str, object]:
    return {
        "id": entry.id,
        "url": entry.url,
        "title": entry.title,
        "content_html": entry.html,
        "date_published": rfc3339(entry.published),
        "date_modified": rfc3339(entry.updated),
        "tags": [term for term, _label in entry.categories],
        "_kener": {"state": entry.state, "impact": entry.impact, "affected": list(entry.affected)},
    }
