"""Settling: a file is taken when it rests, not before."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from edge_search.watch.settling import Settling, Stamp


class Disk:
    def __init__(self) -> None:
        self.files: dict[bytes, Stamp] = {}

    def __call__(self, path: bytes) -> Stamp:
        return self.files.get(path)


def test_file_is_settled_when_its_stamp_rested() -> None:
    disk, settling = Disk(), Settling(0.5)
    disk.files[b"a"] = (1, 1, 1)
    settling.add(b"a", disk(b"a"), 10.0)
    assert settling.settled(10.4, disk, 9) == []
    assert settling.settled(10.5, disk, 9) == [b"a"]
    assert len(settling) == 0


def test_growing_file_is_looked_at_less_and_less_and_taken_in_the_end() -> None:
    disk, settling = Disk(), Settling(0.5)
    now, looks, size = 0.0, [], 1
    disk.files[b"a"] = (size, 0, 1)
    settling.add(b"a", disk(b"a"), now)
    while now < 60:
        at = settling.next_at()
        assert at is not None
        now = at
        size += 1
        disk.files[b"a"] = (size, 0, 1)
        assert settling.settled(now, disk, 9) == []
        looks.append(now)
    waits = [b - a for a, b in pairwise(looks)]
    assert waits == sorted(waits)
    assert waits[-1] == 10.0
    at = settling.next_at()
    assert at is not None
    assert settling.settled(at, disk, 9) == [b"a"]


def test_deleted_file_waits_longer_than_one_that_moved() -> None:
    disk, settling = Disk(), Settling(0.5)
    settling.add(b"gone", None, 0.0, deleted=True)
    settling.add(b"moved", None, 0.0)
    assert settling.settled(0.5, disk, 9) == [b"moved"]
    assert settling.settled(1.9, disk, 9) == []
    assert settling.settled(2.0, disk, 9) == [b"gone"]


def test_deletions_are_waited_for_together() -> None:
    disk, settling = Disk(), Settling(0.5)
    for number in range(10):
        settling.add(b"%d" % number, None, float(number), deleted=True)
        assert settling.settled(float(number), disk, 99) == []
    assert len(settling.settled(11.0, disk, 99)) == 10
    settling.add(b"later", None, 100.0, deleted=True)
    assert settling.settled(101.9, disk, 99) == []
    assert settling.settled(102.0, disk, 99) == [b"later"]


def test_deletions_without_an_end_are_not_waited_for_without_an_end() -> None:
    disk, settling = Disk(), Settling(0.5)
    gone = 0
    for number in range(60):
        settling.add(b"%d" % number, None, float(number), deleted=True)
        gone += len(settling.settled(float(number), disk, 99))
    assert gone > 20


def test_file_replaced_while_it_was_gone_settles_as_a_file() -> None:
    disk, settling = Disk(), Settling(0.5)
    settling.add(b"a", None, 0.0, deleted=True)
    disk.files[b"a"] = (5, 5, 5)
    settling.add(b"a", disk(b"a"), 0.1)
    assert settling.settled(0.6, disk, 9) == [b"a"]
    assert settling.next_at() is None


def test_unreadable_file_is_tried_ever_later() -> None:
    disk, settling = Disk(), Settling(0.5)
    disk.files[b"a"] = (1, 1, 1)
    waits = []
    now = 0.0
    for _ in range(12):
        waits.append(settling.again(b"a", now))
        at = settling.next_at()
        assert at is not None
        assert settling.settled(at, disk, 9) == []  # it rests anew
        at = settling.next_at()
        assert at is not None
        assert settling.settled(at, disk, 9) == [b"a"]
        now = at
    assert waits[:4] == [1, 2, 4, 8]
    assert waits[-1] == 300
    settling.done(b"a")
    assert settling.again(b"a", now) == 1


def test_not_more_than_asked_for_at_once() -> None:
    disk, settling = Disk(), Settling(0.5)
    for number in range(10):
        settling.add(b"%d" % number, None, 0.0)
    assert len(settling.settled(1, disk, 4)) == 4
    assert len(settling.settled(1, disk, 99)) == 6


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([b"a", b"b"]), st.integers(0, 3), st.floats(0.01, 1.5)), max_size=40))
def test_nothing_is_taken_that_did_not_rest(steps: list[tuple[bytes, int, float]]) -> None:
    disk, settling = Disk(), Settling(0.5)
    now, changed = 0.0, {b"a": 0.0, b"b": 0.0}
    waiting: set[bytes] = set()
    for path, stamp, seconds in steps:
        now += seconds
        new = (stamp, stamp, stamp) if stamp else None
        if disk(path) != new:
            changed[path] = now
        disk.files[path] = new
        settling.add(path, new, now)
        waiting.add(path)
        for ready in settling.settled(now, disk, 9):
            assert now - changed[ready] >= 0.5 - 1e-9
            waiting.discard(ready)
    for _ in range(100):
        at = settling.next_at()
        if at is None:
            break
        waiting -= set(settling.settled(at, disk, 9))
    assert not waiting, "a path was forgotten"
