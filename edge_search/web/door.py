"""The door: how many connections there may be."""

from __future__ import annotations

from collections import Counter

from edge_search.web.headers import is_loopback

__all__ = ["Door"]

_OWN_SHARE = 8


class Door:
    """Counts connections: at most ``most`` in all, ``each`` of one address; used on the event loop only.

    An eighth is kept for this machine, so that its own kiosk gets through whatever others do. Programs on this
    machine, such as a proxy before the box, are not counted by address.
    """

    def __init__(self, most: int, each: int) -> None:
        self.refused = 0
        self._most = most
        self._others = max(1, most - most // _OWN_SHARE)
        self._each = each
        self._by_address: Counter[str] = Counter()

    @property
    def open(self) -> int:
        """Connections at this moment."""
        return self._by_address.total()

    def enter(self, address: str) -> bool:
        """Take a connection of ``address`` in, or say no."""
        if is_loopback(address):
            fits = self.open < self._most
        else:
            fits = self.open < self._others and self._by_address[address] < self._each
        if fits:
            self._by_address[address] += 1
        else:
            self.refused += 1
        return fits

    def leave(self, address: str) -> None:
        """Forget a connection that was taken in."""
        self._by_address[address] -= 1
        if self._by_address[address] <= 0:
            del self._by_address[address]
