"""Judging: how much agreement of details counts beside the vectors; chosen on the catalog itself."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass

from edge_search.errors import StoreDamaged

__all__ = ["Judging"]


@dataclass(frozen=True)
class Judging:
    """Fewer than ``least`` details that lie alike count as chance. Beyond, a SKU gains ``weight`` times the logarithm.

    A logarithm, for siblings of one brand share a logo's details: twice as many must count, ten more need not.
    """

    least: int
    weight: float

    def gain(self, points: int) -> float:
        """Return what so many details add to a SKU's strength."""
        return self.weight * (1 + math.log(points / self.least)) if points >= self.least else 0.0

    def to_json(self) -> str:
        """Return it as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Judging:
        """Read what ``to_json`` wrote.

        Raises:
            StoreDamaged: it is something else.
        """
        try:
            return cls(**json.loads(text))
        except (ValueError, TypeError) as error:
            raise StoreDamaged(f"how details are judged can't be read ({error}); run 'edge-search adapt'") from error
