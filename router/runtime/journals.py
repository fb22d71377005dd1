"""Which journal an address means, and how it is opened."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Protocol

import structlog

from router.core.model import Instant
from router.ports import Clock, Duty, Journal, Spool
from router.runtime.company import Company
from router.runtime.metrics import Metrics
from router.runtime.settings import Settings
from router.runtime.sharing import Sharing

SQLITE: Final = "sqlite:"
SHARED: Final = ("redis", "unix:")  # what several daemons may write to, however it is reached

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


async def open_to_write(settings: Settings) -> OpenJournal:
    """Open the journal for writing: a file for one process, a Redis for as many as serve the town.

    Errors: `StorageFailed` when it cannot be reached or another process writes to the file.
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


def company_of(settings: Settings, clock: Clock, metrics: Metrics) -> Company:
    """Return what a daemon knows of the town's others: nothing, beside a journal of its own."""
    if not settings.journal_address.startswith(SHARED):
        return Company()
    from router.runtime.redis_link import RedisLink

    return Sharing(RedisLink(settings.journal_address, settings.town), clock, metrics)


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
