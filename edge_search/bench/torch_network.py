"""The EfficientNet family in PyTorch, as its users run it: what the appliance's speed is compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from edge_search.modelbuild.efficientnet import Conv, network

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
    from edge_search.modelbuild.torch_network import Maps

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

    class Feature(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.maps = Maps(network(architecture), layer)

        def forward(self, x: Any) -> Any:
            return self.maps(x)["head"].mean((2, 3))

    return Feature()
