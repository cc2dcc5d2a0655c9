"""A disk that loses what was not synced: what may be found after a power cut in the middle of a recording."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from tests.faults.recorder import Ack, Enter, File, Leave, Move, Operation, Resize, Sync, Write

__all__ = ["acknowledged", "after_cut"]

_SECTOR = 512


def acknowledged(operations: Sequence[Operation], cut: int) -> list[tuple[str, str]]:
    """Return what had been acknowledged before operation number ``cut``."""
    return [(operation.what, operation.name) for operation in operations[:cut] if isinstance(operation, Ack)]


def after_cut(
    operations: Sequence[Operation],
    cut: int,
    target: Path,
    chance: random.Random,
    *,
    kept: float | None = None,
    torn: float = 0.2,
) -> None:
    """Write into ``target`` what a power cut before operation number ``cut`` may leave.

    Durable are the bytes of a file up to its last fsync, the names in a folder up to the folder's last fsync,
    and a file's own name once the file was synced after it got it (as ext4 and XFS do). Of everything else each
    write, cut, new, changed and removed name may have reached the disk or not, independently of order; a write
    may also have come to an end in its middle. No journaling file system is worse than that.

    Args:
        operations: the recording.
        cut: how many of them had been done.
        target: a folder for the result.
        chance: what luck decides.
        kept: share of what was not synced that is kept all the same; luck by default.
        torn: share of the kept writes that stopped in their middle.
    """
    durable = _durable(operations, cut)
    kept = chance.choice([0.0, 0.3, 0.7, 1.0]) if kept is None else kept
    data: dict[File, bytearray] = {}
    names: dict[File, dict[str, File]] = {}
    for number, operation in enumerate(operations[:cut]):
        if number not in durable and chance.random() >= kept:
            continue
        if isinstance(operation, Enter):
            names.setdefault(operation.folder, {})[operation.name] = operation.file
        elif isinstance(operation, Leave):
            if names.get(operation.folder, {}).get(operation.name) is operation.file:
                del names[operation.folder][operation.name]
        elif isinstance(operation, Move):
            if names.get(operation.source, {}).get(operation.old) is operation.file:
                del names[operation.source][operation.old]
            names.setdefault(operation.target, {})[operation.new] = operation.file
        elif isinstance(operation, Write):
            length = len(operation.data)
            if number not in durable and chance.random() < torn:
                length = chance.randrange(0, length + 1, _SECTOR)
            _put(data.setdefault(operation.file, bytearray()), operation.offset, operation.data[:length])
        elif isinstance(operation, Resize):
            content = data.setdefault(operation.file, bytearray())
            content[operation.size :] = bytes(max(0, operation.size - len(content)))
    top = next(operation.folder for operation in operations if isinstance(operation, Enter))
    _materialise(top, names, data, target)


def _durable(operations: Sequence[Operation], cut: int) -> set[int]:
    pending: dict[File, list[int]] = {}
    found: set[int] = set()
    for number, operation in enumerate(operations[:cut]):
        if isinstance(operation, Sync):
            waiting = pending.get(operation.file, [])
            found.update(other for other in waiting if other < operation.upto)
            pending[operation.file] = [other for other in waiting if other >= operation.upto]
        else:
            for file in _touched(operation):
                pending.setdefault(file, []).append(number)
    return found


def _touched(operation: Operation) -> list[File]:
    """Return what can be synced to make an operation durable: its file, and the folder of a name."""
    if isinstance(operation, Enter):
        # A folder's own name is not made durable by syncing that folder, only by syncing the one it stands in.
        return [operation.folder] if operation.file.entries is not None else [operation.folder, operation.file]
    if isinstance(operation, Leave):
        return [operation.folder]
    if isinstance(operation, Move):
        return [operation.source, operation.target, operation.file]
    if isinstance(operation, Write | Resize):
        return [operation.file]
    return []


def _put(content: bytearray, offset: int, data: bytes) -> None:
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


def _materialise(folder: File, names: dict[File, dict[str, File]], data: dict[File, bytearray], target: Path) -> None:
    target.mkdir(exist_ok=True)
    for name, file in names.get(folder, {}).items():
        if file.entries is None:
            (target / name).write_bytes(data.get(file, b""))
        else:
            _materialise(file, names, data, target / name)
