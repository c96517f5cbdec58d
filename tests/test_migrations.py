"""Databases of every version, frozen as SQL in `frozen/`: each becomes one of this version, with its rows."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path

import pytest
from conftest import Clock, monitor, new_folder
from conftest import config as configured
from real.server import environment

from kener_py import store
from kener_py.model import MINUTE, Limits, Status
from kener_py.service import Service
from kener_py.store.checks import shape
from kener_py.store.opening import applied
from kener_py.store.schema import MIGRATIONS
from kener_py.web import create

FROZEN = Path(__file__).parent / "frozen"
NAMES = [migration.name for migration in MIGRATIONS._migrations]
OLD = NAMES[:-1]
Rows = dict[str, list[dict[str, object]]]


# ---- parts -----------------------------------------------------------------------------------


@pytest.fixture
def path() -> Iterator[Path]:
    with new_folder() as folder:
        yield folder / "kener.db"


def thaw(name: str, path: Path) -> None:
    with closing(sqlite3.connect(path)) as made:
        made.executescript((FROZEN / f"{name}.sql").read_text())


@cache
def shape_of(name: str) -> dict[str, str]:
    """The tables of a fresh database after this migration."""
    with closing(store.Database(sqlite3.connect(":memory:", isolation_level=None))) as fresh:
        MIGRATIONS.apply(fresh, stop_before=NAMES[NAMES.index(name) + 1 :])
        return shape(fresh)


def rows(path: Path) -> Rows:
    with closing(store.Database(str(path))) as opened:
        names = [each for each in opened.table_names() if not each.startswith(("sqlite_", "_sqlite"))]
        return {each: list(opened[each].rows) for each in names}


def schema(path: Path) -> tuple[list[str], dict[str, str]]:
    with closing(store.Database(str(path))) as opened:
        return applied(opened.conn), shape(opened)


def assert_kept(before: Rows, after: Rows) -> None:
    """Every row is there, with what its columns held that are still there."""
    for table, old in before.items():
        new = after[table]
        columns = set(old[0]) & set(new[0]) if old and new else set()
        chosen = [[{name: row[name] for name in columns} for row in each] for each in (old, new)]
        assert chosen[0] == chosen[1], table
        assert len(columns) > 1 or not old, table


# ---- upgrades --------------------------------------------------------------------------------


def test_every_schema_is_frozen_before_the_next_one_is_made() -> None:
    """A new migration comes with a file that `frozen/make.py` made with it; older files stay as they are."""
    assert sorted(each.stem for each in FROZEN.glob("*.sql")) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_frozen_database_is_of_its_version_and_has_rows(path: Path, name: str) -> None:
    thaw(name, path)

    assert schema(path) == (NAMES[: NAMES.index(name) + 1], shape_of(name))
    has = {table for table, found in rows(path).items() if found}
    assert has >= {
        "state",
        "change",
        "heartbeat",
        "alive",
        "alert",
        "incident",
        "incident_update",
        "delivery",
    }


@pytest.mark.parametrize("name", NAMES)
def test_an_old_database_becomes_one_of_this_version_with_its_rows(path: Path, name: str) -> None:
    thaw(name, path)
    before = rows(path)

    store.Store(path).close()

    assert schema(path) == (NAMES, shape_of(NAMES[-1]))
    assert_kept(before, rows(path))
    with closing(store.read_only(path)) as opened:
        assert store.problems(opened) == []


def test_what_the_second_migration_moves_is_all_there(path: Path) -> None:
    thaw("m001_first", path)
    before = rows(path)
    store.Store(path).close()
    after = rows(path)

    said = {row["id"]: json.loads(str(row["notices"])) for row in before["delivery"]}
    assert {row["delivery"]: [json.loads(str(row["notice"]))] for row in after["delivery_notice"]} == said
    assert all(row["publish_at"] == row["created"] for row in after["incident"])
    assert [row["said"] for row in after["alert"]] == ["DOWN", "DOWN"]


def test_the_third_migration_knows_the_first_heartbeat(path: Path) -> None:
    thaw("m002_safeguards", path)
    store.Store(path).close()

    first = {row["monitor"]: row["first"] for row in rows(path)["state"]}
    heard = {row["monitor"]: row["received"] for row in rows(path)["heartbeat"] if row["number"] == 1}
    assert first == heard | {"never": None}


@pytest.mark.parametrize("name", NAMES)
def test_the_page_shows_what_an_old_database_knew(path: Path, name: str) -> None:
    thaw(name, path)
    known = rows(path)
    opened = store.Store(path)
    tags = ("steady", "silent", "broken", "never")
    patient = Limits(60 * MINUTE, 120 * MINUTE)
    (alive,) = known["alive"]
    clock = Clock(int(str(alive["ended"])) + MINUTE)
    service = Service(opened, configured(tuple(monitor(tag, patient) for tag in tags), ()), clock)
    client = create(service).test_client()

    shown = {each["tag"]: each for each in client.get("/api/v1/monitors").get_json()}
    page = client.get("/", headers={"Accept": "text/html"}).text
    history = client.get("/history", headers={"Accept": "text/html"}).text
    opened.close()

    expected = {row["monitor"]: row["status"] for row in known["state"] if row["monitor"] in tags}
    if known.get("maintenance"):
        expected["steady"] = Status.MAINTENANCE
    assert {tag: each["status"] for tag, each in shown.items()} == expected
    assert shown["broken"]["status"] == Status.DOWN
    assert all(tag.capitalize() in page for tag in tags)
    assert "Broken is down" in page
    assert "Silent is down" in history


# ---- what an upgrade leaves beside it --------------------------------------------------------


@pytest.mark.parametrize("name", OLD)
def test_an_upgrade_keeps_the_database_of_before(path: Path, name: str) -> None:
    thaw(name, path)
    path.chmod(0o640)
    before = rows(path)
    kept = path.with_name(f"kener.db.before-{NAMES[NAMES.index(name) + 1]}")
    kept.write_text("of an upgrade that was taken back long ago")

    store.Store(path).close()

    assert rows(kept) == before
    assert schema(kept) == (NAMES[: NAMES.index(name) + 1], shape_of(name))
    assert kept.stat().st_mode & 0o777 == 0o640
    assert {each.name for each in path.parent.iterdir()} == {"kener.db", "kener.db.lock", kept.name}


def test_without_an_upgrade_nothing_is_kept(path: Path) -> None:
    for _ in range(2):
        store.Store(path).close()
    assert {each.name for each in path.parent.iterdir()} == {"kener.db", "kener.db.lock"}


def test_an_upgrade_that_cannot_keep_it_does_not_begin(path: Path) -> None:
    thaw("m002_safeguards", path)
    before = path.read_bytes()
    path.with_name("kener.db.before-m003_first_heartbeat").mkdir()

    with pytest.raises(store.StoreError, match="before-m003_first_heartbeat"):
        store.Store(path)

    assert schema(path) == (NAMES[:2], shape_of(NAMES[1]))
    assert path.read_bytes()[100:] == before[100:], "only its header notes that it is written with a log"


@pytest.mark.parametrize("name", OLD)
def test_the_program_of_before_refuses_what_was_upgraded_and_takes_what_was_kept(
    path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    thaw(name, path)
    store.Store(path).close()
    number = NAMES.index(name) + 1
    monkeypatch.setattr(MIGRATIONS, "_migrations", MIGRATIONS._migrations[:number])

    with pytest.raises(store.StoreError, match=f"newer version of kener-py.*{NAMES[number]}"):
        store.Store(path)
    store.restore(path, path.with_name(f"kener.db.before-{NAMES[number]}"), 0)

    store.Store(path).close()
    assert schema(path) == (NAMES[:number], shape_of(name))


@pytest.mark.parametrize("name", OLD)
def test_an_old_backup_is_restored_and_then_upgraded(path: Path, name: str) -> None:
    thaw(name, path)
    before = rows(path)
    store.back_up(path, path.with_name("copy.db"))
    path.unlink()
    store.Store(path).close()

    assert store.restore(path, path.with_name("copy.db"), 0).schema == name

    store.Store(path).close()
    assert_kept(before, rows(path))
    assert schema(path) == (NAMES, shape_of(NAMES[-1]))


@pytest.mark.parametrize("name", OLD)
def test_reading_an_old_database_changes_nothing(path: Path, name: str) -> None:
    thaw(name, path)
    before = path.read_bytes()

    with pytest.raises(store.StoreError, match="older version; start this version's server first"):
        store.read_only(path)

    assert path.read_bytes() == before


# ---- upgrades that are cut off ---------------------------------------------------------------


@pytest.mark.real
@pytest.mark.parametrize("name", OLD)
def test_an_upgrade_killed_at_any_statement_is_done_or_not(path: Path, name: str) -> None:
    thaw(name, path)
    before = rows(path)

    program = [sys.executable, FROZEN.parent / "cut_off.py", "upgrade", path.parent]
    subprocess.run(program, check=True, env=environment({}), timeout=300)

    cases = sorted(path.parent.glob("0*/kener.db"))
    assert len(cases) > 20
    seen = set()
    for case in cases:
        done, found = schema(case)
        seen.add(done[-1])
        assert found == shape_of(done[-1]), f"{case}: half of a migration"
        assert_kept(before, rows(case))
        again = case.parent / "again" / "kener.db"
        assert schema(again) == (NAMES, shape_of(NAMES[-1])), case
        assert_kept(before, rows(again))
    assert seen == set(NAMES[NAMES.index(name) :])
