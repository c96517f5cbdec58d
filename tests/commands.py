"""The commands of the command line."""

from __future__ import annotations

import click


def of(group: click.Group) -> dict[str, click.Command]:
    """Every command by name, hidden ones too."""
    context = click.Context(group)
    found = {name: group.get_command(context, name) for name in group.list_commands(context)}
    return {name: command for name, command in found.items() if command is not None}
