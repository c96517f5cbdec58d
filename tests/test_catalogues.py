"""Every catalogue has every text of the pages, with its placeholders, its plurals and nothing else."""

from __future__ import annotations

import re
from functools import cache

import catalogues
import pytest
from babel.messages.catalog import Catalog, Message

from kener_py.model import LANGUAGES
from kener_py.web import language

TRANSLATED = [each for each in LANGUAGES if each != language.SOURCE]
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%|\{\w+\}")
MARKUP = re.compile(r"</?\w+[^>]*>")


@cache
def texts() -> Catalog:
    return catalogues.texts()


@cache
def read(name: str) -> Catalog:
    return catalogues.read(name)


def forms(message: Message) -> list[str]:
    return list(message.string) if isinstance(message.string, (tuple, list)) else [message.string]


def sources(message: Message) -> tuple[str, str]:
    """The English text for one and for many; the same text twice where nothing is counted."""
    if isinstance(message.id, (tuple, list)):
        return message.id[0], message.id[1]
    return message.id, message.id


@pytest.mark.parametrize("name", TRANSLATED)
def test_a_catalogue_has_the_texts_of_the_pages_and_no_others(name: str) -> None:
    ours = {message.id for message in read(name) if message.id}
    wanted = {message.id for message in texts() if message.id}
    assert ours == wanted, "run `make catalogues`"
    assert len(wanted) > 200


@pytest.mark.parametrize("name", TRANSLATED)
def test_nothing_is_left_to_translate(name: str) -> None:
    left = [
        message.id
        for message in read(name)
        if message.id and (message.fuzzy or not all(form.strip() for form in forms(message)))
    ]
    assert left == []


@pytest.mark.parametrize("name", TRANSLATED)
def test_placeholders_are_those_of_the_english_text(name: str) -> None:
    """A plural form for exactly one, two or none may say the number as a word."""
    for message in read(name):
        if not message.id:
            continue
        one, many = sources(message)
        for form in forms(message):
            found = sorted(PLACEHOLDER.findall(form))
            allowed = [sorted(PLACEHOLDER.findall(one)), sorted(PLACEHOLDER.findall(many))]
            if one != many:
                allowed += [[each for each in wanted if each != "%(num)s"] for wanted in allowed]
            assert found in allowed, f"{message.id}: {form}"


@pytest.mark.parametrize("name", TRANSLATED)
def test_a_counted_text_has_every_plural_of_its_language(name: str) -> None:
    counted = [message for message in read(name) if isinstance(message.id, (tuple, list))]
    assert counted
    for message in counted:
        assert len(forms(message)) == read(name).num_plurals


@pytest.mark.parametrize("name", TRANSLATED)
def test_no_translation_brings_markup_of_its_own(name: str) -> None:
    for message in read(name):
        for form in forms(message) if message.id else ():
            assert sorted(MARKUP.findall(form)) == sorted(MARKUP.findall(sources(message)[0]))
            assert form == form.strip(), message.id


@pytest.mark.parametrize("name", TRANSLATED)
def test_a_language_is_not_english_in_disguise(name: str) -> None:
    """Single words may be the same ("Status"); sentences are not."""
    same = [
        message.id
        for message in read(name)
        if isinstance(message.id, str) and message.id.count(" ") > 2 and message.string == message.id
    ]
    assert same == []


@pytest.mark.parametrize("name", LANGUAGES)
@pytest.mark.parametrize("count", [0, 1, 2, 3, 5, 11, 100])
def test_every_number_has_a_form(name: str, count: int) -> None:
    catalogue = language._catalogue(name)
    for message in texts():
        if isinstance(message.id, (tuple, list)):
            one, many = message.id
            assert catalogue.ngettext(one, many, count).strip()


def test_no_text_is_both_counted_and_not() -> None:
    """Looked up without a number it would be a form for many, whose `%(num)s` nobody fills in."""
    found = list(catalogues.extracted())
    counted = {text[0] for text in found if isinstance(text, tuple)}
    assert counted
    assert counted.isdisjoint(text for text in found if isinstance(text, str))
