"""Where a bundle grows before it appears: beside its place, so that the last step is one rename."""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from edge_search.errors import BundleError, EncoderError, NoSpace

__all__ = ["need_room", "scratch_folder"]

_PREFIX = ".importing-"
_SPARE_BYTES = 16 << 20


@contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """Give a folder in ``parent``; it is gone when the block ends.

    One import runs at a time: a large network needs the machine's memory for itself. What a killed one left
    is removed first. Raises EncoderError when another runs, NoSpace when the disk gets full, BundleError
    when it can't be written.
    """
    try:
        parent.mkdir(parents=True, exist_ok=True)
        with FileLock(parent / f"{_PREFIX}lock", timeout=0):
            for left in parent.glob(f"{_PREFIX}*/"):
                shutil.rmtree(left, ignore_errors=True)
            with tempfile.TemporaryDirectory(dir=parent, prefix=_PREFIX) as scratch:
                yield Path(scratch)
    except Timeout:
        raise EncoderError(f"another import into {parent} is running; wait for it, or stop it") from None
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoSpace(f"the disk of {parent} is full; make room, then import again") from error
        raise BundleError(f"can't write into {parent}: {error.strerror or error}; name another with --to") from error


def need_room(folder: Path, wanted: int) -> None:
    """Raise NoSpace unless ``wanted`` bytes fit on the disk of ``folder``."""
    free, wanted = shutil.disk_usage(folder).free, wanted + _SPARE_BYTES
    if wanted > free:
        raise NoSpace(
            f"{folder.parents[1]} has {free / 1e6:.0f} MB free, {wanted / 1e6:.0f} MB are needed; "
            "make room, or name a folder on another disk with --to"
        )
