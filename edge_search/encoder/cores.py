"""How many cores this process may use."""

from __future__ import annotations

import math
import os
from pathlib import Path

__all__ = ["available_cores"]

_CGROUP = Path("/sys/fs/cgroup")
_MEMBERSHIP = Path("/proc/self/cgroup")


def available_cores(cgroup: Path = _CGROUP, membership: Path = _MEMBERSHIP) -> int:
    """Cores by affinity, lowered to the CPU quota of the cgroup (v2, then v1) or of one above it; at least 1.

    Neither runtime looks at the quota: with more threads than it allows, they wait for each other.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quotas = [quota for folder in _folders(cgroup, membership) if (quota := _quota(folder)) is not None]
    quota = min(quotas, default=None)
    return max(1, cores if quota is None else min(cores, math.ceil(quota)))


def _folders(cgroup: Path, membership: Path) -> list[Path]:
    """Return the cgroup's root and every folder down to ours: a service has its quota in its own folder."""
    try:
        lines = membership.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    own = next((line.removeprefix("0::/") for line in lines if line.startswith("0::/")), "")
    parts = Path(own).parts if ".." not in own else ()
    return [cgroup.joinpath(*parts[:depth]) for depth in range(len(parts) + 1)]


def _quota(cgroup: Path) -> float | None:
    try:
        limit, period = (cgroup / "cpu.max").read_text().split()
        return None if limit == "max" else int(limit) / int(period)
    except (OSError, ValueError):
        pass
    try:
        limit = (cgroup / "cpu" / "cpu.cfs_quota_us").read_text()
        period = (cgroup / "cpu" / "cpu.cfs_period_us").read_text()
        return None if int(limit) < 0 else int(limit) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return None
