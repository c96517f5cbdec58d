"""What the script adds to a page, in a real browser over a real server."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
from collections.abc import Iterator

import pytest

from kener_py.model import MINUTE

from .browser import Browser, Page, needed
from .conftest import Serve
from .server import ROOT, Server, configuration, monitor, until
from .visits import HOSTILE, NEVER, Visit, calm_site

pytestmark = [pytest.mark.real, needed]

POLL = "document.dispatchEvent(new Event('visibilitychange'))"  # as when a visitor comes back to the page
SLIDERS = "[...document.querySelectorAll('.pick')]"
BUTTONS = "[...document.querySelectorAll('#switches button')]"


@pytest.fixture(scope="module")
def lively_server(serve_module: Serve, tmp_path_factory: pytest.TempPathFactory) -> Server:
    return calm_site(serve_module, tmp_path_factory.mktemp("past"))


@pytest.fixture
def lively(lively_server: Server) -> Iterator[Server]:
    """A site with which a test may do what it likes; afterwards it is up again."""
    yield lively_server
    lively_server.target("backup").beat()
    lively_server.target("backup").becomes("UP")


def icon(page: Page) -> str:
    """The name of the icon in the tab: "up"."""
    return re.sub(r".*/(\w+)\.svg.*", r"\1", page.js("document.querySelector('link[rel=icon]').href"))


def press_switch(page: Page, words: str) -> None:
    page.js(f"{BUTTONS}.find((each) => each.textContent === {json.dumps(words)}).click()")


# ---- how much it is --------------------------------------------------------------------------


def test_the_script_is_small() -> None:
    assert len(gzip.compress((ROOT / "static" / "app.js").read_bytes(), 9)) <= 4096


# ---- theme -----------------------------------------------------------------------------------


def test_the_chosen_theme_stands_before_anything_is_painted(visit: Visit) -> None:
    page = visit(
        media={"prefers-color-scheme": "light"},
        before="""
        new MutationObserver((_, observer) => {
          if (!document.body) return;
          window.themeAtBody = document.documentElement.dataset.theme;
          observer.disconnect();
        }).observe(document, { childList: true, subtree: true });
    """,
    )
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.js(ground)
    press_switch(page, "Dark")
    dark = page.js(ground)
    page.call("reload")

    assert light != dark
    assert page.js(ground) == dark
    assert page.js("themeAtBody") == "dark"
    assert page.text("#switches [aria-pressed=true]") == "Dark"

    press_switch(page, "System")
    assert page.js(ground) == light


def test_a_browser_that_keeps_nothing_can_still_switch(visit: Visit) -> None:
    page = visit(
        before="Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no') } })"
    )
    press_switch(page, "Dark")

    assert page.js("document.documentElement.dataset.theme") == "dark"


# ---- clock -----------------------------------------------------------------------------------

PUT = """
  for (const dateTime of ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25"])
    document.querySelector("main").append(
      Object.assign(document.createElement("time"), { dateTime, textContent: "2026" }));
"""
ADDED = "[...document.querySelectorAll('main > time')].map((each) => each.textContent)"


def test_times_are_those_of_the_visitor(visit: Visit) -> None:
    page = visit(zone="America/New_York")
    shown, title = page.js(
        "(({ textContent, title }) => [textContent, title])(document.querySelector('#banner time'))"
    )

    assert re.fullmatch(r"\d{1,2} \w{3} \d{4}, \d\d:\d\d E[SD]T", shown)
    assert re.fullmatch(r"\d{1,2} \w{3} \d{4}, \d\d:\d\d CES?T", title)
    assert (
        page.text("[data-zone-note]") == "Times are those of America/New_York, days those of Europe/Berlin."
    )

    press_switch(page, "UTC")
    assert page.text("#banner time").endswith(" UTC")
    press_switch(page, "Europe/Berlin")
    assert page.text("#banner time") == title
    assert page.text("[data-zone-note]") == "Days and times are those of Europe/Berlin."

    page.call("reload")
    assert page.text("#banner time").endswith(title[-4:]), "the choice is remembered"


def test_a_visitor_in_the_site_s_zone_sees_what_the_server_wrote(visit: Visit) -> None:
    page = visit(zone="Europe/Berlin")

    assert page.js(
        "[...document.querySelectorAll('time[datetime$=Z]')].every((each) => each.textContent === each.title)"
    )
    assert page.js(
        "[...document.querySelectorAll('#switches fieldset:last-child button')].map((b) => b.textContent)"
    ) == [
        "Europe/Berlin",
        "UTC",
    ]


@pytest.mark.parametrize(
    ("zone", "texts"),
    [
        ("Europe/Paris", ["25 Oct 2026, 02:30 CEST", "25 Oct 2026, 02:30 CET", "2026"]),
        ("America/Los_Angeles", ["24 Oct 2026, 17:30 PDT", "24 Oct 2026, 18:30 PDT", "2026"]),
        ("Asia/Kathmandu", ["25 Oct 2026, 06:15 UTC+5:45", "25 Oct 2026, 07:15 UTC+5:45", "2026"]),
    ],
)
def test_the_repeated_hour_is_told_apart(visit: Visit, zone: str, texts: list[str]) -> None:
    page = visit(zone=zone)
    page.js(PUT)
    press_switch(page, "UTC")
    page.js(
        "document.querySelector('#switches fieldset:last-child button:nth-of-type(2)').click()"
    )  # whatever it calls it

    assert page.js(ADDED) == texts


@pytest.mark.parametrize("lang", ["ar", "de", "en", "es", "fr"])
def test_the_script_writes_dates_as_the_server_does(visit: Visit, lang: str) -> None:
    page = visit(f"/?lang={lang}", zone="Europe/Paris")

    assert page.js(
        "[...document.querySelectorAll('time[datetime$=Z]')].map((each) => each.textContent)"
    ) == page.js("[...document.querySelectorAll('time[datetime$=Z]')].map((each) => each.title)"), (
        "Paris and Berlin share their clocks"
    )


# ---- slider ----------------------------------------------------------------------------------


def test_each_strip_is_one_stop_of_the_keyboard(visit: Visit) -> None:
    page = visit()
    reached = []
    while True:
        page.press("Tab")
        if page.js("!!document.activeElement.closest('footer')"):
            break
        stop = page.js(
            "document.activeElement.matches('.pick') && document.activeElement.ariaLabel.slice(0, 30)"
        )
        reached += [stop] if stop else []

    assert reached == ["Days of Nightly backup", "Days of Mail", f"Days of {HOSTILE}"[:30]]


def test_keys_move_by_days_and_enter_opens_the_day(visit: Visit, site: Server) -> None:
    page = visit(zone="Europe/Berlin")
    page.js(f"{SLIDERS}[0].focus()")
    assert page.text(".picked") == "", "nothing is said before it is used"
    words = f"{SLIDERS}[0].ariaValueText"

    page.press(*["ArrowLeft"] * 4)
    assert re.fullmatch(r"\d+ \w+ \d{4}: Down, 12 min", page.js(words)), page.js(words)
    assert page.text(".picked") == f"{page.js(words)} Open this day"
    day = page.js("document.querySelector('.picked a').getAttribute('href')")

    page.press("Home")
    assert page.js(words).endswith(": No data")
    page.press("PageUp")
    assert page.js(f"{SLIDERS}[0].value") == "9"
    page.press("End", "ArrowRight")
    assert page.js(f"{SLIDERS}[0].value") == "89"

    page.press(*["ArrowLeft"] * 4)
    assert re.fullmatch(r"/monitors/backup/\d{4}-\d\d-\d\d", day)
    page.press("Enter")
    until(lambda: page.call("url") == site.url + day, 10, "the page of the day")
    page.close()
    visit.pages.remove(page)  # whatever that page has to say


def test_the_marker_stands_on_the_chosen_bar(visit: Visit) -> None:
    page = visit()
    page.js(f"{SLIDERS}[0].focus()")
    for keys, place in (("End", 89), ("Home", 0)):
        page.press(keys, "ArrowRight", "ArrowLeft")
        middle, start, width = page.js("""(() => {
            const [mark, svg] = ['.mark', '.days[data-tag] svg']
              .map((each) => document.querySelector(each).getBoundingClientRect());
            return [mark.x + mark.width / 2, svg.x, svg.width];
        })()""")
        column = place if keys == "Home" else 88
        assert abs(middle - start - width * (column * 10 + 3.5) / 897) < 1


def test_a_narrow_strip_offers_only_the_days_it_shows(visit: Visit) -> None:
    page = visit()
    seen = []
    for width in (1200, 600, 400):
        page.resize(width)
        seen.append(
            page.js(
                f"new Promise((done) => requestAnimationFrame(() => done({SLIDERS}.map((each) => each.min))))"
            )
        )

    assert [set(each) for each in seen] == [{"0"}, {"30"}, {"60"}]


def test_a_finger_picks_the_day_under_it(visit: Visit) -> None:
    page = visit(size=[390, 800], touch=True)
    box = page.js("""(() => { const pick = document.querySelector('.pick');
        pick.scrollIntoView({ block: 'center', behavior: 'instant' });
        const { x, y, width, height } = pick.getBoundingClientRect(); return { x, y, width, height } })()""")
    assert box["height"] >= 44
    middle = box["y"] + box["height"] / 2

    def point(kind: str, *x: float) -> None:
        points = [{"x": each, "y": middle} for each in x]
        page.call("cdp", "Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    point("touchStart", box["x"] + box["width"] - 2)
    for step in range(1, 11):
        point("touchMove", box["x"] + box["width"] * (1 - step / 20))
    point("touchEnd")

    # 30 days are shown; half-way is the 15th of them.
    assert until(lambda: page.js(f"{SLIDERS}[0].value"), 5) in ("74", "75")
    assert "Open this day" in page.text(".picked")


def test_from_right_to_left_time_runs_with_the_script(visit: Visit) -> None:
    page = visit("/?lang=ar")
    page.js(f"{SLIDERS}[0].focus()")

    page.press("ArrowRight", "ArrowRight")
    assert page.js(f"{SLIDERS}[0].value") == "87", "the past is on the right"
    page.press("End")
    mark, strip = page.js(
        "['.mark', '.days[data-tag]'].map((each) => document.querySelector(each).getBoundingClientRect().x)"
    )
    assert abs(mark - strip) < 5


def test_days_of_any_length_are_one_step_each(visit: Visit) -> None:
    page = visit(zone="Europe/Berlin")
    page.js("document.querySelector('.days[data-tag]').dataset.from = '2026-08-01'")
    texts = []
    for column in (84, 85, 86):
        page.js(f"{SLIDERS}[0].value = {column}")
        page.js(f"{SLIDERS}[0].oninput()")
        texts.append(page.js(f"{SLIDERS}[0].ariaValueText"))

    assert [text.partition(":")[0] for text in texts] == ["24 Oct 2026", "25 Oct 2026", "26 Oct 2026"]


# ---- live ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def left_alone(serve_module: Serve, browser: Browser) -> tuple[Server, Page]:
    """A page that is opened while all is well, and left to itself."""
    server = serve_module(configuration(monitor("job", **NEVER)))
    server.target("job").beat()
    server.target("job").becomes("UP")
    page = browser.open(server.url)
    assert page.text("h1") == "All systems operational"
    server.target("job").beat(query="?status=down")
    return server, page


def test_an_open_page_follows_what_happens(browser: Browser, lively: Server, left_alone: object) -> None:
    page = browser.open(lively.url)
    assert (page.text("h1"), icon(page)) == ("All systems operational", "up")
    page.js("document.querySelector('#main details summary').click()")
    page.js(f"{SLIDERS}[0].focus()")
    page.press("ArrowLeft", "ArrowLeft")
    page.js(f"{SLIDERS}[0].isTheSame = true")

    lively.target("backup").beat(query="?status=down")
    page.js(POLL)
    until(lambda: page.text("h1") == "Partial outage", 10, "the outage")

    assert page.js("document.title").startswith("✕")
    assert icon(page) == "down"
    assert page.text("#live") == "Partial outage"
    assert page.js("document.querySelector('#main details:has(table)').open")
    assert page.js(
        "document.activeElement === document.querySelector('.pick') && document.activeElement.isTheSame"
    )
    assert page.js(f"{SLIDERS}[0].value") == "87"
    assert "Open incidents" in page.text("#main")
    assert page.complaints == []


def test_an_answer_that_says_the_same_changes_nothing(browser: Browser, lively: Server) -> None:
    page = browser.open(lively.url)
    page.js("""
      window.changes = [];
      const observer = new MutationObserver((all) => changes.push(...all.map((each) => String(each.target))));
      observer.observe(document.querySelector('main section'), { childList: true });
    """)
    page.js(f"window.old = {SLIDERS}")
    for _ in range(3):
        page.js(POLL)
        page.call("waitForNetworkIdle")

    assert page.js("changes") == []
    assert page.js(f"{SLIDERS}.every((each, i) => each === old[i])")
    assert page.text("#live") == ""


def test_a_hidden_page_asks_nothing(browser: Browser, lively: Server) -> None:
    page = browser.open(
        lively.url, before="Object.defineProperty(document, 'hidden', { get: () => window.isAway ?? false })"
    )
    page.js(f"window.isAway = true; {POLL}")
    page.call("waitForNetworkIdle")
    before = len(page.requests)
    page.js(f"window.isAway = false; {POLL}")

    until(lambda: len(page.requests) == before + 1, 10, "the question of a visitor who is back")


LEAP = """
  const now = Date.now;
  let ahead = %d;
  Date.now = () => now() + ahead;
  window.leap = (by) => { ahead += by };
"""


def test_a_page_whose_server_has_gone_says_that_nobody_knows(browser: Browser, lively: Server) -> None:
    page = browser.open(lively.url, before=LEAP % 0)
    title = page.js("document.title")

    lively.kill()
    page.js(f"leap({3 * MINUTE}); {POLL}")
    page.call("waitForNetworkIdle")
    assert page.text("h1") == "All systems operational", "not yet"

    page.js(f"leap({MINUTE}); {POLL}")
    until(lambda: page.text("h1") == "Status unknown", 10, "the doubt")
    assert page.js("document.title").startswith("?")
    assert icon(page) == "no_data"
    assert page.text("#live") == "Status unknown"
    assert page.js("document.querySelector('main').matches('.stale')")

    lively.start()
    lively.target("mail").becomes("UP")
    page.js(POLL)
    until(lambda: page.text("h1") == "All systems operational", 10, "the trust")
    assert (page.js("document.title"), icon(page)) == (title, "up")
    assert not page.js("document.querySelector('main').matches('.stale')")


def test_a_server_that_hangs_is_doubted_as_well(browser: Browser, lively: Server) -> None:
    page = browser.open(lively.url, before=LEAP % 0)

    lively.signal(signal.SIGSTOP)
    assert lively.process is not None
    try:
        os.waitid(os.P_PID, lively.process.pid, os.WSTOPPED | os.WNOWAIT)  # a signal takes its time
        page.js(f"leap({4 * MINUTE}); {POLL}")
        until(lambda: page.text("h1") == "Status unknown", 20, "the doubt")
    finally:
        lively.signal(signal.SIGCONT)


@pytest.mark.parametrize("hours", [-5, 5])
def test_a_wrong_clock_of_the_visitor_is_no_reason_to_doubt(visit: Visit, hours: int) -> None:
    page = visit(before=LEAP % (hours * 60 * MINUTE))
    for _ in range(2):
        page.js(POLL)
        page.call("waitForNetworkIdle")

    assert page.text("h1") == "All systems operational"


def test_a_page_left_alone_turns_by_itself(left_alone: tuple[Server, Page]) -> None:
    _, page = left_alone

    until(lambda: page.text("h1") == "Major outage", 60, "the outage")
    assert icon(page) == "down"
    assert page.complaints == []
