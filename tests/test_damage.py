"""Databases that cannot be used: each is refused in words that say what to do, and left as it is."""

from __future__ import annotations

import os
import sqlite3
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from conftest import new_folder, new_store
from real.programs import needs

from kener_py import store

USERS_OWN = 65534


@pytest.fixture
def path() -> Iterator[Path]:
    with new_folder() as folder:
        made = folder / "kener.db"
        new_store(made).close()
        yield made


@pytest.fixture
def shared() -> Iterator[Path]:
    """A database in a folder that other users can enter; pytest's own are private."""
    with tempfile.TemporaryDirectory(prefix="kener-damage-") as name:
        os.chmod(name, 0o755)
        new_store(Path(name) / "kener.db").close()
        yield Path(name) / "kener.db"


@contextmanager
def a_user_without_rights() -> Iterator[None]:
    """Root may write anything, so give that up for a moment."""
    if os.geteuid() != 0:
        yield
        return
    os.setegid(USERS_OWN)
    os.seteuid(USERS_OWN)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def refusal(open_it: Callable[[Path], object], path: Path) -> str:
    with pytest.raises(store.StoreError) as refused:
        open_it(path)
    return str(refused.value)


def contents(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir() if each.suffix != ".lock"}


# ---- damage ----------------------------------------------------------------------------------


def zero_header(path: Path) -> None:
    path.write_bytes(b"\0" * 100 + path.read_bytes()[100:])


def cut_in_a_page(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:10_000])


def cut_between_pages(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: 4096 * 4])


def spoil_the_tables_of_tables(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:100] + b"\xff" * (len(content) - 100))


def spoil_the_log(path: Path) -> None:
    path.with_name("kener.db-wal").write_bytes(b"garbage" * 5000)


DAMAGE = [zero_header, cut_in_a_page, cut_between_pages, spoil_the_tables_of_tables, spoil_the_log]


@pytest.mark.parametrize("open_it", [store.Store, store.read_only])
@pytest.mark.parametrize("spoil", DAMAGE)
def test_a_damaged_database_is_refused_with_the_newest_backup_beside_it(
    path: Path, spoil: Callable[[Path], None], open_it: Callable[[Path], object]
) -> None:
    for age, name in enumerate(("new.backup", "old.backup", "older.backup")):
        store.back_up(path, path.with_name(name))
        os.utime(path.with_name(name), (1_790_000_000 - age, 1_790_000_000 - age))
    path.with_name("notes.txt").write_text("newer than all of them, and no database")
    path.with_name("kener.db.before-restore-20260930T114100Z").write_bytes(path.read_bytes())
    spoil(path)
    before = contents(path.parent)

    said = refusal(open_it, path)

    assert f"kener-py restore {path.with_name('new.backup')}" in said
    assert contents(path.parent) == before


@pytest.mark.parametrize("spoil", DAMAGE)
def test_without_a_backup_none_is_named(path: Path, spoil: Callable[[Path], None]) -> None:
    spoil(path)
    before = contents(path.parent)

    said = refusal(store.Store, path)

    assert "kener-py restore" not in said
    assert "restore a backup" in said or "not a SQLite database" in said
    assert contents(path.parent) == before


def test_a_log_that_power_failed_to_begin_is_no_damage(path: Path) -> None:
    path.with_name("kener.db-wal").write_bytes(b"\0" * 4096)
    store.Store(path).close()


def test_a_log_that_ends_in_garbage_loses_only_that(path: Path) -> None:
    """As a crash leaves it: SQLite takes what has its checksum, and no more."""
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("pragma journal_mode = wal")
        writer.execute("insert into rejection values ('kept', 'reason', 1, 1)")
        crashed = contents(path.parent)
    path.write_bytes(crashed["kener.db"])
    path.with_name("kener.db-wal").write_bytes(crashed["kener.db-wal"] + b"garbage" * 3000)

    opened = store.Store(path)
    kept = [each.monitor for each in store.rejections(opened.read())]
    opened.close()

    assert kept == ["kept"]


def test_damage_within_is_found_by_a_backup_and_by_no_means_copied(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.executemany(
            "insert into rejection values (?, 'reason', 1, 1)", [(f"{n:05}" * 20,) for n in range(2000)]
        )
    content = path.read_bytes()
    middle = content.index(b"01000" * 20) // 4096 * 4096
    path.write_bytes(content[:middle] + b"\xff" * 4096 + content[middle + 4096 :])
    before = contents(path.parent)

    assert "the database is damaged" in refusal(
        lambda path: store.back_up(path, path.with_name("copy")), path
    )
    assert path.read_bytes() == before["kener.db"]
    assert not list(path.parent.glob("copy*"))
    with closing(store.read_only(path)) as opened:
        assert any(each.startswith("damage: ") for each in store.problems(opened))


# ---- rights ----------------------------------------------------------------------------------


@needs("root")  # to become somebody else
def test_whose_the_file_is_and_who_asks_is_said(shared: Path) -> None:
    shared.parent.chmod(0o777)
    shared.chmod(0o644)
    shared.with_name("kener.db.lock").unlink()

    with a_user_without_rights():
        said = refusal(store.Store, shared)

    assert "cannot be written" in said
    assert "it is root's, and this is nobody" in said


def test_a_backup_to_where_one_may_not_write_is_refused(shared: Path) -> None:
    target = shared.with_name("private")
    target.mkdir(mode=0o555)
    shared.parent.chmod(0o777)
    shared.chmod(0o666)

    with a_user_without_rights():
        said = refusal(lambda path: store.back_up(path, target / "copy.db"), shared)

    assert "Permission denied; the user that runs kener-py must own the folder" in said
    assert list(target.iterdir()) == []


def test_a_backup_that_may_not_be_read_is_refused(shared: Path) -> None:
    copy = shared.with_name("copy.db")
    store.back_up(shared, copy)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    shared.parent.chmod(0o777)
    shared.with_name("kener.db.lock").unlink()
    before = contents(shared.parent)

    if os.geteuid() == 0:
        with a_user_without_rights():
            assert "copy.db: Permission denied" in refusal(lambda path: store.restore(path, copy, 0), shared)

    assert contents(shared.parent) == before


def test_a_restore_to_where_one_may_not_write_is_refused(shared: Path) -> None:
    copy = shared.with_name("copy.db")
    store.back_up(shared, copy)
    copy.chmod(0o644)
    shared.parent.chmod(0o555)
    before = contents(shared.parent)

    with a_user_without_rights():
        said = refusal(lambda path: store.restore(path, copy, 0), shared)

    assert "Permission denied" in said
    assert contents(shared.parent) == before
