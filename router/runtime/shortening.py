"""The duties of a journal that is not kept for ever: shortening it, and knowing how far it reaches.

What is forgotten is folded first: its end stays as a snapshot with which the journal begins from
then on, so that everything that is kept can be folded from its first event. Nothing is forgotten
that history has not read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from router.core.apply import apply
from router.core.events import PolicyAdopted
from router.core.model import DAY, HOUR, MINUTE, Instant, Span
from router.core.state import State
from router.errors import InvariantBroken
from router.ports import Beginning, Clock, Journal, chain_of
from router.runtime.beginnings import begins_at
from router.runtime.metrics import Metrics
from router.runtime.recovery import events_of, load_adopted, nearest_snapshot
from router.runtime.snapshot import decode_snapshot, encode_snapshot

EVENTS_AT_ONCE: Final = 50_000  # folded by one call; the next one goes on
GRAIN: Final[Span] = DAY  # so much more is kept than must be, and then goes together
_TODAY: Final[Span] = DAY + HOUR  # the longest day there is

log = structlog.get_logger(__name__)


class Shortening:
    """A `Duty`: keeps today, so many whole days before it, and up to a day more."""

    name = "journal-shortening"
    period: Span = 10 * MINUTE

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        days: int,
        read_by_history: Callable[[], Awaitable[int]],
        code: str,
    ) -> None:
        """`read_by_history` returns a version; `code` is the release that writes snapshots."""
        self._journal = journal
        self._clock = clock
        self._kept: Span = days * DAY + _TODAY
        self._read_by_history = read_by_history
        self._code = code

    async def __call__(self) -> None:
        """Forget what is older, if it is enough to be worth it.

        Raises:
            StorageError: journal or history cannot be reached; or another daemon was first.
            InvariantBroken: what would be forgotten cannot be folded; all of it stays.
        """
        before = self._clock.now() - self._kept
        first = await begins_at(self._journal)
        if not await self._holds_older(first, before - GRAIN):
            return
        state = await nearest_snapshot(self._journal, first)
        adopted, at, chain = await self._fold(state, before)
        if state.version == first:  # history has not read it
            return
        body = await asyncio.to_thread(_sealed, state, self._code, chain)
        beginning = Beginning(state.version, at, adopted)
        await self._journal.shorten(first, beginning, body)
        log.info("journal_shortened", begins_at=state.version, forgotten=state.version - first)

    async def _holds_older(self, first: int, before: Instant) -> bool:
        async for stored in self._journal.read(first):
            return stored.at < before
        return False

    async def _fold(
        self, state: State, before: Instant
    ) -> tuple[tuple[tuple[Instant, str], ...], Instant, str]:
        """Fold what may go; return the policies adopted until then, when that was, its hash."""
        beginning = await self._journal.beginning()
        adopted = [] if beginning is None else [*beginning.adopted]
        at, chain = 0 if beginning is None else beginning.at, ""
        newest_stays = await self._journal.version() - 1
        most = min(newest_stays, await self._read_by_history(), state.version + EVENTS_AT_ONCE)
        async for stored in self._journal.read(state.version):
            if stored.at >= before or stored.version > most:
                break
            events = events_of(stored, state.version)
            await load_adopted(self._journal, state, events)
            for event in events:
                apply(state, event)
                if isinstance(event, PolicyAdopted):
                    adopted.append((event.at, event.policy))
            at, chain = stored.at, chain_of(stored)
            await asyncio.sleep(0)  # callers have their turn
        return tuple(adopted), at, chain


def _sealed(state: State, code: str, chain: str) -> bytes:
    """Return the snapshot's bytes, which were read back: there will be nothing else to go by."""
    snapshot = encode_snapshot(state.freeze(), code, chain)
    if State.thaw(decode_snapshot(snapshot).frozen, dict(state.policies)).hash() != state.hash():
        raise InvariantBroken(
            f"the snapshot of event {state.version} does not hold its state: nothing was forgotten"
        )
    return snapshot.body


class Reach:
    """A `Duty`: where the journal begins is looked at, because another daemon may shorten it."""

    name = "journal-reach"
    period: Span = MINUTE

    def __init__(self, journal: Journal, metrics: Metrics) -> None:
        self._journal = journal
        self._metrics = metrics
        self.since: Instant | None = None  # everything after that is kept; None: everything

    async def __call__(self) -> None:
        """Look. Errors: `StorageFailed`."""
        beginning = await self._journal.beginning()
        if beginning is not None:
            self.since = beginning.at
            self._metrics.events_forgotten.set(beginning.version)
