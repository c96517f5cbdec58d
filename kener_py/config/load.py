"""From the file, the environment and the flags to one frozen `Config`, or every problem at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kener_py.config import certificates, files, monitors, nodes, parts, reading, site
from kener_py.config.nodes import Fields, Items, Node, Scalar
from kener_py.config.problems import ConfigError, Problem, Report, suggestion
from kener_py.config.references import References
from kener_py.config.schema import ConfigFile
from kener_py.config.sections import (
    ExportSection,
    IncidentsSection,
    RetentionSection,
    ServerSection,
)
from kener_py.model import MINUTE, Config, Export, IncidentPolicy, Instant, Retention, Server

VARIABLES = {
    "host": "KENER_HOST",
    "port": "KENER_PORT",
    "database": "KENER_DATABASE",
    "threads": "KENER_THREADS",
    "log_format": "KENER_LOG_FORMAT",
    "log_level": "KENER_LOG_LEVEL",
}


_LONGEST_PAUSE = 3 * MINUTE  # between two exports; see web.copied.OLD


def load(
    path: Path,
    env: Mapping[str, str],
    overrides: Mapping[str, object] = {},
    check_url: parts.CheckUrl = lambda url: None,
    check_template: parts.CheckTemplate = lambda source: (),
    at: Instant | None = None,
    warned: list[Problem] | None = None,
) -> Config:
    """Return the configuration in the file at `path`.

    Server settings come from `overrides` (flags by field name, None for one not given), else from `env`,
    else from the file. `check_url` says what is wrong with a notifier's URL, None if nothing is,
    and `check_template` lists what is wrong with a template of a message. `at` is the present, for warnings
    of a certificate that has expired. `warned` gets the warnings with their places, which `Config.warnings`
    has as texts.
    Raises ConfigError with everything that is wrong.
    """
    report = Report(str(path))
    references = References(env, path.parent)
    root = nodes.compose(files.read(path, report), references.fill, report)
    _drop_empty_sections(root)
    for name in root.keys() - set(ConfigFile.names()):
        if not name.startswith("x-"):
            key = root.keys_as_written[name]
            report.problem(key, (name,), f"unknown field; {suggestion(name, ConfigFile.names())}")

    page = site.read(_node(root, "site"), references, report)
    server = _server(root, references, overrides, report, at)
    retention = reading.section(RetentionSection, _node(root, "retention"), ("retention",), report)
    incidents = _incidents(root, report)
    export = _export(root, path.parent, report)
    found, nodes_by_tag = monitors.read(root, page.timezone, report)
    tags, categories = monitors.named(root)
    known = parts.Names(found, tags, categories)
    targets = parts.notifiers(root, check_url, check_template, report)
    rules = parts.rules(root, known, targets, report)
    keys = parts.api_keys(root, known, page.timezone, report)
    maintenances = parts.maintenances(root, known, page.timezone, report)
    if report.problems or retention is None:
        raise ConfigError(report.problems, references.files)

    parts.warn_of_unreachable(found, nodes_by_tag, keys, root, report)
    if targets and not rules:
        key = root.keys_as_written["notifiers"]
        report.warning(key, ("notifiers",), "no alert rule uses them, so nobody is ever told")
    if not found:
        report.warning(root, ("monitors",), "there are none, so nothing is watched")
    warnings = sorted(set(report.warnings))
    if warned is not None:
        warned += warnings
    return Config(
        monitors=found,
        site=page,
        server=server,
        retention=Retention(retention.heartbeats, retention.days),
        notifiers=targets,
        rules=rules,
        api_keys=keys,
        incidents=incidents,
        export=export,
        maintenances=maintenances,
        warnings=tuple(str(warning) for warning in warnings),
        path=path,
        files=(path, *references.files),
    )


def _drop_empty_sections(root: Fields) -> None:
    """A section whose lines are all commented out counts as not written."""
    for name, node in list(root.items()):
        if isinstance(node, Scalar) and node.kind == "null":
            root.take(name)


def _node(root: Fields, name: str) -> Node:
    node = root.get(name)
    return Fields() if node is None else node


def _incidents(root: Fields, report: Report) -> IncidentPolicy:
    node = _node(root, "incidents")
    section = reading.section(IncidentsSection, node, ("incidents",), report)
    if section is None:
        return IncidentPolicy()
    return IncidentPolicy(section.draft, section.auto_publish_after, section.batch)


def _export(root: Fields, folder: Path, report: Report) -> Export | None:
    node = root.get("export")
    section = None if node is None else reading.section(ExportSection, node, ("export",), report)
    if node is None or section is None:
        return None
    if section.every > _LONGEST_PAUSE:
        report.problem(
            node, ("export", "every"), "should be 3m at most: a page of four minutes says it is old"
        )
    return Export(folder / section.folder, section.every)


def _server(
    root: Fields,
    references: References,
    overrides: Mapping[str, object],
    report: Report,
    at: Instant | None,
) -> Server:
    """Return the server's settings: flag before environment before file before default."""
    node, env = _node(root, "server"), references.env
    section = reading.section(ServerSection, node, ("server",), report) or ServerSection()
    settings: dict[str, Any] = section.model_dump(exclude={"tls_cert", "tls_key", "tls_key_password"})
    settings["database"] = references.folder / section.database
    settings["tls"] = certificates.pair(section, node, references, report, at)

    outside, sources = Fields(), dict[str, str]()
    for name in ServerSection.names():
        variable = VARIABLES.get(name, "")
        if (flag := overrides.get(name)) is not None:
            sources[name] = "--" + name.replace("_", "-")
            outside.put(name, Scalar.at(name, 0, 0), _given(flag))
        elif given := env.get(variable):
            sources[name] = variable
            outside.put(name, Scalar.at(name, 0, 0), _given(given))
    outer = Report("")
    if chosen := reading.section(ServerSection, outside, (), outer):
        for name in chosen.model_fields_set:
            settings[name] = getattr(chosen, name)
        if "database" in chosen.model_fields_set:
            settings["database"] = Path(chosen.database).absolute()
    for problem in outer.problems:
        source = sources[problem.field.partition("[")[0]]
        report.problems.append(Problem("", 0, 0, source, problem.message))
    return Server(**settings | {"trusted_proxies": tuple(settings["trusted_proxies"])})


def _given(value: object) -> Node:
    """Return a value from outside the file as if it stood in it, at line 0."""
    if isinstance(value, (list, tuple)):
        items = Items()
        items.extend(_given(item) for item in value)
        return items
    return Scalar.at(str(value), 0, 0, is_substituted=True)
