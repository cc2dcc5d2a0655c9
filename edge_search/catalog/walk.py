"""Look at every photo below a folder, whatever lies between."""

from __future__ import annotations

import errno
import os
import stat
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from edge_search.catalog.ignored import MARKER, has_photo_name, is_ignored_file, is_ignored_folder
from edge_search.catalog.listing import Problem, printable
from edge_search.catalog.rules import DEFAULT_RULES, Rules
from edge_search.errors import CatalogError, SourceMissing
from edge_search.imaging.photo import file_kind

__all__ = ["Photo", "Walk", "look", "walk"]

_DENIED = (errno.EACCES, errno.EPERM)
_VANISHED = (errno.ENOENT, errno.ENOTDIR)


@dataclass(frozen=True)
class Photo:
    """One photo file, path relative to the root."""

    path: bytes
    size: int
    mtime_ns: int
    inode: int


@dataclass
class Walk:
    """What ``walk`` found."""

    root: bytes
    real_root: bytes
    rules: Rules = DEFAULT_RULES
    follow: bool = True
    photos: list[Photo] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    taken: Counter[bytes] = field(default_factory=Counter)
    """Photos of each folder."""


def walk(root: Path, rules: Rules = DEFAULT_RULES, *, follow: bool = True) -> Walk:
    """Return all photos below ``root``, sorted by path, the rules being those of ``list_folder``.

    Without ``follow`` a link is a problem, wherever it leads: the folder is somebody else's, and not trusted.

    Raises SourceMissing (not there, no folder, or another one at the end than at the start) or CatalogError.
    """
    identity = _identity(root)
    found = Walk(os.fsencode(root), os.path.realpath(os.fsencode(root)), rules, follow)
    visited = {identity: b""}
    folders = [b""]
    links: list[bytes] = []
    while folders or links:
        # Links last, so that a folder is listed under its own name first.
        inner = _scan(found, folders.pop(), links) if folders else _linked(found, links.pop(0), visited)
        for path in reversed(inner):
            try:
                key = _key(_stat(found, path))
            except OSError as error:
                _unread(found, path, error)
                continue
            if key not in visited:
                visited[key] = path
                folders.append(path)
    if _identity(root) != identity:
        raise SourceMissing(f"{printable(str(root))}: another folder took its place while it was read; try again")
    found.photos.sort(key=lambda photo: photo.path)
    found.problems.sort(key=lambda problem: problem.path)
    return found


def look(root: Path, paths: Iterable[bytes], rules: Rules = DEFAULT_RULES) -> tuple[Walk, list[bytes]] | None:
    """Look at a few paths only (relative); returns what ``walk`` would find there, and those that are folders.

    A path that is gone, ignored or in an ignored folder brings nothing. None: only a ``walk`` can tell, for there
    is a link to a folder, or a folder with more photos than its rules allow. Raises as ``walk``.
    """
    identity = _identity(root)
    found = Walk(os.fsencode(root), os.path.realpath(os.fsencode(root)), rules)
    folders: list[bytes] = []
    left_out: dict[bytes, bool] = {b"": False}
    for path in sorted(set(paths)):
        parent, _, name = path.rpartition(b"/")
        try:
            if _left_out(found, parent, left_out) or rules.ignores(path):
                continue
            status = os.lstat(_join(found.root, path))
            if stat.S_ISDIR(status.st_mode):
                folders += [] if is_ignored_folder(name) else [path]
            elif stat.S_ISLNK(status.st_mode):
                if _follow(found, path, name):
                    return None
            elif has_photo_name(name) and not is_ignored_file(name):
                _take(found, path, status)
        except OSError as error:
            _unread(found, path, error)
    if rules.max_files:
        for folder in {photo.path.rpartition(b"/")[0] for photo in found.photos}:
            with os.scandir(_join(found.root, folder)) as entries:
                count = sum(has_photo_name(entry.name) for entry in entries)
            if count > rules.max_files:
                return None
    if _identity(root) != identity:
        raise SourceMissing(f"{printable(str(root))}: another folder took its place while it was read; try again")
    return found, folders


def _left_out(found: Walk, folder: bytes, known: dict[bytes, bool]) -> bool:
    """Tell whether a folder, or one around it, is ignored."""
    if folder not in known:
        parent, _, name = folder.rpartition(b"/")
        known[folder] = (
            _left_out(found, parent, known)
            or is_ignored_folder(name)
            or found.rules.ignores(folder)
            or os.path.lexists(_join(_join(found.root, folder), MARKER))
        )
    return known[folder]


def _identity(root: Path) -> tuple[int, int]:
    name = printable(str(root))
    try:
        status = root.stat()
    except OSError as error:
        if error.errno in _DENIED:
            raise CatalogError(f"{name}: permission denied; give this user the right to read it") from error
        raise SourceMissing(f"{name}: no such folder; check the path or plug the disk in") from error
    except ValueError as error:
        raise SourceMissing(f"{name}: not a folder name; check the path") from error
    if not stat.S_ISDIR(status.st_mode):
        raise SourceMissing(f"{name}: {file_kind(status.st_mode)}, not a folder; give the catalog folder")
    return _key(status)


def _scan(found: Walk, folder: bytes, links: list[bytes]) -> list[bytes]:
    """Take the photos of one folder; returns the folders in it, appends those that are links to ``links``."""
    try:
        with os.scandir(_join(found.root, folder)) as entries:
            inside = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        if not folder:
            raise _root_error(found, error) from error
        _unread(found, folder, error)
        return []
    if any(entry.name == MARKER for entry in inside):
        if not folder:
            raise CatalogError(f"{printable(found.root)}: holds {MARKER.decode()}; remove that file to index it")
        return []
    folders = []
    for entry in inside:
        path = _join(folder, entry.name) if folder else entry.name
        if found.rules.ignores(path):
            continue
        try:
            if entry.is_symlink():
                if _follow(found, path, entry.name):
                    links.append(path)
            elif entry.is_dir(follow_symlinks=False):
                if not is_ignored_folder(entry.name):
                    folders.append(path)
            elif has_photo_name(entry.name) and not is_ignored_file(entry.name):
                _take(found, path, entry.stat(follow_symlinks=False))
        except OSError as error:
            _unread(found, path, error)
    return folders


def _follow(found: Walk, path: bytes, name: bytes) -> bool:
    """Take the photo that a link leads to; returns True when it leads to a folder instead."""
    if is_ignored_folder(name) or is_ignored_file(name):
        return False
    photo = has_photo_name(name)
    if not found.follow:
        if photo or b"." not in name:
            _problem(found, path, "a link; copy the file or folder itself")
        return False
    try:
        target = os.path.realpath(_join(found.root, path), strict=True)
        status = _stat(found, path)
    except OSError as error:
        if error.errno in _DENIED:
            raise
        if photo or b"." not in name:
            where = "in a circle" if error.errno == errno.ELOOP else "nowhere"
            _problem(found, path, f"the link leads {where}; replace it by the file")
        return False
    is_folder = stat.S_ISDIR(status.st_mode)
    if not (photo or is_folder):
        return False
    if target != found.real_root and not target.startswith(_join(found.real_root, b"")):
        _problem(found, path, "the link leads out of the catalog folder; copy the photos into it")
        return False
    if not is_folder:
        _take(found, path, status)
    return is_folder


def _linked(found: Walk, path: bytes, visited: dict[tuple[int, int], bytes]) -> list[bytes]:
    """Return the linked folder when it has to be looked at still."""
    try:
        listed = visited.get(_key(_stat(found, path)))
    except OSError as error:
        _unread(found, path, error)
        return []
    if listed is None:
        return [path]
    if not listed or path.startswith(_join(listed, b"")):
        _problem(found, path, "the link leads back to a folder around it; remove it")
    else:
        _problem(found, path, f"the link leads to {printable(listed)}, which is listed already; copy the photos")
    return []


def _take(found: Walk, path: bytes, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        _problem(found, path, f"{file_kind(status.st_mode)}, not a photo; remove it")
    elif status.st_size == 0:
        _problem(found, path, "empty file; copy it again")
    elif found.rules.max_bytes is not None and status.st_size > found.rules.max_bytes:
        _problem(found, path, f"{status.st_size:,} bytes, at most {found.rules.max_bytes:,} are taken of this source")
    elif _fits(found, path.rpartition(b"/")[0]):
        found.photos.append(Photo(path, status.st_size, status.st_mtime_ns, status.st_ino))


def _fits(found: Walk, folder: bytes) -> bool:
    """Count one more photo of a folder; tell whether its source takes that many."""
    found.taken[folder] += 1
    most = found.rules.max_files
    if most and found.taken[folder] == most + 1:
        _problem(found, folder + b"/", f"more than {most:,} photos in one folder; this source takes no more of them")
    return not most or found.taken[folder] <= most


def _problem(found: Walk, path: bytes, reason: str) -> None:
    found.problems.append(Problem(printable(path), reason))


def _unread(found: Walk, path: bytes, error: OSError) -> None:
    if error.errno in _VANISHED:  # deleted since its folder was read
        return
    if error.errno in _DENIED:
        _problem(found, path, "permission denied; give this user the right to read it")
    else:
        _problem(found, path, f"can't be read ({error.strerror}); check the disk")


def _root_error(found: Walk, error: OSError) -> CatalogError:
    name = printable(found.root)
    if error.errno in _DENIED:
        return CatalogError(f"{name}: permission denied; give this user the right to read it")
    return SourceMissing(f"{name}: can't be read ({error.strerror}); check the disk")


def _stat(found: Walk, path: bytes) -> os.stat_result:
    return os.stat(_join(found.root, path))  # noqa: PTH116 (paths are bytes, which pathlib doesn't take)


def _key(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _join(folder: bytes, name: bytes) -> bytes:
    return folder + name if folder.endswith(b"/") else folder + b"/" + name
