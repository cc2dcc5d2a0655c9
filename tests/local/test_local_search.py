"""Details find and order products, and a hit says why."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from edge_search.appliance.box import Box
from edge_search.encoder.fake_runtime import FakeEncoder
from edge_search.ingest.local_fitting import LocalReport
from edge_search.store import generations, local_features, vocabularies
from tests.local.drawn import detailed
from tests.local.shop import CORNERS, SKUS, carry, fitting

Shot = Callable[[int], Image.Image]


def firsts(box: Box, shot: Shot, *, rerank: bool = True) -> int:
    return sum(box.search(shot(number), 3, rerank=rerank).hits[0].sku == f"S{number}" for number in range(SKUS))


def word_files(box: Box) -> list[Path]:
    return sorted(box.home.index.glob("*.words"))


def test_details_name_products_that_vectors_miss_and_the_hit_says_where(fitted: Box, shot: Shot) -> None:
    assert firsts(fitted, shot) >= SKUS - 1
    assert firsts(fitted, shot, rerank=False) < SKUS - 6
    answer = fitted.search(shot(3), 3)
    evidence = answer.hits[0].evidence
    assert evidence is not None
    assert evidence.image_id == answer.hits[0].image_id
    assert evidence.points >= 20
    x, y, width, height = evidence.region
    low, high = np.array(CORNERS).min(axis=0) / (440, 400), np.array(CORNERS).max(axis=0) / (440, 400)
    assert low[0] - 0.02 <= x <= x + width <= high[0] + 0.02
    assert low[1] - 0.02 <= y <= y + height <= high[1] + 0.02
    assert answer.timings_ms.rerank > 0
    document = json.loads(json.dumps(answer.to_dict()))
    assert document["hits"][0]["evidence"]["region"] == list(evidence.region)


def test_without_rerank_there_is_no_evidence_and_no_time_spent(fitted: Box, shot: Shot) -> None:
    answer = fitted.search(shot(3), 3, rerank=False)
    assert answer.timings_ms.rerank == 0
    assert [hit.evidence for hit in answer.hits] == [None] * 3


def test_the_setting_turns_details_off(fitted: Box, shot: Shot) -> None:
    with Box(fitted.home.root, encoder=FakeEncoder(), rerank="off") as box:
        assert box.search(shot(3), 3).hits[0].evidence is None


def test_the_region_of_a_crop_is_told_on_the_whole_photo(fitted: Box, shot: Shot) -> None:
    whole = fitted.search(shot(3), 1).hits[0].evidence
    part = fitted.search(shot(3), 1, crop=(22, 20, 418, 380)).hits[0].evidence
    assert whole is not None
    assert part is not None
    assert part.region == pytest.approx(whole.region, abs=0.06)


def test_until_a_vocabulary_is_published_nothing_changes(plain: Box, shot: Shot, tmp_path: Path) -> None:
    detailed(50).save(tmp_path / "new.png")
    plain.add("NEW", tmp_path / "new.png")
    assert plain.search(shot(3), 3).hits[0].evidence is None
    with plain.database.read() as tables:
        assert local_features.extractors(tables) == []


def test_a_taught_product_is_found_by_its_words_at_once(fitted: Box, shot: Shot, tmp_path: Path) -> None:
    detailed(77).save(tmp_path / "new.png")
    assert fitted.search(shot(77), 1).hits[0].evidence is None
    (key,) = fitted.add("NEW", tmp_path / "new.png")
    hit = fitted.search(shot(77), 1).hits[0]
    assert hit.sku == "NEW"
    assert hit.evidence is not None
    assert hit.evidence.image_id == key
    # Another process sees it, too.
    with Box(fitted.home.root, encoder=FakeEncoder()) as other:
        assert other.search(shot(77), 1).hits[0].sku == "NEW"


def test_a_removed_product_is_gone_for_words_too(fitted: Box, shot: Shot) -> None:
    assert fitted.search(shot(4), 1).hits[0].sku == "S4"
    fitted.products.remove("S4")
    assert "S4" not in [hit.sku for hit in fitted.search(shot(4), SKUS).hits]


def test_a_filter_holds_for_what_words_find(fitted: Box, shot: Shot) -> None:
    fitted.products.set("S4", {"category": "tea"})
    fitted.products.set("S5", {"category": "tea"})
    hits = fitted.search(shot(7), 5, category="tea").hits
    assert {hit.sku for hit in hits} == {"S4", "S5"}


def test_variants_are_one_hit(fitted: Box, shot: Shot) -> None:
    for number in range(4, 12):
        fitted.products.set(f"S{number}", {"variant_group": "family"})
    hits = fitted.search(shot(6), 5, variants=True).hits
    assert hits[0].sku == "S6"
    assert sum(hit.variant_group == "family" for hit in hits) == 1
    assert len(hits) == 5


def test_new_photos_get_into_the_files_and_old_files_go(fitted: Box, shot: Shot, tmp_path: Path) -> None:
    before = word_files(fitted)
    assert len(before) == 1
    for number in range(40, 46):
        detailed(number).save(tmp_path / "new.png")
        fitted.add(f"N{number}", tmp_path / "new.png")
    for _ in range(3):
        fitted.builder.publish(anew=True)
    after = word_files(fitted)
    assert before[0] not in after
    view = None
    with fitted.database.read() as tables:
        index = fitted.catalog_index
        view = index.local.view(tables, index.generation(tables))
    assert view is not None
    assert len(view.tail) == 0
    assert sum(row.count for row in view.rows) == SKUS + 6
    assert fitted.search(shot(43), 1).hits[0].sku == "N43"
    assert fitted.upkeep.verify() == []


@pytest.mark.parametrize("how", ["gone", "other bytes", "cut"])
def test_a_lost_word_file_costs_lift_never_answers(
    fitted: Box, shot: Shot, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    (path,) = word_files(fitted)
    data = bytearray(path.read_bytes())
    path.unlink()
    if how != "gone":
        data[len(data) // 2] ^= 0xFF
        path.write_bytes(data if how == "other bytes" else data[:100])
    logging.getLogger("edge_search").propagate = True
    with Box(fitted.home.root, encoder=FakeEncoder()) as box:
        for _ in range(2):
            assert len(box.search(shot(3), 5).hits) == 5
        told = [record.message for record in caplog.records if path.name in record.message]
        assert len(told) == 1
        assert "edge-search compact" in told[0]
        assert [damage.kind for damage in box.upkeep.verify()] == ["segment"]
        with box.database.read() as tables:
            assert box.builder.due(tables)
        box.builder.publish()
        assert firsts(box, shot) >= SKUS - 1
        assert box.upkeep.verify() == []


def test_a_file_damaged_under_a_running_process_is_noticed(fitted: Box, shot: Shot) -> None:
    assert firsts(fitted, shot) >= SKUS - 1
    (path,) = word_files(fitted)
    path.unlink()
    assert len(fitted.search(shot(3), 5).hits) == 5
    fitted.builder.publish()
    assert firsts(fitted, shot) >= SKUS - 1


def test_a_damaged_vocabulary_leaves_the_vectors(fitted: Box, shot: Shot) -> None:
    with fitted.database.write() as tables:
        tables.execute("UPDATE vocabularies SET data = x'00'")
    with Box(fitted.home.root, encoder=FakeEncoder()) as box:
        answer = box.search(shot(3), 5)
        assert len(answer.hits) == 5
        assert answer.hits[0].evidence is None
        assert [damage.kind for damage in box.upkeep.verify()] == ["vocabulary"]


def test_damaged_details_are_named_and_looked_for_again(fitted: Box) -> None:
    with fitted.database.write() as tables:
        digest = tables.execute("SELECT content_hash FROM local_features LIMIT 1").fetchone()[0]
        tables.execute("UPDATE local_features SET points = zeroblob(300) WHERE content_hash = ?", [digest])
    assert [(damage.kind, damage.key) for damage in fitted.upkeep.verify()] == [("details", digest)]
    mended, left = fitted.upkeep.repair()
    assert [damage.kind for damage in mended] == ["details"]
    assert left == []
    assert fitted.upkeep.verify() == []


def test_details_of_photos_nobody_shows_are_collected(fitted: Box) -> None:
    with fitted.database.write() as tables:
        local_features.put(tables, "rootsift-300", {"f" * 64: b"details"})
    fitted.upkeep.tidy()
    with fitted.database.read() as tables:
        assert local_features.counted(tables, "rootsift-300") == SKUS
        generation = generations.current(tables)
        assert generation is not None
        assert generation.carried.vocabulary_id is not None
        assert vocabularies.get(tables, generation.carried.vocabulary_id).data


def test_a_photo_takes_no_more_bytes_than_the_setting_says(fitted: Box, tmp_path: Path) -> None:
    detailed(77).save(tmp_path / "new.png")
    with Box(fitted.home.root, encoder=FakeEncoder(), local_bytes=2000) as box:
        (key,) = box.add("NEW", tmp_path / "new.png")
        with box.database.read() as tables:
            stored = local_features.of_keys(tables, "rootsift-300", [key])
    assert 1800 < len(stored[key]) <= 2000


def test_the_report_says_what_was_won(fitted_home: tuple[Path, LocalReport]) -> None:
    report = fitted_home[1]
    assert report.report["kept"] is True
    assert report.report["basis"] == "simulated"
    assert report.report["recall_1_details"] > report.report["recall_1_vectors"] + 0.2
    assert len(report.lineups) == 2 * report.report["queries"]
    absent = [one for one in report.lineups if one.absent]
    assert all(one.right is None for one in absent)
    json.dumps(report.report)


def test_a_fit_that_is_stopped_leaves_everything_as_it_was(plain: Box, shot: Shot) -> None:
    calls = 0

    class Enough(Exception):
        pass

    def pause() -> None:
        nonlocal calls
        calls += 1
        with plain.database.read() as tables:
            if tables.execute("SELECT 1 FROM vocabularies").fetchone():
                raise Enough

    with pytest.raises(Enough):
        fitting(plain).fit(pause=pause)
    assert calls > 5
    with plain.database.read() as tables:
        assert tables.execute("SELECT count(*) FROM vocabularies").fetchone()[0] == 0
        assert local_features.counted(tables, "rootsift-300") == SKUS
    assert plain.search(shot(3), 1).hits[0].evidence is None


def test_a_second_fit_goes_on_with_the_same_words(fitted: Box, shot: Shot) -> None:
    before = word_files(fitted)
    report = fitting(fitted).fit()
    assert report.vocabulary_id is not None
    carry(fitted, report.vocabulary_id)
    fitted.upkeep.tidy()
    with fitted.database.read() as tables:
        row = vocabularies.get(tables, report.vocabulary_id)
    assert row.words != row.vocabulary_id
    assert len(word_files(fitted)) >= 1
    assert firsts(fitted, shot) >= SKUS - 1
    assert before


def test_the_command_line_shows_evidence_and_can_leave_it_out(
    fitted: Box, shot: Shot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edge_search.cli.main import cli

    monkeypatch.setattr("edge_search.cli.context.Context.box", lambda self, *a, **k: fitted)
    monkeypatch.setattr(Box, "close", lambda self: None)
    shot(3).save(tmp_path / "query.png")
    run = CliRunner().invoke(cli, ["--home", str(fitted.home.root), "search", str(tmp_path / "query.png")])
    assert "details agree with S3, in 0." in run.output
    quiet = CliRunner().invoke(
        cli, ["--home", str(fitted.home.root), "search", "--no-rerank", "--json", str(tmp_path / "query.png")]
    )
    assert {hit["evidence"] for hit in json.loads(quiet.stdout)["hits"]} == {None}
