"""What agents are writing, kept until it is sent, so that a closed browser loses nothing.

Also the duty that forgets what will not be sent any more: drafts of ended items, and old ones.
"""

from __future__ import annotations

from typing import Final

import msgspec
import structlog
from sqlalchemy import Connection, delete, or_, select

from router.core.model import DAY, HOUR, Instant, Span
from router.history.database import Database
from router.history.tables import drafts as t
from router.history.tables import items
from router.history.upsert import upsert
from router.ports import Clock

KEPT: Final[Span] = 30 * DAY

_log = structlog.get_logger(__name__)


class DraftRow(msgspec.Struct, frozen=True):
    """A row of table `drafts`."""

    item: str
    agent: str
    body: str
    stored_at: Instant


class Drafts:
    """A `Drafts` of the desk, and a `Duty`. Errors of all methods: `StorageFailed`."""

    name = "draft-sweep"
    period: Span = HOUR

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def save(self, item: str, agent: str, text: str) -> None:
        """Keep the text in place of the agent's former one; an empty one is forgotten."""
        body = text.replace("\0", "")  # PostgreSQL's text holds none
        row = DraftRow(item, agent, body, self._clock.now())

        def change(connection: Connection) -> None:
            if body:
                upsert(connection, t, [row])
            else:
                connection.execute(delete(t).where(t.c.item == item, t.c.agent == agent))

        await self._database.write(change)

    async def find(self, item: str, agent: str) -> str:
        """Return the text; "" when there is none."""
        query = select(t.c.body).where(t.c.item == item, t.c.agent == agent)
        found = await self._database.read(lambda connection: connection.execute(query).scalar())
        return found or ""

    async def __call__(self) -> None:
        """Forget the drafts that nobody will send."""
        cutoff = self._clock.now() - KEPT
        ended = select(items.c.id).where(items.c.id == t.c.item, items.c.ended_at.is_not(None))
        change = delete(t).where(or_(t.c.stored_at < cutoff, ended.exists()))
        count = await self._database.write(lambda connection: connection.execute(change).rowcount)
        if count:
            _log.info("history_drafts_swept", count=count)


def empty(connection: Connection, item_ids: list[str]) -> int:
    """Delete what anybody is writing about these items; return how many drafts that were."""
    return connection.execute(delete(t).where(t.c.item.in_(item_ids))).rowcount
