"""One command from weights and a catalog's photos to a bundle of tuned weights, if they win."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from edge_search.encoder.cores import available_cores
from edge_search.errors import CatalogError
from edge_search.fitting.gallery import sku_means
from edge_search.modelbuild.base import Base, read_base
from edge_search.modelbuild.build import Exact, build_bundle
from edge_search.modelbuild.efficientnet import network
from edge_search.modelbuild.recipe_file import find_recipe
from edge_search.modelbuild.torch_network import Tunable
from edge_search.modelbuild.tuning.features import Featured, featured
from edge_search.modelbuild.tuning.held_out import HeldOut, hold_out
from edge_search.modelbuild.tuning.judgement import Measured, judge
from edge_search.modelbuild.tuning.machine import alone, pick_device
from edge_search.modelbuild.tuning.material import LEAST_PRODUCTS, Material
from edge_search.modelbuild.tuning.plan import Plan
from edge_search.modelbuild.tuning.training import Training
from edge_search.modelbuild.tuning.tuned import REPORT, Tuned

__all__ = ["tune"]


def tune(
    name: str,
    output: Path,
    work: Path,
    material: Material,
    plan: Plan,
    *,
    weights: Path | None = None,
    variant: str | None = None,
    precision: Literal["int8", "fp32"] = "int8",
    device: str = "auto",
    progress: Callable[[str], None],
) -> Tuned:
    """Tune the weights that ``model build NAME`` would take, and build a bundle of them if they win.

    Args:
        name: the build recipe, such as ``efficientnet-b4``.
        output: folder of the bundle; its name is the bundle's.
        work: folder of the checkpoint and of ``report.json``; one run at a time.
        material: the photos.
        plan: the training.
        weights: a checkpoint, as for `build`.
        variant: as for `build`.
        precision: as for `build`.
        device: PyTorch's name of it; auto: CUDA where there is one.
        progress: gets one line a step of the work.

    This module imports PyTorch. Raises EncoderError for a device that isn't there and for a run that can't go on,
    CatalogError when too few photos can be read, BundleError as `build` does.
    """
    place = pick_device(device)
    with tempfile.TemporaryDirectory() as scratch:
        base = read_base(find_recipe(name), Path(scratch), weights, variant)
    with alone(work):
        return _Tuning(base, material, plan, work, place, progress).run(output, precision)


class _Tuning:
    def __init__(
        self, base: Base, material: Material, plan: Plan, work: Path, device: Any, progress: Callable[[str], None]
    ) -> None:
        recipe = base.recipe
        self._base, self._material, self._plan = base, material, plan
        self._work, self._device, self._progress = work, device, progress
        self._workers = max(1, available_cores())
        self._network = Tunable(
            network(recipe.architecture),
            base.folded,
            mean=recipe.mean,
            std=recipe.std,
            levels=recipe.levels,
            padding=base.padding,
        ).to(device)

    def run(self, output: Path, precision: Literal["int8", "fp32"]) -> Tuned:
        recipe, plan = self._base.recipe.recipe, self._plan
        self._progress(f"encoding {len(self._material.files)} photos with the weights as they are")
        first = self._featured()
        unreadable = tuple(file for file, good in zip(self._material.files, first.readable, strict=True) if not good)
        rows = np.flatnonzero(first.readable)
        self._material = self._material.rows(rows)
        skus, features = self._material.skus, first.features[rows]
        if len(np.unique(skus)) < LEAST_PRODUCTS:
            raise CatalogError(f"{len(unreadable)} photos can't be read, {len(np.unique(skus))} products are left")
        held = hold_out(features, skus, first.cut_out[rows], plan.seed)
        before = self._measured(held, features)
        names, means = sku_means(features, skus)
        centres = np.zeros((len(self._material.names), features.shape[1]), np.float32)
        # Photos that are held out don't tell where their SKU is.
        known, trained = sku_means(features[held.train], skus[held.train])
        centres[names], centres[known] = means.mean(axis=0), trained
        self._progress(
            f"training on {len(held.train)} photos of {len(known)} products; judging by {len(held.queries)} "
            f"{'simulated' if held.simulated else 'held-out'} photos, {int(held.unseen.sum())} of products left out"
        )
        source = self._base.origin.source
        training = Training(
            self._network,
            self._material,
            held.train,
            replace(recipe, side=plan.side or recipe.side),
            plan,
            self._work,
            plan.identity(f"{source.get('sha256')} {source.get('layout', '')}", self._material),
            self._device,
            self._workers,
        )
        losses = training.run(centres, self._progress)
        self._progress("encoding them again")
        after = self._measured(held, self._featured().features)
        judgement = judge(before, after)
        self._progress(judgement.reason)
        tuned = Tuned(judgement, tuple(losses), len(held.train), len(known), unreadable, None)
        self._report(tuned)  # a build takes minutes, and may fail
        if judgement.kept:
            tuned = replace(tuned, bundle=self._bundle(output, precision, len(held.train), len(known)))
            self._report(tuned)
        return tuned

    def _report(self, tuned: Tuned) -> None:
        report = json.dumps(tuned.to_dict(), indent=2) + "\n"
        (self._work / REPORT).write_text(report, encoding="utf-8")

    def _featured(self, *, simulated: bool = False) -> Featured:
        recipe = self._base.recipe.recipe
        return featured(self._network, self._material.files, recipe, self._device, self._workers, simulated=simulated)

    def _measured(self, held: HeldOut, features: Any) -> Measured:
        asked = (self._featured(simulated=True).features if held.simulated else features)[held.queries]
        plain = held.found(features, asked, self._material.skus, projected=False)
        assert plain is not None
        return Measured(plain, held.found(features, asked, self._material.skus, projected=True))

    def _bundle(self, output: Path, precision: Literal["int8", "fp32"], photos: int, products: int) -> Path:
        plan, origin = self._plan, self._base.origin
        tuned = f"{plan.steps} steps of {plan.loss}, {photos} photos of {products} products, seed {plan.seed}"
        origin = replace(
            origin,
            source={**origin.source, "tuned": tuned},
            notice=f"{origin.notice}Fine-tuned by who built this bundle: {tuned}.\n",
        )
        base = replace(
            self._base,
            recipe=replace(self._base.recipe, name=output.name),
            folded=self._network.folded(),
            origin=origin,
        )
        photos_by_sku = [
            (self._material.names[sku], file)
            for sku, file in zip(self._material.skus.tolist(), self._material.files, strict=True)
        ]
        exact = Exact(base.graph(), base.recipe, origin)
        return build_bundle(exact, output, self._progress, photos=photos_by_sku, precision=precision)
