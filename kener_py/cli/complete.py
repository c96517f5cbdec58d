"""`kener-py completion`, and what a shell proposes for a tag, a notifier, an incident or a window.

It runs at each press of the key: what cannot be found out in a moment is not proposed, and nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    ZshComplete,
    add_completion_class,
    get_completion_class,
)

if TYPE_CHECKING:
    from kener_py.glance import Glance
    from kener_py.model import Instant
    from kener_py.store import Database

NAME, VARIABLE = "kener-py", "_KENER_PY_COMPLETE"
Proposals = list[CompletionItem[str]]

# The demo itself takes a second to load.
DEMO = (
    "all-up", "degraded", "partial-outage", "major-outage", "maintenance", "detected", "waiting", "empty",
    "unknown", "large", "hostile",
)  # fmt: skip
_SPLIT = re.compile(r"[\s'\"\\$`&|;<>()*?\[\]{}#~!]")  # what a shell would need quotes for
_MOST = 100  # incidents or windows
_BACK = 90 * 86_400_000  # milliseconds


@add_completion_class
class _Bash(BashComplete):
    def get_completion_args(self) -> tuple[list[str], str]:
        """Put `--config`, `=` and `file` together again: to bash they are three words."""
        words, incomplete = super().get_completion_args()
        found: list[str] = []
        for place, word in enumerate(words):
            if word == "=" and found and found[-1].startswith("--"):
                # Without a value yet, click knows the option by its bare name.
                found[-1] += "=" if place + 1 < len(words) else ""
            elif found and found[-1].startswith("--") and found[-1].endswith("="):
                found[-1] += word
            else:
                found.append(word)
        return found, incomplete


@add_completion_class
class _Zsh(ZshComplete):
    def source(self) -> str:
        """Let a script that zsh loaded by itself work each time, not only the first."""
        loaded = "$zsh_eval_context[-1] == loadautofunc"
        return super().source().replace(loaded, f"{loaded} || $funcstack[1] == _{NAME}")


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print a script that completes commands, options, tags and ids in SHELL.

    Put it where the shell looks for it, and open a new shell:

    \b
      kener-py completion bash > ~/.local/share/bash-completion/completions/kener-py
      kener-py completion zsh > "${fpath[1]}/_kener-py"
      kener-py completion fish > ~/.config/fish/completions/kener-py.fish

    bash needs the package bash-completion for that; without it, put this into ~/.bashrc:

    \b
      eval "$(kener-py completion bash)"

    Tags and notifiers are those of $KENER_CONFIG, of config.yaml here, or of --config before them.
    """
    made = get_completion_class(shell)
    assert made is not None
    click.echo(made(context.find_root().command, {}, NAME, VARIABLE).source(), nl=False)


# ---- what is proposed ------------------------------------------------------------------------


def tags(context: click.Context, param: click.Parameter, incomplete: str) -> Proposals:
    given = context.params.get(param.name or "")
    used = given if isinstance(given, tuple) else ()
    return _proposals(
        ((each.tag, each.name) for each in _glance(context).monitors if each.tag not in used), incomplete
    )


def notifiers(context: click.Context, param: click.Parameter, incomplete: str) -> Proposals:
    return _proposals(((name, "") for name in _glance(context).notifiers), incomplete)


def lengths(context: click.Context, param: click.Parameter, incomplete: str) -> Proposals:
    return _proposals(((length, "") for length in ("30m", "1h", "4h", "8h", "1d")), incomplete)


def states(context: click.Context, param: click.Parameter, incomplete: str) -> Proposals:
    """Of the demo."""
    return _proposals(((name, "") for name in DEMO), incomplete)


def incidents(context: click.Context, param: click.Parameter, incomplete: str) -> Proposals:
    """The newest ids, with their titles; only open ones for what is done to an open one."""
    from kener_py import store

    is_for_open = context.info_name in ("resolve", "update", "publish")
    with _beside(context) as opened:
        if opened is None:
            return []
        db, now = opened
        found = [
            (str(each.id), f"{each.state} {each.title}")
            for each in store.incidents(db, now - _BACK)
            if each.resolved is None or not is_for_open
        ]
        return _proposals(found[:_MOST], incomplete)


def windows(context: click.Context, param: click.Parameter, incomplete: str) -> Proposals:
    """The ids of maintenance windows, with their titles; only what is not over can be cancelled."""
    from kener_py import store

    is_for_live = context.info_name == "cancel"
    with _beside(context) as opened:
        if opened is None:
            return []
        db, now = opened
        found = [
            (str(each.id), each.title)
            for each in store.maintenances(db, now if is_for_live else now - _BACK, now + _BACK)
            if each.cancelled is None or not is_for_live
        ]
        return _proposals(found[-_MOST:], incomplete)


def _proposals(found: Iterable[tuple[str, str]], incomplete: str) -> Proposals:
    return [
        CompletionItem(value, help=" ".join(words.split()) or None)
        for value, words in found
        if value.startswith(incomplete) and not _SPLIT.search(value)
    ]


def _glance(context: click.Context) -> Glance:
    import os

    from kener_py import glance

    path = context.params.get("path")
    return glance.at(path.expanduser(), os.environ) if isinstance(path, Path) else glance.Glance()


@contextmanager
def _beside(context: click.Context) -> Iterator[tuple[Database, Instant] | None]:
    """The database and the time, or None if there is none to be read at once."""
    from kener_py import store
    from kener_py.cli import beside

    path = _glance(context).database
    try:
        db = store.read_only(path) if path is not None else None
    except Exception:  # whatever it is, a traceback on the line that somebody types helps nobody
        db = None
    if db is None:
        yield None
        return
    with closing(db):
        yield db, beside.now()
