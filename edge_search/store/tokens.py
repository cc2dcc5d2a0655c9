"""Tokens: who may ask over HTTP, by name and role; only their hashes are kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Literal, get_args

from edge_search.store.database import Tables, now

__all__ = ["ROLES", "Role", "Token", "add", "by_id", "listed", "live", "note_use", "revoke"]

Role = Literal["query", "metrics", "staff", "admin"]
ROLES: tuple[str, ...] = get_args(Role)
_FIELDS = "token_id, name, role, hash, created_at, last_used, revoked_at"


@dataclass(frozen=True)
class Token:
    """One row. ``last_used`` is a day: more would be a log of staff."""

    token_id: int
    name: str
    role: Role
    hash: bytes
    created_at: str
    last_used: str | None
    revoked_at: str | None


def add(tables: Tables, name: str, role: Role, digest: bytes) -> int:
    """Insert a token; a revoked one of that name keeps its row. Returns its number."""
    cursor = tables.execute(
        "INSERT INTO tokens (name, role, hash, created_at) VALUES (?, ?, ?, ?)", [name, role, digest, now()]
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def listed(tables: Tables) -> list[Token]:
    """Return all tokens, revoked ones too, oldest first."""
    return [Token(*row) for row in tables.execute(f"SELECT {_FIELDS} FROM tokens ORDER BY token_id")]


def live(tables: Tables) -> list[Token]:
    """Return the tokens that hold now."""
    return [Token(*row) for row in tables.execute(f"SELECT {_FIELDS} FROM tokens WHERE revoked_at IS NULL")]


def by_id(tables: Tables, token_id: int) -> Token | None:
    """Return one token that holds now."""
    row = tables.execute(f"SELECT {_FIELDS} FROM tokens WHERE token_id = ? AND revoked_at IS NULL", [token_id])
    found = row.fetchone()
    return Token(*found) if found else None


def revoke(tables: Tables, name: str) -> bool:
    """Revoke the token of that name, and the sessions opened with it; return whether there was one."""
    tables.execute("DELETE FROM sessions WHERE token_id IN (SELECT token_id FROM tokens WHERE name = ?)", [name])
    sql = "UPDATE tokens SET revoked_at = ? WHERE name = ? AND revoked_at IS NULL"
    return tables.conn.execute(sql, [now(), name]).rowcount > 0


def note_use(tables: Tables, token_id: int) -> None:
    """Note that a token was used today."""
    day = datetime.now(timezone.utc).date().isoformat()
    tables.execute("UPDATE tokens SET last_used = ? WHERE token_id = ?", [day, token_id])
