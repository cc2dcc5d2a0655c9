"""A segment: a graph and float16 rows, with the same answers with and without the graph."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_search.errors import NoSpace
from edge_search.index import segment as module
from edge_search.index.hnsw import build_graph, quantize
from edge_search.index.segment import Segment, open_segment, write_segment
from edge_search.store.generations import SegmentRow
from edge_search.types import FloatArray
from tests.index.conftest import clustered

Damage = Callable[[Path], None]


def exact(keys: NDArray[np.int64], rows: FloatArray, vector: FloatArray, count: int) -> list[int]:
    order = np.lexsort((keys, -(rows @ vector)))
    return [int(key) for key in keys[order[:count]]]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, many: FloatArray) -> tuple[Path, SegmentRow]:
    folder = tmp_path_factory.mktemp("index")
    return folder, write_segment(folder, "large", np.arange(1, len(many) + 1, dtype=np.int64) * 3, many)


def test_graph_finds_what_an_exact_comparison_finds(written: tuple[Path, SegmentRow], many: FloatArray) -> None:
    folder, row = written
    segment = open_segment(folder, row, 256)
    assert segment is not None
    assert segment.whole
    queries = clustered(200, 256, seed=0) + 0.02 * clustered(200, 256, seed=5)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    found = 0
    for query in queries:
        wanted = set(exact(segment.keys, many, query, 10))
        keys, similarity = segment.search(query, 64)
        assert (np.diff(similarity) <= 0).all()
        found += len(wanted & set(keys[:10].tolist()))
    assert found / (10 * len(queries)) >= 0.98


def test_every_vector_finds_itself_first(written: tuple[Path, SegmentRow], many: FloatArray) -> None:
    folder, row = written
    segment = open_segment(folder, row, 256)
    assert segment is not None
    missed = [n for n in range(0, len(many), 10) if segment.search(many[n], 64)[0][0] != 3 * (n + 1)]
    assert missed == []


def test_small_sets_are_ranked_as_by_an_exact_scan(tmp_path: Path) -> None:
    rows = clustered(300, 32)
    segment = open_segment(tmp_path, write_segment(tmp_path, "small", np.arange(1, 301), rows), 32)
    assert segment is not None
    for query in clustered(50, 32, seed=3):
        through, by_hand = segment.search(query, 64), segment.search(query, 64, exact=True)
        assert len(through[0]) == 64
        assert through[0][:10].tolist() == by_hand[0][:10].tolist()
        assert np.allclose(through[1][:10], by_hand[1][:10], atol=1e-6)
        assert len(segment.search(query, 1000)[0]) == 300


def test_score_takes_only_the_keys_it_is_given(tmp_path: Path) -> None:
    rows, keys = clustered(60, 32), np.arange(10, 610, 10)
    segment = open_segment(tmp_path, write_segment(tmp_path, "small", keys, rows), 32)
    assert segment is not None
    asked = np.array([5, 10, 11, 200, 600, 9999])
    found, similarity = segment.score(rows[19], asked, 10)
    assert found[0] == 200
    assert set(found.tolist()) == {10, 200, 600}
    assert similarity[0] == pytest.approx(1, abs=2e-3)
    assert segment.score(rows[0], np.array([1, 9999]), 3)[0].tolist() == []
    assert len(segment.score(rows[0], asked, 2)[0]) == 2


def test_equal_vectors_come_oldest_first_and_all_are_reached(tmp_path: Path) -> None:
    rows = np.repeat(clustered(3, 16), 30, axis=0)
    segment = open_segment(tmp_path, write_segment(tmp_path, "equal", np.arange(1, 91), rows), 16)
    assert segment is not None
    keys, _ = segment.search(rows[0], 90)
    assert keys[:30].tolist() == list(range(1, 31))
    assert sorted(keys.tolist()) == list(range(1, 91))


def cut(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def foreign(path: Path) -> None:
    path.write_bytes(os.urandom(path.stat().st_size))


@pytest.mark.parametrize("damage", [cut, flip, foreign, Path.unlink])
def test_damaged_graph_is_never_opened_and_answers_stay(
    damage: Damage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    rows = clustered(300, 32)
    row = write_segment(tmp_path, "small", np.arange(1, 301), rows)
    before = open_segment(tmp_path, row, 32)
    assert before is not None
    wanted = before.search(rows[7], 9, exact=True)[0].tolist()
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in row.files:
        (copy / file.name).write_bytes((tmp_path / file.name).read_bytes())
    damage(copy / row.files[0].name)

    def never(path: Path, dimension: int) -> None:
        raise AssertionError(path)

    monkeypatch.setattr(module, "open_graph", never)
    after = open_segment(copy, row, 32)
    assert isinstance(after, Segment)
    assert not after.whole
    assert after.search(rows[7], 9)[0].tolist() == wanted
    assert "small.usearch" in caplog.text


@pytest.mark.parametrize("at", [1, 2])
@pytest.mark.parametrize("damage", [cut, flip, foreign, Path.unlink])
def test_segment_with_damaged_rows_is_left_out(damage: Damage, at: int, tmp_path: Path) -> None:
    row = write_segment(tmp_path, "small", np.arange(1, 51), clustered(50, 32))
    damage(tmp_path / row.files[at].name)
    assert open_segment(tmp_path, row, 32) is None


def test_copied_files_are_hashed_again_and_taken(tmp_path: Path) -> None:
    row = write_segment(tmp_path, "small", np.arange(1, 51), clustered(50, 32))
    for file in row.files:  # as a restored backup: other stamps, same bytes
        data = (tmp_path / file.name).read_bytes()
        (tmp_path / file.name).unlink()
        (tmp_path / file.name).write_bytes(data)
    segment = open_segment(tmp_path, row, 32)
    assert segment is not None
    assert segment.whole


def test_segment_of_another_dimension_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    row = write_segment(tmp_path, "small", np.arange(1, 51), clustered(50, 32))
    assert open_segment(tmp_path, row, 64) is None
    assert "another shape" in caplog.text


def test_full_disk_is_one_line() -> None:
    with pytest.raises(NoSpace, match=r"^[^\n]*can't be written[^\n]*free some space$"):
        build_graph(np.arange(1, 301), clustered(300, 64)).save(Path("/dev/full"))


def test_int8_uses_the_whole_range_of_each_vector() -> None:
    codes = quantize(np.array([[0.5, -1.0, 0.25], [0.001, 0, -0.002], [0, 0, 0]], np.float32))
    assert codes.dtype == np.int8
    assert codes.tolist() == [[64, -127, 32], [64, 0, -127], [0, 0, 0]]


def test_int8_keeps_the_direction(many: FloatArray) -> None:
    codes = quantize(many[:500]).astype(np.float32)
    cosine = (codes * many[:500]).sum(axis=1) / np.linalg.norm(codes, axis=1)
    assert cosine.min() > 0.9995
