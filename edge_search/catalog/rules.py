"""Rules: how one source is to be read and followed, beyond what holds for all."""

from __future__ import annotations

import fnmatch
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

__all__ = ["DEFAULT_RULES", "Rules"]

_YES, _NO = ("true", "yes", "on", "1", "always"), ("false", "no", "off", "0", "never")


@dataclass(frozen=True)
class Rules:
    """One source's own rules; the default of each is right for a folder of photos on a disk of this machine.

    ``poll``: look instead of listening for events (``auto``: on network mounts). ``scan_minutes``: between two looks
    at everything; 0: as the settings say. ``max_mb``: larger files are skipped; 0: only the setting counts.
    ``max_files``: photos taken of one folder; 0: no limit. ``ignore``: globs on a name or on a path below the root.
    """

    poll: Literal["auto", "always", "never"] = "auto"
    scan_minutes: float = 0.0
    max_mb: float = 0.0
    max_files: int = 0
    ignore: tuple[str, ...] = ()

    def ignores(self, path: bytes) -> bool:
        """Tell whether a file or folder (relative path) is to be left out."""
        if not self.ignore:
            return False
        text = os.fsdecode(path)
        name = text.rpartition("/")[2]
        return any(fnmatch.fnmatchcase(name, glob) or fnmatch.fnmatchcase(text, glob) for glob in self.ignore)

    @property
    def max_bytes(self) -> int | None:
        """Return the largest file that is taken, None without a limit of this source's own."""
        return int(self.max_mb * 2**20) if self.max_mb else None

    def to_json(self) -> str:
        """Return what differs from the default."""
        return json.dumps({k: v for k, v in asdict(self).items() if v != getattr(DEFAULT_RULES, k)}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Rules:
        """Read what ``to_json`` wrote; names of a newer edge-search are left out."""
        known = {field.name for field in fields(cls)}
        said = {name: value for name, value in json.loads(text or "{}").items() if name in known}
        return cls(**{**said, "ignore": tuple(said.get("ignore", ()))})

    def changed(self, values: Mapping[str, str]) -> Rules:
        """Return these rules with some set from text; an empty text gives the default back.

        Raises ValueError with the reason: no such rule, or a value it can't have.
        """
        rules = self
        for name, text in values.items():
            if name not in {field.name for field in fields(self)}:
                raise ValueError(f"{name}: no such rule; there are {', '.join(field.name for field in fields(self))}")
            rules = replace(rules, **{name: _parsed(name, text.strip())})
        return rules


DEFAULT_RULES = Rules()


def _parsed(name: str, text: str) -> Any:
    if not text:
        return getattr(DEFAULT_RULES, name)
    if name == "ignore":
        return tuple(part.strip() for part in text.split("|") if part.strip())
    if name == "poll":
        if text.lower() in ("auto", *_YES, *_NO):
            return "always" if text.lower() in _YES else "never" if text.lower() in _NO else "auto"
        raise ValueError(f"poll = {text!r}: write always, never or auto")
    try:
        number = int(text) if name == "max_files" else float(text)
    except ValueError:
        raise ValueError(f"{name} = {text!r}: write a number") from None
    if not 0 <= number < 1e9:
        raise ValueError(f"{name} = {text}: write a number from 0 to a thousand million")
    return number
