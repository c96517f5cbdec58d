"""What `kener-py demo` runs: one server process with a service, a loop and made-up jobs for each state."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NoReturn

import click

from kener_py import demo, store, web
from kener_py.cli import logs, server
from kener_py.demo import Jobs, Prepared
from kener_py.model import Server
from kener_py.service import Service
from kener_py.service.loop import Loop
from kener_py.web.showcase import Showcase

NAMES = tuple(demo.STATES)

_THREADS = 8  # each keeps a connection to each state's database


class Impossible(Exception):
    """It cannot be shown; the message says why and what to do."""


def serve(host: str, port: int, only: str | None, folder: Path | None) -> int:
    """Show one state at /, or all of them below their names, until a signal says stop; the exit code."""
    logs.set_up("plain", "warning")
    signal.signal(signal.SIGTERM, _stop)  # until the server takes over: the folder goes in any case
    with ExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kener-py-demo-")))
        try:
            host, port = server.listening_at(Server(host, port))
            prepared = _prepared(folder, server.url(host, port), only)
            running = [stack.enter_context(_running(each)) for each in prepared]
        except (server.CannotListen, store.StoreError, OSError) as error:
            raise Impossible(error) from None
        apps = {each.name: web.serving(service) for each, (service, _) in zip(prepared, running, strict=True)}
        app = apps[only] if only else Showcase(apps)
        threads = [thread for _, started in running for thread in started]

        def start() -> None:
            for thread in threads:
                thread.start()
            _announce(server.url(host, port), prepared, only, folder)

        end = server.listen(app, host, port, start)
        for thread in threads:
            thread.stop()
    end()
    return 0


def _stop(_number: int, _frame: object) -> NoReturn:
    raise SystemExit(0)


def _prepared(folder: Path, url: str, only: str | None) -> list[Prepared]:
    names = [only] if only else list(NAMES)
    for name in names:
        if (folder / name).exists():
            raise Impossible(f"{folder / name} is there already; remove it, or name another folder")
    at = server.clock()
    return [demo.prepare(name, folder / name, url if only else f"{url}/{name}", at) for name in names]


@contextmanager
def _running(prepared: Prepared) -> Iterator[tuple[Service, list[Loop | Jobs]]]:
    """A state's service, and the threads that it needs, which are not started yet."""
    db = store.Store(prepared.config.server.database)
    try:
        service = Service(db, prepared.config, server.clock)
        threads: list[Loop | Jobs] = [Loop(service), Jobs(service, prepared)] if prepared.has_loop else []
        yield service, threads
    finally:
        db.close()


def _announce(url: str, prepared: list[Prepared], only: str | None, folder: Path) -> None:
    if only:
        click.echo(f"{url}/")
        return
    click.echo(f"{url}/  lists all states:")
    for each in prepared:
        click.echo(f"  {url}/{each.name}/")
    click.echo(f"Files: {folder}. Ctrl-C ends it.", err=True)
