"""The training: steps of a plan, kept on disk so that a run that was cut off goes on."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from edge_search.errors import EncoderError, NoSpace
from edge_search.imaging.recipe import Recipe
from edge_search.modelbuild.torch_network import Tunable
from edge_search.modelbuild.tuning.balance import Balance
from edge_search.modelbuild.tuning.losses import arcface, triplet
from edge_search.modelbuild.tuning.material import Material
from edge_search.modelbuild.tuning.pictures import shots
from edge_search.modelbuild.tuning.plan import Plan
from edge_search.types import FloatArray

__all__ = ["CHECKPOINT", "Training"]

CHECKPOINT = "checkpoint.pt"
_LINES = 20  # of progress, over all steps


@dataclass
class Training:
    """Trains ``network`` on ``rows`` of ``material``, with pictures as ``recipe`` prepares them.

    ``identity`` says what a checkpoint in ``folder`` must belong to. ``save_s``: seconds between two checkpoints.
    """

    network: Tunable
    material: Material
    rows: NDArray[np.int64]
    recipe: Recipe
    plan: Plan
    folder: Path
    identity: str
    device: Any
    workers: int
    save_s: float = 60.0

    def run(self, centres: FloatArray, progress: Callable[[str], None]) -> list[float]:
        """Train from the last checkpoint, or from the beginning; return the loss of every step.

        ``centres`` float32 (SKUs, D) are where ArcFace looks for each SKU at first. The same plan, weights and photos
        give the same weights on the same machine, cut off or not. Raises EncoderError for a checkpoint of another run
        and for a loss that is not finite, NoSpace when the disk is full.
        """
        plan = self.plan
        self.network.freeze(plan.first_stage)
        head = torch.nn.Parameter(torch.from_numpy(centres.copy()).to(self.device))
        free = [weight for weight in self.network.parameters() if weight.requires_grad]
        # Centres are cosines of thousands of numbers, weights have a mean square of 1.
        optimiser = torch.optim.AdamW([{"params": free}, {"params": [head], "weight_decay": 0.0}], plan.rate)
        losses = self._resume(head, optimiser)
        if losses:
            progress(f"going on after step {len(losses)} of {plan.steps}")
        balance = Balance(self.material, self.rows, skus=plan.skus, each=plan.each, seed=plan.seed)
        saved = time.monotonic()
        with ThreadPoolExecutor(self.workers) as pool, ThreadPoolExecutor(1) as ahead:

            def batch(step: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
                draws = balance.batch(step)
                pixels = shots(self.material, self.recipe, draws, (plan.seed, step), pool)
                return pixels, np.array([draw.sku for draw in draws], np.int64)

            following: Future[Any] | None = None
            for step in range(len(losses), plan.steps):
                pixels, skus = following.result() if following is not None else batch(step)
                following = ahead.submit(batch, step + 1) if step + 1 < plan.steps else None
                for group in optimiser.param_groups:
                    group["lr"] = plan.rate_at(step)
                losses.append(self._step(optimiser, head, pixels, skus))
                if (step + 1) % max(1, plan.steps // _LINES) == 0:
                    recent = losses[-max(1, plan.steps // _LINES) :]
                    progress(f"step {step + 1} of {plan.steps}: loss {sum(recent) / len(recent):.3f}")
                if step + 1 == plan.steps or time.monotonic() - saved >= self.save_s:
                    self._save(head, optimiser, losses)
                    saved = time.monotonic()
        return losses

    def _step(self, optimiser: Any, head: Any, pixels: NDArray[np.uint8], skus: NDArray[np.int64]) -> float:
        features = self.network(torch.from_numpy(pixels).to(self.device))
        targets = torch.from_numpy(skus).to(self.device)
        if self.plan.loss == "arcface":
            loss = arcface(features, head, targets, margin=self.plan.width, scale=self.plan.scale)
        else:
            loss = triplet(features, targets, margin=self.plan.width)
        value = float(loss.detach())
        if not math.isfinite(value):
            raise EncoderError(
                "the loss is no longer finite; remove the work folder and begin again with a lower --rate"
            )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return value

    def _resume(self, head: Any, optimiser: Any) -> list[float]:
        file = self.folder / CHECKPOINT
        if not file.exists():
            return []
        try:
            kept = torch.load(file, map_location=self.device, weights_only=True)
            if kept["identity"] == self.identity:
                self.network.load_state_dict(kept["network"])
                head.data.copy_(kept["head"])
                optimiser.load_state_dict(kept["optimiser"])
                return list(kept["losses"])
        except Exception as error:  # torch raises whatever a damaged pickle makes it raise
            raise EncoderError(f"{file} can't be used ({type(error).__name__}); remove it to begin again") from error
        raise EncoderError(
            f"{file} belongs to a tuning with other options, weights or photos; remove it to begin again, "
            "or name another folder with --work"
        )

    def _save(self, head: Any, optimiser: Any, losses: list[float]) -> None:
        partial = self.folder / f"{CHECKPOINT}.partial"
        kept = {
            "identity": self.identity,
            "network": self.network.state_dict(),
            "head": head.detach(),
            "optimiser": optimiser.state_dict(),
            "losses": losses,
        }
        try:
            with partial.open("wb") as file:
                torch.save(kept, file)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self.folder / CHECKPOINT)
        except (OSError, RuntimeError) as error:  # torch's writer says RuntimeError for a full disk
            raise NoSpace(
                f"can't write a checkpoint into {self.folder} ({error}); make room and start again"
            ) from error
