"""The EfficientNet family in PyTorch, from the same list of layers as the ONNX graph: to measure and to tune."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from edge_search.encoder.level import Level
from edge_search.modelbuild.checkpoint import Folded
from edge_search.modelbuild.efficientnet import Block, Conv, Network
from edge_search.modelbuild.layouts import Padding
from edge_search.modelbuild.onnx_graph import GEM_POWER, pads

__all__ = ["Maps", "Tunable"]

_FLAT = 1e-8  # a channel with no weights at all must stay one


class Maps(nn.Module):  # type: ignore[misc]
    """Stem, blocks and head; ``layer`` makes each convolution. Gives the last map of each stage, and ``head``."""

    def __init__(self, layers: Network, layer: Callable[[Conv], nn.Module]) -> None:
        super().__init__()
        self.stem = layer(layers.stem)
        self.blocks = nn.ModuleList(_Bottleneck(block, layer) for block in layers.blocks)
        self.head = layer(layers.head)
        self._stages = [block.stage for block in layers.blocks]

    def forward(self, x: Any) -> dict[str, Any]:
        """Return name -> map of normalised pixels (n, 3, S, S)."""
        maps = {}
        x = self.stem(x)
        for stage, block in zip(self._stages, self.blocks, strict=True):
            x = maps[f"stage{stage}"] = block(x)
        maps["head"] = self.head(x)
        return maps


class _Bottleneck(nn.Module):  # type: ignore[misc]
    def __init__(self, block: Block, layer: Callable[[Conv], nn.Module]) -> None:
        super().__init__()
        first = [layer(block.expand)] if block.expand is not None else []
        self.before = nn.Sequential(*first, layer(block.depthwise))
        self.gate = nn.Sequential(*map(layer, block.squeeze)) if block.squeeze is not None else None
        self.project = layer(block.project)
        self.skip = block.skip

    def forward(self, x: Any) -> Any:
        y = self.before(x)
        if self.gate is not None:
            y = y * self.gate(y.mean((2, 3), keepdim=True))
        y = self.project(y)
        return x + y if self.skip else y


class _TunableConv(nn.Module):  # type: ignore[misc]
    """A folded convolution with the scale of each output channel apart, as a frozen batch-norm leaves it.

    Batches of some dozens give no statistics worth normalising by, so those of the first training stay. Directions
    have a mean square of 1 and gains begin at 0: a step of the optimiser means the same in every layer.
    """

    def __init__(self, conv: Conv, folded: Folded, padding: Padding) -> None:
        super().__init__()
        self._conv, self._padding = conv, padding
        weight = torch.from_numpy(folded.weight.copy())
        size = weight.square().mean((1, 2, 3), keepdim=True).sqrt().clamp_min(_FLAT)
        self.register_buffer("size", size)
        self.direction = nn.Parameter(weight / size)
        self.gain = nn.Parameter(torch.zeros(conv.outputs, 1, 1, 1))
        self.bias = nn.Parameter(torch.from_numpy(folded.bias.copy()))

    @property
    def weight(self) -> Any:
        """The folded weight."""
        return self.direction * (self.size * self.gain.exp())

    def forward(self, x: Any) -> Any:
        before, after, _ = pads(self._conv, x.shape[-1], self._padding)
        if before != after:
            x, before = nn.functional.pad(x, (before, after, before, after)), 0
        groups = self._conv.inputs if self._conv.depthwise else 1
        y = nn.functional.conv2d(x, self.weight, self.bias, self._conv.stride, before, groups=groups)
        kind = self._conv.activation
        return (
            y
            if kind is None
            else {"relu6": nn.functional.relu6, "silu": nn.functional.silu, "sigmoid": torch.sigmoid}[kind](y)
        )


class Tunable(nn.Module):  # type: ignore[misc]
    """The network that `build_graph` writes, to train: pixels in, features as the appliance stores them out."""

    def __init__(
        self,
        layers: Network,
        folded: Mapping[str, Folded],
        *,
        mean: Sequence[float],
        std: Sequence[float],
        levels: Sequence[Level],
        padding: Padding,
    ) -> None:
        """Take the arguments of `build_graph`; the input may have any side."""
        super().__init__()
        self._levels = tuple(levels)
        self._convs: dict[str, _TunableConv] = {}
        self.register_buffer("mean", torch.tensor(mean).reshape(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(std).reshape(1, 3, 1, 1))

        def layer(conv: Conv) -> nn.Module:
            self._convs[conv.name] = _TunableConv(conv, folded[conv.name], padding)
            return self._convs[conv.name]

        self.maps = Maps(layers, layer)
        self._stage = {conv.name: block.stage for block in layers.blocks for conv in block.convs()}

    def freeze(self, first: int) -> None:
        """Leave everything before stage ``first`` (1 to 7) as it is; 0 trains the stem too."""
        for name, conv in self._convs.items():
            stage = {"stem": 0, "head": 8}.get(name) if name in ("stem", "head") else self._stage[name]
            assert stage is not None
            conv.requires_grad_(stage >= first)

    def pooled(self, pixels: Any) -> list[Any]:
        """Return each level, pooled (n, channels), of pixels uint8 (n, S, S, 3); what the ONNX graph puts out."""
        x = (pixels.permute(0, 3, 1, 2).to(self.mean.dtype) - self.mean) / self.std
        maps = self.maps(x)
        return [_pool(maps[level.name], level) for level in self._levels]

    def forward(self, pixels: Any) -> Any:
        """Return features (n, D) of length 1, as `join_levels` makes them."""
        parts = [
            nn.functional.normalize(part) * level.weight
            for part, level in zip(self.pooled(pixels), self._levels, strict=True)
        ]
        return nn.functional.normalize(torch.cat(parts, 1))

    def folded(self) -> dict[str, Folded]:
        """Return the weights as they are now, for `build_graph`."""
        return {
            name: Folded(
                np.ascontiguousarray(conv.weight.detach().cpu().numpy(), np.float32),
                conv.bias.detach().cpu().numpy().astype(np.float32),
            )
            for name, conv in self._convs.items()
        }


def _pool(x: Any, level: Level) -> Any:
    if level.pooling == "gem":
        return x.clamp_min(1e-6).pow(GEM_POWER).mean((2, 3)).pow(1 / GEM_POWER)
    return x.mean((2, 3))
