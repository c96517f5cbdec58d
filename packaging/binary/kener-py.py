"""Where the single binary begins: what a process of its own needs before the words are read.

The process that was started unpacks everything to a folder, `sys._MEIPASS`, and starts itself once more;
this runs in the second one. The first passes signals on, waits, removes the folder and ends with the same
exit code.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import sys
from pathlib import Path

import pyimod02_importers  # PyInstaller's own, there from the start

_FOLDER = Path(sys._MEIPASS)
_EXECUTABLE = "/proc/self/exe"
_PR_SET_PDEATHSIG = 1  # linux/prctl.h

# Where OpenSSL would find them depends on the machine it was built for, and that was another one.
_AUTHORITIES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch, Alpine
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",
)


def _end_with(parent: int) -> None:
    """Whoever kills the first process with SIGKILL means this one too, and its port."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it died before the kernel knew
        os.kill(os.getpid(), signal.SIGTERM)


def _hold_executable() -> None:
    """Import from the file that was started, even when an update has put another one in its place."""
    if os.path.exists(_EXECUTABLE):
        pyimod02_importers.pyz_archive._filename = _EXECUTABLE


def _restore_environment() -> None:
    """Give the programs that we start the environment that we were started with."""
    for name in [name for name in os.environ if name.startswith("_PYI_")]:
        del os.environ[name]
    os.environ.pop("LD_LIBRARY_PATH", None)
    if (before := os.environ.pop("LD_LIBRARY_PATH_ORIG", None)) is not None:
        os.environ["LD_LIBRARY_PATH"] = before


def _know_authorities() -> None:
    """Trust whom the machine trusts, and on a bare one those that Mozilla does."""
    found = next(filter(os.path.exists, _AUTHORITIES), _FOLDER / "certifi" / "cacert.pem")
    os.environ.setdefault("SSL_CERT_FILE", str(found))


parent = os.getppid()
_end_with(parent)
_hold_executable()
_restore_environment()
_know_authorities()
sys.path.append(str(_FOLDER / "tzdata.zip"))  # one file instead of six hundred: unpacked at each start

from kener_py.cli import main  # noqa: E402

try:
    main()
finally:
    # A terminal, and systemd, tell both processes, and the first tells this one as well: it may be late.
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    if os.getppid() != parent:  # which would have done it
        shutil.rmtree(_FOLDER, ignore_errors=True)
