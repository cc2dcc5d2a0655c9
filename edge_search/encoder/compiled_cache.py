"""Networks as OpenVINO compiled them, kept as files: a process starts without compiling again.

OpenVINO's own cache directory is not used: it doesn't notice a damaged file, and then answers garbage, or ends
the process. Here each file begins with the SHA-256 of the rest, which is checked before OpenVINO sees it, and
the caller's canary has the last word.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import platform
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

__all__ = ["CompiledCache", "processor"]

_MAGIC = b"edge-search compiled network 1\n"
_HASH_BYTES = 32
_MOST_BYTES = 256 << 20
_SPARE_BYTES = 64 << 20  # left free on the disk
_log = logging.getLogger("edge_search")


@dataclass(frozen=True)
class CompiledCache:
    """One folder of such files, which any number of processes may use at the same time.

    Everything in it can be deleted at any time. At most 256 MB; the longest unused go first. Whatever the disk
    refuses is left alone: a cache never keeps a photo from being answered.
    """

    folder: Path

    def get(self, key: str) -> bytes | None:
        """Return the network stored under ``key``; None when there is none, or when it is damaged (then it is gone)."""
        file = self._file(key)
        try:
            with file.open("rb") as stored:
                head, body = stored.read(len(_MAGIC) + _HASH_BYTES), stored.read()  # not copied again: 30 MB for B4
        except OSError:
            return None
        if head != _MAGIC + hashlib.sha256(body).digest():
            _log.info("%s is damaged; the network is compiled again", file)
            self.drop(key)
            return None
        with contextlib.suppress(OSError):
            os.utime(file)
        return body

    def put(self, key: str, network: bytes) -> bool:
        """Store ``network`` under ``key``; return whether that worked."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if shutil.disk_usage(self.folder).free < len(network) + _SPARE_BYTES:
                return False
            self._make_room(len(network))
            self._write(self._file(key), network)
        except OSError as error:
            _log.info("the compiled network isn't kept in %s: %s", self.folder, error)
            return False
        return True

    def drop(self, key: str) -> None:
        """Forget what is stored under ``key``."""
        with contextlib.suppress(OSError):
            self._file(key).unlink()

    def _file(self, key: str) -> Path:
        return self.folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.compiled"

    def _write(self, file: Path, network: bytes) -> None:
        handle, name = tempfile.mkstemp(dir=self.folder, suffix=".partial")
        try:
            with os.fdopen(handle, "wb") as partial:
                partial.write(_MAGIC + hashlib.sha256(network).digest())
                partial.write(network)
            Path(name).replace(file)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise

    def _make_room(self, wanted: int) -> None:
        """Delete the longest unused files, and what a killed process left half-written."""
        found = []
        for file in self.folder.iterdir():
            with contextlib.suppress(OSError):
                stat = file.stat()
                if file.suffix in (".compiled", ".partial"):
                    found.append((stat.st_mtime, stat.st_size, file))
        total = sum(size for _, size, _ in found) + wanted
        for _, size, file in sorted(found):
            if total <= _MOST_BYTES:
                return
            with contextlib.suppress(OSError):
                file.unlink()
                total -= size


def processor() -> str:
    """Name and instruction sets of the processor: a network compiled for one may be wrong on another."""
    limit = os.environ.get("ONEDNN_MAX_CPU_ISA", "")
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").partition("\n\n")[0]
    except OSError:
        return f"{platform.machine()} {platform.processor()} {limit}"
    wanted = ("model name", "flags", "Features", "CPU part", "stepping")
    lines = [line for line in text.splitlines() if line.partition("\t")[0].strip() in wanted]
    return f"{platform.machine()} {' '.join(lines)} {limit}"
