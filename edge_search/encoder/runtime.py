"""What executes a network: one small Protocol, and the choice between its implementations."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from edge_search.errors import EncoderError, InvalidValue, RuntimeUnavailable

if TYPE_CHECKING:
    from edge_search.encoder.bundle import Bundle
    from edge_search.encoder.compiled_cache import CompiledCache

__all__ = ["RUNTIMES", "Runtime", "RuntimeChoice", "load_runtime"]

RuntimeChoice = Literal["auto", "openvino", "onnxruntime"]
RUNTIMES: tuple[str, ...] = ("openvino", "onnxruntime")
"""In the order in which ``auto`` tries them."""

_log = logging.getLogger("edge_search")


class Runtime(Protocol):
    """Executes one network. Safe to share between threads."""

    @property
    def name(self) -> str:
        """``openvino``, ``onnxruntime`` or ``fake``."""

    @property
    def version(self) -> str:
        """Version of the library, kept as provenance."""

    @property
    def precision(self) -> str:
        """Of the network: ``int8`` or ``fp32``."""

    @property
    def threads(self) -> int:
        """Threads one `run` uses."""

    def run(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Pixels uint8 (n, S, S, 3), RGB -> pooled levels float32 (n, D), not normalised."""


def load_runtime(
    bundle: Bundle,
    runtime: RuntimeChoice = "auto",
    threads: int = 1,
    streams: int = 1,
    check: Callable[[Runtime], None] | None = None,
    *,
    quick_start: bool = False,
    cache: CompiledCache | None = None,
) -> Runtime:
    """Load the bundle's network into a runtime.

    ``threads`` are shared by the ``streams``, each of which serves one calling thread. ``check`` raises
    EncoderError when the runtime's answers can't be trusted (the canary). ``auto`` takes the first runtime
    that imports, loads and passes, and logs a warning for each that doesn't: OpenVINO, which answers faster,
    or with ``quick_start`` ONNX Runtime, which is ready in a third of the time. A network from the ``cache`` that
    ``check`` refuses is compiled again. Raises RuntimeUnavailable.
    """
    if runtime != "auto" and runtime not in RUNTIMES:
        raise InvalidValue(f"unknown runtime {runtime!r}; use auto, {' or '.join(RUNTIMES)}")
    if threads < 1 or streams < 1:
        raise InvalidValue(f"threads and streams are at least 1, not {threads} and {streams}")
    refused: list[str] = []
    order = RUNTIMES[::-1] if quick_start else RUNTIMES
    for name in order if runtime == "auto" else (runtime,):
        try:
            loaded = _open(bundle, name, threads, streams, check, cache)
        except EncoderError as error:
            if runtime != "auto":
                raise
            refused.append(str(error))
            _log.warning("%s can't run %s, trying the next runtime: %s", name, bundle.name, error)
        else:
            return loaded
    raise RuntimeUnavailable(f"no runtime can execute {bundle.name}: {'; '.join(refused)}")


def _open(
    bundle: Bundle,
    name: str,
    threads: int,
    streams: int,
    check: Callable[[Runtime], None] | None,
    cache: CompiledCache | None,
) -> Runtime:
    network = bundle.network(name)
    file = bundle.path / network.files[0].name
    if name == "openvino":
        from edge_search.encoder.openvino_runtime import OpenVinoRuntime

        if check is None:
            return OpenVinoRuntime(file, network.precision, threads, streams)
        identity = " ".join(entry.sha256 for entry in network.files)
        loaded = OpenVinoRuntime(file, network.precision, threads, streams, cache=cache, identity=identity)
        try:
            check(loaded)
        except EncoderError as error:
            if not loaded.from_cache:
                raise
            _log.warning("the compiled network of %s was wrong (%s); it is compiled again", bundle.name, error)
            loaded.forget()
            loaded = OpenVinoRuntime(file, network.precision, threads, streams, cache=cache, identity=identity)
            check(loaded)
        loaded.keep()
        return loaded
    from edge_search.encoder.onnx_runtime import OnnxRuntime

    session = OnnxRuntime(file, network.precision, threads)
    if check is not None:
        check(session)
    return session
