"""The lines of a text file that somebody else writes: settled, and in whatever encoding it came."""

from __future__ import annotations

import codecs
import io
import os
import time
from dataclasses import dataclass
from pathlib import Path

from edge_search.errors import CatalogError, PhotoError, SourceMissing
from edge_search.imaging.limits import Limits
from edge_search.imaging.photo import printable, read_photo

__all__ = ["REST_S", "Text", "read_text"]

REST_S = 0.5
"""A file that was written less than this long ago is looked at again after it, before it is believed."""
_TRIES = 20
_LIMITS = Limits(max_bytes=256 * 2**20)
_NUL = "\ue000"  # a private-use character: csv refuses a real NUL on Python 3.10


@dataclass(frozen=True)
class Text:
    """Lines with their ends; a NUL is there as U+E000. ``cut``: the last character is only half there."""

    lines: tuple[str, ...]
    cut: bool


def read_text(path: Path) -> Text:
    """Return the lines of a file: UTF-8, UTF-16 with a byte-order mark, else Windows-1252, told line by line.

    Raises SourceMissing when it is not there; CatalogError when it can't be read, is no text, or doesn't rest.
    """
    data = _settled(path)
    if data.startswith(b"PK\x03\x04"):
        raise CatalogError(f"{printable(str(path))}: a spreadsheet or ZIP file, not CSV; save it as CSV UTF-8")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = data.decode("utf-16", "replace").replace("\0", _NUL)
        return Text(tuple(io.StringIO(text, newline="")), cut=len(data) % 2 == 1)
    lines = data.removeprefix(codecs.BOM_UTF8).splitlines(keepends=True)
    decoded = tuple(_decoded(line).replace("\0", _NUL) for line in lines)
    # A file of cp1252 may end with the byte that begins a character in UTF-8: only one that has others is UTF-8.
    utf8 = data.startswith(codecs.BOM_UTF8) or any(not line.isascii() and _is_utf8(line) for line in lines)
    return Text(decoded, cut=utf8 and _half(lines[-1]))


def _settled(path: Path) -> bytes:
    name = printable(str(path))
    for _ in range(_TRIES):
        try:
            before = path.stat()
            data = read_photo(path, _LIMITS)
            age = time.time() - before.st_mtime
            if 0 <= age < REST_S:
                time.sleep(REST_S - age)
            after = path.stat()
        except PhotoError as error:
            if isinstance(error.__cause__, FileNotFoundError | NotADirectoryError):
                raise SourceMissing(f"{name}: no such file; check the path or plug the disk in") from error
            if "changed while it was read" not in str(error):
                raise CatalogError(str(error)) from error
            time.sleep(REST_S)
            continue
        except (FileNotFoundError, NotADirectoryError) as error:
            raise SourceMissing(f"{name}: no such file; check the path or plug the disk in") from error
        except OSError as error:
            raise CatalogError(f"{name}: can't be read ({error.strerror}); check the disk and its rights") from error
        if _stamp(before) == _stamp(after) and len(data) == after.st_size:
            return data
    raise CatalogError(f"{name}: is being written all the time; it is read when it rests for {REST_S:g} s")


def _stamp(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ino, status.st_dev


def _decoded(line: bytes) -> str:
    # Line by line: one cell pasted from elsewhere must not turn all other umlauts into two signs each.
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _half(line: bytes) -> bool:
    """Tell whether a line ends within a UTF-8 character: a copy that was broken off."""
    try:
        line.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data" and b"\xc3" <= line[error.start : error.start + 1] <= b"\xf4"
    return False
