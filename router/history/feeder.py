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

import structlog
from sqlalchemy import ColumnElement, Connection, bindparam, select, update

from router.core.events import AnyEvent
from router.core.model import DAY, HOUR, SECOND, Instant, Span
from router.history.database import Database
from router.history.ledger import ItemRow, Ledger, OfferRow
from router.history.pages import Pages, Trouble
from router.history.tables import contacts, feed, item_events, items, mentions, offers
from router.history.threads import fold_conversations
from router.history.upsert import upsert
from router.history.words import forget_unmentioned, store
from router.ports import Clock, Journal, Spool

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
        self._database = database
        self._spool = spool
        self._clock = clock
        self._pages = Pages(database, journal, feed, _fold, held=held)
        self._trouble = Trouble("history")
        self._swept_at: Instant = 0

    async def __call__(self) -> None:
        """Bring history up to date. Errors: none of storage; they are logged once."""
        with self._trouble.told():
            await self._move_words()
            if await self._pages.read():
                await self._sweep()

    async def position(self) -> int:
        """Return the journal version up to which history has read. Errors: `StorageFailed`."""
        return await self._pages.position()

    async def _move_words(self) -> None:
        while found := await self._spool.waiting(WORDS_PER_PAGE):
            await self._database.write(partial(store, page=found, now=self._clock.now()))
            await self._spool.moved([words.ref for words in found])

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
