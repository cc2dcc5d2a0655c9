"""The plan: the difference of a source and the table, as a pure function."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge_search.catalog.doubt import Doubts
from edge_search.catalog.listing import Listing, ProductRow, SourceFile, printable
from edge_search.store.images import Image
from edge_search.store.products import Values
from edge_search.store.sources import SkippedFile
from edge_search.types import Held

__all__ = ["HoldRule", "Plan", "make_plan"]


@dataclass(frozen=True)
class HoldRule:
    """A deletion of more than ``share`` of the products, and of more than ``products``, waits for a yes."""

    share: float = 0.2
    products: int = 20


@dataclass(frozen=True)
class Plan:
    """What to do so that the store equals the source.

    ``take``: files that are new or have another stamp; ``gone``: rows without a file; ``still_skipped``: bad
    files that did not change; ``forget``: remembered bad files that are gone, or good again; ``put`` and
    ``drop``: product values of this source; ``held``: why ``gone`` and ``drop`` must wait, if they must.
    """

    take: tuple[SourceFile, ...]
    gone: tuple[Image, ...]
    unchanged: int
    still_skipped: tuple[SkippedFile, ...]
    forget: tuple[bytes, ...]
    put: Mapping[str, Values]
    drop: tuple[str, ...]
    held: Held | None

    def __bool__(self) -> bool:
        """Return whether there is anything to do."""
        return bool(self.take or self.gone or self.forget or self.put or self.drop)


def make_plan(
    listing: Listing,
    images: Sequence[Image],
    skipped: Sequence[SkippedFile],
    values: Mapping[str, Mapping[str, Any]],
    rule: HoldRule,
    *,
    had_table: bool = False,
) -> Plan:
    """Compare a source with the rows it owns.

    Args:
        listing: what the source holds now.
        images: the rows it owns.
        skipped: its files that could not be taken before.
        values: what it lists: SKU -> values.
        rule: when a deletion is held.
        had_table: it had a product table last time. If that is missing now (half copied, lost), what it said stays.
    """
    rows = {(image.path, image.sku): image for image in images}
    known_bad = {bad.path: bad for bad in skipped}
    take: list[SourceFile] = []
    still_skipped: dict[bytes, SkippedFile] = {}
    for file in listing.files:
        row, bad = rows.get((file.path, file.sku)), known_bad.get(file.path)
        if row is not None and _stamp(row) == _stamp(file):
            continue
        if bad is not None and _stamp(bad) == _stamp(file):
            still_skipped[file.path] = bad
            continue
        take.append(file)
    present = {(file.path, file.sku) for file in listing.files}
    shield = _Shield(problem.path for problem in listing.problems)
    doubts, paths = Doubts(listing.doubts), {file.path for file in listing.files}
    gone = tuple(
        image
        for key, image in rows.items()
        if key not in present
        and not shield.covers(printable(image.path))
        # A row that can't be read may have named this photo: a manifest's row, or one with a column of images.
        and not (
            (listing.kind == "manifest" or image.path in paths) and doubts.cover(image.sku, values.get(image.sku, {}))
        )
    )
    put, drop = _products(listing, images, gone, values, doubts)
    if had_table and not listing.has_table:
        put, drop = {}, ()
    bad_or_taken = still_skipped.keys() | {file.path for file in take}
    named = {problem.path for problem in listing.problems}
    return Plan(
        take=tuple(take),
        gone=gone,
        unchanged=len(listing.files) - len(take) - sum(file.path in still_skipped for file in listing.files),
        still_skipped=tuple(still_skipped.values()),
        forget=tuple(path for path in known_bad if path not in bad_or_taken and printable(path) not in named),
        put=put,
        drop=drop,
        held=_held(listing, images, gone, drop, values, rule),
    )


class _Shield:
    """A file or folder that can't be read now is no proof that its photos are gone."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = set(paths)

    def covers(self, path: str) -> bool:
        parts = path.split("/")
        return any("/".join(parts[:end]) in self._paths for end in range(1, len(parts) + 1))


def _stamp(row: SourceFile | Image | SkippedFile) -> tuple[int, int, int]:
    return row.size, row.mtime_ns, row.inode


def _products(
    listing: Listing,
    images: Sequence[Image],
    gone: Sequence[Image],
    values: Mapping[str, Mapping[str, Any]],
    doubts: Doubts,
) -> tuple[dict[str, Values], tuple[str, ...]]:
    if listing.has_table or listing.kind == "manifest":
        wanted: dict[str, Values] = {row.sku: _good_values(row, values.get(row.sku, {})) for row in listing.products}
    else:
        # Without a table a photo lists its SKU; one whose photos can't be taken is listed with the first good one.
        leaving = {image.image_id for image in gone}
        pictured = {image.sku for image in images if image.image_id not in leaving}
        pictured |= {file.sku for file in listing.files if file.sku in values}
        wanted = {sku: {} for sku in pictured}
    put = {sku: listed for sku, listed in wanted.items() if sku not in values or dict(values[sku]) != dict(listed)}
    return put, tuple(sku for sku, last in values.items() if sku not in wanted and not doubts.cover(sku, last))


def _good_values(row: ProductRow, last: Mapping[str, Any]) -> Values:
    """Return what a row says, and what was last known where its cell can't be read."""
    return {**row.values, **{column: last.get(column) for column in row.unread}}


def _held(
    listing: Listing,
    images: Sequence[Image],
    gone: Sequence[Image],
    drop: Sequence[str],
    values: Mapping[str, Mapping[str, Any]],
    rule: HoldRule,
) -> Held | None:
    leaving = {image.image_id for image in gone}
    before = {image.sku for image in images} | set(values)
    pictured = {image.sku for image in images}
    after = {image.sku for image in images if image.image_id not in leaving} | {file.sku for file in listing.files}
    lost = (pictured - after) | set(drop)
    if before and not listing.files and not listing.products and lost:
        return Held(len(gone), len(lost), f"{listing.root} is empty, but {_products_text(len(lost))} came from it")
    if len(lost) > rule.products and len(lost) > rule.share * len(before):
        return Held(len(gone), len(lost), f"{len(lost)} of {_products_text(len(before))} would be deleted")
    return None


def _products_text(number: int) -> str:
    return f"{number} product{'' if number == 1 else 's'}"
