"""Another Debian than that of this machine, below `build/`, entered by chroot."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from .programs import needs
from .server import ROOT

needs_debian = needs("root", "debootstrap", "unshare", "chroot")


def unpacked(suite: str, *packages: str) -> Path:
    """The root of a minimal Debian of this suite with these packages, kept for the next time."""
    root = ROOT / "build" / f"debian-{suite}"
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
