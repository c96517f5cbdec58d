"""`kener-py backup`, `restore` and `db …` on real files: what is copied, what is refused, what stays."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from conftest import new_folder, new_store
from real.programs import needs

from kener_py import config, store
from kener_py.cli import beside, main
from kener_py.model import Heartbeat, Instant
from kener_py.service import Service
from kener_py.store import copies

NOW: Instant = 1_790_768_460_000  # 2026-09-30T11:41:00Z
ASIDE = "kener.db.before-restore-20260930T114100Z"
SECRETS = ("s3cret-of-backup-0123456789", "key-of-a-program-987654321", "password-of-a-hook")
TEXT = f"""\
notifiers: {{ops: "json://user:{SECRETS[2]}@127.0.0.1:9/"}}
api_keys: [{{name: program, key: {SECRETS[1]}, scopes: ["heartbeat:write"]}}]
monitors:
  - {{tag: backup, name: Backup, secretString: {SECRETS[0]}, interval: 1h}}
  - {{tag: other, name: Other, secretString: {SECRETS[0]}, interval: 1h}}
"""


# ---- parts -----------------------------------------------------------------------------------


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for variable in [name for name in os.environ if name.startswith("KENER_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setattr(beside, "now", lambda: NOW)
    with new_folder() as made:
        monkeypatch.chdir(made)
        (made / "config.yaml").write_text(TEXT)
        yield made


@pytest.fixture
def database(folder: Path) -> Path:
    return folder / "kener.db"


def open_service(database: Path) -> Service:
    db = store.Store(database) if database.exists() else new_store(database)
    return Service(db, config.load(database.parent / "config.yaml", {}), lambda: NOW)


@pytest.fixture
def service(database: Path) -> Iterator[Service]:
    """A server that has the file while the commands run."""
    opened = open_service(database)
    yield opened
    opened.store.close()


@pytest.fixture
def ended(database: Path) -> Path:
    """The database of a server that has ended, with one heartbeat."""
    opened = open_service(database)
    beat(opened, "from before")
    opened.store.close()
    return database


def beat(service: Service, message: str, tag: str = "backup") -> None:
    service.record(Heartbeat(tag, NOW, message=message))


def run(*words: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(main, list(words), input=stdin)


def done(*words: str) -> str:
    """The output of a command that must succeed."""
    result = run(*words)
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    return result.stdout


def refused(*words: str, code: int = 1) -> str:
    result = run(*words)
    assert (result.exit_code, result.stdout) == (code, ""), result.output
    assert len(result.stderr.splitlines()) == 1
    return result.stderr


def messages(path: Path) -> list[str]:
    """What heartbeats said, read from a copy, so that nothing is made beside the file."""
    with new_folder() as place:
        for end in ("", "-wal"):
            if (file := path.with_name(path.name + end)).exists():
                shutil.copy(file, place / f"copy{end}")
        with closing(sqlite3.connect(place / "copy")) as connection:
            assert connection.execute("pragma integrity_check").fetchone()[0] == "ok"
            return [
                row[0]
                for row in connection.execute("select message from heartbeat order by received, message")
            ]


def contents(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def edit(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        for each in statements:
            other.execute(each)


# ---- backup ----------------------------------------------------------------------------------


def test_a_backup_beside_a_server_has_what_was_committed(service: Service, folder: Path) -> None:
    beat(service, "one")

    assert done("backup", "copy.db").startswith(f"{folder}/copy.db: ")

    beat(service, "two")
    assert messages(folder / "copy.db") == ["one"]
    assert done("db", "check") == f"{folder}/kener.db: whole\n"


def test_a_backup_is_one_file_that_only_its_owner_may_read(service: Service, folder: Path) -> None:
    beat(service, "one")
    before = {each.name for each in folder.iterdir()}

    done("backup", "copy.db")

    assert {each.name for each in folder.iterdir()} == before | {"copy.db"}
    assert stat.S_IMODE((folder / "copy.db").stat().st_mode) == 0o600


def test_a_backup_says_in_json_what_was_made(ended: Path, folder: Path) -> None:
    told = json.loads(done("backup", "--json", "copy.db"))

    assert told == {
        "file": str(folder / "copy.db"),
        "bytes": (folder / "copy.db").stat().st_size,
        "schema": "m004_deliveries_by_target",
        "database": str(ended),
    }


def test_a_backup_has_no_secret_of_the_file(service: Service, folder: Path) -> None:
    for tag in ("backup", "other"):
        service.record(Heartbeat(tag, NOW, message="fine"))
    done("backup", "copy.db")

    content = (folder / "copy.db").read_bytes()

    assert b"fine" in content
    assert [secret for secret in SECRETS if secret.encode() in content] == []


def test_what_was_forgotten_is_not_in_a_backup(ended: Path, folder: Path) -> None:
    with closing(sqlite3.connect(ended, isolation_level=None)) as other:
        other.execute("pragma secure_delete = off")
        other.execute("delete from heartbeat")
        other.execute("update state set message = ''")
    assert b"from before" in ended.read_bytes()

    done("backup", "copy.db")

    assert b"from before" not in (folder / "copy.db").read_bytes()


def test_a_file_that_is_there_is_replaced_only_by_force(ended: Path, folder: Path) -> None:
    (folder / "copy.db").write_text("precious")

    assert "exists already; --force replaces it" in refused("backup", "copy.db")
    assert (folder / "copy.db").read_text() == "precious"

    done("backup", "--force", "copy.db")
    assert messages(folder / "copy.db") == ["from before"]


@pytest.mark.parametrize("end", ["", "-wal", "-shm", "-journal", ".lock"])
def test_the_database_itself_is_no_target_even_by_force(service: Service, folder: Path, end: str) -> None:
    beat(service, "one")
    (folder / "link").symlink_to(f"kener.db{end}")
    for name in (f"kener.db{end}", "link"):
        assert "belongs to the database itself" in refused("backup", "--force", name)
    beat(service, "two")
    assert messages(folder / "kener.db") == ["one", "two"]


def test_a_target_that_cannot_be_is_refused_in_words(ended: Path, folder: Path) -> None:
    before = contents(folder)

    assert "its folder does not exist" in refused("backup", "nowhere/copy.db")
    assert "a folder; name a file in it" in refused("backup", ".")
    assert "not a file; `-` writes to standard output" in refused("backup", "--force", "/dev/null")
    assert contents(folder) == before


def test_a_backup_through_a_link_goes_where_it_points(ended: Path, folder: Path) -> None:
    (folder / "latest.db").symlink_to("monday.db")

    done("backup", "latest.db")

    assert (folder / "latest.db").is_symlink()
    assert messages(folder / "monday.db") == ["from before"]


def test_without_a_database_nothing_is_made(folder: Path) -> None:
    before = contents(folder)

    assert "no such database" in refused("backup", "copy.db")
    assert contents(folder) == before


def test_a_backup_goes_to_standard_output(ended: Path, folder: Path) -> None:
    result = run("backup", "-")

    assert result.exit_code == 0
    assert "standard output: " in result.stderr
    (folder / "copy.db").write_bytes(result.stdout_bytes)
    assert messages(folder / "copy.db") == ["from before"]
    assert "cannot both go to standard output" in refused("backup", "--json", "-", code=2)


def test_what_a_killed_backup_left_is_written_over(ended: Path, folder: Path) -> None:
    (folder / "copy.db.part").write_bytes(b"half of a copy" * 1000)
    (folder / "copy.db.part-journal").write_bytes(b"and its journal")

    done("backup", "copy.db")

    assert messages(folder / "copy.db") == ["from before"]
    assert not list(folder.glob("copy.db.part*"))


def test_two_backups_to_one_file_do_not_mix(ended: Path, folder: Path) -> None:
    with copies.placed(folder / "copy.db") as part:
        assert "another kener-py is writing it" in refused("backup", "copy.db")
        part.write_bytes(b"whole")
    assert (folder / "copy.db").read_bytes() == b"whole"


def test_a_backup_has_its_name_once_it_is_read_back(
    service: Service, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived, go = threading.Event(), threading.Event()
    read_back = copies.read_back

    def held(path: Path) -> str:
        arrived.set()
        assert go.wait(20)
        return read_back(path)

    monkeypatch.setattr(copies, "read_back", held)
    thread = threading.Thread(target=store.back_up, args=(folder / "kener.db", folder / "copy.db"))
    thread.start()
    assert arrived.wait(20)
    assert not (folder / "copy.db").exists()
    beat(service, "meanwhile")
    go.set()
    thread.join(20)
    assert messages(folder / "copy.db") == []
    assert messages(folder / "kener.db") == ["meanwhile"]


def test_a_copy_that_is_damaged_never_gets_its_name(
    ended: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that keeps other bytes than it was given."""
    read_back = copies.read_back

    def spoiled(path: Path) -> str:
        with path.open("r+b") as file:
            file.seek(3 * 4096)
            file.write(b"\xff" * 4096 * 5)
        return read_back(path)

    (folder / "copy.db").write_text("of yesterday")
    monkeypatch.setattr(copies, "read_back", spoiled)

    assert "damaged" in refused("backup", "--force", "copy.db")
    assert (folder / "copy.db").read_text() == "of yesterday"
    assert not (folder / "copy.db.part").exists()


# ---- restore ---------------------------------------------------------------------------------


@pytest.fixture
def copy(ended: Path, folder: Path) -> Path:
    """A backup with "from before"; the database has "since then", too."""
    done("backup", "copy.db")
    opened = open_service(ended)
    beat(opened, "since then")
    opened.store.close()
    return folder / "copy.db"


def test_a_restore_puts_the_backup_there_and_keeps_what_was(copy: Path, database: Path, folder: Path) -> None:
    assert done("restore", "copy.db").splitlines()[1] == f"what was there before: {folder / ASIDE}"

    assert messages(database) == ["from before"]
    assert messages(folder / ASIDE) == ["from before", "since then"]
    assert messages(copy) == ["from before"]
    open_service(database).store.close()


def test_a_restore_says_in_json_what_was_done(copy: Path, database: Path, folder: Path) -> None:
    told = json.loads(done("restore", "--json", "copy.db"))

    assert told == {
        "database": str(database),
        "bytes": database.stat().st_size,
        "schema": "m004_deliveries_by_target",
        "before": str(folder / ASIDE),
    }


def test_a_restore_can_be_taken_back(copy: Path, database: Path, folder: Path) -> None:
    done("restore", "copy.db")
    done("restore", ASIDE)

    assert messages(database) == ["from before", "since then"]
    assert messages(folder / f"{ASIDE}-2") == ["from before"]


def test_where_nothing_was_a_restore_puts_nothing_aside(copy: Path, database: Path, folder: Path) -> None:
    database.unlink()

    assert json.loads(done("restore", "--json", "copy.db"))["before"] is None
    assert messages(database) == ["from before"]
    assert not (folder / ASIDE).exists()


def test_a_restore_reads_standard_input(copy: Path, database: Path) -> None:
    result = run("restore", "-", stdin=copy.read_bytes())

    assert result.exit_code == 0, result.output
    assert messages(database) == ["from before"]


def test_a_restore_beside_a_server_is_refused(service: Service, database: Path, folder: Path) -> None:
    beat(service, "one")
    done("backup", "copy.db")
    beat(service, "two")

    assert "another kener-py is using this database; stop it first" in refused("restore", "copy.db")
    assert "another kener-py is using this database; stop it first" in refused("db", "vacuum")

    beat(service, "three")
    assert messages(database) == ["one", "three", "two"]
    assert not (folder / ASIDE).exists()


def test_a_restore_while_another_program_writes_is_refused(
    copy: Path, database: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = store.upkeep.connect
    monkeypatch.setattr(store.upkeep, "connect", lambda path, mode: connect(path, mode, 0.01))
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("begin immediate")
        assert "locked by another program" in refused("restore", "copy.db")
    assert messages(database) == ["from before", "since then"]
    assert not (folder / ASIDE).exists()


def test_a_log_that_a_crash_left_goes_aside_too(copy: Path, database: Path, folder: Path) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("pragma journal_mode = wal")
        other.execute("update heartbeat set message = 'only in the log' where message = 'since then'")
        crashed = contents(folder)
    for name in ("kener.db", "kener.db-wal"):
        (folder / name).write_bytes(crashed[name])
    assert b"only in the log" not in crashed["kener.db"]

    done("restore", "copy.db")

    assert messages(database) == ["from before"]
    assert messages(folder / ASIDE) == ["from before", "only in the log"]
    assert not (folder / "kener.db-wal").exists()


def damage_header(path: Path) -> None:
    path.write_bytes(b"\0" * 100 + path.read_bytes()[100:])


def damage_middle(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:8192] + b"\xff" * (len(content) - 16384) + content[-8192:])


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:10_000])


def cut_off_between_pages(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: 4096 * 5])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def text(path: Path) -> None:
    path.write_text("These are my notes.")


def foreign(path: Path) -> None:
    path.unlink(missing_ok=True)
    edit(path, "create table customer (name text)")


def newer(path: Path) -> None:
    edit(
        path, "insert into _sqlite_migrations (migration_set, name, applied_at) values ('kener', 'm999', '')"
    )


def broken_index(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("pragma writable_schema = on")
        other.execute("update sqlite_master set rootpage = (select rootpage from sqlite_master where"
                      " name = 'incident_started') where name = 'alert_standing'")  # fmt: skip


BAD = [
    damage_header,
    damage_middle,
    cut_off,
    cut_off_between_pages,
    empty,
    text,
    foreign,
    newer,
    broken_index,
]


@pytest.mark.parametrize("spoil", BAD)
def test_a_bad_backup_is_refused_and_nothing_changes(
    copy: Path, folder: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(copy)
    before = contents(folder)

    said = refused("restore", "copy.db")

    assert str(copy) in said or "copy.db" in said
    assert {name: content for name, content in contents(folder).items() if name != "kener.db.lock"} == {
        name: content for name, content in before.items() if name != "kener.db.lock"
    }


def test_a_source_that_cannot_be_is_refused_in_words(ended: Path, folder: Path) -> None:
    assert "no such file" in refused("restore", "nowhere.db")
    assert "is the database itself" in refused("restore", "kener.db")
    (folder / "kener.db.part").write_bytes(b"half a restore")
    assert "left by a restore that was cut off" in refused("restore", "kener.db.part")
    assert (folder / "kener.db.part").read_bytes() == b"half a restore"
    assert "a folder" in refused("restore", ".")
    assert messages(ended) == ["from before"]


@pytest.mark.parametrize(
    "spoil", [damage_header, damage_middle, cut_off, cut_off_between_pages, empty, text, foreign, newer]
)
def test_a_spoiled_database_goes_aside_byte_by_byte(
    copy: Path, database: Path, folder: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(database)
    spoiled = database.read_bytes()
    for name in ("kener.db-wal", "kener.db-journal"):
        database.with_name(name).write_bytes(b"\x37\x7f\x06\x82 of somebody")

    done("restore", "copy.db")

    assert messages(database) == ["from before"]
    kept = (folder / ASIDE).read_bytes()
    # SQLite may note in bytes 18 and 19 of what it could open that it needs no log any more.
    assert kept[:18] + kept[20:] == spoiled[:18] + spoiled[20:]
    assert {each.name for each in folder.glob("kener.db-*")} == set()
    open_service(database).store.close()


def test_what_is_restored_has_the_rights_of_what_was_there(copy: Path, database: Path) -> None:
    database.chmod(0o640)
    done("restore", "copy.db")
    assert stat.S_IMODE(database.stat().st_mode) == 0o640


@needs("root")  # to give files away
def test_what_root_restores_belongs_to_the_server(copy: Path, database: Path, folder: Path) -> None:
    os.chown(folder, 4711, 4712)
    os.chown(database, 4711, 4712)
    database.with_name("kener.db.lock").unlink()

    done("restore", "copy.db")
    done("db", "vacuum")

    found = {each.name: (each.stat().st_uid, each.stat().st_gid) for each in folder.glob("kener.db*")}
    assert found == dict.fromkeys(("kener.db", "kener.db.lock", ASIDE), (4711, 4712))


def test_where_files_cannot_have_two_names_what_was_there_is_copied(
    copy: Path, database: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", cannot)

    done("restore", "copy.db")

    assert messages(folder / ASIDE) == ["from before", "since then"]
    assert messages(database) == ["from before"]


def test_a_second_name_that_a_cut_off_restore_left_goes(copy: Path, database: Path, folder: Path) -> None:
    os.link(database, folder / f"{ASIDE[:-3]}00Z")

    done("restore", "copy.db")

    assert {each.name for each in folder.glob("*before-restore*")} == {ASIDE}


# ---- check -----------------------------------------------------------------------------------


BROKEN = {
    "change: the open span of backup began at": "update state set head_since = head_since + 1",
    "change: nobody has a history, but no state": "insert into change values ('nobody', 1, 'UP', 1)",
    "change: two spans of backup follow": "insert into change"
    " select monitor, started - 1, status, detected from change",
    'change.status: unknown word "GREEN"': "update change set status = 'GREEN'",
    "heartbeat: nobody has heartbeats, but no state": "insert into heartbeat"
    " select 'nobody', number, received, status, message, metrics, method, '', '' from heartbeat",
    "heartbeat: backup has number 9, and only 1": "update heartbeat set number = 9",
    "heartbeat: number 1 of backup has metrics that are no JSON": "update heartbeat set metrics = '{'",
    "alive: the stretch that began at 1 ends before it began": "insert into alive values (1, 0)",
    "alive: the stretch that began at 3 ": "insert into alive values (3, 5), (4, 6)",
    "incident: 1 is RESOLVED, and yet has no end": "update incident set state = 'RESOLVED'",
    "incident_update: 1 belongs to no incident (1)": "delete from incident",
    "incident_monitor: backup is in no incident (1)": "delete from incident",
    "delivery: d is SENT, and yet has no end": "update delivery set status = 'SENT'",
    "delivery: d says nothing": "delete from delivery_notice",
    "delivery_notice: a notice belongs to no delivery (d)": "delete from delivery",
    "delivery_notice: a notice of d is no JSON": "update delivery_notice set notice = ''",
    "maintenance: 1 ends before it begins": 'update maintenance set "end" = start - 1',
    "maintenance_monitor: backup is in no window (1)": "delete from maintenance",
    "alert: 1 does not say in JSON": "update alert set told = ''",
    "schema: incident_started is not there": "drop index incident_started",
    "schema: rejection is not as this version makes it": "alter table rejection add column more text",
}  # fmt: skip


@pytest.fixture
def full(ended: Path) -> Path:
    """A row of each kind; consistent."""
    edit(
        ended,
        "insert or ignore into change"
        " select monitor, head_since, head, head_since from state where head_since > 0",
        "insert into incident values (1, 'T', 'INVESTIGATING', 'minor', 5, 5, null, 'backup', 1, 5)",
        "insert into incident_monitor values (1, 'backup')",
        "insert into incident_update values (1, 1, 'INVESTIGATING', 'We look.', 5)",
        "insert into delivery values (1, 'd', 'ops', 'f', '', 'WAITING', 5, 5, 0, null, null, '')",
        "insert into delivery_notice values ('d', 0, '{}')",
        "insert into maintenance values (1, 'T', '', 5, 6, null, null, 5, 5)",
        "insert into maintenance_monitor values (1, 'backup')",
        "insert into alert values (1, 'down', 'backup', 'RESOLVED', 5, 'minor', 0, 0, 5, 6, 6, 1, '[]',"
        " null, null, null, null)",
    )
    return ended


def test_a_whole_database_has_no_problems(full: Path) -> None:
    assert json.loads(done("db", "check", "--json")) == {"database": str(full), "problems": []}


@pytest.mark.parametrize(("words", "statement"), BROKEN.items(), ids=BROKEN)
def test_rows_that_contradict_each_other_are_named(full: Path, words: str, statement: str) -> None:
    edit(full, statement)

    result = run("db", "check")

    assert result.exit_code == 1
    assert [line for line in result.stdout.splitlines() if line.startswith(words)], result.stdout
    assert "problem" in result.stderr
    assert json.loads(run("db", "check", "--json").stdout)["problems"] == result.stdout.splitlines()


def test_of_many_problems_of_one_kind_some_are_told(full: Path) -> None:
    edit(full, *(f"insert into change values ('nobody{n}', 1, 'UP', 1)" for n in range(25)))

    lines = run("db", "check").stdout.splitlines()

    assert len(lines) == 11
    assert lines[-1] == "change: and 15 more like that"


def test_tables_of_others_are_no_problem(full: Path) -> None:
    edit(full, "create table _litestream_seq (id integer primary key, seq integer)")
    done("db", "check")


def test_damage_is_a_problem_and_the_newest_backup_is_named(full: Path) -> None:
    done("backup", "monday.db")
    broken_index(full)
    result = run("db", "check")
    assert (
        f"restore a backup; the newest beside it: kener-py restore {full.parent}/monday.db" in result.stderr
    )
    assert result.exit_code == 1
    assert "damage: " in result.stdout


# ---- vacuum and stats ------------------------------------------------------------------------


def test_vacuum_gives_back_the_room_of_what_was_forgotten(ended: Path) -> None:
    edit(ended, "update heartbeat set message = printf('%.*c', 500000, 'x')", "delete from heartbeat")
    before = ended.stat().st_size

    told = json.loads(done("db", "vacuum", "--json"))

    assert told == {"database": str(ended), "before": before, "after": ended.stat().st_size}
    assert told["after"] < before - 490_000
    assert done("db", "vacuum").startswith(f"{ended}: ")
    done("db", "check")


def test_stats_tell_tables_monitors_and_sizes(service: Service, database: Path) -> None:
    for number in range(3):
        beat(service, f"beat {number}")
    beat(service, "x" * 5000, "other")

    told = json.loads(done("db", "stats", "--json"))

    assert told["schema"] == "m004_deliveries_by_target"
    assert told["bytes"] == database.stat().st_size
    assert told["log_bytes"] > 0
    tables = {each["name"]: each for each in told["tables"]}
    assert (tables["heartbeat"]["rows"], tables["heartbeat"]["newest"]) == (4, "2026-09-30T11:41:00.000Z")
    assert tables["heartbeat"]["bytes"] >= 5000
    assert set(tables) | {"sqlite_sequence"} == {each.name for each in service.store.read().tables}
    shares = {each["tag"]: each for each in told["monitors"]}
    assert (shares["backup"]["heartbeats"], shares["other"]["heartbeats"]) == (3, 1)
    assert shares["other"]["heartbeat_bytes"] == 5002
    assert [each["tag"] for each in told["monitors"]] == ["other", "backup"]


def test_stats_are_told_to_people_with_the_largest_first(service: Service) -> None:
    beat(service, "x" * 5000, "other")

    first, *lines = done("db", "stats").splitlines()

    assert "in the write-ahead log" in first
    assert next(line for line in lines if line.startswith("heartbeat ")).split()[1:3] == ["1", "rows"]
    assert "other: 1 heartbeats with 5.0 kB of text, " in "\n".join(lines)


@pytest.mark.parametrize("words", [("db", "check"), ("db", "stats"), ("db", "vacuum"), ("backup", "copy.db")])
def test_what_is_not_ours_is_refused_and_left_alone(database: Path, words: tuple[str, ...]) -> None:
    foreign(database)
    before = database.read_bytes()

    assert "not one of kener-py" in refused(*words)
    assert database.read_bytes() == before


def test_the_page_for_operators_names_commands_that_there_are() -> None:
    page = (Path(__file__).parent.parent / "docs" / "operations.md").read_text()
    code = re.findall(r"^```(?:sh|cron)\n(.*?)^```|`(kener-py [^`\n]+)`", page, re.MULTILINE | re.DOTALL)
    named = {each for part in code for each in re.findall(r"kener-py ((?:db )?[a-z]+)", "".join(part))}

    assert named == {"backup", "restore", "db check", "db stats", "db vacuum"}
    for each in named:
        done(*each.split(), "--help")
