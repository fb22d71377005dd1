"""Looking up work that the core has let go, by its id."""

from __future__ import annotations

from sqlalchemy import select

from router.history.database import Database
from router.history.ledger import ItemRow
from router.history.tables import items


class Past:
    """Errors: `StorageFailed`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def item(self, item_id: str) -> ItemRow | None:
        """Return what history knows of the item; None when it knows no such item."""
        query = select(items).where(items.c.id == item_id)
        row = await self._database.read(lambda connection: connection.execute(query).one_or_none())
        return None if row is None else ItemRow(**row._mapping)
