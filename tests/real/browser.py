"""A real browser for the tests: pages that are opened, typed at, touched and read."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .programs import BROWSER, CHROMIUM, demand, needs

_WANTED = ("chromium", "node", "npm:puppeteer-core")
needed = needs(*_WANTED)


class Browser:
    """A Chromium that a Node process drives; see `tests/browser/remote.mjs`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def ask(self, **words: Any) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the browser has gone"
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer.get("value")

    def open(self, url: str | None = None, **options: Any) -> Page:
        """A page with a profile of its own.

        `js`: whether scripts run; `zone`, `lang`: of the visitor; `size`: width and height in CSS pixels;
        `touch`: a phone; `media`: media features by name; `before`: a script that runs before the page's own.
        """
        page = Page(self, self.ask(do="open", **{"with": [options]}))
        if url is not None:
            page.goto(url)
        return page


class Page:
    def __init__(self, browser: Browser, number: int) -> None:
        self.browser = browser
        self.number = number

    def call(self, do: str, *given: Any) -> Any:
        """A method of puppeteer's page by its path: `call("keyboard.press", "Tab")`."""
        return self.browser.ask(page=self.number, do=do, **{"with": list(given)})

    def goto(self, url: str) -> None:
        self.call("goto", url)

    def js(self, expression: str) -> Any:
        """The value of an expression in the page; a promise is awaited."""
        return self.call("evaluate", expression)

    def text(self, selector: str) -> str:
        """The text of the first element that matches, its white space as a reader sees it."""
        found = self.js(f"document.querySelector({json.dumps(selector)})?.textContent ?? null")
        assert found is not None, f"no {selector} on {self.js('location.href')}"
        return " ".join(found.split())

    def press(self, *keys: str) -> None:
        for key in keys:
            self.call("keyboard.press", key)

    def resize(self, width: int, height: int = 900) -> None:
        self.call("setViewport", {"width": width, "height": height})

    @property
    def requests(self) -> list[str]:
        return list(self.call("log")["requests"])

    @property
    def complaints(self) -> list[str]:
        """What the console has to say: errors, warnings, refusals by the security policy."""
        return list(self.call("log")["complaints"])

    def close(self) -> None:
        self.call("close")


@contextmanager
def running() -> Iterator[Browser]:
    """A browser that ends with the block."""
    demand(*_WANTED)
    process = subprocess.Popen(
        ["node", str(BROWSER / "remote.mjs")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"CHROMIUM": str(CHROMIUM)},
    )
    try:
        yield Browser(process)
    finally:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.stdout.close()
        process.wait(30)
