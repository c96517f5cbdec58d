"""Certificates for tests, made by the program openssl: an authority, and pairs that it vouches for."""

from __future__ import annotations

import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from real.programs import demand


def openssl(*words: str | Path) -> str:
    """What the program says. Without it the test is skipped, or an error where CI is set."""
    demand("openssl")
    done = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


class Authority:
    """Issues certificates for 127.0.0.1 and localhost; `pem` is its own."""

    def __init__(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            cert, key = Path(name, "cert"), Path(name, "key")
            openssl(
                *("req", "-x509", *_NEW_KEY, "-subj", "/CN=Authority of a test", "-days", "36500"),
                *("-addext", "keyUsage=critical,keyCertSign", "-keyout", key, "-out", cert),
            )
            self.pem, self._key = cert.read_text(), key.read_text()

    def write_pair(self, folder: Path, days: int = 30) -> None:
        """Put cert.pem and key.pem into the folder, over those that are there."""
        with tempfile.TemporaryDirectory() as name:
            made = Path(name)
            (made / "ca").write_text(self.pem + self._key)
            (made / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
            openssl(
                *("req", "-new", *_NEW_KEY, "-subj", "/CN=localhost"),
                *("-keyout", made / "key", "-out", made / "asked"),
            )
            openssl(
                *("x509", "-req", "-in", made / "asked", "-CA", made / "ca", "-CAkey", made / "ca"),
                *("-days", str(days), "-extfile", made / "names", "-out", made / "cert"),
                *("-CAserial", made / "serial", "-CAcreateserial"),
            )
            (folder / "cert.pem").write_text((made / "cert").read_text() + self.pem)
            (folder / "key.pem").write_bytes((made / "key").read_bytes())


def end_of(cert: Path) -> datetime:
    """Until when openssl says that a certificate is valid."""
    told = openssl("x509", "-in", cert, "-noout", "-enddate").strip().removeprefix("notAfter=")
    return datetime.strptime(told, "%b %d %H:%M:%S %Y %Z").replace(tzinfo=UTC)
