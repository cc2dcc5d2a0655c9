"""The EfficientNet family as data: one builder for B0 to B4 and Lite0 to Lite4.

Source: Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks" (2019), and
the Lite variants as published with TensorFlow's TPU models. Lite means: ReLU6 instead of SiLU, no squeeze
and excitation, and stem, head, first and last stage keep their unscaled size.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from edge_search.errors import BundleError

__all__ = ["ARCHITECTURES", "Architecture", "Block", "Conv", "Network", "network"]

Activation = Literal["relu6", "silu", "sigmoid"]


@dataclass(frozen=True)
class Architecture:
    """Scaling of one member: channel and repeat multipliers, and the side it was trained at (pixels)."""

    name: str
    width: float
    depth: float
    side: int
    lite: bool


@dataclass(frozen=True)
class Conv:
    """One convolution with its bias; a batch-norm is folded into it. ``kernel`` and ``stride`` are square."""

    name: str
    inputs: int
    outputs: int
    kernel: int = 1
    stride: int = 1
    depthwise: bool = False
    batch_norm: bool = True
    activation: Activation | None = None

    @property
    def weight_shape(self) -> tuple[int, int, int, int]:
        """(outputs, inputs of each group, kernel, kernel)."""
        return (self.outputs, 1 if self.depthwise else self.inputs, self.kernel, self.kernel)


@dataclass(frozen=True)
class Block:
    """Inverted bottleneck: expand, depthwise, squeeze-and-excite, project; added to its input if ``skip``."""

    stage: int
    expand: Conv | None
    depthwise: Conv
    squeeze: tuple[Conv, Conv] | None
    project: Conv
    skip: bool

    def convs(self) -> Iterator[Conv]:
        """All convolutions in the order in which they run."""
        if self.expand is not None:
            yield self.expand
        yield self.depthwise
        yield from self.squeeze or ()
        yield self.project


@dataclass(frozen=True)
class Network:
    """Stem, blocks and head; the classifier is left out."""

    architecture: Architecture
    stem: Conv
    blocks: tuple[Block, ...]
    head: Conv

    def convs(self) -> Iterator[Conv]:
        """All convolutions in the order in which they run."""
        yield self.stem
        for block in self.blocks:
            yield from block.convs()
        yield self.head

    def multiply_adds(self, side: int) -> int:
        """Multiply-adds of one picture of ``side`` pixels, all convolutions."""
        total, size = 0, side
        for conv in self.convs():
            size = -(-size // conv.stride)
            # squeeze-and-excite sees one mean a channel
            places = 1 if not conv.batch_norm else size * size
            total += places * math.prod(conv.weight_shape)
        return total

    def level_channels(self) -> dict[str, int]:
        """Channels of each map that can be pooled: ``stage1`` .. ``stage7`` (last block of each) and ``head``."""
        stages = {f"stage{block.stage}": block.project.outputs for block in self.blocks}
        return {**stages, "head": self.head.outputs}


ARCHITECTURES: dict[str, Architecture] = {
    row.name: row
    for row in (
        Architecture("efficientnet-b0", 1.0, 1.0, 224, lite=False),
        Architecture("efficientnet-b1", 1.0, 1.1, 240, lite=False),
        Architecture("efficientnet-b2", 1.1, 1.2, 260, lite=False),
        Architecture("efficientnet-b3", 1.2, 1.4, 300, lite=False),
        Architecture("efficientnet-b4", 1.4, 1.8, 380, lite=False),
        Architecture("efficientnet-lite0", 1.0, 1.0, 224, lite=True),
        Architecture("efficientnet-lite1", 1.0, 1.1, 240, lite=True),
        Architecture("efficientnet-lite2", 1.1, 1.2, 260, lite=True),
        Architecture("efficientnet-lite3", 1.2, 1.4, 280, lite=True),
        Architecture("efficientnet-lite4", 1.4, 1.8, 300, lite=True),
    )
}

_STEM, _HEAD = 32, 1280
_SQUEEZE = 0.25  # of the block's input channels
# kernel, stride, expansion, channels, repeats: stage 1 to 7 of B0
_STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)


def network(name: str) -> Network:
    """Build the layer list of an architecture by name; BundleError for an unknown one."""
    if name not in ARCHITECTURES:
        raise BundleError(f"unknown architecture {name!r}; known: {', '.join(ARCHITECTURES)}")
    arch = ARCHITECTURES[name]
    act: Activation = "relu6" if arch.lite else "silu"
    stem = Conv("stem", 3, _STEM if arch.lite else _channels(_STEM, arch.width), 3, 2, activation=act)
    blocks: list[Block] = []
    inputs = stem.outputs
    for stage, (kernel, stride, expansion, channels, repeats) in enumerate(_STAGES, start=1):
        outputs = _channels(channels, arch.width)
        fixed = arch.lite and stage in (1, len(_STAGES))
        for repeat in range(repeats if fixed else math.ceil(repeats * arch.depth)):
            prefix = f"blocks.{len(blocks)}"
            step = stride if repeat == 0 else 1
            blocks.append(_block(prefix, stage, inputs, outputs, kernel, step, expansion, act, arch.lite))
            inputs = outputs
    head = Conv("head", inputs, _HEAD if arch.lite else _channels(_HEAD, arch.width), activation=act)
    return Network(arch, stem, tuple(blocks), head)


def _block(
    prefix: str,
    stage: int,
    inputs: int,
    outputs: int,
    kernel: int,
    stride: int,
    expansion: int,
    act: Activation,
    lite: bool,
) -> Block:
    wide = inputs * expansion
    narrow = max(1, int(inputs * _SQUEEZE))
    return Block(
        stage=stage,
        expand=None if expansion == 1 else Conv(f"{prefix}.expand", inputs, wide, activation=act),
        depthwise=Conv(f"{prefix}.depthwise", wide, wide, kernel, stride, depthwise=True, activation=act),
        squeeze=None
        if lite
        else (
            Conv(f"{prefix}.squeeze.reduce", wide, narrow, batch_norm=False, activation=act),
            Conv(f"{prefix}.squeeze.expand", narrow, wide, batch_norm=False, activation="sigmoid"),
        ),
        project=Conv(f"{prefix}.project", wide, outputs),
        skip=stride == 1 and inputs == outputs,
    )


def _channels(channels: int, width: float) -> int:
    """Scale and round to a multiple of 8, never down by more than 10 percent."""
    scaled = channels * width
    rounded = max(8, int(scaled + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * scaled else rounded
