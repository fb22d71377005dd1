"""The link between simulated daemons: messages come late, twice, in another order, or never."""

from __future__ import annotations

import asyncio
import random
from bisect import bisect_right
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from router.core.model import SECOND, Instant, Span
from router.errors import StorageFailed
from router.ports import StoredBatch
from router.runtime.link import Standing
from tests.simulation.virtual_loop import LoopClock
from tests.storms.server import Server
from tests.storms.stalling import Stalls

KEPT: Final[Span] = 3 * SECOND  # of a claim that nobody renews
WAIT: Final[Span] = SECOND  # for news
PAGE: Final = 8  # batches at a time
CONNECTIONS: Final = ("asking", "sending", "following")


@dataclass
class Wind:
    """What happens to messages and questions; all shares 0..1."""

    rng: random.Random
    lost: float = 0.0
    doubled: float = 0.0
    late_s: float = 0.0  # most of a delay; each has its own, so that they overtake each other
    unanswered: float = 0.0  # it was done, and the daemon is told that it failed

    def delay(self) -> Span:
        """Return how long something takes."""
        return int(self.rng.uniform(0.0005, max(0.002, self.late_s)) * SECOND)

    def calm(self) -> None:
        """Let everything arrive, once and soon."""
        self.lost = self.doubled = self.late_s = self.unanswered = 0.0


@dataclass
class Network:
    """What the daemons share besides the journal; `outside` is the time of the world."""

    store: Server
    outside: LoopClock
    wind: Wind
    decider: str = ""
    renewed_at: Instant = 0
    boxes: dict[str, asyncio.Queue[bytes]] = field(default_factory=dict)
    is_down: bool = False  # the server: for everybody
    broken: set[tuple[str, str]] = field(default_factory=set)  # connections to no server
    cut_off: set[str] = field(default_factory=set)  # daemons that cannot reach it
    stored: asyncio.Event = field(default_factory=asyncio.Event)

    def is_cut(self, name: str) -> bool:
        """Say whether that daemon reaches nothing just now."""
        return self.is_down or name in self.cut_off

    def break_connections(self) -> None:
        """Let everybody notice that another server has come."""
        self.broken = {(name, connection) for name in self.boxes for connection in CONNECTIONS}

    def tell_stored(self) -> None:
        """Wake who waits for news."""
        self.stored.set()
        self.stored = asyncio.Event()


class StormyLink:
    """A `Link`."""

    def __init__(self, name: str, network: Network, stalls: Stalls) -> None:
        self.name = name
        self._net = network
        self._stalls = stalls
        network.boxes[name] = asyncio.Queue()

    async def claim(self) -> Standing:
        """See `Link.claim`."""
        await self._way("asking")
        net, now = self._net, self._net.outside.now()
        if net.decider in ("", self.name) or now - net.renewed_at >= KEPT:
            net.decider, net.renewed_at = self.name, now
        age = 0 if net.decider == self.name else now - net.renewed_at
        found = Standing(net.decider, age, net.store.version(), tuple(sorted(net.boxes)))
        await self._way("asking")
        return found

    async def give_back(self) -> None:
        """See `Link.give_back`."""
        self.leave()
        await self._way("asking")

    async def close(self) -> None:
        """Give nothing back: there are no connections."""

    def leave(self) -> None:
        """Be gone, as when the process has ended: what it had taken expires."""
        self._net.boxes.pop(self.name, None)

    async def send(self, to: str, message: bytes) -> bool:
        """See `Link.send`."""
        await self._way("sending")
        if to not in self._net.boxes:
            return False
        self._post(to, message)
        await self._way("sending")
        return True

    async def tell_all(self, message: bytes) -> None:
        """See `Link.tell_all`."""
        await self._way("sending")
        for name in self._net.boxes:
            if name != self.name:
                self._post(name, message)

    def _post(self, to: str, message: bytes) -> None:
        wind = self._net.wind
        if wind.rng.random() < wind.lost or self._net.is_cut(to):
            return
        for _ in range(1 + (wind.rng.random() < wind.doubled)):
            asyncio.get_running_loop().call_later(wind.delay() / SECOND, self._arrive, to, message)

    def _arrive(self, to: str, message: bytes) -> None:
        box = self._net.boxes.get(to)
        if box is not None:
            box.put_nowait(message)

    async def receive(self) -> list[bytes]:
        """See `Link.receive`."""
        box = self._net.boxes.get(self.name)
        if box is None or self._net.is_cut(self.name):
            raise StorageFailed(f"{self.name} is cut off")
        message = await box.get()
        await self._stalls.pass_by()
        return [message]

    async def news(self, after_version: int) -> list[StoredBatch]:
        """See `Link.news`."""
        net = self._net
        await self._way("following")
        until = net.outside.now() + WAIT
        while net.store.version() <= after_version and net.outside.now() < until:
            left = (until - net.outside.now()) / SECOND
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await net.stored.wait()
        await self._way("following")
        batches = net.store.batches
        first = bisect_right(batches, after_version, key=lambda stored: stored.version)
        return batches[first : first + PAGE]

    async def _way(self, connection: str) -> None:
        """Be as long on the way as the storm has it. Errors: `StorageFailed`."""
        wind = self._net.wind
        await self._net.outside.sleep_until(self._net.outside.now() + wind.delay())
        await self._stalls.pass_by()
        is_broken = (self.name, connection) in self._net.broken
        self._net.broken.discard((self.name, connection))
        if is_broken or self._net.is_cut(self.name) or wind.rng.random() < wind.unanswered:
            raise StorageFailed(f"{self.name} is cut off")
