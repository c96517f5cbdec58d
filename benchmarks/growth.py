"""How the database grows over a simulated year, without HTTP: calls and ticks of each minute.

`python -m benchmarks.growth FOLDER DAYS up|fails` plays it on `FOLDER`/config.yaml and prints JSON. The rows
are those that the product writes; only the clock is set.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from benchmarks.ticks import Site
from kener_py.model import DAY, MINUTE

SAMPLED = (1, 7, 30, 90, 180, 365)  # days
_FAILS_AT = 3 * 60 + 7  # minute of the day, of those that fail once a day
_FOR = 20  # minutes


def grow(folder: Path, days: int, fails: bool) -> dict[int, float]:
    """Kilobytes a monitor, above those of the same site before its first heartbeat, by days that passed."""
    site = Site(folder)
    tags = list(site.config.monitors)
    empty = _size(site)
    began, found = site.now, {}
    minutes = days * DAY // MINUTE
    for minute in range(1, minutes + 1):
        site.next_minute()
        site.now += 1
        if not fails or not _FAILS_AT <= minute % 1440 < _FAILS_AT + _FOR:
            for tag in tags:
                site.call(tag)
        passed, rest = divmod(site.now - began, DAY)
        if rest < MINUTE and (passed in SAMPLED or passed == days):
            found[passed] = (_size(site) - empty) / len(tags) / 1000
    site.close()
    return found


def _size(site: Site) -> int:
    """Bytes of the file once what waits in the log beside it is in it."""
    with closing(sqlite3.connect(site.config.server.database)) as db:
        pages, size = (db.execute(f"pragma {name}").fetchone()[0] for name in ("page_count", "page_size"))
    return int(pages * size)


if __name__ == "__main__":
    print(json.dumps(grow(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "fails")))
