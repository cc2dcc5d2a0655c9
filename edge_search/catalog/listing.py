"""What a source says now: its photos, its products, and what can't be used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edge_search.catalog.doubt import Doubt
from edge_search.imaging.photo import printable

__all__ = ["Listing", "Problem", "ProductRow", "SourceFile", "Value", "printable"]

Value = str | float | int | None


@dataclass(frozen=True)
class SourceFile:
    """One photo of one SKU, as the file system shows it (symbolic links followed).

    ``path`` is relative to the source's root, as ``os.fsencode`` gives it, with ``/`` between its parts; only
    a manifest may name one outside of its folder, which stays absolute then.
    """

    path: bytes
    sku: str
    size: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True)
class ProductRow:
    """The product fields a table has for one SKU.

    ``values`` holds each column of the table but ``sku``; None is an empty cell. ``price`` is a float,
    ``stock`` an int, all others are text. ``unread``: the columns whose cell can't be read.
    """

    sku: str
    values: Mapping[str, Value]
    line: int
    unread: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Problem:
    """A file, folder or line that is not taken; ``path`` is printable ("products.csv:12" for a line)."""

    path: str
    reason: str


@dataclass(frozen=True)
class Listing:
    """One look at a source; files are sorted by path.

    A problem's path may be a file or folder that is there but can't be looked at now: photos at or below it
    are not known to be gone. ``doubts``: rows that can't be read; a product that one of them may be about is not
    known to be gone either. ``warnings`` are of what is taken, but probably not meant. With a ``scope`` only these
    paths were looked at, and what lay below those that are gone; nothing is said about any other.
    """

    root: Path
    kind: Literal["folder", "manifest"]
    files: tuple[SourceFile, ...]
    products: tuple[ProductRow, ...]
    has_table: bool
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    scope: tuple[bytes, ...] | None = None
