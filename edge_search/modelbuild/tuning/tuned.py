"""What a tuning came to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_search.modelbuild.tuning.judgement import Judgement

__all__ = ["REPORT", "Tuned"]

REPORT = "report.json"


@dataclass(frozen=True)
class Tuned:
    """What a tuning came to; ``bundle`` is None where the tuned weights didn't win. ``losses``: one a step."""

    judgement: Judgement
    losses: tuple[float, ...]
    trained_photos: int
    trained_products: int
    unreadable: tuple[Path, ...]
    bundle: Path | None

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            **self.judgement.to_dict(),
            "losses": [round(loss, 4) for loss in self.losses],
            "trained_photos": self.trained_photos,
            "trained_products": self.trained_products,
            "unreadable": [str(file) for file in self.unreadable],
            "bundle": None if self.bundle is None else str(self.bundle),
        }
