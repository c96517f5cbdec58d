"""The sender: claims deliveries that are due and hands each to a thread of its own.

At most one attempt per target runs at a time, so a channel that hangs delays only itself.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass

from kener_py import messages, store
from kener_py.model import (
    DAY,
    HOUR,
    SECOND,
    AlertStatus,
    Delivery,
    DeliveryStatus,
    Instant,
    Millis,
    Notice,
    Notifier,
    Webhook,
    replace,
)
from kener_py.service import Service

_log = logging.getLogger("kener_py.sender")

_LEASE = 120 * SECOND  # an attempt that has not answered by then has failed
# As metrics call how an attempt ended.
RESULTS = {
    DeliveryStatus.SENT: "delivered",
    DeliveryStatus.WAITING: "retried",
    DeliveryStatus.FAILED: "failed",
    DeliveryStatus.CANCELLED: "cancelled",
}
_AT_ONCE = 32  # targets tried at the same time
_LONGEST_NAP = 5.0
_RETRY_FOR: Millis = DAY
_FIRST_RETRY: Millis = 10 * SECOND
_LONGEST_RETRY: Millis = HOUR

Send = Callable[..., None]  # as `notify.send`; raises if it was not accepted
Post = Callable[[Webhook, str, str, Instant], None]  # as `webhook.post`


def retry_at(created: Instant, attempts: int, at: Instant, jitter: float) -> Instant | None:
    """When a delivery that failed `attempts` times is tried again; None when its day is over.

    Waits double from 10 seconds to an hour; `jitter` in [0, 1) stretches each by up to a quarter.
    """
    wait = min(_FIRST_RETRY * 2 ** min(attempts - 1, 20), _LONGEST_RETRY)
    due = at + int(wait * (1 + jitter / 4))
    return due if due < created + _RETRY_FOR else None


@dataclass(slots=True, eq=False)
class _Attempt:
    delivery: Delivery
    started: Instant
    thread: threading.Thread | None = None


class Sender(threading.Thread):
    """`send` raises on failure; an error with a true `is_permanent` is not tried again."""

    def __init__(self, service: Service, send: Send, post: Post) -> None:
        super().__init__(name="sender", daemon=True)
        self._service = service
        self._send, self._post = send, post
        self._stopping = threading.Event()
        self._running: dict[str, _Attempt] = {}  # by target
        self._lock = threading.Lock()

    def run(self) -> None:
        while not self._stopping.is_set():
            self._service.is_owed.clear()
            if self._stopping.is_set():
                return
            try:
                nap = self.step(self._service.clock())
            except store.Unavailable as error:
                _log.error("no delivery could be claimed: %s; trying again", error)
                nap = _LONGEST_NAP
            except Exception:
                _log.exception("the sender failed; it goes on")
                nap = _LONGEST_NAP
            self._service.is_owed.wait(nap)

    def stop(self, wait: float = 3.0) -> None:
        """Claim nothing more and give running attempts a moment; what is cut off is sent again."""
        self._stopping.set()
        self._service.is_owed.set()
        self.join()
        with self._lock:
            threads = [each.thread for each in self._running.values() if each.thread is not None]
        for thread in threads:
            thread.join(wait / len(threads))

    def step(self, at: Instant) -> float:
        """Start an attempt of everything that is due and free; the seconds to sleep then."""
        self._service.sender_seen = at
        self._abandon(at)
        with self._lock:
            busy = tuple(self._running)
        free = _AT_ONCE - len(busy)
        due = store.next_delivery_due(self._service.store.read(), at, busy)
        if free <= 0 or due is None:
            return _LONGEST_NAP
        if due > at:
            return min((due - at) / SECOND, _LONGEST_NAP)
        claimed = self._service.store.write(
            lambda db: store.claim_deliveries(db, at, at + _LEASE, busy, free), is_quiet=True
        )
        for delivery in claimed:
            attempt = _Attempt(delivery, at)
            with self._lock:
                self._running[delivery.target] = attempt
            attempt.thread = threading.Thread(
                target=self._try, args=(attempt,), name=f"send-{delivery.notifier}", daemon=True
            )
            attempt.thread.start()
        return 0.0 if claimed else _LONGEST_NAP

    def _abandon(self, at: Instant) -> None:
        """Give up waiting for attempts that outlived their lease; their threads end when they end."""
        with self._lock:
            late = [each for each in self._running.values() if at - each.started > _LEASE]
        for each in late:
            self._finish(each, f"no answer within {_LEASE // SECOND} seconds")

    def _try(self, attempt: _Attempt) -> None:
        error, is_permanent, status, wait = "", False, None, 0
        try:
            self._deliver(attempt.delivery)
        except _Gone as gone:
            error, status = str(gone), DeliveryStatus.CANCELLED
        except Exception as failure:
            # Only an error that knows of permanence is ours; the text of any other may hold the URL.
            permanence = getattr(failure, "is_permanent", None)
            is_permanent = bool(permanence)
            wait = getattr(failure, "wait", 0)
            error = str(failure) if permanence is not None else f"unexpected {type(failure).__name__}"
        self._finish(attempt, error, is_permanent, status, wait)

    def _deliver(self, delivery: Delivery) -> None:
        active = self._service.active
        target = active.target(delivery.target, delivery.notifier)
        if target is None:
            raise _Gone("the notifier is no longer in the configuration")
        site = active.config.site
        if target.webhook is not None:
            event = messages.event(target.webhook, delivery.notices, site)
            self._post(target.webhook, event, delivery.id, self._service.clock())
            return
        delivery = replace(delivery, notices=tuple(map(self._with_link, delivery.notices)))
        message = self._message(delivery, active.config.notifiers.get(delivery.notifier))
        self._send(
            target.url,
            message.title,
            message.text,
            html=message.html,
            markdown=message.markdown,
            severity=messages.gravity(delivery.notices),
            delivery=delivery.id,
            thread=messages.thread(delivery.notices, site),
        )

    def _with_link(self, notice: Notice) -> Notice:
        """With the link that acts on its alert; signed here, so that no row holds it."""
        if notice.alert is None or notice.kind is not AlertStatus.TRIGGERED:
            return notice
        signature = self._service.signature(notice.alert)
        return replace(notice, act_path=f"/alerts/{notice.alert}?sig={signature}")

    def _message(self, delivery: Delivery, notifier: Notifier | None) -> messages.Message:
        """In the notifier's own words; in ours when its template fails."""
        config = self._service.active.config
        if notifier is not None and (notifier.title or notifier.body):
            rules = {rule.name: rule for rule in config.rules}
            try:
                return messages.from_template(notifier, delivery.notices, config.site, delivery.id, rules)
            except messages.TemplateError as error:
                _log.warning(
                    "delivery %s: the template of %s failed, so the built-in message is sent: %s",
                    delivery.id,
                    delivery.notifier,
                    error,
                )
        return messages.compose(delivery.notices, config.site, delivery.id)

    def _finish(
        self,
        attempt: _Attempt,
        error: str,
        is_permanent: bool = False,
        status: DeliveryStatus | None = None,
        wait: Millis = 0,
    ) -> None:
        """Write the outcome down, however long it takes: what was sent must not be sent again."""
        delivery, at = attempt.delivery, self._service.clock()
        with self._lock:
            is_abandoned = self._running.get(delivery.target) is not attempt
        if is_abandoned and error:
            return
        due = at
        if status is None and not error:
            status = DeliveryStatus.SENT
        elif status is None:
            again = retry_at(delivery.created, delivery.attempts, at, random.random())
            is_final = is_permanent or again is None
            status = DeliveryStatus.FAILED if is_final else DeliveryStatus.WAITING
            due = at if again is None else max(again, at + wait)
        self._service.counts.add("notifications", delivery.notifier, RESULTS[status])
        self._write_down(delivery, status, at, due, error)
        if error:
            _log.warning(
                "delivery %s to %s, attempt %d: %s (%s)",
                delivery.id,
                delivery.notifier,
                delivery.attempts,
                error,
                status,
            )
        else:
            _log.info("delivery %s to %s: sent", delivery.id, delivery.notifier)
        with self._lock:
            if self._running.get(delivery.target) is attempt:
                del self._running[delivery.target]
        self._service.is_owed.set()

    def _write_down(
        self, delivery: Delivery, status: DeliveryStatus, at: Instant, due: Instant, error: str
    ) -> None:
        while True:
            try:
                self._service.store.write(
                    lambda db: store.finish_delivery(db, delivery.id, status, at, due, error), is_quiet=True
                )
                return
            except store.Unavailable:
                if self._stopping.wait(1.0):
                    return


class _Gone(Exception):
    """The URL that this delivery was meant for is no longer configured."""
