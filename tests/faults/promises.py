"""What a home promised, and whether it holds: nothing acknowledged is lost, nothing is there twice."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from edge_search.appliance.box import Box
from tests.faults.driver import contents

__all__ = ["broken"]


def broken(box: Box, acks: Iterable[tuple[str, str]], folder: Path | None = None) -> list[str]:
    """Return which promises a home broke.

    Args:
        box: opened after the fault.
        acks: (what, name) of everything that a call had returned for.
        folder: the catalog, if it moves on: of photos that are gone from it nothing is expected.
    """
    held = contents(box)
    wrong = [f"{key} is there {count} times" for key, count in held.items() if count != 1]
    paths = {path for _, path, _ in held}
    rows = {row["sku"]: row for row in box.products}
    for what, name in dict.fromkeys(acks):
        row = rows.get(name)
        if what == "photo":
            if name not in paths and (folder is None or (folder / name).exists()):
                wrong.append(f"photo {name} was acknowledged and is lost")
        elif what == "taught":
            if row is None or row["images"] != 1:
                wrong.append(f"{name} was taught and is not there once")
        elif what == "price":
            if row is None or row["price"] != int(name[1:]):
                wrong.append(f"the price of {name} was set and is lost")
        elif what == "removed":
            if row is not None:
                wrong.append(f"{name} was removed and is back")
        else:
            raise AssertionError(f"nobody knows what to expect of {what!r}")
    return wrong
