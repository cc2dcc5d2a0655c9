"""Recovering: a method meets a damaged store once, mends it, then does what it was asked."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from edge_search.appliance.steady import steady
from edge_search.appliance.upkeep import Upkeep
from edge_search.errors import StoreDamaged

__all__ = ["recovering"]


class _Recoverable(Protocol):
    @property
    def upkeep(self) -> Upkeep: ...


P = ParamSpec("P")
R = TypeVar("R")
B = TypeVar("B", bound=_Recoverable)


def recovering(method: Callable[Concatenate[B, P], R]) -> Callable[Concatenate[B, P], R]:
    """Wrap a method so that StoreDamaged reaches its caller only when repair didn't help; it is `steady`, too."""

    @functools.wraps(method)
    def mended(box: B, /, *args: P.args, **kwargs: P.kwargs) -> R:
        work = steady(method)
        try:
            return work(box, *args, **kwargs)
        except StoreDamaged:
            box.upkeep.repair()
            return work(box, *args, **kwargs)

    return mended
