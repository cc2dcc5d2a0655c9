"""The ``images`` column: photos that a product table gives to a SKU by path or glob."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator

from edge_search.catalog.walk import Photo

__all__ = ["Claims"]

_LITERAL = re.compile(r"[^*?\[]*")


class Claims:
    """The photos below a root, to be looked up by what a cell says.

    Paths are compared as text in Unicode form NFC: a Mac writes file names in another form than spreadsheets.
    """

    def __init__(self, photos: Iterable[Photo]) -> None:
        self._photos: dict[str, list[Photo]] = {}
        for photo in photos:
            self._photos.setdefault(_text(photo.path.decode("utf-8", "surrogateescape")), []).append(photo)
        self._names = sorted(self._photos)

    def find(self, pattern: str) -> list[Photo]:
        """Return the photos that a path, a folder or a glob (``*``, ``?``, ``[...]``, ``**``) names.

        Raises ValueError with the reason: it leads out of the folder, or names no photo in it.
        """
        wanted = _text(pattern)
        if wanted not in self._photos:
            wanted = posixpath.normpath(wanted.replace("\\", "/"))
        if wanted.startswith(("/", "../")) or wanted == ".." or re.match(r"[A-Za-z]:", wanted):
            raise ValueError(f"images: {pattern!r} leads out of the catalog folder; give a path inside it")
        names = [wanted] if wanted in self._photos else list(self._below(wanted)) or list(self._match(wanted))
        if not names:
            raise ValueError(f"images: {pattern!r} names no photo in the catalog folder; check the name")
        return [photo for name in names for photo in self._photos[name]]

    def _starting(self, prefix: str) -> Iterator[str]:
        # Not all names for every pattern: 10,000 SKUs with one glob each would take half a minute.
        for at in range(bisect_left(self._names, prefix), len(self._names)):
            if not self._names[at].startswith(prefix):
                return
            yield self._names[at]

    def _below(self, folder: str) -> Iterator[str]:
        return self._starting("" if folder == "." else folder + "/")

    def _match(self, glob: str) -> Iterator[str]:
        literal = _LITERAL.match(glob)
        prefix = literal[0] if literal else ""
        if prefix == glob:
            return iter(())
        try:
            regex = re.compile(_regex(glob))
        except re.error:
            return iter(())
        return (name for name in self._starting(prefix) if regex.fullmatch(name))


def _text(path: str) -> str:
    return unicodedata.normalize("NFC", path)


def _regex(glob: str) -> str:
    out, at = "", 0
    while at < len(glob):
        end = glob.find("]", at + 2)
        if glob.startswith("**/", at):
            out, at = out + "(?:[^/]+/)*", at + 3
        elif glob.startswith("**", at):
            out, at = out + ".*", at + 2
        elif glob[at] in "*?":
            out, at = out + ("[^/]*" if glob[at] == "*" else "[^/]"), at + 1
        elif glob[at] == "[" and end > 0:
            inner = glob[at + 1 : end]
            negated = inner[0] in "!^"
            ranges = "".join(c if c == "-" else re.escape(c) for c in inner[negated:])
            out, at = out + f"[{'^' * negated}{ranges}]", end + 1
        else:
            out, at = out + re.escape(glob[at]), at + 1
    return out
