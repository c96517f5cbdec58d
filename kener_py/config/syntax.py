"""What a YAML syntax error means, in the words of somebody who writes a configuration."""

from __future__ import annotations

import yaml

from kener_py.config.problems import ConfigError, Report

TAB = "a tab stands in the indentation; YAML wants spaces"
QUOTES = "text that begins with {0} needs quotes in YAML"
STAR = QUOTES.format("*") + ', a cron expression too: cron: "* * * * *"'
MISFIT = "this does not fit the lines above it: look at the indentation, and for text after a closing quote"


def syntax_error(error: yaml.MarkedYAMLError, text: str, report: Report) -> ConfigError:
    """Return our error for PyYAML's. Nothing of the file is quoted: the line may hold a secret."""
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return report.fail(f"not valid YAML: {error.problem}")
    context, problem = error.context or "", error.problem or ""
    lines = text.splitlines()
    line = lines[mark.line] if mark.line < len(lines) else ""
    here = line[mark.column : mark.column + 1]
    indent = line[: len(line) - len(line.lstrip())]
    opening = error.context_mark or mark

    if "scanning an alias" in context:
        mark, message = opening, STAR
    elif "\t" in indent and ("tab" in problem or here == "\t" or mark.column <= len(indent)):
        message = TAB
    elif "cannot start any token" in problem:
        hint = ', a cron expression too: cron: "@hourly"' if here == "@" else ""
        message = TAB if here == "\t" else QUOTES.format(here) + hint
    elif "mapping values are not allowed" in problem:
        message = (
            "text with ': ' in it needs quotes in YAML"
            if ": " in line[: mark.column]
            else "a 'name:' cannot stand here: this line is indented too far, or the line above lacks a ':'"
        )
    elif "quoted scalar" in context and "escape" in problem:
        mark, message = (
            opening,
            "unknown escape: in \"double quotes\" write \\\\ for a backslash, or use 'single quotes'",
        )
    elif "quoted scalar" in context:
        mark, message = opening, "the quote that opens here is never closed"
    elif "flow sequence" in context or "flow mapping" in context:
        mark, message = opening, "the bracket that opens here is never closed, or a comma is missing in it"
    elif "simple key" in context:
        mark, message = opening, "a ':' is missing: this should read 'name: value'"
    elif "scanning a tag" in context or "tag handle" in problem:
        mark, message = opening, QUOTES.format("!")
    elif "scanning an anchor" in context:
        mark, message = opening, QUOTES.format("&")
    elif "block scalar" in context:
        message = "text that begins with | or > needs quotes in YAML, or its lines must follow below"
    elif "did not find expected" in problem or "expected <block end>" in problem:
        message = MISFIT
    else:
        message = f"not valid YAML: {problem}"
    return report.fail(message, mark.line + 1, mark.column + 1)
