"""The server that has the journal; another one takes its place and lacks the last batches."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from router.ports import Batch, Words
from router.runtime.journal_memory import MemoryStore


@dataclass(slots=True)
class Server(MemoryStore):
    """What is stored; a promoted replica lacks what had not reached it."""

    losses: int = 0  # how often batches were lost
    refs: dict[str, list[str]] = field(default_factory=dict)  # of words, by batch id
    times: dict[str, float] = field(default_factory=dict)  # of the loop, by batch id

    def add(self, batch: Batch) -> int:
        """Store the batch at the end; return the new version."""
        self.times[batch.batch_id] = asyncio.get_running_loop().time()
        self.refs[batch.batch_id] = []
        return MemoryStore.add(self, batch)

    def take_words(self, batch_id: str, words: Sequence[Words]) -> None:
        """See `MemoryStore.take_words`."""
        self.refs[batch_id] += [each.ref for each in words if each.ref not in self.words]
        MemoryStore.take_words(self, batch_id, words)

    def lose(self, count: int, since: float) -> None:
        """Forget at most so many of the last batches, none older, with what came with them."""
        for _ in range(count):
            if len(self.batches) < 2 or self.times[self.batches[-1].batch_id] < since:
                break
            lost = self.batches.pop()
            del self.versions[lost.batch_id]
            for ref in self.refs.pop(lost.batch_id):
                self.words.pop(ref, None)
            self.losses += 1
        version = self.version()
        self.snapshots = {at: each for at, each in self.snapshots.items() if at <= version}
