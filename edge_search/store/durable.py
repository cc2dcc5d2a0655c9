"""Files that survive a power cut: temp file, fsync, atomic rename, fsync of the folder."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from edge_search.errors import NoSpace, StoreError

__all__ = ["atomic_file", "make_folder", "sweep", "sync_folder"]

_ABANDONED_S = 24 * 3600


def atomic_file(path: Path, write: Callable[[Path], object], *, durable: bool = True, size: int | None = None) -> None:
    """Let ``write(temp)`` make a file, then put it at ``path`` in one step.

    Without ``durable`` the fsyncs are left out: for files that can be made again. ``size`` is the length the
    file must have: a writer that misses a full disk (usearch's can) is found out by it.

    Raises:
        NoSpace: the disk is full; ``path`` is as it was.
    """
    temp = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        if durable:
            make_folder(path.parent)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
        write(temp)
        if size is not None and temp.stat().st_size != size:
            raise NoSpace(f"{path}: only {temp.stat().st_size} of {size} bytes were written; free some space")
        if durable:
            with temp.open("rb") as file:
                os.fsync(file.fileno())
        temp.replace(path)
        if durable:
            sync_folder(path.parent)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise NoSpace(f"{path}: the disk is full; free some space, then try again") from error
        raise StoreError(f"{path}: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(OSError):
            temp.unlink()


def sweep(folder: Path) -> None:
    """Delete the temporary files below ``folder`` whose writer was killed: those nobody touched for a day."""
    for path in folder.rglob(".*.tmp*"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _ABANDONED_S:
                path.unlink()


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, durably: a new one is itself an entry that a power cut could lose."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for new in reversed(missing):
        new.mkdir(exist_ok=True)
        sync_folder(new.parent)


def sync_folder(folder: Path) -> None:
    """Make the folder's entries durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
