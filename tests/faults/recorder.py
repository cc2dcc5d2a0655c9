"""What a process did to the files below a folder, in order, as strace saw it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TypeAlias

__all__ = ["Ack", "Enter", "File", "Leave", "Move", "Operation", "Resize", "Sync", "Write", "record", "unavailable"]

_CALLS = (
    "openat,open,creat,dup,dup2,dup3,fcntl,lseek,write,pwrite64,writev,pwritev,ftruncate,truncate,fallocate,fsync,"
    "fdatasync,sync_file_range,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,link,linkat,symlink,"
    "symlinkat,copy_file_range,sendfile"
)
_HARMLESS = {"fcntl", "sync_file_range"}  # other commands of fcntl; a hint that promises nothing
_LINE = re.compile(r"^(\d+) +(?:<\.\.\. (\w+) resumed>)?(.*)$")
_CALL = re.compile(r"^(\w+)\((.*)\) += (-?\d+)(?:<([^>]*)>)?")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_DESCRIPTOR = re.compile(r"(-?\d+|AT_FDCWD)<((?:\\x[0-9a-f]{2})*)>")


@dataclass(eq=False)
class File:
    """A file or, with ``entries``, a folder: what a name points at, whatever it is called."""

    entries: dict[str, File] | None = None


@dataclass(frozen=True)
class Enter:
    """A new file or folder got a name."""

    folder: File
    name: str
    file: File


@dataclass(frozen=True)
class Move:
    """A name was changed; what had the new one before lost it."""

    source: File
    old: str
    target: File
    new: str
    file: File


@dataclass(frozen=True)
class Leave:
    """A name was taken away."""

    folder: File
    name: str
    file: File


@dataclass(frozen=True)
class Write:
    """Bytes went to a place in a file."""

    file: File
    offset: int
    data: bytes


@dataclass(frozen=True)
class Resize:
    """A file was cut or lengthened."""

    file: File
    size: int


@dataclass(frozen=True)
class Sync:
    """A file or folder was made durable, as far as the operations before number ``upto`` go."""

    file: File
    upto: int


@dataclass(frozen=True)
class Ack:
    """A line in the file of acknowledgements."""

    what: str
    name: str


Operation: TypeAlias = Enter | Move | Leave | Write | Resize | Sync | Ack


def unavailable() -> str | None:
    """Return why nothing can be recorded on this machine, None when it can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    tried = subprocess.run(
        ["strace", "-f", "--seccomp-bpf", "-o", "/dev/null", "true"], capture_output=True, text=True, check=False
    )
    return None if tried.returncode == 0 else f"strace may not trace here: {tried.stderr.strip()[:200]}"


def record(command: Sequence[str], root: Path, acks: Path, trace: Path, environ: dict[str, str]) -> list[Operation]:
    """Run ``command`` and return what it did below ``root`` (which holds nothing yet) and to the file ``acks``.

    Limits: one process with threads, no symlinks or hard links below ``root``; what is written through shared
    memory maps is not seen (SQLite's ``-shm`` is, which is made anew after a crash; nothing else is). A call
    counts from its return, an fsync covers what had returned before it began: never more durable than it was.
    """
    options = ["-f", "--seccomp-bpf", "-y", "-xx", "-s", "100000000", "-e", f"trace={_CALLS}", "-o", str(trace)]
    subprocess.run(["strace", *options, *command], check=True, env=environ)
    return _Parser(root, acks).parse(trace)


@dataclass
class _Open:
    file: File
    append: bool
    offset: int = 0


@dataclass
class _Parser:
    root: Path
    acks: Path
    top: File = field(default_factory=lambda: File({}))
    operations: list[Operation] = field(default_factory=list)
    sizes: dict[File, int] = field(default_factory=dict)
    opened: dict[int, _Open] = field(default_factory=dict)

    def parse(self, trace: Path) -> list[Operation]:
        waiting: dict[str, tuple[str, int]] = {}
        for line in trace.read_text().splitlines():
            found = _LINE.match(line)
            assert found, line[:200]
            pid, resumed, rest = found.groups()
            began = len(self.operations)
            if resumed:
                start, began = waiting.pop(pid)
                rest = start + rest
            elif rest.endswith("<unfinished ...>"):
                waiting[pid] = rest.removesuffix("<unfinished ...>").rstrip(), began
                continue
            call = _CALL.match(rest)
            if call and int(call[3]) >= 0:
                self._take(call[1], call[2], int(call[3]), began)
        return self.operations

    def _take(self, name: str, arguments: str, result: int, began: int) -> None:
        if name in {"openat", "open", "creat"}:
            self._open(arguments, result)
        elif name in {"dup", "dup2", "dup3"} or (name == "fcntl" and "F_DUPFD" in arguments):
            number = int(_descriptors(arguments)[0][0])
            self.opened.pop(result, None)
            if number in self.opened:
                self.opened[result] = self.opened[number]
        elif name in {"rename", "renameat", "renameat2"}:
            self._rename(*_paths(arguments))
        elif name in {"unlink", "unlinkat", "rmdir"}:
            folder, last = self._parent(_paths(arguments)[0])
            if folder is not None:
                assert folder.entries is not None
                self.operations.append(Leave(folder, last, folder.entries.pop(last)))
        elif name in {"mkdir", "mkdirat"}:
            folder, last = self._parent(_paths(arguments)[0])
            if folder is not None:
                self._enter(folder, last, File({}))
        elif (files := _descriptors(arguments)) and files[0][0] != "AT_FDCWD":
            self._on_descriptor(name, arguments, result, began, int(files[0][0]), files[0][1])

    def _on_descriptor(self, name: str, arguments: str, result: int, began: int, number: int, path: Path) -> None:
        if path == self.acks and name == "write":
            for line in _data(arguments).decode().splitlines():
                _, what, which = line.split(" ", 2)
                self.operations.append(Ack(what, which))
            return
        state = self.opened.get(number)
        if state is None or not path.is_relative_to(self.root):
            return
        file, numbers = state.file, [int(part) for part in re.findall(r", (-?\d+)(?=,|$)", arguments)]
        if name == "lseek":
            state.offset = result
        elif name == "write":
            place = self.sizes.get(file, 0) if state.append else state.offset
            self._write(file, place, _data(arguments)[:result])
            state.offset = place + result
        elif name == "pwrite64":
            self._write(file, numbers[-1], _data(arguments)[:result])
        elif name == "ftruncate":
            self.sizes[file] = numbers[-1]
            self.operations.append(Resize(file, numbers[-1]))
        elif name == "fallocate":
            self.sizes[file] = max(self.sizes.get(file, 0), sum(numbers[-2:]))
            self.operations.append(Resize(file, self.sizes[file]))
        elif name in {"fsync", "fdatasync"}:
            self.operations.append(Sync(file, began))
        else:
            assert name in _HARMLESS, f"{name} on {path}: not understood"

    def _open(self, arguments: str, result: int) -> None:
        self.opened.pop(result, None)
        flags = arguments[arguments.rindex('"') :]
        folder, last = self._parent(_paths(arguments)[0], itself=True)
        if folder is None:
            return
        assert folder.entries is not None
        file = folder if last == "" else folder.entries.get(last)
        if file is None:
            assert "O_CREAT" in flags, arguments
            file = self._enter(folder, last, File())
        elif "O_TRUNC" in flags:
            self.sizes[file] = 0
            self.operations.append(Resize(file, 0))
        self.opened[result] = _Open(file, "O_APPEND" in flags)

    def _write(self, file: File, offset: int, data: bytes) -> None:
        self.sizes[file] = max(self.sizes.get(file, 0), offset + len(data))
        self.operations.append(Write(file, offset, data))

    def _enter(self, folder: File, name: str, file: File) -> File:
        assert folder.entries is not None
        folder.entries[name] = file
        self.operations.append(Enter(folder, name, file))
        return file

    def _rename(self, old: Path, new: Path) -> None:
        source, old_name = self._parent(old)
        target, new_name = self._parent(new)
        assert (source is None) == (target is None), f"{old} -> {new}: leaves the recorded folder"
        if source is None or target is None:
            return
        assert source.entries is not None
        assert target.entries is not None
        file = source.entries.pop(old_name)
        target.entries[new_name] = file
        self.operations.append(Move(source, old_name, target, new_name, file))

    def _parent(self, path: Path, *, itself: bool = False) -> tuple[File | None, str]:
        """Return the folder of ``path`` and its last name; no folder for a path outside."""
        if not path.is_relative_to(self.root) or (path == self.root and not itself):
            return None, ""
        parts = PurePosixPath(path.relative_to(self.root)).parts
        folder = self.top
        for part in parts[:-1]:
            assert folder.entries is not None
            folder = folder.entries[part]
        return folder, parts[-1] if parts else ""


def _decoded(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def _data(arguments: str) -> bytes:
    found = _TEXT.search(arguments)
    assert found, arguments[:200]
    return _decoded(found[1])


def _descriptors(arguments: str) -> list[tuple[str, Path]]:
    return [(number, Path(_decoded(path).decode())) for number, path in _DESCRIPTOR.findall(arguments)]


def _paths(arguments: str) -> list[Path]:
    """Return the paths of a call that names some, absolute."""
    folders: Iterator[Path] = (path for _, path in _descriptors(arguments))
    return [next(folders, Path()) / _decoded(text).decode() for text in _TEXT.findall(arguments)]
