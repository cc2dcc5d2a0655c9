"""Image rows and features."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge_search.errors import EncoderError
from edge_search.store import features, images, products
from edge_search.store.database import Tables
from edge_search.store.images import Image

PHOTO = Image(0, "tea", 1, b"tea/1.jpg", "h1", 10, 20, 30, 64, 64)


def test_keys_are_never_used_again(tables: Tables) -> None:
    seen: set[int] = set()
    for number in range(5):
        keys = images.add(tables, [replace(PHOTO, path=b"%d" % number), replace(PHOTO, path=b"x%d" % number)])
        assert not seen & set(keys)
        assert min(keys) > max(seen, default=0)
        seen |= set(keys)
        images.remove(tables, keys)
    assert images.count(tables) == 0


def test_replaced_photo_gets_a_new_key_and_both_are_logged(tables: Tables) -> None:
    (old,) = images.add(tables, [PHOTO])
    (new,) = images.add(tables, [replace(PHOTO, content_hash="h2")])
    assert new > old
    assert [image.image_id for image in images.by_owner(tables, 1)] == [new]
    log = tables.execute("SELECT kind, image_id, data FROM changes ORDER BY seq").fetchall()
    assert log == [("image_added", old, "h1"), ("image_removed", old, "h1"), ("image_added", new, "h2")]


def test_moved_photo_keeps_its_key(tables: Tables) -> None:
    (key,) = images.add(tables, [PHOTO])
    images.move(tables, key, b"tea/\xff.jpg", 11, 21, 31)
    assert images.get(tables, key) == replace(PHOTO, image_id=key, path=b"tea/\xff.jpg", size=11, mtime_ns=21, inode=31)
    assert images.at(tables, 1, b"tea/1.jpg", "tea") is None


def test_removing_reports_only_rows_that_were_there(tables: Tables) -> None:
    keys = images.add(tables, [PHOTO])
    assert images.remove(tables, [*keys, *keys, 999]) == 1


def test_two_owners_may_have_the_same_path(tables: Tables) -> None:
    images.add(tables, [PHOTO, replace(PHOTO, owner=2)])
    assert [images.count(tables, owner) for owner in (1, 2, 3)] == [1, 1, 0]
    assert len(images.of_sku(tables, "tea")) == 2
    assert len(images.of_sku(tables, "tea", owner=2)) == 1


def test_searchable_needs_a_shown_product_and_no_tombstone(tables: Tables) -> None:
    first, second = images.add(tables, [PHOTO, replace(PHOTO, path=b"2", content_hash="h2")])
    assert images.skus_of(tables, [first, second]) == {}
    products.put_values(tables, 1, {"tea": {}})
    assert images.skus_of(tables, [second, first, 77]) == {first: "tea", second: "tea"}
    row = images.get(tables, first)
    assert row is not None
    images.entomb(tables, row)
    assert images.searchable(tables).tolist() == [second]
    assert images.searchable(tables, after=second).tolist() == []
    # The same content of another SKU is another photo.
    products.put_values(tables, 1, {"coffee": {}})
    (third,) = images.add(tables, [replace(PHOTO, sku="coffee", path=b"3")])
    assert images.searchable(tables).tolist() == [second, third]
    images.unentomb(tables, "tea", "h1")
    assert images.searchable(tables).tolist() == [first, second, third]


def test_many_keys_are_looked_up_in_parts(tables: Tables) -> None:
    products.put_values(tables, 1, {"tea": {}})
    keys = images.add(tables, [replace(PHOTO, path=b"%d" % number) for number in range(1201)])
    assert images.skus_of(tables, keys) == dict.fromkeys(keys, "tea")


def test_features_come_back_in_key_order_page_by_page(tables: Tables) -> None:
    values = {f"h{number}": np.full(4, number, np.float32) for number in range(5)}
    features.put(tables, "fp", values)
    features.put(tables, "other", {"h0": np.ones(9, np.float32)})
    rows = [replace(PHOTO, path=b"%d" % at, content_hash=f"h{n}") for at, n in enumerate((3, 1, 4, 1))]
    keys = images.add(tables, rows)
    images.add(tables, [replace(PHOTO, path=b"none", content_hash="no feature")])
    pages = list(features.of_images(tables, "fp", page=3))
    assert [len(page[0]) for page in pages] == [3, 1]
    assert np.concatenate([page[0] for page in pages]).tolist() == keys
    assert np.concatenate([page[1] for page in pages])[:, 0].tolist() == [3, 1, 4, 1]
    assert [page[0].tolist() for page in features.of_images(tables, "fp", after=keys[1], upto=keys[2])] == [[keys[2]]]


def test_feature_that_is_there_stays(tables: Tables) -> None:
    features.put(tables, "fp", {"h1": np.ones(2, np.float32)})
    features.put(tables, "fp", {"h1": np.zeros(2, np.float32)})
    images.add(tables, [PHOTO])
    assert next(features.of_images(tables, "fp"))[1].tolist() == [[1, 1]]
    assert features.have(tables, "fp", "h1")
    assert not features.have(tables, "fp2", "h1")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e6])
def test_feature_that_is_not_finite_as_float16_is_refused(tables: Tables, bad: float) -> None:
    with pytest.raises(EncoderError, match="not finite"):
        features.put(tables, "fp", {"h0": np.zeros(3, np.float32), "h1": np.array([0, bad, 1], np.float32)})
    assert not features.have(tables, "fp", "h0")


def test_features_nobody_shows_are_collected(tables: Tables) -> None:
    features.put(tables, "fp", {name: np.ones(2, np.float32) for name in ("h1", "h2")})
    images.add(tables, [PHOTO])
    assert features.collect(tables) == (1, None)
    assert features.have(tables, "fp", "h1")
    assert not features.have(tables, "fp", "h2")
