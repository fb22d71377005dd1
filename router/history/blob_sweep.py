"""The duty that drops large bytes to which no words refer any more.

The words went first: redacted, kept long enough, or never part of any item. Nothing is dropped
while it may be needed: what words in the spool name, and whatever was put within the last day,
since its words may be on their way. The spool is looked at before history, because words are in
history before they leave it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final, Protocol

import structlog

from router.core.model import DAY, HOUR, Span
from router.history.database import Database
from router.history.words import blobs_of, used
from router.ports import Spool

YOUNG: Final[Span] = DAY
SPOOL_MAX: Final = 2_000  # more than this waiting: history is far behind, the sweep waits for it

_log = structlog.get_logger(__name__)


class BlobFolder(Protocol):
    """The folder seen by who tidies it. Errors of all methods: `StorageFailed`."""

    async def names(self, shelf: str) -> list[str]:
        """Return what the part of this name ("00" to "ff") holds, unfinished files too."""
        ...

    async def drop_older(self, name: str, age: Span) -> bool:
        """Forget the bytes unless they were put less than `age` ago; return whether they are gone.

        Never loses bytes that are put at the same moment.
        """
        ...

    async def get(self, name: str) -> bytes | None:
        """Return the bytes; None when nobody has them."""
        ...


class BlobSweep:
    """A `Duty`; harmless when repeated or doubled. Errors: `StorageFailed`."""

    name = "blob-sweep"
    period: Span = 6 * HOUR

    def __init__(self, database: Database, spool: Spool, blobs: BlobFolder) -> None:
        self._database = database
        self._spool = spool
        self._blobs = blobs

    async def __call__(self) -> None:
        """Drop what nobody uses."""
        spooled = await spooled_blobs(self._spool)
        if spooled is None:
            _log.warning("history_blobs_not_swept", waiting=SPOOL_MAX)
            return
        count = 0
        for shelf in range(256):
            names = await self._blobs.names(f"{shelf:02x}")
            for name in await unused(self._database, spooled, names):
                count += await self._blobs.drop_older(name, YOUNG)
        if count:
            _log.info("history_blobs_swept", count=count)


async def spooled_blobs(spool: Spool, without: Collection[str] = ()) -> set[str] | None:
    """Return the blobs that waiting words refer to; None when there are too many words to ask.

    Shape: `without` are references of words that wait and count no more.
    """
    waiting = await spool.waiting(SPOOL_MAX)
    if len(waiting) == SPOOL_MAX:
        return None
    return {blob for words in waiting if words.ref not in without for blob in blobs_of(words)}


async def unused(database: Database, spooled: set[str], names: Iterable[str]) -> list[str]:
    """Return those to which neither the spool, looked at before, nor history refers."""
    asked = sorted(set(names) - spooled)
    if not asked:
        return []
    needed = await database.read(lambda connection: used(connection, asked))
    return [name for name in asked if name not in needed]
