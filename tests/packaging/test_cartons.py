"""The generator of flat packaging: the same seed, the same boxes and photos; what a carton is told apart by."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageChops

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "packaging"))

from cartons.artwork import front
from cartons.design import designs
from cartons.folder import Order, write_folder
from cartons.scene import packshot, photo


def same(one: Image.Image, two: Image.Image) -> bool:
    return one.size == two.size and ImageChops.difference(one, two).getbbox() is None


def test_a_seed_gives_the_same_designs_and_pictures_every_time() -> None:
    one, two = designs(1, 12), designs(1, 12)
    assert one == two
    assert same(packshot(one[3]), packshot(two[3]))
    assert designs(2, 12) != one
    assert not set(one) & set(designs(1, 12, kind=1)), "distractors are other boxes"


def test_fewer_designs_are_the_first_of_more() -> None:
    assert designs(1, 30)[:10] == designs(1, 10)


def test_siblings_share_a_brand_and_differ() -> None:
    families: dict[int, list[object]] = {}
    for design in designs(1, 100):
        families.setdefault(design.house, []).append(design)
    several = [family for family in families.values() if len(family) > 1]
    assert len(several) > 15
    one, two = designs(1, 100)[0], designs(1, 100)[1]
    assert one.brand == two.brand
    assert not same(front(one), front(two))


def test_a_photo_is_the_same_for_its_seed_and_another_for_the_next() -> None:
    design, *others = designs(3, 5)
    first = photo(design, [3, 0], others)
    assert first.size in {(720, 960), (960, 720)}
    assert same(first, photo(design, [3, 0], others))
    assert not same(first, photo(design, [3, 1], others))


def test_a_photo_has_the_box_large_enough_to_be_seen() -> None:
    # The same scene without the box would differ wherever the box is; so the photo of another box must.
    one, two, *_ = designs(5, 2)
    differing = [
        np.asarray(ImageChops.difference(photo(one, [5, shot]), photo(two, [5, shot]))).max(axis=2) > 60
        for shot in range(3)
    ]
    assert np.mean([mask.mean() for mask in differing]) > 0.08


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("cartons")
    write_folder(made, Order(seed=7, skus=3, photos=2, distractors=2), tell=lambda text: None)
    return made


def test_a_folder_has_manifests_that_name_pictures(folder: Path) -> None:
    counts = {}
    for name in ("catalog", "queries", "distractors"):
        with (folder / f"{name}.csv").open() as file:
            rows = list(csv.DictReader(file))
        counts[name] = len(rows)
        for row in rows:
            with Image.open(folder / row["path"]) as picture:
                assert min(picture.size) > 200
    assert counts == {"catalog": 3, "queries": 6, "distractors": 2}


def test_a_second_run_goes_on_and_changes_nothing(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    gone = folder / "queries" / "C00001_1.jpg"
    gone.unlink()
    write_folder(folder, Order(seed=7, skus=3, photos=2, distractors=2), tell=lambda text: None)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
