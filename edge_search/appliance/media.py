"""Media: sticks and cards with photos, taken into a catalog folder of the box."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from edge_search.appliance.removable import mounted_media
from edge_search.catalog.listing import printable
from edge_search.config import Settings
from edge_search.errors import InvalidValue, NoSpace, NotFound, SourceMissing
from edge_search.imaging.limits import Limits
from edge_search.store import images, products, sources
from edge_search.store.database import Database
from edge_search.store.durable import atomic_file, make_folder
from edge_search.sync.media_copy import Looked, MediaCopy
from edge_search.sync.media_plan import MediaPlan, plan_media
from edge_search.types import IndexReport, MediaPhoto, MediaReport, Medium, Progress, Skipped

__all__ = ["Media"]

# What a photo takes in the home besides its copy: feature, vector and row; and its preview.
_ROW_BYTES = 16 * 2**10
_PREVIEW_BYTES = 40 * 2**10


@dataclass(frozen=True)
class Media:
    """What lies on media; `Box` carries it as ``box.media``."""

    database: Database
    settings: Settings
    limits: Limits
    workers: int
    follow: Callable[[Path, Progress | None], IndexReport]

    def found(self) -> tuple[Medium, ...]:
        """Return the media that are mounted now: removable ones, and what lies below the setting ``media_roots``."""
        roots = [Path(root) for root in self.settings.media_roots.split(":") if root]
        with self.database.read() as tables:
            followed = [source.root for source in sources.listed(tables)]
        return mounted_media(roots, besides=[self.database.home.root, *followed])

    def named(self, media_id: str) -> Medium:
        """Return a medium by its id.

        Raises:
            NotFound: it is not mounted any more.
        """
        for medium in self.found():
            if medium.media_id == media_id:
                return medium
        raise NotFound(f"medium {media_id}: it is not plugged in any more; plug it in and look again")

    def preview(
        self,
        path: str | os.PathLike[str],
        into: str | os.PathLike[str] | None = None,
        *,
        progress: Progress | None = None,
    ) -> MediaReport:
        """Return what `take` would do; nothing is written. Every photo that is new or changed is decoded.

        Raises:
            SourceMissing, CatalogError: the medium can't be read.
            InvalidValue: ``into`` is no catalog folder of this box, or holds the medium.
        """
        plan = self._plan(path, into)
        return self._report(plan, list(self._looked(plan, progress, copies=False)), taken=None)

    def take(
        self,
        path: str | os.PathLike[str],
        into: str | os.PathLike[str] | None = None,
        *,
        progress: Progress | None = None,
    ) -> MediaReport:
        """Copy the photos and table rows of a medium into a catalog folder of this box, then follow that.

        Photos become durable one by one and changed ones replace what is there. Rows go into the folder's table by
        SKU (see `catalog.merge`); the table as it was stays beside it as ``.bak``. Cut off at any point, the same
        call goes on.

        Args:
            path: the medium, or a folder on it.
            into: a folder that is followed; default: ``catalog`` in the home.
            progress: called after each photo, first of the copying, then of the indexing.

        Raises:
            SourceMissing, CatalogError: the medium can't be read, or went away in the middle.
            InvalidValue: ``into`` is no catalog folder of this box, or holds the medium.
            NoSpace: it doesn't fit; said before anything is copied.
        """
        with self.database.exclusive("media"):
            plan = self._plan(path, into)
            if not (plan.tasks or plan.merged.data or plan.into.is_dir()):
                return self._report(plan, [], taken=0)  # nothing came, so there is no folder to make
            self._need(plan)
            make_folder(plan.into)
            self._write_table(plan)
            looked: list[Looked] = []
            try:
                looked.extend(self._looked(plan, progress, copies=True))
            except SourceMissing:
                # What did come is shown: the folder may not see this medium again.
                self.follow(plan.into, progress)
                raise
            report = self.follow(plan.into, progress)
        return self._report(plan, looked, taken=sum(one.copied for one in looked), index=report)

    def _plan(self, path: str | os.PathLike[str], into: str | os.PathLike[str] | None) -> MediaPlan:
        # As the sources are named: links stay in the path.
        medium = Path(os.path.abspath(path))  # noqa: PTH100 (Path.absolute() keeps `..`)
        folder = self.database.home.catalog if into is None else Path(os.path.abspath(into))  # noqa: PTH100
        with self.database.read() as tables:
            followed = {source.path: source for source in sources.listed(tables) if source.kind == "folder"}
            known = products.listed_skus(tables)
            mine = followed.get(folder)
            listed = products.values_of(tables, mine.source_id) if mine and not mine.has_table else {}
        self._check(medium, folder, set(followed))
        return plan_media(medium, folder, known, set(listed))

    def _check(self, medium: Path, folder: Path, followed: set[Path]) -> None:
        home = self.database.home
        if folder != home.catalog and folder not in followed:
            choice = ", ".join(str(path) for path in sorted({home.catalog, *followed}))
            raise InvalidValue(f"into {printable(str(folder))}: not a catalog folder of this box; there is: {choice}")
        if folder in followed and folder != home.catalog and not folder.is_dir():
            raise SourceMissing(
                f"{printable(str(folder))}: it is not there now; mount it, or import into {home.catalog}"
            )
        real, target = medium.resolve(), folder.resolve()
        if real.is_relative_to(target) or target.is_relative_to(real) or real.is_relative_to(home.root.resolve()):
            raise InvalidValue(f"import {printable(str(medium))}: it is, holds or lies in a folder of the box itself")

    def _looked(self, plan: MediaPlan, progress: Progress | None, *, copies: bool) -> Iterator[Looked]:
        copy = MediaCopy(
            root=plan.root,
            into=plan.into,
            limits=self.limits,
            workers=self.workers,
            seen=self._seen,
            need_space=self._need_at(plan.into),
            copies=copies,
        )
        with contextlib.closing(copy.run(plan.tasks)) as results:
            for done, looked in enumerate(results, start=1):
                if progress is not None:
                    progress(done, len(plan.tasks))
                yield looked

    def _seen(self, digest: str) -> bool:
        with self.database.read() as tables:
            return images.size_of(tables, digest) is not None

    def _need(self, plan: MediaPlan) -> None:
        fresh = sum(task.there is None for task in plan.tasks)
        own = fresh * (_ROW_BYTES + (_PREVIEW_BYTES if self.settings.previews else 0))
        target, home = plan.into, self.database.home.root
        while not target.exists():
            target = target.parent
        copies = plan.bytes_needed + len(plan.merged.data or b"")
        if target.stat().st_dev == home.stat().st_dev:
            self._room(home, copies + own)
        else:
            self._room(target, copies)
            self._room(home, own)

    def _need_at(self, into: Path) -> Callable[[int], None]:
        def need(size: int) -> None:
            self._room(into, size)

        return need

    def _room(self, place: Path, size: int) -> None:
        disk = shutil.disk_usage(place)
        reserve = min(self.settings.reserve_mb * 2**20, disk.total // 20)
        if size and disk.free - size < reserve:
            raise NoSpace(
                f"{printable(str(place))}: {size / 2**20:,.1f} MiB are needed and {reserve / 2**20:,.1f} MiB kept in "
                f"reserve, but only {disk.free / 2**20:,.1f} MiB are free; free some space, then import again"
            )

    def _write_table(self, plan: MediaPlan) -> None:
        if plan.merged.data is None:
            return
        table = plan.into / plan.table_name
        data = plan.merged.data
        if table.exists():
            before = table.read_bytes()
            atomic_file(table.with_name(f"{table.name}.bak"), lambda temp: temp.write_bytes(before))
        atomic_file(table, lambda temp: temp.write_bytes(data), size=len(data))

    def _report(
        self, plan: MediaPlan, looked: list[Looked], *, taken: int | None, index: IndexReport | None = None
    ) -> MediaReport:
        def photos(state: str) -> tuple[MediaPhoto, ...]:
            return tuple(_photo(one.task.path, one.task.sku) for one in looked if one.state == state and one.task.known)

        waiting = [one.task for one in looked if one.state in ("new", "changed") and not one.task.known]
        unreadable = [(printable(one.task.path), one.reason) for one in looked if one.state == "unreadable"]
        unreadable += [(problem.path, problem.reason) for problem in plan.problems]
        return MediaReport(
            path=printable(str(plan.root)),
            new=photos("new"),
            changed=photos("changed"),
            unchanged=sum(one.state == "unchanged" for one in looked),
            unreadable=tuple(Skipped(path, reason) for path, reason in unreadable),
            unknown_sku=(
                *(_photo(task.path, task.sku) for task in waiting),
                *(_photo(file.path, "") for file in plan.nameless),
            ),
            products_changed=plan.merged.changed,
            taken=taken,
            into=printable(str(plan.into)),
            warnings=tuple(Skipped(warning.path, warning.reason) for warning in plan.warnings),
            index=index,
        )


def _photo(path: bytes, sku: str) -> MediaPhoto:
    return MediaPhoto(printable(path), sku)
