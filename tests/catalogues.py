"""The catalogues beside the texts of the pages: `python tests/catalogues.py` brings them up to date.

A text that is new is added empty, one that is gone is dropped, one that changed is marked fuzzy: translate
those, then take the mark away. `test_catalogues.py` fails until all is there.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "kener_py" / "web" / "catalogues"
KEYWORDS = {"_": None, "gettext": None, "N_": None, "ngettext": (1, 2), "n_": (1, 2)}


def _found() -> Iterator[tuple[str, str | tuple[str, ...], list[str], str | None]]:
    """Each use of a text: the file, the text (one and many if it is counted), comments, context."""
    for folder, methods in (
        (ROOT / "templates", [("**", "jinja2.ext.babel_extract")]),
        (ROOT / "kener_py" / "web", [("**.py", "python")]),
    ):
        for file, _line, text, comments, context in extract_from_dir(
            folder, methods, keywords=KEYWORDS, comment_tags=["Translators:"]
        ):
            yield (folder / file).relative_to(ROOT).as_posix(), text, comments, context


def extracted() -> Iterator[str | tuple[str, ...]]:
    """The text of each use."""
    return (text for _file, text, _comments, _context in _found())


def texts() -> Catalog:
    """Every text of the pages, as the templates and the code have it."""
    found = Catalog(project="kener-py", charset="utf-8")
    for file, text, comments, context in _found():
        found.add(text, locations=[(file, None)], auto_comments=comments, context=context)
    return found


def read(language: str) -> Catalog:
    with (FOLDER / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


def update(language: str, template: Catalog) -> None:
    catalogue = (
        read(language) if (FOLDER / f"{language}.po").exists() else Catalog(locale=language, charset="utf-8")
    )
    catalogue.fuzzy = False
    catalogue.project, catalogue.version = "kener-py", ""
    catalogue.msgid_bugs_address = catalogue.last_translator = catalogue.language_team = ""
    catalogue.header_comment = f"# kener-py in {language}"
    catalogue.update(template, update_creation_date=False)
    catalogue.obsolete.clear()
    written = BytesIO()
    write_po(written, catalogue, sort_output=True, width=110, omit_header=False, ignore_obsolete=True)
    (FOLDER / f"{language}.po").write_bytes(written.getvalue())


if __name__ == "__main__":
    every = texts()
    for language in sys.argv[1:] or sorted(file.stem for file in FOLDER.glob("*.po")):
        update(language, every)
