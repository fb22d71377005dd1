"""The single writer and time, and the policies that it decides by."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from router.core import commands as c
from router.core import events as e
from router.core.model import SECOND, ItemId
from router.core.policy import encode
from router.core.upcast import encode_events
from router.errors import (
    InvariantBroken,
    StorageUnavailable,
)
from router.ports import Batch
from router.runtime.journal_faults import AppendFault, ScriptedFaults
from router.runtime.journal_memory import MemoryStore
from tests.fakes.engine_clock import LeapableClock
from tests.fakes.engine_counter import (
    FORGET_AFTER,
    KEY_LIFE,
    empty_policy,
    end_call,
    start_call,
)
from tests.fakes.engine_rig import (
    START,
    equals_its_journal,
    outcome,
    running,
    version,
)

# --- time ----------------------------------------------------------------------------------------


async def test_time_passes_exactly_when_something_is_due_and_not_otherwise() -> None:
    async with running() as rig:
        await rig.sequencer.submit(start_call(1), version)
        await rig.sequencer.submit(end_call(1), version)
        await rig.clock.advance_to(START + FORGET_AFTER - 1)
        assert rig.metrics.commands[c.PassTime] == 0
        await rig.clock.advance_to(START + FORGET_AFTER)
        assert rig.stored()[-1] == e.ItemForgotten(START + FORGET_AFTER, ItemId("item-1"))
        await rig.clock.advance_to(START + 3 * KEY_LIFE)
        assert rig.stored()[-1] == e.KeyDropped(START + KEY_LIFE, "call-1")
        assert rig.metrics.commands[c.PassTime] == 2
        assert await equals_its_journal(rig)


async def test_what_is_due_happens_before_a_command_of_the_same_instant() -> None:
    faults = ScriptedFaults([AppendFault(), AppendFault(delay=SECOND)])
    async with running(faults=faults) as rig, asyncio.TaskGroup() as tasks:
        await rig.sequencer.submit(start_call(1), version)
        await rig.clock.advance_to(START + KEY_LIFE - SECOND)
        tasks.create_task(outcome(rig, start_call(2)))
        await rig.settle()
        again = tasks.create_task(outcome(rig, start_call(3, key="call-1")))
        await rig.clock.advance_to(START + KEY_LIFE)
        assert again.result() == 7  # the old key was dropped first, so it counts as new


async def test_time_that_changes_nothing_is_not_tried_in_a_spin() -> None:
    async with running() as rig:
        await rig.sequencer.submit(start_call(1), version)
        rig.engine.lazy_about_time = True
        await rig.clock.advance_to(START + KEY_LIFE + 3 * SECOND)
        assert 2 <= rig.metrics.commands[c.PassTime] <= 5
        assert await rig.sequencer.submit(start_call(2), version) == 4
        rig.engine.lazy_about_time = False
        await rig.clock.advance_to(START + KEY_LIFE + 5 * SECOND)
        assert e.KeyDropped in {type(event) for event in rig.stored()}


async def test_after_an_outage_the_service_is_resumed_before_time_passes() -> None:
    store = MemoryStore()
    async with running(store) as rig:
        name = rig.sequencer.know_policy(encode(empty_policy("one")))
        await rig.sequencer.submit(c.AdoptPolicy(name), version)
        await rig.sequencer.submit(start_call(1), version)
    later = LeapableClock(START + 2 * KEY_LIFE)
    async with running(store, clock=later) as rig:
        await rig.settle()
        resumed, dropped = rig.stored()[-2:]
        assert isinstance(resumed, e.ServiceResumed)
        assert resumed.since == START
        assert isinstance(dropped, e.KeyDropped)
        await rig.clock.advance_to(START + 3 * KEY_LIFE)
        assert [type(each) for each in rig.stored()].count(e.ServiceResumed) == 1


async def test_now_never_precedes_the_last_stored_instant() -> None:
    store = MemoryStore()
    async with running(store) as rig:
        await rig.sequencer.submit(start_call(1), version)
    async with running(store, clock=LeapableClock(START - 3 * SECOND)) as rig:
        await rig.sequencer.submit(start_call(2), version)
        assert [event.at for event in rig.stored()] == 4 * [START]


# --- policies ------------------------------------------------------------------------------------


async def test_a_policy_is_stored_with_its_adoption() -> None:
    body = encode(empty_policy("one"))
    async with running() as rig:
        name = rig.sequencer.know_policy(body)
        await rig.sequencer.submit(c.AdoptPolicy(name), version)
        assert rig.store.policies == {name: body}
        assert (await rig.replayed()).policy == msgspec.structs.replace(empty_policy("one"))


async def test_a_policy_that_another_daemon_adopted_is_loaded_from_the_journal() -> None:
    store = MemoryStore()
    async with running(store) as other:
        name = other.sequencer.know_policy(encode(empty_policy("two")))
        adoption = encode_events([e.PolicyAdopted(START, name)])
        store.policies[name] = encode(empty_policy("two"))
    faults = ScriptedFaults([AppendFault(foreign=(Batch("other", START, 1, adoption),))])
    async with running(store, faults) as rig:
        assert await rig.sequencer.submit(start_call(1), version) == 3
        assert rig.state.policy.town == "two"


async def test_an_event_that_cannot_be_applied_stops_the_daemon() -> None:
    strange = encode_events([e.ItemForgotten(START, ItemId("nobody"))])
    faults = ScriptedFaults([AppendFault(foreign=(Batch("strange", START, 1, strange),))])
    store = MemoryStore()
    with pytest.raises(ExceptionGroup) as caught:
        async with running(store, faults) as rig:
            assert isinstance(await outcome(rig, start_call(1)), StorageUnavailable)
    assert caught.group_contains(InvariantBroken)
