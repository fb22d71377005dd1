"""Several daemons of one town, on one in-memory journal and one virtual clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from router.core.model import SECOND, Span
from router.runtime.journal_faults import FaultPlan
from router.runtime.journal_memory import MemoryStore
from router.runtime.metrics import Metrics
from router.runtime.sharing import Sharing
from tests.fakes.engine_clock import LeapableClock
from tests.fakes.engine_rig import START, Rig, running
from tests.fakes.town_link import MemoryLink, Town


@dataclass
class Daemon:
    """One of them."""

    rig: Rig
    sharing: Sharing
    link: MemoryLink


@dataclass
class Several:
    """All of them; the first decides."""

    daemons: list[Daemon]
    clock: LeapableClock
    store: MemoryStore
    town: Town = field(default_factory=Town)

    async def pass_time(self, span: Span = SECOND // 10) -> None:
        """Let so much time pass, in steps in which everybody acts."""
        ends = self.clock.now() + span
        while self.clock.now() < ends:
            await self.clock.advance_to(min(ends, self.clock.now() + SECOND // 50))

    async def told(self, waits: Awaitable[object], within: Span = SECOND) -> object:
        """Return what it comes to, in virtual time."""
        task = asyncio.ensure_future(waits)
        ends = self.clock.now() + within
        while not task.done() and self.clock.now() < ends:
            await self.pass_time(SECOND // 50)
        assert task.done(), "nobody was told in time"
        return task.result()

    def deciders(self) -> list[int]:
        """Return who believes to decide."""
        return [n for n, each in enumerate(self.daemons) if each.sharing.decides]


@asynccontextmanager
async def several(
    count: int,
    faults: dict[int, FaultPlan] | None = None,
    *,
    store: MemoryStore | None = None,
    clock: LeapableClock | None = None,
) -> AsyncIterator[Several]:
    """Run so many; `faults` of their journals by number."""
    clock = LeapableClock(START) if clock is None else clock
    found = Several([], clock, MemoryStore() if store is None else store)
    async with AsyncExitStack() as stack:
        for number in range(count):
            plan = (faults or {}).get(number)
            daemon = await stack.enter_async_context(joined(found, number, plan))
            found.daemons.append(daemon)
        yield found
        for each in found.daemons:
            each.link.is_stopped = False
        found.town.is_cut = False


@asynccontextmanager
async def joined(
    town: Several, number: int, faults: FaultPlan | None = None
) -> AsyncIterator[Daemon]:
    """Run one more."""
    link = MemoryLink(f"daemon-{number}", town.town, town.store, town.clock)
    sharing = Sharing(link, town.clock, Metrics())
    async with running(town.store, faults, clock=town.clock, company=sharing, seed=number) as rig:
        await town.pass_time()
        yield Daemon(rig, sharing, link)
