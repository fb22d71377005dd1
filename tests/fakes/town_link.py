"""The twin of a town's link in memory: daemons of one process, one clock, and faults to order."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final

from router.core.model import SECOND, Instant, Span
from router.errors import StorageFailed
from router.ports import Clock, StoredBatch
from router.runtime.journal_memory import MemoryStore
from router.runtime.link import Standing

KEPT: Final[Span] = 3 * SECOND
LOOK: Final[Span] = SECOND // 100  # a follower learns of a batch this much later


@dataclass(slots=True)
class Town:
    """What the daemons share besides the journal."""

    decider: str = ""
    renewed_at: Instant = 0
    boxes: dict[str, asyncio.Queue[bytes]] = field(default_factory=dict)
    is_cut: bool = False  # the server cannot be reached


class MemoryLink:
    """A `Link` on a `MemoryStore`."""

    def __init__(self, name: str, town: Town, store: MemoryStore, clock: Clock) -> None:
        self.name = name
        self.hears_no_news = False
        self.is_stopped = False  # as by SIGSTOP: it renews nothing and hears nothing
        self._town = town
        self._store = store
        self._clock = clock
        town.boxes[name] = asyncio.Queue()

    async def claim(self) -> Standing:
        """See `Link.claim`."""
        await self._turn()
        town, now = self._town, self._clock.now()
        if town.decider in ("", self.name) or now - town.renewed_at >= KEPT:
            town.decider, town.renewed_at = self.name, now
        daemons = tuple(sorted(town.boxes))
        return Standing(town.decider, now - town.renewed_at, self._store.version(), daemons)

    async def give_back(self) -> None:
        """See `Link.give_back`."""
        self._town.boxes.pop(self.name, None)
        if self._town.decider == self.name:
            self._town.decider = ""

    async def close(self) -> None:
        """See `Link.close`."""

    async def send(self, to: str, message: bytes) -> bool:
        """See `Link.send`."""
        await self._turn()
        box = self._town.boxes.get(to)
        if box is not None:
            box.put_nowait(message)
        return box is not None

    async def tell_all(self, message: bytes) -> None:
        """See `Link.tell_all`."""
        await self._turn()
        for name, box in self._town.boxes.items():
            if name != self.name:
                box.put_nowait(message)

    async def receive(self) -> list[bytes]:
        """See `Link.receive`."""
        box = self._town.boxes.get(self.name)
        if box is None:
            raise StorageFailed("given back")
        message = await box.get()
        await self._turn()
        return [message]

    async def news(self, after_version: int) -> list[StoredBatch]:
        """See `Link.news`."""
        await self._clock.sleep_until(self._clock.now() + LOOK)
        await self._turn()
        if self.hears_no_news:
            return []
        return [batch for batch in self._store.batches if batch.version > after_version]

    async def _turn(self) -> None:
        while self.is_stopped:
            await self._clock.sleep_until(self._clock.now() + LOOK)
        if self._town.is_cut:
            raise StorageFailed("the town's link is cut")
        await asyncio.sleep(0)
