"""In which language a page speaks: which one is asked for, its words, its dates and numbers.

Words stand in `catalogues/<language>.po`, by their English text; what a catalogue lacks stays English.
They are read as they are, so nothing has to be compiled.
"""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Any, cast

from babel import Locale, localedata
from babel.core import get_global
from babel.dates import format_date, format_datetime, format_interval, format_skeleton
from babel.lists import format_list
from babel.numbers import format_decimal, format_percent
from flask import g, request
from werkzeug.datastructures import LanguageAccept

from kener_py.model import LANGUAGES

CATALOGUES = Path(__file__).parent / "catalogues"
SOURCE = LANGUAGES[0]


# ---- which one -------------------------------------------------------------------------------


def asked_for() -> str | None:
    """What the address asks for with `?lang=`; None if nothing that we speak."""
    wanted = request.args.get("lang")
    return wanted if wanted in LANGUAGES else None


def choose(default: str) -> None:
    """Speak for this request what the address asks for, else what the browser prefers, else `default`."""
    named = LanguageAccept([each for each in request.accept_languages if each[0] != "*"])  # "*" is no wish
    g.language = asked_for() or named.best_match(LANGUAGES) or default


def speak(language: str) -> None:
    """Speak it for the rest of this request, whoever asks: a feed is the same for all its readers."""
    g.language = language


def current() -> str:
    try:
        return str(g.language)
    except (AttributeError, RuntimeError):  # nothing was chosen, or there is no request
        return SOURCE


def direction() -> str:
    """ "ltr" or "rtl"."""
    return str(_locale(current()).text_direction)


def own_name(language: str) -> str:
    """What speakers call it: "Deutsch"."""
    name = _locale(language).get_display_name(language) or language
    return name[0].upper() + name[1:]


# ---- words -----------------------------------------------------------------------------------


@lru_cache
def _catalogue(language: str) -> NullTranslations:
    if language == SOURCE:
        return NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = BytesIO()
    with (CATALOGUES / f"{language}.po").open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)


def N_(text: str) -> str:
    """Mark a text that is looked up later."""
    return text


def gettext(text: str) -> str:
    return _catalogue(current()).gettext(text)


def ngettext(one: str, many: str, count: int) -> str:
    return _catalogue(current()).ngettext(one, many, count)


def _(text: str, **values: object) -> str:
    """The text in the current language, its `%(name)s` filled in; a literal percent sign is written twice."""
    return gettext(text) % values


def n_(one: str, many: str, num: int, **values: object) -> str:
    """The form for this many, filled in as by `_`; `%(num)s` is the number."""
    return ngettext(one, many, num) % {"num": number(num), **values}


# ---- what Babel knows ------------------------------------------------------------------------

# Of each language, and of the world: what no page says. Together that is more than nine tenths.
_UNSAID = (
    "compact_currency_formats",
    "compact_decimal_formats",
    "compound_unit_patterns",
    "currency_formats",
    "currency_names",
    "currency_names_plural",
    "currency_symbols",
    "date_fields",
    "meta_zones",
    "scripts",
    "territories",
    "time_zones",
    "unit_display_names",
    "unit_patterns",
    "variants",
    "zone_formats",
)
_UNASKED: tuple[Any, ...] = (
    "all_currencies",
    "currency_fractions",
    "likely_subtags",
    "meta_zones",
    "territory_currencies",
    "territory_languages",
    "territory_zones",
    "windows_zone_mapping",
    "zone_aliases",
    "zone_territories",
)


@lru_cache
def _locale(language: str) -> Locale:
    """One that we speak, without what we never say: that would be 3 MB for the first, and 1 MB each."""
    for known in (localedata.load("root"), localedata.load(language)):  # as Babel keeps them
        for kind in _UNSAID:
            known.pop(kind, None)
    for name in _UNASKED:
        cast(dict[str, Any], get_global(name)).clear()
    return Locale(language)


# ---- dates and numbers -----------------------------------------------------------------------

_DAY_FIRST = {"de": "d. MMM y"}


def short_date(day: date) -> str:
    """ "30 Sep 2026"."""
    language = current()
    return _printed_date(day, language)


@lru_cache(maxsize=2048)
def _printed_date(day: date, language: str) -> str:
    return str(format_date(day, _DAY_FIRST.get(language, "d MMM y"), locale=_locale(language)))


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def weekday(day: date) -> str:
    """ "Wednesday", as it stands at the start of a line."""
    return _capital(format_date(day, "EEEE", locale=_locale(current())))


def month(day: date) -> str:
    """ "September 2026", as it stands at the start of a line."""
    return _capital(format_skeleton("yMMMM", datetime.combine(day, time()), locale=_locale(current())))


def short_month(day: date) -> str:
    """ "Sep 2026"."""
    return str(format_date(day, "LLL y", locale=_locale(current())))


def days(first: date, last: date) -> str:
    """Days of one month: "4–9 Sep 2026"."""
    if first == last:
        return short_date(first)
    if current() == SOURCE:  # which Babel would write the American way
        return f"{first.day}–{short_date(last)}"
    return str(format_interval(first, last, "yMMMd", locale=_locale(current())))


def clock(moment: datetime) -> str:
    """ "13:41", on the clock of the moment's own zone."""
    return str(format_datetime(moment.replace(tzinfo=None), "HH:mm", locale=_locale(current())))


def number(value: int | Decimal) -> str:
    return _printed_number(value, current())


@lru_cache(maxsize=4096)
def _printed_number(value: int | Decimal, language: str) -> str:
    return str(format_decimal(value, locale=_locale(language), decimal_quantization=False))


def percent(share: Decimal) -> str:
    """A share of 1 as it is, never rounded: "99.952%"."""
    return _printed_percent(share, current())


@lru_cache(maxsize=4096)
def _printed_percent(share: Decimal, language: str) -> str:
    text = str(format_percent(share, locale=_locale(language), decimal_quantization=False))
    # Else the sign changes sides with the words before it.
    return f"\u2066{text}\u2069" if _locale(language).text_direction == "rtl" else text


def listed(words: list[str]) -> str:
    """ "a, b and c"."""
    return str(format_list(words, locale=_locale(current())))
