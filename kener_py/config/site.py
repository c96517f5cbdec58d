"""The section `site:` with its files, and how well its colours are seen."""

from __future__ import annotations

from pathlib import Path

from kener_py import contrast
from kener_py.config import addresses, pictures, reading
from kener_py.config.nodes import Fields, Node, Scalar
from kener_py.config.problems import FieldPath, Report
from kener_py.config.references import ReferenceProblem, References
from kener_py.config.site_sections import ColorsSection, SiteSection
from kener_py.config.times import instant
from kener_py.model import (
    FAVICON_PATH,
    LOGO_PATH,
    PALETTE,
    Announcement,
    Color,
    Link,
    Picture,
    Site,
)

PATH: FieldPath = ("site",)
LARGEST_STYLE = 100_000  # bytes


def read(node: Node, references: References, report: Report) -> Site:
    """Return the site; the files that it asked for are added to those of `references`."""
    if isinstance(node, Fields):
        for name in ("colors", "links"):  # everything in them is commented out
            inner = node.get(name)
            if isinstance(inner, Scalar) and inner.kind == "null":
                node.take(name)
    section = reading.section(SiteSection, node, PATH, report)
    if section is None or not isinstance(node, Fields):
        return Site()
    logo_file = _picture(section.logo, "logo", node, references, report)
    favicon_file = _picture(section.favicon, "favicon", node, references, report)
    return Site(
        title=section.title,
        url=section.url,
        timezone=section.timezone,
        description=section.description,
        logo=f"{LOGO_PATH}?v={logo_file.version}" if logo_file else section.logo,
        logo_file=logo_file,
        favicon=f"{FAVICON_PATH}?v={favicon_file.version}" if favicon_file else section.favicon,
        favicon_file=favicon_file,
        footer=section.footer,
        language=section.language,
        colors=_colors(section.colors, node, report) if section.colors else (),
        links=tuple(Link(link.name, link.url) for link in section.links),
        announcement=_announcement(section),
        css=_style(section.css, node, references, report) if section.css else "",
        powered_by=section.powered_by,
        security_contact=section.security_contact or "",
        embeds=tuple(dict.fromkeys(section.embeds)),
    )


def _picture(
    name: str | None, field: str, node: Fields, references: References, report: Report
) -> Picture | None:
    if name is None or not addresses.is_file(name):
        return None
    path = references.folder / name
    try:
        return pictures.picture(path, references.content(path, pictures.LARGEST))
    except ReferenceProblem as problem:
        _report(problem, path, field, node, report)
        return None


def _style(name: str, node: Fields, references: References, report: Report) -> str:
    path = references.folder / name
    try:
        return references.text(path, LARGEST_STYLE)
    except ReferenceProblem as problem:
        _report(problem, path, "css", node, report)
        return ""


def _report(problem: ReferenceProblem, path: Path, field: str, node: Fields, report: Report) -> None:
    place, written = reading.place_of(node, (field,))
    message = str(problem)
    if isinstance(place, Scalar) and place.is_substituted:  # what came from outside is never repeated
        message = message.replace(str(path), "that ${…} names")
    report.problem(place, (*PATH, *written), message)


def _announcement(section: SiteSection) -> Announcement | None:
    given = section.announcement
    if given is None:
        return None
    until = instant(given.until, section.timezone) if given.until else None
    return Announcement(given.text, given.title, until)


def _colors(section: ColorsSection, node: Fields, report: Report) -> tuple[Color, ...]:
    found = []
    for ours in PALETTE:
        given = getattr(section, ours.name)
        if given is None:
            continue
        if not given.light and not given.dark:
            place, path = reading.place_of(node, ("colors", ours.name))
            report.problem(place, (*PATH, *path), "is empty; give it light, dark or both")
        found.append(Color(ours.name, given.light or ours.light, given.dark or ours.dark))
    colors = tuple(found)
    for weakness in contrast.weaknesses(colors):
        place, path = reading.place_of(node, ("colors", weakness.color, weakness.theme))
        report.warning(place, (*PATH, *path), weakness.message)
    return colors
