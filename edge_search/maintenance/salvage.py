"""Salvage: reading what can be read of a damaged database."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Rows", "read"]


@dataclass(frozen=True)
class Rows:
    """The rows of text that could be read, and whether those are all."""

    rows: list[tuple[str, ...]]
    whole: bool


def read(damaged: Path, table: str, sql: str, values: Sequence[object] = ()) -> Rows:
    """Return what a query about ``table`` gives before it meets damage, without rows that hold more than text."""
    rows: list[tuple[str, ...]] = []
    try:
        with contextlib.closing(sqlite3.connect(f"{damaged.as_uri()}?mode=ro", uri=True)) as conn:
            # Row by row: those before the damage are good.
            rows.extend(row for row in conn.execute(sql, values) if all(isinstance(value, str) for value in row))
            whole = conn.execute(f"PRAGMA integrity_check({table})").fetchone()[0] == "ok"
    except sqlite3.Error:
        whole = False
    return Rows(rows, whole)
