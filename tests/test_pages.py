"""The public pages over a service made of facts: every state, hostile words, and the size budget."""

import gzip
import random
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from page import Page

from kener_py.model import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Board,
    Config,
    Day,
    Effect,
    Group,
    Incident,
    IncidentPage,
    IncidentState,
    IncidentUpdate,
    Instant,
    Limits,
    Monitor,
    MonitorPage,
    MonitorView,
    Overall,
    Severity,
    Site,
    Span,
    Status,
    Uptime,
)
from kener_py.web import words
from kener_py.web.pages import front
from kener_py.web.pages import incident as incident_page
from kener_py.web.pages import monitor as monitor_page
from kener_py.web.pages.show import error, not_found

ROOT = Path(__file__).parent.parent
NOW: Instant = 1_790_768_460_000  # 2026-09-30T11:41:00Z
SITE = Site(title="Acme", url="https://status.acme.example", timezone="Europe/Berlin")
HOSTILE = "<script>alert(1)</script>\u202e'\"&" + "x" * 10_000


# ---- a service made of facts -----------------------------------------------------------------


def day(offset: int, **lengths: int) -> Day:
    """The day `offset` days before today; what is not down, degraded and so on is up."""
    known = {"up": max(0, DAY - sum(lengths.values())), **lengths}
    worst = next(
        (s for s in (Status.DOWN, Status.DEGRADED, Status.MAINTENANCE, Status.UP) if known.get(s.lower())),
        Status.NO_DATA,
    )
    started = NOW - NOW % DAY - offset * DAY
    date = f"2026-{(9, 8, 7, 6)[offset // 30]:02}-{30 - offset % 30:02}"
    return Day(date, started, started + DAY, Uptime(**known), worst)


def view(
    tag: str = "backup", status: Status = Status.UP, bad: dict[int, Day] | None = None, **of
) -> MonitorView:
    days = tuple((bad or {}).get(offset, day(offset)) for offset in reversed(range(90)))
    if status is Status.NO_DATA:
        days = tuple(day(offset, no_data=DAY) for offset in reversed(range(90)))
    totals = [
        Uptime(
            *(
                sum(getattr(one.uptime, name) for one in days[-length:])
                for name in ("up", "degraded", "down", "maintenance", "no_data")
            )
        )
        for length in (1, 7, 30, 90)
    ]
    return MonitorView(
        monitor=Monitor(tag, of.pop("name", tag.capitalize()), Limits(5 * MINUTE, 10 * MINUTE), **of),
        status=status,
        since=None if status is Status.NO_DATA else NOW - 43 * MINUTE,
        last=None if status is Status.NO_DATA else NOW - 90 * SECOND,
        next_expected=None if status is Status.NO_DATA else NOW + 3 * MINUTE,
        uptime=dict(zip(("24h", "7d", "30d", "90d"), totals, strict=True)),
        days=days,
    )


def board(overall: Overall, *views: MonitorView, site: Site = SITE, **of) -> Board:
    groups: dict[str, list[MonitorView]] = {}
    for one in views:
        groups.setdefault(one.monitor.category, []).append(one)
    return Board(
        site=site,
        at=NOW,
        overall=overall,
        measured=of.pop("measured", NOW - 20 * SECOND),
        groups=tuple(Group(name, of_it[0].status, tuple(of_it)) for name, of_it in groups.items()),
        open_incidents=of.pop("opened", ()),
        recent_incidents=of.pop("recent", ()),
        names={one.monitor.tag: one.monitor.name for one in views},
    )


def incident(id: int = 7, resolved: Instant | None = None, text: str = "We are looking.", **of) -> Incident:
    state = IncidentState.RESOLVED if resolved else IncidentState.INVESTIGATING
    first = IncidentUpdate(1, id, IncidentState.INVESTIGATING, text, NOW - 40 * MINUTE)
    last = (IncidentUpdate(2, id, state, "It works again.", resolved),) if resolved else ()
    of = {"title": "Backup is down", "severity": Severity.MAJOR, "monitors": ("backup",), **of}
    return Incident(
        id=id,
        state=state,
        started=NOW - 43 * MINUTE,
        created=NOW - 42 * MINUTE,
        resolved=resolved,
        updates=(*last, first),
        **of,
    )


class Facts:
    """The service, without what it would ask of a database."""

    def __init__(self, board: Board, told: Sequence[Incident] = (), **page) -> None:
        self._board, self._told, self._page = board, told, page
        self.config = Config(monitors={}, site=board.site)

    def board(self) -> Board:
        return self._board

    def monitor_page(self, tag: str) -> MonitorPage | None:
        for group in self._board.groups:
            for one in group.views:
                if one.monitor.tag == tag:
                    page = {"outages": (), "incidents": (), "is_stale": False, **self._page}
                    return MonitorPage(self._board.site, NOW, self._board.measured, view=one, **page)
        return None

    def incident_page(self, id: int) -> IncidentPage | None:
        found = [one for one in self._told if one.id == id]
        if not found:
            return None
        effects = tuple(Effect(tag) for tag in found[0].monitors if tag in self._board.names)
        return IncidentPage(self._board.site, NOW, found[0], self._board.names, effects=effects)


def app(facts: Facts) -> Flask:
    made = Flask("kener_py", root_path=str(ROOT), template_folder="templates", static_folder="static")
    words.register(made)
    made.add_url_rule("/", view_func=lambda: front.front(facts), endpoint="front")
    made.add_url_rule(
        "/monitors/<tag>", view_func=lambda tag: monitor_page.monitor(facts, tag), endpoint="monitor"
    )
    made.add_url_rule(
        "/incidents/<id>", view_func=lambda id: incident_page.incident(facts, id), endpoint="incident"
    )
    made.add_url_rule("/error/<int:code>", view_func=error, endpoint="error")
    made.register_error_handler(404, lambda _: not_found(facts))
    return made


def get(facts: Facts, path: str = "/", code: int = 200) -> Page:
    answer = app(facts).test_client().get(path)
    assert answer.status_code == code
    return Page(answer.text)


# ---- the front page, state by state ----------------------------------------------------------

DOWN = view("backup", Status.DOWN, {0: day(0, down=43 * MINUTE)})


@pytest.mark.parametrize(
    ("facts", "title", "sentence", "icon", "said"),
    [
        (
            board(Overall.UP, view(), view("shop")),
            "✓ Operational",
            "All systems operational",
            "up",
            "All 2 monitors up",
        ),
        (
            board(Overall.UP, view(), view("shop", Status.NO_DATA)),
            "✓ Operational",
            "All systems operational",
            "up",
            "1 of 2 monitors up",
        ),
        (
            board(Overall.DEGRADED, view(), view("shop", Status.DEGRADED)),
            "! Degraded",
            "Partially degraded",
            "degraded",
            "1 of 2 monitors affected since 30 Sep 2026, 12:58 CEST measured 30 Sep 2026, 13:40 CEST",
        ),
        (
            board(Overall.DEGRADED, view(status=Status.DEGRADED), view("new", Status.NO_DATA)),
            "! Degraded",
            "Degraded performance",
            "degraded",
            "1 of 2 monitors affected",
        ),
        (
            board(Overall.PARTIAL_OUTAGE, DOWN, view("shop")),
            "✕ Partial outage",
            "Partial outage",
            "down",
            "1 of 2 monitors affected",
        ),
        (
            board(Overall.MAJOR_OUTAGE, DOWN),
            "✕ Major outage",
            "Major outage",
            "down",
            "1 of 1 monitor affected",
        ),
        (
            board(Overall.MAINTENANCE, view(status=Status.MAINTENANCE), view("shop")),
            "– Maintenance",
            "Scheduled maintenance in progress",
            "maintenance",
            "1 of 2 monitors in maintenance",
        ),
        (
            board(Overall.WAITING, view(status=Status.NO_DATA)),
            "? Waiting",
            "Waiting for the first heartbeat",
            "no_data",
            "curl -fsS https://status.acme.example/heartbeat/backup:<secret>",
        ),
        (
            board(Overall.EMPTY, measured=None),
            "? Nothing yet",
            "Nothing to show yet",
            "no_data",
            "not measured yet",
        ),
        (
            board(Overall.UNKNOWN, view(), measured=NOW - 14 * MINUTE),
            "? Unknown",
            "Status unknown",
            "no_data",
            "last measured 30 Sep 2026, 13:27 CEST, 14 min ago",
        ),
    ],
)
def test_every_state_says_itself(facts: Board, title: str, sentence: str, icon: str, said: str) -> None:
    page = get(Facts(facts))
    assert page.one("title") == f"{title} – Acme"
    assert page.one("h1") == sentence
    assert said in page.text
    assert f"/static/{icon}.svg?v=" in page.html


def test_unknown_looks_green_nowhere_but_in_history() -> None:
    page = get(Facts(board(Overall.UNKNOWN, view(), view("shop", Status.DOWN), measured=NOW - 14 * MINUTE)))
    assert "Last known: up at 30 Sep 2026, 13:27 CEST" in page.text
    assert "Last known: down at 30 Sep 2026, 13:27 CEST" in page.text
    assert {svg["class"] for svg in page.all("svg") if svg.get("class", "").startswith("icon")} == {
        "icon no_data"
    }
    assert "No statement yet" not in page.text
    assert 'class="days stale"' in page.html


def test_a_monitor_that_is_down_is_never_just_red() -> None:
    alone = get(Facts(board(Overall.MAJOR_OUTAGE, DOWN)))
    assert "We have detected this automatically. No statement yet." in alone.text
    told = get(Facts(board(Overall.MAJOR_OUTAGE, DOWN, opened=(incident(),))))
    assert "No statement yet" not in told.text


def test_an_open_incident_shows_its_newest_update_and_whom_it_touches() -> None:
    page = get(Facts(board(Overall.MAJOR_OUTAGE, DOWN, opened=(incident(monitors=("backup", "hidden")),))))
    assert "Investigating · Major · since 30 Sep 2026, 12:58 CEST, 43 min" in page.text
    assert "Affected: Backup We are looking." in page.text
    assert "hidden" not in page.text
    assert {"href": "/incidents/7"} in page.all("a")


def test_an_incident_may_be_known_to_people_only() -> None:
    page = get(Facts(board(Overall.DEGRADED, view(), opened=(incident(severity=Severity.MINOR),))))
    assert page.one("h1") == "Partially degraded"
    assert "0 of 1" not in page.text


def test_many_open_incidents_are_told_in_short() -> None:
    opened = tuple(incident(id, title=f"Incident {id}") for id in range(1, 21))
    page = get(Facts(board(Overall.MAJOR_OUTAGE, DOWN, opened=opened)))
    assert len(page.all("article")) == 5
    assert all(one.title in page.text for one in opened)


def test_an_incident_is_open_or_recent_but_not_both() -> None:
    both = incident()
    page = get(Facts(board(Overall.MAJOR_OUTAGE, DOWN, opened=(both,), recent=(both,))))
    assert page.text.count(both.title) == 1
    assert "No incidents in the last 14 days" in page.text


def test_recent_incidents_are_listed_with_their_length() -> None:
    page = get(Facts(board(Overall.UP, view(), recent=(incident(resolved=NOW - MINUTE),))))
    assert "Resolved · Major · 30 Sep 2026, 12:58 CEST · 42 min" in page.text
    assert "No incidents" not in page.text


def test_groups_have_headings_unless_there_are_none() -> None:
    alone = get(Facts(board(Overall.UP, view(), view("shop"))))
    assert '<h2 id="g1" class="unseen"><bdi>Monitors</bdi></h2>' in alone.html
    grouped = get(Facts(board(Overall.UP, view(category="Jobs"), view("shop"), view("web", category="Jobs"))))
    headings = re.findall(r'<h2 id="g\d+"><bdi>(.*?)</bdi>', grouped.html)
    assert headings == ["Jobs", "Other monitors"]


def test_bars_have_a_twin_in_words() -> None:
    bad = {3: day(3, down=43 * MINUTE), 60: day(60, degraded=2 * HOUR, maintenance=HOUR)}
    page = get(Facts(board(Overall.UP, view(bad=bad))))
    assert "90 days ago" in page.text
    assert "30 days ago" in page.text
    assert "99.966% uptime, 43 min down" in page.text
    assert "open" not in page.all("details")[0]
    rows = re.findall(r"<tr><td>(.*?)</td><td>(.*?)</td><td>(.*?)</td>", page.html)
    assert rows == [
        ('<time datetime="2026-09-27">27 Sep 2026</time>', "Down", "43 min"),
        ('<time datetime="2026-07-30">30 Jul 2026</time>', "Degraded", "degraded 2 h and maintenance 1 h"),
    ]


def test_a_clean_history_has_no_table() -> None:
    page = get(Facts(board(Overall.UP, view())))
    assert page.all("details") == page.all("table") == []
    assert "100% uptime" in page.text


def test_no_data_is_neither_0_nor_100_percent() -> None:
    page = get(Facts(board(Overall.UP, view(), view("new", Status.NO_DATA))))
    assert "no data yet" in page.text
    assert "Waiting for the first heartbeat." in page.text


def test_a_young_monitor_says_how_far_back_its_strip_goes() -> None:
    young = replace(view(), days=view().days[-12:])
    page = get(Facts(board(Overall.UP, young)))
    assert "12 days ago" in page.text


def test_waiting_shows_at_most_five_lines_and_no_secret() -> None:
    views = [view(f"job-{n}", Status.NO_DATA, secret="hunter2") for n in range(8)]
    page = get(Facts(board(Overall.WAITING, *views, site=replace(SITE, url=""))))
    lines = page.texts["pre"]
    assert lines == [f"curl -fsS http://<this server>/heartbeat/job-{n}:<secret>" for n in range(5)]
    assert "and 3 more" in page.text
    assert "hunter2" not in page.html


def test_the_host_header_is_never_echoed() -> None:
    facts = Facts(board(Overall.WAITING, view(status=Status.NO_DATA), site=replace(SITE, url="")))
    answer = app(facts).test_client().get("/", headers={"Host": "evil.example"})
    assert "evil" not in answer.text


def test_the_rule_of_uptime_is_stated_where_it_differs() -> None:
    odd = view(include_degraded_in_downtime=True)
    assert "their own pages say so" in get(Facts(board(Overall.UP, odd))).text
    assert "their own pages say so" not in get(Facts(board(Overall.UP, view()))).text
    assert (
        "time up ÷ time up, degraded or down" in get(Facts(board(Overall.UP, odd)), "/monitors/backup").text
    )


def test_the_site_may_bring_its_own_words() -> None:
    site = replace(
        SITE, description="Jobs of Acme", logo="/logo.svg", footer="[Imprint](https://acme.example/i)"
    )
    page = get(Facts(board(Overall.UP, view(), site=site)))
    assert {"name": "description", "content": "Jobs of Acme"} in page.all("meta")
    assert {"src": "/logo.svg", "alt": "", "width": "32", "height": "32"} in page.all("img")
    assert {"href": "https://acme.example/i", "rel": "nofollow noopener"} in page.all("a")


# ---- a monitor's page ------------------------------------------------------------------------


def test_a_monitor_page_tells_now_and_what_was() -> None:
    outages = (
        Span(NOW - 43 * MINUTE, NOW, Status.DOWN),
        Span(NOW - 3 * DAY, NOW - 3 * DAY + 133 * MINUTE, Status.DEGRADED),
    )
    facts = Facts(
        board(Overall.MAJOR_OUTAGE, replace(DOWN, monitor=replace(DOWN.monitor, description="Each night"))),
        outages=outages,
        incidents=(incident(),),
    )
    page = get(facts, "/monitors/backup")
    assert page.one("title") == "✕ Down: Backup – Acme"
    assert page.one("h1") == "Backup"
    for said in (
        "Each night",
        "since 30 Sep 2026, 12:58 CEST, 43 min",
        "Last heartbeat30 Sep 2026, 13:39 CEST, 1 min ago",
        "Next expected30 Sep 2026, 13:44 CEST, in 3 min",
        "24 hours 97.013%43 min down",
        "Down30 Sep 2026, 12:58 CEST ongoing43 min so far",
        "Degraded27 Sep 2026, 13:41 CEST 27 Sep 2026, 15:54 CEST2 h 13 min",
        "Backup is down Investigating · Major",
    ):
        assert said in page.text
    assert "No statement yet" not in page.text


def test_a_long_list_of_outages_says_how_much_it_leaves_out() -> None:
    outages = tuple(Span(NOW - n * HOUR, NOW - n * HOUR + MINUTE, Status.DOWN) for n in range(1, 301))
    page = get(Facts(board(Overall.UP, view()), outages=outages), "/monitors/backup")
    assert page.html.count("<tr><td") == 50
    assert "The newest 50 of 300" in page.text


def test_a_stale_monitor_page_claims_nothing() -> None:
    page = get(Facts(board(Overall.UNKNOWN, view(), measured=NOW - HOUR), is_stale=True), "/monitors/backup")
    assert page.one("title") == "? Unknown: Backup – Acme"
    assert "Status unknown last known: up last measured 30 Sep 2026, 12:41 CEST, 1 h ago" in page.text
    assert 'class="icon up"' not in page.html


def test_a_monitor_without_heartbeats_tells_how_to_send_one() -> None:
    page = get(Facts(board(Overall.WAITING, view(status=Status.NO_DATA))), "/monitors/backup")
    assert "Waiting for the first heartbeat" in page.text
    assert page.texts["pre"] == ["curl -fsS https://status.acme.example/heartbeat/backup:<secret>"]
    assert page.text.count("no data yet") >= 4


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://shop.example/a", {"href": "https://shop.example/a", "rel": "noopener"}),
        ("javascript:alert(1)", None),
    ],
)
def test_an_external_link_leads_to_the_web_or_nowhere(url: str, link: dict[str, str] | None) -> None:
    page = get(Facts(board(Overall.UP, view(external_url=url))), "/monitors/backup")
    assert [a for a in page.all("a") if "rel" in a] == ([link] if link else [])
    assert "javascript" not in page.html


# ---- an incident's page ----------------------------------------------------------------------


def test_an_incident_page_tells_the_story_newest_first() -> None:
    past = incident(resolved=NOW - MINUTE)
    page = get(Facts(board(Overall.UP, view()), [past]), "/incidents/7")
    assert page.one("title") == "Resolved: Backup is down – Acme"
    assert "StateResolved" in page.text.replace("State Resolved", "StateResolved")
    assert "Duration42 min" in page.text
    assert page.text.index("It works again.") < page.text.index("We are looking.")
    assert {"href": "/monitors/backup"} in page.all("a")


def test_an_open_incident_has_lasted_so_far() -> None:
    page = get(Facts(board(Overall.MAJOR_OUTAGE, DOWN), [incident(monitors=("hidden",))]), "/incidents/7")
    assert "Duration43 min so far" in page.text
    assert "Affected" not in page.text
    assert "hidden" not in page.text


@pytest.mark.parametrize("id", ["0", "007", "-7", "+7", " 7", "7 ", "٧", "7.0", "x", "1_0", "9" * 40])
def test_an_incident_has_one_address(id: str) -> None:
    facts = Facts(board(Overall.UP, view()), [incident()])
    assert app(facts).test_client().get(f"/incidents/{id}").status_code == 404


# ---- all of them -----------------------------------------------------------------------------


def test_what_is_not_there_looks_the_same_everywhere() -> None:
    facts = Facts(board(Overall.UP, view()))
    client = app(facts).test_client()
    answers = {
        client.get(path).text for path in ("/monitors/nope", "/monitors/hidden", "/incidents/9", "/nope")
    }
    assert len(answers) == 1
    assert get(facts, "/nope", 404).one("title") == "Not found – Acme"


@pytest.mark.parametrize("code", [500, 503])
def test_our_own_faults_are_told_without_the_service(code: int) -> None:
    page = get(None, f"/error/{code}", code)
    assert "says nothing about the monitors" in page.text


def test_hostile_text_is_only_text() -> None:
    bad = incident(title=HOSTILE, text=HOSTILE)
    one = view(
        status=Status.DOWN, name=HOSTILE, description=HOSTILE, category=HOSTILE, bad={1: day(1, down=HOUR)}
    )
    site = replace(SITE, title=HOSTILE, description=HOSTILE, footer=HOSTILE, logo='"><script>')
    facts = Facts(
        board(
            Overall.MAJOR_OUTAGE, one, view("shop"), site=site, opened=(bad,), recent=(replace(bad, id=8),)
        ),
        [bad],
        incidents=(bad,),
    )
    for path in ("/", "/monitors/backup", "/incidents/7", "/nope"):
        page = Page(app(facts).test_client().get(path).text)
        assert "<script>" not in page.html
        # An override that is isolated turns nothing around but its own text.
        for tag in ("h1", "h2", "h3"):
            for heading in re.findall(rf"<{tag}[^>]*>.*?</{tag}>", page.html, re.DOTALL):
                assert "\u202e" not in heading or "<bdi>" in heading


def test_every_time_is_machine_readable() -> None:
    page = get(Facts(board(Overall.MAJOR_OUTAGE, DOWN, opened=(incident(),))))
    assert len(page.all("time")) >= 5
    for attributes in page.all("time"):
        assert re.fullmatch(r"2026-\d\d-\d\d(T\d\d:\d\d:\d\dZ)?", attributes["datetime"])
    # No time stands outside of its element.
    assert not re.search(r"\d\d:\d\d [A-Z]", re.sub(r"<time.*?</time>", "", page.html))


def hundred(seed: int = 1) -> Board:
    chance = random.Random(seed)
    views = []
    for n in range(100):
        bad = {
            offset: day(
                offset, **{chance.choice(["down", "degraded", "maintenance"]): chance.randrange(6 * HOUR)}
            )
            for offset in chance.sample(range(90), chance.choice([0, 0, 1, 2, 4, 8]))
        }
        views.append(
            view(
                f"job-{n}",
                bad=bad,
                name=f"Job number {n}",
                category=f"Group {n // 10}",
                description="Each night",
            )
        )
    return board(Overall.UP, *views)


def test_a_hundred_monitors_fit_the_budget() -> None:
    page = get(Facts(hundred()))
    assert len(gzip.compress(page.html.encode(), 6)) <= 40_000
    assert len(page.tags) <= 60 * 100
    assert len([a for a in page.all("link") if a["rel"] in ("icon", "stylesheet")]) <= 4


def test_the_style_fits_the_budget_and_loads_nothing() -> None:
    css = (ROOT / "static" / "style.css").read_bytes()
    assert len(css) <= 12_000
    assert len(gzip.compress(css)) <= 6_000
    assert b"url(" not in css
    assert b"@import" not in css


def test_every_class_is_styled_and_every_icon_exists() -> None:
    css = (ROOT / "static" / "style.css").read_text()
    for status in Status:
        assert f".{words.colour(status)} " in css
        assert (ROOT / "static" / f"{words.colour(status)}.svg").is_file()
    page = get(Facts(board(Overall.MAJOR_OUTAGE, DOWN, opened=(incident(),))))
    symbols = {f"#{a['id']}" for a in page.all("symbol")}
    assert {a["href"] for a in page.all("use")} <= symbols
