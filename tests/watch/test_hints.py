"""Hints: a bounded set of paths, and what never becomes one."""

from __future__ import annotations

import pytest

from edge_search.watch.hints import Hint, Hints, is_table


def hints(limit: int = 100) -> Hints:
    return Hints(lambda: None, limit)


def test_marks_are_handed_over_once() -> None:
    marked = hints()
    marked.mark(b"tea/1.jpg")
    marked.mark(b"tea/1.jpg", deleted=True)
    marked.mark(b"oats", folder=True)
    assert marked.take() == ([Hint(b"tea/1.jpg", True), Hint(b"oats", False)], None)
    assert marked.take() == ([], None)


@pytest.mark.parametrize(
    "path",
    [
        b"tea/notes.txt", b"tea/.1.jpg.Xy12Za", b"tea/~syncthing~1.jpg.tmp", b"tea/1.jpg.part", b"tea/1.jpg.crdownload",
        b".rsync-partial/1.jpg", b".stversions/tea/1.jpg", b"tea/@eaDir/1.jpg", b"tea/1.jpg~", b"tea/.1.jpg.swp",
        b"System Volume Information/1.jpg", b"$RECYCLE.BIN/1.jpg", b".Trash-1000/files/1.jpg", b"lost+found/1.jpg",
        b"__MACOSX/1.jpg", b"tea/Thumbs.db", b"tea/.DS_Store", b"4913", b"tea/.#1.jpg",
    ],
)  # fmt: skip
def test_what_can_be_no_photo_is_no_hint(path: bytes) -> None:
    marked = hints()
    marked.mark(path)
    assert marked.take() == ([], None)


def test_folder_that_is_left_out_from_now_on_asks_for_a_scan() -> None:
    marked = hints()
    marked.mark(b"tea/.edge-search-ignore")
    assert marked.take() == ([], ".edge-search-ignore changed")


def test_table_settles_like_a_photo() -> None:
    marked = hints()
    for path in (b"products.csv", b"Products.JSONL", b"tea/products.csv", b"~products.csv"):
        marked.mark(path)
    paths, why = marked.take()
    assert [hint.path for hint in paths] == [b"products.csv", b"Products.JSONL"]
    assert why is None
    assert is_table(b"products.csv")


def test_too_many_are_a_scan_and_cost_no_memory() -> None:
    marked = hints(limit=3)
    for number in range(4):
        marked.mark(b"tea/%d.jpg" % number)
    marked.mark(b"tea/3.jpg")
    paths, why = marked.take()
    assert why == "more than 3 changes at once"
    assert len(paths) <= 3


def test_the_watcher_is_woken() -> None:
    woken = []
    marked = Hints(lambda: woken.append(1))
    marked.mark(b"tea/1.txt")
    assert not woken
    marked.mark(b"tea/1.jpg")
    marked.scan("lost events")
    assert len(woken) == 2
