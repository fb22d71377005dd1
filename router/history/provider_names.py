"""Whom the sign-in provider sends, and what was begun there and has not come back.

An administrator says what the provider calls a person; the two names are compared letter by letter.
What was begun is kept here, not in one daemon's memory, because the browser may come back to
another daemon; it is given out once, so that nothing can be sent twice. All methods are coroutines
and may raise `StorageFailed`.
"""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec
from sqlalchemy import Connection, delete, func, insert, select

from router.core.model import MINUTE, Span
from router.errors import NotAllowed, Overloaded
from router.history.account_rows import (
    Account,
    account_name,
    account_of,
    end_sessions,
    existing,
    give_provider_name,
    set_values,
)
from router.history.audit import note
from router.history.database import Database
from router.history.tables import accounts
from router.history.tables import sign_ins as t
from router.ports import Clock

LASTS: Final[Span] = 10 * MINUTE  # for a password and a second factor at the provider
OPEN_MAX: Final = 5_000


class Begun(msgspec.Struct, frozen=True):
    """A sign-in that the provider has been asked for."""

    verifier: str  # of PKCE
    nonce: str
    page: str  # of the console, to go on with


class ProviderNames:
    """See the module's text."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def begin(self, state: str, verifier: str, nonce: str, page: str) -> None:
        """Keep what is needed when the browser comes back. Errors: `Overloaded`."""
        now = self._clock.now()

        def keep(connection: Connection) -> None:
            connection.execute(delete(t).where(t.c.expires_at <= now))
            if connection.execute(select(func.count()).select_from(t)).scalar_one() >= OPEN_MAX:
                raise Overloaded(retry_after_s=60)
            connection.execute(
                insert(t).values(
                    state=_kept(state),
                    verifier=verifier,
                    nonce=nonce,
                    page=page,
                    expires_at=now + LASTS,
                )
            )

        await self._database.write(keep)

    async def take(self, state: str) -> Begun | None:
        """Return what was begun, once; None when it is unknown, taken already or too old."""
        now = self._clock.now()
        is_open = select(t.c.state).where(t.c.state == _kept(state), t.c.expires_at > now)
        # anybody may send a state that nobody has begun: it must not wait in line with writers
        if not await self._database.read(lambda connection: connection.execute(is_open).first()):
            return None
        query = delete(t).where(t.c.state == _kept(state)).returning(t)
        row = await self._database.write(lambda connection: connection.execute(query).one_or_none())
        if row is None:  # another daemon was quicker
            return None
        return Begun(row.verifier, row.nonce, row.page)

    async def account_of(self, provider_name: str) -> Account | None:
        """Return whom the provider calls so, a disabled account, too; None when there is nobody."""
        query = select(accounts).where(accounts.c.provider_name == provider_name)
        if not provider_name:
            return None
        row = await self._database.read(lambda connection: connection.execute(query).one_or_none())
        return None if row is None else account_of(row)

    async def give(
        self, name: str, provider_name: str, *, keeps_password: bool, by: str
    ) -> Account:
        """Say what the provider calls the account's person ("" = nobody) and end its sessions.

        Shape: without `keeps_password` the local password is taken away.
        Errors: `NotAllowed`: no such account, somebody else has the name, or nothing is left to
            sign in with.
        """
        name = account_name(name)
        now = self._clock.now()

        def change(connection: Connection) -> Account:
            row = existing(connection, name)
            if not provider_name and not (keeps_password and row.password):
                raise NotAllowed(f"nobody could sign in as {name!r}: give a new password first")
            give_provider_name(connection, name, provider_name)
            if not keeps_password:
                set_values(connection, name, password="", must_change=False, failures=0)
            end_sessions(connection, name)
            way = "" if keeps_password else ", no password"
            note(connection, now, by, "provider-name-set", f"{name} ({provider_name}{way})")
            return account_of(existing(connection, name))

        return await self._database.write(change)


def _kept(state: str) -> str:
    return hashlib.sha256(state.encode(errors="replace")).hexdigest()
