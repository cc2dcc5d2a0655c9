"""The manifest: a CSV that names photos and their SKUs, wherever they lie."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path

from edge_search.catalog.doubt import Doubt, doubt
from edge_search.catalog.listing import Listing, Problem, ProductRow, SourceFile, Value, printable
from edge_search.catalog.sku import clean_sku
from edge_search.catalog.spreadsheet import read_sheet
from edge_search.catalog.values import PRODUCT_COLUMNS, cell_text, product_values
from edge_search.imaging.photo import file_kind

__all__ = ["list_manifest"]


def list_manifest(path: Path) -> Listing:
    """Return the photos and products of a CSV ``path,sku[,category,...]``, one row a photo.

    Paths are relative to the manifest's folder, which is the listing's ``root``, or absolute. Each SKU is a
    product, also where its photos can't be used; a value comes from its first row that has one, so
    ``has_table`` is always true. A row that can't be used is a problem.

    Raises SourceMissing when the file is not there, CatalogError when it can't be read.
    """
    sheet = read_sheet(path, ("path", "sku", *PRODUCT_COLUMNS), ("path", "sku"))
    root = path.parent
    label = printable(path.name)
    problems = [(line, Problem(f"{label}:{line}", reason)) for line, reason in sheet.problems]
    files: dict[tuple[bytes, str], SourceFile] = {}
    products: dict[str, tuple[int, dict[str, Value]]] = {}
    doubts: list[Doubt] = [doubt(None) for _ in sheet.broken] + [Doubt()] * sheet.cut
    unread: dict[str, set[str]] = {}
    for line, cells in sheet.rows:
        name, text = cell_text(cells.pop("path")), cell_text(cells.pop("sku"))
        reasons: list[str] = []
        try:
            sku = clean_sku(text)
        except ValueError as error:
            problems.append((line, Problem(f"{label}:{line}", str(error))))
            doubts.append(doubt(text, cell_text(cells.get("title"))))
            continue
        try:
            values, faults = product_values(cells)
            reasons += faults.values()
            unread.setdefault(sku, set()).update(faults)
            _, kept = products.setdefault(sku, (line, dict.fromkeys(values)))
            kept.update({column: value for column, value in values.items() if kept[column] is None})
            file = _stat(root, name, sku)
            files[file.path, sku] = file
        except ValueError as error:
            reasons.append(str(error))
        except FileNotFoundError:
            reasons.append(f"no such photo: {printable(name)}; check the path")
        except OSError as error:
            # Named by its own path, not by the line: it is there, so it is not to be taken for deleted.
            reason = f"can't be read ({error.strerror}), line {line} of {label}; check the disk and its rights"
            problems.append((line, Problem(printable(_relative(root, name)), reason)))
        problems += [(line, Problem(f"{label}:{line}", reason)) for reason in reasons]
    return Listing(
        root=root,
        kind="manifest",
        files=tuple(files[key] for key in sorted(files)),
        products=tuple(
            ProductRow(sku, values, line, frozenset(column for column in unread[sku] if values[column] is None))
            for sku, (line, values) in products.items()
        ),
        has_table=True,
        problems=tuple(problem for _, problem in sorted(problems, key=itemgetter(0))),
        doubts=tuple(doubts),
    )


def _stat(root: Path, name: str, sku: str) -> SourceFile:
    if not name:
        raise ValueError("the path is empty; give one")
    for spelling in _spellings(name):
        try:
            status = (root / spelling).stat()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except ValueError:
            raise ValueError(f"{printable(name)}: not a file name; check the path") from None
        if not stat.S_ISREG(status.st_mode):
            raise ValueError(f"{printable(name)}: {file_kind(status.st_mode)}, not a photo; give a photo file")
        if status.st_size == 0:
            raise ValueError(f"{printable(name)}: empty file; copy it again")
        path = _relative(root, spelling)
        return SourceFile(path, sku, status.st_size, status.st_mtime_ns, status.st_ino)
    raise FileNotFoundError(name)


def _spellings(name: str) -> Iterator[str]:
    """Yield the path as written, then as a Mac, a spreadsheet or Windows may have meant it."""
    yield name
    yield unicodedata.normalize("NFC", name)
    yield unicodedata.normalize("NFD", name)
    if "\\" in name:
        yield name.replace("\\", "/")


def _relative(root: Path, name: str) -> bytes:
    """Return the path as a listing has it: relative where it lies in the root, absolute only elsewhere."""
    path = Path(os.path.normpath(name))
    folder = Path(os.path.normpath(root.absolute()))
    return os.fsencode(path.relative_to(folder) if path.is_absolute() and path.is_relative_to(folder) else path)
