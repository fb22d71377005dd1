"""Reading the journal page by page into the database, each page exactly once.

A page of events is stored in one transaction with the position up to which was read, so a crash
between any two steps repeats or continues and never doubles. Each reader has a position of its own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import msgspec
import structlog
from sqlalchemy import Connection, Table, select, update

from router.core.events import AnyEvent
from router.core.upcast import decode_events
from router.errors import StorageError
from router.history.database import Database
from router.ports import Journal, StoredBatch, chain_of, disagree

EVENTS_PER_PAGE: Final = 500  # one transaction; short, so that lookups pass between two
FEED_ERRORS: Final = (StorageError, msgspec.DecodeError)

Numbered = tuple[int, AnyEvent]  # number of the event in the journal, from 1
Fold = Callable[[Connection, Sequence[Numbered]], None]
Begin = Callable[[Connection, AnyEvent], None]
Prepare = Callable[[Sequence[Numbered]], Awaitable[None]]

_log = structlog.get_logger(__name__)


async def _nothing(_: Sequence[Numbered]) -> None:
    """Nothing has to be fetched before a page is stored."""


class Pages:
    """`table` has one row with the reader's `position`; `fold` stores what the events mean.

    `held` tells the version up to which this daemon can give back what a journal loses. `prepare`
    fetches what a page needs besides, before its transaction. `begin` is done in the transaction of
    the first page, with its first event: nothing was read so far, or the journal is another one, or
    an older copy was put back.
    """

    def __init__(
        self,
        database: Database,
        journal: Journal,
        table: Table,
        fold: Fold,
        *,
        held: Callable[[], int] = int,
        prepare: Prepare = _nothing,
        begin: Begin = lambda _, __: None,
    ) -> None:
        self._database = database
        self._journal = journal
        self._table = table
        self._fold = fold
        self._held = held
        self._prepare = prepare
        self._begin = begin

    async def position(self) -> int:
        """Return the journal version up to which was read. Errors: `StorageFailed`."""
        position, _ = await self._database.read(self._stands_at)
        return position

    async def read(self) -> bool:
        """Return True when the reader stands where the journal stood. Errors: `FEED_ERRORS`."""
        position, chain = await self._database.read(self._stands_at)
        if position > await self._journal.version():
            return position > self._held() and await self._begin_again(position)
        begins, beginning = position == 0, await self._journal.beginning()
        if beginning is not None and position < beginning.version:
            await self._skip(position, beginning.version)
            position, chain, begins = beginning.version, "", True
        page: list[StoredBatch] = []
        async for batch in self._journal.read(position):
            other = disagree(chain, batch.before) or batch.version - batch.count != position
            if other and not page:
                return await self._begin_again(position)
            page.append(batch)
            if batch.version - position >= EVENTS_PER_PAGE:
                if not await self.store(position, page, begins=begins):
                    return False
                position, chain, page = page[-1].version, chain_of(page[-1]), []
                begins = False
        return not page or await self.store(position, page, begins=begins)

    async def store(self, position: int, page: Sequence[StoredBatch], *, begins: bool) -> bool:
        """Store a page that follows that position; False when somebody else has stored it."""
        events: list[Numbered] = []
        for batch in page:
            first = batch.version - batch.count + 1
            events += enumerate(decode_events(batch.events), first)
        await self._prepare(events)

        def feed_page(connection: Connection) -> bool:
            if not self._advance(connection, position, page[-1].version, chain_of(page[-1])):
                return False
            if begins:
                self._begin(connection, events[0][1])
            self._fold(connection, events)
            return True

        return await self._database.write(feed_page)

    async def _begin_again(self, position: int) -> bool:
        """Read from the start: the journal is another one, or has gone on another way."""
        _log.warning("history_ahead_of_journal", code="history-ahead-of-journal", position=position)
        await self._database.write(lambda connection: self._advance(connection, position, 0, ""))
        return await self.read()

    async def _skip(self, position: int, to: int) -> None:
        """Go on where the journal begins, if it begins later; what lies between is lost to us."""
        _log.error("history_has_gap", code="history-has-gap", position=position, begins_at=to)
        await self._database.write(lambda connection: self._advance(connection, position, to, ""))

    def _stands_at(self, connection: Connection) -> tuple[int, str]:
        table = self._table
        row = connection.execute(select(table.c.position, table.c.chain)).one()
        return row.position, row.chain

    def _advance(self, connection: Connection, position: int, to: int, chain: str) -> bool:
        """Move the position; False when it no longer stands there."""
        table = self._table
        moved = update(table).where(table.c.position == position).values(position=to, chain=chain)
        return connection.execute(moved).rowcount == 1


class Trouble:
    """What keeps a reader from reading: logged once, and once more when it is over."""

    def __init__(self, feed: str) -> None:
        """`feed`: which reader it is, for the log."""
        self._feed = feed
        self._failing = ""  # what was logged and has not ended

    @contextmanager
    def told(self) -> Iterator[None]:
        """Read within this; `FEED_ERRORS` end the block and are logged, unless they were."""
        try:
            yield
        except FEED_ERRORS as error:
            code = getattr(error, "code", "history-batch-unreadable")
            if self._failing != code:
                _log.error("history_feed_failed", feed=self._feed, code=code, error=str(error))
            self._failing = code
            return
        if self._failing:
            _log.info("history_feed_resumed", feed=self._feed, after=self._failing)
            self._failing = ""
