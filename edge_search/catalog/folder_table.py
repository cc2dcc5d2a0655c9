"""The product table in a catalog folder: which file it is, and what can be said when it can't be read."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path

from edge_search.catalog.doubt import Doubt
from edge_search.catalog.listing import Problem, printable
from edge_search.catalog.table import RECORDS_NAME, TABLE_NAME, Table, read_table
from edge_search.errors import CatalogError, SourceMissing

__all__ = ["TABLE_NAMES", "FolderTable", "read_folder_table"]

TABLE_NAMES = (TABLE_NAME, RECORDS_NAME)
"""The files in a root that `read_folder_table` reads: while none of them changes, what it returns doesn't."""


@dataclass(frozen=True)
class FolderTable:
    """What lies in a root; ``table`` is None where there is none, or none that can be read.

    ``problems`` are of the files themselves, the rows' own are the table's; ``doubts`` are about every product where a
    table can't be read.
    """

    table: Table | None = None
    problems: tuple[Problem, ...] = ()
    doubts: tuple[Doubt, ...] = ()


def read_folder_table(root: Path, *, follow: bool = True) -> FolderTable:
    """Return the product table in a root; or, where there is one that can't be read, why.

    Without ``follow`` a table that is a link can't be read.
    """
    there = [name for name in TABLE_NAMES if _is_there(root / name)]
    if not there:
        return FolderTable()
    said = tuple(
        Problem(name, f"not read, for {there[0]} stands beside it and wins; remove one of them") for name in there[1:]
    )
    try:
        _check_place(root, root / there[0], follow=follow)
        table = read_table(root / there[0])
    except SourceMissing:  # gone since a moment ago
        return FolderTable(problems=said)
    except CatalogError as error:
        reason = str(error).removeprefix(f"{printable(str(root / there[0]))}: ")
        # Photos go on: one bad table must not keep new ones from being taken, nor products from being shown.
        problem = Problem(there[0], f"{reason}; until then all products stay as they were")
        return FolderTable(problems=(*said, problem), doubts=(Doubt(),))
    return FolderTable(table, said, table.doubts)


def _is_there(path: Path) -> bool:
    try:
        return not stat.S_ISDIR(path.lstat().st_mode)  # a folder: a SKU of that name
    except FileNotFoundError:
        return False
    except OSError:
        return True


def _check_place(root: Path, path: Path, *, follow: bool) -> None:
    if not follow and path.is_symlink():
        raise CatalogError("a link; copy the file itself")
    try:
        inside = path.resolve(strict=True).is_relative_to(root.resolve())
    except FileNotFoundError as error:
        if path.is_symlink():
            raise CatalogError("the link leads nowhere; replace it by the file") from error
        raise SourceMissing(str(path)) from error
    except (OSError, RuntimeError) as error:
        raise CatalogError(f"can't be read ({error}); replace it by the file") from error
    if not inside:
        raise CatalogError("the link leads out of the catalog folder; copy the file into it")
