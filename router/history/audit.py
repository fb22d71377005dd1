"""The trail of what people inside did: to accounts, policy and the town, and whose words they read.

Changes are written beside what they changed, in its transaction, by `note`; `policy-published`
(number and reason) after it. Looking is written too: `item-read` (an item's reference), `file-read`
(reference and file), `resident-exported` and `resident-redacted` (the key of the address). Never
holds residents' words or passwords.
"""

from __future__ import annotations

from typing import Final

import msgspec
from sqlalchemy import Connection, insert, select

from router.core.model import Instant
from router.history.database import Database
from router.history.tables import ID, NAME
from router.history.tables import audit as t
from router.ports import Clock

ENTRIES_MAX: Final = 1_000


class AuditEntry(msgspec.Struct, frozen=True):
    """One line of the trail."""

    at: Instant
    who: str  # account name; "townline" for the program itself
    what: str  # kebab case
    target: str


class Audit:
    """The trail as a whole. Errors of all methods: `StorageFailed`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def note(self, who: str, what: str, target: str) -> None:
        """Add a line."""
        now = self._clock.now()
        await self._database.write(lambda connection: note(connection, now, who, what, target))

    async def recent(self, limit: int = 100) -> list[AuditEntry]:
        """Return the newest lines, newest first, at most 1,000."""
        return await self.find(limit=limit)

    async def find(
        self, *, target: str = "", who: str = "", since: Instant = 0, limit: int = ENTRIES_MAX
    ) -> list[AuditEntry]:
        """Return the newest lines that fit, newest first, at most 1,000.

        Shape: `target` is how a line's target begins, a reference number for instance; "" = any.
        """
        newest = select(t).where(t.c.at >= since).order_by(t.c.id.desc())
        if target:
            newest = newest.where(t.c.target.startswith(target, autoescape=True))
        if who:
            newest = newest.where(t.c.who == who)
        newest = newest.limit(min(limit, ENTRIES_MAX))
        return await self._database.read(
            lambda connection: [
                AuditEntry(row.at, row.who, row.what, row.target)
                for row in connection.execute(newest)
            ]
        )


def note(connection: Connection, at: Instant, who: str, what: str, target: str) -> None:
    """Add a line within the transaction of the change it tells of."""
    connection.execute(insert(t).values(at=at, who=who[:ID], what=what[:ID], target=target[:NAME]))
