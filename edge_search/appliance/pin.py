"""The PIN that opens staff mode at the kiosk."""

from __future__ import annotations

import hashlib
import hmac
import os
import time

from edge_search.errors import InvalidValue
from edge_search.store import pin, sessions
from edge_search.store.database import Database
from edge_search.store.pin import Attempts

__all__ = ["Locked", "Pin"]

_FREE = 5  # wrong entries before the first wait
_FIRST_WAIT_S = 60.0
_LONGEST_WAIT_S = 3600.0
# RFC 7914's interactive cost: 16 MiB and some 40 ms an entry.
_COST = {"n": 2**14, "r": 8, "p": 1, "dklen": 32}


class Locked(Exception):
    """No PIN is taken for ``seconds`` more."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"locked for {seconds:.0f} s")
        self.seconds = seconds


class Pin:
    """`box.pin`: 4 to 12 digits, hashed with scrypt; after 5 wrong ones a wait of a minute, doubling up to an hour."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __bool__(self) -> bool:
        """Return whether one is set."""
        with self._database.read() as tables:
            return pin.hash_of(tables) is not None

    def set(self, digits: str) -> None:
        """Set the PIN; whoever logged in with an older one is logged out.

        Raises:
            InvalidValue: not 4 to 12 digits, or one that is tried first.
        """
        if not (digits.isascii() and digits.isdigit() and 4 <= len(digits) <= 12):
            raise InvalidValue("the PIN has 4 to 12 digits, nothing else")
        if len(set(digits)) == 1 or digits in "01234567890123" or digits in "98765432109876":
            raise InvalidValue("this PIN is among the first that would be tried; choose another")
        salt = os.urandom(16)
        salted = f"{salt.hex()}${_scrypt(digits, salt).hex()}"
        with self._database.write() as tables:
            pin.put(tables, salted)
            sessions.drop_pin_sessions(tables)

    def clear(self) -> bool:
        """Forget the PIN and log out whoever used it; return whether there was one."""
        with self._database.write() as tables:
            sessions.drop_pin_sessions(tables)
            return pin.clear(tables)

    def check(self, digits: str) -> bool:
        """Return whether that is the PIN.

        The entry is counted as wrong first and taken back when it was right: neither a power cut nor many at
        the same time give a free one.

        Raises:
            Locked: too many were wrong; nothing was compared.
        """
        with self._database.write() as tables:
            salted = pin.hash_of(tables)
            if salted is None:
                return False
            before = pin.attempts(tables)
            wait = _left(before, time.time())
            if wait > 0:
                # A clock that was set back must not lock the box for years.
                pin.note_attempts(tables, Attempts(before.wrong, time.time() + wait))
                locked: float | None = wait
            else:
                locked = None
                pin.note_attempts(tables, _one_more(before, time.time()))
        if locked is not None:
            raise Locked(locked)
        salt, _, digest = salted.partition("$")
        if not hmac.compare_digest(_scrypt(digits, bytes.fromhex(salt)), bytes.fromhex(digest)):
            return False
        with self._database.write() as tables:
            pin.note_attempts(tables, Attempts())
        return True


def _left(count: Attempts, at: float) -> float:
    return max(0.0, min(count.locked_until - at, _wait(count.wrong)))


def _one_more(count: Attempts, at: float) -> Attempts:
    wrong = count.wrong + 1
    return Attempts(wrong, at + _wait(wrong) if wrong >= _FREE else 0.0)


def _wait(wrong: int) -> float:
    return min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2.0 ** min(wrong - _FREE, 10)) if wrong >= _FREE else 0.0


def _scrypt(digits: str, salt: bytes) -> bytes:
    return hashlib.scrypt(digits.encode("utf-8", "surrogatepass"), salt=salt, **_COST)
