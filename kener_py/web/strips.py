"""A strip of days and what goes with it: its words for people, and the same days as data for a script."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from functools import lru_cache

from flask import Flask
from markupsafe import Markup

from kener_py.model import Day, Group, Millis, MonitorView, Status, Uptime
from kener_py.service import Service
from kener_py.web import bars, language
from kener_py.web.language import _, n_
from kener_py.web.words import colour, downtime, duration, parts, path, percent, unclean, word
from kener_py.web.words import day as day_markup

_LETTERS = {
    Status.UP: "u",
    Status.DEGRADED: "g",
    Status.DOWN: "d",
    Status.MAINTENANCE: "m",
    Status.NO_DATA: "n",
}
_ENDS = Markup('<span class="ends">{}</span>\n<span class="figure">{}</span>\n<span class="ends">{}</span>')
_WIDTHS = Markup('<span class="d90">{}</span><span class="d60">{}</span><span class="d30">{}</span>')
_DOWN = Markup('{}<span class="wide">, {}</span>')


def register(app: Flask) -> None:
    """Give the app's templates the filters and the global of this module."""
    app.jinja_env.filters.update(
        days_data=days_data,
        drawn=drawn,
        rows_of_days=rows_of_days,
        under=under,
        under_some=under_some,
        uptime_words=uptime_words,
    )
    app.jinja_env.globals.update(bars_width=bars.width, box=bars.box, days_words=days_words)


# ---- for people ------------------------------------------------------------------------------


def drawn(days: tuple[Day, ...]) -> Markup:
    """The `<path>` elements of a strip. Made here, for a page has thousands."""
    return Markup(
        "".join(
            f'<path class="{colour(path.status)}{" " if path.part else ""}{path.part}" d="{path.d}"/>'
            for path in bars.strip(days)
        )
    )


def facts(days: tuple[Day, ...]) -> Hashable:
    """All that `drawn` and `days_data` depend on, in a tenth of their time."""
    if not days:
        return ()
    up = Status.UP
    troubled = [(place, day) for place, day in enumerate(days[:-1]) if day.status is not up]
    return len(days), tuple(troubled), bars.today(days[-1]), days_data(days[-1:])


def rows_of_days(days: tuple[Day, ...], tag: str) -> Iterator[tuple[str, Markup, str, str, str]]:
    """Days on which something was to be told, newest first: ISO date, the same to read, link, state, length.

    The link is "" without a tag.
    """
    link = path(f"/monitors/{tag}/{{date}}") if tag else ""
    for day in unclean(days):
        yield (
            day.date,
            day_markup(day.date),
            link.replace("{date}", day.date),
            word(day.status),
            parts(day.uptime),
        )


def uptime_words(uptime: Uptime) -> Markup:
    """ "99.952% uptime, 43 min down"; the second half only where there is room."""
    return _uptime_words(Service.percent(uptime), downtime(uptime), language.current())


@lru_cache(maxsize=4096)  # by what is said: the time itself grows with each look
def _uptime_words(share: str | None, length: Millis, _language: str) -> Markup:
    if share is None:
        return Markup.escape(_("no data yet"))
    words = _("%(share)s uptime", share=percent(share))
    return (
        _DOWN.format(words, _("%(length)s down", length=duration(length))) if length else Markup.escape(words)
    )


def under(shown: MonitorView | Group) -> Markup:
    """What stands below a strip: how far back it goes, the uptime of that time, and "Today".

    A small screen shows 60 or 30 of the 90 days, so the words and the figure change with it.
    """
    uptimes = (shown.uptime["90d"], shown.sixty, shown.uptime["30d"])
    return _under(len(shown.days), tuple([uptime_words(each) for each in uptimes]), language.current())


def under_some(uptime: Uptime, count: int) -> Markup:
    """The same below a strip that shows so many days on every screen, with the uptime of these."""
    ago = n_("%(num)s day ago", "%(num)s days ago", count)
    return _ENDS.format(ago, uptime_words(uptime), _("Today"))


@lru_cache(maxsize=1024)  # a page of a thousand monitors has few different ones
def _under(count: int, figures: tuple[Markup, ...], _language: str) -> Markup:
    ago = [n_("%(num)s day ago", "%(num)s days ago", min(count, most)) for most in (90, 60, 30)]
    return _ENDS.format(_by_width(ago), _by_width(figures), _("Today"))


def _by_width(words: Sequence[str]) -> Markup:
    return Markup.escape(words[0]) if len(set(words)) == 1 else _WIDTHS.format(*words)


# ---- for a script ----------------------------------------------------------------------------


def days_data(days: tuple[Day, ...]) -> str:
    """The days for the script that reads them out: "0-33n|41d43 min".

    One entry for each run of days that have the same to tell, `|` between them: its first and last place
    (one number if they are the same), the state's letter, then how long in words. Days that are in no
    entry were up. `days_words` has the words that are the same for every strip.
    """
    runs: list[tuple[int, int, str]] = []
    up = Status.UP
    for place in [place for place, day in enumerate(days) if day.status is not up]:
        day = days[place]
        told = "n" if day.status is Status.NO_DATA else _LETTERS[day.status] + parts(day.uptime)
        if runs and runs[-1][1:] == (place - 1, told):
            runs[-1] = (runs[-1][0], place, told)
        else:
            runs.append((place, place, told))
    return "|".join(
        f"{first}{told}" if first == last else f"{first}-{last}{told}" for first, last, told in runs
    )


def days_words() -> dict[str, str]:
    """What a script says of a day: the states by letter, and sentences with {places} to fill in."""
    states = {letter: word(status) for status, letter in _LETTERS.items()}
    return states | {
        "day": _("{day}: {state}"),
        "long": _("{day}: {state}, {words}"),
        "label": _("Days of {name}"),
        "open": _("Open this day"),
        "href": path("/monitors/{tag}/{date}"),
    }
