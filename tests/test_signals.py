"""A signal may come while another one is being handled."""

from __future__ import annotations

from granian.constants import Interfaces

from kener_py.cli import server


def test_a_signal_in_the_middle_of_another_waits_for_nothing() -> None:
    http = server.Http(None, target="kener_py", interface=Interfaces.RSGI)

    class Interrupted:
        """The event that the main thread waits for; each time it is set there is another signal."""

        times = 0

        def set(self) -> None:
            self.times += 1
            assert self.times == 1, "the lock of a real event would be held by ourselves"
            http.signal_handler_interrupt()

    http.main_loop_interrupt = event = Interrupted()

    http.signal_handler_interrupt()

    assert http.interrupt_signal
    assert event.times == 1
