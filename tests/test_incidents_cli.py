"""`kener-py incident …` on a real file: what is printed, how it ends, and what it leaves behind."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from conftest import new_store

from kener_py import config, store
from kener_py.cli import beside, main
from kener_py.model import MINUTE, Instant
from kener_py.service import Service

NOW: Instant = 1_790_768_460_000  # 2026-09-30T11:41:00Z
TEXT = """\
site: {title: Acme, url: "https://status.acme.example", timezone: Europe/Berlin}
monitors:
  - {tag: backup, name: Backup, secretString: s3cret-of-backup-0123456789}
  - {tag: payroll, secretString: s3cret-of-payroll-987654321, hidden: true}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for variable in [name for name in os.environ if name.startswith("KENER_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setattr(beside, "now", lambda: NOW)
    (tmp_path / "config.yaml").write_text(TEXT)
    return tmp_path


@pytest.fixture
def service(folder: Path) -> Iterator[Service]:
    """A server that runs while the commands do."""
    db = new_store(folder / "kener.db")
    yield Service(db, config.load(folder / "config.yaml", {}), lambda: NOW)
    db.close()


def run(*words: str, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(main, ["incident", *words], input=stdin)


def done(*words: str, stdin: str | None = None) -> str:
    """The output of a command that must succeed."""
    result = run(*words, stdin=stdin)
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    return result.stdout


def shown(number: int = 1) -> dict:
    return json.loads(done("show", str(number), "--json"))


@pytest.mark.usefixtures("service")
class TestBesideAServer:
    def test_an_incident_is_created_and_its_address_is_printed(self):
        said = done("create", "Disk trouble", "--text", "We look.", "--monitor", "backup")
        assert said == "incident 1: INVESTIGATING, public, https://status.acme.example/incidents/1\n"
        assert done("show", "1").splitlines() == [
            "Incident 1: Disk trouble",
            "State: INVESTIGATING, minor, public",
            "Started: 2026-09-30 13:41:00 CEST",
            "Monitors: backup",
            "",
            "2026-09-30 13:41:00 CEST  INVESTIGATING",
            "  We look.",
        ]

    def test_programs_get_what_the_api_gives(self):
        made = json.loads(done("create", "X", "--text", "Y", "--severity", "MAJOR", "--draft", "--json"))
        assert (made["id"], made["severity"], made["is_draft"]) == ("1", "major", True)
        assert made == shown()
        assert json.loads(done("list", "--json")) == [made]

    def test_the_text_comes_from_stdin(self):
        done("create", "X", "--text", "-", stdin="One.\n\nTwo ü.\n")
        done("update", "1", "--text", "-", stdin="Three.\n")
        assert [each["text"] for each in shown()["updates"]] == ["Three.", "One.\n\nTwo ü."]

    def test_bytes_that_are_no_text_are_replaced(self):
        assert run("create", "X", "--text", "-", stdin=b"caf\xe9").exit_code == 0
        assert shown()["updates"][0]["text"] == "caf\N{REPLACEMENT CHARACTER}"

    def test_times_are_of_the_site_unless_they_say_so(self):
        done(
            "create", "X", "--text", "Y", "--started", "2026-09-30 13:00",
            "--state", "resolved", "--resolved", "2026-09-30T11:30:00Z",
        )  # fmt: skip
        assert shown()["started"] == "2026-09-30T11:00:00.000Z"
        assert "Resolved: 2026-09-30 13:30:00 CEST, after 30 min" in done("show", "1")

    def test_an_update_has_a_state_and_a_time(self):
        done("create", "X", "--text", "Y", "--started", "2026-09-30 12:00")
        said = done("update", "1", "--text", "Z", "--state", "monitoring")
        assert said == "incident 1: MONITORING, public, https://status.acme.example/incidents/1\n"
        done("update", "1", "--text", "old", "--state", "IDENTIFIED", "--at", "2026-09-30 12:30")
        assert [each["text"] for each in shown()["updates"]] == ["Z", "Y", "old"]
        assert shown()["state"] == "MONITORING"

    def test_title_severity_monitors_and_start_are_corrected(self):
        done("create", "X", "--text", "Y")
        done(
            "update", "1", "--title", "Z", "--severity", "critical", "--monitor", "backup",
            "--started", "2026-09-30 12:00",
        )  # fmt: skip
        found = shown()
        assert (found["title"], found["severity"], found["monitors"]) == ("Z", "critical", ["backup"])
        assert found["started"] == "2026-09-30T10:00:00.000Z"
        assert len(found["updates"]) == 1

    def test_a_draft_is_published(self, service):
        assert done("create", "X", "--text", "Y", "--draft") == "incident 1: INVESTIGATING, draft\n"
        assert service.incidents() == ()
        assert "public" in done("publish", "1")
        assert [each.title for each in service.incidents()] == ["X"]

    def test_an_incident_is_resolved_with_and_without_words(self):
        done("create", "X", "--text", "Y")
        done("resolve", "1")
        done("create", "X", "--text", "Y", "--started", "2026-09-30 12:00")
        done("resolve", "2", "--text", "Cable.", "--resolved", "2026-09-30 13:00")
        assert shown(1)["updates"][0]["text"] == "This incident is resolved."
        assert (shown(2)["updates"][0]["text"], shown(2)["resolved"]) == (
            "Cable.",
            "2026-09-30T11:00:00.000Z",
        )

    def test_the_list_is_one_line_each_newest_first(self):
        done("create", "First", "--text", "Y", "--started", "2026-09-30 12:00")
        done("create", "Second", "--text", "Y", "--draft", "--severity", "critical")
        done("create", "Third", "--text", "Y", "--monitor", "payroll", "--state", "resolved")
        assert done("list").splitlines() == [
            "   3  RESOLVED       minor     hidden  2026-09-30 13:41:00 CEST  Third",
            "   2  INVESTIGATING  critical  draft   2026-09-30 13:41:00 CEST  Second",
            "   1  INVESTIGATING  minor     public  2026-09-30 12:00:00 CEST  First",
        ]
        assert [line.split()[0] for line in done("list", "--open").splitlines()] == ["2", "1"]
        assert [line.split()[0] for line in done("list", "--drafts").splitlines()] == ["2"]

    def test_an_empty_list_says_so(self):
        result = run("list")
        assert (result.exit_code, result.stdout, result.stderr) == (0, "", "no incidents\n")
        assert done("list", "--json") == "[]\n"

    def test_deleting_asks_first(self):
        done("create", "X", "--text", "Y")
        for answer in ("n\n", "\n", ""):
            result = run("delete", "1", stdin=answer)
            assert result.exit_code == 1
            assert "Delete incident 1, 'X'?" in result.stderr
        assert shown()
        assert run("delete", "1", stdin="y\n").stdout == "incident 1: deleted\n"
        assert run("show", "1").exit_code == 1

    def test_deleting_does_not_ask_who_is_sure(self):
        done("create", "X", "--text", "Y")
        assert done("delete", "1", "--yes") == "incident 1: deleted\n"

    @pytest.mark.parametrize(
        ("words", "code", "says"),
        [
            (("create", "", "--text", "Y"), 2, "title: should not be empty"),
            (("create", "X" * 10_000, "--text", "Y"), 2, "title: is 10000 characters long; at most 200"),
            (("create", "X", "--text", "Y", "--monitor", "bakcup"), 2, "did you mean 'backup'?"),
            (("create", "X\x1b[2J", "--text", "Y"), 2, "title: has a character that is no text: U+001B"),
            (("create", "X\udce9", "--text", "Y"), 2, "title: has a character that is no text: U+DCE9"),
            (("create", "X"), 2, "--text: say what is wrong"),
            (("create", "X", "--text", "Y", "--started", "soon"), 2, "--started: should be a time"),
            (("create", "X", "--text", "Y", "--started", "\udce9"), 2, "--started: should be a time"),
            (
                ("create", "X", "--text", "Y", "--started", "2026-09-30 14:00"),
                2,
                "started: lies in the future",
            ),
            (("create", "X", "--text", "Y", "--state", "broken"), 2, "Invalid value for '--state'"),
            (("update", "1"), 2, "--text: say what is new"),
            (("update", "1", "--state", "monitoring"), 2, "--text: say what is new"),
            (("update", "1", "--text", "Y"), 1, "No incident has this id"),
            (("show", "1"), 1, "No incident has this id"),
            (("delete", "1", "--yes"), 1, "No incident has this id"),
            (("show", "x"), 2, "Invalid value for 'ID'"),
            (("show", "0"), 2, "Invalid value for 'ID'"),
            (("show", str(2**64)), 2, "Invalid value for 'ID'"),
        ],
    )
    def test_what_cannot_be_is_refused_and_nothing_is_written(self, service, words, code, says):
        result = run(*words)
        assert (result.exit_code, result.stdout) == (code, "")
        assert says in result.stderr
        assert service.all_incidents() == ()

    def test_an_edit_and_an_update_are_one_change(self, service):
        done("create", "X", "--text", "Y")
        before = service.all_incidents()
        assert run("update", "1", "--title", "New", "--text", " ").exit_code == 2
        assert service.all_incidents() == before

    def test_the_server_goes_on_writing(self, service):
        done("create", "X", "--text", "Y")
        service.mark_alive(NOW + MINUTE)
        assert service.measured() == NOW + MINUTE


# ---- the file --------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [("list",), ("create", "X", "--text", "Y")])
def test_without_a_database_it_says_what_creates_one(folder, words):
    result = run(*words)
    assert result.exit_code == 1
    assert "no such database; `kener-py serve` creates it" in result.stderr
    assert [each.name for each in folder.iterdir()] == ["config.yaml"]


def test_a_wrong_configuration_is_refused(folder):
    (folder / "config.yaml").write_text("monitors: 5\n")
    assert run("list").exit_code == 78


def test_without_a_server_it_writes_and_leaves_one_file(folder):
    store.Store(folder / "kener.db").close()
    done("create", "X", "--text", "Y")
    assert shown()["title"] == "X"
    left = {each.name for each in folder.iterdir()} - {"kener.db.lock"}
    assert left - {"kener.db-wal", "kener.db-shm"} == {"config.yaml", "kener.db"}


def test_a_file_that_is_not_ours_is_refused(folder):
    with closing(sqlite3.connect(folder / "kener.db")) as other:
        other.execute("create table secret_things (x)")
    result = run("create", "X", "--text", "Y")
    assert result.exit_code == 1
    assert "not one of kener-py" in result.stderr


@pytest.mark.parametrize("content", [b"", b"no database" * 100])
def test_a_file_that_is_no_database_is_refused(folder, content):
    (folder / "kener.db").write_bytes(content)
    result = run("create", "X", "--text", "Y")
    assert result.exit_code == 1
    assert result.stderr.startswith("kener-py: ")
    assert (folder / "kener.db").read_bytes() == content


@pytest.mark.parametrize("words", [("list",), ("create", "X", "--text", "Y")])
def test_a_file_of_an_older_version_is_not_touched(folder, words):
    store.Store(folder / "kener.db").close()
    with closing(sqlite3.connect(folder / "kener.db")) as older, older:
        older.execute("delete from _sqlite_migrations where name <> 'm001_first'")
    result = run(*words)
    assert result.exit_code == 1
    assert "older version" in result.stderr


def test_a_file_that_stays_locked_is_said_so(folder, monkeypatch):
    store.Store(folder / "kener.db").close()
    connect = store.database.connect
    monkeypatch.setattr(store.database, "connect", lambda path, mode, wait=0.0: connect(path, mode, 0.01))
    with closing(sqlite3.connect(folder / "kener.db", isolation_level=None)) as other:
        other.execute("begin immediate")
        result = run("create", "X", "--text", "Y")
    assert result.exit_code == 1
    assert "locked by another program" in result.stderr


def test_what_fails_in_the_middle_is_taken_back(folder):
    path = folder / "kener.db"
    store.Store(path).close()

    class Stop(Exception):
        pass

    def half() -> None:
        with store.beside(path) as db:
            db.execute("insert into incident_monitor values (1, 'x')")
            raise Stop

    with pytest.raises(Stop):
        half()
    with store.beside(path) as db:
        assert db["incident_monitor"].count == 0
