"""Diagnosis: encoders whose fault is known must be found out, and one without must not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from edge_search.appliance.box import Box
from edge_search.encoder.encoder import Encoder
from edge_search.encoder.level import Level
from edge_search.errors import CatalogError, InvalidValue
from edge_search.evaluation.backgrounds import on_background
from edge_search.evaluation.collapse import category_figures, silhouette
from edge_search.evaluation.colours import greyscale, turned
from edge_search.evaluation.lookalikes import Near, look_alikes
from edge_search.imaging.recipe import Recipe
from edge_search.types import FloatArray

Pixels = np.ndarray[Any, Any]
Sees = Callable[[Pixels], Pixels]


class Watching:
    """A runtime that shows the encoder only what ``sees`` takes from the pixels float32 (n, 64, 64, 3), 0 to 1."""

    name = "fake"
    version = "1"
    precision = "fp32"
    threads = 1

    def __init__(self, sees: Sees) -> None:
        self._sees = sees
        self.dimension = self._pooled(np.zeros((1, 64, 64, 3), np.float32)).shape[1]

    def _pooled(self, pixels: Pixels) -> Pixels:
        seen = self._sees(pixels)
        return seen.reshape(len(pixels), -1) - 0.45

    def run(self, batch: Pixels) -> FloatArray:
        return np.asarray(self._pooled(batch.astype(np.float32) / 255), np.float32)


def encoder(sees: Sees) -> Encoder:
    runtime = Watching(sees)
    return Encoder(
        name="watching",
        fingerprint="watching00000000",
        recipe=Recipe(side=64, crop=1.0, interpolation="bilinear"),
        levels=(Level("seen", runtime.dimension),),
        runtime=runtime,
    )


def edges_only(pixels: Pixels) -> Pixels:
    """The frame of 4 pixels: never reached by a product, which takes 80 percent of a picture at most."""
    return np.concatenate([pixels[:, :4], pixels[:, -4:]], axis=1)


def middle_only(pixels: Pixels) -> Pixels:
    """The middle: always within a product."""
    middle: Pixels = pixels[:, 24:40, 24:40].reshape(len(pixels), 4, 4, 4, 4, 3).mean(axis=(2, 4))
    return middle


def colour_only(pixels: Pixels) -> Pixels:
    """The mean colour of the middle, in which another hue is another thing."""
    colour: Pixels = pixels[:, 28:36, 28:36].mean(axis=(1, 2)) - np.float32(0.05)
    return colour


def shape_only(pixels: Pixels) -> Pixels:
    """Where the middle is bright, told from its lightest channel: turning hues doesn't change that."""
    shape: Pixels = pixels[:, 16:48, 16:48].max(axis=3).reshape(len(pixels), 8, 4, 8, 4).mean(axis=(2, 4))
    return shape


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    """40 products, each a block of bright and dark stripes in one colour of its own, on white."""
    for number in range(40):
        rng = np.random.default_rng(number)
        picture = Image.new("RGB", (120, 120), "white")
        draw = ImageDraw.Draw(picture)
        hue = number * 255 // 40
        for row in range(8):
            for column in range(8):
                value = int(rng.integers(60, 200))
                spot = (20 + 10 * column, 20 + 10 * row, 29 + 10 * column, 29 + 10 * row)
                draw.rectangle(spot, Image.new("HSV", (1, 1), (hue, 230, value)).convert("RGB").getpixel((0, 0)))
        path = tmp_path / "stick" / f"sku{number:02}" / "1.png"
        path.parent.mkdir(parents=True)
        picture.save(path)
    return tmp_path / "stick"


def diagnosed(home: Path, stick: Path, sees: Sees) -> dict[str, Any]:
    with Box(home, encoder=encoder(sees)) as box:
        box.index(stick)
        return box.diagnose().to_dict()


def test_an_encoder_that_sees_the_background_only_is_full_leakage(home: Path, stick: Path) -> None:
    figures = diagnosed(home, stick, edges_only)
    assert figures["background"]["cut_out"] == 40
    assert figures["background"]["leakage"] == pytest.approx(1.0, abs=0.01)
    assert figures["background"]["leakage_interval95"][0] > 0.95
    assert figures["background"]["found_again"] < 0.1
    assert any("the background says much" in one["problem"] for one in figures["findings"])
    # It is a fault of every single photo, too.
    assert sum("another background" in one["action"] for one in figures["findings"]) >= 39


def test_an_encoder_that_ignores_the_background_has_none(home: Path, stick: Path) -> None:
    figures = diagnosed(home, stick, middle_only)
    assert figures["background"]["leakage"] == 0
    assert figures["background"]["found_again"] == 1
    assert figures["background"]["answer_changes"] == 0
    assert not any("background" in one["problem"] for one in figures["findings"])


def test_an_encoder_that_sees_colour_only_is_found_out_and_one_that_sees_shape_is_not(
    tmp_path: Path, stick: Path
) -> None:
    coloured = diagnosed(tmp_path / "one", stick, colour_only)["colour"]
    shaped = diagnosed(tmp_path / "two", stick, shape_only)["colour"]
    # Turned by a third of the circle, a product is as far from itself as most others are.
    assert coloured["bias"] > 0.5
    assert coloured["found_recoloured"] < 0.3
    assert shaped["bias"] < 0.02
    assert shaped["found_recoloured"] == 1
    assert shaped["similarity"] > 0.99
    assert coloured["similarity"] < 0.6


def test_colour_that_is_hardly_seen_is_said(home: Path, stick: Path) -> None:
    figures = diagnosed(home, stick, shape_only)
    assert any("colour is hardly seen" in one["problem"] for one in figures["findings"])


def test_the_same_seed_gives_the_same_figures_and_progress_ends_at_its_total(home: Path, stick: Path) -> None:
    calls: list[tuple[int, int]] = []
    with Box(home, encoder=encoder(middle_only)) as box:
        box.index(stick)
        first = box.diagnose(photos=35, seed=3, progress=lambda done, total: calls.append((done, total)))
        assert box.diagnose(photos=35, seed=3).to_dict() == first.to_dict()
        assert {one.shot.sku for one in box.diagnose(photos=35, seed=4).swapped} != {
            one.shot.sku for one in first.swapped
        }
    assert calls[0] == (0, 75)
    assert calls[-1] == (75, 75)
    assert len(first.swapped) == 35


def test_few_photos_give_pairs_but_no_rates(box: Box, tmp_path: Path, photo: Callable[..., Path]) -> None:
    for number in range(4):
        photo(tmp_path / "stick" / f"sku{number}" / "1.png", number)
    photo(tmp_path / "stick" / "copy" / "1.png", 2)
    box.index(tmp_path / "stick")
    found = box.diagnose()
    figures = found.to_dict()
    assert figures["background"] is figures["colour"] is figures["categories"] is None
    assert len(figures["nearest_pairs"]) >= len(figures["confusable"])
    assert [(one["sku"], one["other"], one["kind"]) for one in figures["confusable"]] in (
        [("sku2", "copy", "same photo")],
        [("copy", "sku2", "same photo")],
    )
    box.diagnose.report(found, tmp_path / "page.html")
    assert "too few to conclude" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_photos_that_are_gone_are_counted_and_nothing_to_try_is_said(tmp_path: Path, stick: Path) -> None:
    with Box(tmp_path / "home", encoder=encoder(middle_only), previews=False) as box:
        with pytest.raises(CatalogError, match="no photo yet"):
            box.diagnose()
        with pytest.raises(InvalidValue, match="at least one"):
            box.diagnose(photos=0)
        box.index(stick)
        (stick / "sku03" / "1.png").unlink()
        (stick / "sku04" / "1.png").write_bytes(b"no photo")
        figures = box.diagnose().to_dict()
    assert (figures["photos"], figures["unreadable"]) == (38, 2)


def test_the_page_has_pictures_and_escapes_what_the_catalog_says(tmp_path: Path, stick: Path) -> None:
    (stick / "sku00").rename(stick / "<b>sku&")
    with Box(tmp_path / "home", encoder=encoder(edges_only)) as box:
        box.index(stick)
        box.diagnose.report(box.diagnose(), tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<b>sku" not in text
    assert "&lt;b&gt;sku&amp;" in text
    assert text.count("data:image/jpeg;base64,") >= 3 * 8
    assert "http://" not in text


def test_a_product_is_cut_out_of_white_else_the_middle_is_taken() -> None:
    scene = Image.new("RGB", (360, 360), (0, 0, 255))
    white = Image.new("RGB", (100, 100), "white")
    ImageDraw.Draw(white).rectangle((30, 30, 69, 69), (200, 0, 0))
    picture, cut = on_background(white, scene)
    assert cut
    assert picture.getpixel((180, 180)) == (200, 0, 0)
    assert picture.getpixel((10, 180)) == (0, 0, 255)
    assert not (np.asarray(picture).min(axis=2) > 200).any()  # no white is left
    picture, cut = on_background(Image.new("RGB", (100, 150), (90, 160, 40)), scene)
    assert not cut
    assert picture.getpixel((180, 180)) == (90, 160, 40)
    assert picture.getpixel((10, 10)) == (0, 0, 255)


def test_turning_hues_leaves_grey_alone() -> None:
    assert turned(Image.new("RGB", (4, 4), (120, 120, 120)), 1 / 3).getpixel((0, 0)) == (120, 120, 120)
    red = turned(Image.new("RGB", (4, 4), (255, 0, 0)), 1 / 3).getpixel((0, 0))
    assert isinstance(red, tuple)
    assert red[1] > 200 > red[0]
    assert len(set(np.asarray(greyscale(Image.new("RGB", (1, 1), (200, 30, 70)))).ravel().tolist())) == 1


def test_collapsed_categories_and_clear_ones() -> None:
    """Two categories of three products: in ``tea`` they lie on one point, in ``jam`` far apart."""
    tea, jam = np.eye(8)[0], np.eye(8)[4:7]
    vectors = np.asarray([tea, tea, tea, tea, *jam], np.float32)
    skus = ["a", "a", "b", "c", "d", "e", "f"]
    rows = {sku: {"category": "tea" if sku in "abc" else "jam"} for sku in skus}
    figures = category_figures(vectors, skus, rows)
    assert figures["by_category"]["tea"]["within"] == 0
    assert figures["by_category"]["tea"]["spread"] == 0
    assert figures["by_category"]["jam"]["spread"] == 1
    assert figures["by_category"]["tea"]["products"] == 3
    assert figures["by_category"]["jam"]["own"] is None
    assert figures["between"] == 1
    # Variants of one group are one product: nothing is left that could collapse.
    for row in rows.values():
        row["variant_group"] = row["category"]
    assert category_figures(vectors, skus, rows)["by_category"]["tea"]["within"] is None
    assert not category_figures(vectors, skus, {sku: {"category": "tea"} for sku in skus})["known"]


def test_the_silhouette_is_rousseeuw_s() -> None:
    distance = np.asarray([[0, 1, 4, 6], [1, 0, 5, 5], [4, 5, 0, 2], [6, 5, 2, 0]], np.float32)
    found = silhouette(distance, np.asarray(["x", "x", "y", "y"]))
    assert found == pytest.approx([(5 - 1) / 5, (5 - 1) / 5, (4.5 - 2) / 4.5, (5.5 - 2) / 5.5])
    alone = silhouette(distance, np.asarray(["x", "x", "x", "y"]))
    assert alone[3] == 0


@pytest.mark.parametrize(
    ("one", "other", "similarity", "kind"),
    [
        ({"title": "Cola 330 ml"}, {"title": "Cola 0.5 l"}, 0.9, "size"),
        ({"title": "Tee Shirt M"}, {"title": "Tee Shirt XL"}, 0.9, "size"),
        ({"title": "Cola 330 ml"}, {"title": "Cola Zero 330 ml"}, 0.9, "alike"),
        ({"title": "330 ml"}, {"title": "500 ml"}, 0.9, "alike"),
        ({}, {}, 0.9, "alike"),
        ({"variant_group": "g"}, {"variant_group": "g"}, 0.99999, "variants"),
        ({"title": "Tea"}, {"title": "Jam"}, 0.99999, "same photo"),
    ],
)
def test_what_two_lookalikes_are(one: dict[str, str], other: dict[str, str], similarity: float, kind: str) -> None:
    near = [Near(1, "a", 2, "b", similarity, True), Near(2, "b", 1, "a", similarity, False)]
    pairs = look_alikes(near, {"a": one, "b": other})
    assert [(pair.kind, pair.crossed, pair.photos) for pair in pairs] == [(kind, 1, 2)]
    advice = pairs[0].advice()
    assert ("variant_group" in advice.action) == (kind == "size")


def test_lookalikes_come_nearest_first_and_once() -> None:
    near = [Near(1, "a", 2, "b", 0.8, False), Near(2, "b", 1, "a", 0.85, True), Near(3, "c", 1, "a", 0.9, False)]
    assert [(p.sku, p.other, p.similarity) for p in look_alikes(near, {})] == [("c", "a", 0.9), ("b", "a", 0.85)]
