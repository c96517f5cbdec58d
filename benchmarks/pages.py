"""What visitors and programs read: pages as a browser asks for them, documents, badges, and the first render
after a change."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from html.parser import HTMLParser

from benchmarks import paced, report, rounds, site, wrk
from benchmarks.heartbeats import CURL
from benchmarks.report import Figure, Section
from benchmarks.rounds import BARE, FLASK, Measure, Plan
from benchmarks.server import Answer, Server, kener
from benchmarks.wrk import Failed, Load

BROWSER = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "en-GB,en;q=0.5",
    "Accept-Encoding": "gzip, deflate, br, zstd",
}
PLAIN = {name: value for name, value in BROWSER.items() if name != "Accept-Encoding"}
PROGRAM = {"User-Agent": "python-requests/2.32", "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}
DOCUMENTS = (
    "summary",
    "status",
    "components",
    "incidents",
    "incidents/unresolved",
    "scheduled-maintenances",
    "scheduled-maintenances/upcoming",
    "scheduled-maintenances/active",
)
_HEAD = 1_000  # bytes, more than the head of any answer
_NEWS_A_SECOND = 50  # heartbeats that come while pages are read
_CHANGES_A_SECOND = 20  # heartbeats that say otherwise than the one before
_READERS = 64  # connections, as many as jobs have where the goals are told


def sections(plan: Plan, sites: site.Sites, baselines: Sequence[Server]) -> Iterator[Measure]:
    sizes = (10,) if plan.is_quick else (10, 100, 1_000)
    for monitors in sizes:
        title = f"Front page, {monitors:,} monitors × {site.PAST} days"
        change = f"First front page after a change, {monitors:,} monitors"
        if plan.wants(title) or plan.wants(change):
            with kener(sites.copy(monitors)).running() as server:
                if plan.wants(title):
                    yield partial(_front, plan, title, server, baselines, monitors)
                if plan.wants(change):
                    yield partial(_changes, plan, change, server, baselines, monitors)
    monitors = sizes[min(1, len(sizes) - 1)]
    others = {
        "Other pages": (_pages(), BROWSER),
        "API v2": ([f"/api/v2/{name}.json" for name in DOCUMENTS], PROGRAM),
        "Other documents": (
            ["/api/v1/monitors", "/api/v1/incidents", "/history.atom", "/feed.json", "/metrics"],
            PROGRAM,
        ),
        "Badges": (_badges(), BROWSER),
    }
    if any(map(plan.wants, others)):
        with kener(sites.copy(monitors)).running() as server:
            for title, (paths, headers) in others.items():
                if plan.wants(title):
                    yield partial(
                        _documents, plan, f"{title}, {monitors} monitors", server, baselines, paths, headers
                    )


def _pages() -> list[str]:
    return [f"/monitors/{site.tag(3)}", "/history", "/uptime"]


def _badges() -> list[str]:
    return [f"/badge/{site.tag(3)}/{kind}" for kind in ("status.svg", "uptime.svg", "dot.svg", "status.json")]


# ---- pages that nobody changes ---------------------------------------------------------------


def _warm(server: Server, path: str, headers: Mapping[str, str]) -> Answer:
    answer = server.ask(path, headers=headers)
    if answer.status not in (200, 304):
        raise Failed(f"{path} was answered with {answer.status}")
    return answer


def _per_second(
    plan: Plan, server: Server, path: str, headers: Mapping[str, str], expected: Callable[[Answer], bool]
) -> float:
    """Of a page that was read just before; what comes at the end is still what was meant."""
    _warm(server, path, headers)
    found = wrk.run(server, Load([path], _READERS, headers=headers), plan.seconds).per_second
    if not expected(_warm(server, path, headers)):
        raise Failed(f"{path} is no longer answered as it was before the run")
    return found


def _is_compressed(answer: Answer) -> bool:
    return answer.status == 200 and "content-encoding" in answer.headers


def _is_whole(answer: Answer) -> bool:
    return answer.status == 200 and "content-encoding" not in answer.headers


def _by_name(plan: Plan, server: Server, whole: list[float]) -> float:
    """Answers a second to who has the page; `whole` gets the share that was sent again, as it had changed."""
    page = _warm(server, "/", BROWSER)
    headers = BROWSER | {"If-None-Match": page.headers["etag"]}
    _warm(server, "/", headers)
    outcome = wrk.run(server, Load(["/"], _READERS, headers=headers), plan.seconds)
    whole.append(min(max(outcome.bytes_each - _HEAD, 0) / len(page.body), 1.0))
    return outcome.per_second


def _while_jobs_call(plan: Plan, server: Server, paths: Sequence[str], rate: int) -> float:
    """Read while so many heartbeats a second come."""
    count = round(rate * (plan.seconds + 0.5))
    calling = paced.started(server, Load(paths, 8, headers=CURL), rate, count)
    try:
        return _per_second(plan, server, "/", BROWSER, _is_compressed)
    finally:
        timing = paced.ended(calling)
        if timing.others:
            raise Failed(f"{timing.others} heartbeats were refused while pages were read")


def _front(plan: Plan, title: str, server: Server, baselines: Sequence[Server], monitors: int) -> Section:
    whole: list[float] = []
    subjects: dict[str, Callable[[], float]] = {
        "compressed, as a browser asks": partial(_per_second, plan, server, "/", BROWSER, _is_compressed),
        "304, to who has it": partial(_by_name, plan, server, whole),
        "uncompressed": partial(_per_second, plan, server, "/", PLAIN, _is_whole),
        f"compressed, while {_NEWS_A_SECOND} heartbeats a second come": partial(
            _while_jobs_call, plan, server, [site.path(number) for number in range(monitors)], _NEWS_A_SECOND
        ),
        f"compressed, while it changes {_CHANGES_A_SECOND} times a second": partial(
            _while_jobs_call,
            plan,
            server,
            [f"{site.path(0)}?status={status}" for status in ("down", "up")],
            _CHANGES_A_SECOND,
        ),
    }
    figures = rounds.throughput(plan, baselines, Load(["/"], _READERS, headers=BROWSER), subjects)
    text = _page_load(server)
    if any(share > 0.01 for share in whole):
        text += (
            f" In place of 304 it was sent again in {report.spread([share * 100 for share in whole])} % "
            "of the answers, as it had changed."
        )
    return Section(title, "a second", figures, text)


def _documents(
    plan: Plan,
    title: str,
    server: Server,
    baselines: Sequence[Server],
    paths: Sequence[str],
    headers: Mapping[str, str],
) -> Section:
    def is_there(answer: Answer) -> bool:
        return answer.status == 200

    subjects = {f"`{path}`": partial(_per_second, plan, server, path, headers, is_there) for path in paths}
    return Section(
        title,
        "a second",
        rounds.throughput(plan, baselines, Load(["/"], _READERS, headers=headers), subjects),
    )


# ---- what a page needs -----------------------------------------------------------------------


class _Needs(HTMLParser):
    """The addresses that a browser fetches to show a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        kinds = (given.get("rel") or "").split()
        if tag == "link" and {"stylesheet", "icon", "preload", "manifest"} & set(kinds):
            self.found.append(given.get("href") or "")
        elif tag in ("script", "img", "iframe"):
            self.found.append(given.get("src") or "")


def _page_load(server: Server) -> str:
    """In words: requests and bytes of a first visit."""
    page = _warm(server, "/", BROWSER)
    needs = _Needs()
    needs.feed(_warm(server, "/", PLAIN).body.decode())
    others = [each for each in dict.fromkeys(needs.found) if each and not each.startswith("data:")]
    answers = [_warm(server, each, BROWSER) for each in others]
    total = len(page.body) + sum(len(answer.body) for answer in answers)
    kind = page.headers.get("content-encoding")
    return (
        f"The page is {len(page.body) / 1000:.1f} kB compressed ({kind}); a first visit is "
        f"{1 + len(others)} requests and {total / 1000:.1f} kB."
    )


# ---- the first page after a change -----------------------------------------------------------


def _changes(plan: Plan, title: str, server: Server, baselines: Sequence[Server], monitors: int) -> Section:
    """A run is several changes; its figure is their median."""
    changes = 2 if plan.is_quick else 7
    statuses, numbers = itertools.cycle(("down", "degraded")), itertools.count(1)
    incident = _incident(server)

    def report_trouble() -> None:
        """Always another status than before: it is evaluated on receipt, and shown from then on."""
        _accepted(server.ask(f"{site.path(1)}?status={next(statuses)}", headers=CURL))

    def add_update() -> None:
        text = f'{{"text": "We know more: {next(numbers)}."}}'
        headers = {"Authorization": f"Bearer {site.KEY}", "Content-Type": "application/json"}
        _accepted(server.ask(f"/api/v1/incidents/{incident}/updates", "POST", headers, text))

    def render(change: Callable[[], None]) -> float:
        return statistics.median(_first_page(server, change) for _ in range(changes))

    def ask(asked: Server) -> float:
        return statistics.median(_timed(asked)[0] for _ in range(changes))

    bare, flask = baselines
    figures: list[Figure] = rounds.compare(
        plan,
        {
            BARE: partial(ask, bare),
            FLASK: partial(ask, flask),
            "a job has reported trouble": partial(render, report_trouble),
            "an incident has got an update": partial(render, add_update),
        },
    )
    text = (
        "From the request to the last byte of a page that is not the one before, compressed, one at a time; "
        f"the median of {changes} changes in each run. How many times the baseline's."
    )
    return Section(title, "ms", figures, text)


def _accepted(answer: Answer) -> None:
    if answer.status not in (200, 201):
        raise Failed(f"a change was answered with {answer.status}: {answer.body[:200]!r}")


def _incident(server: Server) -> str:
    """The number of a new public incident."""
    headers = {"Authorization": f"Bearer {site.KEY}", "Content-Type": "application/json"}
    body = f'{{"title": "Slow search", "text": "We are looking.", "monitors": ["{site.tag(2)}"]}}'
    answer = server.ask("/api/v1/incidents", "POST", headers, body)
    _accepted(answer)
    return answer.headers["location"].rpartition("/")[2]


def _timed(server: Server) -> tuple[float, Answer]:
    """Milliseconds, and the front page."""
    before = time.perf_counter()
    answer = server.ask("/", headers=BROWSER)
    return (time.perf_counter() - before) * 1000, answer


def _first_page(server: Server, change: Callable[[], None]) -> float:
    known = _warm(server, "/", BROWSER).headers["etag"]
    change()
    took, answer = _timed(server)
    if answer.status != 200 or answer.headers["etag"] == known:
        raise Failed("the front page does not show a change that was accepted")
    return took
