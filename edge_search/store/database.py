"""Connections to the store: many read-only snapshots, one short write transaction at a time."""

from __future__ import annotations

import contextlib
import ctypes
import sqlite3
import threading
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

from sqlite_utils import Database as Tables

from edge_search.errors import EdgeSearchError, StoreDamaged, StoreError
from edge_search.store.home import Home
from edge_search.store.lock import LockName, held, waited_for
from edge_search.store.schema import MIGRATIONS, migrate, schema_version
from edge_search.store.space import Space
from edge_search.store.trouble import translated

__all__ = ["Database", "Tables", "now"]

# The WAL is folded back into the database at this size, by the writer that holds the lock.
_CHECKPOINT_BYTES = 8 * 2**20
_POOLED_READERS = 8


def now() -> str:
    """Return the time for a row: UTC, ISO 8601, seconds."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


class Database:
    """The SQLite file of one home, shared by threads and processes.

    ``read()`` gives a read-only connection inside one snapshot. ``write()`` gives the writer: a lock file is
    held first, for SQLite before 3.51.3 can be damaged when two connections write and checkpoint at the same
    instant; so writes and checkpoints happen only under it, and readers never checkpoint.
    """

    def __init__(self, home: Home, *, lock_timeout_s: float = 30, reserve_mb: int = 0) -> None:
        self.home = home
        self._space = Space(home, reserve_mb)
        self._lock_timeout_s = lock_timeout_s
        self._readers: list[Tables] = []
        self._guard = threading.Lock()
        self._writing = threading.RLock()
        self._writer: Tables | None = None
        self._depth = 0
        self._inode = 0
        self._closed = False
        try:
            self._create()
        except BaseException:
            self.close()
            raise

    @contextlib.contextmanager
    def read(self) -> Iterator[Tables]:
        """Give a read-only connection; all its queries see one snapshot.

        Raises:
            StoreError: closed, damaged, or not readable.
        """
        self._forget_replaced()
        tables = self._take_reader()
        try:
            with translated(self.home.database):
                tables.conn.execute("BEGIN")
                try:
                    yield tables
                finally:
                    if tables.conn.in_transaction:
                        tables.conn.execute("ROLLBACK")
        except BaseException:
            tables.conn.close()
            raise
        self._give_reader(tables)

    @contextlib.contextmanager
    def write(self) -> Iterator[Tables]:
        """Give the writer inside one transaction: all of it is committed and durable, or none of it.

        Nested calls of one thread join the outer transaction. Keep it short: nothing is decoded, encoded or
        built inside.

        Raises:
            StoreBusy: another process held the lock longer than the timeout.
            NoSpace: the disk is full; nothing of this transaction was stored.
        """
        with self._writing:
            if self._depth:
                yield self._connected_writer()
                return
            with held(self.home, "writer", self._lock_timeout_s), translated(self.home.database):
                self._forget_replaced()
                short = self._space.short()
                tables = self._connected_writer()
                tables.conn.execute("BEGIN IMMEDIATE")
                self._depth = 1
                try:
                    yield tables
                    tables.conn.execute("COMMIT")
                except BaseException:
                    if tables.conn.in_transaction:
                        tables.conn.execute("ROLLBACK")
                    raise
                finally:
                    self._depth = 0
                self._checkpoint(tables, at=0 if short else _CHECKPOINT_BYTES)

    def exclusive(self, name: LockName) -> contextlib.AbstractContextManager[None]:
        """Hold the ``sync`` or ``build`` lock of this home, waiting as long as another process works.

        It is not the writer lock: others go on reading and writing.
        """
        return waited_for(self.home, name)

    def need_space(self, size: int = 0) -> None:
        """Refuse to write ``size`` bytes beside the store while the disk is nearly full; see `Space.need`."""
        self._space.need(size)

    def forget_pages(self) -> None:
        """Let the next read see what is in the file, not pages that a connection remembers."""
        with self._guard:
            for tables in self._readers:
                tables.conn.close()
            self._readers.clear()

    def close(self) -> None:
        """Close all connections. Later calls raise StoreError."""
        with self._writing, self._guard:
            self._closed = True
            for tables in self._readers:
                tables.conn.close()
            self._readers.clear()
            if self._writer is not None:
                # The last connection to close folds the WAL back: that is a write, so under the lock.
                with contextlib.suppress(EdgeSearchError), held(self.home, "writer", self._lock_timeout_s):
                    self._writer.conn.close()
                self._writer = None

    def _create(self) -> None:
        fresh = not self.home.database.exists()
        # A power cut before the WAL was switched on leaves a journal, and only a writer may roll it back: a
        # read-only connection says "attempt to write a readonly database".
        halved = Path(f"{self.home.database}-journal").exists()
        if not fresh and not halved:
            with self.read() as tables:
                version = schema_version(tables)
            if version == len(MIGRATIONS):
                return
        with self.write() as tables:
            if not fresh and 0 < schema_version(tables) < len(MIGRATIONS):
                self._back_up(schema_version(tables))
            migrate(tables)

    def _back_up(self, version: int) -> None:
        target = self.home.root / f"catalog.before-schema-{version + 1}.sqlite3"
        with self.read() as tables, contextlib.closing(sqlite3.connect(target)) as copy:
            tables.conn.backup(copy)

    def _forget_replaced(self) -> None:
        """Drop connections to a file that is not the home's database any more (recovered or restored)."""
        try:
            found = self.home.database.stat()
        except OSError:
            found = None
        # One that is just being made has no bytes yet.
        inode = found.st_ino if found and found.st_size else 0
        with self._guard:
            if self._inode and not inode:
                # SQLite would go on in a file without a name, and every change would end with this process.
                raise StoreDamaged(f"{self.home.database} is gone or empty; run 'edge-search repair'")
            if inode == self._inode:
                return
            if self._inode:
                for tables in [*self._readers, *([self._writer] if self._writer else [])]:
                    _abandon(tables.conn)
                self._readers.clear()
                self._writer = None
            self._inode = inode

    def _connected_writer(self) -> Tables:
        if self._closed:
            raise StoreError(f"{self.home.database}: already closed")
        if self._writer is None:
            conn = sqlite3.connect(
                self.home.database,
                isolation_level=None,
                check_same_thread=False,
                timeout=self._lock_timeout_s,
            )
            # After the log was folded back it is cut to the size at which that is done, not done again at once.
            limit = f"journal_size_limit={_CHECKPOINT_BYTES}"
            # FULL: with NORMAL, acknowledged rows were lost in 13 of 13 simulated power cuts, with FULL in none.
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=0", limit, "foreign_keys=ON"):
                conn.execute(f"PRAGMA {pragma}")
            self._writer = Tables(conn, execute_plugins=False)
        return self._writer

    def _take_reader(self) -> Tables:
        with self._guard:
            if self._closed:
                raise StoreError(f"{self.home.database}: already closed")
            if self._readers:
                return self._readers.pop()
        with translated(self.home.database):
            conn = sqlite3.connect(
                f"{self.home.database.as_uri()}?mode=ro",
                uri=True,
                isolation_level=None,
                check_same_thread=False,
            )
            conn.execute("PRAGMA query_only=ON")
            return Tables(conn, execute_plugins=False)

    def _give_reader(self, tables: Tables) -> None:
        with self._guard:
            if not self._closed and len(self._readers) < _POOLED_READERS:
                self._readers.append(tables)
                return
        tables.conn.close()

    def _checkpoint(self, tables: Tables, *, at: int) -> None:
        wal = Path(f"{self.home.database}-wal")
        with contextlib.suppress(OSError, sqlite3.OperationalError):
            if wal.stat().st_size > at:
                # PASSIVE never waits for readers; the next writer goes on where it had to stop.
                tables.conn.execute("PRAGMA wal_checkpoint(PASSIVE)")


def _abandon(conn: sqlite3.Connection) -> None:
    """Let go of a connection without closing it, for good.

    The last connection to close deletes the WAL by its name, and under that name the new database may have
    its own by now. A reference that is never given back keeps Python from closing it, at exit too.
    """
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(conn))
