"""A glance at the configuration for completion in a shell, probes and jobs: what stands there, unchecked.

Loading the file takes a third of a second and refuses a broken one. On each press of a key both are too much,
and a probe must not fail for an edit that the server itself has refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
DEPTH = 40  # as deep as a configuration may be


@dataclass(frozen=True, slots=True)
class Named:
    """A monitor's tag, its name on the page, and its secret as the file spells it, `${…}` not filled in."""

    tag: str
    name: str
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Glance:
    """What could be read; `database` and `address` are None if only a whole load knows them."""

    monitors: tuple[Named, ...] = ()
    notifiers: tuple[str, ...] = ()
    database: Path | None = None
    address: tuple[str, int, bool] | None = None  # where the server listens: host, port, whether by HTTPS


def at(path: Path, env: Mapping[str, str]) -> Glance:
    """Return what the file says at first sight; of a file that cannot be read, nothing."""
    try:
        # No pipe: nobody may be there to write into it.
        text = path.read_text(encoding="utf-8-sig") if path.is_file() else ""
        root = _tree(yaml.parse(text, Loader=LOADER))
    except (OSError, ValueError, yaml.YAMLError):
        root = None
    if not isinstance(root, dict):
        has_both = env.get("KENER_HOST") and env.get("KENER_PORT")
        return Glance(address=_address(None, env) if has_both else None)
    notifiers = root.get("notifiers")
    return Glance(
        tuple(_monitors(root.get("monitors"))),
        tuple(notifiers) if isinstance(notifiers, dict) else (),
        _database(root.get("server"), path, env),
        _address(root.get("server"), env),
    )


def _tree(events: Iterable[Any]) -> object:
    """Return the first document: every value as a text, None for an alias.

    `yaml.load` would do, but it recurses in C, where a deeply nested file ends the process.
    """
    opened: list[list[object]] = []
    for event in events:
        node: object
        if isinstance(event, yaml.CollectionStartEvent):
            opened.append([])
            if len(opened) > DEPTH:
                raise ValueError
            continue
        if isinstance(event, yaml.ScalarEvent):
            node = event.value
        elif isinstance(event, yaml.AliasEvent):
            node = None
        elif isinstance(event, yaml.SequenceEndEvent):
            node = opened.pop()
        elif isinstance(event, yaml.MappingEndEvent):
            inside = opened.pop()
            pairs = zip(inside[::2], inside[1::2], strict=True)
            node = {key: value for key, value in pairs if isinstance(key, str)}
        else:
            continue
        if not opened:
            return node
        opened[-1].append(node)
    return None


def _monitors(listed: object) -> Iterator[Named]:
    for entry in listed if isinstance(listed, list) else ():
        tag = entry.get("tag") if isinstance(entry, dict) else None
        if isinstance(tag, str) and tag and "${" not in tag:
            name = entry.get("name")
            yield Named(tag, name if isinstance(name, str) else "", _secret(entry))


def _secret(entry: Mapping[str, object]) -> str | None:
    inner = entry.get("type_data")
    for fields in (entry, inner if isinstance(inner, dict) else {}):
        for spelling in ("secretString", "secret"):
            if isinstance(found := fields.get(spelling), str):
                return found
    return None


def _database(server: object, path: Path, env: Mapping[str, str]) -> Path | None:
    if given := env.get("KENER_DATABASE"):
        return Path(given)
    name = server.get("database", "kener.db") if isinstance(server, dict) else "kener.db"
    return path.parent / name if isinstance(name, str) and name and "${" not in name else None


def _address(server: object, env: Mapping[str, str]) -> tuple[str, int, bool] | None:
    given = server if isinstance(server, dict) else {}
    host = env.get("KENER_HOST") or given.get("host", "127.0.0.1")
    port = env.get("KENER_PORT") or given.get("port", "3000")
    if not (isinstance(host, str) and isinstance(port, str)) or "${" in host or not port.isdecimal():
        return None
    return (host, int(port), "tls_cert" in given) if host and 0 < int(port) < 65_536 else None
