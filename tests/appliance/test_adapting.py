"""Adapting: what a box learns of its own catalog, and how it goes back."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge_search.appliance.box import Box
from edge_search.encoder.fake_runtime import FakeEncoder
from edge_search.errors import NotFound, StoreDamaged
from edge_search.imaging.simulate import simulate
from edge_search.store import fit_note, generations, meta, simulations
from tests.conftest import make_photo

SKUS = 32


def shots(folder: Path, number: int, count: int, *, first: int = 0) -> None:
    """Photos of one product as shoppers take them, each with another light and background."""
    picture = Image.open(make_photo(folder.parent / "motifs" / f"{number}.png", number, size=(160, 160)))
    for shot in range(first, first + count):
        path = folder / f"S{number:02}" / f"{shot}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        simulate(picture, np.random.default_rng([number, shot, 7])).save(path, quality=92)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 32 products with 4 photos each."""
    folder = tmp_path_factory.mktemp("shop") / "photos"
    for number in range(SKUS):
        shots(folder, number, 4)
    return folder


@pytest.fixture(scope="module")
def indexed(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with those photos, not fitted."""
    home = tmp_path_factory.mktemp("indexed") / "home"
    with Box(home, encoder=FakeEncoder(), threads=1) as box:
        box.index(photos)
    return home


@pytest.fixture
def shop(indexed: Path, tmp_path: Path) -> Iterator[Box]:
    """A box of its own with those photos."""
    shutil.copytree(indexed, tmp_path / "home")
    with Box(tmp_path / "home", encoder=FakeEncoder(), threads=1) as box:
        yield box


@pytest.fixture(scope="module")
def learned(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same home, fitted."""
    home = tmp_path_factory.mktemp("learned") / "home"
    shutil.copytree(indexed, home)
    with Box(home, encoder=FakeEncoder(), threads=1) as box:
        assert box.adapting.run() is not None
    return home


@pytest.fixture
def fitted(learned: Path, tmp_path: Path) -> Iterator[Box]:
    """A fitted box of its own."""
    shutil.copytree(learned, tmp_path / "home")
    with Box(tmp_path / "home", encoder=FakeEncoder(), threads=1) as box:
        yield box


def kind(box: Box) -> tuple[str, bool]:
    answer = box.search(Image.new("RGB", (100, 100), (200, 30, 30)), 1)
    return answer.projection, answer.calibrated


def recall(box: Box, count: int = 3) -> float:
    """Share of fresh photos whose product comes first."""
    right = 0
    for number in range(SKUS):
        picture = Image.open(make_photo(box.home.root.parent / f"{number}.png", number, size=(160, 160)))
        for shot in range(count):
            photo = simulate(picture, np.random.default_rng([number, shot, 99]))
            right += box.search(photo, 1).hits[0].sku == f"S{number:02}"
    return right / (SKUS * count)


def test_fit_lifts_recall_on_photos_it_never_saw_and_is_published_in_one_commit(shop: Box) -> None:
    before, generation = recall(shop), shop.status().generation
    found = shop.adapting.run()
    assert found is not None
    assert found["kept"]
    assert found["images"] == SKUS * 4
    assert found["generation"] > generation
    assert kind(shop) == ("fitted", True)
    assert recall(shop) >= before + 0.05
    assert shop.upkeep.verify() == []
    with Box(shop.home.root, encoder=FakeEncoder(), threads=1) as other:
        assert kind(other) == ("fitted", True)
        assert other.adapting.report().report["reason"] == found["reason"]


def test_score_is_a_chance_and_falls_from_hit_to_hit(fitted: Box) -> None:
    picture = Image.open(make_photo(fitted.home.root.parent / "q.png", 5, size=(160, 160)))
    answer = fitted.search(simulate(picture, np.random.default_rng(3)), 5)
    scores = [hit.score for hit in answer.hits]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert fitted.search(simulate(picture, np.random.default_rng(3)), 1).verdict == answer.verdict
    assert fitted.search(simulate(picture, np.random.default_rng(3)), 1).hits[0].score == scores[0]


def test_revert_goes_back_and_stays_there(fitted: Box) -> None:
    fitted.adapting.revert()
    assert kind(fitted) == ("plain", False)
    assert fitted.adapting.report().reverted
    assert not fitted.adapting.due()
    fitted.adapting.run()
    assert kind(fitted) == ("fitted", True)


def test_what_is_taught_after_a_fit_is_found_at_once_and_joins_the_next(fitted: Box) -> None:
    photo = make_photo(fitted.home.root.parent / "new.png", 4711)
    fitted.add("NEW", photo)
    assert fitted.search(photo, 1).hits[0].sku == "NEW"
    fitted.builder.publish()
    assert kind(fitted) == ("fitted", True), "a generation hands on what it carries"
    found = fitted.adapting.run()
    assert found is not None
    assert found["images"] == SKUS * 4 + 1
    assert fitted.search(photo, 1).hits[0].sku == "NEW"


def test_stopped_fit_changes_nothing_but_keeps_simulated_photos(shop: Box) -> None:
    generation = shop.status().generation
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > 3

    assert shop.adapting.run(stop=stop) is None
    assert shop.status().generation == generation
    with shop.database.read() as tables:
        made = tables.execute("SELECT count(*) FROM simulations").fetchone()[0]
        assert fit_note.note(tables) is None
    assert made > 0
    steps: list[int] = []
    assert shop.adapting.run(lambda done, _: steps.append(done)) is not None
    assert steps[0] > made / 6, "what was made before is not made again"


def test_a_second_fit_simulates_nothing(fitted: Box) -> None:
    with fitted.database.read() as tables:
        before = tables.execute("SELECT count(*), max(rowid) FROM simulations").fetchone()
    fitted.adapting.run()
    with fitted.database.read() as tables:
        assert tables.execute("SELECT count(*), max(rowid) FROM simulations").fetchone() == before


def test_due_after_the_first_sync_and_when_a_fifth_changed(shop: Box, tmp_path: Path) -> None:
    assert shop.adapting.due()
    shop.adapting.run()
    assert not shop.adapting.due()
    for number in range(25):
        shop.add(f"N{number}", make_photo(tmp_path / f"n{number}.png", 900 + number))
    assert not shop.adapting.due()
    for number in range(25, 27):
        shop.add(f"N{number}", make_photo(tmp_path / f"n{number}.png", 900 + number))
    assert shop.adapting.due()


def test_not_due_when_told_not_to_or_with_few_photos(indexed: Path, tmp_path: Path, photo: Callable[..., Path]) -> None:
    shutil.copytree(indexed, tmp_path / "home")
    with Box(tmp_path / "home", encoder=FakeEncoder(), adapt="off") as box:
        assert not box.adapting.due()
    with Box(tmp_path / "small", encoder=FakeEncoder()) as box:
        assert not box.adapting.due()
        box.add("A", photo(tmp_path / "a.png", 1))
        assert not box.adapting.due()


def test_empty_catalog_says_what_to_do(box: Box) -> None:
    with pytest.raises(NotFound, match="edge-search index FOLDER"):
        box.adapting.run()
    with pytest.raises(NotFound, match="edge-search adapt"):
        box.adapting.report()


def test_another_encoder_starts_plain_and_is_due_for_a_fit(learned: Path, tmp_path: Path) -> None:
    shutil.copytree(learned, tmp_path / "home")
    new = FakeEncoder("fake111111111111", name="new", grid=8)
    with Box(tmp_path / "home", encoder=[FakeEncoder(), new], threads=1) as box:
        assert kind(box) == ("fitted", True)
        box.switching.start("new")
        box.switching.run()
        assert kind(box) == ("plain", False)
        assert box.adapting.due()
        box.adapting.run()
        assert kind(box) == ("fitted", True)
        # The simulated photos of the encoder that is gone go with its features.
        box.compact()
        with box.database.read() as tables:
            assert {row[0] for row in tables.execute("SELECT DISTINCT fingerprint FROM simulations")} == {
                new.fingerprint
            }


def test_unchanged_projection_keeps_its_files(fitted: Box) -> None:
    with fitted.database.read() as tables:
        before = generations.current(tables)
    found = fitted.adapting.run()
    assert found is not None
    with fitted.database.read() as tables:
        after = generations.current(tables)
        assert meta.get(tables, "fit") is not None
    assert before is not None
    assert after is not None
    assert after.generation_id > before.generation_id
    assert after.segments == before.segments


def test_projections_that_no_generation_has_are_forgotten(fitted: Box, tmp_path: Path) -> None:
    for turn in range(4):
        fitted.add(f"N{turn}", make_photo(tmp_path / f"n{turn}.png", 800 + turn))
        assert fitted.adapting.run() is not None
    with fitted.database.read() as tables:
        kept = {row[0] for row in tables.execute("SELECT projection_id FROM projections")}
        used = {row[0] for row in tables.execute("SELECT projection_id FROM generations")}
    assert kept == used
    assert len(kept) <= 2


def test_damaged_simulated_photo_is_made_again(fitted: Box) -> None:
    with fitted.database.write() as tables:
        digest, right = tables.execute("SELECT content_hash, crc32 FROM simulations WHERE number = 0").fetchone()
        tables.execute("UPDATE simulations SET crc32 = ? WHERE content_hash = ? AND number = 0", [right ^ 1, digest])
    with fitted.database.read() as tables, pytest.raises(StoreDamaged):
        simulations.of(tables, "fake000000000000", digest, 6)
    assert fitted.adapting.run() is not None
    with fitted.database.read() as tables:
        sql = "SELECT crc32 FROM simulations WHERE content_hash = ? AND number = 0"
        assert tables.execute(sql, [digest]).fetchone() == (right,)
