"""Words to calls. Results on stdout, messages on stderr; imports inside commands, so that help is quick.

Exit codes: 0 done, 1 failed, 2 usage, 78 the configuration is wrong.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from kener_py import __version__
from kener_py.cli import complete
from kener_py.cli.elsewhere import Commands
from kener_py.cli.options import as_json as _as_json
from kener_py.cli.options import config as _config

if TYPE_CHECKING:
    from kener_py.model import Config

EX_CONFIG = 78


def _fail(text: object, code: int = 1) -> NoReturn:
    click.echo(f"kener-py: {text}", err=True)
    sys.exit(code)


def _load(path: Path, **flags: object) -> Config:
    """The configuration, or the end of the program with every problem on stderr."""
    import os

    from kener_py import config, messages, notify
    from kener_py.cli import beside

    try:
        return config.load(
            path,
            os.environ,
            flags,
            check_url=notify.check,
            check_template=messages.check,
            at=beside.now(),
        )
    except config.ConfigError as error:
        click.echo(str(error), err=True)
        count = len(error.problems)
        _fail(f"{count} problem{'' if count == 1 else 's'} in the configuration", EX_CONFIG)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s", prog_name="kener-py")
def main() -> None:
    """A heartbeat monitor and status page: one process, one SQLite file, one YAML file."""


@main.command()
@_config
@click.option("--host", help="Address to listen on (or $KENER_HOST).")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on (or $KENER_PORT).")
@click.option("--database", type=click.Path(), help="The SQLite file (or $KENER_DATABASE).")
@click.option("--log-format", type=click.Choice(["plain", "json"]), help="(or $KENER_LOG_FORMAT)")
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    help="(or $KENER_LOG_LEVEL)",
)
def serve(path: Path, **flags: str | int | None) -> None:
    """Run the server: page, heartbeats, cron loop and messages in one process."""
    from kener_py import store
    from kener_py.cli import server

    config = _load(path, **flags)
    try:
        code = server.serve(config, lambda: server.load(path, flags))
    except store.Unavailable as error:  # its first writes
        _fail(store.explained(config.server.database, error))
    except (store.StoreError, server.CannotListen) as error:
        _fail(error)
    except Exception as error:  # damage that shows only when rows are read
        if not store.is_disk_trouble(error):
            raise
        _fail(store.explained(config.server.database, error))
    sys.exit(code)


@main.command()
@_config
@_as_json
def check(path: Path, as_json: bool) -> None:
    """Validate the file, and print when each monitor would alert and how well its colours are seen."""
    from kener_py import messages
    from kener_py.cli import report

    if as_json:
        import os

        from kener_py.cli import checked

        found = checked.fields(path, os.environ)
        click.echo(json.dumps(found, indent=2))
        sys.exit(0 if found["valid"] else EX_CONFIG)
    config = _load(path)
    for warning in config.warnings:
        click.echo(f"warning: {warning}", err=True)
    for monitor in config.monitors.values():
        rules = [rule for rule in config.rules if monitor.tag in rule.monitors]
        click.echo(f"{monitor.tag}: expects {messages.expectation(monitor.limits)}")
        click.echo(f"  {messages.forecast(monitor, rules)}")
    for line in report.colors(config):
        click.echo(line)
    monitors = f"{len(config.monitors)} monitor{'' if len(config.monitors) == 1 else 's'}"
    rules_in_all = f"{len(config.rules)} alert rule{'' if len(config.rules) == 1 else 's'}"
    click.echo(f"{path}: valid; {monitors}, {rules_in_all}")


@main.command()
def schema() -> None:
    """Print the JSON Schema of the file, for editors."""
    from kener_py import config

    click.echo(json.dumps(config.schema(), indent=2))


@main.command()
@_config
@_as_json
def status(path: Path, as_json: bool) -> None:
    """Print what each monitor is, hidden ones too. Works while a server runs, and without one.

    Exit code 0 whatever the monitors are; 1 if there is no database yet.
    """
    from kener_py.cli import beside, report

    config = _load(path)
    with beside.database(config.server.database) as db:
        found = report.monitors(db, config, beside.now())
    click.echo(json.dumps(found.fields, indent=2) if as_json else "\n".join(found.lines))


@main.command("notify-test")
@_config
@click.argument("name", metavar="[NOTIFIER]", required=False, shell_complete=complete.notifiers)
@click.option("--alert", is_flag=True, help="Send what a DOWN alert and its RESOLVED would look like.")
@click.option(
    "--monitor",
    "tag",
    metavar="TAG",
    help="With --alert: of this monitor; the first by default.",
    shell_complete=complete.tags,
)
@click.option("--dry-run", is_flag=True, help="Print what would be sent, and send nothing.")
def notify_test(path: Path, name: str | None, alert: bool, tag: str | None, dry_run: bool) -> None:
    """Send a test message to every URL of NOTIFIER, or of all notifiers, and say how each went.

    Exit code 1 if any of them failed.
    """
    from kener_py.cli import beside, rehearsal

    config = _load(path)
    if not config.notifiers:
        _fail("the file has no notifiers")
    if name is not None and name not in config.notifiers:
        _fail(f"there is no notifier '{name}'; there are: {', '.join(config.notifiers)}", 2)
    if tag is not None and not alert:
        _fail("--monitor goes with --alert", 2)
    if tag is not None and tag not in config.monitors:
        _fail(f"there is no monitor '{tag}'; there are: {', '.join(config.monitors)}", 2)
    if alert and not config.monitors:
        _fail("the file has no monitors")
    chosen = [each for each in config.notifiers.values() if name in (None, each.name)]
    monitor = config.monitors[tag or next(iter(config.monitors))] if alert else None
    if dry_run:
        rehearsal.show(config, chosen, monitor, beside.now())
        return
    sys.exit(1 if rehearsal.send(config, chosen, monitor, beside.now()) else 0)


@main.command()
@_config
@click.option(
    "--timeout",
    type=click.FloatRange(0.01, 3600),
    default=5.0,
    show_default=True,
    help="Seconds to wait for the answer.",
)
def healthcheck(path: Path, timeout: float) -> None:
    """Ask the running server whether it is ready: exit code 0 or 1, for containers and scripts.

    An edit of the file that the server has refused does not matter.
    """
    import os

    from kener_py import glance
    from kener_py.cli import probe

    address = glance.at(path, os.environ).address
    if address is None:
        server = _load(path).server
        address = server.host, server.port, server.tls is not None
    host, port, is_https = address
    try:
        code, text = probe.ask(host, port, "/readyz", timeout, is_https)
    except probe.NoAnswer as error:
        _fail(error)
    if code != 200:
        _fail(text)
    click.echo(text)
