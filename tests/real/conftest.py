"""Fixtures that start a real server and end it whatever happens."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .browser import Browser, running
from .demo import Demo
from .server import Server
from .visits import Visit, calm_site

Serve = Callable[..., Server]


@contextlib.contextmanager
def servers(folder: Path) -> Iterator[Serve]:
    made: list[Server] = []

    def serve(yaml_text: str | None, *, start: bool = True, **options: Any) -> Server:
        server = Server(folder / f"server{len(made)}", yaml_text, **options)
        made.append(server)
        return server.start() if start else server

    try:
        yield serve
    finally:
        for server in made:
            server.close()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start a server on this YAML; `start=False` only prepares it."""
    with servers(tmp_path) as start:
        yield start


@pytest.fixture(scope="module")
def serve_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """The same for a server that a whole file of tests shares."""
    with servers(tmp_path_factory.mktemp("real")) as start:
        yield start


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The made-up company in every state; no test changes it."""
    started = Demo(tmp_path_factory.mktemp("demo"))
    try:
        started.start()
        yield started
    finally:
        started.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests; each page has its own profile."""
    with running() as started:
        yield started


@pytest.fixture(scope="module")
def site(serve_module: Serve, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """The calm site; no test changes it."""
    return calm_site(serve_module, tmp_path_factory.mktemp("past"))


@pytest.fixture
def visit(browser: Browser, site: Server) -> Iterator[Visit]:
    visitor = Visit(browser, site.url)
    yield visitor
    visitor.leave()
