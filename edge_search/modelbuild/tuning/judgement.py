"""The judgement: tuned weights are kept only where the held-out photos say that they win."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from edge_search.modelbuild.tuning.held_out import LEAST_QUERIES, Found

__all__ = ["Judgement", "Measured", "judge"]

# As a fitted projection has to win: by more than a photo or two.
_LEAST_GAIN = 0.005
_MOST_LOSS_AT_5 = 0.005


@dataclass(frozen=True)
class Measured:
    """One network on the held-out photos: by its features alone, and through a fitted projection (None: no data)."""

    plain: Found
    projected: Found | None

    @property
    def best(self) -> Found:
        """As the appliance would use it: through the projection where that is better."""
        several = [one for one in (self.plain, self.projected) if one is not None]
        return max(several, key=lambda one: one.all.merit)


@dataclass(frozen=True)
class Judgement:
    """Whether to keep the tuned weights, and why in words."""

    kept: bool
    reason: str
    before: Measured
    after: Measured

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)


def judge(before: Measured, after: Measured) -> Judgement:
    """Compare the network before and after, each as the appliance would use it.

    R@1 must win by half a point over all held-out photos, R@5 may lose half a point, and of photos of SKUs that were
    not trained on at most one fewer may be named first: a network that only learned its own SKUs by heart would
    have to be tuned again with every delivery.
    """
    old, new = before.best, after.best
    figures = (
        f"of {new.all.queries} held-out photos the right product came first for {old.all.at_1:.1%} before and "
        f"{new.all.at_1:.1%} after, among five for {old.all.at_5:.1%} and {new.all.at_5:.1%}; of {new.unseen.queries} "
        f"of products never trained on, first for {old.unseen.at_1:.1%} and {new.unseen.at_1:.1%}"
    )
    lost = round((old.unseen.at_1 - new.unseen.at_1) * new.unseen.queries)
    if new.all.queries < LEAST_QUERIES:
        fault = f"under {LEAST_QUERIES} photos conclude nothing"
    elif new.all.at_1 < old.all.at_1 + _LEAST_GAIN:
        fault = "tuning doesn't win"
    elif new.all.at_5 < old.all.at_5 - _MOST_LOSS_AT_5:
        fault = "tuning loses among five"
    elif lost > 1:
        fault = "tuning loses on products it never saw"
    else:
        return Judgement(True, f"tuning wins: {figures}", before, after)
    return Judgement(False, f"{fault}: {figures}", before, after)
