"""Read the bytes of one photo without ever waiting for a device, a pipe or a writer."""

from __future__ import annotations

import errno
import os
import stat

from edge_search.errors import PhotoTooLarge, PhotoUnreadable, PhotoUnsettled
from edge_search.imaging.limits import DEFAULT_LIMITS, Limits

__all__ = ["file_kind", "printable", "read_photo"]

_KINDS = {
    stat.S_IFIFO: "a pipe (FIFO)",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
    stat.S_IFREG: "a file",
    stat.S_IFLNK: "a link",
}
_ADVICE = {
    errno.ENOENT: "no such file; check the path",
    errno.ENOTDIR: "no such file, a part of the path is not a folder; check the path",
    errno.ELOOP: "the symbolic links lead in a circle; replace them by the file",
    errno.EACCES: "permission denied; give this user the right to read it",
    errno.EPERM: "permission denied; give this user the right to read it",
    errno.ENAMETOOLONG: "the name is too long; shorten it",
    errno.ENXIO: "a socket or a device without a driver; give a file",
    # A lease, which Samba takes for a client's oplock, makes an open with O_NONBLOCK fail like this.
    errno.EWOULDBLOCK: "another program holds the file; close it there and try again",
}
# What may be over soon: a writer that holds the file, a share or a stick that stumbled.
_PASSING = {errno.EWOULDBLOCK, errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.EBUSY, errno.ENODEV, errno.ENOTCONN}


def printable(path: bytes | str) -> str:
    r"""Return a path as one printable line.

    Bytes that are not UTF-8 show as ``\xe9``, control and invisible characters as ``\n`` or ``\u202e``.
    """
    raw = path.encode("utf-8", "surrogateescape") if isinstance(path, str) and _escaped(path) else path
    text = raw.decode("utf-8", "backslashreplace") if isinstance(raw, bytes) else raw
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def file_kind(mode: int) -> str:
    """Return in words what ``st_mode`` says: "a folder", "a pipe (FIFO)" ..."""
    return _KINDS.get(stat.S_IFMT(mode), "not a regular file")


def read_photo(
    path: str | bytes | os.PathLike[str] | os.PathLike[bytes],
    limits: Limits = DEFAULT_LIMITS,
    *,
    stamp: tuple[int, int] | None = None,
) -> bytes:
    """Return the bytes of the photo at ``path``, symbolic links followed.

    Never blocks: a FIFO without a writer is refused, not waited for. ``stamp`` is the size and mtime (ns) it was
    listed with. Raises PhotoUnreadable (missing, not a regular file, not permitted, empty), PhotoUnsettled (changed
    since it was listed or while it was read, held by a writer, a failing disk) or PhotoTooLarge (over
    ``limits.max_bytes``, nothing is read then).
    """
    name = printable(os.fspath(path))
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        try:
            return _read(descriptor, name, limits, stamp)
        finally:
            os.close(descriptor)
    except OSError as error:
        reason = _ADVICE.get(error.errno or 0) or f"{error.strerror}; check the disk and copy it again"
        kind = PhotoUnsettled if error.errno in _PASSING else PhotoUnreadable
        raise kind(f"{name}: {reason}") from error
    except ValueError as error:  # a NUL, or a character that no file name can hold
        raise PhotoUnreadable(f"{name}: not a file name; check the path") from error


def _read(descriptor: int, name: str, limits: Limits, stamp: tuple[int, int] | None) -> bytes:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise PhotoUnreadable(f"{name}: {file_kind(status.st_mode)}, not a regular file; give a file")
    if stamp is not None and stamp != (status.st_size, status.st_mtime_ns):
        raise PhotoUnsettled(f"{name}: changed since it was listed; it is tried again when it rests")
    if status.st_size == 0:
        raise PhotoUnreadable(f"{name}: empty file; copy it again")
    if status.st_size > limits.max_bytes:
        raise PhotoTooLarge(
            f"{name}: {status.st_size:,} bytes, at most {limits.max_bytes:,} are taken; save it smaller"
        )
    data = bytearray()
    # Never past the size seen above: a file that grows for ever would be read for ever.
    while part := os.read(descriptor, status.st_size + 1 - len(data)):
        data += part
    after = os.fstat(descriptor)
    if len(data) != status.st_size or (after.st_size, after.st_mtime_ns) != (status.st_size, status.st_mtime_ns):
        raise PhotoUnsettled(f"{name}: changed while it was read; try again when it is copied completely")
    return bytes(data)


def _escaped(text: str) -> bool:
    return any("\udc80" <= c <= "\udcff" for c in text) and not any("\ud800" <= c < "\udc80" for c in text)
