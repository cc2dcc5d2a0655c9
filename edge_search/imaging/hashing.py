"""The content hash: which photo it is, whatever it is called."""

from __future__ import annotations

import hashlib

__all__ = ["content_hash"]


def content_hash(data: bytes) -> str:
    """Return the SHA-256 of a file's bytes, 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()
