"""The duty that keeps a recent snapshot beside the journal, so that a start replays little.

The state is frozen between two batches, which costs little because rows are shared; encoding and
storing happen off the loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from router.core.model import MINUTE, SECOND, Instant, Span
from router.core.state import State
from router.core.state_frozen import Frozen
from router.errors import StorageError
from router.ports import Clock, Inbox, Journal
from router.runtime.snapshot import encode_snapshot

EVERY_EVENTS: Final = 20_000
EVERY: Final[Span] = 10 * MINUTE

log = structlog.get_logger(__name__)


class Snapshots:
    """A `Duty`."""

    name = "snapshots"
    period: Span = 5 * SECOND  # how often it looks whether one is due

    def __init__(
        self, inbox: Inbox, journal: Journal, clock: Clock, code: str, chain: Callable[[], str]
    ) -> None:
        """`code` is the release that writes them; `chain` says which history is stored."""
        self._inbox = inbox
        self._chain = chain
        self._journal = journal
        self._clock = clock
        self._code = code
        self._version = -1  # of the newest one
        self._at: Instant = 0

    async def __call__(self) -> None:
        """Save one if enough has happened since the last. Errors: none; they are logged."""
        now = self._clock.now()
        if self._version < 0:  # what was recovered needs no new one yet
            self._version, self._at = await self._inbox.read(lambda s: s.version), now
            return
        version = await self._inbox.read(lambda state: state.version)
        is_due = version - self._version >= EVERY_EVENTS or (
            version > self._version and now - self._at >= EVERY
        )
        if is_due:
            await self._save(*await self._inbox.read(self._frozen))

    async def save(self, state: State) -> None:
        """Save the state as it stands, which must be stored."""
        if state.version != self._version:
            await self._save(*self._frozen(state))

    def _frozen(self, state: State) -> tuple[Frozen, str]:
        """Return it while it is what is stored; in a moment the next batch may be decided."""
        return state.freeze(), self._chain()

    async def _save(self, frozen: Frozen, chain: str) -> None:
        try:
            snapshot = await asyncio.to_thread(encode_snapshot, frozen, self._code, chain)
            await self._journal.save_snapshot(snapshot)
        except StorageError as error:
            log.warning("snapshot_not_saved", version=frozen.version, why=str(error))
            return
        self._version, self._at = frozen.version, self._clock.now()
        log.info("snapshot_saved", version=frozen.version, size=len(snapshot.body))
