"""OpenVINO; the only module that imports it for inference."""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_search.encoder.compiled_cache import CompiledCache, processor
from edge_search.encoder.telemetry import openvino_silenced
from edge_search.errors import EncoderError, RuntimeUnavailable

__all__ = ["OpenVinoRuntime"]

_log = logging.getLogger("edge_search")


class OpenVinoRuntime:
    """A compiled network with infer requests of its own for each calling thread (a shared one answers "busy").

    ``from_cache`` tells whether it was compiled earlier: then its answers must be checked before they are used.
    """

    name = "openvino"

    def __init__(
        self,
        network: Path,
        precision: str,
        threads: int,
        streams: int = 1,
        *,
        cache: CompiledCache | None = None,
        identity: str = "",
    ) -> None:
        """Compile ``network`` (ONNX or IR), or take it from ``cache``; RuntimeUnavailable if that fails here.

        ``identity`` names the network's content (a hash); the cache's key also has the library's version, the
        processor and all settings.
        """
        try:
            with openvino_silenced():
                import openvino
        except Exception as error:  # a missing wheel, a missing library, a CPU it doesn't know
            raise RuntimeUnavailable(f"openvino can't be imported: {error}") from error
        self.version = str(openvino.__version__)
        self.precision = precision
        self.threads = threads
        self._streams = streams
        settings = {
            # the default is bf16 where the CPU has it: other features on another CPU
            "INFERENCE_PRECISION_HINT": "f32",
            # it doesn't see a container's CPU quota, so it is told
            "INFERENCE_NUM_THREADS": str(threads),
            "NUM_STREAMS": str(streams),
            "ENABLE_CPU_PINNING": "NO",
        }
        self._cache = cache if identity else None
        self._key = f"{identity} {self.version} {settings} {processor() if self._cache else ''}"
        core = openvino.Core()
        self._compiled = self._import(core, settings)
        self.from_cache = self._compiled is not None
        if self._compiled is None:
            try:
                self._compiled = core.compile_model(str(network), "CPU", settings)
            except Exception as error:  # openvino raises RuntimeError and its own
                reason = str(error).strip().splitlines()[-1]
                raise RuntimeUnavailable(f"openvino can't compile {network}: {reason}") from error
        self._local = threading.local()

    def _import(self, core: Any, settings: dict[str, str]) -> Any:
        data = self._cache.get(self._key) if self._cache else None
        if data is None:
            return None
        try:
            return core.import_model(io.BytesIO(data), "CPU", settings)
        except Exception as error:  # written by a build of the same version that differs
            _log.info("openvino refuses its compiled network (%s); it is compiled again", str(error).strip()[:80])
            self.forget()
            return None

    def keep(self) -> None:
        """Store the compiled network in the cache; for one whose answers were found right."""
        if self._cache is None or self.from_cache:
            return
        try:
            data = self._compiled.export_model().getvalue()
        except Exception as error:  # not every device plugin can
            _log.info("openvino can't export the compiled network: %s", str(error).strip()[:80])
            return
        self._cache.put(self._key, data)

    def forget(self) -> None:
        """Remove it from the cache."""
        if self._cache is not None:
            self._cache.drop(self._key)

    def run(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Pixels uint8 (n, S, S, 3) -> float32 (n, D), as many pictures at a time as there are streams."""
        pictures = np.ascontiguousarray(batch)
        try:
            if not hasattr(self._local, "requests"):
                self._local.requests = [self._compiled.create_infer_request() for _ in range(self._streams)]
            requests = self._local.requests
            rows = []
            for first in range(0, len(pictures), len(requests)):
                numbers = range(first, min(first + len(requests), len(pictures)))
                rows += _inferred(requests, [pictures[number : number + 1] for number in numbers])
        except Exception as error:
            raise EncoderError(f"openvino failed: {str(error).strip().splitlines()[-1]}") from error
        return np.stack(rows)


def _inferred(requests: Sequence[Any], pictures: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
    """Return the network's output for each of these pictures, at most one a request, all at the same time."""
    if len(pictures) == 1:
        requests[0].infer([pictures[0]])
    else:
        begun = []
        try:
            for request, picture in zip(requests, pictures, strict=False):
                request.start_async([picture])
                begun.append(request)
        finally:
            for request in begun:  # one that is still under way would be "busy" for the next photo
                request.wait()
    return [request.get_output_tensor(0).data[0].copy() for request in requests[: len(pictures)]]
