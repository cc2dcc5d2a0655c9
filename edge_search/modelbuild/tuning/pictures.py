"""Pixels of photos: for training as a shopper might take them, for judging as the appliance sees them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edge_search.errors import PhotoError, PhotoUnreadable
from edge_search.imaging.cutout import is_cut_out
from edge_search.imaging.decode import decode
from edge_search.imaging.preprocess import preprocess
from edge_search.imaging.recipe import Recipe
from edge_search.imaging.simulate import simulate
from edge_search.imaging.views import views
from edge_search.modelbuild.tuning.balance import Draw
from edge_search.modelbuild.tuning.material import Material

__all__ = ["Seen", "seen", "shots"]

_ROOM = 1.4  # long side of a photo, in sides of the input: the cost of simulating grows with the pixels
_JUDGE = 9  # seed


@dataclass(frozen=True)
class Seen:
    """Views of one photo, uint8 (v, S, S, 3), and whether it stands on plain ground."""

    pixels: NDArray[np.uint8]
    cut_out: bool


def seen(
    files: Sequence[Path], recipe: Recipe, workers: int, *, simulated: bool = False
) -> Iterator[tuple[int, Seen | None]]:
    """Yield (number, what the appliance would see) of each file in turn; None for one that can't be read.

    With ``simulated`` each is a simulated kiosk photo of the file, always the same one.
    """

    def look(number: int) -> Seen | None:
        try:
            image = _read(files[number], recipe)
        except PhotoError:
            return None
        if simulated:
            image = simulate(image, np.random.default_rng([_JUDGE, number]))
        return Seen(views(image, recipe), is_cut_out(image))

    with ThreadPoolExecutor(workers) as pool:
        for start in range(0, len(files), 4 * workers):
            part = range(start, min(start + 4 * workers, len(files)))
            yield from zip(part, pool.map(look, part), strict=True)


def shots(
    material: Material, recipe: Recipe, draws: Sequence[Draw], key: tuple[int, int], pool: ThreadPoolExecutor
) -> NDArray[np.uint8]:
    """Return the pixels of a batch, uint8 (n, S, S, 3): each with its part cut by chance, simulated where drawn so.

    ``key`` (seed, step) decides all chances, whatever the number of threads in ``pool``. Raises PhotoUnreadable for
    a file that could be read when the run began.
    """

    def shot(number: int) -> NDArray[np.uint8]:
        draw = draws[number]
        rng = np.random.default_rng([*key, number])
        image = _read(material.files[draw.row], recipe)
        if draw.simulated:
            image = simulate(image, rng, strength=float(rng.uniform(0.4, 1.4)))
        return preprocess(image, recipe, float(rng.uniform(min(0.8, *recipe.views), 1.0)))

    return np.stack(list(pool.map(shot, range(len(draws)))))


def _read(file: Path, recipe: Recipe) -> Image.Image:
    try:
        image = decode(file.read_bytes())
    except OSError as error:
        raise PhotoUnreadable(f"can't read {file}: {error.strerror or error}") from error
    image.thumbnail((round(_ROOM * recipe.side),) * 2)
    return image
