"""What tests need of a machine beside Python: where it is, and what becomes of a test without it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]
TOOLS = _ROOT / "build" / "tools" / "usr" / "bin"  # where .ci/run unpacks what it does not install
BROWSER = _ROOT / "tests" / "browser"  # scripts for Node, and npm packages beside them
CHROMIUM = os.environ.get("CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


def program(name: str) -> str:
    """The path of a program; its name if there is none."""
    return shutil.which(name) or shutil.which(name, path=f"{TOOLS}:/usr/sbin") or name


def _is_here(name: str) -> bool:
    if name == "root":
        return os.geteuid() == 0
    if name == "chromium":
        return CHROMIUM is not None
    if name.startswith("npm:"):  # `make .venv/browser-tools`
        return (BROWSER / "node_modules" / name.removeprefix("npm:")).is_dir()
    path = Path(program(name))
    return path.is_absolute() and path.exists()


def lack(*names: str) -> str | None:
    """What of these is not here, None if nothing: programs, paths, npm packages ("npm:axe-core"), "root"."""
    missing = [name for name in names if not _is_here(name)]
    return f"not on this machine: {', '.join(missing)}" if missing else None


def needs(*names: str) -> pytest.MarkDecorator:
    """CI has all of them, so there a missing one is an error and not a skip."""
    why = lack(*names)
    return pytest.mark.skipif(why is not None and not os.environ.get("CI"), reason=str(why))


def demand(*names: str) -> None:
    """The same in the middle of a test."""
    if why := lack(*names):
        assert not os.environ.get("CI"), why
        pytest.skip(why)
