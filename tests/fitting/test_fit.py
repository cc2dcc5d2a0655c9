"""Fits: what varies within a product is learned, and kept only where it wins."""

from __future__ import annotations

import numpy as np
import pytest

from edge_search.errors import InvalidValue
from edge_search.fitting.discriminant import Discriminant, FitRecipe
from edge_search.fitting.fit import fit
from edge_search.fitting.projection import identity
from edge_search.fitting.recall import recalls
from edge_search.fitting.scatter import Scatter, around_pictures, within_skus
from edge_search.fitting.split import splits
from edge_search.fitting.trial import Trial
from tests.fitting.galleries import WIDTH, gallery

PLAIN = identity(WIDTH)


def test_fit_learns_what_varies_and_names_new_skus_better() -> None:
    found = fit(gallery(40, 4), PLAIN, {"all": None}, promised=0.02)
    assert found.recipe is not None
    assert found.basis == "photos"
    fresh = gallery(60, 2, seed=9)
    first, second = fresh.rows(np.arange(0, 120, 2)), fresh.rows(np.arange(1, 120, 2))
    before = recalls(first.features, first.skus, second.features, second.skus)
    after = recalls(found.projection(first.features), first.skus, found.projection(second.features), second.skus)
    assert before.at_1 < 0.6
    assert after.at_1 > before.at_1 + 0.2


def test_simulated_photos_teach_where_each_product_has_one_picture() -> None:
    one = gallery(60, 1, simulated=4, nuisance=1.5)
    found = fit(one, PLAIN, {"all": None}, promised=0.02)
    assert found.basis == "simulated"
    assert found.recipe is not None
    assert found.recipe.power < 1, "there is nothing real to judge a strong fit by"


def test_nothing_to_learn_keeps_the_plain_projection() -> None:
    easy = gallery(30, 3, nuisance=0.0)
    found = fit(easy, PLAIN, {"all": None}, promised=0.02)
    assert found.recipe is None
    assert found.projection is PLAIN
    assert "no fitted projection wins" in found.reason


def test_too_little_to_try_is_said() -> None:
    found = fit(gallery(3, 1), PLAIN, {"all": None}, promised=0.02)
    assert (found.recipe, found.calibration, found.basis) == (None, None, "nothing")


def test_same_catalog_gives_the_same_projection() -> None:
    one, two = (fit(gallery(30, 4), PLAIN, {"all": None}, promised=0.02).projection for _ in range(2))
    assert one.to_bytes() == two.to_bytes()


def test_a_fit_can_be_stopped_between_steps() -> None:
    calls = 0

    def pause() -> None:
        nonlocal calls
        calls += 1
        if calls == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(gallery(30, 4), PLAIN, {"all": None}, promised=0.02, pause=pause)


def test_levels_left_out_have_no_weight() -> None:
    mask = np.ones(WIDTH, np.float32)
    mask[20:] = 0
    trial = Trial(gallery(30, 4), PLAIN, {"all": None, "last": mask})
    projection = trial.fitted(FitRecipe(levels="last"))
    assert projection is not None
    assert projection.matrix is not None
    assert np.abs(projection.matrix[20:]).max() < 1e-6
    assert np.abs(projection.matrix[:20]).max() > 0.01


def test_dimension_is_at_most_the_rank_of_the_photos() -> None:
    few = gallery(12, 2)
    within = within_skus(few)
    assert within is not None
    assert Discriminant(few.features, [(1.0, within)]).fit(FitRecipe(dimension=256)).dimension == 23
    assert Discriminant(few.features, [(1.0, within)]).fit(FitRecipe(dimension=7)).dimension == 7


def test_scatters_say_nothing_when_there_is_nothing() -> None:
    assert within_skus(gallery(20, 1)) is None
    assert around_pictures(gallery(20, 2)) is None
    assert Scatter.of(np.zeros((3, 5), np.float32), 3) is None
    with pytest.raises(InvalidValue, match="two photos and a scatter"):
        Discriminant(gallery(20, 1).features, [])


def test_split_asks_with_the_photo_least_like_the_others() -> None:
    some = gallery(24, 4, nuisance=0.1)
    odd = some.features.copy()
    odd[2::4] = np.roll(odd[2::4], 1, axis=0)  # the third photo of each shows something else
    strange = type(some)(odd, some.skus, some.simulated, some.origin, some.cut_out)
    asked = [split for split in splits(strange) if split.kind == "photo"]
    first = np.concatenate([split.queries for split in asked[:2]])
    assert sorted(map(tuple, first.tolist())) == sorted(map(tuple, odd[2::4].tolist()))


def test_no_split_asks_with_a_picture_on_plain_ground_or_for_an_unknown_sku() -> None:
    some = gallery(24, 2, cut_out=1)
    clean = {tuple(row) for row in some.features[some.cut_out].tolist()}
    kinds = set()
    for split in splits(some):
        kinds.add(split.kind)
        assert not clean & set(map(tuple, split.queries.tolist()))
        assert set(split.query_skus) <= set(split.gallery.skus)
        if split.kind == "sku":
            assert not set(split.query_skus) & set(split.fitted.skus)
        # Half of the SKUs keep both photos: how they differ is learned from those.
        assert within_skus(split.fitted) is not None
    assert kinds == {"photo", "sku"}


def test_simulated_split_never_fits_on_what_it_asks_with() -> None:
    some = gallery(30, 1, simulated=3)
    (split,) = splits(some)
    assert split.kind == "simulated"
    assert len(split.queries) == 30
    assert not {tuple(row) for row in split.queries.tolist()} & {tuple(row) for row in split.fitted.simulated.tolist()}
