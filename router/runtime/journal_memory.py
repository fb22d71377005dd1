"""The journal's twin in memory: the same promises as on disk, and faults to order.

For tests and simulation. What a disk would keep is in `MemoryStore`; a journal opened on the same
store afterwards finds it, as a restarted daemon would. Every call yields to the event loop once, so
that callers meet the interleavings that they would meet with a disk.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from router.core.model import Instant
from router.errors import (
    Conflict,
    HistoryForked,
    InvariantBroken,
    OutcomeUnknown,
    StorageFailed,
    TownlineError,
)
from router.ports import Batch, Beginning, Clock, Snapshot, StoredBatch, Words, chain_of, disagree
from router.runtime.beginnings import check_follows, check_kept
from router.runtime.journal_faults import Ending, FaultPlan, ScriptedFaults

SNAPSHOTS_KEPT: Final = 2


@dataclass(slots=True)
class MemoryStore:
    """What survives the process."""

    batches: list[StoredBatch] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=dict)  # by batch id
    words: dict[str, Words] = field(default_factory=dict)  # in order of arrival
    policies: dict[str, bytes] = field(default_factory=dict)
    snapshots: dict[int, Snapshot] = field(default_factory=dict)  # by version
    beginning: Beginning | None = None
    free_bytes: int = 1 << 40

    def version(self) -> int:
        """Return the number of events stored."""
        return self.batches[-1].version if self.batches else 0

    def chain(self) -> str:
        """Return the hash of the history; "" when there is none."""
        return chain_of(self.batches[-1]) if self.batches else ""

    def add(self, batch: Batch) -> int:
        """Store the batch at the end; return the new version."""
        version, before = self.version() + batch.count, self.chain()
        self.batches.append(
            StoredBatch(
                version, batch.batch_id, batch.at, batch.count, batch.events,
                batch.answers, before,
            )
        )  # fmt: skip
        self.versions[batch.batch_id] = version
        self.take_words(batch.batch_id, batch.words)
        for policy in batch.policies:
            self.policies.setdefault(policy.hash, policy.body)
        return version

    def take_words(self, batch_id: str, words: Sequence[Words]) -> None:
        """Keep those of the batch's words that are not here."""
        for each in words:
            self.words.setdefault(each.ref, each)

    def keep(self, snapshot: Snapshot) -> None:
        """Keep the snapshot, and of the others the newest and the one that it begins with."""
        kept = {**self.snapshots, snapshot.version: snapshot}
        newest = sorted(kept, reverse=True)
        begins_at = None if self.beginning is None else self.beginning.version
        self.snapshots = {
            version: kept[version]
            for place, version in enumerate(newest)
            if place < SNAPSHOTS_KEPT or version == begins_at
        }

    def forget(self, beginning: Beginning) -> None:
        """Forget the batches before that."""
        gone = bisect_right(self.batches, beginning.version, key=lambda stored: stored.version)
        for stored in self.batches[:gone]:
            del self.versions[stored.batch_id]
        del self.batches[:gone]


class MemoryJournal:
    """`Journal` and `Spool` on a `MemoryStore`; `clock` times the slow appends of the plan."""

    def __init__(self, store: MemoryStore, clock: Clock, faults: FaultPlan | None = None) -> None:
        self._store = store
        self._clock = clock
        self._faults = ScriptedFaults() if faults is None else faults
        self._one_writer = asyncio.Lock()
        self._closed = False

    async def append(self, expected_version: int, batch: Batch) -> int:
        """Store the batch right after that version; see `Journal.append`.

        As with a disk, cancelling an append that has begun does not keep it from being stored.
        """
        await self._turn()
        async with self._one_writer:
            fault = self._faults.next_append(self._store.version())
            try:
                if fault.delay:
                    await self._clock.sleep_until(self._clock.now() + fault.delay)
            except asyncio.CancelledError:
                with suppress(TownlineError):  # nobody is there any more to hear how it ended
                    self._store_batch(expected_version, batch, fault.foreign, fault.ending)
                raise
            return self._store_batch(expected_version, batch, fault.foreign, fault.ending)

    async def bring_words(self, batch_id: str, words: Sequence[Words]) -> None:
        """See `Journal.bring_words`."""
        await self._turn()
        if batch_id in self._store.versions:
            self._store.take_words(batch_id, words)

    async def find_batch(self, batch_id: str) -> int | None:
        """Return the version after that batch, or None; waits for a running append to end."""
        await self._turn()
        async with self._one_writer:
            return self._store.versions.get(batch_id)

    async def version(self) -> int:
        """Return the number of events stored; waits for a running append to end."""
        await self._turn()
        async with self._one_writer:
            return self._store.version()

    async def last_instant(self) -> Instant:
        """Return the sequencer time of the newest batch, 0 for the empty journal."""
        await self._turn()
        return self._store.batches[-1].at if self._store.batches else 0

    async def read(self, after_version: int) -> AsyncIterator[StoredBatch]:
        """Yield the batches after that version, oldest first."""
        await self._turn()
        while after_version < self._store.version():  # it may grow or be shortened meanwhile
            batches = self._store.batches
            stored = batches[bisect_right(batches, after_version, key=lambda each: each.version)]
            await check_follows(self, stored, after_version)
            yield stored
            after_version = stored.version

    async def beginning(self) -> Beginning | None:
        """Return where the journal begins; None: with the first event."""
        await self._turn()
        return self._store.beginning

    async def shorten(self, begins_at: int, beginning: Beginning, state: bytes) -> None:
        """Have the journal begin there; see `Journal.shorten`."""
        await self._turn()
        check_kept(beginning, self._store.version())
        here = 0 if self._store.beginning is None else self._store.beginning.version
        if here not in (begins_at, beginning.version):
            raise Conflict(begins_at, here)
        self._store.beginning = beginning
        self._store.keep(Snapshot(beginning.version, state))
        await self._turn()
        self._store.forget(beginning)

    async def mentions(self, text: str) -> tuple[int, int] | None:
        """Return the versions around the batches whose events hold the text; None: none does."""
        await self._turn()
        found = [each for each in self._store.batches if text.encode() in each.events]
        return (found[0].version - found[0].count, found[-1].version) if found else None

    async def policy(self, policy_hash: str) -> bytes | None:
        """Return the stored policy's bytes."""
        await self._turn()
        return self._store.policies.get(policy_hash)

    async def save_snapshot(self, snapshot: Snapshot) -> None:
        """Keep the snapshot and the one before it."""
        await self._turn()
        if self._faults.next_snapshot_is_torn():
            snapshot = Snapshot(snapshot.version, snapshot.body[: len(snapshot.body) // 2])
        self._store.keep(snapshot)

    async def snapshots(self) -> list[Snapshot]:
        """Return the kept snapshots, newest first."""
        await self._turn()
        return list(self._store.snapshots.values())

    async def waiting(self, limit: int) -> list[Words]:
        """Return the oldest words that history does not have yet."""
        await self._turn()
        return list(self._store.words.values())[:limit]

    async def words(self, refs: list[str]) -> dict[str, Words]:
        """Return those of the asked-for words that are still here."""
        await self._turn()
        return {ref: self._store.words[ref] for ref in refs if ref in self._store.words}

    async def moved(self, refs: list[str]) -> None:
        """Forget words that history has stored."""
        await self._turn()
        for ref in refs:
            self._store.words.pop(ref, None)

    def free_bytes(self) -> int:
        """Return what the store says is free."""
        return self._store.free_bytes

    async def close(self) -> None:
        """Release the journal, not the store; harmless twice."""
        self._closed = True

    async def _turn(self) -> None:
        if self._closed:
            raise StorageFailed("the journal is closed")
        await asyncio.sleep(0)

    def _store_batch(
        self, expected_version: int, batch: Batch, foreign: tuple[Batch, ...], ending: Ending
    ) -> int:
        for other in foreign:
            self._store.add(other)
        actual = self._store.version()
        if actual != expected_version:
            raise Conflict(expected_version, actual)
        if disagree(batch.before, self._store.chain()):
            raise HistoryForked(f"the journal has gone on with another history after {actual}")
        if batch.count < 1 or batch.batch_id in self._store.versions:
            raise InvariantBroken(
                f"batch {batch.batch_id!r} of {batch.count} events: empty, or stored already"
            )
        if ending is Ending.REFUSED:
            raise StorageFailed(f"fault plan: batch {batch.batch_id!r} was refused")
        if ending is Ending.UNKNOWN_LOST:
            raise OutcomeUnknown(f"fault plan: batch {batch.batch_id!r}, not stored")
        version = self._store.add(batch)
        if ending is Ending.UNKNOWN_STORED:
            raise OutcomeUnknown(f"fault plan: batch {batch.batch_id!r}, stored")
        return version
