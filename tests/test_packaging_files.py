"""What operators take over from packaging/: it agrees with the code, with itself, and with those who read it.

That the steps of the container lead to a server that answers is tried at the end, without an engine.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Any

import commands
import pytest
import yaml
from conftest import World
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from real.programs import needs, program
from real.server import Server, configuration

from kener_py import config
from kener_py.cli import EX_CONFIG, main
from kener_py.config.load import VARIABLES
from kener_py.web import create

ROOT = Path(__file__).resolve().parents[1]
PACKAGING = ROOT / "packaging"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
CONTAINERFILE = PACKAGING / "container" / "Containerfile"
COMPOSE = yaml.safe_load((PACKAGING / "container" / "compose.yaml").read_text())
SERVICE: dict[str, Any] = COMPOSE["services"]["kener-py"]
KUBERNETES_FILE = PACKAGING / "kubernetes" / "kener-py.yaml"
KUBERNETES: dict[str, Any] = {
    each["kind"]: each for each in yaml.safe_load_all(KUBERNETES_FILE.read_text()) if each
}
POD: dict[str, Any] = KUBERNETES["StatefulSet"]["spec"]["template"]["spec"]
(CONTAINER,) = POD["containers"]
UNIT = (PACKAGING / "systemd" / "kener-py.service").read_text()
OURS = {*VARIABLES.values(), "KENER_CONFIG"}  # what the environment may say


# ---- locked dependencies ---------------------------------------------------------------------


@dataclass(frozen=True)
class Locked:
    version: Version
    hashes: frozenset[str]


def locked(name: str) -> dict[str, Locked]:
    """The entries of a lock file by name."""
    text = (PACKAGING / name).read_text().replace("\\\n", " ")
    found = {}
    for line in text.splitlines():
        if line and not line.lstrip().startswith("#"):
            requirement, *hashes = re.split(r"\s+--hash=", line.strip())
            entry = re.fullmatch(r"([a-z0-9-]+)==(\S+?)( ; .+)?", requirement)
            assert entry is not None, line
            found[entry[1]] = Locked(Version(entry[2]), frozenset(hashes))
    return found


def unmet(requirements: list[str], entries: dict[str, Locked]) -> list[str]:
    """Those that no entry fulfils on this machine."""
    found = []
    for text in requirements:
        wanted = Requirement(text)
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
            continue
        entry = entries.get(canonicalize_name(wanted.name))
        if entry is None or not wanted.specifier.contains(entry.version, prereleases=True):
            found.append(text)
    return found


@pytest.mark.parametrize(
    ("name", "required"),
    [
        ("requirements.lock", PROJECT["project"]["dependencies"]),
        ("build.lock", PROJECT["build-system"]["requires"]),
    ],
)
def test_the_lock_has_all_that_the_project_needs(name: str, required: list[str]) -> None:
    """If not: `make lock`."""
    assert unmet(required, locked(name)) == []


def test_the_lock_has_what_those_need_in_turn() -> None:
    entries = locked("requirements.lock")
    missing = {}
    for name, entry in entries.items():
        try:
            found = metadata.distribution(name)
        except metadata.PackageNotFoundError:  # a part of another platform
            continue
        if Version(found.version) == entry.version:  # of others nothing is known here
            missing[name] = unmet(found.requires or [], entries)
    assert {name: wanted for name, wanted in missing.items() if wanted} == {}
    assert len(missing) > 10, "the environment of the tests is far from the lock; `make lock`"


@pytest.mark.parametrize("name", ["requirements.lock", "build.lock"])
def test_every_entry_of_a_lock_is_known_by_its_hashes(name: str) -> None:
    entries = locked(name)
    assert entries
    for each, entry in entries.items():
        assert entry.hashes, each
        assert all(re.fullmatch("sha256:[0-9a-f]{64}", one) for one in entry.hashes), each


@pytest.mark.parametrize("name", ["requirements.lock", "build.lock"])
def test_a_lock_names_nobody_who_hands_packages_out(name: str) -> None:
    text = (PACKAGING / name).read_text()
    assert "://" not in text
    assert not re.search(r"^\s*-", text.replace("    --hash", ""), re.MULTILINE), "no options, no paths"


# ---- the container ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    word: str
    rest: str


def stages() -> list[list[Step]]:
    """The instructions of the Containerfile, by stage."""
    lines = [line for line in CONTAINERFILE.read_text().splitlines() if not line.startswith("#")]
    text = "\n".join(lines).replace("\\\n", " ")
    found: list[list[Step]] = []
    for line in filter(None, (each.strip() for each in text.splitlines())):
        word, _, rest = line.partition(" ")
        if word == "FROM":
            found.append([])
        if found:
            found[-1].append(Step(word, rest.strip()))
    return found


BUILD, IMAGE = stages()


def told(word: str) -> str:
    """What the one instruction of this kind in the image says."""
    (only,) = (step.rest for step in IMAGE if step.word == word)
    return only


def environment_of(stage: list[Step]) -> dict[str, str]:
    words = [word for step in stage if step.word == "ENV" for word in shlex.split(step.rest)]
    return dict(word.split("=", 1) for word in words)


IMAGE_ENV = environment_of(IMAGE)


def copied() -> list[tuple[list[str], str]]:
    """What the build takes from the project: sources, and where they go."""
    words = [step.rest.split() for step in BUILD if step.word == "COPY"]
    return [(each[:-1], each[-1]) for each in words]


def test_the_image_is_set_up_by_variables_that_there_are() -> None:
    given = {name for name in IMAGE_ENV if name.startswith("KENER_")}
    assert given
    assert given <= OURS


def test_the_image_runs_commands_that_there_are() -> None:
    assert yaml.safe_load(told("ENTRYPOINT")) == ["kener-py"]
    assert yaml.safe_load(told("CMD"))[0] in commands.of(main)
    name, command = yaml.safe_load(told("HEALTHCHECK").partition(" CMD ")[2])
    assert name == "kener-py"
    assert command in commands.of(main)


def test_the_image_is_not_root_by_number() -> None:
    user, group = told("USER").split(":")
    assert int(user) > 0
    assert int(group) > 0


def test_the_image_writes_into_its_volume_and_listens_where_it_says() -> None:
    assert IMAGE_ENV["KENER_DATABASE"].startswith(told("VOLUME") + "/")
    assert IMAGE_ENV["KENER_PORT"] == told("EXPOSE")


def test_the_image_holds_no_secret() -> None:
    text = CONTAINERFILE.read_text()
    assert not re.search(r"secret|token|password|api_key", "\n".join(re.findall("(?m)^[^#].*", text)), re.I)
    assert not re.search(r"^ADD ", text, re.M), "COPY does one thing"


def test_the_build_has_all_that_the_project_is_built_of() -> None:
    sources = {source for sources, _ in copied() for source in sources}
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {"pyproject.toml", PROJECT["project"]["readme"], *PROJECT["project"]["license-files"]}
    needed |= {
        *wheel["packages"],
        *wheel["force-include"],
        "packaging/requirements.lock",
        "packaging/build.lock",
    }
    assert sources == needed
    assert all((ROOT / source).exists() for source in sources)


def test_the_builder_is_shown_what_it_copies_and_nothing_else() -> None:
    lines = (CONTAINERFILE.parent / "Containerfile.dockerignore").read_text().splitlines()
    rules = [line for line in lines if not line.startswith("#")]
    assert rules[0] == "*"
    assert {rule.removeprefix("!") for rule in rules if rule.startswith("!")} == {
        source for sources, _ in copied() for source in sources
    }


# ---- compose ---------------------------------------------------------------------------------


def test_compose_builds_from_the_files_that_there_are() -> None:
    folder = (CONTAINERFILE.parent / SERVICE["build"]["context"]).resolve()
    assert folder == ROOT
    assert folder / SERVICE["build"]["dockerfile"] == CONTAINERFILE


def test_compose_and_the_image_mean_the_same_ports_and_folders() -> None:
    (port,) = SERVICE["ports"]
    assert port.rpartition(":")[2] == told("EXPOSE")
    assert port.startswith("127.0.0.1:"), "nobody is let in by an example"
    volume, bind = SERVICE["volumes"]
    assert volume == f"data:{told('VOLUME')}"
    assert list(COMPOSE["volumes"]) == ["data"]
    assert bind["target"] == str(PurePosixPath(IMAGE_ENV["KENER_CONFIG"]).parent)
    assert bind["read_only"] is True
    assert SERVICE["secrets"] == list(COMPOSE["secrets"])


def test_compose_takes_every_right_away() -> None:
    assert SERVICE["read_only"] is True
    assert SERVICE["cap_drop"] == ["ALL"]
    assert SERVICE["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in SERVICE


# ---- Kubernetes ------------------------------------------------------------------------------


def test_kubernetes_never_runs_two() -> None:
    assert KUBERNETES["StatefulSet"]["spec"]["replicas"] == 1
    (claim,) = KUBERNETES["StatefulSet"]["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["accessModes"] == ["ReadWriteOnce"]


def test_kubernetes_and_the_image_mean_the_same_ports_folders_and_user() -> None:
    (port,) = CONTAINER["ports"]
    assert str(port["containerPort"]) == told("EXPOSE")
    (outside,) = KUBERNETES["Service"]["spec"]["ports"]
    assert outside["targetPort"] == port["name"]
    mounts = {each["name"]: each["mountPath"] for each in CONTAINER["volumeMounts"]}
    assert mounts["data"] == told("VOLUME")
    assert mounts["config"] == str(PurePosixPath(IMAGE_ENV["KENER_CONFIG"]).parent)
    assert PurePosixPath(IMAGE_ENV["KENER_CONFIG"]).name in KUBERNETES["ConfigMap"]["data"]
    user, group = (int(number) for number in told("USER").split(":"))
    rights = POD["securityContext"]
    assert (rights["runAsUser"], rights["runAsGroup"], rights["fsGroup"]) == (user, group, group)


def test_kubernetes_mounts_what_there_is() -> None:
    volumes = {each["name"] for each in POD["volumes"]}
    volumes |= {
        each["metadata"]["name"] for each in KUBERNETES["StatefulSet"]["spec"]["volumeClaimTemplates"]
    }
    assert {each["name"] for each in CONTAINER["volumeMounts"]} == volumes
    assert {each["configMap"]["name"] for each in POD["volumes"] if "configMap" in each} == {
        KUBERNETES["ConfigMap"]["metadata"]["name"]
    }
    assert {each["secret"]["secretName"] for each in POD["volumes"] if "secret" in each} == {
        KUBERNETES["Secret"]["metadata"]["name"]
    }


def test_kubernetes_finds_its_pod() -> None:
    labels = KUBERNETES["StatefulSet"]["spec"]["template"]["metadata"]["labels"]
    assert KUBERNETES["StatefulSet"]["spec"]["selector"]["matchLabels"] == labels
    assert KUBERNETES["Service"]["spec"]["selector"] == labels
    assert KUBERNETES["StatefulSet"]["spec"]["serviceName"] == KUBERNETES["Service"]["metadata"]["name"]


def test_kubernetes_asks_at_addresses_that_answer(world: World) -> None:
    client = create(world.service).test_client()
    (port,) = CONTAINER["ports"]
    probes = {name: CONTAINER[f"{name}Probe"] for name in ("startup", "readiness", "liveness")}
    for name, probe in probes.items():
        assert probe["httpGet"]["port"] == port["name"], name
        assert client.get(probe["httpGet"]["path"]).text == "ok\n", name


def test_kubernetes_takes_every_right_away() -> None:
    assert POD["securityContext"]["runAsNonRoot"] is True
    assert POD["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert POD["automountServiceAccountToken"] is False
    assert POD["enableServiceLinks"] is False
    assert CONTAINER["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_the_configuration_for_kubernetes_is_valid(tmp_path: Path) -> None:
    (folder,) = (each["mountPath"] for each in CONTAINER["volumeMounts"] if each["name"] == "secrets")
    for name, value in KUBERNETES["Secret"]["stringData"].items():
        (tmp_path / name).write_text(value)
    text = KUBERNETES["ConfigMap"]["data"]["config.yaml"]
    assert f"{folder}/" in text
    file = tmp_path / "config.yaml"
    file.write_text(text.replace(folder, str(tmp_path)))

    loaded = config.load(file, {})

    assert loaded.warnings == ()
    assert len(loaded.files) == 1 + len(KUBERNETES["Secret"]["stringData"]), "each secret is used"


# ---- systemd ---------------------------------------------------------------------------------


def unit(name: str) -> list[str]:
    """What the unit says under a name, once or several times."""
    return re.findall(rf"(?m)^{name}=(.*)$", UNIT)


def test_the_unit_runs_a_command_that_there_is() -> None:
    (line,) = unit("ExecStart")
    path, command = line.split()
    assert PurePosixPath(path).name == "kener-py"
    assert command in commands.of(main)


def test_the_unit_sets_variables_that_there_are() -> None:
    names = {line.partition("=")[0] for line in unit("Environment")}
    assert names - OURS == {"TMPDIR"}


def test_the_unit_gives_up_where_the_command_line_says_so() -> None:
    (line,) = unit("RestartPreventExitStatus")
    assert set(line.split()) == {"2", str(EX_CONFIG)}


def test_the_unit_names_the_folders_that_it_uses() -> None:
    for variable, folder in (
        ("%S", "StateDirectory"),
        ("%t", "RuntimeDirectory"),
        ("%E", "ConfigurationDirectory"),
    ):
        (name,) = unit(folder)
        assert any(f"={variable}/{name}" in line for line in unit("Environment")), folder


# ---- in earnest ------------------------------------------------------------------------------


@pytest.mark.real
@needs("hadolint")
def test_a_linter_finds_nothing_in_the_containerfile() -> None:
    done = subprocess.run([program("hadolint"), CONTAINERFILE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.real
@needs("kubernetes-validate")
@pytest.mark.parametrize("version", ["1.28", "1.34"])
def test_kubernetes_knows_every_field(version: str) -> None:
    done = subprocess.run(
        [program("kubernetes-validate"), "--strict", "-k", version, KUBERNETES_FILE],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


class Contained(Server):
    """The server as the image starts it: its program, its variables, and none of this checkout."""

    root: Path

    def command(self) -> list[str]:
        words = [*yaml.safe_load(told("ENTRYPOINT")), *yaml.safe_load(told("CMD"))]
        return [str(self.root / "opt" / "kener-py" / "bin" / words[0]), *words[1:]]


@pytest.fixture
def contained(tmp_path: Path) -> Iterator[Contained]:
    """What is left of the image without an engine: the steps of its build, in folders of their own."""
    root, source = tmp_path / "root", tmp_path / "root" / "src"
    source.mkdir(parents=True)
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "base"], check=True)
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    env |= environment_of(BUILD) | {"PATH": f"{tmp_path / 'base' / 'bin'}:{env['PATH']}"}
    for step in BUILD:
        if step.word == "COPY":
            *sources, target = step.rest.split()
            (source / target).mkdir(parents=True, exist_ok=True)
            for each in sources:
                inside = ["/."] if (ROOT / each).is_dir() else [""]
                subprocess.run(["cp", "-r", f"{ROOT / each}{inside[0]}", source / target], check=True)
        elif step.word == "RUN":
            script = re.sub(r"(?<=[\s=])/(opt|dist)\b", lambda found: f"{root}/{found[1]}", f" {step.rest}")
            subprocess.run(["sh", "-ec", script], cwd=source, env=env, check=True, stdout=subprocess.DEVNULL)
    made = Contained(tmp_path / "run", configuration("job"), flags=False)
    made.root = root
    inside = {name: value for name, value in IMAGE_ENV.items() if name.startswith("KENER_")}
    made.env = inside | {
        "KENER_CONFIG": str(made.config),
        "KENER_DATABASE": str(made.database),
        "KENER_HOST": "127.0.0.1",
        "KENER_PORT": str(made.port),
        "PYTHONPATH": "",  # not the checkout
    }
    try:
        yield made.start()
    finally:
        made.close()


@pytest.mark.real
def test_the_steps_of_the_build_lead_to_a_server_that_answers(contained: Contained) -> None:
    assert contained.target("job").beat().status == 200
    assert "Job job" in contained.get("/").text
    assert contained.get("/static/style.css").status == 200

    _, command = yaml.safe_load(told("HEALTHCHECK").partition(" CMD ")[2])
    asked = [contained.command()[0], command]
    env = {name: value for name, value in contained.env.items() if name != "KENER_CONFIG"}
    where = [
        contained.root / "opt" / "kener-py" / "bin" / "python",
        "-c",
        "import kener_py; print(kener_py.__file__)",
    ]
    found = subprocess.run(where, env=env, cwd=contained.folder, capture_output=True, text=True, check=True)
    assert found.stdout.startswith(str(contained.root)), "the wheel is tried, not the checkout"
    done = subprocess.run(asked, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "ok\n"), done.stderr

    assert contained.stop() == 0
