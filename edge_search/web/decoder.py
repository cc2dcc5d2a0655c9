"""The decoder: strangers' photos are decoded in processes of their own, which may die alone."""

from __future__ import annotations

import contextlib
import json
import logging
import mmap
import os
import socket
import subprocess
import sys
import threading
from dataclasses import asdict
from types import TracebackType
from typing import Any

from PIL import Image

from edge_search.errors import (
    EdgeSearchError,
    PhotoError,
    PhotoTooLarge,
    PhotoUnreadable,
    PhotoUnsupported,
)
from edge_search.imaging.decode import decode, open_photo
from edge_search.imaging.limits import Limits
from edge_search.search.searcher import Photo

__all__ = ["Decoder"]

_log = logging.getLogger("edge_search")

_PATIENCE_S = 6.0  # by the clock, for 2 s of processor time on a busy machine
_START_S = 30.0
# A decoded photo's short side has under 1,280 pixels; longer strips than this are no photos of products.
_RESULT_BYTES = 64 * 2**20
_KINDS: dict[str, type[PhotoError]] = {
    kind.__name__: kind for kind in (PhotoUnreadable, PhotoUnsupported, PhotoTooLarge)
}
_KEPT_BYTES = 4 * 2**20
_ENVIRONMENT = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    # Memory given back after each photo is asked for again page by page: 570 faults, most of the time of a small one.
    "MALLOC_MMAP_THRESHOLD_": str(32 * 2**20),
    "MALLOC_TRIM_THRESHOLD_": str(32 * 2**20),
}


class Decoder:
    """Decodes as `imaging.decode.open_photo` does, pixel for pixel; here until `start` is called, elsewhere then.

    Thread-safe. There are as many processes as were ever needed at the same time. One that died or hung costs its
    photo an error, and is replaced at once.
    """

    def __init__(self) -> None:
        self.died = 0
        self._idle: list[_Child] = []
        self._all: set[_Child] = set()
        self._guard = threading.Lock()
        self._max_bytes = 0

    def __call__(self, photo: Photo, limits: Limits) -> Image.Image:
        """Return a photo upright, in sRGB, reduced.

        Raises:
            PhotoError: it can't be used.
            EdgeSearchError: processes can't be started.
        """
        if not self._max_bytes or not isinstance(photo, bytes):
            return open_photo(photo, limits)
        if not photo or len(photo) > min(limits.max_bytes, self._max_bytes):
            return decode(photo, limits)  # refuses it by its size
        child = self._taken()
        try:
            image = child.decode(photo, limits)
        except _Died as error:
            self._replace(child)
            _log.warning("a photo of %d bytes ended the process that decodes (%s)", len(photo), error)
            raise PhotoUnreadable(
                "the photo can't be used: decoding it takes too much time or memory; save it anew"
            ) from None
        except PhotoError:
            self._give_back(child)
            raise
        except BaseException:
            self._drop(child)
            raise
        self._give_back(child)
        return image

    def __enter__(self) -> Decoder:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the processes."""
        self.close()

    @property
    def processes(self) -> list[int]:
        """The numbers of the processes there are."""
        with self._guard:
            return sorted(child.pid for child in self._all)

    def start(self, number: int, max_bytes: int) -> None:
        """From now on decode photos of at most ``max_bytes`` elsewhere, in ``number`` processes at first."""
        self._max_bytes = max_bytes
        for _ in range(number):
            self._give_back(self._new())

    def close(self) -> None:
        """End the processes; photos are decoded here again."""
        self._max_bytes = 0
        with self._guard:
            children, self._all, self._idle = list(self._all), set(), []
        for child in children:
            child.close()

    def _taken(self) -> _Child:
        while True:
            with self._guard:
                child = self._idle.pop() if self._idle else None  # the last one: its memory is warm
            if child is None:
                return self._new()
            if child.alive:
                return child
            self._drop(child)  # ended while it had nothing to do: no photo's fault

    def _give_back(self, child: _Child) -> None:
        with self._guard:
            if child in self._all:
                self._idle.append(child)

    def _drop(self, child: _Child) -> None:
        with self._guard:
            self._all.discard(child)
        child.close()

    def _replace(self, child: _Child) -> None:
        self.died += 1
        self._drop(child)
        self._give_back(self._new())  # it gets ready while the others go on

    def _new(self) -> _Child:
        try:
            child = _Child(self._max_bytes)
        except OSError as error:
            raise EdgeSearchError(f"no process to decode photos can be started: {error}; see 'doctor'") from error
        with self._guard:
            self._all.add(child)
        return child


class _Died(Exception):
    """A process ended, hung, or answered what it can't have been asked."""


class _Child:
    """One process, and the memory that it shares with us."""

    def __init__(self, max_bytes: int) -> None:
        self._ready = False
        self._orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        photo, result = os.memfd_create("photo"), os.memfd_create("pixels")
        try:
            # Sparse: only what is used takes memory. Never a write(2): the photo goes from memory to memory.
            os.ftruncate(photo, max_bytes)
            os.ftruncate(result, _RESULT_BYTES)
            self._photo = mmap.mmap(photo, max_bytes)
            self._result = mmap.mmap(result, _RESULT_BYTES)
            numbers = [theirs.fileno(), photo, max_bytes, result, _RESULT_BYTES]
            self._process = subprocess.Popen(  # noqa: S603 - our own command line
                [sys.executable, "-m", "edge_search.web.decode_child", *map(str, numbers)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(), photo, result),
                env={**os.environ, **_ENVIRONMENT, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
        except BaseException:
            self._orders.close()
            raise
        finally:
            theirs.close()
            os.close(photo)
            os.close(result)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def decode(self, data: bytes, limits: Limits) -> Image.Image:
        """Return the decoded photo; `_Died` when the process doesn't do it."""
        if not self._ready:
            try:
                self._heard(_START_S)
            except _Died as error:
                raise EdgeSearchError(f"the process that decodes photos doesn't start: {error}") from None
            self._ready = True
        self._photo[: len(data)] = data
        size = 0
        try:
            self._orders.send(json.dumps({"size": len(data), "limits": asdict(limits)}).encode())
            reply = self._heard(_PATIENCE_S)
            if "error" in reply:
                raise _KINDS.get(str(reply["error"]), PhotoUnreadable)(_one_line(str(reply.get("reason", ""))))
            width, height = (int(side) for side in reply["size"])
            original = tuple(int(side) for side in reply["original_size"])
            size = 3 * width * height
            if min(width, height, *original) < 1 or size > _RESULT_BYTES or len(original) != 2:
                raise _Died(f"it says the picture has {width} x {height} pixels")
            with memoryview(self._result) as pixels:
                image = Image.frombytes("RGB", (width, height), bytes(pixels[:size]))
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise _Died(str(error) or type(error).__name__) from None
        finally:
            _shrunk(self._photo, len(data))
            _shrunk(self._result, size)
        image.info = {"original_size": original}
        return image

    def close(self) -> None:
        """End it."""
        self._orders.close()
        self._process.kill()
        self._process.wait()
        self._photo.close()
        self._result.close()

    def _heard(self, within_s: float) -> dict[str, Any]:
        self._orders.settimeout(within_s)
        try:
            message = self._orders.recv(65536)
        except OSError as error:
            raise _Died(str(error)) from None
        if not message:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(1)
            raise _Died(f"it ended with {self._process.returncode}")
        reply = json.loads(message)
        if not isinstance(reply, dict):
            raise _Died("it answers nonsense")
        return reply


def _shrunk(shared: mmap.mmap, size: int) -> None:
    """Give back the memory of an unusually large photo; that of others is used again by the next."""
    if size > _KEPT_BYTES:
        end = -(-size // mmap.PAGESIZE) * mmap.PAGESIZE
        shared.madvise(mmap.MADV_REMOVE, _KEPT_BYTES, end - _KEPT_BYTES)


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)[:400] or "can't be read"
