"""Programs of others that tests run: where they are, and what to say when they are not."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

# Where .ci/run unpacks what it does not install.
TOOLS = Path(__file__).resolve().parents[2] / "build" / "tools" / "usr" / "bin"


def program(name: str) -> str:
    """The path of a program; its name if there is none."""
    return shutil.which(name) or shutil.which(name, path=f"{TOOLS}:/usr/sbin") or name


def needs(*names: str) -> pytest.MarkDecorator:
    """CI has all of them, so there a missing one is an error and not a skip."""
    lacking = [name for name in names if not Path(program(name)).is_absolute()]
    return pytest.mark.skipif(
        bool(lacking) and not os.environ.get("CI"), reason=f"not on this machine: {', '.join(lacking)}"
    )
