"""What lies on a stick: a catalog folder, or photos as a camera or a phone leaves them, without any SKU."""

from __future__ import annotations

import os
import re
from pathlib import Path

from edge_search.catalog.ignored import has_photo_name, is_ignored_folder
from edge_search.catalog.table import RECORDS_NAME, TABLE_NAME

__all__ = ["catalog_root", "is_camera_name", "is_camera_path"]

_FOLDERS = frozenset(
    ("dcim", "camera", "screenshots", "pictures", "android", "misc", "private", "avchd", "mp_root", "whatsapp")
)
# Names that cameras, phones and messengers give (IMG_1234, DSC01234, P1010101, PXL_20240101_1200, 20240101_120000).
_SHOT = re.compile(
    r"""_?(?:img|mvimg|dsc[fn]?|cimg|pict|imag|gopr|dji|sam|kif|vlcsnap)[-_]?\d{4,}.*
      | _mg_\d{4}.* | p\d{7} | pxl_\d{8}.* | wp_\d{8}.* | (?:img|vid)[-_]\d{8}.*
      | \d{8}[-_]\d{6}.* | (?:screenshot|whatsapp[ ]image|signal-|photo[ ]|image[ ]).* """,
    re.IGNORECASE | re.VERBOSE,
)
_CATALOG_NAMES = frozenset(("catalog", "catalogue", "katalog", "catálogo", "catalogo", "products", "edge-search"))


def is_camera_name(stem: str) -> bool:
    """Tell whether a camera or phone gives files such a name: it says nothing about a product."""
    return _SHOT.fullmatch(stem) is not None


def is_camera_path(path: bytes) -> bool:
    """Tell whether a photo at this path, relative to the catalog's root, has no SKU but a camera's name for it."""
    folder, slash, _ = path.partition(b"/")
    text = os.fsdecode(folder)
    return text.casefold() in _FOLDERS if slash else is_camera_name(text.rpartition(".")[0])


def catalog_root(path: Path) -> Path:
    """Return the folder on a stick that is the catalog: the path itself, or the only folder in it that is one.

    That is one with a product table, or else one that is called ``catalog`` (in some languages), when neither a
    table nor photos lie beside it.
    """
    if any((path / name).exists() for name in (TABLE_NAME, RECORDS_NAME)):
        return path
    try:
        with os.scandir(path) as entries:
            inside = list(entries)
    except OSError:
        return path
    if any(has_photo_name(os.fsencode(entry.name)) for entry in inside):
        return path
    folders = [
        Path(entry.path)
        for entry in inside
        if entry.is_dir(follow_symlinks=False) and not is_ignored_folder(os.fsencode(entry.name))
    ]
    with_table = [f for f in folders if any((f / name).is_file() for name in (TABLE_NAME, RECORDS_NAME))]
    named = [folder for folder in folders if folder.name.casefold() in _CATALOG_NAMES]
    for choice in (with_table, named):
        if len(choice) == 1 and (choice is with_table or len(folders) == 1):
            return choice[0]
    return path
