"""Several threads and processes at one home."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_search.appliance.box import Box
from edge_search.encoder.fake_runtime import FakeEncoder
from edge_search.errors import EncoderError, StoreError

Photos = Callable[..., Path]

_OTHER = """
import sys
from pathlib import Path
from edge_search.appliance.box import Box
from edge_search.encoder.fake_runtime import FakeEncoder

with Box(Path(sys.argv[1]), encoder=FakeEncoder()) as box:
    {work}
"""


def elsewhere(box: Box, work: str) -> None:
    """Do ``work`` with a box of the same home in another process."""
    code = _OTHER.format(work=work)
    command = [sys.executable, "-c", code, str(box.home.root)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_open_box_finds_what_another_process_did(box: Box, photo: Photos, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    for number in range(300):
        photo(stick / f"sku{number}" / "1.png", number, size=(32, 32))
    taught = photo(tmp_path / "taught.png", 900)
    assert box.search(taught).hits == ()
    elsewhere(box, f"box.index({str(stick)!r})")
    assert box.search(stick / "sku7" / "1.png").hits[0].sku == "sku7"
    assert box.status().generation == 1
    elsewhere(box, f"box.add('TAUGHT', {str(taught)!r})")
    assert box.search(taught).hits[0].sku == "TAUGHT"
    elsewhere(box, "box.compact(); box.compact(); box.compact()")
    assert box.search(taught).hits[0].sku == "TAUGHT"
    assert box.search(stick / "sku7" / "1.png").generation == 4
    elsewhere(box, "box.products.remove('TAUGHT')")
    assert box.search(taught).hits[0].sku != "TAUGHT"
    assert box.status().degraded == ()


def test_threads_search_while_one_indexes_and_publishes(box: Box, photo: Photos, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    for number in range(20):
        photo(stick / f"sku{number}" / "1.png", number, size=(32, 32))
    box.index(stick)
    shots = [(stick / f"sku{number}" / "1.png").read_bytes() for number in range(20)]
    problems: list[object] = []
    done = threading.Event()
    counted = [0] * 8

    def ask(which: int) -> None:
        try:
            while not done.is_set():
                number = counted[which] % 20
                hits = box.search(shots[number], 20, exact=bool(which % 2)).hits
                if len(hits) != 20 or hits[0].sku != f"sku{number}":
                    problems.append((number, [hit.sku for hit in hits]))
                counted[which] += 1
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=ask, args=(which,)) for which in range(8)]
    for thread in threads:
        thread.start()
    try:
        for round_ in range(6):
            photo(stick / "sku1" / f"more{round_}.png", 100 + round_, size=(32, 32))
            box.index(stick)
            box.add("sku2", photo(tmp_path / f"{round_}.png", 200 + round_, size=(32, 32)))
            box.compact()
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert problems == []
    assert min(counted) > 0
    assert box.status().generation == 7


def test_threads_may_sync_and_teach_at_once(box: Box, photo: Photos, tmp_path: Path) -> None:
    for source in "ab":
        for number in range(30):
            photo(tmp_path / source / f"{source}{number}" / "1.png", 40 * ord(source) + number, size=(32, 32))
    shots = [photo(tmp_path / f"{number}.png", number, size=(32, 32)) for number in range(10)]
    work = [
        lambda: box.index(tmp_path / "a"),
        lambda: box.index(tmp_path / "b"),
        lambda: [box.add(f"t{number}", shot) for number, shot in enumerate(shots)],
        lambda: [box.compact() for _ in range(3)],
    ]
    errors: list[BaseException] = []

    def run(task: Callable[[], object]) -> None:
        try:
            task()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(task,)) for task in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    status = box.status()
    assert (status.products, status.images, status.degraded) == (70, 70, ())
    assert len(box.search(shots[0], 100).hits) == 70


def test_another_encoder_is_refused_while_there_are_photos(box: Box, photo: Photos, tmp_path: Path) -> None:
    shot = photo(tmp_path / "1.jpg", 1)
    box.add("tea", shot)
    with Box(box.home.root, encoder=FakeEncoder("fake000000000001")) as other:
        with pytest.raises(EncoderError, match="two encoders can't share a catalog"):
            other.add("oats", shot)
        with pytest.raises(EncoderError, match="two encoders can't share a catalog"):
            other.search(shot)


def test_closed_box_refuses_plainly(box: Box, photo: Photos, tmp_path: Path) -> None:
    box.close()
    box.close()
    with pytest.raises(StoreError, match="closed"):
        box.search(photo(tmp_path / "1.jpg", 1))


def test_boxes_with_the_same_content_have_the_same_digest(box: Box, photo: Photos, tmp_path: Path) -> None:
    for number in range(4):
        photo(tmp_path / "stick" / f"sku{number}" / "1.png", number)
    box.index(tmp_path / "stick")
    (tmp_path / "stick").rename(tmp_path / "copied")
    with Box(tmp_path / "second", encoder=FakeEncoder()) as second:
        second.index(tmp_path / "copied")
        assert second.status().catalog_digest == box.status().catalog_digest
        second.products.set("sku1", {"price": 1})
        assert second.status().catalog_digest != box.status().catalog_digest
