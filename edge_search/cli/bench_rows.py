"""What every `bench` prints: its rows, and what they were measured on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edge_search.cli.output import print_json, print_table

__all__ = ["print_rows"]


def print_rows(rows: Sequence[dict[str, Any]], as_json: bool) -> None:
    """Print rows as one JSON document, or as tables: one for each run of rows that tell about the same."""
    from edge_search.bench.machine import machine

    found = machine()
    if as_json:
        print_json({"machine": found, "rows": rows})
        return
    title: str | None = f"{found['cpu']}, {found['cores']} cores"
    for part in _alike(rows):
        columns = list(dict.fromkeys(name for row in part for name in row))
        print_table(columns, ([row.get(name) for name in columns] for row in part), title=title)
        title = None


def _alike(rows: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    parts: list[list[dict[str, Any]]] = []
    for row in rows:
        if parts and (row.keys() <= parts[-1][-1].keys() or row.keys() >= parts[-1][-1].keys()):
            parts[-1].append(row)
        else:
            parts.append([row])
    return parts
