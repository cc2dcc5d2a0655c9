"""A switch and the rest of upkeep: damage, snapshots, backups."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from edge_search.appliance.box import Box
from edge_search.errors import EncoderError
from edge_search.ingest import switch as switch_module
from edge_search.maintenance.recover import keep_snapshot, snapshot_path
from edge_search.maintenance.restore import restore_backup
from tests.appliance.encoders import NEW, OLD, Open


@pytest.fixture
def halfway(opened: Open, shop: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
    """A box in the middle of a switch, with a snapshot of that moment."""
    monkeypatch.setattr(switch_module, "_BATCH", 4)
    box = opened()
    box.index(shop)
    assert box.switching.start("new")
    calls = iter([False, False, True])
    assert box.switching.run(stop=lambda: next(calls)) is None
    assert keep_snapshot(box.database, older_than_s=0)
    return box


def damaged(box: Box, *, whole: bool = True) -> None:
    """Close a box and ruin its database, or only the pages that its photos begin on."""
    path = box.home.database
    with box.database.read() as tables:
        size = tables.execute("PRAGMA page_size").fetchone()[0]
        roots = tables.execute("SELECT rootpage FROM sqlite_master WHERE name IN ('images', 'features', 'products')")
        pages = [row[0] - 1 for row in roots.fetchall()]
    box.close()
    data = bytearray(path.read_bytes())
    for first, last in [(100, len(data))] if whole else [(page * size, (page + 1) * size) for page in pages]:
        data[first:last] = b"\xff" * (last - first)
    path.unlink()
    path.write_bytes(data)


def test_recovery_from_nothing_keeps_the_encoder_where_it_can_be_read(halfway: Box, opened: Open, shop: Path) -> None:
    halfway.switching.run()
    snapshot_path(halfway.home).unlink()
    damaged(halfway, whole=False)
    # Without a snapshot the sources are read anew, by the encoder that the catalog had.
    box = opened()
    box.upkeep.repair()
    assert (box.switching.pending(), box.status().images) == (None, 0)
    box.index(shop)
    assert box.status().encoder == f"new@{NEW.fingerprint}"
    assert box.search(shop / "sku04" / "1.png").hits[0].sku == "sku04"


def test_recovery_from_a_snapshot_of_the_middle_goes_on(halfway: Box, opened: Open, shop: Path) -> None:
    damaged(halfway)
    box = opened()
    pending = box.switching.pending()
    assert pending is not None
    assert (pending.to, pending.done, box.encoders.name) == ("new", 8, "old")
    assert box.upkeep.verify() == []
    assert box.search(shop / "sku04" / "1.png").hits[0].sku == "sku04"
    report = box.switching.run()
    assert report is not None
    assert report.from_folder == 12
    assert box.upkeep.verify() == []


def test_after_the_switch_a_recovery_keeps_the_new_encoder(halfway: Box, opened: Open, shop: Path) -> None:
    assert halfway.switching.run() is not None
    damaged(halfway)
    box = opened()
    assert box.status().encoder == f"new@{NEW.fingerprint}"
    assert box.search(shop / "sku04" / "1.png").hits[0].sku == "sku04"
    assert box.upkeep.verify() == []


def test_repair_mends_what_is_in_use_and_the_switch_goes_on(halfway: Box, shop: Path) -> None:
    with halfway.database.write() as tables:
        tables.execute("UPDATE features SET crc32 = crc32 + 1 WHERE fingerprint = ?", [OLD.fingerprint])
        tables.execute("UPDATE features SET crc32 = crc32 + 1 WHERE fingerprint = ?", [NEW.fingerprint])
    assert {damage.kind for damage in halfway.upkeep.verify()} == {"feature"}
    mended, left = halfway.upkeep.repair()
    assert (len(mended), left) == (12, [])
    assert halfway.search(shop / "sku04" / "1.png").hits[0].sku == "sku04"
    report = halfway.switching.run()
    assert report is not None
    assert report.from_folder == 8 + 12, "those that rotted were made again"
    assert halfway.search(shop / "sku04" / "1.png").hits[0].sku == "sku04"
    assert halfway.upkeep.verify() == []


def test_backup_of_the_middle_becomes_a_home_that_goes_on(
    halfway: Box, opened: Open, shop: Path, tmp_path: Path
) -> None:
    halfway.upkeep.backup(tmp_path / "saved.tar")
    restore_backup(tmp_path / "saved.tar", tmp_path / "second")
    shutil.rmtree(shop)
    box = opened(tmp_path / "second")
    box.compact()
    assert box.upkeep.verify() == []
    report = box.switching.run()
    assert report is not None
    assert (report.from_folder, report.from_previews) == (8, 4)
    assert box.status().encoder == f"new@{NEW.fingerprint}"
    assert box.upkeep.verify() == []


def test_a_pending_encoder_that_is_not_installed_is_named(halfway: Box, tmp_path: Path) -> None:
    halfway.close()
    with Box(halfway.home.root, encoder=OLD) as box:
        assert box.status().switch is not None
        with pytest.raises(EncoderError, match=r"the switch to new .* can't go on: that is not installed here"):
            box.switching.run()
        assert box.upkeep.verify() == []
        assert box.status().degraded != ()
        assert box.switching.cancel() == 8
        assert box.status().degraded == ()
