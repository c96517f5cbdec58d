"""What uptime means on this page, in words made from the configuration."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from flask import Response

from kener_py.model import Limits, Status
from kener_py.service import Service
from kener_py.web.language import _, n_
from kener_py.web.pages.show import show
from kener_py.web.words import duration, host

NAMES = 5  # of monitors in one place; the rest are counted
_NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
}


@dataclass(frozen=True, slots=True)
class Named:
    """A rule and the monitors that have it."""

    words: str  # "" for a cron that says more than a few words could
    names: Sequence[str]
    more: int  # monitors that are not among `names`
    cron: str = ""
    zone: str = ""


def about(service: Service) -> Response:
    facts = service.about()
    return show(
        "about",
        site=facts.site,
        facts=facts,
        statuses=(Status.UP, Status.DEGRADED, Status.DOWN, Status.MAINTENANCE, Status.NO_DATA),
        judged=[_named(_silence(limits), names) for limits, names in facts.limits],
        looks=[
            _named(_cadence(cron, zone), names, cron=cron, zone=zone) for cron, zone, names in facts.looks
        ],
        strict=_named("", facts.strict),
        stranger=host(facts.site.logo),
    )


def _named(words: str, names: Sequence[str], **of: str) -> Named:
    return Named(words, names[:NAMES], max(0, len(names) - NAMES), **of)


def _silence(limits: Limits) -> str:
    degraded, down = duration(limits.degraded_after), duration(limits.down_after)
    if limits.degraded_after >= limits.down_after:
        words = _("down after %(down)s of silence", down=down)
    else:
        words = _("degraded after %(degraded)s of silence, down after %(down)s", degraded=degraded, down=down)
    if limits.interval is None:
        return words
    return _("expected every %(interval)s; %(rule)s", interval=duration(limits.interval), rule=words)


def _cadence(cron: str, zone: str) -> str:
    """A cron expression in words where a few are enough; else "", and the page shows itself."""
    fields = _NICKNAMES.get(cron.lower(), cron).split()
    if len(fields) != 5 or fields[2:] != ["*", "*", "*"]:
        return ""
    minute, hour = fields[:2]
    step = re.fullmatch(r"\*/([0-9]{1,2})", minute)
    if hour == "*" and minute in ("*", "*/1"):
        return n_("every minute", "every %(num)s minutes", 1)
    if hour == "*" and step and int(step[1]) and 60 % int(step[1]) == 0:
        return n_("every minute", "every %(num)s minutes", int(step[1]))
    if hour == "*" and re.fullmatch(r"[0-9]{1,2}", minute):
        return _("every hour")
    if re.fullmatch(r"[0-9]{1,2} [0-9]{1,2}", f"{minute} {hour}"):
        clock = f"{int(hour):02}:{int(minute):02}"
        return _("every day at %(time)s (%(zone)s)", time=clock, zone=zone)
    return ""
