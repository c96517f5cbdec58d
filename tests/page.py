"""A page as a test reads it: parsed strictly, with what must hold for every page of ours."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta"}


class Page(HTMLParser):
    """A parsed page: balanced, without duplicate ids, nothing that the CSP forbids, one h1."""

    landmarks = ("main", "header", "footer")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html, self.tags, self.stack, self.words = html, [], [], []
        self.inert: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(html)
        assert self.stack == []
        ids = [attributes["id"] for _, attributes in self.tags if "id" in attributes]
        assert len(ids) == len(set(ids))
        assert len(self.all("h1")) == 1
        assert all(len(self.all(tag)) == 1 for tag in self.landmarks)
        assert self.tags[0][0] == "html"
        assert self.tags[0][1].keys() - {"data-theme"} == {"lang", "dir"}
        for tag, attributes in self.tags:
            assert tag not in ("style", "iframe")
            assert tag != "script" or attributes.keys() - {"defer"} == {"src"}
            assert "style" not in attributes
            assert not any(name.startswith("on") for name in attributes)

    def handle_starttag(self, tag: str, attrs) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)
        if "template" in self.stack:  # no part of the page until a script makes it one
            self.tags.pop()
            self.inert.append((tag, dict(attrs)))
        elif tag not in VOID:
            self.texts.setdefault(tag, []).append("")

    def handle_startendtag(self, tag: str, attrs) -> None:
        (self.inert if "template" in self.stack else self.tags).append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        if "template" in self.stack:
            return
        self.words.append(data)
        for tag in set(self.stack):
            self.texts[tag][-1] += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())

    def one(self, tag: str) -> str:
        (text,) = self.texts[tag]
        return " ".join(text.split())


class Frame(Page):
    """A part of the page for the frame of another one."""

    landmarks = ("main",)
