"""The change log of a living box: everything that is done gives entries that another store can follow."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge_search.appliance.box import Box
from edge_search.encoder.fake_runtime import FakeEncoder
from edge_search.errors import NotFound
from edge_search.maintenance.recover import recover
from edge_search.store import meta
from edge_search.store.database import Database
from edge_search.store.home import prepare_home
from tests.store.replayed import replay

Photo = Callable[..., Path]


class Follower:
    """A store that knows nothing but the other's log."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(prepare_home(folder))
        self.seq = 0

    def follow(self, box: Box) -> list[str]:
        entries = list(box.changes.since(self.seq))
        with self.database.write() as tables:
            replay(tables, entries)
        self.seq = box.changes.head()
        return [entry["kind"] for entry in entries]

    def digest(self) -> str:
        with self.database.read() as tables:
            return meta.catalog_digest(tables)


@pytest.fixture
def follower(tmp_path: Path) -> Iterator[Follower]:
    made = Follower(tmp_path / "follower")
    yield made
    made.database.close()


def test_every_kind_of_change_is_numbered_and_can_be_followed(
    box: Box, follower: Follower, tmp_path: Path, photo: Photo
) -> None:
    catalog = tmp_path / "catalog"
    for number, sku in enumerate(("tea", "oats", "milk")):
        photo(catalog / sku / "1.jpg", number)
    (catalog / "products.csv").write_text("sku,price\ntea,1\noats,2\nmilk,3\n", encoding="utf-8")

    def done(*kinds: str) -> None:
        assert set(follower.follow(box)) == set(kinds)
        assert follower.digest() == box.status().catalog_digest

    box.index(catalog)
    done("encoder", "source", "values", "image_added", "generation")
    box.index(catalog)
    done()
    (catalog / "products.csv").write_text("sku,price\ntea,1.50\noats,2\nmilk,3\n", encoding="utf-8")
    box.index(catalog)
    done("values")
    photo(catalog / "tea" / "1.jpg", 50)
    box.index(catalog)
    done("image_removed", "image_added")
    (taught,) = box.add("tea", photo(tmp_path / "t.jpg", 60), title="Tea")
    done("image_added", "values")
    box.products.set("tea", {"price": "9"})
    done("values")
    box.remove_image(taught)
    done("image_hidden")
    box.add("tea", tmp_path / "t.jpg")
    done("image_shown")
    box.products.remove("oats")
    done("product_hidden")
    box.products.reset("oats")
    done("product_shown")
    shutil.rmtree(catalog / "milk")
    (catalog / "products.csv").write_text("sku,price\ntea,1.50\noats,2\n", encoding="utf-8")
    box.index(catalog)
    done("values_dropped", "image_removed")
    box.compact()
    done("generation")


def test_a_snapshot_and_what_came_since_make_a_store_equal(
    box: Box, follower: Follower, tmp_path: Path, photo: Photo
) -> None:
    catalog = tmp_path / "catalog"
    for number in range(5):
        photo(catalog / f"S{number}" / "1.jpg", number)
    box.index(catalog)
    box.products.remove("S1")
    with box.database.write() as tables:
        tables.execute("DELETE FROM changes WHERE seq < (SELECT max(seq) FROM changes)")
    with pytest.raises(NotFound, match="resync"):
        follower.follow(box)
    entries = list(box.changes.standing())
    with follower.database.write() as tables:
        replay(tables, entries)
    assert follower.digest() == box.status().catalog_digest
    (follower.seq,) = {entry["seq"] for entry in entries}
    box.products.set("S2", {"price": 2})
    assert follower.follow(box) == ["values"]
    assert follower.digest() == box.status().catalog_digest


def test_after_a_recovery_the_epoch_is_another_and_the_log_can_be_followed(
    home: Path, follower: Follower, tmp_path: Path, photo: Photo
) -> None:
    catalog = tmp_path / "catalog"
    for number in range(3):
        photo(catalog / f"S{number}" / "1.jpg", number)
    with Box(home, encoder=FakeEncoder()) as box:
        box.index(catalog)  # leaves a snapshot
        (epoch,) = {entry["epoch"] for entry in box.changes.since(0)}
        box.products.set("S0", {"price": 1})
        box.products.remove("S2")
    database = home / "catalog.sqlite3"
    data = bytearray(database.read_bytes())
    data[16:18] = b"\0\0"  # the page size: nothing opens, all tables can be read no more
    database.write_bytes(data)
    assert recover(prepare_home(home)) is not None
    with Box(home, encoder=FakeEncoder()) as box:
        with pytest.raises(NotFound, match="resync"):
            list(box.changes.since(0, epoch=epoch))
        follower.follow(box)
        assert follower.digest() == box.status().catalog_digest


def test_what_a_recovery_takes_over_is_in_the_log(home: Path, follower: Follower, tmp_path: Path, photo: Photo) -> None:
    from edge_search.maintenance import recover as module

    catalog = tmp_path / "catalog"
    for number in range(3):
        photo(catalog / f"S{number}" / "1.jpg", number)
    with Box(home, encoder=FakeEncoder()) as box:
        box.products.set("S1", {"price": 7})
        box.products.remove("S1")
        box.index(catalog)
        box.products.reset("S1")
        box.products.set("S0", {"price": 1})
        box.products.remove("S2")
        with box.database.read() as tables:
            image = tables.execute("SELECT image_id FROM images WHERE sku = 'S0'").fetchone()[0]
        box.remove_image(image)
        expected = box.status().catalog_digest
    sound = module.sound

    def unsound(path: Path) -> bool:
        return path != home / "catalog.sqlite3" and sound(path)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "sound", unsound)
        assert module.recover(prepare_home(home)) is not None
    with Box(home, encoder=FakeEncoder()) as box:
        assert box.status().catalog_digest == expected
        follower.follow(box)
        assert follower.digest() == expected
