"""What commands about the past begin with: history, brought up to date with the journal.

Beside a running daemon its feed is waited for; without one the journal is read here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, Protocol

from router.cli_installation import our_settings
from router.core.model import MINUTE, SECOND

if TYPE_CHECKING:
    from router.history.database import Database
    from router.ports import Clock
    from router.runtime.journals import OpenJournal
    from router.runtime.settings import Settings

FEED_WAIT: Final = MINUTE


class Feeder(Protocol):
    """Reads the journal into history."""

    async def __call__(self) -> None:
        """Read what is there."""
        ...

    async def position(self) -> int:
        """Return how far it has read."""
        ...


@asynccontextmanager
async def history() -> AsyncIterator[tuple[Database, Clock]]:
    """Give history and the machine's clock. Errors: `SettingsError`."""
    from router.history.database import Database, default_url
    from router.runtime.clock import SystemClock

    settings = our_settings()
    database = Database(settings.history or default_url(settings.data_dir))
    try:
        yield database, SystemClock(0)
    finally:
        await database.close()


@asynccontextmanager
async def journal_of(settings: Settings) -> AsyncIterator[tuple[OpenJournal, bool]]:
    """Give the journal, and whether we may write to it: no daemon does.

    Errors: `StorageFailed` when there is none.
    """
    from router.errors import StorageFailed
    from router.runtime.journals import open_to_read, open_to_write

    journal, is_ours = await open_to_read(settings), False
    try:
        try:
            writing = await open_to_write(settings)
        except StorageFailed:
            pass
        else:
            await journal.close()
            journal, is_ours = writing, True
        yield journal, is_ours
    finally:
        await journal.close()


async def catch_up(feeder: Feeder, journal: OpenJournal, clock: Clock, *, is_ours: bool) -> None:
    """Return once history has read what the journal holds now. Errors: `StorageFailed`."""
    from router.errors import StorageFailed

    if is_ours:
        await feeder()
    until = await journal.version()
    deadline = clock.now() + (0 if is_ours else FEED_WAIT)
    while await feeder.position() < until:
        if clock.now() >= deadline:
            raise StorageFailed(
                "history has not read the whole journal, so something would be overlooked:"
                " see the log for history_feed_failed, and try again"
            )
        await clock.sleep_until(clock.now() + SECOND)
