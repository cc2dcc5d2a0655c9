"""timm and torchvision: networks in PyTorch, on the CPU."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from parity.reference import GATE, SavedFile, pooled

__all__ = ["TimmReference", "TorchvisionReference"]

_OPERATORS: list[Any] = []


def load_torchvision() -> None:
    """Import torchvision, also where its compiled operators don't fit this PyTorch (there is no CPU build of it).

    Its networks need none of them, but at import it describes two of them to PyTorch, which must know them.
    """
    try:
        import torchvision
    except RuntimeError as error:
        if "does not exist" not in str(error):
            raise
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        spec = find_spec("torchvision")
        assert spec is not None
        assert spec.origin is not None
        described = Path(spec.origin).with_name("_meta_registrations.py").read_text(encoding="utf-8")
        library = torch.library.Library("torchvision", "DEF")
        for operator in sorted(set(re.findall(r'register_fake\("torchvision::(\w+)"\)', described))):
            library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _OPERATORS.append(library)
        import torchvision  # noqa: F401


class _TorchReference:
    """What both libraries' networks share."""

    library = ""

    def __init__(
        self, network: str, architecture: str, model: Any, mean: Sequence[float], std: Sequence[float]
    ) -> None:
        self.network, self.architecture = network, architecture
        self.model = model.eval()
        self._mean, self._std = (torch.tensor(values).reshape(1, 3, 1, 1) for values in (mean, std))
        self._maps: dict[str, Any] = {}

    def _input(self, pixels: NDArray[np.uint8]) -> Any:
        planes = torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float() / 255
        return (planes - self._mean) / self._std

    def randomise(self, pixels: NDArray[np.uint8], seed: int) -> None:
        """Draw weights, as `Reference` says."""
        generator = torch.Generator().manual_seed(seed)
        norms = [module for module in self.model.modules() if isinstance(module, torch.nn.BatchNorm2d)]

        def drawn(like: Any, low: float, high: float) -> Any:
            return torch.empty_like(like).uniform_(low, high, generator=generator)

        with torch.no_grad():
            for module in self.model.modules():
                if isinstance(module, torch.nn.Conv2d):
                    deviation = (2 / module.weight[0].numel()) ** 0.5 * (1 if module.bias is None else GATE)
                    module.weight.normal_(0, deviation, generator=generator)
                    if module.bias is not None:
                        module.bias.copy_(drawn(module.bias, -0.5, 0.5))
            for norm in norms:
                norm.weight.copy_(drawn(norm.weight, 0.6, 1.4))
                norm.bias.copy_(drawn(norm.bias, -0.3, 0.3))
                norm.momentum = None  # the mean of all batches: here one
                norm.reset_running_stats()
                norm.train()
            self.model(self._input(pixels))
            for norm in norms:
                norm.eval()
                norm.running_var.mul_(drawn(norm.running_var, 0.7, 1.4)).add_(1e-4)
                norm.running_mean.add_(drawn(norm.running_mean, -0.2, 0.2) * norm.running_var.sqrt())

    def load(self, state: dict[str, NDArray[Any]]) -> None:
        """Take weights by name."""
        own = self.model.state_dict()
        self.model.load_state_dict(
            {name: torch.from_numpy(state[name]) if name in state else own[name] for name in own}
        )

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the weights."""
        return {name: tuple(value.shape) for name, value in self.model.state_dict().items() if value.ndim}

    def features(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Pooled maps, one picture at a time."""
        rows = []
        with torch.no_grad():
            for picture in pixels:
                head, stage7 = self._forward(self._input(picture[None]))
                rows.append(pooled(head.numpy(), stage7.numpy())[0])
        return np.stack(rows)

    def _forward(self, planes: Any) -> tuple[Any, Any]:
        raise NotImplementedError

    def _prepared(self, planes: Any) -> NDArray[np.float64]:
        whole = (planes[None] * self._std + self._mean)[0] * 255
        return np.asarray(whole.permute(1, 2, 0).numpy(), np.float64)


class TimmReference(_TorchReference):
    """``network`` as timm calls it, ``tag`` of the training whose preprocessing the configuration names."""

    library = "timm"

    def __init__(self, network: str, architecture: str) -> None:
        load_torchvision()
        import timm

        model = timm.create_model(network)
        config = model.pretrained_cfg
        super().__init__(network.partition(".")[0], architecture, model, config["mean"], config["std"])
        self.model.blocks[-1].register_forward_hook(lambda *call: self._maps.update(stage7=call[2]))

    def _forward(self, planes: Any) -> tuple[Any, Any]:
        head = self.model.forward_features(planes)
        return head, self._maps["stage7"]

    def save(self, folder: Path) -> Sequence[SavedFile]:
        """Write what this library writes."""
        from timm.models import save_for_hf

        save_for_hf(self.model, folder / "hub", safe_serialization="both")
        (folder / "alone").mkdir()
        state = self.model.state_dict()
        torch.save(state, folder / "alone" / "old.pth", _use_new_zipfile_serialization=False)
        wrapped = {f"module.{name}": value for name, value in state.items()}
        torch.save({"epoch": 3, "state_dict": wrapped}, folder / "alone" / "training.pth.tar")
        variant = "tf" if self.network.startswith("tf_") else "torch"
        described = [
            SavedFile("model.safetensors, config.json", folder / "hub" / "model.safetensors"),
            SavedFile("pytorch_model.bin, config.json", folder / "hub" / "pytorch_model.bin"),
        ]
        # A flag says nothing of mean and standard deviation: some trainings need their configuration.
        if not (
            self.network.startswith("tf_efficientnet_lite") or np.isclose(self.model.pretrained_cfg["mean"][0], 0.485)
        ):
            return described
        return [
            *described,
            SavedFile(f"legacy .pth, --variant {variant}", folder / "alone" / "old.pth", variant),
            SavedFile(f"training .pth.tar, --variant {variant}", folder / "alone" / "training.pth.tar", variant),
        ]

    def prepare(self, photo: Image.Image) -> NDArray[np.float64] | None:
        """Prepare a photo as the library does, if it does."""
        from timm.data import create_transform, resolve_data_config

        options = resolve_data_config(pretrained_cfg=self.model.pretrained_cfg, use_test_size=True)
        return self._prepared(create_transform(**options)(photo))


class TorchvisionReference(_TorchReference):
    """``network`` as torchvision calls it."""

    library = "torchvision"

    def __init__(self, network: str, architecture: str) -> None:
        load_torchvision()
        from torchvision import models

        self._transform = models.get_model_weights(network)["IMAGENET1K_V1"].transforms()
        model = models.get_model(network)
        super().__init__(network, architecture, model, self._transform.mean, self._transform.std)
        self.model.features[-2].register_forward_hook(lambda *call: self._maps.update(stage7=call[2]))

    def _forward(self, planes: Any) -> tuple[Any, Any]:
        head = self.model.features(planes)
        return head, self._maps["stage7"]

    def save(self, folder: Path) -> Sequence[SavedFile]:
        """Write what this library writes."""
        state = self.model.state_dict()
        torch.save(state, folder / f"{self.network}.pth")
        torch.save(state, folder / "old.pth", _use_new_zipfile_serialization=False)
        return [
            SavedFile("state dict .pth", folder / f"{self.network}.pth"),
            SavedFile("legacy .pth", folder / "old.pth"),
        ]

    def prepare(self, photo: Image.Image) -> NDArray[np.float64] | None:
        """Prepare a photo as the library does, if it does."""
        return self._prepared(self._transform(photo))
