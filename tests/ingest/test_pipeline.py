"""The pipeline: order, bounded memory, one bad photo, one encoding a content."""

from __future__ import annotations

import io
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import pytest
from PIL import Image

from edge_search.encoder.fake_runtime import FakeEncoder
from edge_search.errors import EncoderError, NoSpace, PhotoUnreadable
from edge_search.imaging.hashing import content_hash
from edge_search.imaging.limits import DEFAULT_LIMITS
from edge_search.ingest.pipeline import Known, Pipeline, Task
from edge_search.types import FloatArray


def content(seed: int) -> bytes:
    buffer = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 255, (16, 16, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def pipeline(
    encoder: FakeEncoder | None = None,
    *,
    known: Known = lambda _: None,
    keep: Callable[[str, Image.Image, bytes], None] = lambda *_: None,
    workers: int = 4,
) -> Pipeline:
    return Pipeline(encoder or FakeEncoder(), known=known, keep=keep, limits=DEFAULT_LIMITS, workers=workers)


def ingest_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("ingest")]


def test_the_interpreters_turns_are_given_back() -> None:
    before = sys.getswitchinterval()
    outcomes = pipeline().run(Task(n, partial(content, n)) for n in range(20))
    next(outcomes)
    assert sys.getswitchinterval() < before
    outcomes.close()
    assert sys.getswitchinterval() == before


def test_outcomes_keep_the_tasks_order_whatever_each_takes() -> None:
    turn = [threading.Event() for _ in range(12)]

    def slow(number: int) -> bytes:
        # Each waits for its successor inside its group of four: they end in reverse order.
        if number % 4 != 3:
            assert turn[number + 1].wait(10)
        turn[number].set()
        return content(number)

    outcomes = list(pipeline().run(Task(number, partial(slow, number)) for number in range(12)))
    assert [outcome.item for outcome in outcomes] == list(range(12))
    for outcome in outcomes:
        assert outcome.content_hash == content_hash(content(outcome.item))
    assert ingest_threads() == []


def test_bad_photo_gets_its_reason_and_shifts_no_neighbour() -> None:
    def read(number: int) -> bytes:
        if number % 7 == 3:
            raise PhotoUnreadable(f"photo {number}: gone")
        return b"no photo" if number % 7 == 5 else content(number)

    encoder = FakeEncoder()
    for outcome in pipeline(encoder).run(Task(number, partial(read, number)) for number in range(50)):
        if outcome.item % 7 in {3, 5}:
            assert outcome.reason
            assert outcome.feature is None
            continue
        assert outcome.reason is None
        assert outcome.feature is not None
        with Image.open(io.BytesIO(content(outcome.item))) as image:
            assert np.array_equal(outcome.feature, encoder.encode([image])[0])
        assert (outcome.width, outcome.height) == (16, 16)


@pytest.mark.parametrize("workers", [1, 3])
def test_at_most_four_photos_a_worker_are_read_ahead(workers: int) -> None:
    given = 0

    def tasks() -> Iterator[Task[int]]:
        nonlocal given
        for number in range(100):
            given += 1
            yield Task(number, partial(content, number))

    run = pipeline(workers=workers).run(tasks())
    ahead = [given - done for done, _ in enumerate(run)]
    assert max(ahead) == 4 * workers


def test_bad_photos_leave_nothing_behind() -> None:
    def read(number: int) -> bytes:
        return b"x%d" % number + bytes(500_000)

    run = pipeline(workers=2)
    tracemalloc.start()
    for outcome in run.run(Task(number, partial(read, number)) for number in range(60)):
        assert outcome.reason
    left, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert left < 5_000_000


class Counting(FakeEncoder):
    """Counts, and waits until two threads want the same content."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def encode(self, images: object) -> FloatArray:
        self.calls += 1
        return super().encode(images)  # type: ignore[arg-type]


def test_equal_contents_are_encoded_once_and_recorded_each() -> None:
    encoder = Counting()
    run = pipeline(encoder)
    outcomes = list(run.run(Task(number, partial(content, number % 3)) for number in range(30)))
    assert encoder.calls == run.encoded == 3
    assert len(outcomes) == 30
    assert all(outcome.feature is not None for outcome in outcomes)


def test_known_content_is_neither_decoded_nor_encoded() -> None:
    encoder, kept = Counting(), list[str]()

    def known(digest: str) -> tuple[int, int] | None:
        return (640, 480) if digest == content_hash(b"not even a photo") else None

    def keep(digest: str, image: Image.Image, data: bytes) -> None:
        kept.append(digest)

    tasks = [Task("old", lambda: b"not even a photo"), Task("new", partial(content, 1))]
    old, new = pipeline(encoder, known=known, keep=keep).run(tasks)
    assert (old.reason, old.feature, old.width, old.height) == (None, None, 640, 480)
    assert new.feature is not None
    assert encoder.calls == 1
    assert kept == [content_hash(content(1))]


def test_encoder_that_fails_ends_the_run_and_its_threads() -> None:
    class Broken(FakeEncoder):
        def encode(self, images: object) -> FloatArray:
            raise EncoderError("the network is broken")

    with pytest.raises(EncoderError, match="broken"):
        list(pipeline(Broken()).run(Task(number, partial(content, number)) for number in range(40)))
    assert ingest_threads() == []


def test_full_disk_ends_the_run_and_its_threads() -> None:
    def keep(digest: str, image: Image.Image, data: bytes) -> None:
        raise NoSpace("full")

    done: list[int] = []
    with pytest.raises(NoSpace):
        done += [o.item for o in pipeline(keep=keep).run(Task(n, partial(content, n)) for n in range(40))]
    assert done == []
    assert ingest_threads() == []


def test_run_that_is_left_early_ends_its_threads() -> None:
    run = pipeline().run(Task(number, partial(content, number)) for number in range(40))
    assert next(run).item == 0
    assert ingest_threads()
    run.close()
    assert ingest_threads() == []
