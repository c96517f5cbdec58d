"""Addresses and names of things outside: URLs, hosts, networks, files, digests."""

from __future__ import annotations

import base64
import ipaddress
import re
from typing import Annotated
from urllib.parse import urlsplit

from kener_py.config.fields import FILLED, Leaf, or_reference, scalar, shape_of, shown, text


def web_address(node: object, *, may_be_empty: bool = False) -> str:
    value = scalar(node, "an address that begins with https:// or http://")
    written = text(value, wanted="an address", may_be_empty=may_be_empty).strip()
    if not written:
        return ""
    try:
        parts = urlsplit(written)
        is_good = parts.scheme.lower() in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_good = False
    if (
        not is_good
        or not re.fullmatch(r"[!-~\u00a0-\U0010ffff]+", written)
        or re.search(r'[<>"\\^`{|}]', written)
    ):
        raise ValueError("should be an address that begins with https:// or http://")
    return written


def site_url(node: object) -> str:
    written = web_address(node, may_be_empty=True)
    parts = urlsplit(written)
    if "?" in written or "#" in written or parts.username is not None:
        raise ValueError(
            "should have no query (?…), no fragment (#…) and no user name: https://status.example.org"
        )
    return written.rstrip("/")


PATH = r"/(?![/\\])[!-\[\]-~]*"  # a browser takes /\ for //
MAIL = r"mailto:[!-~]+@[!-~]+"
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def picture(node: object) -> str:
    """Return an address, a path on this host, or the name of a file; `is_file` tells which."""
    written = text(node, wanted="a file, or an address").strip()
    if re.fullmatch(PATH, written):
        return written
    if written.startswith("/") or "\\" in written or SCHEME.match(written):
        try:
            return web_address(node)
        except ValueError as problem:
            raise ValueError(
                f"{problem}, a path on this host that begins with one /, or the name of a file"
            ) from None
    return file_path(node)


def is_file(written: str) -> bool:
    return not written.startswith("/") and not SCHEME.match(written)


def link(node: object) -> str:
    value = scalar(node, "an address")
    written = text(value, wanted="an address").strip()
    if re.fullmatch(PATH, written) or re.fullmatch(MAIL, written, re.IGNORECASE):
        return written
    try:
        return web_address(value)
    except ValueError as problem:
        raise ValueError(f"{problem}, mailto: or, for a path on this host, /") from None


def contact(node: object) -> str:
    """Whom to write to, as RFC 9116 wants it: mailto: or https:."""
    value = scalar(node, "an address")
    written = text(value, wanted="an address").strip()
    if re.fullmatch(MAIL, written, re.IGNORECASE):
        return written
    try:
        address = web_address(value)
    except ValueError:
        address = ""
    if not address.lower().startswith("https://"):
        raise ValueError("should be an address that begins with mailto: or https://")
    return address


ORIGIN = re.compile(r"(?i:(https?)://)((?:\*\.)?[^\s/?#@:;,*'\"\[\]\\]+)(:[0-9]{1,5})?/?")


def embedder(node: object) -> str:
    """Return an origin as the policy of a page names it, or * for all of them."""
    wanted = 'should be an origin such as https://example.org or "https://*.example.org", or "*" for anyone'
    value = scalar(node, "an origin")
    written = text(value, wanted="an origin").strip()
    if written == "*":
        return written
    found = ORIGIN.fullmatch(written)
    if not found or int((found[3] or ":1")[1:]) not in range(1, 65_536):
        raise ValueError(f"{wanted}, not {shown(value)}")
    scheme, name, port = found.groups(default="")
    try:
        host_name = name.removeprefix("*.").encode("idna").decode().lower()
    except UnicodeError:
        host_name = ""
    if not re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*", host_name):
        raise ValueError(f"{wanted}, not {shown(value)}")
    return f"{scheme.lower()}://{'*.' if name.startswith('*.') else ''}{host_name}{port}"


def notifier_url(node: object) -> str:
    value = scalar(node, "an Apprise URL")
    if value.kind != "text" or not re.match(r"[A-Za-z][A-Za-z0-9+.-]*://\S", value.strip()):
        # Never show it: it carries a password more often than not.
        raise ValueError("should be an Apprise URL such as mailto://…, slack://… or json://…")
    return value.strip()


def webhook_secret(node: object) -> str:
    wanted = "should be whsec_ and 24 to 64 bytes as base64: printf whsec_; openssl rand -base64 32"
    value = scalar(node, "a webhook secret").strip()
    try:
        length = len(base64.b64decode(value.removeprefix("whsec_"), validate=True))
    except ValueError:
        length = 0
    if not value.startswith("whsec_") or not 24 <= length <= 64:
        raise ValueError(wanted)  # never shown: it is a secret
    return value


def host(node: object) -> str:
    written = text(node, wanted="a host name or an IP address").strip().removeprefix("[").removesuffix("]")
    if not re.fullmatch(r"[A-Za-z0-9._:%-]+", written):
        raise ValueError("should be a host name or an IP address, such as 127.0.0.1 or ::, and no URL")
    return written


def network(node: object) -> str:
    value = scalar(node, "an IP address or a network")
    try:
        return str(ipaddress.ip_network(value.strip()))
    except ValueError:
        pass
    try:
        meant = str(ipaddress.ip_network(value.strip(), strict=False))
        hint = "" if value.is_substituted else f"; did you mean {meant}?"
    except ValueError:
        hint = ""
    raise ValueError(f"should be an IP address or a network such as 10.0.0.0/8, not {shown(value)}{hint}")


def file_path(node: object) -> str:
    written = text(node, wanted="a file name")
    if "\0" in written or written.strip() == ":memory:" or written.endswith("/"):
        raise ValueError("should be the name of a file on disk")
    return written


def sha256(node: object) -> str:
    value = scalar(node, "64 hexadecimal digits")
    # Sixty-four digits alone are a number to YAML, and still the right thing.
    if not re.fullmatch(r"[0-9a-fA-F]{64}", value):
        raise ValueError("should be 64 hexadecimal digits, as printf %s KEY | sha256sum prints them")
    return str(value).lower()


HTTP = "[Hh][Tt][Tt][Pp]"
MAILTO = "[Mm][Aa][Ii][Ll][Tt][Oo]:"
URL_SHAPE = shape_of(
    "an address that begins with https:// or http://", type="string", pattern=rf"^\s*{HTTP}[Ss]?://"
)
WebAddress = Annotated[str, Leaf(web_address, URL_SHAPE)]
SITE_SHAPE = shape_of(
    "an address such as https://status.example.org, without ? and #",
    type="string",
    pattern=rf"^\s*({HTTP}[Ss]?://[^?#]+)?$",
)
SiteUrl = Annotated[str, Leaf(site_url, SITE_SHAPE)]
PictureName = Annotated[str, Leaf(picture, FILLED, is_text=True)]
LINK_SHAPE = shape_of(
    "https://, http:// or mailto:, or a path on this host that begins with one /",
    type="string",
    pattern=rf"^\s*({HTTP}[Ss]?://|{MAILTO}|/)",
)
LinkAddress = Annotated[str, Leaf(link, LINK_SHAPE)]
CONTACT_SHAPE = shape_of(
    "an address that begins with mailto: or https://", type="string", pattern=rf"^\s*({HTTP}[Ss]://|{MAILTO})"
)
ContactAddress = Annotated[str, Leaf(contact, CONTACT_SHAPE)]
EMBEDDER_SHAPE = {"type": "string", "pattern": r"^(\*|[Hh][Tt][Tt][Pp][Ss]?://[^/?#]+/?)$"}
Embedder = Annotated[str, Leaf(embedder, EMBEDDER_SHAPE)]
Host = Annotated[str, Leaf(host, FILLED, is_text=True)]
FilePath = Annotated[str, Leaf(file_path, FILLED, is_text=True)]
SHA256_SHAPE = shape_of("64 hexadecimal digits", type="string", pattern="^[0-9a-fA-F]{64}$")
Sha256 = Annotated[str, Leaf(sha256, SHA256_SHAPE)]
WEBHOOK_SECRET_SHAPE = or_reference(
    shape_of("whsec_ and 24 to 64 bytes as base64", type="string", pattern=r"^\s*whsec_[A-Za-z0-9+/=]+\s*$")
)
NOTIFIER_SHAPE = or_reference(
    shape_of(
        "an Apprise URL such as mailto://…, slack://… or json://…",
        type="string",
        pattern=r"^\s*[A-Za-z][A-Za-z0-9+.-]*://\S",
    )
)
