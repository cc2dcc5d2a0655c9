"""Sessions: browsers that logged in, by the hash of what their cookie holds."""

from __future__ import annotations

from dataclasses import dataclass

from edge_search.store.database import Tables
from edge_search.store.tokens import Role

__all__ = ["Session", "add", "drop", "drop_pin_sessions", "find", "prune"]

_MOST = 1000  # browsers logged in at a time


@dataclass(frozen=True)
class Session:
    """One row; ``token_id`` is None when it was opened with the PIN. Times are seconds since 1970."""

    hash: bytes
    role: Role
    token_id: int | None
    expires_at: float


def add(tables: Tables, session: Session) -> None:
    """Insert a session; the oldest go when there are too many."""
    tables.execute(
        "INSERT INTO sessions (hash, role, token_id, expires_at) VALUES (?, ?, ?, ?)",
        [session.hash, session.role, session.token_id, session.expires_at],
    )
    tables.execute(
        "DELETE FROM sessions WHERE hash NOT IN (SELECT hash FROM sessions ORDER BY expires_at DESC LIMIT ?)", [_MOST]
    )


def find(tables: Tables, digest: bytes, at: float) -> Session | None:
    """Return the session of that hash, unless it has expired or its token was revoked."""
    sql = """SELECT s.hash, s.role, s.token_id, s.expires_at FROM sessions s
             LEFT JOIN tokens t ON t.token_id = s.token_id
             WHERE s.hash = ? AND s.expires_at > ? AND (s.token_id IS NULL OR t.revoked_at IS NULL)"""
    row = tables.execute(sql, [digest, at]).fetchone()
    return Session(*row) if row else None


def drop(tables: Tables, digest: bytes) -> None:
    """Delete one session."""
    tables.execute("DELETE FROM sessions WHERE hash = ?", [digest])


def drop_pin_sessions(tables: Tables) -> None:
    """Delete all sessions that were opened with the PIN."""
    tables.execute("DELETE FROM sessions WHERE token_id IS NULL")


def prune(tables: Tables, at: float) -> None:
    """Delete what has expired, and what a clock that was set back would keep for ever."""
    tables.execute("DELETE FROM sessions WHERE expires_at <= ? OR expires_at > ?", [at, at + 400 * 86400])
