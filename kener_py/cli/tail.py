"""The output of a command, passed on byte by byte as it comes, with the end of it kept."""

from __future__ import annotations

import array
import fcntl
import os
import select
import termios
import threading

KEPT = 10_000  # bytes
_CHUNK = 65_536
_LOOK = 100  # milliseconds after which we see that the command has ended, though its pipe is still open


class Output:
    """Two pipes in place of stdout and stderr; `actions` puts them there in the new process."""

    def __init__(self) -> None:
        pairs = [(os.pipe(), to) for to in (1, 2)]
        self._pipes = [(reading, to) for (reading, _), to in pairs]
        self._ends = [writing for (_, writing), _ in pairs]
        self.actions = tuple((os.POSIX_SPAWN_DUP2, writing, to) for (_, writing), to in pairs)
        self._kept, self._seen, self._lock = bytearray(), 0, threading.Lock()
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Pass on what comes; once the command has the other ends."""
        self._close_ends()
        for reading, to in self._pipes:
            thread = threading.Thread(target=self._pass_on, args=(reading, to), daemon=True)
            thread.start()
            self._threads.append(thread)

    def finish(self) -> None:
        """The command has ended: pass on what it has left behind, and wait until that has been taken.

        What its children write later is not awaited: a daemon would hold us for ever.
        """
        self._close_ends()
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def text(self, secret: str | None) -> str:
        """The end of it as text of at most `KEPT` bytes, with a first line about what was left out."""
        text = bytes(self._kept).decode("utf-8", "replace")
        if secret:
            text = text.replace(secret, "***")
        whole = text.strip().encode()
        if self._seen <= KEPT and len(whole) <= KEPT:
            return whole.decode()
        kept = whole[-(KEPT - 60) :].decode(errors="ignore")
        return f"[… {self._seen} bytes in all; the last of them:]\n{kept}"

    def _close_ends(self) -> None:
        for end in self._ends:
            os.close(end)
        self._ends = []

    def _pass_on(self, reading: int, to: int) -> None:
        poll = select.poll()
        poll.register(reading, select.POLLIN)
        try:
            while not self._ended.is_set():
                if poll.poll(_LOOK) and not self._take(reading, to, _CHUNK):
                    return
            left = array.array("i", [0])
            fcntl.ioctl(reading, termios.FIONREAD, left)
            count = left[0]
            while count > 0 and (taken := self._take(reading, to, min(count, _CHUNK))):
                count -= taken
        except OSError:
            pass  # nobody reads ours any more; the command learns of it from the pipe that we close
        finally:
            os.close(reading)

    def _take(self, reading: int, to: int, most: int) -> int:
        chunk = os.read(reading, most)
        with self._lock:
            self._seen += len(chunk)
            self._kept += chunk
            del self._kept[: -2 * KEPT]
        rest = memoryview(chunk)
        while rest:
            try:
                rest = rest[os.write(to, rest) :]
            except BlockingIOError:  # who started us may have made it so
                select.select((), (to,), ())
        return len(chunk)
