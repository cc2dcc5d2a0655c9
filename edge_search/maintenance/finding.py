"""A finding: what doctor saw in one place, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Finding", "State"]

State = Literal["good", "note", "bad"]


@dataclass(frozen=True)
class Finding:
    """``bad`` needs somebody's hands; ``note`` is worth knowing. ``advice`` is one line, empty when there is none."""

    name: str
    state: State
    value: str
    advice: str = ""
