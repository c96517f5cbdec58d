"""What `kener-py check --json` prints: what `check` says in words, for editors, hooks and pipelines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kener_py import config, contrast, messages, notify
from kener_py.cli import beside
from kener_py.model import Config


def fields(path: Path, env: Mapping[str, str]) -> dict[str, object]:
    """Every problem, or what the file means. `line` and `column` count from 1; None: it has no place."""
    warned: list[config.Problem] = []
    try:
        found = config.load(path, env, {}, notify.check, messages.check, beside.now(), warned)
    except config.ConfigError as error:
        problems = [_problem(each) for each in error.problems]
        return {"file": str(path), "valid": False, "problems": problems}
    # A ground is as good as the text on it.
    named = {"text" if color.name == "background" else color.name for color in found.site.colors}
    return {
        "file": str(path),
        "valid": True,
        "problems": [],
        "warnings": [_problem(each) for each in warned],
        "monitors": [_monitor(found, tag) for tag in found.monitors],
        "rules": [rule.name for rule in found.rules],
        "colors": [
            {
                "color": figure.color,
                "value": figure.value,
                "theme": figure.theme,
                "ground": figure.ground,
                "contrast": figure.text,
            }
            for figure in contrast.figures(found.site.colors)
            if figure.color in named
        ],
    }


def _problem(problem: config.Problem) -> dict[str, object]:
    return {
        "file": problem.file or None,
        "line": problem.line or None,
        "column": problem.column or None,
        "field": problem.field or None,
        "text": problem.message,
    }


def _monitor(found: Config, tag: str) -> dict[str, object]:
    monitor = found.monitors[tag]
    rules = [rule for rule in found.rules if tag in rule.monitors]
    return {
        "tag": tag,
        "expects": messages.expectation(monitor.limits),
        "degraded_after_seconds": monitor.limits.degraded_after / 1_000,
        "down_after_seconds": monitor.limits.down_after / 1_000,
        "cron": monitor.cron,
        "alerts": messages.forecast(monitor, rules),
        "rules": [rule.name for rule in rules],
    }
