"""The tests that need no server, and what becomes of one that is killed, on the Python of Debian 13."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from . import debian
from .debian import needs_debian
from .server import ROOT

pytestmark = [pytest.mark.real, needs_debian]

_BIN = "/srv/venv/bin"
_AS_HERE = ("etc/resolv.conf", "etc/hosts", "etc/pip.conf", "etc/ssl/certs/ca-certificates.crt")
_NOT_SOURCE = shutil.ignore_patterns(
    ".git", ".venv", "build", "dist", "node_modules", "__pycache__", ".*_cache", ".hypothesis"
)


@pytest.fixture(scope="module")
def root() -> Path:
    """A Debian 13 with these sources in /srv/source, and an environment for them in /srv/venv."""
    root = debian.unpacked("trixie", "python3", "python3-venv", "ca-certificates", "e2fsprogs")
    for file in map(Path, _AS_HERE):
        if (Path("/") / file).exists():
            shutil.copyfile(Path("/") / file, root / file)
    shutil.rmtree(root / "srv" / "source", ignore_errors=True)
    shutil.copytree(ROOT, root / "srv" / "source", ignore=_NOT_SOURCE)
    debian.inside(root, "[ -d /srv/venv ] || python3 -m venv /srv/venv", 120)
    debian.inside(root, f"{_BIN}/pip install --quiet --disable-pip-version-check -e '/srv/source[test]'", 580)
    return root


def test_it_is_newer_than_the_oldest_that_will_do(root: Path) -> None:
    assert debian.inside(root, f"{_BIN}/python --version", 60).startswith("Python 3.13.")


@pytest.mark.parametrize(
    "chosen",
    ["-n auto -m 'not real'", "-m real tests/real/test_crash.py tests/real/test_signals.py"],
    ids=["without a server", "with one"],
)
def test_the_tests_pass(root: Path, chosen: str) -> None:
    debian.inside(root, f"cd /srv/source && {_BIN}/pytest -p no:cacheprovider {chosen}", 900)
