"""Mounts: what a folder lies on decides how it can be watched."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge_search.store.home import file_system

__all__ = ["Mount", "mount_of"]

# Changes made on another machine send no events here.
_REMOTE = {
    *("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "ncpfs", "coda", "lustre", "gfs2", "ocfs2"),
    *("virtiofs", "vboxsf", "vmhgfs", "prl_fs", "drvfs", "davfs"),
}
# fuseblk is a local disk (ntfs-3g); any other file system in user space may be a share.
_LOCAL_FUSE = {"fuseblk", "fuse.ntfs-3g", "fuse.exfat", "fuse.mergerfs", "fuse.bindfs", "fuse.gocryptfs"}
# mtime to 2 seconds: two writes in one tick leave the same stamp.
_COARSE = {"vfat", "msdos"}
_COARSE_SETTLE_S = 2.5


@dataclass(frozen=True)
class Mount:
    """The type of a file system, as /proc/self/mountinfo names it."""

    kind: str

    @property
    def remote(self) -> bool:
        """Whether others may write there without an event here."""
        return self.kind in _REMOTE or (self.kind.startswith("fuse.") and self.kind not in _LOCAL_FUSE)

    def settle_s(self, wanted: float) -> float:
        """Return how long a file's stamp must rest there."""
        return max(wanted, _COARSE_SETTLE_S) if self.kind in _COARSE else wanted


def mount_of(path: Path) -> Mount:
    """Look up what ``path`` lies on. May hang on a dead mount."""
    return Mount(file_system(path))
