"""The tail and the view: exact, and never changed under a reader."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_search.fitting.projection import identity
from edge_search.index.segment import open_segment, write_segment
from edge_search.index.tail import Tail
from edge_search.index.view import View
from tests.index.conftest import clustered


def test_growing_leaves_the_older_tail_as_it_was() -> None:
    rows = clustered(1000, 16)
    tails = [Tail(16)]
    for start in range(0, 1000, 37):
        part = rows[start : start + 37]
        tails.append(tails[-1].grown(np.arange(start + 1, start + 1 + len(part)), part))
    for number, tail in enumerate(tails):
        count = min(37 * number, 1000)
        assert tail.keys.tolist() == list(range(1, count + 1))
        assert np.array_equal(tail.vectors, rows[:count])
        assert tail.last_key == count


def test_tail_is_searched_exactly() -> None:
    rows = clustered(500, 16)
    tail = Tail(16).grown(np.arange(1, 501), rows)
    for query in clustered(20, 16, seed=2):
        keys, similarity = tail.search(query, 9)
        assert keys.tolist() == (np.argsort(-(rows @ query), kind="stable")[:9] + 1).tolist()
        assert (np.diff(similarity) <= 0).all()
        chosen = np.arange(5, 400, 7)
        assert (
            tail.score(query, chosen, 3)[0].tolist()
            == [key for key in tail.search(query, 500)[0].tolist() if key in set(chosen.tolist())][:3]
        )


def test_empty_view_answers_with_nothing() -> None:
    view = View("", 0, identity(16), (), 0, Tail(16), degraded=False)
    assert len(view) == view.last_key == 0
    assert len(view.search(np.ones(16, np.float32), 5)[0]) == 0
    assert len(view.score(np.ones(16, np.float32), np.array([1, 2]), 5)[0]) == 0


@pytest.mark.parametrize("split", [(0, 100), (100, 100), (40, 300), (250, 300)])
def test_segments_and_tail_answer_as_one(split: tuple[int, int], tmp_path: Path) -> None:
    rows, keys = clustered(300, 16), np.arange(1, 301)
    first, second = split
    parts = [slice(0, first), slice(first, second)]
    opened = [
        open_segment(tmp_path, write_segment(tmp_path, f"s{n}", keys[part], rows[part]), 16)
        for n, part in enumerate(parts)
        if part.stop > part.start
    ]
    segments = tuple(segment for segment in opened if segment is not None)
    tail = Tail(16).grown(keys[second:], rows[second:])
    view = View("", 1, identity(16), segments, second, tail, degraded=False)
    assert len(view) == view.last_key == 300
    for query in clustered(10, 16, seed=4):
        wanted = (np.argsort(-(rows @ query))[:5] + 1).tolist()
        assert view.search(query, 5, exact=True)[0].tolist() == wanted
        assert view.search(query, 5)[0].tolist() == wanted
        assert view.score(query, keys, 5)[0].tolist() == wanted
