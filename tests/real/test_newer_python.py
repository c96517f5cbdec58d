"""The tests that take seconds, and a server under load, on the Python of Debian 13."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from . import debian
from .debian import needs_debian
from .server import ROOT

pytestmark = [pytest.mark.real, needs_debian]

_CERTIFICATES = Path("etc/ssl/certs/ca-certificates.crt")
_NOT_SOURCE = shutil.ignore_patterns(
    ".git", ".venv", "build", "dist", "node_modules", "__pycache__", ".*_cache", ".hypothesis"
)
# With what pip was told where the tests run: which packages there are is the same inside.
_TOLD = {
    name: value for name, value in os.environ.items() if name.lower().startswith(("pip_", "http", "no_proxy"))
}


class Inside:
    """That Debian, with these sources below /srv/source and an environment for them."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def run(self, script: str, timeout: float) -> subprocess.CompletedProcess[str]:
        """What came of a shell script, which sees no files but those inside."""
        mounts = 'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && exec "$@"'
        outside = [
            "unshare",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "sh",
            "-c",
            mounts,
            str(self.root),
        ]
        variables = {"HOME": "/root", "PATH": "/usr/bin:/usr/sbin", "LANG": "C.UTF-8", **_TOLD}
        inside = ["env", "-i", *(f"{name}={value}" for name, value in variables.items()), "sh", "-ec", script]
        return subprocess.run(
            [*outside, str(shutil.which("chroot")), str(self.root), *inside],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
        )

    def done(self, script: str, timeout: float) -> str:
        ran = self.run(script, timeout)
        assert ran.returncode == 0, ran.stdout[-8_000:]
        return ran.stdout


@pytest.fixture(scope="module")
def inside() -> Inside:
    root = debian.unpacked("trixie", "python3", "python3-venv", "ca-certificates", "e2fsprogs")
    for file in (Path("etc/resolv.conf"), Path("etc/hosts"), Path("etc/pip.conf"), _CERTIFICATES):
        if (Path("/") / file).exists():
            shutil.copyfile(Path("/") / file, root / file)
    shutil.rmtree(root / "srv" / "source", ignore_errors=True)
    shutil.copytree(ROOT, root / "srv" / "source", ignore=_NOT_SOURCE)
    found = Inside(root)
    found.done("[ -d /srv/venv ] || python3 -m venv /srv/venv", 120)
    found.done("/srv/venv/bin/pip install --quiet --disable-pip-version-check -e '/srv/source[test]'", 580)
    return found


def test_it_is_newer_than_the_one_that_runs_the_tests(inside: Inside) -> None:
    assert inside.done("/srv/venv/bin/python --version", 60).startswith("Python 3.13.")


@pytest.mark.parametrize(
    "chosen",
    [
        "-n auto -m 'not real'",
        "-m real tests/real/test_crash.py tests/real/test_signals.py tests/real/test_alerts.py",
    ],
    ids=["fast", "server"],
)
def test_the_tests_pass(inside: Inside, chosen: str) -> None:
    inside.done(f"cd /srv/source && /srv/venv/bin/pytest -p no:cacheprovider {chosen}", 900)
