"""`kener-py demo`: the status page in all its states, filled with a made-up year."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from kener_py.cli import _fail, complete


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=3000, show_default=True, type=click.IntRange(0, 65535))
@click.option("--state", metavar="NAME", help="Only this one, at /.", shell_complete=complete.states)
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep the files there: a config.yaml and a database for each state.",
)
def demo(host: str, port: int, state: str | None, folder: Path | None) -> None:
    """Show the status page in all its states, each below its name: /all-up/, /maintenance/ and so on."""
    from kener_py.cli import showcase

    if state is not None and state not in showcase.NAMES:
        _fail(f"there is no state '{state}'; there are: {', '.join(showcase.NAMES)}", 2)
    try:
        code = showcase.serve(host, port, state, folder)
    except showcase.Impossible as error:
        _fail(error)
    sys.exit(code)
