"""Work on file systems that are too small; run in a mount namespace of its own: ``small_disk BASE MOUNT WHAT STEPS``.

Prints one JSON object a size. A tmpfs is the disk: it gives ENOSPC like any other, but keeps no reserve for root
and has no journal to fill.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from edge_search.appliance.box import Box
from edge_search.errors import EdgeSearchError, NoSpace
from edge_search.store import images
from tests.faults.driver import draw, fill, opened, shown, top
from tests.faults.switching import opened_both

__all__ = ["NEW", "OLD", "prepare"]

OLD, NEW = 40, 160
"""Photos in the home from the start, and in the catalog that doesn't fit."""
STEP = 64 * 1024
_ASKED = (0, 19, 39)


def prepare(base: Path) -> None:
    """Make the catalogs, and a home that has taken in the small one, and one that has both."""
    fill(base / "old", range(OLD))
    fill(base / "new", range(OLD, NEW))
    with opened(base / "index") as box:
        box.index(base / "old")
        box.products.set("S0", {"title": "old"})
    shutil.copytree(base / "index", base / "compact")
    with opened(base / "compact") as box:
        box.index(base / "new")
    shutil.copytree(base / "compact", base / "switch")
    with opened_both(base / "switch") as box:
        box.switching.start("new")


def _mount(point: Path, size: int, *, again: bool = False) -> None:
    option = f"{'remount,' if again else ''}size={size}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", option, "tmpfs", str(point)], check=True)


def _work(box: Box, what: str, base: Path) -> None:
    if what == "index":
        box.index(base / "new")
    elif what == "compact":
        box.compact()
    else:
        box.switching.run()


def _changes(box: Box, turn: int) -> list[str]:
    """Change prices and delete a product; returns what did not work."""
    try:
        for seed in range(1, 9):
            box.products.set(f"S{seed}", {"price": turn + seed})
        box.products.remove(f"S{10 + turn}")
    except EdgeSearchError as error:
        return [f"a change failed: {error}"]
    rows = {row["sku"]: row for row in box.products}
    wrong = [f"S{seed} has no new price" for seed in range(1, 9) if rows[f"S{seed}"]["price"] != turn + seed]
    return [*wrong, f"S{10 + turn} is still there"] if f"S{10 + turn}" in rows else wrong


def _one(base: Path, point: Path, what: str, extra: int) -> dict[str, Any]:
    _mount(point, 3 * 2**20)
    home = point / "home"
    shutil.copytree(base / what, home, ignore=shutil.ignore_patterns("ballast"))
    result: dict[str, Any] = {"free": extra, "error": None, "wrong": []}
    wrong: list[str] = result["wrong"]
    try:
        with opened_both(home) as box:
            answers = [top(box, seed, k=1) for seed in _ASKED]
            box.products.set("S1", {"price": 0})
            _mount(point, shutil.disk_usage(point).used + extra, again=True)
            try:
                _work(box, what, base)
            except NoSpace as error:
                result["error"] = str(error)
            wrong += [f"S{s} was not found" for s, a in zip(_ASKED, answers, strict=True) if a[0][0] != f"S{s}"]
            wrong += ["answers changed"] if [top(box, seed, k=1) for seed in _ASKED] != answers else []
            wrong += _changes(box, 0)
        with opened_both(home) as box:  # and after a restart
            wrong += ["answers changed"] if [top(box, seed, k=1) for seed in _ASKED] != answers else []
            wrong += _changes(box, 1)
            box.status()
        _mount(point, 2**26, again=True)
        with opened_both(home) as box:
            _work(box, what, base)
            wrong += [damage.text for damage in box.upkeep.verify()]
            with box.database.read() as tables:
                wrong += ["not all photos came"] if images.count(tables) != NEW else []
            wrong += ["a new photo is not found"] if top(box, NEW - 1)[0][0] != f"S{NEW - 1}" else []
            wrong += ["it was not switched"] if (box.encoders.name == "new") != (what == "switch") else []
            wrong += ["the price is lost"] if (shown(box, "S1") or {})["price"] != 2 else []
            box.add("T", draw(10_000))
        left = [str(path.relative_to(home)) for path in home.rglob("*.tmp*")]
        wrong += [f"{path} is left" for path in left]
    except EdgeSearchError as error:
        wrong.append(f"{type(error).__name__}: {error}")
    finally:
        subprocess.run(["umount", "--lazy", str(point)], check=True)
    return result


if __name__ == "__main__":
    folder, mountpoint, operation, steps = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4]
    for step in map(int, steps.split(",")):
        sys.stdout.write(json.dumps(_one(folder, mountpoint, operation, step * STEP)) + "\n")
        sys.stdout.flush()
