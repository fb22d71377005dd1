"""One append, until it is known for certain how it ended; and what is said when that takes long.

An append that is not confirmed in time is not given up: it goes on, and nothing else is decided
before it has ended. Only the senders are told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Final

import structlog

from router.core.model import SECOND, Instant, Span
from router.errors import Conflict, OutcomeUnknown, StorageError, StorageFailed
from router.ports import Batch, Clock, Journal
from router.runtime.metrics import Metrics

PATIENCE: Final[Span] = 2 * SECOND  # senders are told so when an append takes longer
LOOK_UP_AGAIN: Final[Span] = SECOND // 4  # while nobody knows how an append ended

log = structlog.get_logger(__name__)


class Outcome(Enum):
    """How an append ended."""

    STORED = "stored"
    OVERTAKEN = "overtaken"  # another writer was first, or nothing was stored: decide again
    FAILED = "failed"


class Storing:
    """The journal as the sequencer uses it: one append at a time."""

    def __init__(self, journal: Journal, clock: Clock, metrics: Metrics) -> None:
        self.trouble = ""  # why nothing can be stored; "" when all is well
        self.is_stalled = False  # an append takes longer than PATIENCE
        self._journal = journal
        self._clock = clock
        self._metrics = metrics
        self._since: Instant | None = None  # of the append under way
        self._begins = asyncio.Event()
        self._ends = asyncio.Event()

    @property
    def is_busy(self) -> bool:
        """Say whether an append is under way, so that the working state is ahead of the journal."""
        return self._since is not None

    async def store(
        self, expected_version: int, batch: Batch, not_before: Callable[[], Instant]
    ) -> Outcome:
        """Append the batch once it may be; return when it is known what became of it."""
        began = self._begin()
        try:
            while self._clock.now() < (due := not_before()):
                await self._clock.sleep_until(due)
            outcome = await self._append(expected_version, batch)
        finally:
            self._end()
        self._metrics.append_seconds.observe((self._clock.now() - began) / SECOND)
        if outcome is not Outcome.FAILED:
            self.is_well()
        return outcome

    async def insist(self, work: Callable[[], Awaitable[None]]) -> None:
        """Have the journal read, however long that takes; it may be called again and again."""
        self._begin()
        try:
            while True:
                try:
                    await work()
                except StorageError as error:
                    self._is_in_trouble(str(error))
                    await self._clock.sleep_until(self._clock.now() + LOOK_UP_AGAIN)
                else:
                    break
        finally:
            self._end()
        self.is_well()

    def _begin(self) -> Instant:
        self._since = began = self._clock.now()
        self._ends.clear()
        self._begins.set()
        return began

    def _end(self) -> None:
        self._since = None
        self._begins.clear()
        self._ends.set()
        self.is_stalled = False

    async def _append(self, expected_version: int, batch: Batch) -> Outcome:
        try:
            await self._journal.append(expected_version, batch)
        except Conflict:
            self._metrics.append_troubles.labels("conflict").inc()
            return Outcome.OVERTAKEN
        except OutcomeUnknown as error:
            self._metrics.append_troubles.labels("outcome-unknown").inc()
            log.warning("append_outcome_unknown", batch=batch.batch_id, why=str(error))
            return await self._look_up(batch)
        except StorageFailed as error:
            self._metrics.append_troubles.labels("failed").inc()
            self._is_in_trouble(str(error))
            return Outcome.FAILED
        return Outcome.STORED

    async def _look_up(self, batch: Batch) -> Outcome:
        while True:
            try:
                version = await self._journal.find_batch(batch.batch_id)
            except StorageError as error:
                self._is_in_trouble(str(error))
                await self._clock.sleep_until(self._clock.now() + LOOK_UP_AGAIN)
            else:
                return Outcome.OVERTAKEN if version is None else Outcome.STORED

    async def watch(self, tell: Callable[[], None]) -> None:
        """Call `tell` once for each append that is not confirmed in time; until cancelled."""
        while True:
            await self._begins.wait()
            since = self._since
            if since is None:
                continue
            if self._clock.now() < since + PATIENCE:
                await self._clock.sleep_until(since + PATIENCE)
                continue
            self.is_stalled = True
            self._metrics.append_troubles.labels("slow").inc()
            self._is_in_trouble("an append was not confirmed within two seconds")
            tell()
            await self._ends.wait()

    def is_well(self) -> None:
        """Note that the journal takes batches: ours, or those of another daemon."""
        if self.trouble:
            log.info("storage_back", was=self.trouble)
            self.trouble = ""

    def _is_in_trouble(self, why: str) -> None:
        if not self.trouble:
            log.error("storage_trouble", why=why)
        self.trouble = why
