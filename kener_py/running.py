"""The event loop of this thread, found without a call of the system, which costs as much as a heartbeat.

Until Python 3.12, `asyncio.get_running_loop` looks up the process' id each time.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Here(threading.local):
    loop: asyncio.AbstractEventLoop | None = None


_here = _Here()


def running_loop() -> asyncio.AbstractEventLoop:
    """As `asyncio.get_running_loop`. Raises RuntimeError if none runs in this thread."""
    loop = _here.loop
    if loop is None or not loop.is_running():
        loop = _here.loop = asyncio.get_running_loop()
    return loop


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """As `asyncio.timeout`: the block raises TimeoutError if it takes longer."""
    loop = running_loop()
    task = asyncio.current_task(loop)
    if task is None:
        raise RuntimeError("at_most needs a task")
    is_late = False

    def end() -> None:
        nonlocal is_late
        is_late = True
        task.cancel()

    timer = loop.call_later(seconds, end)
    try:
        yield
    except asyncio.CancelledError:
        if is_late and task.uncancel() == 0:
            raise TimeoutError from None
        raise
    finally:
        timer.cancel()
