"""`kener-py backup`, `restore` and `db`: living with the database for years."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kener_py.cli import _fail, _load, beside, options

if TYPE_CHECKING:
    from kener_py.store import Sizes

_MOST = 10  # monitors told to people
_file = click.argument("file", type=click.Path(path_type=Path, allow_dash=True))


def _database(path: Path) -> Path:
    return _load(path).server.database.absolute()


@contextmanager
def _failing() -> Iterator[None]:
    from kener_py import store

    try:
        yield
    except store.StoreError as error:
        _fail(error)


@click.command()
@options.config
@options.as_json
@click.option("--force", is_flag=True, help="Replace FILE if it is there already.")
@_file
def backup(path: Path, as_json: bool, force: bool, file: Path) -> None:
    """Copy the database to FILE, as it is at this instant. Works while a server runs, and without one.

    The copy is read back and on disk before FILE appears; one that was cut off leaves no FILE, and an older
    FILE as it was. `-` is standard output.
    """
    from kener_py import store

    if str(file) == "-":
        if as_json:
            _fail("--json and the database cannot both go to standard output", 2)
        _to_stdout(_database(path))
        return
    database = _database(path)
    with _failing():
        made = store.back_up(database, file, force)
    if as_json:
        fields = {
            "file": str(made.path),
            "bytes": made.size,
            "schema": made.schema,
            "database": str(database),
        }
        click.echo(json.dumps(fields, indent=2))
    else:
        click.echo(f"{made.path}: {_bytes(made.size)}, checked, schema {made.schema}")


def _to_stdout(database: Path) -> None:
    import shutil
    import tempfile

    from kener_py import store

    if sys.stdout.isatty():
        _fail("a database is nothing for a terminal: redirect the output, or name a file", 2)
    with tempfile.TemporaryDirectory(prefix="kener-py-backup-") as folder, _failing():
        made = store.back_up(database, Path(folder) / "kener.db")
        try:
            with made.path.open("rb") as source:
                shutil.copyfileobj(source, sys.stdout.buffer)
            sys.stdout.buffer.flush()
        except OSError as error:
            _fail(f"standard output: {error.strerror}")
    click.echo(f"standard output: {_bytes(made.size)}, checked, schema {made.schema}", err=True)


@click.command()
@options.config
@options.as_json
@_file
def restore(path: Path, as_json: bool, file: Path) -> None:
    """Put the backup FILE in the place of the database; no server may be running. `-` is standard input.

    FILE is read and checked before anything changes. The database that was there stays beside it under
    another name. A server that starts brings an older backup up to its own version.
    """
    from kener_py import store

    database, at = _database(path), beside.now()
    with _from_stdin(file) as source, _failing():
        made = store.restore(database, source, at)
    if as_json:
        fields = {
            "database": str(made.path),
            "bytes": made.size,
            "schema": made.schema,
            "before": None if made.aside is None else str(made.aside),
        }
        click.echo(json.dumps(fields, indent=2))
        return
    click.echo(f"{made.path}: restored, {_bytes(made.size)}, schema {made.schema}")
    if made.aside is not None:
        click.echo(f"what was there before: {made.aside}")


@contextmanager
def _from_stdin(file: Path) -> Iterator[Path]:
    """The file, or what comes in as one."""
    import shutil
    import tempfile

    if str(file) != "-":
        yield file
        return
    with tempfile.TemporaryDirectory(prefix="kener-py-restore-") as folder:
        source = Path(folder) / "standard-input"
        try:
            with source.open("wb") as target:
                shutil.copyfileobj(sys.stdin.buffer, target)
        except OSError as error:
            _fail(f"standard input cannot be kept in {folder}: {error.strerror}")
        yield source


@click.group()
def db() -> None:
    """Check the database, tell its size, make it small again."""


@db.command()
@options.config
@options.as_json
def check(path: Path, as_json: bool) -> None:
    """Look for damage, and for rows that contradict each other. Works while a server runs.

    Exit code 1 if there is any.
    """
    from kener_py import store

    database = _database(path)
    with beside.database(database) as opened:
        found = store.problems(opened)
    if as_json:
        click.echo(json.dumps({"database": str(database), "problems": found}, indent=2))
    else:
        for each in found:
            click.echo(each)
        told = f"{len(found)} problem{'' if len(found) == 1 else 's'}" if found else "whole"
        if any(each.startswith("damage: ") for each in found):
            told += f"; {store.advice(database)}"
        click.echo(f"{database}: {told}", err=bool(found))
    sys.exit(1 if found else 0)


@db.command()
@options.config
@options.as_json
def vacuum(path: Path, as_json: bool) -> None:
    """Write the file anew without the room that is no longer used. Not while a server runs.

    Seldom needed: new rows take that room, and a backup leaves it out. It needs as much room again meanwhile.
    """
    from kener_py import store

    database = _database(path)
    with _failing():
        before, after = store.vacuum(database)
    if as_json:
        click.echo(json.dumps({"database": str(database), "before": before, "after": after}, indent=2))
    else:
        click.echo(f"{database}: {_bytes(before)} before, {_bytes(after)} after")


@db.command()
@options.config
@options.as_json
def stats(path: Path, as_json: bool) -> None:
    """Print how large the database is, and what is in it. Works while a server runs."""
    from kener_py import store

    config, at = _load(path), beside.now()
    with beside.database(config.server.database) as opened:
        sizes = store.measure(opened, config.server.database.absolute(), at)
    if as_json:
        click.echo(json.dumps(_fields(sizes), indent=2))
    else:
        click.echo("\n".join(_lines(sizes, config.site.timezone)))


def _fields(sizes: Sizes) -> dict[str, object]:
    from kener_py.web.api import rfc3339

    return {
        "bytes": sizes.size,
        "log_bytes": sizes.log_size,
        "unused_bytes": sizes.unused,
        "schema": sizes.schema,
        "oldest": rfc3339(sizes.oldest),
        "newest": rfc3339(sizes.newest),
        "tables": [
            {
                "name": each.name,
                "rows": each.rows,
                "bytes": each.size,
                "oldest": rfc3339(each.oldest),
                "newest": rfc3339(each.newest),
            }
            for each in sizes.tables
        ],
        "monitors": [
            {
                "tag": each.monitor,
                "heartbeats": each.heartbeats,
                "heartbeat_bytes": each.logged,
                "changes": each.changes,
                "changes_per_day": each.changes_per_day,
            }
            for each in sizes.monitors
        ],
    }


def _lines(sizes: Sizes, zone: str) -> Iterator[str]:
    from kener_py import messages

    log = f", and {_bytes(sizes.log_size)} in the write-ahead log" if sizes.log_size else ""
    yield f"{_bytes(sizes.size)}{log}; {_bytes(sizes.unused)} of it unused; schema {sizes.schema}"
    for each in sizes.tables:
        size = "?" if each.size is None else _bytes(each.size)
        line = f"{each.name.ljust(20)} {each.rows:>9} rows  {size.rjust(9)}"
        if each.oldest is not None and each.newest is not None:
            line += f"  {messages.moment(each.oldest, zone)} to {messages.moment(each.newest, zone)}"
        yield line
    for share in sizes.monitors[:_MOST]:
        beats = f"{share.heartbeats} heartbeats with {_bytes(share.logged)} of text"
        yield f"{share.monitor}: {beats}, {share.changes} changes, {share.changes_per_day:g} a day lately"
    if len(sizes.monitors) > _MOST:
        yield f"and {len(sizes.monitors) - _MOST} monitors that keep less; --json has all"


def _bytes(number: int) -> str:
    size = float(number)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
