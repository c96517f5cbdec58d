"""`kener-py explain`: why a monitor is what it is, in words or JSON."""

from __future__ import annotations

import json
from pathlib import Path

import click

from kener_py.cli import _fail, _load, beside, complete, options


@click.command()
@options.config
@click.argument("tag", shell_complete=complete.tags)
@options.as_json
def explain(path: Path, tag: str, as_json: bool) -> None:
    """Print why monitor TAG has its status, when that will change, and what to do.

    Works while a server runs, and without one; for hidden monitors too. Exit code 0 whatever it is.
    """
    from kener_py.cli import reasons
    from kener_py.config.problems import suggestion

    config = _load(path)
    if tag not in config.monitors:
        _fail(f"no monitor has the tag '{tag}'; {suggestion(tag, config.monitors)}", 2)
    with beside.database(config.server.database) as db:
        found = reasons.gather(db, config, config.monitors[tag], beside.now())
    click.echo(json.dumps(reasons.fields(found), indent=2) if as_json else "\n".join(reasons.lines(found)))
