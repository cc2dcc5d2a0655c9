"""The canary: whether a question would be answered, as last seen."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

__all__ = ["Canary"]


@dataclass
class Canary:
    """The last look at whether a question would be answered, kept for some seconds."""

    reason: str | None = None
    until: float = 0.0
    looking: asyncio.Lock = field(default_factory=asyncio.Lock)
