"""Signed-in browsers and terminals: a random token that only its holder knows.

Kept as SHA-256, so that a copy of the database signs nobody in (a token has 256 random bits: no
salt, no slow hash needed). A session lasts twelve hours from its last use.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

from sqlalchemy import Connection, delete, insert, select, update

from router.core.model import HOUR, MINUTE, Instant, Span
from router.history.account_rows import Account, account_name, account_of
from router.history.database import Database
from router.history.tables import accounts
from router.history.tables import sessions as t
from router.ports import Clock

LASTS: Final[Span] = 12 * HOUR
SLIDE_EVERY: Final[Span] = MINUTE  # a busy desk does not write with every request
TOKEN_BYTES: Final = 32
TOKEN_LENGTH_MAX: Final = 100  # of what a client sends; longer is nobody's token


class Sessions:
    """Errors of all methods: `StorageFailed`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def open(self, name: str) -> str:
        """Begin a session of that account, which has just been verified; return its token."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        now = self._clock.now()

        def begin(connection: Connection) -> None:
            connection.execute(delete(t).where(t.c.expires_at <= now))
            connection.execute(
                insert(t).values(
                    token=_kept(token),
                    account=account_name(name),
                    created_at=now,
                    expires_at=now + LASTS,
                    last_seen=now,
                )
            )

        await self._database.write(begin)
        return token

    async def find(self, token: str) -> Account | None:
        """Return whose session it is, as the account stands now; None when over or unknown."""
        if not token or len(token) > TOKEN_LENGTH_MAX:
            return None
        now = self._clock.now()
        kept = _kept(token)
        query = (
            select(accounts, t.c.last_seen)
            .join(t, t.c.account == accounts.c.name)
            .where(t.c.token == kept, t.c.expires_at > now, accounts.c.disabled_at.is_(None))
        )
        row = await self._database.read(lambda connection: connection.execute(query).one_or_none())
        if row is None:
            return None
        if now - row.last_seen >= SLIDE_EVERY:
            await self._database.write(lambda connection: _slide(connection, kept, now))
        return account_of(row)

    async def close(self, token: str) -> None:
        """End the session; harmless when it is over."""
        kept = _kept(token)
        await self._database.write(
            lambda connection: connection.execute(delete(t).where(t.c.token == kept)).rowcount
        )

    async def close_all(self, name: str) -> None:
        """End all sessions of the account."""
        account = account_name(name)
        await self._database.write(
            lambda connection: connection.execute(delete(t).where(t.c.account == account)).rowcount
        )


def _slide(connection: Connection, kept: str, now: Instant) -> None:
    connection.execute(
        update(t).where(t.c.token == kept).values(last_seen=now, expires_at=now + LASTS)
    )


def _kept(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
