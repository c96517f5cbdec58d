"""The npm packages of `tests/browser` that read us as their users do: an editor, a renderer, a client."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import Any

import pytest

from .browser import TOOLS


def missing(package: str) -> str | None:
    """What this machine lacks to run it; None if nothing."""
    if not shutil.which("node"):
        return "no Node on this machine"
    if not (TOOLS / "node_modules" / package).is_dir():
        return f"tests/browser/node_modules/{package} is missing: `make .venv/browser-tools`"
    return None


def needs(package: str) -> pytest.MarkDecorator:
    """CI installs all of it, so there it is an error and not a skip."""
    lack = missing(package)
    return pytest.mark.skipif(lack is not None and not os.environ.get("CI"), reason=str(lack))


def run(script: str, given: object, timeout: float = 120) -> Any:
    """What a script of `tests/browser` prints about what it reads from stdin, both JSON."""
    done = subprocess.run(
        ["node", str(TOOLS / script)],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=timeout,
        env={name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")},
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)
