"""CPU of a whole routed call: from its arrival to the end of wrap-up, every command stored.

    .venv/bin/python -m benchmarks.offer_cycle [CALLS] [ROUNDS]

Calls go through the shipped town's menu, are offered, seen, accepted, connected and closed: engine,
sequencer and journal with fsync, without HTTP and without a carrier; and the engine alone. CPU time
and not the clock is counted; eight calls are under way at once.
"""

from __future__ import annotations

import asyncio
import gc
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import uvloop

from benchmarks.bare_inbox import opened
from benchmarks.servers import temporary_folder
from benchmarks.towns import code, shipped, started
from router.core import commands as c
from router.core.model import SECOND, AgentId, AgentStatus, ItemId, ItemState, LegResult, OfferId
from router.core.records import Item
from router.core.state import State
from router.ports import Ids, Inbox, Words
from router.runtime.ids import RandomIds

T = TypeVar("T")

AT_ONCE: Final = 8
PAUSE_S: Final = 0.02  # until somebody is looked for again who is free
KEYS_MAX: Final = 5  # more than the menus ask


class Cycle:
    """Calls, one after the other."""

    def __init__(self, inbox: Inbox, ids: Ids, wrap_up: str) -> None:
        self._inbox = inbox
        self._ids = ids
        self._wrap_up = wrap_up
        self._rng = random.Random(5)
        self.commands = 0

    async def call(self) -> None:
        """Return once a call has been routed, answered and closed."""
        item_id, call_id = ItemId(self._ids.item_id()), self._ids.unique("CA")
        row = await self._do(
            c.StartCall(
                item_id=item_id,
                key=f"call:{call_id}",
                call_id=call_id,
                called="+19055550100",
                address_key=call_id,
                contact_ref=self._ids.unique("w_"),
            ),
            item_id,
        )
        for _ in range(KEYS_MAX):
            if row.state is not ItemState.IN_FLOW or row.flow is None:
                break
            step, digit = row.flow.step, self._rng.choice("123")
            row = await self._do(c.AdvanceFlow(item_id=item_id, step=step, digits=digit), item_id)
        while row.state is ItemState.QUEUED:  # all who could take it are at work
            await asyncio.sleep(PAUSE_S)
            row = await self._inbox.read(lambda state: state.items[item_id])
        offer = OfferId(row.offers[0])
        agent = await self._inbox.read(lambda state: state.offers[offer].agent)
        await self._answer(item_id, offer, agent)

    async def _answer(self, item_id: ItemId, offer: OfferId, agent: AgentId) -> None:
        leg = self._ids.unique("CA")
        for command in (
            c.SeeOffer(offer_id=offer, agent_id=agent),
            c.AcceptOffer(offer_id=offer, agent_id=agent),
            c.ReportLeg(item_id=item_id, leg="agent", call_id=leg, result=LegResult.ANSWERED),
            c.EndCall(item_id=item_id, call_id=leg, reason="completed"),
        ):
            await self._do(command, item_id)
        await self._inbox.submit(
            c.CloseItem(item_id=item_id, agent_id=agent, code=self._wrap_up), _version
        )
        self.commands += 1

    async def _do(self, command: c.Command, item_id: ItemId) -> Item:
        self.commands += 1
        return await self._inbox.submit(command, lambda state: state.items[item_id])


class Alone:
    """The engine without sequencer and journal."""

    def __init__(self) -> None:
        self._engine = started(shipped())

    async def submit(
        self, command: c.Command, reply: Callable[[State], T], *, words: tuple[Words, ...] = ()
    ) -> T:
        """Decide and apply."""
        self._engine.run(command, self._engine.state.now + SECOND // 1000)
        return reply(self._engine.state)

    async def read(self, view: Callable[[State], T]) -> T:
        """Look."""
        return view(self._engine.state)


def _version(state: State) -> int:
    return state.version


async def measure(inbox: Inbox, calls: int) -> tuple[float, float, float]:
    """Return milliseconds of CPU a call, those of the event loop alone, and commands a call."""
    ids, town = RandomIds(), shipped()
    for agent in town.agents:
        await inbox.submit(c.SignIn(agent_id=agent, desk=f"desk-{agent}"), _version)
        available = c.SetStatus(agent_id=agent, status=AgentStatus.AVAILABLE)
        await inbox.submit(available, _version)
    cycles = [Cycle(inbox, ids, code(town)) for _ in range(AT_ONCE)]

    async def work(cycle: Cycle) -> None:
        for _ in range(calls // AT_ONCE):
            await cycle.call()

    whole, loop = time.process_time(), time.thread_time()
    await asyncio.gather(*map(work, cycles))
    whole, loop = time.process_time() - whole, time.thread_time() - loop
    commands = sum(cycle.commands for cycle in cycles)
    return whole / calls * 1e3, loop / calls * 1e3, commands / calls


async def stored(path: Path, calls: int) -> tuple[float, float, float]:
    """Measure with sequencer and journal."""
    async with opened(path) as inbox:
        return await measure(inbox, calls)


def main() -> None:
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    least = (float("inf"), float("inf"))
    for number in range(rounds):
        with temporary_folder() as name:
            path = Path(name) / str(number) / "journal"
            whole, loop, commands = uvloop.run(stored(path, calls))
        gc.unfreeze()
        alone, _, _ = uvloop.run(measure(Alone(), calls))
        least = min(least, (whole, loop))
        print(
            f"{whole:.3f} ms of CPU a call of {commands:.1f} commands, {loop:.3f} on the loop;"
            f" engine alone {alone:.3f}"
        )
    print(f"least: {least[0]:.3f} ms, {least[1]:.3f} ms on the event loop")


if __name__ == "__main__":
    main()
