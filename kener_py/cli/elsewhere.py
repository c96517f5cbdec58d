"""Commands that stand in files of their own, which are imported when somebody asks for one of them."""

from __future__ import annotations

from importlib import import_module

import click

_FILES = {
    "ack": "alerts",
    "backup": "database",
    "completion": "complete",
    "db": "database",
    "deliveries": "alerts",
    "demo": "demo",
    "explain": "explain",
    "export": "export",
    "export-given": "hidden",
    "incident": "incidents",
    "maintenance": "maintenances",
    "ping": "run",
    "restore": "database",
    "run": "run",
    "snooze": "alerts",
    "try-certificate": "hidden",
}


class Commands(click.Group):
    """The commands that were added, and those of `_FILES`: a server lives for years without them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*self.commands, *_FILES})

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name in _FILES and name not in self.commands:
            module = import_module(f"kener_py.cli.{_FILES[name]}")
            self.add_command(getattr(module, name.replace("-", "_")))
        return super().get_command(ctx, name)
