"""Tokens and sessions: who may do what over HTTP."""

from __future__ import annotations

import hmac
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from hashlib import sha256
from typing import cast

from edge_search.errors import InvalidValue, NotFound
from edge_search.store import sessions, tokens
from edge_search.store.database import Database
from edge_search.store.sessions import Session
from edge_search.store.tokens import ROLES, Role, Token

__all__ = ["FIRST_TOKEN", "Login", "Tokens"]

FIRST_TOKEN = "first"  # noqa: S105 - a name
_NAME = re.compile(r"[\w][\w .@-]{0,63}")
_PREFIX = "edge_"  # tells secret scanners and people what it is


@dataclass(frozen=True)
class Login:
    """A new session: what goes into the cookie, its role, and when it ends (seconds since 1970)."""

    secret: str
    role: Role
    expires_at: float


class Tokens:
    """`box.tokens`. A token is 256 random bits, shown once; the store keeps its SHA-256."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, name: str, role: str) -> str:
        """Make a token and return it; it can't be shown again.

        Raises:
            InvalidValue: a name that is taken or can't be one, or an unknown role.
        """
        if not _NAME.fullmatch(name):
            raise InvalidValue(f"token {name!r}: give it a name of up to 64 letters, digits and . _ @ - or blanks")
        if role not in ROLES:
            raise InvalidValue(f"role {role!r}: choose one of {', '.join(ROLES)}")
        secret = _PREFIX + secrets.token_urlsafe(32)
        with self._database.write() as tables:
            if any(token.name == name for token in tokens.live(tables)):
                raise InvalidValue(f"token {name!r}: there is one of that name; revoke it first, or choose another")
            tokens.add(tables, name, cast(Role, role), _digest(secret))
        return secret

    def create_first(self) -> str | None:
        """Make the first token of a home, role ``admin``; None when there ever was one."""
        with self._database.write() as tables:
            if tokens.listed(tables):
                return None
            return self.create(FIRST_TOKEN, "admin")

    def listed(self) -> Sequence[Token]:
        """Return all tokens, revoked ones too, oldest first."""
        with self._database.read() as tables:
            return tokens.listed(tables)

    def any(self) -> bool:
        """Return whether there is a token that holds."""
        with self._database.read() as tables:
            return bool(tokens.live(tables))

    def revoke(self, name: str) -> None:
        """Revoke a token at once, with the sessions opened by it.

        Raises:
            NotFound: no token of that name holds.
        """
        with self._database.write() as tables:
            if not tokens.revoke(tables, name):
                raise NotFound(f"token {name!r}: there is none of that name; 'edge-search token list' shows them")

    def check(self, secret: str) -> Token | None:
        """Return the token that ``secret`` is; every token is compared, each in constant time."""
        digest = _digest(secret)
        with self._database.read() as tables:
            known = tokens.live(tables)
        found = [token for token in known if hmac.compare_digest(token.hash, digest)]
        return found[0] if found else None

    def note_use(self, token: Token) -> None:
        """Note the day a token was used, once a day."""
        if token.last_used != datetime.now(timezone.utc).date().isoformat():
            with self._database.write() as tables:
                tokens.note_use(tables, token.token_id)

    def log_in(self, role: Role, token: Token | None, *, minutes: float) -> Login:
        """Open a session for ``minutes``, by a token or (None) by the PIN."""
        login = Login(secrets.token_urlsafe(32), role, time.time() + minutes * 60)
        with self._database.write() as tables:
            sessions.prune(tables, time.time())
            token_id = token.token_id if token else None
            sessions.add(tables, Session(_digest(login.secret), role, token_id, login.expires_at))
        return login

    def session(self, secret: str) -> Session | None:
        """Return the session that a cookie holds, if it holds one still."""
        with self._database.read() as tables:
            return sessions.find(tables, _digest(secret), time.time())

    def log_out(self, secret: str) -> None:
        """End a session."""
        with self._database.write() as tables:
            sessions.drop(tables, _digest(secret))


def _digest(secret: str) -> bytes:
    # 256 random bits need no salt and no slow hash: nobody can guess them from it.
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()
