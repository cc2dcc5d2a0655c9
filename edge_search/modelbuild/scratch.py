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

__all__ = ["scratch_folder"]

_PREFIX = ".importing-"
_SPARE_BYTES = 16 << 20


@contextmanager
def scratch_folder(parent: Path, wanted: int) -> Iterator[Path]:
    """Give a folder in ``parent`` for ``wanted`` bytes; it is gone when the block ends.

    One import runs at a time: a large network needs the machine's memory for itself. What a killed one left
    is removed first. Raises EncoderError when another runs, NoSpace when the disk is or gets too full,
    BundleError when it can't be written.
    """
    try:
        parent.mkdir(parents=True, exist_ok=True)
        with FileLock(parent / f"{_PREFIX}lock", timeout=0):
            for left in parent.glob(f"{_PREFIX}*/"):
                shutil.rmtree(left, ignore_errors=True)
            free = shutil.disk_usage(parent).free
            if wanted + _SPARE_BYTES > free:
                raise NoSpace(
                    f"{parent} has {free / 1e6:.0f} MB free, {(wanted + _SPARE_BYTES) / 1e6:.0f} MB are needed; "
                    "make room, or name a folder on another disk with --to"
                )
            with tempfile.TemporaryDirectory(dir=parent, prefix=_PREFIX) as scratch:
                yield Path(scratch)
    except Timeout:
        raise EncoderError(f"another import into {parent} is running; wait for it, or stop it") from None
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoSpace(f"the disk of {parent} is full; make room, then import again") from error
        raise BundleError(f"can't write into {parent}: {error.strerror or error}; name another with --to") from error
