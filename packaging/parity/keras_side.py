"""Keras: its own applications, executed by PyTorch (no TensorFlow)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest import mock

os.environ["KERAS_BACKEND"] = "torch"

import h5py
import keras
import numpy as np
import torch
from keras.src.applications import efficientnet as applications
from numpy.typing import NDArray
from PIL import Image

from parity.reference import GATE, SavedFile, pooled

__all__ = ["KerasReference"]

_MEAN, _STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


class KerasReference:
    """``network`` as keras.applications calls it, without its classifier; ``side`` None takes pictures of any size.

    Built as ``weights="imagenet"`` builds it: with the second Rescaling, and a Normalization that holds what the
    published files hold. Only the download is replaced, by a file in the published layout.
    """

    library = "keras"

    def __init__(self, network: str, architecture: str, side: int | None) -> None:
        self.network, self.architecture = network, architecture
        self._make = getattr(keras.applications, network)
        self._shape = None if side is None else (side, side, 3)
        plain = self._make(weights=None, include_top=False, input_shape=self._shape)
        _layer(plain, "normalization").set_weights([np.array(_MEAN), np.array(_STD), np.array(1)])
        self.model = plain

    def randomise(self, pixels: NDArray[np.uint8], seed: int) -> None:
        """Draw weights, as `Reference` says."""
        rng = np.random.default_rng(seed)
        norms = [layer for layer in self.model.layers if isinstance(layer, keras.layers.BatchNormalization)]
        for layer in self.model.layers:
            if isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D):
                kernel, *bias = layer.get_weights()
                depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
                fan = np.prod(kernel.shape[:2]) if depthwise else np.prod(kernel.shape[:3])
                drawn = rng.standard_normal(kernel.shape) * np.sqrt(2 / fan) * (GATE if bias else 1)
                layer.set_weights([drawn, *(rng.uniform(-0.5, 0.5, one.shape) for one in bias)])
        for norm in norms:
            gamma, beta, mean, var = norm.get_weights()
            norm.set_weights([rng.uniform(0.6, 1.4, gamma.shape), rng.uniform(-0.3, 0.3, beta.shape), mean, var])
            norm.momentum = 0.0  # the statistics of the last batch
        with torch.no_grad():
            self.model(keras.ops.convert_to_tensor(pixels.astype(np.float32)), training=True)
        for norm in norms:
            gamma, beta, mean, var = norm.get_weights()
            var = var * rng.uniform(0.7, 1.4, var.shape) + 1e-4
            norm.set_weights([gamma, beta, mean + rng.uniform(-0.2, 0.2, mean.shape) * np.sqrt(var), var])
            norm.momentum = 0.99

    def load(self, state: dict[str, NDArray[Any]]) -> None:
        """Take weights by name."""
        for layer in self.model.layers:
            if layer.weights and not layer.name.startswith("normalization"):
                layer.set_weights([state[f"{layer.name}/{weight.name}"] for weight in layer.weights])

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the weights."""
        return {
            f"{layer.name}/{weight.name}": tuple(weight.shape)
            for layer in self.model.layers
            for weight in layer.weights
            if not layer.name.startswith("normalization")
        }

    def _published(self, folder: Path) -> Any:
        """The model that ``weights="imagenet"`` gives when the download is our file."""
        file = folder / f"{self.network.lower()}_notop.h5"
        if not file.exists():
            write_published(file, self.model)
        with mock.patch.object(applications.file_utils, "get_file", return_value=str(file)):
            return self._make(weights="imagenet", include_top=False, input_shape=self._shape)

    def features(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Pooled maps, one picture at a time."""
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            model = self._published(Path(folder))
        last = [layer for layer in model.layers if layer.name.startswith("block7")][-1]
        maps = keras.Model(model.input, [_layer(model, "top_activation").output, last.output])
        rows = []
        for picture in pixels:
            with torch.no_grad():
                found = maps(keras.ops.convert_to_tensor(picture[None].astype(np.float32)), training=False)
            head, stage7 = (np.asarray(keras.ops.convert_to_numpy(one)).transpose(0, 3, 1, 2) for one in found)
            rows.append(pooled(head, stage7)[0])
        return np.stack(rows)

    def save(self, folder: Path) -> Sequence[SavedFile]:
        """Write what this library writes."""
        model = self._published(folder)
        if self._shape is None:
            model.save(folder / "any.h5")
            model.save(folder / "any.keras")
            return [
                SavedFile("saved .h5 of any input size", folder / "any.h5"),
                SavedFile("saved .keras of any input size", folder / "any.keras"),
            ]
        whole = self._make(weights=None, include_top=True, input_shape=self._shape)
        _copy(model, whole)
        write_published(folder / f"{self.network.lower()}.h5", whole)
        model.save(folder / "model.h5")
        model.save(folder / "model.keras")
        model.save_weights(folder / "model.weights.h5")
        return [
            SavedFile("published _notop.h5", folder / f"{self.network.lower()}_notop.h5"),
            SavedFile("published .h5", folder / f"{self.network.lower()}.h5"),
            SavedFile("saved model .h5", folder / "model.h5"),
            SavedFile("saved model .keras", folder / "model.keras"),
            SavedFile(".weights.h5", folder / "model.weights.h5"),
        ]

    def prepare(self, photo: Image.Image) -> NDArray[np.float64] | None:
        """Prepare a photo as the library does, if it does."""
        del photo
        return None


def write_published(file: Path, model: Any) -> None:
    """Write weights as Keras 2 did when it made the files that keras.applications downloads."""
    with h5py.File(file, "w") as root:
        root.attrs["backend"], root.attrs["keras_version"] = b"tensorflow", b"2.4.0"
        root.attrs["layer_names"] = [layer.name.encode() for layer in model.layers]
        for layer in model.layers:
            group = root.create_group(layer.name)
            depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
            names = [
                f"{layer.name}/{'depthwise_kernel' if depthwise and weight.name == 'kernel' else weight.name}:0"
                for weight in layer.weights
            ]
            group.attrs["weight_names"] = [name.encode() for name in names]
            for name, value in zip(names, layer.get_weights(), strict=True):
                group.create_dataset(name, data=value)


def _layer(model: Any, name: str) -> Any:
    return next(layer for layer in model.layers if layer.name.startswith(name))


def _copy(source: Any, target: Any) -> None:
    for layer in source.layers:
        if layer.weights:
            counted = layer.name.startswith("normalization")
            (_layer(target, "normalization") if counted else target.get_layer(layer.name)).set_weights(
                layer.get_weights()
            )
