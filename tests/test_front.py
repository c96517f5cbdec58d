"""The front page over a real service: every state, its sections, and its twins for terminals and programs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import past
import pytest
from past import HOSTILE, NOW, SITE, get, job, tell, text, trouble, up, window

from kener_py import status, store
from kener_py.model import (
    DAY,
    HOUR,
    MINUTE,
    Day,
    Incident,
    IncidentState,
    Instant,
    Monitor,
    Severity,
    Status,
    Uptime,
)
from kener_py.service.board.front import group
from kener_py.web import columns, language, strips
from kener_py.web.pages.front import stretches

DOWN, DEGRADED = Status.DOWN, Status.DEGRADED
Make = Callable[..., past.World]
SILENT = "We have detected this automatically. No statement yet."


@pytest.fixture
def make(db: store.Store) -> Make:
    return lambda *args, **fields: past.world(db, *args, **fields)


@pytest.fixture
def two(make: Make) -> Make:
    """Of two monitors, backup and shop, with what happened to them."""
    return lambda *events, **fields: make([job(), job("shop")], [*up("backup", "shop"), *events], **fields)


def since(minutes: int, tag: str, status: Status = DOWN) -> past.Event:
    return NOW - minutes * MINUTE, tag, status


# ---- the banner, state by state --------------------------------------------------------------

PAIR = [job(), job("shop")]
BOTH = up("backup", "shop")
RUNNING = {"maintenances": (window("Upgrade", NOW - HOUR, NOW + HOUR, "backup"),)}
STATES = {
    "all up": (PAIR, BOTH, {}, "UP", "✓ Operational", "All systems operational", "up", "All 2 monitors up"),
    "one is new": (
        PAIR,
        up("backup"),
        {},
        "UP",
        "✓ Operational",
        "All systems operational",
        "up",
        "1 of 2 monitors up",
    ),
    "one degraded": (
        PAIR,
        [*BOTH, since(43, "shop", DEGRADED)],
        {},
        "DEGRADED",
        "! Degraded",
        "Partially degraded",
        "degraded",
        "1 of 2 monitors affected since 30 Sep 2026, 12:58 CEST measured 30 Sep 2026, 13:41 CEST",
    ),
    "all that is known is degraded": (
        PAIR,
        [*up("backup"), since(43, "backup", DEGRADED)],
        {},
        "DEGRADED",
        "! Degraded",
        "Degraded performance",
        "degraded",
        "1 of 2 monitors affected",
    ),
    "one down": (
        PAIR,
        [*BOTH, since(43, "backup")],
        {},
        "PARTIAL_OUTAGE",
        "✕ Partial outage",
        "Partial outage",
        "down",
        "1 of 2 monitors affected",
    ),
    "all down": (
        PAIR[:1],
        [*up("backup"), since(43, "backup")],
        {},
        "MAJOR_OUTAGE",
        "✕ Major outage",
        "Major outage",
        "down",
        "1 of 1 monitor affected",
    ),
    "maintenance": (
        PAIR,
        BOTH,
        RUNNING,
        "MAINTENANCE",
        "– Maintenance",
        "Scheduled maintenance in progress",
        "maintenance",
        "1 of 2 monitors in maintenance since 30 Sep 2026, 12:41 CEST ends 30 Sep 2026, 14:41 CEST",
    ),
    "fresh": (
        PAIR,
        [],
        {},
        "WAITING",
        "? Waiting",
        "Waiting for the first heartbeat",
        "no_data",
        "curl -fsS https://status.acme.example/heartbeat/backup:<secret>",
    ),
    "empty": (
        [],
        [],
        {"path": Path("/etc/kener/acme.yaml")},
        "EMPTY",
        "? Nothing yet",
        "Nothing to show yet",
        "no_data",
        "For the operator: add one to acme.yaml and it appears here",
    ),
    "stale": (
        PAIR,
        [*BOTH, since(43, "shop")],
        {"away": 14 * MINUTE},
        "UNKNOWN",
        "? Unknown",
        "Status unknown",
        "no_data",
        "last measured 30 Sep 2026, 13:41 CEST, 14 min ago What follows is the last known state.",
    ),
}


@pytest.mark.parametrize("state", STATES)
def test_every_state_says_itself_in_every_form(make: Make, state: str) -> None:
    monitors, events, fields, name, title, sentence, icon, said = STATES[state]
    world = make(monitors, events, **fields)
    page = get(world)
    assert page.one("title") == f"{title} – Acme"
    assert page.one("h1") == sentence
    assert said in page.text
    assert f'href="/static/{icon}.svg?v=' in page.html
    (banner,) = [a for _, a in page.tags if a.get("id") == "banner"]
    assert banner["data-state"] == name
    assert banner["data-measured"] == str(NOW)
    assert text(world).startswith(f"Acme: {sentence}\n")
    assert text(world, "/index.md").startswith(f"# {sentence}\n")
    assert text(world, "/status.txt").startswith(f"{name} {sentence}\n")


def test_the_operators_folder_is_nobodys_business(make: Make) -> None:
    assert "/etc" not in get(make([], path=Path("/etc/kener/acme.yaml"))).html


def test_unknown_looks_green_nowhere_but_in_history(two: Make) -> None:
    world = two(since(43, "shop"), away=14 * MINUTE)
    page = get(world)
    assert "Last known: Up, 30 Sep 2026, 13:41 CEST" in page.text
    assert "Last known: Down, 30 Sep 2026, 13:41 CEST" in page.text
    assert {svg["class"] for svg in page.all("svg") if svg.get("class", "").startswith("icon")} == {
        "icon no_data"
    }
    assert SILENT not in page.text
    assert 'class="days stale"' in page.html
    assert page.all("template") == [], "there is nothing to change to"
    for address in ("/", "/index.md"):
        assert not re.search(r"\b(Up|Down) ", text(world, address))


def test_the_page_brings_what_to_show_when_the_server_is_gone(two: Make) -> None:
    page = get(two())
    (template,) = [a for tag, a in page.inert if tag == "template"]
    assert template["data-title"] == "? Unknown – Acme"
    assert re.fullmatch(r"/static/no_data\.svg\?v=\w+", template["data-icon"])
    inside = page.html.partition("<template")[2].partition("</template>")[0]
    assert "<h1>Status unknown</h1>" in inside
    assert 'class="card banner no_data"' in inside
    assert "ago" not in inside, "nobody knows when it is shown"
    assert ("p", {"id": "live", "class": "unseen", "role": "status"}) in page.tags


# ---- incidents -------------------------------------------------------------------------------


def test_an_outage_without_a_statement_says_so(two: Make) -> None:
    world = two(since(43, "backup"))
    assert get(world).text.count(SILENT) == 1
    tell(world)
    assert SILENT not in get(world).text


def test_an_outage_that_the_open_incidents_do_not_name_says_so(two: Make) -> None:
    world = two(since(43, "backup"), since(43, "shop"))
    tell(world)
    assert get(world).text.count(SILENT) == 1


def test_an_open_incident_shows_its_newest_update_and_whom_it_touches(make: Make) -> None:
    monitors = [job(), job("hidden", is_hidden=True)]
    world = make(monitors, [*up("backup", "hidden"), since(43, "backup")])
    told = tell(world, severity=Severity.MAJOR, monitors=("backup", "hidden"))
    page = get(world)
    assert "Investigating · Major · since 30 Sep 2026, 12:58 CEST, 43 min" in page.text
    assert "Affected: Backup We are looking." in page.text
    assert "idden" not in page.text
    assert {"href": f"/incidents/{told.id}"} in page.all("a")


def test_earlier_updates_wait_behind_a_word(two: Make) -> None:
    world = two()
    told = tell(world)
    past.add(world, told, "Found it.", state=IncidentState.IDENTIFIED)
    assert "1 earlier update" in get(world).text
    past.add(world, told, "Repaired.", state=IncidentState.MONITORING)
    page = get(world)
    assert "2 earlier updates" in page.text
    article = page.html.partition("<article")[2].partition("</article>")[0]
    assert article.index("Repaired.") < article.index("<details>") < article.index("Found it.")


def test_the_worst_incident_comes_first(two: Make) -> None:
    world = two()
    tell(world, "Small", severity=Severity.MINOR)
    tell(world, "Huge", severity=Severity.CRITICAL)
    page = get(world)
    assert page.text.index("Huge") < page.text.index("Small")


def test_an_incident_may_be_known_to_people_only(make: Make) -> None:
    world = make([job()], up("backup"))
    tell(world)
    page = get(world)
    assert page.one("h1") == "Partially degraded"
    assert "0 of 1 " not in page.text.partition("Open incidents")[0]


def test_many_open_incidents_are_told_in_short(two: Make) -> None:
    world = two()
    titles = [f"Incident {n:02}" for n in range(20)]
    for title in titles:
        tell(world, title)
    page = get(world)
    assert len(page.all("article")) == 5
    assert all(title in page.text for title in titles)


def test_an_incident_is_open_or_recent_but_not_both(two: Make) -> None:
    world = two()
    tell(world)
    page = get(world)
    assert page.text.count("Backup is down") == 1
    assert "17 Sep 2026 to 30 Sep 2026: no other incidents" in page.text


def test_recent_incidents_stand_under_their_day_and_quiet_days_fold(two: Make) -> None:
    world = two()
    tell(world, started=NOW - 43 * MINUTE, resolved=NOW - MINUTE, state=IncidentState.RESOLVED)
    tell(world, "Long ago", started=NOW - 16 * DAY, resolved=NOW - 12 * DAY, state=IncidentState.RESOLVED)
    page = get(world)
    assert "30 Sep 2026 Backup is down Resolved · Minor · 30 Sep 2026, 12:58 CEST · 42 min" in page.text
    assert "17 Sep 2026 to 29 Sep 2026: no incidents" in page.text
    assert "14 Sep 2026 Long ago" in page.text
    assert {"href": "/history"} in page.all("a")


def test_a_day_of_many_incidents_stays_short(two: Make) -> None:
    world = two()
    for n in range(8):
        tell(world, f"Flap {n}", resolved=NOW - MINUTE, state=IncidentState.RESOLVED)
    page = get(world)
    assert len(re.findall(r">Flap \d<", page.html)) == 5
    assert "and 3 more" in page.text


def test_days_belong_to_the_sites_zone() -> None:
    late = NOW - NOW % DAY - MINUTE  # 23:59 UTC of 29 September: 30 September in Berlin
    told = ended(late)
    assert stretches([told], "Europe/Berlin", NOW)[0].last == "2026-09-30"
    assert stretches([told], "UTC", NOW)[1].incidents == (told,)


def ended(started: Instant) -> Incident:
    return Incident(1, "x", IncidentState.RESOLVED, Severity.MINOR, started, started, started + MINUTE)


# ---- maintenance -----------------------------------------------------------------------------


def test_maintenance_says_when_it_ends_and_goes_into_calendars(two: Make) -> None:
    world = two(
        maintenances=(
            window("Upgrade", NOW - HOUR, NOW + HOUR, "backup", description="New *engine*"),
            window("Move", NOW + 2 * DAY, NOW + 2 * DAY + HOUR, "backup", "shop"),
            window("Far", NOW + 20 * DAY, NOW + 21 * DAY, "shop"),
        )
    )
    page = get(world)
    assert "In progress since 30 Sep 2026, 12:41 CEST · ends 30 Sep 2026, 14:41 CEST, in 59 min" in page.text
    assert "<em>engine</em>" in page.html
    assert "Scheduled · 2 Oct 2026, 13:41 CEST to 2 Oct 2026, 14:41 CEST · 1 h" in page.text
    assert "Affected: all monitors" in page.text
    assert "Far" not in page.text
    assert any(re.fullmatch(r"/maintenances/\d+\.ics", a["href"]) for a in page.all("a"))
    assert "Upgrade" in text(world)
    assert "Move" in text(world, "/index.md")


# ---- groups and rows -------------------------------------------------------------------------


def many(count: int, category: str = "", first: int = 0) -> list[Monitor]:
    return [job(f"job-{n}", category=category) for n in range(first, first + count)]


def test_a_few_monitors_need_no_group(two: Make) -> None:
    page = get(two())
    assert '<h2 id="monitors" class="unseen">Monitors</h2>' in page.html
    assert 'class="card group"' not in page.html
    assert page.texts["h3"][:2] == ["Backup", "Shop"]


def test_groups_stand_in_the_order_of_the_file(make: Make) -> None:
    monitors = [job(category="Jobs"), job("shop"), job("web", category="Jobs")]
    page = get(make(monitors, up("backup", "shop", "web")))
    assert page.texts["h3"][:2] == ["Jobs", "Other monitors"]
    assert page.texts["h4"] == ["Backup", "Web", "Shop"]
    assert "2 of 2 up · 100% uptime" in page.text


def test_a_large_group_folds_while_it_is_well(make: Make) -> None:
    monitors = [*many(9, "Quiet"), *many(9, "Loud", 9), *many(2, "Small", 18)]
    events = [*up(*(each.tag for each in monitors)), since(43, "job-9", DEGRADED)]
    page = get(make(monitors, events))
    groups = [a for tag, a in page.tags if tag == "details" and a.get("class") == "card group"]
    assert ["open" in each for each in groups] == [False, True, True]
    assert "9 of 9 up" in page.text
    assert "8 of 9 up" in page.text
    assert page.html.count('<span class="days">') == 1, "a strip of all where one line stands for all"


def test_the_only_group_of_a_page_is_never_folded(make: Make) -> None:
    monitors = many(9)
    page = get(make(monitors, up(*(each.tag for each in monitors))))
    assert [a for a in page.all("details") if a.get("class")] == [{"class": "card group", "open": None}]
    assert "All monitors" in page.texts["h3"]


def test_what_is_affected_stands_above_many_monitors_worst_first(make: Make) -> None:
    monitors = many(20)
    events = [*up(*(each.tag for each in monitors)), since(50, "job-3", DEGRADED), since(43, "job-7")]
    page = get(make(monitors, events))
    section = page.text.partition("Affected now")[2]
    assert section.startswith(" Job-7 Down since 30 Sep 2026, 12:58 CEST Job-3 Degraded since")
    few = many(8)
    assert "Affected now" not in get(make(few, [since(43, "job-3")])).text


def test_hundreds_of_affected_monitors_are_counted(make: Make) -> None:
    monitors = many(40)
    page = get(make(monitors, [(NOW - HOUR, each.tag, DOWN) for each in monitors]))
    section = page.text.partition("Affected now")[2].partition("Monitors")[0]
    assert section.count("Down since") == 20
    assert "and 20 more" in section


def test_bars_have_a_twin_in_words(make: Make) -> None:
    world = make(
        [job()],
        [
            *up("backup"),
            *trouble("backup", 3 * DAY, 43 * MINUTE),
            *trouble("backup", 62 * DAY, 2 * HOUR, DEGRADED),
        ],
        maintenances=(window("Upgrade", NOW - 62 * DAY - 2 * HOUR, NOW - 62 * DAY - HOUR, "backup"),),
    )
    tell(
        world,
        "Disk full",
        started=NOW - 3 * DAY,
        resolved=NOW - 3 * DAY + 43 * MINUTE,
        state=IncidentState.RESOLVED,
    )
    page = get(world)
    for said in ("90 days ago", "60 days ago", "30 days ago", "99.966% uptime, 43 min down"):
        assert said in page.text
    assert "open" not in page.all("details")[0]
    rows = re.findall(
        r"<tr><td><a href=\"(.*?)\">.*?>(.*?)</time></a></td><td>(.*?)</td><td>(.*?)</td>", page.html, re.S
    )
    assert [
        (link, day, state, re.sub(r"\s+", " ", re.sub("<.*?>", "", how))) for link, day, state, how in rows
    ] == [
        ("/monitors/backup/2026-09-27", "27 Sep 2026", "Down", "43 min · Disk full"),
        ("/monitors/backup/2026-07-30", "30 Jul 2026", "Degraded", "degraded 2 h and maintenance 1 h"),
    ]


def test_a_clean_history_has_no_table(two: Make) -> None:
    page = get(two())
    assert page.all("details") == page.all("table") == []
    assert "100% uptime" in page.text


def test_no_data_is_neither_0_nor_100_percent(make: Make) -> None:
    world = make([job(), job("new")], up("backup"))
    page = get(world)
    assert "no data yet" in page.text
    assert "Waiting for the first heartbeat." in page.text
    assert re.search(r"New +No data +no data yet", text(world))


def test_the_script_is_told_every_day_in_words(make: Make) -> None:
    began = NOW - 50 * DAY
    world = make(
        [job()], [*up("backup", at=began), *trouble("backup", 3 * DAY, 43 * MINUTE), since(43, "backup")]
    )
    page = get(world)
    (strip,) = [a for _, a in page.tags if a.get("class") == "days"]
    assert (strip["data-tag"], strip["data-from"], strip["data-count"]) == ("backup", "2026-07-03", "90")
    assert strip["data-days"] == "0-38n|86d43 min|89d43 min 20 s"
    (legend,) = [a for _, a in page.tags if a.get("class") == "legend"]
    said = json.loads(legend["data-words"])
    assert said["g"] == "Degraded"
    assert said["href"] == "/monitors/{tag}/{date}"
    assert ("h3", {"id": "n-backup"}) in page.tags


def test_the_scripts_links_keep_the_language(two: Make) -> None:
    (legend,) = [a for _, a in get(two(), "/?lang=de").tags if a.get("class") == "legend"]
    assert json.loads(legend["data-words"])["href"] == "/monitors/{tag}/{date}?lang=de"


def test_waiting_shows_at_most_five_lines_and_no_secret(make: Make) -> None:
    monitors = [job(f"job-{n}", secret="hunter2") for n in range(8)]
    world = make(monitors, site=replace(SITE, url=""))
    page = get(world)
    lines = [f"curl -fsS http://<this server>/heartbeat/job-{n}:<secret>" for n in range(5)]
    assert page.texts["pre"] == lines
    assert "and 3 more" in page.text
    for address in ("/", "/index.md"):
        twin = text(world, address)
        assert all(line in twin for line in lines)
        assert "hunter2" not in twin + page.html


def test_the_rule_of_uptime_is_stated_where_it_differs(make: Make) -> None:
    odd = job("odd", include_degraded_in_downtime=True)
    assert "their own pages say so" in get(make([odd], up("odd"))).text
    assert "their own pages say so" not in get(make([job()], up("backup"))).text


def test_the_site_may_bring_its_own_words(two: Make) -> None:
    page = get(
        two(site=replace(SITE, description="Jobs of Acme", footer="[Imprint](https://acme.example/i)"))
    )
    assert {"name": "description", "content": "Jobs of Acme"} in page.all("meta")
    assert page.texts["main"][0].split()[:3] == ["Jobs", "of", "Acme"]
    assert {"href": "https://acme.example/i", "rel": "nofollow noopener"} in page.all("a")


# ---- what several monitors are together ------------------------------------------------------


def test_a_groups_uptime_is_the_mean_of_its_monitors() -> None:
    strict = Uptime(up=70, degraded=10, down=20, is_degraded_down=True)
    lax = Uptime(up=70, degraded=10, down=20, maintenance=5, no_data=7)
    together = status.combined((strict, lax))
    assert together == Uptime(up=140, degraded=10, down=50, maintenance=5, no_data=7)
    assert status.percent(together) == "75"
    assert status.combined(()) == Uptime()


def test_a_groups_day_is_as_bad_as_its_worst_monitor() -> None:
    well = Day("2026-09-30", 0, DAY, Uptime(up=DAY), Status.UP)
    ill = Day("2026-09-30", 0, DAY, Uptime(up=DAY - HOUR, down=HOUR), Status.DOWN)
    assert status.combined_days([(well,), (ill,)]) == (
        Day("2026-09-30", 0, DAY, Uptime(up=2 * DAY - HOUR, down=HOUR), Status.DOWN),
    )
    assert status.combined_days([(well,), (well,)])[0].uptime == Uptime(up=2 * DAY)


def test_only_a_large_group_without_trouble_is_quiet(make: Make) -> None:
    views = make(many(9), up(*(f"job-{n}" for n in range(9)))).service.monitor_views()
    assert group("x", views).quiet
    assert len(group("x", views).days) == 90
    assert not group("x", views[:8]).quiet
    ill = [*views[:8], replace(views[8], status=Status.MAINTENANCE)]
    assert (group("x", ill).quiet, group("x", ill).days, group("x", ill).up) == (False, (), 8)


# ---- the twins -------------------------------------------------------------------------------


def test_a_terminal_gets_a_table(make: Make) -> None:
    monitors = [
        job(name="Nightly backup", category="Jobs"),
        job("shop", name="店", category="Jobs"),
        job("web"),
    ]
    world = make(monitors, [*up("backup", "shop", "web"), since(43, "shop")])
    tell(world, "Shop is *down*", "Looking\n# not a heading", monitors=("shop",), severity=Severity.MAJOR)
    lines = text(world).splitlines()
    assert lines[:3] == [
        "Acme: Partial outage",
        "1 of 3 monitors affected, since 30 Sep 2026, 12:58 CEST",
        "measured 30 Sep 2026, 13:41 CEST",
    ]
    assert "  Shop is *down*" in lines
    assert "  Looking # not a heading" in lines
    table = lines[lines.index("Jobs") - 2 :]
    assert table[0] == "NAME            STATUS  SINCE                    UPTIME (90 DAYS)"
    assert table[3:5] == [
        "Nightly backup  Up      22 Jun 2026, 13:41 CEST  100%",
        "店              Down    30 Sep 2026, 12:58 CEST  99.966%",
    ]
    assert table[6:8] == ["Other monitors", "Web             Up      22 Jun 2026, 13:41 CEST  100%"]
    assert "https://status.acme.example/status.txt" in lines[-1]


def test_the_markdown_twin_has_the_same_facts(two: Make) -> None:
    world = two(since(43, "shop"))
    tell(world, "A [trap](https://evil.example)", "# Mine\n\nText", monitors=("shop",))
    twin = text(world, "/index.md")
    assert (
        "| [Shop](https://status.acme.example/monitors/shop) | Down | 30 Sep 2026, 12:58 CEST | 99.966% |"
        in twin
    )
    assert "### [A \\[trap\\]\\(https://evil.example\\)](https://status.acme.example/incidents/1)" in twin
    assert "\n> # Mine\n" in twin
    assert "\n\n\n" not in twin


def test_scripts_get_one_word_and_a_line_for_each_monitor(make: Make) -> None:
    monitors = [
        job("web", category="B"),
        job("new", category="A"),
        job("shop", category="B"),
        job("x", is_hidden=True),
    ]
    world = make(monitors, [*up("web", "shop", "x"), since(43, "shop")])
    answer = past.client(world).get("/status.txt?lang=de", headers={"Accept-Language": "de"})
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.text.splitlines() == [
        "PARTIAL_OUTAGE Partial outage",
        "web UP 2026-06-22T11:41:00.000Z",
        "new NO_DATA -",
        "shop DOWN 2026-09-30T10:58:00.000Z",
    ]


def test_scripts_are_told_nothing_that_nobody_measured(two: Make) -> None:
    assert text(two(away=HOUR), "/status.txt").splitlines()[1:] == ["backup UNKNOWN -", "shop UNKNOWN -"]


def test_the_map_for_reading_programs_leads_to_what_is_there(make: Make) -> None:
    site = replace(SITE, description="Jobs [of] Acme")
    world = make([job(name="A [b](c)"), job("x", is_hidden=True)], up("backup"), site=site)
    answer = past.client(world).get("/llms.txt")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    lines = answer.text.splitlines()
    assert lines[:3] == ["# Acme", "", "> Jobs \\[of\\] Acme"]
    assert "- [A \\[b\\]\\(c\\)](https://status.acme.example/monitors/backup.md)" in lines
    assert "monitors/x" not in answer.text
    links = re.findall(r"\]\(https://status\.acme\.example(/.*?)\)", answer.text)
    assert {"/index.md", "/status.txt", "/api/v1/monitors"} <= set(links)
    own = [link for link in links if not link.startswith("/monitors/")]
    assert {past.client(world).get(link).status_code for link in own} == {200}


@pytest.mark.parametrize("address", ["/", "/index.md", "/status.txt", "/llms.txt"])
def test_hostile_names_stay_on_their_line(make: Make, address: str) -> None:
    name = HOSTILE[:50] + "\n# x\n| y \x1b[31m" + "x" * 10_000
    world = make(
        [job(name=name, category=name)], up("backup"), site=replace(SITE, title=name, description=name)
    )
    answer = text(world, address)
    assert not {"\x1b", "\u202e"} & set(answer)
    assert not re.search(r"^(# x|\| y)", answer, re.M)


# ---- columns ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("given", "cells"), [("abc", 3), ("店", 2), ("e\u0301", 1), ("مرحبا", 5), ("", 0)])
def test_a_width_is_that_of_a_terminal(given: str, cells: int) -> None:
    assert columns.width(given) == cells


@pytest.mark.parametrize("letter", ["x", "店", "e\u0301"])
def test_a_long_name_ends_in_an_ellipsis_that_fits(letter: str) -> None:
    short = columns.shortened(letter * 10_000)
    assert columns.WIDEST - 1 <= columns.width(short) <= columns.WIDEST
    assert short.endswith("…")
    assert columns.shortened(letter * 20) == letter * 20


def test_columns_stand_under_each_other() -> None:
    assert columns.aligned([["a", "b", ""], ["店店", "b", "c"]]) == ["a     b", "店店  b  c"]


def test_every_letter_of_the_days_has_its_word(two: Make) -> None:
    with past.create(two().service).test_request_context("/"):
        language.speak("en")
        assert {strips.days_words()[letter] for letter in "ugdmn"} == {
            "Up",
            "Degraded",
            "Down",
            "Maintenance",
            "No data",
        }
