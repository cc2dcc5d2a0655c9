"""One file from the hub: resumed, hashed, moved into place."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import IO

from edge_search.encoder.manifest import hash_file
from edge_search.errors import BundleError, NoSpace
from edge_search.modelbuild.hub_trouble import PARTIAL, is_client_error
from edge_search.modelbuild.repository import local_path

__all__ = ["TIMEOUT_S", "RemoteFile", "fetch", "settle"]

TIMEOUT_S = 20
"""How long the hub may be silent."""
_SPARE_BYTES = 8 << 20
_PIECE_BYTES = 1 << 18


@dataclass(frozen=True)
class RemoteFile:
    """A file as the hub describes it: large ones by SHA-256, small ones by git's own SHA-1."""

    name: str
    bytes: int
    sha256: str | None
    git: str | None

    @property
    def key(self) -> str:
        """Name of its partial file: parts of two contents never meet."""
        return self.sha256 or self.git or ""

    def is_whole(self, file: Path) -> bool:
        """Whether ``file`` has this length and this hash."""
        if file.stat().st_size != self.bytes:
            return False
        if self.sha256 is not None:
            return hash_file(file) == self.sha256
        content = file.read_bytes()
        return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest() == self.git  # noqa: S324 - git's


def fetch(hub: ModuleType, url: str, entry: RemoteFile, folder: Path, report: Callable[[int], None]) -> None:
    """Make ``entry`` lie in the folder, whole; what came so far stays in the folder's hidden part.

    ``report`` gets the bytes that are here. Raises NoSpace before it starts what can't end, BundleError when
    the content is not what the hub stated.
    """
    target, part = local_path(folder, entry.name), folder / PARTIAL / entry.key[:40]
    if target.is_file() and entry.is_whole(target):
        report(entry.bytes)
        return
    part.parent.mkdir(parents=True, exist_ok=True)
    with part.open("ab", buffering=0) as file:
        while (start := _length(file)) < entry.bytes:
            _need_space(folder, entry.bytes - start)
            try:
                _stream(hub, url, file, entry.bytes, report)
            except Exception as error:
                # A line that drops is taken up again at once, as long as something came.
                if not is_client_error(error) or _length(file) <= start:
                    raise
            else:
                if _length(file) <= start:
                    raise OSError(f"{entry.name} ended {entry.bytes - start} bytes too early")
        os.fsync(file.fileno())
    if not entry.is_whole(part):
        part.unlink()
        raise BundleError(
            f"{entry.name} came with another hash than the hub states for it; it was thrown away: run the same "
            "command again, and look for a proxy that changes downloads if it happens twice"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    part.replace(target)
    settle(target.parent)


def _length(file: IO[bytes]) -> int:
    return file.seek(0, os.SEEK_END)


def _stream(hub: ModuleType, url: str, file: IO[bytes], length: int, report: Callable[[int], None]) -> None:
    """Append to ``file`` what it lacks of ``length``; all of it again if the server doesn't do parts."""
    # compressed bytes couldn't be resumed
    headers = {"User-Agent": "edge-search", "Accept-Encoding": "identity"}
    if start := _length(file):
        headers["Range"] = f"bytes={start}-"
    with hub.get_session().stream("GET", url, headers=headers, timeout=TIMEOUT_S, follow_redirects=True) as answer:
        hub.hf_raise_for_status(answer)
        if not answer.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            file.truncate(0)
        for piece in answer.iter_bytes(_PIECE_BYTES):
            file.write(piece)
            done = _length(file)
            report(min(done, length))
            if done > length:  # without end, or another file: the hash will refuse it
                return


def _need_space(folder: Path, wanted: int) -> None:
    free = shutil.disk_usage(folder).free
    if wanted + _SPARE_BYTES > free:
        raise NoSpace(
            f"{folder} has {free / 1e6:.0f} MB free, {(wanted + _SPARE_BYTES) / 1e6:.0f} MB are needed; "
            "make room, or name another disk with --to"
        )


def settle(folder: Path) -> None:
    """Make a rename in the folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
