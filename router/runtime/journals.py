"""Which journal an address means, and how it is opened."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

import structlog

from router.core.model import Instant
from router.ports import Duty, Journal, Spool, StoredBatch, StoredPolicy, Words
from router.runtime.settings import Settings

SQLITE: Final = "sqlite:"

log = structlog.get_logger(__name__)


class OpenJournal(Journal, Spool, Protocol):
    """A journal with its spool, and what a daemon needs to know of its storage."""

    async def last_instant(self) -> Instant:
        """Return the sequencer time of the newest batch, 0 for the empty journal."""
        ...

    def free_bytes(self) -> int:
        """Return what it may still grow by. Errors: `StorageFailed`."""
        ...

    def duties(self) -> list[Duty]:
        """Return what must be done over and over while it is open for writing."""
        ...


class Filling(OpenJournal, Protocol):
    """A journal that nobody else opens until it is finished.

    Errors of all methods: `StorageFailed`; what was stored before stays.
    """

    async def fill(self, page: Sequence[StoredBatch], policies: Sequence[StoredPolicy]) -> None:
        """Store these batches after those that are here, and what they adopted, or nothing."""
        ...

    async def put_words(self, words: Sequence[Words]) -> None:
        """Let these words wait, in their order, and no others."""
        ...

    async def finish(self) -> None:
        """Let everybody open it."""
        ...


async def open_to_write(settings: Settings) -> OpenJournal:
    """Open the journal for the one process that writes to it.

    Errors: `StorageFailed` when it cannot be reached or another process writes to it.
    """
    address = settings.journal_address
    if address.startswith(SQLITE):
        from router.runtime.journal_sqlite import SqliteJournal

        return await SqliteJournal.open(Path(address.removeprefix(SQLITE)))
    from router.runtime.journal_redis import RedisJournal

    journal = await RedisJournal.open(address, settings.town)
    for worry in await journal.worries():
        log.warning("journal_may_lose", why=worry)
    return journal


async def open_to_fill(settings: Settings) -> Filling:
    """Begin a journal that is filled from another one, or go on with it.

    Errors: `StorageFailed` when there is one already, or another process writes to it.
    """
    address = settings.journal_address
    if address.startswith(SQLITE):
        from router.runtime.sqlite_filling import SqliteFilling

        return await SqliteFilling.begin(Path(address.removeprefix(SQLITE)))
    from router.runtime.redis_filling import RedisFilling

    return await RedisFilling.begin(address, settings.town)


async def open_to_read(settings: Settings) -> OpenJournal:
    """Open an existing journal beside a running daemon, or without one.

    Errors: `StorageFailed` when there is none.
    """
    address = settings.journal_address
    if address.startswith(SQLITE):
        from router.runtime.journal_sqlite import SqliteJournal

        return await SqliteJournal.open_readonly(Path(address.removeprefix(SQLITE)))
    from router.runtime.journal_redis import RedisJournal

    return await RedisJournal.open_readonly(address, settings.town)
