"""Addresses and names of ours for readers outside a page: whole, and never from the Host header."""

from __future__ import annotations

import re
import uuid
from urllib.parse import quote, urlsplit

from kener_py.model import Config
from kener_py.service import Service
from kener_py.web.words import root

_WILDCARDS = ("", "0.0.0.0", "::", "*")


def base(config: Config) -> str:
    """What our paths are appended to: `site.url`, else where the server listens, which helps on its machine.

    The visitor writes the Host header, and readers of a feed would follow it.
    """
    if config.site.url:
        return config.site.url
    host = "localhost" if config.server.host in _WILDCARDS else config.server.host
    scheme = "https" if config.server.tls else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{config.server.port}{root('')}"


def authority(url: str) -> tuple[str, str] | None:
    """The host of a site's address as DNS has it, and what tells sites of one host apart: "8080/status".

    None if there is no such name, as of "http://[::1]".
    """
    parts = urlsplit(url)
    try:
        host = (parts.hostname or "").encode("idna").decode()
    except UnicodeError:
        return None
    if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)*", host):
        return None
    port = "" if parts.port in (None, 80, 443) else str(parts.port)
    return host, (port + quote(parts.path.rstrip("/"))).lstrip("/")


def name(service: Service, what: str) -> str:
    """What a thing of ours is called for ever: "tag:<host>,2005:Incident/42".

    The year is the one that Statuspage writes; readers compare, and do not care. A site without an address
    has a number instead, made at its first start and kept in its database: "urn:uuid:…".
    """
    found = authority(service.config.site.url)
    if found is None:
        return uuid.uuid5(uuid.UUID(bytes=service.site_id), what).urn
    host, place = found
    return f"tag:{host},2005:{place}/{what.removeprefix('/')}" if place else f"tag:{host},2005:{what}"


def uid(service: Service, what: str) -> str:
    """The same for calendars: "maintenance-42@<host>"."""
    found = authority(service.config.site.url)
    place = str(uuid.UUID(bytes=service.site_id)) if found is None else "/".join(filter(None, found))
    return f"{what}@{place}"
