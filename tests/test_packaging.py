"""Checkout, wheel and single binary are the same program, and each finds the files that it reads."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from apprise.manager_plugins import NotificationManager
from real import binary
from real.server import Server, configuration

from kener_py import __version__
from kener_py.model import LANGUAGES

ROOT = Path(__file__).resolve().parents[1]

pytestmark = pytest.mark.real


# What is installed must not find the checkout.
FAR = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def run(*words: object, cwd: Path) -> str:
    command = list(map(str, words))
    return subprocess.run(command, cwd=cwd, env=FAR, capture_output=True, text=True, check=True).stdout


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


@dataclass(frozen=True)
class Way:
    """One of the ways to have kener-py: the words that start it, and where Python looks for modules."""

    name: str
    words: list[str]
    path: str = ""

    def says(self, *words: object, cwd: Path) -> tuple[int, str, str]:
        """Exit code, stdout and stderr."""
        command = [*self.words, *map(str, words)]
        env = FAR | {"PYTHONPATH": self.path}
        done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def checkout() -> Way:
    return Way("checkout", [sys.executable, "-m", "kener_py"], str(ROOT))


@pytest.fixture(scope="module", params=["wheel", "binary"])
def other(request: pytest.FixtureRequest) -> Way:
    if request.param == "binary":
        return Way("binary", [str(binary.built())])
    return Way("wheel", [str(request.getfixturevalue("installed") / "kener-py")])


class Started(Server):
    """The server as this way starts it, far from the checkout."""

    def __init__(self, way: Way, folder: Path, yaml_text: str) -> None:
        super().__init__(folder, yaml_text, env={"PYTHONPATH": way.path})
        self.way = way

    def command(self) -> list[str]:
        return [*self.way.words, *super().command()[3:]]


@pytest.fixture
def server(installed: Path, tmp_path: Path) -> Iterator[Started]:
    started = Started(Way("wheel", [str(installed / "kener-py")]), tmp_path, configuration("job"))
    try:
        started.start()
        yield started
    finally:
        started.close()


def test_the_wheel_serves_pages_and_styles(server: Started, installed: Path, tmp_path: Path) -> None:
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


def broken_urls_of_every_service() -> str:
    """A file with a problem for each service that Apprise knows; its words come from the service."""
    urls = {f"n-{name}": f"{name}://" for name in sorted(NotificationManager().schemas())}
    assert len(urls) > 200
    return configuration("job", notifiers=urls)


@pytest.mark.parametrize(
    "words",
    [
        "--version",
        "schema",
        "notify-test --help",
        "check --config example.yaml",
        "check --config every.yaml",
        "check --config zone.yaml",
    ],
)
def test_each_way_says_the_same(checkout: Way, other: Way, tmp_path: Path, words: str) -> None:
    shutil.copy(ROOT / "config.example.yaml", tmp_path / "example.yaml")
    (tmp_path / "every.yaml").write_text(broken_urls_of_every_service())
    (tmp_path / "zone.yaml").write_text(configuration("job", site={"timezone": "Europe/Berlni"}))

    expected = checkout.says(*words.split(), cwd=tmp_path)

    assert other.says(*words.split(), cwd=tmp_path) == expected
    code, _, errors = expected
    assert code == (78 if "every" in words or "zone" in words else 0)
    if "every" in words:
        assert errors.count("n-") > 200
    if "zone" in words:
        assert "Europe/Berlin" in errors, "it knows the names of all time zones"


FILES = ["/site.css", "/static/app.js", "/static/up.svg", "/openapi.json"]
PAGES = [
    "/",
    "/index.md",
    "/status.txt",
    "/history",
    "/uptime",
    "/monitors/quiet",
    "/api",
    "/about",
    "/feed.json",
]


def shown(server: Started) -> dict[str, bytes | str]:
    """Every page in every language, without numbers and "a moment ago"; files as they are."""
    found: dict[str, bytes | str] = {path: server.get(path).body for path in FILES}
    for language in LANGUAGES:
        for path in PAGES:
            answer = server.get(path, {"Accept-Language": language, "Accept": "text/html, */*;q=0.1"})
            assert answer.status == 200, path
            found[f"{path} in {language}"] = re.sub(r"\d+|(?<=</time>)[^<]*", "0", answer.text)
    return found


def test_each_way_shows_the_same_pages(checkout: Way, other: Way, tmp_path: Path) -> None:
    text = configuration(
        "job", "quiet", site={"title": "Jobs", "url": "https://status.example.org", "timezone": "Asia/Tokyo"}
    )
    first = Started(checkout, tmp_path / "first", text)
    second = Started(other, tmp_path / "second", text)
    try:
        first.start()
        assert first.target("job").beat().status == 200
        first.target("job").becomes("UP")
        assert first.stop() == 0
        shutil.copy(first.database, second.database)

        first.start()
        expected = shown(first)
        second.start()
        second.target("job").becomes("UP")
        found = shown(second)
    finally:
        first.close()
        second.close()

    assert [name for name in expected if found[name] != expected[name]] == []
    assert len({expected[f"/ in {language}"] for language in LANGUAGES}) == len(LANGUAGES)


def test_a_binary_that_is_replaced_serves_on_until_it_is_started_anew(tmp_path: Path) -> None:
    program = tmp_path / "kener-py"
    shutil.copy(binary.built(), program)
    server = Started(Way("binary", [str(program)]), tmp_path / "server", configuration("job"))
    try:
        server.start()
        update = tmp_path / "update"
        update.write_bytes(bytes(program.stat().st_size))
        update.rename(program)

        assert server.get("/maintenance.ics").status == 200, "what makes calendars is imported by the first"
        assert server.stop() == 0
    finally:
        server.close()


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
