"""The duty that moves what the journal and the spool hold into history, exactly once.

Words first, then events: each page of events is stored in one transaction with the position up to
which history has read, so a crash between any two steps repeats or continues and never doubles.
Words leave the spool only after history has them on disk. History being down stops nothing else:
the failure is logged once, the next round tries again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import msgspec
import structlog
from sqlalchemy import ColumnElement, Connection, bindparam, select, update

from router.core.events import AnyEvent
from router.core.model import DAY, HOUR, SECOND, Instant, Span
from router.core.upcast import decode_events
from router.errors import StorageError
from router.history.database import Database
from router.history.ledger import ItemRow, Ledger, OfferRow
from router.history.tables import contacts, feed, item_events, items, mentions, offers
from router.history.threads import fold_conversations
from router.history.upsert import upsert
from router.history.words import forget_unmentioned, store
from router.ports import Clock, Journal, Spool, StoredBatch, chain_of

EVENTS_PER_PAGE: Final = 500  # one transaction; short, so that lookups pass between two
WORDS_PER_PAGE: Final = 500
UNMENTIONED_KEPT: Final[Span] = DAY
SWEEP_EVERY: Final[Span] = HOUR

_log = structlog.get_logger(__name__)


class HistoryFeeder:
    """A `Duty`. Two of them at once do no harm: the slower one's page is rolled back."""

    name = "history-feeder"
    period: Span = SECOND

    def __init__(
        self,
        database: Database,
        journal: Journal,
        spool: Spool,
        clock: Clock,
        held: Callable[[], int] = int,
    ) -> None:
        """`held` tells the version up to which this daemon can give back what a journal loses."""
        self._held = held
        self._database = database
        self._journal = journal
        self._spool = spool
        self._clock = clock
        self._failing = ""  # what was logged and has not ended
        self._swept_at: Instant = 0

    async def __call__(self) -> None:
        """Bring history up to date. Errors: none of storage; they are logged once."""
        try:
            await self._move_words()
            if await self._read_journal():
                await self._sweep()
        except (StorageError, msgspec.DecodeError) as error:
            code = getattr(error, "code", "history-batch-unreadable")
            if self._failing != code:
                _log.error("history_feed_failed", code=code, error=str(error))
            self._failing = code
            return
        if self._failing:
            _log.info("history_feed_resumed", after=self._failing)
            self._failing = ""

    async def position(self) -> int:
        """Return the journal version up to which history has read. Errors: `StorageFailed`."""
        return await self._database.read(
            lambda connection: connection.execute(select(feed.c.position)).scalar_one()
        )

    async def _move_words(self) -> None:
        while found := await self._spool.waiting(WORDS_PER_PAGE):
            await self._database.write(partial(store, page=found, now=self._clock.now()))
            await self._spool.moved([words.ref for words in found])

    async def _read_journal(self) -> bool:
        """Return True when history stands where the journal stood."""
        position, chain = await self._database.read(_stands_at)
        if position > await self._journal.version():
            return position > self._held() and await self._begin_again(position)
        position, chain = await self._skip_forgotten(position, chain)
        page: list[StoredBatch] = []
        async for batch in self._journal.read(position):
            other = "" not in (chain, batch.before) and chain != batch.before
            if not page and (other or batch.version - batch.count != position):
                return await self._begin_again(position)
            page.append(batch)
            if sum(each.count for each in page) >= EVENTS_PER_PAGE:
                if not await self._store(position, page):
                    return False
                position, chain, page = page[-1].version, chain_of(page[-1]), []
        return not page or await self._store(position, page)

    async def _begin_again(self, position: int) -> bool:
        """Read from the start: the journal is another one, or has gone on another way."""
        _log.warning("history_ahead_of_journal", code="history-ahead-of-journal", position=position)
        await self._database.write(lambda connection: _advance(connection, position, 0, ""))
        return await self._read_journal()

    async def _skip_forgotten(self, position: int, chain: str) -> tuple[int, str]:
        """Go on where the journal begins, if it begins later; what lies between is lost to us."""
        beginning = await self._journal.beginning()
        if beginning is None or position >= beginning.version:
            return position, chain
        _log.error(
            "history_has_gap",
            code="history-has-gap",
            position=position,
            begins_at=beginning.version,
        )
        to = beginning.version
        await self._database.write(lambda connection: _advance(connection, position, to, ""))
        return to, ""

    async def _store(self, position: int, page: Sequence[StoredBatch]) -> bool:
        """Return False when somebody else has fed these batches."""
        events: list[tuple[int, AnyEvent]] = []
        for batch in page:
            first = batch.version - batch.count + 1
            events += enumerate(decode_events(batch.events), first)

        def feed_page(connection: Connection) -> bool:
            if not _advance(connection, position, page[-1].version, chain_of(page[-1])):
                return False
            _fold(connection, events)
            return True

        return await self._database.write(feed_page)

    async def _sweep(self) -> None:
        now = self._clock.now()
        if now - self._swept_at < SWEEP_EVERY:
            return
        cutoff = now - UNMENTIONED_KEPT
        swept = await self._database.write(
            lambda connection: forget_unmentioned(connection, cutoff)
        )
        self._swept_at = now
        if swept:
            _log.info("history_words_swept", count=swept)


def _stands_at(connection: Connection) -> tuple[int, str]:
    row = connection.execute(select(feed.c.position, feed.c.chain)).one()
    return row.position, row.chain


def _advance(connection: Connection, position: int, to: int, chain: str) -> bool:
    """Move the position; False when it no longer stands there."""
    moved = update(feed).where(feed.c.position == position).values(position=to, chain=chain)
    return connection.execute(moved).rowcount == 1


def _fold(connection: Connection, events: Sequence[tuple[int, AnyEvent]]) -> None:
    ledger = _ledger_for(connection, [event for _, event in events])
    before_items, before_offers = dict(ledger.items), dict(ledger.offers)
    for position, event in events:
        ledger.fold(position, event)
    changed = [row for row in ledger.items.values() if before_items.get(row.id) is not row]
    upsert(connection, items, changed)
    ended = [row for row in ledger.offers.values() if before_offers.get(row.id) is not row]
    upsert(connection, offers, ended)
    upsert(connection, item_events, ledger.story)
    upsert(connection, mentions, ledger.mentions.values())
    fold_conversations(connection, (event for _, event in events))
    known = [
        {"of": mention.ref, "key": mention.address_key}
        for mention in ledger.mentions.values()
        if mention.address_key
    ]
    if known:
        connection.execute(
            update(contacts)
            .where(contacts.c.ref == bindparam("of"))
            .values(address_key=bindparam("key")),
            known,
        )


def _ledger_for(connection: Connection, events: Sequence[AnyEvent]) -> Ledger:
    """Return what is stored of the items and offers that the events are about."""
    offer_ids = {getattr(event, "offer", "") for event in events} - {""}
    known = _offers(connection, offers.c.id.in_(offer_ids))
    item_ids = {getattr(event, "item", "") for event in events} | {row.item for row in known}
    open_ones = _offers(connection, offers.c.item.in_(item_ids) & offers.c.ended_at.is_(None))
    rows = connection.execute(select(items).where(items.c.id.in_(item_ids)))
    return Ledger([ItemRow(**row._mapping) for row in rows], [*known, *open_ones])


def _offers(connection: Connection, which: ColumnElement[bool]) -> list[OfferRow]:
    rows = connection.execute(select(offers).where(which))
    return [OfferRow(**row._mapping) for row in rows]
