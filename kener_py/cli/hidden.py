"""Commands that only a server of ours calls: work that must not be done in its own process."""

from __future__ import annotations

import sys

import click


def words(command: click.Command) -> list[str]:
    """How this program is started with one of them: from a checkout, a wheel, or the single binary."""
    assert command.name is not None
    itself = [] if getattr(sys, "frozen", False) else ["-m", "kener_py"]
    return [sys.executable, *itself, command.name]


@click.command("export-given", hidden=True)
def export_given() -> None:
    """Write the page of the configuration on stdin."""
    from kener_py.cli import exporting

    exporting.main()


@click.command("try-certificate", hidden=True)
def try_certificate() -> None:
    """Shake hands with the certificate that stdin names."""
    from kener_py.cli import tls

    tls.attempt()
