"""Connections: what a transaction promises."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_search.errors import SchemaTooNew, StoreBusy, StoreDamaged, StoreError
from edge_search.store import database as module
from edge_search.store import meta
from edge_search.store.database import Database, Tables
from edge_search.store.home import Home, prepare_home
from edge_search.store.schema import MIGRATIONS


@pytest.fixture
def place(home: Path) -> Home:
    return prepare_home(home)


@pytest.fixture
def database(place: Home) -> Iterator[Database]:
    opened = Database(place, lock_timeout_s=5)
    yield opened
    opened.close()


def pragma(tables: Tables, name: str) -> object:
    return tables.execute(f"PRAGMA {name}").fetchone()[0]


def test_writer_waits_for_the_disk_at_every_commit(database: Database) -> None:
    with database.write() as tables:
        assert pragma(tables, "journal_mode") == "wal"
        assert pragma(tables, "synchronous") == 2  # FULL
        assert pragma(tables, "wal_autocheckpoint") == 0
        assert pragma(tables, "foreign_keys") == 1


def test_reader_cannot_write(database: Database) -> None:
    with pytest.raises(StoreError, match="readonly"), database.read() as tables:
        tables.conn.execute("INSERT INTO meta VALUES ('a', 'b')")


def test_reader_sees_one_snapshot_while_others_commit(database: Database) -> None:
    with database.read() as tables:
        assert meta.get(tables, "a") is None
        with database.write() as writer:
            meta.put(writer, "a", "1")
        assert meta.get(tables, "a") is None
    with database.read() as tables:
        assert meta.get(tables, "a") == "1"


def test_nested_write_joins_the_outer_transaction(database: Database) -> None:
    def nested() -> None:
        with database.write() as outer:
            with database.write() as inner:
                assert inner is outer
                meta.put(inner, "a", "1")
            with database.read() as reader:
                assert meta.get(reader, "a") is None
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        nested()
    with database.read() as tables:
        assert meta.get(tables, "a") is None


def test_transaction_holds_the_write_lock_from_its_start(database: Database) -> None:
    """One that reads first and writes later would fail at once with 'database is locked'."""
    other = sqlite3.connect(database.home.database, isolation_level=None, timeout=0)
    with database.write(), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    other.close()


def test_exception_rolls_back_and_the_writer_goes_on(database: Database) -> None:
    def twice() -> None:
        with database.write() as tables:
            meta.put(tables, "a", "1")
            tables.execute("INSERT INTO meta VALUES ('a', 'again')")

    with pytest.raises(sqlite3.IntegrityError):
        twice()
    with database.write() as tables:
        assert meta.get(tables, "a") is None
        meta.put(tables, "a", "2")
    with database.read() as tables:
        assert meta.get(tables, "a") == "2"


def test_writer_lock_held_too_long_is_one_line(place: Home, database: Database) -> None:
    impatient = Database(place, lock_timeout_s=0.05)
    with database.write(), pytest.raises(StoreBusy, match=r"^[^\n]*writer lock[^\n]*$"), impatient.write():
        pass
    impatient.close()


def test_threads_write_one_after_the_other(database: Database) -> None:
    with database.write() as tables:
        meta.put(tables, "n", "0")

    def count() -> None:
        for _ in range(25):
            with database.write() as tables:
                meta.put(tables, "n", str(int(meta.get(tables, "n") or 0) + 1))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as tables:
        assert meta.get(tables, "n") == "100"


def test_the_log_is_folded_back_and_cut(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = 200_000
    monkeypatch.setattr(module, "_CHECKPOINT_BYTES", limit)
    database.close()
    opened = Database(database.home)
    log = Path(f"{database.home.database}-wal")
    for number in range(40):
        with opened.write() as tables:
            meta.put(tables, f"k{number}", "x" * 20_000)
    assert log.stat().st_size < 2 * limit
    opened.close()


def test_closed_database_refuses_plainly(database: Database) -> None:
    database.close()
    with pytest.raises(StoreError, match="closed"), database.read():
        pass
    with pytest.raises(StoreError, match="closed"), database.write():
        pass


def test_newer_schema_is_refused_in_one_line_and_left_alone(place: Home) -> None:
    Database(place).close()
    with sqlite3.connect(place.database) as conn:
        conn.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    conn.close()
    with pytest.raises(SchemaTooNew, match=r"^[^\n]+$"):
        Database(place)
    held = [os.readlink(f"/proc/self/fd/{entry}") for entry in _descriptors()]
    assert not [path for path in held if path.startswith(str(place.database))]


def _descriptors() -> list[str]:
    return [entry for entry in os.listdir("/proc/self/fd") if Path(f"/proc/self/fd/{entry}").is_symlink()]


def test_backup_is_made_before_a_migration(place: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Database(place)
    with first.write() as tables:
        meta.put(tables, "a", "1")
    first.close()

    def second(tables: Tables) -> None:
        tables.execute("CREATE TABLE later (x)")
        tables.execute("DELETE FROM meta")

    monkeypatch.setattr("edge_search.store.schema.MIGRATIONS", (*MIGRATIONS, second))
    monkeypatch.setattr(module, "MIGRATIONS", (*MIGRATIONS, second))
    newer = Database(place)
    with newer.read() as tables:
        assert pragma(tables, "user_version") == len(MIGRATIONS) + 1
        assert meta.get(tables, "a") is None
    newer.close()
    copy = sqlite3.connect(place.root / f"catalog.before-schema-{len(MIGRATIONS) + 1}.sqlite3")
    assert copy.execute("SELECT value FROM meta WHERE key = 'a'").fetchall() == [("1",)]
    assert copy.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
    copy.close()


def test_power_cut_before_the_log_was_switched_on_is_rolled_back(place: Home, tmp_path: Path) -> None:
    Database(place).close()
    conn = sqlite3.connect(place.database, isolation_level=None)
    assert conn.execute("PRAGMA journal_mode=DELETE").fetchone()[0] == "delete"
    # A cache of one page writes the halved transaction into the file, its journal synced before.
    conn.execute("PRAGMA cache_size=1")
    conn.execute("BEGIN IMMEDIATE")
    conn.executemany("INSERT INTO meta VALUES (?, ?)", ((str(n), "x" * 3000) for n in range(100)))
    cut = prepare_home(tmp_path / "cut")
    for suffix in ("", "-journal"):
        Path(f"{cut.database}{suffix}").write_bytes(Path(f"{place.database}{suffix}").read_bytes())
    conn.close()
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        sqlite3.connect(f"{cut.database.as_uri()}?mode=ro", uri=True).execute("PRAGMA user_version")
    opened = Database(cut)
    with opened.read() as tables:
        assert pragma(tables, "journal_mode") == "wal"
        assert tables.execute("SELECT count(*) FROM meta WHERE value LIKE 'xx%'").fetchone()[0] == 0
        assert pragma(tables, "integrity_check") == "ok"
    opened.close()


def test_failed_migration_leaves_the_old_store(place: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    Database(place).close()

    def broken(tables: Tables) -> None:
        tables.execute("CREATE TABLE half (x)")
        raise ZeroDivisionError

    monkeypatch.setattr("edge_search.store.schema.MIGRATIONS", (*MIGRATIONS, broken))
    monkeypatch.setattr(module, "MIGRATIONS", (*MIGRATIONS, broken))
    with pytest.raises(ZeroDivisionError):
        Database(place)
    conn = sqlite3.connect(place.database)
    assert conn.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
    assert conn.execute("SELECT name FROM sqlite_master WHERE name = 'half'").fetchall() == []
    conn.close()


def test_file_that_is_no_database_is_named(place: Home) -> None:
    place.database.write_bytes(b"not a database, " * 500)
    with pytest.raises(StoreDamaged, match=r"catalog.sqlite3: .*not a database.*repair"):
        Database(place)
