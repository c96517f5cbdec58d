"""The single binary as `make binary` builds it, and a Debian that has nothing of what it replaces."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from . import debian
from .server import ROOT, Server

BINARY = ROOT / "dist" / "kener-py"
NOBODY = "65534"  # its user and group

# What a machine without Python does not have, as patterns below its root.
_REPLACED = ("usr/bin/python*", "usr/lib/python*", "usr/share/zoneinfo", "etc/ssl/certs")


def built() -> Path:
    """The binary of these sources; make knows whether it has to be built for that."""
    lower = ["nice", "-n", "10"]
    subprocess.run([*lower, "make", "binary"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL, timeout=580)
    return BINARY


def bare_debian() -> Path:
    """The root of a Debian 12 without Python, time zones and certificates."""
    root = debian.unpacked("bookworm")
    shutil.rmtree(root / "usr" / "share" / "zoneinfo", ignore_errors=True)
    found = [file for pattern in _REPLACED for file in root.glob(pattern)]
    assert not found, f"this would hide what is missing from the binary: {found}"
    return root


class Bare(Server):
    """The binary alone in that Debian, without any environment and as a user without rights.

    `mount` is an option of tmpfs, "noexec" for example: a tmpfs like that is its /tmp, and nobody else's.
    """

    def __init__(self, root: Path, folder: Path, yaml_text: str, mount: str | None = None) -> None:
        super().__init__(folder, yaml_text)
        self.root, self.mount = root, mount
        self.inside = {"PYTHONTZPATH": ""}
        os.chown(folder, int(NOBODY), int(NOBODY))

    def seen(self, file: Path) -> str:
        """The path of a file as the process sees it."""
        return f"/{file.relative_to(self.root)}"

    def words(self, *words: str) -> list[str]:
        """The whole command line for these words of kener-py."""
        variables = [f"{name}={value}" for name, value in self.inside.items()]
        user = f"--userspec={NOBODY}:{NOBODY}"
        command = ["env", "-i", *variables, str(shutil.which("chroot")), user, str(self.root)]
        command += [self.seen(self.folder / "kener-py"), *words]
        if self.mount is None:
            return command
        mount = f'mount -t tmpfs -o {self.mount} tmpfs "$0/tmp" && exec "$@"'
        return ["unshare", "--mount", "sh", "-c", mount, str(self.root), *command]

    def command(self) -> list[str]:
        files = ["--config", self.seen(self.config), "--database", self.seen(self.database)]
        return self.words("serve", *files, "--port", str(self.port))

    @property
    def unpacked(self) -> list[str]:
        """The folders that the binary has unpacked itself to, and not removed."""
        return sorted(folder.name for folder in (self.root / "tmp").glob("_MEI*"))

    @property
    def worker(self) -> int:
        """The process that the one which was started has started in turn."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        (child,) = children.read_text().split()
        return int(child)


@contextlib.contextmanager
def folder_with_binary(root: Path) -> Iterator[Path]:
    """A folder of that Debian with nothing but the binary; removed at the end."""
    folder = root / "srv" / "kener"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        shutil.copy(BINARY, folder / "kener-py")
        yield folder
    finally:
        shutil.rmtree(folder)
        for left in (*root.glob("tmp/_MEI*"), *root.glob("var/tmp/_MEI*")):
            shutil.rmtree(left)
