"""Removable media: what is plugged in and mounted now."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from edge_search.catalog.listing import printable
from edge_search.types import Medium

__all__ = ["mounted_media"]

_PSEUDO = frozenset(
    ("autofs", "cgroup", "cgroup2", "devpts", "devtmpfs", "fuse.gvfsd-fuse", "fuse.portal", "mqueue", "nsfs", "proc",
     "ramfs", "securityfs", "sysfs", "tracefs", "debugfs", "configfs", "squashfs")
)  # fmt: skip
_SYSTEM = ("/boot", "/snap", "/sys", "/proc", "/dev")


@dataclass(frozen=True)
class _Mount:
    device: str
    point: Path
    kind: str
    source: str


def mounted_media(
    roots: Sequence[Path],
    *,
    besides: Sequence[Path] = (),
    mounts: Path = Path("/proc/self/mountinfo"),
    system: Path = Path("/sys"),
    labels: Path = Path("/dev/disk/by-label"),
) -> tuple[Medium, ...]:
    """Return what is mounted below one of ``roots``, or anywhere from a removable or USB device.

    Not what holds one of ``besides`` (the home, followed folders), nor parts of the system. The other arguments
    are for tests.
    """
    names = _labels(labels)
    found: dict[Path, Medium] = {}
    for mount in _mounts(mounts):
        found.pop(mount.point, None)  # a later mount hides an earlier one
        below = any(root in mount.point.parents for root in roots)
        if mount.kind in _PSEUDO or not (below or _is_removable(system, mount.device)):
            continue
        if str(mount.point) == "/" or str(mount.point).startswith(_SYSTEM):
            continue
        if any(place.is_relative_to(mount.point) for place in besides):
            continue
        label = names.get(mount.source) or mount.point.name
        key = sha256("\0".join((mount.device, str(mount.point), mount.source)).encode("utf-8", "surrogateescape"))
        found[mount.point] = Medium(key.hexdigest()[:16], printable(label), str(mount.point))
    return tuple(found[point] for point in sorted(found))


def _mounts(path: Path) -> Iterator[_Mount]:
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        return
    for line in lines:
        left, _, right = line.partition(b" - ")
        fields, rest = left.split(), right.split()
        if len(fields) > 4 and len(rest) > 1:
            yield _Mount(fields[2].decode(), Path(_unescaped(fields[4])), rest[0].decode(), _unescaped(rest[1]))


def _unescaped(text: bytes) -> str:
    # Blanks and a few others stand there as octal numbers, all else as the bytes they are.
    return os.fsdecode(re.sub(rb"\\([0-7]{3})", lambda found: bytes([int(found[1], 8)]), text))


def _is_removable(system: Path, device: str) -> bool:
    try:
        place = (system / "dev" / "block" / device).resolve(strict=True)
    except OSError:
        return False
    # Disks in USB cases call themselves fixed. A partition's flag is its disk's.
    if any(part.startswith("usb") for part in place.parts):
        return True
    flags = (folder / "removable" for folder in (place, place.parent))
    return any(flag.is_file() and flag.read_text().strip() == "1" for flag in flags)


def _labels(folder: Path) -> dict[str, str]:
    try:
        links = list(folder.iterdir())
    except OSError:
        return {}
    return {
        str(link.resolve()): re.sub(r"\\x([0-9a-fA-F]{2})", lambda found: chr(int(found[1], 16)), link.name)
        for link in links
    }
