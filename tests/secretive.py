"""A site that has everything to hide, and an example of each of its addresses."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from conftest import World
from past import NOW, SITE, job, tell, trouble, up, window, world

from kener_py import store, web
from kener_py.model import (
    DAY,
    HOUR,
    ApiKey,
    IncidentPolicy,
    IncidentUpdate,
    Monitor,
    Rule,
    Server,
    Status,
)
from kener_py.service import incidents

# Each of these marks something that visitors must not learn of.
TAG, NAME, ABOUT, CATEGORY = "hushtag7", "hushname7", "hushabout7", "hushcategory7"
DRAFT, HUSHED, PLANNED, SAID = "hushdraft7", "hushincident7", "hushwindow7", "hushmessage7"
SECRET, OTHER_SECRET, KEY = "hushsecret7-0123456789", "hushother7-0123456789", "hushkey7-0123456789abcdef"
URL, TOKEN = "json://hushuser7:hushpass7@hushhost7.invalid/hushpath7", "hushtoken7-0123456789"
MARK = re.compile(rb"hush\w*7", re.IGNORECASE)

BROWSER = {"Accept": "text/html", "User-Agent": "Mozilla/5.0"}
FORMS = (
    BROWSER,
    {"Accept": "text/markdown"},
    {"Accept": "*/*", "User-Agent": "curl/8.5"},
    {"Accept": "application/openmetrics-text", "Accept-Encoding": "gzip"},
)
# What stands for a variable of a rule. A new one has to be given its values here.
VALUES: dict[str, tuple[str, ...]] = {
    "tag": ("job", TAG, "_", "nothing"),
    "date": ("2026-09-30", "2026-09-28"),
    "month": ("2026-09", "2026-10", "September-2026"),
    "number": tuple(str(number) for number in range(1, 8)),
    "id": tuple(str(number) for number in range(1, 8)),
    "update": ("1", "2"),
    "rest:call": ("job:wrong", f"{TAG}:wrong", TAG),
}
QUERIES: dict[str, tuple[str, ...]] = {
    "/history": (f"?monitor={TAG}", f"?group={CATEGORY}", "?show=monitor:job", f"?show=group:{CATEGORY}"),
    "/history/<month>": (f"?monitor={TAG}", f"?group={CATEGORY}", "?monitor=job", "?group=Jobs"),
    "/maintenance.ics": (f"?monitor={TAG}", "?monitor=job"),
    "/monitors/<tag>": ("?month=2026-09",),
    "/uptime": ("?to=2026-09",),
    "/badge/<tag>/uptime": ("?sinceLast=86400",),
    "/alerts/<number>": ("?sig=0",),
    "/embed/events/live": (f"?tags={TAG}", "?tags=job"),
    "/embed/<tag>": ("?days=7",),
}
# Where no example answers: what is written needs a key, what is signed a signature, a picture a file.
NEVER_FOUND = re.compile(r"/alerts/|/branding/|/heartbeat/")


def hidden() -> Monitor:
    return replace(
        job(TAG, name=NAME, description=ABOUT, category=CATEGORY),
        is_hidden=True,
        secret=SECRET,
        external_url="https://hushlink7.invalid/",
    )


def secretive(db: store.Store, away: int = 0) -> World:
    made = world(
        db,
        (replace(job("job", category="Jobs"), secret=OTHER_SECRET), hidden(), job("calm", category="Jobs")),
        [
            *up("job", TAG, "calm"),
            *trouble("job", 2 * DAY, HOUR),
            *trouble(TAG, 2 * DAY, HOUR, Status.DEGRADED),
            (NOW - HOUR, TAG, Status.DOWN),
        ],
        rules=(Rule("hushrule7", Status.DOWN, frozenset({TAG, "job"}), ("ops",), description="hushruled7"),),
        notifiers={"ops": (URL,)},
        api_keys=(ApiKey("hushkeyname7", hashlib.sha256(KEY.encode()).hexdigest(), frozenset({"*"})),),
        server=Server(metrics_token=None, wrong_secrets_per_minute=0),  # the walks are wrong on purpose
        site=replace(SITE, security_contact="mailto:security@acme.example"),
        incidents=IncidentPolicy(draft=True),
        maintenances=(
            window(PLANNED, NOW - HOUR, NOW + HOUR, TAG, description=PLANNED),
            window(PLANNED, NOW + DAY, NOW + DAY + HOUR, TAG),
            window("Both", NOW + 2 * DAY, NOW + 2 * DAY + HOUR, TAG, "calm"),
            window("Ours", NOW - DAY, NOW - DAY + HOUR, "calm"),
        ),
        away=away,
    )
    made.service.tidy(NOW)
    tell(made, "Of the job", monitors=("job", TAG))
    tell(made, HUSHED, HUSHED, monitors=(TAG,))
    tell(made, DRAFT, DRAFT, monitors=("job",), is_draft=True)
    made.service.change(
        lambda inside, _config, at: store.add_updates(
            inside, [IncidentUpdate(None, 3, incidents.found(inside, 3).state, SAID, at)]
        )
    )
    return made


def addresses(rule: str) -> Iterator[str]:
    names = re.findall(r"<([^>]+)>", rule)
    for values in product(*(VALUES[name] for name in names)):
        address = rule
        for name, value in zip(names, values, strict=True):
            address = address.replace(f"<{name}>", value)
        for query in ("", *QUERIES.get(rule, ())):
            yield address + query


def rules() -> list[tuple[str, str]]:
    """Every method and rule of both tables, the twins of pages too."""
    found = [(method, rule) for methods, rule, _view in web.ROUTES for method in methods]
    for rule, _view in web.PAGES:
        found += [("GET", rule), ("GET", "/index.md" if rule == "/" else f"{rule}.md")]
    return found
