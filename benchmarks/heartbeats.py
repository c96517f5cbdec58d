"""Heartbeats: how many a second, how late when they come at their own pace, and ten thousand within a second.

What was answered 200 is looked for in the database after every run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from benchmarks import paced, rounds, site, wrk
from benchmarks.paced import Timing
from benchmarks.report import Figure, Section
from benchmarks.rounds import BARE, FLASK, Measure, Plan
from benchmarks.server import Server, kener
from benchmarks.wrk import Failed, Load

CURL = {"User-Agent": "curl/8.14.1", "Accept": "*/*"}
_BODY = '{"status": "up", "message": "done in 3.2 s", "metrics": {"seconds": 3.2, "files": 1204}}'
_IDLE = 0.2  # seconds; what was on its way when wrk ended has arrived then


def sections(plan: Plan, sites: site.Sites, baselines: Sequence[Server]) -> Iterator[Measure]:
    monitors = 10 if plan.is_quick else 1_000
    titles = ("Heartbeats a second", "Heartbeats at their own pace", "A thundering herd")
    if not any(map(plan.wants, titles)):
        return
    with kener(sites.copy(monitors)).running() as server:
        if plan.wants(titles[0]):
            yield partial(_throughput, plan, titles[0], server, baselines, monitors)
        if plan.wants(titles[1]):
            yield partial(_latency, plan, titles[1], server, baselines, monitors)
        if plan.wants(titles[2]):
            for way, connections in _ways(plan).items():
                yield partial(_herd, plan, f"{titles[2]}: {way}", server, baselines, monitors, connections)


def kept(server: Server, send: Callable[[], int]) -> int:
    """The heartbeats that `send` had answered with 200. Raises Failed if one of them is not on disk."""
    before = _settled(server)
    answered = send()
    found = site.beats(server.database) - before
    if found < answered:
        raise Failed(f"{answered} heartbeats were answered with 200, {found} are in the database")
    return answered


def _settled(server: Server) -> int:
    """Heartbeats in the database, once no more come."""
    last = -1
    while (found := site.beats(server.database)) != last:
        last = found
        time.sleep(_IDLE)
    return found


def _load(monitors: int, connections: int, *, has_body: bool = False) -> Load:
    paths = [site.path(number) for number in range(monitors)]
    if not has_body:
        return Load(paths, connections, headers=CURL)
    return Load(paths, connections, "POST", CURL | {"Content-Type": "application/json"}, _BODY)


# ---- as many as it can -----------------------------------------------------------------------


def _throughput(
    plan: Plan, title: str, server: Server, baselines: Sequence[Server], monitors: int
) -> Section:
    figures: list[Figure] = []
    for connections in (8,) if plan.is_quick else (8, 32, 64, 256):
        subjects = {
            f"{which}, {body}": partial(
                _per_second, plan, server, _load(count, connections, has_body=body == "JSON body")
            )
            for which, count in (("one monitor", 1), (f"{monitors:,} monitors in turn", monitors))
            for body in ("no body", "JSON body")
        }
        found = rounds.throughput(plan, baselines, _load(monitors, connections), subjects)
        figures += [replace(each, name=f"{connections} connections: {each.name}") for each in found]
    text = (
        f"A site of {monitors:,} monitors with a past of {site.PAST} days. Each answer was 200, and each "
        "heartbeat is in the database. The baselines are asked the same without a body."
    )
    return Section(title, "a second", figures, text)


def _per_second(plan: Plan, server: Server, load: Load) -> float:
    outcomes: list[wrk.Outcome] = []

    def send() -> int:
        outcomes.append(wrk.run(server, load, plan.seconds))
        return outcomes[-1].answers

    kept(server, send)
    return outcomes[-1].per_second


# ---- at their own pace -----------------------------------------------------------------------


def _latency(plan: Plan, title: str, server: Server, baselines: Sequence[Server], monitors: int) -> Section:
    rate = 100 if plan.is_quick else 2_000
    count = round(rate * plan.seconds * 2)
    load = _load(monitors, 64)
    found: dict[str, list[Timing]] = {}

    def once(name: str, asked: Server) -> float:
        found.setdefault(name, []).append(_timing(asked, load, rate, count, is_kener=asked is server))
        return found[name][-1].p99

    subject = f"{monitors:,} monitors in turn"
    named = dict(zip((BARE, FLASK, subject), (*baselines, server), strict=True))
    rounds.measure(plan, {name: partial(once, name, asked) for name, asked in named.items()})
    text = (
        f"{rate:,} a second on {load.connections} connections, each sent at its instant whatever became of "
        "those before, and timed from that instant: milliseconds, and how many times the baseline's."
    )
    return Section(title, "ms", _timings(found, ("p50", "p99", "worst")), text)


def _timing(server: Server, load: Load, rate: float, count: int, *, is_kener: bool, **how: bool) -> Timing:
    """Of a run in which every request is answered with 200 and, if they are heartbeats, kept."""
    timings: list[Timing] = []

    def send() -> int:
        timings.append(paced.run(server, load, rate, count, **how))
        return timings[-1].answered

    kept(server, send) if is_kener else send()
    if timings[-1].others:
        raise Failed(f"{server.name}: {timings[-1].others} of {count} requests were not answered with 200")
    return timings[-1]


def _timings(found: dict[str, list[Timing]], parts: Sequence[str]) -> list[Figure]:
    def values(name: str, part: str) -> list[float]:
        return [getattr(timing, part) for timing in found[name]]

    return [
        Figure(f"{name}: {part}", values(name, part), values(BARE, part), values(FLASK, part))
        for name in found
        for part in parts
    ]


# ---- all at once -----------------------------------------------------------------------------


def _ways(plan: Plan) -> dict[str, int | None]:
    """How they come: on how many connections; None for one each."""
    counts = (8,) if plan.is_quick else (256, 1_000)
    return {f"{many:,} connections": many for many in counts} | {"a connection for each, as curl has": None}


def _herd(
    plan: Plan,
    title: str,
    server: Server,
    baselines: Sequence[Server],
    monitors: int,
    connections: int | None,
) -> Section:
    count = 100 if plan.is_quick else 10_000
    load = _load(monitors, connections or 0)
    found: dict[str, list[Timing]] = {}

    def once(name: str, asked: Server) -> float:
        is_fresh = connections is None
        timing = _timing(asked, load, count, count, is_kener=asked is server, is_fresh=is_fresh)
        found.setdefault(name, []).append(timing)
        return timing.worst

    subject = f"{count:,} heartbeats"
    named = dict(zip((BARE, FLASK, subject), (*baselines, server), strict=True))
    rounds.measure(plan, {name: partial(once, name, asked) for name, asked in named.items()})
    slowest = max(timing.sent_within for timing in found[BARE])
    text = (
        f"{count:,} requests are due within one second ({slowest:.1f} s until the last one was sent to the "
        "bare callable). Every one of kener-py's was answered with 200 and is in the database. Milliseconds "
        "from the instant at which each was due, and how many times the baseline's."
    )
    return Section(title, "ms", _timings(found, ("p50", "p99", "worst")), text)
