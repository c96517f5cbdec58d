"""`python -m benchmarks http|scale|soak`: tables in Markdown on stdout, progress on stderr.

Exit code 0, or 1 if what was measured was not what was meant: an error, or a heartbeat that got lost.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import heartbeats, pages, report, scale, server, site, soak, starts
from benchmarks.rounds import Measure, Plan
from benchmarks.wrk import Failed


def over_http(plan: Plan) -> Iterator[Measure]:
    """The real server under load, beside the baselines."""
    sites = site.Sites(plan.folder)
    bare, flask = server.baselines(plan.folder)
    with bare.running(), flask.running():
        yield from heartbeats.sections(plan, sites, (bare, flask))
        yield from pages.sections(plan, sites, (bare, flask))
    yield from starts.sections(plan, sites)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("what", choices=["http", "scale", "soak"])
    parser.add_argument("--runs", type=int, default=3, help="of each measure, in turn with its baselines (3)")
    parser.add_argument("--seconds", type=float, default=2, help="of each run under load, whole ones (2)")
    parser.add_argument("--only", default="", metavar="PATTERN", help="tables whose title has this in it")
    parser.add_argument("--quick", action="store_true", help="one short run of small sizes: does it work?")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every single figure there, too")
    parser.add_argument("--folder", type=Path, help="where databases are made (a temporary folder)")
    parser.add_argument("--minutes", type=float, default=10, help="how long a soak lasts (10)")
    parser.add_argument("--days", type=int, default=365, help="of the year that `scale` simulates (365)")
    parser.add_argument("--most", type=int, default=100_000, help="monitors that `scale` goes up to (100000)")
    return parser.parse_args()


def main() -> int:
    given = _arguments()
    if given.folder is not None:
        given.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="kener-py-bench-", dir=given.folder) as name:
        folder = Path(name)
        runs, seconds = (1, 1.0) if given.quick else (given.runs, given.seconds)
        plan = Plan(runs, seconds, given.quick, given.only, folder)
        measures = {
            "http": lambda: over_http(plan),
            "scale": lambda: scale.sections(plan, given.days, given.most),
            "soak": lambda: soak.sections(plan, given.minutes),
        }[given.what]()
        return _tell(measures, plan, given.json)


def _tell(measures: Iterator[Measure], plan: Plan, file: Path | None) -> int:
    began = time.monotonic()
    lines = report.machine(plan.folder)
    print("\n".join([*lines, f"- runs of each measure: {plan.runs}; median (least–most)"]), flush=True)
    told: list[dict[str, object]] = []
    code = 0
    for measure in measures:
        try:
            section = measure()
        except Failed as failure:
            print(f"\n**Failed:** {failure}", flush=True)
            report.say(f"benchmarks: {failure}")
            code = 1
        else:
            print(f"\n{section.markdown()}", flush=True)
            told.append(section.fields())
    report.say(f"{time.monotonic() - began:.0f} seconds in all")
    if file is not None:
        file.write_text(json.dumps({"machine": lines, "sections": told}, indent=2) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
