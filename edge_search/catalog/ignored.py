"""Names in a catalog folder that are never photos: hidden, system and temporary ones, and other formats."""

from __future__ import annotations

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
_SYSTEM_FOLDERS = frozenset((b"system volume information", b"$recycle.bin", b"lost+found", b"@eadir", b"__macosx"))


def is_ignored_folder(name: bytes) -> bool:
    """Tell whether a folder belongs to the system or is hidden (``.Trash-1000``, ``@eaDir`` of a NAS)."""
    return name.startswith(b".") or name.lower() in _SYSTEM_FOLDERS


def is_ignored_file(name: bytes) -> bool:
    """Tell whether a file is hidden, a backup or half copied.

    Also what rsync (``.name.XXXXXX``) and Syncthing (``~syncthing~name.tmp``) write; a Syncthing conflict
    copy is a real photo. Files ending in ``.part``, ``.tmp`` or ``.crdownload`` have no photo's name anyway.
    """
    return name.startswith((b".", b"~")) or name.endswith(b"~")


def has_photo_name(name: bytes) -> bool:
    """Tell whether the extension is a picture's, in either case."""
    stem, dot, extension = name.rpartition(b".")
    return bool(dot and stem) and extension.lower() in _EXTENSIONS
