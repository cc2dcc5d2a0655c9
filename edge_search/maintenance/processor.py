"""The processor: its model, the cores this process may use, and what it has for INT8."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from edge_search.encoder.cores import available_cores
from edge_search.maintenance.finding import Finding

__all__ = ["check_cores", "check_features", "check_processor"]

CPUINFO = Path("/proc/cpuinfo")
_BOARD = Path("/proc/device-tree/model")
_X86 = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8")
_ARM = {"asimddp": "dotprod", "i8mm": "i8mm"}  # as Linux names them: as ARM does


def check_processor(cpuinfo: Path = CPUINFO, board: Path = _BOARD) -> Finding:
    """Name the processor; a board where the processor doesn't tell its name (ARM)."""
    name = _field(cpuinfo, "model name")
    if not name and board.is_file():
        name = board.read_text(encoding="utf-8", errors="replace").strip("\0\n ")
    return Finding("processor", "good", f"{name or platform.processor() or 'unknown'} ({platform.machine()})")


def check_cores(threads: int = 0) -> Finding:
    """Count the usable cores; ``threads`` is the setting (0: all of them)."""
    usable, there = available_cores(), os.cpu_count() or 1
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else there
    value = f"{usable} of {there} usable"
    if usable < allowed:
        value += f" (a CPU quota leaves {usable} of {allowed})"
    elif allowed < there:
        value += " (the process is tied to them)"
    if threads > usable:
        advice = f"the setting 'threads' asks for {threads}: with more threads than cores an encode takes longer; use 0"
        return Finding("cores", "note", value, advice)
    return Finding("cores", "good", value)


def check_features(cpuinfo: Path = CPUINFO) -> Finding:
    """Tell what the processor's instructions mean for an INT8 network."""
    flags = set(_field(cpuinfo, "flags").split())
    extensions = set(_field(cpuinfo, "Features").split())
    if flags:
        has = [name for name in _X86 if name in flags]
    elif extensions:
        has = [name for flag, name in _ARM.items() if flag in extensions]
    else:
        return Finding("INT8 instructions", "note", "unknown: the system doesn't list them")
    meaning = _meaning(has, x86=bool(flags))
    shown = f"{', '.join(has) or 'none'}: {meaning}"
    if "slow" not in meaning:
        return Finding("INT8 instructions", "good", shown)
    return Finding("INT8 instructions", "note", shown, "where answers must come faster, choose a newer processor")


def _meaning(has: list[str], *, x86: bool) -> str:
    if "amx_int8" in has or "i8mm" in has:
        return "matrix instructions for INT8, the fastest there is"
    if "avx512_vnni" in has or "avx_vnni" in has or "dotprod" in has:
        return "INT8 at full speed"
    if "avx2" in has:
        return "INT8 without VNNI: slower than with it, about as fast as FP32"
    return "slow: without AVX2 an encode takes several times longer" if x86 else "INT8 without dotprod: slow"


def _field(cpuinfo: Path, name: str) -> str:
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.partition(":")[0].strip() == name), "")
