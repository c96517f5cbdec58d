"""The pair of files for TLS: whether it is one, and until when. Source: RFC 5280, section 4.1."""

from __future__ import annotations

import base64
import hashlib
import re
import ssl
from datetime import UTC, datetime
from pathlib import Path

from kener_py.config import reading
from kener_py.config.nodes import Node, Scalar
from kener_py.config.problems import Report
from kener_py.config.references import ReferenceProblem, References
from kener_py.config.sections import ServerSection
from kener_py.model import DAY, SECOND, Instant, Tls

LARGEST = 1_000_000  # bytes
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)
_TIMES = {0x17: "%y%m%d%H%M%SZ", 0x18: "%Y%m%d%H%M%SZ"}  # UTCTime, GeneralizedTime
_SOON = 7 * DAY
_TOGETHER = (("tls_cert", "tls_key"), ("tls_key", "tls_cert"), ("tls_key_password", "tls_key"))


def pair(
    section: ServerSection, node: Node, references: References, report: Report, at: Instant | None
) -> Tls | None:
    """Return the pair that the section names; problems and warnings go into the report."""

    def told(name: str, message: str, is_problem: bool = True) -> None:
        place, written = reading.place_of(node, (name,))
        if isinstance(place, Scalar) and place.is_substituted:  # what came from outside is never repeated
            for path in (section.tls_cert, section.tls_key):
                if path:
                    message = message.replace(str(references.folder / path), "the file that ${…} names")
        (report.problem if is_problem else report.warning)(place, ("server", *written), message)

    if section.tls_cert is None or section.tls_key is None:
        for name, other in _TOGETHER:
            if getattr(section, name) is not None and getattr(section, other) is None:
                told(name, f"needs {other} beside it")
                break
        return None
    found = {}
    for name, file in (("tls_cert", section.tls_cert), ("tls_key", section.tls_key)):
        try:
            found[name] = references.content(references.folder / file, LARGEST)
        except ReferenceProblem as problem:
            told(name, str(problem))
    if len(found) < 2:
        return None
    cert, key = references.folder / section.tls_cert, references.folder / section.tls_key
    try:
        check(cert, key, section.tls_key_password)
    except ReferenceProblem as problem:
        told("tls_cert" if str(problem).startswith(f"{cert} holds") else "tls_key", str(problem))
        return None
    end = expires(found["tls_cert"])
    if end is not None and at is not None and end.timestamp() * SECOND <= at + _SOON:
        has = "has expired" if end.timestamp() * SECOND <= at else "expires soon"
        told("tls_cert", f"the certificate {has}: it is valid until {end:%Y-%m-%d %H:%M} UTC", False)
    version = hashlib.sha256(b"".join(hashlib.sha256(each).digest() for each in found.values())).hexdigest()
    return Tls(cert, key, section.tls_key_password, version)


def check(cert: Path, key: Path, password: str | None) -> None:
    """Raises ReferenceProblem if a server cannot show this certificate and prove it with this key.

    Both files are there and can be read.
    """
    try:
        # An empty password, so that nobody is asked for one at a terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, password or "")
    except ssl.SSLError as error:
        raise ReferenceProblem(_meaning(error, key, cert, password)) from None
    except (OSError, ValueError) as error:
        raise ReferenceProblem(f"{cert} and {key} cannot be used: {error}") from None


def _meaning(error: ssl.SSLError, key: Path, cert: Path, password: str | None) -> str:
    reason = error.reason or ""
    if reason == "KEY_VALUES_MISMATCH":
        return f"{key} is not the key of the certificate in {cert}"
    if not _PEM.search(cert.read_bytes()):
        return f"{cert} holds no certificate; it should have -----BEGIN CERTIFICATE----- in it"
    if b"PRIVATE KEY-----" not in key.read_bytes():
        return f"{key} holds no private key; it should have -----BEGIN PRIVATE KEY----- in it"
    if b"ENCRYPTED" in key.read_bytes():
        return (
            f"{key} cannot be read with this password"
            if password
            else f"{key} is encrypted; give tls_key_password, or a key without one"
        )
    return f"{cert} and {key} cannot be used: {reason.lower().replace('_', ' ') or 'they are broken'}"


def expires(content: bytes) -> datetime | None:
    """Until when the first certificate in this PEM text is valid; None if it does not say so as it should."""
    found = _PEM.search(content)
    try:
        whole = base64.b64decode(found[1]) if found else b""
        certificate, _ = _content(whole, 0)
        fields, _ = _content(certificate, 0)
        at = 0
        if fields[0] == 0xA0:  # the version may be left out
            _, at = _content(fields, at)
        for _ in ("serial number", "algorithm", "issuer"):
            _, at = _content(fields, at)
        validity, _ = _content(fields, at)
        _, at = _content(validity, 0)
        text, _ = _content(validity, at)
        return datetime.strptime(text.decode("ascii"), _TIMES[validity[at]]).replace(tzinfo=UTC)
    except (ValueError, IndexError, KeyError):
        return None


def _content(data: bytes, at: int) -> tuple[bytes, int]:
    """The content of the DER element that begins at `at`, and where the next one does."""
    size, begin = data[at + 1], at + 2
    if size & 0x80:
        begin += size & 0x7F
        size = int.from_bytes(data[at + 2 : begin], "big")
    return data[begin : begin + size], begin + size
