"""What is followed: can the sources be reached, and does inotify have room for their folders?"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from edge_search.catalog.ignored import is_ignored_folder
from edge_search.catalog.listing import printable
from edge_search.maintenance.finding import Finding
from edge_search.store.home import UNFIT, file_system
from edge_search.store.sources import Source
from edge_search.watch.deadline import within

__all__ = ["check_inotify", "check_sources", "count_folders"]

INOTIFY = Path("/proc/sys/fs/inotify")
_LOOK_S = 3.0
_COUNT_S = 5.0


def check_sources(followed: Sequence[Source], look: Callable[[Path], None] | None = None) -> list[Finding]:
    """Look at each source; one that doesn't answer (a dead mount) is given up after three seconds.

    ``look`` raises OSError for what can't be read (a parameter for tests).
    """
    if not followed:
        return [Finding("sources", "note", "none", "name a catalog folder: edge-search index FOLDER")]
    return [_check_source(source, look or _look) for source in followed]


def _check_source(source: Source, look: Callable[[Path], None]) -> Finding:
    name, path = f"source {source.source_id}", printable(str(source.path))
    gone = "mount or plug it in again, or check its server; nothing is removed from the catalog meanwhile"
    try:
        within(_LOOK_S, lambda: look(source.path))
    except PermissionError:
        return Finding(name, "bad", f"{path}: not readable for this user", "let this user read it (chmod, chown)")
    except (OSError, TimeoutError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return Finding(name, "bad", f"{path}: can't be reached ({reason})", gone)
    value = f"{path}: {source.kind}, {source.state}, last read {source.last_scan or 'never'}"
    if source.state == "held":
        return Finding(
            name, "bad", value, "a large deletion waits: if it is meant, run 'edge-search index FOLDER --yes'"
        )
    kind = file_system(source.path)
    if "network" in UNFIT.get(kind, ""):
        advice = "changes made elsewhere send no events from there: they are found by the next scan"
        return Finding(name, "note", f"{value}, on {kind}", advice)
    return Finding(name, "good", value)


def _look(path: Path) -> None:
    if path.is_dir():
        with os.scandir(path) as entries:
            next(entries, None)
    else:
        with path.open("rb") as file:
            file.read(1)


def count_folders(followed: Sequence[Source], seconds: float = _COUNT_S) -> tuple[int, bool]:
    """Return the folders that a watcher would watch, and whether all were counted in ``seconds``."""
    counted: list[Path] = []

    def count() -> None:
        until = time.monotonic() + 2 * seconds  # a late count ends too
        for source in followed:
            for where, folders, _ in os.walk(source.root):
                counted.append(Path(where))
                inside = (name for name in folders if not is_ignored_folder(os.fsencode(name)))
                folders[:] = inside if source.kind == "folder" and time.monotonic() < until else ()

    try:
        within(seconds, count)
    except TimeoutError:
        return len(counted), False
    return len(counted), True


def check_inotify(followed: Sequence[Source], limits: Path = INOTIFY) -> list[Finding]:
    """Compare the system's limits for watching with what the sources need; ``limits`` is the folder with both."""
    folders, whole = count_folders(followed)
    needed = f"{folders:,} folders to watch" if whole else f"over {folders:,} folders to watch"
    return [
        _check_limit("max_user_watches", limits, folders, needed, 8192),
        _check_limit("max_user_instances", limits, len(followed), f"{len(followed)} sources to watch", 128),
    ]


def _check_limit(name: str, limits: Path, needed: int, needs: str, default: int) -> Finding:
    shown = f"inotify {name.removeprefix('max_user_')}"
    try:
        limit = int((limits / name).read_text())
    except OSError:
        return Finding(shown, "note", "this system tells no limit; folders are scanned now and then in any case")
    value = f"{limit:,}, {needs}"
    enough = max(default, 1 << (4 * needed).bit_length())
    advice = (
        f"raise it: echo fs.inotify.{name}={enough} | sudo tee /etc/sysctl.d/60-edge-search-{name}.conf && "
        "sudo sysctl --system; until then changes are found by the next scan"
    )
    if needed > limit:
        return Finding(shown, "bad", value, advice)
    # The limit is the user's, and other programs of that user watch too.
    return Finding(shown, "note", value, advice) if needed * 2 > limit else Finding(shown, "good", value)
