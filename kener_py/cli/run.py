"""`kener-py run` and `ping`: heartbeats from the command line, on this machine or any other.

`run` is in the way of somebody's job: nothing here may change what the job sees, delay its start, or
fail it. Signals are blocked and taken one by one, so that none is lost and each is handed on once.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kener_py import __version__
from kener_py.cli import _fail, complete, options

if TYPE_CHECKING:
    from kener_py.cli.caller import Target
    from kener_py.cli.tail import Output

HANDED_ON = (
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
)
_url = click.option("--url", metavar="URL", help="Address of the server (or $KENER_URL; else the file's).")
_secret_file = click.option(
    "--secret-file",
    type=click.Path(path_type=Path),
    help="Where the monitor's secret stands alone (else $KENER_SECRET, else the file's).",
)


class _Wrapper(click.Command):
    """What stands after `--` is another command, which none of our options is looked for in."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        at = args.index("--") if "--" in args else len(args)
        ours, theirs = args[:at], args[at + 1 :]
        if not theirs and not ctx.resilient_parsing and not {"-h", "--help"} & set(ours):
            raise click.UsageError("Put -- before the command: kener-py run TAG -- COMMAND", ctx)
        rest = super().parse_args(ctx, ours)
        ctx.params["command"] = tuple(theirs)
        return rest

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), "-- COMMAND..."]


def _warn(text: str) -> None:
    """On stderr, if there still is one."""
    with contextlib.suppress(OSError, ValueError):
        click.echo(f"kener-py: {text}", err=True)


@click.command(cls=_Wrapper)
@click.argument("tag", shell_complete=complete.tags)
@options.config
@_url
@_secret_file
@click.option("--output", "is_captured", is_flag=True, help="Also send the last 10 kB of its output.")
def run(
    tag: str,
    path: Path,
    url: str | None,
    secret_file: Path | None,
    is_captured: bool,
    command: tuple[str, ...],
) -> None:
    """Run COMMAND, and tell monitor TAG how it ended: up after exit code 0, else down.

    Ends with the command's exit code (128 + N after signal N; 127 if there is no such command, 126 if it
    cannot be run), whether or not the server could be told: that is tried for 30 seconds at most.
    """
    watched = [number for number in HANDED_ON if signal.getsignal(number) != signal.SIG_IGN]
    # Also where whoever started us ignores it: we are to hear of its end.
    before = signal.signal(signal.SIGCHLD, lambda number, frame: None)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [*watched, signal.SIGCHLD])
    try:
        code = _wrap(tag, path, url, secret_file, is_captured, command, watched, mask)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGCHLD, before)
    sys.exit(code)


def _wrap(
    tag: str,
    path: Path,
    url: str | None,
    secret_file: Path | None,
    is_captured: bool,
    command: tuple[str, ...],
    watched: list[signal.Signals],
    mask: set[int],
) -> int:
    output, begun = None, time.monotonic()
    if is_captured:
        from kener_py.cli.tail import Output

        output = Output()
    try:
        child = _spawn(command, mask, output)
    except (OSError, ValueError) as error:
        if output is not None:
            output.finish()
        code, how = _not_started(command[0], error)
        _warn(how)
        found = _prepared(lambda: _target(tag, path, url, secret_file))
        return _report(found(), "down", how, time.monotonic() - begun, code, watched)
    if output is not None:
        output.start()
    found = _prepared(lambda: _target(tag, path, url, secret_file))
    ended = _wait(child, watched)
    seconds = time.monotonic() - begun
    if output is not None:
        output.finish()
    code = ended if ended >= 0 else 128 - ended
    to = found()
    said = output.text(to.secret if to else None) if output is not None else ""
    status, message = ("up", said) if code == 0 else ("down", _how(ended, seconds))
    if code and said:
        message += f"; the end of its output:\n{said}"
    return _report(to, status, message, seconds, code, watched)


def _spawn(command: tuple[str, ...], mask: set[int], output: Output | None) -> int:
    """The process id of the command, with the signals, files and environment that we were given."""
    return os.posix_spawnp(
        command[0],
        command,
        os.environ,
        file_actions=output.actions if output is not None else (),
        setsigmask=mask,
        setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],  # Python ignores them
    )


def _not_started(name: str, error: OSError | ValueError) -> tuple[int, str]:
    """The exit code that a shell would give, and what happened."""
    code = 127 if isinstance(error, FileNotFoundError | NotADirectoryError) else 126
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    if why == "Exec format error":
        why += " (does its first line name a program, such as #!/bin/sh?)"
    return code, f"{name} could not be started: {why}"


def _wait(child: int, watched: list[signal.Signals]) -> int:
    """How it ended: its exit code, or minus the signal. Until then, signals are handed on to it."""
    while True:
        # Each second without one too, so that nobody else's taking of a SIGCHLD can hold us for ever.
        came = signal.sigtimedwait([*watched, signal.SIGCHLD], 1)
        if came is None or came.si_signo == signal.SIGCHLD:
            ended, how = os.waitpid(child, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(how)
        elif came.si_code <= 0:  # of a process; what a terminal sends, the command has got as well
            os.kill(child, came.si_signo)


def _prepared(find: Callable[[], Target | None]) -> Callable[[], Target | None]:
    """The same, done beside the job: what has to be imported and read must not delay it."""
    import threading

    found: list[Target | None] = []

    def prepare() -> None:
        found.append(find())
        import urllib.request  # noqa: F401

    thread = threading.Thread(target=prepare, daemon=True, name="prepare")
    thread.start()

    def wait() -> Target | None:
        thread.join()
        return found[0] if found else None

    return wait


def _target(tag: str, path: Path, url: str | None, secret_file: Path | None) -> Target | None:
    """Whom to tell; None, and a warning, if that cannot be found out: the job runs all the same."""
    from kener_py.cli import caller

    try:
        return caller.target(tag, path, url, secret_file, os.environ)
    except caller.Unknown as unknown:
        _warn(f"{tag}: nobody will hear of this run: {unknown}")
    except Exception as error:
        _warn(f"{tag}: nobody will hear of this run: {type(error).__name__}")
    return None


def _how(ended: int, seconds: float) -> str:
    if ended >= 0:
        return f"exit code {ended} after {_length(seconds)}"
    try:
        name = signal.Signals(-ended).name
    except ValueError:
        name = f"signal {-ended}"
    return f"ended by {name} after {_length(seconds)}"


def _length(seconds: float) -> str:
    """As `messages.length`, whose import takes longer than many a job."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _report(
    to: Target | None, status: str, message: str, seconds: float, code: int, watched: list[signal.Signals]
) -> int:
    """Tell the server, and return `code` whatever comes of it. A signal now means: hurry."""
    if to is None:
        return code
    from kener_py.cli import caller

    metrics = {"duration_seconds": round(seconds, 3), "exit_code": float(code)}
    call = caller.Call(status, to.hide(message), metrics, f"kener-py/{__version__} run")
    try:
        said = caller.deliver(to, call, hurry=lambda: bool(signal.sigtimedwait(watched, 0)))
        if isinstance(warning := said.get("warning"), str):
            _warn(f"{to.tag}: {to.hide(warning)}")
    except caller.Unheard as error:
        _warn(f"{to.tag}: the server was not told that it is {status}: {error}")
    except Exception as error:
        _warn(f"{to.tag}: the server was not told that it is {status}: {type(error).__name__}")
    return code


# ---- ping ----------------------------------------------------------------------------------------


def _metrics(context: click.Context, param: click.Parameter, given: tuple[str, ...]) -> dict[str, float]:
    import math

    found = {}
    for each in given:
        name, equals, value = each.rpartition("=")
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not (name and equals and math.isfinite(number)):
            raise click.BadParameter(f"should be a name and a number, such as rows=120, not {each!r}")
        found[name] = number
    return found


@click.command()
@click.argument("tag", shell_complete=complete.tags)
@options.config
@_url
@_secret_file
@click.option("--status", type=click.Choice(["up", "down", "degraded"]), default="up", show_default=True)
@click.option("--message", default="", help="What the job has to say; for alerts, not for the page.")
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="NAME=VALUE",
    callback=_metrics,
    help="A number to keep with it; may be given several times.",
)
@options.as_json
def ping(
    tag: str,
    path: Path,
    url: str | None,
    secret_file: Path | None,
    status: str,
    message: str,
    metrics: dict[str, float],
    as_json: bool,
) -> None:
    """Send one heartbeat of monitor TAG, and print what the server says.

    Exit code 1 if it was not recorded, after 30 seconds of trying at most; 2 if there is no server or no
    secret to send it with.
    """
    from kener_py.cli import caller

    try:
        to = caller.target(tag, path, url, secret_file, os.environ)
    except caller.Unknown as unknown:
        _fail(unknown, 2)
    told: list[str] = []

    def missed(why: str) -> None:
        if not told and sys.stderr.isatty():
            _warn(f"{why}; trying again for {caller.BUDGET:.0f} s")
        told.append(why)

    call = caller.Call(status, message, metrics, f"kener-py/{__version__} ping")
    try:
        said = caller.deliver(to, call, missed=missed)
    except caller.Unheard as error:
        if as_json:
            click.echo(json.dumps({"error": str(error)}, indent=2))
        _fail(f"{tag}: {error}")
    if isinstance(warning := said.get("warning"), str) and not as_json:
        _warn(to.hide(warning))
    if as_json:
        click.echo(to.hide(json.dumps(said, indent=2)))
    else:
        click.echo(f"{tag}: {said.get('reported')}, recorded at {said.get('received')}")
