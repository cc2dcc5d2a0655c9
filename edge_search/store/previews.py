"""Previews: a small copy of every photo in the home, by content hash."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from edge_search.imaging.preview import make_preview
from edge_search.store.durable import atomic_file
from edge_search.store.home import Home

__all__ = ["Previews"]


@dataclass(frozen=True)
class Previews:
    """Keeps answers their pictures, and fitting its pixels, when the stick is gone."""

    home: Home
    enabled: bool = True
    side: int = 480

    def keep(self, content_hash: str, image: Image.Image, data: bytes) -> None:
        """Write the preview of a decoded photo (and its file's ``data``), unless previews are disabled.

        Not durable: after a power cut one that is missing or damaged is made again from the photo. So one that
        is there already is no reason to leave it: a cut may have kept its name and lost its bytes.
        """
        if not self.enabled:
            return
        preview = make_preview(image, self.side, data=data)
        atomic_file(self.home.preview(content_hash), lambda temp: temp.write_bytes(preview), durable=False)

    def has(self, content_hash: str) -> bool:
        """Return whether nothing is missing for this content (always, when previews are disabled)."""
        return not self.enabled or self.path(content_hash) is not None

    def whole(self, content_hash: str) -> bool:
        """Return whether the preview can be decoded to its end."""
        try:
            with Image.open(self.home.preview(content_hash)) as image:
                image.load()
        except (OSError, SyntaxError, ValueError):
            return False
        return True

    def path(self, content_hash: str) -> Path | None:
        """Return the preview's file, if it is there and not empty."""
        path = self.home.preview(content_hash)
        try:
            return path if path.stat().st_size else None
        except OSError:
            return None
