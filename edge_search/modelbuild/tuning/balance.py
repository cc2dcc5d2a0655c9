"""Balanced batches: every category is seen as often as any other, then every attribute, then every SKU."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge_search.errors import InvalidValue
from edge_search.fitting.gallery import Numbers
from edge_search.modelbuild.tuning.material import Material

__all__ = ["Balance", "Draw"]


@dataclass(frozen=True)
class Draw:
    """One photo of a batch: its row in the material, its SKU's number, and whether it is simulated or as it is."""

    row: int
    sku: int
    simulated: bool


class Balance:
    """Draws ``skus`` SKUs a batch and ``each`` photos of each, from ``rows`` of the material alone.

    A SKU is found by walking down its branch (category, then each attribute), every fork with equal chances: in a
    shop with 400 teas and 12 lamps, lamps are in every second batch of two. No SKU comes twice in a batch. A photo
    is simulated half of the time, and always where the SKU has fewer photos than the batch wants of it and this one
    was drawn already. The batch of a step depends on seed and step alone, so a run that was cut off goes on as if
    it had not been.
    """

    def __init__(self, material: Material, rows: Numbers, *, skus: int, each: int, seed: int) -> None:
        """Prepare; InvalidValue when ``rows`` have fewer SKUs than a batch needs."""
        self._material, self._each, self._seed = material, each, seed
        self._photos: dict[int, list[int]] = {}
        for row in rows:
            self._photos.setdefault(int(material.skus[row]), []).append(int(row))
        if skus > len(self._photos):
            raise InvalidValue(f"a batch of {skus} products from {len(self._photos)}: choose fewer (--batch)")
        self._skus = skus
        self._tree: Any = _tree({sku: material.branches[sku] for sku in self._photos}, 0)

    def batch(self, step: int) -> list[Draw]:
        """Return the draws of a step, those of one SKU together."""
        rng = np.random.default_rng([self._seed, step])
        return [draw for sku in self._some(rng) for draw in self._shots(sku, rng)]

    def _some(self, rng: np.random.Generator) -> list[int]:
        taken: list[int] = []
        while len(taken) < self._skus:
            sku = _walk(self._tree, rng, frozenset(taken))
            assert sku is not None
            taken.append(sku)
        return taken

    def _shots(self, sku: int, rng: np.random.Generator) -> Iterator[Draw]:
        photos = self._photos[sku]
        seen: set[int] = set()
        order = [*rng.permutation(photos)]
        for number in range(self._each):
            row = int(order[number % len(order)])
            yield Draw(row, sku, simulated=bool(rng.random() < 0.5) or row in seen)
            seen.add(row)


def _tree(branches: dict[int, tuple[str, ...]], depth: int) -> Any:
    """Forks as dicts, their ends as lists of SKU numbers."""
    if not branches or depth == len(next(iter(branches.values()))):
        return sorted(branches)
    forks: dict[str, dict[int, tuple[str, ...]]] = {}
    for sku, branch in branches.items():
        forks.setdefault(branch[depth], {})[sku] = branch
    return {name: _tree(forks[name], depth + 1) for name in sorted(forks)}


def _walk(tree: Any, rng: np.random.Generator, taken: frozenset[int]) -> int | None:
    """Draw a SKU that is not ``taken``; a fork that has none left counts no more. None where nothing is left."""
    if isinstance(tree, list):
        left = [sku for sku in tree if sku not in taken]
        return left[int(rng.integers(len(left)))] if left else None
    for place in rng.permutation(len(tree)):
        found = _walk([*tree.values()][int(place)], rng, taken)
        if found is not None:
            return found
    return None
