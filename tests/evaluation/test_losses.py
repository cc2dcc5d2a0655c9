"""Losses: what each part costs, where the answer is known by construction."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from edge_search.appliance.box import Box
from edge_search.encoder.fake_runtime import FakeEncoder
from edge_search.encoder.plain_projection import PlainProjection
from edge_search.evaluation.instead import coded, exact
from edge_search.evaluation.losses import loss_figures, network_loss
from edge_search.evaluation.metrics import Ranked
from edge_search.evaluation.once import Once
from edge_search.fitting.projection import Projection, identity
from edge_search.index.segment import Segment
from edge_search.index.tail import Tail
from edge_search.index.view import View
from edge_search.search.searcher import Photo, Searcher
from edge_search.store import generations
from edge_search.store.generations import Carried
from edge_search.types import Answer, FloatArray

Photos = Callable[..., Path]


class Counting(FakeEncoder):
    """Counts the pictures that it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.pictures = 0

    def encode(self, images: Sequence[Image.Image]) -> FloatArray:
        self.pictures += len(images)
        return super().encode(images)


def catalog(tmp_path: Path, photo: Photos, skus: int) -> Path:
    lines = ["path,sku"]
    for sku in range(skus):
        photo(tmp_path / "stick" / f"sku{sku}" / "1.jpg", sku)
        photo(tmp_path / f"{sku}.jpg", sku, quality=55)
        lines.append(f"{sku}.jpg,sku{sku}")
    (tmp_path / "queries.csv").write_text("\n".join(lines))
    return tmp_path / "queries.csv"


def test_each_query_is_encoded_once(tmp_path: Path, photo: Photos) -> None:
    queries, encoder = catalog(tmp_path, photo, 8), Counting()
    with Box(tmp_path / "home", encoder=encoder) as box:
        box.index(tmp_path / "stick")
        encoder.pictures = 0
        box.evaluate(queries)
    assert encoder.pictures == 8


def test_the_parts_that_are_at_work_are_measured_and_the_others_say_why(tmp_path: Path, photo: Photos) -> None:
    queries = catalog(tmp_path, photo, 40)
    with Box(tmp_path / "home", encoder=FakeEncoder()) as box:
        box.index(tmp_path / "stick")
        losses = box.evaluate(queries).to_dict()["losses"]
    assert list(losses) == ["network", "int8", "hnsw", "projection", "rerank"]
    assert losses["network"]["reason"].startswith("the network is FP32")
    assert losses["projection"]["reason"].startswith("not at work: nothing is fitted")
    assert losses["rerank"]["reason"].startswith("not at work")
    for part in ("int8", "hnsw"):
        assert losses[part]["known"]
        assert losses[part]["queries"] == 40
        assert losses[part]["without"]["1"] == losses[part]["with"]["1"] == 1
        assert losses[part]["loss_interval95"] == [0, 0]
    assert losses["hnsw"]["ann_recall@10"] > 0.95


def test_before_an_index_is_built_there_is_nothing_to_lose_by_it(tmp_path: Path, photo: Photos) -> None:
    with Box(tmp_path / "home", encoder=FakeEncoder()) as box:
        box.add("tea", photo(tmp_path / "tea.jpg", 1))
        (tmp_path / "queries.csv").write_text(f"path,sku\n{photo(tmp_path / 'q.jpg', 1, quality=50)},tea\n")
        losses = box.evaluate(tmp_path / "queries.csv").to_dict()["losses"]
    assert losses["hnsw"] == losses["int8"]
    assert "no index is built yet" in losses["hnsw"]["reason"]


def test_what_a_fitted_projection_brings_is_told(tmp_path: Path, photo: Photos) -> None:
    """The plain projection sees next to nothing; a fitted one that sees everything is published over it."""
    blind = PlainProjection(np.zeros(64, np.float32), np.eye(64, 64, dtype=np.float32) * 0)
    blind.matrix[:, 0] = 1  # one direction: every picture is the same, or its opposite
    queries = catalog(tmp_path, photo, 30)
    with Box(tmp_path / "home", encoder=FakeEncoder(projection=blind)) as box:
        box.index(tmp_path / "stick")
        fitted = Projection("fitted", 64, None, np.eye(64, dtype=np.float32))
        with box.database.write() as tables:
            number = generations.put_projection(tables, box.encoders.fingerprint, "fitted", 64, fitted.to_bytes())
            generations.publish(tables, box.encoders.fingerprint, Carried(number), 0, [])
        losses = box.evaluate(queries).to_dict()["losses"]
    projection = losses["projection"]
    assert projection["known"]
    assert projection["with"]["1"] == 1
    assert projection["without"]["1"] < 0.2
    assert projection["loss"] == pytest.approx(projection["without"]["1"] - 1, abs=1e-4)
    assert projection["loss_interval95"][1] < 0


class Reversed(Searcher):
    """Its re-ranker puts the last first."""

    def search(self, photo: Photo, k: int, *, rerank: bool = True, **given: Any) -> Answer:
        answer = super().search(photo, k, rerank=False, **given)
        if not rerank:
            return answer
        spent = replace(answer.timings_ms, rerank=1.0)
        return replace(answer, hits=tuple(reversed(answer.hits)), timings_ms=spent)


def test_what_the_re_ranker_brings_is_told_apart(tmp_path: Path, photo: Photos) -> None:
    queries = catalog(tmp_path, photo, 8)
    with Box(tmp_path / "home", encoder=FakeEncoder()) as box:
        box.index(tmp_path / "stick")
        plain = box.evaluate.searcher()
        fields = {field.name: getattr(plain, field.name) for field in dataclasses.fields(plain)}
        spoilt = replace(box.evaluate, searcher=lambda: Reversed(**fields))
        figures = spoilt(queries).to_dict()
    assert figures["recall"]["1"] == 0
    assert figures["losses"]["rerank"]["without"]["1"] == 1
    assert figures["losses"]["rerank"]["with"]["1"] == 0
    assert figures["losses"]["rerank"]["loss"] == 1
    # The other parts are measured without it: it hides nothing.
    assert figures["losses"]["hnsw"]["with"]["1"] == 1


def test_an_evaluation_asks_as_a_search_does(tmp_path: Path, photo: Photos) -> None:
    queries = catalog(tmp_path, photo, 8)
    with Box(tmp_path / "home", encoder=FakeEncoder()) as box:
        box.index(tmp_path / "stick")
        for query in box.evaluate(queries).queries:
            assert query.file is not None
            answer = box.search(query.file, 20)
            assert query.shown == tuple(hit.sku for hit in answer.hits)
            assert (query.verdict, query.score) == (answer.verdict, answer.hits[0].score)


def view_of(vectors: FloatArray) -> View:
    """Make a view: the first half a segment without a graph, the second a tail."""
    half = len(vectors) // 2
    keys = np.arange(1, len(vectors) + 1)
    tail = Tail(vectors.shape[1]).grown(keys[half:], vectors[half:])
    segment = Segment(keys[:half], vectors[:half].astype(np.float16), None)
    return View("", 1, identity(vectors.shape[1]), (segment,), half, tail, degraded=False)


def unit(rows: np.ndarray[Any, Any]) -> FloatArray:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def test_rounding_that_hurts_shows() -> None:
    """Vectors whose largest number hides the rest from int8: what tells them apart is rounded to nothing."""
    rng = np.random.default_rng(0)
    vectors = unit(np.hstack([np.full((200, 1), 1.0), 0.002 * rng.standard_normal((200, 63))]))
    own = view_of(vectors)
    exactly = [own.search(row, 5, exact=True)[0] for row in vectors]
    rounded = [coded(own).nearest(row, 5) for row in vectors]
    assert np.mean([np.isin(a, b).mean() for a, b in zip(exactly, rounded, strict=True)]) < 0.8


def test_all_queries_at_once_find_what_each_finds_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_search.evaluation.instead._ROWS_AT_ONCE", 17)
    monkeypatch.setattr("edge_search.evaluation.instead._QUERIES_AT_ONCE", 7)
    rng = np.random.default_rng(1)
    own = view_of(unit(rng.standard_normal((150, 24))))
    asked = list(unit(rng.standard_normal((20, 24))))
    for stand_in, reference in ((exact(own), own), (coded(own), None)):
        known = stand_in.asked(asked)
        assert len(known.known) == 20
        for vector in asked:
            alone, together = stand_in.nearest(vector, 12), known.nearest(vector, 12)
            assert alone.tolist() == together.tolist()
            if reference is not None:
                assert known.search(vector, 12)[0].tolist() == reference.search(vector, 12, exact=True)[0].tolist()
        # More than is known, or a vector that was not asked about: everything is looked at again.
        assert len(known.nearest(asked[0], 150)) == 150
        assert known.nearest(np.roll(asked[0], 1), 3).shape == (3,)


def test_a_loss_is_what_was_lost_minus_what_was_won() -> None:
    queries = [Ranked(f"{n}", f"sku{n}", None, 1, None, "match", 1.0) for n in range(4)]
    row = loss_figures(queries, before=[1, 1, 1, 2], after=[1, 0, 3, 1])
    assert row["without"] == {"1": 0.75, "5": 1.0, "20": 1.0}
    assert row["with"] == {"1": 0.5, "5": 0.75, "20": 0.75}
    assert row["loss"] == 0.25


def test_the_network_s_loss_is_the_bundle_s_word_or_not_known() -> None:
    report = {"queries": 9, "fp32": {"recall@1": 0.9, "recall@5": 1.0}, "openvino": {"recall@1": 0.88, "recall@5": 1.0}}
    told = network_loss("int8", "openvino", report)
    assert (told["loss"], told["queries"], told["without"]) == (0.02, 9, {"1": 0.9, "5": 1.0})
    assert "when the bundle was built" in told["measured"]
    for nothing in (None, {}, {"openvino": {"version": "1"}}, {"fp32": {"cosine": 1}, "openvino": {}}):
        assert network_loss("int8", "openvino", nothing)["reason"].startswith("not known")
    assert not network_loss("fp32", "openvino", report)["known"]


def test_once_tells_queries_and_calls_apart(photo: Photos, tmp_path: Path) -> None:
    encoder = Counting()
    once = Once(encoder)
    one, other = (Image.open(photo(tmp_path / f"{seed}.png", seed)) for seed in (1, 2))
    once.begin("a")
    first, second = once.encode([one]), once.encode([other])
    once.begin("b")
    third = once.encode([other])
    once.begin("a")
    assert (once.encode([one]) is first, once.encode([other]) is second) == (True, True)
    assert encoder.pictures == 3
    assert np.array_equal(second, third)
    assert np.array_equal(once.feature("b"), third[0])
