"""What a recovery does to tokens, PIN and checks; backups carry held-out photos."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from edge_search.appliance.box import Box
from edge_search.encoder.fake_runtime import FakeEncoder
from edge_search.maintenance.restore import restore_backup
from edge_search.store import words


def damage(home: Path, table: str) -> None:
    """Overwrite a table's root page."""
    with Box(home, encoder=FakeEncoder()) as box, box.database.write() as tables:
        page = tables.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", [table]).fetchone()[0]
        tables.conn.execute("CREATE TABLE IF NOT EXISTS filler (a)")
        path = box.home.database
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(os.urandom(4096))


def test_a_token_revoked_since_the_snapshot_stays_revoked(
    home: Path, photo: Callable[..., Path], tmp_path: Path
) -> None:
    photo(tmp_path / "catalog" / "a" / "1.jpg", 1)
    with Box(home, encoder=FakeEncoder()) as box:
        lost, kept = box.tokens.create("lost phone", "staff"), box.tokens.create("till", "staff")
        box.index(tmp_path / "catalog")
        session = box.tokens.log_in("staff", None, minutes=30).secret
        box.tokens.revoke("lost phone")
        late = box.tokens.create("late", "query")
        box.pin.set("274916")
        number = box.checks.add("a", photo(tmp_path / "check.jpg", 1, quality=50).read_bytes())
    damage(home, "features")
    with Box(home, encoder=FakeEncoder()) as box:
        box.upkeep.repair()
        assert next(home.glob("aside-*")).is_dir(), "the snapshot took over"
        assert box.tokens.check(lost) is None
        assert box.tokens.check(kept) is not None
        assert box.tokens.check(late) is not None
        assert box.tokens.session(session) is None
        assert box.pin.check("274916")
        assert box.checks.counts() == (1, 1)
        assert number == 1
        assert [query.rank for query in box.evaluate().queries] in ([1], [0])


def test_checks_and_tokens_are_in_a_backup(home: Path, photo: Callable[..., Path], tmp_path: Path) -> None:
    with Box(home, encoder=FakeEncoder()) as box:
        box.add("a", photo(tmp_path / "a.jpg", 1))
        box.checks.add("a", photo(tmp_path / "check.jpg", 1, quality=50).read_bytes())
        secret = box.tokens.create("till", "staff")
        box.upkeep.backup(tmp_path / "backup.tar")
    restore_backup(tmp_path / "backup.tar", tmp_path / "other")
    with Box(tmp_path / "other", encoder=FakeEncoder()) as box:
        assert box.evaluate().to_dict()["recall"]["1"] == 1.0
        assert box.tokens.check(secret) is not None


def test_repair_gives_a_product_its_words_back(box: Box) -> None:
    box.products.set("a", {"title": "Oat drink"})
    with box.database.write() as tables:
        words.drop(tables, "a")
    assert box.products.search(q="oat").rows == ()
    assert [damage.key for damage in box.upkeep.verify()] == ["a"]
    box.upkeep.repair()
    assert [row["sku"] for row in box.products.search(q="oat").rows] == ["a"]
