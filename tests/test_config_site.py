"""The section `site:`: every field right and wrong, and the files that it names."""

from __future__ import annotations

from pathlib import Path

import pytest

from kener_py import config
from kener_py.model import LANGUAGES, Announcement, Color, Config, Link
from kener_py.web import language

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
IMAGES = {
    "a.png": (PNG, "image/png"),
    "a.PNG": (PNG, "image/png"),
    "a.jpg": (b"\xff\xd8\xff\xe0", "image/jpeg"),
    "a.jpeg": (b"\xff\xd8\xff\xe0", "image/jpeg"),
    "a.gif": (b"GIF89a", "image/gif"),
    "a.webp": (b"RIFF\1\2\3\4WEBPVP8 ", "image/webp"),
    "a.ico": (b"\0\0\1\0\1\0", "image/vnd.microsoft.icon"),
    "a.svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
}
SVGS = [
    b"<svg>",
    b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- a > b -->\n<svg viewBox='0 0 1 1'/>",
    b"<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'x' [ <!ENTITY a 'b'> ]>\n<svg\n/>",
    b"<svg:svg xmlns:svg='http://www.w3.org/2000/svg'/>",
]


def load(tmp_path: Path, site: str, env: dict[str, str] | None = None) -> Config:
    (tmp_path / "config.yaml").write_text(f"site:\n  {site}\n", encoding="utf-8")
    return config.load(tmp_path / "config.yaml", env or {})


def problems(tmp_path: Path, site: str, env: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(config.ConfigError) as caught:
        load(tmp_path, site, env)
    return [str(each).removeprefix(f"{tmp_path}/") for each in caught.value.problems]


def test_without_its_section_a_site_has_the_looks_of_ours(tmp_path: Path) -> None:
    site = load(tmp_path, "title: A").site
    assert (site.logo, site.favicon, site.colors, site.links, site.announcement, site.css) == (
        None, None, (), (), None, "",
    )  # fmt: skip
    assert site.powered_by
    assert site.language == "en"


# ---- pictures --------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["logo", "favicon"])
@pytest.mark.parametrize("name", IMAGES)
def test_a_picture_may_be_a_file(tmp_path: Path, field: str, name: str) -> None:
    content, media_type = IMAGES[name]
    (tmp_path / name).write_bytes(content)
    loaded = load(tmp_path, f"{field}: {name}")
    picture = getattr(loaded.site, f"{field}_file")
    assert (picture.content, picture.media_type) == (content, media_type)
    assert getattr(loaded.site, field) == f"/branding/{field}?v={picture.version}"
    assert loaded.files == (tmp_path / "config.yaml", tmp_path / name)


@pytest.mark.parametrize("content", SVGS)
def test_an_svg_is_known_by_its_element(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.svg").write_bytes(content)
    assert load(tmp_path, "logo: a.svg").site.logo_file


@pytest.mark.parametrize("address", ["https://cdn.example.org/a b.png".replace(" ", "%20"), "/logo.svg"])
def test_a_picture_may_be_an_address_or_a_path(tmp_path: Path, address: str) -> None:
    site = load(tmp_path, f"favicon: {address}").site
    assert (site.favicon, site.favicon_file) == (address, None)


@pytest.mark.parametrize(
    ("name", "content", "hint"),
    [
        ("missing.png", None, "missing.png cannot be read: No such file or directory"),
        ("folder.png", "folder", "folder.png is not a regular file"),
        ("logo.bmp", b"BM", "logo.bmp should be an image: .png, .jpg, .jpeg, .gif, .webp, .svg, .ico"),
        ("logo", PNG, "logo should be an image"),
        ("logo.png", b"", "logo.png is no image: it does not begin like a .png file"),
        ("logo.png", b"\xff\xd8\xff", "logo.png is a .jpg file and not a .png file; rename it"),
        ("logo.png", b"<svg/>", "is no image"),  # an SVG's element needs a space, a line or > behind it
        ("logo.svg", b"<html><svg>", "logo.svg is no image"),
        ("logo.svg", b"<!-- never closed <svg>", "logo.svg is no image"),
        ("logo.svg", b"\xff<svg>", "logo.svg is no image"),
        ("logo.svg", b"<svgx>", "logo.svg is no image"),
        ("logo.png", PNG + b"x" * 1_000_000, "logo.png is larger than 1,000,000 bytes"),
    ],
)
def test_a_file_that_is_no_picture_is_refused(
    tmp_path: Path, name: str, content: bytes | str | None, hint: str
) -> None:
    if content == "folder":
        (tmp_path / name).mkdir()
    elif isinstance(content, bytes):
        (tmp_path / name).write_bytes(content)
    (problem,) = problems(tmp_path, f"logo: {name}")
    assert problem.startswith("config.yaml:2:9: site.logo: the file ")
    assert hint in problem


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "data:image/png;base64,x",
        "//evil.example/x.png",
        "ftp://example.org/x.png",
        "C:\\x.png",
        "'/a b.png'",
    ],
)
def test_an_address_of_another_kind_is_no_picture(tmp_path: Path, address: str) -> None:
    (problem,) = problems(tmp_path, f"favicon: {address}")
    assert problem == (
        "config.yaml:2:12: site.favicon: should be an address that begins with https:// or http://, "
        "a path on this host that begins with one /, or the name of a file"
    )


def test_a_file_that_a_reference_names_is_not_named_again(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, "logo: '${SECRET}'", {"SECRET": "Hunter2.png"})
    assert "Hunter2" not in problem
    assert "the file that ${…} names cannot be read" in problem


# ---- the language ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", LANGUAGES)
def test_each_language_of_the_page_can_be_its_first(tmp_path: Path, name: str) -> None:
    assert load(tmp_path, f"language: {name.upper()}").site.language == name


def test_every_language_but_that_of_the_texts_has_a_catalogue() -> None:
    assert set(LANGUAGES) == {file.stem for file in language.CATALOGUES.glob("*.po")} | {language.SOURCE}


def test_a_language_that_the_page_does_not_speak_is_refused(tmp_path: Path) -> None:
    assert problems(tmp_path, "language: it") == [
        "config.yaml:2:13: site.language: should be en, ar, de, es or fr, not 'it'"
    ]


# ---- colours ---------------------------------------------------------------------------------


def test_a_colour_is_one_for_both_themes_or_one_of_each(tmp_path: Path) -> None:
    site = load(
        tmp_path,
        'colors: {up: "#0A8F6C", down: {light: "#900", dark: "#f44"}, accent: {dark: "#abc"}}',
    ).site
    assert site.colors == (
        Color("up", "#0a8f6c", "#0a8f6c"),
        Color("down", "#990000", "#ff4444"),
        Color("accent", "#1d5fd1", "#aabbcc"),
    )


NO_COLOR = 'should be a colour in quotes such as "#06a880"'


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("{upp: '#fff'}", "2:12: site.colors.upp: unknown field; did you mean 'up'?"),
        ("{up: {lite: '#fff'}}", "2:17: site.colors.up.lite: unknown field; did you mean 'light'?"),
        ("{up: red}", f"2:16: site.colors.up: {NO_COLOR} (#rgb or #rrggbb), not 'red'"),
        (
            "{up: abc}",
            f"2:16: site.colors.up: {NO_COLOR} (#rgb or #rrggbb), not 'abc'; did you mean \"#abc\"?",
        ),
        ("{up: '#ffff'}", f"2:16: site.colors.up: {NO_COLOR} (#rgb or #rrggbb), not '#ffff'"),
        ("{up: {dark: '#fff;}'}}", f"2:23: site.colors.up.dark: {NO_COLOR} (#rgb or #rrggbb), not '#fff;}}'"),
        ("{up: ['#fff']}", f"2:16: site.colors.up: {NO_COLOR}, or light and dark, not a list"),
        ("{up: {}}", "2:16: site.colors.up: is empty; give it light, dark or both"),
        ("'#fff'", "2:11: site.colors: should be a mapping, not one value"),
    ],
)
def test_what_is_no_colour_is_refused_at_its_place(tmp_path: Path, written: str, problem: str) -> None:
    assert problems(tmp_path, f"colors: {written}") == [f"config.yaml:{problem}"]


def test_a_colour_without_quotes_is_a_comment_and_that_is_said(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, "colors:\n    up: #06a880")
    assert problem.endswith(
        'site.colors.up: is empty: to YAML # begins a comment; write a colour in quotes such as "#06a880"'
    )


def test_lists_and_mappings_that_are_commented_out_count_as_not_written(tmp_path: Path) -> None:
    site = load(tmp_path, "colors:\n    # up: x\n  links:\n    # - name: x").site
    assert (site.colors, site.links) == ((), ())


def test_colours_that_are_hard_to_see_are_warned_of_at_their_place(tmp_path: Path) -> None:
    loaded = load(tmp_path, 'colors:\n    up: "#67ab95"\n    degraded: {light: "#e6ca61"}')
    warnings = [each.removeprefix(f"{tmp_path}/") for each in loaded.warnings if "colors" in each]
    assert warnings == [
        "config.yaml:3:9: site.colors.up: #67ab95 has 2.68:1 on the light page (#ffffff), "
        "and icons and bars need 3:1",
        "config.yaml:4:23: site.colors.degraded.light: #e6ca61 has 1.62:1 on the light page (#ffffff), "
        "and icons and bars need 3:1",
    ]


# ---- links, announcement, the rest -----------------------------------------------------------


@pytest.mark.parametrize(
    "url", ["https://example.org/?a=b#c", "http://example.org", "mailto:help@example.org", "/docs", "/"]
)
def test_a_link_is_an_address_or_a_path(tmp_path: Path, url: str) -> None:
    assert load(tmp_path, f"links: [{{name: Help, url: '{url}'}}]").site.links == (Link("Help", url),)


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("[{name: a}]", "2:11: site.links[0].url: is missing"),
        ("[{name: a, url: /, ur: /}]", "2:29: site.links[0].ur: unknown field; did you mean 'url'?"),
        ("[{name: '', url: /}]", "2:18: site.links[0].name: is empty; write a text, or remove the line"),
        ("[/docs]", "2:11: site.links[0]: should be a mapping, not one value"),
        ("{name: a, url: /}", "2:10: site.links: should be a list, not a mapping"),
    ],
)
def test_what_is_no_link_is_refused_at_its_place(tmp_path: Path, written: str, problem: str) -> None:
    assert problems(tmp_path, f"links: {written}") == [f"config.yaml:{problem}"]


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "//evil.example",
        r"/\evil.example",
        "data:text/html,x",
        "docs",
        "mailto:",
        "/a b",
    ],
)
def test_a_link_that_could_run_or_lead_astray_is_refused(tmp_path: Path, url: str) -> None:
    assert problems(tmp_path, f"links: [{{name: a, url: '{url}'}}]") == [
        "config.yaml:2:26: site.links[0].url: should be an address that begins with https:// or http://, "
        "mailto: or, for a path on this host, /"
    ]


def test_an_announcement_is_a_text_or_a_mapping(tmp_path: Path) -> None:
    assert load(tmp_path, "announcement: We **move**").site.announcement == Announcement("We **move**")
    given = "timezone: Europe/Berlin\n  announcement: {title: We move, text: x, until: 2026-12-01 22:00}"
    assert load(tmp_path, given).site.announcement == Announcement("x", "We move", 1_796_158_800_000)


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("{title: a}", "2:17: site.announcement.text: is missing"),
        ("{text: a, til: 2026-01-01}", "2:27: site.announcement.til: unknown field; did you mean 'until'?"),
        ("''", "2:17: site.announcement: is empty; write a text, or remove the line"),
        ("[a]", "2:17: site.announcement: should be a text, or text with a title, not a list"),
    ],
)
def test_what_is_no_announcement_is_refused_at_its_place(tmp_path: Path, written: str, problem: str) -> None:
    found = problems(tmp_path, f"announcement: {written}")
    assert found == [f"config.yaml:{problem}"]


def test_an_end_that_is_no_moment_is_refused(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, "announcement: {text: a, until: soon}")
    assert problem.startswith("config.yaml:2:34: site.announcement.until: should be a date or a time such as")


def test_a_style_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "custom.css").write_text("a { color: red }\n")
    loaded = load(tmp_path, "css: custom.css")
    assert loaded.site.css == "a { color: red }"
    assert tmp_path / "custom.css" in loaded.files


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"x" * 100_001, "is larger than 100,000 bytes"),
        (b"\xff", "is not text in UTF-8"),
    ],
)
def test_a_style_that_cannot_be_read_is_refused_and_waited_for(
    tmp_path: Path, content: bytes | None, hint: str
) -> None:
    if content is not None:
        (tmp_path / "custom.css").write_bytes(content)
    with pytest.raises(config.ConfigError) as caught:
        load(tmp_path, "css: custom.css")
    (problem,) = caught.value.problems
    assert (problem.field, problem.line, problem.column) == ("site.css", 2, 8)
    assert problem.message == f"the file {tmp_path / 'custom.css'} {hint}"
    assert caught.value.files == (tmp_path / "custom.css",)


def test_the_line_about_the_program_can_be_left_out(tmp_path: Path) -> None:
    assert not load(tmp_path, "powered_by: no").site.powered_by
    (problem,) = problems(tmp_path, "powered_by: maybe")
    assert problem == "config.yaml:2:15: site.powered_by: should be true or false, not 'maybe'"


@pytest.mark.parametrize(
    "address", ["mailto:security@example.org", "https://example.org/security", "HTTPS://example.org/x"]
)
def test_a_security_contact_is_mail_or_an_address(tmp_path: Path, address: str) -> None:
    assert load(tmp_path, f"security_contact: {address}").site.security_contact == address
    assert load(tmp_path, "title: A").site.security_contact == ""


@pytest.mark.parametrize(
    "address", ["security@example.org", "http://example.org/", "mailto:x", "/security", "tel:+1", "''", "5"]
)
def test_any_other_security_contact_is_refused(tmp_path: Path, address: str) -> None:
    (problem,) = problems(tmp_path, f"security_contact: {address}")
    assert problem.startswith("config.yaml:2:21: site.security_contact: ")


def test_a_security_contact_may_not_add_lines(tmp_path: Path) -> None:
    (problem,) = problems(
        tmp_path, 'security_contact: "mailto:a@example.org\\nContact: mailto:b@example.org"'
    )
    assert "mailto:" in problem


# ---- embeds ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "embeds"),
    [
        ("true", ("*",)),
        ("yes", ("*",)),
        ("'*'", ("*",)),
        ("['*']", ("*",)),
        ("false", ()),
        ("'no'", ()),
        ("[]", ()),
        ("https://example.org", ("https://example.org",)),
        ("HTTPS://Example.ORG:8443/", ("https://example.org:8443",)),
        ("http://localhost:4000", ("http://localhost:4000",)),
        ("'https://*.example.org'", ("https://*.example.org",)),
        ("https://bücher.example", ("https://xn--bcher-kva.example",)),
        (
            "[https://a.example, https://b.example, https://a.example]",
            ("https://a.example", "https://b.example"),
        ),
        ("['${PLACE}']", ("https://c.example",)),
    ],
)
def test_embeds_are_for_anyone_for_some_or_for_nobody(
    tmp_path: Path, written: str, embeds: tuple[str, ...]
) -> None:
    assert load(tmp_path, f"embeds: {written}", {"PLACE": "https://c.example"}).site.embeds == embeds
    assert load(tmp_path, "title: A").site.embeds == ("*",)


NO_ORIGIN = 'should be an origin such as https://example.org or "https://*.example.org", or "*" for anyone'


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("example.org", f"2:11: site.embeds: {NO_ORIGIN}, not 'example.org'"),
        ("[https://a.example, 'b c']", f"2:31: site.embeds[1]: {NO_ORIGIN}, not 'b c'"),
        ("https://a.example/page", f"2:11: site.embeds: {NO_ORIGIN}, not 'https://a.example/page'"),
        ("https://u:p@a.example", f"2:11: site.embeds: {NO_ORIGIN}, not 'https://u:p@a.example'"),
        (
            "https://a.example;script-src",
            f"2:11: site.embeds: {NO_ORIGIN}, not 'https://a.example;script-src'",
        ),
        ("https://a.example:99999", f"2:11: site.embeds: {NO_ORIGIN}, not 'https://a.example:99999'"),
        ("https://a.*.example", f"2:11: site.embeds: {NO_ORIGIN}, not 'https://a.*.example'"),
        ("https://-ü-ü..example", f"2:11: site.embeds: {NO_ORIGIN}, not 'https://-ü-ü..example'"),
        ("ftp://a.example", f"2:11: site.embeds: {NO_ORIGIN}, not 'ftp://a.example'"),
        ("\"'self'\"", f"2:11: site.embeds: {NO_ORIGIN}, not ''self''"),
        ("7", '2:11: site.embeds: YAML reads this as a number; put it in quotes: "7"'),
        ("''", "2:11: site.embeds: is empty; write an origin, or remove the line"),
        ("", "2:10: site.embeds: is empty; write an origin, or remove the line"),
        ("{a: b}", "2:11: site.embeds: should be an origin, or a list of them, not a mapping"),
    ],
)
def test_what_is_no_origin_is_refused_at_its_place(tmp_path: Path, written: str, problem: str) -> None:
    assert problems(tmp_path, f"embeds: {written}") == [f"config.yaml:{problem}"]


def test_all_problems_of_a_site_are_told_at_once(tmp_path: Path) -> None:
    site = "logo: no.png\n  css: no.css\n  colour: red\n  language: it\n  powered_by: 5"
    assert [each.split(": ")[1] for each in problems(tmp_path, site)] == [
        "site.colour", "site.language", "site.powered_by",
    ]  # fmt: skip
    site = "logo: no.png\n  css: no.css\n  favicon: no.svg"
    assert [each.split(": ")[1] for each in problems(tmp_path, site)] == [
        "site.logo", "site.css", "site.favicon",
    ]  # fmt: skip
