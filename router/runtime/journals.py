"""Which journal an address means, and how it is opened."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final, Protocol

import structlog

from router.core.model import Instant
from router.errors import SettingsError
from router.ports import Beginning, Clock, Duty, Journal, Spool, StoredBatch, StoredPolicy, Words
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


class Filling(OpenJournal, Protocol):
    """A journal that nobody else opens until it is finished.

    Errors of all methods: `StorageFailed`; what was stored before stays.
    """

    async def begin_at(self, beginning: Beginning) -> None:
        """Have the journal, which is empty, begin there; its snapshot is saved later."""
        ...

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
    """Open the journal for writing: a file for one process, a Redis for as many as serve the town.

    Errors: `StorageFailed` when it cannot be reached or another process writes to the file.
    """
    address = settings.journal_address
    if address.startswith(SQLITE):
        from router.runtime.journal_sqlite import SqliteJournal

        return await SqliteJournal.open(Path(address.removeprefix(SQLITE)))
    from router.runtime.journal_redis import RedisJournal

    journal = await RedisJournal.open(address, settings.town, replicas=settings.journal_replicas)
    for worry in await journal.worries():
        log.warning("journal_may_lose", why=worry)
    return journal


async def open_alone(settings: Settings) -> OpenJournal:
    """Open the journal for writing while nobody else does, to move it.

    Errors: `StorageFailed` when it cannot be reached, or a daemon runs.
    """
    address = settings.journal_address
    if address.startswith(SQLITE):
        return await open_to_write(settings)
    from router.runtime.redis_alone import RedisAlone

    return await RedisAlone.open(address, settings.town)


async def open_to_fill(settings: Settings) -> Filling:
    """Begin a journal that is filled from another one, or go on with it.

    Errors: `StorageFailed` when there is one already, or another process writes to it.
    """
    address = settings.journal_address
    if address.startswith(SQLITE):
        from router.runtime.sqlite_filling import SqliteFilling

        return await SqliteFilling.begin(Path(address.removeprefix(SQLITE)))
    from router.runtime.redis_filling import RedisFilling

    return await RedisFilling.open(address, settings.town)


async def compare_secret(settings: Settings, journal: OpenJournal, secret: bytes) -> None:
    """See that the daemons of a town have one secret: numbers are hashed with it.

    Errors: `SettingsError` when others had another one.
    """
    if not settings.journal_address.startswith(SHARED):
        return
    from router.runtime.journal_redis import RedisJournal

    assert isinstance(journal, RedisJournal)
    if not await journal.agree("secret", hmac.new(secret, b"town", sha256).hexdigest()):
        raise SettingsError(
            f"the secret of this installation is not the one that {settings.town!r} began with:"
            " give every daemon the same TOWNLINE_SECRET (or TOWNLINE_DATA_DIR); if the old one"
            f" is lost, delete the key townline:{{{settings.town}}}:secret of the Redis"
        )


def company_of(settings: Settings, clock: Clock, metrics: Metrics) -> Company:
    """Return what a daemon knows of the town's others: nothing, beside a journal of its own."""
    if not settings.journal_address.startswith(SHARED):
        return Company()
    from router.runtime.redis_link import RedisLink

    link = RedisLink(settings.journal_address, settings.town, replicas=settings.journal_replicas)
    return Sharing(link, clock, metrics)


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
