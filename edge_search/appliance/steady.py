"""Steady: work that met a switch of the encoder is done again, with the new one."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from edge_search.errors import EncoderChanged

__all__ = ["steady"]

P = ParamSpec("P")
R = TypeVar("R")

_ROUNDS = 5


def steady(work: Callable[P, R]) -> Callable[P, R]:
    """Wrap work that asks for the catalog's encoder when it starts, so that no caller sees EncoderChanged.

    Between that question and its snapshot or commit the catalog can be switched: what was encoded then counts
    for nothing, and the work starts over. More than a few switches in a row are no accident and are raised.
    """

    @functools.wraps(work)
    def repeated(*args: P.args, **kwargs: P.kwargs) -> R:
        for _ in range(_ROUNDS):
            try:
                return work(*args, **kwargs)
            except EncoderChanged:
                continue
        return work(*args, **kwargs)

    return repeated
