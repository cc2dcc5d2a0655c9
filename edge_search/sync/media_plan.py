"""What a medium holds and where it would go: a pure comparison of two folders."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_search.catalog.camera import catalog_root, is_camera_path
from edge_search.catalog.folder import list_folder
from edge_search.catalog.folder_table import read_folder_table
from edge_search.catalog.listing import Listing, Problem, SourceFile, printable
from edge_search.catalog.merge import Merged, merge
from edge_search.catalog.naming import Places
from edge_search.catalog.table import TABLE_NAME, Table
from edge_search.catalog.walk import walk
from edge_search.errors import SourceMissing

__all__ = ["MediaPlan", "MediaTask", "plan_media"]


@dataclass(frozen=True)
class MediaTask:
    """A photo on the medium, and the path it gets in the catalog folder; ``size`` in bytes."""

    path: bytes
    sku: str
    target: str
    size: int
    known: bool
    there: int | None
    """Size of the file that lies at ``target`` now; None: there is none."""


@dataclass(frozen=True)
class MediaPlan:
    """What is to be done for one medium; ``nameless``: photos without a SKU, as cameras leave them."""

    root: Path
    into: Path
    tasks: tuple[MediaTask, ...]
    nameless: tuple[SourceFile, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    merged: Merged
    table_name: str

    @property
    def bytes_needed(self) -> int:
        """Bytes of the photos that are surely copied: new ones, and those of another size."""
        return sum(task.size for task in self.tasks if task.there != task.size)


def plan_media(path: Path, into: Path, known: Collection[str], listed: Collection[str]) -> MediaPlan:
    """Compare a medium with a catalog folder; no photo is read.

    Args:
        path: the medium, or a folder on it.
        into: the catalog folder; may not be there yet.
        known: SKUs of products that the box knows.
        listed: those of them that ``into`` lists by its photos alone, for want of a table.

    Raises SourceMissing or CatalogError when the medium can't be read.
    """
    root = catalog_root(path)
    listing = list_folder(root, follow=False)
    table = read_folder_table(root, follow=False).table
    problems = [*listing.problems]
    base, doubted, has_table = _base(into)
    problems += doubted
    arriving = {row.sku for row in table.rows} if table else set()
    skus = arriving | set(known)
    named, nameless = _sorted(listing, root, skus)
    there = _there(into)
    tasks, unplaced = _tasks(named, there, skus, has_table=has_table or table is not None)
    problems += unplaced
    merged = Merged(None, 0)
    if table and not (has_table and base is None):
        pictures = _pictures(table, named, tasks)
        merged = merge(base, table, pictures, listed=listed)
    return MediaPlan(
        root=root,
        into=into,
        tasks=tasks,
        nameless=nameless,
        problems=tuple(dict.fromkeys(problems)),
        warnings=listing.warnings,
        merged=merged,
        table_name=base.name if base else TABLE_NAME,
    )


def _base(into: Path) -> tuple[Table | None, list[Problem], bool]:
    """Return the table of the catalog folder as far as rows can be put into it, why not, and whether there is one."""
    if not into.is_dir():
        return None, [], False
    found = read_folder_table(into)
    table, doubts = found.table, found.doubts
    if table is None:
        return None, [Problem(str(into / one.path), one.reason) for one in found.problems if doubts], bool(doubts)
    if table.cut:
        reason = "is cut short, so nothing was put into it; mend it, then import again"
        return None, [Problem(str(into / table.name), reason)], True
    return table, [], True


def _sorted(listing: Listing, root: Path, skus: Collection[str]) -> tuple[list[SourceFile], tuple[SourceFile, ...]]:
    # The path may be a folder of a camera itself: nothing below it has a SKU then.
    within = any(part.casefold() == "dcim" for part in root.parts)
    named: list[SourceFile] = []
    nameless: list[SourceFile] = []
    for file in listing.files:
        lone = (within or is_camera_path(file.path)) and file.sku not in skus
        (nameless if lone else named).append(file)
    return named, tuple(nameless)


def _there(into: Path) -> dict[bytes, int]:
    try:
        return {photo.path: photo.size for photo in walk(into).photos}
    except SourceMissing:
        return {}


def _tasks(
    files: Sequence[SourceFile], there: Mapping[bytes, int], skus: Collection[str], *, has_table: bool
) -> tuple[tuple[MediaTask, ...], list[Problem]]:
    places = Places(there)
    tasks: dict[bytes, MediaTask] = {}
    problems: list[Problem] = []
    awaited = {file.path for file in files if not has_table or file.sku in skus}
    for file in files:
        if file.path in tasks:  # one photo of several SKUs
            continue
        try:
            target = places.find(file.path)
        except ValueError as error:
            problems.append(Problem(printable(file.path), str(error)))
            continue
        tasks[file.path] = MediaTask(
            file.path, file.sku, target, file.size, file.path in awaited, there.get(os.fsencode(target))
        )
    return tuple(tasks.values()), problems


def _pictures(table: Table, files: Sequence[SourceFile], tasks: Sequence[MediaTask]) -> dict[str, list[str]]:
    """Return SKU -> paths in the catalog folder, for those whose row names its photos."""
    targets = {task.path: task.target for task in tasks}
    found: dict[str, list[str]] = {}
    for file in files:
        if file.sku in table.images and file.path in targets:
            found.setdefault(file.sku, []).append(targets[file.path])
    return found
