"""The built wheel serves pages from any folder: templates and styles are inside it."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from real.server import Server, configuration

from kener_py import __version__

ROOT = Path(__file__).resolve().parents[1]

pytestmark = pytest.mark.real


def run(*words: object, cwd: Path) -> str:
    return subprocess.run(list(map(str, words)), cwd=cwd, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", folder, ROOT, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment that has the wheel, and the dependencies of this one."""
    folder = tmp_path_factory.mktemp("venv")
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder)
    (wheel,) = built.glob("*.whl")
    (packages,) = folder.glob("lib/python*/site-packages")
    run(
        sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", folder / "bin" / "python",
        "install", "--no-deps", "--quiet", wheel,
        cwd=folder,
    )  # fmt: skip
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "bin"


class Installed(Server):
    """The server as the installed command starts it, far from the checkout."""

    bin: Path

    def command(self) -> list[str]:
        return [str(self.bin / "kener-py"), *super().command()[3:]]


@pytest.fixture
def server(installed: Path, tmp_path: Path) -> Iterator[Installed]:
    started = Installed(tmp_path, configuration("job"))
    started.bin = installed
    try:
        started.start()
        yield started
    finally:
        started.close()


def test_the_wheel_serves_pages_and_styles(server: Installed, installed: Path, tmp_path: Path) -> None:
    where = run(installed / "python", "-c", "import kener_py; print(kener_py.__file__)", cwd=tmp_path)
    assert str(installed.parent) in where, "the wheel is tried, not the checkout"

    assert server.target("job").beat().status == 200
    assert "Job job" in server.get("/").text
    style = server.get("/static/style.css")
    assert style.status == 200
    assert style.headers["content-type"].startswith("text/css")


def test_the_version_is_the_same_everywhere(built: Path, installed: Path, tmp_path: Path) -> None:
    assert run(installed / "kener-py", "--version", cwd=tmp_path) == f"kener-py {__version__}\n"
    assert {file.name for file in built.iterdir()} == {
        f"kener_py-{__version__}-py3-none-any.whl",
        f"kener_py-{__version__}.tar.gz",
    }


def test_nothing_is_missing_from_the_archives(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    (sdist,) = built.glob("*.tar.gz")
    for_operators = [file.relative_to(ROOT) for file in (ROOT / "packaging").rglob("*.*")]
    assets = [file.relative_to(ROOT) for top in ("templates", "static") for file in (ROOT / top).rglob("*.*")]

    inside = set(zipfile.ZipFile(wheel).namelist())
    with tarfile.open(sdist) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}

    assert {f"kener_py/{name}" for name in assets} <= inside
    assert {str(name) for name in [*assets, *for_operators]} <= packed
    assert {"packaging/prometheus/alerts.yml", "packaging/grafana/kener-py.json"} <= packed
    assert {"LICENSE", "README.md", "config.example.yaml", "packaging/kener-py.schema.json"} <= packed
