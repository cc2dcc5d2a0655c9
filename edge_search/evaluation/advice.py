"""Advice: what is wrong with which SKU, and what to do about it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from edge_search.catalog.spreadsheet import guarded

__all__ = ["Advice", "advice_csv"]


@dataclass(frozen=True)
class Advice:
    """One finding; ``sku`` is empty where it is about the whole catalog."""

    sku: str
    problem: str
    action: str

    def to_dict(self) -> dict[str, str]:
        """Return it as plain JSON types."""
        return asdict(self)


def advice_csv(findings: Iterable[Advice]) -> str:
    """Return a table ``sku,problem,action``; no cell can be taken for a formula by a spreadsheet."""
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(("sku", "problem", "action"))
    rows.writerows(tuple(guarded(_line(cell)) for cell in (one.sku, one.problem, one.action)) for one in findings)
    return out.getvalue()


def _line(text: str) -> str:
    return " ".join(text.split()) if text != text.strip() or not text.isprintable() else text
