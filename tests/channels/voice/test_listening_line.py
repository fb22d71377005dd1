"""A supervisor in a talk, on the practice line: who hears whom, and who is left when one leaves."""

from __future__ import annotations

from typing import Final

import pytest

from channels.voice.practice.call import Call
from channels.voice.practice.conferences import Conference
from channels.voice.practice.handset import Handset, presses
from router.core import commands as c
from router.core import commands_calls as k
from router.core.commands_listening import ListenTo, StopListening
from router.core.model import AgentId, ItemState, ListenMode, QueueId
from tests.channels.voice.test_on_the_line import (
    AMINA,
    DEPARTMENT,
    Telephony,
    _asked,
    _connected,
    telephony,
)

CHLOE = AgentId("chloe")
LISTEN, WHISPER, BARGE = ListenMode
TALK: Final = {("agent", "resident"), ("resident", "agent")}
HEARS: Final = {("agent", "listener"), ("resident", "listener")}
HEARD: Final = {
    LISTEN: TALK | HEARS,
    WHISPER: TALK | HEARS | {("listener", "agent")},
    BARGE: TALK | HEARS | {("listener", "agent"), ("listener", "resident")},
}
"""Who says something that whom hears."""


def _room(line: Telephony) -> Conference:
    (room,) = [x for x in line.carrier.exchange.conferences.values() if x.status != "completed"]
    return room


def _heard(line: Telephony) -> set[tuple[str, str]]:
    room = _room(line)
    return {(seat.label, other.label) for seat in room.seats for other in room.hearers(seat)}


async def _wish(line: Telephony, mode: ListenMode) -> None:
    line.inbox.desk.do(ListenTo(line.item(), CHLOE, mode, "chloe.s"))
    await line.perform()


async def _listening(line: Telephony, mode: ListenMode) -> tuple[Call, Call]:
    """Return the caller, who talks with Amina, and the leg of Chloe, who is in it."""
    call = await _connected(line)
    line.carrier.register("client:chloe", Handset(script=presses("1")))
    await _wish(line, mode)
    (leg,) = [x for x in line.carrier.exchange.calls.values() if x.to == "client:chloe"]
    await line.clock.run_until(lambda: leg.place == "conference")
    return call, leg


@pytest.mark.parametrize("mode", ListenMode)
async def test_who_comes_in_is_heard_by_those_who_shall_hear_them_from_the_first_word(
    mode: ListenMode,
) -> None:
    async with telephony() as line:
        _, leg = await _listening(line, mode)
        assert _heard(line) == HEARD[mode]
        assert "agent_whisper" in line.carrier.ledger.heard(leg.sid)


@pytest.mark.parametrize("first", ListenMode)
async def test_a_change_is_a_change_of_who_hears_whom(first: ListenMode) -> None:
    async with telephony() as line:
        await _listening(line, first)
        for mode in (BARGE, WHISPER, LISTEN, WHISPER, BARGE, LISTEN):
            await _wish(line, mode)
            assert _heard(line) == HEARD[mode]


async def test_a_change_that_is_done_late_or_twice_does_what_holds_by_then() -> None:
    async with telephony() as line:
        await _listening(line, LISTEN)
        line.inbox.desk.do(ListenTo(line.item(), CHLOE, BARGE, "chloe.s"))
        (stale,) = line.inbox.state.pending.values()
        await _wish(line, LISTEN)
        with line.clock.busy():
            await line.channel.outlet.perform(stale)
        assert _heard(line) == HEARD[LISTEN]


async def test_the_talk_goes_on_when_the_supervisor_hangs_up_or_stops() -> None:
    async with telephony() as line:
        call, leg = await _listening(line, BARGE)
        leg.hang_up()
        await line.clock.settle()
        await line.perform()
        assert line.inbox.state.listeners == {}
        assert _heard(line) == TALK
        await _wish(line, WHISPER)
        await line.clock.run_until(lambda: len(_room(line).seats) == 3)
        line.inbox.desk.do(StopListening(line.item(), "chloe.s"))
        await line.perform()
        assert _heard(line) == TALK
        assert call.place == "conference"


@pytest.mark.parametrize("mode", ListenMode)
async def test_a_resident_who_hangs_up_leaves_nobody_in_the_room(mode: ListenMode) -> None:
    async with telephony() as line:
        call, _ = await _listening(line, mode)
        call.hang_up()
        await line.clock.settle()
        await line.perform()
        assert all(each.over for each in line.carrier.exchange.calls.values())
        assert all(x.status == "completed" for x in line.carrier.exchange.conferences.values())
        assert line.inbox.state.items[line.item()].state is ItemState.WRAP_UP


async def test_a_transfer_takes_the_supervisor_out_and_the_resident_along() -> None:
    async with telephony() as line:
        call, leg = await _listening(line, BARGE)
        wish = c.TransferItem(item_id=line.item(), agent_id=AMINA, to_queue=QueueId("roads"))
        line.inbox.desk.do(wish)
        await line.perform()
        await line.clock.run_until(lambda: call.place == "queue")
        assert leg.over


async def test_whom_the_agent_asks_is_heard_as_before_and_has_the_resident_alone() -> None:
    async with telephony() as line:
        call, leg = await _listening(line, WHISPER)
        line.carrier.register(DEPARTMENT, Handset(script=presses("1")))
        third = await _asked(line)
        await line.clock.run_until(lambda: third.place == "conference")
        assert ("listener", "third") not in _heard(line)
        assert ("third", "listener") in _heard(line)
        line.inbox.desk.do(k.CompleteTransfer(item_id=line.item(), agent_id=AMINA))
        await line.perform()
        assert leg.over
        assert {call.place, third.place} == {"conference"}


async def test_a_voice_mailbox_hears_nothing() -> None:
    async with telephony() as line:
        call = await _connected(line)
        line.carrier.register("client:chloe", Handset())  # picked up, and no key is pressed
        await _wish(line, BARGE)
        (leg,) = [x for x in line.carrier.exchange.calls.values() if x.to == "client:chloe"]
        await line.clock.run_until(lambda: leg.over, limit_s=120)
        assert line.inbox.state.listeners == {}
        assert call.place == "conference"
