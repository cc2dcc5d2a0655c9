"""Two encoders without networks, whose features have nothing in common."""

from __future__ import annotations

from collections.abc import Callable

from edge_search.appliance.box import Box
from edge_search.encoder.fake_runtime import FakeEncoder

__all__ = ["NEW", "OLD", "Open"]

Open = Callable[..., Box]

OLD = FakeEncoder(name="old")
NEW = FakeEncoder("fake000000000001", name="new", grid=8)
