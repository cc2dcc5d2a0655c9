"""Space: what is kept free on the home's disk, so that deletes and prices still work when photos don't fit."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass

from edge_search.errors import NoSpace
from edge_search.store.home import Home

__all__ = ["Space"]

# A change of one product takes some 30 KiB of the log, and twice that with the words it is found by; the log is
# folded back at once while space is short.
_BALLAST_BYTES = 2**20
_LEAST_BYTES = 256 * 2**10  # also on a disk of which 5 % are less


@dataclass(frozen=True)
class Space:
    """The reserve, and a ballast file that goes overboard when somebody else fills the disk."""

    home: Home
    reserve_mb: int

    def need(self, size: int = 0) -> None:
        """Refuse to write ``size`` bytes beside the store while the disk is nearly full.

        Asked before photos are taken and segments are built; deletes and prices don't ask.

        Raises:
            NoSpace: less than the reserve would be free: the setting, or 5 % of a disk so small that it would be more.
        """
        disk = shutil.disk_usage(self.home.root)
        reserve = self._reserve(disk.total)
        if not self.home.ballast.exists():
            reserve += min(_BALLAST_BYTES, reserve)
        if disk.free - size < reserve:
            raise NoSpace(
                f"{self.home.root}: only {disk.free / 2**20:.1f} MiB are free, {(reserve + size) / 2**20:.1f} are "
                "needed with what is kept for changes and deletes; free some space, then run the same command again"
            )

    def _reserve(self, total: int) -> int:
        return min(self.reserve_mb * 2**20, max(total // 20, _LEAST_BYTES))

    def short(self) -> bool:
        """Return whether the disk is nearly full; then the ballast goes overboard, else it comes (back) on board."""
        try:
            disk = shutil.disk_usage(self.home.root)
            ballast = min(_BALLAST_BYTES, self._reserve(disk.total))
            if disk.free < ballast:
                self.home.ballast.unlink(missing_ok=True)
            elif disk.free > 4 * ballast > 0 and not self.home.ballast.exists():
                with self.home.ballast.open("wb") as file:
                    os.posix_fallocate(file.fileno(), 0, ballast)
        except OSError:
            return True
        return disk.free < 2 * ballast
