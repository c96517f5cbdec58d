"""The sender: order, retries, hanging and vanished targets, and that what is owed is sent once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from conftest import OPS, Clock, Sent, T, World, config, monitor, no_post, rule
from hypothesis import given
from hypothesis import strategies as st

from kener_py import store
from kener_py.model import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Delivery,
    DeliveryStatus,
    Instant,
    Millis,
    Notifier,
    Status,
)
from kener_py.notify import NotifyError
from kener_py.service.sender import Sender, retry_at

UP, DOWN = Status.UP, Status.DOWN
WAITING, SENT, FAILED, CANCELLED = DeliveryStatus
HANGS = "json://hangs.invalid"
LEASE = 120 * SECOND
WAIT = 10.0  # seconds that a thread may take before a test gives up


class Channel:
    """A `send` that is told what to do at each attempt: raise an error, hang until let go, or accept."""

    def __init__(self, sent: Sent) -> None:
        self.sent = sent
        self.begun: list[str] = []  # the URLs of all attempts
        self.errors: dict[str, list[Exception]] = {}  # by URL, one for each attempt
        self.gates: dict[str, list[threading.Event]] = {}  # of the attempts to come that hang
        self.hung: dict[threading.Event, threading.Thread] = {}
        self.hangs = threading.Semaphore(0)

    def __call__(self, url: str, title: str, text: str, **more: str) -> None:
        self.begun.append(url)
        if self.gates.get(url):
            gate = self.gates[url].pop(0)
            self.hung[gate] = threading.current_thread()
            self.hangs.release()
            assert gate.wait(WAIT)
        if self.errors.get(url):
            raise self.errors[url].pop(0)
        self.sent(url, title, text, **more)

    def hang(self, url: str = HANGS) -> threading.Event:
        """The next attempt at this URL hangs until it is let go."""
        gate = threading.Event()
        self.gates.setdefault(url, []).append(gate)
        return gate

    def let_go(self, *gates: threading.Event) -> None:
        """Let attempts that hang go on, and wait for their end."""
        for gate in gates:
            gate.set()
            self.hung[gate].join(WAIT)


class Post:
    """A sender that is stepped by hand; each step waits for the attempts that do not hang."""

    def __init__(self, world: World, channel: Channel) -> None:
        self.world = world
        self.channel = channel
        self.sender = Sender(world.service, channel, no_post)

    def step(self, *, hangs: int = 0) -> float:
        """One step, of whose attempts so many hang."""
        nap = self.sender.step(self.world.clock.now)
        for _ in range(hangs):
            assert self.channel.hangs.acquire(timeout=WAIT)
        for thread in attempts() - set(self.channel.hung.values()):
            thread.join(WAIT)
        return nap

    def deliveries(self) -> list[Delivery]:
        return list(reversed(store.deliveries(self.world.db.read(), 1_000)))

    def statuses(self) -> list[DeliveryStatus]:
        return [delivery.status for delivery in self.deliveries()]


def attempts() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("send-")}


@pytest.fixture
def channel(sent: Sent) -> Channel:
    return Channel(sent)


@pytest.fixture
def post(world: World, channel: Channel) -> Iterator[Post]:
    yield Post(world, channel)
    channel.let_go(*channel.hung)


@pytest.fixture
def two(post: Post) -> Post:
    """Two monitors; "job" is told to a target that may hang, "other" to one that does not."""
    post.world.service.reload(
        config(
            monitors=(monitor(), monitor("other")),
            rules=(
                rule(notifiers=("slow",)),
                rule("other", notifiers=("ops",), monitors=frozenset({"other"})),
            ),
            notifiers={"ops": (OPS,), "slow": (HANGS,)},
        )
    )
    return post


# ---- what is sent ----------------------------------------------------------------------------


def test_what_is_owed_is_sent(post: Post, sent: Sent) -> None:
    post.world.beat(DOWN, "disk full")
    post.step()
    (delivery,) = post.deliveries()
    (message,) = sent
    assert (message.url, message.title, message.severity) == (OPS, "DOWN: Job (minor)", "minor")
    assert "The job said: disk full" in message.body
    assert (delivery.status, delivery.attempts, delivery.finished) == (SENT, 1, T)


def test_a_message_carries_the_id_of_its_delivery(post: Post, sent: Sent) -> None:
    post.world.beat(DOWN)
    post.step()
    (delivery,) = post.deliveries()
    assert sent[0].delivery == delivery.id
    assert sent[0].body.endswith(f"\nMessage: {delivery.id}")


def test_messages_about_one_incident_share_a_thread(post: Post, sent: Sent) -> None:
    relapse(post.world, 1)
    post.step()
    post.step()
    assert [message.thread for message in sent] == ["incident-1.kener", "incident-1.kener"]
    assert "<b>Status:</b> DOWN" in sent[0].html
    assert "**Status:** DOWN" in sent[0].markdown


def test_good_news_is_sent_as_such(post: Post, sent: Sent) -> None:
    post.world.beat(DOWN)
    post.step()
    post.world.clock.now += MINUTE
    post.world.beat()
    post.world.run(1)
    post.step()
    assert [message.severity for message in sent] == ["minor", "ok"]


def test_what_was_sent_is_not_sent_again(post: Post, sent: Sent) -> None:
    post.world.beat(DOWN)
    for _ in range(5):
        post.step()
        post.world.clock.now += HOUR
    assert len(sent) == 1


def test_each_target_gets_its_own_delivery(post: Post, sent: Sent) -> None:
    post.world.service.reload(config(notifiers={"ops": (OPS, HANGS)}))
    post.world.beat(DOWN)
    post.step()
    assert {message.url for message in sent} == {OPS, HANGS}
    assert len({message.delivery for message in sent}) == 2


def test_a_notifier_s_own_template_is_used(post: Post, sent: Sent) -> None:
    own = Notifier("ops", (OPS,), "{{ name }}!", "{{ rule }} {{ alert_failure_threshold }} {{ delivery }}")
    post.world.service.reload(replace(config(), notifiers={"ops": own}))
    post.world.beat(DOWN)
    post.step()
    assert (sent[0].title, sent[0].body) == ("Job!", f"down 1 {sent[0].delivery}")


def test_a_template_that_fails_loses_nothing(
    post: Post, sent: Sent, caplog: pytest.LogCaptureFixture
) -> None:
    own = Notifier("ops", (OPS,), body="{{ 1 / (count - 1) }}")
    post.world.service.reload(replace(config(), notifiers={"ops": own}))
    post.world.beat(DOWN)
    post.step()
    assert sent[0].title == "DOWN: Job (minor)"
    assert "the template of ops failed, so the built-in message is sent: division by zero" in caplog.text


# ---- order -----------------------------------------------------------------------------------


def relapse(world: World, times: int) -> None:
    """The job goes down and comes back, as often as said: two messages each."""
    for _ in range(times):
        world.beat(DOWN)
        world.clock.now += MINUTE
        world.beat()
        world.run(1)


def test_messages_about_one_monitor_leave_in_their_order(post: Post, sent: Sent) -> None:
    relapse(post.world, 3)
    for _ in range(6):
        post.step()
    assert [message.title.partition(":")[0] for message in sent] == ["DOWN", "RESOLVED"] * 3


def test_what_comes_after_a_failed_message_waits_for_it(post: Post, sent: Sent) -> None:
    post.channel.errors[OPS] = [NotifyError("503"), NotifyError("503")]
    relapse(post.world, 1)
    for _ in range(12):
        post.step()
        post.world.clock.now += 5 * SECOND
    assert [message.title.partition(":")[0] for message in sent] == ["DOWN", "RESOLVED"]


def test_a_message_that_is_given_up_holds_nothing_up(post: Post, sent: Sent) -> None:
    post.channel.errors[OPS] = [NotifyError("no such room", is_permanent=True)]
    relapse(post.world, 1)
    post.step()
    post.step()
    assert post.statuses() == [FAILED, SENT]
    assert sent[0].title.startswith("RESOLVED")


def test_a_failed_message_does_not_hold_up_those_about_another_monitor(post: Post, sent: Sent) -> None:
    post.world.service.reload(
        config(monitors=(monitor(), monitor("other")), rules=(rule(monitors=frozenset({"job", "other"})),))
    )
    post.channel.errors[OPS] = [NotifyError("503")]
    post.world.beat(DOWN)
    post.world.beat(DOWN, tag="other")
    post.step()
    post.step()
    assert [message.title for message in sent] == ["DOWN: Other (minor)"]


# ---- retries ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("failures", "wait"), [(1, 10 * SECOND), (2, 20 * SECOND), (4, 80 * SECOND)])
def test_a_failed_message_is_tried_again_after_a_wait_that_doubles(
    post: Post, failures: int, wait: int
) -> None:
    post.channel.errors[OPS] = [NotifyError("503")] * failures
    post.world.beat(DOWN)
    for _ in range(failures):
        post.world.clock.now = post.deliveries()[0].due
        post.step()
    (delivery,) = post.deliveries()
    assert (delivery.status, delivery.attempts, delivery.error) == (WAITING, failures, "503")
    assert wait <= delivery.due - post.world.clock.now <= wait * 5 / 4


def test_a_failed_message_is_not_tried_before_its_time(post: Post) -> None:
    post.channel.errors[OPS] = [NotifyError("503")] * 2
    post.world.beat(DOWN)
    post.step()
    post.world.clock.now = post.deliveries()[0].due - 1
    post.step()
    assert len(post.channel.begun) == 1
    post.world.clock.now += 1
    post.step()
    assert len(post.channel.begun) == 2


def test_a_message_keeps_its_id_over_all_attempts(post: Post, sent: Sent) -> None:
    post.channel.errors[OPS] = [NotifyError("503")] * 3
    post.world.beat(DOWN)
    (delivery,) = post.deliveries()
    for _ in range(4):
        post.world.clock.now = post.deliveries()[0].due
        post.step()
    assert [message.delivery for message in sent] == [delivery.id]


def test_a_message_that_fails_for_a_day_is_given_up(post: Post) -> None:
    post.channel.errors[OPS] = [NotifyError("503")] * 100
    post.world.beat(DOWN)
    while post.statuses() == [WAITING]:
        post.world.clock.now = post.deliveries()[0].due
        post.step()
    (delivery,) = post.deliveries()
    assert (delivery.status, delivery.error) == (FAILED, "503")
    assert DAY - 2 * HOUR < post.world.clock.now - T < DAY


def test_what_was_owed_for_longer_than_a_day_is_tried_once_all_the_same(post: Post, sent: Sent) -> None:
    post.world.beat(DOWN)
    post.world.clock.now += 3 * DAY
    post.step()
    assert len(sent) == 1


def test_a_permanent_error_is_not_tried_again(post: Post) -> None:
    post.channel.errors[OPS] = [NotifyError("no such room", is_permanent=True)]
    post.world.beat(DOWN)
    post.step()
    (delivery,) = post.deliveries()
    assert (delivery.status, delivery.error, delivery.finished) == (FAILED, "no such room", T)


def test_an_unexpected_error_tells_nobody_the_url(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    post.channel.errors[OPS] = [RuntimeError(f"cannot post to {OPS}")]
    post.world.beat(DOWN)
    post.step()
    (delivery,) = post.deliveries()
    assert (delivery.status, delivery.error) == (WAITING, "unexpected RuntimeError")
    assert OPS not in "".join(record.getMessage() for record in caplog.records)


# ---- targets that vanish ---------------------------------------------------------------------


def test_a_message_to_a_notifier_that_is_gone_is_cancelled(post: Post, sent: Sent) -> None:
    post.world.beat(DOWN)
    post.world.service.reload(config(notifiers={}, rules=()))
    post.step()
    (delivery,) = post.deliveries()
    assert (delivery.status, delivery.error) == (
        CANCELLED,
        "the notifier is no longer in the configuration",
    )
    assert sent == []


def test_messages_follow_their_notifier_to_a_new_url(post: Post, sent: Sent) -> None:
    post.world.beat(DOWN)
    post.world.service.reload(config(notifiers={"ops": ("json://new.invalid",)}))
    post.world.clock.now += MINUTE
    post.world.beat()
    post.world.run(1)
    post.step()
    post.step()
    assert [message.url for message in sent] == ["json://new.invalid"] * 2


def test_a_target_that_moved_to_another_notifier_is_still_told(post: Post, sent: Sent) -> None:
    post.world.beat(DOWN)
    post.world.service.reload(config(notifiers={"other": (OPS,)}, rules=(rule(notifiers=("other",)),)))
    post.step()
    assert [message.url for message in sent] == [OPS]


# ---- targets that hang -----------------------------------------------------------------------


def test_a_target_that_hangs_delays_no_other(two: Post, sent: Sent) -> None:
    gate = two.channel.hang()
    two.world.beat(DOWN)
    two.step(hangs=1)
    two.world.beat(DOWN, tag="other")
    two.step()
    assert [message.url for message in sent] == [OPS]
    two.channel.let_go(gate)
    assert [message.url for message in sent] == [OPS, HANGS]


def test_a_target_is_tried_by_one_attempt_at_a_time(two: Post) -> None:
    two.world.service.reload(
        config(
            monitors=(monitor(), monitor("other")),
            rules=(rule(monitors=frozenset({"job", "other"})),),
            notifiers={"ops": (HANGS,)},
        )
    )
    gate = two.channel.hang()
    two.world.beat(DOWN)
    two.world.beat(DOWN, tag="other")
    two.step(hangs=1)
    two.step()
    assert two.channel.begun == [HANGS]
    two.channel.let_go(gate)
    two.step()
    assert two.channel.begun == [HANGS, HANGS]


def test_an_attempt_may_take_as_long_as_its_lease(two: Post) -> None:
    gate = two.channel.hang()
    two.world.beat(DOWN)
    two.step(hangs=1)
    two.world.clock.now += LEASE
    two.step()
    assert (two.channel.begun, two.deliveries()[0].error) == ([HANGS], "")
    two.channel.let_go(gate)
    assert two.statuses() == [SENT]


def test_an_attempt_that_outlives_its_lease_has_failed(two: Post) -> None:
    two.channel.hang()
    two.world.beat(DOWN)
    two.step(hangs=1)
    two.world.clock.now += LEASE + 1
    two.step()
    (delivery,) = two.deliveries()
    assert (delivery.status, delivery.attempts, delivery.error) == (
        WAITING,
        1,
        "no answer within 120 seconds",
    )
    assert delivery.due > two.world.clock.now


def test_a_target_that_hung_is_tried_again(two: Post, sent: Sent) -> None:
    gate = two.channel.hang()
    two.world.beat(DOWN)
    two.step(hangs=1)
    two.world.clock.now += LEASE + 1
    two.step()
    two.world.clock.now = two.deliveries()[0].due
    two.step()
    assert two.statuses() == [SENT]
    two.channel.let_go(gate)
    assert two.deliveries()[0].attempts == 2
    assert len({message.delivery for message in sent}) == 1  # a receiver can tell


def test_an_attempt_that_succeeds_after_all_is_not_repeated(two: Post, sent: Sent) -> None:
    gate = two.channel.hang()
    two.world.beat(DOWN)
    two.step(hangs=1)
    two.world.clock.now += LEASE + 1
    two.step()
    two.channel.let_go(gate)
    two.world.clock.now += DAY
    two.step()
    assert (two.statuses(), len(sent)) == ([SENT], 1)


def test_an_abandoned_attempt_that_fails_late_does_not_make_room_for_a_third(two: Post) -> None:
    first, second = two.channel.hang(), two.channel.hang()
    two.channel.errors[HANGS] = [NotifyError("reset by peer")]
    two.world.beat(DOWN)
    two.step(hangs=1)
    two.world.clock.now += LEASE + 1
    two.step()
    two.world.clock.now = two.deliveries()[0].due
    two.step(hangs=1)
    two.channel.let_go(first)
    for _ in range(10):
        two.world.clock.now += 10 * SECOND
        two.step()
    assert two.channel.begun == [HANGS, HANGS]  # the second still runs, and within its lease
    assert not second.is_set()


def test_only_so_many_targets_are_tried_at_once(post: Post) -> None:
    urls = [f"json://host-{number}.invalid" for number in range(40)]
    post.world.service.reload(config(notifiers={"ops": tuple(urls)}))
    for url in urls:
        post.channel.hang(url)
    post.world.beat(DOWN)
    post.step(hangs=32)
    post.step()
    assert len(post.channel.begun) == 32
    post.channel.let_go(*post.channel.hung)
    post.channel.gates.clear()
    post.step()
    assert sorted(post.channel.begun) == sorted(urls)


# ---- a process that ends ---------------------------------------------------------------------


def claim(world: World) -> tuple[Delivery, ...]:
    """What a process does last before it is killed."""
    now = world.clock.now
    return world.db.write(lambda db: store.claim_deliveries(db, now, now + LEASE, (), 16))


def test_what_another_process_claimed_and_never_finished_is_sent_with_the_same_id(
    world: World, channel: Channel, sent: Sent
) -> None:
    world.beat(DOWN)
    (lost,) = claim(world)
    world.restart()
    again = Post(world, channel)
    again.step()
    assert [message.delivery for message in sent] == [lost.id]
    assert again.deliveries()[0].attempts == 2


def test_what_is_claimed_is_not_claimed_twice(post: Post) -> None:
    post.world.beat(DOWN)
    assert len(claim(post.world)) == 1
    assert claim(post.world) == ()
    post.step()
    assert post.channel.begun == []


def test_what_waits_for_its_retry_waits_on_after_a_restart(world: World, channel: Channel) -> None:
    channel.errors[OPS] = [NotifyError("503")]
    world.beat(DOWN)
    Post(world, channel).step()
    world.restart()
    again = Post(world, channel)
    again.step()
    assert len(channel.begun) == 1
    world.clock.now = again.deliveries()[0].due
    again.step()
    assert again.statuses() == [SENT]


def test_an_outcome_is_written_down_although_the_database_is_busy_for_a_moment(
    world: World, clock: Clock, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = world.db.write
    refused: list[object] = []

    def busy(job: Callable[[store.Database], object], **how: bool) -> object:
        if len(refused) < 3:
            refused.append(job)
            raise store.Unavailable("locked")
        return write(job, **how)

    def send(url: str, title: str, text: str, **more: str) -> None:
        sent(url, title, text, **more)
        monkeypatch.setattr(world.db, "write", busy)

    made = Sender(world.service, send, no_post)
    monkeypatch.setattr(made._stopping, "wait", lambda _: False)
    world.beat(DOWN)
    made.step(clock.now)
    for thread in attempts():
        thread.join(WAIT)
    assert [each.status for each in store.deliveries(world.db.read(), 1)] == [SENT]
    assert (len(sent), len(refused)) == (1, 3)


def test_what_cannot_be_claimed_is_not_sent(post: Post, sent: Sent, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object, **__: object) -> None:
        raise store.Unavailable("locked")

    post.world.beat(DOWN)
    with monkeypatch.context() as patch:
        patch.setattr(post.world.db, "write", busy)
        with pytest.raises(store.Unavailable):
            post.step()
    assert sent == []
    post.step()
    assert len(sent) == 1


# ---- the clock is set ------------------------------------------------------------------------


def test_what_was_owed_while_the_clock_was_a_day_ahead_is_sent_when_it_is_right_again(
    post: Post, sent: Sent
) -> None:
    post.world.skip_to(T + DAY)
    post.step()
    post.world.beat(DOWN)
    post.world.clock.now = T
    post.step()
    assert len(sent) == 1


def test_what_fails_after_the_clock_was_set_back_is_tried_again_in_its_time(post: Post) -> None:
    post.channel.errors[OPS] = [NotifyError("503")] * 9
    post.world.skip_to(T + DAY)
    post.world.beat(DOWN)
    post.step()
    post.world.clock.now = T
    for _ in range(9):
        post.step()
    assert len(post.channel.begun) == 2


# ---- how long it sleeps, and the thread ------------------------------------------------------


def test_it_sleeps_until_the_next_attempt_but_never_long(post: Post) -> None:
    assert post.step() == 5.0
    post.channel.errors[OPS] = [NotifyError("503")]
    post.world.beat(DOWN)
    assert post.step() == 0.0
    due = post.deliveries()[0].due
    assert post.step() == 5.0
    post.world.clock.now = due - 1500
    assert post.step() == 1.5


def test_it_sleeps_until_the_next_attempt_though_another_message_waits_behind_it(post: Post) -> None:
    post.channel.errors[OPS] = [NotifyError("503")]
    relapse(post.world, 1)
    post.step()
    post.world.clock.now = post.deliveries()[0].due - 1500
    assert post.step() == 1.5


def test_an_outcome_wakes_the_sender(post: Post) -> None:
    post.world.beat(DOWN)
    post.world.service.is_owed.clear()
    post.step()
    assert post.world.service.is_owed.is_set()


def test_the_thread_sends_what_becomes_owed_and_stops(world: World) -> None:
    done = threading.Event()
    thread = Sender(world.service, lambda *_, **__: done.set(), no_post)
    thread.start()
    world.beat(DOWN)
    assert done.wait(WAIT)
    thread.stop()
    assert not thread.is_alive()
    assert [each.status for each in store.deliveries(world.db.read(), 1)] == [SENT]


@pytest.mark.parametrize("error", [store.Unavailable("disk full"), RuntimeError("a bug")])
def test_nothing_that_happens_in_a_step_ends_the_thread(
    world: World, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    done, failed = threading.Event(), threading.Event()
    thread = Sender(world.service, lambda *_, **__: done.set(), no_post)
    step = thread.step

    def flaky(at: int) -> float:
        if failed.is_set():
            return step(at)
        failed.set()
        raise error

    monkeypatch.setattr(thread, "step", flaky)
    thread.start()
    assert failed.wait(WAIT)
    world.beat(DOWN)
    assert done.wait(WAIT)
    thread.stop()


def test_stopping_waits_for_all_attempts_together_and_not_for_each(post: Post) -> None:
    urls = [f"json://host-{number}.invalid" for number in range(10)]
    post.world.service.reload(config(notifiers={"ops": tuple(urls)}))
    for url in urls:
        post.channel.hang(url)
    post.world.beat(DOWN)
    post.sender.start()
    for _ in urls:
        assert post.channel.hangs.acquire(timeout=WAIT)
    began = time.monotonic()
    post.sender.stop(wait=0.1)
    assert time.monotonic() - began < 0.5


def test_a_stop_between_two_steps_is_noticed_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    thread = Sender(world.service, lambda *_, **__: None, no_post)

    class Late(threading.Event):
        """The stop comes just before the sender clears what wakes it."""

        def clear(self) -> None:
            thread._stopping.set()
            super().set()
            super().clear()

    monkeypatch.setattr(world.service, "is_owed", Late())
    began = time.monotonic()
    thread.run()
    assert time.monotonic() - began < 1.0


# ---- retries ---------------------------------------------------------------------------------

jitters = st.floats(0, 1, exclude_max=True)


@pytest.mark.parametrize(
    ("attempts", "wait"),
    [
        (1, 10 * SECOND),
        (2, 20 * SECOND),
        (3, 40 * SECOND),
        (9, 2560 * SECOND),
        (10, HOUR),
        (11, HOUR),
        (10_000, HOUR),
    ],
)
def test_waits_between_attempts_double_up_to_an_hour(attempts: int, wait: Millis) -> None:
    assert retry_at(T, attempts, T, 0.0) == T + wait


@given(attempts=st.integers(1, 100), at=st.integers(T, T + 22 * HOUR), jitter=jitters)
def test_jitter_stretches_a_wait_by_up_to_a_quarter(attempts: int, at: Instant, jitter: float) -> None:
    plain, due = retry_at(T, attempts, at, 0.0), retry_at(T, attempts, at, jitter)
    assert plain is not None
    assert due is not None
    assert plain <= due <= plain + (plain - at) / 4


@given(attempts=st.integers(1, 100), at=st.integers(T, T + 2 * DAY), jitter=jitters)
def test_no_retry_is_due_after_a_day(attempts: int, at: Instant, jitter: float) -> None:
    due = retry_at(T, attempts, at, jitter)
    assert due is None or at < due < T + DAY


@given(st.data())
def test_a_delivery_that_always_fails_is_tried_for_most_of_a_day_and_then_given_up(
    data: st.DataObject,
) -> None:
    at, attempts = T, 1
    while (due := retry_at(T, attempts, at, data.draw(jitters))) is not None:
        at, attempts = due, attempts + 1
    assert 26 <= attempts <= 35
    assert at >= T + DAY - HOUR * 5 // 4
