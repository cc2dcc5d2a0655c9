"""The disk under the home: kind, room, speed, and what the home takes of it."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from edge_search.maintenance.finding import Finding
from edge_search.maintenance.size import GIB, MIB, size_text
from edge_search.store.home import UNFIT, Home, file_system

__all__ = ["check_file_system", "check_flush", "check_inodes", "check_sizes", "check_space", "check_writable"]

_RESERVE, _RESERVE_SHARE = 200 * MIB, 0.05
_LARGEST_WAL = 64 * MIB
_SLOW_MS, _FAR_TOO_SLOW_MS = 100, 1000
_WALK_S = 3.0
_FLEETING = {
    "tmpfs": "memory: a restart empties it",
    "ramfs": "memory: a restart empties it",
    "overlay": "a container's own layer: it goes when the container is removed",
}

Statistics = Callable[[Path], os.statvfs_result]


def check_file_system(root: Path, kind: str | None = None) -> Finding:
    """Tell what the home lies on; ``kind`` stands in for the mount table's word (for tests)."""
    kind = file_system(root) if kind is None else kind
    if kind in UNFIT:
        advice = "a power cut or a second process would damage the catalog there; move the home to a local disk"
        return Finding("file system", "bad", f"{kind}: {UNFIT[kind]}", advice)
    if kind in _FLEETING:
        advice = "move the home to a disk (in a container: a volume)"
        return Finding("file system", "note", f"{kind}: {_FLEETING[kind]}", advice)
    return Finding("file system", "good", kind)


def check_writable(root: Path, read: Statistics = os.statvfs) -> Finding:
    """Tell whether the home can be written to at all."""
    if read(root).f_flag & os.ST_RDONLY:
        advice = "disks are remounted so after an error: look at 'dmesg', check the disk, then mount it read-write"
        return Finding("home", "bad", f"{root}: mounted read-only", advice)
    if not os.access(root, os.W_OK | os.X_OK):
        return Finding("home", "bad", f"{root}: not writable for this user", "change its owner (chown -R) or the user")
    return Finding("home", "good", str(root))


def check_flush(root: Path, flush: Callable[[int], None] = os.fsync) -> Finding:
    """Measure what a durable write costs: the median of five, in a file that is removed again."""
    spent = []
    with tempfile.NamedTemporaryFile(dir=root, prefix=".doctor-", suffix=".tmp", buffering=0) as file:
        for _ in range(5):
            started = time.perf_counter()
            file.write(b"\0" * 4096)
            flush(file.fileno())
            spent.append((time.perf_counter() - started) * 1000)
    cost = statistics.median(spent)
    value = f"{cost:.1f} ms for a durable write"
    if cost >= _SLOW_MS:
        advice = "every change waits this long at least; look for other programs that write, or a worn or slow disk"
        return Finding("fsync", "bad" if cost >= _FAR_TOO_SLOW_MS else "note", value, advice)
    return Finding("fsync", "good", value)


def check_space(root: Path, read: Statistics = os.statvfs) -> Finding:
    """Tell the free space; below the reserve nothing new is taken in."""
    found = read(root)
    free, total = found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize
    value = f"{size_text(free)} of {size_text(total)}"
    advice = "free some: old files, logs, other programs' data; 'edge-search compact' drops what nothing uses"
    if free < _RESERVE or free < total * _RESERVE_SHARE:
        return Finding("free space", "bad", value, advice)
    return Finding("free space", "note", value, advice) if free < GIB else Finding("free space", "good", value)


def check_inodes(root: Path, read: Statistics = os.statvfs) -> Finding:
    """Tell the free inodes: without one, no file can be made however much space is left."""
    found = read(root)
    if not found.f_files:
        return Finding("free inodes", "good", "no limit")
    value = f"{found.f_favail:,} of {found.f_files:,}"
    if found.f_favail < found.f_files * _RESERVE_SHARE:
        return Finding("free inodes", "bad", value, "remove folders with many small files, or set 'previews = false'")
    return Finding("free inodes", "good", value)


def check_sizes(home: Home) -> list[Finding]:
    """Tell what the home's parts take, and whether the log of the database is folded back in time."""
    wal = _length(Path(f"{home.database}-wal"))
    parts = {
        "database": size_text(_length(home.database)),
        "index": _folder_text(home.index),
        "previews": _folder_text(home.previews),
        "taught": _folder_text(home.taught),
    }
    stuck = "a reader that never ends keeps it from being folded back: look for a hanging edge-search process, stop it"
    return [
        Finding("sizes", "good", ", ".join(f"{name} {text}" for name, text in parts.items())),
        Finding("WAL", "bad", size_text(wal), stuck) if wal > _LARGEST_WAL else Finding("WAL", "good", size_text(wal)),
    ]


def _length(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _folder_text(folder: Path, seconds: float = _WALK_S) -> str:
    total, until = 0, time.monotonic() + seconds
    for where, _, names in os.walk(folder):
        for name in names:
            total += _length(Path(where, name))
        if time.monotonic() > until:
            return f"over {size_text(total)}"
    return size_text(total)
