"""The EfficientNet family in PyTorch, as its users run it: what the appliance's speed is compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from edge_search.modelbuild.efficientnet import Block, Conv, network

__all__ = ["torch_runs"]


def torch_runs(architecture: str, side: int, threads: int) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield (runtime, one run) for ``pytorch`` (eager) and ``pytorch-compile``, both FP32, one picture.

    Raises ImportError without torch; the second raises whatever ``torch.compile`` raises, when it is asked for.
    """
    import torch

    torch.set_num_threads(threads)
    model = _model(torch, architecture).eval()
    pixels = torch.from_numpy(np.random.default_rng(0).random((1, 3, side, side), np.float32))

    def run(network: Any) -> Callable[[], object]:
        def once() -> object:
            with torch.inference_mode():
                return network(pixels)

        return once

    yield "pytorch", run(model)
    compiled = run(torch.compile(model))
    compiled()
    yield "pytorch-compile", compiled


def _model(torch: Any, architecture: str) -> Any:
    nn = torch.nn

    def layer(conv: Conv) -> Any:
        groups = conv.inputs if conv.depthwise else 1
        parts = [
            nn.Conv2d(
                conv.inputs,
                conv.outputs,
                conv.kernel,
                conv.stride,
                conv.kernel // 2,
                groups=groups,
                bias=not conv.batch_norm,
            )
        ]
        if conv.batch_norm:
            parts.append(nn.BatchNorm2d(conv.outputs))
        if conv.activation is not None:
            activation = {"silu": nn.SiLU, "relu6": nn.ReLU6, "sigmoid": nn.Sigmoid}[conv.activation]
            parts.append(activation() if conv.activation == "sigmoid" else activation(inplace=True))
        return nn.Sequential(*parts)

    class Bottleneck(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self, block: Block) -> None:
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

    layers = network(architecture)
    pooled = (nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return nn.Sequential(layer(layers.stem), *map(Bottleneck, layers.blocks), layer(layers.head), *pooled)
