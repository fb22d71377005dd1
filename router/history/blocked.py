"""Who may not write by chat, until when: asked with every message, so the answer is in memory.

The table is the truth. The copy follows it within seconds; what this process changes it sees at
once. Residents are known by the keys of their addresses, or by the id of a conversation.
"""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec
from sqlalchemy import Connection, delete, select

from router.core.model import SECOND, Instant, Span
from router.history.audit import note
from router.history.database import Database
from router.history.tables import NAME
from router.history.tables import blocked as t
from router.history.upsert import upsert
from router.ports import Clock

REFRESH_EVERY: Final[Span] = 10 * SECOND


class BlockedRow(msgspec.Struct, frozen=True):
    """A row of table `blocked`."""

    address_key: str  # of an address or network address, or a conversation's id
    until: Instant | None  # None: until somebody unblocks it
    reason: str
    by: str  # account name


class Blocked:
    """The list, and the `Duty` that follows it. Errors of coroutines: `StorageFailed`."""

    name = "blocked-refresh"
    period: Span = REFRESH_EVERY

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._rows: dict[str, BlockedRow] = {}
        self._changing = asyncio.Lock()  # or a refresh begun before a change would undo it

    def is_blocked(self, key: str) -> bool:
        """Say whether nobody of this key, or in this conversation, may write now."""
        row = self._rows.get(key)
        return row is not None and (row.until is None or self._clock.now() < row.until)

    async def block(self, key: str, until: Instant | None, reason: str, by: str) -> None:
        """Block the key from now on; who was blocked already is so until then."""
        row = BlockedRow(key, until, reason[:NAME], by)
        now = self._clock.now()

        def change(connection: Connection) -> None:
            upsert(connection, t, [row])
            note(connection, now, by, "chat-blocked", key)

        async with self._changing:
            await self._database.write(change)
            self._rows[key] = row

    async def unblock(self, key: str, by: str) -> None:
        """Let them write again; harmless when they may."""
        now = self._clock.now()

        def change(connection: Connection) -> None:
            if connection.execute(delete(t).where(t.c.address_key == key)).rowcount:
                note(connection, now, by, "chat-unblocked", key)

        async with self._changing:
            await self._database.write(change)
            self._rows.pop(key, None)

    async def everyone(self) -> list[BlockedRow]:
        """Return who is blocked now, by key."""
        now = self._clock.now()
        return [row for row in await self._stored() if row.until is None or now < row.until]

    async def __call__(self) -> None:
        """Forget the blocks that have ended, and follow what others have changed."""
        now = self._clock.now()
        async with self._changing:
            rows = await self._stored()
            if any(row.until is not None and row.until <= now for row in rows):
                over = delete(t).where(t.c.until <= now)
                await self._database.write(lambda connection: connection.execute(over).rowcount)
            self._rows = {row.address_key: row for row in rows}

    async def _stored(self) -> list[BlockedRow]:
        query = select(t).order_by(t.c.address_key)
        return await self._database.read(
            lambda connection: [BlockedRow(**row._mapping) for row in connection.execute(query)]
        )
