"""A folder as field staff bring it: bad files are named and skipped, odd ones are read as they look."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

import edge_search
from edge_search.appliance.box import Box

ORIENTATION = 0x0112
# What a camera held that way stores, so that the picture is upright again after the orientation is applied.
STORED: dict[int, Callable[[Image.Image], Image.Image]] = {
    1: lambda image: image,
    2: ImageOps.mirror,
    3: lambda image: image.rotate(180),
    4: ImageOps.flip,
    5: lambda image: image.transpose(Image.Transpose.TRANSPOSE),
    6: lambda image: image.transpose(Image.Transpose.ROTATE_90),
    7: lambda image: image.transpose(Image.Transpose.TRANSVERSE),
    8: lambda image: image.transpose(Image.Transpose.ROTATE_270),
}


@pytest.fixture(scope="module")
def mug(repository: Path) -> Image.Image:
    image: Image.Image = Image.open(repository / "catalog" / "MPD-MUG-FOX" / "front.jpg")
    return image.convert("RGB")


@pytest.fixture
def real_box(tmp_path: Path) -> Box:
    return edge_search.open(tmp_path / "home")


def bomb(path: Path, side: int) -> None:
    """Write a PNG that says it is ``side`` x ``side`` and whose few bytes inflate to that."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj(9)
    row = b"\0" * (side // 8 + 1)
    data = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b""))


def test_bad_files_are_skipped_and_each_is_named_with_its_reason(
    real_box: Box, tmp_path: Path, repository: Path, mug: Image.Image
) -> None:
    good = (repository / "catalog" / "MPD-MUG-FOX" / "front.jpg").read_bytes()
    root = tmp_path / "stick"
    (root / "MUG").mkdir(parents=True)
    (root / "MUG" / "good.jpg").write_bytes(good)
    (root / "MUG" / "empty.jpg").write_bytes(b"")
    (root / "MUG" / "text.jpg").write_text("these are not the bytes you are looking for")
    (root / "MUG" / "half.jpg").write_bytes(good[: len(good) // 2])
    (root / "MUG" / "most.jpg").write_bytes(good[: len(good) * 99 // 100])
    bomb(root / "MUG" / "bomb.png", 20_000)
    os.mkfifo(root / "MUG" / "fifo.jpg")
    (root / "MUG" / "loop.jpg").symlink_to("loop.jpg")
    with real_box as box:
        report = box.index(root)
        assert (report.added, report.images, report.products) == (1, 1, 1)
        skipped = {bad.path: bad.reason for bad in report.skipped}
        names = ("empty.jpg", "text.jpg", "half.jpg", "most.jpg", "bomb.png", "fifo.jpg", "loop.jpg")
        assert set(skipped) == {f"MUG/{name}" for name in names}
        assert all(skipped.values())
        again = box.index(root)
        assert {bad.path for bad in again.skipped} == set(skipped)
        assert (again.encoded, again.unchanged) == (0, 1)
        assert box.search(good).hits[0].sku == "MUG"


def write_odd(root: Path, mug: Image.Image) -> dict[str, bytes]:
    """Write the same picture in every odd form; returns SKU -> file name."""
    array = np.asarray(mug)
    blank = Image.new("RGB", mug.size, "white")
    written: dict[str, bytes] = {}

    def path(sku: str, name: bytes) -> bytes:
        folder = os.path.join(os.fsencode(root), sku.encode())
        os.makedirs(folder, exist_ok=True)
        written[sku] = name
        return os.path.join(folder, name)

    grey = Image.fromarray(np.asarray(mug.convert("L")).astype(np.uint16) * 257)
    with open(path("16-bit", b"grey.png"), "wb") as file:
        grey.save(file, "PNG")
    with open(path("cmyk", b"print.jpg"), "wb") as file:
        mug.convert("CMYK").save(file, "JPEG", quality=95)
    clear = mug.convert("RGBA")
    clear.putalpha(Image.fromarray(np.where((array > 235).all(axis=2), 0, 255).astype(np.uint8)))
    with open(path("palette", b"clear.png"), "wb") as file:
        clear.quantize(64, Image.Quantize.FASTOCTREE).save(file, "PNG")
    for kind in ("gif", "webp"):
        with open(path(kind, f"moving.{kind}".encode()), "wb") as file:
            mug.save(file, kind.upper(), save_all=True, append_images=[blank], duration=100, loop=0)
    with open(path("name", b"caf\xe9 \xff.jpg"), "wb") as file:
        mug.save(file, "JPEG", quality=95)
    return written


def test_odd_files_are_read_as_they_look(real_box: Box, tmp_path: Path, repository: Path, mug: Image.Image) -> None:
    root = tmp_path / "stick"
    written = write_odd(root, mug)
    for other in ("HON-330-LEM", "COR-100-70D", "RDG-TEE-NVY"):
        (root / other).mkdir()
        (root / other / "front.jpg").write_bytes((repository / "catalog" / other / "front.jpg").read_bytes())
    with real_box as box:
        report = box.index(root)
        assert report.skipped == ()
        assert report.added == len(written) + 3
        found = {hit.sku: hit.similarity for hit in box.search(mug, k=20).hits}
        others = max(found[sku] for sku in ("HON-330-LEM", "COR-100-70D", "RDG-TEE-NVY"))
        assert {sku: found[sku] for sku in written if found[sku] < max(0.8, others + 0.1)} == {}


def test_all_eight_orientations_of_one_photo_give_the_same_answer(
    real_box: Box, tmp_path: Path, repository: Path
) -> None:
    with Image.open(repository / "catalog" / "queries" / "MPD-MUG-FOX.jpg") as image:
        upright = image.convert("RGB")
    with real_box as box:
        for sku in ("MPD-MUG-FOX", "MPD-MUG-HER", "COR-100-MLK"):
            box.add(sku, repository / "catalog" / sku / "front.jpg")
        answers = {}
        for number, store in STORED.items():
            path = tmp_path / f"{number}.jpg"
            exif = Image.Exif()
            exif[ORIENTATION] = number
            store(upright).save(path, exif=exif, quality=98, subsampling=0)
            answers[number] = [(hit.sku, hit.similarity) for hit in box.search(path).hits]
        assert {tuple(sku for sku, _ in hits) for hits in answers.values()} == {tuple(s for s, _ in answers[1])}
        assert answers[1][0][0] == "MPD-MUG-FOX"
        for hits in answers.values():
            assert [value for _, value in hits] == pytest.approx([value for _, value in answers[1]], abs=0.02)
