"""Write a folder of packaging: pictures of the catalog, phone photos, distractors, and the manifests that name them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from PIL import Image

from cartons.design import Design, designs
from cartons.scene import packshot, photo

__all__ = ["Order", "write_folder"]

_BEHIND = 40
"""Designs that only stand in the background: no catalog has them."""


@dataclass(frozen=True)
class Order:
    """How much of what: ``skus`` with one clean picture and ``photos`` phone photos each, and ``distractors``."""

    seed: int
    skus: int = 100
    photos: int = 4
    distractors: int = 0
    workers: int = 1


def write_folder(folder: Path, order: Order, tell: Callable[[str], None] = print) -> None:
    """Write ``catalog.csv``, ``queries.csv`` and ``distractors.csv`` (``path,sku``) with the pictures they name.

    Distractors are SKUs as the others, nobody photographs them. Pictures that are there already stay as they
    are: an interrupted run goes on where it was. Start again in an empty folder to change the order.
    """
    catalog = designs(order.seed, order.skus)
    strangers = designs(order.seed, _BEHIND, kind=2)
    crowd = designs(order.seed, order.distractors, kind=1)
    for name in ("catalog", "queries", "distractors"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    shots = [(design, number) for design in catalog for number in range(order.photos)]
    with ProcessPoolExecutor(order.workers, get_context("spawn")) as pool:
        for name, some in (("catalog", catalog), ("distractors", crowd)):
            tell(f"{len(some)} pictures for {name}")
            files = list(pool.map(partial(_write_packshot, folder / name), some, chunksize=8))
            _manifest(folder / f"{name}.csv", ((f"{name}/{f}", d.sku) for f, d in zip(files, some, strict=True)))
        tell(f"{len(shots)} photos")
        files = list(pool.map(partial(_write_photo, folder / "queries", order.seed, strangers), shots, chunksize=4))
        _manifest(folder / "queries.csv", ((f"queries/{f}", d.sku) for f, (d, _) in zip(files, shots, strict=True)))


def _write_packshot(folder: Path, design: Design) -> str:
    name = f"{design.sku}.jpg"
    if not (folder / name).exists():
        _save(packshot(design), folder / name, 90)
    return name


def _write_photo(folder: Path, seed: int, strangers: Sequence[Design], shot: tuple[Design, int]) -> str:
    design, number = shot
    name = f"{design.sku}_{number}.jpg"
    if not (folder / name).exists():
        _save(photo(design, [seed, 13, int(design.sku[1:]), number], strangers), folder / name, 88)
    return name


def _save(picture: Image.Image, path: Path, quality: int) -> None:
    temporary = path.with_suffix(".part")
    picture.save(temporary, "JPEG", quality=quality)
    temporary.replace(path)


def _manifest(path: Path, rows: Iterable[tuple[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("path", "sku"))
        table.writerows(rows)
