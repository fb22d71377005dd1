"""A start: the newest readable snapshot, then the journal; what cannot be read stops it clearly."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from router.core import events as e
from router.core.commands import AdoptPolicy
from router.core.model import ItemId
from router.core.policy import encode
from router.core.state import State
from router.core.upcast import decode_events, encode_events
from router.errors import InvariantBroken
from router.ports import Batch, Snapshot, StoredBatch
from router.runtime.clock import VirtualClock
from router.runtime.journal_memory import MemoryJournal, MemoryStore
from router.runtime.recovery import recover, replay
from router.runtime.snapshot import UnreadableSnapshot, decode_snapshot, encode_snapshot
from router.runtime.snapshotting import EVERY, EVERY_EVENTS, Snapshots
from tests.fakes.engine_counter import empty_policy, end_call, start_call
from tests.fakes.engine_rig import START, running


def version(state: State) -> int:
    return state.version


class NotingJournal(MemoryJournal):
    """Notes from where it was read."""

    def __init__(self, store: MemoryStore, clock: VirtualClock) -> None:
        super().__init__(store, clock)
        self.read_from: list[int] = []

    def read(self, after_version: int) -> AsyncIterator[StoredBatch]:
        self.read_from.append(after_version)
        return super().read(after_version)


async def a_store(calls: int) -> tuple[MemoryStore, str]:
    store = MemoryStore()
    async with running(store) as rig:
        name = rig.sequencer.know_policy(encode(empty_policy("town")))
        await rig.sequencer.submit(AdoptPolicy(name), version)
        for number in range(calls):
            await rig.sequencer.submit(start_call(number, "effect"), version)
            if number % 2:
                await rig.sequencer.submit(end_call(number), version)
        return store, rig.state.hash()


async def recovered(store: MemoryStore) -> State:
    return await recover(MemoryJournal(store, VirtualClock(0)))


async def test_an_empty_journal_gives_the_empty_state() -> None:
    assert (await recovered(MemoryStore())).version == 0


async def test_replay_leads_to_the_same_state_with_its_policy() -> None:
    store, state_hash = await a_store(5)
    state = await recovered(store)
    assert state.hash() == state_hash
    assert state.policy.town == "town"


async def test_a_snapshot_and_the_rest_of_the_journal_lead_there_too() -> None:
    store, _ = await a_store(5)
    halfway = await recovered(store)
    store.snapshots[halfway.version] = encode_snapshot(halfway.freeze(), "1")
    async with running(store) as rig:
        await rig.sequencer.submit(start_call(77), version)
        state_hash = rig.state.hash()
    journal = NotingJournal(store, VirtualClock(0))
    state = await recover(journal)
    assert state.hash() == state_hash
    assert journal.read_from == [halfway.version - 1, halfway.version]
    assert state.next_wakeup() == (await recovered_without_snapshots(store)).next_wakeup()


async def recovered_without_snapshots(store: MemoryStore) -> State:
    store.snapshots.clear()
    return await recovered(store)


@pytest.mark.parametrize("cut", [0, 3, 10, 60, -1])
async def test_a_torn_snapshot_is_skipped(cut: int) -> None:
    store, state_hash = await a_store(3)
    whole = encode_snapshot((await recovered(store)).freeze(), "1")
    store.snapshots[whole.version] = Snapshot(whole.version, whole.body[:cut])
    assert (await recovered(store)).hash() == state_hash


async def test_a_snapshot_of_another_journal_is_skipped() -> None:
    store, state_hash = await a_store(2)
    longer, _ = await a_store(9)
    ahead = encode_snapshot((await recovered(longer)).freeze(), "1")
    store.snapshots[ahead.version] = ahead
    assert (await recovered(store)).hash() == state_hash


async def test_a_snapshot_of_a_history_that_was_lost_is_skipped() -> None:
    store, state_hash = await a_store(3)
    other, _ = await a_store(3)
    for stored in (store, other):
        async with running(stored) as rig:
            await rig.sequencer.submit(end_call(0 if stored is store else 2), version)
            if stored is store:
                state_hash = rig.state.hash()
    forked = await replay(MemoryJournal(other, VirtualClock(0)))
    assert forked.state.version == store.version()
    store.snapshots[store.version()] = encode_snapshot(forked.state.freeze(), "1", forked.chain)
    assert (await recovered(store)).hash() == state_hash
    store.snapshots[store.version()] = encode_snapshot(forked.state.freeze(), "1")
    assert (await recovered(store)).hash() != state_hash  # nobody could know


async def test_a_batch_that_was_changed_stops_the_start() -> None:
    store, _ = await a_store(3)
    store.batches[2] = replace(store.batches[2], at=store.batches[2].at + 1)
    with pytest.raises(InvariantBroken, match="does not follow the one before"):
        await recovered(store)


async def test_a_snapshot_whose_policy_is_gone_is_skipped_and_then_the_journal_says_so() -> None:
    store, _ = await a_store(2)
    store.snapshots[3] = encode_snapshot((await recovered(store)).freeze(), "1")
    store.policies.clear()
    with pytest.raises(InvariantBroken, match="adopted and is not stored"):
        await recovered(store)


async def test_a_flipped_bit_in_a_snapshot_is_noticed() -> None:
    store, _ = await a_store(3)
    whole = encode_snapshot((await recovered(store)).freeze(), "1")
    state_begins = 4 + int.from_bytes(whole.body[:4], "big")
    for position in range(state_begins, len(whole.body), 7):
        body = bytearray(whole.body)
        body[position] ^= 1
        with pytest.raises(UnreadableSnapshot):
            decode_snapshot(Snapshot(whole.version, bytes(body)))


async def test_a_snapshot_that_says_another_version_is_unreadable() -> None:
    snapshot = encode_snapshot(State().freeze(), "1")
    with pytest.raises(UnreadableSnapshot, match="holds version 0"):
        decode_snapshot(Snapshot(7, snapshot.body))


@pytest.mark.parametrize(
    ("batch", "says"),
    [
        (Batch("b", START, 1, b"\xc1"), "cannot be read"),
        (Batch("b", START, 1, encode_events([])), "ends at"),
        (Batch("b", START, 3, encode_events([e.KeyDropped(START, "k")])), "ends at"),
        (Batch("b", START, 1, encode_events([e.ItemForgotten(START, ItemId("x"))])), "applied"),
    ],
)
async def test_a_journal_that_cannot_be_folded_stops_the_start(batch: Batch, says: str) -> None:
    store = MemoryStore()
    store.add(batch)
    with pytest.raises(InvariantBroken, match=says):
        await recovered(store)


def test_events_survive_being_stored() -> None:
    events: list[e.AnyEvent] = [
        e.KeyDropped(START, "k"),
        e.EffectFailed(START, "e", "gone"),  # type: ignore[arg-type] # ids are text
        e.FallbackWalked(START, "i", "closed", "c", (e.Tried("c/1", True, ""),), "end"),  # type: ignore[arg-type]
    ]
    assert decode_events(encode_events(events)) == events


async def test_a_hole_in_the_journal_stops_the_start() -> None:
    store, _ = await a_store(3)
    del store.batches[2]
    with pytest.raises(InvariantBroken, match="ends at"):
        await recovered(store)


# --- the duty ------------------------------------------------------------------------------------


async def test_a_snapshot_is_saved_after_enough_events_or_enough_time() -> None:
    async with running() as rig:
        duty = Snapshots(rig.sequencer, rig.journal, rig.clock, "1", lambda: rig.sequencer.chain)
        await duty()
        await rig.sequencer.submit(start_call(1), version)
        await duty()
        assert rig.store.snapshots == {}
        await rig.clock.advance_to(START + EVERY)
        await duty()
        assert list(rig.store.snapshots) == [rig.state.version]
        await duty()
        for first in range(0, EVERY_EVENTS, 500):
            rig.sequencer.know_policy(encode(empty_policy("x")))
            for number in range(first, first + 500):
                await rig.sequencer.submit(start_call(number + 100), version)
            if rig.state.version > EVERY_EVENTS + 100:
                break
        await duty()
        assert max(rig.store.snapshots) == rig.state.version
        assert (await rig.replayed()).hash() == rig.state.hash()
