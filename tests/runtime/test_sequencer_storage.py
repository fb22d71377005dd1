"""The single writer when storing fails, hangs, conflicts or nobody knows."""

from __future__ import annotations

import asyncio
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.core import commands as c
from router.core import events as e
from router.core.model import SECOND, ItemId
from router.core.policy import encode
from router.core.state import State
from router.core.upcast import encode_events
from router.errors import (
    NotNow,
    Overloaded,
    StorageUnavailable,
)
from router.ports import Batch
from router.runtime.journal_faults import AppendFault, Ending, Faults, FaultShares, ScriptedFaults
from router.runtime.journal_memory import MemoryJournal, MemoryStore
from tests.fakes.engine_counter import (
    KEY_LIFE,
    CounterEngine,
    empty_policy,
    end_call,
    start_call,
)
from tests.fakes.engine_rig import (
    START,
    decided,
    equals_its_journal,
    foreign_batch,
    outcome,
    running,
    version,
    view_outcome,
)

# --- trouble with storage ------------------------------------------------------------------------


async def test_after_a_refused_append_the_state_is_exactly_as_before() -> None:
    faults = ScriptedFaults([AppendFault(), AppendFault(ending=Ending.REFUSED)])
    async with running(faults=faults) as rig:
        await rig.sequencer.submit(start_call(1), version)
        before = rig.state.hash()
        results = await asyncio.gather(
            outcome(rig, start_call(2)), outcome(rig, end_call(1)), outcome(rig, end_call(7))
        )
        assert all(isinstance(result, StorageUnavailable) for result in results)
        assert rig.state.hash() == before
        assert "refused" in rig.sequencer.trouble
        await rig.sequencer.submit(start_call(3), version)
        assert rig.sequencer.trouble == ""
        assert await equals_its_journal(rig)


async def test_while_storage_fails_it_is_tried_once_a_second_and_the_gap_is_told() -> None:
    faults = ScriptedFaults([AppendFault()] + 4 * [AppendFault(ending=Ending.REFUSED)])
    async with running(faults=faults) as rig:
        rig.state.policy_hash = rig.sequencer.know_policy(encode(empty_policy("one")))
        await rig.sequencer.submit(start_call(1), version)
        await rig.clock.advance_to(START + 3 * SECOND)
        assert isinstance(await outcome(rig, start_call(2)), StorageUnavailable)
        await rig.clock.advance_to(START + 6 * SECOND)
        assert len(rig.store.batches) == 1
        assert rig.sequencer.trouble
        await rig.clock.advance_to(START + 7 * SECOND)
        assert rig.sequencer.trouble == ""
        resumed = rig.stored()[-1]
        assert isinstance(resumed, e.ServiceResumed)
        assert resumed.since == START + 3 * SECOND
        assert resumed.at == START + 7 * SECOND


async def test_after_a_leap_of_the_clock_the_service_is_resumed_before_time_passes() -> None:
    async with running() as rig:
        rig.state.policy_hash = rig.sequencer.know_policy(encode(empty_policy("one")))
        await rig.sequencer.submit(start_call(1), version)
        await rig.clock.leap(2 * KEY_LIFE)
        kinds = [type(event) for event in rig.stored()]
        assert kinds == [e.ItemReceived, e.KeyKept, e.ServiceResumed, e.KeyDropped]
        assert rig.stored()[2].since == START  # type: ignore[union-attr]


@pytest.mark.parametrize("ending", [Ending.UNKNOWN_STORED, Ending.UNKNOWN_LOST])
async def test_an_unknown_outcome_is_settled_before_anybody_hears(ending: Ending) -> None:
    faults = ScriptedFaults([AppendFault(ending=ending)])
    async with running(faults=faults) as rig:
        assert await rig.sequencer.submit(start_call(1), version) == 2
        assert len(rig.stored()) == 2
        assert await equals_its_journal(rig)


async def test_a_conflict_is_decided_again_on_what_the_other_stored() -> None:
    faults = ScriptedFaults([AppendFault(foreign=(foreign_batch(1), foreign_batch(2)))])
    async with running(faults=faults) as rig:
        assert await rig.sequencer.submit(start_call(1), version) == 4
        assert list(rig.state.items) == ["foreign-1", "foreign-2", "item-1"]
        assert rig.published == rig.stored()
        assert await equals_its_journal(rig)


async def test_a_writer_that_is_always_overtaken_gives_up() -> None:
    faults = ScriptedFaults([AppendFault(foreign=(foreign_batch(n),)) for n in range(20)])
    async with running(faults=faults) as rig:
        with pytest.raises(StorageUnavailable):
            await rig.sequencer.submit(start_call(1), version)
        assert "item-1" not in rig.state.items
        assert await equals_its_journal(rig)


async def test_an_append_that_hangs_is_told_after_two_seconds_and_still_counts() -> None:
    faults = ScriptedFaults([AppendFault(delay=5 * SECOND)])
    async with running(faults=faults) as rig, asyncio.TaskGroup() as tasks:
        first = tasks.create_task(outcome(rig, start_call(1)))
        await rig.settle()
        behind = tasks.create_task(outcome(rig, start_call(2)))
        view = tasks.create_task(view_outcome(rig))
        await rig.clock.advance_to(START + 2 * SECOND - 1)
        assert not first.done()
        await rig.clock.advance_to(START + 2 * SECOND)
        assert isinstance(first.result(), StorageUnavailable)
        assert isinstance(behind.result(), StorageUnavailable)
        assert isinstance(view.result(), StorageUnavailable)
        with pytest.raises(StorageUnavailable):
            await rig.sequencer.submit(start_call(3), version)
        assert rig.sequencer.trouble
        await rig.clock.advance_to(START + 5 * SECOND)
        assert rig.sequencer.trouble == ""
        assert list(rig.state.items) == ["item-1"]
        assert await rig.sequencer.submit(start_call(9, key="call-1"), version) == 2
        assert await equals_its_journal(rig)


async def test_an_unknown_outcome_that_was_stored_is_not_decided_a_second_time() -> None:
    """The second decision would refuse what the first one stored."""
    faults = ScriptedFaults([AppendFault(), AppendFault(ending=Ending.UNKNOWN_STORED)])
    async with running(faults=faults) as rig:
        await rig.sequencer.submit(start_call(1, "effect"), version)
        (key,) = rig.state.pending
        assert await outcome(rig, c.ReportEffect(key, done=True)) == 4


async def test_a_view_is_served_when_deciding_again_leaves_nothing_to_store() -> None:
    other = foreign_batch(1)
    known = encode_events([e.KeyKept(START, "call-1", ItemId("foreign-1"), None)])
    fault = AppendFault(delay=1, foreign=(other, Batch("key", START, 1, known)))
    async with running(faults=ScriptedFaults([fault])) as rig, asyncio.TaskGroup() as tasks:
        tasks.create_task(outcome(rig, start_call(1)))
        await decided(rig, 2)
        view = tasks.create_task(rig.sequencer.read(version))
        await rig.clock.advance_to(START + 1)
        assert view.result() == 2


async def test_without_a_policy_a_storage_failure_is_not_followed_by_a_spin() -> None:
    faults = ScriptedFaults([AppendFault(ending=Ending.REFUSED)])
    async with running(faults=faults) as rig:
        assert isinstance(await outcome(rig, start_call(1)), StorageUnavailable)
        asked = rig.clock.gaps_asked
        await rig.clock.advance_to(START + 5 * SECOND)
        assert rig.clock.gaps_asked - asked == 5


async def test_a_second_hang_right_after_the_first_is_noticed_in_time() -> None:
    faults = ScriptedFaults(2 * [AppendFault(delay=3 * SECOND)])
    async with running(faults=faults) as rig, asyncio.TaskGroup() as tasks:
        tasks.create_task(outcome(rig, start_call(1)))
        await rig.clock.advance_to(START + 3 * SECOND)
        second = tasks.create_task(outcome(rig, start_call(2)))
        await rig.clock.advance_to(START + 5 * SECOND)
        assert isinstance(second.result(), StorageUnavailable)


async def test_each_hanging_append_gets_its_own_two_seconds() -> None:
    faults = ScriptedFaults([AppendFault(delay=15 * SECOND // 10), AppendFault(delay=9 * SECOND)])
    async with running(faults=faults) as rig, asyncio.TaskGroup() as tasks:
        first = tasks.create_task(outcome(rig, start_call(1)))
        await rig.settle()
        second = tasks.create_task(outcome(rig, start_call(2)))
        await rig.clock.advance_to(START + 35 * SECOND // 10 - 1)
        assert first.result() == 2
        assert not second.done()
        await rig.clock.advance_to(START + 35 * SECOND // 10)
        assert isinstance(second.result(), StorageUnavailable)


# --- everything at once --------------------------------------------------------------------------


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32))
async def test_whatever_goes_wrong_what_was_acknowledged_is_stored_once_and_in_order(
    seed: int,
) -> None:
    """Conflicts, failures, unknown outcomes, slow appends, crashes of our own, in any order."""
    chance = random.Random(seed)
    numbers = iter(range(10_000))
    faults = Faults(
        seed,
        FaultShares(conflict=0.1, refused=0.1, unknown=0.15, slow=0.2),
        foreign=lambda _: [foreign_batch(next(numbers))],
        delay_max=4 * SECOND,
    )
    store = MemoryStore()
    told: dict[int, asyncio.Task[int | Exception]] = {}
    async with running(store, faults, waiting_max=12) as rig, asyncio.TaskGroup() as tasks:
        for number in range(60):
            called = chance.choice(["town", "town", "town", "refuse", "crash"])
            told[number] = tasks.create_task(outcome(rig, start_call(number, called)))
            if chance.random() < 0.3:
                tasks.create_task(outcome(rig, end_call(chance.randint(0, number))))
            if chance.random() < 0.3:
                await rig.clock.advance_to(rig.clock.now() + chance.randint(0, 3 * SECOND))
        await rig.clock.advance_to(rig.clock.now() + 60 * SECOND)
    assert all(task.done() for task in told.values())
    assert await equals_its_journal(rig)
    received = [event.item for event in rig.stored() if isinstance(event, e.ItemReceived)]
    assert len(received) == len(set(received))
    acknowledged = {n: v for n, t in told.items() if isinstance(v := t.result(), int)}
    for number in acknowledged:
        assert f"item-{number}" in received
    in_order = [n for n, _ in sorted(acknowledged.items(), key=lambda pair: pair[1])]
    positions = [received.index(ItemId(f"item-{n}")) for n in in_order]
    assert positions == sorted(positions)
    for number, task in told.items():
        if isinstance(task.result(), NotNow | Overloaded):
            assert f"item-{number}" not in received
    assert rig.published == rig.stored()


async def test_the_journal_of_a_stopped_daemon_continues_in_the_next() -> None:
    store = MemoryStore()
    async with running(store) as rig:
        await rig.sequencer.submit(start_call(1), version)
        before = rig.state.hash()
    async with running(store) as rig:
        assert rig.state.hash() == before
        assert await rig.sequencer.submit(start_call(2), version) == 4


def test_the_small_engine_refuses_as_the_real_one_must() -> None:
    """A refusal leaves the state as it was."""
    engine = CounterEngine(State())
    before = engine.state.hash()
    with pytest.raises(NotNow):
        engine.run(start_call(1, "refuse"), START)
    assert engine.state.hash() == before


async def test_a_journal_that_is_closed_under_us_is_trouble_not_a_crash() -> None:
    async with running() as rig:
        await rig.journal.close()
        assert isinstance(await outcome(rig, start_call(1)), StorageUnavailable)
        assert isinstance(rig.journal, MemoryJournal)
