"""The plan: the difference of a source and the table, as a pure function."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from edge_search.catalog.doubt import Doubts
from edge_search.catalog.listing import Listing, ProductRow, SourceFile, printable
from edge_search.store.images import Image
from edge_search.store.products import Values
from edge_search.store.sources import SkippedFile
from edge_search.types import Held

__all__ = ["HoldRule", "Outside", "Plan", "doubtful", "make_plan"]


@dataclass(frozen=True)
class HoldRule:
    """A deletion of more than ``share`` of the products, and of more than ``products``, waits for a yes."""

    share: float = 0.2
    products: int = 20


@dataclass(frozen=True)
class Outside:
    """What a look at some paths has to know of the source's other rows.

    ``pictured``: the SKUs that have photos elsewhere; ``products``: how many the source has.
    """

    pictured: Set[str] = frozenset()
    products: int = 0


@dataclass(frozen=True)
class Plan:
    """What to do so that the store equals the source.

    ``take``: files that are new or have another stamp, those of new products first; ``gone``: rows without a file;
    ``still_skipped``: bad files that did not change; ``forget``: remembered bad files that are gone, or good again;
    ``put`` and ``drop``: product values of this source; ``held``: why ``gone`` and ``drop`` must wait, if they must;
    ``lost``: products they cost.
    """

    take: tuple[SourceFile, ...]
    gone: tuple[Image, ...]
    unchanged: int
    still_skipped: tuple[SkippedFile, ...]
    forget: tuple[bytes, ...]
    put: Mapping[str, Values]
    drop: tuple[str, ...]
    held: Held | None
    lost: int = 0

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
    lost: int = 0,
    outside: Outside | None = None,
) -> Plan:
    """Compare a source, or the part of it that was looked at, with the rows it owns there.

    Args:
        listing: what the source holds now.
        images: the rows it owns; with ``listing.scope`` those at or below these paths.
        skipped: its files that could not be taken before, of the same paths.
        values: what it lists: SKU -> values; with a scope, of the SKUs in listing and images.
        rule: when a deletion is held.
        had_table: it had a product table last time. If that is missing now (half copied, lost), what it said stays.
        lost: products it lost by looks at parts since all of it was looked at: a large deletion comes in pieces.
        outside: what is known of the rest of the source; None: all of it was looked at.
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
    put, drop = _products(listing, images, gone, values, doubts, outside)
    if (had_table and not listing.has_table) or (outside and listing.has_table):
        put, drop = {}, ()
    bad_or_taken = still_skipped.keys() | {file.path for file in take}
    named = {problem.path for problem in listing.problems}
    losing = _lost(listing, images, gone, drop, outside)
    return Plan(
        take=_in_order(take, images),
        gone=gone,
        unchanged=len(listing.files) - len(take) - sum(file.path in still_skipped for file in listing.files),
        still_skipped=tuple(still_skipped.values()),
        forget=tuple(path for path in known_bad if path not in bad_or_taken and printable(path) not in named),
        put=put,
        drop=drop,
        held=_held(listing, images, gone, losing, values, rule, lost, outside),
        lost=len(losing),
    )


def doubtful(listing: Listing, images: Sequence[Image]) -> bool:
    """Return whether what lies there now is hardly what was read before: over half of the photos are not there.

    Asked when a source can't prove by its marker that it is itself: another stick may be mounted at its place.
    """
    there = {(file.path, file.size) for file in listing.files}
    return 2 * sum((image.path, image.size) in there for image in images) < len(images)


def _in_order(take: Sequence[SourceFile], images: Sequence[Image]) -> tuple[SourceFile, ...]:
    """Put what shoppers miss most first: new products, then photos that changed, then those only looked at again."""
    pictured = {image.sku for image in images}
    sizes = {(image.path, image.sku): image.size for image in images}

    def rank(file: SourceFile) -> int:
        return 0 if file.sku not in pictured else 1 if sizes.get((file.path, file.sku)) != file.size else 2

    return tuple(sorted(take, key=rank))


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
    outside: Outside | None,
) -> tuple[dict[str, Values], tuple[str, ...]]:
    if listing.has_table or listing.kind == "manifest":
        wanted: dict[str, Values] = {row.sku: _good_values(row, values.get(row.sku, {})) for row in listing.products}
    else:
        # Without a table a photo lists its SKU; one whose photos can't be taken is listed with the first good one.
        leaving = {image.image_id for image in gone}
        pictured = {image.sku for image in images if image.image_id not in leaving}
        pictured |= {file.sku for file in listing.files if file.sku in values}
        pictured |= outside.pictured if outside else set()
        wanted = {sku: {} for sku in pictured}
    put = {sku: listed for sku, listed in wanted.items() if sku not in values or dict(values[sku]) != dict(listed)}
    return put, tuple(sku for sku, last in values.items() if sku not in wanted and not doubts.cover(sku, last))


def _good_values(row: ProductRow, last: Mapping[str, Any]) -> Values:
    """Return what a row says, and what was last known where its cell can't be read."""
    return {**row.values, **{column: last.get(column) for column in row.unread}}


def _lost(
    listing: Listing,
    images: Sequence[Image],
    gone: Sequence[Image],
    drop: Sequence[str],
    outside: Outside | None,
) -> set[str]:
    """Return the SKUs that end or lose their last photo."""
    leaving = {image.image_id for image in gone}
    after = {image.sku for image in images if image.image_id not in leaving} | {file.sku for file in listing.files}
    after |= outside.pictured if outside else set()
    return ({image.sku for image in images} - after) | set(drop)


def _held(
    listing: Listing,
    images: Sequence[Image],
    gone: Sequence[Image],
    losing: Set[str],
    values: Mapping[str, Mapping[str, Any]],
    rule: HoldRule,
    lost: int,
    outside: Outside | None,
) -> Held | None:
    of = outside.products if outside else len({image.sku for image in images} | set(values))
    if losing and not outside and not listing.files and not listing.products:
        return Held(len(gone), len(losing), f"{listing.root} is empty, but {_products_text(len(losing))} came from it")
    count = len(losing) + lost
    if losing and count > rule.products and count > rule.share * (of + lost):
        before = f", {lost} were just now" if lost else ""
        return Held(len(gone), len(losing), f"{len(losing)} of {_products_text(of)} would be deleted{before}")
    return None


def _products_text(number: int) -> str:
    return f"{number} product{'' if number == 1 else 's'}"
