"""Files of words: how they follow the catalog."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_search.appliance.box import Box
from edge_search.errors import StoreDamaged
from edge_search.index import word_builder
from edge_search.index.segment import hashed_problem
from edge_search.index.word_file import open_words, words_replaced, write_words
from edge_search.local.inverted import Inverted
from edge_search.local.vocabulary import Vocabulary
from edge_search.store import generations, local_features, vocabularies
from edge_search.store.vocabularies import WordFile
from tests.local.drawn import detailed
from tests.local.shop import SKUS


def made(folder: Path, count: int = 40) -> tuple[Inverted, WordFile]:
    rng = np.random.default_rng(0)
    known = Vocabulary(rng.integers(0, 255, (50, 128)).astype(np.uint8), np.ones(50, np.float32), 1.0)
    words = [np.unique(rng.integers(0, 50, 9)).astype(np.int32) for _ in range(count)]
    inverted = Inverted.built(np.arange(1, count + 1) * 3, words, known)
    return inverted, write_words(folder, 7, inverted, 1, 3 * count)


def test_a_file_answers_as_what_it_was_written_from(tmp_path: Path) -> None:
    inverted, row = made(tmp_path)
    opened = open_words(tmp_path, row)
    question = np.random.default_rng(1).random(50).astype(np.float32)
    found, expected = opened.search(question, 20), inverted.search(question, 20)
    assert np.array_equal(found[0], expected[0])
    assert np.array_equal(found[1], expected[1])
    assert opened.words_of(5).tolist() == inverted.words_of(5).tolist()
    assert hashed_problem(tmp_path, row.files) is None
    assert not words_replaced(tmp_path, row)


@pytest.mark.parametrize("at", [0, 8, 200, -1])
def test_any_changed_byte_is_noticed(tmp_path: Path, at: int) -> None:
    _, row = made(tmp_path)
    path = tmp_path / row.files[0].name
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.unlink()
    path.write_bytes(data)
    assert words_replaced(tmp_path, row)
    assert hashed_problem(tmp_path, row.files) == f"{path} is damaged"
    with pytest.raises(StoreDamaged, match="damaged"):
        open_words(tmp_path, row)


def rows(box: Box) -> list[WordFile]:
    with box.database.read() as tables:
        generation = generations.current(tables)
        assert generation is not None
        assert generation.carried.vocabulary_id is not None
        return vocabularies.of_words(tables, vocabularies.get(tables, generation.carried.vocabulary_id).words)


def test_a_large_catalog_gets_several_files_that_together_hold_every_image_once(
    fitted: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(word_builder, "LARGEST", 10)
    pages = local_features.of_images
    monkeypatch.setattr(local_features, "of_images", lambda *args, **where: pages(*args, page=5, **where))
    fitted.builder.publish(anew=True)
    found = rows(fitted)
    assert [row.count for row in found] == [10, 10, 4]
    assert [row.first_key for row in found][1:] == [row.last_key + 1 for row in found][:-1]
    keys = np.concatenate([open_words(fitted.home.index, row).keys for row in found])
    assert keys.tolist() == list(range(1, SKUS + 1))


def test_words_are_looked_up_once_and_copied_from_file_to_file(
    fitted: Box, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    looked: list[int] = []
    plain = Vocabulary.words

    def counted(self: Vocabulary, descriptors: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> object:
        looked.append(len(descriptors))
        return plain(self, descriptors)

    before = rows(fitted)
    monkeypatch.setattr(Vocabulary, "words", counted)
    fitted.builder.publish(anew=True)
    assert looked == []
    assert [row.name for row in rows(fitted)] != [row.name for row in before]
    detailed(60).save(tmp_path / "new.png")
    fitted.add("NEW", tmp_path / "new.png")
    fitted.builder.publish(anew=True)
    assert len(looked) == 1
    assert sum(row.count for row in rows(fitted)) == SKUS + 1
