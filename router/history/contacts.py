"""Looking up what residents said and who they are, by reference: the spool first, then history.

Words leave the spool only after history has them, so whoever asks in this order never misses any.
"""

from __future__ import annotations

from router.errors import StorageFailed
from router.history import words as kept
from router.history.database import Database
from router.ports import Contact, Spool, Words, contact_in


class Contacts:
    """See the module's text.

    Errors of all methods: `StorageFailed` when something is not in the spool and history cannot be
    asked: it may exist, so the caller should try again, not conclude that it does not.
    """

    def __init__(self, database: Database, spool: Spool) -> None:
        self._database = database
        self._spool = spool

    async def words(self, refs: list[str]) -> dict[str, Words]:
        """Return those of the words that exist and were not redacted; "" refers to nothing."""
        wanted = [ref for ref in dict.fromkeys(refs) if ref]
        found = await self._spool.words(wanted) if wanted else {}
        missing = [ref for ref in wanted if ref not in found]
        if missing:
            found |= await self._database.read(lambda connection: kept.find(connection, missing))
        return found

    async def contact(self, ref: str) -> Contact | None:
        """Return who it is; None when nobody knows (any more)."""
        words = (await self.words([ref])).get(ref)
        if words is None:
            return None
        contact = contact_in(words)
        if contact is None:
            raise StorageFailed(f"contact {ref!r} is not readable")
        return contact

    async def number_of(self, ref: str) -> str | None:
        """Return the telephone number as +E.164; None when there is none."""
        contact = await self.contact(ref)
        return None if contact is None else contact.number or None
