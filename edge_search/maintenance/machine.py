"""The machine and its process: versions, memory, limits, user, and what is installed beside us."""

from __future__ import annotations

import importlib
import os
import platform
import resource
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from edge_search import __version__
from edge_search.encoder.telemetry import openvino_silenced
from edge_search.maintenance.finding import Finding
from edge_search.maintenance.size import MIB, size_text

__all__ = [
    "check_heic",
    "check_memory",
    "check_open_files",
    "check_swap",
    "check_telemetry",
    "check_user",
    "check_versions",
]

MEMINFO = Path("/proc/meminfo")
_LITTLE_MEMORY, _NO_MEMORY = 512 * MIB, 192 * MIB
# A query opens few files; HTTP and segments together stay far below the first figure.
_FEW_FILES, _TOO_FEW_FILES = 1024, 256


def check_versions() -> Finding:
    """Name edge-search, Python and the system."""
    system = f"{platform.system()} {platform.release()}"
    return Finding("version", "good", f"edge-search {__version__}, Python {platform.python_version()}, {system}")


def check_memory(meminfo: Path = MEMINFO) -> Finding:
    """Tell the memory that is free for us."""
    known = _meminfo(meminfo)
    available = known["MemAvailable"]
    value = f"{size_text(available)} available of {size_text(known['MemTotal'])}"
    if available < _NO_MEMORY:
        advice = f"below {size_text(_NO_MEMORY)} the system may kill edge-search: stop other programs or add memory"
        return Finding("memory", "bad", value, advice)
    if available < _LITTLE_MEMORY:
        return Finding("memory", "note", value, "little for an encoder and an index: stop other programs")
    return Finding("memory", "good", value)


def check_swap(meminfo: Path = MEMINFO) -> Finding:
    """Tell whether memory was short: what lies in swap makes answers slow."""
    known = _meminfo(meminfo)
    total, used = known.get("SwapTotal", 0), known.get("SwapTotal", 0) - known.get("SwapFree", 0)
    if not total:
        return Finding("swap", "good", "none")
    value = f"{size_text(used)} in use of {size_text(total)}"
    if used > total / 2:
        return Finding("swap", "note", value, "memory was short: answers come late; stop other programs or add memory")
    return Finding("swap", "good", value)


def check_open_files(limit: int | None = None) -> Finding:
    """Tell how many files this process may open; ``limit`` stands in for the system's (for tests)."""
    if limit is None:
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit == resource.RLIM_INFINITY:
        return Finding("open files", "good", "no limit")
    value = f"at most {limit}"
    advice = "raise it: LimitNOFILE=4096 in the systemd unit, or 'ulimit -n 4096' in the shell"
    if limit < _TOO_FEW_FILES:
        return Finding("open files", "bad", value, advice)
    return Finding("open files", "note", value, advice) if limit < _FEW_FILES else Finding("open files", "good", value)


def check_user(user: int | None = None) -> Finding:
    """Note a process that may do anything; ``user`` stands in for the effective user (for tests)."""
    user = os.geteuid() if user is None else user
    if user == 0:
        advice = "a user of its own that owns the home is enough, and safer"
        return Finding("user", "note", "root", advice)
    return Finding("user", "good", f"user {user}, not root")


def check_telemetry() -> Finding:
    """Prove that OpenVINO's telemetry can't be imported in our processes."""
    try:
        installed = f"openvino-telemetry {version('openvino-telemetry')} is installed"
    except PackageNotFoundError:
        return Finding("telemetry", "good", "openvino-telemetry is not installed: nothing is sent")
    with openvino_silenced():
        try:
            importlib.import_module("openvino_telemetry")
        except ImportError:
            return Finding("telemetry", "good", f"{installed}, edge-search blocks it: nothing is sent")
    advice = "something imported it before edge-search could block it; run: pip uninstall openvino-telemetry"
    return Finding("telemetry", "bad", f"{installed} and loaded", advice)


def check_heic(module: str = "pillow_heif") -> Finding:
    """Tell whether HEIC photos (iPhones') can be decoded; ``module`` is what decodes them."""
    try:
        decoder = importlib.import_module(module)
    except ImportError:
        advice = "photos of iPhones are skipped; run: pip install 'edge-search[heic]'"
        return Finding("HEIC photos", "note", "no decoder", advice)
    return Finding("HEIC photos", "good", f"decoded by {module} {getattr(decoder, '__version__', '')}".strip())


def _meminfo(path: Path) -> dict[str, int]:
    lines = (line.split() for line in path.read_text(encoding="ascii").splitlines())
    return {words[0].rstrip(":"): int(words[1]) * 1024 for words in lines if len(words) > 1}
