"""`kener-py export`: the page as files."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from kener_py.cli import _fail, _load
from kener_py.cli.options import as_json as _as_json
from kener_py.cli.options import config as _config


@click.command()
@_config
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Write to DIR although it holds files of others; they stay.")
@_as_json
def export(path: Path, folder: Path, force: bool, as_json: bool) -> None:
    """Write the public page to DIR as files that any web server can give out.

    Works while a server runs, and without one. What has not changed is not touched, and of what is no longer
    there only that goes which an earlier export wrote. A page older than four minutes says so itself:
    export more often than that, or let the server do it (`export:` in the file).
    """
    from kener_py import store
    from kener_py.cli import exporting

    config = _load(path)
    try:
        done = exporting.written(config, folder, force)
    except (exporting.Refused, store.StoreError) as error:
        _fail(error)
    except OSError as error:
        _fail(f"{error.filename or folder}: {error.strerror or error}")
    except Exception as error:
        if not store.is_disk_trouble(error):
            raise
        _fail(f"{config.server.database}: cannot be read: {error}")
    if as_json:
        click.echo(json.dumps(exporting.fields(done)))
    else:
        click.echo(f"{folder}: {done.written} written, {done.unchanged} unchanged, {done.removed} removed")
    for address in done.failed:
        click.echo(f"kener-py: {address} could not be rendered; its file is as it was", err=True)
    sys.exit(1 if done.failed else 0)


@click.command("export-given", hidden=True)
def export_given() -> None:
    """Write the page of the configuration on stdin: what a server starts each time."""
    from kener_py.cli import exporting

    exporting.main()
