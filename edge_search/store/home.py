"""The home: one folder that holds everything one appliance knows."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from edge_search.catalog.ignored import MARKER
from edge_search.errors import HomeUnsuitable
from edge_search.store.durable import make_folder

__all__ = ["UNFIT", "Home", "prepare_home"]

# WAL needs shared memory between processes, which network file systems don't give; FAT has no fsync
# order, no hard sizes under power loss and no permissions.
UNFIT = {
    "nfs": "a network file system",
    "nfs4": "a network file system",
    "cifs": "a network file system",
    "smb3": "a network file system",
    "smbfs": "a network file system",
    "9p": "a network file system",
    "fuse.sshfs": "a network file system",
    "fuse.glusterfs": "a network file system",
    "ceph": "a network file system",
    "afs": "a network file system",
    "vfat": "a FAT file system",
    "msdos": "a FAT file system",
    "exfat": "a FAT file system",
}
MOUNTS = Path("/proc/self/mountinfo")
_LONGEST_NAME = 200  # bytes; file systems take 255


@dataclass(frozen=True)
class Home:
    """The paths inside one home."""

    root: Path

    @property
    def there(self) -> bool:
        """Whether this is a home already, or a folder that somebody made to be one."""
        return self.database.exists() or (self.root / "locks").is_dir() or (self.root / "config.toml").is_file()

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.root / "catalog.sqlite3"

    @property
    def index(self) -> Path:
        """Published index segments: disposable."""
        return self.root / "index"

    @property
    def previews(self) -> Path:
        """Small copies of every photo, by content hash."""
        return self.root / "previews"

    @property
    def taught(self) -> Path:
        """Photos taught here: the only copy, never disposable."""
        return self.root / "taught"

    @property
    def checks(self) -> Path:
        """Photos held out to measure with."""
        return self.root / "checks"

    @property
    def feedback(self) -> Path:
        """Photos that came with corrections, where the owner keeps them."""
        return self.root / "feedback"

    @property
    def catalog(self) -> Path:
        """The catalog folder that photos from sticks are copied to: a source like any other."""
        return self.root / "catalog"

    @property
    def models(self) -> Path:
        """Encoder bundles built or imported on this machine."""
        return self.root / "models"

    @property
    def cache(self) -> Path:
        """What can be made again at any time: compiled networks, networks drawn for `bench`."""
        return self.root / "cache"

    @property
    def ballast(self) -> Path:
        """Bytes kept so that they can be given up: room for deletes and prices on a full disk."""
        return self.root / "locks" / "ballast"

    def lock(self, name: str) -> Path:
        """Return the lock file for ``name`` (writer, sync, build)."""
        return self.root / "locks" / f"{name}.lock"

    def taught_folder(self, sku: str) -> Path:
        """Return the folder of a SKU's taught photos; any SKU gives a safe, unique name."""
        name = quote(sku, safe=" ").replace(".", "%2E")
        if len(name) > _LONGEST_NAME:
            # 29 Chinese characters are 261 in this form.
            name = f"{name[: _LONGEST_NAME - 33]}~{sha256(sku.encode()).hexdigest()[:32]}"
        return self.taught / name

    def preview(self, content_hash: str) -> Path:
        """Return where the preview of a photo lies; 256 folders keep each one small."""
        return self.previews / content_hash[:2] / f"{content_hash}.jpg"


def prepare_home(root: Path) -> Home:
    """Make the folders of a home, or say in one line why it can't be one.

    Raises:
        HomeUnsuitable: not a folder, not writable, or on a file system that can't hold the store.
    """
    home = Home(root.expanduser().absolute())
    kind = file_system(home.root)
    if kind in UNFIT:
        raise HomeUnsuitable(
            f"home {home.root} lies on {UNFIT[kind]} ({kind}), where a power cut or a second process would "
            "damage the catalog; choose a folder on a local disk"
        )
    try:
        for folder in (home.root, home.index, home.previews, home.taught, home.root / "locks"):
            make_folder(folder)
        # In a catalog folder, the home's own previews would become products.
        (home.root / os.fsdecode(MARKER)).touch()
    except OSError as error:
        raise HomeUnsuitable(
            f"home {home.root}: {error.strerror or error}; choose another with --home or EDGE_SEARCH_HOME"
        ) from None
    if not os.access(home.root, os.W_OK | os.X_OK):
        raise HomeUnsuitable(f"home {home.root}: not writable for this user; change its owner or choose another")
    return home


def file_system(path: Path) -> str:
    """Return the type of the file system that holds ``path``, or ``unknown`` (from /proc/self/mountinfo)."""
    try:
        lines = MOUNTS.read_bytes().splitlines()
    except OSError:
        return "unknown"
    real = os.fsencode(os.path.realpath(path))
    best, kind = b"", "unknown"
    for line in lines:
        left, _, right = line.partition(b" - ")
        # Blanks and a few others stand there as octal numbers, all else as the bytes they are.
        point = re.sub(rb"\\([0-7]{3})", lambda found: bytes([int(found[1], 8)]), left.split()[4])
        inside = real == point or real.startswith(point.rstrip(b"/") + b"/")
        # A later mount on the same point hides the earlier one.
        if inside and len(point) >= len(best):
            best, kind = point, right.split()[0].decode()
    return kind
