"""The npm packages of `tests/browser` that read us as their users do: an editor, a renderer, a client."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

from .programs import BROWSER


def run(script: str, given: object, timeout: float = 120) -> Any:
    """What a script of `tests/browser` prints about what it reads from stdin, both JSON."""
    done = subprocess.run(
        ["node", str(BROWSER / script)],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=timeout,
        env={name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")},
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)
