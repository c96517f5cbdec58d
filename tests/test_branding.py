"""The look that a file asks for, as visitors get it: stylesheet, pictures, header, footer, announcement."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner
from conftest import World
from conftest import config as made
from flask.testing import FlaskClient
from page import Page

from kener_py import config, messages, store
from kener_py.cli import main
from kener_py.model import LANGUAGES, Announcement, Color, Link, Site
from kener_py.service.watcher import Watcher
from kener_py.web import create
from kener_py.web.branding import overrides

ROOT = Path(__file__).resolve().parents[1]
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script><style>a{}</style></svg>"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
URL = "https://status.example.org"
HTML = {"Accept": "text/html"}

Show = Callable[..., FlaskClient]


@pytest.fixture
def show(world: World) -> Show:
    """A client of the world whose site has these fields."""

    def shown(**fields: object) -> FlaskClient:
        world.service.reload(made(site=Site(**fields)))  # type: ignore[arg-type]
        return create(world.service).test_client()

    return shown


@pytest.fixture
def read(world: World, tmp_path: Path) -> Show:
    """The same from what stands under `site:` in a file."""

    def shown(text: str, **files: bytes) -> FlaskClient:
        for name, content in files.items():
            (tmp_path / name.replace("_", ".")).write_bytes(content)
        (tmp_path / "config.yaml").write_text(
            f"site:\n  {text}\nmonitors: [{{tag: job, secretString: abcdefghijklmnopq}}]\n"
        )
        world.service.reload(config.load(tmp_path / "config.yaml", {}))
        return create(world.service).test_client()

    return shown


def page(client: FlaskClient, path: str = "/", code: int = 200) -> Page:
    answer = client.get(path, headers=HTML)
    assert answer.status_code == code
    return Page(answer.text)


def link(page: Page, rel: str, **more: str) -> dict[str, str]:
    (found,) = [each for each in page.all("link") if each["rel"] == rel and more.items() <= each.items()]
    return found


# ---- the stylesheet --------------------------------------------------------------------------


def test_the_stylesheet_of_an_untouched_site_is_ours(show: Show) -> None:
    client = show()
    address = link(page(client), "stylesheet")["href"]
    answer = client.get(address)
    assert re.fullmatch(r"/site\.css\?v=[0-9a-f]{12}", address)
    assert (answer.status_code, answer.mimetype) == (200, "text/css")
    assert answer.text == (ROOT / "static" / "style.css").read_text()


def test_colours_replace_ours_in_both_themes_however_one_is_chosen() -> None:
    text = overrides((Color("no_data", "#111111", "#eeeeee"), Color("accent", "#222222", "#dddddd")))
    light, dark = "--no-data: #111111; --accent: #222222;", "--no-data: #eeeeee; --accent: #dddddd;"
    assert text == (
        f":root {{ {light} }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root:not([data-theme=light]) {{ {dark} }} }}\n"
        f":root[data-theme=dark] {{ {dark} }}\n"
    )
    assert overrides(()) == ""


@pytest.mark.parametrize("name", ["text", "background"])
def test_shades_follow_a_text_or_a_ground_of_ones_own(name: str) -> None:
    text = overrides((Color(name, "#222222", "#dddddd"),))
    assert "--muted: color-mix(" in text
    assert "not all and (prefers-contrast: more)" in text, "who wants more contrast has it"


def test_every_colour_replaces_a_variable_that_the_style_has(show: Show) -> None:
    css = (ROOT / "static" / "style.css").read_text()
    names = re.findall(r"--[a-z-]+(?=:)", overrides(config_colors()))
    assert len(set(names)) == 8 + len({"--muted", "--line", "--soft"})
    assert all(f"  {name}: " in css for name in names)


def config_colors() -> tuple[Color, ...]:
    names = ("up", "degraded", "down", "maintenance", "no_data", "accent", "background", "text")
    return tuple(Color(name, "#123456", "#abcdef") for name in names)


def test_a_file_of_ones_own_comes_last_and_is_only_style(read: Show) -> None:
    own = b"a { color: red } /* </style><script>alert(1)</script> */"
    client = read('css: own.css\n  colors: {up: "#067a5e"}', own_css=own)
    front = page(client)
    answer = client.get(link(front, "stylesheet")["href"])
    assert answer.data.endswith(own)
    assert answer.text.index(".card {") < answer.text.index("--up: #067a5e") < answer.text.index("color: red")
    assert (answer.mimetype, answer.headers["X-Content-Type-Options"]) == ("text/css", "nosniff")
    assert "alert(1)" not in front.html


def test_only_the_address_of_this_very_style_is_immutable(show: Show) -> None:
    client = show(css="a{}")
    address = link(page(client), "stylesheet")["href"]
    assert client.get(address).headers["Cache-Control"] == "public, max-age=31536000, immutable"
    for other in ("/site.css", "/site.css?v=0123456789ab", "/site.css?v="):
        assert client.get(other).headers["Cache-Control"] == "no-cache"
    first = client.get(address)
    again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_an_edit_of_a_file_changes_the_address_of_what_it_is_in(
    world: World, read: Show, tmp_path: Path
) -> None:
    client = read("css: own.css\n  logo: logo.svg", own_css=b"a{}", logo_svg=SVG)
    path = tmp_path / "config.yaml"
    watcher = Watcher(world.service, lambda: config.load(path, {}))

    def addresses() -> tuple[str, str]:
        front = page(client)
        return link(front, "stylesheet")["href"], front.all("img")[0]["src"]

    style, logo = addresses()
    watcher.step()
    assert addresses() == (style, logo)

    (tmp_path / "own.css").write_text("b{}")
    watcher.step()
    new_style, same_logo = addresses()
    assert (new_style != style, same_logo) == (True, logo)
    assert client.get(new_style).text.endswith("b{}")

    (tmp_path / "logo.svg").write_bytes(SVG.replace(b"a{}", b"b{}"))
    watcher.step()
    assert addresses()[1] != logo

    (tmp_path / "own.css").unlink()
    watcher.step()
    assert addresses()[0] == new_style, "the last good one stays"
    assert "own.css cannot be read" in (world.service.reload_error or "")


# ---- pictures --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["logo", "favicon"])
def test_a_picture_of_a_file_is_served_where_the_page_says(read: Show, name: str) -> None:
    client = read(f"{name}: a.png", a_png=PNG)
    front = page(client)
    address = front.all("img")[0]["src"] if name == "logo" else link(front, "icon")["href"]
    answer = client.get(address)
    assert urlsplit(address).path == f"/branding/{name}"
    assert (answer.data, answer.mimetype) == (PNG, "image/png")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert client.get(f"/branding/{name}").headers["Cache-Control"] == "no-cache"
    assert client.head(address).status_code == 200
    assert client.post(address).status_code == 405


def test_an_svg_with_a_script_is_served_so_that_nothing_in_it_runs(read: Show) -> None:
    client = read("logo: a.svg", a_svg=SVG)
    answer = client.get("/branding/logo")
    policy = answer.headers["Content-Security-Policy"]
    assert (answer.data, answer.mimetype) == (SVG, "image/svg+xml")
    assert {"default-src 'none'", "sandbox"} <= set(policy.split("; "))
    assert "unsafe" not in policy
    assert "script-src" not in policy


@pytest.mark.parametrize("name", ["logo", "favicon"])
@pytest.mark.parametrize("fields", [{}, {"logo": "/logo.svg", "favicon": "https://cdn.example/x.ico"}])
def test_without_a_file_there_is_no_picture(show: Show, name: str, fields: dict[str, str]) -> None:
    client = show(**fields)
    answer = client.get(f"/branding/{name}", headers=HTML)
    assert answer.status_code == 404
    assert answer.data == client.get("/nothing", headers=HTML).data


def test_a_favicon_replaces_that_of_the_state(show: Show) -> None:
    assert link(page(show()), "icon")["href"].startswith("/static/no_data.svg")
    assert link(page(show(favicon="https://cdn.example/x.ico")), "icon") == {
        "rel": "icon",
        "href": "https://cdn.example/x.ico",
    }


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("https://cdn.example:8443/a.svg?b#c", "https://cdn.example:8443"),
        ("https://user:hunter2@cdn.example/a.svg", "https://cdn.example"),
        ("https://bücher.example/a.svg", "https://xn--bcher-kva.example"),
        ("https://cdn.example;script-src/a.svg", None),
        ("https://[::1]/a.svg", None),
        ("/logo.svg", None),
    ],
)
@pytest.mark.parametrize("field", ["logo", "favicon"])
def test_the_policy_lets_a_picture_in_from_its_host_and_nothing_else(
    show: Show, field: str, address: str, source: str | None
) -> None:
    policy = show(**{field: address}).get("/").headers["Content-Security-Policy"]
    directives = dict(each.partition(" ")[::2] for each in policy.split("; "))
    assert directives["img-src"].split() == ["'self'", "data:", *([source] if source else [])]
    assert directives["script-src"] == "'self'"
    assert "hunter2" not in policy


def test_pictures_and_styles_follow_the_prefix_we_are_mounted_at(read: Show) -> None:
    client = read("logo: a.png\n  favicon: a.png", a_png=PNG)
    front = Page(client.get("/", headers=HTML, base_url="http://localhost/status").text)
    found = [front.all("img")[0]["src"], link(front, "icon")["href"], link(front, "stylesheet")["href"]]
    assert all(each.startswith("/status/") for each in found)


def test_a_logo_of_a_file_is_in_messages_with_the_address_of_the_page(read: Show, world: World) -> None:
    read(f"logo: a.png\n  url: {URL}", a_png=PNG)
    notifier = replace(made().notifiers["ops"], body="{{ site.logo }} {{ site_logo_url }}")
    notice, _ = messages.examples(made().monitors["job"], made().rules[0], 0)
    text = messages.from_template(notifier, [notice], world.service.config.site, "d-1", {}).text
    assert re.fullmatch(rf"({URL}/branding/logo\?v=\w+) \1", text.strip())


# ---- header and footer -----------------------------------------------------------------------


def test_the_header_has_the_pages_and_the_links_of_the_operator(show: Show) -> None:
    links = (Link("Help", "mailto:help@example.org"), Link("<b>Docs</b>\u202e", "/docs?a=b&c"))
    front = page(show(links=links))
    hrefs = [each["href"] for each in front.all("a")]
    at = hrefs.index("/history")
    assert hrefs[at : at + 5] == [
        "/history",
        "/uptime",
        "/subscribe",
        "mailto:help@example.org",
        "/docs?a=b&c",
    ]
    assert "<bdi>&lt;b&gt;Docs&lt;/b&gt;\u202e</bdi>" in front.html


def test_a_language_link_stays_on_the_page_and_keeps_what_it_reads(show: Show) -> None:
    front = page(show(), "/monitors/job?monitor=a%26b&lang=de&x=%22%3E%3Cscript%3E")
    nav = [each for each in front.all("a") if "hreflang" in each]
    assert [each["hreflang"] for each in nav] == list(LANGUAGES)
    assert nav[0]["href"] == "?monitor=a%26b&lang=en"
    assert [each["hreflang"] for each in nav if each.get("aria-current")] == ["de"]


def test_the_language_of_the_site_is_for_who_asks_for_none_that_we_speak(show: Show) -> None:
    client = show(language="de")
    for asked, spoken in (("it", "de"), ("fr", "fr"), ("", "de")):
        answer = client.get("/", headers=HTML | {"Accept-Language": asked})
        assert Page(answer.text).tags[0][1]["lang"] == spoken


def test_the_line_about_the_program_can_be_left_out(show: Show) -> None:
    assert "Powered by kener-py" in page(show()).text
    assert "kener-py" not in page(show(powered_by=False)).text


def test_what_is_missing_says_the_same_whatever_was_asked(show: Show) -> None:
    client = show(url=URL)
    answers = {client.get(path, headers=HTML).data for path in ("/nope", "/monitors/x?a=b", "/incidents/9?c")}
    assert len(answers) == 1
    lost = page(client, "/nope?a=b", 404)
    assert {"name": "robots", "content": "noindex"} in lost.all("meta")
    assert not [each for each in lost.all("link") if each["rel"] in ("canonical", "alternate")]


# ---- the head --------------------------------------------------------------------------------


def test_a_page_names_its_address_in_each_language_when_it_has_one(show: Show) -> None:
    found = page(show(url=f"{URL}/base"), "/monitors/job?x=1&lang=fr")
    address = f"{URL}/base/monitors/job"
    assert link(found, "canonical")["href"] == f"{address}?lang=fr"
    alternates = {each["hreflang"]: each["href"] for each in found.all("link") if "hreflang" in each}
    assert alternates == {name: f"{address}?lang={name}" for name in LANGUAGES} | {"x-default": address}
    assert {"property": "og:url", "content": f"{address}?lang=fr"} in found.all("meta")


def test_a_page_without_a_public_address_names_none(show: Show) -> None:
    found = page(show())
    assert not [each for each in found.all("link") if each["rel"] == "canonical" or "hreflang" in each]
    assert "og:url" not in found.html


@pytest.mark.parametrize(
    ("path", "twin"),
    [
        ("/", "/index.md"),
        ("/?lang=de&x=1&to=2026-09", "/index.md?to=2026-09&lang=de"),
        ("/monitors/job", "/monitors/job.md"),
        ("/monitors/job/", "/monitors/job.md"),
    ],
)
def test_a_page_names_its_twin_in_markdown(show: Show, path: str, twin: str) -> None:
    assert link(page(show(), path), "alternate", type="text/markdown")["href"] == twin


def test_previews_say_what_the_page_says(show: Show) -> None:
    metas = page(show(title='Acme "status" <b>', description="It's & <up>")).all("meta")
    found = {each["property"]: each["content"] for each in metas if "property" in each}
    assert found == {
        "og:type": "website",
        "og:site_name": 'Acme "status" <b>',
        "og:title": "? Waiting",
        "og:description": "It's & <up>",
    }


def test_the_browser_wears_the_ground_of_the_page(show: Show) -> None:
    def grounds(**fields: object) -> list[str]:
        return [
            each["content"] for each in page(show(**fields)).all("meta") if each.get("name") == "theme-color"
        ]

    assert grounds() == ["#ffffff", "#09090b"]
    assert grounds(colors=(Color("background", "#fdf6e3", "#002b36"),)) == ["#fdf6e3", "#002b36"]


def test_our_own_fault_is_told_in_our_own_looks(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    client = show(css="a{}", powered_by=False, announcement=Announcement("Hello"))
    monkeypatch.setattr(store.Store, "snapshot", lambda self: 1 / 0)
    logging.getLogger("kener_py.web").disabled = True
    try:
        found = page(client, "/", 500)
    finally:
        logging.getLogger("kener_py.web").disabled = False
    assert link(found, "stylesheet")["href"].startswith("/static/style.css?v=")
    assert "says nothing about the monitors" in found.text


# ---- the announcement ------------------------------------------------------------------------


def test_an_announcement_ends_at_its_instant_exactly(show: Show, world: World) -> None:
    until = world.clock.now + 60_000
    client = show(announcement=Announcement("We **move**", "Read this", until))

    world.clock.now = until - 1
    assert "Read this" in page(client).text
    world.clock.now = until
    assert "Read this" not in page(client).text
    assert not page(client).all("aside")


def test_an_announcement_without_an_end_stays_above_the_banner_of_the_front_page(show: Show) -> None:
    client = show(announcement=Announcement("We **move**"))
    front = page(client)
    assert "<strong>move</strong>" in front.html
    assert front.html.index('id="main"') < front.html.index("<aside") < front.html.index("<h1>")
    assert {"class": "card announcement", "aria-label": "Announcement"} in front.all("aside")
    assert "<aside" not in page(client, "/monitors/job").html


def test_an_announcement_is_only_text(show: Show) -> None:
    evil = (
        "<script>alert(1)</script> [x](javascript:alert(1)) ![x](https://evil.example/x.png) " + "x" * 10_000
    )
    front = page(show(announcement=Announcement(evil, evil)))
    assert "<script>" not in front.html
    assert not [each for each in front.all("a") if each["href"].startswith("javascript")]
    assert not front.all("img")


def test_a_twin_has_the_announcement_as_a_quote(show: Show, world: World) -> None:
    client = show(announcement=Announcement("One\n\n# two", "*Read* this"))
    app = client.application
    with app.test_request_context("/index.md"):
        parts = app.jinja_env.get_template("branding_parts.md").module
        text = parts.announcement(world.service.config.site, world.clock.now)  # type: ignore[attr-defined]
    assert text.strip() == "**\\*Read\\* this**\n\n> One\n> \n> # two"


# ---- the command -----------------------------------------------------------------------------


def test_check_prints_the_contrast_of_each_colour_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(
        'site: {colors: {up: "#67ab95", background: {light: "#fff"}}}\n'
        "monitors: [{tag: job, secretString: abcdefghijklmnopq}]\n"
    )
    result = CliRunner().invoke(main, ["check", "--config", str(file)])
    assert result.exit_code == 0
    assert [each for each in result.stdout.splitlines() if each.startswith("site.")] == [
        "site.colors.up: #67ab95 on #ffffff 2.68:1 (light), #67ab95 on #09090b 7.42:1 (dark)",
        "site.colors.background: text #18181b on #ffffff 17.72:1 (light), "
        "text #f4f4f5 on #09090b 18.10:1 (dark)",
    ]
    assert "warning: " in result.stderr
    assert (
        "site.colors.up: #67ab95 has 2.68:1 on the light page (#ffffff), and icons and bars need 3:1"
        in result.stderr
    )
