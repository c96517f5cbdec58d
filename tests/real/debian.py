"""Another Debian than that of this machine, below `build/`, entered by chroot."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from .programs import needs
from .server import ROOT

needs_debian = needs("root", "debootstrap", "unshare", "chroot")


def unpacked(suite: str, *packages: str) -> Path:
    """The root of a minimal Debian of this suite with these packages, kept for the next time."""
    root = ROOT / "build" / "-".join(["debian", suite, *packages])
    if not root.exists():
        new = root.with_suffix(".new")
        shutil.rmtree(new, ignore_errors=True)
        new.parent.mkdir(exist_ok=True)
        included = [f"--include={','.join(packages)}"] if packages else []
        subprocess.run(
            ["debootstrap", "--variant=minbase", *included, suite, new],
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=580,
        )
        new.rename(root)
    return root


# How variables begin that tell pip where packages are: that is the same inside.
_TOLD = ("pip_", "http", "no_proxy")


def inside(root: Path, script: str, timeout: float) -> str:
    """What a shell script prints that sees no files but those below `root`; it must succeed."""
    mounts = 'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && exec "$@"'
    outside = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", mounts, str(root)]
    variables = {name: value for name, value in os.environ.items() if name.lower().startswith(_TOLD)}
    variables |= {"HOME": "/root", "PATH": "/usr/bin:/usr/sbin", "LANG": "C.UTF-8"}
    given = [f"{name}={value}" for name, value in variables.items()]
    done = subprocess.run(
        [*outside, str(shutil.which("chroot")), str(root), "env", "-i", *given, "sh", "-ec", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8_000:]
    return done.stdout
