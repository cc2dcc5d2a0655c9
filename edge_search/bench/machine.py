"""What a figure was measured on."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

from edge_search.encoder.cores import available_cores

__all__ = ["machine"]


def machine() -> dict[str, Any]:
    """Return the processor, cores in use, system and Python."""
    return {
        "cpu": _cpu(),
        "cores": available_cores(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
    }


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"
