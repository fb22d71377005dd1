"""The journal in memory does the harm it is told to do, and only that."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.errors import Conflict, OutcomeUnknown, StorageFailed
from router.ports import Batch, Snapshot
from router.runtime.clock import VirtualClock
from router.runtime.journal_faults import (
    NO_FAULT,
    AppendFault,
    Ending,
    Faults,
    FaultShares,
    ScriptedFaults,
)
from router.runtime.journal_memory import MemoryJournal, MemoryStore

FOREIGN = Batch("foreign", 1, 2, b"theirs")
OURS = Batch("ours", 1, 3, b"ours")


def a_journal(*appends: AppendFault) -> MemoryJournal:
    return MemoryJournal(MemoryStore(), VirtualClock(0), ScriptedFaults(appends))


async def test_a_conflict_comes_after_the_foreign_batch() -> None:
    journal = a_journal(AppendFault(foreign=(FOREIGN,)))
    with pytest.raises(Conflict) as caught:
        await journal.append(0, OURS)
    assert (caught.value.expected, caught.value.actual) == (0, 2)
    assert [stored.batch_id async for stored in journal.read(0)] == ["foreign"]
    assert await journal.append(2, OURS) == 5


async def test_a_refused_append_stores_nothing() -> None:
    journal = a_journal(AppendFault(ending=Ending.REFUSED))
    with pytest.raises(StorageFailed):
        await journal.append(0, OURS)
    assert await journal.find_batch("ours") is None
    assert await journal.append(0, OURS) == 3


@pytest.mark.parametrize(
    ("ending", "found"), [(Ending.UNKNOWN_STORED, 3), (Ending.UNKNOWN_LOST, None)]
)
async def test_an_unknown_outcome_is_settled_by_the_batch_id(
    ending: Ending, found: int | None
) -> None:
    journal = a_journal(AppendFault(ending=ending))
    with pytest.raises(OutcomeUnknown):
        await journal.append(0, OURS)
    assert await journal.find_batch("ours") == found
    assert await journal.version() == (found or 0)


async def test_a_slow_append_is_stored_when_its_time_has_come() -> None:
    clock = VirtualClock(0)
    store = MemoryStore()
    journal = MemoryJournal(store, clock, ScriptedFaults([AppendFault(delay=50)]))
    append = asyncio.ensure_future(journal.append(0, OURS))
    looked_up = asyncio.ensure_future(journal.find_batch("ours"))
    await clock.advance_to(49)
    assert (append.done(), looked_up.done(), store.version()) == (False, False, 0)
    await clock.advance_to(50)
    assert (await append, await looked_up) == (3, 3)


async def test_cancelling_a_slow_append_does_not_undo_it() -> None:
    clock = VirtualClock(0)
    slow = AppendFault(delay=50)
    journal = MemoryJournal(MemoryStore(), clock, ScriptedFaults([slow, slow]))
    for expected in (0, 9):  # the second would have been a conflict
        append = asyncio.ensure_future(journal.append(expected, OURS))
        await clock.advance_to(clock.now() + 10)
        append.cancel()
        with pytest.raises(asyncio.CancelledError):
            await append
        assert await journal.find_batch("ours") == 3
        assert await journal.version() == 3


async def test_a_torn_snapshot_keeps_half_its_bytes() -> None:
    faults = ScriptedFaults(torn_snapshots=[False, True])
    journal = MemoryJournal(MemoryStore(), VirtualClock(0), faults)
    await journal.save_snapshot(Snapshot(1, b"whole"))
    await journal.save_snapshot(Snapshot(2, b"broken"))
    assert await journal.snapshots() == [Snapshot(2, b"bro"), Snapshot(1, b"whole")]


async def test_the_store_outlives_its_journals() -> None:
    store = MemoryStore()
    await MemoryJournal(store, VirtualClock(0)).append(0, OURS)
    again = MemoryJournal(store, VirtualClock(0))
    assert await again.version() == 3
    store.free_bytes = 17
    assert again.free_bytes() == 17


def drawn(seed: int, shares: FaultShares, times: int) -> list[AppendFault]:
    plan = Faults(seed, shares, foreign=lambda version: [FOREIGN], delay_max=9)
    return [plan.next_append(version) for version in range(times)]


def test_the_same_seed_does_the_same_harm() -> None:
    shares = FaultShares()
    assert drawn(1, shares, 200) == drawn(1, shares, 200)
    assert drawn(1, shares, 200) != drawn(2, shares, 200)


def test_every_kind_of_harm_is_drawn_about_as_often_as_asked() -> None:
    faults = drawn(3, FaultShares(conflict=0.1, refused=0.2, unknown=0.2, slow=0.3), 4000)
    counts = [
        (sum(bool(fault.foreign) for fault in faults), 0.1),
        (sum(fault.ending is Ending.REFUSED for fault in faults), 0.2),
        (sum(fault.ending is Ending.UNKNOWN_STORED for fault in faults), 0.1),
        (sum(fault.ending is Ending.UNKNOWN_LOST for fault in faults), 0.1),
        (sum(fault.delay > 0 for fault in faults), 0.3),
    ]
    assert all(abs(count - 4000 * share) < 80 for count, share in counts)
    assert {fault.delay for fault in faults} == set(range(10))


@given(st.integers())
def test_no_shares_no_harm(seed: int) -> None:
    none = FaultShares(conflict=0, refused=0, unknown=0, slow=0, torn_snapshot=0)
    assert drawn(seed, none, 20) == [NO_FAULT] * 20
    plan = Faults(seed, none, foreign=lambda version: [], delay_max=1)
    assert not any(plan.next_snapshot_is_torn() for _ in range(20))


def test_snapshots_are_torn_about_as_often_as_asked() -> None:
    plan = Faults(5, FaultShares(torn_snapshot=0.5), foreign=lambda version: [], delay_max=1)
    assert abs(sum(plan.next_snapshot_is_torn() for _ in range(1000)) - 500) < 60
