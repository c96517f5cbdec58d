"""A page as a test reads it: parsed strictly, with what must hold for every page of ours."""

from __future__ import annotations

import re
from html import unescape

VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta"}
ATTRIBUTE = re.compile(r"""\s+([\w:-]+)(?:=("[^"]*"|'[^']*'))?""", re.ASCII)
TOKEN = re.compile(
    rf"(?P<text>[^<]+)|</(?P<end>\w+)>|<(?P<start>\w+)(?P<attributes>(?:{ATTRIBUTE.pattern})*)\s*(?P<empty>/?)>",
    re.ASCII,
)


class Page:
    """A parsed page: balanced, without duplicate ids, nothing that the CSP forbids, one h1.

    Names are in lower case. Stricter than `html.parser`, and much faster.
    """

    landmarks = ("main", "header", "footer")

    def __init__(self, html: str) -> None:
        self.html, self.tags, self.stack, self.words = html, [], [], []
        self.inert: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, list[str]] = {}
        self.open: list[tuple[list[str], int, int]] = []  # where its text will stand, and its first word
        self.parse()
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

    def parse(self) -> None:
        at = re.match(r"\s*<!doctype html>", self.html, re.IGNORECASE).end()
        while at < len(self.html):
            token = TOKEN.match(self.html, at)
            assert token, f"no HTML of ours: {self.html[at : at + 80]}"
            at = token.end()
            if token["text"]:
                if "template" not in self.stack:
                    self.words.append(unescape(token["text"]))
            elif token["end"]:
                self.handle_end(token["end"].lower())
            else:
                self.handle_start(token["start"].lower(), token["attributes"], bool(token["empty"]))

    def handle_start(self, tag: str, given: str, is_empty: bool) -> None:
        pairs = ATTRIBUTE.findall(given) if given else []
        attributes = {name.lower(): unescape(value[1:-1]) if value else None for name, value in pairs}
        assert len(attributes) == len(pairs), f"an attribute twice: <{tag}{given}>"
        # No part of the page until a script makes it one.
        is_inert = "template" in self.stack or tag == "template"
        (self.inert if is_inert else self.tags).append((tag, attributes))
        if is_empty or tag in VOID:
            return
        self.stack.append(tag)
        if not is_inert:
            texts = self.texts.setdefault(tag, [])
            self.open.append((texts, len(texts), len(self.words)))
            texts.append("")

    def handle_end(self, tag: str) -> None:
        is_inert = "template" in self.stack
        assert self.stack.pop() == tag
        if not is_inert:
            texts, place, begin = self.open.pop()
            texts[place] = "".join(self.words[begin:])

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
