"""The options that several commands have."""

from __future__ import annotations

from pathlib import Path

import click

config = click.option(
    "--config",
    "path",
    envvar="KENER_CONFIG",
    default="config.yaml",
    show_default=True,
    type=click.Path(path_type=Path),
    help="The YAML file (or $KENER_CONFIG).",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
