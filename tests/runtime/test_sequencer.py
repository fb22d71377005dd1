"""The single writer: what it answers, when, and what the journal then holds."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from router.core import commands as c
from router.core import events as e
from router.core.model import SECOND, ItemId, ItemState
from router.core.state import State
from router.errors import (
    Overloaded,
    StorageUnavailable,
    UnknownItem,
)
from router.ports import Words
from router.runtime.journal_faults import AppendFault, Ending, ScriptedFaults
from router.runtime.sequencer import BATCH_MAX
from router.runtime.shunting import ShuntedCommand
from tests.fakes.engine_counter import (
    end_call,
    start_call,
)
from tests.fakes.engine_rig import (
    START,
    decided,
    equals_its_journal,
    outcome,
    running,
    version,
)

# --- answers -------------------------------------------------------------------------------------


async def test_an_answer_means_that_the_events_are_stored() -> None:
    async with running() as rig:
        state = await rig.sequencer.submit(start_call(1), lambda s: s.items[ItemId("item-1")].state)
        assert state is ItemState.RECEIVED
        assert [type(event) for event in rig.stored()] == [e.ItemReceived, e.KeyKept]
        assert await equals_its_journal(rig)


async def test_a_reply_sees_the_state_right_after_its_own_command() -> None:
    async with running() as rig:
        versions = await asyncio.gather(
            *(rig.sequencer.submit(start_call(n), version) for n in range(5))
        )
        assert versions == [2, 4, 6, 8, 10]
        assert len(rig.store.batches) == 1


async def test_what_waits_together_is_stored_together_up_to_the_most() -> None:
    async with running() as rig:
        await asyncio.gather(
            *(rig.sequencer.submit(start_call(n), version) for n in range(BATCH_MAX + 1))
        )
        assert [batch.count for batch in rig.store.batches] == [2 * BATCH_MAX, 2]


async def test_what_arrives_while_the_sequencer_wakes_goes_into_the_same_append() -> None:
    async def one_turn_later() -> int:
        await asyncio.sleep(0)
        return await rig.sequencer.submit(start_call(2), version)

    async with running() as rig:
        await rig.sequencer.submit(start_call(0), version)
        await asyncio.sleep(0)
        await asyncio.gather(rig.sequencer.submit(start_call(1), version), one_turn_later())
        assert [batch.count for batch in rig.store.batches] == [2, 4]


async def test_words_are_stored_with_the_events_and_not_for_a_repeat() -> None:
    async with running() as rig:
        first = (Words("w1", "contact", b"{}"),)
        again = (Words("w2", "contact", b"{}"),)
        await asyncio.gather(
            rig.sequencer.submit(start_call(1), version, words=first),
            rig.sequencer.submit(start_call(2, key="call-1"), version, words=again),
        )
        assert list(rig.store.words) == ["w1"]


async def test_a_repeat_is_answered_and_stores_nothing() -> None:
    async with running() as rig:
        await rig.sequencer.submit(start_call(1), version)
        item = await rig.sequencer.submit(
            start_call(2, key="call-1"), lambda state: state.keys["call-1"].item
        )
        assert item == "item-1"
        assert len(rig.store.batches) == 1


async def test_a_refusal_reaches_the_sender_and_changes_nothing() -> None:
    async with running() as rig:
        with pytest.raises(UnknownItem):
            await rig.sequencer.submit(end_call(9), version)
        assert rig.state.version == 0
        assert rig.metrics.refusals == {"unknown-item": 1}


async def test_a_refusal_behind_unstored_commands_waits_for_them() -> None:
    """It follows from what is not stored yet, so it is not told before."""
    faults = ScriptedFaults([AppendFault(delay=SECOND)])
    async with running(faults=faults) as rig, asyncio.TaskGroup() as tasks:
        refused_first = tasks.create_task(outcome(rig, end_call(9)))
        stored = tasks.create_task(outcome(rig, start_call(1)))
        refused_behind = tasks.create_task(outcome(rig, end_call(8)))
        await rig.settle()
        assert isinstance(refused_first.result(), UnknownItem)
        assert not stored.done()
        assert not refused_behind.done()
        await rig.clock.advance_to(START + SECOND)
        assert isinstance(refused_behind.result(), UnknownItem)


async def test_a_failing_reply_is_the_senders_own_error() -> None:
    async with running() as rig:
        with pytest.raises(KeyError):
            await rig.sequencer.submit(start_call(1), lambda state: state.items[ItemId("other")])
        assert len(rig.stored()) == 2
        assert await equals_its_journal(rig)


async def test_a_view_never_sees_what_is_not_stored() -> None:
    refused = AppendFault(delay=SECOND, ending=Ending.REFUSED)
    faults = ScriptedFaults([AppendFault(delay=SECOND), refused])
    async with running(faults=faults) as rig, asyncio.TaskGroup() as tasks:
        assert await rig.sequencer.read(version) == 0
        tasks.create_task(outcome(rig, start_call(1)))
        await decided(rig, 2)
        view = tasks.create_task(rig.sequencer.read(version))
        await rig.settle()
        assert not view.done()
        await rig.clock.advance_to(START + SECOND)
        assert view.result() == 2
        tasks.create_task(outcome(rig, start_call(2)))
        await decided(rig, 4)
        view = tasks.create_task(rig.sequencer.read(version))
        await rig.clock.advance_to(START + 2 * SECOND)
        assert view.result() == 2


async def test_followers_hear_of_stored_events_in_order_and_one_bad_one_harms_nobody() -> None:
    def bad(events: Sequence[e.AnyEvent], state: State) -> None:
        raise ZeroDivisionError

    async with running() as rig:
        rig.publisher.subscribe(bad)
        later: list[int] = []
        unsubscribe = rig.publisher.subscribe(lambda events, state: later.append(state.version))
        await rig.sequencer.submit(start_call(1), version)
        unsubscribe()
        await rig.sequencer.submit(start_call(2), version)
        assert rig.published == rig.stored()
        assert later == [2]


async def test_one_beyond_the_limit_is_told_to_come_back() -> None:
    faults = ScriptedFaults([AppendFault(delay=SECOND)])
    async with running(faults=faults, waiting_max=3) as rig, asyncio.TaskGroup() as tasks:
        tasks.create_task(outcome(rig, start_call(0)))
        await rig.settle()
        waiting = [tasks.create_task(outcome(rig, start_call(n))) for n in range(1, 4)]
        await rig.settle()
        with pytest.raises(Overloaded):
            await rig.sequencer.submit(start_call(4), version)
        await rig.clock.advance_to(START + SECOND)
        assert [task.result() for task in waiting] == [4, 6, 8]
        assert "item-4" not in rig.state.items


async def test_a_sender_who_hung_up_before_is_not_decided() -> None:
    async with running() as rig:
        gone = asyncio.ensure_future(rig.sequencer.submit(start_call(1), version))
        await asyncio.sleep(0)
        gone.cancel()
        await rig.sequencer.submit(start_call(2), version)
        assert list(rig.state.items) == ["item-2"]


async def test_what_waits_at_the_stop_is_still_answered_and_nothing_after_it() -> None:
    async with running() as rig:
        waiting = asyncio.ensure_future(rig.sequencer.submit(start_call(1), version))
        await asyncio.sleep(0)
        rig.sequencer.stop()
        assert await waiting == 2
        with pytest.raises(StorageUnavailable):
            await rig.sequencer.submit(start_call(2), version)


# --- our own mistakes ----------------------------------------------------------------------------


async def test_a_call_that_cannot_be_decided_is_kept_for_a_person_with_its_words() -> None:
    async with running() as rig:
        words = (Words("w1", "contact", b"{}"),)
        state = await rig.sequencer.submit(
            start_call(1, "crash"), lambda s: s.items[s.keys["call-1"].item].state, words=words
        )
        assert state is ItemState.SHUNTED
        assert list(rig.store.words) == ["w1"]
        assert await equals_its_journal(rig)


async def test_another_command_that_cannot_be_decided_is_shunted_and_the_queue_goes_on() -> None:
    async with running() as rig:
        results = await asyncio.gather(
            outcome(rig, start_call(1)),
            outcome(rig, c.RenewLeases(())),  # the small engine does not know it
            outcome(rig, start_call(2)),
        )
        assert results[0] == 2
        assert isinstance(results[1], ShuntedCommand)
        assert results[2] == 4
        assert await equals_its_journal(rig)
