"""The process that decodes strangers' photos: little memory, little time, no files; whatever happens here ends here.

Run as ``python -m edge_search.web.decode_child ORDERS PHOTO PHOTO_BYTES RESULT RESULT_BYTES`` by `decoder.Decoder`,
with numbers of inherited descriptors. Orders and replies are JSON, one a message; pixels go through memory.
"""

from __future__ import annotations

import contextlib
import io
import json
import mmap
import resource
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from edge_search.errors import PhotoError, PhotoTooLarge
from edge_search.imaging.decode import decode
from edge_search.imaging.limits import Limits

__all__ = ["CPU_S", "main"]

CPU_S = 2.0
"""Processor seconds that one photo may take."""

# 16-bit and floating-point pictures are copied a few times on their way to 8 bits.
_BYTES_PER_PIXEL = 20
_MORE_BYTES = 128 * 2**20
_FILES = 16


def main() -> None:
    """Decode until the other side hangs up."""
    orders_number, photo_number, photo_bytes, result_number, result_bytes = map(int, sys.argv[1:])
    orders = socket.socket(fileno=orders_number)
    photo = mmap.mmap(photo_number, photo_bytes, prot=mmap.PROT_READ)
    result = mmap.mmap(result_number, result_bytes)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the server, which then hangs up
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    _warm_up()
    _confine()
    orders.send(b"{}")
    limited_to = 0
    while order := orders.recv(4096):
        asked = json.loads(order)
        limits = Limits(**asked["limits"])
        if limits.max_pixels != limited_to:
            limited_to = limits.max_pixels
            _limit_memory(limits)
        # Ended by the kernel, in the middle of whatever a decoder is at.
        signal.setitimer(signal.ITIMER_PROF, CPU_S)
        reply = _decoded(photo[: asked["size"]], limits, result)
        signal.setitimer(signal.ITIMER_PROF, 0)
        orders.send(json.dumps(reply).encode())


def _decoded(data: bytes, limits: Limits, result: mmap.mmap) -> dict[str, Any]:
    try:
        image = decode(data, limits)
        pixels = np.asarray(image)
        if pixels.nbytes > len(result):
            raise PhotoTooLarge(f"{image.width} x {image.height} pixels are too long a strip; cut it")
        np.frombuffer(result, np.uint8, pixels.nbytes)[:] = pixels.reshape(-1)
        return {"size": image.size, "original_size": image.info["original_size"]}
    except PhotoError as error:
        return {"error": type(error).__name__, "reason": str(error)[:400]}
    except MemoryError:
        return {"error": PhotoTooLarge.__name__, "reason": "needs more memory than there is; save it smaller"}


def _warm_up() -> None:
    """Load whatever decoding loads late, while files may still be opened."""
    with contextlib.suppress(ImportError):
        import pillow_heif  # noqa: F401
    for kind in ("PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP", "AVIF"):
        buffer = io.BytesIO()
        with contextlib.suppress(OSError, KeyError):  # a Pillow without that codec
            Image.new("RGB", (32, 32)).save(buffer, kind)
            with contextlib.suppress(PhotoError):
                decode(buffer.getvalue())


def _confine() -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")  # of all that the box runs, this may go first
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_FILES, _FILES))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def _limit_memory(limits: Limits) -> None:
    now = int(Path("/proc/self/statm").read_text().split()[0]) * mmap.PAGESIZE
    most = now + _BYTES_PER_PIXEL * limits.max_pixels + 2 * limits.max_bytes + _MORE_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main()
