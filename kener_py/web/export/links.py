"""The links of an answer, turned into those of the files that they lead to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape, unescape
from urllib.parse import parse_qsl, urlsplit

from kener_py.web.export.places import Place, Places, quoted, split

# An attribute of HTML; the pattern of addresses that a script fills in; a link of Markdown.
_IN_HTML = re.compile(r'(?<=[ \n])((?:href|src|value|content)=")([^"]*)(")|("href": ")([^"]*)(")')
_IN_MARKDOWN = re.compile(r"(\]\()([^()\s]*)(\))")


class Links:
    """Of one site, at one address, below one prefix."""

    def __init__(self, places: Places, base: str, prefix: str) -> None:
        """`base` is the public address of the site, "" if it has none."""
        self._places, self._base, self._prefix = places, base.rstrip("/"), prefix

    def turned(self, text: str, here: Place, media_type: str) -> tuple[str, list[Place]]:
        """The text with its links turned, and the places of ours that they lead to."""
        found: list[Place] = []
        if media_type == "text/html":
            pattern, is_html = _IN_HTML, True
        elif media_type in ("text/markdown", "text/plain"):
            pattern, is_html = _IN_MARKDOWN, False
        else:
            return text, found

        def turn(match: re.Match[str]) -> str:
            before, address, after = (part for part in match.groups() if part is not None)
            link = self._link(unescape(address) if is_html else address, here, found.append)
            if link is None:
                return match[0]
            return f"{before}{escape(link) if is_html else link}{after}"

        return pattern.sub(turn, text), found

    def _link(self, address: str, here: Place, note: Callable[[Place], None]) -> str | None:
        """The address of the file; None for what stays as it is."""
        start = next(self._starts(address), None)
        if start is None:
            return None
        try:
            parts = urlsplit(address[len(start) :])
        except ValueError:
            return None
        if address.startswith("?"):
            path: str | None = here.path
        else:
            path = split(parts.path, "" if start else self._prefix)
        if path is None:
            return None
        place = self._places.find(path, dict(parse_qsl(parts.query)))
        if place is None:
            return None
        note(place)
        link = quoted(place.link)
        # A version in the address of a file lets it be cached for ever; what a badge is asked for is lost.
        if not place.is_html and "v=" in parts.query:
            link += f"?{parts.query}"
        if parts.fragment:
            link += f"#{parts.fragment}"
        return (start or self._prefix) + link

    def _starts(self, address: str) -> Iterator[str]:
        """The public address that this one begins with, or "" if it is a path of this host."""
        if self._base and (address == self._base or address.startswith((f"{self._base}/", f"{self._base}?"))):
            yield self._base
        elif address.startswith("?") or (address.startswith("/") and not address.startswith("//")):
            yield ""
