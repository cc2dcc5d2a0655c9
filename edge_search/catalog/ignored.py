"""Names in a catalog folder that are never photos: hidden, system and temporary ones, and other formats."""

from __future__ import annotations

import re

__all__ = ["MARKER", "has_photo_name", "is_ignored_file", "is_ignored_folder"]

MARKER = b".edge-search-ignore"
"""A folder that holds a file of this name is left out."""

_EXTENSIONS = frozenset(
    (
        b"jpg",
        b"jpeg",
        b"jpe",
        b"jfif",
        b"png",
        b"webp",
        b"avif",
        b"tif",
        b"tiff",
        b"bmp",
        b"gif",
        b"heic",
        b"heif",
    )
)
_SYSTEM_FOLDERS = frozenset(
    (
        b"system volume information",
        b"$recycle.bin",
        b"recycler",
        b"lost+found",
        b"__macosx",
        b"@eadir",  # Synology: thumbnails beside every folder
        b"#recycle",
        b"#snapshot",
        b"@recycle",  # QNAP
        b"@recently-snapshot",
        b"network trash folder",
        b"temporary items",
    )
)
# Half-copied or half-saved. Most have no photo's extension anyway, but not `~name.jpg` or `.name.jpg.Xy12ab`.
_UNFINISHED = re.compile(
    rb"""^\. | ^~                                   # hidden; rsync .name.XXXXXX; ~syncthing~name.tmp; ~$name
       | ~$ | ^\#.*\#$                             # editors' backups and autosaves
       | \.(part|partial|crdownload|download|filepart|opdownload|tmp|swp)$
       | ^(thumbs\.db|desktop\.ini)$ | ^4913$""",
    re.VERBOSE | re.IGNORECASE,
)


def is_ignored_folder(name: bytes) -> bool:
    """Tell whether a folder belongs to the system or is hidden (``.Trash-1000``, ``@eaDir`` of a NAS)."""
    return name.startswith(b".") or name.lower() in _SYSTEM_FOLDERS


def is_ignored_file(name: bytes) -> bool:
    """Tell whether a file is hidden, a backup or half copied: by rsync, Syncthing, browsers, file managers, editors.

    A Syncthing conflict copy is a real photo.
    """
    return _UNFINISHED.search(name) is not None


def has_photo_name(name: bytes) -> bool:
    """Tell whether the extension is a picture's, in either case."""
    stem, dot, extension = name.rpartition(b".")
    return bool(dot and stem) and extension.lower() in _EXTENSIONS
