"""What a tuning needs of the machine: PyTorch, a device, a folder to itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from edge_search.errors import EncoderError

__all__ = ["alone", "need_torch", "pick_device"]


def need_torch() -> Any:
    """Return PyTorch; EncoderError, one line, without it."""
    try:
        import torch
    except ImportError as error:
        raise EncoderError("tuning needs PyTorch: pip install 'edge-search[tune]'") from error
    return torch


def pick_device(name: str) -> Any:
    """Return the device of that name, CUDA or the CPU for ``auto``; EncoderError when it can't be used."""
    torch = need_torch()
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise EncoderError(f"--device {name} can't be used here: {reason}") from error
    return device


@contextmanager
def alone(work: Path) -> Iterator[None]:
    """Hold the folder ``work``, made where it isn't there; EncoderError when another tuning holds it."""
    try:
        work.mkdir(parents=True, exist_ok=True)
        with FileLock(work / "lock", timeout=0):
            yield
    except Timeout:
        raise EncoderError(f"another tuning works in {work}; wait for it, or name another folder with --work") from None
    except OSError as error:
        raise EncoderError(f"can't write into {work}: {error.strerror or error}; name another with --work") from error
