"""Several daemons of one town: who decides, what is forwarded, what happens when one is silent."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.core import commands as c
from router.core import events as e
from router.core.commands import Command
from router.core.model import SECOND, ItemId, PolicyHash
from router.core.policy import decode, encode
from router.core.state import State
from router.errors import StorageUnavailable, UnknownItem
from router.ports import Words
from router.runtime.journal_faults import AppendFault, Ending, ScriptedFaults
from router.runtime.shunting import ShuntedCommand
from tests.fakes.engine_clock import LeapableClock
from tests.fakes.engine_counter import KEY_LIFE, empty_policy, end_call, start_call
from tests.fakes.engine_rig import (
    START,
    equals_its_journal,
    outcome,
    version,
)
from tests.fakes.town_rig import Daemon, Several, joined, several


async def submit(town: Several, number: int, command: Command, within: int = SECOND) -> object:
    return await town.told(outcome(town.daemons[number].rig, command), within)


def received(town: Several) -> list[str]:
    """Return the items in the order of their arrival."""
    return [x.item for x in town.daemons[0].rig.stored() if type(x) is e.ItemReceived]


def adoption(daemon: Daemon, name: str) -> c.AdoptPolicy:
    """Return a command that has no dedupe key: deciding it twice shows."""
    return c.AdoptPolicy(daemon.rig.sequencer.know_policy(encode(empty_policy(name))))


def adopted(town: Several) -> list[str]:
    """Return the policies in the order of their adoptions."""
    rig = town.daemons[0].rig
    events = [x for x in rig.stored() if type(x) is e.PolicyAdopted]
    return [decode(rig.store.policies[x.policy]).town for x in events]


# --- the claim -----------------------------------------------------------------------------------


async def test_one_decides_and_all_know_what_it_stored() -> None:
    async with several(3) as town:
        assert town.deciders() == [0]
        await submit(town, 0, start_call(1))
        await town.pass_time()
        for daemon in town.daemons:
            assert daemon.rig.state.version == 2
            assert [type(x) for x in daemon.rig.published] == [e.ItemReceived, e.KeyKept]
            assert await equals_its_journal(daemon.rig)


async def test_who_falls_silent_is_followed_by_another_within_four_seconds() -> None:
    async with several(3) as town:
        town.daemons[0].link.is_stopped = True
        await town.pass_time(4 * SECOND)
        assert len(set(town.deciders()) - {0}) == 1
        town.daemons[0].link.is_stopped = False
        await town.pass_time(2 * SECOND)
        assert len(town.deciders()) == 1
        assert town.deciders() != [0]


async def test_who_leaves_is_followed_within_a_second() -> None:
    async with several(2) as town:
        await town.daemons[0].sharing.leave()
        await town.pass_time(SECOND)
        assert town.deciders() == [1]
        assert await submit(town, 0, start_call(1)) == 2  # what comes late is decided all the same


async def test_time_passes_once() -> None:
    async with several(3) as town:
        await submit(town, 2, start_call(1))
        await town.pass_time(KEY_LIFE + SECOND)
        dropped = [x for x in town.daemons[0].rig.stored() if type(x) is e.KeyDropped]
        assert len(dropped) == 1
        assert not town.daemons[1].rig.metrics.commands  # it decided nothing


# --- forwarding ----------------------------------------------------------------------------------


async def test_a_forwarded_command_is_answered_where_it_came_in() -> None:
    async with several(2) as town:
        assert await submit(town, 1, start_call(1)) == 2
        assert town.daemons[1].rig.state.version == 2
        assert not town.daemons[1].rig.metrics.commands
        assert received(town) == ["item-1"]


async def test_many_travel_together_and_each_reply_sees_its_own_moment() -> None:
    async with several(2) as town:
        rig = town.daemons[1].rig
        both = asyncio.gather(*(rig.sequencer.submit(start_call(n), version) for n in range(50)))
        assert await town.told(both) == [2 * n + 2 for n in range(50)]
        assert len(town.store.batches) == 1


async def test_words_travel_along() -> None:
    async with several(2) as town:
        words = (Words("w1", "contact", b"{}"),)
        rig = town.daemons[1].rig
        await town.told(rig.sequencer.submit(start_call(1), version, words=words))
        assert list(town.store.words) == ["w1"]


async def test_a_refusal_arrives_as_what_it_was() -> None:
    async with several(2) as town:
        refused = await submit(town, 1, end_call(9))
        assert isinstance(refused, UnknownItem)
        assert refused.item_id == "item-9"


async def test_a_refusal_behind_unstored_commands_waits_for_them() -> None:
    async with several(2, {0: ScriptedFaults([AppendFault(delay=SECOND)])}) as town:
        rig = town.daemons[1].rig
        stored = asyncio.ensure_future(outcome(rig, start_call(1)))
        refused = asyncio.ensure_future(outcome(rig, end_call(9)))
        await town.pass_time(SECOND // 2)
        assert not stored.done()
        assert not refused.done()
        assert isinstance(await town.told(refused), UnknownItem)
        assert stored.result() == 2


async def test_a_repeat_is_answered_by_the_present_state() -> None:
    def item(state: State) -> ItemId | None:
        return state.keys["call-1"].item

    async with several(2) as town:
        await submit(town, 0, start_call(1))
        rig = town.daemons[1].rig
        found = await town.told(rig.sequencer.submit(start_call(2, key="call-1"), item))
        assert found == "item-1"
        assert len(town.store.batches) == 1


async def test_what_fits_no_message_is_decided_where_it_came_in() -> None:
    async with several(2) as town:
        rig = town.daemons[1].rig
        adopting = c.AdoptPolicy(PolicyHash("never read here"))
        told_here = asyncio.ensure_future(outcome(rig, adopting))
        await town.pass_time()
        assert isinstance(told_here.result(), ShuntedCommand)
        assert rig.metrics.commands == {c.AdoptPolicy: 1}


# --- silence, and what comes late ----------------------------------------------------------------


async def test_who_hears_nothing_for_a_second_decides() -> None:
    async with several(3) as town:
        town.daemons[0].link.is_stopped = True
        assert await submit(town, 1, start_call(1), 3 * SECOND) == 2
        assert await submit(town, 1, start_call(2), SECOND // 10) == 4  # at once from now on


async def test_what_was_decided_elsewhere_is_not_decided_again() -> None:
    """The silent daemon wakes with the commands in its hands."""
    async with several(2) as town:
        silent, other = town.daemons
        silent.link.is_stopped = True
        names = ["one", "two", "three"]
        both = asyncio.gather(*(outcome(other.rig, adoption(other, name)) for name in names))
        assert await town.told(both, 3 * SECOND) == [1, 2, 3]
        silent.link.is_stopped = False
        await town.pass_time(4 * SECOND)
        assert adopted(town) == names
        for daemon in town.daemons:
            assert await equals_its_journal(daemon.rig)


async def test_an_answer_that_was_stored_meanwhile_goes_first() -> None:
    """The decider stores and falls silent; who forwarded finds the answer in the journal."""
    async with several(2, {0: ScriptedFaults([AppendFault(delay=3 * SECOND // 2)])}) as town:
        decider, other = town.daemons
        stored = asyncio.ensure_future(outcome(other.rig, adoption(other, "one")))
        await town.pass_time(SECOND // 10)
        decider.link.is_stopped = True
        assert await town.told(stored, 3 * SECOND) == 1
        decider.link.is_stopped = False
        await town.pass_time(3 * SECOND)
        assert adopted(town) == ["one"]


async def test_two_that_believe_to_decide_write_one_history() -> None:
    """The first has lost its claim and has not heard of it."""
    async with several(2) as town:
        first = town.daemons[0]
        first.link.is_stopped = True
        await town.pass_time(5 * SECOND)
        assert town.deciders() == [0, 1]
        both = (outcome(town.daemons[n % 2].rig, start_call(n)) for n in range(40))
        found = await town.told(asyncio.gather(*both))
        assert sorted(found) == [2 * n + 2 for n in range(40)]  # type: ignore[call-overload]
        assert sorted(received(town)) == sorted(f"item-{n}" for n in range(40))
        first.link.is_stopped = False
        await town.pass_time(2 * SECOND)
        assert town.deciders() == [1]
        for daemon in town.daemons:
            assert await equals_its_journal(daemon.rig)
            assert daemon.rig.published == daemon.rig.stored()


async def test_who_follows_too_late_is_not_ready() -> None:
    async with several(2) as town:
        late = town.daemons[1]
        late.link.hears_no_news = True
        await submit(town, 0, start_call(1))
        await town.pass_time(3 * SECOND)
        assert late.rig.sequencer.trouble == ""
        await town.pass_time(4 * SECOND)
        assert "followed too late" in late.rig.sequencer.trouble
        late.link.hears_no_news = False
        await town.pass_time(2 * SECOND)
        assert late.rig.sequencer.trouble == ""


async def test_who_could_not_store_is_well_again_once_another_one_could() -> None:
    """A balancer that asks for health gives it nothing to store by itself."""
    async with several(2, {1: ScriptedFaults([AppendFault(ending=Ending.REFUSED)])}) as town:
        decider, other = town.daemons
        decider.link.is_stopped = True
        assert isinstance(await submit(town, 1, start_call(1), 3 * SECOND), StorageUnavailable)
        assert other.rig.sequencer.trouble
        decider.link.is_stopped = False
        await submit(town, 0, start_call(2))
        await town.pass_time()
        assert other.rig.sequencer.trouble == ""


async def test_nobody_is_left_when_a_daemon_stops() -> None:
    async with several(2) as town:
        town.daemons[0].link.is_stopped = True
        rig = town.daemons[1].rig
        waits = asyncio.ensure_future(outcome(rig, start_call(1)))
        await town.pass_time(SECOND // 10)
        rig.sequencer.stop()
        assert await town.told(waits, 3 * SECOND) == 2


# --- policies and outages ------------------------------------------------------------------------


async def adopt(town: Several, number: int) -> None:
    """Have a policy adopted that only that daemon has read."""
    rig = town.daemons[number].rig
    name = rig.sequencer.know_policy(encode(empty_policy("one")))
    await town.told(rig.sequencer.submit(c.AdoptPolicy(name), version))


async def test_a_policy_that_one_has_read_is_in_force_everywhere() -> None:
    async with several(3) as town:
        await adopt(town, 2)
        await town.pass_time()
        assert {each.rig.state.policy.town for each in town.daemons} == {"one"}
        assert not town.daemons[2].rig.metrics.commands


async def test_a_town_that_was_cut_off_is_resumed_once() -> None:
    async with several(3) as town:
        await adopt(town, 0)
        town.town.is_cut = True
        await town.pass_time(30 * SECOND)
        town.town.is_cut = False
        await town.pass_time(3 * SECOND)
        resumed = [x for x in town.daemons[0].rig.stored() if type(x) is e.ServiceResumed]
        assert [round((x.at - x.since) / SECOND) for x in resumed] == [pytest.approx(30, abs=2)]


async def test_neither_a_daemon_that_joins_nor_one_that_takes_over_is_an_outage() -> None:
    async with several(3) as town:
        await adopt(town, 1)
        await town.pass_time(20 * SECOND)
        async with joined(town, 3) as fourth:
            await town.pass_time(20 * SECOND)
            await town.told(outcome(fourth.rig, start_call(1)))
        town.daemons[0].link.is_stopped = True
        await town.pass_time(6 * SECOND)
        await submit(town, 1, start_call(2), 3 * SECOND)
        assert not [x for x in town.daemons[0].rig.stored() if type(x) is e.ServiceResumed]


async def test_a_daemon_that_starts_where_nobody_was_resumes_the_service() -> None:
    async with several(1) as town:
        await adopt(town, 0)
    later = LeapableClock(START + 60 * SECOND)
    async with several(2, store=town.store, clock=later) as again:
        await submit(again, 0, start_call(1))
        resumed = [x for x in again.daemons[0].rig.stored() if type(x) is e.ServiceResumed]
        assert [round((x.at - x.since) / SECOND) for x in resumed] == [60]


# --- whatever happens ----------------------------------------------------------------------------

ORDERS = st.lists(
    st.tuples(
        st.integers(0, 2),  # which daemon
        st.sampled_from(["send", "send", "send", "stop", "go on", "wait"]),
    ),
    max_size=25,
)
FAULTS = st.lists(
    st.sampled_from(
        [AppendFault(), AppendFault(delay=SECOND // 2), AppendFault(ending=Ending.UNKNOWN_STORED),
         AppendFault(ending=Ending.UNKNOWN_LOST), AppendFault(ending=Ending.REFUSED)]
    ),
    max_size=8,
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(ORDERS, FAULTS)
async def test_each_command_is_done_once_and_its_sender_told_the_truth(
    orders: list[tuple[int, str]], faults: list[AppendFault]
) -> None:
    async with several(3, {0: ScriptedFaults(faults), 1: ScriptedFaults(faults)}) as town:
        waiting: list[asyncio.Future[int | Exception]] = []
        for number, order in orders:
            daemon = town.daemons[number]
            if order == "send":
                command = adoption(daemon, str(len(waiting)))
                waiting.append(asyncio.ensure_future(outcome(daemon.rig, command)))
            elif order == "wait":
                await town.pass_time(SECOND)
            else:
                daemon.link.is_stopped = order == "stop"
            await town.pass_time(SECOND // 20)
        for daemon in town.daemons:
            daemon.link.is_stopped = False
        await town.told(asyncio.gather(*waiting), 20 * SECOND)
        await town.pass_time(3 * SECOND)
        found = adopted(town)
        assert len(found) == len(set(found))
        for number, sent in enumerate(waiting):
            if not isinstance(sent.result(), Exception):
                assert str(number) in found
        for daemon in town.daemons:
            assert await equals_its_journal(daemon.rig)
            assert daemon.rig.published == daemon.rig.stored()
