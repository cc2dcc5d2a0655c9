"""The probe: is a source's root there, and is it still the same folder?"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from edge_search.watch.call import Call
from edge_search.watch.clock import Clock
from edge_search.watch.mounts import Mount, mount_of

__all__ = ["Probe", "Seen", "see"]

_HANGS_S = 3.0
_GRACE_S = 0.05


@dataclass(frozen=True)
class Seen:
    """What a look at a root brought. ``stamp`` is a manifest's own; ``detail`` says why it is offline."""

    there: bool
    mount: Mount = field(default_factory=lambda: Mount("unknown"))
    device: int = 0
    inode: int = 0
    stamp: tuple[int, int] = (0, 0)
    detail: str | None = None


def see(path: Path, kind: Literal["folder", "manifest"]) -> Seen:
    """Look at a root, without a look into it."""
    try:
        status = path.stat()
    except OSError as error:
        return Seen(there=False, detail=f"{error.strerror or error}; plug the disk in or check the path")
    wanted = stat.S_ISDIR if kind == "folder" else stat.S_ISREG
    if not wanted(status.st_mode):
        return Seen(there=False, detail=f"no {kind} lies there now; check the path")
    if not os.access(path, os.R_OK | (os.X_OK if kind == "folder" else 0)):
        return Seen(there=False, detail="permission denied; give this user the right to read it")
    # A manifest is replaced by saving it: its own inode says nothing.
    inode = status.st_ino if kind == "folder" else 0
    return Seen(True, mount_of(path), status.st_dev, inode, (status.st_size, status.st_mtime_ns))


class Probe:
    """Looks again and again; a look that hangs counts as offline and is not started twice."""

    def __init__(self, look: Callable[[], Seen], clock: Clock) -> None:
        self._look = look
        self._clock = clock
        self._call: Call[Seen] | None = None

    def seen(self) -> Seen | None:
        """Return what is there; None while a look takes its time."""
        if self._call is None:
            self._call = Call(self._look, self._clock.monotonic())
            self._call.wait(_GRACE_S)  # a disk of this machine answers at once
        if not self._call.done:
            if self._clock.monotonic() - self._call.started < _HANGS_S:
                return None
            return Seen(there=False, detail="its file system doesn't answer; check its server and network")
        call, self._call = self._call, None
        try:
            return call.result()
        except OSError as error:
            return Seen(there=False, detail=str(error))
