"""CPU of a whole routed call: from its arrival to the end of wrap-up, every command stored.

    .venv/bin/python -m benchmarks.offer_cycle [CALLS] [ROUNDS]

Calls go through the shipped town's menu, are offered, seen, accepted, connected and closed: engine,
sequencer and journal with fsync, without HTTP and without a carrier. CPU time and not the clock is
counted, of all threads and of the event loop's. Beside it, in the same round: the engine alone, and
as many bare commits of as many bytes by SQLite with the journal's own tables and settings.

How many calls are under way at once decides how many commands share a commit, as long as somebody
is free for each. The last row has the town's own fourteen people, for whom most calls wait.
"""

from __future__ import annotations

import asyncio
import gc
import random
import resource
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import uvloop
from msgspec.structs import replace

from benchmarks.bare_inbox import opened
from benchmarks.servers import temporary_folder
from benchmarks.towns import code, shipped, started, with_agents
from router.core import commands as c
from router.core.model import (
    HOUR,
    SECOND,
    AgentId,
    AgentStatus,
    ItemId,
    ItemState,
    LegResult,
    OfferId,
)
from router.core.policy import Policy
from router.core.records import Item
from router.core.state import State
from router.ports import Ids, Inbox, Words
from router.runtime.ids import RandomIds
from router.runtime.sqlite_file import LOG_PAGES
from router.runtime.sqlite_schema import TABLES

T = TypeVar("T")

AT_ONCE: Final = (1, 8, 32, 64)
FEW: Final = 8  # calls at once for the town's own people
PAUSE_S: Final = 0.02  # until somebody is looked for again who is free
KEYS_MAX: Final = 5  # more than the menus ask


class Cost(NamedTuple):
    """Milliseconds of CPU a call."""

    whole: float  # all threads, kernel included
    loop: float  # of that, on the event loop's thread
    system: float  # of `whole`, in the kernel
    commands: float  # a call


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

    def __init__(self, town: Policy) -> None:
        self._engine = started(town)

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


def staffed(people: int) -> Policy:
    """Return the shipped town with so many people and no limits, however slow the machine is."""
    town = with_agents(shipped(), people)
    queues = {name: replace(queue, length_max=0) for name, queue in town.queues.items()}
    return replace(town, queues=queues, offers=replace(town.offers, lease=24 * HOUR))


async def measure(inbox: Inbox, town: Policy, calls: int, at_once: int) -> Cost:
    """Return what a call costs; everybody has signed in before."""
    ids = RandomIds()
    for agent in town.agents:
        await inbox.submit(c.SignIn(agent_id=agent, desk=f"desk-{agent}"), _version)
        available = c.SetStatus(agent_id=agent, status=AgentStatus.AVAILABLE)
        await inbox.submit(available, _version)
    cycles = [Cycle(inbox, ids, code(town)) for _ in range(at_once)]

    async def work(cycle: Cycle) -> None:
        for _ in range(calls // at_once):
            await cycle.call()

    before, loop = resource.getrusage(resource.RUSAGE_SELF), time.thread_time()
    await asyncio.gather(*map(work, cycles))
    after, loop = resource.getrusage(resource.RUSAGE_SELF), time.thread_time() - loop
    made = calls // at_once * at_once
    user, system = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
    commands = sum(cycle.commands for cycle in cycles)
    return Cost(*(1e3 * each / made for each in (user + system, loop, system, commands / 1e3)))


async def stored(path: Path, town: Policy, calls: int, at_once: int) -> Cost:
    """Measure with sequencer and journal."""
    async with opened(path, town) as inbox:
        return await measure(inbox, town, calls, at_once)


def batches_of(path: Path, people: int) -> list[int]:
    """Return the bytes of events of each batch of the calls: all but the adoption and sign-ins."""
    connection = sqlite3.connect(path)
    found = connection.execute("SELECT length(events) FROM batches ORDER BY version").fetchall()
    connection.close()
    return [size for (size,) in found[1 + 2 * people :]]


def bare(path: Path, sizes: list[int]) -> float:
    """Return the seconds of CPU of such batches stored by SQLite alone, each with its fsync."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
        f"PRAGMA wal_autocheckpoint = {LOG_PAGES}; {TABLES}"
    )
    ids = RandomIds()
    begin = time.process_time()
    for version, size in enumerate(sizes, 1):
        connection.execute("BEGIN IMMEDIATE")
        row = (version, ids.unique("b-"), version, 1, bytes(size))
        connection.execute("INSERT INTO batches VALUES (?, ?, ?, ?, ?)", row)
        connection.execute("COMMIT")
    spent = time.process_time() - begin
    connection.close()
    return spent


def show(calls: int, at_once: int, people: int) -> None:
    """Measure one row and print it."""
    town = staffed(people)
    with temporary_folder() as name:
        path = Path(name) / "journal"
        cost = uvloop.run(stored(path, town, calls, at_once))
        sizes = batches_of(path, people)
        commits = bare(Path(name) / "bare", sizes) * 1e3 / calls
    gc.unfreeze()
    alone = uvloop.run(measure(Alone(town), town, calls, at_once)).whole
    rest = cost.whole - commits - alone
    print(
        f"{at_once:>8}{people:>8}{cost.whole:>9.3f}{cost.loop:>9.3f}{cost.system:>9.3f}"
        f"{cost.commands:>10.1f}{len(sizes) / calls:>9.2f}{commits:>9.3f}{alone:>9.3f}{rest:>9.3f}",
        flush=True,
    )


def main() -> None:
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 1_280
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    heads = ("ms of CPU", "loop", "system", "commands", "commits", "bare", "engine", "rest")
    print(
        f"{'at once':>8}{'people':>8}"
        + "".join(f"{each:>{max(9, len(each) + 1)}}" for each in heads)
    )
    for _ in range(rounds):
        for at_once in AT_ONCE:
            show(calls, at_once, 14 * at_once)
        show(calls, FEW, 14)


if __name__ == "__main__":
    main()
