"""A sequencer on the small engine and an in-memory journal, started and stopped by the test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from router.core import events as e
from router.core.commands import Command
from router.core.events import AnyEvent
from router.core.model import Channel, Form, ItemId, Tempo
from router.core.state import State
from router.core.upcast import decode_events, encode_events
from router.errors import CommandRefused, Overloaded, StorageUnavailable
from router.ports import Batch
from router.runtime.company import Company
from router.runtime.ids import SeededIds
from router.runtime.journal_faults import FaultPlan
from router.runtime.journal_memory import MemoryJournal, MemoryStore
from router.runtime.metrics import Metrics
from router.runtime.publisher import Publisher
from router.runtime.recovery import recover
from router.runtime.sequencer import WAITING_MAX, Sequencer
from router.runtime.shunting import ShuntedCommand
from tests.fakes.engine_clock import LeapableClock
from tests.fakes.engine_counter import CounterEngine

START = 1_790_000_000_000_000_000


@dataclass
class Rig:
    sequencer: Sequencer
    engine: CounterEngine
    state: State
    clock: LeapableClock
    store: MemoryStore
    journal: MemoryJournal
    publisher: Publisher
    metrics: Metrics
    published: list[AnyEvent] = field(default_factory=list)

    async def settle(self) -> None:
        """Let everything that needs no time happen."""
        await self.clock.advance_to(self.clock.now())

    def stored(self) -> list[AnyEvent]:
        """Return every event of the journal."""
        return [event for batch in self.store.batches for event in decode_events(batch.events)]

    async def replayed(self) -> State:
        """Return the state that the journal alone leads to."""
        return await recover(MemoryJournal(self.store, self.clock))


@asynccontextmanager
async def running(
    store: MemoryStore | None = None,
    faults: FaultPlan | None = None,
    *,
    clock: LeapableClock | None = None,
    waiting_max: int = WAITING_MAX,
    company: Company | None = None,
    seed: int = 0,
) -> AsyncIterator[Rig]:
    store = MemoryStore() if store is None else store
    clock = LeapableClock(START) if clock is None else clock
    journal = MemoryJournal(store, clock, faults)
    state = await recover(journal)
    engine, publisher, metrics = CounterEngine(state), Publisher(), Metrics()
    ids = SeededIds(len(store.batches) + 1000 * seed)
    sequencer = Sequencer(
        engine, journal, clock, ids, publisher, metrics, waiting_max=waiting_max, company=company
    )
    rig = Rig(sequencer, engine, state, clock, store, journal, publisher, metrics)
    publisher.subscribe(lambda events, _: rig.published.extend(events))
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(sequencer.run())
        try:
            yield rig
        finally:
            sequencer.stop()
            for _ in range(20):
                if task.done():
                    break
                await clock.advance_to(clock.now() + 10**9)
            task.cancel()


def version(state: State) -> int:
    return state.version


def foreign_batch(number: int) -> Batch:
    """What another daemon stores: one call received."""
    call = e.ItemReceived(
        at=START,
        item=ItemId(f"foreign-{number}"),
        channel=Channel.VOICE,
        tempo=Tempo.LIVE,
        form=Form.CALL,
        called="town",
        address_key="",
        contact_ref="",
        words_ref="",
        call_id="",
        language="en",
        subject="",
    )
    return Batch(f"foreign-{number}", START, 1, encode_events([call]))


async def decided(rig: Rig, version: int) -> None:
    """Let the loop turn until the working state stands there."""
    for _ in range(10):
        if rig.state.version == version:
            return
        await asyncio.sleep(0)
    raise AssertionError(f"stands at {rig.state.version}")


async def equals_its_journal(rig: Rig) -> bool:
    twin = await rig.replayed()
    return (twin.version, twin.hash()) == (rig.state.version, rig.state.hash())


async def outcome(rig: Rig, command: Command) -> int | Exception:
    """Return the version that the sender was told of, or what it was refused with."""
    try:
        return await rig.sequencer.submit(command, version)
    except (CommandRefused, ShuntedCommand, StorageUnavailable, Overloaded) as error:
        return error


async def view_outcome(rig: Rig) -> int | Exception:
    try:
        return await rig.sequencer.read(version)
    except StorageUnavailable as error:
        return error
