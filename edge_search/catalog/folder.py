"""The catalog folder: one folder a SKU, or files named by SKU, and perhaps a product table."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from edge_search.catalog.claims import Claims
from edge_search.catalog.folder_table import FolderTable, read_folder_table
from edge_search.catalog.listing import Listing, Problem, SourceFile, printable
from edge_search.catalog.rules import DEFAULT_RULES, Rules
from edge_search.catalog.sku import clean_sku
from edge_search.catalog.table import TABLE_NAME, Table
from edge_search.catalog.walk import Photo, Walk, look, walk
from edge_search.catalog.zeros import lost_in_folder

__all__ = ["TABLE_NAME", "list_folder", "list_part"]


def list_folder(root: Path, rules: Rules = DEFAULT_RULES, *, follow: bool = True) -> Listing:
    """Return every photo below ``root`` with its SKU, and the product table that lies in it.

    ``<root>/<SKU>/**/any.jpg``; a file right in the root is SKU = its name up to ``__`` or the extension.
    What the ``images`` column of the table names belongs to that SKU instead of the convention's photos; a
    photo named like this is listed by convention too only where its folder is another SKU of the table.

    Hidden, system, temporary and marked (``.edge-search-ignore``) entries and files that are no pictures
    are left out silently; whatever else can't be used is in ``problems``. Links count when they stay inside
    the root, and not at all without ``follow``; a folder is listed once. 10,000 files in 2,500 folders take 0.17 s.

    Raises SourceMissing when the folder is not there, or gone before the end; CatalogError when it can't be read.
    A table that can't be read is a problem, and its products are all in doubt.
    """
    return _listing(root, walk(root, rules, follow=follow), read_folder_table(root, follow=follow), None)


def list_part(
    root: Path,
    paths: Iterable[bytes],
    rules: Rules = DEFAULT_RULES,
    table: Callable[[Path], FolderTable] = read_folder_table,
) -> tuple[Listing, list[bytes]] | None:
    """Return what ``list_folder`` would say of some paths (relative) only, and those of them that are folders.

    It costs what the paths cost, not what the folder does. A folder isn't looked into: its photos' paths are to be
    given. ``table`` reads the product table where the caller remembers it. None: only ``list_folder`` can tell.

    Raises as ``list_folder``.
    """
    wanted = sorted(set(paths))
    seen = look(root, wanted, rules)
    if seen is None:
        return None
    found, folders = seen
    scope = tuple(path for path in wanted if path not in set(folders))
    return _listing(root, found, table(root), scope), folders


def _listing(root: Path, found: Walk, lies_there: FolderTable, scope: tuple[bytes, ...] | None) -> Listing:
    table, whole = lies_there.table, scope is None
    problems = list(found.problems)
    if whole:
        problems += lies_there.problems
    files: set[SourceFile] = set()
    named: set[bytes] = set()
    if table:
        problems += table.problems if whole else ()
        # Of a few photos, most patterns name none.
        _claim(table, found.photos, files, named, problems if whole else [])
    known = {row.sku for row in table.rows} if table else set()
    overridden = table.images if table else {}
    skus: dict[bytes, str | None] = {}
    for photo in found.photos:
        part = _sku_part(photo.path)
        if part not in skus:
            skus[part] = _sku(part, photo.path, problems)
        sku = skus[part]
        if sku is not None and sku not in overridden and (photo.path not in named or sku in known):
            files.add(_file(photo, sku))
    return Listing(
        root=root,
        kind="folder",
        files=tuple(sorted(files, key=lambda file: (file.path, file.sku))),
        products=table.rows if table else (),
        has_table=table is not None or bool(lies_there.doubts),
        problems=tuple(problems),
        warnings=_warnings(table, skus.values()) if table and whole else (),
        doubts=lies_there.doubts,
        scope=scope,
    )


def _warnings(table: Table, folders: Iterable[str | None]) -> tuple[Problem, ...]:
    lost = lost_in_folder((name for name in folders if name), {row.sku: row.line for row in table.rows})
    return (*table.warnings, *(Problem(f"{table.name}:{line}", reason) for line, reason in lost))


def _claim(
    table: Table, photos: Iterable[Photo], files: set[SourceFile], named: set[bytes], problems: list[Problem]
) -> None:
    if not table.images:
        return
    claims = Claims(photos)
    lines = {row.sku: row.line for row in table.rows}
    for sku, patterns in table.images.items():
        for pattern in patterns:
            try:
                mine = claims.find(pattern)
            except ValueError as error:
                problems.append(Problem(f"{table.name}:{lines[sku]}", str(error)))
                continue
            files.update(_file(photo, sku) for photo in mine)
            named.update(photo.path for photo in mine)


def _sku_part(path: bytes) -> bytes:
    """Return the folder in the root, or the file's name before ``__`` or the extension."""
    folder, slash, _ = path.partition(b"/")
    return folder + slash if slash else path.rpartition(b".")[0].partition(b"__")[0]


def _sku(part: bytes, path: bytes, problems: list[Problem]) -> str | None:
    text = os.fsdecode(part.rstrip(b"/")).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    try:
        return clean_sku(text)
    except ValueError as error:
        problems.append(Problem(printable(part if part.endswith(b"/") else path), str(error)))
        return None


def _file(photo: Photo, sku: str) -> SourceFile:
    return SourceFile(photo.path, sku, photo.size, photo.mtime_ns, photo.inode)
