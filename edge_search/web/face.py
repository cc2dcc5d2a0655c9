"""Faces: the box's parts that a build may lack, and their values as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from os import PathLike, fsdecode
from typing import Any

from edge_search.web.problem import Problem
from edge_search.web.state import State

__all__ = ["face", "plain"]


def face(state: State, name: str) -> Any:
    """Return a part of the box.

    Raises:
        Problem: 501, this build has none.
    """
    found = getattr(state.box, name, None)
    if found is None:
        raise Problem(501, "not available in this build")
    return found


def plain(value: Any) -> Any:
    """Return dataclasses, paths, times and sequences as plain JSON types."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(one) for one in value]
    if isinstance(value, PathLike | bytes):
        return fsdecode(value).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else value
