"""Followed: the sources of a home, their states and rules, and what is done about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from edge_search.appliance.following import Following
from edge_search.appliance.watching import Watching
from edge_search.catalog.listing import printable
from edge_search.catalog.rules import Rules
from edge_search.errors import InvalidValue, NotFound
from edge_search.store import images, products, sources
from edge_search.store.database import Database, Tables
from edge_search.store.sources import KEPT, Source, SourceKind
from edge_search.types import Held, IndexReport
from edge_search.watch.call import Call
from edge_search.watch.probe import see

__all__ = ["Followed", "SourceState"]

_ROWS_A_TRANSACTION = 500
_LOOK_S = 2.0


@dataclass(frozen=True)
class SourceState:
    """One source. ``state``: new, online, scanning, held, offline or kept; ``since`` then, ``detail``: why."""

    source_id: int
    path: str
    kind: str
    state: str
    since: str | None
    last_scan: str | None
    images: int
    held: Held | None
    detail: str | None
    rules: Rules


@dataclass(frozen=True)
class Followed:
    """List, add, change, remove and confirm sources; `Box` carries it as ``box.sources``."""

    database: Database
    watching: Watching
    following: Callable[[], Following]

    def listed(self) -> tuple[SourceState, ...]:
        """Return all sources, oldest first."""
        watched = self.watching.running
        with self.database.read() as tables:
            rows = [(source, images.count(tables, source.source_id)) for source in sources.listed(tables)]
        return tuple(_state(source, count, look=not watched) for source, count in rows)

    def add(self, path: Path, kind: SourceKind = "folder", values: Mapping[str, str] | None = None) -> int:
        """Follow a folder or manifest from now on; a watcher that runs begins at once. Returns its number.

        Raises:
            InvalidValue: it is the home, or a rule can't be used.
        """
        if path == self.database.home.root:
            raise InvalidValue(f"source {path}: that is the home itself; name the folder with the product photos")
        rules = self._rules(Rules(), values or {})
        with self.database.write() as tables:
            source = sources.enlist(tables, kind, path)
            if values:
                sources.change(tables, source.source_id, rules=rules)
            if source.state == KEPT:
                sources.note_state(tables, source.source_id, "new")
        return source.source_id

    def set(self, source: int | str, values: Mapping[str, str]) -> None:
        """Change rules of a source; an empty text gives a rule's default back.

        Raises:
            NotFound: no such source.
            InvalidValue: no such rule, or a value it can't have.
        """
        with self.database.write() as tables:
            found = self._find(tables, source)
            sources.change(tables, found.source_id, rules=self._rules(found.rules, values))

    def remove(self, source: int | str, *, keep: bool) -> int:
        """Stop following a source; ``keep`` its products as they are, or delete what came from it.

        Returns how many photos were deleted. Raises NotFound.
        """
        with self.database.write() as tables:
            found = self._find(tables, source)
            if keep:
                sources.note_state(tables, found.source_id, KEPT, "not followed any more; its products stay")
                return 0
            # Nobody brings back what is deleted below.
            sources.note_state(tables, found.source_id, KEPT, "its products are being deleted")
        with self.database.exclusive("sync"):
            with self.database.read() as tables:
                keys = [image.image_id for image in images.by_owner(tables, found.source_id)]
                skus = list(products.values_of(tables, found.source_id))
            for start in range(0, len(keys), _ROWS_A_TRANSACTION):
                with self.database.write() as tables:
                    images.remove(tables, keys[start : start + _ROWS_A_TRANSACTION])
            for start in range(0, len(skus), _ROWS_A_TRANSACTION):
                with self.database.write() as tables:
                    products.drop_values(tables, found.source_id, skus[start : start + _ROWS_A_TRANSACTION])
            with self.database.write() as tables:
                sources.forget(tables, found)
        return len(keys)

    def confirm(self, source_id: int | str) -> IndexReport | None:
        """Say yes to the deletion that a source holds, of so many products and not more.

        The watcher does it; without one it is done now, and its report returned.

        Raises:
            NotFound: no such source.
            InvalidValue: nothing is held there.
        """
        with self.database.write() as tables:
            found = self._find(tables, source_id)
            if found.held is None:
                raise InvalidValue(
                    f"source {found.source_id} ({printable(str(found.path))}) holds no deletion; "
                    "'edge-search sources list' shows which does"
                )
            sources.change(tables, found.source_id, confirmed=found.held)
        if self.watching.running:
            return None
        return self.following().one(found.kind, found.path, yes=False, progress=None)

    def confirm_all(self) -> list[tuple[str, IndexReport | None]]:
        """Say yes wherever something is held; returns path and report of each source."""
        with self.database.read() as tables:
            held = [source for source in sources.followed(tables) if source.held is not None]
        return [(printable(str(source.path)), self.confirm(source.source_id)) for source in held]

    def _rules(self, rules: Rules, values: Mapping[str, str]) -> Rules:
        try:
            return rules.changed(values)
        except ValueError as error:
            raise InvalidValue(f"source rule {error}") from None

    def _find(self, tables: Tables, source: int | str) -> Source:
        wanted = str(source)
        for each in sources.listed(tables):
            if wanted == str(each.source_id) or Path(wanted).expanduser().absolute() == each.path:
                return each
        raise NotFound(f"source {wanted}: no such source; 'edge-search sources list' shows what is followed")


def _state(source: Source, count: int, *, look: bool) -> SourceState:
    state, detail = source.state, source.detail
    if look and state != KEPT:
        # Nobody watches, so what was noted last may be long ago. A dead mount must not hang who asks.
        call = Call(lambda: see(source.path, source.kind), 0.0)
        call.wait(_LOOK_S)
        seen = call.result() if call.done else None
        if seen is None or not seen.there:
            state = "offline"
            detail = (seen.detail if seen else None) or "its file system doesn't answer"
    return SourceState(
        source.source_id,
        printable(str(source.path)),
        source.kind,
        state,
        source.since,
        source.last_scan,
        count,
        source.held,
        detail,
        source.rules,
    )
