"""`adapt` and local features: tried, published, mended and taken back with everything else that is fitted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PIL import Image

from edge_search.appliance.box import Box
from edge_search.encoder.fake_runtime import FakeEncoder
from edge_search.store import generations
from tests.local.shop import SKUS

Shot = Callable[[int], Image.Image]


def evident(box: Box, shot: Shot) -> int:
    """How many of the first products are named with evidence."""
    first = [box.search(shot(number), 3).hits[0] for number in range(SKUS)]
    return sum(hit.sku == f"S{number}" and hit.evidence is not None for number, hit in enumerate(first))


def test_a_fit_publishes_details_that_help_and_revert_takes_them_back(plain: Box, shot: Shot) -> None:
    assert evident(plain, shot) == 0
    found = plain.adapting.run()
    assert found is not None
    assert found["details"]["kept"], found["details"]
    assert evident(plain, shot) >= SKUS - 2
    assert plain.upkeep.verify() == []
    plain.adapting.revert()
    assert evident(plain, shot) == 0
    assert plain.upkeep.verify() == []


def test_a_fit_mends_a_damaged_vocabulary(fitted: Box, shot: Shot) -> None:
    with fitted.database.write() as tables:
        tables.execute("UPDATE vocabularies SET data = x'00'")
    assert [damage.kind for damage in fitted.upkeep.verify()] == ["vocabulary"]
    assert fitted.adapting.run() is not None
    assert fitted.upkeep.verify() == []
    with Box(fitted.home.root, encoder=FakeEncoder()) as box:
        assert evident(box, shot) >= SKUS - 2


def test_details_that_must_not_count_are_not_fitted(drawn_catalog: Path, tmp_path: Path) -> None:
    with Box(tmp_path / "off", encoder=FakeEncoder(), rerank="off") as box:
        box.index(drawn_catalog)
        found = box.adapting.run()
        assert found is not None
        assert found["details"] is None
        with box.database.read() as tables:
            current = generations.current(tables)
            assert current is not None
            assert current.carried.vocabulary_id is None
            assert tables.execute("SELECT count(*) FROM local_features").fetchone() == (0,)
