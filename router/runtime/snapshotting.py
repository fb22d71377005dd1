"""The duty that keeps a recent snapshot beside the journal, so that a start replays little.

The state is frozen between two batches, which costs little because rows are shared; encoding and
storing happen off the loop.
"""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from router.core.model import MINUTE, SECOND, Instant, Span
from router.core.state import State
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

    def __init__(self, inbox: Inbox, journal: Journal, clock: Clock, code: str) -> None:
        """`code` is the release that writes them."""
        self._inbox = inbox
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
            await self.save(await self._inbox.read(lambda state: state))

    async def save(self, state: State) -> None:
        """Save the state as it stands, which must be stored."""
        if state.version == self._version:
            return
        frozen = state.freeze()
        try:
            snapshot = await asyncio.to_thread(encode_snapshot, frozen, self._code)
            await self._journal.save_snapshot(snapshot)
        except StorageError as error:
            log.warning("snapshot_not_saved", version=frozen.version, why=str(error))
            return
        self._version, self._at = frozen.version, self._clock.now()
        log.info("snapshot_saved", version=frozen.version, size=len(snapshot.body))
