"""Words, and the inverted file against comparing every picture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge_search.errors import StoreDamaged
from edge_search.local import inverted as inverted_module
from edge_search.local.extractor import GALLERY_SIDE, extract
from edge_search.local.inverted import Inverted
from edge_search.local.vocabulary import Vocabulary, fit_vocabulary
from tests.local.drawn import detailed


def vocabulary(size: int, seed: int = 0) -> Vocabulary:
    rng = np.random.default_rng(seed)
    centres = rng.integers(0, 255, (size, 128)).astype(np.uint8)
    return Vocabulary(centres, rng.uniform(0.1, 5, size).astype(np.float32), 1000.0)


SIZE = 30
pictures = st.lists(st.sets(st.integers(0, SIZE - 1), max_size=12), min_size=1, max_size=25)
questions = st.lists(st.floats(0, 4, width=32), min_size=SIZE, max_size=SIZE)


@settings(deadline=None, max_examples=150)
@given(pictures=pictures, question=questions, count=st.integers(1, 30))
def test_the_inverted_file_finds_what_comparing_every_picture_finds(
    pictures: list[set[int]], question: list[float], count: int
) -> None:
    known = vocabulary(SIZE)
    keys = np.arange(3, 3 + 2 * len(pictures), 2)
    words = [np.array(sorted(some), np.int32) for some in pictures]
    asked = np.array(question, np.float32)
    found, scores = Inverted.built(keys, words, known).search(asked, count)
    exact = {
        int(key): float(asked[some].sum()) / known.norm(some)
        for key, some in zip(keys, words, strict=True)
        if len(some) and asked[some].sum() > 0
    }
    assert len(found) == min(count, len(exact))
    assert sorted(scores, reverse=True) == list(scores)
    assert list(scores) == pytest.approx(sorted(exact.values(), reverse=True)[: len(found)], rel=1e-4)
    for key, score in zip(found.tolist(), scores.tolist(), strict=True):
        assert exact[key] == pytest.approx(score, rel=1e-4)


def test_words_come_back_by_picture() -> None:
    words = [np.array([1, 4], np.int32), np.array([], np.int32), np.array([0, 4, 7], np.int32)]
    built = Inverted.built(np.array([5, 6, 9]), words, vocabulary(SIZE))
    assert [built.words_of(row).tolist() for row in range(3)] == [[1, 4], [], [0, 4, 7]]


def test_a_query_reads_a_bounded_number_of_entries_rare_words_first(monkeypatch: pytest.MonkeyPatch) -> None:
    # Word 0 is in every picture, word 5 in one.
    words = [np.array([0, 5] if row == 7 else [0], np.int32) for row in range(50)]
    built = Inverted.built(np.arange(50), words, vocabulary(SIZE))
    question: NDArray[np.float32] = np.zeros(SIZE, np.float32)
    question[[0, 5]] = 1
    assert len(built.search(question, 50)[0]) == 50
    monkeypatch.setattr(inverted_module, "READ_AT_MOST", 10)
    assert built.search(question, 50)[0].tolist() == [7]


def test_words_are_fitted_the_same_every_time_and_survive_storage() -> None:
    rows = np.concatenate([extract(detailed(seed), GALLERY_SIDE, 120).descriptors for seed in range(8)])
    (one, spread), (two, _) = (fit_vocabulary(rows) for _ in range(2))
    assert np.array_equal(one, two)
    assert len(one) == len(rows) // 8
    # Nearer to their words than to the mean of all.
    assert spread < float(((rows - rows.mean(axis=0)) ** 2).sum(axis=1).mean()) / 2
    known = Vocabulary(one, np.ones(len(one), np.float32), spread)
    again = Vocabulary.from_bytes(known.to_bytes())
    assert np.array_equal(again.words(rows[:100]), known.words(rows[:100]))


def test_fitting_can_be_interrupted() -> None:
    class Enough(Exception):
        pass

    def pause() -> None:
        raise Enough

    with pytest.raises(Enough):
        fit_vocabulary(np.zeros((200, 128), np.uint8), pause=pause)


def test_the_words_of_a_question_are_the_nearest_three_of_each_detail() -> None:
    known = vocabulary(40)
    rows = known.centres[[3, 9]]
    question = known.question(rows)
    assert set(np.argsort(-question / known.idf**2)[:2].tolist()) == {3, 9}
    assert 2 <= np.count_nonzero(question) <= 6
    assert not known.question(rows[:0]).any()


def test_a_damaged_vocabulary_is_refused() -> None:
    with pytest.raises(StoreDamaged, match="edge-search adapt"):
        Vocabulary.from_bytes(vocabulary(5).to_bytes()[:-40])
